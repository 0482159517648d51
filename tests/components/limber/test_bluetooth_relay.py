"""Bluetooth sensors that Home Assistant connects to for the bridge."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.limber import bluetooth_link, identity, relay_sender
from custom_components.limber.const import CONF_RELAYED, DOMAIN
from custom_components.limber.diagnostics import async_get_config_entry_diagnostics
from tests.components.limber.conftest import COMMANDS, CONTRACT, INFO, Bridge, golden, set_up
from tests.components.limber.peripheral import Peripheral, Proxy, add_proxy

ADDRESS = "A0:9E:1A:00:00:01"
RELAY = golden("info")["sleepers"][0]["sensors"][0]["relay"]
CONTROL, DATA = RELAY["subscribe"]
(BATTERY,) = RELAY["read"]
START = bytes.fromhex(RELAY["start"][0]["data"])
REPLY = bytes.fromhex(RELAY["start"][0]["reply"]["prefix"] + "0000")
CONNECTED = "binary_sensor.anna_left_ankle_connectivity"


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting times in real time."""
    monkeypatch.setattr(bluetooth_link, "FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(bluetooth_link, "LAST_RETRY_S", 0.1)
    monkeypatch.setattr(relay_sender, "BATCH_INTERVAL_S", 0.01)
    monkeypatch.setattr(relay_sender, "RETRY_INTERVAL_S", 0.05)


@pytest.fixture
def sensor() -> Peripheral:
    """A sensor that answers the start of the stream as the profile expects it."""
    peripheral = Peripheral(ADDRESS, "Polar Sense 12345678", CONTROL, DATA, BATTERY)
    peripheral.values[BATTERY] = b"\x57"
    peripheral.replies[START] = (CONTROL, REPLY)
    return peripheral


@pytest.fixture
async def proxy(
    hass: HomeAssistant, enable_bluetooth: None, sensor: Peripheral
) -> AsyncIterator[Proxy]:
    """A proxy that hears the sensor."""
    added, remove = add_proxy(hass, sensor)
    added.advertise(sensor)
    yield added
    remove()


@pytest.fixture
def bridge_with_relay(bridge: Bridge) -> Bridge:
    """A bridge that accepts relayed sensors."""
    bridge.info = bridge.info | {"commands": [*COMMANDS, "relay"]}
    return bridge


def with_device(hass: HomeAssistant, entry: MockConfigEntry, address: str = ADDRESS) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={CONF_RELAYED: {"1": address}})


def change_relay(bridge: Bridge, **changes: Any) -> None:
    """Change what the bridge wants to be done with the sensor."""
    sleeper = bridge.info["sleepers"][0]
    first, *others = sleeper["sensors"]
    sensors = [first | {"relay": first["relay"] | changes}, *others]
    bridge.info = bridge.info | {"sleepers": [sleeper | {"sensors": sensors}]}


@pytest.fixture
async def streaming(
    hass: HomeAssistant,
    bridge_with_relay: Bridge,
    proxy: Proxy,
    entry: MockConfigEntry,
) -> MockConfigEntry:
    """An entry that is connected to the sensor."""
    with_device(hass, entry)
    await set_up(hass, bridge_with_relay, entry)
    await wait_until(lambda: state(entry) == "streaming")
    return entry


def has_connected(sensor: Peripheral, times: int) -> bool:
    return sensor.connections == times


def state(entry: MockConfigEntry) -> str:
    return str(entry.runtime_data.links[1].state)


async def wait_until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - no event says so
            await asyncio.sleep(0.01)


async def wait_for_reload(bridge: Bridge, entry: MockConfigEntry, before: object) -> None:
    """Publish the retained messages until the entry is loaded again, as a broker would."""
    async with asyncio.timeout(60):
        while entry.state is not ConfigEntryState.LOADED or entry.runtime_data is before:
            bridge.publish_retained()
            await asyncio.sleep(0.01)


def relayed(bridge: Bridge) -> list[tuple[str, bytes]]:
    """Return the channel and the payload of everything that the bridge received, in order."""
    requests = [one for one in bridge.requests if one["command"] == "relay"]
    return [one for request in requests for one in relayed_in(request)]


def relayed_in(request: dict[str, Any]) -> list[tuple[str, bytes]]:
    """Return the channel and the payload of what a request holds."""
    return [
        (channel, base64.b64decode(payload))
        for _, _, channel, payload in request.get("notifications", ())
    ]


