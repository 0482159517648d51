"""One row a night in Home Assistant's long-term statistics.

Law: the row of a night lies at local noon of its date in the bridge's zone, so the row of a later
revision replaces it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_last_statistics,
)
from homeassistant.const import UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.unit_conversion import DurationConverter

from . import identity
from .const import DOMAIN
from .wire import Info, Night, Sleeper


@dataclass(frozen=True, slots=True)
class Row:
    """A measure that is kept."""

    measure: str
    """Field of `Measures`."""
    key: str
    """Translation key of the sensor that bears its name."""
    unit: str
    unit_class: str | None = None


ROWS: Final = (
    Row("movements", "last_night_movements", "movements"),
    Row("candidates", "last_night_candidates", "movements"),
    Row("plm", "last_night_plm", "movements"),
    Row("plm_index", "last_night_plm_index", "/h"),
    Row("time_in_bed_h", "last_night_time_in_bed", UnitOfTime.HOURS, DurationConverter.UNIT_CLASS),
    Row("sleep_h", "last_night_sleep", UnitOfTime.HOURS, DurationConverter.UNIT_CLASS),
    Row("plms_index", "last_night_plms_index", "/h"),
    Row("periodicity_index", "last_night_periodicity_index", "1"),
    Row("series_count", "last_night_series_count", "series"),
    Row(
        "longest_quiet_h",
        "last_night_longest_quiet",
        UnitOfTime.HOURS,
        DurationConverter.UNIT_CLASS,
    ),
    Row("cramps_possible", "last_night_cramps_possible", "cramps"),
    Row("cramps_probable", "last_night_cramps_probable", "cramps"),
)
KEPT: Final = [row.measure for row in ROWS]
"""The measures that are kept."""


def statistic_id(bridge: str, sleeper: str, measure: str) -> str:
    """Return the id under which a measure is kept."""
    return f"{DOMAIN}:{identity.statistic_key(bridge, sleeper, measure)}"


async def async_keep(
    hass: HomeAssistant, info: Info, sleeper: Sleeper, nights: Iterable[Night]
) -> None:
    """Write nights into the statistics, each measure that they have."""
    texts = await async_get_translations(hass, hass.config.language, "entity", {DOMAIN})
    zone = ZoneInfo(info.time_zone)
    nights = list(nights)
    for row in ROWS:
        name = texts.get(f"component.{DOMAIN}.entity.sensor.{row.key}.name", row.key)
        meta = StatisticMetaData(
            statistic_id=statistic_id(info.bridge, sleeper.id, row.measure),
            source=DOMAIN,
            name=f"{sleeper.name} {name}",
            has_sum=False,
            mean_type=StatisticMeanType.ARITHMETIC,
            unit_class=row.unit_class,
            unit_of_measurement=row.unit,
        )
        async_add_external_statistics(
            hass, meta, [data for night in nights for data in data_of(night, row, zone)]
        )


def data_of(night: Night, row: Row, zone: ZoneInfo) -> list[StatisticData]:
    """Return the row of a night; none if it does not have the measure."""
    value = getattr(night.measures, row.measure)
    if value is None:
        return []
    noon = datetime.combine(night.night, time(12), zone)
    return [StatisticData(start=noon, mean=value, min=value, max=value)]


async def async_last_kept(hass: HomeAssistant, info: Info, sleeper: Sleeper) -> date | None:
    """Return the date of the last night of a sleeper that the statistics have; None if they have
    none.
    """
    name = statistic_id(info.bridge, sleeper.id, ROWS[0].measure)
    found = await get_instance(hass).async_add_executor_job(
        get_last_statistics, hass, 1, name, False, {"mean"}
    )
    rows = found.get(name)
    return (
        datetime.fromtimestamp(rows[0]["start"], ZoneInfo(info.time_zone)).date() if rows else None
    )


async def async_drop(hass: HomeAssistant, info: Info) -> None:
    """Take all rows of a bridge's sleepers out of the statistics."""
    names = [
        statistic_id(info.bridge, sleeper.id, row.measure)
        for sleeper in info.sleepers
        for row in ROWS
    ]
    dropped = asyncio.Event()

    def done() -> None:
        hass.loop.call_soon_threadsafe(dropped.set)

    get_instance(hass).async_clear_statistics(names, on_done=done)
    await dropped.wait()
