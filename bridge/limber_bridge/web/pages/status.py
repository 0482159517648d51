"""The health of the bridge, for a person: every problem with its remedy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from aiohttp import web

from limber_bridge.config.model import ConfiguredSensor
from limber_bridge.protocol.health_messages import HealthReport, SensorHealth
from limber_bridge.web.catalogue import has_text
from limber_bridge.web.disk_use import measure_disk_use
from limber_bridge.web.formats import UNKNOWN, format_moment, format_number
from limber_bridge.web.routes import Route, page
from limber_bridge.web.visit import Visit

MEGABYTE: Final = 1_000_000
GIGABYTE: Final = 1_000_000_000
REMEDIES: Final[Mapping[str, str]] = {
    "silent": "silent",
    "malformed": "firmware",
    "unknown_quantity": "firmware",
    "wrong_byte_order": "firmware",
    "counts_frames": "firmware",
    "wrong_quantity": "wrong_quantity",
    "wrong_key": "wrong_key",
    "repeated": "repeated",
    "saturated": "saturated",
    "wrong_rate": "wrong_rate",
    "wrong_clock_speed": "firmware",
    "wrong_gravity": "wrong_gravity",
    "no_gravity": "no_gravity",
    "wrong_unit": "wrong_unit",
    "too_slow": "too_slow",
    "restarted": "restarted",
    "clock_jumped": "restarted",
    "link_failed": "link_failed",
    "wrong_clock": "wrong_clock",
    "source_failed": "source_failed",
    "heart_beat": "heart_beat",
    "mains_hum": "mains_hum",
    "not_worn": "not_worn",
    "strap_loose": "strap_loose",
}
"""Which text says what to do about a problem of a sensor (docs/protocol.md#sensor-health)."""


@dataclass(frozen=True, slots=True)
class ShownSensor:
    """A sensor on the page."""

    sleeper: str
    """Name of the sleeper."""
    configured: ConfiguredSensor
    health: SensorHealth
    remedy: str | None
    """Key of the text that says what to do; None: there is no problem, or nothing to do."""


async def show_status(visit: Visit) -> web.StreamResponse:
    """Show the health of the bridge, its journal, its broker and every sensor."""
    report = visit.bridge.report()
    config = visit.bridge.config
    try:
        disk = await visit.services.workers.read(measure_disk_use, config)
    except OSError:
        # The journal's own problem says what is wrong with the disk.
        disk = None
    sensors = list(shown_sensors(visit, report))
    return visit.page(
        "status.html",
        report=report,
        config=config,
        sensors=sensors,
        waits=any(is_awaited(one.health) for one in sensors),
        disk=disk,
        moment=partial(written_moment, visit),
        size=partial(written_size, visit),
        has_text=has_text,
    )


def shown_sensors(visit: Visit, report: HealthReport) -> Iterator[ShownSensor]:
    """Yield every configured sensor with its health, in the order of limber.yaml."""
    for sleeper in visit.bridge.config.sleepers:
        known = report.sleepers.get(sleeper.id, {})
        for configured in sleeper.sensors:
            health = known.get(str(configured.sensor.id))
            if health is not None:
                remedy = REMEDIES.get(health.problem or "")
                key = f"status.remedy_{remedy}" if remedy else None
                yield ShownSensor(sleeper.name, configured, health, key)


def is_awaited(health: SensorHealth) -> bool:
    """Return whether a sensor has not sent data yet, which is no problem so far."""
    return health.problem is None and not health.connected


def written_moment(visit: Visit, moment: datetime | None) -> str:
    """Return a time on the clock of the bridge."""
    zone = visit.bridge.config.calendar.zone
    return UNKNOWN if moment is None else format_moment(visit.language, moment, zone)


def written_size(visit: Visit, size: int) -> str:
    """Return a size of bytes in MB, with a decimal where it is small, or in GB."""
    if size >= GIGABYTE:
        return f"{format_number(visit.language, size / GIGABYTE, 1)} GB"
    decimals = 1 if size < 10 * MEGABYTE else 0
    return f"{format_number(visit.language, size / MEGABYTE, decimals)} MB"


ROUTES: Final[tuple[Route, ...]] = (page("/status", show_status),)
