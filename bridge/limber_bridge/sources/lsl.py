"""Read a stream of the Lab Streaming Layer, as amplifiers and programs of laboratories send it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, override

import numpy as np
import voluptuous as vol

from limber_bridge.detection.signal import SECOND, Floats, Quantity
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.validators import number, whole_number
from limber_bridge.sources.clock_sync import ClockSync
from limber_bridge.sources.source_api import (
    FoundSensor,
    MissingLibraryError,
    SensorRequest,
    Source,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)
from limber_bridge.sources.stamped_stream import StampedStream
from limber_bridge.sources.units import EXAMPLES, unit_scale

RESOLVE_S: Final = 2.0
"""Time to look for a stream. Chosen: outlets answer within milliseconds on a local network."""
OPEN_TIMEOUT_S: Final = 5.0
PULL_INTERVAL_S: Final = 0.1
"""Time between two reads. Chosen: short against the latency that a person notices."""
CORRECTION_INTERVAL_S: Final = 10.0
"""Time between two measurements of the offset of the sender's clock."""
CONFIGURATIONS: Final = (
    Path(os.environ.get("LSLAPICFG", "")),
    Path("lsl_api.cfg"),
    Path("~/lsl_api/lsl_api.cfg").expanduser(),
    Path("/etc/lsl_api/lsl_api.cfg"),
)
"""Where the library looks for its configuration."""
QUIET: Final = "[log]\nlevel = -2\n"
"""Configuration where there is no file: the library reports errors on stderr, nothing else."""
STRING_FORMAT: Final = 3
"""Code of the channel format of streams of texts (`cft_string`), such as markers."""
MAX_CHUNK: Final = 1024
"""Samples read at once."""


