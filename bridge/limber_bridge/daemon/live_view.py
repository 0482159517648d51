"""The signals of the sensors for those who watch them, and the guided checks.

Nothing is done for a sensor without readers. For the others, the detection hands over what it has
made of a block anyway, and goes on. A task of its own encodes that ten times a second, once for all
readers, and runs the checks. So neither readers nor checks delay the detection.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from limber_bridge.daemon.changes import Change, FiledEvent
from limber_bridge.daemon.live_message import SignalPart, check_message, link_message
from limber_bridge.daemon.live_readers import LiveReader
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.channel import ChannelOutput
from limber_bridge.detection.events import PlacementCheck
from limber_bridge.detection.signal import SECOND, SampleBlock, Sensor
from limber_bridge.domain.placement_check import GuidedCheck
from limber_bridge.domain.placement_figures import shows_position
from limber_bridge.sources.source_api import Samples

UPDATE_S: Final = 0.1
"""Time between two messages. Chosen: a person sees ten a second as a smooth movement."""
IDLE_US: Final = SECOND
"""us between two messages on a sensor that sends nothing."""
WAITING_MAX: Final = 1000
"""Blocks that may wait for the next message. Chosen: ten seconds of the fastest sensor; a bridge
that is busy for longer shows a hole in the signal."""
READERS_MAX: Final = 32
"""Readers at a time. Chosen: a household has a few, and each costs a connection."""
SILENT_US: Final = 10 * SECOND
"""us without a sample after which a check is given up; as for a sensor that counts as disconnected
(`sensor_health`)."""


class TooManyReadersError(Exception):
    """No more readers are accepted."""


@dataclass(frozen=True, slots=True, eq=False)
class WaitingBlock:
    """A block that the detection has processed."""

    output: ChannelOutput | None
    """What it has shown; None where it was late, or in a pause."""
    samples: SampleBlock | None
    """The block for the check; None if a previous run has read it."""


@dataclass(slots=True)
class WatchedSensor:
    """One sensor that has readers."""

    sensor: Sensor
    monitor: SleeperMonitor
    part: SignalPart
    readers: list[LiveReader] = field(default_factory=list)
    waiting: deque[WaitingBlock] = field(default_factory=lambda: deque(maxlen=WAITING_MAX))
    """What arrived since the last message."""
    check: GuidedCheck | None = None
    is_filed: bool = False
    """Whether the result of the check was handed over to the journal."""
    sent_at: int = 0
    """us; when the last message was sent."""
    received_at: int = 0
    """us; when the last samples arrived, or the check began."""

    @property
    def is_checking(self) -> bool:
        """Whether a check goes on."""
        return self.check is not None and self.check.result is None

    def update(self, now: int) -> None:
        """Process what waits, and send everything that is new to all readers."""
        is_silent = abs(now - self.received_at) >= SILENT_US
        if self.check is not None and self.is_checking and is_silent:
            self.check.give_up(now)
        # The clock may have been set back since.
        if not self.waiting and abs(now - self.sent_at) < IDLE_US:
            return
        while self.waiting:
            self._process(self.waiting.popleft())
        self._send(now)

    def _process(self, block: WaitingBlock) -> None:
        if block.output is not None:
            self.part.add_output(block.output)
        if self.check is not None and block.samples is not None:
            self.check.process_block(block.samples)

    def _send(self, now: int) -> None:
        health = self.monitor.sensor_health.message(self.sensor.id, now)
        link = link_message(health, paused=self.monitor.settings.paused)
        check = None if self.check is None else check_message(self.check.progress)
        message = msgspec.json.encode(self.part.message(link, check))
        self.part.clear()
        self.sent_at = now
        for reader in self.readers:
            reader.offer(message)
        self.readers = [reader for reader in self.readers if not reader.dropped.is_set()]


class LiveView:
    """Pass what the detection sees of a sensor to those who watch it."""

    def __init__(self, monitors: Mapping[str, SleeperMonitor], now: Callable[[], int]) -> None:
        """Start without readers; `monitors` are those of all sleepers, and may change.

        `now` returns UTC in us.
        """
        self._monitors = monitors
        self._now = now
        self._watched: dict[int, WatchedSensor] = {}
        self._results: deque[tuple[SleeperMonitor, PlacementCheck]] = deque()
        """Results of checks that are not filed yet."""

    def is_watched(self, sensor: int) -> bool:
        """Return whether anybody watches a sensor."""
        return sensor in self._watched

    def open(self, sensor: int) -> LiveReader:
        """Begin to watch a sensor; KeyError if there is none with this id, TooManyReadersError."""
        monitor, known = self._find(sensor)
        if sum(len(one.readers) for one in self._watched.values()) >= READERS_MAX:
            raise TooManyReadersError
        reader = LiveReader(sensor)
        watched = self._watched.get(sensor)
        if watched is None:
            part = SignalPart(known.quantity, shows_position=shows_position(known))
            watched = WatchedSensor(known, monitor, part)
            self._watched[sensor] = watched
            self._update_monitor(monitor)
        watched.readers.append(reader)
        return reader

    def close_reader(self, reader: LiveReader) -> None:
        """Watch no more; with the last reader of a sensor, its check ends without a result."""
        reader.drop()
        self._remove_unread()

    def close(self) -> None:
        """Drop all readers: the bridge stops."""
        for watched in self._watched.values():
            for reader in watched.readers:
                reader.drop()
        self._remove_unread()

    def start_check(self, sensor: int) -> None:
        """Begin a check of a watched sensor, in place of one that goes on."""
        watched = self._watched.get(sensor)
        if watched is not None:
            sensitivity = watched.monitor.settings.sensitivity
            watched.check = GuidedCheck(watched.sensor, sensitivity=sensitivity)
            watched.is_filed = False
            # It begins with the next block.
            watched.waiting.clear()
            watched.received_at = self._now()

    def stop_check(self, sensor: int) -> None:
        """End the check of a sensor without a result, or put its result away."""
        watched = self._watched.get(sensor)
        if watched is not None:
            watched.check = None

    def note_samples(self, samples: Samples, now: int) -> None:
        """Take what the detection made of samples of a watched sensor.

        To be called right after the monitor has processed them.
        """
        watched = self._watched[samples.sensor]
        output, watched.part.open = watched.monitor.take_output(samples.sensor)
        watched.received_at = now
        block = None if samples.read_before else samples.block
        watched.waiting.append(WaitingBlock(output, block))

    async def run(self) -> None:
        """Send messages ten times a second, until cancelled."""
        while True:
            await asyncio.sleep(UPDATE_S)
            await self.send_all()

    async def send_all(self) -> None:
        """Send what is new of every watched sensor."""
        for watched in list(self._watched.values()):
            watched.update(self._now())
            self._note_result(watched)
            # Samples must not wait for the messages on all sensors.
            await asyncio.sleep(0)
        self._remove_unread()

    def take_results(self) -> Iterator[tuple[SleeperMonitor, Change]]:
        """Return each result of a check once, as the change that files it with its night."""
        while self._results:
            monitor, result = self._results.popleft()
            yield monitor, check_change(monitor, result, self._now())

    def _note_result(self, watched: WatchedSensor) -> None:
        """Keep the result of a check until it is filed, also if its page is closed before."""
        result = None if watched.check is None else watched.check.result
        if result is not None and not watched.is_filed:
            watched.is_filed = True
            self._results.append((watched.monitor, result))

    def _find(self, wanted: int) -> tuple[SleeperMonitor, Sensor]:
        """Return a sensor and the monitor of its sleeper; KeyError."""
        for monitor in self._monitors.values():
            for sensor in monitor.sensors:
                if sensor.id == wanted:
                    return monitor, sensor
        raise KeyError(wanted)

    def _remove_unread(self) -> None:
        """Do nothing more for sensors without readers."""
        unread = []
        for number, watched in self._watched.items():
            watched.readers = [one for one in watched.readers if not one.dropped.is_set()]
            if not watched.readers:
                unread.append(number)
        for number in unread:
            monitor = self._watched.pop(number).monitor
            self._update_monitor(monitor)

    def _update_monitor(self, monitor: SleeperMonitor) -> None:
        watched = self._watched.values()
        monitor.watch(frozenset(one.sensor.id for one in watched if one.monitor is monitor))


def check_change(monitor: SleeperMonitor, result: PlacementCheck, now: int) -> Change:
    """Return the change that files a guided check with its night; no figure of a night changes."""
    night = monitor.calendar.night_of(result.onset)
    return Change(events=(FiledEvent(night, result, live=False, known_at=now),))
