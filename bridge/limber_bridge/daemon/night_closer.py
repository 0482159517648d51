"""Finishes nights when they are over, and revises them when something arrives later."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from limber_bridge.daemon.changes import NothingToEndError
from limber_bridge.daemon.finished_nights import FinishedNights
from limber_bridge.daemon.open_nights import OpenNights
from limber_bridge.daemon.sleeper_clock import SleeperClock
from limber_bridge.detection.events import BedTransition, Event, Method
from limber_bridge.detection.night_score import Coverage, NightScore, score_night
from limber_bridge.detection.rules import RuleSet
from limber_bridge.domain.movement_hours import movement_hours
from limber_bridge.domain.nights import Calendar, Night, left_bed_at


@dataclass(frozen=True, slots=True)
class ScoredNight:
    """A night up to the last sample."""

    date: date
    start: int | None
    """Time (us) at which the sleeper went to bed; None where that is unknown."""
    end: int | None
    """Time (us) at which the sleeper last left the bed; None while in bed, or where unknown."""
    until: int
    """Time (us) up to which the night has been measured."""
    score: NightScore


class NightScorer:
    """Score the nights of one sleeper up to the last sample or report."""

    def __init__(
        self,
        rules: RuleSet,
        calendar: Calendar,
        clock: SleeperClock,
        nights: OpenNights,
        coverage: Callable[[int, int], Coverage],
    ) -> None:
        """Start; `coverage` returns what was measured in a night from its begin to a time (us)."""
        self.rules = rules
        """The scoring rules."""
        self._calendar = calendar
        self._clock = clock
        self._nights = nights
        self._coverage = coverage

    def score(self, night: date) -> ScoredNight:
        """Score one night with the events in memory."""
        known_until = max(self._clock.measured_until, self._clock.reported_until)
        until = min(known_until, self._calendar.end(night))
        events = self._nights.events_of(night)
        coverage = self._coverage(self._calendar.begin(night), until)
        score = score_night(events, self.rules, coverage)
        start = score.in_bed[0][0] if score.in_bed else None
        return ScoredNight(night, start, left_bed_at(events), until, score)


class NightCloser:
    """Finish the nights of one sleeper."""

    def __init__(
        self,
        sleeper: str,
        calendar: Calendar,
        clock: SleeperClock,
        scorer: NightScorer,
        nights: OpenNights,
        finished: FinishedNights,
    ) -> None:
        """Start; `nights` hold the events, and `finished` receives each finished night."""
        self._sleeper = sleeper
        self._calendar = calendar
        self._clock = clock
        self._nights = nights
        self.scorer = scorer
        """Scores nights that are not finished, too."""
        self.finished = finished
        """The finished nights; only changed here."""

    def finish_over(self, sensitivity: float) -> tuple[Night, ...]:
        """Finish the changed nights that are over by now; return those with new figures."""
        finished = self._finish(self._nights.take_over(self._clock.time), sensitivity)
        # No later event can need them.
        self._nights.drop_unchanged()
        return finished

    def finish_all(self, sensitivity: float) -> tuple[Night, ...]:
        """Finish every changed night, as no sample follows; return those with new figures."""
        return self._finish(self._nights.take_changed(), sensitivity)

    def finish_tonight(self, sensitivity: float) -> Night:
        """Finish tonight before it is over; NothingToEndError where there is nothing new in it."""
        tonight = self._calendar.night_of(self._clock.time)
        if not self._is_possible(tonight):
            raise NothingToEndError(
                f"tonight would be {tonight}; set the clock of the machine on which the bridge runs"
            )
        summary = self._summarize(tonight, sensitivity) if tonight in self._nights else None
        if summary is None:
            raise NothingToEndError("nothing has been measured tonight")
        revised = self.finished.revise(summary)
        if revised is None:
            raise NothingToEndError(
                "tonight has already been ended, and nothing has happened since"
            )
        return revised

    def _finish(self, nights: Iterable[date], sensitivity: float) -> tuple[Night, ...]:
        summaries = (
            self._summarize(night, sensitivity) for night in nights if self._is_possible(night)
        )
        revised = (self.finished.revise(one) for one in summaries if one is not None)
        return tuple(night for night in revised if night is not None)

    def _is_possible(self, night: date) -> bool:
        """Return whether a night does not come from a clock that was wrong.

        A sleeper whose sensors play recordings may have nights of any date.
        """
        return not self._clock.live or self._calendar.is_possible(night, self._clock.time)

    def _summarize(self, night: date, sensitivity: float) -> Night | None:
        """Return the summary of a night, revision 0; None where the sleeper did not spend it here.

        A night that was finished before is summarized even if it is empty now: after a change of
        the time zone its events may belong to another night.
        """
        scored = self.scorer.score(night)
        in_bed = scored.score.in_bed
        measures = scored.score.measures
        unused = in_bed == () or (in_bed is None and not measures.movements)
        if unused and night not in self.finished:
            return None
        return Night(
            sleeper=self._sleeper,
            date=night,
            revision=0,
            start=scored.start,
            end=scored.end,
            rules=self.scorer.rules.name,
            in_bed_method=last_in_bed_method(self._nights.events_of(night)),
            measures=measures,
            sensitivity=sensitivity,
            hours=movement_hours(scored.score, self._calendar.zone),
        )


def last_in_bed_method(events: Iterable[Event]) -> Method | None:
    """Return the method of the last bed transition of a night; None where there is none."""
    beds = [event for event in events if isinstance(event, BedTransition)]
    return max(beds, key=lambda bed: bed.onset).method if beds else None
