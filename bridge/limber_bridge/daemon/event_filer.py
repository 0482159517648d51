"""Which night an event belongs to, and whether it is published live."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from limber_bridge.daemon.changes import FiledEvent
from limber_bridge.daemon.open_nights import OpenNights
from limber_bridge.daemon.sensor_health import LATE_AFTER_US
from limber_bridge.daemon.sleeper_clock import SleeperClock
from limber_bridge.detection.events import BedTransition, Event, Gap, Method, Movement, event_id
from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.nights import Calendar

IN_BED_CARRY_OVER_US: Final = 60 * SECOND
"""Time without a sample after which "in bed" is not carried over into the next night. Chosen: a
short loss of contact says nothing, a longer one may hide that the sleeper got up."""

LIVE_MAX_AGE_US: Final = 60 * SECOND
"""An event that becomes known later than this is not published live. Chosen: an automation that
reacts to it must not run when the moment is over; clients apply the same limit."""

LIVE_MAX_LATENESS_US: Final = LATE_AFTER_US
"""What samples show that came later than this is not published live. Chosen: the lateness from
which samples are counted as late. A cramp that is known 50 s late should not light the way, and one
that a busy network delays by a few seconds should."""


REMEMBERED_STEPS: Final = 64
"""Times that the clock was set back, of which it is known what was measured before. Chosen: more
than in any night."""


@dataclass(frozen=True, slots=True)
class SetBack:
    """The clock was set back. Times are us, as the clock showed them."""

    at: int
    """Time after it."""
    until: int
    """Time of the last sample before it."""


class EventFiler:
    """Assign the events of one sleeper to nights."""

    def __init__(
        self, calendar: Calendar, nights: OpenNights, clock: SleeperClock, *, in_bed_known: bool
    ) -> None:
        """Start; `in_bed_known`: whether a sensor has already reported in bed or out of bed."""
        self._calendar = calendar
        self._nights = nights
        self._clock = clock
        self._in_bed_known = in_bed_known
        self._set_back: deque[SetBack] = deque(maxlen=REMEMBERED_STEPS)

    def note_set_back(self, step: SetBack) -> None:
        """Note that the clock was set back."""
        self._set_back.append(step)

    def end_gaps(self, at: int) -> Iterator[FiledEvent]:
        """Yield the gaps that end at `at` (us), because the clock was set back to it.

        A clock that is ahead by a night makes a gap up to the end of tonight, which is not over.
        What follows was measured.
        """
        night = self._calendar.night_of(at)
        end = self._calendar.end(night)
        for event in self._nights.events_of(night):
            if isinstance(event, Gap) and event.onset < at < event.end == end:
                yield self._add(replace(event, end=at), live=False)

    def file(self, event: Event, *, in_bed: bool | None) -> Iterator[FiledEvent]:
        """Add an event to its night and yield it, after what it says of the next night.

        `in_bed`: where the sleeper is now; None where that is unknown.
        """
        match event:
            case Movement():
                # A movement while out of bed is stored but not published.
                yield self._add(event, live=in_bed is not False)
            case BedTransition():
                # The first report is the initial state, not a transition.
                live = self._in_bed_known
                self._in_bed_known = True
                yield from self._correct_next_night(event)
                yield self._add(event, live=live)
            case Gap():
                for part in self._split_gap(event):
                    yield self._add(part, live=True)
            case _:
                yield self._add(event, live=True)

    def withdraw(self, event: Event) -> Iterator[str]:
        """Remove an event that is no longer found from its night; yield the ids of its parts."""
        for part in self._split_gap(event) if isinstance(event, Gap) else (event,):
            self._nights.remove(part)
            yield event_id(part)

    def without_late_triggers(
        self, filed: Iterable[FiledEvent], now: int, lateness: int
    ) -> Iterator[FiledEvent]:
        """Yield events that samples showed which came `lateness` us late.

        They count in the night, but what is known too late must not trigger anything.
        """
        in_time = lateness <= LIVE_MAX_LATENESS_US
        for one in filed:
            latest = getattr(one.event, "end", None) or one.event.onset
            yield replace(one, live=one.live and in_time and now - latest < LIVE_MAX_AGE_US)

    def file_night_start(
        self, before: int, begin: int, *, in_bed: bool | None, method: Method | None
    ) -> list[FiledEvent]:
        """File that a new night starts in bed, where the samples just read are its first.

        `before` is the time (us) of the last sample before them, 0 where there was none, and
        `begin` that of the first of them.
        """
        if not before or not in_bed or begin - before > IN_BED_CARRY_OVER_US:
            return []
        tonight = self._calendar.night_of(self._clock.measured_until)
        if tonight <= self._calendar.night_of(before):
            return []
        self._in_bed_known = True
        start = BedTransition(self._calendar.begin(tonight), in_bed=True, method=method)
        return [self._add(start, live=False)]

    def _correct_next_night(self, bed: BedTransition) -> Iterator[FiledEvent]:
        """Yield how the next night started, where a transition becomes known after it started."""
        following = self._calendar.night_of(bed.onset) + timedelta(days=1)
        start = replace(bed, onset=self._calendar.begin(following))
        if bed.in_bed:
            needed = following <= self._calendar.night_of(self._clock.measured_until)
        else:
            # Only a start in bed that was filed too early has to be corrected.
            needed = self._nights.holds(following, start)
        if needed:
            yield self._add(start, live=False)

    def _split_gap(self, gap: Gap) -> Iterator[Gap]:
        """Yield the parts of a gap in its first and its last night; no night lies between them.

        A gap that began while the clock was wrong says nothing of what was measured of its last
        night before that.
        """
        first = self._calendar.night_of(gap.onset)
        last = self._calendar.night_of(gap.end)
        if first == last:
            yield gap
            return
        yield replace(gap, end=self._calendar.end(first))
        # Only of steps after which the sensor delivered: one that was away longer measured nothing.
        known = [
            step.until for step in self._set_back if step.at <= gap.onset < step.until < gap.end
        ]
        yield replace(gap, onset=max([self._calendar.begin(last), *known]))

    def _add(self, event: Event, *, live: bool) -> FiledEvent:
        added = self._nights.add(event, self._clock.time)
        # Recordings are played from the start each time, so their nights are stored afresh.
        replaces = added.first and not self._clock.live
        return FiledEvent(added.night, event, live, self._clock.known_at, replaces)
