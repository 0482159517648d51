"""Writes rows of long-term statistics so that a kill at any moment loses none.

The recorder replaces single rows, but deletes only whole statistics. So where rows must go, the
rows that stay are stored first; then the statistic is cleared and written again. What is still
stored at the next start was perhaps cleared and not written, and is written again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .statistic_rows import Changes, Rows
from .statistics import (
    MEASURES_BY_NAME,
    NamedStatistic,
    async_wait_until_written,
    async_write_rows,
)

STORE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A statistic that is cleared, and the rows that it has afterwards."""

    statistic: NamedStatistic
    rows: Rows

    def as_json(self) -> dict[str, Any]:
        """Return the content for the store."""
        return {
            "measure": self.statistic.measure,
            "id": self.statistic.id,
            "name": self.statistic.name,
            "rows": [list(row) for row in sorted(self.rows.items())],
        }


def load_rewrites(stored: Mapping[str, Any] | None) -> list[Rewrite]:
    """Read the content of the store; leave out measures of another version."""
    rewrites = [] if stored is None else stored["rewrites"]
    return [
        Rewrite(NamedStatistic(one["measure"], one["id"], one["name"]), dict(one["rows"]))
        for one in rewrites
        if one["measure"] in MEASURES_BY_NAME
    ]


class StatisticWriter:
    """Writes the statistics of one bridge."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare to write. `entry_id`: of the config entry of the bridge."""
        self._hass = hass
        self._store = Store[dict[str, Any]](hass, STORE_VERSION, f"{DOMAIN}.{entry_id}.statistics")

    async def async_recover(self) -> None:
        """Write the rows of statistics that an earlier run may have cleared only."""
        if "recorder" not in self._hass.config.components:
            return
        rewrites = load_rewrites(await self._store.async_load())
        if not rewrites:
            return
        for rewrite in rewrites:
            async_write_rows(self._hass, rewrite.statistic, rewrite.rows)
        await async_wait_until_written(self._hass)
        await self._store.async_remove()

    async def async_change_rows(
        self,
        statistics: Sequence[NamedStatistic],
        existing: Mapping[str, Rows],
        changes: Mapping[str, Changes],
    ) -> None:
        """Change rows and wait until they are written.

        `existing` and `changes`: by measure.
        """
        rewrites = []
        for statistic in statistics:
            change = changes[statistic.measure]
            if change.deleted:
                rows = rows_after(existing[statistic.measure], change)
                rewrites.append(Rewrite(statistic, rows))
            else:
                async_write_rows(self._hass, statistic, change.written)
        if rewrites:
            await self._rewrite(rewrites)
        await async_wait_until_written(self._hass)
        if rewrites:
            await self._store.async_remove()

    async def _rewrite(self, rewrites: Sequence[Rewrite]) -> None:
        """Store the rows that stay, then queue clearing and writing the statistics."""
        await self._store.async_save({"rewrites": [one.as_json() for one in rewrites]})
        for rewrite in rewrites:
            get_instance(self._hass).async_clear_statistics([rewrite.statistic.id])
            async_write_rows(self._hass, rewrite.statistic, rewrite.rows)

    async def async_remove(self) -> None:
        """Remove the store, after rows that were cleared only are written."""
        await self.async_recover()
        await self._store.async_remove()


def rows_after(existing: Rows, change: Changes) -> dict[float, float]:
    """Return the rows of a statistic after a change."""
    kept = {start: mean for start, mean in existing.items() if start not in change.deleted}
    return kept | dict(change.written)
