"""The checks of the sensors: listens to each until samples arrive."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from limber_bridge.config.model import Config, ConfiguredSensor, Sleeper
from limber_bridge.daemon.check_result import CheckResult, failed, passed
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Samples,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)

REFUSED_REMEDIES: Final[Mapping[str, str]] = {
    Reason.MALFORMED: "update the sensor, or find what else sends to this port",
    Reason.UNKNOWN_QUANTITY: "update the bridge, or correct the quantity that the sensor sends",
    Reason.WRONG_QUANTITY: "correct `quantity` in limber.yaml, or what the sensor sends",
    Reason.WRONG_KEY: "enter the same `key` in the sensor and in limber.yaml",
    Reason.REPEATED: "make the sensor send a new boot id each time it starts",
}
"""What to do if every frame of a sensor is refused, by the reason."""
SILENT_REMEDY: Final = "check its power, its network, and the address it sends to"
"""What to do if a sensor sends nothing."""


@dataclass(frozen=True, slots=True)
class SensorOfSleeper:
    """A configured sensor and the sleeper who wears it."""

    sleeper: Sleeper
    configured: ConfiguredSensor

    @property
    def id(self) -> int:
        """Return the id of the sensor."""
        return self.configured.sensor.id


async def check_sensors(config: Config, wait_s: float) -> AsyncIterator[CheckResult]:
    """Yield the result of each sensor; all sources are listened to at the same time."""
    tasks = [asyncio.create_task(check_source(config, name, wait_s)) for name in SOURCES]
    for task in tasks:
        for result in await task:
            yield result


async def check_source(config: Config, name: str, wait_s: float) -> list[CheckResult]:
    """Check the sensors of one source, each group of them for at most `wait_s` seconds."""
    sensors = [
        SensorOfSleeper(sleeper, configured)
        for sleeper in config.sleepers
        for configured in sleeper.sensors
        if configured.source == name
    ]
    if not sensors:
        return []
    groups = [sensors] if SOURCES[name].shared else [[sensor] for sensor in sensors]
    results = []
    for group in groups:
        results += await check_group(config, name, group, wait_s)
    return results


async def check_group(
    config: Config, name: str, sensors: list[SensorOfSleeper], wait_s: float
) -> list[CheckResult]:
    """Check sensors that one run of a source serves."""
    host = HostClock()
    request = SourceRequest(
        tuple(sensor.configured.request for sensor in sensors),
        config.source_settings.get(name),
        config.calendar,
        host,
        host.now(),
    )
    arrivals: dict[int, SourceEvent] = {}
    silence = f"no samples in {wait_s:g} s; {SILENT_REMEDY}"
    try:
        async with asyncio.timeout(wait_s):
            await collect_arrivals(name, request, arrivals)
    except TimeoutError:
        pass
    except SourceLostError as error:
        silence = str(error)
    return [sensor_result(sensor, arrivals.get(sensor.id), silence) for sensor in sensors]


async def collect_arrivals(
    name: str, request: SourceRequest, arrivals: dict[int, SourceEvent]
) -> None:
    """Collect the best arrival of each sensor, until there are samples of all of them."""
    wanted = [sensor.sensor.id for sensor in request.sensors]
    async with contextlib.aclosing(SOURCES[name].run(request)) as running:
        async for arrival in running:
            note_arrival(arrivals, arrival)
            if has_samples_of_all(arrivals, wanted):
                return


def note_arrival(arrivals: dict[int, SourceEvent], arrival: SourceEvent) -> None:
    """Keep an arrival of a sensor unless there are samples of it already."""
    sensor = arrival.sensor
    if sensor is not None and not isinstance(arrivals.get(sensor), Samples):
        arrivals[sensor] = arrival


def has_samples_of_all(arrivals: Mapping[int, SourceEvent], sensors: Iterable[int]) -> bool:
    """Return whether every sensor has sent samples."""
    return all(isinstance(arrivals.get(sensor), Samples) for sensor in sensors)


def sensor_result(
    sensor: SensorOfSleeper, arrival: SourceEvent | None, silence: str
) -> CheckResult:
    """Return the result for a sensor from the best that arrived; `silence`: why nothing did."""
    name = sensor_name(sensor.sleeper, sensor.configured)
    match arrival:
        case Samples(block=block, battery=battery):
            charge = "" if battery is None else f", battery {battery} %"
            quantity = sensor.configured.sensor.quantity
            return passed(f"{name}: {quantity} at {block.rate:g} Hz{charge}")
        case FrameError(detail=detail):
            return failed(f"{name}: {detail}")
        case _:
            return failed(f"{name}: {silence}")


def sensor_name(sleeper: Sleeper, configured: ConfiguredSensor) -> str:
    """Return how the user recognizes a sensor."""
    sensor = configured.sensor
    location = " ".join(str(part) for part in (sensor.side, sensor.placement) if part)
    return f"sensor {sensor.id} ({sleeper.name}, {location}, {configured.source})"
