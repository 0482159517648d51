"""The guided check of one minute: does this sensor see this foot? Pure.

The person lies still, pulls the toes up five times, and turns over. The check detects with the same
code as at night (`detection.channel`), from a noise floor that it learns itself, so it neither
waits for the detection of the night nor changes it. Time comes with the samples: the check reads no
clock.

Invariant: any split of the signal into blocks gives the same result. So everything is decided at
fixed sample numbers, where the state of the channel does not depend on the blocks before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.channel import SensorChannel
from limber_bridge.detection.events import PlacementCheck, PlacementVerdict
from limber_bridge.detection.signal import SECOND, SampleBlock, Sensor
from limber_bridge.domain.placement_figures import (
    ANTICIPATION_US,
    CheckMeasurements,
    shows_position,
)
from limber_bridge.domain.placement_steps import Step
from limber_bridge.domain.placement_verdicts import final_verdict, verdict_at_rest

DECIDE_EVERY_S: Final = 0.1
"""Time from one decision to the next. Chosen: what a person sees as at once."""
OPEN_MAX_US: Final = 10 * SECOND
"""us for which a movement that is open at the end is waited for; as long as a limb may be held
(docs/science.md#held-limb)."""


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """How far a check has come, for the page that shows it."""

    step: Step
    elapsed: int
    """us since the step began."""
    duration: int
    """us; length of the step."""
    pulls: tuple[float, ...]
    """Highest level of each pull that was seen, in the unit of the quantity."""
    result: PlacementCheck | None
    """The result; None while the check goes on."""


class GuidedCheck:
    """Follows one check of one sensor from its first sample."""

    def __init__(self, sensor: Sensor, *, sensitivity: float = 1.0) -> None:
        """Start; `sensitivity` divides the movement threshold, as it does at night."""
        self._sensor = sensor
        self._channel = SensorChannel(sensor, with_trace=True)
        self._channel.set_sensitivity(sensitivity)
        self._measurements = CheckMeasurements(sensor, sensitivity)
        self._grid: SampleGrid | None = None
        self._started = 0
        self._now = 0
        self._is_rest_judged = False
        self.result: PlacementCheck | None = None
        """The result, once it is known; later samples do not change it."""

    @property
    def progress(self) -> CheckProgress:
        """How far the check has come."""
        elapsed = max(0, self._now - self._started)
        step = self._measurements.step_at(elapsed)
        return CheckProgress(
            step.step,
            elapsed - step.begin,
            step.end - step.begin,
            tuple(one.peak for one in self._measurements.pulls()),
            self.result,
        )

    def process_block(self, block: SampleBlock) -> None:
        """Process the next samples of the sensor; the first block begins the check."""
        if self._grid is None:
            self._grid = SampleGrid(block.first, max(1, round(block.rate * DECIDE_EVERY_S)))
            self._started = self._now = block.clock.time_of(block.first)
            self._measurements.start(self._started)
        for piece in self._grid.pieces(block):
            if self.result is not None:
                return
            self._process_piece(piece, self._grid.cell_begin(piece))
            if self._grid.is_complete(piece):
                self._now = max(self._now, piece.clock.time_of(piece.end))
                self._decide(piece.rate)

    def give_up(self, now: int) -> None:
        """End a check whose samples do not arrive any more, at a time (us)."""
        if self._grid is None:
            self._started = self._now = now
        if self.result is None:
            self._finish(PlacementVerdict.LOSES_SAMPLES, rate=0.0)

    def _process_piece(self, piece: SampleBlock, cell_begin: int) -> None:
        elapsed = piece.clock.time_of(cell_begin) - self._started
        step = self._measurements.step_at(elapsed).step
        # Until the person has settled, nothing is learned.
        if step is Step.SETTLE:
            return
        self._measurements.add_samples(piece, step)
        self._measurements.add_output(self._channel.process(piece))

    def _decide(self, rate: float) -> None:
        """End the check if its verdict is known."""
        if self._measurements.link_lost:
            self._finish(PlacementVerdict.LOSES_SAMPLES, rate)
            return
        elapsed = self._now - self._started
        step = self._measurements.step_at(elapsed)
        if step.step not in (Step.SETTLE, Step.STILL) and not self._is_rest_judged:
            self._is_rest_judged = True
            self._judge_rest(rate, still_end=self._started + step.begin)
        beyond = elapsed - self._measurements.duration
        if self.result is None and beyond >= 0:
            self._judge_whole(rate, beyond)

    def _judge_rest(self, rate: float, still_end: int) -> None:
        """End the check where the still step shows that the rest of it would be in vain."""
        onset = self._channel.open_onset
        # A person who pulls the toes up early has not moved at rest.
        is_open = onset is not None and onset < still_end - ANTICIPATION_US
        figures = self._measurements.figures(rate, open_since=onset if is_open else None)
        verdict = verdict_at_rest(figures)
        if verdict is not None:
            self._finish(verdict, rate)

    def _judge_whole(self, rate: float, beyond: int) -> None:
        """End the check, unless a movement is worth waiting for; `beyond` is us since its end."""
        if self._channel.open_onset is not None and beyond < OPEN_MAX_US:
            return
        self._measurements.add_found(self._channel.interrupt().found)
        self._finish(final_verdict(self._measurements.figures(rate)), rate)

    def _finish(self, verdict: PlacementVerdict, rate: float) -> None:
        figures = self._measurements.figures(rate)
        whole = self._now - self._started >= self._measurements.duration
        self.result = PlacementCheck(
            onset=self._started,
            end=self._now,
            sensor=self._sensor.id,
            verdict=verdict,
            noise=None if figures.noise is None else figures.noise.median,
            pulls=figures.pulls,
            position_changed=(
                figures.position_changed if whole and shows_position(self._sensor) else None
            ),
            lost_share=figures.lost_share,
        )


@dataclass(frozen=True, slots=True)
class SampleGrid:
    """Cells of equal numbers of samples, at whose ends the check decides."""

    first: int
    """Number of the first sample."""
    length: int
    """Samples in a cell."""

    def pieces(self, block: SampleBlock) -> Iterator[SampleBlock]:
        """Yield a block in pieces, none of which crosses the end of a cell."""
        rest = block
        while True:
            missing = self.length - (rest.first - self.first) % self.length
            if rest.samples.shape[1] <= missing:
                yield rest
                return
            piece, rest = rest.split(missing)
            yield piece

    def cell_begin(self, piece: SampleBlock) -> int:
        """Return the number of the first sample in the cell of a piece."""
        return piece.first - (piece.first - self.first) % self.length

    def is_complete(self, piece: SampleBlock) -> bool:
        """Return whether a piece ends its cell."""
        return (piece.end - self.first) % self.length == 0
