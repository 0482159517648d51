"""Requests the nights that Home Assistant has missed, and writes them to the long-term statistics.

How far the statistics reach is stored, but the statistics themselves decide: if rows are missing at
their end, for example after the loss of the database, these nights are requested again.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Self, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import LimberConfigEntry
from .recent_nights import RECENT_PERIOD
from .statistics import (
    RECORDED_NAMES,
    async_delete_all,
    async_last_night,
    async_remove_nights,
    async_write_nights,
)
from .wire import Info, Sleeper

_LOGGER: Final = logging.getLogger(__name__)

REVISION_PERIOD: Final = timedelta(days=3)
"""Nights this long before the last known one are requested again, as they may have been revised.
Chosen: data that arrive later than this are announced by an event."""
ALL_NIGHTS: Final = date(1970, 1, 1)
"""Before any night."""
STORE_VERSION: Final = 3
"""1: dates by sleeper only. 2: with measures and time zone. 3: other statistic ids."""


@dataclass(slots=True)
class Progress:
    """How far the statistics of a bridge reach."""

    measures: list[str] = field(default_factory=list)
    time_zone: str = ""
    nights: dict[str, str] = field(default_factory=dict)
    """Date of the last night in the statistics, by sleeper."""
    imports: dict[str, int] = field(default_factory=dict)
    """`Sleeper.imports` of the nights in the statistics, by sleeper."""

    @classmethod
    def load(cls, stored: dict[str, Any] | None) -> Self:
        """Read the content of the store; nothing is stored before the first backfill."""
        if stored is None:
            return cls()
        return cls(
            measures=stored.get("measures", []),
            time_zone=stored.get("time_zone", ""),
            nights=dict(stored.get("nights", {})),
            imports=dict(stored.get("imports", {})),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the content for the store."""
        return {
            "measures": self.measures,
            "time_zone": self.time_zone,
            "nights": self.nights,
            "imports": self.imports,
        }


class ProgressStore(Store[dict[str, Any]]):
    """Stores the progress of the backfill of one bridge."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Start over: older versions filled statistics with other ids."""
        return Progress().as_json()


def progress_store(hass: HomeAssistant, entry: LimberConfigEntry) -> ProgressStore:
    """Return the store of a config entry."""
    return ProgressStore(hass, STORE_VERSION, f"{DOMAIN}.{entry.entry_id}")


