"""Sends what a Bluetooth sensor notified to the bridge, unparsed and in order.

Notifications are sent in batches. They are numbered, so that the bridge recognizes what it has: a
batch is sent again if its response was lost. While the bridge is away they wait for a minute, with
their time of arrival on Home Assistant's monotonic clock; a request says how old each one is.
"""

import asyncio
import base64
import logging
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from .const import RELAY_COMMAND
from .requests import BridgeRequests, RefusedError

_LOGGER: Final = logging.getLogger(__name__)

BATCH_INTERVAL_S: Final = 0.25
"""How long the first notification of a batch waits for others. Chosen: cramps are known after
seconds, and four requests a second cost little (docs/adr/014-bluetooth-relay-over-mqtt.md)."""
BATCH_MAX_NOTIFICATIONS: Final = 64
BATCH_MAX_BYTES: Final = 16_000
"""Bytes of a batch before they are encoded. Chosen: the bridge takes requests of up to 32 kB."""
BACKLOG_MAX_AGE_S: Final = 60.0
"""Chosen: as long as sensors keep what they could not send."""
LARGEST_AGE_MS: Final = 600_000
"""Largest age that the bridge takes. The beginning of a connection can be older; its age does not
matter."""
RETRY_INTERVAL_S: Final = 5.0
CONNECTED: Final = "connected"
"""Channel that says that a connection begins; other channels are characteristics."""
DISCONNECTED: Final = "disconnected"
"""Channel that says that a connection has ended."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A value of a characteristic, or a change of the connection."""

    number: int
    """Rises from one to the next."""
    time: float
    """s on the clock of the event loop."""
    channel: str
    payload: bytes = b""


class Backlog:
    """Numbers notifications and keeps what the bridge has not answered yet."""

    def __init__(self) -> None:
        """Start without notifications."""
        self.run: Final = uuid.uuid4().hex
        """Of which the numbers are; the bridge may know numbers of an earlier run."""
        self._next_number = 0
        self.waiting: deque[Notification] = deque()
        """In order of arrival."""
        self._opening: list[Notification] = []
        """What the bridge needs to understand the connections of which notifications wait."""
        self.dropped = 0
        """Notifications that waited too long."""

    def add(self, time: float, channel: str, payload: bytes, *, opens: bool) -> None:
        """Add a notification; `opens`: the bridge needs it to understand the ones that follow."""
        notification = Notification(self._next_number, time, channel, payload)
        self._next_number += 1
        if opens:
            self._opening.append(notification)
        self.waiting.append(notification)

    def drop_before(self, oldest: float) -> None:
        """Drop what arrived before a time, but not how the connection of the rest began."""
        while self.waiting and self.waiting[0].time < oldest:
            self.waiting.popleft()
            self.dropped += 1
        later = [one for one in self._opening if one.number >= self._first_number()]
        self._opening = [*self.opening(), *later]

    def opening(self) -> list[Notification]:
        """Return how the connection of what waits began, as far as that does not wait itself."""
        first = self._first_number()
        before = [one for one in self._opening if one.number < first]
        starts = [place for place, one in enumerate(before) if one.channel == CONNECTED]
        return before[starts[-1] :] if starts else before

    def next_batch(self, places: int) -> list[Notification]:
        """Return the first notifications that fit into a request, at most `places`."""
        batch: list[Notification] = []
        size = 0
        for one in islice(self.waiting, places):
            size += len(one.payload)
            if batch and size > BATCH_MAX_BYTES:
                break
            batch.append(one)
        return batch

    def remove(self, batch: list[Notification]) -> None:
        """Remove the first notifications, which were answered."""
        for _ in batch:
            self.waiting.popleft()

    def _first_number(self) -> int:
        return self.waiting[0].number if self.waiting else self._next_number


class RelaySender:
    """Sends the notifications of one sensor."""

    def __init__(
        self,
        requests: BridgeRequests,
        sleeper: str,
        sensor: int,
        is_ready: Callable[[], bool],
        signal_strength: Callable[[], int | None],
        on_change: Callable[[], None],
    ) -> None:
        """Start without notifications; `run` sends.

        `is_ready` returns whether the bridge is there; `signal_strength` is in dBm; `on_change` is
        called when the bridge begins or ceases to refuse.
        """
        self._on_change = on_change
        self._requests = requests
        self._sleeper = sleeper
        self._sensor = sensor
        self._is_ready = is_ready
        self._signal_strength = signal_strength
        self.backlog: Final = Backlog()
        """What the bridge has not answered yet."""
        self._bridge_was_away = False
        self._added = asyncio.Event()
        self.refused: str | None = None
        """Why the bridge refused the last batch, for a person; None: it was accepted."""

    @callback
    def add(self, channel: str, payload: bytes = b"", *, opens: bool = False) -> None:
        """Add a notification that arrives now.

        `opens`: whether the bridge needs it to understand the ones that follow.
        """
        now = asyncio.get_running_loop().time()
        self.backlog.add(now, channel, payload, opens=opens or channel == CONNECTED)
        self._added.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._added.wait()
            await asyncio.sleep(BATCH_INTERVAL_S)
            self._added.clear()
            while self._has_waiting():
                if not await self._send_batch():
                    self._bridge_was_away = True
                    await asyncio.sleep(RETRY_INTERVAL_S)

    def _has_waiting(self) -> bool:
        """Return whether notifications wait; drop those that are too old."""
        self.backlog.drop_before(asyncio.get_running_loop().time() - BACKLOG_MAX_AGE_S)
        return bool(self.backlog.waiting)

    async def _send_batch(self) -> bool:
        """Send the next notifications; return whether the bridge answered."""
        if not self._is_ready():
            return False
        repeated: list[Notification] = []
        if self._bridge_was_away:
            # A bridge that was restarted does not know how the connection began. One that was not
            # restarted knows the numbers, and skips them.
            repeated = self.backlog.opening()
        batch = self.backlog.next_batch(BATCH_MAX_NOTIFICATIONS - len(repeated))
        try:
            await self._requests.send(
                RELAY_COMMAND,
                self._sleeper,
                sensor=self._sensor,
                run=self.backlog.run,
                notifications=self._encoded([*repeated, *batch]),
                signal_strength=self._signal_strength(),
            )
        except RefusedError as error:
            self._set_refused(error.refusal.message)
        except HomeAssistantError:
            return False
        else:
            self._set_refused(None)
        self._bridge_was_away = False
        self.backlog.remove(batch)
        return True

    def _set_refused(self, reason: str | None) -> None:
        """Note whether the bridge refused a batch, and why."""
        if reason == self.refused:
            return
        if reason is not None:
            _LOGGER.warning("sensor %s: %s", self._sensor, reason)
        self.refused = reason
        self._on_change()

    @staticmethod
    def _encoded(batch: list[Notification]) -> list[tuple[int, int, str, str]]:
        """Return notifications as they are sent: number, age in ms, channel, payload in base64."""
        now = asyncio.get_running_loop().time()
        return [
            (
                one.number,
                min(max(0, round((now - one.time) * 1000)), LARGEST_AGE_MS),
                one.channel,
                base64.b64encode(one.payload).decode("ascii"),
            )
            for one in batch
        ]
