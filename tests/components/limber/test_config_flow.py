"""Every way to a bridge, every dead end, and the way on from it."""

import asyncio
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_MQTT,
    SOURCE_USER,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_mqtt_message

from custom_components.limber.const import (
    CONF_BASE_TOPIC,
    CONF_BATTERY_BELOW,
    CONF_BRIDGE,
    CONF_RESTLESS_ABOVE,
    DOMAIN,
)
from custom_components.limber.coordinator import BridgeData

from .conftest import Bridge, golden


@pytest.fixture(autouse=True)
def not_set_up() -> Iterator[None]:
    """Do not set up the created entry, and search for a shorter time."""
    flow = "custom_components.limber.config_flow.SEARCH_TIMEOUT_S"
    with patch("custom_components.limber.async_setup_entry", return_value=True), patch(flow, 0.3):
        yield


def discovered(payload: object, topic: str = "limber/bedroom/info") -> MqttServiceInfo:
    import json  # noqa: PLC0415

    text = payload if isinstance(payload, str) else json.dumps(payload)
    return MqttServiceInfo(topic, text, 1, True, "limber/+/info", dt_util.utcnow().timestamp())


async def begin(hass: HomeAssistant, info: MqttServiceInfo | None = None) -> ConfigFlowResult:
    source = SOURCE_USER if info is None else SOURCE_MQTT
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": source}, data=info)


async def go_on(hass: HomeAssistant, result: ConfigFlowResult, **answer: str) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(result["flow_id"], answer)


async def look(
    hass: HomeAssistant, result: ConfigFlowResult, *held: tuple[str, object], base: str = "limber"
) -> ConfigFlowResult:
    """Answer the base topic while the broker holds these messages."""
    import json  # noqa: PLC0415

    answered = hass.async_create_task(go_on(hass, result, **{CONF_BASE_TOPIC: base}))
    while not answered.done():
        for topic, payload in held:
            async_fire_mqtt_message(
                hass, topic, payload if isinstance(payload, str) else json.dumps(payload), 1, True
            )
        await asyncio.sleep(0.01)
    return await answered


async def test_a_discovered_bridge_is_confirmed(hass: HomeAssistant, bridge: Bridge) -> None:
    result = await begin(hass, discovered(golden("info")))
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "discovery_confirm")
    assert result["description_placeholders"] == {"name": "Bedroom", "sleepers": "Anna"}
    result = await go_on(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (result["title"], result["data"]) == (
        "Bedroom",
        {CONF_BRIDGE: "bedroom", CONF_BASE_TOPIC: "limber"},
    )
    assert result["result"].unique_id == "bedroom"


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (discovered(""), "invalid_discovery_info"),
        (discovered("{"), "invalid_discovery_info"),
        (discovered(golden("info"), "limber/kitchen/info"), "invalid_discovery_info"),
        (discovered(golden("info") | {"v": 0}), "bridge_too_old"),
        (discovered(golden("info") | {"v": 2}), "integration_too_old"),
    ],
    ids=["cleared", "malformed", "another bridge", "older protocol", "newer protocol"],
)
async def test_discovery_of_something_else_is_aborted(
    hass: HomeAssistant, bridge: Bridge, info: MqttServiceInfo, reason: str
) -> None:
    result = await begin(hass, info)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, reason)


async def test_a_bridge_that_was_ignored_stays_ignored(hass: HomeAssistant, bridge: Bridge) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id="bedroom", source=SOURCE_IGNORE).add_to_hass(hass)
    for _ in range(2):
        result = await found_again(hass, bridge, "online")
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_configured_bridge_that_moved_to_another_base_topic_is_updated(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=dict(entry.data) | {CONF_BASE_TOPIC: "old"})
    result = await found_again(hass, bridge, "online")
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_BASE_TOPIC] == "limber"


@pytest.mark.parametrize("status", ["offline", ""])
async def test_a_retained_info_without_a_bridge_is_not_followed(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry, status: str
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=dict(entry.data) | {CONF_BASE_TOPIC: "legs"})
    assert (await found_again(hass, bridge, status))["reason"] == "already_configured"
    assert entry.data[CONF_BASE_TOPIC] == "legs"


async def found_again(hass: HomeAssistant, bridge: Bridge, status: str) -> ConfigFlowResult:
    """Have an info be found while the broker holds a status beside it."""
    found = hass.async_create_task(begin(hass, discovered(golden("info"))))
    while not found.done():
        if status:
            bridge.publish("status", status, retain=True)
        await asyncio.sleep(0.01)
    return await found


