"""Helpers that run the Bluetooth source in a test."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from limber_bridge.detection.signal import Floats, Placement, Quantity, Sensor, Side
from limber_bridge.domain.nights import Calendar
from limber_bridge.sources.bluetooth import SOURCE
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import (
    FrameError,
    Samples,
    SensorRequest,
    SourceEvent,
    SourceRequest,
)

SIDES = {1: Side.LEFT, 2: Side.RIGHT}


def sensor_request(number: int = 1, **keys: object) -> SensorRequest:
    """A sensor with keys as in limber.yaml, checked by the schema of the source."""
    sensor = Sensor(number, Quantity.ACCELERATION, Placement.ANKLE, SIDES[number])
    options = SOURCE.make_options(SOURCE.sensor_schema(keys), Path())
    return SensorRequest(sensor, options)


def source_request(*sensors: SensorRequest) -> SourceRequest:
    host = HostClock()
    return SourceRequest(sensors, {}, Calendar(ZoneInfo("UTC")), host, host.now())


@asynccontextmanager
async def reading(*sensors: SensorRequest) -> AsyncIterator[AsyncGenerator[SourceEvent]]:
    """The events of a running source."""
    async with aclosing(SOURCE.run(source_request(*sensors))) as events:
        yield events


async def until(
    events: AsyncGenerator[SourceEvent],
    enough: Callable[[list[SourceEvent]], bool],
    seconds: float = 15.0,
) -> list[SourceEvent]:
    """Return the events until there are enough."""
    found: list[SourceEvent] = []
    async with asyncio.timeout(seconds):
        while not enough(found):
            found.append(await anext(events))
    return found


def samples_of(found: list[SourceEvent], sensor: int = 1) -> list[Samples]:
    return [one for one in found if isinstance(one, Samples) and one.sensor == sensor]


def errors_of(found: list[SourceEvent]) -> list[FrameError]:
    return [one for one in found if isinstance(one, FrameError)]


def has_samples(count: int, sensor: int = 1) -> Callable[[list[SourceEvent]], bool]:
    """Return whether there are this many samples of a sensor."""
    return lambda found: (
        sum(one.block.samples.shape[1] for one in samples_of(found, sensor)) >= count
    )


def has_error(part: str) -> Callable[[list[SourceEvent]], bool]:
    """Return whether there is an error with this text in it."""
    return lambda found: any(part in error.detail for error in errors_of(found))


def joined(found: list[SourceEvent], sensor: int = 1) -> Floats:
    return np.concatenate([one.block.samples for one in samples_of(found, sensor)], axis=1)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - numbers, not paths
