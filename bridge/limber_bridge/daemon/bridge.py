"""The running bridge: wires its parts together, runs them, and stops them in order."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from functools import partial
from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.daemon.arrival_processor import (
    ArrivalProcessor,
    FrameErrorReporter,
    RawSignalTap,
    sensors_by_sleeper,
)
from limber_bridge.daemon.bridge_health import (
    BridgeHealthMonitor,
    JournalHealthMonitor,
    unconfigured_message,
)
from limber_bridge.daemon.bridge_topics import bridge_topics
from limber_bridge.daemon.change_applier import ChangeApplier
from limber_bridge.daemon.import_inbox import ImportInbox, ImportProcessor
from limber_bridge.daemon.job_processor import JobProcessor
from limber_bridge.daemon.job_queue import JobQueue, RequestReceived
from limber_bridge.daemon.journal_batches import complete_batches
from limber_bridge.daemon.log_throttle import LogThrottle
from limber_bridge.daemon.mqtt_client import HOME_ASSISTANT, MqttClient
from limber_bridge.daemon.publisher import InfoPublisher, Publisher, Republisher, StatePublisher
from limber_bridge.daemon.relay_requests import RelayHandler
from limber_bridge.daemon.requests import RequestHandler, RequestResponder
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.source_runner import SourceRunner
from limber_bridge.daemon.systemd import ServiceManager
from limber_bridge.daemon.tick_processor import TickProcessor
from limber_bridge.domain.nights import EARLIEST_NIGHT
from limber_bridge.protocol.encoding import ONLINE, Topics
from limber_bridge.protocol.messages import HealthReport
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.inbox import Delivery, Inbox
from limber_bridge.sources.source_api import Source
from limber_bridge.storage.import_orders import order_folder
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.raw_recorder import RawRecorder, raw_store_for
from limber_bridge.storage.restore import SleeperSensors, restore_sleepers

LOG: Final = logging.getLogger(__name__)

UPKEEP_INTERVAL_S: Final = 60.0
"""Time between two looks at whether the journal needs its daily upkeep."""

type HttpServer = Callable[
    [Callable[[], HealthReport], Inbox, HostClock], AbstractAsyncContextManager[str]
]
"""Serves HTTP while its context is entered, given a function that returns the health of the bridge,
and where posts are delivered. The context is why HTTP cannot be served, or an empty text."""


class MessageRouter:
    """Pass messages from the broker to the job queue, and those of sensors to their sources."""

    def __init__(
        self,
        topics: Topics,
        jobs: JobQueue,
        inbox: Inbox,
        log: LogThrottle,
        steady: Callable[[], int],
    ) -> None:
        """Start; `log` receives requests that were dropped, `steady` returns the steady clock."""
        self._topics = topics
        self._steady = steady
        self._jobs = jobs
        self._inbox = inbox
        self._log = log

    def route(self, topic: str, payload: bytes) -> None:
        """Queue a request, or everything retained when Home Assistant has started."""
        sensor = self._topics.sender_of(topic)
        if sensor is not None:
            # The source reports what it refuses as an error of the sensor.
            self._inbox.deliver(sensor, Delivery(payload, self._steady()))
        elif topic == HOME_ASSISTANT:
            if payload == ONLINE:
                self._jobs.request_republish()
        elif not self._jobs.offer(RequestReceived(payload, self._steady())):
            self._log.warn(
                None,
                "requests",
                "more requests arrive than can be answered, and some were dropped; look for a "
                "client that sends too many",
            )


class UpkeepTask:
    """Keep the journal and the raw signal within their limits, once a night."""

    def __init__(
        self, config: Config, host: HostClock, writer: JournalWriter, raw: RawRecorder
    ) -> None:
        """Start; nothing is done before `run`."""
        self._config = config
        self._host = host
        self._writer = writer
        self._raw = raw

    async def run(self) -> None:
        """Do the upkeep now and after each night, until cancelled; what failed is tried again.

        While the clock is not set, nothing is deleted, and no backup gets a wrong date.
        """
        sleepers = [sleeper.id for sleeper in self._config.sleepers]
        journal_done: date | None = None
        raw_done: date | None = None
        while True:
            today = self._config.calendar.night_of(self._host.now())
            is_set = today >= EARLIEST_NIGHT
            if is_set and today != raw_done:
                await self._raw.delete_old_files(sleepers, today)
                raw_done = today
            if (
                is_set
                and today != journal_done
                and await self._writer.run_upkeep(today, self._config.retention)
            ):
                journal_done = today
            await asyncio.sleep(UPKEEP_INTERVAL_S)


class Bridge:
    """Run all parts of the bridge until one fails or the task is cancelled."""

    def __init__(
        self,
        config: Config,
        journal: Journal,
        host: HostClock,
        *,
        http_server: HttpServer | None = None,
        sources: Mapping[str, Source] = SOURCES,
    ) -> None:
        """Wire the parts together; nothing runs before `run`. Call it where an event loop runs.

        `http_server`: None where HTTP is not wanted.
        """
        now = host.now()
        self._http_server = http_server
        self._host = host
        jobs = JobQueue()
        queues = {"jobs": jobs.waiting}
        log = LogThrottle(host.now)
        topics = bridge_topics(config)
        self.monitors = restored_monitors(config, journal, now)
        """The monitor of each sleeper, by id."""
        self.sources = SourceRunner(
            config, host, journal.read_positions(), jobs.put, queues, sources
        )
        """Runs the sources."""
        self.writer = JournalWriter(
            journal,
            partial(
                complete_batches,
                self.monitors,
                sensors_by_sleeper(config),
                self.sources.read_positions,
            ),
        )
        """Writes the journal."""
        self._raw = RawRecorder(
            raw_store_for(config.journal, config.retention), config.calendar, now
        )
        self._mqtt = MqttClient(
            config.broker,
            topics,
            MessageRouter(topics, jobs, self.sources.inbox, log, host.steady).route,
            jobs.request_republish,
            host.now,
        )
        self.health = BridgeHealthMonitor(
            host,
            self.monitors,
            self._mqtt,
            JournalHealthMonitor(
                self.writer,
                self._raw,
                journal.notices,
                config.unconfigured(journal.sleepers()),
            ),
            queues,
        )
        """The health of the bridge."""
        self._service = ServiceManager()
        publisher = Publisher(
            topics,
            self.monitors,
            InfoPublisher(config, topics, self.monitors, self._mqtt),
            StatePublisher(topics, self.monitors, self.health, self._mqtt, jobs),
            self._mqtt,
            host.now,
        )
        applier = ChangeApplier(self.monitors, self.writer, publisher, host.now)
        requests = RequestHandler(
            self.monitors,
            journal,
            self.writer,
            host.now,
            applier.apply,
            RelayHandler(config, self.sources.inbox),
        )
        self._ticks = TickProcessor(
            host, self.monitors, applier, publisher, self.health, self._service
        )
        processor = JobProcessor(
            jobs,
            ArrivalProcessor(
                host,
                {
                    sensor: self.monitors[sleeper]
                    for sleeper, sensors in sensors_by_sleeper(config).items()
                    for sensor in sensors
                },
                self.sources,
                RawSignalTap(config, self._raw),
                FrameErrorReporter(self.health, log),
                applier,
            ),
            self._ticks,
            RequestResponder(requests, topics, self._mqtt, log),
            Republisher(publisher, self.writer, journal.retained_topics()),
            ImportProcessor(
                journal, self.writer, self.monitors, publisher, config.calendar, host.now
            ),
        )
        inbox = ImportInbox(order_folder(config.journal), jobs.put)
        upkeep = UpkeepTask(config, host, self.writer, self._raw)
        self._tasks = (jobs.tick, upkeep.run, self._raw.run, inbox.run, processor.run)

    async def run(self) -> None:
        """Run until cancelled, then stop in order; JournalError if the journal cannot be used."""
        self._mqtt.start()
        try:
            async with self._serving_http(), asyncio.TaskGroup() as group:
                for source, name, sensors in self.sources.requests():
                    group.create_task(self.sources.run(source, name, sensors))
                for task in self._tasks:
                    group.create_task(task())
                self._service.notify_ready()
        except BaseExceptionGroup as errors:
            journal_errors = errors.subgroup(JournalError)
            if journal_errors is None:
                raise
            raise JournalError(str(journal_errors.exceptions[0])) from errors
        finally:
            self._service.notify_stopping()
            await self._ticks.process_stop()
            await self._mqtt.stop()
            await self.writer.close()
            await self._raw.close()

    @asynccontextmanager
    async def _serving_http(self) -> AsyncIterator[None]:
        """Serve HTTP, where that is wanted; the bridge runs without it if it fails."""
        if self._http_server is None:
            yield
            return
        serving = self._http_server(self.health.report, self.sources.inbox, self._host)
        async with serving as problem:
            self.health.note_http_problem(problem)
            yield


async def serve(config: Config, journal: Journal, http_server: HttpServer | None) -> None:
    """Run a bridge until a signal stops it; JournalError if the journal cannot be used."""
    bridge = Bridge(config, journal, HostClock(), http_server=http_server)
    log_journal(config, journal)
    running = asyncio.ensure_future(bridge.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        LOG.info("stopped")


def log_journal(config: Config, journal: Journal) -> None:
    """Log what happened to the journal when it was opened and read."""
    for notice in journal.notices:
        LOG.error("%s", notice)
    unconfigured = config.unconfigured(journal.sleepers())
    if unconfigured:
        LOG.warning("%s", unconfigured_message(unconfigured))
    if journal.previous_copy is not None:
        LOG.info("journal migrated; previous copy: %s", journal.previous_copy)


def restored_monitors(config: Config, journal: Journal, now: int) -> dict[str, SleeperMonitor]:
    """Return a monitor for each sleeper, by id, that continues from what the journal holds."""
    sensors = {
        sleeper.id: SleeperSensors(
            ids=[configured.sensor.id for configured in sleeper.sensors], live=sleeper.live
        )
        for sleeper in config.sleepers
    }
    restored = restore_sleepers(journal, sensors, config.calendar, now)
    return {
        sleeper.id: SleeperMonitor(sleeper, config, restored[sleeper.id], now)
        for sleeper in config.sleepers
    }
