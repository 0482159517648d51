"""Checks the forms of the set-up: each function returns values, or a text key for each wrong field.

Pure. What is checked here is what a person can write wrong; the loader checks the whole file again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import voluptuous as vol

from limber_bridge.detection.signal import PLACEMENTS, Placement, Quantity, Side
from limber_bridge.domain.validators import host_name

type Form = Mapping[str, str]
type Errors = dict[str, str]
"""Text keys by field."""

NAME_MAX: Final = 60
PORT_MAX: Final = 65535
KEY_MIN: Final = 16
KEY_MAX: Final = 200
SENSOR_ID_MAX: Final = 2**32 - 1
NUMBER: Final = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Position:
    """What a sensor measures, and where."""

    quantity: Quantity
    placement: Placement
    side: Side | None

    @property
    def name(self) -> str:
        """Value in the form."""
        parts = (self.quantity, self.placement, *([] if self.side is None else [self.side]))
        return ".".join(parts)

    def values(self) -> dict[str, str | None]:
        """Return the keys of limber.yaml."""
        return {
            "placement": str(self.placement),
            "side": None if self.side is None else str(self.side),
            "quantity": str(self.quantity),
        }


POSITIONS: Final = tuple(
    Position(quantity, placement, side)
    for quantity, placements in PLACEMENTS.items()
    for placement in placements
    for side in ((None,) if placement is Placement.BED else (Side.LEFT, Side.RIGHT))
)
"""Every place where something can be measured."""


def positions_for(quantity: str) -> tuple[Position, ...]:
    """Return the places where a quantity can be measured; all of them if it is not known."""
    return tuple(one for one in POSITIONS if one.quantity == quantity) or POSITIONS


def checked_position(form: Form, errors: Errors) -> Position | None:
    """Return the chosen position."""
    chosen = next((one for one in POSITIONS if one.name == form.get("position")), None)
    if chosen is None:
        errors["position"] = "setup.error_position"
    return chosen


def checked_broker(form: Form) -> tuple[dict[str, str | int | bool | None], Errors]:
    """Return the keys of `broker` without the password, and what is wrong."""
    errors: Errors = {}
    host = form.get("host", "").strip()
    try:
        host_name(host)
    except vol.Invalid:
        errors["host"] = "setup.error_host"
    port = form.get("port", "").strip()
    if port and not (NUMBER.fullmatch(port) and 1 <= int(port) <= PORT_MAX):
        errors["port"] = "setup.error_port"
    user = form.get("user", "")
    if form.get("password") and not user:
        errors["user"] = "setup.error_user"
    values: dict[str, str | int | bool | None] = {
        "host": host,
        "port": int(port) if port and "port" not in errors else None,
        "user": user or None,
        "tls": True if form.get("tls") else None,
    }
    return values, errors


def checked_name(form: Form, errors: Errors) -> str:
    """Return the name of a person."""
    name = " ".join(form.get("name", "").split())
    if not name or len(name) > NAME_MAX or not name.isprintable():
        errors["name"] = "setup.error_name"
    return name


def checked_time_zone(form: Form, errors: Errors) -> str:
    """Return a time zone."""
    zone = form.get("time_zone", "").strip()
    try:
        ZoneInfo(zone)
    except ZoneInfoNotFoundError, ValueError, OSError:
        errors["time_zone"] = "setup.error_time_zone"
    return zone


def checked_key(form: Form, errors: Errors, *, required: bool) -> str | None:
    """Return the key of a sensor; None without one."""
    key = form.get("key", "")
    if (key or required) and not (KEY_MIN <= len(key) <= KEY_MAX and key.isprintable()):
        errors["key"] = "setup.error_key"
    return key or None


def checked_id(form: Form, errors: Errors) -> int:
    """Return the id of a sensor that sends its own."""
    text = form.get("id", "").strip()
    if not NUMBER.fullmatch(text) or int(text) > SENSOR_ID_MAX:
        errors["id"] = "setup.error_id"
        return 0
    return int(text)
