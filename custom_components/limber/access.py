"""Which user may see the data of a sleeper, or act on them."""

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from . import identity
from .const import DOMAIN


def may_access_device(
    hass: HomeAssistant, user: User, device_id: str, policy: str = POLICY_READ
) -> bool:
    """Return whether a user has a permission on all entities of a device.

    `policy`: `POLICY_READ` or `POLICY_CONTROL`. A device without entities, or one that does not
    exist, is open only to users who may access everything.
    """
    if user.permissions.access_all_entities(policy):
        return True
    entities = er.async_entries_for_device(er.async_get(hass), device_id)
    allowed = [user.permissions.check_entity(one.entity_id, policy) for one in entities]
    return bool(allowed) and all(allowed)


def may_access_sleeper(
    hass: HomeAssistant, user: User, bridge: str, sleeper: str, policy: str = POLICY_READ
) -> bool:
    """Return whether a user has a permission on all entities of a sleeper."""
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, bridge)
    key = (DOMAIN, identity.sleeper_device(bridge, sleeper))
    if entry is None:
        return user.permissions.access_all_entities(policy)
    device = dr.async_get(hass).async_get_device_by_identifier(key, entry.entry_id)
    return may_access_device(hass, user, "" if device is None else device.id, policy)


async def async_require_sleeper(
    hass: HomeAssistant, context: Context, bridge: str, sleeper: str, policy: str
) -> None:
    """Raise Unauthorized if the user who called an action may not access a sleeper.

    Home Assistant does the same for actions on entities. An automation has no user.
    """
    if context.user_id is None:
        return
    user = await hass.auth.async_get_user(context.user_id)
    if user is None or not may_access_sleeper(hass, user, bridge, sleeper, policy):
        raise Unauthorized(context=context, permission=policy)
