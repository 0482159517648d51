"""A sleeper that is not there: for the demonstration, and to try an installation without a sensor."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from limber_bridge.detection.signal import SECOND, Quantity, Side
from limber_bridge.domain.validators import whole_number
from limber_bridge.simulation.plan import NightSpec, plan
from limber_bridge.simulation.signals import blocks
from limber_bridge.sources.playback import begins, play, speed
from limber_bridge.sources.source_api import Arrival, Source, SourceRequest


@dataclass(frozen=True, slots=True)
class Options:
    """What a simulated sensor may have besides what every sensor has."""

    wishes: NightSpec
    seed: int
    speed: float
    rate: float | None
    head_start: float
    """min of the night that are over when the bridge begins."""


def number(least: float, most: float) -> vol.All:
    """Return a check for a number within bounds."""
    return vol.All(
        vol.Coerce(float), vol.Range(least, most), msg=f"write a number from {least:g} to {most:g}"
    )


KEYS: Final = vol.Schema(
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
        vol.Optional("speed", default=1.0): speed,
    }
)
RATES: Final = {Quantity.ACCELERATION: 50.0, Quantity.EMG: 250.0, Quantity.LOAD: 10.0}
"""Hz, where the configuration names no rate."""


def options(values: Mapping[str, Any], folder: Path) -> Options:
    """Return the options of a simulated sensor."""
    del folder
    wishes = NightSpec(
        hours=values["hours"],
        plm_index=values["plm_index"],
        cramps=values["cramps"],
        legs=tuple(Side),
        latency=values["sleep_latency"],
        up=values["walking"],
        interval=values.get("movement_interval"),
    )
    return Options(
        wishes, values["seed"], values["speed"], values.get("rate"), values["head_start"]
    )


async def run(request: SourceRequest) -> AsyncGenerator[Arrival]:
    """Deliver one simulated night. Sensors with the same seed and wishes see the same sleeper."""
    (wanted,) = request.sensors
    chosen: Options = wanted.options
    night = plan(chosen.seed, chosen.wishes)
    over = round(chosen.head_start * 60 * SECOND)
    start = begins(request.begun, night.duration, chosen.speed, request.calendar) - over
    rate = chosen.rate or RATES[wanted.sensor.quantity]
    signal = blocks(night, wanted.sensor, rate, start)
    begun = request.begun - round(over / chosen.speed)
    async for arrival in play(wanted.sensor.id, signal, chosen.speed, begun, request.host):
        yield arrival


SOURCE: Final = Source(keys=KEYS, options=options, run=run, live=False)
