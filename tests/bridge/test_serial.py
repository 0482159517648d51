"""`source: serial` over pseudo terminals: packets, garbage, unplugging and plugging in again."""

import asyncio
import os
import struct
import threading
import time
import tty
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import voluptuous as vol
from hypothesis import given
from hypothesis import strategies as st

from devtools.network_sensor import AnkleSensor, leg
from limber_bridge.detection.signal import Placement, Quantity, Sensor
from limber_bridge.domain.nights import Calendar
from limber_bridge.sources import serial_line
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.serial_line import GARBAGE_BYTES, SENSOR_SCHEMA, make_options, run
from limber_bridge.sources.serial_packets import LimberPackets, WitPackets, wit_acceleration
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Samples,
    SensorRequest,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import settings
from tests.bridge.forked_limber import run_limber
from tests.bridge.listener import Listener

pytestmark = pytest.mark.real_time

ANKLE = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE)
KEY = "a secret key 5e1f"


def wit_packet(x: int, y: int, z: int, kind: int = 0x51) -> bytes:
    """A packet of a WitMotion sensor, from the maker's description."""
    body = struct.pack("<BBhhhh", 0x55, kind, x, y, z, 2500)
    return body + bytes([sum(body) & 0xFF])


def framed(frame: bytes) -> bytes:
    return struct.pack("<H", len(frame)) + frame


@dataclass
class Cable:
    """A pseudo terminal behind a link below a folder like /dev/serial/by-id."""

    link: Path
    device: int = field(init=False, default=-1)

    def plug_in(self) -> None:
        self.device, terminal = os.openpty()
        tty.setraw(self.device)
        tty.setraw(terminal)
        self._terminal = terminal
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(terminal))

    def write(self, data: bytes) -> None:
        os.write(self.device, data)

    def unplug(self) -> None:
        os.close(self._terminal)
        os.close(self.device)
        self.link.unlink()


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    plugged = Cable(tmp_path / "usb-sensor")
    plugged.plug_in()
    yield plugged
    if plugged.link.is_symlink():
        plugged.unplug()


MARK = framed(AnkleSensor(id=99).frame(leg(0, 0.1, [])))
"""A frame of a sensor that is not configured. Its error shows that the line is read."""


async def opened(events: AsyncGenerator[SourceEvent], cable: Cable) -> None:
    """Wait until the source reads the line; opening it drops what was written before."""
    first = asyncio.ensure_future(anext(events))
    async with asyncio.timeout(60):
        while not first.done():
            cable.write(MARK)
            await asyncio.wait([first], timeout=0.02)
    assert is_mark(await first)


def is_mark(event: SourceEvent) -> bool:
    return isinstance(event, FrameError) and event.reason is Reason.UNKNOWN_SENSOR


def open_files() -> list[str]:
    """The names of the open files of this process."""
    names = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            names.append(str(link.readlink()))
    return names


def request(path: Path, **keys: object) -> SourceRequest:
    options = make_options(SENSOR_SCHEMA({"device": str(path), **keys}), Path())
    host = HostClock()
    return SourceRequest(
        (SensorRequest(ANKLE, options),), None, Calendar(ZoneInfo("UTC")), host, host.now()
    )


async def collect(events: AsyncGenerator[SourceEvent], samples: int) -> list[SourceEvent]:
    """Return the events until a number of samples has arrived."""
    found: list[SourceEvent] = []
    async with asyncio.timeout(60):
        async for event in events:
            found += [] if is_mark(event) else [event]
            if sum(one.block.samples.shape[1] for one in found if isinstance(one, Samples)) >= (
                samples
            ):
                return found
    raise AssertionError("the source ended")


