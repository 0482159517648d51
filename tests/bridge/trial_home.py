"""A bridge without a broker, with one sleeper who has personal trials, for tests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from limber_bridge.config.model import Config
from limber_bridge.daemon.changes import Change
from limber_bridge.daemon.history_reader import ReadableRecords
from limber_bridge.daemon.journal_batches import journal_batch
from limber_bridge.daemon.log_throttle import LogThrottle
from limber_bridge.daemon.relay_requests import RelayHandler
from limber_bridge.daemon.reloader import restored_monitors
from limber_bridge.daemon.requests import RequestHandler
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.trial_runner import TrialRunner
from limber_bridge.detection.events import Factor
from limber_bridge.detection.signal import HOUR, SECOND
from limber_bridge.domain.nights import Night
from limber_bridge.domain.trial import Trial, TrialPhase
from limber_bridge.protocol.encoding import Topics, encode, parse_request
from limber_bridge.protocol.messages import Refusal, State
from limber_bridge.protocol.request_messages import RelayRequest
from limber_bridge.sources.inbox import Inbox
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_writer import JournalWriter
from tests.bridge.examples import config, local
from tests.bridge.monitor_driver import LISTEN, LIVE

TOPICS = Topics("limber", "bedroom")
EVENING = local("2026-11-30T19:00")


@dataclass
class TrialHome:
    """A bridge whose time the test sets."""

    config: Config
    journal: Journal
    now: int = EVENING
    phases: list[TrialPhase] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the bridge, again, with what the journal holds."""
        self.monitor = restored_monitors(self.config, self.journal, self.now)["anna"]

    async def apply(self, monitor: SleeperMonitor, change: Change) -> None:
        """Write a change to the journal."""
        if change:
            self.journal.write([journal_batch(monitor, change)])
        self.phases += change.trial_phases

    def with_handler[T](self, use: Callable[[RequestHandler], Awaitable[T]]) -> T:
        """Use what answers requests."""

        async def run() -> T:
            writer = JournalWriter(self.journal)
            handler = RequestHandler(
                {"anna": self.monitor},
                ReadableRecords(self.config, self.journal, writer),
                lambda: self.now,
                self.apply,
                RelayHandler(lambda _: (), Inbox()),
            )
            try:
                return await use(handler)
            finally:
                await writer.close()

        return asyncio.run(run())

    def ask(self, command: str, **fields: Any) -> dict[str, Any]:
        """Send a request as a client does; return the response."""
        asked = {
            "v": 1,
            "id": "x",
            "reply_to": f"{TOPICS.responses}me",
            "sleeper": "anna",
            "command": command,
        }
        _, request = parse_request(msgspec.json.encode(asked | fields), TOPICS)
        if isinstance(request, Refusal):
            return self.decoded(request)
        assert not isinstance(request, RelayRequest)
        # The next request comes later, so that it is not one too many.
        self.now += 10_000_000
        return self.decoded(self.with_handler(lambda handler: handler.answer(request)))

    def decoded(self, message: Any) -> dict[str, Any]:
        """Return a message as the client reads it."""
        found: dict[str, Any] = msgspec.json.decode(encode(message))
        return found

    def sleep_until(self, text: str) -> None:
        """Let the time pass until a local time."""
        self.now = local(text)
        asyncio.run(self.apply(self.monitor, self.monitor.advance_to(self.now)))

    def pass_days(self, days: int) -> None:
        """Let days pass."""
        self.now += days * 24 * HOUR
        asyncio.run(self.apply(self.monitor, self.monitor.advance_to(self.now)))

    def tick(self) -> None:
        """Let a second pass."""
        self.now += SECOND

        async def run() -> None:
            writer = JournalWriter(self.journal)
            runner = TrialRunner(
                {"anna": self.monitor},
                self.journal,
                writer,
                lambda: self.now,
                self.apply,
                LogThrottle(lambda: self.now),
            )
            await self.apply(self.monitor, self.monitor.advance_to(self.now))
            await runner.process()
            await writer.close()

        asyncio.run(run())

    def measured(self, night: Night) -> None:
        """Add a night that was measured."""
        self.journal.save_night(night)
        self.monitor.replace_nights({night.date: night}, self.journal.history("anna"))

    @property
    def state(self) -> State:
        """What is published."""
        return self.monitor.state(self.now)

    @property
    def trials(self) -> list[Trial]:
        """The trials in the journal."""
        return self.journal.trials("anna")

    def factors(self, night: date) -> list[Factor]:
        """What is logged for a night."""
        return self.journal.factors("anna", night)


@contextmanager
def trial_home(sensor: str = LIVE) -> Iterator[TrialHome]:
    """Yield a bridge with a journal of its own."""
    with TemporaryDirectory() as folder, Journal(Path(folder) / "limber.db") as journal:
        yield TrialHome(config(Path(folder), sensor, more=LISTEN), journal)
