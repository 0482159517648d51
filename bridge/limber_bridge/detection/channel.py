"""Process the samples of one sensor: filter, find movements, summarize epochs, check the signal.

Invariant: the results do not depend on how the signal is split into blocks; only the block with
which a result is returned does.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from limber_bridge.detection.awakenings import vigorous_level, vigorous_slots
from limber_bridge.detection.continuity import Continuity, Hole, Run
from limber_bridge.detection.cramp_bins import CrampBin, CrampBinner
from limber_bridge.detection.envelope import ENVELOPE_RULES, EnvelopeFilter, Frames
from limber_bridge.detection.epochs import Epoch, EpochBuilder
from limber_bridge.detection.events import (
    Gap,
    RhythmicTrain,
    SignalFault,
    UnilateralMovement,
)
from limber_bridge.detection.movement import MovementDetector
from limber_bridge.detection.movement_classifier import Found
from limber_bridge.detection.noise_floor import Noise
from limber_bridge.detection.signal import (
    EARLIEST_TIME,
    LATEST_TIME,
    SECOND,
    Quantity,
    SampleBlock,
    Sensor,
)
from limber_bridge.detection.signal_quality import SignalQualityMonitor
from limber_bridge.detection.tilt_reference import StrongTilt

CLOCK_RESET_US: Final = 10 * SECOND
"""us. When the time of a sensor goes back by more, its clock was set. Chosen: corrections of a
clock are smaller; docs/science.md#sampling-and-gaps."""
LATENESS_US: Final = SECOND
"""us for which a sensor that is late may delay the others. Chosen: events are published about a
second after they are certain."""
RESUME_MARGIN_US: Final = SECOND // 10
"""us before the time up to which a previous run reported events at which the detection resumes in
samples that come again. Chosen: the frames of two runs may lie up to 50 ms apart."""
MAX_LIVE_BLOCK_US: Final = 10 * SECOND
"""us. A longer block comes from a file and does not show how often a sensor sends (chosen)."""
MAX_VALUES_AT_ONCE: Final = 2**18
"""Values filtered at once: more would not stay in the cache of a processor
(docs/science.md#processing-limits)."""


@dataclass(frozen=True, slots=True)
class SensorState:
    """What a channel must keep over a restart, besides its events."""

    first_sample: int | None = None
    """us; time of the first sample ever; None without one."""
    measured_until: int | None = None
    """us; time of the last sample read, or the onset of a movement that was open then: events
    before it were reported. The gap after a restart begins here."""
    rate: float | None = None
    """Hz, nominal."""
    noise: tuple[Noise, ...] = ()
    """The noise floor, oldest first."""
    tilts: tuple[StrongTilt, ...] = ()
    """Tilts of the leg in its last strong movements, oldest first."""


@dataclass(frozen=True, slots=True, eq=False)
class FilteredRun:
    """An unbroken run of samples, and the envelope frames that it completes."""

    run: Run
    frames: Frames


class SignalFilter:
    """Turns the blocks of one sensor into envelope frames."""

    __slots__ = ("_continuity", "_envelope")

    def __init__(self, quantity: Quantity, last_time: int | None = None) -> None:
        """Start a stream; `last_time` (us) is that of the last sample before a restart."""
        self._continuity = Continuity(last_time)
        self._envelope = EnvelopeFilter(quantity)

    def process_block(self, block: SampleBlock) -> Iterator[Hole | FilteredRun]:
        """Yield the filtered runs and the holes of a block in order of time."""
        parts = (block,) if block.samples.size <= MAX_VALUES_AT_ONCE else split_large_block(block)
        for part in parts:
            for piece in self._continuity.process_block(part):
                match piece:
                    case Hole():
                        yield piece
                    case Run():
                        yield FilteredRun(piece, self._envelope.process_run(piece))


