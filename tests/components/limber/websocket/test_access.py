"""Only who may read the entities of a sleeper gets their nights and their state."""

from typing import Any

import pytest
from homeassistant.auth.permissions import PermissionLookup
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket

from .conftest import ask, device_of, error_of


async def test_other_devices_have_no_night(
    hass: HomeAssistant, client: MockHAClientWebSocket
) -> None:
    for device in ("none", device_of(hass, "bedroom")):
        assert await error_of(client, "night", device_id=device) == "not_found"
        assert await error_of(client, "nights", device_id=device, last=7) == "not_found"
        assert await error_of(client, "subscribe", device_id=device) == "not_found"


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        ({"entities": {"domains": {"sensor": True}}}, False),
        ({"entities": {"all": {"read": True}}}, True),
        ({}, False),
    ],
    ids=["some entities", "all entities", "nothing"],
)
async def test_only_who_may_read_the_entities_gets_their_data(
    hass: HomeAssistant,
    client: MockHAClientWebSocket,
    hass_admin_user: MockUser,
    policy: dict[str, Any],
    allowed: bool,
) -> None:
    hass_admin_user.groups = []
    hass_admin_user.mock_policy(policy)
    device = device_of(hass)
    answer = await ask(client, "night", device_id=device)
    assert answer["success"] is allowed
    if not allowed:
        assert answer["error"]["code"] == "unauthorized"
        assert await error_of(client, "subscribe", device_id=device) == "unauthorized"
        assert await error_of(client, "nights", device_id="none", last=7) == "unauthorized"


async def test_who_may_read_a_whole_device_gets_its_data(
    hass: HomeAssistant, client: MockHAClientWebSocket, hass_admin_user: MockUser
) -> None:
    device = device_of(hass)
    hass_admin_user.groups = []
    hass_admin_user.perm_lookup = PermissionLookup(er.async_get(hass), dr.async_get(hass))
    hass_admin_user.mock_policy({"entities": {"device_ids": {device: True}}})
    answer = await ask(client, "night", device_id=device)
    assert answer["success"], answer
