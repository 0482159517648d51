"""Play a recorded night as if it were live."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from limber_bridge.domain.recording import Recording, Signal, UnreadableRecordingError, column_names
from limber_bridge.recordings import read_recording
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.sources.playback import (
    play_blocks,
    playback_speed,
    playback_start,
    shift_block,
)
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    SensorRequest,
    Source,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """The keys that only sensors played from a recording have."""

    path: Path
    speed: float
    """Times faster than real time."""


SENSOR_SCHEMA: Final = vol.Schema(
    {
        vol.Required("path", msg="write the path of a recording"): vol.All(str, vol.Coerce(Path)),
        vol.Optional("speed", default=1.0): playback_speed,
    }
)


def make_options(values: Mapping[str, Any], folder: Path) -> RecordingOptions:
    """Return the options of a sensor played from a recording."""
    return RecordingOptions(folder / values["path"], values["speed"])


async def run(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
    """Yield the signal of one sensor, at its original time if the recording has a date."""
    (sensor_request,) = request.sensors
    options: RecordingOptions = sensor_request.options
    sensor = sensor_request.sensor.id
    try:
        recording = await asyncio.to_thread(
            read_recording, options.path, ReadOptions(zone=request.calendar.zone)
        )
    except UnreadableRecordingError as error:
        raise SourceLostError(str(error)) from error
    for note in recording.notes:
        yield FrameError(sensor, Reason.MALFORMED, note)
    offset = 0
    if recording.start is None:
        offset = playback_start(
            request.started_at, recording.duration, options.speed, request.calendar
        )
    signal = signal_of_sensor(sensor_request, recording, options.path)
    blocks = (shift_block(block, offset) for block in signal.blocks)
    async for event in play_blocks(
        sensor, blocks, options.speed, request.started_at, request.host_clock
    ):
        yield event


def signal_of_sensor(request: SensorRequest, recording: Recording, path: Path) -> Signal:
    """Return the signal of a sensor in a recording; SourceLostError if it is not there."""
    sensor = request.sensor
    signal = recording.signal(sensor.quantity, sensor.placement, sensor.side)
    if signal is None:
        names = ", ".join(column_names(sensor.quantity, sensor.placement, sensor.side))
        raise SourceLostError(
            f"{path}: no column {names}, which sensor {sensor.id} needs; "
            "correct its `placement` or `side` in limber.yaml"
        )
    if not signal.has_gravity:
        raise SourceLostError(
            f"{path}: acceleration without gravity, which shows no posture; score it with "
            "`limber score`, or record it with gravity"
        )
    return signal


SOURCE: Final = Source(sensor_schema=SENSOR_SCHEMA, make_options=make_options, run=run, live=False)
