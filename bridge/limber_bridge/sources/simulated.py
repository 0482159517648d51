"""Simulate a sleeper: for the demonstration, and to try an installation without a sensor."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor, Side
from limber_bridge.domain.validators import number, whole_number
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.signals import signal_blocks
from limber_bridge.sources.playback import play_blocks, playback_speed, playback_start
from limber_bridge.sources.source_api import Source, SourceEvent, SourceRequest


@dataclass(frozen=True, slots=True)
class SimulatedOptions:
    """The keys that only simulated sensors have."""

    spec: NightSpec
    seed: int
    speed: float
    """Times faster than real time."""
    rate: float | None
    """Hz; None: the usual rate of the quantity."""
    head_start: float
    """Minutes of the night that have passed when the bridge starts."""


SENSOR_SCHEMA: Final = vol.Schema(
    {
        vol.Optional("seed", default=1): whole_number(0, 2**32),
        vol.Optional("hours", default=8.0): number(0.25, 40),
        vol.Optional("plm_index", default=25.0): number(0, 110),
        vol.Optional("cramps", default=0): whole_number(0, 3),
        vol.Optional("sleep_latency", default=10.0): number(0, 120),
        vol.Optional("walking", default=2.0): number(0, 60),
        vol.Optional("movement_interval"): number(10, 90),
        vol.Optional("head_start", default=0.0): number(0, 2400),
        vol.Optional("rate"): number(1, 2000),
        vol.Optional("speed", default=1.0): playback_speed,
    }
)
DEFAULT_RATES_HZ: Final = {Quantity.ACCELERATION: 50.0, Quantity.EMG: 250.0, Quantity.LOAD: 10.0}
"""Used where limber.yaml gives no rate."""


def make_options(values: Mapping[str, Any], folder: Path) -> SimulatedOptions:
    """Return the options of a simulated sensor."""
    del folder
    spec = NightSpec(
        hours=values["hours"],
        plm_index=values["plm_index"],
        cramps=values["cramps"],
        legs=tuple(Side),
        sleep_latency=values["sleep_latency"],
        walking=values["walking"],
        movement_interval=values.get("movement_interval"),
    )
    return SimulatedOptions(
        spec, values["seed"], values["speed"], values.get("rate"), values["head_start"]
    )


async def run(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
    """Yield one simulated night of one sensor.

    Sensors with the same seed and the same night describe the same sleeper.
    """
    (sensor_request,) = request.sensors
    sensor = sensor_request.sensor
    options: SimulatedOptions = sensor_request.options
    night = plan_night(options.seed, options.spec)
    head_start = round(options.head_start * 60 * SECOND)
    start = (
        playback_start(request.started_at, night.duration, options.speed, request.calendar)
        - head_start
    )
    rate = options.rate or DEFAULT_RATES_HZ[sensor.quantity]
    blocks = signal_blocks(night, on_a_leg(sensor), rate, start)
    # The blocks of the head start are overdue at once.
    played_from = request.started_at - round(head_start / options.speed)
    async for event in play_blocks(
        sensor.id, blocks, options.speed, played_from, request.host_clock
    ):
        yield event


def on_a_leg(sensor: Sensor) -> Sensor:
    """Return where a sensor is in the simulation: one that is worn, without a side, is on the left.

    Every movement of the simulated sleeper is one of a certain leg.
    """
    if sensor.side is not None or sensor.placement is Placement.BED:
        return sensor
    return replace(sensor, side=Side.LEFT)


SOURCE: Final = Source(sensor_schema=SENSOR_SCHEMA, make_options=make_options, run=run, live=False)
