"""What a bridge says about itself and its sleepers: the records of `info`. Pure."""

from dataclasses import dataclass
from datetime import date

from .json_decoding import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReply:
    """A notification that must follow a write."""

    characteristic: str
    prefix: str
    """First bytes, in hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayWrite:
    """A value to write to a Bluetooth sensor."""

    characteristic: str
    data: str
    """In hexadecimal."""
    response: bool
    reply: RelayReply | None
    timeout: float
    """Longest time to wait for the reply (s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionParameters:
    """What a Bluetooth sensor needs of the connection, in the units of Bluetooth."""

    min_interval: int
    """1.25 ms."""
    max_interval: int
    """1.25 ms."""
    latency: int
    """Events."""
    timeout: int
    """10 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """What to do so that a Bluetooth sensor streams; UUIDs in lower case."""

    title: Name
    """Of the kind of sensor."""
    address: str | None
    """Fixed in the bridge's configuration."""
    name: str | None
    """Name that the sensor advertises, fixed in the bridge's configuration."""
    name_prefixes: tuple[str, ...]
    """What sensors of this kind advertise as their name, or begin it with."""
    service_uuids: tuple[str, ...]
    """Services that sensors of this kind advertise; empty: only the name counts."""
    instruction: str
    """What the person must do, in English."""
    subscribe: tuple[str, ...]
    start: tuple[RelayWrite, ...]
    stop: tuple[RelayWrite, ...]
    read: tuple[str, ...]
    """Characteristics that are read now and then."""
    silence: float
    """Time without a notification (s) after which the connection is of no use."""
    connection_parameters: ConnectionParameters | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """A configured sensor of a sleeper."""

    id: int
    placement: str
    side: str | None
    quantity: str
    rate: float | None
    """Nominal rate (Hz)."""
    source: str
    relay: Relay | None = None
    """What to do if Home Assistant connects to it; None: the bridge reads it itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleeper:
    """A configured sleeper with their sensors."""

    id: str
    name: Name
    sensors: tuple[Sensor, ...]
    imports: int = 0
    """Grows when past nights were imported into the journal, or an import was undone."""
    removed_nights: tuple[date, ...] = ()
    """Dates of imported nights whose import was undone and that had replaced no other night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """Description of a bridge."""

    bridge: str
    name: Name
    software: Name
    time_zone: str
    rules: Name
    sleepers: tuple[Sleeper, ...]
    commands: tuple[str, ...] = ("nights", "events", "end_night", "label", "reset_labels")
    """Commands that the bridge accepts; the default applies to a bridge that does not list them."""
    instance: str | None = None
    """Drawn at the first start of the bridge and kept in its journal; None: it has none."""
    url: str | None = None
    """Address of its pages; None: it has none, or only its machine reaches them."""
