"""limber.yaml -> a checked configuration.

Law: it is checked whole before anything starts, and every error names the line, the key and what to
write.
"""

import difflib
import ipaddress
import re
import ssl
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import voluptuous as vol

from limber_bridge.config.yaml_loader import ConfigError, Keys, MissingValue, YamlDocument, load
from limber_bridge.detection.rules import RULE_SETS, RuleSet
from limber_bridge.detection.signal import PLACEMENTS, Placement, Quantity, Sensor, Side
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.domain.validators import ExternalValue, whole_number
from limber_bridge.sources import SOURCES
from limber_bridge.sources.source_api import SensorRequest


@dataclass(frozen=True, slots=True)
class Tls:
    """How the connection to the broker is secured."""

    ca_certificate: Path | None = None
    """Certificate of a private authority; None: use the system's authorities."""
    client_certificate: Path | None = None
    client_key: Path | None = None
    """Certificate and key of the bridge, for a broker that requires them."""

    def context(self) -> ssl.SSLContext:
        """Return what to secure a connection with; OSError (ssl.SSLError among them) if a file
        cannot be used.
        """
        context = ssl.create_default_context(
            cafile=None if self.ca_certificate is None else str(self.ca_certificate)
        )
        if self.ca_certificate is not None:
            # Authorities made at home seldom say what their key is for, which the strict reading of
            # X.509 wants.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.client_certificate is not None:
            context.load_cert_chain(self.client_certificate, self.client_key)
        return context


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to publish."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: Tls | None
    base_topic: str
    """First levels of all topics."""


