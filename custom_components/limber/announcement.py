"""Reads how a bridge announces itself: by multicast DNS, or as an app through the Supervisor. Pure.

Any device in the network can announce anything. An announcement says only where to look on the
broker; what counts is what the broker has. The fields: docs/protocol.md#7-announcement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .json_decoding import MalformedMessageError
from .limits import ID, INSTANCE
from .wire import PROTOCOL_VERSION, OtherVersionError

MAX_FIELD: Final = 255
"""Characters of a field: those of one string of a TXT record (RFC 1035, 3.3)."""
MAX_VERSION_DIGITS: Final = 4
"""Of the protocol version. Chosen: it counts up from 1."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A bridge that announces itself."""

    bridge: str
    base_topic: str
    """Not checked to be a topic."""
    instance: str | None
    """None if the bridge has not said it."""


def parse_announcement(fields: Mapping[str, Any]) -> Announcement:
    """Return an announcement from its fields; unknown fields are ignored.

    Raise MalformedMessageError or OtherVersionError.
    """
    version = _field(fields, "v")
    if not (version.isascii() and version.isdecimal() and len(version) <= MAX_VERSION_DIGITS):
        raise MalformedMessageError("v: expected a number")
    if int(version) != PROTOCOL_VERSION:
        raise OtherVersionError(int(version))
    bridge = _field(fields, "bridge")
    if ID.fullmatch(bridge) is None:
        raise MalformedMessageError("bridge: expected an id of letters, digits and underscores")
    base_topic = _field(fields, "base_topic")
    if not base_topic.isprintable():
        raise MalformedMessageError("base_topic: expected a text without control characters")
    return Announcement(bridge, base_topic, _instance(fields))


def _field(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_FIELD:
        raise MalformedMessageError(f"{name}: expected a text of 1 to {MAX_FIELD} characters")
    return value


def _instance(fields: Mapping[str, Any]) -> str | None:
    """Return the instance id; what is not one counts as missing, as it does in `info`."""
    value = fields.get("instance")
    return value if isinstance(value, str) and INSTANCE.fullmatch(value) else None
