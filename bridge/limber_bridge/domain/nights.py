"""Which night a moment belongs to, and when a night is over (contracts, section 4).

Law: a night has the date on which it ends, in the bridge's time zone; every duration comes from
UTC, so nights with a change of clocks last 23 or 25 hours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import fmean, stdev
from typing import Final
from zoneinfo import ZoneInfo

from limber_bridge.detection.events import BedTransition, Event, Method
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import HOUR, SECOND
from limber_bridge.domain.settings import RULE

EARLIEST_END = timedelta(hours=-7)
"""From the end of the night: 05:00 where nights end at noon."""
AVERAGING_PERIODS_DAYS: Final = (7, 30)
"""Days over which nights are seen together."""
OUT_OF_BED = HOUR
"""us out of bed that finish a night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A night as it is told to others."""

    sleeper: str
    date: date
    revision: int
    """0 while it has never been finished; 1 when it was, and one more each time something came
    later."""
    start: int | None
    """us; went to bed. None where that is not known, as the end."""
    end: int | None
    """us; left the bed for the last time."""
    rules: str
    in_bed_method: Method | None
    measures: Measures
    sensitivity: float = RULE
    """As it was set when the night ended: what the threshold of movement was divided by."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where nights begin and end."""

    zone: ZoneInfo
    turn: int = 12
    """Local hour at which one night ends and the next begins, 1 to 23."""

    def night_of(self, moment: int) -> date:
        """Return the date of the night to which a moment (us) belongs."""
        local = local_time(moment, self.zone)
        return local.date() + timedelta(days=int(local.hour >= self.turn))

    def begin(self, night: date) -> int:
        """Return when a night begins, in us."""
        return self.end(night - timedelta(days=1))

    def end(self, night: date) -> int:
        """Return when a night ends at the latest, in us."""
        return micros(datetime.combine(night, time(self.turn), self.zone))

    def is_over(self, night: date, events: Sequence[Event], now: int) -> bool:
        """Return whether a night with these events is finished at `now` (us).

        It is when the sleeper has been out of bed for 60 minutes after 05:00, or at its latest end.
        """
        end = self.end(night)
        if now >= end:
            return True
        out = out_since(events)
        earliest = end + round(EARLIEST_END.total_seconds()) * SECOND
        return out is not None and now >= max(out, earliest) + OUT_OF_BED


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Several nights seen together: one night says little."""

    nights: int
    """How many there are; days without one are left out."""
    mean: Mapping[str, float]
    """By measure: over the nights that know it."""
    sd: Mapping[str, float]
    """Standard deviation between nights (n - 1), where at least two know it."""


def spread(nights: Iterable[Night], last: date, days: int) -> Spread | None:
    """Return the nights of `days` days up to `last`, seen together; None where there is none."""
    found = [
        asdict(one.measures) for one in nights if last - timedelta(days=days) < one.date <= last
    ]
    known = (
        {key: [one[key] for one in found if isinstance(one[key], int | float)] for key in found[0]}
        if found
        else {}
    )
    if not found:
        return None
    return Spread(
        nights=len(found),
        mean={key: round(fmean(values), 4) for key, values in known.items() if values},
        sd={key: round(stdev(values), 4) for key, values in known.items() if len(values) > 1},
    )


def out_since(events: Sequence[Event]) -> int | None:
    """Return since when (us) the sleeper has been out of bed after having been in it; None if not
    so.
    """
    beds = sorted(
        (event for event in events if isinstance(event, BedTransition)), key=lambda bed: bed.onset
    )
    if not beds or beds[-1].in_bed or not any(bed.in_bed for bed in beds):
        return None
    return beds[-1].onset


def local_time(moment: int, zone: ZoneInfo) -> datetime:
    """Return a moment (us) as the clock on the wall shows it."""
    return utc(moment).astimezone(zone)


def utc(moment: int) -> datetime:
    """Return a moment (us) as a datetime in UTC, exact to the microsecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)


def micros(moment: datetime) -> int:
    """Return an aware datetime as us since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