async def test_user_step_adds_the_only_bridge(hass: HomeAssistant, bridge: Bridge) -> None:
    result = await begin(hass)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "user")
    result = await look(hass, result, ("limber/bedroom/info", golden("info")))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {CONF_BRIDGE: "bedroom", CONF_BASE_TOPIC: "limber"}


async def test_user_step_with_another_base_topic(hass: HomeAssistant, bridge: Bridge) -> None:
    result = await look(
        hass, await begin(hass), ("home/legs/bedroom/info", golden("info")), base="home/legs/"
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {CONF_BRIDGE: "bedroom", CONF_BASE_TOPIC: "home/legs"}


async def test_one_of_several_bridges_can_be_selected(hass: HomeAssistant, bridge: Bridge) -> None:
    attic = golden("info") | {"bridge": "attic", "name": "Attic"}
    held = (
        ("limber/bedroom/info", golden("info")),
        ("limber/attic/info", attic),
        ("limber/broken/info", "{"),
    )
    result = await look(hass, await begin(hass), *held)
    assert result["step_id"] == "bridge"
    result = await go_on(hass, result, **{CONF_BRIDGE: "attic"})
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Attic")


@pytest.mark.parametrize(
    ("held", "base", "errors"),
    [
        ([], "limber", {"base": "no_bridge"}),
        (
            [("limber/bedroom/info", golden("info") | {"v": 0})],
            "limber",
            {"base": "bridge_too_old"},
        ),
        (
            [("limber/bedroom/info", golden("info") | {"v": 9})],
            "limber",
            {"base": "integration_too_old"},
        ),
        ([("limber/bedroom/info", "{")], "limber", {"base": "no_bridge"}),
        ([], "lim+ber", {CONF_BASE_TOPIC: "invalid_topic"}),
    ],
    ids=["no bridge", "older", "newer", "malformed", "no topic"],
)
async def test_user_step_recovers_from_every_error(
    hass: HomeAssistant,
    bridge: Bridge,
    held: list[tuple[str, Any]],
    base: str,
    errors: dict[str, str],
) -> None:
    result = await look(hass, await begin(hass), *held, base=base)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, errors)
    result = await look(hass, result, ("limber/bedroom/info", golden("info")))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_user_step_does_not_add_a_configured_bridge_again(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    result = await look(hass, await begin(hass), ("limber/bedroom/info", golden("info")))
    assert result["reason"] == "already_configured"


async def test_user_step_while_a_discovery_flow_waits(hass: HomeAssistant, bridge: Bridge) -> None:
    await begin(hass, discovered(golden("info")))
    result = await look(hass, await begin(hass), ("limber/bedroom/info", golden("info")))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_user_step_is_aborted_without_mqtt(
    hass: HomeAssistant, enable_custom_integrations: None
) -> None:
    with patch(
        "custom_components.limber.config_flow.mqtt.async_wait_for_mqtt_client", return_value=False
    ):
        hass.config.components.add("mqtt")
        result = await begin(hass)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_mqtt")


async def test_a_bridge_that_is_online_has_not_moved(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    """Another of its name may have been left behind on the broker."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={CONF_BRIDGE: "bedroom", CONF_BASE_TOPIC: "legs"}
    )
    entry.mock_state(hass, ConfigEntryState.LOADED)
    entry.runtime_data = OnlineCoordinator()
    result = await begin(hass, discovered(golden("info")))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_BASE_TOPIC] == "legs"


class OnlineCoordinator:
    """A coordinator whose bridge is online."""

    data = BridgeData(online=True)


# --- Another base topic, other limits ---


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    entry.add_to_hass(hass)
    return await entry.start_reconfigure_flow(hass)


async def test_reconfigure_changes_the_base_topic(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    """After a wrong topic, and one below which there is another bridge."""
    result = await reconfigure(hass, entry)
    assert result["step_id"] == "reconfigure"
    result = await go_on(hass, result, **{CONF_BASE_TOPIC: "a/+"})
    assert result["errors"] == {CONF_BASE_TOPIC: "invalid_topic"}
    other = ("legs/attic/info", golden("info") | {"bridge": "attic"})
    result = await look(hass, result, other, base="legs")
    assert result["errors"] == {"base": "other_bridge"}
    result = await look(hass, result, other, ("legs/bedroom/info", golden("info")), base="legs")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert dict(entry.data) == {CONF_BRIDGE: "bedroom", CONF_BASE_TOPIC: "legs"}


async def test_options_change_the_limits(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["step_id"] == "limits"
    answers = {CONF_RESTLESS_ABOVE: 22.5, CONF_BATTERY_BELOW: 25}
    done = await hass.config_entries.options.async_configure(result["flow_id"], answers)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == answers
