"""One sleeper as it happens: samples in; what to keep and what to tell, out.

Law: no clock, no file, no network. Time comes as an argument, so a night can be played to it at any
pace. Whoever calls keeps what is returned in the journal before telling anyone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.daemon.sensor_health import SensorHealthTracker
from limber_bridge.detection.cramp_thresholds import RECENT, Label, Labels, cramp_at
from limber_bridge.detection.events import (
    BedTransition,
    ClockStep,
    Cramp,
    Event,
    Factor,
    Gap,
    Method,
    Movement,
    SignalFault,
    event_id,
)
from limber_bridge.detection.measures import round_measures
from limber_bridge.detection.night_score import NightScore, score_night
from limber_bridge.detection.pipeline import Pipeline, PipelineState
from limber_bridge.detection.signal import SECOND, SampleBlock
from limber_bridge.detection.spans import Span
from limber_bridge.domain.trends import AVERAGING_PERIODS_DAYS, NightAverages, average_nights
from limber_bridge.domain.nights import Night, left_bed_at, to_utc
from limber_bridge.domain.settings import Settings
from limber_bridge.protocol.encoding import encode_methods, encode_night
from limber_bridge.protocol.messages import (
    ActiveCramp,
    SensorHealth,
    SensorInfo,
    SleeperInfo,
    State,
    Tonight,
)
from limber_bridge.sources.source_api import Ended, FrameError, Samples, SourceEvent
from limber_bridge.storage.restore import RestoredState

AWAY: Final = 60 * SECOND
"""us without a sample after which "in bed" is not carried over into the next night."""
SET_BACK: Final = 2 * SECOND
"""us; if the clock goes back by more, somebody has set it."""
REMEMBERED: Final = 4
"""Nights whose events are remembered, those in which something happened last [D]: a clock that was
wrong for a while makes tonight no old night."""
CALIBRATING: Final = 60 * SECOND
"""us for which all is quiet when somebody says so; as long as the noise floor remembers
(`noise.MEMORY`)."""


@dataclass(frozen=True, slots=True)
class FiledEvent:
    """An event and the night it belongs to."""

    night: date
    event: Event
    told: bool
    """Whether others hear of it as it happens."""
    known: int
    """us; when it could be known at the earliest."""


@dataclass(frozen=True, slots=True)
class Change:
    """What came of something."""

    events: tuple[FiledEvent, ...] = ()
    finished: tuple[Night, ...] = ()
    renewed: tuple[date, ...] = ()
    """Nights of which everything that was kept is to be forgotten first: they are played anew."""
    labels: tuple[Label, ...] = ()
    """Given, or of which it is known by now what they are about."""
    unlabelled: bool = False
    """All labels are to be forgotten first."""
    settings: Settings | None = None
    """What a person has set, where that has changed."""

    def __bool__(self) -> bool:
        return bool(
            self.events
            or self.finished
            or self.labels
            or self.unlabelled
            or self.settings is not None
        )


@dataclass(frozen=True, slots=True)
class SensorStatus:
    """What others must hear of a sensor at once when it changes."""

    sensor: int
    connected: bool
    problem: str | None


class NothingToEndError(Exception):
    """There is no night to end."""


class NothingToCalibrateError(Exception):
    """No sensor could learn anything; the text says what to do."""


class SleeperMonitor:
    """Follows one sleeper. `now` is the host's time in us; a sleeper who is played from recordings
    lives in theirs.
    """

    def __init__(self, sleeper: Sleeper, config: Config, kept: RestoredState, now: int) -> None:
        """Go on from what was kept."""
        self._sleeper = sleeper
        self._rules = config.rules
        self._calendar = config.calendar
        sensors = [watched.sensor for watched in sleeper.sensors]
        self._labels = Labels(kept.labels)
        self._settings = kept.settings
        self._nights = {
            night: {event_id(event): event for event in events}
            for night, events in kept.events_by_night.items()
        }
        self._detector = self._gone_on(kept.pipeline_state)
        same = kept.pipeline_state is not None and set(kept.pipeline_state.sensors) == {
            sensor.id for sensor in sensors
        }
        # Other sensors than those that measured it say nothing of a night that is finished.
        self._changed = set(self._nights) if same else set(self._nights) - set(kept.finished)
        self._finished = dict(kept.finished)
        # Of a sleeper who is played everything comes again.
        self._forgotten = set(self._finished) - set(self._nights) if sleeper.live else set[date]()
        self._last = kept.last
        self._recent = {night.date: night for night in kept.recent}
        self._health = {sensor.id: SensorHealthTracker(now) for sensor in sensors}
        self._playing = {sensor.id for sensor in sensors}
        self._bed_known = self._detector.in_bed is not None
        self._time = now if sleeper.live else 0
        self._known = self._time
        self._renewed: list[date] = []
        self._passed = 0
        sensed = self._detector.state.sensors.items()
        self._read = {number: one.until for number, one in sensed if one.until is not None}
        self._measured = max(
            [*self._read.values(), *(event.onset for event in self._events())], default=0
        )

    @property
    def id(self) -> str:
        """The sleeper's."""
        return self._sleeper.id

    @property
    def memory(self) -> PipelineState:
        """What the journal has to keep besides the events."""
        return self._detector.state

    @property
    def measured(self) -> int:
        """How far the sensors have been read: the time of the last sample in us, 0 before the
        first.
        """
        return self._measured

    @property
    def time(self) -> int:
        """What time it is for the sleeper, in us: for one who is played from recordings that of the
        last sample.
        """
        return self._time

    @property
    def paused(self) -> bool:
        """Whether somebody wants nothing to be measured."""
        return self._settings.paused

    @property
    def calibrating(self) -> bool:
        """Whether all is quiet because somebody said so."""
        since = self._settings.calibrated
        return since is not None and 0 <= self._time - since < CALIBRATING

    @property
    def labels(self) -> Labels:
        """What was said of cramps; to be changed by `label` and `forget_labels` alone."""
        return self._labels

    @property
    def everything(self) -> Change:
        """All that is still known, as if it had just come: for a journal that knows nothing of it
        any more.
        """
        known = [
            (night, event) for night, events in self._nights.items() for event in events.values()
        ]
        filed = tuple(
            FiledEvent(night, event, told=False, known=self._known) for night, event in known
        )
        nights = tuple(self._finished.values())
        labels = tuple(self._labels)
        return Change(filed, nights, labels=labels, unlabelled=True, settings=self._settings)

    @property
    def info(self) -> SleeperInfo:
        """Who is watched by what."""
        rates = {number: one.rate for number, one in self._detector.state.sensors.items()}
        sensors = tuple(
            SensorInfo(
                id=watched.sensor.id,
                placement=watched.sensor.placement,
                side=watched.sensor.side,
                quantity=watched.sensor.quantity,
                rate=rates[watched.sensor.id],
                source=watched.source,
            )
            for watched in self._sleeper.sensors
        )
        return SleeperInfo(id=self.id, name=self._sleeper.name, sensors=sensors)

    def signs(self, now: int) -> tuple[SensorStatus, ...]:
        """Return what others must hear of each sensor at once when it changes."""
        return tuple(
            SensorStatus(number, one.connected(now), one.problem(now))
            for number, one in self._health.items()
        )

    def sensors(self, now: int) -> dict[str, SensorHealth]:
        """Return how each sensor does, by id."""
        return {str(number): one.message(now) for number, one in self._health.items()}

    def arrive(self, arrival: SourceEvent, now: int) -> Change:
        """Take in what one of the sleeper's sensors delivered."""
        if arrival.sensor is None:
            return Change()
        self._health[arrival.sensor].take(arrival, now)
        match arrival:
            case Samples() if self.paused:
                # Those who are played have no other time than that of their samples.
                self._passed = arrival.block.clock.time_of(arrival.block.end - 1)
                return self._after([], now)
            case Samples():
                events = self._detector.process(arrival.sensor, arrival.block)
                begun = self._measure(arrival.sensor, arrival.block)
                change = self._after(events, now)
                return replace(change, events=(*begun, *change.events))
            case Ended():
                return self._ended(arrival.sensor, now)
            case FrameError():
                return Change()

    def tick(self, now: int) -> Change:
        """Let time pass; once a second or so."""
        self._known = now
        return self._after(self._detector.advance_to(now) if self._sleeper.live else [], now)

    def begin(self, now: int) -> Change:
        """Take note that somebody looks again, at a time.

        A clock that was set back meanwhile is told, by so much at the least: how long nobody looked
        is not known then.
        """
        back = self._measured - now
        if not self._sleeper.live or back <= SET_BACK:
            return Change()
        self._measured = now
        return self.clock_set(now, -back)

    def clock_set(self, at: int, by: int) -> Change:
        """Take note that the host's clock was set to a time, by so much (us). Recordings have a
        clock of their own.
        """
        return self._after([ClockStep(at, by)], at) if self._sleeper.live else Change()

    def interrupt(self, now: int) -> Change:
        """Return what is open, as we are about to be stopped; the watch is of no use afterwards.

        A sleeper who is played from recordings begins anew.
        """
        return self._after(self._detector.interrupt(), now) if self._sleeper.live else Change()

    def end_night(self) -> Change:
        """Finish tonight because somebody wants it, right after a tick; NothingToEndError if
        nothing was measured.
        """
        tonight = self._calendar.night_of(self._time)
        night = self._night(tonight) if tonight in self._nights else None
        if night is None:
            raise NothingToEndError("nothing was measured tonight")
        finished = tuple(self._finish(night))
        if not finished:
            raise NothingToEndError(
                "tonight has been ended already, and nothing has happened since"
            )
        return Change(finished=finished)

    def pause(self, now: int, *, paused: bool) -> Change:
        """Measure nothing any more, or again: as if we were stopped, and started with what was
        kept.
        """
        if paused is self.paused:
            return Change()
        filed: list[FiledEvent] = []
        events: list[Event] = []
        if paused:
            filed = [one for event in self._detector.interrupt() for one in self._file(event)]
            self._detector = self._gone_on(self._detector.state)
            # What lasted is over, as far as anybody knows.
            events = self._detector.advance_to(self._time)
        self._passed = 0
        self._settings = replace(self._settings, paused=paused)
        change = self._after(events, now)
        return replace(change, events=(*filed, *change.events), settings=self._settings)

    def calibrate(self, now: int) -> Change:
        """Take it that all is quiet for a minute; NothingToCalibrateError where no sensor could
        learn from it.
        """
        if self.paused:
            raise NothingToCalibrateError(
                "nothing is measured while it is paused; end the pause, then calibrate"
            )
        if not any(one.connected(now) for one in self._health.values()):
            raise NothingToCalibrateError(
                f"no sensor of {self.id} delivers; put it on, check its power and its network, then calibrate"
            )
        change = self._after(self._detector.calibrate(), now)
        self._settings = replace(self._settings, calibrated=self._time)
        return replace(change, settings=self._settings)

    def sense(self, sensitivity: float) -> Change:
        """Divide by this, from now on, the threshold from which on something moves."""
        if sensitivity == self._settings.sensitivity:
            return Change()
        self._settings = replace(self._settings, sensitivity=sensitivity)
        self._detector.set_sensitivity(sensitivity)
        return Change(settings=self._settings)

    def log(self, factor: Factor, now: int) -> Change:
        """File what somebody said of the sleeper, and touch no night's figures."""
        return Change(
            events=(
                FiledEvent(self._calendar.night_of(factor.onset), factor, told=True, known=now),
            )
        )

    def label(self, label: Label) -> Change:
        """Take in what was said of a cramp: the thresholds follow at once."""
        self._labels.take(label)
        self._detector.set_cramp_thresholds(self._labels.thresholds)
        return Change(labels=(label,))

    def forget_labels(self) -> Change:
        """Go back to the rules as they are written."""
        self._labels = Labels()
        self._detector.set_cramp_thresholds(self._labels.thresholds)
        return Change(unlabelled=True)

    def nights_about(self, time: int) -> set[date]:
        """Return the nights whose events say what a label for a time (us) is about."""
        return {self._calendar.night_of(time - RECENT), self._calendar.night_of(time)}

    def labels_of(self, night: date) -> list[Label]:
        """Return what was said of cramps at times of a night."""
        return [label for label in self._labels if self._calendar.night_of(label.time) == night]

    def state(self, now: int) -> State:
        """Return everything that is true now."""
        present = not self.paused and any(one.connected(now) for one in self._health.values())
        tonight = self._calendar.night_of(self._time or now)
        score = self._score(tonight)
        in_bed = self._detector.in_bed if present else None
        method = self._detector.in_bed_method
        return State(
            time=to_utc(now),
            in_bed=in_bed,
            asleep=None
            if in_bed is None
            else in_bed and lasts(score.asleep or (), self._until(tonight)),
            cramp=cramp_now(self._nights.get(tonight, {}).values()),
            cramp_thresholds={
                str(certainty): value for certainty, value in self._labels.thresholds.items()
            },
            cramp_labels=len(self._labels),
            tonight=self._tonight(tonight, score),
            last_night=None if self._last is None else encode_night(self._last),
            averages={str(days): self._spread(days) for days in AVERAGING_PERIODS_DAYS},
            methods=encode_methods(method),
            sensors=self.sensors(now),
            paused=self.paused,
            calibrating=self.calibrating,
            sensitivity=self._settings.sensitivity,
        )

    def _tonight(self, night: date, score: NightScore) -> Tonight:
        start, end = self._spent(night, score)
        return Tonight(
            night=night,
            start=None if start is None else to_utc(start),
            end=None if end is None else to_utc(end),
            measures=round_measures(score.measures),
        )

    def _gone_on(self, memory: PipelineState | None) -> Pipeline:
        """Return a detector that goes on with what is known."""
        sensors = [watched.sensor for watched in self._sleeper.sensors]
        detector = Pipeline(
            sensors,
            self._rules,
            state=memory,
            events=self._events(),
            thresholds=self._labels.thresholds,
        )
        detector.set_sensitivity(self._settings.sensitivity)
        return detector

    def _events(self) -> list[Event]:
        """Return all events that are held, in order."""
        return sorted(
            (event for night in self._nights.values() for event in night.values()), key=onset_of
        )

    def _after(self, events: Iterable[Event], now: int) -> Change:
        """File events, note that time has passed, and finish what is over."""
        back = now < self._time - SET_BACK
        if self._sleeper.live:
            self._time = now if back else max(self._time, now)
        else:
            self._time = max(self._measured, self._passed)
        filed = [one for event in events for one in self._file(event)]
        renewed = tuple(self._renewed)
        self._renewed = []
        return Change(tuple(filed), tuple(self._over()), renewed, tuple(self._explained()))

    def _explained(self) -> Iterator[Label]:
        """Yield the labels of moments of which it is known by now what they are about."""
        for label in self._labels.due(self._time):
            nights = [
                self._nights.get(night, {}) for night in sorted(self.nights_about(label.time))
            ]
            events = [event for night in nights for event in night.values()]
            found = cramp_at(label.time, events, overlooked=label.cramp)
            if found is not None:
                yield from self.label(replace(label, about=found)).labels

    def _measure(self, sensor: int, block: SampleBlock) -> list[FiledEvent]:
        """Note how far the sensors have been read; where a new night begins in bed, file that it
        begins so.
        """
        begin = block.clock.time_of(block.first)
        end = block.clock.time_of(block.end - 1)
        before = self._measured
        self._known = end
        back = end < self._read.get(sensor, end) - SET_BACK
        self._read[sensor] = end
        self._measured = end if back else max(before, end)
        tonight = self._calendar.night_of(self._measured)
        if not before or not self._detector.in_bed or tonight <= self._calendar.night_of(before):
            return []
        if begin - before > AWAY:
            return []
        begun = BedTransition(
            self._calendar.begin(tonight), in_bed=True, method=self._detector.in_bed_method
        )
        return list(self._file(begun, told=False))

    def _file(self, event: Event, *, told: bool = True) -> Iterator[FiledEvent]:
        """Yield an event with its night; a gap is cut where nights begin, as each of them lacks a
        part.
        """
        match event:
            case Movement():
                told = told and self._detector.in_bed is not False
            case BedTransition():
                # The first word on the matter is no going to bed and no leaving it.
                told = told and self._bed_known
                self._bed_known = True
                yield from self._corrected(event)
            case Gap():
                yield from (self._filed(piece, told=told) for piece in self._cut(event))
                return
            case SignalFault(sensor=number) if number in self._health:
                self._health[number].take_flaw(event)
            case _:
                pass
        yield self._filed(event, told=told)

    def _corrected(self, bed: BedTransition) -> Iterator[FiledEvent]:
        """Where going to bed or getting up is known only after the night has turned, file how the
        next one began.
        """
        following = self._calendar.night_of(bed.onset) + timedelta(days=1)
        begun = replace(bed, onset=self._calendar.begin(following))
        turned = following <= self._calendar.night_of(self._measured)
        if turned if bed.in_bed else event_id(begun) in self._nights.get(following, {}):
            yield self._filed(begun, told=False)

    def _filed(self, event: Event, *, told: bool) -> FiledEvent:
        night = self._calendar.night_of(event.onset)
        if self._is_past(night):
            return FiledEvent(night, event, told, self._known)
        events = self._nights.pop(night, None)
        if events is None and not self._sleeper.live:
            self._renewed.append(night)
        # The night in which something happened last stands last.
        self._nights[night] = events = {} if events is None else events
        events[event_id(event)] = event
        self._forgotten.discard(night)
        self._changed.add(night)
        return FiledEvent(night, event, told, self._known)

    def _is_past(self, night: date) -> bool:
        """Return whether a night's figures stand, whatever may still come for it: nobody remembers
        what else it held.

        A sensor that was away for days brings the end of its gap, one that was not worn the end of
        that.
        """
        return night in self._forgotten and night < self._calendar.night_of(self._time) - timedelta(
            days=1
        )

    def _cut(self, gap: Gap) -> Iterator[Gap]:
        """Yield the parts of a gap that lie in its first and its last night; nobody watched the
        nights between.
        """
        first = self._calendar.night_of(gap.onset)
        last = self._calendar.night_of(gap.end)
        if first == last:
            yield gap
            return
        yield replace(gap, end=self._calendar.end(first))
        yield replace(gap, onset=self._calendar.begin(last))

    def _over(self) -> Iterable[Night]:
        """Yield the nights that are finished now, or finished anew with other figures."""
        for night in sorted(self._changed):
            if not self._calendar.is_over(night, list(self._nights[night].values()), self._time):
                continue
            self._changed.discard(night)
            summary = self._night(night)
            if summary is not None:
                yield from self._finish(summary)
        self._forget()

    def _forget(self) -> None:
        """Let go of nights for which nothing can come any more."""
        for night in [night for night in self._nights if night not in self._changed][:-REMEMBERED]:
            del self._nights[night]
            self._forgotten.add(night)
        if self._time and self._recent:
            oldest = self._calendar.night_of(self._time) - timedelta(
                days=2 + max(AVERAGING_PERIODS_DAYS)
            )
            for night in [night for night in self._recent if night < oldest]:
                del self._recent[night]

    def _finish(self, night: Night) -> Iterable[Night]:
        """Yield the next revision of a night, if it says anything new."""
        known = self._finished.get(night.date)
        # What is set now says nothing of a night that was over before.
        if known is not None and replace(known, revision=0, sensitivity=night.sensitivity) == night:
            return
        night = replace(night, revision=1 if known is None else known.revision + 1)
        self._finished[night.date] = self._recent[night.date] = night
        if self._last is None or night.date >= self._last.date:
            self._last = night
        yield night

    def _spread(self, days: int) -> NightAverages | None:
        return None if self._last is None else average_nights(self._recent.values(), self._last.date, days)

    def _night(self, night: date) -> Night | None:
        """Return the summary of a night, not yet finished; None for one that nobody spent here.

        One that was finished is summed up all the same: what it held may belong to another night
        since.
        """
        score = self._score(night)
        unspent = score.in_bed == () or (score.in_bed is None and not score.measures.movements)
        if unspent and night not in self._finished:
            return None
        start, end = self._spent(night, score)
        return Night(
            sleeper=self.id,
            date=night,
            revision=0,
            start=start,
            end=end,
            rules=self._rules.name,
            in_bed_method=method_of(self._nights[night].values()),
            measures=score.measures,
            sensitivity=self._settings.sensitivity,
        )

    def _spent(self, night: date, score: NightScore) -> tuple[int | None, int | None]:
        """Return when (us) the sleeper went to bed and left it for the last time; None where that
        is not so.
        """
        start = score.in_bed[0][0] if score.in_bed else None
        return start, left_bed_at(list(self._nights.get(night, {}).values()))

    def _score(self, night: date) -> NightScore:
        coverage = self._detector.coverage(self._calendar.begin(night), self._until(night))
        return score_night(list(self._nights.get(night, {}).values()), self._rules, coverage)

    def _until(self, night: date) -> int:
        """Return how far (us) a night has been measured."""
        return min(self._measured, self._calendar.end(night))

    def _ended(self, sensor: int, now: int) -> Change:
        """Take it that a recording is over; when all of them are, so is the night."""
        change = self._after(self._detector.finish(sensor), now)
        self._playing.discard(sensor)
        if self._playing:
            return change
        open_nights = [self._night(night) for night in sorted(self._changed)]
        self._changed.clear()
        finished = [
            done for night in open_nights if night is not None for done in self._finish(night)
        ]
        return replace(change, finished=(*change.finished, *finished))


def onset_of(event: Event) -> int:
    """Return what events are ordered by."""
    return event.onset


def method_of(events: Iterable[Event]) -> Method | None:
    """Return what "in bed" rested on in a night, by its last word on it."""
    beds = [event for event in events if isinstance(event, BedTransition)]
    return max(beds, key=lambda bed: bed.onset).method if beds else None


def lasts(spans: Sequence[Span], until: int) -> bool:
    """Return whether the last span reaches to `until`."""
    return bool(spans) and spans[-1][1] >= until


def cramp_now(events: Iterable[Event]) -> ActiveCramp | None:
    """Return the cramp that lasts, if one does."""
    lasting = [event for event in events if isinstance(event, Cramp) and event.end is None]
    return (
        ActiveCramp(
            start=to_utc(lasting[-1].onset), certainty=lasting[-1].certainty, reason=lasting[-1].reason
        )
        if lasting
        else None
    )
