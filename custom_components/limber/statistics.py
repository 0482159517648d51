"""Long-term statistics of nights: one row for each night and measure.

The row of a night lies at noon of its date in the bridge's time zone, so the row of a later
revision replaces it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    statistics_during_period,
)
from homeassistant.const import UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.unit_conversion import DurationConverter

from . import identity
from .const import DOMAIN
from .statistic_rows import Changes, Rows
from .wire import Info, Sleeper


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


async def async_rows(hass: HomeAssistant, info: Info, sleeper: Sleeper) -> dict[str, Rows]:
    """Return all rows of a sleeper's statistics, by measure."""
    names = {statistic_id(info.bridge, sleeper.id, name): name for name in RECORDED_NAMES}
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, FIRST_ROW, None, set(names), "hour", None, {"mean"}
    )
    return {
        measure: {
            row["start"]: mean
            for row in found.get(name, [])
            if (mean := row.get("mean")) is not None
        }
        for name, measure in names.items()
    }


async def async_change_rows(
    hass: HomeAssistant,
    info: Info,
    sleeper: Sleeper,
    existing: Mapping[str, Rows],
    changes: Mapping[str, Changes],
) -> None:
    """Change the rows of a sleeper's statistics, by measure; wait until they are written."""
    for row in RECORDED_MEASURES:
        change = changes[row.measure]
        metadata = await async_metadata(hass, info, sleeper, row)
        written = change.written
        if change.deleted:
            # Home Assistant can only delete all rows of a statistic, so the others are written
            # again. Both wait in the same queue, and nothing comes between them.
            kept = existing[row.measure].items()
            written = {start: mean for start, mean in kept if start not in change.deleted} | dict(
                written
            )
            get_instance(hass).async_clear_statistics([metadata["statistic_id"]])
        rows = [night_row(datetime.fromtimestamp(at, UTC), written[at]) for at in sorted(written)]
        async_add_external_statistics(hass, metadata, rows)
    await async_wait_until_written(hass)


async def async_wait_until_written(hass: HomeAssistant) -> None:
    """Wait until the recorder has written everything that was queued before."""
    written = asyncio.Event()

    def handle_written() -> None:
        # The recorder calls this in its own thread.
        hass.loop.call_soon_threadsafe(written.set)

    # Deleting nothing waits in the same queue.
    get_instance(hass).async_clear_statistics([], on_done=handle_written)
    await written.wait()


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


def night_row(noon: datetime, value: float) -> StatisticData:
    """Return the row of a night at noon of its date."""
    return StatisticData(start=noon, mean=value, min=value, max=value)
