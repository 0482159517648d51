"""The nights that Home Assistant missed: asked for, at hand, and a row each in the statistics.

Law: what the statistics lack at their end is asked for again, whatever became of them; a night that
is revised overwrites its row, and an old one does if we hear of it.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import RECENT, LimberConfigEntry
from .statistics import KEPT, async_drop, async_keep, async_last_kept
from .wire import Info, Sleeper

_LOGGER: Final = logging.getLogger(__name__)

REVISED: Final = timedelta(days=3)
"""How far before the last known night revisions are asked for."""
EARLIEST: Final = date(1970, 1, 4)
"""Before any night."""


class Known(Store[dict[str, Any]]):
    """Which measures were kept and by which time zone, and the date of the last night that was, for
    each sleeper.
    """

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, str]
    ) -> dict[str, Any]:
        """Version 1 had the dates alone: nobody knows of which measures."""
        return {"measures": [], "zone": "", "nights": old_data}


def store(hass: HomeAssistant, entry: LimberConfigEntry) -> Known:
    """Return what is remembered of an entry."""
    return Known(hass, 2, f"{DOMAIN}.{entry.entry_id}")


class History:
    """Catches up with one bridge, in the background and one time after the other."""

    def __init__(self, hass: HomeAssistant, entry: LimberConfigEntry) -> None:
        """Begin; nothing is asked for before `catch_up`."""
        self._hass = hass
        self._entry = entry
        self._bridge = entry.runtime_data
        self._known = store(hass, entry)
        self._asking: asyncio.Task[None] | None = None
        self._behind = False
        self._revised: dict[str, date] = {}
        """The oldest night of each sleeper that is not in the statistics as it is now."""

    def catch_up(self, sleeper: str = "", night: date = date.max) -> None:
        """Ask for the nights that were missed, and for a sleeper's from one on; once more if it is
        being done.
        """
        if sleeper:
            self._revised[sleeper] = min(night, self._revised.get(sleeper, night))
        if not self._bridge.data.online:
            return
        self._behind = True
        if self._asking is None or self._asking.done():
            name = f"{self._bridge.name} nights"
            self._asking = self._entry.async_create_background_task(
                self._hass, self._catch_up(), name
            )

    async def _catch_up(self) -> None:
        stored = await self._known.async_load() or {}
        while self._behind and self._bridge.data.info is not None:
            self._behind = False
            info = self._bridge.data.info
            nights = await self._to_go_on_from(stored, info)
            for sleeper in info.sleepers:
                try:
                    await self._keep_nights(info, sleeper, nights)
                except HomeAssistantError as error:
                    who = f"{sleeper.name} ({self._bridge.name})"
                    _LOGGER.warning(
                        "Nights of %s could not be asked for; they will be, later: %s", who, error
                    )
            stored = {"measures": KEPT, "zone": info.time_zone, "nights": nights}
            await self._known.async_save(stored)

    async def _to_go_on_from(self, stored: dict[str, Any], info: Info) -> dict[str, str]:
        """Return the last night of each sleeper that the statistics have, as far as they are to be
        believed.
        """
        if stored.get("measures") != KEPT:
            # Measures that were not kept before are wanted of all nights.
            return {}
        if stored["zone"] != info.time_zone and self._has_recorder:
            # Rows lie at noon in the bridge's zone: those of another one would stand beside the new
            # ones.
            await async_drop(self._hass, info)
            return {}
        return dict(stored["nights"])

    @property
    def _has_recorder(self) -> bool:
        return "recorder" in self._hass.config.components

    async def _keep_nights(self, info: Info, sleeper: Sleeper, known: dict[str, str]) -> None:
        """Have the recent nights at hand, and keep in the statistics what is not there yet."""
        lately = dt_util.now().date() - RECENT
        since = await self._since(info, sleeper, known) if self._has_recorder else lately
        revised = self._revised.get(sleeper.id, date.max)
        since = min(since, revised - timedelta(days=1))
        nights = await self._bridge.nights(sleeper.id, min(since, lately))
        self._bridge.note_recent(sleeper.id, nights)
        new = [night for night in nights if night.night > since]
        if new and self._has_recorder:
            await async_keep(self._hass, info, sleeper, new)
            known[sleeper.id] = new[-1].night.isoformat()
        if self._revised.get(sleeper.id) == revised:
            del self._revised[sleeper.id]

    async def _since(self, info: Info, sleeper: Sleeper, known: dict[str, str]) -> date:
        """Return after which night the statistics lack something; a database may have been lost
        meanwhile.
        """
        if sleeper.id not in known:
            return EARLIEST - REVISED
        kept = await async_last_kept(self._hass, info, sleeper)
        if kept is None:
            return EARLIEST - REVISED
        return min(kept, date.fromisoformat(known[sleeper.id])) - REVISED


def follow(hass: HomeAssistant, entry: LimberConfigEntry) -> Callable[..., None]:
    """Catch up now, and return what does so again."""
    history = History(hass, entry)
    history.catch_up()
    return history.catch_up
