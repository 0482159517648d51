"""How the bridge itself does, for whoever asks: the service manager, `GET /health`, and everybody
with the state.

Law: the detection is alive as long as it looks at the time, and nothing else says so for it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from limber_bridge import __version__
from limber_bridge.daemon.mqtt_client import MqttClient
from limber_bridge.daemon.sensor_health import PROBLEM_ENDED
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.systemd import ServiceManager, process_health
from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.nights import to_utc
from limber_bridge.protocol.messages import (
    BridgeHealth,
    ClockStepInfo,
    HealthReport,
    JournalHealth,
    Problem,
)
from limber_bridge.sources.host_clock import HostClock, HostClockStep
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.raw_recorder import RawRecorder

STUCK: Final = 30.0
"""s without a look at the time after which the detection counts as stuck: only a restart helps
then."""
SHED: Final = 60 * SECOND
"""us for which it is told that something was thrown away."""
OVERLOADED: Final = "overloaded"
NO_PAGE: Final = "web_server"
"""What can be wrong with the bridge besides its connection; docs/protocol.md, section 3."""


def unconfigured_message(ids: Sequence[str]) -> str:
    """Return the warning about sleepers who are in the journal but not in the configuration."""
    names = ", ".join(f"`{one}`" for one in ids)
    return (
        f"the journal holds nights of {names}, but limber.yaml has no sleeper with this id;"
        " if an `id` was changed, change it back to see these nights again"
    )


class BridgeHealthMonitor:
    """Follows the bridge."""

    def __init__(
        self,
        host: HostClock,
        watches: Mapping[str, SleeperMonitor],
        link: MqttClient,
        recorder: JournalWriter,
        raw: RawRecorder,
        notices: Sequence[str],
    ) -> None:
        """Begin; `notices` is what a person has to know of the journal, and may grow."""
        self._host = host
        self._watches = watches
        self._link = link
        self._recorder = recorder
        self._raw = raw
        self._notices = notices
        self._begun = host.now()
        self._steady = host.steady()
        self._ticked = asyncio.get_running_loop().time()
        self._process = process_health()
        self._shed: int | None = None
        self._clock_change: ClockStepInfo | None = None
        self._service = ServiceManager()
        self.queues: dict[str, Callable[[], int]] = {}
        """What waits, by name."""
        self.unconfigured_sleepers: tuple[str, ...] = ()
        """Ids of sleepers who are in the journal but not in the configuration."""
        self.page_trouble = ""
        """What keeps us from answering `GET /health`; empty if nothing does."""

    def ready(self) -> None:
        """Tell the service manager that the start is over."""
        self._service.ready()

    def stopping(self) -> None:
        """Tell the service manager that the end has begun."""
        self._service.stopping()

    def tick(self) -> None:
        """Note that the detection has looked at the time: all that came before it is read,
        understood and kept.
        """
        self._ticked = asyncio.get_running_loop().time()
        self._process = process_health()
        self._service.alive(self._status())

    def shed(self, now: int) -> None:
        """Note that something was thrown away."""
        self._shed = now

    def clock_set(self, step: HostClockStep) -> None:
        """Note that somebody set the host's clock."""
        self._clock_change = ClockStepInfo(time=to_utc(step.time), offset=step.offset / SECOND)

    @property
    def recording(self) -> bool:
        """Whether what happens is kept."""
        return self._recorder.status.healthy

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is wrong with the bridge and its record, in words for programs: whoever follows the
        state is told.
        """
        record = self._recorder.status.fault
        return (
            *(problem.key for problem in self._problems(self._host.now())),
            *([str(record)] if record else []),
        )

    def health(self, now: int) -> BridgeHealth:
        """Return how the bridge does."""
        return BridgeHealth(
            started=to_utc(self._begun),
            uptime=round((self._host.steady() - self._steady) / SECOND, 1),
            broker=self._link.health,
            process=self._process,
            last_clock_step=self._clock_change,
            queues={name: waiting() for name, waiting in self.queues.items()},
            problems=tuple(self._problems(now)),
        )

    def record(self) -> JournalHealth:
        """Return how the record does."""
        recording = self._recorder.status
        return JournalHealth(
            problem=recording.fault,
            message=recording.detail,
            pending=recording.pending,
            dropped=recording.lost,
            warning=" ".join(self._notices) or None,
            raw_signal_problem=self._raw.fault,
            unconfigured_sleepers=self.unconfigured_sleepers,
        )

    def report(self) -> HealthReport:
        """Return what is well and what is not."""
        now = self._host.now()
        health = self.health(now)
        sleepers = {watch.id: watch.sensors(now) for watch in self._watches.values()}
        troubled = any(
            one.problem not in (None, PROBLEM_ENDED)
            for them in sleepers.values()
            for one in them.values()
        )
        live = asyncio.get_running_loop().time() - self._ticked < STUCK
        return HealthReport(
            healthy=live and self.recording and not health.problems and not troubled,
            live=live,
            time=to_utc(now),
            software=__version__,
            recording=self.recording,
            journal=self.record(),
            bridge=health,
            sleepers=sleepers,
        )

    def _status(self) -> str:
        """Return how things are, in a line for the service manager."""
        now = self._host.now()
        signs = [sign for watch in self._watches.values() for sign in watch.signs(now)]
        there = sum(sign.connected for sign in signs)
        first = self._recorder.status.detail or next(
            (problem.message for problem in self._problems(now)), ""
        )
        return f"{there} of {len(signs)} sensors deliver" + (f"; {first}" if first else "")

    def _problems(self, now: int) -> Iterator[Problem]:
        """Yield what is wrong with the bridge itself."""
        yield from self._link.problems
        if self._shed is not None and abs(now - self._shed) < SHED:
            text = "more comes than can be read, and some was thrown away; look for a sensor that sends too much"
            yield Problem(key=OVERLOADED, message=text)
        if self.page_trouble:
            yield Problem(key=NO_PAGE, message=self.page_trouble)
