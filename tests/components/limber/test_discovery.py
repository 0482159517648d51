"""What is discovered and cannot be added, and cards of bridges that are removed."""

import json
from typing import Any, Final

import pytest
from homeassistant.config_entries import SOURCE_HASSIO, SOURCE_IGNORE, SOURCE_ZEROCONF
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_mqtt_message

from custom_components.limber.const import DOMAIN
from custom_components.limber.limits import MAX_SHOWN
from custom_components.limber.refused_discoveries import FOUND_VERSION_ISSUES

from .conftest import Bridge, golden
from .test_config_flow import (
    ANNOUNCED,
    OTHER_INSTANCE,
    SOURCES,
    add_entry,
    alive,
    announce,
    announced_while,
    begin,
    discovered,
    found_again,
    go_on,
    look,
    not_set_up,
    on_broker,
    with_instance,
)

__all__ = ["not_set_up"]

OLDER: Final = golden("info") | {"v": 0}
NEWER: Final = golden("info") | {"v": 2}


# --- Cards of bridges that are removed ---


async def clear(hass: HomeAssistant, topic: str = "limber/bedroom/info") -> None:
    """Clear a retained message, as `limber run --forget` does."""
    async_fire_mqtt_message(hass, topic, "", 1)
    await hass.async_block_till_done()


def cards(hass: HomeAssistant) -> list[str]:
    """The steps that wait for a person."""
    return [str(flow["step_id"]) for flow in hass.config_entries.flow.async_progress()]


async def test_the_card_of_a_bridge_that_is_removed_disappears(
    hass: HomeAssistant, bridge: Bridge
) -> None:
    """It comes back with the bridge."""
    for _ in range(2):
        await found_again(hass, lambda: alive(bridge))
        assert cards(hass) == ["discovery_confirm"]
        async_fire_mqtt_message(hass, "limber/bedroom/info", json.dumps(golden("info")), 1)
        await clear(hass, "limber/attic/info")
        assert cards(hass) == ["discovery_confirm"]
        await clear(hass)
        assert cards(hass) == []


@pytest.mark.parametrize("source", SOURCES)
async def test_the_card_of_an_announced_bridge_disappears(
    hass: HomeAssistant, bridge: Bridge, source: str
) -> None:
    await announced_while(hass, source, lambda: on_broker(bridge))
    await clear(hass)
    assert cards(hass) == ["discovery_confirm"]
    await clear(hass, "home/legs/bedroom/info")
    assert cards(hass) == []


