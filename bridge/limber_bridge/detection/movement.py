"""Detect the movements of one sensor in its frames.

A movement begins where the envelope reaches the upper threshold above the noise floor, and ends
when the limb is quiet where it rested before, or stays elsewhere. The rules are listed from
docs/science.md#movement-thresholds on.

What is decided at a frame depends on that frame and the ones before it, never on where a block of
samples happened to end.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from limber_bridge.detection.body_movement import BodyMovementJudge, join_bouts
from limber_bridge.detection.envelope import Frames
from limber_bridge.detection.events import UnilateralMovement
from limber_bridge.detection.frame_timing import FrameTiming
from limber_bridge.detection.geometry import distance_between, distances_to
from limber_bridge.detection.movement_classifier import Found, MovementClassifier, lower_share
from limber_bridge.detection.movement_rules import HOLD_MAX_US, movement_rule
from limber_bridge.detection.movement_split import (
    MovementPart,
    NewPosition,
    split_moved,
    split_returned,
)
from limber_bridge.detection.noise_floor import Noise, NoiseFloor
from limber_bridge.detection.noise_tracker import NoiseTracker
from limber_bridge.detection.onset_finder import OnsetFinder
from limber_bridge.detection.open_movement import OpenMovement
from limber_bridge.detection.resting_position import SETTLING_S
from limber_bridge.detection.segments import Segment
from limber_bridge.detection.signal import SECOND, Floats, Placement, Sensor
from limber_bridge.detection.tilt_reference import StrongTilt

READ_AHEAD_FRAMES: Final = 64
"""Frames of a movement that are prepared at once. Chosen: two or three seconds, and a movement is
mostly over by then; docs/science.md#processing-limits."""
KEPT_REST_SHARE: Final = 1 / 2
"""Share of the distance of the upper threshold within which a limb that comes back keeps its
resting position. Chosen: the older average is the better one; docs/science.md#held-limb."""


@dataclass(frozen=True, slots=True)
class DetectedMovements:
    """What some frames make known."""

    found: list[Found]
    """In order of onset."""
    onsets: list[int]
    """us; when movements of any duration reached the upper threshold, known at once."""


@dataclass(frozen=True, slots=True, eq=False)
class NewRest:
    """The position in which a limb came to rest, until the frames know it themselves."""

    position: Floats
    """Shape (axes,)."""
    until: int
    """us."""


@dataclass(frozen=True, slots=True, eq=False)
class LastFrame:
    """The end of what was processed."""

    end: int
    """us."""
    center: Floats
    """Shape (axes,)."""
    rest: Floats | None
    """Resting position, shape (axes,). None if it is not known or not shown."""


