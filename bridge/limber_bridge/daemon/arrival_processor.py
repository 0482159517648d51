"""Processes what the sources deliver."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from limber_bridge.config.model import Config
from limber_bridge.daemon.bridge_health import BridgeHealthMonitor
from limber_bridge.daemon.change_applier import ChangeApplier
from limber_bridge.daemon.changes import Change
from limber_bridge.daemon.live_view import LiveView
from limber_bridge.daemon.log_throttle import LogThrottle
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.source_runner import SourceRunner
from limber_bridge.detection.signal import Sensor
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import FrameError, Reason, Samples, SourceEvent
from limber_bridge.storage.raw_recorder import RawRecorder


class RawSignalTap:
    """Pass samples to the raw recorder if the raw signal is stored."""

    def __init__(self, config: Config, raw: RawRecorder) -> None:
        """Start; which sensors are recorded follows from the configuration."""
        self._raw = raw
        self._sensors = raw_sensors(config)

    def set_config(self, config: Config) -> None:
        """Record the sensors of a new configuration from now on."""
        self._sensors = raw_sensors(config)

    def record(self, monitor: SleeperMonitor, samples: Samples) -> None:
        """Record samples, unless they belong to a pause or the sensor is not recorded."""
        sensor = self._sensors.get(samples.sensor)
        if sensor is None or monitor.pauses.covers(samples.block):
            return
        # What a previous run has read, it has recorded as well.
        if not samples.read_before:
            self._raw.add_block(monitor.id, sensor, samples.block)


@dataclass(frozen=True, slots=True)
class SampleTaps:
    """What sees the samples beside the detection."""

    raw: RawSignalTap
    live: LiveView


class FrameErrorReporter:
    """Report errors of frames in the log and in the health of the bridge."""

    def __init__(self, health: BridgeHealthMonitor, log: LogThrottle) -> None:
        """Start."""
        self._health = health
        self._log = log

    def report(self, error: FrameError, now: int) -> None:
        """Report one error; the sensor's own health counts it as well."""
        self._log.warn(error.sensor, error.reason, error.detail)
        if error.reason is Reason.OVERLOADED:
            self._health.note_overload(now)

    def log_left_out(self) -> None:
        """Log how many errors were left out, once their time is over."""
        self._log.log_left_out()


class ArrivalProcessor:
    """Pass arrivals to the monitor of the sleeper, and apply what they change."""

    def __init__(
        self,
        host: HostClock,
        monitors: Mapping[int, SleeperMonitor],
        sources: SourceRunner,
        taps: SampleTaps,
        errors: FrameErrorReporter,
        applier: ChangeApplier,
    ) -> None:
        """Start; `monitors` are those of the sensors' sleepers, by sensor id, and may change."""
        self._host = host
        self._monitors = monitors
        self._sources = sources
        self._taps = taps
        self._errors = errors
        self._applier = applier

    async def process(self, arrivals: Iterable[SourceEvent]) -> None:
        """Process arrivals in order; what they change is written with one wait for the disk."""
        changes: list[tuple[SleeperMonitor, Change]] = []
        live = self._taps.live
        self._errors.log_left_out()
        for arrival in arrivals:
            if isinstance(arrival, FrameError):
                self._errors.report(arrival, self._host.now())
            if arrival.sensor is None:
                continue
            monitor = self._monitors.get(arrival.sensor)
            if monitor is None:
                # The sensor was removed while this waited.
                continue
            if isinstance(arrival, Samples):
                self._sources.note_read(arrival)
                self._applier.note_read(monitor.id, arrival)
                self._taps.raw.record(monitor, arrival)
            change = monitor.process_arrival(arrival.sensor, arrival, self._host.now())
            changes.append((monitor, change))
            if isinstance(arrival, Samples) and live.is_watched(arrival.sensor):
                live.note_samples(arrival, self._host.now())
        await self._applier.apply_all(changes)

    async def process_tick(self) -> None:
        """File the results of guided checks."""
        await self._applier.apply_all(list(self._taps.live.take_results()))


def raw_sensors(config: Config) -> dict[int, Sensor]:
    """Return the sensors whose raw signal is recorded, by id.

    The signal of a sensor that plays a recording is in that recording already.
    """
    if not config.retention.raw:
        return {}
    return {
        configured.sensor.id: configured.sensor
        for sleeper in config.sleepers
        if sleeper.live
        for configured in sleeper.sensors
    }
