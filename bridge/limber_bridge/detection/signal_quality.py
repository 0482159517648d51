"""Report what is wrong with the signal of a sensor; docs/science.md#signal-quality.

A fault is never a movement, and never looks like stillness. Each verdict depends on whole seconds
or epochs at fixed places in the signal, so cutting the signal into blocks changes nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from limber_bridge.detection.continuity import Run
from limber_bridge.detection.epochs import EPOCH_US, Epoch
from limber_bridge.detection.events import FaultKind, SignalFault
from limber_bridge.detection.geometry import angle_degrees
from limber_bridge.detection.mains_hum import (
    LOOK_EVERY_S,
    LOOK_EVERY_S_CALF,
    MainsHumDetector,
)
from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor

DISCONNECTED_MAX_UV2: Final = 0.0025
"""Energy of EMG below which no electrode is connected: 0.05 uV RMS. Chosen: a good amplifier has
0.65 uV of noise; docs/science.md#not-worn."""
DISCONNECTED_EPOCHS: Final = 6
"""Epochs for which it must be that low: one minute."""
UNWORN_AFTER_US: Final = 2 * 3600 * SECOND
"""Time without any movement after which an ankle sensor is not worn. Chosen: sleepers turn over now
and then; docs/science.md#not-worn."""
MOVING_FROM_G: Final = 0.02
"""Envelope from which an epoch is not still, although nothing began in it. Chosen: an earlier
movement may go on; docs/science.md#loose-strap."""
LOOSE_MIN_TURN_DEGREES: Final = 5.0
"""Turn of a sensor while nothing moves. As for position changes (van Hees 2015);
docs/science.md#loose-strap."""
LOOSE_FOR_US: Final = 30 * 60 * SECOND
"""Time for which a strap counts as loose after it slid. Chosen."""


class FaultLog:
    """Remembers which faults of a sensor last, and reports each once when it begins and ends."""

    def __init__(self, sensor: int) -> None:
        """Start without faults."""
        self._sensor = sensor
        self._open: dict[FaultKind, SignalFault] = {}

    def is_open(self, kind: FaultKind) -> bool:
        """Return whether a fault lasts."""
        return kind in self._open

    def begin(self, kind: FaultKind, time: int) -> Iterator[SignalFault]:
        """Yield a fault that begins at a time (us), unless it lasts already."""
        if kind not in self._open:
            self._open[kind] = SignalFault(self._sensor, time, None, kind)
            yield self._open[kind]

    def end(self, kind: FaultKind, time: int) -> Iterator[SignalFault]:
        """Yield a fault that ends at a time (us), if it lasts."""
        fault = self._open.pop(kind, None)
        if fault is not None:
            yield SignalFault(fault.sensor, fault.onset, time, kind)

    def end_all(self, time: int) -> Iterator[SignalFault]:
        """Yield all faults that last, as ending at a time (us)."""
        for kind, fault in list(self._open.items()):
            yield from self.end(kind, max(time, fault.onset))


class DisconnectedEmg:
    """Finds an amplifier that shows less than its own noise: it is off, or not connected."""

    def __init__(self) -> None:
        """Start without epochs."""
        self._epochs = 0

    def process_epoch(self, epoch: Epoch, log: FaultLog) -> Iterator[SignalFault]:
        """Yield what one more epoch shows."""
        is_low = epoch.mean[0] < DISCONNECTED_MAX_UV2
        self._epochs = self._epochs + 1 if is_low else 0
        if not is_low:
            yield from log.end(FaultKind.NOT_WORN, epoch.start)
        elif self._epochs == DISCONNECTED_EPOCHS:
            # It began with the first of these epochs.
            began = epoch.start - (DISCONNECTED_EPOCHS - 1) * EPOCH_US
            yield from log.begin(FaultKind.NOT_WORN, began)


class UnwornAnkle:
    """Finds an ankle sensor at which nothing has moved for longer than people lie still."""

    def __init__(self) -> None:
        """Start without epochs."""
        self._still_since: int | None = None

    def process_epoch(self, epoch: Epoch, log: FaultLog) -> Iterator[SignalFault]:
        """Yield what one more epoch shows."""
        if epoch.onsets or self._still_since is None:
            self._still_since = epoch.start
            yield from log.end(FaultKind.NOT_WORN, epoch.start)
        elif epoch.start + EPOCH_US - self._still_since >= UNWORN_AFTER_US:
            yield from log.begin(FaultKind.NOT_WORN, self._still_since)