async def test_what_the_sensor_notifies_reaches_the_bridge_unparsed(
    hass: HomeAssistant, bridge: Bridge, sensor: Peripheral, streaming: MockConfigEntry
) -> None:
    sensor.notify(DATA, b"\x02\x01")
    sensor.notify(DATA, b"\x02\x02")
    await wait_until(lambda: (DATA, b"\x02\x02") in relayed(bridge))
    assert relayed(bridge) == [
        ("connected", b""),
        (CONTROL, REPLY),
        (BATTERY, b"\x57"),
        (DATA, b"\x02\x01"),
        (DATA, b"\x02\x02"),
    ]
    assert sensor.written == [(CONTROL, START, True)]
    assert sensor.parameters == [(24, 40, 0, 600)]
    request = next(one for one in bridge.requests if one["command"] == "relay")
    expected = json.loads((CONTRACT / "request_relay.json").read_text())
    assert request.keys() == expected.keys()
    assert (request["sleeper"], request["sensor"]) == ("anna", 1)
    assert request["signal_strength"] == -60
    shown = hass.states.get(CONNECTED)
    assert shown is not None
    assert shown.attributes["bluetooth"] == "streaming"


async def test_a_lost_connection_is_made_again(
    hass: HomeAssistant, bridge: Bridge, sensor: Peripheral, streaming: MockConfigEntry
) -> None:
    for wanted in range(2, 7):
        sensor.drop()
        await wait_until(partial(has_connected, sensor, wanted))
        await wait_until(lambda: state(streaming) == "streaming")
    await wait_until(lambda: relayed(bridge).count(("connected", b"")) == 6)
    assert relayed(bridge).count(("disconnected", b"")) == 5


async def test_a_sensor_that_falls_silent_is_disconnected_and_connected_again(
    hass: HomeAssistant,
    bridge_with_relay: Bridge,
    sensor: Peripheral,
    proxy: Proxy,
    entry: MockConfigEntry,
) -> None:
    change_relay(bridge_with_relay, silence=0.1)
    with_device(hass, entry)
    await set_up(hass, bridge_with_relay, entry)
    await wait_until(lambda: sensor.connections >= 3)
    assert sensor.disconnections >= 2
    # The stream is stopped before.
    stop = bytes.fromhex(RELAY["stop"][0]["data"])
    assert (CONTROL, stop, True) in sensor.written


async def test_a_missing_reply_ends_the_connection(
    hass: HomeAssistant,
    bridge_with_relay: Bridge,
    sensor: Peripheral,
    proxy: Proxy,
    entry: MockConfigEntry,
) -> None:
    change_relay(bridge_with_relay, start=[RELAY["start"][0] | {"timeout": 0.05}])
    replies = sensor.replies
    sensor.replies = {}
    with_device(hass, entry)
    await set_up(hass, bridge_with_relay, entry)
    await wait_until(lambda: sensor.disconnections >= 2)
    assert entry.runtime_data.links[1].error == "no reply to 0209"
    sensor.replies = replies
    await wait_until(lambda: state(entry) == "streaming")
    assert entry.runtime_data.links[1].error is None


