"""An emulated Polar Verity Sense and Polar H10, written from Polar's own documents.

Source: "Polar Measurement Data" (version 1.0, August 2024), `SdkModeExplained.md`,
`TimeSystemExplained.md` and the product pages in Polar's BLE SDK. Nothing is taken from a parser.
"""

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, override

import numpy as np
import numpy.typing as npt
from bumble.gatt import Characteristic, CharacteristicValue, Service

from devtools.emulated_radio import (
    NOTIFY,
    READ,
    READABLE,
    WRITEABLE,
    Air,
    LyingAnkle,
    Peripheral,
    battery_service,
)

PMD_SERVICE: Final = "FB005C80-02E7-F387-1CAD-8ACD2D8DF0C8"
CONTROL_POINT: Final = "FB005C81-02E7-F387-1CAD-8ACD2D8DF0C8"
DATA: Final = "FB005C82-02E7-F387-1CAD-8ACD2D8DF0C8"
ACCELERATION: Final = 2
SDK_MODE: Final = 9
RESPONSE: Final = 0xF0
DEFAULT_TIME_NS: Final = 599_616_000_000_000_000
"""2019-01-01 in ns since 2000: the clock of a sensor whose time was never set."""
RAW_16_BIT: Final = 0x01
"""Frame type: 3 x i16 a sample, in mg."""
DELTA_16_BIT: Final = 0x80
"""Frame type: compressed, type 0; value x factor is g."""
SAMPLES_PER_FRAME: Final = 36
"""The number in Polar's example of an uncompressed frame: 226 bytes."""
FEATURES_ANSWER: Final = 0x0F


class Command(IntEnum):
    """Commands of the control point."""

    GET_SETTINGS = 1
    START = 2
    STOP = 3
    GET_SDK_SETTINGS = 4


class Status(IntEnum):
    """Answers of the control point."""

    SUCCESS = 0
    INVALID_COMMAND = 1
    INVALID_MEASUREMENT = 2
    NOT_SUPPORTED = 3
    INVALID_LENGTH = 4
    INVALID_PARAMETER = 5
    ALREADY_IN_STATE = 6
    INVALID_RESOLUTION = 7
    INVALID_SAMPLE_RATE = 8
    INVALID_RANGE = 9
    INVALID_STATE = 12


class Setting(IntEnum):
    """Types of settings; each is followed by the number of its values."""

    SAMPLE_RATE = 0
    RESOLUTION = 1
    RANGE = 2
    CHANNELS = 4
    FACTOR = 5


SETTING_FORMATS: Final = {
    Setting.SAMPLE_RATE: "H",
    Setting.RESOLUTION: "H",
    Setting.RANGE: "H",
    Setting.CHANNELS: "B",
    Setting.FACTOR: "f",
}


@dataclass(frozen=True, slots=True)
class Model:
    """What one model of Polar's offers for acceleration."""

    name: str
    features: bytes
    """Bits of the measurement types, in the answer to a read of the control point."""
    rates: tuple[int, ...]
    ranges: tuple[int, ...]
    sdk_rates: tuple[int, ...] = ()
    """Empty: the model has no SDK mode."""
    sdk_ranges: tuple[int, ...] = ()
    compressed: bool = False


VERITY_SENSE: Final = Model(
    name="Polar Sense",
    features=bytes([0x6E, 0x02]),
    rates=(52,),
    ranges=(8,),
    sdk_rates=(26, 52, 104, 208, 416),
    sdk_ranges=(2, 4, 8, 16),
    compressed=True,
)
H10: Final = Model(
    name="Polar H10", features=bytes([0x05, 0x00]), rates=(25, 50, 100, 200), ranges=(2, 4, 8)
)


def pack_settings(settings: dict[Setting, Sequence[float]]) -> bytes:
    """Return settings as the control point sends them."""
    return b"".join(
        struct.pack(f"<BB{len(values)}{SETTING_FORMATS[kind]}", kind, len(values), *values)
        for kind, values in settings.items()
    )


def unpack_settings(data: bytes) -> dict[Setting, float]:
    """Return the settings of a start command, one value each; ValueError if they are malformed."""
    found: dict[Setting, float] = {}
    offset = 0
    while offset < len(data):
        kind = Setting(data[offset])
        form = f"<{SETTING_FORMATS[kind]}"
        if data[offset + 1] != 1:
            raise ValueError(f"{data[offset + 1]} values of setting {kind}, expected one")
        found[kind] = struct.unpack_from(form, data, offset + 2)[0]
        offset += 2 + struct.calcsize(form)
    return found


