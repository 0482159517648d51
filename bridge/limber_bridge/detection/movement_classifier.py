"""Classify the parts of a movement: a leg movement, a twitch, a rhythmic train, or nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from limber_bridge.detection.bed_motion import bed_motion_of
from limber_bridge.detection.body_movement import BodyMovementJudge
from limber_bridge.detection.events import RhythmicTrain, Twitch, UnilateralMovement
from limber_bridge.detection.frame_timing import FrameTiming
from limber_bridge.detection.geometry import distances_to
from limber_bridge.detection.limb_motion import LimbMotion
from limber_bridge.detection.movement_rules import LEG_MOVEMENT_MIN_US, MovementRule
from limber_bridge.detection.movement_split import MovementPart
from limber_bridge.detection.rhythm import (
    LONG_MIN_US,
    TRAIN_MIN_US,
    RhythmTracker,
    count_beats,
)
from limber_bridge.detection.segments import Segment
from limber_bridge.detection.signal import Side, Times
from limber_bridge.detection.tilt_reference import StrongTilt, TiltReference, lacks_tilt

type Found = UnilateralMovement | Twitch | RhythmicTrain
"""What a single sensor can find."""

LOWER_SHARE_MAX: Final = 0.5
"""Largest share of the energy of a peak that counts for the correction of weak movements;
docs/science.md#window-correction."""


class MovementClassifier:
    """Turns the segments of one limb into events, and follows its rhythm."""

    def __init__(
        self,
        rule: MovementRule,
        side: Side | None,
        body: BodyMovementJudge | None = None,
        tilts: Sequence[StrongTilt] = (),
    ) -> None:
        """Start with the tilts that a previous run knew.

        `body` judges the movements that a bed sensor feels.
        """
        self._rule = rule
        self._side = side
        self._body = body
        self._rhythm = RhythmTracker()
        self._tilts = TiltReference(tilts)

    @property
    def tilts(self) -> tuple[StrongTilt, ...]:
        """The tilts of the last strong movements; they must be kept across restarts."""
        return self._tilts.known

    def classify(
        self, part: MovementPart, lower: float, noise: float, timing: FrameTiming
    ) -> Iterator[Found]:
        """Classify a part of a movement; also yield a train that it completes or continues.

        `lower` is the current lower threshold, `noise` the noise floor.
        """
        segment = part.segment
        movement = replace(
            self._as_movement(segment, timing), motion=self._motion_of(part, noise, timing)
        )
        if part.is_position_change:
            yield self._as_turn(movement)
            return
        # A long movement may be a train of beats without pauses.
        beats = self._count_beats(segment, movement.duration, timing.rate)
        if beats:
            train = RhythmicTrain(movement.side, movement.onset, movement.end, beats)
            yield self._rhythm.add_train(train)
            return
        if self._body is not None:
            motion = bed_motion_of(segment, part.rest, (noise, lower), timing)
            if self._body.is_of_body(movement, motion):
                yield self._as_turn(movement)
                return
        is_twitch = movement.duration < LEG_MOVEMENT_MIN_US
        if is_twitch or is_sustained(segment, lower, timing.quiet_end_frames):
            yield from self._classify_movement(movement, segment, timing)

    def _classify_movement(
        self, movement: UnilateralMovement, segment: Segment, timing: FrameTiming
    ) -> Iterator[Found]:
        """Classify a movement that neither changes the position nor is itself a train."""
        found: UnilateralMovement | Twitch
        if movement.duration < LEG_MOVEMENT_MIN_US:
            found = Twitch(movement.side, movement.onset, movement.end, movement.peak)
        else:
            found = self._with_tilt(movement)
        yield found
        if self._body is not None:
            self._body.add_movement(movement)
        if isinstance(found, UnilateralMovement) and lacks_tilt(found):
            # The other leg shows whether this one was only shaken.
            return
        continued = self._rhythm.add_movement(found, segment.shaking, timing.rate)
        if continued is not None:
            yield continued

    def reset(self) -> None:
        """Forget the rhythm, as the signal ends or breaks off."""
        self._rhythm = RhythmTracker()

    def forget_tilts(self) -> None:
        """Forget how far the leg tilted, because the sensor may have moved."""
        self._tilts = TiltReference()

    def _with_tilt(self, movement: UnilateralMovement) -> UnilateralMovement:
        """Return a movement that states whether it lacks the usual tilt; remember its tilt."""
        motion = movement.motion
        if motion is None:
            return movement
        if self._tilts.is_missing(movement.onset, movement.peak, motion):
            return replace(movement, motion=replace(motion, lacks_tilt=True))
        self._tilts.add_movement(movement.onset, movement.peak, motion)
        return movement

    def _motion_of(
        self, part: MovementPart, noise: float, timing: FrameTiming
    ) -> LimbMotion | None:
        """Return how a leg moved in a part of a movement.

        None for a muscle, for a bed, without gravity, and where its resting position is not known.
        """
        if self._body is not None or self._rule.turn is None:
            # Without gravity no mean shows a tilt, so two legs cannot be compared by it.
            return None
        return motion_of(part, noise, timing.frame_us)

    def _as_movement(self, segment: Segment, timing: FrameTiming) -> UnilateralMovement:
        """Return a segment as a movement."""
        # The whole window was subtracted from the end. A weak movement exceeds the lower threshold
        # only for a part of the window, so some of it is given back.
        given_back = round(2 * segment.lower_share * timing.end_delay_us)
        end = segment.onset if segment.end is None else segment.end + given_back
        grade = self._rule.grade(segment.peak)
        return UnilateralMovement(self._side, segment.onset, end, segment.peak, grade)

    def _as_turn(self, movement: UnilateralMovement) -> UnilateralMovement:
        """Return a movement as a change of position."""
        turn = replace(movement, turned=True)
        if self._body is not None:
            self._body.add_movement(turn)
        return turn

    def _count_beats(self, segment: Segment, duration: int, rate: float) -> int:
        """Return the beats of a segment that is a train by itself, or 0."""
        if duration < TRAIN_MIN_US:
            return 0
        shaking = np.concatenate(segment.shaking)
        means = np.concatenate(segment.means, axis=1)
        if self._rule.shows_position:
            # How far each frame is from the middle of the movement.
            sizes = distances_to(np.median(means, axis=1), means)
        else:
            # The means of EMG are energies.
            sizes = np.sqrt(means[0])
        is_long = duration >= LONG_MIN_US
        return count_beats(shaking.tolist(), sizes, rate, is_long=is_long)


