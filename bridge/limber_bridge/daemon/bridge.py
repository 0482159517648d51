"""The running bridge: wires its parts together, runs them, and stops them in order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from functools import partial
from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.daemon.arrival_processor import (
    ArrivalProcessor,
    FrameErrorReporter,
    RawSignalTap,
    SampleTaps,
)
from limber_bridge.daemon.bridge_health import (
    BridgeHealthMonitor,
    JournalHealthMonitor,
    unconfigured_message,
)
from limber_bridge.daemon.bridge_topics import bridge_topics
from limber_bridge.daemon.change_applier import ChangeApplier
from limber_bridge.daemon.deleter import Deleter, StoredRecords
from limber_bridge.daemon.history_reader import ReadableRecords
from limber_bridge.daemon.import_inbox import ImportInbox, ImportProcessor
from limber_bridge.daemon.job_processor import JobProcessor
from limber_bridge.daemon.job_queue import JobQueue
from limber_bridge.daemon.journal_batches import complete_batches
from limber_bridge.daemon.live_view import LiveView
from limber_bridge.daemon.log_throttle import LogThrottle
from limber_bridge.daemon.message_router import MessageRouter
from limber_bridge.daemon.mqtt_client import MqttClient
from limber_bridge.daemon.publisher import InfoPublisher, Publisher, Republisher, StatePublisher
from limber_bridge.daemon.reconfigure import Reconfigurer
from limber_bridge.daemon.relay_requests import RelayHandler, sensors_of
from limber_bridge.daemon.reloader import ReloadedParts, Reloader, restored_monitors
from limber_bridge.daemon.request_failures import RequestFailures
from limber_bridge.daemon.request_worker import (
    AnsweringParts,
    RequestReceiver,
    RequestWorkers,
)
from limber_bridge.daemon.requests import RequestHandler
from limber_bridge.daemon.source_runner import SourceRunner
from limber_bridge.daemon.systemd import ServiceManager
from limber_bridge.daemon.tick_processor import TickedParts, TickProcessor
from limber_bridge.daemon.trial_runner import TrialRunner
from limber_bridge.daemon.web_access import BridgeAccess, PageRequests
from limber_bridge.domain.nights import EARLIEST_NIGHT
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import Source
from limber_bridge.storage.import_orders import order_folder
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.raw_recorder import RawRecorder, raw_store_for

LOG: Final = logging.getLogger(__name__)

UPKEEP_INTERVAL_S: Final = 60.0
"""Time between two looks at whether the journal needs its daily upkeep."""

type HttpServer = Callable[[BridgeAccess], AbstractAsyncContextManager[str]]
"""Serves HTTP while its context is entered, given what it may use of the bridge. The context is why
HTTP cannot be served, or an empty text."""


class UpkeepTask:
    """Keep the journal and the raw signal within their limits, once a night."""

    def __init__(
        self,
        config: Config,
        sleepers: Collection[str],
        host: HostClock,
        writer: JournalWriter,
        raw: RawRecorder,
    ) -> None:
        """Start; nothing is done before `run`. `sleepers` are the ids, and may change."""
        self._config = config
        self._sleepers = sleepers
        self._host = host
        self._writer = writer
        self._raw = raw

    async def run(self) -> None:
        """Do the upkeep now and after each night, until cancelled; what failed is tried again.

        That includes what failed when a person deleted a night.

        While the clock is not set, nothing is deleted, and no backup gets a wrong date.
        """
        journal_done: date | None = None
        raw_done: date | None = None
        while True:
            today = self._config.calendar.night_of(self._host.now())
            is_set = today >= EARLIEST_NIGHT
            if is_set and today != raw_done:
                await self._raw.delete_old_files(list(self._sleepers), today)
                raw_done = today
            if (
                is_set
                and (today != journal_done or self._writer.upkeep_problem)
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
                self.sources.read_positions,
            ),
        )
        """Writes the journal."""
        self._raw = RawRecorder(
            raw_store_for(config.journal, config.retention), config.calendar, now
        )
        router = MessageRouter(topics, jobs, self.sources.inbox, host.steady)
        self._mqtt = MqttClient(
            config.broker,
            topics,
            router.route,
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
                journal,
                config.unconfigured(journal.sleepers()),
            ),
            queues,
        )
        """The health of the bridge."""
        self._service = ServiceManager()
        info = InfoPublisher(config, topics, self.monitors, self._mqtt, lambda: journal.instance)
        publisher = Publisher(
            topics,
            self.monitors,
            info,
            StatePublisher(topics, self.monitors, self.health, self._mqtt, jobs),
            self._mqtt,
            host.now,
        )
        self._access = BridgeAccess(
            config,
            self.health.report,
            PageRequests(jobs),
            Deleter(
                config,
                StoredRecords(journal, self.writer, self._raw),
                self.monitors,
                publisher,
                host.now,
            ),
            self.sources.inbox,
            host,
            LiveView(self.monitors, host.now),
            self.sources.unknown,
        )
        applier = ChangeApplier(self.monitors, self.writer, publisher, host.now)
        requests = RequestHandler(
            self.monitors,
            ReadableRecords(config, journal, self.writer),
            host.now,
            applier.apply,
            RelayHandler(partial(sensors_of, self.monitors), self.sources.inbox),
        )
        self._ticks = TickProcessor(
            host,
            self.monitors,
            self.health,
            TickedParts(
                applier,
                publisher,
                TrialRunner(self.monitors, journal, self.writer, host.now, applier.apply, log),
                self._service,
            ),
        )
        reconfigurer = Reconfigurer(
            self.monitors, applier, info, RawSignalTap(config, self._raw), jobs
        )
        processor = JobProcessor(
            jobs,
            ArrivalProcessor(
                host,
                reconfigurer.by_sensor,
                self.sources,
                SampleTaps(reconfigurer.tap, self._access.live),
                FrameErrorReporter(self.health, log),
                applier,
            ),
            self._ticks,
            requests,
            Republisher(publisher, self.writer, journal.retained_topics()),
            ImportProcessor(
                journal, self.writer, self.monitors, publisher, config.calendar, host.now
            ),
        )
        worker = connected_worker(
            AnsweringParts(
                jobs,
                requests,
                self._mqtt,
                log,
                RequestFailures(self.health.note_failed_request),
            ),
            router,
            queues,
        )
        self._reloader = Reloader(
            config,
            journal,
            host,
            ReloadedParts(
                jobs, self.sources, router, self._mqtt, self.health, reconfigurer, self._access.live
            ),
        )
        self._tasks = (
            jobs.tick,
            UpkeepTask(config, self.monitors.keys(), host, self.writer, self._raw).run,
            self._raw.run,
            ImportInbox(order_folder(config.journal), jobs.put).run,
            processor.run,
            self._access.live.run,
            partial(worker.run, host.steady),
        )

    @property
    def connected(self) -> bool:
        """Whether it is connected to the broker."""
        return self._mqtt.health.connected

    async def run(self) -> None:
        """Run until cancelled, then stop in order; JournalError if the journal cannot be used."""
        self._mqtt.start()
        try:
            async with self._serving_http(), asyncio.TaskGroup() as group:
                await self.sources.start(group)
                for task in self._tasks:
                    group.create_task(task())
                self._service.notify_ready()
        except BaseExceptionGroup as errors:
            journal_errors = errors.subgroup(JournalError)
            if journal_errors is None:
                raise
            raise JournalError(str(journal_errors.exceptions[0])) from errors
        finally:
            self._access.live.close()
            await self._ticks.process_stop()
            await self._mqtt.stop()
            await self.writer.close()
            await self._raw.close()

    async def reload(self, config: Config) -> tuple[str, ...]:
        """Follow a changed configuration; return the parts of it that need a restart.

        Where there are any, nothing was changed. Sensors that stay lose no sample, and their
        detection goes on as if nothing had happened.
        """
        return await self._reloader.reload(config)

    @asynccontextmanager
    async def _serving_http(self) -> AsyncIterator[None]:
        """Serve HTTP, where that is wanted; the bridge runs without it if it fails."""
        if self._http_server is None:
            yield
            return
        serving = self._http_server(self._access)
        async with serving as problem:
            self.health.note_http_problem(problem)
            yield


def log_journal(config: Config, journal: Journal) -> None:
    """Log what happened to the journal when it was opened and read."""
    for notice in journal.notices:
        LOG.error("%s", notice)
    unconfigured = config.unconfigured(journal.sleepers())
    if unconfigured:
        LOG.warning("%s", unconfigured_message(unconfigured))
    if journal.previous_copy is not None:
        LOG.info("journal migrated; previous copy: %s", journal.previous_copy)


def connected_worker(
    parts: AnsweringParts, router: MessageRouter, queues: dict[str, Callable[[], int]]
) -> RequestWorkers:
    """Return what answers the requests that arrive from the broker; `queues` says how many wait."""
    worker = RequestWorkers(parts)
    queues["requests"] = worker.waiting
    router.requests = RequestReceiver(worker, parts)
    return worker
