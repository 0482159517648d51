"""A recorded night, played as if it were live."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from limber_bridge.domain.recording import Recording, Signal, UnreadableRecordingError, column_names
from limber_bridge.recordings import read
from limber_bridge.sources.playback import begins, play, shifted, speed
from limber_bridge.sources.source_api import (
    Arrival,
    FrameError,
    Reason,
    SensorRequest,
    Source,
    SourceLostError,
    SourceRequest,
)


@dataclass(frozen=True, slots=True)
class Options:
    """What a recorded sensor may have besides what every sensor has."""

    path: Path
    speed: float


KEYS: Final = vol.Schema(
    {
        vol.Required("path", msg="write the path of a .csv, .csv.gz or .edf file"): vol.All(
            str, vol.Coerce(Path)
        ),
        vol.Optional("speed", default=1.0): speed,
    }
)


def options(values: Mapping[str, Any], folder: Path) -> Options:
    """Return the options of a recorded sensor."""
    return Options(folder / values["path"], values["speed"])


async def run(request: SourceRequest) -> AsyncGenerator[Arrival]:
    """Deliver what the recording holds of one sensor, at its own times of day if it knows them."""
    (wanted,) = request.sensors
    chosen: Options = wanted.options
    try:
        recording = await asyncio.to_thread(read, chosen.path, request.calendar.zone)
    except UnreadableRecordingError as error:
        raise SourceLostError(str(error)) from error
    for text in recording.notes:
        yield FrameError(wanted.sensor.id, Reason.MALFORMED, text)
    undated = recording.start is None
    start = (
        begins(request.begun, recording.duration, chosen.speed, request.calendar) if undated else 0
    )
    blocks = (shifted(block, start) for block in signal_for(wanted, recording, chosen.path).blocks)
    async for arrival in play(wanted.sensor.id, blocks, chosen.speed, request.begun, request.host):
        yield arrival


def signal_for(wanted: SensorRequest, recording: Recording, path: Path) -> Signal:
    """Return the part of a recording that a sensor stands for; SourceLostError if it has none."""
    sensor = wanted.sensor
    signal = recording.signal(sensor.quantity, sensor.placement, sensor.side)
    if signal is None:
        names = ", ".join(column_names(sensor.quantity, sensor.placement, sensor.side))
        raise SourceLostError(
            f"{path}: no {names}, which sensor {sensor.id} needs; correct its place or its side"
        )
    return signal


SOURCE: Final = Source(keys=KEYS, options=options, run=run, live=False)