@dataclass(frozen=True, slots=True)
class LslOptions:
    """The keys that only sensors of this source have."""

    name: str | None
    type: str | None
    channels: tuple[int, ...] | None
    """Numbers of the channels from 1, one for each axis; None: the first ones."""
    rate: float | None
    """Hz; of a stream without a nominal rate."""
    unit: str | None
    """Unit of a stream that does not say it."""

    def matches(self, info: Any) -> bool:  # noqa: ANN401 - untyped
        """Return whether a stream is the configured one."""
        return self.name in (None, info.name()) and self.type in (None, info.type())

    @override
    def __str__(self) -> str:
        """Return how the stream is configured, for messages."""
        parts = [("name", self.name), ("type", self.type)]
        return ", ".join(f"{key} `{value}`" for key, value in parts if value)


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What is needed to read a stream."""

    rate: float
    """Hz, nominal."""
    channels: tuple[int, ...]
    """Indexes from 0."""
    scale: float
    """Value of one unit of the stream, in the unit of the quantity."""


SENSOR_SCHEMA: Final = vol.Schema(
    {
        vol.Optional("name"): vol.All(str, vol.Length(min=1), msg="write the name of the stream"),
        vol.Optional("type"): vol.All(
            str, vol.Length(min=1), msg="write the type of the stream, for example `EMG`"
        ),
        vol.Optional("channels"): vol.All(
            [whole_number(1, 4096)],
            vol.Length(min=1, max=3),
            msg="write the numbers of the channels, from 1: one, or three for acceleration",
        ),
        vol.Optional("rate"): number(1, 100_000),
        vol.Optional("unit"): vol.All(str, vol.Length(min=1), msg="write a unit, for example uV"),
    }
)


def make_options(values: Mapping[str, Any], folder: Path) -> LslOptions:
    """Return the options of a sensor; vol.Invalid if they name no stream."""
    del folder
    if "name" not in values and "type" not in values:
        raise vol.Invalid(
            "write the `name` or the `type` of the stream; `limber scan` lists the streams"
        )
    channels = values.get("channels")
    return LslOptions(
        values.get("name"),
        values.get("type"),
        None if channels is None else tuple(channels),
        values.get("rate"),
        values.get("unit"),
    )


async def run(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
    """Yield the samples of a stream; SourceLostError if it is not there or ends."""
    (sensor_request,) = request.sensors
    sensor = sensor_request.sensor
    pylsl = import_pylsl()
    async with open_inlet(pylsl, sensor_request) as (inlet, stream_format):
        stream = StampedStream(sensor, stream_format.rate)
        clock = ClockSync(sensor)
        correction = 0.0
        corrected_at = -CORRECTION_INTERVAL_S
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() - corrected_at >= CORRECTION_INTERVAL_S:
                corrected_at = loop.time()
                correction = await time_correction(pylsl, inlet)
                now = stream.clock_frame(round(pylsl.local_clock() * SECOND))
                clock.process_clock_frame(now, request.host_clock.steady())
            samples, times = await pull(pylsl, inlet, stream_format)
            arrived = request.host_clock.steady()
            stamps = np.rint((times + correction) * SECOND).astype(np.int64)
            for frame in stream.frames(samples, stamps):
                for event in clock.process_frame(frame, arrived, request.host_clock.utc_offset):
                    yield event
            await asyncio.sleep(PULL_INTERVAL_S)


@contextlib.asynccontextmanager
async def open_inlet(
    pylsl: Any,  # noqa: ANN401 - untyped
    request: SensorRequest,
) -> AsyncIterator[tuple[Any, StreamFormat]]:
    """Open the configured stream; SourceLostError if there is not one, or it is unusable."""
    options: LslOptions = request.options
    found = [info for info in await resolve(pylsl, RESOLVE_S) if options.matches(info)]
    if not found:
        raise SourceLostError(
            f"no stream with {options} on the network; start its program, or correct `name` and "
            "`type` in limber.yaml; `limber scan` lists the streams"
        )
    if len(found) > 1:
        raise SourceLostError(
            f"{len(found)} streams with {options} on the network; write the `name` of one of them"
        )
    inlet = pylsl.StreamInlet(found[0], max_buflen=60, recover=False)
    try:
        # The description is not part of what a stream announces.
        info = await call(pylsl, inlet.info, OPEN_TIMEOUT_S)
        yield inlet, stream_format(request, info)
    finally:
        await asyncio.to_thread(inlet.close_stream)


def stream_format(request: SensorRequest, info: Any) -> StreamFormat:  # noqa: ANN401 - untyped
    """Return how to read a stream; SourceLostError if rate, channels or unit are not usable."""
    options: LslOptions = request.options
    name = printable(info.name())
    quantity = request.sensor.quantity
    channels = options.channels or tuple(range(1, quantity.axes + 1))
    if info.channel_format() == STRING_FORMAT:
        raise SourceLostError(
            f"the stream `{name}` sends texts, not numbers; correct `name` and `type` in "
            "limber.yaml; `limber scan` lists the streams"
        )
    if len(channels) != quantity.axes or max(channels) > info.channel_count():
        raise SourceLostError(
            f"the stream `{name}` has {info.channel_count()} channels, and {quantity} needs "
            f"{quantity.axes}; correct `channels` in limber.yaml"
        )
    rate = info.nominal_srate() or options.rate
    if not rate:
        raise SourceLostError(
            f"the stream `{name}` has no nominal rate; write its `rate` in limber.yaml"
        )
    units = channel_units(info)
    unit = units[channels[0] - 1] if len(units) >= max(channels) else ""
    scale = unit_scale(quantity, unit or options.unit or "")
    if scale is None:
        described = f"the unit `{printable(unit)}`" if unit else "no unit"
        raise SourceLostError(
            f"the stream `{name}` describes {described} for {quantity}; write "
            f"{EXAMPLES[quantity]} in its program, or as `unit` in limber.yaml if it has none"
        )
    return StreamFormat(rate, tuple(channel - 1 for channel in channels), scale)


def channel_units(info: Any) -> list[str]:  # noqa: ANN401 - untyped
    """Return the unit of each channel in the description of a stream; empty texts without one."""
    channel = info.desc().child("channels").child("channel")
    units: list[str] = []
    while not channel.empty() and len(units) < info.channel_count():
        units.append(channel.child_value("unit"))
        channel = channel.next_sibling("channel")
    return units


async def pull(
    pylsl: Any,  # noqa: ANN401 - untyped
    inlet: Any,  # noqa: ANN401 - untyped
    stream_format: StreamFormat,
) -> tuple[Floats, Floats]:
    """Return new samples, shape (axes, n), and their times in s on the sender's clock."""
    rows, stamps = await call(pylsl, inlet.pull_chunk, 0.0, MAX_CHUNK)
    values = np.array(rows, dtype=np.float64).reshape(len(stamps), inlet.channel_count)
    samples: Floats = values[:, stream_format.channels].T * stream_format.scale
    return samples, np.array(stamps, dtype=np.float64)


