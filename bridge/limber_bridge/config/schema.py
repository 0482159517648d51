"""The schemas of limber.yaml and the checks of its values.

A check raises voluptuous.Invalid with what to write instead. The keys that only sensors of one
source have, and the section of a source, are checked by the schemas of that source.
"""

import ipaddress
import re
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import voluptuous as vol

from limber_bridge.config.ids import MAX_ID_LENGTH
from limber_bridge.config.model import Tls
from limber_bridge.detection.rules import RULE_SETS
from limber_bridge.detection.signal import Placement, Quantity, Side
from limber_bridge.domain.validators import ExternalValue, host_name, whole_number
from limber_bridge.sources import SOURCES

RENAMED_KEYS: Final = {
    "keep": "retention",
    "size": "size_mb",
    "raw": "raw_nights",
    "raw_size": "raw_size_mb",
    "health": "web",
    "night_ends_at": "night_boundary",
    "base": "base_topic",
    "authority": "ca_certificate",
    "certificate": "client_certificate",
    "key": "client_key",
    "place": "placement",
    "latency": "sleep_latency",
    "up": "walking",
    "interval": "movement_interval",
}
"""Earlier names of keys; the error for an earlier name says the new one."""


def renamed_key_message(new_name: str) -> str:
    """Return the error for a key that has another name now."""
    return f"this key is called `{new_name}` now"


# --- Checks ---


def text(remedy: str) -> vol.All:
    """Return a check for a text that is not empty."""
    return vol.All(str, vol.Length(min=1), msg=remedy)


def one_of(*values: str) -> vol.In:
    """Return a check for one of several words."""
    *others, last = values
    return vol.In(values, msg=f"write {', '.join(others)} or {last}" if others else f"write {last}")


def slug(value: object) -> str:
    """Check an id that becomes part of topics and unique ids."""
    if (
        not isinstance(value, str)
        or not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", value)
        or len(value) > MAX_ID_LENGTH
    ):
        raise vol.Invalid(
            f"write small letters, digits and single underscores, at most {MAX_ID_LENGTH} "
            "characters, for example `bedroom`"
        )
    return value


def time_zone(value: object) -> ZoneInfo:
    """Check a time zone."""
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise vol.Invalid("write an IANA time zone, for example `Europe/Berlin`") from error


def base_topic(value: object) -> str:
    """Check the first levels of the topics."""
    if not isinstance(value, str) or not re.fullmatch(r"[^/+#\0]+(/[^/+#\0]+)*", value):
        raise vol.Invalid("write a topic without +, # and empty levels, for example `limber`")
    return value


def ip_address(value: object) -> str:
    """Check an IP address of this machine."""
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError as error:
        raise vol.Invalid(
            "write an IP address of this machine, or 0.0.0.0 to listen on all networks"
        ) from error


def file_path(value: object) -> Path:
    """Check the path of a file; whether the file exists is not checked."""
    if not isinstance(value, str) or not value:
        raise vol.Invalid("write the path of a file")
    return Path(value)


EXTERNAL_FLAGS: Final = {"true": True, "false": False}
"""Values from outside the file that stand for a truth value."""


def tls(value: object) -> Tls | None:
    """Check how the connection to the broker is encrypted; None for no encryption."""
    if isinstance(value, ExternalValue) and value in EXTERNAL_FLAGS:
        value = EXTERNAL_FLAGS[value]
    if isinstance(value, bool):
        return Tls() if value else None
    for old, new in RENAMED_KEYS.items():
        if isinstance(value, dict) and old in value and new in TLS_FILES.schema:
            raise vol.Invalid(renamed_key_message(new), path=[old])
    try:
        return Tls(**TLS_FILES(value))
    except vol.Invalid as error:
        raise vol.Invalid(
            "write `true`, or the paths of `ca_certificate`, `client_certificate` and `client_key`"
        ) from error


# --- Schemas ---

