"""The daemon: the only file that knows who is wired to whom.

Law: sample -> detector -> journal -> broker, in this order, one thing at a time. What cannot be
handled ends the process; the service manager starts it again, and the journal knows how to go on.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from limber_bridge import __version__
from limber_bridge.config.model import Config
from limber_bridge.daemon.bridge_health import BridgeHealthMonitor, unconfigured_message
from limber_bridge.daemon.journal_batches import page_of
from limber_bridge.daemon.mqtt_client import HOME_ASSISTANT, MqttClient
from limber_bridge.daemon.requests import UNREADABLE, RequestHandler
from limber_bridge.daemon.sensor_health import PROBLEM_ENDED, PROBLEM_SILENT
from limber_bridge.daemon.sleeper_monitor import Change, SensorStatus, SleeperMonitor
from limber_bridge.daemon.source_runner import SourceRunner
from limber_bridge.detection.events import ClockStep
from limber_bridge.detection.signal import SECOND, Sensor
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.protocol.encoding import (
    COMMANDS,
    ONLINE,
    MalformedMessageError,
    Topics,
    encode,
    encode_event,
    encode_night_finished,
    parse_request,
)
from limber_bridge.protocol.messages import Info, Refusal, SleeperInfo, State
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock, HostClockStep
from limber_bridge.sources.source_api import Ended, FrameError, Reason, Samples, SourceEvent
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.raw_recorder import RawRecorder, raw_store_for
from limber_bridge.storage.restore import SleeperSensors, restore_sleepers
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.web.health_server import serve_health

LOG: Final = logging.getLogger(__name__)

WAITING: Final = 1000
"""Arrivals and questions that may wait; sources wait, questions beyond it are thrown away."""
TICK: Final = 1.0
"""s between two looks at the time."""
STATE_EVERY: Final = 60 * SECOND
"""us after which state is published although nothing but its figures changed."""
AT_ONCE: Final = 256
"""Arrivals that are kept with one wait for the disk."""
STATE_APART: Final = SECOND // 4
"""us between two states of one sleeper at least; what changes sooner goes out with the next tick.
"""
MEMORY_EVERY: Final = 5 * SECOND
"""us between two notes of how far the sensors have been read."""
LOGGED: Final = 1000
"""Different troubles that are remembered at the most: strangers can make up any number."""
UPKEEP: Final = 60.0
"""s between two looks at the date."""
SEEN: Final = 600 * SECOND
"""us for which the same trouble is not logged again."""


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message from the broker."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Tick:
    """A second has passed."""


type Job = SourceEvent | IncomingMessage | Tick


@dataclass(slots=True)
class PublishState:
    """What others and the journal were told of a sleeper, and when (us)."""

    phase: int = 0
    """us before the others: that not all sleepers' states are made at once."""
    state: int = 0
    measured: int = 0
    """How far the sensors had been read when that was kept."""
    signs: tuple[SensorStatus, ...] = ()
    complaints: tuple[str, ...] = ()
    info: SleeperInfo | None = None
    calibrating: bool = False
    owes: bool = True
    """Something changed since the last state."""


class Inbox:
    """What waits for the detection, in order."""

    def __init__(self) -> None:
        """Begin; nothing waits."""
        self._queue: asyncio.Queue[Job] = asyncio.Queue(WAITING)
        self._ahead: Job | None = None

    async def put(self, job: Job) -> None:
        """Have a job wait, after waiting for room."""
        await self._queue.put(job)

    def offer(self, job: Job) -> bool:
        """Have a job wait if there is room; return whether it does."""
        if self._queue.full():
            return False
        self._queue.put_nowait(job)
        return True

    def waiting(self) -> int:
        """Return how many jobs wait."""
        return self._queue.qsize()

    async def next(self) -> Job:
        """Wait for the next job."""
        job = self._ahead
        self._ahead = None
        return job or await self._queue.get()

    def with_those_behind(self, arrival: SourceEvent) -> Iterator[SourceEvent]:
        """Yield an arrival and those that wait right behind it."""
        yield arrival
        for _ in range(AT_ONCE - 1):
            if self._ahead is None and not self._queue.empty():
                self._ahead = self._queue.get_nowait()
            if not isinstance(self._ahead, Samples | FrameError | Ended):
                return
            following = self._ahead
            self._ahead = None
            yield following


