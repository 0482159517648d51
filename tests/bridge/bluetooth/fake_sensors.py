"""Sensors for the fake Bluetooth service, from the documents of their makers.

Polar: "Polar Measurement Data Specification for 3rd Party" and the documentation of Polar's SDK.
Movesense: the page on the GATT SensorData protocol. WitMotion: the page on its Bluetooth 5
protocol. Nothing here uses the code under test.
"""

import asyncio
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import override

from tests.bridge.bluetooth.fake_bluez import FakeCharacteristic, FakeDevice

BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
PMD_SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
PMD_CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
PMD_DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
MOVESENSE_SERVICE = "34802252-7185-4d5d-b431-630e7050e8f0"
MOVESENSE_WRITE = "34800001-7185-4d5d-b431-630e7050e8f0"
MOVESENSE_NOTIFY = "34800002-7185-4d5d-b431-630e7050e8f0"
WITMOTION_SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
WITMOTION_NOTIFY = "0000ffe4-0000-1000-8000-00805f9a34fb"
WITMOTION_WRITE = "0000ffe9-0000-1000-8000-00805f9a34fb"
UART_SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
UART_RX = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
UART_TX = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"

POLAR_2026_NS = 850_000_000 * 10**9
"""ns since 2000-01-01: a time of the clock of a Polar sensor."""

type Sample = tuple[int, int, int]


