"""Nights of which a person noted something in the diary, whether or not they were measured."""

from collections.abc import Iterator
from dataclasses import dataclass

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.offline.stored_night import measured_events
from limber_bridge.storage.journal_reader import JournalReader


@dataclass(frozen=True, slots=True)
class NotedNight:
    """A night that is in the diary."""

    diary: DiaryEntry
    measured: bool
    """Whether a sensor measured anything of it."""
    over: bool
    """Whether nothing of it can be measured live any more."""


def noted_nights(
    config: Config, record: JournalReader, sleeper: Sleeper, now: int
) -> Iterator[NotedNight]:
    """Yield the nights of a sleeper that are in the diary, the oldest first; JournalError.

    `now`: us since 1970.
    """
    finished = record.revisions(sleeper.id)
    tonight = config.calendar.night_of(now)
    for entry in record.diary(sleeper.id):
        day = entry.night
        measured = (
            day in finished
            or record.events_dropped_at(sleeper.id, day) is not None
            or bool(measured_events(record.events(sleeper.id, day)))
        )
        yield NotedNight(entry, measured, day < tonight)
