"""Long-term statistics of nights: one row for each night and measure.

The row of a night lies at noon of its date in the bridge's time zone, so the row of a later
revision replaces it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
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
    statistics_during_period,
)
from homeassistant.const import UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.unit_conversion import DurationConverter

from . import identity
from .const import DOMAIN
from .trends import NOON
from .wire import Info, Night, Sleeper


@dataclass(frozen=True, slots=True)
class RecordedMeasure:
    """A measure with long-term statistics."""

    measure: str
    """Field of `Measures`."""
    key: str
    """Translation key of the sensor with the same name."""
    unit: str
    unit_class: str | None = None
    """Unit class of a converter of Home Assistant."""


FIRST_ROW: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any row."""
HOURS: Final = (UnitOfTime.HOURS, DurationConverter.UNIT_CLASS)

# fmt: off
RECORDED_MEASURES: Final = (
    RecordedMeasure("movements", "last_night_movements", "movements"),
    RecordedMeasure("candidates", "last_night_candidates", "movements"),
    RecordedMeasure("plm", "last_night_plm", "movements"),
    RecordedMeasure("plm_index", "last_night_plm_index", "/h"),
    RecordedMeasure("time_in_bed_h", "last_night_time_in_bed", *HOURS),
    RecordedMeasure("sleep_h", "last_night_sleep", *HOURS),
    RecordedMeasure("plms_index", "last_night_plms_index", "/h"),
    RecordedMeasure("periodicity_index", "last_night_periodicity_index", "1"),
    RecordedMeasure("series_count", "last_night_series_count", "series"),
    RecordedMeasure("longest_quiet_h", "last_night_longest_quiet", *HOURS),
    RecordedMeasure("cramps_possible", "last_night_cramps_possible", "cramps"),
    RecordedMeasure("cramps_probable", "last_night_cramps_probable", "cramps"),
)
# fmt: on
RECORDED_NAMES: Final = [row.measure for row in RECORDED_MEASURES]


def statistic_id(bridge: str, sleeper: str, measure: str) -> str:
    """Return the statistic id of a measure."""
    return f"{DOMAIN}:{identity.statistic_key(bridge, sleeper, measure)}"


async def async_write_nights(
    hass: HomeAssistant, info: Info, sleeper: Sleeper, nights: Iterable[Night]
) -> None:
    """Write the rows of nights, replacing rows of the same dates."""
    zone = ZoneInfo(info.time_zone)
    nights = list(nights)
    for row in RECORDED_MEASURES:
        metadata = await async_metadata(hass, info, sleeper, row)
        rows = [data for night in nights for data in rows_of(night, row.measure, zone)]
        async_add_external_statistics(hass, metadata, rows)


async def async_metadata(
    hass: HomeAssistant, info: Info, sleeper: Sleeper, row: RecordedMeasure
) -> StatisticMetaData:
    """Return what a statistic is, with its name in the language of Home Assistant."""
    texts = await async_get_translations(hass, hass.config.language, "entity", {DOMAIN})
    name = texts.get(f"component.{DOMAIN}.entity.sensor.{row.key}.name", row.key)
    return StatisticMetaData(
        statistic_id=statistic_id(info.bridge, sleeper.id, row.measure),
        source=DOMAIN,
        name=f"{sleeper.name} {name}",
        has_sum=False,
        mean_type=StatisticMeanType.ARITHMETIC,
        unit_class=row.unit_class,
        unit_of_measurement=row.unit,
    )


def rows_of(night: Night, measure: str, zone: ZoneInfo) -> list[StatisticData]:
    """Return the row of a night; no row if the signals do not support the measure."""
    value = getattr(night.measures, measure)
    if value is None:
        return []
    return [night_row(datetime.combine(night.night, NOON, zone), value)]


def night_row(noon: datetime, value: float) -> StatisticData:
    """Return the row of a night at noon of its date."""
    return StatisticData(start=noon, mean=value, min=value, max=value)


async def async_last_night(hass: HomeAssistant, info: Info, sleeper: Sleeper) -> date | None:
    """Return the date of the last night with a row; None if there is no row."""
    name = statistic_id(info.bridge, sleeper.id, RECORDED_NAMES[0])
    found = await get_instance(hass).async_add_executor_job(
        get_last_statistics, hass, 1, name, False, {"mean"}
    )
    rows = found.get(name)
    if not rows:
        return None
    return datetime.fromtimestamp(rows[0]["start"], ZoneInfo(info.time_zone)).date()


async def async_remove_nights(hass: HomeAssistant, info: Info, sleeper: Sleeper) -> None:
    """Delete the rows of the nights that the bridge names as removed.

    Home Assistant can only delete all rows of a statistic, so the others are written again.
    """
    zone = ZoneInfo(info.time_zone)
    removed = {datetime.combine(day, NOON, zone).timestamp() for day in sleeper.removed_nights}
    for row in RECORDED_MEASURES if removed else ():
        name = statistic_id(info.bridge, sleeper.id, row.measure)
        found = await get_instance(hass).async_add_executor_job(
            statistics_during_period, hass, FIRST_ROW, None, {name}, "hour", None, {"mean"}
        )
        rows = found.get(name, [])
        kept = [one for one in rows if one["start"] not in removed]
        if len(kept) == len(rows):
            continue
        metadata = await async_metadata(hass, info, sleeper, row)
        await async_clear(hass, [name])
        data = [
            night_row(datetime.fromtimestamp(one["start"], zone), mean)
            for one in kept
            if (mean := one.get("mean")) is not None
        ]
        async_add_external_statistics(hass, metadata, data)


async def async_delete_all(hass: HomeAssistant, info: Info) -> None:
    """Delete all rows of a bridge's sleepers."""
    ids = [
        statistic_id(info.bridge, sleeper.id, measure)
        for sleeper in info.sleepers
        for measure in RECORDED_NAMES
    ]
    await async_clear(hass, ids)


async def async_clear(hass: HomeAssistant, ids: list[str]) -> None:
    """Delete all rows of some statistics."""
    deleted = asyncio.Event()

    def handle_deleted() -> None:
        # The recorder calls this in its own thread.
        hass.loop.call_soon_threadsafe(deleted.set)

    get_instance(hass).async_clear_statistics(ids, on_done=handle_deleted)
    await deleted.wait()
