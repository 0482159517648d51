"""Read a sensor on a serial line: a WitMotion sensor, or a board that sends Limber frames."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

import numpy as np
import voluptuous as vol

from limber_bridge.detection.signal import SECOND, Quantity
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.validators import number, signing_key, whole_number
from limber_bridge.sources.clock_sync import ClockSync
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.serial_packets import LimberPackets, WitPackets, wit_acceleration
from limber_bridge.sources.source_api import (
    FoundSensor,
    FrameError,
    MissingLibraryError,
    Reason,
    SensorRequest,
    Source,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)
from limber_bridge.sources.stamped_stream import StampedStream

READ_BYTES: Final = 4096
GARBAGE_BYTES: Final = 2048
"""Bytes without a packet after which the line is reported. Chosen: more than the longest frame, so
that a start in the middle of one is no fault."""
BATCH_S: Final = 0.1
"""Time over which WitMotion samples are collected. Chosen: the clock needs few, exact marks."""
WIT_BAUD: Final = 9600
FRAMES_BAUD: Final = 115_200
WIT_RATE_CODES: Final = {10: 0x06, 20: 0x07, 50: 0x08, 100: 0x09, 200: 0x0B}
"""Codes of the register of the output rate, by Hz.
Source: https://wit-motion.gitbook.io/witmotion-sdk/wit-standard-protocol."""
WIT_UNLOCK: Final = bytes.fromhex("ffaa6988b5")
WIT_ONLY_ACCELERATION: Final = bytes.fromhex("ffaa020200")
"""Register of the output content: acceleration only, so that a slow line carries it."""
WIT_COMMAND_PAUSE_S: Final = 0.1
"""Pause after each command, as the maker advises."""
WIT_BYTES_PER_SAMPLE: Final = 11
BITS_PER_BYTE: Final = 10
"""A start bit, eight bits of data and a stop bit."""


class LineFormat(StrEnum):
    """What arrives on the line."""

    LIMBER = "limber"
    WITMOTION = "witmotion"


@dataclass(frozen=True, slots=True)
class SerialOptions:
    """The keys that only sensors on a serial line have."""

    device: str
    format: LineFormat
    baudrate: int
    rate: int
    """Hz; of a WitMotion sensor."""
    key: bytes | None = field(repr=False)
    """Secret shared with the sensor, as for network sensors."""


SENSOR_SCHEMA: Final = vol.Schema(
    {
        vol.Required(
            "device",
            msg="write the path of the serial port, preferably below /dev/serial/by-id/; "
            "`limber scan` lists them",
        ): vol.All(str, vol.Length(min=1)),
        vol.Optional("format", default=LineFormat.LIMBER): vol.In(
            tuple(LineFormat), msg="write `limber` or `witmotion`"
        ),
        vol.Optional("baudrate"): whole_number(1200, 4_000_000),
        vol.Optional("rate", default=50): vol.All(
            number(1, 1000),
            vol.In(tuple(WIT_RATE_CODES), msg="write 10, 20, 50, 100 or 200"),
        ),
        vol.Optional("key"): signing_key,
    }
)


def make_options(values: Mapping[str, Any], folder: Path) -> SerialOptions:
    """Return the options of a sensor; vol.Invalid if the line is too slow for the rate."""
    del folder
    line_format = LineFormat(values["format"])
    is_wit = line_format is LineFormat.WITMOTION
    baudrate = values.get("baudrate", WIT_BAUD if is_wit else FRAMES_BAUD)
    rate = int(values["rate"])
    if is_wit and rate * WIT_BYTES_PER_SAMPLE * BITS_PER_BYTE > baudrate:
        raise vol.Invalid(
            f"{baudrate} baud is too slow for {rate} Hz; set a higher `baudrate` in the sensor "
            "and here, or a lower rate",
            path=["rate"],
        )
    return SerialOptions(values["device"], line_format, baudrate, rate, values.get("key"))


