"""Plays a night of two devices with rings to a bridge, with outages of links and of the bridge."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from devtools.network_sensor import AnkleSensor, FrameRing
from devtools.processes import LOOPBACK
from limber_bridge.daemon.changes import Change, FiledEvent
from limber_bridge.daemon.journal_batches import journal_batch
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.events import Event, event_id
from limber_bridge.detection.signal import SECOND, Floats
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.network import ListenAddress
from limber_bridge.sources.source_api import Samples, SourceRequest
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.restore import restore_sleeper
from tests.bridge.examples import config, local
from tests.detection.signals import ankle, turned

RATE = 50
FRAME_S = 0.5
LENGTH_S = 240.0
START = local("2026-11-21T23:00")
DELAY_US = 20_000
"""us from the end of a frame to its arrival."""
RING_S = 120.0
BRIDGE_STARTS_S = 5.0
"""The devices are switched on first, and send what they have taken once the bridge runs."""
SENSORS = (
    "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration, "
    "key: a secret key 5e1f}\n"
    "{id: 2, source: network, placement: ankle, side: right, quantity: acceleration}"
)
LISTEN = "network: {address: 127.0.0.1, port: 1}\n"
KEYS = {1: b"a secret key 5e1f", 2: None}


@dataclass(frozen=True)
class Outage:
    """A time (s) in which a link or the bridge is away."""

    begin: float
    end: float
    killed: bool = True
    """Of a bridge: whether it was killed, or stopped in order."""


@dataclass(frozen=True)
class Schedule:
    """What is away when."""

    links: Mapping[int, Sequence[Outage]] = field(default_factory=dict)
    """By sensor."""
    bridge: Sequence[Outage] = ()


def is_away(outages: Iterable[Outage], time: float) -> bool:
    return any(outage.begin <= time < outage.end for outage in outages)


@cache
def signals() -> dict[int, Floats]:
    """Return both ankles: kicks of one leg and of both, a series, a turn, a long movement."""
    left = [(20.0 + 25 * number, 2.0) for number in range(8)]
    left += [(57.0, 0.3), (104.0, 1.2)]
    right = [(20.4, 1.5), (46.5, 1.0), (82.0, 2.0), (95.2, 3.0), (130.0, 8.0), (171.0, 2.0)]
    return {
        1: turned(ankle(*left, length=LENGTH_S, seed=1), 210.0, 40.0),
        2: ankle(*right, length=LENGTH_S, seed=2),
    }


class Device:
    """A device that takes samples, whatever its link does."""

    def __init__(self, sensor: int) -> None:
        self._sensor = AnkleSensor(id=sensor, key=KEYS[sensor], boot=sensor)
        # The clock wraps during the night.
        self._clock_start = 2**32 - 100 * SECOND + sensor
        self._ring = FrameRing(RING_S)
        self.connected = False

    def take_frame(self, samples: Floats, begin: float) -> bytes:
        frame = self._sensor.frame(samples, clock=self._clock(begin))
        self._ring.add(begin, frame)
        return frame

    def clock_frame(self, time: float) -> bytes:
        return self._sensor.clock_frame(self._clock(time))

    def resend(self, time: float) -> list[bytes]:
        """Return what the device sends after it has connected."""
        return [self.clock_frame(time), *self._ring]

    def _clock(self, time: float) -> int:
        return self._clock_start + round(time * SECOND)


class NightPlayer:
    """Plays the devices to a bridge that can be killed; the journal is a file."""

    def __init__(
        self,
        folder: Path,
        schedule: Schedule,
        bed_reports: Mapping[float, bool] | None = None,
        *,
        over_udp: Collection[int] = (),
    ) -> None:
        """`over_udp`: sensors that send each frame once, and clock frames."""
        self._over_udp = over_udp
        self._bed_reports = bed_reports or {}
        self._config = config(folder, SENSORS, more=LISTEN)
        self._schedule = schedule
        self._devices = {number: Device(number) for number in signals()}
        self._folder = folder
        self.filed: list[FiledEvent] = []
        """Everything that was filed, with what was withdrawn later."""
        self.errors: list[object] = []
        self._monitor: SleeperMonitor | None = None

    def play(self) -> list[Event]:
        """Return the events in the journal after the night."""
        with Journal(self._folder / "limber.db") as journal:
            self._journal = journal
            for step in range(1, round(LENGTH_S / FRAME_S) + 1):
                self._play_step(step * FRAME_S)
            nights = journal.unfinished_nights("anna")
            return [event for night in nights for event in journal.events("anna", night)]

    def _play_step(self, time: float) -> None:
        if time >= BRIDGE_STARTS_S:
            self._run_bridge(time)
        for number, device in self._devices.items():
            begin = time - FRAME_S
            part = slice(round(begin * RATE), round(time * RATE))
            frame = device.take_frame(signals()[number][:, part], begin)
            reaches = self._monitor is not None and not is_away(
                self._schedule.links.get(number, ()), time
            )
            if reaches and not device.connected and number not in self._over_udp:
                self._receive(device.resend(time), time)
            elif reaches:
                is_clock_due = time % 60 == 0 or not device.connected
                clock = [device.clock_frame(time)] if is_clock_due else []
                self._receive([*clock, frame], time)
            device.connected = reaches
        if self._monitor is not None and time in self._bed_reports:
            in_bed = self._bed_reports[time]
            self._apply(self._monitor.add_bed_report(self._now(time), 0, in_bed=in_bed))
        if self._monitor is not None and time % 1 == 0:
            self._apply(self._monitor.advance_to(self._now(time)))
            if time % 5 == 0:
                self._write(Change())

    def _run_bridge(self, time: float) -> None:
        """Start, stop or kill the bridge, as the schedule says."""
        away = [one for one in self._schedule.bridge if one.begin <= time < one.end]
        if away and self._monitor is not None:
            if not away[0].killed:
                self._write(self._monitor.interrupt(self._now(time)))
            self._monitor = None
        elif not away and self._monitor is None:
            self._start_bridge(self._now(time))

    def _start_bridge(self, now: int) -> None:
        sleeper = self._config.sleepers[0]
        restored = restore_sleeper(
            self._journal, "anna", self._config.calendar, now, live=True, sensors=[1, 2]
        )
        self._monitor = SleeperMonitor(sleeper, self._config, restored, now)
        self._positions: list[tuple[int, ReadPosition]] = []
        host = HostClock()
        self._router = FrameRouter(
            SourceRequest(
                tuple(configured.request for configured in sleeper.sensors),
                ListenAddress(LOOPBACK, 1),
                self._config.calendar,
                host,
                now,
                {sensor: tuple(read) for sensor, read in self._journal.read_positions().items()},
            )
        )
        for device in self._devices.values():
            device.connected = False
        self._apply(self._monitor.advance_to(now))

    def _receive(self, frames: Iterable[bytes], time: float) -> None:
        assert self._monitor is not None
        now = self._now(time) + DELAY_US
        for frame in frames:
            for event in self._router.route_frame(frame, now):
                match event:
                    case Samples(sensor=sensor, read_position=position):
                        if position is not None:
                            self._positions.append((sensor, position))
                        self._apply(self._monitor.process_arrival(sensor, event, now))
                    case _:
                        self.errors.append(event)

    def _apply(self, change: Change) -> None:
        if change:
            self._write(change)
            self.filed += change.events

    def _write(self, change: Change) -> None:
        assert self._monitor is not None
        self._journal.write([journal_batch(self._monitor, change, self._positions)])
        self._positions = []

    def _now(self, time: float) -> int:
        return START + round(time * SECOND)


def comparable(events: Iterable[Event]) -> list[str]:
    """Return events as sorted texts."""
    return sorted(f"{event_id(event)} {event}" for event in events)


def offset_of(event: Event) -> float:
    """Return the onset of an event in s since the start of the night."""
    return (event.onset - START) / SECOND