async def test_the_question_whether_a_bridge_has_moved_disappears(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    add_entry(hass, entry, "legs", None)
    await found_again(hass, lambda: alive(bridge))
    assert cards(hass) == ["confirm_move"]
    await clear(hass)
    assert cards(hass) == []


async def test_a_form_that_a_person_opened_stays(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    add_entry(hass, entry, "legs")
    held = ("limber/bedroom/info", with_instance(OTHER_INSTANCE))
    await look(hass, await entry.start_reconfigure_flow(hass), held)
    assert cards(hass) == ["confirm_move"]
    await clear(hass)
    assert cards(hass) == ["confirm_move"]


async def test_a_card_that_was_confirmed_watches_nothing(
    hass: HomeAssistant, bridge: Bridge
) -> None:
    card = await found_again(hass, lambda: alive(bridge))
    flow = hass.config_entries.flow._progress[card["flow_id"]]
    added = await go_on(hass, card)
    assert added["type"] is FlowResultType.CREATE_ENTRY
    await clear(hass)
    # The client of MQTT may call it once more after a reload.
    flow._end()  # type: ignore[attr-defined] # of our flow
    assert hass.config_entries.async_entries(DOMAIN) == [added["result"]]


# --- Bridges that cannot be added ---


def repairs(hass: HomeAssistant) -> set[str]:
    """The ids of the repairs about discovered bridges."""
    keys = FOUND_VERSION_ISSUES.values()
    issues = ir.async_get(hass).issues.values()
    return {one.issue_id for one in issues if one.translation_key in keys}


@pytest.mark.parametrize(
    ("info", "issue", "side"),
    [
        (OLDER, "found_bridge_too_old/bedroom", "update the bridge"),
        (NEWER, "found_integration_too_old/bedroom", "update the Limber integration"),
    ],
    ids=["older", "newer"],
)
async def test_a_repair_says_which_side_of_a_discovered_bridge_must_be_updated(
    hass: HomeAssistant,
    bridge: Bridge,
    caplog: pytest.LogCaptureFixture,
    info: dict[str, Any],
    issue: str,
    side: str,
) -> None:
    await begin(hass, discovered(info))
    assert repairs(hass) == {issue}
    found = ir.async_get(hass).async_get_issue(DOMAIN, issue)
    assert found is not None
    assert found.translation_placeholders == {"bridge": "bedroom"}
    assert f"limber/bedroom/info, which cannot be added: protocol version {info['v']}" in (
        caplog.text
    )
    assert side in caplog.text
    await found_again(hass, lambda: alive(bridge))
    assert repairs(hass) == set()


@pytest.mark.parametrize("gone", ["", "{"], ids=["removed", "malformed"])
async def test_the_repair_about_a_bridge_that_is_gone_disappears(
    hass: HomeAssistant, bridge: Bridge, gone: str
) -> None:
    await begin(hass, discovered(OLDER))
    await begin(hass, discovered(gone))
    assert repairs(hass) == set()


async def test_a_bridge_with_an_entry_has_no_second_repair(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    entry.add_to_hass(hass)
    MockConfigEntry(domain=DOMAIN, unique_id="attic", source=SOURCE_IGNORE).add_to_hass(hass)
    for bridge_id in ("bedroom", "attic"):
        for payload in (NEWER, "{"):
            await begin(hass, discovered(payload, f"limber/{bridge_id}/info"))
    assert repairs(hass) == set()
    assert "cannot be added" not in caplog.text


async def test_a_flood_of_discoveries_raises_few_repairs_and_lines(
    hass: HomeAssistant, bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["not-an-id", *(f"bridge{number}" for number in range(2 * MAX_SHOWN))]
    for name in names:
        for payload in ("{", NEWER):
            await begin(hass, discovered(payload, f"limber/{name}/info"))
    assert len(repairs(hass)) == MAX_SHOWN
    assert not any("not-an-id" in one for one in repairs(hass))
    assert caplog.text.count("cannot be added") == MAX_SHOWN


async def test_what_cannot_be_read_is_logged_once_until_it_can(
    hass: HomeAssistant, bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    for expected in (1, 2):
        for payload in ("{", "[]"):
            await begin(hass, discovered(payload))
            assert caplog.text.count("limber/bedroom/info, which cannot be added") == expected
        await found_again(hass, lambda: alive(bridge))
        await clear(hass)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"v": "one"}, "v: expected a number"),
        ({"v": "2"}, "protocol version 2 instead of 1; update the Limber integration"),
        ({"base_topic": "home/+"}, "its base topic cannot be part of a topic"),
        (
            {"base_topic": "legs"},
            "the broker of Home Assistant does not have it under legs",
        ),
    ],
    ids=["malformed", "newer", "no topic", "on another broker"],
)
async def test_why_an_announced_bridge_cannot_be_added_is_logged_once(
    hass: HomeAssistant,
    bridge: Bridge,
    caplog: pytest.LogCaptureFixture,
    changed: dict[str, str],
    reason: str,
) -> None:
    for _ in range(2):
        await announce(hass, SOURCE_ZEROCONF, ANNOUNCED | changed)
    line = f"Discovered bedroom._limber._tcp.local., which cannot be added: {reason}"
    assert caplog.text.count(line) == 1


async def test_the_missing_mqtt_integration_is_logged(
    hass: HomeAssistant, enable_custom_integrations: None, caplog: pytest.LogCaptureFixture
) -> None:
    hass.config.components.add("mqtt")
    await announce(hass, SOURCE_HASSIO, ANNOUNCED)
    assert "the app 0a1b2c_limber, which cannot be added: MQTT is not set up" in caplog.text
