"""What of a change goes into the journal."""

from collections.abc import Sequence

from limber_bridge.daemon.sleeper_monitor import Change, Watch
from limber_bridge.domain.read_position import Read
from limber_bridge.storage.schema import Page, latest


def page_of(watch: Watch, change: Change, read: Sequence[tuple[int, Read]] = ()) -> Page:
    """Return what has to be kept of a change, with how far signed frames were read."""
    events = tuple((filed.night, filed.event) for filed in change.events)
    return Page(
        watch.id, change.renewed, events, watch.memory, change.finished, change.unlabelled, change.labels,
        latest(read), change.settings,
    )  # fmt: skip
