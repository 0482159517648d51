"""Reads nights for the pages. Everything here blocks: pages call it in a thread of their own.

The journal is opened for each request, so that no long read holds a lock that the daemon needs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.detection.cramp_thresholds import Label, Labels
from limber_bridge.detection.events import event_id
from limber_bridge.domain.diary import Diary, DiaryEntry
from limber_bridge.domain.nights import Night
from limber_bridge.offline.noted_nights import noted_nights
from limber_bridge.offline.stored_night import (
    NightNotFoundError,
    StoredNight,
    diary_of_night,
    finished_night,
    load_stored_night,
    measured_events,
)
from limber_bridge.storage.journal_reader import JournalReader, open_journal_reader
from limber_bridge.storage.raw_recorder import raw_store_for

NIGHTS_PER_PAGE: Final = 30
"""Chosen: a month."""


@dataclass(frozen=True, slots=True)
class ListedNight:
    """A night in the list."""

    date: date
    night: Night | None
    """None: nothing was measured; it is only in the diary."""
    cramps: int | None
    """Cramps that were recognized and not denied, or reported; None: not known, as the events are
    deleted, or nothing was measured."""
    diary: DiaryEntry
    """What the sleeper says of the night; empty: nothing."""
    over: bool = True
    """Whether nothing of it can be measured live any more."""


@dataclass(frozen=True, slots=True)
class NightsPage:
    """A page of the list of nights."""

    nights: tuple[ListedNight, ...]
    """The newest first."""
    unfinished: tuple[date, ...]
    """Nights with events that are not finished, the newest first; on the first page only."""
    older: date | None
    """The date with which the next page begins; None: this is the last page."""
    newer: date | None
    """The date with which the page before begins; None: this is the first page."""

    @property
    def has_diary(self) -> bool:
        """Whether the sleeper rated the evening or the sleep of any of these measured nights."""
        return any(
            (one.diary.evening_symptoms, one.diary.sleep_quality) != (None, None)
            for one in self.nights
            if one.night is not None
        )

    @property
    def has_measures(self) -> bool:
        """Whether any of these nights was measured."""
        return any(one.night is not None for one in self.nights)


@dataclass(frozen=True, slots=True)
class NightView:
    """Everything that is stored of a night."""

    night: Night | None
    """None: it is not finished."""
    stored: StoredNight | None
    """Its events; None: they were deleted to free space."""
    raw_signal: Path | None
    """The file with its raw signal; None: it is not stored."""
    before: date | None
    """The finished nights next to it."""
    after: date | None
    diary: DiaryEntry
    """What the sleeper says of the night; empty: nothing."""


def read_nights(config: Config, sleeper: Sleeper, until: date | None, now: int) -> NightsPage:
    """Return a page of the nights of a sleeper up to a date, by default the newest; JournalError.

    Nights with the dates of a wrong clock are left out. `now`: us since 1970.
    """
    latest = config.calendar.latest_night(now) if sleeper.live else date.max
    last = min(until or latest, latest)
    with open_journal_reader(config.journal) as record:
        unmeasured = unmeasured_nights(config, record, sleeper, now)
        dates = sorted({*record.revisions(sleeper.id), *unmeasured})
        earlier = [day for day in dates if day <= last]
        shown = earlier[-NIGHTS_PER_PAGE:]
        older = earlier[-NIGHTS_PER_PAGE - 1] if len(earlier) > NIGHTS_PER_PAGE else None
        newer = [day for day in dates if last < day <= latest][:NIGHTS_PER_PAGE] if until else []
        listed = [*measured_nights(config, record, sleeper, shown, now)] if shown else []
        listed += [unmeasured[day] for day in shown if day in unmeasured]
        unfinished = () if newer else unfinished_nights(record, sleeper, now, config)
    return NightsPage(
        tuple(sorted(listed, key=lambda one: one.date, reverse=True)),
        unfinished,
        older,
        newer[-1] if newer else None,
    )


def measured_nights(
    config: Config, record: JournalReader, sleeper: Sleeper, dates: Sequence[date], now: int
) -> Iterator[ListedNight]:
    """Yield the finished nights from the first to the last of some dates; JournalError."""
    after = dates[0] - timedelta(days=1) if dates[0] > date.min else None
    labels = record.labels(sleeper.id)
    diary = Diary(record.diary(sleeper.id, after, until=dates[-1]))
    for night in record.nights(sleeper.id, after, until=dates[-1]):
        if is_possible(config, sleeper, night, now):
            cramps = count_cramps(config, record, labels, night)
            yield ListedNight(night.date, night, cramps, diary.of(night.date))


def unmeasured_nights(
    config: Config, record: JournalReader, sleeper: Sleeper, now: int
) -> dict[date, ListedNight]:
    """Return the nights that are only in the diary, by date; JournalError."""
    return {
        one.diary.night: ListedNight(one.diary.night, None, None, one.diary, one.over)
        for one in noted_nights(config, record, sleeper, now)
        if not one.measured
        and (not sleeper.live or config.calendar.is_possible(one.diary.night, now))
    }


def is_possible(config: Config, sleeper: Sleeper, night: Night, now: int) -> bool:
    """Return whether the date of a night is not that of a wrong clock."""
    imported = night.imported is not None
    return imported or not sleeper.live or config.calendar.is_possible(night.date, now)


def unfinished_nights(
    record: JournalReader, sleeper: Sleeper, now: int, config: Config
) -> tuple[date, ...]:
    """Return the nights that hold measured events and are not finished, the newest first."""
    return tuple(
        day
        for day in reversed(record.unfinished_nights(sleeper.id))
        if (not sleeper.live or config.calendar.is_possible(day, now))
        and measured_events(record.events(sleeper.id, day))
    )


def count_cramps(
    config: Config, record: JournalReader, labels: Sequence[Label], night: Night
) -> int | None:
    """Return how many cramps a night had, with what the sleeper says; None if not known."""
    if record.events_dropped_at(night.sleeper, night.date) is not None:
        return None
    answers = Labels(labels).answers
    recognized = [
        cramp
        for cramp in record.cramps(night.sleeper, night.date)
        if answers.get(event_id(cramp)) is not False
    ]
    of_night = [one for one in labels if config.calendar.night_of(one.time) == night.date]
    return len(recognized) + len(record.reported_cramps(night.sleeper, of_night))


def read_night(config: Config, sleeper: Sleeper, day: date) -> NightView | None:
    """Return what is stored of a night; None if that is nothing. JournalError."""
    with open_journal_reader(config.journal) as record:
        night = finished_night(record, sleeper.id, day)
        diary = diary_of_night(record, sleeper.id, day)
        stored = None
        try:
            stored = load_stored_night(config, record, sleeper, day)
        except NightNotFoundError:
            if night is None and diary.is_empty:
                return None
        later = record.nights(sleeper.id, day, 1)
        earlier = finished_before(record, sleeper, day)
    raw = raw_store_for(config.journal, config.retention).path(sleeper.id, day)
    return NightView(
        night,
        stored,
        raw if raw.exists() else None,
        earlier,
        later[0].date if later else None,
        diary,
    )


def finished_before(record: JournalReader, sleeper: Sleeper, day: date) -> date | None:
    """Return the last finished night before a date; None if there is none."""
    since = record.date_before_last(sleeper.id, 1, day - timedelta(days=1))
    nights = record.nights(sleeper.id, since, until=day - timedelta(days=1))
    return nights[-1].date if nights else None