def pack_deltas(samples: Sequence[Sample], bits: int) -> bytes:
    """Pack the content of a compressed frame: a first sample, then one block of differences.

    Each difference takes `bits` bits, the lowest first, in the order x, y, z.
    """
    number = 0
    at = 0
    for before, sample in pairwise(samples):
        for old, new in zip(before, sample, strict=True):
            number |= ((new - old) & (1 << bits) - 1) << at
            at += bits
    packed = number.to_bytes((at + 7) // 8, "little")
    return struct.pack("<hhh", *samples[0]) + bytes([bits, len(samples) - 1]) + packed


def polar_frame(stamp_ns: int, frame_type: int, content: bytes) -> bytes:
    """Return a notification of acceleration; the time is that of the last sample."""
    return struct.pack("<BQB", 2, stamp_ns, frame_type) + content


def battery_service(percent: int) -> dict[str, list[FakeCharacteristic]]:
    return {
        BATTERY_SERVICE: [FakeCharacteristic(BATTERY_LEVEL, ("read",), bytes([percent]))],
    }


@dataclass
class StreamingDevice(FakeDevice):
    """A device that sends a notification at regular times while it streams."""

    interval: float = 0.05
    streaming: bool = False
    silent: bool = False
    """It stays connected and sends nothing, as the radio of a real one sometimes does."""
    written: list[bytes] = field(default_factory=list)
    sent: asyncio.Event = field(default_factory=asyncio.Event)
    """Samples were sent since the event was cleared."""
    _task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.on_disconnect = self.stop_stream

    def start_stream(self) -> None:
        self.stop_stream()
        self.streaming = True
        self._task = asyncio.get_running_loop().create_task(self._send())

    def stop_stream(self) -> None:
        self.streaming = False
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += self.interval
            await asyncio.sleep(due - loop.time())
            if not self.silent:
                self.send_samples()
                self.sent.set()

    def send_samples(self) -> None:
        raise AssertionError("each model sends its own samples")


@dataclass
class FakePolar(StreamingDevice):
    """A Polar sensor, at rest: 1 g on z."""

    model: str = "verity"
    rate: float = 52.0
    clock_ns: int = POLAR_2026_NS
    sdk_mode: bool = False
    start_status: int = 0
    batch: int = 4
    stream_deaf: bool = False
    """It does not reply to commands."""
    with_factor: bool = True

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.interval = self.batch / self.rate
        self.characteristic(PMD_CONTROL).on_write = self.command

    def command(self, data: bytes) -> None:
        self.written.append(data)
        operation, measurement = data[:2]
        status = 0
        settings = b""
        if operation == 2 and measurement == 9:
            # While a stream runs the mode cannot be changed: invalid state.
            status = 12 if self.streaming else 6 if self.sdk_mode else 0
            self.sdk_mode = self.sdk_mode or not status
        elif operation == 3 and measurement == 9:
            self.sdk_mode = False
        elif operation == 2:
            status = self.start_status or (6 if self.streaming else 0)
            if not status:
                if self.with_factor:
                    settings = struct.pack("<BBf", 5, 1, 0.000244)
                self.start_stream()
        elif operation == 3:
            status = 0 if self.streaming else 6
            self.stop_stream()
        if not self.stream_deaf:
            self.notify(PMD_CONTROL, bytes([0xF0, operation, measurement, status, 0]) + settings)

    @override
    def send_samples(self) -> None:
        self.clock_ns += round(self.batch / self.rate * 1e9)
        if self.model == "h10":
            content = struct.pack("<hhh", 0, 0, 1000) * self.batch
            self.notify(PMD_DATA, polar_frame(self.clock_ns, 1, content))
            return
        # 4098 counts of 0.000244 g are 1 g.
        samples = [(n % 3, -(n % 2), 4098) for n in range(self.batch)]
        self.notify(PMD_DATA, polar_frame(self.clock_ns, 0x80, pack_deltas(samples, 6)))


def verity(address: str = "A0:9E:1A:00:00:01", **more: object) -> FakePolar:
    return polar(address, f"Polar Sense {address[-2:]}345678", "verity", **more)


def h10(address: str = "A0:9E:1A:00:00:02", **more: object) -> FakePolar:
    return polar(address, f"Polar H10 {address[-2:]}345678", "h10", rate=50.0, **more)


def polar(address: str, name: str, model: str, **more: object) -> FakePolar:
    services = battery_service(83) | {
        PMD_SERVICE: [
            FakeCharacteristic(PMD_CONTROL, ("read", "write", "notify", "indicate")),
            FakeCharacteristic(PMD_DATA, ("notify",)),
        ]
    }
    return FakePolar(address, name, services, model=model, **more)  # type: ignore[arg-type]


@dataclass
class FakeMovesense(StreamingDevice):
    """A Movesense with the GATT SensorData app, at rest; the standard gravity is on y."""

    rate: float = 52.0
    clock_ms: float = 5_000.0
    reference: int = 0
    batch: int = 8
    status: int = 200
    split_at: int | None = None
    """Bytes of samples in the first part of a message; None: it is not split."""

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.interval = self.batch / self.rate
        self.characteristic(MOVESENSE_WRITE).on_write = self.command

    def command(self, data: bytes) -> None:
        self.written.append(data)
        code, self.reference = data[:2]
        if code == 1:
            status = self.status if data[2:] == b"/Meas/Acc/52" else 404
            self.notify(MOVESENSE_NOTIFY, struct.pack("<BBH", 1, self.reference, status))
            if status == 200:
                self.start_stream()
        elif code == 2:
            self.stop_stream()

    @override
    def send_samples(self) -> None:
        samples = struct.pack("<fff", 0.0, 9.80665, 0.0) * self.batch
        stamp = struct.pack("<I", round(self.clock_ms) % 2**32)
        self.clock_ms += 1000 * self.batch / self.rate
        first = samples[: self.split_at]
        self.notify(MOVESENSE_NOTIFY, bytes([2, self.reference]) + stamp + first)
        if self.split_at is not None:
            self.notify(MOVESENSE_NOTIFY, bytes([3, self.reference]) + samples[self.split_at :])


def fake_movesense(address: str = "0C:8C:DC:00:00:01", **more: object) -> FakeMovesense:
    services = battery_service(61) | {
        MOVESENSE_SERVICE: [
            FakeCharacteristic(MOVESENSE_WRITE, ("write", "write-without-response")),
            FakeCharacteristic(MOVESENSE_NOTIFY, ("notify",)),
        ]
    }
    return FakeMovesense(address, "Movesense 210330000001", services, **more)  # type: ignore[arg-type]


@dataclass
class FakeWitMotion(StreamingDevice):
    """A WitMotion sensor, at rest; it sends 10 samples a second until it is set to another rate."""

    rate: float = 10.0
    unlocked: bool = False
    stubborn: bool = False
    """It keeps its rate whatever it is set to."""

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.interval = 1 / self.rate
        self.characteristic(WITMOTION_NOTIFY).on_subscribe = self.start_stream
        self.characteristic(WITMOTION_WRITE).on_write = self.command

    def command(self, data: bytes) -> None:
        self.written.append(data)
        if data == bytes.fromhex("ff aa 69 88 b5"):
            self.unlocked = True
        elif self.unlocked and not self.stubborn and data[:3] == bytes.fromhex("ff aa 03"):
            self.rate = {0x06: 10.0, 0x07: 20.0, 0x08: 50.0, 0x09: 100.0}[data[3]]
            self.interval = 1 / self.rate
            self.start_stream()

    @override
    def send_samples(self) -> None:
        # 2048 of 32768 counts are 1 g in the range of 16 g.
        values = struct.pack("<9h", 0, 0, -2048, 1, 2, 3, 4, 5, 6)
        self.notify(WITMOTION_NOTIFY, b"\x55\x61" + values)


def fake_witmotion(address: str = "D1:00:00:00:00:01", **more: object) -> FakeWitMotion:
    services = {
        WITMOTION_SERVICE: [
            FakeCharacteristic(WITMOTION_NOTIFY, ("notify",)),
            FakeCharacteristic(WITMOTION_WRITE, ("write-without-response",)),
        ]
    }
    return FakeWitMotion(address, "WT901BLE67", services, **more)  # type: ignore[arg-type]


@dataclass
class FakeUart(StreamingDevice):
    """A board that sends what `frame` returns over the Nordic UART service."""

    frame: Callable[[], bytes] = bytes

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.characteristic(UART_TX).on_subscribe = self.start_stream

    @override
    def send_samples(self) -> None:
        self.notify(UART_TX, self.frame())


def uart_board(
    frame: Callable[[], bytes], address: str = "D2:00:00:00:00:01", name: str = "Limber ankle"
) -> FakeUart:
    services = {
        UART_SERVICE: [
            FakeCharacteristic(UART_RX, ("write", "write-without-response")),
            FakeCharacteristic(UART_TX, ("notify",)),
        ]
    }
    return FakeUart(address, name, services, advertised=(UART_SERVICE,), frame=frame, interval=0.1)
