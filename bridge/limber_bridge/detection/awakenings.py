"""Sudden awakenings: vigorous movement after quiet sleep, known within seconds.

They are a hint for automations, such as a light while a cramp hurts, and count in no measure. All
values are chosen, and nothing is published; docs/science.md#awakenings.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from limber_bridge.detection.envelope import Frames
from limber_bridge.detection.events import (
    Awakening,
    BedTransition,
    Gap,
    Movement,
    PositionChange,
)
from limber_bridge.detection.signal import (
    EARLIEST_TIME,
    MINUTE,
    SECOND,
    Placement,
    Quantity,
    Sensor,
    Side,
)

SLOT_US: Final = SECOND // 2
"""Length of a slot: the time in which a limb moves or does not."""
VIGOROUS_LEVEL: Final = {
    (Quantity.ACCELERATION, Placement.ANKLE): 0.06,
    (Quantity.EMG, Placement.TIBIALIS): 30.0,
}
"""Shaking (g, uV) from which a slot is vigorous. Chosen: most leg movements reach it, too, but do
not keep it up. A bed has no level: how far it shakes depends on its frame and mattress."""
QUIET_US: Final = 5 * MINUTE
"""Quiet sleep before an awakening."""
QUIET_MAX_SLOTS: Final = 10 * SECOND // SLOT_US
"""Vigorous slots in that time that are still quiet: 10 s. Chosen: some leg movements, or a turn; a
periodic series has more."""
STILL_US: Final = 10 * SECOND
"""Time without a vigorous slot before an awakening, which is sudden."""
BEGINNING_US: Final = 7 * SECOND
"""Time from its beginning in which an awakening is judged. Chosen: it is known within ten seconds,
transmission included."""
BEGINNING_MIN_SLOTS: Final = 6 * SECOND // SLOT_US
"""Vigorous slots in that time. Chosen: leg movements and most turns are over before."""
GAP_MIN_US: Final = MINUTE
"""Shortest gap after which quiet has to be seen again. As for sleep (`sleep.GAP_MIN_US`)."""


def vigorous_level(sensor: Sensor) -> float:
    """Return the shaking from which movement at a sensor is vigorous; infinite at a bed."""
    return VIGOROUS_LEVEL.get((sensor.quantity, sensor.placement), math.inf)


def vigorous_slots(frames: Frames, level: float) -> tuple[int, ...]:
    """Return the starts (us) of the slots in which frames reach a level of shaking, in order."""
    # Most frames are at rest, and one comparison shows that.
    if not frames.shaking.size or frames.shaking.max() < level:
        return ()
    slots = np.unique(frames.times[frames.shaking >= level] // SLOT_US * SLOT_US)
    return tuple(slots.tolist())


class AwakeningDetector:
    """Finds awakenings in the vigorous slots of all sensors whose movements count."""

    def __init__(self, *, in_bed: bool | None = None, measured_since: int | None = None) -> None:
        """Start, or go on from what a previous run knew of being in bed."""
        self._waiting: set[int] = set()
        self._transitions: list[tuple[int, bool]] = []
        """Times (us) at which it becomes known whether the sleeper is in bed, and whether."""
        self._in_bed = in_bed
        self._measured_since = measured_since
        self._gap_ends: set[int] = set()
        """us; ends of long gaps that are not reached yet."""
        self._recent: deque[int] = deque()
        """Vigorous slots (us) of the last minutes."""
        self._beginning: int | None = None
        """us; first slot of what may be an awakening."""

    def after_clock_step(self) -> AwakeningDetector:
        """Return a detector that starts again, for the time after the clock was set back."""
        return AwakeningDetector(in_bed=self._in_bed)

    def note_measured(self, begin: int) -> None:
        """Note that a sensor measures from a time (us) on."""
        if self._measured_since is None or begin < self._measured_since:
            self._measured_since = begin

    def add_gaps(self, gaps: Iterable[Gap]) -> None:
        """Note gaps of a sensor: in a long one nothing is known of sleep."""
        long_gaps = (gap.end for gap in gaps if gap.end - gap.onset >= GAP_MIN_US)
        self._gap_ends.update(long_gaps)

    def add_slots(self, slots: Iterable[int]) -> None:
        """Add vigorous slots (us) of one sensor."""
        self._waiting.update(slots)

    def on_bed_change(self, change: BedTransition, known_at: int) -> None:
        """Note that the sleeper went to bed or got up, which became known at a time (us)."""
        self._transitions.append((known_at, change.in_bed))

    def restore_movement(
        self, movement: Movement | PositionChange, levels: Mapping[Side | None, float]
    ) -> None:
        """Count a movement of a previous run that reached the level of its side, if that is known.

        Its slots are not stored, so it counts as vigorous from its onset to its end.
        """
        spans = [(movement.onset, movement.end)]
        if isinstance(movement, Movement):
            spans = [
                (part.onset, part.end)
                for part in movement.parts
                if part.peak >= levels.get(part.side, 0.0)
            ]
        # Both legs may move in the same slot, which counts once.
        slots = {
            slot for onset, end in spans for slot in range(onset // SLOT_US * SLOT_US, end, SLOT_US)
        }
        self._recent = deque(sorted(slots.union(self._recent)))

    def advance_to(self, until: int) -> Iterator[Awakening]:
        """Yield the awakenings that the slots before a time (us) show."""
        if not self._waiting:
            # The usual case of a live sensor, here and in the other detectors.
            return
        ready = sorted(slot for slot in self._waiting if slot + SLOT_US <= until)
        self._waiting.difference_update(ready)
        for slot in ready:
            yield from self._process_slot(slot)

    def _process_slot(self, slot: int) -> Iterator[Awakening]:
        """Yield the awakening that the next vigorous slot makes certain."""
        known = [in_bed for known_at, in_bed in self._transitions if known_at <= slot]
        self._transitions = [one for one in self._transitions if one[0] > slot]
        self._in_bed = known[-1] if known else self._in_bed
        passed = {end for end in self._gap_ends if end <= slot}
        self._gap_ends -= passed
        if passed:
            self._measured_since = max(passed)
        while self._recent and self._recent[0] < slot - QUIET_US - BEGINNING_US:
            self._recent.popleft()
        begin = self._beginning
        if begin is not None and (slot >= begin + BEGINNING_US or not self._in_bed):
            # It was a leg movement or a turn, or the sleeper was out of bed.
            begin = None
        if begin is None and self._was_quiet_before(slot):
            begin = slot
        self._beginning = begin
        self._recent.append(slot)
        if begin is not None and sum(one >= begin for one in self._recent) >= BEGINNING_MIN_SLOTS:
            self._beginning = None
            yield Awakening(begin)

    def _was_quiet_before(self, slot: int) -> bool:
        """Return whether the sleeper was in bed and quiet for some minutes before a slot (us)."""
        if not self._in_bed or self._measured_since is None:
            return False
        if slot - self._measured_since < QUIET_US:
            return False
        latest = self._recent[-1] if self._recent else EARLIEST_TIME
        if latest >= slot - STILL_US:
            return False
        before = sum(slot - QUIET_US <= one < slot for one in self._recent)
        return before <= QUIET_MAX_SLOTS
