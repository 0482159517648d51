"""What is wrong with a sensor, by name: told, so that nobody takes it for stillness; never a
movement.

Law: a verdict rests on whole seconds or epochs at fixed places in the signal, so no cut of it into
blocks changes one.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import numpy as np

from limber_bridge.detection.continuity import Run
from limber_bridge.detection.epochs import EPOCH_US, Epoch
from limber_bridge.detection.events import FaultKind, SignalFault
from limber_bridge.detection.geometry import angle_degrees
from limber_bridge.detection.signal import SECOND, Floats, Placement, Quantity, Sensor

LOOK: Final = 60
"""s between two looks for hum, each of them a second long."""
CALF_LOOK: Final = 5
"""The same at a calf, where hum that begins would look like a cramp before a minute is over."""
MAINS: Final = (50, 60)
"""Hz."""
BESIDE: Final = 5
"""Hz beside the mains, where a muscle has as much of its power as there, and hum has none."""
HUM: Final = 3.0
"""uV; amplitude from which on it is worth a word: the thresholds are 8 and 2 uV."""
PURE: Final = 4.0
"""Times as much as beside it: noise and muscle reach twice as much in a second by chance [D]."""
HUMS: Final = 2
"""Looks in a row that make it sure, or over."""
CHANGES: Final = 256
"""Changes that are remembered: as many as a block of stored signal can hold."""
DEAD: Final = 0.0025
"""uV squared: 0.05 uV in 10 to 100 Hz. A good amplifier has ten times that noise (science reference
3.1: 0.65 uV)."""
DEAD_EPOCHS: Final = 6
"""A minute."""
UNMOVED: Final = 2 * 3600 * SECOND
"""us in which a worn sensor shows something that moves: sleepers turn over now and then [D]."""
MOVING: Final = 0.02
"""g; level from which on an epoch is not quiet, though nothing began in it: something earlier goes
on [D]."""
DRIFT: Final = 5.0
"""Degrees; a limb that turns by so much moves (van Hees 2015). A sensor that does without moving
slides."""
LOOSE_FOR: Final = 30 * 60 * SECOND
"""us for which a strap that slid counts as loose."""


class SignalQualityMonitor:
    """Follows one sensor and tells its flaws: once when each begins, and once more, with its end,
    when it is over.
    """

    def __init__(self, sensor: Sensor) -> None:
        """Begin with nothing."""
        self._sensor = sensor
        self._hum = None
        if sensor.quantity is Quantity.EMG:
            self._hum = MainsHumDetector(CALF_LOOK if sensor.placement is Placement.CALF else LOOK)
        self._worn = sensor.placement is Placement.ANKLE
        self._open: dict[FaultKind, SignalFault] = {}
        self._unmoved_since: int | None = None
        self._dead = 0
        self._anchor: tuple[float, ...] | None = None
        self._settled = False
        self._slid = 0

    def hear(self, changes: Sequence[tuple[int, bool]]) -> Iterator[SignalFault]:
        """Yield what changes of the heart beat, each with its time (us), tell."""
        for time, beating in changes:
            yield from self._told(FaultKind.HEART_BEAT, time, wrong=beating)

    def look(self, run: Run) -> Iterator[SignalFault]:
        """Yield what the samples themselves tell."""
        for time, humming in self._hum.feed(run) if self._hum is not None else ():
            yield from self._told(FaultKind.MAINS_HUM, time, wrong=humming)

    def hums(self, time: int) -> bool:
        """Return whether at a time (us), one of the last seconds, it was known that there is hum."""
        return self._hum is not None and self._hum.known(time)

    def take(self, epochs: Sequence[Epoch]) -> Iterator[SignalFault]:
        """Yield what the next epochs tell."""
        for epoch in epochs:
            if self._hum is not None:
                yield from self._alive(epoch)
            elif self._worn:
                yield from self._moved(epoch)
                yield from self._held(epoch)

    def finish(self, until: int) -> Iterator[SignalFault]:
        """Yield what lasts, as ending at a time (us): the signal ends, breaks off, or time has gone
        back.
        """
        for fault in list(self._open):
            yield from self._told(fault, max(until, self._open[fault].onset), wrong=False)
        self._unmoved_since = self._anchor = None
        self._dead = 0
        self._settled = False

    def _told(self, fault: FaultKind, time: int, *, wrong: bool) -> Iterator[SignalFault]:
        known = self._open.get(fault)
        if wrong and known is None:
            self._open[fault] = SignalFault(self._sensor.id, time, None, fault)
            yield self._open[fault]
        elif not wrong and known is not None:
            del self._open[fault]
            yield SignalFault(known.sensor, known.onset, time, fault)

    def _alive(self, epoch: Epoch) -> Iterator[SignalFault]:
        """Tell an amplifier that shows less than its own noise: nothing is connected, or it is off."""
        dead = epoch.mean[0] < DEAD
        self._dead = self._dead + 1 if dead else 0
        if not dead:
            yield from self._told(FaultKind.NOT_WORN, epoch.start, wrong=False)
        elif self._dead == DEAD_EPOCHS:
            yield from self._told(
                FaultKind.NOT_WORN, epoch.start - (DEAD_EPOCHS - 1) * EPOCH_US, wrong=True
            )

    def _moved(self, epoch: Epoch) -> Iterator[SignalFault]:
        """Tell an ankle at which nothing has moved for longer than anybody lies still."""
        if epoch.onsets or self._unmoved_since is None:
            self._unmoved_since = epoch.start
            yield from self._told(FaultKind.NOT_WORN, epoch.start, wrong=False)
        elif epoch.start + EPOCH_US - self._unmoved_since >= UNMOVED:
            yield from self._told(FaultKind.NOT_WORN, self._unmoved_since, wrong=True)

    def _held(self, epoch: Epoch) -> Iterator[SignalFault]:
        """Tell a sensor that turns while nothing moves: its strap slides."""
        if FaultKind.STRAP_LOOSE in self._open and epoch.start - self._slid >= LOOSE_FOR:
            yield from self._told(FaultKind.STRAP_LOOSE, epoch.start, wrong=False)
        if epoch.onsets or epoch.peak >= MOVING:
            self._anchor = None
            self._settled = False
        elif self._anchor is None:
            # The movement before may reach into the first quiet epoch.
            self._anchor = epoch.mean if self._settled else None
            self._settled = True
        elif angle_degrees(self._anchor, epoch.mean) > DRIFT:
            self._anchor = epoch.mean
            self._slid = epoch.start
            yield from self._told(FaultKind.STRAP_LOOSE, epoch.start, wrong=True)


class MainsHumDetector:
    """Looks for the mains in the samples of one EMG sensor, a second in every `LOOK`."""

    def __init__(self, every: int) -> None:
        """Begin to look once in so many seconds; the rate comes with the first run, which is fresh."""
        self._every = every
        self._known: deque[tuple[int, bool]] = deque(maxlen=CHANGES)
        self._kept = np.empty(0)
        """What has come of the next look."""
        self._next = self._row = self._since = 0
        self._humming = False

    def feed(self, run: Run) -> Iterator[tuple[int, bool]]:
        """Yield when (us) it is sure that there is hum, or none any more; it began, or ended, at
        that time.
        """
        length = round(run.rate)
        if run.fresh:
            self._kept = np.empty(0)
            self._next = run.first
            self._row = 0
        if length < 2 * (max(MAINS) + BESIDE) + BESIDE:
            return
        rows = []
        starts = []
        while (second := self._second(run, length)) is not None:
            rows.append(second)
            starts.append(self._next)
            self._next += self._every * length
        for start, pure in zip(starts, hums(np.stack(rows)).tolist() if rows else (), strict=True):
            yield from self._seen(run.clock.time_of(start), humming=pure)

    def _second(self, run: Run, length: int) -> Floats | None:
        """Return the samples of the next look if the run completes it; else keep what it has of
        them.
        """
        have = self._next + len(self._kept) - run.first
        piece = run.samples[0, max(0, have) : max(0, self._next + length - run.first)]
        second = np.concatenate([self._kept, piece]) if len(self._kept) else piece
        complete = len(second) == length
        self._kept = np.empty(0) if complete else second.copy()
        return second if complete else None

    def _seen(self, time: int, *, humming: bool) -> Iterator[tuple[int, bool]]:
        if humming is self._humming:
            self._row = 0
            return
        self._since = time if not self._row else self._since
        self._row += 1
        if self._row == HUMS:
            self._humming = humming
            self._row = 0
            self._known.append((time + SECOND, humming))
            yield self._since, humming

    def known(self, time: int) -> bool:
        """Return what was known at a time (us)."""
        return next((humming for since, humming in reversed(self._known) if since <= time), False)


def hums(seconds: Floats) -> np.ndarray:
    """Return which of the rows, each a second of EMG in uV, hum."""
    found = np.zeros(len(seconds), bool)
    for mains in MAINS:
        here = tone(seconds, mains)
        beside = (tone(seconds, mains - BESIDE) + tone(seconds, mains + BESIDE)) / 2
        found |= (here >= HUM) & (here >= PURE * beside)
    return found


def tone(seconds: Floats, frequency: int) -> Floats:
    """Return the amplitude of one frequency (Hz) in each row, a second long."""
    cosine, sine = waves(seconds.shape[1], frequency)
    # Sums along a row do not depend on how many rows there are, as a product of matrices might.
    amplitude: Floats = np.hypot((seconds * cosine).sum(axis=1), (seconds * sine).sum(axis=1))
    return amplitude


@cache
def waves(length: int, frequency: int) -> tuple[Floats, Floats]:
    """Return a second of cosine and sine under a Hann window, such that their product with a tone
    is its amplitude.
    """
    phase = 2 * np.pi * frequency * np.arange(length) / length
    window = np.hanning(length) * 2 / np.hanning(length).sum()
    return np.cos(phase) * window, np.sin(phase) * window
