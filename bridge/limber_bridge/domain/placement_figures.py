"""Collect what a guided check measures in the output of a sensor's channel. Pure."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from limber_bridge.detection.channel import ChannelOutput
from limber_bridge.detection.envelope import Frames
from limber_bridge.detection.events import RhythmicTrain, Twitch, UnilateralMovement
from limber_bridge.detection.geometry import angle_degrees
from limber_bridge.detection.mains_hum import BESIDE_HZ, MAINS_HZ, has_hum
from limber_bridge.detection.movement_classifier import Found
from limber_bridge.detection.movement_rules import movement_rule
from limber_bridge.detection.noise_floor import Noise, noise_of
from limber_bridge.detection.signal import SECOND, Floats, Quantity, SampleBlock, Sensor
from limber_bridge.domain.placement_steps import Step, StepTimes, steps_of
from limber_bridge.domain.placement_verdicts import PULLS, STEADY_MIN_SHARE, CheckFigures

ANTICIPATION_US: Final = SECOND
"""us before a step in which a movement already belongs to it. Chosen: a person who knows what comes
begins a little early."""
LOOK_US: Final = 3 * SECOND
"""Length of a look at the noise. Chosen: a quarter of the still step, so that a movement in it
leaves a look without it."""
CLEAR_SPREADS: Final = 6.0
"""Spreads of the noise by which a movement of an accelerometer exceeds it. Chosen: the threshold of
the night lies at 4, but after a few seconds of learning, noise alone reaches that in one minute of
thirty with the noisiest common chip (docs/science.md#simulated-signals)."""
AFTER_PULL_MAX_SHARE: Final = 0.1
"""Largest strength of a movement that is no pull, relative to the median of the strongest five.
Chosen: a person pulls the toes up about equally strongly, and a limb that settles moves less."""
REST_US: Final = 2 * SECOND
"""us at the end of a step over which the resting position is averaged; as in
`detection.resting_position`."""
HUM_MIN_RATE_HZ: Final = 2.0 * (max(MAINS_HZ) + BESIDE_HZ) + BESIDE_HZ
"""Slowest EMG in which hum is looked for, as in `detection.mains_hum`."""


def shows_position(sensor: Sensor) -> bool:
    """Return whether a sensor shows how the leg lies."""
    return sensor.quantity is Quantity.ACCELERATION and sensor.has_gravity


class SampleCount:
    """Counts the samples of a check that were lost, by their numbers."""

    def __init__(self) -> None:
        """Start without samples."""
        self._end: int | None = None
        self._expected = 0
        self._good = 0

    def add_block(self, block: SampleBlock) -> None:
        """Count a block, and what is missing before it."""
        begin = block.first if self._end is None else min(self._end, block.first)
        self._expected += block.end - begin
        self._good += int(np.isfinite(block.samples).all(axis=0).sum())
        self._end = block.end

    @property
    def lost_share(self) -> float:
        """Share of the samples that were lost; 0 to 1."""
        return 1.0 - self._good / self._expected if self._expected else 0.0


class LevelLog:
    """Keeps the envelope and the direction of gravity in each step."""

    def __init__(self) -> None:
        """Start without frames."""
        self._times: list[int] = []
        self._envelope: list[float] = []
        self._means: list[list[float]] = []

    def add_frames(self, frames: Frames, started: int) -> None:
        """Add frames; `started` (us) is the begin of the check."""
        if frames.envelope is None:
            return
        self._times += (frames.times - started).tolist()
        self._envelope += frames.envelope.tolist()
        self._means += frames.mean.T.tolist()

    def envelope(self, begin: int, end: int) -> Floats:
        """Return the envelope between two times (us since the check began)."""
        return np.array(self._envelope[self._part(begin, end)])

    def direction(self, begin: int, end: int) -> Sequence[float] | None:
        """Return the mean acceleration between two times, None without a frame."""
        frames = self._means[self._part(begin, end)]
        if not frames:
            return None
        # math.fsum is exact, so the result does not depend on the order of additions.
        return [math.fsum(axis) / len(frames) for axis in zip(*frames, strict=True)]

    def _part(self, begin: int, end: int) -> slice:
        first, last = np.searchsorted(self._times, [begin, end]).tolist()
        return slice(first, last)


class CheckMeasurements:
    """Collects everything that the verdict of a check needs."""

    def __init__(self, sensor: Sensor, sensitivity: float = 1.0) -> None:
        """Start without a signal; `sensitivity` divides the movement threshold."""
        self._sensor = sensor
        self._sensitivity = sensitivity
        self.steps = steps_of(shows_position=shows_position(sensor))
        """The steps of the check, in order."""
        self._count = SampleCount()
        self._levels = LevelLog()
        self._found: list[tuple[Step, Found]] = []
        self._emg_at_rest: list[Floats] = []
        self._started = 0
        self.link_lost = False
        """Whether the signal broke off."""

    @property
    def duration(self) -> int:
        """Length of all steps in us."""
        return self.steps[-1].end

    def step_at(self, elapsed: int) -> StepTimes:
        """Return the step at a time (us) since the check began; the last one does not end."""
        return next((one for one in self.steps if elapsed < one.end), self.steps[-1])

    def start(self, started: int) -> None:
        """Note when the check began, in us."""
        self._started = started

    def add_samples(self, block: SampleBlock, step: Step) -> None:
        """Count samples, and keep the EMG of the still step for the search for hum."""
        self._count.add_block(block)
        if step is Step.STILL and self._sensor.quantity is Quantity.EMG:
            self._emg_at_rest.append(block.samples[0])

    def add_output(self, output: ChannelOutput) -> None:
        """Add what the channel found in samples."""
        self.link_lost |= bool(output.gaps) or output.interrupted is not None
        for trace in output.trace:
            self._levels.add_frames(trace.frames, self._started)
        self.add_found(output.found)

    def add_found(self, found: Sequence[Found]) -> None:
        """Add movements; each belongs to the step in which it began."""
        self._found += [
            (self.step_at(one.onset - self._started + ANTICIPATION_US).step, one) for one in found
        ]

    def pulls(self) -> tuple[UnilateralMovement, ...]:
        """Return the leg movements that were seen in the step of the pulls."""
        threshold = self._threshold(self._noise())
        seen = [one for one in self._movements_in(Step.PULL, threshold) if not one.turned]
        # The five strongest: what follows a pull at a small part of its strength is no other pull.
        strongest = sorted((one.peak for one in seen), reverse=True)[:PULLS]
        least = AFTER_PULL_MAX_SHARE * strongest[len(strongest) // 2] if strongest else 0.0
        return tuple(one for one in seen if one.peak > least)

    def figures(self, rate: float, open_since: int | None = None) -> CheckFigures:
        """Return the figures so far; `rate` is that of the samples in Hz.

        `open_since`: onset (us) of a movement at rest that has not ended.
        """
        still = self._times_of(Step.STILL)
        pull = self._times_of(Step.PULL)
        envelope = self._envelope_at_rest()
        noise = self._noise()
        threshold = self._threshold(noise)
        before = self._levels.direction(still.begin, still.end)
        after = self._levels.direction(pull.end - REST_US, pull.end)
        resting = self._in_step(Step.STILL, threshold)
        pulling = self._in_step(Step.PULL, threshold)
        turning = self._movements_in(Step.TURN, threshold)
        return CheckFigures(
            quantity=self._sensor.quantity,
            shows_position=shows_position(self._sensor),
            link_lost=self.link_lost,
            lost_share=self._count.lost_share,
            rest_level=self._rest_level(before, noise),
            noise=noise,
            noise_is_steady=is_steady(envelope, noise),
            has_hum=emg_hums(self._emg_at_rest, rate),
            movements_at_rest=sum(not isinstance(one, Twitch) for one in resting)
            + self._reaches(threshold, open_since),
            slip_degrees=slip(before, after),
            pulls=tuple(one.peak for one in self.pulls()),
            short_pulls=sum(isinstance(one, Twitch) for one in pulling),
            trains=sum(isinstance(one, RhythmicTrain) for one in pulling),
            turns_while_pulling=sum(one.turned for one in self._movements_in(Step.PULL, threshold)),
            level_after_turn=self._level_after_turn(),
            movements_while_turning=sum(not one.turned for one in turning),
            position_changed=any(one.turned for one in turning),
        )

    def _rest_level(self, direction: Sequence[float] | None, noise: Noise | None) -> float | None:
        match self._sensor.quantity:
            case Quantity.ACCELERATION if direction is not None and self._sensor.has_gravity:
                return math.hypot(*direction)
            case Quantity.EMG if noise is not None:
                return noise.median
            case _:
                return None

    def _level_after_turn(self) -> float | None:
        turn = self._times_of(Step.TURN)
        direction = self._levels.direction(turn.end - REST_US, turn.end)
        has_turned = turn.step is Step.TURN and direction is not None
        return math.hypot(*direction) if has_turned and direction is not None else None

    def _times_of(self, step: Step) -> StepTimes:
        return next((one for one in self.steps if one.step is step), self.steps[-1])

    def _envelope_at_rest(self) -> Floats:
        still = self._times_of(Step.STILL)
        return self._levels.envelope(still.begin, still.end)

    def _noise(self) -> Noise | None:
        """Return the noise of the quietest seconds of the still step."""
        still = self._times_of(Step.STILL)
        looks = (
            self._levels.envelope(begin, begin + LOOK_US)
            for begin in range(still.begin, still.end - LOOK_US + 1, SECOND)
        )
        noises = (noise_of(look) for look in looks if len(look))
        return min(noises, key=lambda noise: noise.median, default=None)

    def _threshold(self, noise: Noise | None) -> float:
        """Return the level from which a movement is one, and not the noise."""
        if noise is None:
            return 0.0
        rule = movement_rule(self._sensor.quantity, self._sensor.placement)
        spreads = CLEAR_SPREADS if rule.thresholds.upper_spreads else 0.0
        sensitivity = self._sensitivity if rule.sensitivity_applies else 1.0
        return noise.median + max(rule.thresholds.upper, spreads * noise.spread) / sensitivity

    def _reaches(self, threshold: float, since: int | None) -> bool:
        """Return whether the envelope has reached a level since a time (us), until the pulls."""
        if since is None:
            return False
        envelope = self._levels.envelope(since - self._started, self._times_of(Step.STILL).end)
        return bool((envelope >= threshold).any())

    def _in_step(self, step: Step, threshold: float) -> list[Found]:
        return [
            found
            for begun, found in self._found
            if begun is step and (isinstance(found, RhythmicTrain) or found.peak >= threshold)
        ]

    def _movements_in(self, step: Step, threshold: float) -> list[UnilateralMovement]:
        found = self._in_step(step, threshold)
        return [one for one in found if isinstance(one, UnilateralMovement)]


def is_steady(envelope: Floats, noise: Noise | None) -> bool:
    """Return whether an envelope has no quiet moments."""
    if noise is None:
        return False
    tenth = float(np.sort(envelope)[len(envelope) // 10])
    return tenth >= STEADY_MIN_SHARE * noise.median


def slip(before: Sequence[float] | None, after: Sequence[float] | None) -> float:
    """Return the angle between two directions in degrees; 0 where one is not known."""
    if before is None or after is None:
        return 0.0
    return angle_degrees(before, after)


def emg_hums(parts: Sequence[Floats], rate: float) -> bool:
    """Return whether most seconds of EMG at rest, in parts of shape (n,), contain mains hum."""
    # Slower signals do not hold the frequencies beside the mains.
    if rate < HUM_MIN_RATE_HZ or not parts:
        return False
    length = round(rate)
    signal = np.concatenate(parts)
    usable = signal[np.isfinite(signal)]
    looks = usable[: len(usable) // length * length].reshape(-1, length)
    return len(looks) > 0 and float(has_hum(looks).mean()) > 0.5
