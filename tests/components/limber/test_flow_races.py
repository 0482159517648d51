"""What another flow does to a bridge while one is searching for it, or shows a form about it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from unittest.mock import patch

import pytest
from homeassistant.config_entries import (
    SOURCE_HASSIO,
    SOURCE_MQTT,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.limber.bridge_search import Move
from custom_components.limber.const import CONF_BASE_TOPIC, CONF_BATTERY_BELOW, DOMAIN

from .conftest import Bridge
from .test_config_flow import (
    INSTANCE,
    OTHER_INSTANCE,
    SOURCES,
    OnlineCoordinator,
    add_entry,
    alive,
    announced_while,
    begin,
    found_again,
    go_on,
    look,
    not_set_up,
    on_broker,
    with_instance,
)
from .test_discovery import cards

__all__ = ["not_set_up"]

FLOW: Final = "custom_components.limber.config_flow"
BASE_TOPICS: Final = {SOURCE_MQTT: "limber"} | dict.fromkeys(SOURCES, "home/legs")
"""Base topic of the bridge, by how it is discovered."""
OPTIONS: Final = {CONF_BATTERY_BELOW: 25}
by_source = pytest.mark.parametrize("source", BASE_TOPICS)


async def discover(hass: HomeAssistant, bridge: Bridge, source: str) -> ConfigFlowResult:
    """Have a bridge be discovered that is alive."""
    if source == SOURCE_MQTT:
        return await found_again(hass, lambda: alive(bridge))
    return await announced_while(hass, source, lambda: on_broker(bridge))


async def add_by_user(hass: HomeAssistant, base_topic: str) -> ConfigFlowResult:
    """Add the bridge under a base topic, and change its options."""
    held = (f"{base_topic}/bedroom/info", with_instance(INSTANCE))
    added = await look(hass, await begin(hass), held, base=base_topic)
    assert added["type"] is FlowResultType.CREATE_ENTRY
    hass.config_entries.async_update_entry(added["result"], options=OPTIONS)
    return added


def assert_kept(
    hass: HomeAssistant, added: ConfigFlowResult, caplog: pytest.LogCaptureFixture
) -> None:
    """Assert that the entry of the user is the only one, and that nothing is offered."""
    assert hass.config_entries.async_entries(DOMAIN) == [added["result"]]
    assert dict(added["result"].options) == OPTIONS
    assert cards(hass) == []
    assert "creates a config entry when another entry" not in caplog.text


def then[T](do: Callable[[], Awaitable[object]], result: T) -> Callable[..., Awaitable[T]]:
    """Return a search that does something and returns a result."""

    async def search(*_: object) -> T:
        await do()
        return result

    return search


# --- A bridge that is added ---


@by_source
async def test_a_bridge_that_is_added_during_the_search_is_not_offered(
    hass: HomeAssistant, bridge: Bridge, caplog: pytest.LogCaptureFixture, source: str
) -> None:
    added: list[ConfigFlowResult] = []

    async def add() -> None:
        added.append(await add_by_user(hass, BASE_TOPICS[source]))

    with patch(f"{FLOW}.async_is_alive", then(add, result=True)):
        result = await discover(hass, bridge, source)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert_kept(hass, added[0], caplog)
    app = "0a1b2c_limber" if source == SOURCE_HASSIO else None
    assert added[0]["result"].data.get("app") == app


@by_source
async def test_the_card_of_a_bridge_that_is_added_in_another_way_disappears(
    hass: HomeAssistant, bridge: Bridge, caplog: pytest.LogCaptureFixture, source: str
) -> None:
    card = await discover(hass, bridge, source)
    assert cards(hass) == ["discovery_confirm"]
    added = await add_by_user(hass, BASE_TOPICS[source])
    with pytest.raises(UnknownFlow):
        await go_on(hass, card)
    assert_kept(hass, added, caplog)


@by_source
async def test_a_form_does_not_replace_an_entry(
    hass: HomeAssistant,
    bridge: Bridge,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    source: str,
) -> None:
    """However the entry was created: here no flow makes Home Assistant end the form."""
    card = await discover(hass, bridge, source)
    assert card["step_id"] == "discovery_confirm"
    add_entry(hass, entry, BASE_TOPICS[source])
    hass.config_entries.async_update_entry(entry, options=OPTIONS)
    result = await go_on(hass, card)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert hass.config_entries.async_entries(DOMAIN) == [entry]
    assert dict(entry.options) == OPTIONS
    assert "creates a config entry when another entry" not in caplog.text


# --- A bridge that may have moved ---


async def ask_about_move(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> ConfigFlowResult:
    """Have the bridge of an entry for `legs` be discovered under `limber`."""
    add_entry(hass, entry, "legs", None)
    result = await found_again(hass, lambda: alive(bridge))
    assert result["step_id"] == "confirm_move"
    return result


async def test_the_question_disappears_when_the_entry_has_followed(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    await ask_about_move(hass, bridge, entry)
    held = ("home/legs/bedroom/info", with_instance(INSTANCE))
    result = await look(hass, await entry.start_reconfigure_flow(hass), held, base="home/legs")
    assert sorted(cards(hass)) == ["confirm_move", "confirm_move"]
    result = await go_on(hass, result)
    assert result["reason"] == "reconfigure_successful"
    assert cards(hass) == []
    assert entry.data[CONF_BASE_TOPIC] == "home/legs"


async def test_the_question_stays_when_the_base_topic_was_not_changed(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    await ask_about_move(hass, bridge, entry)
    held = ("legs/bedroom/info", with_instance(INSTANCE))
    result = await look(hass, await entry.start_reconfigure_flow(hass), held, base="legs")
    assert result["reason"] == "reconfigure_successful"
    assert cards(hass) == ["confirm_move"]


async def test_the_question_disappears_when_the_bridge_is_added_again(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    await ask_about_move(hass, bridge, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert_kept(hass, await add_by_user(hass, "limber"), caplog)


async def test_the_answer_about_an_entry_that_was_removed_changes_nothing(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    question = await ask_about_move(hass, bridge, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    result = await go_on(hass, question)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_removed")
    assert hass.config_entries.async_entries(DOMAIN) == []


async def test_the_answer_does_not_leave_a_bridge_that_is_back(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    question = await ask_about_move(hass, bridge, entry)
    entry.mock_state(hass, ConfigEntryState.LOADED)
    entry.runtime_data = OnlineCoordinator()
    result = await go_on(hass, question)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert entry.data[CONF_BASE_TOPIC] == "legs"


@pytest.mark.parametrize("move", [Move.ASK, Move.FOLLOW])
async def test_a_move_is_not_offered_when_the_entry_has_followed_during_the_search(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry, move: Move
) -> None:
    add_entry(hass, entry, "legs")

    async def follow() -> None:
        data: dict[str, Any] = {**entry.data, CONF_BASE_TOPIC: "elsewhere"}
        hass.config_entries.async_update_entry(entry, data=data)

    with patch(f"{FLOW}.async_judge_move", then(follow, result=move)):
        result = await found_again(hass, lambda: alive(bridge))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert entry.data[CONF_BASE_TOPIC] == "elsewhere"


async def test_reconfigure_ends_when_the_entry_is_removed_during_the_search(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    add_entry(hass, entry, "limber")

    async def remove() -> None:
        await hass.config_entries.async_remove(entry.entry_id)

    held = ("legs/bedroom/info", with_instance(OTHER_INSTANCE))
    with patch(f"{FLOW}.async_is_alive_in_place", then(remove, result=False)):
        result = await look(hass, await entry.start_reconfigure_flow(hass), held, base="legs")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_removed")
