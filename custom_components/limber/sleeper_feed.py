"""Everything that the cards show of one sleeper, and when it has changed."""

import secrets
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .coordinator import LimberCoordinator
from .event_dispatch import BridgeEvent, FinishedNight
from .night_archive import NightArchive
from .night_data import NightContents
from .night_store import NightStore, StoredNight, store
from .tonight_data import RunningSeries, describe_sensors, describe_state
from .wire_events import FactorEvent
from .wire_info import Sleeper
from .wire_nights import Tonight
from .wire_state import Cramp, State

ALL_NIGHTS: Final = date.min

type FeedListener = Callable[[], None]
type LiveKey = tuple[Tonight, bool | None, bool | None, Cramp | None, int]


class SleeperFeed:
    """Follows one sleeper of a bridge."""

    def __init__(self, coordinator: LimberCoordinator, sleeper: str) -> None:
        """Start to follow; `async_stop` ends it."""
        self._coordinator = coordinator
        self.sleeper = sleeper
        self.archive = NightArchive(coordinator, sleeper, self._handle_comparisons)
        self.nights = NightStore(coordinator, sleeper)
        self._series = RunningSeries()
        self._listeners: list[FeedListener] = []
        self._run = secrets.token_hex(4)
        self._changes = 0
        self._seen: dict[str, object] = {}
        """What was compared with the state before."""
        self.has_ended = False
        """The bridge was unloaded, or has this sleeper no more."""
        self._live: tuple[LiveKey, StoredNight] | None = None
        """The state for which events of tonight were fetched, and what was made of them."""
        self._ends = [
            coordinator.async_add_listener(self._handle_update),
            coordinator.async_listen_to_nights(self._handle_night),
            coordinator.events.async_listen(sleeper, self._handle_event),
            coordinator.requests.async_listen_to_changes(self._handle_change),
        ]
        self._handle_update()

    @callback
    def async_stop(self) -> None:
        """Stop following, and say so to the listeners."""
        for end in self._ends:
            end()
        self.has_ended = True
        self._notify()

    @callback
    def async_listen(self, listener: FeedListener) -> CALLBACK_TYPE:
        """Call `listener` whenever something has changed; return a function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def coordinator(self) -> LimberCoordinator:
        """Return the coordinator of the bridge."""
        return self._coordinator

    @property
    def state(self) -> State | None:
        """Return the state of the sleeper, if there is one."""
        return self._coordinator.data.states.get(self.sleeper)

    @property
    def time_zone(self) -> str:
        """Return the name of the bridge's time zone."""
        info = self._coordinator.data.info
        return "UTC" if info is None else info.time_zone

    def today(self) -> date:
        """Return the date in the bridge's time zone."""
        return dt_util.now(self._coordinator.time_zone).date()

    @property
    def revision(self) -> str:
        """Return what changes with everything but the measures of tonight, also after a restart."""
        return f"{self._run}-{self._changes}"

    def describe(self) -> dict[str, Any] | None:
        """Return what `limber/subscribe` pushes; None: there is no state yet."""
        state = self.state
        if state is None:
            return None
        data = self._coordinator.data
        now = dt_util.utcnow() + (data.clock_offset or timedelta())
        described = self._described
        info = data.info
        return {
            "online": data.online,
            "revision": self.revision,
            "time_zone": self.time_zone,
            "supports": [] if info is None else list(info.commands),
            "sensors": [] if described is None else describe_sensors(described.sensors, state),
            "battery_low": self._coordinator.battery_below,
        } | describe_state(state, self._series.start(now))

    async def live_night(self, state: State) -> StoredNight:
        """Return the night that is not finished.

        Raise HomeAssistantError if the bridge does not answer and nothing is known.
        """
        key = (state.tonight, state.in_bed, state.asleep, state.cramp, self._changes)
        if self._live is not None and self._live[0] == key:
            return self._live[1]
        tonight = state.tonight
        try:
            events = await self.nights.live_events(tonight.night)
        except HomeAssistantError:
            if self._live is None or self._live[0][0].night != tonight.night:
                raise
            return self._live[1]
        info = self._coordinator.data.info
        stored = store(
            NightContents(
                night=tonight.night,
                revision=None,
                start=tonight.start,
                end=state.time if state.in_bed else None,
                rules=None if info is None else info.rules,
                measures=tonight.measures,
                events=events,
            )
        )
        self._live = (key, stored)
        return stored

    @property
    def _described(self) -> Sleeper | None:
        sleepers = self._coordinator.data.sleepers
        return next((one for one in sleepers if one.id == self.sleeper), None)

    @callback
    def _handle_update(self) -> None:
        """Find out what a new state, description or connection changes."""
        state = self.state
        if state is not None:
            self._note_state(state)
        self._notify()

    @callback
    def _notify(self) -> None:
        for listener in list(self._listeners):
            listener()

    def _note_state(self, state: State) -> None:
        described = self._described
        last = state.last_night
        if self._differs("last_night", last and (last.night, last.revision)) and last is not None:
            self._mark_changed(last.night)
        if self._differs("diary", state.diary) and state.diary is not None:
            self._mark_changed(min(state.diary.tonight.night, state.diary.last_night.night))
        if self._differs("trial", (state.trial, state.last_trial)):
            self.archive.mark_trials_changed()
            self._mark_changed(first_night_of_trial(state))
        # A label may be of any night; and what the bridge did while it was away is not known.
        everything = (
            state.cramp_labels,
            described and (described.imports, described.removed_nights),
            self._coordinator.data.online,
        )
        if self._differs("everything", everything):
            self.archive.mark_trials_changed()
            self._mark_changed(ALL_NIGHTS)
        self._note_tonight(state.tonight)

    def _note_tonight(self, tonight: Tonight) -> None:
        """Notice that events of tonight were withdrawn: docs/protocol.md#4-events."""
        before = self._seen.get("tonight")
        self._seen["tonight"] = tonight
        if not isinstance(before, Tonight) or before.night != tonight.night:
            return
        if (tonight.measures.movements or 0) < (before.measures.movements or 0):
            self.nights.reset_live()

    def _differs(self, name: str, value: object) -> bool:
        """Return whether something differs from what it was before, and remember it."""
        if name in self._seen and self._seen[name] == value:
            return False
        self._seen[name] = value
        return True

    @callback
    def _handle_night(self, sleeper: str, night: date) -> None:
        if sleeper == self.sleeper:
            self._mark_changed(night)

    @callback
    def _handle_change(self, sleeper: str, night: date) -> None:
        if sleeper == self.sleeper:
            self.archive.mark_trials_changed()
            self._mark_changed(night)
            self._notify()

    @callback
    def _handle_event(self, event: BridgeEvent) -> None:
        if isinstance(event, FinishedNight):
            return
        if isinstance(event, FactorEvent):
            self._mark_changed(event.night)
        elif not self._series.process(event):
            return
        self._notify()

    @callback
    def _handle_comparisons(self) -> None:
        """Say that there is more to fetch."""
        self._changes += 1
        self._notify()

    def _mark_changed(self, since: date) -> None:
        self._changes += 1
        self.archive.mark_changed(since)
        self.nights.mark_changed(since)


def first_night_of_trial(state: State) -> date:
    """Return the first night that a change of a trial can concern."""
    if state.trial is not None:
        return state.trial.start
    return state.tonight.night if state.last_trial is None else state.last_trial.start
