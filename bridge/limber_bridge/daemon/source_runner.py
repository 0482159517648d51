"""Runs the sources of a configuration, and opens them again when they are lost."""

import asyncio
import contextlib
import logging
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Container,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from dataclasses import dataclass, field, replace
from typing import Final

from limber_bridge.config.model import Config, ConfiguredSensor, all_sensors
from limber_bridge.daemon.failure_log import FailureLog, is_cancelled
from limber_bridge.daemon.sensor_health import DISCONNECTED_AFTER_US
from limber_bridge.detection.signal import SECOND, Quantity
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.inbox import Inbox, Refusal
from limber_bridge.sources.network_scan import HeardSensors
from limber_bridge.sources.replay_guard import ReplayGuard
from limber_bridge.sources.rest_gravity import GravityCheck
from limber_bridge.sources.sensor_changes import SensorAdded, SensorChanges, SensorRemoved
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Samples,
    SensorRequest,
    Source,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)

LOG: Final = logging.getLogger(__name__)

REOPEN_DELAY_S: Final = 10.0
"""Time until a source that was lost is opened again. Chosen: soon enough to lose little."""
MAX_REOPEN_INTERVAL_S: Final = 300.0
"""Longest time between two attempts to open a source that delivers nothing. Chosen: sensors are off
for hours by day, and each attempt occupies the radio."""


type RunKey = tuple[str, int | None]
"""Name of the source, and the id of the sensor; None for a run that serves all of its sensors."""


@dataclass(slots=True, eq=False)
class SourceRun:
    """One source that is running."""

    name: str
    source: Source
    sensors: list[SensorRequest]
    """Those that it reads now."""
    changes: SensorChanges = field(default_factory=SensorChanges)
    bases: dict[int, int] = field(default_factory=dict)
    """By sensor: what is added to the numbers of its samples."""
    task: asyncio.Task[None] | None = None

    def reads(self, sensor: int) -> bool:
        """Return whether a sensor is one of those that it reads."""
        return any(one.sensor.id == sensor for one in self.sensors)