class MovementDetector:
    """Detects the movements of one sensor."""

    def __init__(
        self, sensor: Sensor, noise: Sequence[Noise] = (), tilts: Sequence[StrongTilt] = ()
    ) -> None:
        """Start with what a previous run knew: the noise, and tilts of strong movements.

        The rate comes with the first frames.
        """
        self._quantity = sensor.quantity
        rule = movement_rule(sensor.quantity, sensor.placement)
        # Without gravity, the mean of a limb at rest is 0 plus noise, in no direction.
        self._rule = rule if sensor.has_gravity else replace(rule, turn=None)
        # A sensor at a leg feels that leg alone.
        self._body = BodyMovementJudge() if sensor.placement is Placement.BED else None
        self._classifier = MovementClassifier(self._rule, sensor.side, self._body, tilts)
        self._noise = NoiseTracker(NoiseFloor(self._rule.thresholds, noise))
        self._open: OpenMovement | None = None
        self._new_rest: NewRest | None = None
        self._last_frame: LastFrame | None = None

    @property
    def noise(self) -> tuple[Noise, ...]:
        """The looks that make the noise floor; they must be kept across restarts."""
        return self._noise.floor.known

    @property
    def tilts(self) -> tuple[StrongTilt, ...]:
        """The tilts of the last strong movements; they must be kept across restarts."""
        return self._classifier.tilts

    @property
    def threshold(self) -> float:
        """The upper threshold; infinite until the noise is known."""
        return self._noise.floor.upper

    @property
    def open_onset(self) -> int | None:
        """Onset (us) of a movement that is open or may be about to begin.

        Every movement that is still to be returned begins there or later.
        """
        if self._open is not None:
            return self._open.onset
        return None if self._last_frame is None else self._onsets.rising_since

    def set_sensitivity(self, sensitivity: float) -> None:
        """Divide the distance of the upper threshold from the noise floor by a number.

        EMG is not affected: its thresholds are those of the scoring rules.
        """
        if self._rule.sensitivity_applies:
            self._noise.floor.set_sensitivity(sensitivity)

    def restore_movements(self, movements: Iterable[UnilateralMovement]) -> None:
        """Add the movements that were reported before a restart, in order of onset."""
        if self._body is not None:
            self._body.restore_movements(movements)

    def calibrate(self) -> list[Found]:
        """Forget the noise and learn it again from the next frame on.

        Returns the movement that was open, up to the last frame.
        """
        found = self.finish()
        if self._body is not None:
            self._body.forget()
        self._noise.floor.forget()
        self._classifier.forget_tilts()
        self._noise.start_look()
        return found

    def process_frames(self, frames: Frames) -> DetectedMovements:
        """Return the movements that the frames complete, position changes included."""
        if frames.envelope is None:
            return DetectedMovements([], [])
        found: list[Found] = []
        onsets: list[int] = []
        if frames.fresh:
            found = self.finish()
            self._start(frames.rate)
        if len(frames.times):
            found += self._process(frames, frames.envelope, onsets)
            self._remember_end(frames)
        return DetectedMovements(found, onsets)

    def finish(self) -> list[Found]:
        """Return the open movement up to the last frame: the signal ends or breaks off."""
        movement = self._open
        last_frame = self._last_frame
        self._open = None
        self._new_rest = None
        self._classifier.reset()
        if last_frame is None:
            return []
        self._onsets.rising_since = None
        if movement is None or movement.is_noise:
            return []
        movement.end_here(last_frame.end, self._timing.end_delay_us)
        # A limb that is still, but not back, has found a new position.
        is_held = movement.stillness.frames and not movement.stillness.resting_frames
        if is_held:
            return list(self._classify_moved(movement, last_frame.center))
        if last_frame.rest is not None and last_frame.end - movement.onset > HOLD_MAX_US:
            # Still moving after so long, about another position: the person has got up.
            return list(self._classify_moved(movement, last_frame.rest))
        return list(self._classify(split_returned(movement, self._timing)))

    def _start(self, rate: float) -> None:
        """Start with a signal of `rate` frames per second."""
        self._timing = FrameTiming.at_rate(self._quantity, rate, waits=self._body is not None)
        self._onsets = OnsetFinder(self._timing.quiet_end_frames)
        self._noise.start(rate)

    def _remember_end(self, frames: Frames) -> None:
        """Remember what a movement that begins or ends with the next frames needs."""
        knows_rest = self._rule.shows_position and frames.unknown_rest < len(frames.times)
        self._last_frame = LastFrame(
            end=int(frames.times[-1]) + self._timing.frame_us,
            # Copies: a view would keep all frames in memory.
            center=frames.center[:, -1].copy(),
            rest=frames.rest[:, -1].copy() if knows_rest else None,
        )
        self._onsets.remember(frames, self._noise.floor.lower)

    def _process(self, frames: Frames, envelope: Floats, onsets: list[int]) -> Iterator[Found]:
        """Yield what frames complete, one look at the noise after the other; add to `onsets`."""
        # The thresholds change with each look, so frames are processed up to the end of a look.
        position = 0
        while position < len(envelope):
            if self._open is None and self._new_rest is None:
                position = self._noise.skip_quiet_looks(envelope, position)
            end = min(len(envelope), position + self._noise.frames_missing)
            yield from self._process_look(frames, envelope, position, end, onsets)
            has_grown = position < end and self._noise.add_frames(envelope[position:end])
            # What looked like a movement was louder noise; it is not reported.
            if has_grown and self._open is not None:
                self._open.is_noise = True
            position = end

    def _process_look(
        self, frames: Frames, envelope: Floats, position: int, end: int, onsets: list[int]
    ) -> Iterator[Found]:
        """Yield what the frames from a position to the end of a look complete."""
        while position < end:
            movement = self._open
            if movement is None:
                begin = self._find_begin(frames, envelope, position, end)
                position = end if begin is None else begin
                if begin is not None:
                    # Not where it began to rise: that may lie in an epoch that is complete.
                    onsets.append(int(frames.times[begin]))
                continue
            position, is_over = movement.process_frames(
                frames,
                position,
                min(end, position + READ_AHEAD_FRAMES),
                self._noise.floor.lower,
                self._timing,
            )
            if is_over:
                yield from self._close(frames, movement, position - 1)

    def _find_begin(self, frames: Frames, envelope: Floats, position: int, end: int) -> int | None:
        """Open a movement at the first frame that reaches the upper threshold, and return it."""
        new_rest = self._new_rest
        if new_rest is not None:
            # The resting position of the frames still contains the previous movement, so the
            # distance from the new one is used instead.
            times = frames.times[position:end]
            settled = position + int(np.searchsorted(times, new_rest.until))
            displacement = distances_to(new_rest.position, frames.center[:, position:settled])
            shaking = frames.shaking[position:settled]
            first = first_reaching(
                np.sqrt(np.square(shaking) + np.square(displacement)), self._noise.floor.upper
            )
            if first is not None:
                return self._open_at(frames, position + first, new_rest.position)
            position = settled
            self._new_rest = new_rest if settled == end else None
        first = first_reaching(envelope[position:end], self._noise.floor.upper)
        begin = end if first is None else position + first
        self._noise.add_quiet(envelope[position:begin])
        if first is None:
            return None
        rest = None if begin < frames.unknown_rest else frames.rest[:, begin].copy()
        return self._open_at(frames, begin, rest)

    def _open_at(self, frames: Frames, position: int, rest: Floats | None) -> int:
        """Open a movement at a frame of a limb that rested at a position, and return the frame."""
        floor = self._noise.floor
        onset = self._onsets.onset_at(frames, position, floor.lower)
        self._open = OpenMovement(
            rest=rest if self._rule.shows_position else None,
            lower=floor.lower,
            upper_distance=floor.upper_distance,
            near_max=self._rule.near_max or 0.0,
            segments=[Segment(onset, int(frames.times[position]))],
        )
        self._new_rest = None
        return position

    def _close(self, frames: Frames, movement: OpenMovement, position: int) -> Iterator[Found]:
        """Yield what a movement was whose last frame is at a position."""
        floor = self._noise.floor
        has_returned = movement.has_returned(self._timing)
        rest = frames.center[:, position].copy()
        if has_returned and movement.rest is not None:
            # The older position is an average over more frames.
            distance = distance_between(rest, movement.rest)
            if distance <= movement.upper_distance * KEPT_REST_SHARE:
                rest = movement.rest
        self._open = None
        self._new_rest = None
        if self._rule.shows_position:
            until = int(frames.times[position]) + round(SETTLING_S * SECOND)
            self._new_rest = NewRest(rest, until)
        if movement.is_noise:
            return
        # How much of a weak movement the lower threshold hides.
        for segment in movement.segments:
            segment.lower_share = lower_share(segment.peak, floor.lower, floor.level)
        if has_returned:
            yield from self._classify(split_returned(movement, self._timing))
        else:
            yield from self._classify_moved(movement, rest)

    def _classify_moved(self, movement: OpenMovement, position: Floats) -> Iterator[Found]:
        """Yield what a limb did that rests at another position now."""
        new = NewPosition(position, self._rule.turn, self._noise.floor.level)
        return self._classify(split_moved(movement, new, self._timing))

    def _classify(self, parts: Iterable[MovementPart]) -> Iterator[Found]:
        """Yield what the parts of a movement are."""
        floor = self._noise.floor
        if self._body is not None:
            parts = join_bouts(list(parts), floor.upper)
        for part in parts:
            yield from self._classifier.classify(part, floor.lower, floor.level, self._timing)


def first_reaching(envelope: Floats, threshold: float) -> int | None:
    """Return the first frame at which an envelope (n,) reaches a threshold, or None."""
    if not len(envelope):
        return None
    reaches = envelope >= threshold
    first = int(reaches.argmax())
    return first if reaches[first] else None
