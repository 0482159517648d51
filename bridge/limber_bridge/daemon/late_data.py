"""Detect again where samples arrive late, so that an outage of a link changes no event.

A sensor whose samples are overdue must not delay the others, so the detection goes on without them.
What it then finds may be wrong: a movement of one leg may have been one of both. So before the
first step without a sensor, a checkpoint of the detection is kept, and from then on the blocks of
all sensors. When the late samples arrive, the detection starts again from the checkpoint, with all
blocks. Events that are no longer found are withdrawn.

This gives the events of the undisturbed run, because any order of delivery gives the same events
(`detection.pipeline`). Pure.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from limber_bridge.detection.bed_state import BedReport
from limber_bridge.detection.events import Certainty, Event, event_id
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import MINUTE, SECOND, SampleBlock

OUTAGE_MAX_US: Final = 10 * MINUTE
"""Longest outage after which late samples are put in the right place. Chosen: longer than most
rings of devices last; the blocks of two ankles over this time take 1.5 MB."""
RECORDED_MAX_BYTES: Final = 32 * 2**20
"""Samples kept for one sleeper. Chosen: ten minutes of four EMG sensors at 1 kHz take 20 MB."""
CAUGHT_UP_US: Final = 2 * SECOND
"""A sensor has caught up when its samples are not older than this. Chosen: a block and the jitter
of a network."""
HELD_MAX_US: Final = 5 * SECOND
"""Time for which late blocks wait for more of them. Chosen: a ring arrives within a second over
Wi-Fi; over a slow link the detection is repeated every few seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class SensorBlock:
    """A block and its sensor."""

    sensor: int
    block: SampleBlock
    read_before: bool
    """Whether a previous run has read it."""

    def process_in(self, pipeline: Pipeline) -> list[Event]:
        """Return the events that the block completes."""
        if self.read_before:
            return pipeline.process_again(self.sensor, self.block)
        return pipeline.process(self.sensor, self.block)


@dataclass(frozen=True, slots=True)
class Detected:
    """What a step of the detection changes."""

    events: Sequence[Event] = ()
    """New ones, and new reports of known ones, in the order in which they were found."""
    withdrawn: Sequence[Event] = ()
    """Events that are no longer found."""
    late: bool = False
    """Whether late samples led to them."""


@dataclass(slots=True)
class Checkpoint:
    """The detection before the first step without an overdue sensor, and what came since."""

    pipeline: Pipeline
    taken_at: int
    """us."""
    inputs: list[SensorBlock | BedReport] = field(default_factory=list)
    """Blocks, and reports on being in bed, in order of arrival."""
    size: int = 0
    """Bytes of their samples."""
    events: dict[str, Event] = field(default_factory=dict)
    """The last report of each event that was found since, by its id."""

    def add_block(self, block: SensorBlock) -> None:
        """Keep a block."""
        self.inputs.append(block)
        self.size += block.block.samples.nbytes

    def add_events(self, events: Iterable[Event]) -> None:
        """Note events that were found."""
        self.events |= {event_id(event): event for event in events}


