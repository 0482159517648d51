"""What the journal holds of one night, scored again: for exports and for the web pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.detection.cramp_thresholds import Label, Labels
from limber_bridge.detection.events import NOT_DETECTED, Event
from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.spans import Span
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.nights import Night, to_utc
from limber_bridge.offline.night_coverage import score_stored
from limber_bridge.storage.journal_reader import JournalReader, open_journal_reader


class NightNotFoundError(Exception):
    """The night is not in the journal; the text says what to do."""


@dataclass(frozen=True, slots=True)
class StoredNight:
    """A night in the journal, with its events."""

    sleeper: Sleeper
    date: date
    night: Night | None
    """None: it is not finished."""
    events: tuple[Event, ...]
    score: NightScore
    confirmed: Mapping[str, bool]
    """By id of a cramp: whether the sleeper confirmed or denied it."""
    reported: tuple[Label, ...]
    """Cramps that only the sleeper reported."""
    diary: DiaryEntry
    """What the sleeper says of the night; empty: nothing."""

    @property
    def extent(self) -> Span:
        """The first and the last time (us) of its events, or of its labels."""
        return extent(self.events, self.reported)


def finished_night(record: JournalReader, sleeper: str, day: date) -> Night | None:
    """Return a finished night; None if there is none. JournalError."""
    nights = record.nights(sleeper, day - timedelta(days=1), until=day)
    return nights[0] if nights else None


def load_stored_night(
    config: Config, record: JournalReader, sleeper: Sleeper, day: date
) -> StoredNight:
    """Return a night with its events; NightNotFoundError or JournalError."""
    events = record.events(sleeper.id, day)
    reported = reported_cramps(config, record, sleeper, day)
    dropped = record.events_dropped_at(sleeper.id, day)
    # Labels are kept longer than events. Without the events it is unknown whether the
    # cramp of a label was detected.
    if dropped is not None or not (events or reported):
        reason = "not in the journal"
        if dropped is not None:
            reason = f"its events were deleted on {to_utc(dropped):%Y-%m-%d}"
        raise NightNotFoundError(
            f"night {day} of {sleeper.id}: {reason}; `limber nights` lists the stored nights"
        )
    night = finished_night(record, sleeper.id, day)
    score = score_stored(config, record, sleeper, night, day, events)
    if night is not None:
        score = replace(score, measures=night.measures)
    confirmed = Labels(record.labels(sleeper.id)).answers
    return StoredNight(
        sleeper,
        day,
        night,
        tuple(events),
        score,
        confirmed,
        tuple(reported),
        diary_of_night(record, sleeper.id, day),
    )


def diary_of_night(record: JournalReader, sleeper: str, day: date) -> DiaryEntry:
    """Return what a sleeper says of a night, an empty entry if that is nothing; JournalError."""
    found = record.diary(sleeper, day - timedelta(days=1), until=day)
    return found[0] if found else DiaryEntry(night=day)


def read_asleep(config: Config, sleeper: Sleeper, day: date) -> tuple[Span, ...]:
    """Return the times (us) asleep in a night, none where they are not known; JournalError."""
    if day == date.min:
        # No day is before this one, and no night is of it.
        return ()
    with open_journal_reader(config.journal) as record:
        events = record.events(sleeper.id, day)
        night = finished_night(record, sleeper.id, day)
        return score_stored(config, record, sleeper, night, day, events).asleep or ()


def reported_cramps(
    config: Config, record: JournalReader, sleeper: Sleeper, day: date
) -> list[Label]:
    """Return the cramps of a night that only the sleeper reported."""
    labels = record.labels(sleeper.id)
    return record.reported_cramps(
        sleeper.id, [one for one in labels if config.calendar.night_of(one.time) == day]
    )


def measured_events(events: Iterable[Event]) -> list[Event]:
    """Return the events without those that a person brought about, which alone make no night."""
    return [event for event in events if not isinstance(event, NOT_DETECTED)]


def extent(events: Sequence[Event], reported: Sequence[Label]) -> Span:
    """Return the first and the last time (us) of the events of a night, or of its labels.

    At least one of the two must not be empty.
    """
    found = [(event.onset, end_of_event(event)) for event in measured_events(events) or events]
    spans = found or [(label.time, label.time) for label in reported]
    return min(begin for begin, _ in spans), max(end for _, end in spans)


def end_of_event(event: Event) -> int:
    """Return the end (us) of an event, or its onset if it has no end."""
    return getattr(event, "end", None) or event.onset
