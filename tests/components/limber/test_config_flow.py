"""Every way to a bridge, every dead end, and the way on from it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any, Final
from unittest.mock import patch

import pytest
from homeassistant.config_entries import (
    SOURCE_HASSIO,
    SOURCE_IGNORE,
    SOURCE_MQTT,
    SOURCE_USER,
    SOURCE_ZEROCONF,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from homeassistant.util import dt as dt_util
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_mqtt_message

from custom_components.limber.announcement import Announcement, parse_announcement
from custom_components.limber.const import (
    CONF_BASE_TOPIC,
    CONF_BATTERY_BELOW,
    CONF_BRIDGE,
    CONF_INSTANCE,
    CONF_RESTLESS_ABOVE,
    DOMAIN,
)
from custom_components.limber.coordinator import BridgeData
from custom_components.limber.json_decoding import MalformedMessageError
from custom_components.limber.wire import OtherVersionError

from .conftest import Bridge, golden


@pytest.fixture(autouse=True)
def not_set_up() -> Iterator[None]:
    """Do not set up the created entry, and search for a shorter time."""
    flow = "custom_components.limber.bridge_search.SEARCH_TIMEOUT_S"
    with patch("custom_components.limber.async_setup_entry", return_value=True), patch(flow, 1.0):
        yield


def discovered(payload: object, topic: str = "limber/bedroom/info") -> MqttServiceInfo:
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
    answered = hass.async_create_task(go_on(hass, result, **{CONF_BASE_TOPIC: base}))
    while not answered.done():
        for topic, payload in held:
            async_fire_mqtt_message(
                hass, topic, payload if isinstance(payload, str) else json.dumps(payload), 1, True
            )
        await asyncio.sleep(0.01)
    return await answered


def data_of(base_topic: str) -> dict[str, str]:
    """The data of an entry for the bridge of the contract."""
    instance = golden("info")["instance"]
    return {CONF_BRIDGE: "bedroom", CONF_BASE_TOPIC: base_topic, CONF_INSTANCE: instance}


async def test_a_discovered_bridge_is_confirmed(hass: HomeAssistant, bridge: Bridge) -> None:
    result = await found_again(hass, lambda: alive(bridge), golden("info"))
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "discovery_confirm")
    assert result["description_placeholders"] == {"name": "Bedroom", "sleepers": "Anna"}
    result = await go_on(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (result["title"], result["data"]) == ("Bedroom", data_of("limber"))
    assert result["result"].unique_id == "bedroom"


@pytest.mark.parametrize(
    "held",
    [{"status": "offline"}, {"status": ""}, {"anna/state": json.dumps(golden("state"))}],
    ids=["offline", "no status", "an old state"],
)
async def test_what_the_broker_has_kept_of_a_removed_bridge_is_not_offered(
    hass: HomeAssistant, bridge: Bridge, held: dict[str, str]
) -> None:
    result = await found_again(hass, lambda: alive(bridge, **held), golden("info"))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "bridge_offline")


async def test_a_bridge_without_sleepers_is_offered(hass: HomeAssistant, bridge: Bridge) -> None:
    empty = golden("info") | {"sleepers": []}
    result = await found_again(hass, lambda: alive(bridge, **{"anna/state": ""}), empty)
    assert result["step_id"] == "discovery_confirm"


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (discovered(""), "bridge_offline"),
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
        result = await found_again(hass, lambda: alive(bridge))
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


INSTANCE = "0123456789abcdef" * 2
OTHER_INSTANCE = "f" * 32


def with_instance(instance: object) -> dict[str, Any]:
    """An info with an instance id, or without one."""
    without = {key: value for key, value in golden("info").items() if key != "instance"}
    return without if instance is None else without | {"instance": instance}


def add_entry(
    hass: HomeAssistant, entry: MockConfigEntry, base_topic: str, instance: str | None = INSTANCE
) -> None:
    """Add an entry whose bridge was last seen under a base topic."""
    entry.add_to_hass(hass)
    data = {CONF_BRIDGE: "bedroom", CONF_BASE_TOPIC: base_topic}
    if instance is not None:
        data[CONF_INSTANCE] = instance
    hass.config_entries.async_update_entry(entry, data=data)


def alive(bridge: Bridge, base_topic: str = "limber", **changed: str) -> None:
    """Have the broker hold the messages of a bridge that is alive under a base topic."""
    now = dt_util.utcnow().isoformat()
    held = {"status": "online", "anna/state": json.dumps(golden("state") | {"time": now})}
    for topic, payload in (held | changed).items():
        async_fire_mqtt_message(bridge.hass, f"{base_topic}/bedroom/{topic}", payload, 1, True)


async def found_again(
    hass: HomeAssistant, publish: Callable[[], None], info: dict[str, Any] | None = None
) -> ConfigFlowResult:
    """Have an info be discovered while the broker holds what `publish` publishes."""
    found = hass.async_create_task(begin(hass, discovered(info or with_instance(INSTANCE))))
    while not found.done():
        publish()
        await asyncio.sleep(0.01)
    return await found


async def test_a_configured_bridge_that_moved_to_another_base_topic_is_followed(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    add_entry(hass, entry, "old")
    result = await found_again(hass, lambda: alive(bridge))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_BASE_TOPIC] == "limber"


@pytest.mark.parametrize(
    "held",
    [
        {"status": "offline"},
        {"status": ""},
        {"anna/state": ""},
        {"anna/state": json.dumps(golden("state") | {"time": "2026-01-01T00:00:00Z"})},
    ],
    ids=["offline", "no status", "no state", "an old state"],
)
async def test_a_retained_info_without_a_bridge_is_not_followed(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry, held: dict[str, str]
) -> None:
    add_entry(hass, entry, "legs")
    result = await found_again(hass, lambda: alive(bridge, **held))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_BASE_TOPIC] == "legs"


async def test_a_bridge_that_is_alive_where_it_was_is_not_followed(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    add_entry(hass, entry, "legs")

    def publish() -> None:
        alive(bridge)
        alive(bridge, "legs")

    result = await found_again(hass, publish)
    assert result["reason"] == "bridge_id_taken"
    assert entry.data[CONF_BASE_TOPIC] == "legs"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "bridge_id_taken/bedroom")
    assert issue is not None
    assert issue.translation_placeholders == {
        "bridge": "bedroom",
        "before": "legs",
        "now": "limber",
    }


async def test_another_bridge_with_the_same_id_is_not_followed(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    add_entry(hass, entry, "legs", OTHER_INSTANCE)
    result = await found_again(hass, lambda: alive(bridge))
    assert result["reason"] == "bridge_id_taken"
    assert entry.data[CONF_BASE_TOPIC] == "legs"


@pytest.mark.parametrize(
    ("known", "told"),
    [(None, INSTANCE), (INSTANCE, None), (INSTANCE, 7), (INSTANCE, INSTANCE.upper())],
)
async def test_a_person_decides_about_a_bridge_without_an_instance_id(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry, known: str | None, told: object
) -> None:
    add_entry(hass, entry, "legs", known)
    result = await found_again(hass, lambda: alive(bridge), with_instance(told))
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "confirm_move")
    assert entry.data[CONF_BASE_TOPIC] == "legs"
    result = await go_on(hass, result)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_BASE_TOPIC] == "limber"


async def test_ignoring_a_place_of_a_bridge_keeps_the_bridge(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    add_entry(hass, entry, "legs", None)
    await found_again(hass, lambda: alive(bridge))
    (waiting,) = hass.config_entries.flow.async_progress()
    ignored = {"unique_id": waiting["context"]["unique_id"], "title": "Bedroom"}
    await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_IGNORE}, data=ignored
    )
    await hass.async_block_till_done()
    assert hass.config_entries.async_get_entry(entry.entry_id) is not None
    result = await found_again(hass, lambda: alive(bridge))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_user_step_follows_a_bridge_that_moved(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    add_entry(hass, entry, "legs")
    answered = hass.async_create_task(go_on(hass, await begin(hass), **{CONF_BASE_TOPIC: "limber"}))
    while not answered.done():
        alive(bridge, info=json.dumps(with_instance(INSTANCE)))
        await asyncio.sleep(0.01)
    assert (await answered)["reason"] == "reconfigure_successful"
    assert entry.data[CONF_BASE_TOPIC] == "limber"


async def test_user_step_adds_the_only_bridge(hass: HomeAssistant, bridge: Bridge) -> None:
    result = await begin(hass)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "user")
    result = await look(hass, result, ("limber/bedroom/info", golden("info")))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == data_of("limber")


async def test_user_step_with_another_base_topic(hass: HomeAssistant, bridge: Bridge) -> None:
    result = await look(
        hass, await begin(hass), ("home/legs/bedroom/info", golden("info")), base="home/legs/"
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == data_of("home/legs")


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
    await found_again(hass, lambda: alive(bridge), golden("info"))
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
    add_entry(hass, entry, "legs")
    entry.mock_state(hass, ConfigEntryState.LOADED)
    entry.runtime_data = OnlineCoordinator()
    result = await begin(hass, discovered(golden("info")))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_BASE_TOPIC] == "legs"


class OnlineCoordinator:
    """A coordinator whose bridge is online."""

    data = BridgeData(online=True)


# --- Bridges that announce themselves ---

ANNOUNCED: Final = {
    "v": "1",
    "bridge": "bedroom",
    "base_topic": "home/legs",
    "instance": INSTANCE,
    "version": "0.1.0",
}
SOURCES: Final = (SOURCE_ZEROCONF, SOURCE_HASSIO)


async def announce(
    hass: HomeAssistant, source: str, fields: dict[str, Any], slug: str = "0a1b2c_limber"
) -> ConfigFlowResult:
    """Begin as Home Assistant does when it discovers a bridge."""
    info: ZeroconfServiceInfo | HassioServiceInfo
    if source == SOURCE_ZEROCONF:
        address = ip_address("192.0.2.7")
        name = "bedroom._limber._tcp.local."
        service = "_limber._tcp.local."
        info = ZeroconfServiceInfo(
            address, [address], 47801, "limber-bedroom.local.", service, name, fields
        )
    else:
        info = HassioServiceInfo(fields | {"addon": "Limber"}, "Limber", slug, "f" * 32)
    context = {"source": source}
    return await hass.config_entries.flow.async_init(DOMAIN, context=context, data=info)  # type: ignore[arg-type] # of TypedDict


async def announced_while(
    hass: HomeAssistant,
    source: str,
    publish: Callable[[], None],
    slug: str = "0a1b2c_limber",
    **changed: Any,
) -> ConfigFlowResult:
    """Have a bridge announce itself while the broker holds what `publish` publishes."""
    begun = hass.async_create_task(announce(hass, source, ANNOUNCED | changed, slug))
    while not begun.done():
        publish()
        await asyncio.sleep(0.01)
    return await begun


def on_broker(bridge: Bridge, **changed: str) -> None:
    """Have the broker hold everything of the announced bridge."""
    alive(bridge, "home/legs", info=json.dumps(with_instance(INSTANCE)), **changed)


@pytest.mark.parametrize("source", SOURCES)
async def test_a_bridge_that_announces_itself_is_confirmed(
    hass: HomeAssistant, bridge: Bridge, source: str
) -> None:
    result = await announced_while(hass, source, lambda: on_broker(bridge))
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "discovery_confirm")
    assert result["description_placeholders"] == {"name": "Bedroom", "sleepers": "Anna"}
    result = await go_on(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Bedroom"
    app = {"app": "0a1b2c_limber"} if source == SOURCE_HASSIO else {}
    assert result["data"] == data_of("home/legs") | {CONF_INSTANCE: INSTANCE} | app
    assert result["result"].unique_id == "bedroom"


@pytest.mark.parametrize(("slug", "app"), [("0a1b2c_limber", "0a1b2c_limber"), ("../x", None)])
async def test_an_entry_of_an_app_knows_which_app_it_is(
    hass: HomeAssistant, bridge: Bridge, slug: str, app: str | None
) -> None:
    result = await announced_while(hass, SOURCE_HASSIO, lambda: on_broker(bridge), slug=slug)
    result = await go_on(hass, result)
    assert result["data"].get("app") == app


@pytest.mark.parametrize(("instance", "app"), [(INSTANCE, "0a1b2c_limber"), ("0" * 32, None)])
async def test_an_entry_learns_in_which_app_its_bridge_runs(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry, instance: str, app: str | None
) -> None:
    add_entry(hass, entry, "home/legs")
    data = dict(entry.data) | {CONF_INSTANCE: INSTANCE}
    hass.config_entries.async_update_entry(entry, data=data)
    result = await announce(hass, SOURCE_HASSIO, ANNOUNCED | {"instance": instance})
    assert result["reason"] == "already_configured"
    assert entry.data.get("app") == app


async def test_a_bridge_that_is_discovered_in_three_ways_has_one_card(
    hass: HomeAssistant, bridge: Bridge
) -> None:
    await found_again(hass, lambda: alive(bridge))
    for source in SOURCES:
        result = await announce(hass, source, ANNOUNCED)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_in_progress")
    assert len(hass.config_entries.flow.async_progress()) == 1


@pytest.mark.parametrize("source", SOURCES)
async def test_an_announced_bridge_that_was_ignored_stays_ignored(
    hass: HomeAssistant, bridge: Bridge, source: str
) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id="bedroom", source=SOURCE_IGNORE).add_to_hass(hass)
    result = await announce(hass, source, ANNOUNCED)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


@pytest.mark.parametrize("source", SOURCES)
async def test_an_announcement_does_not_move_an_entry(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry, source: str
) -> None:
    add_entry(hass, entry, "legs")
    before = dict(entry.data)
    result = await announced_while(hass, source, lambda: on_broker(bridge))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert dict(entry.data) == before


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"v": "0"}, "bridge_too_old"),
        ({"v": "2"}, "integration_too_old"),
        ({"v": 1}, "invalid_discovery_info"),
        ({"v": "one"}, "invalid_discovery_info"),
        ({"bridge": None}, "invalid_discovery_info"),
        ({"bridge": "bed/room"}, "invalid_discovery_info"),
        ({"bridge": "b" * 300}, "invalid_discovery_info"),
        ({"base_topic": "home/+"}, "invalid_discovery_info"),
        ({"base_topic": "home\nlegs"}, "invalid_discovery_info"),
        ({"base_topic": ""}, "invalid_discovery_info"),
        ({"base_topic": "l" * 300}, "invalid_discovery_info"),
    ],
)
async def test_a_wrong_announcement_is_aborted(
    hass: HomeAssistant, bridge: Bridge, source: str, changed: dict[str, Any], reason: str
) -> None:
    result = await announce(hass, source, ANNOUNCED | changed)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, reason)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("base_topic", "instance"),
    [("legs", INSTANCE), ("home/legs", OTHER_INSTANCE)],
    ids=["under another base topic", "another bridge with this id"],
)
async def test_an_announced_bridge_that_is_not_on_this_broker_is_not_offered(
    hass: HomeAssistant, bridge: Bridge, source: str, base_topic: str, instance: str
) -> None:
    changed = {"base_topic": base_topic, "instance": instance}
    result = await announced_while(hass, source, lambda: on_broker(bridge), **changed)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_on_broker")
    assert result["description_placeholders"] is not None
    assert result["description_placeholders"]["bridge"] == "bedroom"


async def test_an_announced_bridge_that_is_offline_is_not_offered(
    hass: HomeAssistant, bridge: Bridge
) -> None:
    result = await announced_while(
        hass, SOURCE_ZEROCONF, lambda: on_broker(bridge, status="offline")
    )
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "bridge_offline")


@pytest.mark.parametrize("source", SOURCES)
async def test_an_announced_bridge_is_not_offered_without_mqtt(
    hass: HomeAssistant, enable_custom_integrations: None, source: str
) -> None:
    hass.config.components.add("mqtt")
    result = await announce(hass, source, ANNOUNCED)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_mqtt")


def test_an_announcement_without_an_instance_is_read() -> None:
    fields = ANNOUNCED | {"instance": "none", "from": "a newer bridge"}
    assert parse_announcement(fields) == Announcement("bedroom", "home/legs", None)


# The first text takes seconds on a busy machine: the tables of Unicode are read for it.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(ANNOUNCED)), st.none() | st.integers() | st.text() | st.binary()
    )
)
def test_every_announcement_is_read_or_refused(changed: dict[str, Any]) -> None:
    try:
        read = parse_announcement(ANNOUNCED | changed)
    except MalformedMessageError, OtherVersionError:
        return
    assert read.bridge.isascii()
    assert 0 < len(read.base_topic) <= 255
    assert read.base_topic.isprintable()


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
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "confirm_move")
    result = await go_on(hass, result)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.data[CONF_BASE_TOPIC] == "legs"


async def test_reconfigure_follows_the_same_bridge_without_a_question(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    add_entry(hass, entry, "limber")
    result = await entry.start_reconfigure_flow(hass)
    held = ("legs/bedroom/info", with_instance(INSTANCE))
    result = await look(hass, result, held, base="legs")
    assert result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == {
        CONF_BRIDGE: "bedroom",
        CONF_BASE_TOPIC: "legs",
        CONF_INSTANCE: INSTANCE,
    }


async def test_reconfigure_does_not_leave_a_bridge_that_is_alive(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    add_entry(hass, entry, "limber")
    result = await entry.start_reconfigure_flow(hass)
    answered = hass.async_create_task(go_on(hass, result, **{CONF_BASE_TOPIC: "legs"}))
    while not answered.done():
        alive(bridge, "legs", info=json.dumps(with_instance(OTHER_INSTANCE)))
        alive(bridge)
        await asyncio.sleep(0.01)
    result = await answered
    assert result["errors"] == {"base": "still_in_place"}
    assert entry.data[CONF_BASE_TOPIC] == "limber"


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
