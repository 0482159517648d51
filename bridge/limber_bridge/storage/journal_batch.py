"""A batch of records that is written to the journal at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Self

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import NOT_DETECTED, Event, event_id
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.nights import Night
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.domain.settings import Settings
from limber_bridge.domain.trial import Trial


@dataclass(frozen=True, slots=True)
class JournalBatch:
    """What is written for one sleeper, all of it or nothing.

    Invariant: merged batches leave the same behind as the batches one by one.
    """

    sleeper: str
    replayed: tuple[date, ...] = ()
    """Nights whose events are deleted first, as they are detected again. Factors stay."""
    events: tuple[tuple[date, Event], ...] = ()
    """Each with its night."""
    pipeline_state: PipelineState | None = None
    """None: unchanged."""
    nights: tuple[Night, ...] = ()
    """Finished or revised nights."""
    clear_labels: bool = False
    """Whether all labels are deleted first."""
    labels: tuple[Label, ...] = ()
    """Each replaces labels with the same id or about the same event."""
    read_positions: tuple[tuple[int, ReadPosition], ...] = ()
    """How far the frames of each sensor were read, by sensor id, the latest last."""
    settings: Settings | None = None
    """None: unchanged."""
    withdrawn: tuple[str, ...] = ()
    """Ids of events that are deleted first: late samples have shown them to be wrong, or a person
    has corrected what they had answered."""
    diary: tuple[DiaryEntry, ...] = ()
    """Each replaces the entry of its night; an empty one deletes it."""
    trials: tuple[Trial, ...] = ()
    """Each replaces the trial with the same id."""

    def merged_with(self, later: Self) -> Self:
        """Return a batch that leaves the same behind as this one and then a later one."""
        replayed = set(later.replayed)
        withdrawn = set(later.withdrawn)
        remaining = (
            (night, event)
            for night, event in self.events
            if event_id(event) not in withdrawn
            and (night not in replayed or isinstance(event, NOT_DETECTED))
        )
        events = {event_id(event): (night, event) for night, event in remaining}
        for night, event in later.events:
            # Removed first, so that the event moves to the end of the order of arrival.
            events.pop(event_id(event), None)
            events[event_id(event)] = (night, event)
        nights = {night.date: night for night in (*self.nights, *later.nights)}
        labels = later.labels if later.clear_labels else (*self.labels, *later.labels)
        return type(self)(
            sleeper=self.sleeper,
            replayed=tuple(dict.fromkeys((*self.replayed, *later.replayed))),
            withdrawn=tuple(dict.fromkeys((*self.withdrawn, *later.withdrawn))),
            events=tuple(events.values()),
            pipeline_state=later.pipeline_state or self.pipeline_state,
            nights=tuple(nights.values()),
            clear_labels=self.clear_labels or later.clear_labels,
            labels=labels,
            read_positions=latest_positions((*self.read_positions, *later.read_positions)),
            settings=later.settings or self.settings,
            diary=latest_entries((*self.diary, *later.diary)),
            trials=tuple({trial.id: trial for trial in (*self.trials, *later.trials)}.values()),
        )


def latest_positions(
    positions: Iterable[tuple[int, ReadPosition]],
) -> tuple[tuple[int, ReadPosition], ...]:
    """Return the last position for each start of each sensor, in order."""
    found: dict[tuple[int, int], tuple[int, ReadPosition]] = {}
    for sensor, position in positions:
        found.pop((sensor, position.boot), None)
        found[sensor, position.boot] = (sensor, position)
    return tuple(found.values())


def latest_entries(entries: Iterable[DiaryEntry]) -> tuple[DiaryEntry, ...]:
    """Return the last entry of each night."""
    return tuple({entry.night: entry for entry in entries}.values())
