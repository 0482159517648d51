"""Messages of the blueprints: each reaches its phone, and one that does not arrive is reported."""

from typing import Any

import pytest
import voluptuous as vol
from homeassistant.core import ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import (
    async_mock_service,
)

from tests.components.limber.blueprints.conftest import Home, add_phone


async def test_phones_that_share_a_name_get_their_own_messages_only(
    home: Home, evening: Any
) -> None:
    hers = add_phone(home.hass, "iPhone")
    his = add_phone(home.hass, "iphone")
    for device, entity in ((hers, "hers"), (his, "his")):
        er.async_get(home.hass).async_get_or_create(
            "notify", "mobile_app", entity, device_id=device, suggested_object_id=entity
        )
        home.hass.states.async_set(f"notify.{entity}", "unknown")
    either = async_mock_service(home.hass, "notify", "mobile_app_iphone")
    await evening(phones=[hers])
    await home.until("2026-11-21T20:30:00Z")
    assert either == []
    assert [call.data["entity_id"] for call in home.others] == [["notify.hers"]]
    issue = ir.async_get(home.hass).async_get_issue("limber", "phones_share_name/mobile_app_iphone")
    assert issue is not None
    assert issue.translation_placeholders == {"phone": "iPhone"}


@pytest.mark.parametrize("inputs", [{"phones": ["gone"]}, {"phones": []}])
async def test_a_message_that_reached_nobody_raises_a_repair(
    home: Home, evening: Any, inputs: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    await evening(**inputs, title="[x](http://x)", message="Stretch *now*")
    await home.until("2026-11-21T20:30:00Z")
    issue_id = f"message_undelivered/limber-stretch-{home.anna}"
    issue = ir.async_get(home.hass).async_get_issue("limber", issue_id)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["title"] == "(x)(http: //x)"
    assert issue.translation_placeholders["message"] == r"Stretch \*now\*"
    assert "reached no one" in caplog.text


async def test_an_integration_that_crashes_does_not_keep_the_message_from_others(
    home: Home, evening: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def crash(_call: ServiceCall) -> None:
        raise ValueError("no such chat")

    home.hass.services.async_register("notify", "mobile_app_her_phone", crash)
    home.hass.states.async_set("notify.partner", "unknown")
    await evening(phones=[home.phones[2]], others=["notify.partner"])
    await home.until("2026-11-21T20:30:00Z")
    assert [call.data["entity_id"] for call in home.others] == [["notify.partner"]]
    assert "Could not send a message to" in caplog.text
    assert "no such chat" in caplog.text


async def test_only_notify_entities_are_recipients(home: Home) -> None:
    """Home Assistant leaves out others without an error, as if they had the message."""
    home.hass.states.async_set("light.hall", "off")
    with pytest.raises(vol.Invalid):
        await home.hass.services.async_call(
            "limber", "notify", {"recipients": "light.hall", "message": "x"}, blocking=True
        )


async def test_the_repair_disappears_with_the_next_message_that_arrives(
    home: Home, evening: Any
) -> None:
    issues = ir.async_get(home.hass)
    issue_id = f"message_undelivered/limber-stretch-{home.anna}"
    await evening(phones=[], others=["notify.partner"])
    home.hass.states.async_set("notify.partner", "unavailable")
    await home.until("2026-11-21T20:30:00Z")
    assert issues.async_get_issue("limber", issue_id) is not None
    home.hass.states.async_set("notify.partner", "unknown")
    await home.until("2026-11-22T20:30:00Z")
    assert issues.async_get_issue("limber", issue_id) is None


OTHERS = [
    "LIMBER_CRAMP_MAYBE:limber_1700000000000:cramp-1",
    "DOOR:a:b",
    "OPEN",
    "LIMBER_DONE:a",
    None,
]


@pytest.mark.parametrize("action", OTHERS)
@pytest.mark.parametrize("blueprint", ["evening", "alert"])
async def test_answers_to_other_automations_are_ignored(
    home: Home,
    evening: Any,
    alert: Any,
    blueprint: str,
    action: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await (evening if blueprint == "evening" else alert)()
    data = {} if action is None else {"action": action}
    home.hass.bus.async_fire("mobile_app_notification_action", data)
    await home.settle()
    assert (home.her_messages, home.bridge.commands()) == ([], [])
    assert "Error" not in caplog.text