@dataclass(frozen=True, slots=True)
class HealthEndpoint:
    """Where `GET /health` is answered."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class ConfiguredSensor:
    """One sensor and where its samples come from."""

    source: str
    """Key in `SOURCES`."""
    wanted: SensorRequest

    @property
    def sensor(self) -> Sensor:
        """The sensor itself."""
        return self.wanted.sensor


@dataclass(frozen=True, slots=True)
class Sleeper:
    """Who is watched by which sensors."""

    id: str
    name: str
    sensors: tuple[ConfiguredSensor, ...]

    @property
    def live(self) -> bool:
        """Whether any sensor tells of now; else all of them play recordings, with a time of their
        own.
        """
        return any(SOURCES[watched.source].live for watched in self.sensors)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything in limber.yaml."""

    bridge: str
    """Stable id: topics, unique ids."""
    name: str
    calendar: Calendar
    rules: RuleSet
    journal: Path
    limits: RetentionLimits
    """Of the journal and of the raw signal."""
    broker: Broker
    web: HealthEndpoint | None
    """Address of the HTTP server; None if it is switched off."""
    sections: Mapping[str, Any]
    """By source: what it made of its section."""
    sleepers: tuple[Sleeper, ...]
    secrets: tuple[Path, ...]
    """Files that hold a password or a key."""

    def unconfigured(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Return those of some sleepers' ids that this configuration does not have."""
        configured = {sleeper.id for sleeper in self.sleepers}
        return tuple(one for one in ids if one not in configured)

    def exposed(self) -> Iterator[str]:
        """Yield a line for each file with a secret in it that everybody on this machine can read."""
        for path in self.secrets:
            # What a container is given there is for it alone, whatever its mode says.
            mounted = path.is_relative_to("/run/secrets")
            if not mounted and path.exists() and path.stat().st_mode & stat.S_IROTH:
                yield f"{path}: everybody on this machine can read it, and a secret is in it; chmod o-r {path}"


def text(mend: str) -> vol.All:
    """Return a check for a text that is not empty."""
    return vol.All(str, vol.Length(min=1), msg=mend)


def one_of(*values: str) -> vol.In:
    """Return a check for one of some words."""
    return vol.In(
        values,
        msg=f"write {', '.join(values[:-1])} or {values[-1]}"
        if values[1:]
        else f"write {values[0]}",
    )


def host(value: object) -> str:
    """Check the name or the address of a host, as far as that can be done without asking for it."""
    try:
        if isinstance(value, str) and value.strip() and value.encode("idna"):
            return value
    except UnicodeError:
        pass
    raise vol.Invalid("write a name or an address")


def slug(value: object) -> str:
    """Check an id: it becomes part of topics and of unique ids."""
    if (
        not isinstance(value, str)
        or not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", value)
        or len(value) > 32
    ):
        raise vol.Invalid(
            "write small letters, digits and single underscores, 32 at most: `bedroom` for example"
        )
    return value


def suggest_id(name: str) -> str:
    """Return an id for a name, with letters beyond ASCII transliterated; empty if none is left."""
    return _slug_of(name.lower().translate(TRANSLITERATION))


def _slug_of(name: str) -> str:
    """Return the letters and digits of a name that ASCII can write, joined by underscores."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", ascii_name).strip("_")[:32].strip("_")


def missing_id_message(name: str) -> str:
    """Return what to write for a sleeper without an `id`.

    Ids used to be made from the name without transliteration. Where that gives another id, the
    nights recorded so far are stored under it, so the message names both.
    """
    suggested = suggest_id(name)
    previous = _slug_of(name)
    if not suggested:
        return "add an `id` of small letters and digits beside this name, `anna` for example"
    if not previous or previous == suggested:
        return f"add `id: {suggested}`; it must stay the same when the name is corrected"
    return (
        f"add `id: {suggested}`, or `id: {previous}` to keep nights that were recorded without an"
        " `id`; it must stay the same when the name is corrected"
    )


TRANSLITERATION: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ħ": "h",
        "ŋ": "n",
        "ĸ": "k",
        "ŧ": "t",
    }
)
"""Latin letters that Unicode does not decompose into an ASCII letter and a mark."""


def zone(value: object) -> ZoneInfo:
    """Check a time zone."""
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise vol.Invalid("write an IANA time zone, `Europe/Berlin` for example") from error


def base_topic(value: object) -> str:
    """Check the first levels of the topics."""
    if not isinstance(value, str) or not re.fullmatch(r"[^/+#\0]+(/[^/+#\0]+)*", value):
        raise vol.Invalid("write a topic without +, # and empty levels, `limber` for example")
    return value


def address(value: object) -> str:
    """Check an address of this machine."""
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError as error:
        raise vol.Invalid(
            "write an IP address of this machine, or 0.0.0.0 to answer on every network"
        ) from error


def path_text(value: object) -> Path:
    """Check a path."""
    if not isinstance(value, str) or not value:
        raise vol.Invalid("write the path of a file")
    return Path(value)


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
"""Earlier names of keys; an error names the new one where it belongs, no alias is accepted."""


def renamed(new: str) -> str:
    """Return the error for a key that has another name now."""
    return f"this key is called `{new}` now"


BRIDGE: Final = vol.Schema(
    {
        vol.Required("id", msg="write an id that never changes, `bedroom` for example"): slug,
        vol.Optional("name"): text("write a name for people"),
        vol.Required("time_zone", msg="write an IANA time zone, `Europe/Berlin` for example"): zone,
        vol.Optional("journal", default="limber.db"): path_text,
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
TLS_FILES: Final = vol.Schema(
    {
        vol.Optional("ca_certificate"): path_text,
        vol.Inclusive(
            "client_certificate",
            "client",
            msg="give `client_certificate` and `client_key` together",
        ): path_text,
        vol.Inclusive(
            "client_key", "client", msg="give `client_certificate` and `client_key` together"
        ): path_text,
    }
)


def tls(value: object) -> Tls | None:
    """Check how the connection to the broker is secured; None for a connection without TLS."""
    if isinstance(value, bool):
        return Tls() if value else None
    for old, new in RENAMED_KEYS.items():
        if isinstance(value, dict) and old in value and new in TLS_FILES.schema:
            raise vol.Invalid(renamed(new), path=[old])
    try:
        return Tls(**TLS_FILES(value))
    except vol.Invalid as error:
        raise vol.Invalid(
            "write `true`, or `ca_certificate`, `client_certificate` and `client_key` with paths"
        ) from error


BROKER: Final = vol.Schema(
    {
        vol.Required("host", msg="write the name or address of your MQTT broker"): host,
        vol.Optional("port"): whole_number(1, 65535),
        vol.Optional("user"): text("write the user name, or leave `user` out"),
        vol.Optional("password"): text(
            "write the password in quotes, `!env_var NAME` or `!file PATH`"
        ),
        vol.Optional("tls", default=False): tls,
        vol.Optional("base_topic", default="limber"): base_topic,
    }
)
WEB: Final = vol.Schema(
    {
        vol.Optional("address", default="127.0.0.1"): address,
        vol.Optional("port", default=47801): whole_number(1, 65535),
    }
)
SENSOR: Final = vol.Schema(
    {
        vol.Required(
            "id", msg="write the sensor's number, the same as in its frames"
        ): whole_number(0, 2**32 - 1),
        vol.Required("source", msg=f"write {', '.join(SOURCES)}"): one_of(*SOURCES),
        vol.Required("placement", msg=f"write {', '.join(Placement)}"): one_of(*Placement),
        vol.Required("quantity", msg=f"write {', '.join(Quantity)}"): one_of(*Quantity),
        vol.Optional("side"): one_of(*Side),
    },
    extra=vol.ALLOW_EXTRA,
)
SLEEPER: Final = vol.Schema(
    {
        vol.Required("name", msg="write the name of who sleeps there"): text("write a name"),
        vol.Optional("id"): slug,
        vol.Required("sensors", msg="list at least one sensor"): vol.All(
            list, vol.Length(min=1), msg="list at least one sensor, each behind a dash"
        ),
    }
)
SECTIONS: Final = {
    name: source.section_schema
    for name, source in SOURCES.items()
    if source.section_schema is not None
}
TOP: Final = vol.Schema(
    {
        vol.Required("bridge", msg="add a section `bridge:` with `id` and `time_zone`"): dict,
        vol.Required("broker", msg="add a section `broker:` with `host`"): dict,
        vol.Required("sleepers", msg="add `sleepers:` with a name and sensors"): vol.All(
            list, vol.Length(min=1), msg="list at least one sleeper, behind a dash"
        ),
    }
    | {vol.Optional("retention", default=dict): dict}
    | {
        vol.Optional("web"): vol.Any(
            False, dict, msg="write `false`, or `address` and `port` below it"
        )
    }
    | {vol.Optional(name): dict for name in SECTIONS}
)


BELOW: Final = {"bridge": BRIDGE, "broker": BROKER, "retention": RETENTION, "web": WEB} | SECTIONS
"""What stands below the keys at the top, where those are no lists."""


class _Checker:
    """Collects every error of a document instead of stopping at the first."""

    def __init__(self, document: YamlDocument, *, connects: bool) -> None:
        self._document = document
        self.connects = connects
        """Whether the broker and the sensors are wanted."""
        self.errors: list[str] = []

    @property
    def folder(self) -> Path:
        """What relative paths are relative to."""
        return self._document.path.parent

    def fail(self, keys: Sequence[Any], message: str) -> None:
        """Note an error; of what should come from outside the file and is not there, that."""
        there = self._document.at(keys)
        self.errors.append(
            self._document.error(keys, there.mend if isinstance(there, MissingValue) else message)
        )

    def check(self, check: Callable[[Any], Any], value: object, keys: Keys) -> Any:  # noqa: ANN401 - a checked value
        """Return what a check makes of a value, None after noting its errors."""
        try:
            return check(value)
        except vol.MultipleInvalid as error:
            for one in error.errors:
                self.fail((*keys, *one.path), plain(one, check))
        except vol.Invalid as error:
            self.fail((*keys, *error.path), plain(error, check))
        return None


def plain(error: vol.Invalid, check: object) -> str:
    """Return a message of voluptuous in words that help."""
    if error.error_message == "extra keys not allowed" and isinstance(check, vol.Schema):
        known = sorted(str(key) for key in check.schema)
        known += (
            [str(key) for key in SENSOR.schema]
            if any(check is source.sensor_schema for source in SOURCES.values())
            else []
        )
        key = error.path[-1]
        if RENAMED_KEYS.get(str(key)) in known:
            return renamed(RENAMED_KEYS[str(key)])
        nearest = difflib.get_close_matches(str(error.path[-1]), known, 1)
        sections = [
            f"`{name}`" for name, one in BELOW.items() if check is TOP and key in one.schema
        ]
        if sections:
            return f"this belongs below {' or '.join(sections)}; indent it further than that"
        hint = f"did you mean `{nearest[0]}`?" if nearest else f"known are {', '.join(known)}"
        return f"this key is not known; {hint}"
    expected = re.fullmatch(r"expected (?:a )?(\w+)(?: for dictionary value)?", error.error_message)
    if expected:
        below = "keys with values below it, indented further"
        kinds = {"dict": below, "dictionary": below, "str": "a text"}
        return f"write {kinds.get(expected[1], expected[1])}"
    return str(error.error_message)


def look_at_broker(checker: _Checker, broker: dict[str, Any], folder: Path) -> None:
    """Look at what no key says alone; relative paths of `tls` become those below the folder."""
    if "password" in broker and "user" not in broker:
        checker.fail(("broker", "password"), "a password needs a `user` beside it")
    if broker["tls"] is not None:
        broker["tls"] = checker.check(
            lambda tls: usable(tls, folder), broker["tls"], ("broker", "tls")
        )


NOWHERE: Final = Broker("", 0, None, None, None, "")
"""Stands in a configuration whose reader does not connect."""


def read(path: Path, *, connects: bool = True) -> Config:
    """Return the configuration in a file; ConfigError with one line for each error in it.

    Who only looks into the journal does not connect, and needs no secret: what is the broker's, the
    page's and the sources' own is not looked at then, and not there.
    """
    document = load(path, spares=not connects)
    checker = _Checker(document, connects=connects)
    top = checker.check(TOP, document.data, ())
    if top is None:
        raise ConfigError(checker.errors)
    bridge = checker.check(BRIDGE, top["bridge"], ("bridge",))
    broker = checker.check(BROKER, top["broker"], ("broker",)) if connects else None
    retention = checker.check(RETENTION, top["retention"], ("retention",))
    web = checker.check(WEB, top.get("web") or {}, ("web",)) if connects else None
    sections = dict(sections_of(checker, top)) if connects else {}
    found = [
        sleeper_of(checker, value, ("sleepers", index))
        for index, value in enumerate(top["sleepers"])
    ]
    sleepers = [sleeper for sleeper in found if sleeper is not None]
    between(checker, top, sleepers)
    if broker is not None:
        look_at_broker(checker, broker, path.parent)
    if checker.errors or bridge is None or retention is None:
        raise ConfigError(checker.errors)
    return Config(
        bridge=bridge["id"],
        name=bridge.get("name", bridge["id"].replace("_", " ").capitalize()),
        calendar=Calendar(bridge["time_zone"], bridge["night_boundary"]),
        rules=RULE_SETS[bridge["rules"]],
        journal=path.parent / bridge["journal"],
        limits=RetentionLimits(
            retention.get("nights"),
            retention["size_mb"],
            retention["backups"],
            retention["raw_nights"],
            retention["raw_size_mb"],
        ),
        broker=NOWHERE if broker is None else broker_of(broker),
        web=None if top.get("web") is False or web is None else HealthEndpoint(**web),
        sections=sections,
        sleepers=tuple(sleepers),
        secrets=() if broker is None else tuple(secrets_of(document, broker["tls"])),
    )


def secrets_of(document: YamlDocument, tls: Tls | None) -> Iterator[Path]:
    """Yield the files that hold a password or a key: those that `!file` names, and the document if
    one is in it.
    """
    yield from document.files
    if tls is not None and tls.client_key is not None:
        yield tls.client_key
    sensors = [sensor for sleeper in document.data["sleepers"] for sensor in sleeper["sensors"]]
    held = [document.data["broker"].get("password"), *(sensor.get("key") for sensor in sensors)]
    if any(value is not None and not isinstance(value, ExternalValue) for value in held):
        yield document.path


def usable(tls: Tls, folder: Path) -> Tls:
    """Return the settings with their paths, which are relative to a folder; vol.Invalid if a file
    cannot be used.
    """
    files = (tls.ca_certificate, tls.client_certificate, tls.client_key)
    placed = Tls(*(None if file is None else folder / file for file in files))
    try:
        placed.context()
    except OSError as error:
        raise vol.Invalid(
            f"these files cannot be used ({error}); correct the paths or the files"
        ) from error
    return placed


def sections_of(checker: _Checker, top: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what the sources make of their sections."""
    for name, schema in SECTIONS.items():
        values = checker.check(schema, top[name], (name,)) if name in top else None
        if values is not None:
            yield name, SOURCES[name].make_settings(values)


def broker_of(values: Mapping[str, Any]) -> Broker:
    """Return the broker out of its checked section."""
    port = values.get("port", 8883 if values["tls"] else 1883)
    return Broker(
        values["host"],
        port,
        values.get("user"),
        values.get("password"),
        values["tls"],
        values["base_topic"],
    )


def sleeper_of(checker: _Checker, value: object, keys: Keys) -> Sleeper | None:
    """Return one sleeper; None after noting what is wrong."""
    values = checker.check(SLEEPER, value, keys)
    if values is None:
        return None
    if "id" not in values:
        checker.fail(keys, missing_id_message(values["name"]))
    listed = enumerate(values["sensors"])
    sensors = [sensor_of(checker, sensor, (*keys, "sensors", index)) for index, sensor in listed]
    legs = [
        sensor
        for sensor in sensors
        if sensor is not None and sensor.sensor.placement is not Placement.BED
    ]
    if len(legs) > 1 and any(sensor.sensor.side is None for sensor in legs):
        checker.fail(
            (*keys, "sensors"),
            "with more than one sensor on the legs, write `side: left` or `right` for each",
        )
    worn = [
        (sensor.sensor.quantity, sensor.sensor.placement, sensor.sensor.side)
        for sensor in sensors
        if sensor is not None
    ]
    if len(set(worn)) < len(worn):
        checker.fail(
            (*keys, "sensors"), "two sensors measure the same at the same placement; leave one out"
        )
    return Sleeper(
        values.get("id", ""),
        values["name"],
        tuple(sensor for sensor in sensors if sensor is not None),
    )


def sensor_of(checker: _Checker, value: object, keys: Keys) -> ConfiguredSensor | None:
    """Return one sensor; None after noting what is wrong."""
    values = checker.check(SENSOR, value, keys)
    if values is None:
        misspelt(checker, value, keys)
        return None
    ours = {str(key) for key in SENSOR.schema}
    rest = {key: entry for key, entry in values.items() if key not in ours}
    quantity = Quantity(values["quantity"])
    placement = Placement(values["placement"])
    if placement not in PLACEMENTS[quantity]:
        checker.fail(
            (*keys, "placement"),
            f"{quantity} is measured at {' or '.join(PLACEMENTS[quantity])}; write that",
        )
        return None
    if placement is Placement.BED and "side" in values:
        checker.fail((*keys, "side"), "a sensor at the bed has no side; leave it out")
        return None
    side = Side(values["side"]) if "side" in values else None
    source = SOURCES[values["source"]]
    sensor = Sensor(values["id"], quantity, placement, side)
    if not checker.connects:
        return ConfiguredSensor(values["source"], SensorRequest(sensor, None))
    checked = checker.check(source.sensor_schema, rest, keys)
    if checked is None:
        return None
    return ConfiguredSensor(
        values["source"], SensorRequest(sensor, source.make_options(checked, checker.folder))
    )


def misspelt(checker: _Checker, value: object, keys: Keys) -> None:
    """Note keys of a sensor that look like those it lacks."""
    lacking = [str(key) for key in SENSOR.schema if isinstance(value, dict) and key not in value]
    for key in value if isinstance(value, dict) else ():
        if RENAMED_KEYS.get(str(key)) in lacking:
            checker.fail((*keys, key), renamed(RENAMED_KEYS[str(key)]))
            continue
        nearest = (
            difflib.get_close_matches(str(key), lacking, 1) if key not in SENSOR.schema else []
        )
        if nearest:
            checker.fail((*keys, key), f"this key is not known; did you mean `{nearest[0]}`?")


def between(checker: _Checker, top: Mapping[str, Any], sleepers: Sequence[Sleeper]) -> None:
    """Note what is wrong between entries that are right by themselves."""
    seen: set[str | int] = set()
    for index, sleeper in enumerate(sleepers):
        if sleeper.id in seen:
            checker.fail(
                ("sleepers", index),
                f"another sleeper has the id `{sleeper.id}`; give one an `id` of its own",
            )
        seen.add(sleeper.id)
        for number, watched in enumerate(sleeper.sensors):
            if watched.sensor.id in seen:
                keys = ("sleepers", index, "sensors", number)
                checker.fail(
                    (*keys, "id"),
                    f"another sensor has the id {watched.sensor.id}; give each one of its own",
                )
            seen.add(watched.sensor.id)
    sensors = [watched for sleeper in sleepers for watched in sleeper.sensors]
    for name in sorted({watched.source for watched in sensors} & set(SECTIONS) - set(top)):
        checker.fail((), SOURCES[name].missing_section_help)
