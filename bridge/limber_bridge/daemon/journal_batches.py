"""What of a change is written to the journal."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from limber_bridge.daemon.changes import Change
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.storage.journal_batch import (
    JournalBatch,
    latest_entries,
    latest_positions,
)


def journal_batch(
    monitor: SleeperMonitor, change: Change, read: Sequence[tuple[int, ReadPosition]] = ()
) -> JournalBatch:
    """Return a change as a batch for the journal.

    `read`: how far frames have been read, by sensor id, the latest position last.
    """
    return JournalBatch(
        sleeper=monitor.id,
        replayed=change.replaced_nights,
        withdrawn=change.withdrawn,
        events=tuple((filed.night, filed.event) for filed in change.events),
        pipeline_state=monitor.pipeline_state,
        nights=change.finished,
        clear_labels=change.resets_labels,
        labels=change.labels,
        read_positions=latest_positions(read),
        settings=change.settings,
        diary=latest_entries(change.diary),
        trials=change.trials,
    )


def complete_batches(
    monitors: Mapping[str, SleeperMonitor],
    read_positions: Callable[[Iterable[int]], Sequence[tuple[int, ReadPosition]]],
) -> list[JournalBatch]:
    """Return all that is in memory of every sleeper, for a journal that was replaced at runtime.

    `read_positions` returns how far sensors have been read.
    """
    return [
        journal_batch(monitor, monitor.everything(), read_positions(monitor.sensor_ids))
        for monitor in monitors.values()
    ]