class LineDecoder(Protocol):
    """Turns the bytes of a line into samples."""

    @property
    def skipped(self) -> int:
        """Number of bytes since the last packet that belong to no packet."""

    def decode(self, data: bytes, arrived: int, utc_offset: int) -> Iterator[SourceEvent]:
        """Yield the samples in `data`, which arrived at a time in us on the host's steady clock."""


class FramesDecoder:
    """Decodes Limber frames."""

    def __init__(self, request: SourceRequest, device: str) -> None:
        """Start without bytes."""
        self._packets = LimberPackets()
        self._router = FrameRouter(request)
        self._device = device

    @property
    def skipped(self) -> int:
        """Number of bytes since the last packet that belong to no packet."""
        return self._packets.skipped

    def decode(self, data: bytes, arrived: int, utc_offset: int) -> Iterator[SourceEvent]:
        """Yield the samples of the frames in `data`."""
        for frame in self._packets.add(data):
            yield from self._router.route_frame(frame, arrived, utc_offset, self._device)


class WitDecoder:
    """Decodes the packets of a WitMotion sensor, which have neither numbers nor times.

    A line does not delay them, so that the time of arrival is the time of the last sample.
    """

    def __init__(self, request: SensorRequest) -> None:
        """Start without bytes."""
        self._rate = float(request.options.rate)
        self._packets = WitPackets()
        self._stream = StampedStream(request.sensor, self._rate)
        self._clock = ClockSync(request.sensor)

    @property
    def skipped(self) -> int:
        """Number of bytes since the last packet that belong to no packet."""
        return self._packets.skipped

    def decode(self, data: bytes, arrived: int, utc_offset: int) -> Iterator[SourceEvent]:
        """Yield the samples of the packets in `data`."""
        samples = wit_acceleration(list(self._packets.add(data)))
        count = samples.shape[1]
        if not count:
            return
        periods = np.arange(1 - count, 1) * (SECOND / self._rate)
        stamps = arrived + np.rint(periods).astype(np.int64)
        for frame in self._stream.frames(samples, stamps):
            yield from self._clock.process_frame(frame, arrived, utc_offset)


async def run(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
    """Yield what a sensor sends; SourceLostError if the port cannot be opened or is unplugged."""
    (sensor_request,) = request.sensors
    options: SerialOptions = sensor_request.options
    decoder = make_decoder(request)
    reported = 0
    async with open_line(options) as (reader, _):
        while True:
            data = await read_batch(reader, options)
            arrived = request.host_clock.steady()
            for event in decoder.decode(data, arrived, request.host_clock.utc_offset):
                reported = 0
                yield event
            if decoder.skipped - reported >= GARBAGE_BYTES:
                reported = decoder.skipped
                yield garbage_error(sensor_request, decoder.skipped)


def make_decoder(request: SourceRequest) -> LineDecoder:
    """Return the decoder for the format of a line."""
    (sensor_request,) = request.sensors
    options: SerialOptions = sensor_request.options
    match options.format:
        case LineFormat.LIMBER:
            return FramesDecoder(request, options.device)
        case LineFormat.WITMOTION:
            return WitDecoder(sensor_request)


def garbage_error(request: SensorRequest, skipped: int) -> FrameError:
    """Return the error of a line on which no packet can be found."""
    options: SerialOptions = request.options
    detail = (
        f"{options.device}: {skipped} bytes without a packet at {options.baudrate} baud; set the "
        "`baudrate` and the `format` of the sensor"
    )
    return FrameError(request.sensor.id, Reason.MALFORMED, detail)


async def read_batch(reader: asyncio.StreamReader, options: SerialOptions) -> bytes:
    """Return the next bytes of a line; SourceLostError if it was unplugged.

    Bytes of a WitMotion sensor are collected for a moment, but not so long that they wait.
    """
    try:
        data = await reader.read(READ_BYTES)
        if options.format is LineFormat.WITMOTION and data:
            data += await read_more(reader)
    except OSError as error:
        raise unplugged(options.device) from error
    if not data:
        raise unplugged(options.device)
    return data


async def read_more(reader: asyncio.StreamReader) -> bytes:
    """Return what arrives within `BATCH_S`."""
    collected = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BATCH_S):
            while data := await reader.read(READ_BYTES):
                collected += data
    return collected


