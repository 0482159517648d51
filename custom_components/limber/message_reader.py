"""Reads the MQTT messages of one bridge and reports those that cannot be read."""

import logging
from collections.abc import Callable
from typing import Final

from homeassistant.components.mqtt.models import ReceiveMessage
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from . import identity
from .const import DOMAIN
from .json_decoding import MalformedMessageError
from .limits import NAME_LENGTH, plain_text
from .wire import OtherVersionError

_LOGGER: Final = logging.getLogger(__name__)

BRIDGE_TOO_OLD: Final = "bridge_too_old"
INTEGRATION_TOO_OLD: Final = "integration_too_old"
VERSION_ISSUES: Final = (BRIDGE_TOO_OLD, INTEGRATION_TOO_OLD)
"""Translation keys of issues, errors and exceptions about the protocol version."""


class MessageReader:
    """Parses messages. A message that cannot be read is logged once for its topic."""

    def __init__(self, hass: HomeAssistant, bridge: str, name: str) -> None:
        """Prepare to read messages. `bridge`: id of the bridge; `name`: for log lines."""
        self._hass = hass
        self._bridge = bridge
        self._name = name
        self._unreadable_topics: set[str] = set()
        self.other_version: OtherVersionError | None = None
        """The protocol version of the bridge, if it is not ours."""

    def read[T](self, parse: Callable[[str], T], message: ReceiveMessage) -> T | None:
        """Return the parsed message; None if it cannot be read."""
        try:
            parsed = parse(str(message.payload))
        except MalformedMessageError as error:
            self.report_unreadable(message.topic, str(error))
            return None
        except OtherVersionError as error:
            self._report_version(error)
            return None
        self._unreadable_topics.discard(message.topic)
        return parsed

    def report_unreadable(self, topic: str, reason: str) -> None:
        """Log that a message cannot be read, once until the topic is readable again."""
        if topic not in self._unreadable_topics:
            _LOGGER.warning("%s: ignored a malformed message on %s: %s", self._name, topic, reason)
        self._unreadable_topics.add(topic)

    @callback
    def accept_version(self) -> None:
        """Delete the issues about the protocol version: the bridge speaks ours."""
        self.other_version = None
        for key in VERSION_ISSUES:
            ir.async_delete_issue(self._hass, DOMAIN, identity.issue_id(key, self._bridge))

    @callback
    def _report_version(self, error: OtherVersionError) -> None:
        """Log and raise an issue, once until the bridge speaks our version."""
        if self.other_version is None:
            _LOGGER.error("%s: %s; see Settings > Repairs", self._name, error)
            key = version_key(error)
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                identity.issue_id(key, self._bridge),
                is_fixable=False,
                severity=ir.IssueSeverity.ERROR,
                translation_key=key,
                translation_placeholders={"bridge": plain_text(self._bridge, NAME_LENGTH)},
            )
        self.other_version = error


def version_key(error: OtherVersionError) -> str:
    """Return the translation key of the text that says which side must be updated."""
    return BRIDGE_TOO_OLD if error.bridge_is_older else INTEGRATION_TOO_OLD
