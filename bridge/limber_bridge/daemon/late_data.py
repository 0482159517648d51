"""Detect again where samples arrive late, so that an outage of a link changes no event.

A sensor whose samples are overdue must not delay the others, so the detection goes on without them.
What it then finds may be wrong: a movement of one leg may have been one of both. So before the
first step without a sensor, the detection is copied. The copy gets the same blocks, but waits for
the sensor. When the late samples arrive, only the copy processes them; once they are complete it
takes the place of the detection that went on. Events that it has not found are withdrawn.

This gives the events of the undisturbed run, because any order of delivery gives the same events
(`detection.pipeline`). No block is kept and none is processed twice by the same detection, so late
samples never keep the bridge busy for longer than the same samples in time. Pure.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from limber_bridge.detection.bed_state import BedReport
from limber_bridge.detection.events import Certainty, Event, event_id
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import MINUTE, SECOND, SampleBlock, Sensor

OUTAGE_MAX_US: Final = 10 * MINUTE
"""Longest outage after which late samples are put in the right place. Chosen: longer than most
rings of devices last. After 580 s, no call took longer than 30 ms on a busy x86-64 machine, with
two ankles at 50 Hz and with two EMG sensors at 250 Hz."""
CAUGHT_UP_US: Final = 2 * SECOND
"""A sensor has caught up when its samples are not older than this. Chosen: a block and the jitter
of a network."""
HELD_MAX_US: Final = 5 * SECOND
"""Time for which late blocks wait for more of them. Chosen: a ring arrives within a second over
Wi-Fi; over a slow link the events are corrected every few seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class SensorBlock:
    """A block and its sensor."""

    sensor: int
    block: SampleBlock
    read_before: bool
    """Whether a previous run has read it."""

    @property
    def begin(self) -> int:
        """Time (us) of its first sample."""
        return self.block.clock.time_of(self.block.first)

    @property
    def last(self) -> int:
        """Time (us) of its last sample."""
        return self.block.clock.time_of(self.block.end - 1)

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
    lateness: int = 0
    """us from the first of the late samples that led to them to their arrival; 0 without one."""


@dataclass(slots=True)
class WaitingDetection:
    """A detection that waits for the overdue sensors, beside the one that goes on without them."""

    pipeline: Pipeline
    since: int
    """us; when the first sensor was missed."""
    found: list[Event] = field(default_factory=list)
    """What it has found so far."""
    provisional: dict[str, Event] = field(default_factory=dict)
    """The last report of each event that the other has found since, by its id."""

    def add_provisional(self, events: Iterable[Event]) -> None:
        """Note events that may have to be withdrawn."""
        self.provisional |= {event_id(event): event for event in events}


@dataclass(slots=True)
class LateBlocks:
    """The late blocks that only the waiting detection has processed."""

    since: int
    """us; when the first of them arrived."""
    begin: int
    """us; the earliest sample of them."""
    last: int
    """us; the last sample of the last one."""
    sensors: set[int] = field(default_factory=set)

    def add_block(self, block: SensorBlock) -> None:
        """Note a block."""
        self.begin = min(self.begin, block.begin)
        self.last = block.last
        self.sensors.add(block.sensor)


