"""Follow-ups of automations: what is still to be done later, and survives a restart.

A delay within an automation ends with Home Assistant. A follow-up is stored. When it is due, the
event `limber_follow_up` is fired, and once a minute again until the automation has completed it: an
automation may not be listening yet while Home Assistant starts.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

_LOGGER: Final = logging.getLogger(__name__)

FOLLOW_UP_EVENT: Final = f"{DOMAIN}_follow_up"
REPEAT_INTERVAL: Final = timedelta(minutes=1)
"""Chosen: an automation that was reloaded or not ready yet loses a minute."""
STARTING: Final = timedelta(seconds=5)
"""How long automations may take to listen once Home Assistant has started. Chosen: they need less
than a second; what is missed is repeated."""
DROPPED_AFTER: Final = timedelta(hours=12)
"""Chosen: what belongs to a night is of no use on the next evening."""
MAX_FOLLOW_UPS: Final = 200
"""Chosen: many times what all automations of a home have pending."""
STORE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Something that an automation will do later."""

    id: str
    due: datetime
    data: Mapping[str, Any]
    """What the automation needs then; JSON."""

    def as_json(self) -> dict[str, Any]:
        """Return the content for the store."""
        return {"id": self.id, "due": self.due.isoformat(), "data": dict(self.data)}


def load_follow_ups(stored: Mapping[str, Any] | None) -> dict[str, FollowUp]:
    """Read the content of the store."""
    rows = [] if stored is None else stored["follow_ups"]
    return {
        row["id"]: FollowUp(row["id"], datetime.fromisoformat(row["due"]), row["data"])
        for row in rows
    }


class FollowUps:
    """Keeps the follow-ups of all automations."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without follow-ups."""
        self._hass = hass
        self._store = Store[dict[str, Any]](hass, STORE_VERSION, f"{DOMAIN}.follow_ups")
        self._pending: dict[str, FollowUp] = {}
        self._timers: dict[str, CALLBACK_TYPE] = {}

    async def async_load(self) -> None:
        """Load the follow-ups of an earlier run; those that are due follow the start."""
        self._pending = load_follow_ups(await self._store.async_load())
        if self._pending:
            async_at_started(self._hass, self._start)

    @callback
    def _start(self, _hass: HomeAssistant) -> None:
        earliest = dt_util.utcnow() + STARTING
        for follow_up in self._pending.values():
            self._set_timer(follow_up, max(follow_up.due, earliest))

    async def async_schedule(self, follow_up: FollowUp, *, only_if_pending: bool = False) -> None:
        """Add a follow-up, or replace the one with its id; return once it is stored.

        `only_if_pending`: move the time of an existing one, which keeps its data, or do nothing.
        Raise ServiceValidationError if there are too many.
        """
        existing = self._pending.get(follow_up.id)
        if only_if_pending and existing is None:
            return
        if existing is None and len(self._pending) >= MAX_FOLLOW_UPS:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="too_many_follow_ups"
            )
        if only_if_pending and existing is not None:
            follow_up = replace(existing, due=follow_up.due)
        self._pending[follow_up.id] = follow_up
        await self._save()
        if self._pending.get(follow_up.id) is follow_up:
            self._set_timer(follow_up, follow_up.due)

    async def async_complete(self, follow_up_id: str) -> None:
        """Remove a follow-up, if there is one."""
        self._cancel_timer(follow_up_id)
        if self._pending.pop(follow_up_id, None) is not None:
            await self._save()

    async def async_remove_all(self) -> None:
        """Remove all follow-ups and what is stored."""
        for follow_up_id in list(self._timers):
            self._cancel_timer(follow_up_id)
        self._pending.clear()
        await self._store.async_remove()

    async def _save(self) -> None:
        rows = [follow_up.as_json() for follow_up in self._pending.values()]
        await self._store.async_save({"follow_ups": rows})

    def _cancel_timer(self, follow_up_id: str) -> None:
        cancel = self._timers.pop(follow_up_id, None)
        if cancel is not None:
            cancel()

    def _set_timer(self, follow_up: FollowUp, moment: datetime) -> None:
        self._cancel_timer(follow_up.id)

        async def fire(_planned: datetime) -> None:
            self._timers.pop(follow_up.id, None)
            await self._fire(follow_up)

        self._timers[follow_up.id] = async_track_point_in_utc_time(self._hass, fire, moment)

    async def _fire(self, follow_up: FollowUp) -> None:
        now = dt_util.utcnow()
        late = now - follow_up.due
        if late > DROPPED_AFTER:
            _LOGGER.warning("Dropped a follow-up that no automation completed: %s", follow_up.id)
            await self.async_complete(follow_up.id)
            return
        self._set_timer(follow_up, now + REPEAT_INTERVAL)
        self._hass.bus.async_fire(
            FOLLOW_UP_EVENT,
            {
                "id": follow_up.id,
                "data": dict(follow_up.data),
                "late": max(0, round(late.total_seconds())),
            },
        )


FOLLOW_UPS: Final[HassKey[FollowUps]] = HassKey(f"{DOMAIN}.follow_ups")
"""The follow-ups of this Home Assistant."""


async def async_setup(hass: HomeAssistant) -> None:
    """Load the follow-ups of an earlier run."""
    hass.data[FOLLOW_UPS] = follow_ups = FollowUps(hass)
    await follow_ups.async_load()


async def async_remove(hass: HomeAssistant) -> None:
    """Remove all follow-ups; they may not have been loaded."""
    follow_ups = hass.data.get(FOLLOW_UPS) or FollowUps(hass)
    await follow_ups.async_remove_all()
