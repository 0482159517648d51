"""A client of the broker that is not the bridge can publish anything below its topic."""

import json
import unicodedata
import zoneinfo
from datetime import timedelta
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from hypothesis import given
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.limber.limits import (
    MAX_SLEEPERS,
    MAX_STATES,
    UNSAFE_CATEGORIES,
    clean_text,
)
from custom_components.limber.wire import MalformedMessageError, parse_info, parse_state

from .conftest import INFO, Bridge, golden


def sleeper(**changes: object) -> dict[str, Any]:
    one: dict[str, Any] = INFO["sleepers"][0]
    return one | changes


@pytest.mark.parametrize(
    ("sleepers", "message"),
    [
        ([sleeper(id=f"s{number}") for number in range(MAX_SLEEPERS + 1)], "at most 50 sleepers"),
        ([sleeper(sensors=INFO["sleepers"][0]["sensors"] * 26)], "at most 50 sensors"),
        ([sleeper(id="anna/../x")], "an id of letters, digits and underscores"),
        ([sleeper(id="a" * 3000)], "at most 2000 characters"),
        ([sleeper(imports=10**400)], "a smaller number"),
    ],
)
def test_a_description_beyond_the_limits_is_refused(sleepers: object, message: str) -> None:
    with pytest.raises(MalformedMessageError, match=message):
        parse_info(json.dumps(INFO | {"sleepers": sleepers}))


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "/etc/localtime", "A" * 300, "Europe/.."])
def test_a_time_zone_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(MalformedMessageError, match="the name of a time zone"):
        parse_info(json.dumps(INFO | {"time_zone": name}))


def test_every_time_zone_is_accepted() -> None:
    for name in zoneinfo.available_timezones():
        assert parse_info(json.dumps(INFO | {"time_zone": name})).time_zone == name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": "0001-01-01T00:00:00+14:00"}, "a year from 1970"),
        ({"time": "9999-12-31T23:59:59-12:00"}, "a year from 1970"),
        ({"sensors": {str(number): {} for number in range(20_001)}}, "at most 20000 items"),
        ({"sensitivity": 1e300}, "a smaller number"),
        ({"more": "x" * 2_000_000}, "longer than"),
    ],
)
def test_a_state_beyond_the_limits_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(MalformedMessageError, match=message):
        parse_state(json.dumps(golden("state") | changes))


@given(st.text())
def test_a_text_has_no_control_characters(text: str) -> None:
    cleaned = clean_text(text)
    assert not UNSAFE_CATEGORIES & set(map(unicodedata.category, cleaned))
    assert clean_text(cleaned) == cleaned


def test_a_name_cannot_change_the_direction_or_the_line() -> None:
    name = "Anna\u202e\n## Buy now\x1b[31m \ud800"
    info = parse_info(json.dumps(INFO | {"sleepers": [sleeper(name=name)]}))
    assert info.sleepers[0].name == "Anna ## Buy now [31m"


async def test_states_of_sleepers_that_the_bridge_does_not_describe_are_ignored(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    before = set(hass.states.async_entity_ids())
    for number in range(2 * MAX_STATES):
        bridge.publish(f"stranger{number}/state", golden("state"))
    await hass.async_block_till_done()
    assert list(loaded.runtime_data.data.states) == ["anna"]
    assert set(hass.states.async_entity_ids()) == before


async def test_a_last_night_in_the_future_is_not_shown(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    future = (dt_util.now().date() + timedelta(days=400)).isoformat()
    last = golden("state")["last_night"]
    await bridge.publish_state(last_night=last | {"night": future})
    shown = hass.states.get("sensor.anna_plm_index_last_night")
    assert shown is not None
    assert shown.state == "unknown"
