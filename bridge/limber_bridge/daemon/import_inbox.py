"""Read the orders of `limber import` from their folder, and answer them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from limber_bridge.daemon.job_queue import OrderReceived
from limber_bridge.daemon.publisher import Publisher
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.domain.counted import counted
from limber_bridge.domain.nights import Calendar
from limber_bridge.storage.import_orders import (
    ANSWER_SUFFIX,
    ORDER_SUFFIX,
    Answer,
    ImportOrder,
    carry_out,
    decode_order,
    write_whole,
)
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.records.payload import UnreadableRecordError

LOG: Final = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
"""s between two checks of the folder. Chosen: the user waits for the answer."""


class ImportInbox:
    """Watch the folder for orders."""

    def __init__(self, folder: Path, put: Callable[[OrderReceived], Awaitable[None]]) -> None:
        """Start; `put` queues an order."""
        self._folder = folder
        self._put = put
        self._queued: set[Path] = set()

    async def run(self) -> None:
        """Queue orders as they arrive, until cancelled."""
        while True:
            found = set(await asyncio.to_thread(self._orders))
            for path in sorted(found - self._queued):
                await self._put(OrderReceived(path))
            self._queued = found
            await asyncio.sleep(LOOK_EVERY_S)

    def _orders(self) -> list[Path]:
        with suppress(OSError):
            # Created here, so that it belongs to the user of the bridge.
            self._folder.mkdir(mode=0o700, exist_ok=True)
            return list(self._folder.glob(f"*{ORDER_SUFFIX}"))
        return []


class ImportProcessor:
    """Carry out orders: journal first, then memory and broker."""

    def __init__(
        self,
        journal: Journal,
        writer: JournalWriter,
        monitors: Mapping[str, SleeperMonitor],
        publisher: Publisher,
        calendar: Calendar,
        now: Callable[[], int],
    ) -> None:
        """Start; `now` returns UTC in us."""
        self._journal = journal
        self._writer = writer
        self._monitors = monitors
        self._publisher = publisher
        self._calendar = calendar
        self._now = now

    async def process(self, path: Path) -> None:
        """Carry out the order in a file, answer it, and delete it."""
        try:
            order = decode_order(await asyncio.to_thread(path.read_bytes))
            answer = await self._carry_out(order)
        except FileNotFoundError:
            # It was withdrawn.
            return
        except (OSError, msgspec.DecodeError, UnreadableRecordError, ValueError) as error:
            reason = "run `limber import` of the same version, as the user of the bridge"
            answer = Answer([], error=f"the bridge cannot read the order ({error}); {reason}")
        except JournalError as error:
            answer = Answer([], error=str(error))
        except Exception:
            # A fault in the import, which runs inside of the bridge, must not end the detection.
            LOG.exception("import: %s: unexpected error; please report it", path)
            answer = Answer([], error="unexpected error; see the log of the bridge for details")
        if answer.error is not None:
            LOG.warning("import: %s", answer.error)
        try:
            await asyncio.to_thread(self._finish, path, answer)
        except OSError as error:
            LOG.error("import: %s: cannot be answered (%s)", path, error)  # noqa: TRY400 - for a person

    async def _carry_out(self, order: ImportOrder) -> Answer:
        monitor = self._monitors.get(order.sleeper)
        if monitor is None:
            known = ", ".join(self._monitors)
            return Answer([], error=f"no sleeper `{order.sleeper}`; use one of: {known}")
        if not self._writer.status.healthy:
            return Answer([], error=f"nothing is recorded now: {self._writer.status.detail}")
        answer, changed = await asyncio.to_thread(
            carry_out, self._journal, order, self._calendar, self._now()
        )
        if changed:
            monitor.replace_nights(changed, self._journal.history(order.sleeper))
            self._publisher.publish_history(monitor)
            LOG.info(
                "%s: %s imported or undone (%s)",
                monitor.id,
                counted(len(changed), "night"),
                order.batch,
            )
        return answer

    def _finish(self, path: Path, answer: Answer) -> None:
        """Write the answer, then delete the order; OSError."""
        write_whole(path.with_suffix(ANSWER_SUFFIX), msgspec.json.encode(answer))
        path.unlink(missing_ok=True)