def motion_of(part: MovementPart, noise: float, frame_us: int) -> LimbMotion | None:
    """Return how a limb moved in a part of a movement, or None if its rest is not known.

    `noise` is the noise floor of the envelope.
    """
    segment = part.segment
    if part.rest is None or part.final_rest is None or not segment.kept_frames:
        return None
    return LimbMotion(
        begin=segment.first_frame,
        frame_us=frame_us,
        blocks=segment.means,
        rest=part.rest,
        final_rest=part.final_rest,
        shaking=max(float(block.max()) for block in segment.shaking),
        noise=noise,
    )


def lower_share(peak: float, lower: float, noise: float) -> float:
    """Return the energy of the lower threshold as a share of that of the peak, at most a half.

    Both are counted above the noise floor. A movement with a larger share is seen late and lost
    early.
    """
    above_noise = peak**2 - noise**2
    if above_noise <= 0:
        return 0.0
    return min(LOWER_SHARE_MAX, (lower**2 - noise**2) / above_noise)


def is_sustained(segment: Segment, lower: float, window: int) -> bool:
    """Return whether the median of some 0.5 s, `window` frames, reaches the lower threshold.

    WASM 2016, for detection by computer; docs/science.md#morphology.
    """
    if segment.kept_frames < window:
        return False
    blocks = segment.envelope
    envelope = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    # The median reaches the threshold where more than half of the frames do. Differences of a
    # running count give the number of such frames in each window.
    running: Times = np.cumsum(envelope >= lower, dtype=np.int64)
    counts = running[window - 1 :].copy()
    counts[1:] -= running[:-window]
    return bool(2 * int(counts.max()) > window)