class LooseStrap:
    """Finds a sensor that turns while nothing moves: its strap slides."""

    def __init__(self) -> None:
        """Start without epochs."""
        self._still_direction: tuple[float, ...] | None = None
        """Direction of the sensor in the first usable epoch since something moved."""
        self._was_still = False
        self._slid_at = 0
        """us."""

    def process_epoch(self, epoch: Epoch, log: FaultLog) -> Iterator[SignalFault]:
        """Yield what one more epoch shows."""
        if log.is_open(FaultKind.STRAP_LOOSE) and epoch.start - self._slid_at >= LOOSE_FOR_US:
            yield from log.end(FaultKind.STRAP_LOOSE, epoch.start)
        if epoch.onsets or epoch.peak >= MOVING_FROM_G:
            self._still_direction = None
            self._was_still = False
        elif self._still_direction is None:
            # The movement before may reach into the first still epoch, so that is not used.
            self._still_direction = epoch.mean if self._was_still else None
            self._was_still = True
        elif angle_degrees(self._still_direction, epoch.mean) > LOOSE_MIN_TURN_DEGREES:
            # The next turn is measured from here.
            self._still_direction = epoch.mean
            self._slid_at = epoch.start
            yield from log.begin(FaultKind.STRAP_LOOSE, epoch.start)


type EpochCheck = DisconnectedEmg | UnwornAnkle | LooseStrap


class SignalQualityMonitor:
    """Follows one sensor and reports its faults, once when each begins and once when it is over."""

    def __init__(self, sensor: Sensor) -> None:
        """Start without faults."""
        self._sensor = sensor
        self._log = FaultLog(sensor.id)
        self._hum: MainsHumDetector | None = None
        if sensor.quantity is Quantity.EMG:
            is_calf = sensor.placement is Placement.CALF
            self._hum = MainsHumDetector(LOOK_EVERY_S_CALF if is_calf else LOOK_EVERY_S)
        self._checks = epoch_checks(sensor)

    def process_heart_changes(self, changes: Sequence[tuple[int, bool]]) -> Iterator[SignalFault]:
        """Yield what changes of the heartbeat in the EMG show, each with its time (us)."""
        for time, beats in changes:
            yield from self._report(FaultKind.HEART_BEAT, time, is_present=beats)

    def process_run(self, run: Run) -> Iterator[SignalFault]:
        """Yield what the samples of a run show."""
        if self._hum is None:
            return
        for time, hums in self._hum.process_run(run):
            yield from self._report(FaultKind.MAINS_HUM, time, is_present=hums)

    def process_epochs(self, epochs: Sequence[Epoch]) -> Iterator[SignalFault]:
        """Yield what the next epochs show."""
        for epoch in epochs:
            for check in self._checks:
                yield from check.process_epoch(epoch, self._log)

    def had_hum_at(self, time: int) -> bool:
        """Return whether mains hum was known at a time (us) among the last seconds."""
        return self._hum is not None and self._hum.had_hum_at(time)

    def finish(self, until: int) -> Iterator[SignalFault]:
        """Yield the faults that last, as ending at a time (us).

        The signal ends or breaks off there, or the clock is set back.
        """
        yield from self._log.end_all(until)
        self._checks = epoch_checks(self._sensor)

    def _report(self, kind: FaultKind, time: int, *, is_present: bool) -> Iterator[SignalFault]:
        """Yield a fault that begins or ends at a time (us)."""
        return self._log.begin(kind, time) if is_present else self._log.end(kind, time)


def epoch_checks(sensor: Sensor) -> tuple[EpochCheck, ...]:
    """Return the checks of the epochs of one kind of sensor, in their fixed order."""
    if sensor.quantity is Quantity.EMG:
        return (DisconnectedEmg(),)
    if sensor.placement is Placement.ANKLE:
        # A strap that slides shows in the direction of gravity.
        return (UnwornAnkle(), LooseStrap()) if sensor.has_gravity else (UnwornAnkle(),)
    return ()
