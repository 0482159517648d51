"""A client of the broker that is not the bridge can publish anything below its topic."""

import json
import re
import unicodedata
import zoneinfo
from datetime import date, timedelta
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from hypothesis import given
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.limber.const import DOMAIN
from custom_components.limber.json_decoding import MalformedMessageError
from custom_components.limber.limits import (
    MAX_PAGES,
    MAX_SHOWN,
    MAX_SLEEPERS,
    MAX_STATES,
    NAME_LENGTH,
    UNSAFE_CATEGORIES,
    clean_text,
    escape_markdown,
    plain_text,
    shorten,
)
from custom_components.limber.wire import parse_info, parse_state

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


def test_a_long_name_is_shortened() -> None:
    info = parse_info(json.dumps(INFO | {"name": "x" * 2000, "sleepers": [sleeper(name="A" * 61)]}))
    assert info.name == "x" * 59 + "…"
    assert info.sleepers[0].name == "A" * 59 + "…"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "homeassistant://config",
        "ftp://bridge.local/",
        "http://user:password@bridge.local/",
        "http://bridge.local/?x=1",
        "http://bridge.local:47801/ onclick=x",
        "http://" + "a" * 101 + "/",
        "https://",
        "http://bridge.local:99999/",
        "http://xn--/",
        7,
    ],
)
def test_only_a_plain_address_becomes_a_link(url: object) -> None:
    assert parse_info(json.dumps(INFO | {"url": url})).url is None


@pytest.mark.parametrize(
    "url", ["http://192.168.1.5:47801/", "https://bridge.local/limber/", "http://[fd00::5]:1/"]
)
async def test_the_device_of_a_bridge_links_to_its_pages(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, url: str
) -> None:
    bridge.publish("info", INFO | {"url": url})
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, "bedroom"), loaded.entry_id)
    assert device is not None
    assert device.configuration_url == url
    bridge.publish("info", INFO | {"url": None})
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, "bedroom"), loaded.entry_id)
    assert device is not None
    assert device.configuration_url is None


@given(st.text(max_size=100), st.integers(1, 50))
def test_a_shown_text_has_its_length(text: str, length: int) -> None:
    assert len(shorten(text, length)) <= length
    assert len(plain_text(text, length)) <= length
    # Each character has at most one backslash.
    assert len(escape_markdown(text, length)) <= 2 * length


MARKDOWN = [
    "[free](https://x.example/)",
    "![](https://x.example/a.png)",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "https://x.example",
    "www.x.example",
    "`code` **bold** # heading",
    "| a | b |",
    "a\\*b",
]


@pytest.mark.parametrize("text", MARKDOWN)
def test_markdown_and_html_are_shown_as_they_are(text: str) -> None:
    """CommonMark 0.31, 2.4: a backslash takes the meaning of any ASCII punctuation away."""
    escaped = escape_markdown(text, 400)
    assert re.sub(r"\\(.)", r"\1", escaped) == text
    assert all(part == "" or part.isalnum() for part in re.split(r"\\.| ", escaped))
    plain = plain_text(text, 60)
    assert not set("<>[]`*#|~\\") & set(plain)
    assert "://" not in plain
    assert "www." not in plain


async def test_the_text_of_a_repair_contains_no_markdown_of_a_bridge(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    message = "[Update](https://x.example/) " * 50
    bad = [{"key": "broker_refuses_publish", "message": message}]
    ids = [f"[{number}](http://x)" for number in range(100)]
    journal = golden("state")["journal"] | {"unconfigured_sleepers": ids}
    fresh = {"time": dt_util.utcnow().isoformat()}
    health = golden("state")["bridge"] | {"problems": bad}
    await bridge.publish_state(**fresh, bridge=health, journal=journal)
    issues = {
        issue.issue_id: issue.translation_placeholders or {}
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    }
    shown = issues["broker_refuses/bedroom"]["message"]
    assert shown.startswith(r"\[Update\]\(https\:\/\/x\.example\/\) \[Update")
    assert len(shown) <= 800
    orphans = [one for key, one in issues.items() if key.startswith("unconfigured_sleeper")]
    assert len(orphans) == MAX_SHOWN
    assert all(len(one["sleeper"]) <= NAME_LENGTH for one in orphans)
    assert not any(set("[]<>`") & set(one["sleeper"]) for one in orphans)


async def test_pages_that_advance_for_ever_end(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    start = date(2020, 1, 1)
    page = golden("response_nights") | {"nights": []}
    bridge.prepared_responses["nights"] = [
        page | {"next": (start + timedelta(days=day)).isoformat()} for day in range(2 * MAX_PAGES)
    ]
    bridge.requests.clear()
    with pytest.raises(HomeAssistantError) as error:
        await loaded.runtime_data.requests.fetch_nights("anna", date(1970, 1, 1))
    assert error.value.translation_key == "too_many_pages"
    assert len(bridge.requests) == MAX_PAGES


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
