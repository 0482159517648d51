"""What of a change goes into the journal."""

from collections.abc import Sequence

from limber_bridge.daemon.sleeper_monitor import Change, SleeperMonitor
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.storage.journal_batch import JournalBatch, latest_positions


def page_of(
    watch: SleeperMonitor, change: Change, read: Sequence[tuple[int, ReadPosition]] = ()
) -> JournalBatch:
    """Return what has to be kept of a change, with how far signed frames were read."""
    events = tuple((filed.night, filed.event) for filed in change.events)
    return JournalBatch(
        sleeper=watch.id,
        replayed=change.renewed,
        events=events,
        pipeline_state=watch.memory,
        nights=change.finished,
        clear_labels=change.unlabelled,
        labels=change.labels,
        read_positions=latest_positions(read),
        settings=change.settings,
    )