class LateData:
    """Keep a detection that waits for overdue sensors, and know when it must take over."""

    def __init__(self) -> None:
        """Start without an overdue sensor."""
        self._overdue: set[int] = set()
        self._missing: set[int] = set()
        """Sensors whose late samples would be put in the right place."""
        self._waiting: WaitingDetection | None = None
        self._late: LateBlocks | None = None
        self._catching_up = False
        """Whether late blocks were processed, and the sensor is still behind."""

    def process_late(self, running: Pipeline, block: SensorBlock, now: int) -> bool:
        """Process a block in the waiting detection; return whether it is late.

        `running` is the detection that goes on without the overdue sensors; it must not process a
        late block. A sensor that comes back without late samples is no longer waited for.
        """
        is_late = self._is_late(running, block)
        if is_late:
            self._late = self._late or LateBlocks(now, block.begin, block.last)
            self._late.add_block(block)
        elif block.sensor in self._missing:
            self._stop_waiting_for(block.sensor)
        if self._waiting is not None:
            self._waiting.found += block.process_in(self._waiting.pipeline)
        return is_late

    def add_bed_report(self, report: BedReport) -> None:
        """Add a report on being in bed to the waiting detection.

        It counts from its own time on, so that late samples from before do not see it.
        """
        if self._waiting is not None:
            self._waiting.pipeline.add_bed_report(report)

    def is_due(self, now: int) -> bool:
        """Return whether the waiting detection must take over now."""
        late = self._late
        if late is None:
            return False
        has_caught_up = late.last >= now - CAUGHT_UP_US
        return (
            has_caught_up
            or not 0 <= now - late.since < HELD_MAX_US
            or self._is_outage_too_long(now)
        )

    def prepare_advance(self, running: Pipeline, now: int) -> None:
        """Copy the detection if a sensor has become overdue; give up an outage that is too long.

        To be called when no late block waits.
        """
        overdue = running.overdue(now)
        new = overdue - self._overdue
        self._overdue = overdue
        if self._is_outage_too_long(now):
            self.give_up()
        if new:
            self._missing |= new
            self._waiting = self._waiting or WaitingDetection(copy.deepcopy(running), now)

    def note_events(self, events: Iterable[Event]) -> None:
        """Note events of the running detection, which may have to be withdrawn."""
        if self._waiting is not None:
            self._waiting.add_provisional(events)

    def give_up(self) -> None:
        """Forget the waiting detection: what arrives late is no longer put in the right place.

        To be called when no late block waits.
        """
        self._waiting = None
        self._missing.clear()
        self._catching_up = False

    def take_over(self, now: int) -> tuple[Pipeline, Detected] | None:
        """Return the detection after all blocks, and what differs; None without a late block."""
        waiting = self._waiting
        late = self._late
        if waiting is None or late is None:
            return None
        self._late = None
        pipeline = waiting.pipeline
        overdue = pipeline.overdue(now)
        still_missing = self._missing & overdue
        # The other sensor may have become overdue since the last tick.
        self._missing = still_missing | (overdue - self._overdue)
        self._overdue = overdue
        self._catching_up = bool(still_missing)
        self._waiting = None
        if self._missing:
            # The time since the first sensor was missed still counts.
            since = waiting.since if still_missing else now
            self._waiting = WaitingDetection(copy.deepcopy(pipeline), since)
        provisional = pipeline.advance_to(now)
        self.note_events(provisional)
        found = [*waiting.found, *provisional]
        lateness = max(1, now - late.begin)
        return pipeline, compare(waiting.provisional, found, lateness)

    def set_sensors(self, sensors: Sequence[Sensor]) -> None:
        """Let the waiting detection go on with other sensors, as the running one does."""
        ids = {sensor.id for sensor in sensors}
        self._missing &= ids
        self._overdue &= ids
        if self._waiting is None:
            return
        if not self._missing or not self._waiting.pipeline.has_any(sensors):
            self.give_up()
        else:
            self._waiting.found += self._waiting.pipeline.set_sensors(sensors)

    def set_cramp_thresholds(self, thresholds: Mapping[Certainty, float]) -> None:
        """Let the waiting detection follow the thresholds of the running one."""
        if self._waiting is not None:
            self._waiting.pipeline.set_cramp_thresholds(thresholds)

    def _is_late(self, running: Pipeline, block: SensorBlock) -> bool:
        if block.sensor not in self._missing:
            return False
        if self._catching_up or running.is_late(block.sensor, block.begin):
            return True
        return self._late is not None and block.sensor in self._late.sensors

    def _is_outage_too_long(self, now: int) -> bool:
        # The clock may have been set back since.
        return self._waiting is not None and not 0 <= now - self._waiting.since < OUTAGE_MAX_US

    def _stop_waiting_for(self, sensor: int) -> None:
        self._missing.discard(sensor)
        self._overdue.discard(sensor)
        if not self._missing and self._late is None:
            self._waiting = None


def compare(before: dict[str, Event], found: Iterable[Event], lateness: int) -> Detected:
    """Return what differs from the events before, which are by id; `lateness` as in `Detected`."""
    after: dict[str, Event] = {}
    for event in found:
        # Removed first, so that the last report comes in its place in the order.
        after.pop(event_id(event), None)
        after[event_id(event)] = event
    return Detected(
        events=[event for id_, event in after.items() if before.get(id_) != event],
        withdrawn=[event for id_, event in before.items() if id_ not in after],
        lateness=lateness,
    )