DEFAULT_JOURNAL: Final = "limber.db"
"""Beside limber.yaml."""
BRIDGE: Final = vol.Schema(
    {
        vol.Required("id", msg="write an id that never changes, for example `bedroom`"): slug,
        vol.Optional("name"): text("write a display name"),
        vol.Required(
            "time_zone", msg="write an IANA time zone, for example `Europe/Berlin`"
        ): time_zone,
        vol.Optional("journal", default=DEFAULT_JOURNAL): file_path,
        vol.Optional("rules", default="wasm-2016"): one_of(*RULE_SETS),
        vol.Optional("night_boundary", default=12): whole_number(1, 23),
    }
)
RETENTION: Final = vol.Schema(
    {
        vol.Optional("nights"): whole_number(7, 100_000),
        vol.Optional("size_mb", default=1000): whole_number(10, 1_000_000),
        vol.Optional("backups", default=7): whole_number(0, 365),
        vol.Optional("raw_nights", default=7): whole_number(0, 100_000),
        vol.Optional("raw_size_mb", default=2000): whole_number(10, 10_000_000),
    }
)
CLIENT_FILES_MESSAGE: Final = "write `client_certificate` and `client_key` together"
TLS_FILES: Final = vol.Schema(
    {
        vol.Optional("ca_certificate"): file_path,
        vol.Inclusive("client_certificate", "client", msg=CLIENT_FILES_MESSAGE): file_path,
        vol.Inclusive("client_key", "client", msg=CLIENT_FILES_MESSAGE): file_path,
    }
)
BROKER: Final = vol.Schema(
    {
        vol.Required("host", msg="write the host name or IP address of your MQTT broker"): (
            host_name
        ),
        vol.Optional("port"): whole_number(1, 65535),
        vol.Optional("user"): text("write the user name, or leave `user` out"),
        vol.Optional("password"): text(
            "write the password in quotes, or `!env_var NAME`, or `!file PATH`"
        ),
        vol.Optional("tls", default=False): tls,
        vol.Optional("base_topic", default="limber"): base_topic,
    }
)
WEB: Final = vol.Schema(
    {
        vol.Optional("address", default="127.0.0.1"): ip_address,
        vol.Optional("port", default=47801): whole_number(1, 65535),
        vol.Optional("announce", default=True): vol.Any(bool, msg="write `true` or `false`"),
    }
)
SENSOR: Final = vol.Schema(
    {
        vol.Required("id", msg="write the number of the sensor, the same as in its frames"): (
            whole_number(0, 2**32 - 1)
        ),
        vol.Required("source", msg=f"write {', '.join(SOURCES)}"): one_of(*SOURCES),
        vol.Required("placement", msg=f"write {', '.join(Placement)}"): one_of(*Placement),
        vol.Required("quantity", msg=f"write {', '.join(Quantity)}"): one_of(*Quantity),
        vol.Optional("side"): one_of(*Side),
    },
    extra=vol.ALLOW_EXTRA,
)
"""Keys of every sensor; `Source.sensor_schema` checks the others."""
SENSOR_KEYS: Final = frozenset(str(key) for key in SENSOR.schema)
SLEEPER: Final = vol.Schema(
    {
        vol.Required("name", msg="write the name of the sleeper"): text("write a name"),
        vol.Optional("id"): slug,
        vol.Required("sensors", msg="list at least one sensor"): vol.All(
            list, msg="list at least one sensor, each after a dash"
        ),
    }
)
"""`id` is required too; the loader reports a missing one, because it can suggest an id. The loader
checks as well that there are sensors, because another sleeper may have some."""
SOURCE_SECTIONS: Final = {
    name: source.section_schema
    for name, source in SOURCES.items()
    if source.section_schema is not None
}
"""Sections of the sources, by their name."""
TOP_LEVEL: Final = vol.Schema(
    {
        vol.Required("bridge", msg="add a section `bridge:` with `id` and `time_zone`"): dict,
        vol.Required("broker", msg="add a section `broker:` with `host`"): dict,
        vol.Required(
            "sleepers", msg="add a section `sleepers:` with `id`, `name` and `sensors`"
        ): vol.All(list, msg="list at least one sleeper, each after a dash"),
        vol.Optional("retention", default=dict): dict,
        vol.Optional("web"): vol.Any(
            False, dict, msg="write `false`, or `address` and `port` below it"
        ),
    }
    | {vol.Optional(name): dict for name in SOURCE_SECTIONS}
)
SECTIONS: Final = {
    "bridge": BRIDGE,
    "broker": BROKER,
    "retention": RETENTION,
    "web": WEB,
} | SOURCE_SECTIONS
"""Schemas of the sections that are not lists."""
