"""Which night a moment belongs to, and when a night is over.

A night has the date on which it ends, in the bridge's time zone. Durations come from UTC, so a
night with a change of daylight-saving time lasts 23 or 25 hours. Moments are us since 1970, UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from limber_bridge.detection.events import BedTransition, Event, Method
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import HOUR, SECOND
from limber_bridge.domain.settings import DEFAULT_SENSITIVITY

EARLIEST_END: Final = timedelta(hours=-7)
"""Earliest end of a night, relative to its latest end: 05:00 where nights end at noon."""
OUT_OF_BED_US: Final = HOUR
"""us out of bed that finish a night."""
EARLIEST_NIGHT: Final = date(2020, 1, 1)
"""First night that the sensors of a bridge can have measured. chosen: before the first version; a
machine without a battery for its clock starts at 1970 or at the date of its system image."""
LAST_NIGHT_US: Final = 12 * HOUR
"""us from the begin of a night until it is called the last one. chosen: where nights end at noon,
from midnight on, as who is awake then may speak of the hours before."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Where an imported night comes from."""

    recording: str
    """Name of the file."""
    batch: str
    """Id of the import, by which it can be undone."""
    time: int
    """us; when it was imported."""


@dataclass(frozen=True, slots=True)
class ImportHistory:
    """How past nights of a sleeper have changed."""

    imports: int = 0
    """How often a night was imported, or an import undone."""
    removed: tuple[date, ...] = ()
    """Imported nights whose import was undone and that had replaced no other night."""


NO_IMPORTS: Final = ImportHistory()


@dataclass(frozen=True, slots=True)
class MovementHours:
    """The movements in bed of a night in each hour of the clock."""

    start: int | None = None
    """us; when the first hour begins. None: nothing is known."""
    counts: tuple[int | None, ...] = ()
    """None: nothing was measured in bed in that hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A finished night."""

    sleeper: str
    date: date
    revision: int
    """0: never finished; 1: finished; one more each time something was added later."""
    start: int | None
    """us; when the sleeper went to bed. None: unknown."""
    end: int | None
    """us; when the sleeper left the bed for the last time. None: unknown."""
    rules: str
    in_bed_method: Method | None
    measures: Measures
    sensitivity: float = DEFAULT_SENSITIVITY
    """The sensitivity that was set when the night ended."""
    imported: Import | None = None
    """None: it was measured by the sensors of the bridge."""
    hours: MovementHours | None = None
    """None: it was stored by a version that did not store them."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where nights begin and end."""

    zone: ZoneInfo
    turn: int = 12
    """Local hour at which one night ends and the next one begins, 1 to 23."""

    def night_of(self, moment: int) -> date:
        """Return the date of the night to which a moment belongs."""
        local = to_local(moment, self.zone)
        return local.date() + timedelta(days=int(local.hour >= self.turn))

    def night_that_ended_last(self, moment: int) -> date:
        """Return the date of the night that a person calls the last one at a moment.

        From the middle of a night on it is this night, until the middle of the next one.
        """
        return self.night_of(moment - LAST_NIGHT_US)

    def begin(self, night: date) -> int:
        """Return when a night begins."""
        return self.end(night - timedelta(days=1))

    def end(self, night: date) -> int:
        """Return when a night ends at the latest."""
        return latest_end(night, self.turn, self.zone)

    def latest_night(self, now: int) -> date:
        """Return the last night that sensors can have measured by `now` (us): tomorrow's.

        While the clock is not set, any date is possible.
        """
        tonight = self.night_of(now)
        return date.max if tonight < EARLIEST_NIGHT else tonight + timedelta(days=1)

    def is_possible(self, night: date, now: int) -> bool:
        """Return whether sensors can have measured a night by `now` (us).

        Other dates come from a clock that was wrong.
        """
        return EARLIEST_NIGHT <= night <= self.latest_night(now)

    def may_be_over(self, night: date, now: int) -> bool:
        """Return whether a night with some events could be finished at a moment."""
        return now >= self._earliest_end(night) + OUT_OF_BED_US

    def _earliest_end(self, night: date) -> int:
        return self.end(night) + round(EARLIEST_END.total_seconds()) * SECOND

    def is_over(self, night: date, events: Sequence[Event], now: int) -> bool:
        """Return whether a night with these events is finished at a moment.

        A night is finished when the sleeper has been out of bed for 60 minutes after 05:00, or at
        its latest end.
        """
        if now >= self.end(night):
            return True
        left = left_bed_at(events)
        return left is not None and now >= max(left, self._earliest_end(night)) + OUT_OF_BED_US


@lru_cache(maxsize=64)
def latest_end(night: date, turn: int, zone: ZoneInfo) -> int:
    """Return the latest end of a night; cached, as the daemon needs the same few often."""
    return to_us(datetime.combine(night, time(turn), zone))


def left_bed_at(events: Sequence[Event]) -> int | None:
    """Return when the sleeper left the bed for the last time.

    None where they are in bed, or have not been in bed.
    """
    transitions = sorted(
        (event for event in events if isinstance(event, BedTransition)),
        key=lambda transition: transition.onset,
    )
    if not any(transition.in_bed for transition in transitions) or transitions[-1].in_bed:
        return None
    return transitions[-1].onset


def to_local(moment: int, zone: ZoneInfo) -> datetime:
    """Return a moment as local time."""
    return to_utc(moment).astimezone(zone)


def to_utc(moment: int) -> datetime:
    """Return a moment as a datetime in UTC, exact to the microsecond."""
    return EPOCH + timedelta(microseconds=moment)


def to_us(moment: datetime) -> int:
    """Return an aware datetime as us since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)
