"""Requests the nights that Home Assistant has missed, and writes them to the long-term statistics.

How far the statistics reach is stored, but the statistics themselves decide: if rows are missing at
their end, for example after the loss of the database, these nights are requested again.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Self, override
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import LimberConfigEntry
from .recent_nights import RECENT_PERIOD
from .statistic_rows import Rows, Zones, compare, last_nights, plausible_nights
from .statistic_writer import StatisticWriter
from .statistics import RECORDED_NAMES, async_named_statistics, async_rows
from .wire_info import Info, Sleeper
from .wire_nights import Night

_LOGGER: Final = logging.getLogger(__name__)

REVISION_PERIOD: Final = timedelta(days=3)
"""Nights this long before the last known one are requested again, as they may have been revised.
Chosen: data that arrive later than this are announced by an event."""
ALL_NIGHTS: Final = date(1970, 1, 1)
"""Before any night."""
STORE_VERSION: Final = 4
"""1: dates by sleeper only. 2: with measures and time zone. 3: other statistic ids. 4: a record for
each sleeper, with the last row of each measure."""


@dataclass(frozen=True, slots=True)
class SleeperProgress:
    """How far the statistics of a sleeper reach."""

    last_night: str
    """Date of the last night that the bridge had."""
    time_zone: str
    """Time zone of the bridge in which the rows lie at noon."""
    imports: int
    """`Sleeper.imports` of the nights in the statistics."""
    measures: dict[str, str]
    """Date of the last night with a row, by measure."""


@dataclass(slots=True)
class Progress:
    """How far the statistics of a bridge reach."""

    measures: list[str] = field(default_factory=list)
    sleepers: dict[str, SleeperProgress] = field(default_factory=dict)

    @classmethod
    def load(cls, stored: dict[str, Any] | None) -> Self:
        """Read the content of the store; nothing is stored before the first backfill."""
        if stored is None:
            return cls()
        sleepers = stored.get("sleepers", {})
        return cls(
            measures=stored.get("measures", []),
            sleepers={sleeper: SleeperProgress(**one) for sleeper, one in sleepers.items()},
        )

    def as_json(self) -> dict[str, Any]:
        """Return the content for the store."""
        sleepers = {sleeper: asdict(one) for sleeper, one in self.sleepers.items()}
        return {"measures": self.measures, "sleepers": sleepers}


class ProgressStore(Store[dict[str, Any]]):
    """Stores the progress of the backfill of one bridge."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Start over: older versions filled statistics with other ids, or kept less."""
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
        self._writer = StatisticWriter(hass, entry.entry_id)
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
        self.async_start_task()

    @callback
    def async_start_task(self) -> None:
        """Start the task if it is not running; it first finishes what an earlier run began."""
        if self._task is None or self._task.done():
            self._task = self._entry.async_create_background_task(
                self._hass, self._run(), f"{self._coordinator.name} backfill"
            )

    async def _run(self) -> None:
        await self._writer.async_recover()
        progress = Progress.load(await self._store.async_load())
        while self._requested and self._coordinator.data.info is not None:
            self._requested = False
            info = self._coordinator.data.info
            if progress.measures != RECORDED_NAMES:
                # New measures are wanted of all nights.
                progress = Progress(RECORDED_NAMES)
            for sleeper in info.sleepers:
                try:
                    await self._fill(info, sleeper, progress)
                except HomeAssistantError as error:
                    _LOGGER.warning(
                        "%s: could not request the nights of %s, will try again: %s",
                        self._coordinator.name,
                        sleeper.name,
                        error,
                    )
            await self._store.async_save(progress.as_json())

    @property
    def _has_recorder(self) -> bool:
        return "recorder" in self._hass.config.components

    async def _fill(self, info: Info, sleeper: Sleeper, progress: Progress) -> None:
        """Request nights of a sleeper; keep the recent ones, write new ones to the statistics.

        Nothing is deleted before the nights that replace it are there.
        """
        today = dt_util.now().date()
        recent_after = today - RECENT_PERIOD
        filled_after = recent_after
        known = progress.sleepers.get(sleeper.id)
        now = ZoneInfo(info.time_zone)
        zones = Zones(now, now if known is None else ZoneInfo(known.time_zone))
        existing: dict[str, Rows] = {}
        if self._has_recorder:
            existing = await async_rows(self._hass, info, sleeper)
            last = last_nights(existing, zones, today)
            filled_after = filled_until(known, info, sleeper, last)
        changed_since = self._changed_since.get(sleeper.id)
        if changed_since is not None:
            filled_after = min(filled_after, changed_since - timedelta(days=1))
        fetched = await self._coordinator.requests.fetch_nights(
            sleeper.id, min(filled_after, recent_after)
        )
        nights = plausible_nights(fetched, today)
        if filled_after == ALL_NIGHTS:
            self._coordinator.set_recent_nights(sleeper.id, nights)
        else:
            self._coordinator.add_recent_nights(sleeper.id, nights)
        if self._has_recorder:
            new = [night for night in nights if night.night > filled_after]
            changes = {
                measure: compare(
                    existing[measure], new, measure, zones, sleeper.removed_nights, today
                )
                for measure in RECORDED_NAMES
            }
            statistics = await async_named_statistics(self._hass, info, sleeper)
            await self._writer.async_change_rows(statistics, existing, changes)
            after = last_nights(await async_rows(self._hass, info, sleeper), zones, today)
            progress.sleepers[sleeper.id] = progress_of(known, info, sleeper, nights, after)
        # An older night may have changed during the request.
        if self._changed_since.get(sleeper.id) == changed_since:
            self._changed_since.pop(sleeper.id, None)


def filled_until(
    known: SleeperProgress | None, info: Info, sleeper: Sleeper, last: Mapping[str, date]
) -> date:
    """Return the date after which nights are missing in the statistics or may be revised.

    `last` is the last night with a row, by measure. Each statistic counts: a person may have
    deleted one of them.
    """
    if known is None or known.time_zone != info.time_zone:
        return ALL_NIGHTS
    # It is lower after a journal was lost; the rows of that journal stay.
    if sleeper.imports > known.imports:
        return ALL_NIGHTS
    reached = date.fromisoformat(known.last_night) - REVISION_PERIOD
    for measure, day in known.measures.items():
        found = last.get(measure, ALL_NIGHTS)
        if found < date.fromisoformat(day):
            reached = min(reached, found)
    return reached


def progress_of(
    known: SleeperProgress | None,
    info: Info,
    sleeper: Sleeper,
    nights: Sequence[Night],
    last: Mapping[str, date],
) -> SleeperProgress:
    """Return how far the statistics of a sleeper reach after a backfill."""
    before = ALL_NIGHTS.isoformat() if known is None else known.last_night
    return SleeperProgress(
        last_night=nights[-1].night.isoformat() if nights else before,
        time_zone=info.time_zone,
        imports=sleeper.imports,
        measures={measure: day.isoformat() for measure, day in last.items()},
    )


async def async_remove(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Remove what is stored for an entry; its long-term statistics stay."""
    await StatisticWriter(hass, entry.entry_id).async_remove()
    await progress_store(hass, entry).async_remove()


@callback
def async_start(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Fill what is missing now, and whenever something may be missing, until unload."""
    coordinator = entry.runtime_data
    backfill = Backfill(hass, entry)
    backfill.handle_update()
    backfill.async_start_task()
    entry.async_on_unload(coordinator.async_add_listener(backfill.handle_update))
    entry.async_on_unload(coordinator.async_listen_to_nights(backfill.handle_night))