class LateData:
    """Keep what is needed to detect again, and do so."""

    def __init__(self) -> None:
        """Start without an overdue sensor."""
        self._overdue: set[int] = set()
        self._waiting: set[int] = set()
        """Sensors whose late samples would be put in the right place."""
        self._checkpoint: Checkpoint | None = None
        self._held: list[SensorBlock] = []
        """Late blocks that were not processed yet."""
        self._held_since = 0
        self._catching_up = False
        """Whether late blocks were processed, and the sensor is still behind."""

    def must_hold(self, pipeline: Pipeline, block: SensorBlock, now: int) -> bool:
        """Return whether a block is late, and hold it then; else note it.

        A sensor that comes back without late samples is no longer waited for.
        """
        if self._checkpoint is None:
            return False
        if block.sensor in self._waiting:
            begin = block.block.clock.time_of(block.block.first)
            is_first = all(held.sensor != block.sensor for held in self._held)
            if self._catching_up or not is_first or pipeline.is_late(block.sensor, begin):
                self._held_since = self._held_since if self._held else now
                self._held.append(block)
                return True
            self._stop_waiting_for(block.sensor)
        if self._checkpoint is not None:
            self._checkpoint.add_block(block)
        return False

    def note_bed_report(self, report: BedReport) -> None:
        """Note a report on being in bed."""
        if self._checkpoint is not None:
            self._checkpoint.inputs.append(report)

    def is_due(self, now: int) -> bool:
        """Return whether the held blocks must be processed now."""
        if not self._held:
            return False
        last = self._held[-1].block
        has_caught_up = last.clock.time_of(last.end - 1) >= now - CAUGHT_UP_US
        return has_caught_up or not 0 <= now - self._held_since < HELD_MAX_US

    def prepare_advance(self, pipeline: Pipeline, now: int) -> None:
        """Keep a checkpoint if a sensor has become overdue; give up an outage that is too long."""
        overdue = pipeline.overdue(now)
        new = overdue - self._overdue
        self._overdue = overdue
        checkpoint = self._checkpoint
        if checkpoint is not None and (
            not 0 <= now - checkpoint.taken_at < OUTAGE_MAX_US
            or checkpoint.size > RECORDED_MAX_BYTES
        ):
            self.give_up()
        if new:
            self._waiting |= new
            self._checkpoint = self._checkpoint or Checkpoint(copy.deepcopy(pipeline), now)

    def note_events(self, events: Iterable[Event]) -> None:
        """Note events that may have to be withdrawn."""
        if self._checkpoint is not None:
            self._checkpoint.add_events(events)

    def give_up(self) -> None:
        """Forget the checkpoint: what arrives late is no longer put in the right place."""
        self._checkpoint = None
        self._waiting.clear()
        self._catching_up = False

    def take_held(self) -> list[SensorBlock]:
        """Return the held blocks, which are then no longer held."""
        held = self._held
        self._held = []
        return held

    def detect_again(self, now: int) -> tuple[Pipeline, Detected] | None:
        """Return the detection after all blocks, and what differs; None without a checkpoint."""
        checkpoint = self._checkpoint
        if checkpoint is None:
            return None
        pipeline = checkpoint.pipeline
        found = [
            event
            for one in (*checkpoint.inputs, *self.take_held())
            for event in process_input(pipeline, one)
        ]
        self._overdue = pipeline.overdue(now)
        self._waiting &= self._overdue
        self._catching_up = bool(self._waiting)
        self._checkpoint = None
        if self._waiting:
            # The time since the first sensor was missed still counts.
            self._checkpoint = Checkpoint(copy.deepcopy(pipeline), checkpoint.taken_at)
        provisional = pipeline.advance_to(now)
        self.note_events(provisional)
        return pipeline, compare(checkpoint.events, [*found, *provisional])

    def set_cramp_thresholds(self, thresholds: Mapping[Certainty, float]) -> None:
        """Let the checkpoint follow the thresholds of the running detection."""
        if self._checkpoint is not None:
            self._checkpoint.pipeline.set_cramp_thresholds(thresholds)

    def _stop_waiting_for(self, sensor: int) -> None:
        self._waiting.discard(sensor)
        self._overdue.discard(sensor)
        if not self._waiting and not self._held:
            self._checkpoint = None


def process_input(pipeline: Pipeline, one: SensorBlock | BedReport) -> list[Event]:
    """Return the events that an input of a pipeline completes."""
    match one:
        case SensorBlock():
            return one.process_in(pipeline)
        case BedReport():
            # It counts from its own time on, so that late samples from before do not see it.
            pipeline.add_bed_report(one)
            return []


def compare(before: dict[str, Event], found: Iterable[Event]) -> Detected:
    """Return what differs from the events before, which are by id."""
    after: dict[str, Event] = {}
    for event in found:
        # Removed first, so that the last report comes in its place in the order.
        after.pop(event_id(event), None)
        after[event_id(event)] = event
    return Detected(
        events=[event for id_, event in after.items() if before.get(id_) != event],
        withdrawn=[event for id_, event in before.items() if id_ not in after],
        late=True,
    )
