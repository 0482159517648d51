"""The health of the bridge itself, for the service manager, `GET /health` and every state.

The detection counts as live while it processes ticks; nothing else can report it as live.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from limber_bridge import __version__
from limber_bridge.daemon.mqtt_client import MqttClient
from limber_bridge.daemon.sensor_health import PROBLEM_ENDED
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.systemd import process_health
from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.nights import to_utc
from limber_bridge.protocol.health_messages import (
    BridgeHealth,
    ClockStepInfo,
    HealthReport,
    JournalHealth,
    Problem,
    ProcessHealth,
    SensorHealth,
)
from limber_bridge.sources.host_clock import HostClock, HostClockStep
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.raw_recorder import RawRecorder

STALLED_AFTER_S: Final = 30.0
"""Time without a processed tick after which the detection counts as stalled, and only a restart
helps. Chosen: longer than any wait for a disk."""
OVERLOAD_REPORTED_US: Final = 60 * SECOND
"""Time for which it is reported that something was dropped. Chosen: as errors of a sensor are."""
PROBLEM_OVERLOADED: Final = "overloaded"
"""Problem of a bridge that receives more than it can read (docs/protocol.md)."""
PROBLEM_HTTP: Final = "web_server"
"""Problem of a bridge that cannot serve HTTP (docs/protocol.md)."""

PROBLEM_BAD_SECTOR: Final = "disk_error"
"""Problem of a bridge whose disk has lost a part of an earlier journal (docs/protocol.md)."""
PROBLEM_UPKEEP: Final = "journal_upkeep"
"""Problem of a bridge that could not back up or tidy its journal (docs/protocol.md)."""


def unconfigured_message(ids: Sequence[str]) -> str:
    """Return the warning about sleepers who are in the journal but not in the configuration."""
    names = ", ".join(f"`{sleeper}`" for sleeper in ids)
    return (
        f"the journal contains nights of {names}, but the configuration has no sleeper with this"
        " id; if an `id` was changed, change it back to see these nights again"
    )


class JournalHealthMonitor:
    """Report the health of the journal and of the raw signal."""

    def __init__(
        self,
        writer: JournalWriter,
        raw: RawRecorder,
        journal: Journal,
        unconfigured_sleepers: tuple[str, ...],
    ) -> None:
        """Start; `unconfigured_sleepers` are in the journal but not in limber.yaml."""
        self._writer = writer
        self._raw = raw
        self._journal = journal
        self._unconfigured_sleepers = unconfigured_sleepers

    def set_unconfigured(self, sleepers: tuple[str, ...]) -> None:
        """Note the ids of sleepers in the journal but not in limber.yaml."""
        self._unconfigured_sleepers = sleepers

    @property
    def recording(self) -> bool:
        """Whether events are being written to the journal."""
        return self._writer.status.healthy

    @property
    def problem(self) -> tuple[str, ...]:
        """The key of what is wrong with the journal; empty where nothing is."""
        reason = self._writer.status.fault
        return (str(reason),) if reason else ()

    @property
    def detail(self) -> str | None:
        """What is wrong with the journal and what to do, for a person."""
        return self._writer.status.detail

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong although events are recorded."""
        if files := self._journal.unreadable_files:
            names = ", ".join(str(file) for file in files)
            yield Problem(
                key=PROBLEM_BAD_SECTOR,
                message=f"the disk cannot return a part of an earlier journal, kept as {names};"
                " replace the disk, then move that file away",
            )
        if self._writer.upkeep_problem:
            yield Problem(key=PROBLEM_UPKEEP, message=self._writer.upkeep_problem)

    def health(self) -> JournalHealth:
        """Return the health of the journal as it is published."""
        recording = self._writer.status
        return JournalHealth(
            problem=recording.fault,
            message=recording.detail,
            pending=recording.pending,
            dropped=recording.lost,
            warning=" ".join(self._journal.notices) or None,
            raw_signal_problem=self._raw.fault,
            unconfigured_sleepers=self._unconfigured_sleepers,
        )


@dataclass(frozen=True, slots=True)
class StartTime:
    """When the bridge started."""

    utc: int
    """us since 1970."""
    steady: int
    """us on the steady clock, which no correction of the time changes."""


class LivenessMonitor:
    """Track whether the detection is running, and the resources of the process."""

    def __init__(self) -> None:
        """Start as live; to be called where an event loop runs."""
        self._ticked_at = asyncio.get_running_loop().time()
        self.process: ProcessHealth = process_health()
        """What the process used at the last tick."""

    def note_tick(self) -> None:
        """Note that everything that arrived before this tick has been processed and stored."""
        self._ticked_at = asyncio.get_running_loop().time()
        self.process = process_health()

    def is_live(self) -> bool:
        """Return whether a tick was processed recently."""
        return asyncio.get_running_loop().time() - self._ticked_at < STALLED_AFTER_S


