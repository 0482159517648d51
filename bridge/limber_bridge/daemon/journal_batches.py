"""What of a change goes into the journal."""

from collections.abc import Sequence

from limber_bridge.daemon.sleeper_monitor import Change, SleeperMonitor
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.storage.schema import JournalBatch, latest_positions


def page_of(
    watch: SleeperMonitor, change: Change, read: Sequence[tuple[int, ReadPosition]] = ()
) -> JournalBatch:
    """Return what has to be kept of a change, with how far signed frames were read."""
    events = tuple((filed.night, filed.event) for filed in change.events)
    return JournalBatch(
        watch.id,
        change.renewed,
        events,
        watch.memory,
        change.finished,
        change.unlabelled,
        change.labels,
        latest_positions(read),
        change.settings,
    )
