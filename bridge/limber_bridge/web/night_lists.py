"""The lists of a night beside its timeline: movements by hour, cramps, gaps, what was logged."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from limber_bridge.detection.events import Cramp, Factor, Movement, PlacementCheck, event_id
from limber_bridge.detection.signal import HOUR, SECOND
from limber_bridge.domain.nights import to_local, to_us
from limber_bridge.offline.stored_night import StoredNight
from limber_bridge.web.timeline import shown_span


@dataclass(frozen=True, slots=True)
class HourCounts:
    """The movements of an hour, for readers who do not see the drawing."""

    begin: str
    movements: int
    periodic: int


def hourly_counts(stored: StoredNight, zone: ZoneInfo) -> list[HourCounts]:
    """Return the movements of each hour of the night that is drawn."""
    begin, end = shown_span(stored)
    first = to_local(begin, zone).replace(minute=0, second=0, microsecond=0)
    start = to_us(first)
    scoring = stored.score.scoring
    periodic = {
        event_id(one)
        for one, number in zip(scoring.movements, scoring.membership, strict=True)
        if number is not None
    }
    movements = [event for event in stored.events if isinstance(event, Movement)]
    rows = []
    while start < end:
        found = [one for one in movements if start <= one.onset < start + HOUR]
        rows.append(
            HourCounts(
                f"{to_local(start, zone):%H:%M}",
                len(found),
                sum(event_id(one) in periodic for one in found),
            )
        )
        start += HOUR
    return rows


@dataclass(frozen=True, slots=True)
class ShownCramp:
    """A cramp in the list of a night."""

    event: str
    """Its id, or that of the label if only the sleeper reported it."""
    time: int
    seconds: float | None
    certainty: str
    reason: str | None
    label: bool | None
    """What the sleeper said of it."""


def shown_cramps(stored: StoredNight) -> list[ShownCramp]:
    """Return the cramps of a night in order of time."""
    found = [shown_cramp(event, stored) for event in stored.events if isinstance(event, Cramp)]
    found += [
        ShownCramp(label.id, label.time, None, "reported", None, label=True)
        for label in stored.reported
    ]
    return sorted(found, key=lambda one: one.time)


def shown_cramp(event: Cramp, stored: StoredNight) -> ShownCramp:
    """Return a cramp that a sensor showed."""
    seconds = None if event.end is None else (event.end - event.onset) / SECOND
    label = stored.confirmed.get(event_id(event))
    return ShownCramp(event_id(event), event.onset, seconds, event.certainty, event.reason, label)


def placement_checks(stored: StoredNight) -> list[PlacementCheck]:
    """Return the guided checks of sensors that were kept with a night."""
    return [event for event in stored.events if isinstance(event, PlacementCheck)]


def logged_factors(stored: StoredNight) -> list[Factor]:
    """Return what a person logged about a night."""
    return [event for event in stored.events if isinstance(event, Factor)]
