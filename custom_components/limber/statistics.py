"""Long-term statistics of nights: one row for each night and measure.

The row of a night lies at a fixed time of its date, so the row of a later revision replaces it.
"""

import asyncio
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
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.unit_conversion import DurationConverter

from . import identity
from .const import DOMAIN
from .statistic_rows import Rows
from .wire_info import Info, Sleeper


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
MEASURES_BY_NAME: Final = {row.measure: row for row in RECORDED_MEASURES}
RECORDED_NAMES: Final = [row.measure for row in RECORDED_MEASURES]


@dataclass(frozen=True, slots=True)
class NamedStatistic:
    """A long-term statistic of a sleeper."""

    measure: str
    """Field of `Measures`; one of `RECORDED_NAMES`."""
    id: str
    name: str
    """In the language of Home Assistant."""

    @property
    def metadata(self) -> StatisticMetaData:
        """Return the description of the statistic for the recorder."""
        row = MEASURES_BY_NAME[self.measure]
        return StatisticMetaData(
            statistic_id=self.id,
            source=DOMAIN,
            name=self.name,
            has_sum=False,
            mean_type=StatisticMeanType.ARITHMETIC,
            unit_class=row.unit_class,
            unit_of_measurement=row.unit,
        )


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


@callback
def async_write_rows(hass: HomeAssistant, statistic: NamedStatistic, rows: Rows) -> None:
    """Queue rows of a statistic; a row replaces one that begins at the same time."""
    data = [night_row(datetime.fromtimestamp(at, UTC), rows[at]) for at in sorted(rows)]
    async_add_external_statistics(hass, statistic.metadata, data)


async def async_wait_until_written(hass: HomeAssistant) -> None:
    """Wait until the recorder has written everything that was queued before."""
    written = asyncio.Event()

    def handle_written() -> None:
        # The recorder calls this in its own thread.
        hass.loop.call_soon_threadsafe(written.set)

    # Deleting nothing waits in the same queue.
    get_instance(hass).async_clear_statistics([], on_done=handle_written)
    await written.wait()


async def async_named_statistics(
    hass: HomeAssistant, info: Info, sleeper: Sleeper
) -> list[NamedStatistic]:
    """Return the statistics of a sleeper, with names in the language of Home Assistant."""
    texts = await async_get_translations(hass, hass.config.language, "entity", {DOMAIN})
    return [
        NamedStatistic(
            measure=row.measure,
            id=statistic_id(info.bridge, sleeper.id, row.measure),
            name=f"{sleeper.name} "
            + texts.get(f"component.{DOMAIN}.entity.sensor.{row.key}.name", row.key),
        )
        for row in RECORDED_MEASURES
    ]


def night_row(start: datetime, value: float) -> StatisticData:
    """Return the row of a night."""
    return StatisticData(start=start, mean=value, min=value, max=value)
