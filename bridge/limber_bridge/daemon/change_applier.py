"""Writes changes to the journal, then publishes them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from limber_bridge.daemon.changes import Change
from limber_bridge.daemon.journal_batches import journal_batch
from limber_bridge.daemon.publisher import Publisher
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.source_api import Samples
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_writer import JournalWriter

PROGRESS_INTERVAL_US: Final = 5 * SECOND
"""Time between two notes in the journal of how far the sensors have been read. Chosen: the gap that
a crash leaves is longer by so much at most."""


class ChangeApplier:
    """Make changes permanent: journal first, broker second."""

    def __init__(
        self,
        monitors: Mapping[str, SleeperMonitor],
        writer: JournalWriter,
        publisher: Publisher,
        now: Callable[[], int],
    ) -> None:
        """Start; `now` returns UTC in us."""
        self._monitors = monitors
        self._writer = writer
        self._publisher = publisher
        self._now = now
        self._read: defaultdict[str, dict[tuple[int, int], ReadPosition]] = defaultdict(dict)
        """By sleeper: the position to write for each sensor and boot. Only the latest of each is
        kept, so that the memory stays the same while nothing else is written, as in a pause."""
        self._written_until: Counter[str] = Counter()
        """By sleeper: the time (us) up to which the journal says that the sensors were read."""
        self._progress_written_at = now()

    def note_read(self, sleeper: str, samples: Samples) -> None:
        """Note that samples were read; the sleeper's next batch says so in the journal.

        So a signed frame that is sent again after a restart is recognized.
        """
        position = samples.read_position
        if position is None:
            return
        # Inserted again at the end, so that the latest boot comes last.
        self._read[sleeper].pop((samples.sensor, position.boot), None)
        self._read[sleeper][samples.sensor, position.boot] = position

    async def apply(self, monitor: SleeperMonitor, change: Change) -> None:
        """Write a change to the journal, then publish it."""
        await self.apply_all([(monitor, change)])

    async def apply_all(self, changes: Sequence[tuple[SleeperMonitor, Change]]) -> None:
        """Write changes to the journal with one wait for the disk, then publish them.

        A change of nothing writes nothing; the state is still published if it is due.
        """
        batches = [self._batch(monitor, change) for monitor, change in changes if change]
        if batches:
            await self._writer.write(*batches)
        for monitor, change in changes:
            if change:
                self._written_until[monitor.id] = monitor.clock.measured_until
            if change.finished or change.labels or change.resets_labels or change.diary:
                monitor.trials.note_change()
            self._publisher.publish_change(monitor, change)

    async def write_final(self, monitor: SleeperMonitor, change: Change) -> None:
        """Write the last change before the bridge stops; JournalError."""
        await self._writer.write(self._batch(monitor, change))

    async def write_progress_if_due(self) -> None:
        """Write how far the sensors of all sleepers have been read, every few seconds.

        All together: one commit for each sleeper would take too long. In a pause nothing is
        measured, but how far frames have been read is written all the same: a frame that was read
        in a pause must count as read after a restart.
        """
        # The clock may have been set back since.
        if abs(self._now() - self._progress_written_at) < PROGRESS_INTERVAL_US:
            return
        self._progress_written_at = self._now()
        advanced = [
            monitor
            for monitor in self._monitors.values()
            if monitor.clock.measured_until != self._written_until[monitor.id]
            or self._read[monitor.id]
        ]
        if not advanced:
            return
        for monitor in advanced:
            self._written_until[monitor.id] = monitor.clock.measured_until
        await self._writer.write(*(self._batch(monitor, Change()) for monitor in advanced))

    def _batch(self, monitor: SleeperMonitor, change: Change) -> JournalBatch:
        read = [(sensor, position) for (sensor, _), position in self._read[monitor.id].items()]
        self._read[monitor.id] = {}
        return journal_batch(monitor, change, read)