class SourceRunner:
    """Open all sources of a configuration, and number what they deliver.

    A source that is lost is opened again for as long as it takes, and so is one that polls its
    sensors and hears nothing. The sample numbers continue from those before. A source that fails
    with an error that was not expected of it stops no other source.
    """

    def __init__(
        self,
        config: Config,
        host: HostClock,
        read: Mapping[int, Iterable[ReadPosition]],
        deliver: Callable[[SourceEvent], Awaitable[None]],
        queues: MutableMapping[str, Callable[[], int]],
        sources: Mapping[str, Source] = SOURCES,
    ) -> None:
        """Start with how far frames have been read, by sensor id.

        `deliver` takes what arrives, and may make the source wait. Sources add to `queues` how much
        waits in them, by name.
        """
        self._config = config
        self._host = host
        self._started = host.now()
        self._deliver = deliver
        self._queues = queues
        self._failures = FailureLog()
        self.inbox = Inbox(self._note_receiver_failure)
        """Takes messages for the sources that other parts of the bridge receive."""
        self._sources = sources
        self._replay_guards = {sensor: ReplayGuard(starts) for sensor, starts in read.items()}
        self._ends: dict[int, int] = {}
        self._gravity_checks: dict[int, GravityCheck] = {}
        self._runs: dict[RunKey, SourceRun] = {}
        self._group: asyncio.TaskGroup | None = None
        self.unknown = HeardSensors()
        """Sensors that send frames and are not configured."""
        self.started = asyncio.Event()
        """Set when sensors can be added and removed."""

    async def start(self, group: asyncio.TaskGroup) -> None:
        """Begin to run all sources of the configuration, as tasks of a group."""
        self._group = group
        await self.add(all_sensors(self._config))
        self.started.set()

    def set_config(self, config: Config) -> None:
        """Take the settings of a new configuration for sources that are opened from now on."""
        self._config = config

    async def add(self, sensors: Iterable[ConfiguredSensor]) -> None:
        """Read more sensors, after `start`; those that are read already go on."""
        new: dict[RunKey, list[SensorRequest]] = {}
        for one in sensors:
            source = self._sources[one.source]
            if source.live and one.sensor.quantity is Quantity.ACCELERATION:
                self._gravity_checks[one.sensor.id] = GravityCheck(one.sensor.id)
            key = (one.source, None if source.shared else one.sensor.id)
            new.setdefault(key, []).append(one.request)
        for key, requests in new.items():
            run = self._runs.get(key)
            if run is None:
                self._open(key, requests)
            elif run.source.changeable:
                self._extend(run, requests)
            else:
                await self._close(key)
                self._open(key, [*run.sensors, *requests])

    async def remove(self, sensors: Container[int]) -> None:
        """Stop reading sensors, after `start`; the others go on."""
        for key, run in list(self._runs.items()):
            gone = [one.sensor.id for one in run.sensors if one.sensor.id in sensors]
            if not gone:
                continue
            kept = [one for one in run.sensors if one.sensor.id not in sensors]
            if kept and run.source.changeable:
                run.sensors = kept
                run.changes.put(SensorRemoved(sensor) for sensor in gone)
                continue
            await self._close(key)
            if kept:
                self._open(key, kept)
        for sensor in [sensor for sensor in self._gravity_checks if sensor in sensors]:
            del self._gravity_checks[sensor]

    def _extend(self, run: SourceRun, requests: Sequence[SensorRequest]) -> None:
        """Let a run read more sensors."""
        run.sensors = [*run.sensors, *requests]
        for one in requests:
            run.bases[one.sensor.id] = self.end_of(one.sensor.id)
        run.changes.put(
            SensorAdded(one, tuple(self._positions_for(one.sensor.id))) for one in requests
        )

    def _open(self, key: RunKey, requests: Sequence[SensorRequest]) -> None:
        name, _ = key
        run = SourceRun(name, self._sources[name], list(requests))
        self._runs[key] = run
        assert self._group is not None  # noqa: S101 - `start` comes first
        run.task = self._group.create_task(self._run(run))

    async def _close(self, key: RunKey) -> None:
        """Stop a run, and wait until it has released what it opened."""
        task = self._runs.pop(key).task
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def note_read(self, samples: Samples) -> None:
        """Note that samples were read, so that a frame sent again counts once."""
        if samples.read_position is not None:
            self._replay_guards.setdefault(samples.sensor, ReplayGuard()).add_position(
                samples.read_position
            )

    def read_positions(self, sensors: Iterable[int]) -> list[tuple[int, ReadPosition]]:
        """Return how far frames have been read, by sensor id, the latest start last."""
        return [
            (sensor, position)
            for sensor in sensors
            for position in self._replay_guards.get(sensor, ())
        ]

    def end_of(self, sensor: int) -> int:
        """Return the number of the sample after the last of a sensor; 0 before the first."""
        return self._ends.get(sensor, 0)

    async def _run(self, run: SourceRun) -> None:
        """Deliver what a source yields until it ends; open it again when it is lost or silent.

        Errors that are not expected of a source are logged, and reported as the problem of its
        sensors.
        """
        logged = ""
        first_patience = DISCONNECTED_AFTER_US / SECOND
        patience = first_patience
        # A source that waits for sensors to connect, or plays a recording, may be silent.
        may_be_silent = run.source.listens or not run.source.live
        while True:
            # The new run gets the sensors as they are now.
            run.changes.take()
            # A source numbers its samples as it likes; numbers that repeat would be dropped.
            run.bases = {one.sensor.id: self.end_of(one.sensor.id) for one in run.sensors}
            arrivals = run.source.run(self._request(run))
            try:
                async with contextlib.aclosing(arrivals):
                    delivered = await self._forward(
                        arrivals, run, None if may_be_silent else patience
                    )
                if delivered is None:
                    return
            except SourceLostError as error:
                delivered = False
                if str(error) != logged:
                    LOG.error("source %s: %s", run.name, error)  # noqa: TRY400 - no traceback for a user
                logged = str(error)
                await asyncio.sleep(REOPEN_DELAY_S)
            except Exception as error:  # noqa: BLE001 - one source must not end the bridge
                # A source runs libraries for sensors, radios and amplifiers, whose errors cannot be
                # listed. Any class that is missing here would end the bridge for all sleepers.
                delivered = False
                await self._report_failure(run, error)
                await asyncio.sleep(REOPEN_DELAY_S)
            if delivered:
                logged = ""
                patience = first_patience
            else:
                patience = min(2 * patience, MAX_REOPEN_INTERVAL_S)

    async def _report_failure(self, run: SourceRun, error: Exception) -> None:
        """Report an unexpected error of a source as the problem of its sensors."""
        ids = [request.sensor.id for request in run.sensors]
        listed = ", ".join(map(str, ids))
        text = self._failures.log(
            f"source {run.name} (sensors: {listed})",
            error,
            f"it is opened again after {REOPEN_DELAY_S:g} s, and all other sources go on",
        )
        if is_cancelled():
            # The error came from closing the source, in place of the cancellation.
            raise asyncio.CancelledError from error
        for sensor in ids:
            await self._deliver(FrameError(sensor, Reason.SOURCE_FAILED, text))

    def _note_receiver_failure(self, sensor: int, error: Exception) -> Refusal:
        """Log an unexpected error of what receives the messages of a sensor."""
        text = self._failures.log(f"sensor {sensor}", error, "the message was refused")
        return Refusal(text)

    def _request(self, run: SourceRun) -> SourceRequest:
        """Return what a source is asked for, with how far its frames have been read by now."""
        read = {
            request.sensor.id: tuple(self._positions_for(request.sensor.id))
            for request in run.sensors
        }
        settings = self._config.source_settings.get(run.name)
        return SourceRequest(
            tuple(run.sensors),
            settings,
            self._config.calendar,
            self._host,
            self._started,
            read,
            self._queues,
            self.inbox,
            self.unknown.note,
            run.changes,
        )

    def _positions_for(self, sensor: int) -> Iterator[ReadPosition]:
        """Yield how far a sensor was read.

        The times are for the first run of a source, which brings the detection to where it was.
        """
        is_first = sensor not in self._ends
        for position in self._replay_guards.get(sensor, ()):
            yield position if is_first else replace(position, time=None)

    async def _forward(
        self,
        arrivals: AsyncGenerator[SourceEvent],
        run: SourceRun,
        patience: float | None,
    ) -> bool | None:
        """Deliver what a source yields until it ends, or has no sample for `patience` s.

        Return None if it ended, else whether it delivered samples before.
        """
        loop = asyncio.get_running_loop()
        delivered = False
        deadline = None if patience is None else loop.time() + patience
        while True:
            timer = asyncio.timeout_at(deadline)
            try:
                async with timer:
                    arrival = await anext(arrivals)
            except StopAsyncIteration:
                return None
            except TimeoutError:
                if not timer.expired():
                    # The source raised it.
                    raise
                LOG.debug("no sample for %g s; reopening the source", patience)
                return delivered
            if arrival.sensor is not None and not run.reads(arrival.sensor):
                # It was removed while this was on its way.
                continue
            if isinstance(arrival, Samples):
                delivered = True
                arrival = self._renumber(arrival, run.bases[arrival.sensor])
            await self._deliver(self._checked(arrival))
            if delivered and deadline is not None:
                # Counted from here, as the source did not cause the wait above.
                deadline = loop.time() + DISCONNECTED_AFTER_US / SECOND

    def _checked(self, arrival: SourceEvent) -> SourceEvent:
        """Return what arrived, or the error in place of accelerations in a wrong unit."""
        if not isinstance(arrival, Samples) or arrival.sensor not in self._gravity_checks:
            return arrival
        return self._gravity_checks[arrival.sensor].process_block(arrival.block) or arrival

    def _renumber(self, samples: Samples, base: int) -> Samples:
        """Return samples with numbers that continue from those before the source was opened."""
        if base:
            samples = samples.renumbered(base)
        self._ends[samples.sensor] = max(samples.block.end, self.end_of(samples.sensor))
        return samples
