"""Measure what the cards ask of Home Assistant: the size of a night and of a year, and the wait."""

import json
import time
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from devtools.home_assistant import HomeAssistant
from devtools.processes import DevtoolError
from limber_bridge.detection.events import Event, Grade, Movement, UnilateralMovement
from limber_bridge.detection.signal import SECOND, Side
from limber_bridge.domain.nights import Night

MOVEMENTS: Final = 2000
"""Of the night that is fetched. Chosen: more than almost any night has."""
YEAR: Final = 365
WAIT_S: Final = 60.0
"""Patience for the integration to know the night."""


def busy_night(night: Night) -> list[tuple[date, Event]]:
    """Return the movements of a night, evenly spread and of changing length, side and strength."""
    if night.start is None or night.end is None:
        raise DevtoolError(f"the night of {night.date} has no start or no end")
    spacing = (night.end - night.start) // MOVEMENTS
    sides = (Side.LEFT, Side.RIGHT)
    grades = tuple(Grade)
    events: list[tuple[date, Event]] = []
    for number in range(MOVEMENTS):
        onset = night.start + number * spacing
        end = onset + SECOND + (number % 7) * SECOND // 10
        part = UnilateralMovement(sides[number % 2], onset, end, 0.1, grades[number % 3])
        events.append((night.date, Movement(onset, end, (part,), candidate=True)))
    return events


async def payloads(home: HomeAssistant, night: date) -> dict[str, float]:
    """Return the size (kB) of a night and of a year of nights, and how long the year took (s).

    Nothing of the year is in the memory of Home Assistant or of the bridge when it is asked for.
    """
    device = await sleeper_device(home)
    began = time.monotonic()
    year = await answered(home, type="limber/nights", device_id=device, last=YEAR)
    waited = time.monotonic() - began
    if len(year["nights"]) < YEAR - 1:
        raise DevtoolError(f"the cards got {len(year['nights'])} nights instead of {YEAR}")
    one = await answered(home, type="limber/night", device_id=device, night=night.isoformat())
    if len(one["movements"]) != MOVEMENTS:
        raise DevtoolError(f"the card got {len(one['movements'])} movements, not {MOVEMENTS}")
    return {
        "card_night_kb": kilobytes(one),
        "card_year_kb": kilobytes(year),
        "card_year_load_s": waited,
    }


async def answered(home: HomeAssistant, **message: object) -> dict[str, Any]:
    """Return the answer to a request of a card; DevtoolError if it fails for too long."""

    async def answer(home: HomeAssistant) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = await home.command(**message)
        except DevtoolError:
            # The bridge may not be online yet.
            return None
        return found

    found = await home.until(answer, WAIT_S)
    if found is None:
        raise DevtoolError(f"Home Assistant does not answer {message['type']}")
    return found


async def sleeper_device(home: HomeAssistant) -> str:
    """Return the id of the device of the first sleeper."""
    devices: Iterable[dict[str, Any]] = await home.command(type="config/device_registry/list")
    found = [one["id"] for one in devices if one["model"] == "Sleeper"]
    if not found:
        raise DevtoolError("Home Assistant has no device of a sleeper")
    return str(found[0])


def kilobytes(answer: dict[str, Any]) -> float:
    """Return the size of a message, as Home Assistant sends it."""
    return len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()) / 1000
