"""Read EMG or acceleration of a board that the BrainFlow library knows, such as OpenBCI's."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import voluptuous as vol

from limber_bridge.detection.signal import SECOND, Floats, Quantity, Times
from limber_bridge.domain.validators import whole_number
from limber_bridge.sources.clock_sync import ClockSync
from limber_bridge.sources.source_api import (
    MissingLibraryError,
    SensorRequest,
    Source,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)
from limber_bridge.sources.stamped_stream import StampedStream

READ_INTERVAL_S: Final = 0.2
"""Time between two reads of the library's buffer. Chosen: short against the latency that a person
notices."""
SILENT_S: Final = 10.0
"""Time without a sample after which the session is opened again. Chosen: as for other sources."""
BUFFER_SAMPLES: Final = 45_000
"""Samples that the library keeps."""
COUNTER_VALUES: Final = 256
"""Values of the package counter of a board until it starts again, until it has shown others."""


@dataclass(frozen=True, slots=True)
class Board:
    """How BrainFlow reaches a board."""

    id: int
    parameters: tuple[tuple[str, str | int], ...]
    """Fields of BrainFlowInputParams."""


@dataclass(frozen=True, slots=True)
class BrainFlowOptions:
    """The keys that only sensors of this source have."""

    board: Board
    channel: int
    """Number of the EMG channel of the board, from 1."""


PARAMETERS: Final[Mapping[vol.Marker, Any]] = {
    vol.Optional("serial_port"): vol.All(str, vol.Length(min=1), msg="write the path of a port"),
    vol.Optional("mac_address"): vol.All(str, vol.Length(min=1), msg="write an address"),
    vol.Optional("ip_address"): vol.All(str, vol.Length(min=1), msg="write an IP address"),
    vol.Optional("ip_port"): whole_number(1, 65535),
    vol.Optional("serial_number"): vol.All(str, vol.Length(min=1), msg="write a serial number"),
}
SENSOR_SCHEMA: Final = vol.Schema(
    {
        vol.Required(
            "board",
            msg="write the number of the board in BrainFlow's list, for example 0 for an OpenBCI "
            "Cyton",
        ): whole_number(-1, 1000),
        vol.Optional("channel", default=1): whole_number(1, 64),
        **PARAMETERS,
    }
)


def make_options(values: Mapping[str, Any], folder: Path) -> BrainFlowOptions:
    """Return the options of a sensor."""
    del folder
    names = sorted(str(key) for key in PARAMETERS if key in values)
    board = Board(values["board"], tuple((name, values[name]) for name in names))
    return BrainFlowOptions(board, values["channel"])


class PackageCounter:
    """Counts lost samples by the numbers that a board gives them, which start again at 0."""

    def __init__(self) -> None:
        """Start before the first sample."""
        self._last: int | None = None
        self._modulus = COUNTER_VALUES
        self._wrapped = False

    def lost_before(self, numbers: Times) -> Times:
        """Return how many samples were lost before each sample, by its number; shape (n,)."""
        return np.array([self._lost(int(number)) for number in numbers], dtype=np.int64)

    def _lost(self, number: int) -> int:
        last = self._last
        self._last = number
        if last is None or number == last:
            # Some boards send two samples in one package.
            return 0
        if number > last:
            return number - last - 1
        if not self._wrapped and number == 0:
            # Boards count to different numbers; the first clean start shows to which.
            self._wrapped = True
            self._modulus = last + 1
            return 0
        return (number - last - 1) % self._modulus


@dataclass(slots=True)
class BoardChannel:
    """The signal of one sensor in the data of a board."""

    rows: tuple[int, ...]
    stream: StampedStream
    clock: ClockSync


@dataclass(frozen=True, slots=True)
class Session:
    """An open board."""

    shim: Any
    """BoardShim of the optional library."""
    counter_row: int
    time_row: int
    channels: tuple[BoardChannel, ...]


async def run(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
    """Yield the samples of all sensors of one board; SourceLostError if it is not there."""
    boards = {one.options.board for one in request.sensors}
    if len(boards) > 1:
        raise SourceLostError(
            f"{len(boards)} boards are configured; a bridge reads one BrainFlow board: give all "
            "sensors with `source: brainflow` the same `board` and connection"
        )
    counter = PackageCounter()
    loop = asyncio.get_running_loop()
    async with open_session(request) as session:
        heard = loop.time()
        while True:
            data = await asyncio.to_thread(session.shim.get_board_data)
            arrived = request.host_clock.steady()
            if data.shape[1]:
                heard = loop.time()
                for event in decode(session, counter, data, arrived, request):
                    yield event
            elif loop.time() - heard > SILENT_S:
                raise SourceLostError("the board sends nothing; check its power and its link")
            await asyncio.sleep(READ_INTERVAL_S)


def decode(
    session: Session, counter: PackageCounter, data: Floats, arrived: int, request: SourceRequest
) -> Iterator[SourceEvent]:
    """Yield the samples in the data of a board, shape (rows, n), read at `arrived`."""
    lost = counter.lost_before(data[session.counter_row].astype(np.int64))
    # The library stamps samples with the system's clock; only the time since then is used.
    ages_us = time.time() * SECOND - data[session.time_row] * SECOND
    stamps = np.maximum.accumulate(arrived - np.rint(ages_us).astype(np.int64))
    for channel in session.channels:
        samples = data[list(channel.rows)].copy()
        samples[:, (samples == 0).all(axis=0)] = np.nan if len(channel.rows) > 1 else 0.0
        for frame in channel.stream.frames(samples, stamps, lost):
            yield from channel.clock.process_frame(frame, arrived, request.host_clock.utc_offset)


@contextlib.asynccontextmanager
async def open_session(request: SourceRequest) -> AsyncIterator[Session]:
    """Open the board of all sensors; SourceLostError if that fails."""
    brainflow = import_brainflow()
    board: Board = request.sensors[0].options.board
    parameters = brainflow.BrainFlowInputParams()
    for name, value in board.parameters:
        setattr(parameters, name, value)
    brainflow.BoardShim.disable_board_logger()
    try:
        channels = tuple(board_channel(brainflow, one) for one in request.sensors)
        shim = brainflow.BoardShim(board.id, parameters)
        session = Session(
            shim,
            brainflow.BoardShim.get_package_num_channel(board.id),
            brainflow.BoardShim.get_timestamp_channel(board.id),
            channels,
        )
        opening = asyncio.ensure_future(asyncio.to_thread(start_stream, shim))
        try:
            # A session that is being opened cannot be interrupted, only closed afterwards.
            await asyncio.shield(opening)
            yield session
        finally:
            with contextlib.suppress(brainflow.BrainFlowError):
                await asyncio.wait([opening])
                await asyncio.to_thread(shim.release_session)
    except brainflow.BrainFlowError as error:
        raise SourceLostError(
            f"BrainFlow cannot read board {board.id} ({error}); check its power, its link and the "
            "keys of the sensor in limber.yaml"
        ) from error


def start_stream(shim: Any) -> None:  # noqa: ANN401 - BoardShim of the optional library
    """Connect to a board and start its stream; this may take many seconds."""
    shim.prepare_session()
    shim.start_stream(BUFFER_SAMPLES)


def board_channel(brainflow: Any, request: SensorRequest) -> BoardChannel:  # noqa: ANN401 - the optional library
    """Return where the signal of a sensor is in the data; SourceLostError if it is not there."""
    options: BrainFlowOptions = request.options
    shim = brainflow.BoardShim
    board = options.board.id
    sensor = request.sensor
    rate = float(shim.get_sampling_rate(board))
    return BoardChannel(board_rows(shim, request), StampedStream(sensor, rate), ClockSync(sensor))


def board_rows(shim: Any, request: SensorRequest) -> tuple[int, ...]:  # noqa: ANN401 - BoardShim
    """Return the rows of a sensor in the data; SourceLostError if they are not there."""
    options: BrainFlowOptions = request.options
    board = options.board.id
    sensor = request.sensor
    if sensor.quantity is Quantity.ACCELERATION:
        return tuple(int(row) for row in shim.get_accel_channels(board))
    if sensor.quantity is Quantity.LOAD:
        raise SourceLostError(
            f"a board of BrainFlow measures no load; correct `quantity` of sensor {sensor.id}"
        )
    available = shim.get_emg_channels(board)
    if options.channel > len(available):
        raise SourceLostError(
            f"board {board} has {len(available)} EMG channels; correct `channel` of sensor "
            f"{sensor.id} in limber.yaml"
        )
    return (int(available[options.channel - 1]),)


def import_brainflow() -> Any:  # noqa: ANN401 - an untyped module
    """Return the module of the library; MissingLibraryError without it or its C library."""
    try:
        from brainflow import board_shim  # noqa: PLC0415 - an optional library
    except (ImportError, OSError) as error:
        raise MissingLibraryError("brainflow") from error
    return board_shim


SOURCE: Final = Source(sensor_schema=SENSOR_SCHEMA, make_options=make_options, run=run, shared=True)
