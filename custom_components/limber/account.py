"""What the bridge knows of a night, put together for whoever asks: actions, voice, language models, the calendar."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import LimberCoordinator
from .wire import CrampEvent, FactorEvent, GapEvent, Night
from .words import Account, Texts, only, told

WORDS: Final = f"component.{DOMAIN}.selector.words.options."
MONTH: Final = 30
"""Days over which is seen what is usual."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A night, for programs and for people."""

    night: Night | None
    account: Account | None
    text: str
    """In words; if there is no night, why not."""

    def record(self) -> dict[str, Any]:
        """Return it as JSON."""
        if self.night is None or self.account is None:
            return {"night": None, "summary": self.text}
        return record(self.night) | {
            "summary": self.text,
            "cramp_events": [
                {
                    "event": cramp.id, "start": iso(cramp.start), "end": iso(cramp.end), "certainty": cramp.certainty,
                    "label": cramp.label,
                }
                for cramp in self.account.cramps
            ],
            "factors": [
                {"factor": factor.factor, "time": iso(factor.start), "note": factor.note}
                for factor in self.account.factors
            ],
        }  # fmt: skip


def record(night: Night) -> dict[str, Any]:
    """Return a night as JSON: its date, times, and every measure."""
    return {
        "night": night.night.isoformat(), "revision": night.revision, "start": iso(night.start), "end": iso(night.end),
        "rules": night.rules, "in_bed_method": night.methods.in_bed, "asleep_method": night.methods.asleep,
    } | asdict(night.measures)  # fmt: skip


def iso(moment: Any) -> str | None:  # noqa: ANN401 - a datetime or None
    """Return a moment as text."""
    return None if moment is None else str(moment.isoformat())


async def async_words(hass: HomeAssistant, language: str | None = None) -> Texts:
    """Return the texts that nights are told with."""
    texts = await async_get_translations(hass, language or hass.config.language, "selector", {DOMAIN})
    return {key.removeprefix(WORDS): text for key, text in texts.items() if key.startswith(WORDS)}


async def async_tell(
    hass: HomeAssistant,
    coordinator: LimberCoordinator,
    sleeper: str,
    day: date | None = None,
    language: str | None = None,
) -> Telling:
    """Return what there is to say of a night, by default of the last one; HomeAssistantError from a silent bridge."""
    texts = await async_words(hass, language)
    night = await async_night(coordinator, sleeper, day)
    today = dt_util.now(zone_of(coordinator)).date()
    if night is None and day == today:
        return Telling(None, None, missing(texts, coordinator, sleeper))
    if night is None:
        return Telling(None, None, texts["no_night" if day is None else "no_such_night"])
    events = await async_events(coordinator, sleeper, night.night)
    state = coordinator.data.states.get(sleeper)
    account = Account(
        night=night,
        recent=coordinator.data.recent.get(sleeper, (night,)),
        usual=None if state is None else state.means.get(MONTH),
        limit=coordinator.restless_above,
        zone=zone_of(coordinator),
        cramps=only(CrampEvent, events),
        factors=only(FactorEvent, events),
        gaps=only(GapEvent, events),
    )
    lead = f"{missing(texts, coordinator, sleeper)} " if day is None and night.night < today else ""
    return Telling(night, account, lead + told(texts, account, today))


async def async_night(coordinator: LimberCoordinator, sleeper: str, day: date | None) -> Night | None:
    """Return a finished night, by default the last one; None where there is none."""
    state = coordinator.data.states.get(sleeper)
    if day is None:
        return None if state is None else state.last_night
    recent = coordinator.data.recent.get(sleeper, ())
    found = next((night for night in recent if night.night == day), None)
    if found is not None:
        return found
    nights = await coordinator.nights(sleeper, date.fromordinal(day.toordinal() - 1))
    return next((night for night in nights if night.night == day), None)


async def async_events(coordinator: LimberCoordinator, sleeper: str, night: date) -> list[object]:
    """Return what happened in a night; nothing where the bridge has dropped it to make room."""
    try:
        return list(await coordinator.events(sleeper, night))
    except HomeAssistantError:
        return []


def missing(texts: Mapping[str, str], coordinator: LimberCoordinator, sleeper: str) -> str:
    """Return why there is no newer night than the last one that is known."""
    state = coordinator.data.states.get(sleeper)
    if state is not None and state.tonight.start is not None:
        return texts["not_over"]
    return texts["not_last_night"]


def zone_of(coordinator: LimberCoordinator) -> ZoneInfo:
    """Return the bridge's time zone."""
    info = coordinator.data.info
    return ZoneInfo("UTC") if info is None else ZoneInfo(info.time_zone)