async def time_correction(pylsl: Any, inlet: Any) -> float:  # noqa: ANN401 - untyped
    """Return what to add to the sender's times, in s, to get times on this machine's clock."""
    return float(await call(pylsl, inlet.time_correction, OPEN_TIMEOUT_S))


async def call(pylsl: Any, function: Any, *arguments: float) -> Any:  # noqa: ANN401 - untyped
    """Call a function of the library in a thread; SourceLostError if it fails."""
    try:
        return await asyncio.to_thread(function, *arguments)
    except (pylsl.util.LostError, pylsl.util.TimeoutError) as error:
        raise SourceLostError(
            "the stream ended or does not answer; start its program again"
        ) from error
    except RuntimeError as error:
        # The library's base class for all other errors.
        raise SourceLostError(
            f"the library of the Lab Streaming Layer failed ({error}); start the program of the "
            "stream again"
        ) from error


async def resolve(pylsl: Any, seconds: float) -> list[Any]:  # noqa: ANN401 - untyped
    """Return the streams on the network."""
    return list(await asyncio.to_thread(pylsl.resolve_streams, seconds))


def import_pylsl() -> Any:  # noqa: ANN401 - untyped
    """Return the library; MissingLibraryError without it or its C library."""
    try:
        import pylsl  # noqa: PLC0415 - an optional library
        import pylsl.util  # noqa: PLC0415 - as above
    except (ImportError, RuntimeError) as error:
        raise MissingLibraryError("lsl") from error
    if not any(path.exists() for path in CONFIGURATIONS if path.name):
        pylsl.set_config_content(QUIET)
    return pylsl


async def scan(seconds: float) -> Sequence[FoundSensor]:
    """Return the streams on the network."""
    pylsl = await asyncio.to_thread(import_pylsl)
    found = await resolve(pylsl, min(seconds, RESOLVE_S))
    return [found_stream(info) for info in found]


def found_stream(info: Any) -> FoundSensor:  # noqa: ANN401 - untyped
    """Return a stream as a scan reports it."""
    is_emg = info.type().upper() in ("EMG", "EXG", "EEG")
    rate = f"{info.nominal_srate():g} Hz" if info.nominal_srate() else "no nominal rate"
    kind = printable(info.type())
    host = printable(info.hostname())
    detail = f"{kind}, {info.channel_count()} channels, {rate}, on {host}"
    configuration = {
        "source": "lsl",
        "quantity": str(Quantity.EMG if is_emg else Quantity.ACCELERATION),
        "name": info.name(),
    }
    return FoundSensor(printable(info.name()), detail, configuration)


def recognizes(options: LslOptions, found: FoundSensor) -> bool:
    """Return whether a found stream has the name in these options."""
    return options.name == found.configuration["name"]


SOURCE: Final = Source(
    sensor_schema=SENSOR_SCHEMA,
    make_options=make_options,
    run=run,
    scan=scan,
    silent_remedy=lambda _: (
        "start the program that sends the stream, and compare `name` and `type` with `limber scan`"
    ),
    recognizes=recognizes,
)
