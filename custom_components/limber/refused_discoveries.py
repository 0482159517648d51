"""Says why a bridge that was discovered cannot be added.

Home Assistant shows no reason when the flow of a discovery is aborted. The log has each reason
once; if one side must be updated, a repair says which.
"""

import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.hass_dict import HassKey

from . import identity
from .const import DOMAIN
from .limits import ID, MAX_SHOWN, NAME_LENGTH, clean_text, plain_text, shorten
from .message_reader import BRIDGE_TOO_OLD, INTEGRATION_TOO_OLD, version_key
from .wire import OtherVersionError

_LOGGER: Final = logging.getLogger(__name__)

FOUND_VERSION_ISSUES: Final = {
    BRIDGE_TOO_OLD: "found_bridge_too_old",
    INTEGRATION_TOO_OLD: "found_integration_too_old",
}
"""Translation keys of repairs about a bridge without an entry, by the reason of the abort."""
SENDER_LENGTH: Final = 255
"""Characters of a topic, or of a name in multicast DNS, that are logged."""
LOGGED: Final[HassKey[set[str]]] = HassKey(f"{DOMAIN}_refused_discoveries")
"""The senders of discoveries whose refusal was logged."""


@callback
def async_log(hass: HomeAssistant, bridge: str, sender: str, reason: str) -> None:
    """Log why a discovery is refused, once for each sender until it is accepted.

    `sender`: the topic, or who announces the bridge.
    """
    if has_entry(hass, bridge):
        return
    logged = hass.data.setdefault(LOGGED, set())
    shown = shorten(clean_text(sender), SENDER_LENGTH)
    # Any device in the network, and any client of the broker, can send any number of discoveries.
    if shown in logged or len(logged) >= MAX_SHOWN:
        return
    logged.add(shown)
    _LOGGER.warning("Discovered %s, which cannot be added: %s", shown, reason)


@callback
def async_report_version(hass: HomeAssistant, bridge: str, error: OtherVersionError) -> None:
    """Raise a repair about a discovered bridge with another protocol version."""
    if has_entry(hass, bridge) or ID.fullmatch(bridge) is None or count_of(hass) >= MAX_SHOWN:
        return
    key = FOUND_VERSION_ISSUES[version_key(error)]
    ir.async_create_issue(
        hass,
        DOMAIN,
        identity.issue_id(key, bridge),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders={"bridge": plain_text(bridge, NAME_LENGTH)},
    )


def has_entry(hass: HomeAssistant, bridge: str) -> bool:
    """Return whether a bridge has an entry, which reports its problems itself, or is ignored."""
    return hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, bridge) is not None


def count_of(hass: HomeAssistant) -> int:
    """Return how many repairs there are about discovered bridges."""
    keys = FOUND_VERSION_ISSUES.values()
    issues = ir.async_get(hass).issues.values()
    return sum(one.domain == DOMAIN and one.translation_key in keys for one in issues)


@callback
def async_accept(hass: HomeAssistant, sender: str) -> None:
    """Log the next refusal of a sender again."""
    hass.data.get(LOGGED, set()).discard(shorten(clean_text(sender), SENDER_LENGTH))


@callback
def async_delete_issues(hass: HomeAssistant, bridge: str) -> None:
    """Delete the repair about a bridge that is gone, or that has another version now."""
    for key in FOUND_VERSION_ISSUES.values():
        ir.async_delete_issue(hass, DOMAIN, identity.issue_id(key, bridge))