async def test_a_witmotion_sensor_is_set_up_and_read(cable: Cable) -> None:
    line = run(request(cable.link, format="witmotion", baudrate=115200, rate=100))

    async def feed() -> None:
        for number in range(200):
            # Other packets and garbage lie between the samples.
            cable.write(wit_packet(9, 9, 9, 0x52) if number % 3 == 0 else b"")
            cable.write(b"\x55\x51\x00" if number == 50 else b"")
            cable.write(wit_packet(0, 2048, number))
            await asyncio.sleep(0.01)

    async with aclosing(line):
        feeding = asyncio.create_task(feed())
        events = await collect(line, 195)
        await feeding
    sent = os.read(cable.device, 100)
    assert sent == bytes.fromhex("ffaa6988b5 ffaa030900 ffaa020200")
    assert not [event for event in events if isinstance(event, FrameError)]
    blocks = [event.block for event in events if isinstance(event, Samples)]
    values = np.concatenate([block.samples for block in blocks], axis=1)
    assert values[1] == pytest.approx(1.0)
    assert (np.diff(values[2]) > 0).all()
    numbers = [number for block in blocks for number in range(block.first, block.end)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_limber_frames_are_read_after_a_torn_start_and_garbage(cable: Cable) -> None:
    sensor = AnkleSensor(key=KEY.encode())
    line = run(request(cable.link, key=KEY))
    stream = [framed(sensor.frame(leg(number / 2, 0.5, []))) for number in range(8)]
    data = stream[0][17:] + b"".join(stream[1:4]) + b"LB\x01" * 9 + b"".join(stream[4:])
    async with aclosing(line):
        await opened(line, cable)
        for start in range(0, len(data), 7):
            cable.write(data[start : start + 7])
        events = await collect(line, 7 * 25)
    assert all(isinstance(event, Samples) for event in events)


async def test_a_wrong_baud_rate_is_named(cable: Cable) -> None:
    line = run(request(cable.link, baudrate=57600))
    async with aclosing(line):
        await opened(line, cable)
        cable.write(bytes(range(256)) * (GARBAGE_BYTES // 256 + 1))
        async with asyncio.timeout(60):
            event = await anext(line)
            while is_mark(event):
                event = await anext(line)
    assert isinstance(event, FrameError)
    assert event.reason is Reason.MALFORMED
    assert "without a packet at 57600 baud; set the `baudrate`" in event.detail


async def test_an_unplugged_device_is_lost_and_can_be_plugged_in_again(cable: Cable) -> None:
    for _ in range(2):
        line = run(request(cable.link))
        sensor = AnkleSensor()
        async with aclosing(line):
            await opened(line, cable)
            cable.write(framed(sensor.frame(leg(0, 0.5, []))))
            await collect(line, 25)
            cable.unplug()
            with pytest.raises(SourceLostError, match="was unplugged or lost its power; plug it"):
                await collect(line, 25)
        with pytest.raises(SourceLostError, match=r"cannot be opened \(No such file"):
            await anext(run(request(cable.link)))
        cable.plug_in()


async def test_an_error_of_the_library_at_any_use_of_the_line_loses_it(cable: Cable) -> None:
    """The library's own class is no OSError, as those of the system are."""
    line = request(cable.link)
    with pytest.raises(SourceLostError, match="was unplugged or lost its power"):
        async with serial_line.open_line(line.sensors[0].options):
            raise serial_line.import_serialx().SerialException("the port does not answer")


async def test_descriptors_do_not_grow_with_lost_lines(cable: Cable) -> None:
    async def lose() -> None:
        line = run(request(cable.link))
        await opened(line, cable)
        cable.unplug()
        with pytest.raises(SourceLostError):
            await collect(line, 1)
        cable.plug_in()

    await lose()
    before = len(open_files())
    for _ in range(20):
        await lose()
    assert len(open_files()) <= before


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "serialx", None)
    with pytest.raises(SourceLostError, match="script/setup bridge-serial"):
        serial_line.import_serialx()


def test_a_line_that_is_too_slow_is_refused() -> None:
    values = SENSOR_SCHEMA({"device": "/dev/ttyUSB0", "format": "witmotion", "rate": 100})
    with pytest.raises(vol.Invalid, match="9600 baud is too slow for 100 Hz"):
        make_options(values, Path())


@given(
    st.lists(st.binary(max_size=60), min_size=6, max_size=6),
    st.lists(st.integers(1, 40), min_size=1, max_size=50),
)
def test_frames_are_found_whatever_lies_between_them(
    garbage: list[bytes], pieces: list[int]
) -> None:
    """Except those that a header in the garbage claims, which the strategy does not generate."""
    sensor = AnkleSensor()
    frames = [sensor.frame(leg(number / 2, 0.5, [])) for number in range(5)]
    data = garbage[0] + b"".join(
        framed(frame) + extra for frame, extra in zip(frames, garbage[1:], strict=True)
    )
    packets = LimberPackets()
    found: list[bytes] = []
    while data:
        for size in pieces:
            found += packets.add(data[:size])
            data = data[size:]
    # The last frame waits for more bytes only if what follows it is a torn frame.
    assert found == frames


@given(st.lists(st.tuples(*[st.integers(-32767, 32767)] * 3), max_size=30), st.binary(max_size=40))
def test_witmotion_packets_are_found_after_garbage(
    samples: list[tuple[int, int, int]], garbage: bytes
) -> None:
    packets = WitPackets()
    # A whole packet of zero bytes follows: garbage can claim at most the first ten bytes.
    data = garbage + bytes(11) + b"".join(wit_packet(*sample) for sample in samples)
    found = list(packets.add(data))
    assert [packet for packet in found if packet in data][-len(samples) :] == (
        [wit_packet(*sample) for sample in samples] if samples else found
    )
    assert wit_acceleration(found).shape[0] == 3


def write_steadily(write: Callable[[bytes], None], stop: threading.Event) -> None:
    """Write frames in real time until `stop`, whether the cable is plugged in or not."""
    sensor = AnkleSensor()
    begin = time.monotonic()
    while not stop.wait(max(0.0, begin + (sensor.sequence + 25) / 50 - time.monotonic())):
        data = framed(sensor.frame(leg(sensor.sequence / 50, 0.5, [])))
        try:
            write(data)
        except OSError:
            continue


@pytest.mark.takes(21)
def test_the_bridge_reads_a_line_again_after_it_was_unplugged(
    cable: Cable, broker: Broker, start_bridge: StartBridge
) -> None:
    keys = "id: 1, source: serial, placement: ankle, side: left, quantity: acceleration"
    stop = threading.Event()
    writing = threading.Thread(target=write_steadily, args=(cable.write, stop))
    writing.start()

    def connected(expected: bool) -> Callable[..., bool]:
        return lambda one: (
            one.topic.endswith("/state") and one.json["sensors"]["1"]["connected"] is expected
        )

    try:
        with Listener(broker.port) as listener:
            bridge = start_bridge(f"{{{keys}, device: '{cable.link}'}}", broker.port)
            listener.wait(connected(True))
            cable.unplug()
            since = len(listener.heard)
            listener.wait(connected(False), since=since)
            cable.plug_in()
            since = len(listener.heard)
            state = listener.wait(connected(True), since=since).json
        assert state["sensors"]["1"]["refused"] == 0
        assert "was unplugged or lost its power; plug it in" in bridge.log.read_text()
    finally:
        stop.set()
        writing.join()


def test_limber_check_measures_a_serial_sensor(
    cable: Cable, broker: Broker, tmp_path: Path
) -> None:
    keys = "id: 1, source: serial, placement: ankle, side: left, quantity: acceleration"
    (tmp_path / "limber.yaml").write_text(
        settings(f"{{{keys}, device: '{cable.link}'}}", port=broker.port)
    )
    stop = threading.Event()
    writing = threading.Thread(target=write_steadily, args=(cable.write, stop))
    writing.start()
    try:
        ended = run_limber("check", "--seconds", "4", cwd=tmp_path)
    finally:
        stop.set()
        writing.join()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "gravity 1.00 g, no loss" in ended.stdout
