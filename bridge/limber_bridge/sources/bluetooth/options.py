"""The keys of a Bluetooth sensor in limber.yaml."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from limber_bridge.domain.validators import signing_key
from limber_bridge.sources.bluetooth.profiles import PROFILES, LimberFrames, Profile

HOME_ASSISTANT: Final = "home_assistant"


@dataclass(frozen=True, slots=True)
class BluetoothOptions:
    """The keys that only Bluetooth sensors have."""

    device: str
    """Key in `PROFILES`."""
    address: str | None
    """In capitals; None: the sensor is found by its name."""
    name: str | None
    """The whole name that it advertises."""
    adapter: str | None
    """None: the first one that is switched on."""
    key: bytes | None = field(repr=False)
    """Secret shared with a sensor that sends Limber frames; None: they are not signed."""
    relayed: bool
    """Whether Home Assistant connects to the sensor and relays what it sends."""

    @property
    def profile(self) -> Profile:
        """What is known of the model."""
        return PROFILES[self.device]

    @property
    def label(self) -> str:
        """How the sensor is called in messages."""
        return f"{self.profile.title} ({self.name or self.address or 'chosen in Home Assistant'})"

    def matches(self, address: str, names: tuple[str | None, ...]) -> bool:
        """Return whether a device in range is this sensor; the address decides, if it is known."""
        if self.address is not None:
            return address.upper() == self.address
        return self.name is not None and self.name in names


def bluetooth_address(value: object) -> str:
    """Check an address; return it in capitals."""
    if isinstance(value, str) and re.fullmatch(r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}", value):
        return value.upper()
    raise vol.Invalid('write the address in quotes, such as "A0:9E:1A:00:00:01"')


def adapter_name(value: object) -> str:
    """Check the name of an adapter."""
    if isinstance(value, str) and re.fullmatch(r"hci\d{1,3}", value):
        return value
    raise vol.Invalid("write the name of a Bluetooth adapter, such as hci0")


def device_name(value: object) -> str:
    """Check the name that a device advertises."""
    if isinstance(value, str) and value.strip():
        return value
    raise vol.Invalid("write the name that `limber scan` shows, in quotes")


MODELS: Final = ", ".join(PROFILES)
SENSOR_SCHEMA: Final = vol.Schema(
    {
        vol.Required("device", msg=f"write {MODELS}"): vol.In(PROFILES, msg=f"write {MODELS}"),
        vol.Optional("address"): bluetooth_address,
        vol.Optional("name"): device_name,
        vol.Optional("adapter"): adapter_name,
        vol.Optional("key"): signing_key,
        vol.Optional("via"): vol.In([HOME_ASSISTANT], msg=f"write {HOME_ASSISTANT}"),
    }
)


def make_options(values: Mapping[str, Any], folder: Path) -> BluetoothOptions:
    """Return the options of a Bluetooth sensor; voluptuous.Invalid if keys do not fit together."""
    del folder
    options = BluetoothOptions(
        device=values["device"],
        address=values.get("address"),
        name=values.get("name"),
        adapter=values.get("adapter"),
        key=values.get("key"),
        relayed=values.get("via") == HOME_ASSISTANT,
    )
    if not options.relayed and options.address is None and options.name is None:
        raise vol.Invalid("add `address` or `name` of the sensor, as `limber scan` shows them")
    if options.relayed and options.adapter is not None:
        raise vol.Invalid("leave `adapter` out: Home Assistant chooses it", path=["adapter"])
    if options.key is not None and not isinstance(options.profile.stream, LimberFrames):
        raise vol.Invalid(
            f"leave `key` out: a {options.profile.title} does not sign what it sends",
            path=["key"],
        )
    return options
