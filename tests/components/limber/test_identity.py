"""Ids never collide: neither as text nor in a Home Assistant with two bridges."""

import re
from collections.abc import Callable, Iterator

import pytest
from homeassistant.core import HomeAssistant, valid_entity_id
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

from custom_components.limber import identity
from custom_components.limber.const import CONF_BASE_TOPIC, CONF_BRIDGE, DOMAIN
from custom_components.limber.statistics import RECORDED_NAMES
from limber_bridge.config.schema import slug

from .conftest import Bridge, play_bridges, set_up

# Few letters, so that different parts often join to the same text.
SLUGS = st.from_regex(r"\A[ab1](_?[ab1]){0,3}\Z")
SENSORS = st.integers(1, 12)
# Entities, devices and issues have different registries, so keys are compared within one of them.
type Thing = tuple[str, ...]


def unique_ids(bridge: str, sleeper: str, sensor: int, key: str) -> Iterator[tuple[Thing, str]]:
    """Yield entities and their unique ids."""
    yield ("bridge", bridge, key), identity.bridge_key(bridge, key)
    yield ("sleeper", bridge, sleeper, key), identity.sleeper_key(bridge, sleeper, key)
    yield ("sensor", bridge, str(sensor), key), identity.sensor_key(bridge, sensor, key)


def device_ids(bridge: str, sleeper: str, sensor: int, _key: str) -> Iterator[tuple[Thing, str]]:
    """Yield devices and their identifiers."""
    yield ("bridge", bridge), identity.bridge_device(bridge)
    yield ("sleeper", bridge, sleeper), identity.sleeper_device(bridge, sleeper)
    yield ("sensor", bridge, str(sensor)), identity.sensor_device(bridge, sensor)


def issue_ids(bridge: str, sleeper: str, sensor: int, key: str) -> Iterator[tuple[Thing, str]]:
    """Yield problems and the ids of their issues; a kind is about one kind of subject."""
    yield (f"{key}_bridge", bridge), identity.issue_id(f"{key}_bridge", bridge)
    yield (f"{key}_sleeper", bridge, sleeper), identity.issue_id(f"{key}_sleeper", bridge, sleeper)
    issue = identity.issue_id(f"{key}_sensor", bridge, str(sensor))
    yield (f"{key}_sensor", bridge, str(sensor)), issue


def statistic_ids(bridge: str, sleeper: str, _sensor: int, key: str) -> Iterator[tuple[Thing, str]]:
    """Yield statistics and their ids."""
    yield (bridge, sleeper, key), identity.statistic_key(bridge, sleeper, key)


@pytest.mark.parametrize("ids_of", [unique_ids, device_ids, issue_ids, statistic_ids])
@given(
    first=st.tuples(SLUGS, SLUGS, SENSORS, SLUGS), second=st.tuples(SLUGS, SLUGS, SENSORS, SLUGS)
)
@example(first=("a_b", "a", 1, "b"), second=("a", "b_a", 1, "b"))
@example(first=("a", "1", 1, "b"), second=("a", "b", 1, "b"))
def test_two_different_things_never_share_an_id(
    ids_of: Callable[[str, str, int, str], Iterator[tuple[Thing, str]]],
    first: tuple[str, str, int, str],
    second: tuple[str, str, int, str],
) -> None:
    assume(first != second)
    found = [*ids_of(*first), *ids_of(*second)]
    assert len({name for _, name in found}) == len({thing for thing, _ in found})


@given(SLUGS)
def test_the_slugs_of_these_tests_are_ids_of_the_bridge(text: str) -> None:
    assert slug(text) == text


@given(SLUGS, SLUGS, st.sampled_from(RECORDED_NAMES))
def test_home_assistant_accepts_the_ids_of_statistics(
    bridge: str, sleeper: str, measure: str
) -> None:
    key = identity.statistic_key(bridge, sleeper, measure)
    assert re.fullmatch(r"(?!.*__)[a-z0-9][a-z0-9_]*[a-z0-9]", key)
    assert valid_entity_id(f"{DOMAIN}.{key}")


# --- Two bridges in one Home Assistant ---


def entry_of(bridge: str) -> MockConfigEntry:
    return MockConfigEntry(
        domain=DOMAIN,
        title=bridge.capitalize(),
        unique_id=bridge,
        data={CONF_BRIDGE: bridge, CONF_BASE_TOPIC: "limber"},
    )


async def test_bridges_and_sleepers_whose_ids_join_to_the_same_text(
    hass: HomeAssistant,
    mqtt_mock: MqttMockHAClient,
    enable_custom_integrations: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bridges = play_bridges(hass, mqtt_mock, Bridge(hass, "a_b", "c"), Bridge(hass, "a", "b_c"))
    entries = [entry_of("a_b"), entry_of("a")]
    for bridge, entry in zip(bridges, entries, strict=True):
        await set_up(hass, bridge, entry)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    counts = [
        (
            len(er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)),
            len(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)),
        )
        for entry in entries
    ]
    assert counts[0] == counts[1]
    assert counts[0][1] == 4

    await hass.services.async_call(
        "button", "press", {"entity_id": "button.c_end_the_night"}, blocking=True
    )
    assert bridges[0].commands() == [{"command": "end_night", "sleeper": "c"}]
    assert bridges[1].commands() == []
    await hass.services.async_call(
        "button", "press", {"entity_id": "button.b_c_end_the_night"}, blocking=True
    )
    assert bridges[1].commands() == [{"command": "end_night", "sleeper": "b_c"}]
    assert len(bridges[0].commands()) == 1


async def test_the_action_ends_the_night_of_the_selected_sleeper(
    hass: HomeAssistant, mqtt_mock: MqttMockHAClient, enable_custom_integrations: None
) -> None:
    bridges = play_bridges(hass, mqtt_mock, Bridge(hass, "a_b", "c"), Bridge(hass, "a", "b_c"))
    for bridge, entry in zip(bridges, (entry_of("a_b"), entry_of("a")), strict=True):
        await set_up(hass, bridge, entry)
        device = next(
            device
            for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
            if device.model == "Sleeper"
        )
        await hass.services.async_call(DOMAIN, "end_night", {"sleeper": device.id}, blocking=True)
    assert bridges[0].commands() == [{"command": "end_night", "sleeper": "c"}]
    assert bridges[1].commands() == [{"command": "end_night", "sleeper": "b_c"}]


async def test_removing_one_bridge_leaves_the_other(
    hass: HomeAssistant, mqtt_mock: MqttMockHAClient, enable_custom_integrations: None
) -> None:
    bridges = play_bridges(hass, mqtt_mock, Bridge(hass, "a_b", "c"), Bridge(hass, "a", "b_c"))
    entries = [entry_of("a_b"), entry_of("a")]
    for bridge, entry in zip(bridges, entries, strict=True):
        await set_up(hass, bridge, entry)
    await hass.config_entries.async_remove(entries[1].entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.c_plm_index_last_night") is not None
    assert hass.states.get("sensor.b_c_plm_index_last_night") is None
