"""What an automation has still to do survives a restart of Home Assistant."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
import voluptuous as vol
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, Event, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.limber import follow_ups, home_actions
from custom_components.limber.const import DOMAIN
from custom_components.limber.follow_ups import FOLLOW_UP_EVENT, MAX_FOLLOW_UPS

KEY = "limber.follow_ups"

type Pass = Callable[..., Awaitable[None]]


@pytest.fixture
def fired(hass: HomeAssistant) -> list[Event]:
    """The follow-ups that came due."""
    return async_capture_events(hass, FOLLOW_UP_EVENT)


@pytest.fixture
def wait(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Pass:
    """Returns a function that lets time pass."""

    async def advance(**time: float) -> None:
        freezer.tick(timedelta(**time))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()

    return advance


async def schedule(hass: HomeAssistant, **data: Any) -> None:
    wanted = {"id": "x", "after": {"minutes": 20}} | data
    await hass.services.async_call(DOMAIN, "schedule_follow_up", wanted, blocking=True)


async def complete(hass: HomeAssistant, follow_up: str = "x") -> None:
    await hass.services.async_call(DOMAIN, "complete_follow_up", {"id": follow_up}, blocking=True)


def stored(*rows: tuple[str, timedelta]) -> dict[str, Any]:
    """What an earlier run stored: ids, and when they are due from now."""
    rows_stored = [
        {"id": name, "due": (dt_util.utcnow() + due).isoformat(), "data": {"light": "light.hall"}}
        for name, due in rows
    ]
    return {"version": 1, "minor_version": 1, "key": KEY, "data": {"follow_ups": rows_stored}}


async def test_a_follow_up_is_repeated_until_it_is_completed(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    loaded: MockConfigEntry,
    fired: list[Event],
    wait: Pass,
) -> None:
    await schedule(hass, data={"asked": 1})
    assert hass_storage[KEY]["data"]["follow_ups"][0]["id"] == "x"
    await wait(minutes=19)
    assert fired == []
    for count in (1, 2, 3):
        await wait(minutes=1, seconds=1)
        assert len(fired) == count
    assert fired[0].data["data"] == {"asked": 1}
    assert (fired[0].data["late"], fired[2].data["late"]) == (1, 123)
    await complete(hass)
    await wait(minutes=5)
    assert len(fired) == 3
    assert hass_storage[KEY]["data"] == {"follow_ups": []}


async def test_follow_ups_survive_a_restart_and_wait_for_its_end(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    fired: list[Event],
    wait: Pass,
) -> None:
    hass.set_state(CoreState.starting)
    hass_storage[KEY] = stored(("overdue", timedelta(hours=-1)), ("later", timedelta(hours=1)))
    await follow_ups.async_setup(hass)
    home_actions.async_register(hass)
    await wait(minutes=5)
    assert fired == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await wait(seconds=10)
    assert [event.data["id"] for event in fired] == ["overdue"]
    assert fired[0].data["data"] == {"light": "light.hall"}
    await complete(hass, "overdue")
    await wait(hours=1)
    assert [event.data["id"] for event in fired] == ["overdue", "later"]


async def test_a_follow_up_that_nobody_completes_is_dropped(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    loaded: MockConfigEntry,
    fired: list[Event],
    wait: Pass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await schedule(hass)
    await wait(hours=13)
    assert fired == []
    assert "Dropped a follow-up that no automation completed: x" in caplog.text
    assert hass_storage[KEY]["data"] == {"follow_ups": []}


async def test_only_a_pending_follow_up_can_be_postponed(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    loaded: MockConfigEntry,
    fired: list[Event],
    wait: Pass,
) -> None:
    await schedule(hass, id="unknown", only_if_pending=True)
    await schedule(hass, data={"asked": 1})
    await wait(minutes=10)
    await schedule(hass, only_if_pending=True)
    await wait(minutes=15)
    assert fired == []
    await wait(minutes=6)
    assert [event.data["data"] for event in fired] == [{"asked": 1}]


async def test_the_number_of_follow_ups_is_limited(
    hass: HomeAssistant, hass_storage: dict[str, Any], loaded: MockConfigEntry
) -> None:
    for number in range(MAX_FOLLOW_UPS):
        await schedule(hass, id=str(number))
    await schedule(hass, id="0")
    with pytest.raises(ServiceValidationError):
        await schedule(hass, id="one more")
    await complete(hass, "0")
    await schedule(hass, id="one more")


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"id": "x" * 201},
        {"after": {"days": 2}},
        {"after": -1},
        {"data": {"moment": dt_util.utcnow()}},
        {"data": {1: "x"}},
        {"data": {"number": 2**64}},
        {"data": {"number": float("nan")}},
        {"data": {"text": "\ud800"}},
        {"data": "x"},
    ],
)
async def test_what_cannot_be_stored_is_refused(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    loaded: MockConfigEntry,
    wrong: dict[str, Any],
) -> None:
    with pytest.raises(vol.Invalid):
        await schedule(hass, **wrong)


async def test_nothing_is_left_when_the_last_bridge_is_removed(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    loaded: MockConfigEntry,
    fired: list[Event],
    wait: Pass,
) -> None:
    await schedule(hass)
    # The time stands still, so a wait for messages of the broker would not end.
    with patch("custom_components.limber.bridge_search.SEARCH_TIMEOUT_S", 0):
        await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    assert KEY not in hass_storage
    await wait(hours=1)
    assert fired == []
