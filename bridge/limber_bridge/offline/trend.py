"""Read what is shown of many nights: movements by hour, cramps, what was logged and said."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.detection.cramp_thresholds import Label, Labels
from limber_bridge.detection.events import KINDS, Cramp, Event, Factor, event_id
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.movement_hours import movement_hours
from limber_bridge.domain.nights import EARLIEST_NIGHT, MovementHours, Night, to_utc
from limber_bridge.domain.trial import Trial
from limber_bridge.offline.night_coverage import score_stored
from limber_bridge.protocol.encoding import (
    encode_cramp,
    encode_reported_cramp,
)
from limber_bridge.protocol.event_messages import CrampMessage
from limber_bridge.protocol.trend_messages import TrendCramp, TrendFactor, TrendNight, TrendTrial
from limber_bridge.storage.journal_reader import JournalReader, open_journal_reader

PAGE_NIGHTS: Final = 150
"""Nights that are read for a page at most; chosen: more do not fit into one."""
PAGE_TIME_S: Final = 2.0
"""Time after which a page ends. Chosen: a small computer scores ten nights a second, and clients
wait some seconds for an answer; they ask for the rest."""
CACHED_NIGHTS: Final = 3000
"""Nights whose movements by hour are remembered; chosen: some years of two people, about 1 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendRange:
    """Which nights are wanted."""

    after: date | None
    last: int | None
    """Only this many of the newest nights; None: all."""
    latest: date
    """The last date that a night can have."""
    counts: Callable[[Night], bool]
    """Returns whether the date of a finished night is not that of a wrong clock."""


class HoursCache:
    """Remember the movements by hour of nights that are stored without them.

    They are slow to find. To be used from any thread.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._found: OrderedDict[Night, MovementHours] = OrderedDict()

    def get(self, night: Night, find: Callable[[], MovementHours]) -> MovementHours:
        """Return what is remembered of a night, or what `find` returns."""
        hours = self._found.get(night) or find()
        with self._lock:
            self._found[night] = hours
            self._found.move_to_end(night)
            while len(self._found) > CACHED_NIGHTS:
                self._found.popitem(last=False)
        return hours


def read_trend(
    config: Config, sleeper: Sleeper, wanted: TrendRange, cache: HoursCache
) -> tuple[list[TrendNight], bool]:
    """Return the first nights that are wanted, and whether others follow. JournalError.

    It blocks, for about `PAGE_TIME_S`.
    """
    deadline = time.monotonic() + PAGE_TIME_S
    with open_journal_reader(config.journal) as record:
        finished = {
            night.date: night
            for night in record.nights(sleeper.id, until=wanted.latest)
            if wanted.counts(night)
        }
        due = wanted_dates(record, sleeper, finished, wanted)
        if not due:
            return [], False
        reader = _TrendReader(config, record, sleeper, finished, cache)
        nights: list[TrendNight] = []
        for night in reader.read(due[:PAGE_NIGHTS]):
            nights.append(night)
            if time.monotonic() > deadline:
                break
    return nights, len(nights) < len(due)


def wanted_dates(
    record: JournalReader, sleeper: Sleeper, finished: Mapping[date, Night], wanted: TrendRange
) -> list[date]:
    """Return the dates of nights of which anything is known, in order; JournalError."""
    noted = [
        day
        for day in record.noted_nights(sleeper.id)
        if day <= wanted.latest and (day >= EARLIEST_NIGHT or not sleeper.live)
    ]
    dates = sorted({*finished, *noted})
    if wanted.last is not None:
        dates = dates[-wanted.last :]
    return [day for day in dates if wanted.after is None or day > wanted.after]


class _TrendReader:
    """Read the nights of one sleeper."""

    def __init__(
        self,
        config: Config,
        record: JournalReader,
        sleeper: Sleeper,
        finished: Mapping[date, Night],
        cache: HoursCache,
    ) -> None:
        self._config = config
        self._record = record
        self._sleeper = sleeper
        self._finished = finished
        self._cache = cache

    def read(self, dates: Sequence[date]) -> Iterator[TrendNight]:
        """Yield the nights of some dates, which are in order; JournalError."""
        after = dates[0] - timedelta(days=1)
        cramps = self._record.events_of_kind(self._sleeper.id, KINDS[Cramp], after, dates[-1])
        factors = self._record.events_of_kind(self._sleeper.id, KINDS[Factor], after, dates[-1])
        diary = {
            entry.night: entry
            for entry in self._record.diary(self._sleeper.id, after, until=dates[-1])
        }
        trials = self._record.trials(self._sleeper.id)
        labels = self._record.labels(self._sleeper.id)
        answers = Labels(labels).answers
        moments: dict[date, list[Label]] = {}
        for label in labels:
            moments.setdefault(self._config.calendar.night_of(label.time), []).append(label)
        for day in dates:
            hours = self._hours(self._finished.get(day))
            reported = self._record.reported_cramps(self._sleeper.id, moments.get(day, ()))
            found = [
                *recognized_cramps(cramps.get(day, ()), day, answers),
                *(encode_reported_cramp(label, day) for label in reported),
            ]
            trial = part_in_trial(trials, day)
            yield make_night(day, hours, found, factors.get(day, ()), diary.get(day), trial)

    def _hours(self, night: Night | None) -> MovementHours:
        """Return the movements by hour of a night; None: it is not finished."""
        if night is None or night.measures.movements is None:
            return MovementHours()
        if self._record.events_dropped_at(night.sleeper, night.date) is not None:
            return MovementHours()
        if night.hours is not None:
            return night.hours
        # It was stored by a version that did not store them.
        return self._cache.get(night, lambda: self._find_hours(night))

    def _find_hours(self, night: Night) -> MovementHours:
        events = self._record.events(night.sleeper, night.date)
        score = score_stored(self._config, self._record, self._sleeper, night, night.date, events)
        return movement_hours(score, self._config.calendar.zone)


def recognized_cramps(
    events: Sequence[Event], day: date, answers: Mapping[str, bool]
) -> Iterator[CrampMessage]:
    """Yield the cramps that were recognized, each with what the sleeper said of it."""
    for event in events:
        if isinstance(event, Cramp):
            yield encode_cramp(event, day, label=answers.get(event_id(event)))


def make_night(
    day: date,
    hours: MovementHours,
    cramps: Sequence[CrampMessage],
    factors: Sequence[Event],
    diary: DiaryEntry | None,
    trial: TrendTrial | None,
) -> TrendNight:
    """Return a night as it is published."""
    return TrendNight(
        night=day,
        hours_start=None if hours.start is None else to_utc(hours.start),
        movements_by_hour=hours.counts,
        cramps=tuple(
            TrendCramp(id=one.id, start=one.start, certainty=one.certainty, label=one.label)
            for one in sorted(cramps, key=lambda one: one.start)
        ),
        factors=tuple(
            TrendFactor(factor=one.factor, note=one.note, start=to_utc(one.onset))
            for one in factors
            if isinstance(one, Factor)
        ),
        diary=diary,
        trial=trial,
    )


def part_in_trial(trials: Iterable[Trial], day: date) -> TrendTrial | None:
    """Return what a trial says of a night; None: no trial includes it."""
    trial = next((one for one in trials if one.includes(day)), None)
    arm = None if trial is None else trial.plan.arm(day)
    if trial is None or arm is None:
        return None
    answer = trial.answers.get(day)
    return TrendTrial(trial=trial.id, assigned=arm, done=None if answer is None else answer.done)