def split_large_block(block: SampleBlock) -> Iterator[SampleBlock]:
    """Yield a block in pieces of at most `MAX_VALUES_AT_ONCE` values."""
    axes = len(block.samples)
    while block.samples.size > MAX_VALUES_AT_ONCE:
        piece, block = block.split(MAX_VALUES_AT_ONCE // axes)
        yield piece
    yield block


@dataclass(frozen=True, slots=True, eq=False)
class EnvelopeTrace:
    """The envelope of a run, and the threshold of movements after it."""

    frames: Frames
    movement_threshold: float
    """In the unit of the quantity; infinite until the noise is known."""


@dataclass(frozen=True, slots=True)
class ChannelOutput:
    """What some samples of one sensor show."""

    gaps: tuple[Gap, ...] = ()
    found: tuple[Found, ...] = ()
    """Movements, twitches and rhythmic trains that are complete."""
    epochs: tuple[Epoch, ...] = ()
    bins: tuple[CrampBin, ...] = ()
    """For the detection of cramps, if it was asked for."""
    vigorous: tuple[int, ...] = ()
    """Starts (us) of half-second slots of vigorous movement (`awakenings`)."""
    faults: tuple[SignalFault, ...] = ()
    """Faults that begin or end."""
    interrupted: tuple[Found, ...] | None = None
    """What was open when the clock of the sensor was set back, which happened before everything
    else in this output; None if it was not set back."""
    trace: tuple[EnvelopeTrace, ...] = ()
    """The envelope, if it was asked for."""


def join_outputs(outputs: Sequence[ChannelOutput]) -> ChannelOutput:
    """Return the outputs of consecutive samples as one."""
    if len(outputs) == 1:
        return outputs[0]
    # Time only goes forward within a block, so the clock can be set back before its first run only.
    interrupted = (one.interrupted for one in outputs if one.interrupted is not None)
    return ChannelOutput(
        gaps=tuple(chain.from_iterable(one.gaps for one in outputs)),
        found=tuple(chain.from_iterable(one.found for one in outputs)),
        epochs=tuple(chain.from_iterable(one.epochs for one in outputs)),
        bins=tuple(chain.from_iterable(one.bins for one in outputs)),
        vigorous=tuple(chain.from_iterable(one.vigorous for one in outputs)),
        faults=tuple(chain.from_iterable(one.faults for one in outputs)),
        interrupted=next(interrupted, None),
        trace=tuple(chain.from_iterable(one.trace for one in outputs)),
    )


class ReadProgress:
    """How far the signal of one sensor has been read."""

    __slots__ = (
        "_assumed_until",
        "_frames_end",
        "_last_frame",
        "_longest_block",
        "first_sample",
        "last_sample",
        "rate",
    )
    _assumed_until: int
    _frames_end: int
    _last_frame: int

    def __init__(self, state: SensorState) -> None:
        """Go on from the state before a restart."""
        self.first_sample = state.first_sample
        self.last_sample = state.measured_until
        self.rate = state.rate
        self._longest_block = 0
        self.restart_clock()

    @property
    def epochs_complete_until(self) -> int:
        """Time (us) before which all epochs of this sensor were returned."""
        return max(self._last_frame, self._assumed_until)

    def movements_complete_until(self, open_onset: int | None) -> int:
        """Return the time (us) before which no further movement begins.

        A movement that is open since `open_onset` (us) holds it back, but only as long as the
        sensor delivers.
        """
        # A movement may still begin in the frame after the last one. If the sensor is late, the
        # open movement no longer holds back: it counts as late itself when it is complete.
        if open_onset is None or self._frames_end < self._assumed_until:
            return max(self._frames_end, self._assumed_until)
        return open_onset

    def is_set_back(self, time: int) -> bool:
        """Return whether the clock was set back, as the next sample was taken at `time` (us)."""
        return self.last_sample is not None and time < self.last_sample - CLOCK_RESET_US

    def add_run(self, run: Run) -> None:
        """Note that a run was read."""
        begin = run.clock.time_of(run.first)
        end = run.clock.time_of(run.first + run.samples.shape[1] - 1)
        self._longest_block = max(self._longest_block, min(end - begin, MAX_LIVE_BLOCK_US))
        if self.first_sample is None or begin < self.first_sample:
            self.first_sample = begin
        self.last_sample = end
        self.rate = run.rate

    def note_read_until(self, time: int) -> None:
        """Note that a previous run has read the samples up to a time (us)."""
        self.last_sample = max(time, self.last_sample or time)

    def add_frames(self, frames: Frames) -> None:
        """Note that frames were processed."""
        if len(frames.times):
            self._last_frame = int(frames.times[-1])
            self._frames_end = self._last_frame + round(SECOND / frames.rate)

    def advance_to(self, now: int) -> None:
        """Assume that samples which should have arrived by `now` (us) will not arrive.

        A sensor that sends rarely is late only when a whole block is overdue.
        """
        self._assumed_until = max(self._assumed_until, now - self._lateness())

    def is_overdue(self, now: int) -> bool:
        """Return whether `advance_to(now)` assumes something of samples that are missing."""
        return self.last_sample is not None and now - self._lateness() > self._frames_end

    def is_late(self, time: int) -> bool:
        """Return whether a sample taken at `time` (us) was assumed not to arrive."""
        return time < self._assumed_until

    def _lateness(self) -> int:
        """Return the time (us) after which a sample is overdue."""
        # Half a second more than a block covers the jitter of the network.
        return max(LATENESS_US, self._longest_block + LATENESS_US // 2)

    def restart_clock(self) -> None:
        """Forget times that were reached: the clock was set back."""
        self._last_frame = EARLIEST_TIME
        self._frames_end = EARLIEST_TIME
        self._assumed_until = EARLIEST_TIME

    def finish(self) -> None:
        """Note that no more samples will come."""
        self._assumed_until = LATEST_TIME


class SensorChannel:
    """Processes the samples of one sensor up to single movements, epochs and faults.

    What the sensors of a sleeper show together is found by `pipeline.Pipeline`.
    """

    def __init__(
        self,
        sensor: Sensor,
        state: SensorState | None = None,
        *,
        with_bins: bool = False,
        with_trace: bool = False,
    ) -> None:
        """Start, or go on from the state before a restart.

        `with_bins` and `with_trace` say whether outputs hold bins and the envelope.
        """
        state = state or SensorState()
        self.sensor = sensor
        self._filter = SignalFilter(sensor.quantity, state.measured_until)
        self._movements = MovementDetector(sensor, state.noise, state.tilts)
        self._epochs = EpochBuilder(sensor)
        self._bins = CrampBinner(sensor.quantity) if with_bins else None
        self._quality = SignalQualityMonitor(sensor)
        self._progress = ReadProgress(state)
        self.with_trace = with_trace
        """Whether outputs hold the envelope; it may change between two blocks."""
        self._resumes_at: int | None = None
        if state.measured_until is not None:
            self._resumes_at = state.measured_until - RESUME_MARGIN_US
        self._reported_until: int | None = None
        """us; where samples come again, the time up to which a previous run reported events."""
        self.supports_movements = state.rate is None or self._is_fast_enough(state.rate)
        """Whether the rate is high enough for leg movements, if it is known."""

    @property
    def state(self) -> SensorState:
        """What must be kept over a restart; a movement that is open is not considered."""
        progress = self._progress
        # The envelope and the epochs start again after a restart; the noise floor is kept.
        return SensorState(
            progress.first_sample,
            progress.last_sample,
            progress.rate,
            self._movements.noise,
            self._movements.tilts,
        )

    @property
    def open_onset(self) -> int | None:
        """Onset (us) of the movement that is open, or of what may become one."""
        return self._movements.open_onset

    @property
    def epochs_complete_until(self) -> int:
        """Time (us) before which all epochs were returned."""
        return self._progress.epochs_complete_until

    @property
    def movements_complete_until(self) -> int:
        """Time (us) before which no further movement begins."""
        return self._progress.movements_complete_until(self._movements.open_onset)

    def restore_movements(self, movements: Iterable[UnilateralMovement]) -> None:
        """Add the movements of this sensor before a restart, in order of onset."""
        self._movements.restore_movements(movements)

    def process(self, block: SampleBlock) -> ChannelOutput:
        """Process a block and return what it shows."""
        self.supports_movements = self._is_fast_enough(block.rate)
        return join_outputs([self._process_piece(one) for one in self._filter.process_block(block)])

    def process_again(self, block: SampleBlock) -> ChannelOutput:
        """Process a block that a previous run has read already.

        What that run reported is not reported again: such samples only bring the filters and the
        epoch that was not complete to where they were.
        """
        self.supports_movements = self._is_fast_enough(block.rate)
        return join_outputs([self._resume_piece(one) for one in self._filter.process_block(block)])

    def advance_to(self, now: int) -> None:
        """Assume that samples which should have arrived by `now` (us) will not arrive."""
        self._progress.advance_to(now)

    def is_overdue(self, now: int) -> bool:
        """Return whether `advance_to(now)` assumes something of samples that are missing."""
        return self._progress.is_overdue(now)

    def is_late(self, time: int) -> bool:
        """Return whether a sample taken at `time` (us) was assumed not to arrive."""
        return self._progress.is_late(time)

    def set_bins(self, *, enabled: bool) -> None:
        """Say whether outputs hold bins from the next sample on."""
        if enabled != (self._bins is not None):
            self._bins = CrampBinner(self.sensor.quantity) if enabled else None

    def set_sensitivity(self, sensitivity: float) -> None:
        """Divide the movement threshold by a factor, from the next sample on."""
        self._movements.set_sensitivity(sensitivity)

    def calibrate(self) -> ChannelOutput:
        """Forget the noise; return what was open, with the duration seen so far."""
        return ChannelOutput(found=tuple(self._movements.calibrate()))

    def interrupt(self) -> ChannelOutput:
        """Return what is open, with the duration seen so far."""
        return ChannelOutput(found=tuple(self._movements.finish()))

    def restart_clock(self) -> ChannelOutput:
        """Forget times that were reached, as the clock was set back; return faults that end."""
        faults = tuple(self._quality.finish(self._progress.last_sample or 0))
        self._epochs = EpochBuilder(self.sensor)
        if self._bins is not None:
            self._bins = CrampBinner(self.sensor.quantity)
        self._reported_until = None
        self._progress.restart_clock()
        return ChannelOutput(faults=faults)

    def finish(self) -> ChannelOutput:
        """Return everything that is open: the signal ends."""
        self._progress.finish()
        return ChannelOutput(
            found=tuple(self._movements.finish()),
            epochs=tuple(self._epochs.finish()),
            bins=() if self._bins is None else tuple(self._bins.finish()),
            faults=tuple(self._quality.finish(self._progress.last_sample or 0)),
        )

    def _is_fast_enough(self, rate: float) -> bool:
        return rate >= ENVELOPE_RULES[self.sensor.quantity].min_rate

    def _process_piece(self, piece: Hole | FilteredRun) -> ChannelOutput:
        match piece:
            case Hole():
                return ChannelOutput(gaps=(Gap(self.sensor.id, piece.onset, piece.end),))
            case FilteredRun():
                return self._process_run(piece.run, piece.frames)

    def _resume_piece(self, piece: Hole | FilteredRun) -> ChannelOutput:
        """Return what a piece of a block shows after the time that was reported."""
        if self._resumes_at is None:
            return self._process_piece(piece)
        if isinstance(piece, Hole):
            # A hole before that time was reported.
            known = piece.end <= self._resumes_at + RESUME_MARGIN_US
            return ChannelOutput() if known else self._process_piece(piece)
        self._reported_until = self._resumes_at
        # Nothing is known of the clock before that time, so it cannot have been set back.
        self._progress.last_sample = None
        output = self._process_run(piece.run, piece.frames)
        # A state that is stored meanwhile must not say that less was read than the run before did.
        self._progress.note_read_until(self._resumes_at + RESUME_MARGIN_US)
        return replace(
            output,
            bins=tuple(one for one in output.bins if one.start >= self._resumes_at),
            vigorous=tuple(slot for slot in output.vigorous if slot >= self._resumes_at),
        )

    def _process_run(self, run: Run, frames: Frames) -> ChannelOutput:
        """Return what a run shows."""
        interrupted: tuple[Found, ...] | None = None
        faults: list[SignalFault] = []
        # The clock first: what is open belongs to the time before it was set back.
        if self._progress.is_set_back(run.clock.time_of(run.first)):
            interrupted = tuple(self._movements.finish())
            faults += self.restart_clock().faults
        if run.fresh:
            # A fault is not known to last over a gap.
            faults += self._quality.finish(self._progress.last_sample or 0)
        self._progress.add_run(run)
        faults += self._quality.process_run(run)
        # Epochs need the onsets of movements, and the checks of the signal need the epochs.
        movements = self._movements.process_frames(frames)
        epochs = self._epochs.process_frames(frames, movements.onsets)
        faults += self._quality.process_heart_changes(frames.heart_changes)
        faults += self._quality.process_epochs(epochs)
        bins = self._process_bins(frames)
        self._progress.add_frames(frames)
        trace: tuple[EnvelopeTrace, ...] = ()
        if self.with_trace:
            trace = (EnvelopeTrace(frames, self._movements.threshold),)
        return ChannelOutput(
            found=tuple(one for one in movements.found if self._is_new(one)),
            epochs=tuple(epochs),
            bins=bins,
            vigorous=self._vigorous_slots(frames),
            faults=tuple(faults),
            interrupted=interrupted,
            trace=trace,
        )

    def _is_new(self, found: Found) -> bool:
        """Return whether a previous run cannot have reported this.

        A rhythmic train is reported when it is over, and holds nothing back.
        """
        if self._reported_until is None:
            return True
        begin = found.end if isinstance(found, RhythmicTrain) else found.onset
        return begin >= self._reported_until

    def _vigorous_slots(self, frames: Frames) -> tuple[int, ...]:
        """Return the slots of vigorous movement, without those in which the mains hum."""
        slots = vigorous_slots(frames, vigorous_level(self.sensor))
        return tuple(slot for slot in slots if not self._quality.had_hum_at(slot))

    def _process_bins(self, frames: Frames) -> tuple[CrampBin, ...]:
        """Return the bins that frames complete, without those in which the mains hum.

        Hum would look like a muscle that is tense.
        """
        if self._bins is None:
            return ()
        bins = self._bins.process_frames(frames)
        return tuple(one for one in bins if not self._quality.had_hum_at(one.start))