class BridgeHealthMonitor:
    """Collect the health of the bridge, its journal, its broker and its sensors."""

    def __init__(
        self,
        host: HostClock,
        monitors: Mapping[str, SleeperMonitor],
        mqtt: MqttClient,
        journal: JournalHealthMonitor,
        queues: Mapping[str, Callable[[], int]],
    ) -> None:
        """Start; `queues` return how much waits, by name, and may grow."""
        self._host = host
        self._monitors = monitors
        self._mqtt = mqtt
        self._journal = journal
        self._queues = queues
        self._start = StartTime(host.now(), host.steady())
        self._liveness = LivenessMonitor()
        self._overloaded_at: int | None = None
        self._clock_step: ClockStepInfo | None = None
        self._http_problem = ""
        self._failed_requests = 0

    def note_tick(self) -> None:
        """Note that everything that arrived before this tick has been processed and stored."""
        self._liveness.note_tick()

    def note_overload(self, now: int) -> None:
        """Note that something was dropped because too much arrives."""
        self._overloaded_at = now

    def note_failed_request(self) -> None:
        """Note that a request was refused because of a fault of the bridge."""
        self._failed_requests += 1

    def note_clock_step(self, step: HostClockStep) -> None:
        """Note that the host's clock was set."""
        self._clock_step = ClockStepInfo(time=to_utc(step.time), offset=step.offset / SECOND)

    def note_http_problem(self, problem: str) -> None:
        """Note why HTTP cannot be served; an empty text where it can."""
        self._http_problem = problem

    @property
    def recording(self) -> bool:
        """Whether events are being written to the journal."""
        return self._journal.recording

    def set_unconfigured(self, sleepers: tuple[str, ...]) -> None:
        """Note the ids of sleepers in the journal but not in limber.yaml."""
        self._journal.set_unconfigured(sleepers)

    def problem_keys(self) -> tuple[str, ...]:
        """Return the keys of everything wrong with the bridge and its journal."""
        bridge = tuple(problem.key for problem in self._problems(self._host.now()))
        return bridge + self._journal.problem

    def journal(self) -> JournalHealth:
        """Return the health of the journal as it is published."""
        return self._journal.health()

    def bridge(self, now: int) -> BridgeHealth:
        """Return the health of the bridge as it is published."""
        return BridgeHealth(
            started=to_utc(self._start.utc),
            uptime=round((self._host.steady() - self._start.steady) / SECOND, 1),
            broker=self._mqtt.health,
            process=self._liveness.process,
            failed_requests=self._failed_requests,
            last_clock_step=self._clock_step,
            queues={name: waiting() for name, waiting in self._queues.items()},
            problems=tuple(self._problems(now)),
        )

    def report(self) -> HealthReport:
        """Return what `GET /health` answers."""
        now = self._host.now()
        bridge = self.bridge(now)
        sleepers = {
            sleeper: monitor.sensor_health.messages(now)
            for sleeper, monitor in self._monitors.items()
        }
        live = self._liveness.is_live()
        healthy = live and self.recording and not bridge.problems and not has_problem(sleepers)
        return HealthReport(
            healthy=healthy,
            live=live,
            time=to_utc(now),
            software=__version__,
            recording=self.recording,
            journal=self.journal(),
            bridge=bridge,
            sleepers=sleepers,
        )

    def status_line(self) -> str:
        """Return the health in one line, for the service manager."""
        now = self._host.now()
        statuses = [
            status
            for monitor in self._monitors.values()
            for status in monitor.sensor_health.statuses(now)
        ]
        connected = sum(status.connected for status in statuses)
        line = f"{connected} of {len(statuses)} sensors connected"
        first = self._journal.detail or next(
            (problem.message for problem in self._problems(now)), None
        )
        return line if not first else f"{line}; {first}"

    def _problems(self, now: int) -> Iterator[Problem]:
        """Yield what is wrong with the bridge itself."""
        yield from self._mqtt.problems
        overloaded_at = self._overloaded_at
        if overloaded_at is not None and abs(now - overloaded_at) < OVERLOAD_REPORTED_US:
            yield Problem(
                key=PROBLEM_OVERLOADED,
                message="more data arrives than can be read, and some was dropped; look for a "
                "sensor that sends too much",
            )
        yield from self._journal.problems()
        if self._http_problem:
            yield Problem(key=PROBLEM_HTTP, message=self._http_problem)


def has_problem(sleepers: Mapping[str, Mapping[str, SensorHealth]]) -> bool:
    """Return whether any sensor has a problem, apart from the end of a recording."""
    return any(
        sensor.problem not in (None, PROBLEM_ENDED)
        for sensors in sleepers.values()
        for sensor in sensors.values()
    )