def delta_block(counts: npt.NDArray[np.int64]) -> bytes:
    """Return a reference sample and the differences that follow it, shape (n, 3), packed in bits.

    After the reference: width in bits, number of samples, then the differences in two's complement,
    least significant bit first.
    """
    reference = struct.pack("<3h", *counts[0])
    deltas = np.diff(counts, axis=0).ravel().tolist()
    width = 1 + max((delta if delta >= 0 else ~delta).bit_length() for delta in deltas)
    packed = 0
    for index, delta in enumerate(deltas):
        packed |= (delta & ((1 << width) - 1)) << (index * width)
    size = -(-len(deltas) * width // 8)
    return reference + bytes([width, len(deltas) // 3]) + packed.to_bytes(size, "little")


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was asked for in a start command."""

    rate: int
    range_g: int


class ControlPoint:
    """The state that commands change: SDK mode, and what is being measured."""

    def __init__(self, model: Model) -> None:
        """Start outside SDK mode, without a measurement."""
        self._model = model
        self._sdk_mode = False
        self.measurement: Measurement | None = None
        """None: nothing is being streamed."""

    def execute(self, data: bytes) -> bytes:
        """Carry out a command; return the answer to indicate."""
        status, parameters = self._execute(data)
        return bytes([RESPONSE, *data[:2].ljust(2, b"\0"), status, 0]) + parameters

    def _execute(self, data: bytes) -> tuple[Status, bytes]:
        if len(data) < 2:
            return Status.INVALID_LENGTH, b""
        if data[0] not in Command:
            return Status.INVALID_COMMAND, b""
        command = Command(data[0])
        if data[1] == ACCELERATION:
            return self._command_acceleration(command, data[2:])
        if (
            data[1] == SDK_MODE
            and self._model.sdk_rates
            and command
            in (
                Command.START,
                Command.STOP,
            )
        ):
            return self._set_sdk_mode(on=command is Command.START), b""
        return Status.NOT_SUPPORTED, b""

    def _command_acceleration(self, command: Command, data: bytes) -> tuple[Status, bytes]:
        match command:
            case Command.GET_SETTINGS:
                return Status.SUCCESS, self._settings(sdk_mode=self._sdk_mode)
            case Command.GET_SDK_SETTINGS:
                if not self._model.sdk_rates:
                    return Status.NOT_SUPPORTED, b""
                return Status.SUCCESS, self._settings(sdk_mode=True)
            case Command.START:
                return self._start(data)
            case Command.STOP:
                stopped = self.measurement is not None
                self.measurement = None
                return (Status.SUCCESS if stopped else Status.ALREADY_IN_STATE), b""

    def _settings(self, *, sdk_mode: bool) -> bytes:
        settings: dict[Setting, Sequence[float]] = {
            Setting.SAMPLE_RATE: self._model.sdk_rates if sdk_mode else self._model.rates,
            Setting.RESOLUTION: (16,),
            Setting.RANGE: self._model.sdk_ranges if sdk_mode else self._model.ranges,
        }
        if self._model.compressed:
            settings[Setting.CHANNELS] = (3,)
        return pack_settings(settings)

    def _set_sdk_mode(self, *, on: bool) -> Status:
        if self.measurement is not None:
            return Status.INVALID_STATE
        if self._sdk_mode == on:
            return Status.ALREADY_IN_STATE
        self._sdk_mode = on
        return Status.SUCCESS

    def _start(self, data: bytes) -> tuple[Status, bytes]:
        if self.measurement is not None:
            return Status.ALREADY_IN_STATE, b""
        try:
            wanted = unpack_settings(data)
        except ValueError, IndexError, struct.error:
            return Status.INVALID_PARAMETER, b""
        problem = self._problem_with(wanted)
        if problem is not None:
            return problem, b""
        measurement = Measurement(int(wanted[Setting.SAMPLE_RATE]), int(wanted[Setting.RANGE]))
        self.measurement = measurement
        factor = measurement.range_g / 2**15 if self._model.compressed else 1.0
        return Status.SUCCESS, pack_settings({Setting.FACTOR: (factor,)})

    def _problem_with(self, wanted: dict[Setting, float]) -> Status | None:
        rates = self._model.sdk_rates if self._sdk_mode else self._model.rates
        ranges = self._model.sdk_ranges if self._sdk_mode else self._model.ranges
        if wanted.get(Setting.SAMPLE_RATE) not in rates:
            return Status.INVALID_SAMPLE_RATE
        if wanted.get(Setting.RANGE) not in ranges:
            return Status.INVALID_RANGE
        if wanted.get(Setting.RESOLUTION) != 16:
            return Status.INVALID_RESOLUTION
        return None


class PolarSensor(Peripheral):
    """A Polar sensor that streams the acceleration of an ankle."""

    def __init__(self, air: Air, model: Model, ankle: LyingAnkle, *, address: str) -> None:
        """Create a sensor that is off."""
        super().__init__(air, f"{model.name} 12345678", address)
        self._model = model
        self._ankle = ankle
        self._state = ControlPoint(model)
        self._stream: asyncio.Task[None] | None = None
        self.commands: list[bytes] = []
        """Everything that was written to the control point."""
        self.silent = False
        """Keep the link and send no data, as a sensor does whose stream is stuck."""
        properties = Characteristic.Properties
        self._control_point = Characteristic[bytes](
            CONTROL_POINT,
            READ | properties.WRITE | properties.INDICATE,
            READABLE | WRITEABLE,
            CharacteristicValue[bytes](
                read=lambda _: bytes([FEATURES_ANSWER]) + model.features + bytes(14),
                write=lambda _, value: self._on_command(bytes(value)),
            ),
        )
        self._data = Characteristic[bytes](DATA, NOTIFY, READABLE, b"")

    @property
    def streaming(self) -> bool:
        """Whether acceleration is being measured and sent."""
        return self._state.measurement is not None

    async def power_on(self, battery: int = 87) -> None:
        """Switch the sensor on; `battery` is in percent."""
        service = Service(PMD_SERVICE, [self._control_point, self._data])
        await self.switch_on([service, battery_service(battery)])

    @override
    def on_disconnection(self, reason: int) -> None:
        """Stop the stream; the device keeps its clock and its mode."""
        self._state.measurement = None
        self._follow_state()

    def _on_command(self, data: bytes) -> None:
        self.commands.append(data)
        answer = self._state.execute(data)
        self._follow_state()
        loop = asyncio.get_running_loop()
        # The answer to the write itself must come first.
        loop.call_soon(lambda: loop.create_task(self.indicate(self._control_point, answer)))

    def _follow_state(self) -> None:
        """Start or stop the stream as the control point says."""
        measurement = self._state.measurement
        if measurement is None and self._stream is not None:
            self._stream.cancel()
            self._stream = None
        elif measurement is not None and self._stream is None:
            self._stream = asyncio.get_running_loop().create_task(self._send(measurement))

    async def _send(self, measurement: Measurement) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        sent = 0
        while True:
            at = begin + sent / measurement.rate
            sent += SAMPLES_PER_FRAME
            # A frame is sent when its last sample has been taken.
            await asyncio.sleep(max(0.0, begin + sent / measurement.rate - loop.time()))
            if not self.silent:
                samples = self._ankle.samples(at, SAMPLES_PER_FRAME, measurement.rate).T
                last = begin + (sent - 1) / measurement.rate
                await self.notify(self._data, self._frame(samples, last, measurement))

    def _frame(
        self, samples: npt.NDArray[np.float64], last: float, measurement: Measurement
    ) -> bytes:
        """Return the notification for samples of shape (n, 3) in g; `last` is when it ended, s."""
        stamp = DEFAULT_TIME_NS + round(last * 1e9)
        if self._model.compressed:
            counts = np.rint(samples * 2**15 / measurement.range_g).astype(np.int64)
            counts = counts.clip(-(2**15), 2**15 - 1)
            return struct.pack("<BQB", ACCELERATION, stamp, DELTA_16_BIT) + delta_block(counts)
        milli_g = np.rint(samples * 1000).astype("<i2")
        return struct.pack("<BQB", ACCELERATION, stamp, RAW_16_BIT) + milli_g.tobytes()