class LogThrottle:
    """Logs trouble once and not for every packet."""

    def __init__(self, now: Callable[[], int]) -> None:
        """Begin; `now` gives UTC in us."""
        self._now = now
        self._logged = dict[tuple[int | None, str], int]()

    def __call__(self, sensor: int | None, key: str, text: str) -> None:
        """Log trouble of a sensor, or of nobody known; of a stranger's, what it says tells it
        apart.
        """
        now = self._now()
        what = (sensor, text if key == Reason.UNKNOWN_SENSOR else key)
        if len(self._logged) >= LOGGED:
            self._logged.clear()
        new = abs(now - self._logged.get(what, -SEEN)) >= SEEN
        self._logged[what] = now
        if new:
            LOG.warning("%s%s", "" if sensor is None else f"sensor {sensor}: ", text)


class Bridge:
    """Everything that runs."""

    def __init__(self, config: Config, journal: Journal, host: HostClock) -> None:
        """Wire it up; nothing moves before `run`. To be called where a loop runs."""
        now = host.now()
        self._config = config
        self._journal = journal
        self._host = host
        known = restore_sleepers(
            journal, sleeper_sensors(config), config.calendar, now
        )
        self._watches = {
            sleeper.id: SleeperMonitor(sleeper, config, known[sleeper.id], now)
            for sleeper in config.sleepers
        }
        self._owner = {
            watched.sensor.id: sleeper.id
            for sleeper in config.sleepers
            for watched in sleeper.sensors
        }
        self._told = {
            sleeper.id: PublishState(phase=STATE_EVERY * index // len(config.sleepers))
            for index, sleeper in enumerate(config.sleepers)
        }
        self._recorder = JournalWriter(journal, self._afresh)
        self._raw = RawRecorder(
            raw_store_for(config.journal, config.retention), config.calendar, now
        )
        self._kept_raw = raw_sensors(config)
        self._owned = journal.retained_topics()
        self._remembered = now
        self._unkept: dict[str, list[tuple[int, ReadPosition]]] = {
            sleeper.id: [] for sleeper in config.sleepers
        }
        self._topics = Topics(config.broker.base_topic, config.bridge)
        self._inbox = Inbox()
        self._intake = SourceRunner(config, host, journal.read_positions(), self._inbox.put)
        self._link = MqttClient(
            config.broker, self._topics, self._heard, self._greet_soon, host.now
        )
        self._vitals = BridgeHealthMonitor(
            host, self._watches, self._link, self._recorder, self._raw, journal.notices
        )
        self._vitals.unconfigured_sleepers = config.unconfigured(journal.sleepers())
        self._vitals.queues = self._intake.queues
        self._vitals.queues["jobs"] = self._inbox.waiting
        self._questions = RequestHandler(
            self._watches, journal, self._recorder, host.now, self._apply
        )
        self._log = LogThrottle(host.now)
        self._there: set[int] = set()
        self._info = b""
        self._owes_greeting = self._owes_info = False

    async def run(self) -> None:
        """Watch until cancelled, then say good-bye. JournalError when nothing can be kept any more."""
        for notice in self._journal.notices:
            LOG.error("%s", notice)
        if self._vitals.unconfigured_sleepers:
            LOG.warning("%s", unconfigured_message(self._vitals.unconfigured_sleepers))
        if self._journal.previous_copy is not None:
            LOG.info(
                "the journal was brought up to date; as it was before it is kept as %s",
                self._journal.previous_copy,
            )
        self._link.start()
        try:
            async with self._page(), asyncio.TaskGroup() as group:
                for name, wanted in self._intake.wanted():
                    group.create_task(self._intake.pump(name, SOURCES[name], wanted))
                group.create_task(self._clock())
                group.create_task(self._upkeep())
                group.create_task(self._raw.run())
                group.create_task(self._work())
                self._vitals.ready()
        except BaseExceptionGroup as errors:
            broken = errors.subgroup(JournalError)
            if broken is None:
                raise
            raise JournalError(str(broken.exceptions[0])) from errors
        finally:
            self._vitals.stopping()
            await self._interrupt()
            await self._link.stop()
            await self._recorder.close()
            await self._raw.close()

    @asynccontextmanager
    async def _page(self) -> AsyncIterator[None]:
        """Answer whoever asks how the bridge does, where that is wanted."""
        if self._config.web is None:
            yield
            return
        async with serve_health(self._config.web, self._vitals.report) as trouble:
            self._vitals.page_trouble = trouble
            yield

    async def _interrupt(self) -> None:
        """Keep what is still open, with the duration that was seen: a movement is not lost because
        we are stopped.
        """
        for watch in self._watches.values():
            change = watch.interrupt(self._host.now())
            with contextlib.suppress(JournalError):
                await self._recorder.write(self._page_of(watch, change))

    async def _clock(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            await self._inbox.put(Tick())

    async def _upkeep(self) -> None:
        """See to the journal when the bridge starts and once a night is over; again and again until
        it is done.
        """
        done: date | None = None
        tidied: date | None = None
        while True:
            today = self._config.calendar.night_of(self._host.now())
            if today != tidied:
                await self._raw.delete_old_files([sleeper.id for sleeper in self._config.sleepers])
                tidied = today
            if today != done and await self._recorder.run_upkeep(today, self._config.retention):
                done = today
            await asyncio.sleep(UPKEEP)

    async def _work(self) -> None:
        await self._look_again()
        while True:
            job = await self._inbox.next()
            if self._owes_greeting:
                self._owes_greeting = False
                await self._greet()
            match job:
                case Tick():
                    await self._tick()
                case IncomingMessage() as heard:
                    await self._answer(heard.payload)
                case Samples() | FrameError() | Ended():
                    # What else has come goes with it: the disk is waited for once.
                    await self._apply_all(
                        [
                            change
                            for one in self._inbox.with_those_behind(job)
                            for change in self._arrived(one)
                        ]
                    )

    async def _tick(self) -> None:
        """Let time pass for everybody."""
        self._host.now()
        for step in self._host.take_steps():
            await self._clock_set(step)
        for watch in self._watches.values():
            await self._apply(watch, watch.tick(self._host.now()))
            # With many sleepers this takes long; what sensors send must not wait for all of them.
            await asyncio.sleep(0)
        if abs(self._host.now() - self._remembered) >= MEMORY_EVERY:
            await self._remember()
        if self._owes_info:
            self._tell_info()
        self._vitals.tick()

    async def _look_again(self) -> None:
        """Go on after a time in which nobody looked; a clock that was set back meanwhile is told."""
        now = self._host.now()
        begun = [(watch, watch.begin(now)) for watch in self._watches.values()]
        back = [
            filed.event.by
            for _, one in begun
            for filed in one.events
            if isinstance(filed.event, ClockStep)
        ]
        if back:
            text = "the clock of this machine was set back by %.1f s or more while no bridge ran, nobody knows how long"
            LOG.warning(text, -min(back) / SECOND)
            self._vitals.clock_set(HostClockStep(now, min(back)))
        await self._apply_all(begun)

    async def _clock_set(self, step: HostClockStep) -> None:
        by = step.offset / SECOND
        LOG.warning(
            "the clock of this machine was set by %+.1f s; times before and after do not belong together",
            by,
        )
        self._vitals.clock_set(step)
        for watch in self._watches.values():
            await self._apply(watch, watch.clock_set(step.time, step.offset))

    async def _remember(self) -> None:
        """Keep how far the sensors of all sleepers have been read, at once: a commit for each would
        take too long.
        """
        self._remembered = self._host.now()
        read_on = [
            watch
            for watch in self._watches.values()
            if watch.measured != self._told[watch.id].measured
        ]
        if not read_on:
            return
        for watch in read_on:
            self._told[watch.id].measured = watch.measured
        await self._recorder.write(*(self._page_of(watch, Change()) for watch in read_on))

    def _page_of(self, watch: SleeperMonitor, change: Change) -> JournalBatch:
        """Return what has to be kept of a change, and how far the sleeper's sensors have been read."""
        read = self._unkept[watch.id]
        self._unkept[watch.id] = []
        return page_of(watch, change, read)

    def _afresh(self) -> list[JournalBatch]:
        """Return all that is known of everybody: for a journal that had to be set aside while we
        ran.
        """
        sensors: dict[str, list[int]] = {}
        for number, sleeper in self._owner.items():
            sensors.setdefault(sleeper, []).append(number)
        return [
            page_of(watch, watch.everything, self._intake.read(sensors[watch.id]))
            for watch in self._watches.values()
        ]

    def _arrived(self, arrival: SourceEvent) -> Iterator[tuple[SleeperMonitor, Change]]:
        """Yield what comes of an arrival, and for whom."""
        if isinstance(arrival, FrameError):
            self._log(arrival.sensor, arrival.reason, arrival.detail)
            if arrival.reason is Reason.OVERLOADED:
                self._vitals.shed(self._host.now())
        if isinstance(arrival, Samples):
            self._took(arrival)
        if arrival.sensor is not None:
            watch = self._watches[self._owner[arrival.sensor]]
            yield watch, watch.arrive(arrival, self._host.now())

    def _took(self, samples: Samples) -> None:
        """Note that samples were read: a signed frame counts no second time, and the raw signal may
        be wanted.
        """
        owner = self._owner[samples.sensor]
        self._intake.took(samples)
        if samples.read_position is not None:
            self._unkept[owner].append((samples.sensor, samples.read_position))
        if samples.sensor in self._kept_raw and not self._watches[owner].paused:
            self._raw.add_block(owner, self._kept_raw[samples.sensor], samples.block)

    async def _apply(self, watch: SleeperMonitor, change: Change) -> None:
        """Keep a change, then tell it."""
        await self._apply_all([(watch, change)])

    async def _apply_all(self, changes: Sequence[tuple[SleeperMonitor, Change]]) -> None:
        """Keep changes, all at once, then tell them."""
        pages = [self._page_of(watch, change) for watch, change in changes if change]
        if pages:
            await self._recorder.write(*pages)
        for watch, change in changes:
            self._tell_change(watch, change)

    def _tell_change(self, watch: SleeperMonitor, change: Change) -> None:
        """Tell what is kept."""
        told = self._told[watch.id]
        now = self._host.now()
        if change:
            told.measured = watch.measured
        for filed in change.events:
            message = encode_event(filed.event, filed.night, filed.known) if filed.told else None
            if message is not None:
                self._link.publish(self._topics.event(watch.id), encode(message), retain=False)
        for night in change.finished:
            LOG.info("%s: night of %s finished (revision %d)", watch.id, night.date, night.revision)
            self._link.publish(
                self._topics.event(watch.id),
                encode(encode_night_finished(night, now)),
                retain=False,
            )
        self._tell(watch, now, owes=bool(change))

    def _tell(self, watch: SleeperMonitor, now: int, *, owes: bool) -> None:
        """Publish the state of a sleeper if it is time, and what the bridge is if that has changed."""
        told = self._told[watch.id]
        signs = watch.signs(now)
        complaints = self._vitals.complaints
        if signs != told.signs:
            self._log_signs(watch, told.signs, signs)
            owes = True
        told.owes |= owes or complaints != told.complaints or watch.calibrating != told.calibrating
        told.signs = signs
        told.complaints = complaints
        told.calibrating = watch.calibrating
        # The clock may have been set back.
        apart = abs(now - told.state)
        # Figures can wait while samples cannot.
        soon = STATE_APART if self._inbox.waiting() < WAITING // 2 else STATE_EVERY
        # A greeting that is owed tells everything, in its order.
        if not self._owes_greeting and (apart >= STATE_EVERY or (told.owes and apart >= soon)):
            self._publish_state(watch, now)
            self._owes_info |= watch.info != told.info
            told.info = watch.info

    def _publish_state(self, watch: SleeperMonitor, now: int, earlier: int = 0) -> None:
        """Publish a state; the next one is due a minute later, or `earlier` by so much (us)."""
        self._link.publish(
            self._topics.state(watch.id), encode(self._state(watch, now)), retain=True
        )
        self._told[watch.id].state = now - earlier
        self._told[watch.id].owes = False

    def _state(self, watch: SleeperMonitor, now: int) -> State:
        """Return everything that is true of a sleeper now, and how the record does."""
        vitals = self._vitals
        return replace(
            watch.state(now),
            recording=vitals.recording,
            journal=vitals.record(),
            bridge=vitals.health(now),
        )

    def _tell_info(self, *, anyway: bool = False) -> None:
        info = encode(
            Info(
                bridge=self._config.bridge,
                name=self._config.name,
                software=__version__,
                time_zone=self._config.calendar.zone.key,
                rules=self._config.rules.name,
                sleepers=tuple(watch.info for watch in self._watches.values()),
                commands=COMMANDS,
            )
        )
        if anyway or info != self._info:
            self._link.publish(self._topics.info, info, retain=True)
        self._info = info
        self._owes_info = False

    def _greet_soon(self) -> None:
        """Greet before the next job, and see that there is one: only there nothing else uses the
        journal.
        """
        self._owes_greeting = True
        self._inbox.offer(Tick())

    async def _greet(self) -> None:
        """Publish everything that is retained: to a broker, or to a Home Assistant, that may know
        nothing of us.
        """
        now = self._host.now()
        self._tell_info(anyway=True)
        for watch in self._watches.values():
            self._publish_state(watch, now, self._told[watch.id].phase)
        retained = [
            self._topics.status,
            self._topics.info,
            *(self._topics.state(sleeper) for sleeper in self._watches),
        ]
        self._link.announce_online(retained, self._owned)
        self._owned = set(retained)
        await self._recorder.write_topics(retained)

    def _heard(self, topic: str, payload: bytes) -> None:
        """Take in a message from the broker."""
        if topic == HOME_ASSISTANT:
            if payload == ONLINE:
                self._greet_soon()
            return
        if not self._inbox.offer(IncomingMessage(topic, payload)):
            self._log(
                None, "questions", "more questions than can be answered; some were thrown away"
            )

    async def _answer(self, payload: bytes) -> None:
        try:
            reply_to, request = parse_request(payload, self._topics)
        except MalformedMessageError as error:
            self._log(None, "malformed request", str(error))
            return
        response = (
            request if isinstance(request, Refusal) else await self._questions.answer(request)
        )
        if isinstance(response, Refusal) and response.error == UNREADABLE:
            self._log(None, UNREADABLE, response.message)
        self._link.publish(reply_to, encode(response), retain=False)

    def _log_signs(
        self,
        watch: SleeperMonitor,
        before: tuple[SensorStatus, ...],
        signs: tuple[SensorStatus, ...],
    ) -> None:
        """Log sensors that came or went, a line each; what was away for less than a minute is not
        worth one.
        """
        known = {sign.sensor: sign for sign in before}
        for sign in signs:
            earlier = known.get(sign.sensor)
            was = None if earlier is None else earlier.problem
            if sign.problem == PROBLEM_SILENT and was != PROBLEM_SILENT:
                LOG.warning(
                    "sensor %d (%s) is silent; check its power and its network",
                    sign.sensor,
                    watch.id,
                )
            elif sign.problem == PROBLEM_ENDED and was != PROBLEM_ENDED:
                LOG.info("sensor %d (%s): its recording is over", sign.sensor, watch.id)
            elif sign.connected and (sign.sensor not in self._there or was == PROBLEM_SILENT):
                self._there.add(sign.sensor)
                LOG.info("sensor %d (%s) is there", sign.sensor, watch.id)


async def serve(config: Config, journal: Journal) -> None:
    """Run a bridge until a signal ends it. JournalError when nothing can be kept any more."""
    serving = asyncio.ensure_future(Bridge(config, journal, HostClock()).run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        LOG.info("stopped")


def sleeper_sensors(config: Config) -> dict[str, SleeperSensors]:
    """Return which sensors each sleeper has, by the sleeper's id."""
    return {
        sleeper.id: SleeperSensors(
            ids={watched.sensor.id for watched in sleeper.sensors}, live=sleeper.live
        )
        for sleeper in config.sleepers
    }


def raw_sensors(config: Config) -> dict[int, Sensor]:
    """Return the sensors whose signal is kept; one that is played from a recording has it already."""
    live = [sleeper for sleeper in config.sleepers if sleeper.live and config.retention.raw]
    return {watched.sensor.id: watched.sensor for sleeper in live for watched in sleeper.sensors}
