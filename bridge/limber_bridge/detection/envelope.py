"""Turn the samples of a sensor into frames, and compute the envelope of its signal.

The envelope says how strongly a limb moves, or a muscle works, at each moment. For a limb it
combines two things: how much it shakes, and how far it is held from where it rested. So a foot that
is bent, held and released is one movement and not two twitches; docs/science.md#envelope.

Frames are counted in whole samples from the start of an unbroken run, and every sum is computed in
a fixed order. So the envelope does not depend, to the last bit, on how the signal was cut into
blocks.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from limber_bridge.detection.averaging import BlockAverager, moving_mean
from limber_bridge.detection.continuity import Run
from limber_bridge.detection.ecg_artifact import EcgArtifactFilter
from limber_bridge.detection.geometry import squared_lengths
from limber_bridge.detection.resting_position import STEP_S, RestingPosition
from limber_bridge.detection.signal import SECOND, Floats, Quantity, Times

if TYPE_CHECKING:
    from limber_bridge.detection.bandpass import Bandpass

FRAME_RATE_HZ: Final = 20
"""Lowest rate of frames. Chosen: a frame of at most 50 ms is a tenth of the shortest leg movement;
docs/science.md#envelope."""


FEW_FRAMES: Final = 16
"""Up to this number of frames, computing the times one by one is faster than as an array. Chosen: a
live sensor completes a few frames at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeRule:
    """How the envelope of one quantity is computed."""

    band: tuple[float, float] | None
    """Hz. The signal is filtered to this band, and the envelope is its RMS (EMG).

    None: the envelope is the RMS distance of the frames from the resting position. That removes
    gravity, tare and drift without a high-pass, which rings and lengthened movements by a second.
    """
    window: float
    """s; length of the window of the RMS. It lengthens movements and is subtracted from them again
    (docs/science.md#window-correction)."""
    min_rate: float
    """Hz; a slower signal supports no duration of 0.5 s and gets no envelope."""


ENVELOPE_RULES: Final = {
    # Slowest rate chosen: a movement of 0.5 s has five samples at 10 Hz
    # (docs/science.md#sampling-and-gaps). Window chosen: the envelope must not fall between the
    # swings of one movement (docs/science.md#envelope).
    Quantity.ACCELERATION: EnvelopeRule(band=None, window=0.3, min_rate=10.0),
    Quantity.LOAD: EnvelopeRule(band=None, window=0.3, min_rate=10.0),
    # Band: laboratory practice for leg EMG (docs/science.md#emg-signal). Window: the longest one
    # with small errors of the duration (docs/science.md#window-correction).
    Quantity.EMG: EnvelopeRule(band=(10.0, 100.0), window=0.15, min_rate=50.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The frames of a part of a run: n of them, each averaged over 25 to 50 ms."""

    times: Times
    """us, shape (n,): start of each frame."""
    envelope: Floats | None
    """Shape (n,), in the unit of the quantity. None if the signal is too slow."""
    shaking: Floats
    """Shape (n,): RMS distance from the center. For EMG the same as the envelope."""
    center: Floats
    """Shape (axes, n): mean of the window."""
    rest: Floats
    """Shape (axes, n): the resting position, or the center where that is not known yet.

    EMG shows neither.
    """
    unknown_rest: int
    """Number of frames at the beginning whose resting position is not known."""
    mean: Floats
    """Shape (axes, n): mean of each frame, so gravity or load; for EMG its energy."""
    rate: float
    """Hz; nominal number of frames per second."""
    fresh: bool
    """Whether nothing before these frames belongs to them."""
    heart_changes: tuple[tuple[int, bool], ...] = ()
    """Times (us) at which a heartbeat in the EMG becomes known or is lost."""


def samples_per_frame(rate: float) -> int:
    """Return how many samples of a signal of `rate` Hz make a frame."""
    return max(1, int(rate / FRAME_RATE_HZ))


def window_frames(rule: EnvelopeRule, frame_rate: float) -> int:
    """Return the length of the window in frames."""
    return max(2, round(rule.window * frame_rate))


def end_delay(rule: EnvelopeRule, frame_rate: float) -> int:
    """Return by how much (us) the window delays the end of every movement.

    A movement fills on average half of the frame in which it ends, so the delay is a frame shorter
    than the window. A band-pass rings on for another half frame; docs/science.md#window-correction.
    """
    ringing = 0.0 if rule.band is None else 0.5
    return round((window_frames(rule, frame_rate) - 1 + ringing) * SECOND / frame_rate)


class EnvelopeFilter:
    """Turns the runs of one sensor into frames."""

    def __init__(self, quantity: Quantity) -> None:
        """Start for one quantity. The rate comes with the first run, which is fresh."""
        self._rule = ENVELOPE_RULES[quantity]

    def process_run(self, run: Run) -> Frames:
        """Return the frames that a run completes."""
        if run.fresh:
            self._stage = self._new_stage(run)
        return self._stage.process_run(run)

    def _new_stage(self, run: Run) -> SlowStage | MotionStage | EmgStage:
        """Return the processing for the signal that begins with a run."""
        if run.rate < self._rule.min_rate:
            return SlowStage(self._rule, run)
        if self._rule.band is None:
            return MotionStage(self._rule, run)
        return EmgStage(self._rule, self._rule.band, run)


class FrameClock:
    """Gives the frames of one unbroken signal their times."""

    def __init__(self, run: Run) -> None:
        """Start with the first run of a signal."""
        self.samples_per_frame = samples_per_frame(run.rate)
        self.rate = run.rate / self.samples_per_frame
        """Frames per second."""
        self._first_sample = run.first
        self._next_sample = run.first
        self._next_time = 0

    def take_times(self, run: Run, count: int) -> Times:
        """Return the start times (us) of the next `count` frames, which the run completes.

        A frame that began in an earlier run keeps the time that it had there: the clock of a sensor
        may be corrected between two runs.
        """
        first = self._next_sample
        self._next_sample += count * self.samples_per_frame
        if count <= FEW_FRAMES:
            numbers = range(first, self._next_sample, self.samples_per_frame)
            times = np.array([run.clock.time_of(number) for number in numbers], np.int64)
        else:
            times = run.clock.times_of(first + self.samples_per_frame * np.arange(count))
        if count and first < run.first:
            times[0] = self._next_time
        if count or first >= run.first:
            self._next_time = run.clock.time_of(self._next_sample)
        return times

    def time_of(self, run: Run, frame: int) -> int:
        """Return the time (us) of a frame by its number, on the clock of a run."""
        return run.clock.time_of(self._first_sample + frame * self.samples_per_frame)


class Window:
    """Moving means over a window that ends with each frame."""

    def __init__(self, frames: int) -> None:
        """Start without frames; the window is `frames` long."""
        self._frames = frames
        self._past: Floats | None = None

    def prepend_past(self, frames: Floats, before_first: Floats) -> Floats:
        """Return frames (axes, n) with those before them that their windows need.

        `before_first` (axes, 1) is what the signal is taken to have been before its first frame.
        """
        reach = self._frames - 1
        if self._past is None:
            self._past = np.repeat(before_first, reach, axis=1)
        joined: Floats = np.concatenate([self._past, frames], axis=1)
        self._past = joined[:, joined.shape[1] - reach :].copy()
        return joined

    def mean(self, joined: Floats) -> Floats:
        """Return the means of the windows, shape (axes, n), from frames with their past."""
        return moving_mean(joined, self._frames)


class SlowStage:
    """Makes frames of a signal that is too slow for an envelope."""

    def __init__(self, rule: EnvelopeRule, run: Run) -> None:
        """Start with the first run."""
        self._clock = FrameClock(run)
        is_emg = rule.band is not None
        self._averager = BlockAverager(self._clock.samples_per_frame, squared=is_emg)

    def process_run(self, run: Run) -> Frames:
        """Return the frames that a run completes, without an envelope."""
        frames = self._averager.process_samples(run.samples)
        times = self._clock.take_times(run, frames.shape[1])
        return frames_without_envelope(times, frames, self._clock.rate, run, known=False)


class MotionStage:
    """Computes the envelope of acceleration or load."""

    def __init__(self, rule: EnvelopeRule, run: Run) -> None:
        """Start with the first run."""
        self._clock = FrameClock(run)
        self._averager = BlockAverager(self._clock.samples_per_frame)
        self._window = Window(window_frames(rule, self._clock.rate))
        self._rest = RestingPosition(max(1, round(STEP_S * self._clock.rate)))

    def process_run(self, run: Run) -> Frames:
        """Return the frames that a run completes."""
        frames = self._averager.process_samples(run.samples)
        times = self._clock.take_times(run, frames.shape[1])
        if not frames.shape[1]:
            return frames_without_envelope(times, frames, self._clock.rate, run, known=True)
        # The variance within the window is the mean of the squares minus the square of the mean.
        # Both means are computed at once, with the squared lengths as one more row.
        rows = np.concatenate((frames, squared_lengths(frames)[None]))
        means = self._window.mean(self._window.prepend_past(rows, rows[:, :1]))
        center = means[:-1]
        variance = np.maximum(means[-1] - squared_lengths(center), 0.0)

        # Shaking and displacement from the resting position add up as squares.
        rest, unknown_rest = self._rest.process_frames(frames, center)
        envelope: Floats = np.sqrt(variance + squared_lengths(center - rest))
        shaking: Floats = np.sqrt(variance)
        return Frames(
            times,
            envelope,
            shaking,
            center,
            rest,
            unknown_rest,
            frames,
            self._clock.rate,
            run.fresh,
        )


class EmgStage:
    """Computes the envelope of EMG: the RMS of the filtered signal, without heartbeats."""

    def __init__(self, rule: EnvelopeRule, band: tuple[float, float], run: Run) -> None:
        """Start with the first run."""
        self._clock = FrameClock(run)
        self._bandpass = new_bandpass(band, run)
        self._averager = BlockAverager(self._clock.samples_per_frame, squared=True)
        self._ecg = EcgArtifactFilter(self._clock.rate)
        self._window = Window(window_frames(rule, self._clock.rate))

    def process_run(self, run: Run) -> Frames:
        """Return the frames that a run completes."""
        filtered = self._bandpass.process_samples(run.samples)
        averaged = self._averager.process_samples(filtered)
        energy, changes = self._ecg.process_frames(averaged)
        times = self._clock.take_times(run, energy.shape[1])
        if not energy.shape[1]:
            return frames_without_envelope(times, energy, self._clock.rate, run, known=True)
        # A filtered signal has no energy before it begins.
        joined = self._window.prepend_past(energy, np.zeros((1, 1)))
        envelope: Floats = np.sqrt(self._window.mean(joined)[0])
        heart_changes = tuple((self._clock.time_of(run, frame), known) for frame, known in changes)
        return Frames(
            times,
            envelope,
            envelope,
            energy,
            energy,
            0,
            energy,
            self._clock.rate,
            run.fresh,
            heart_changes,
        )


def frames_without_envelope(
    times: Times, frames: Floats, rate: float, run: Run, *, known: bool
) -> Frames:
    """Return frames of a slow signal, or no frames of a signal whose envelope is `known`."""
    nothing = np.empty(0)
    envelope = nothing if known else None
    return Frames(times, envelope, nothing, frames, frames, 0, frames, rate, run.fresh)


def new_bandpass(band: tuple[float, float], run: Run) -> Bandpass:
    """Return a band-pass filter that begins with a run.

    It is imported on first use, because SciPy doubles the memory that the process needs.
    """
    from limber_bridge.detection.bandpass import Bandpass  # noqa: PLC0415

    return Bandpass(band, run.rate, run.samples[:, :1])