class Backfill:
    """Keeps the recent nights and the statistics of one bridge complete, in the background."""

    def __init__(self, hass: HomeAssistant, entry: LimberConfigEntry) -> None:
        """Prepare the backfill of a bridge; `async_request` starts it."""
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._store = progress_store(hass, entry)
        self._task: asyncio.Task[None] | None = None
        self._requested = False
        self._bridge_seen: tuple[bool, Info | None] | None = None
        self._changed_since: dict[str, date] = {}
        """The oldest night of each sleeper whose latest revision is not in the statistics."""

    @callback
    def handle_update(self) -> None:
        """Start when the bridge comes online or publishes another configuration."""
        data = self._coordinator.data
        seen = (data.online, data.info)
        if seen != self._bridge_seen:
            self._bridge_seen = seen
            self.async_request()

    @callback
    def handle_night(self, sleeper: str, night: date) -> None:
        """Start when a night was finished or revised."""
        self._changed_since[sleeper] = min(night, self._changed_since.get(sleeper, night))
        self.async_request()

    @callback
    def async_request(self) -> None:
        """Start the backfill, or run it once more if it is running."""
        if not self._coordinator.data.online:
            return
        self._requested = True
        if self._task is None or self._task.done():
            self._task = self._entry.async_create_background_task(
                self._hass, self._run(), f"{self._coordinator.name} backfill"
            )

    async def _run(self) -> None:
        stored = Progress.load(await self._store.async_load())
        while self._requested and self._coordinator.data.info is not None:
            self._requested = False
            info = self._coordinator.data.info
            progress = Progress(
                RECORDED_NAMES,
                info.time_zone,
                await self._valid_nights(stored, info),
                dict(stored.imports),
            )
            for sleeper in info.sleepers:
                try:
                    # It is lower after a journal was lost; the rows of that journal stay.
                    if sleeper.imports > progress.imports.get(sleeper.id, 0):
                        await self._fill_again(info, sleeper, progress)
                    else:
                        await self._fill(info, sleeper, progress)
                    progress.imports[sleeper.id] = sleeper.imports
                except HomeAssistantError as error:
                    _LOGGER.warning(
                        "%s: could not request the nights of %s, will try again: %s",
                        self._coordinator.name,
                        sleeper.name,
                        error,
                    )
            stored = progress
            await self._store.async_save(progress.as_json())

    async def _valid_nights(self, stored: Progress, info: Info) -> dict[str, str]:
        """Return the stored dates that are still valid."""
        if stored.measures != RECORDED_NAMES:
            # New measures are wanted of all nights.
            return {}
        if stored.time_zone != info.time_zone and self._has_recorder:
            # Rows at noon of another time zone would not be replaced.
            await async_delete_all(self._hass, info)
            return {}
        return dict(stored.nights)

    @property
    def _has_recorder(self) -> bool:
        return "recorder" in self._hass.config.components

    async def _fill(self, info: Info, sleeper: Sleeper, progress: Progress) -> None:
        """Request nights of a sleeper; keep the recent ones, write new ones to the statistics."""
        recent_after = dt_util.now().date() - RECENT_PERIOD
        filled_after = recent_after
        if self._has_recorder:
            filled_after = await self._filled_until(info, sleeper, progress)
        changed_since = self._changed_since.get(sleeper.id)
        if changed_since is not None:
            filled_after = min(filled_after, changed_since - timedelta(days=1))
        nights = await self._coordinator.requests.fetch_nights(
            sleeper.id, min(filled_after, recent_after)
        )
        self._coordinator.add_recent_nights(sleeper.id, nights)
        new = [night for night in nights if night.night > filled_after]
        if new and self._has_recorder:
            await async_write_nights(self._hass, info, sleeper, new)
            progress.nights[sleeper.id] = new[-1].night.isoformat()
        # An older night may have changed during the request.
        if self._changed_since.get(sleeper.id) == changed_since:
            self._changed_since.pop(sleeper.id, None)

    async def _fill_again(self, info: Info, sleeper: Sleeper, progress: Progress) -> None:
        """Request all nights of a sleeper after an import of past nights or its undo.

        Rows of nights that the bridge does not know stay, unless it names them as removed.
        """
        nights = await self._coordinator.requests.fetch_nights(sleeper.id, ALL_NIGHTS)
        self._coordinator.set_recent_nights(sleeper.id, nights)
        if self._has_recorder:
            await async_remove_nights(self._hass, info, sleeper)
            await async_write_nights(self._hass, info, sleeper, nights)
        if nights:
            progress.nights[sleeper.id] = nights[-1].night.isoformat()

    async def _filled_until(self, info: Info, sleeper: Sleeper, progress: Progress) -> date:
        """Return the date after which nights are missing in the statistics or may be revised."""
        if sleeper.id not in progress.nights:
            return ALL_NIGHTS
        last = await async_last_night(self._hass, info, sleeper)
        if last is None:
            return ALL_NIGHTS
        return min(last, date.fromisoformat(progress.nights[sleeper.id])) - REVISION_PERIOD


@callback
def async_start(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Fill what is missing now, and whenever something may be missing, until unload."""
    coordinator = entry.runtime_data
    backfill = Backfill(hass, entry)
    backfill.handle_update()
    entry.async_on_unload(coordinator.async_add_listener(backfill.handle_update))
    entry.async_on_unload(coordinator.async_listen_to_nights(backfill.handle_night))
