"""Fetches the nights of up to a year from a bridge, and only what changed when it changes."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from .coordinator import LimberCoordinator, require_online
from .statistic_rows import is_plausible
from .trends import DAY
from .wire_diary import FactorEffect, TrendNight
from .wire_nights import Night
from .wire_trials import Trial

TREND_COMMAND: Final = "trend"
TRIALS_COMMAND: Final = "trials"
EFFECTS_COMMAND: Final = "effects"
COMPARISON_WAIT_S: Final = 2.0
"""How long an answer waits for trials and effects. Chosen: a card that shows the nights should not
wait for a small computer that compares a year of them."""


class NightArchive:
    """The nights, trials and effects of one sleeper. While the bridge is away, those last known."""

    def __init__(
        self, coordinator: LimberCoordinator, sleeper: str, on_compared: Callable[[], None]
    ) -> None:
        """Start without anything.

        `on_compared` is called when trials and effects arrive after a request was answered
        without them.
        """
        self._coordinator = coordinator
        self._sleeper = sleeper
        self._on_compared = on_compared
        self._lock = asyncio.Lock()
        self._comparing: asyncio.Task[None] | None = None
        self._is_awaited = False
        """A request was answered without what is being fetched."""
        self.nights: dict[date, Night] = {}
        self.trend: dict[date, TrendNight] = {}
        self.trials: tuple[Trial, ...] = ()
        self.effects: tuple[FactorEffect, ...] | None = None
        """None: the bridge does not compute them."""
        self._loaded_since: date | None = None
        """All nights from this date on are known; None: none are."""
        self._changed_since: date | None = None
        """Nights from this date on may have changed."""
        self._trials_changed = True
        self._effects_changed = True

    @callback
    def mark_changed(self, since: date) -> None:
        """Fetch again what depends on the nights from a date on."""
        if self._changed_since is None or since < self._changed_since:
            self._changed_since = since
        self._effects_changed = True

    @callback
    def mark_trials_changed(self) -> None:
        """Fetch the trials again."""
        self._trials_changed = True

    async def load(self, since: date, today: date) -> None:
        """Make the nights from a date on known.

        Raise HomeAssistantError if that is impossible and nothing is known.
        """
        async with self._lock:
            try:
                await self._load_nights(since, today)
            except HomeAssistantError:
                if self._loaded_since is None:
                    raise

    async def load_comparisons(self) -> None:
        """Make trials and effects known, as far as the bridge has them and is quick."""
        if not self._trials_changed and not self._effects_changed and self._comparing is None:
            return
        if self._comparing is None:
            self._comparing = self._coordinator.config_entry.async_create_background_task(
                self._coordinator.hass,
                self._compare(),
                f"{self._coordinator.name} comparisons of {self._sleeper}",
            )
        comparing = self._comparing
        _, late = await asyncio.wait({comparing}, timeout=COMPARISON_WAIT_S)
        if late:
            self._is_awaited = True

    async def _compare(self) -> None:
        before = (self.trials, self.effects)
        try:
            await self._load_trials()
            await self._load_effects()
        finally:
            self._comparing = None
        # What failed again and again is not worth another request by every card.
        if self._is_awaited and before != (self.trials, self.effects):
            self._is_awaited = False
            self._on_compared()

    async def _load_nights(self, since: date, today: date) -> None:
        fetch_since = self._first_to_fetch(since)
        if fetch_since is None:
            return
        require_online(self._coordinator)
        # What changes meanwhile is marked again.
        changed_since = self._changed_since
        self._changed_since = None
        try:
            nights = await self._fetch_nights(fetch_since - DAY)
            trend = await self._fetch_trend(fetch_since - DAY)
        except HomeAssistantError:
            if changed_since is not None:
                self.mark_changed(changed_since)
            raise
        self.nights = {day: one for day, one in self.nights.items() if day < fetch_since}
        self.trend = {day: one for day, one in self.trend.items() if day < fetch_since}
        self.nights |= {one.night: one for one in nights if is_plausible(one.night, today)}
        self.trend |= {one.night: one for one in trend if is_plausible(one.night, today)}
        loaded = (fetch_since, self._loaded_since)
        self._loaded_since = min(day for day in loaded if day is not None)

    def _first_to_fetch(self, since: date) -> date | None:
        """Return from which date on nights are missing or have changed; None: none are."""
        if self._loaded_since is None or since < self._loaded_since:
            return since
        if self._changed_since is None:
            return None
        return max(self._changed_since, self._loaded_since)

    async def _fetch_nights(self, after: date) -> Iterable[Night]:
        return await self._coordinator.requests.fetch_nights(self._sleeper, after)

    async def _fetch_trend(self, after: date) -> Iterable[TrendNight]:
        if not self._coordinator.supports(TREND_COMMAND):
            return ()
        return await self._coordinator.requests.fetch_trend(self._sleeper, after=after)

    async def _load_trials(self) -> None:
        if not self._trials_changed or not self._can_request(TRIALS_COMMAND):
            return
        self._trials_changed = False
        try:
            self.trials = await self._coordinator.requests.fetch_trials(self._sleeper)
        except HomeAssistantError:
            self._trials_changed = True

    async def _load_effects(self) -> None:
        if not self._effects_changed or not self._can_request(EFFECTS_COMMAND):
            return
        self._effects_changed = False
        try:
            response = await self._coordinator.requests.fetch_effects(self._sleeper)
        except HomeAssistantError:
            self._effects_changed = True
            return
        self.effects = None if response is None else response.effects

    def _can_request(self, command: str) -> bool:
        return self._coordinator.data.online and self._coordinator.supports(command)