def unplugged(device: str) -> SourceLostError:
    """Return the error of a port that is gone."""
    return SourceLostError(f"{device}: the device was unplugged or lost its power; plug it in")


@contextlib.asynccontextmanager
async def open_line(
    options: SerialOptions,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a port and set up the sensor; SourceLostError if that fails, or the port later."""
    serialx = import_serialx()
    # The library's own class is not an OSError, and it may raise it at any use of the port.
    line_errors = (OSError, serialx.SerialException)
    try:
        reader, writer = await serialx.open_serial_connection(
            options.device, baudrate=options.baudrate
        )
    except line_errors as error:
        raise SourceLostError(open_error(options, error)) from error
    try:
        if options.format is LineFormat.WITMOTION:
            await set_up_wit(writer, options)
        yield reader, writer
    except line_errors as error:
        raise unplugged(options.device) from error
    finally:
        writer.close()


def open_error(options: SerialOptions, error: Exception) -> str:
    """Return why a port cannot be opened, and what to do."""
    match error:
        case FileNotFoundError():
            remedy = "plug the device in; `limber scan` lists the ports"
        case PermissionError():
            remedy = "add the user of the bridge to the group `dialout`"
        case _:
            remedy = "close the other program that uses the port, or check the path"
    reason = getattr(error, "strerror", None) or str(error)
    return f"{options.device}: cannot be opened ({reason}); {remedy}"


async def set_up_wit(writer: asyncio.StreamWriter, options: SerialOptions) -> None:
    """Set rate and content of a WitMotion sensor until it loses its power."""
    rate = bytes([0xFF, 0xAA, 0x03, WIT_RATE_CODES[options.rate], 0x00])
    for command in (WIT_UNLOCK, rate, WIT_ONLY_ACCELERATION):
        writer.write(command)
        await writer.drain()
        await asyncio.sleep(WIT_COMMAND_PAUSE_S)


def import_serialx() -> ModuleType:
    """Return the library; MissingLibraryError without it."""
    try:
        import serialx  # noqa: PLC0415 - an optional library
    except ImportError as error:
        raise MissingLibraryError("serial") from error
    return serialx


async def scan(seconds: float) -> Sequence[FoundSensor]:
    """Return the serial ports that have a device on USB; what it sends is not looked at."""
    del seconds
    serialx = await asyncio.to_thread(import_serialx)
    ports = await asyncio.to_thread(serialx.list_serial_ports)
    return [found_port(port) for port in ports if port.vid is not None]


def found_port(port: Any) -> FoundSensor:  # noqa: ANN401 - SerialPortInfo of the optional library
    """Return a port as a scan reports it."""
    name = port.product or port.interface_description or port.resolved_device
    detail = " ".join(str(part) for part in (port.manufacturer, port.resolved_device) if part)
    configuration = {
        "source": "serial",
        "quantity": str(Quantity.ACCELERATION),
        "device": port.device,
        "format": str(LineFormat.LIMBER),
    }
    return FoundSensor(printable(str(name)), printable(detail), configuration, sends_id=True)


def recognizes(options: SerialOptions, found: FoundSensor) -> bool:
    """Return whether a found port is the one in these options, which may be a link to it."""
    return Path(options.device).resolve() == Path(str(found.configuration["device"])).resolve()


SOURCE: Final = Source(
    sensor_schema=SENSOR_SCHEMA,
    make_options=make_options,
    run=run,
    scan=scan,
    recognizes=recognizes,
)