async def test_a_sensor_that_refuses_the_connection_is_tried_again(
    hass: HomeAssistant,
    bridge_with_relay: Bridge,
    sensor: Peripheral,
    proxy: Proxy,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bleak_retry_connector.calculate_backoff_time", lambda _: 0.0)
    sensor.refuses_connections = True
    with_device(hass, entry)
    await set_up(hass, bridge_with_relay, entry)
    await wait_until(lambda: state(entry) == "failed")
    sensor.refuses_connections = False
    await wait_until(lambda: state(entry) == "streaming")


@pytest.mark.parametrize("method", ["set_connection_params", "write_gatt_char"])
@pytest.mark.parametrize("error", [OSError("no buffer"), RuntimeError("api closed"), KeyError("x")])
async def test_an_exception_of_any_class_ends_the_connection_and_not_the_relay(
    hass: HomeAssistant,
    bridge_with_relay: Bridge,
    sensor: Peripheral,
    proxy: Proxy,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    method: str,
    error: Exception,
) -> None:
    sensor.errors[method] = error
    with_device(hass, entry)
    await set_up(hass, bridge_with_relay, entry)
    await wait_until(lambda: sensor.disconnections >= 3)
    await wait_until(lambda: state(entry) == "failed")
    assert entry.runtime_data.links[1].error == str(error)
    # A person is warned once, and only of what does not happen to every link now and then.
    assert caplog.text.count("in an unexpected way") == isinstance(error, RuntimeError)
    sensor.errors.clear()
    await wait_until(lambda: state(entry) == "streaming")


async def test_a_battery_that_cannot_be_read_does_not_end_the_stream(
    hass: HomeAssistant,
    bridge_with_relay: Bridge,
    sensor: Peripheral,
    proxy: Proxy,
    entry: MockConfigEntry,
) -> None:
    sensor.errors["read_gatt_char"] = EOFError()
    with_device(hass, entry)
    await set_up(hass, bridge_with_relay, entry)
    await wait_until(lambda: state(entry) == "streaming")
    sensor.notify(DATA, b"\x02\x01")
    await wait_until(lambda: (DATA, b"\x02\x01") in relayed(bridge_with_relay))
    assert (state(entry), sensor.connections) == ("streaming", 1)


async def test_a_sensor_that_is_heard_later_is_connected_then(
    hass: HomeAssistant,
    bridge_with_relay: Bridge,
    enable_bluetooth: None,
    sensor: Peripheral,
    entry: MockConfigEntry,
) -> None:
    proxy, remove = add_proxy(hass, sensor)
    with_device(hass, entry)
    await set_up(hass, bridge_with_relay, entry)
    assert state(entry) == "not_found"
    proxy.advertise(sensor)
    await wait_until(lambda: state(entry) == "streaming")
    remove()


async def take_bridge_away(hass: HomeAssistant, bridge: Bridge) -> int:
    """Let the bridge go offline once the connection is set up; return how much it got before."""
    await wait_until(lambda: (BATTERY, b"\x57") in relayed(bridge))
    bridge.publish("status", "offline")
    await hass.async_block_till_done()
    return len(relayed(bridge))


async def test_unloading_stops_the_stream_and_disconnects(
    hass: HomeAssistant, bridge: Bridge, sensor: Peripheral, streaming: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(streaming.entry_id)
    stop = bytes.fromhex(RELAY["stop"][0]["data"])
    assert sensor.written[-1] == (CONTROL, stop, True)
    assert sensor.disconnections == 1


async def test_a_bridge_that_was_away_gets_the_beginning_of_the_connection_again(
    hass: HomeAssistant, bridge: Bridge, sensor: Peripheral, streaming: MockConfigEntry
) -> None:
    received = await take_bridge_away(hass, bridge)
    for number in range(100):
        sensor.notify(DATA, bytes([number]))
    await asyncio.sleep(0.2)
    assert len(relayed(bridge)) == received
    bridge.publish("status", "online")
    await wait_until(lambda: (DATA, b"\x63") in relayed(bridge))
    assert relayed(bridge)[received:] == [
        ("connected", b""),
        (CONTROL, REPLY),
        *((DATA, bytes([number])) for number in range(100)),
    ]
    requests = [one for one in bridge.requests if one["command"] == "relay"]
    assert all(len(one["notifications"]) <= 64 for one in requests)
    assert requests[-2]["notifications"][0][1] >= 200


async def test_what_waits_too_long_for_the_bridge_is_dropped(
    hass: HomeAssistant,
    bridge: Bridge,
    sensor: Peripheral,
    streaming: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay_sender, "BACKLOG_MAX_AGE_S", 0.2)
    await take_bridge_away(hass, bridge)
    sensor.notify(DATA, b"old")
    await asyncio.sleep(0.4)
    sensor.notify(DATA, b"new")
    bridge.publish("status", "online")
    await wait_until(lambda: (DATA, b"new") in relayed(bridge))
    assert (DATA, b"old") not in relayed(bridge)
    assert streaming.runtime_data.links[1].sender.backlog.dropped == 1


async def test_a_bridge_without_an_answer_gets_the_batch_again(
    hass: HomeAssistant,
    bridge: Bridge,
    sensor: Peripheral,
    streaming: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await wait_until(lambda: (BATTERY, b"\x57") in relayed(bridge))
    monkeypatch.setattr("custom_components.limber.requests.RESPONSE_TIMEOUT_S", 0.1)
    bridge.silent = True
    sensor.notify(DATA, b"one")
    await wait_until(lambda: relayed(bridge).count((DATA, b"one")) == 2)
    bridge.silent = False
    await wait_until(lambda: not streaming.runtime_data.links[1].sender.backlog.waiting)
    # It is the same by its number, so a bridge that has it skips it.
    sent = [one for one in bridge.requests if one["command"] == "relay"]
    numbers = {
        (request["run"], number, channel, payload)
        for request in sent
        for number, _, channel, payload in request["notifications"]
    }
    assert sorted(number for _, number, _, _ in numbers) == [0, 1, 2, 3]


async def test_the_beginning_of_a_long_connection_is_sent_with_an_age_that_the_bridge_takes(
    hass: HomeAssistant,
    bridge: Bridge,
    sensor: Peripheral,
    streaming: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay_sender, "LARGEST_AGE_MS", 100)
    await take_bridge_away(hass, bridge)
    await asyncio.sleep(0.2)
    sensor.notify(DATA, b"one")
    await asyncio.sleep(0.1)
    bridge.publish("status", "online")
    await wait_until(lambda: (DATA, b"one") in relayed(bridge))
    (request,) = [one for one in bridge.requests if (DATA, b"one") in relayed_in(one)]
    assert [channel for channel, _ in relayed_in(request)] == ["connected", CONTROL, DATA]
    assert [one[1] for one in request["notifications"][:2]] == [100, 100]


async def test_what_waits_of_an_earlier_connection_follows_the_beginning_of_that_connection(
    hass: HomeAssistant, bridge: Bridge, sensor: Peripheral, streaming: MockConfigEntry
) -> None:
    """The bridge was restarted while the sensor disconnected and connected again."""
    received = await take_bridge_away(hass, bridge)
    sensor.notify(DATA, b"one")
    sensor.drop()
    await wait_until(partial(has_connected, sensor, 2))
    await wait_until(lambda: state(streaming) == "streaming")
    sensor.notify(DATA, b"two")
    bridge.publish("status", "online")
    await wait_until(lambda: (DATA, b"two") in relayed(bridge))
    beginning = [("connected", b""), (CONTROL, REPLY)]
    data = [one for one in relayed(bridge)[received:] if one[0] != BATTERY]
    assert data == [
        *beginning,
        (DATA, b"one"),
        ("disconnected", b""),
        *beginning,
        (DATA, b"two"),
    ]
    requests = [one for one in bridge.requests if one["command"] == "relay"]
    for request in requests:
        numbers = [one[0] for one in request["notifications"]]
        assert numbers == sorted(set(numbers))


async def test_a_refusal_of_the_bridge_is_a_repair_issue_until_it_accepts(
    hass: HomeAssistant, bridge: Bridge, sensor: Peripheral, streaming: MockConfigEntry
) -> None:
    await wait_until(lambda: (BATTERY, b"\x57") in relayed(bridge))
    refusal = {"v": 1, "ok": False, "error": "refused", "message": "the scale is not known"}
    bridge.prepared_responses["relay"] = [refusal]
    sensor.notify(DATA, b"one")
    issue_id = identity.issue_id("relay_refused", "bedroom", "1")
    registry = ir.async_get(hass)
    await wait_until(lambda: registry.async_get_issue(DOMAIN, issue_id))
    issue = registry.async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.translation_placeholders == {
        "sleeper": "Anna",
        "sensor": "1",
        "message": "the scale is not known",
    }
    sensor.notify(DATA, b"two")
    await wait_until(lambda: registry.async_get_issue(DOMAIN, issue_id) is None)
    # A batch that was refused is not sent again.
    assert relayed(bridge).count((DATA, b"one")) == 1


async def test_an_installation_without_bluetooth_says_so(
    hass: HomeAssistant, bridge_with_relay: Bridge, entry: MockConfigEntry
) -> None:
    """It loads all the same."""
    with_device(hass, entry)
    await set_up(hass, bridge_with_relay, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert "bluetooth" not in hass.config.components
    await wait_until(lambda: state(entry) == "no_bluetooth")
    issue_id = identity.issue_id("no_bluetooth", "bedroom", "")
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None


async def test_another_profile_of_the_bridge_starts_the_link_again(
    hass: HomeAssistant, bridge: Bridge, sensor: Peripheral, streaming: MockConfigEntry
) -> None:
    other = bytes.fromhex("0208")
    sensor.replies[other] = (CONTROL, REPLY)
    change_relay(bridge, start=[RELAY["start"][0] | {"data": "0208"}])
    before = streaming.runtime_data
    bridge.publish("info", bridge.info)
    await wait_until(lambda: streaming.state is not ConfigEntryState.LOADED)
    await wait_for_reload(bridge, streaming, before)
    await wait_until(lambda: (CONTROL, other, True) in sensor.written)


async def test_diagnostics_hold_the_link_and_no_address(
    hass: HomeAssistant, bridge: Bridge, sensor: Peripheral, streaming: MockConfigEntry
) -> None:
    described = await async_get_config_entry_diagnostics(hass, streaming)
    assert described["links"] == [
        {
            "sensor": 1,
            "state": "streaming",
            "connections": 1,
            "failed": False,
            "refused": None,
            "dropped": 0,
        }
    ]
    assert ADDRESS not in str(described)


# --- Options ---


async def open_form(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert "bluetooth_sensor" in result["menu_options"]
    return await hass.config_entries.options.async_configure(
        result["flow_id"], {"next_step_id": "bluetooth_sensor"}
    )


def offered(result: Any) -> list[dict[str, str]]:
    (selector,) = result["data_schema"].schema.values()
    options: list[dict[str, str]] = selector.config["options"]
    return options


async def test_a_device_is_chosen_for_each_sensor_that_is_relayed(
    hass: HomeAssistant,
    bridge_with_relay: Bridge,
    sensor: Peripheral,
    proxy: Proxy,
    entry: MockConfigEntry,
) -> None:
    """Only devices of this kind are offered; a wrong address is refused, no address is accepted."""
    proxy.advertise(Peripheral("A0:00:00:00:00:02", "Other"))
    await set_up(hass, bridge_with_relay, entry)
    result = await open_form(hass, entry)
    assert offered(result) == [
        {"value": ADDRESS, "label": f"Polar Sense 12345678 ({ADDRESS}, -60 dBm)"}
    ]
    assert result["description_placeholders"] == {
        "sleeper": "Anna",
        "sensor": "1",
        "model": "Polar Verity Sense",
        "instruction": "Close the Polar app on the phone\\.",
    }
    configure = hass.config_entries.options.async_configure
    result = await configure(result["flow_id"], {"address": "Polar"})
    assert result["errors"] == {"address": "invalid_address"}
    before = entry.runtime_data
    result = await configure(result["flow_id"], {"address": ADDRESS.lower()})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {CONF_RELAYED: {"1": ADDRESS}}
    await wait_for_reload(bridge_with_relay, entry, before)
    await wait_until(lambda: state(entry) == "streaming")
    result = await open_form(hass, entry)
    result = await configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {CONF_RELAYED: {}}


async def test_a_name_in_the_configuration_of_the_bridge_is_the_only_one_offered(
    hass: HomeAssistant,
    bridge_with_relay: Bridge,
    sensor: Peripheral,
    proxy: Proxy,
    entry: MockConfigEntry,
) -> None:
    proxy.advertise(Peripheral("A0:00:00:00:00:02", "Polar Sense 2"), -40)
    change_relay(bridge_with_relay, name="Polar Sense 12345678")
    await set_up(hass, bridge_with_relay, entry)
    assert [one["value"] for one in offered(await open_form(hass, entry))] == [ADDRESS]


async def test_an_address_in_the_configuration_of_the_bridge_needs_no_option(
    hass: HomeAssistant,
    bridge_with_relay: Bridge,
    sensor: Peripheral,
    proxy: Proxy,
    entry: MockConfigEntry,
) -> None:
    change_relay(bridge_with_relay, address=ADDRESS)
    await set_up(hass, bridge_with_relay, entry)
    await wait_until(lambda: state(entry) == "streaming")


async def test_nothing_is_offered_without_bluetooth(
    hass: HomeAssistant, bridge_with_relay: Bridge, entry: MockConfigEntry
) -> None:
    await set_up(hass, bridge_with_relay, entry)
    assert offered(await open_form(hass, entry)) == []


async def test_a_bridge_without_relayed_sensors_has_no_such_option(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    plain = INFO["sleepers"][0]
    sensors = [one | {"relay": None} for one in plain["sensors"]]
    bridge.info = bridge.info | {"sleepers": [plain | {"sensors": sensors}]}
    await set_up(hass, bridge, entry)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert "bluetooth_sensor" not in result["menu_options"]
