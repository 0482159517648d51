"""Load limber.yaml into a `Config`.

The whole file is checked before anything starts. Every error names the line, the key and what to
write instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from limber_bridge.config.errors import ErrorCollector
from limber_bridge.config.ids import missing_id_message
from limber_bridge.config.model import (
    Broker,
    Config,
    ConfiguredSensor,
    HttpEndpoint,
    Sleeper,
    Tls,
)
from limber_bridge.config.schema import (
    BRIDGE,
    BROKER,
    RETENTION,
    SENSOR,
    SENSOR_KEYS,
    SLEEPER,
    SOURCE_SECTIONS,
    TOP_LEVEL,
    WEB,
)
from limber_bridge.config.yaml_loader import ConfigError, Keys, YamlDocument, load_yaml
from limber_bridge.detection.rules import RULE_SETS
from limber_bridge.detection.signal import PLACEMENTS, Placement, Quantity, Sensor, Side
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.domain.validators import ExternalValue
from limber_bridge.sources import SOURCES
from limber_bridge.sources.source_api import SensorRequest, Source

NO_SECTIONS_MESSAGE: Final = "write the sections of limber.yaml, for example `bridge:`"
PLACEHOLDERS: Final[dict[str, Any]] = {
    "bridge": {"id": "bridge", "time_zone": "UTC"},
    "broker": {"host": "localhost"},
    "sleepers": [],
}
"""The sections that every configuration needs, with what stands for one that is not set up yet."""
NO_BROKER: Final = Broker("", 0, None, None, None, "")
"""Placeholder in a configuration that was loaded with `journal_only`."""


def load_config(path: Path, *, journal_only: bool = False) -> Config:
    """Return the configuration in a file; ConfigError with one line for each error in it.

    `journal_only` is for commands that only read the journal and need no secret: the sections of
    the broker, the HTTP server and the sources are neither checked nor present in the result.
    """
    return _load(load_yaml(path, allow_missing_values=journal_only), journal_only=journal_only)


@dataclass(frozen=True, slots=True)
class SetupState:
    """How far a configuration is set up."""

    config: Config | None = None
    """The configuration, once it is complete and without errors."""
    draft: Config | None = None
    """What is there, with placeholders for what is missing; None where it has errors."""
    missing: tuple[str, ...] = ()
    """What is still to be set up: sections of limber.yaml, and `sensors`."""
    errors: tuple[str, ...] = ()
    """One line for each error in what is there."""


def check_setup(path: Path, text: str | None = None) -> SetupState:
    """Return how far a file is set up, where parts may be missing.

    `text` is what the file is to contain; None: what it contains, and a missing file contains
    nothing.
    """
    if text is None and is_missing(path):
        text = ""
    try:
        return _checked_setup(load_yaml(path, text=text))
    except ConfigError as error:
        return SetupState(errors=error.lines)


def is_missing(path: Path) -> bool:
    """Return whether there is no file; one in a folder that cannot be read is not missing."""
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def _checked_setup(document: YamlDocument) -> SetupState:
    """Return how far a document is set up; ConfigError."""
    given = document.data or {}
    if not isinstance(given, dict):
        raise ConfigError([document.error_line((), NO_SECTIONS_MESSAGE)])
    present = {key: value for key, value in given.items() if value is not None}
    missing = tuple(_missing_parts(present))
    if not missing:
        config = _load(document)
        return SetupState(config, config)
    filled = present | {
        name: with_placeholders(present.get(name), PLACEHOLDERS[name])
        for name in PLACEHOLDERS
        if name in missing
    }
    return SetupState(draft=_load(replace(document, data=filled), complete=False), missing=missing)


def with_placeholders(section: object, placeholders: Any) -> Any:  # noqa: ANN401 - a section
    """Return a section with placeholders for the keys that it needs and lacks."""
    if not isinstance(section, dict):
        return section or placeholders
    return placeholders | {key: value for key, value in section.items() if not is_left_out(value)}


def is_left_out(value: object) -> bool:
    """Return whether a value was left out, here or in the variable that it comes from."""
    return value is None or value == ""


def _missing_parts(sections: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a configuration lacks."""
    for name, needed in PLACEHOLDERS.items():
        section = sections.get(name)
        if not section or (
            isinstance(section, dict) and any(is_left_out(section.get(key)) for key in needed)
        ):
            yield name
    sleepers = sections.get("sleepers")
    if isinstance(sleepers, list) and sleepers and all(map(_lacks_sensors, sleepers)):
        yield "sensors"


def _lacks_sensors(sleeper: object) -> bool:
    return isinstance(sleeper, dict) and not sleeper.get("sensors", ())


def _load(document: YamlDocument, *, journal_only: bool = False, complete: bool = True) -> Config:
    """Return the configuration in a document; ConfigError.

    `complete`: False where the sleepers and their sensors may still be missing.
    """
    path = document.path
    collector = ErrorCollector(document)
    top = collector.check(TOP_LEVEL, document.data, ())
    if top is None:
        raise ConfigError(collector.errors)
    bridge = collector.check(BRIDGE, top["bridge"], ("bridge",))
    retention = collector.check(RETENTION, top["retention"], ("retention",))
    broker = None if journal_only else _load_broker(collector, top["broker"], path.parent)
    web = None if journal_only else _load_web(collector, top.get("web"))
    settings = {} if journal_only else dict(_load_source_settings(collector, top))
    sensor_folder = None if journal_only else path.parent
    sleepers = [
        _load_sleeper(collector, value, ("sleepers", index), sensor_folder)
        for index, value in enumerate(top["sleepers"])
    ]
    known_sleepers = tuple(sleeper for sleeper in sleepers if sleeper is not None)
    if complete:
        _check_complete(collector, top["sleepers"])
    _check_ids(collector, known_sleepers)
    _check_sections(collector, top, known_sleepers)
    if top.get("web") is False and not journal_only:
        _check_posts(collector, known_sleepers)
    if collector.errors:
        raise ConfigError(collector.errors)
    return Config(
        bridge=bridge["id"],
        name=bridge.get("name", bridge["id"].replace("_", " ").capitalize()),
        calendar=Calendar(bridge["time_zone"], bridge["night_boundary"]),
        rules=RULE_SETS[bridge["rules"]],
        journal=path.parent / bridge["journal"],
        retention=RetentionLimits(
            retention.get("nights"),
            retention["size_mb"],
            retention["backups"],
            retention["raw_nights"],
            retention["raw_size_mb"],
        ),
        broker=NO_BROKER if broker is None else broker,
        web=web,
        source_settings=settings,
        sleepers=tuple(sleeper for sleeper in known_sleepers if sleeper.sensors),
        without_sensors=tuple(sleeper for sleeper in known_sleepers if not sleeper.sensors),
        secrets=() if broker is None else tuple(_files_with_secrets(document, broker.tls)),
    )


def _load_broker(collector: ErrorCollector, section: object, folder: Path) -> Broker | None:
    """Return the broker; None after adding errors. TLS files are relative to `folder`."""
    values = collector.check(BROKER, without_empty_values(section), ("broker",))
    if values is None:
        return None
    if "password" in values and "user" not in values:
        collector.add(("broker", "password"), "add a `user`: a password alone has no effect")
    tls = values["tls"]
    if tls is not None:
        tls = collector.check(lambda value: _resolve_tls(value, folder), tls, ("broker", "tls"))
    return Broker(
        host=values["host"],
        port=values.get("port", 8883 if values["tls"] else 1883),
        user=values.get("user"),
        password=values.get("password"),
        tls=tls,
        base_topic=values["base_topic"],
    )


def without_empty_values(section: object) -> object:
    """Return a section without values from outside the file that are empty.

    A container sets all its variables, also that of a password which the broker does not ask for.
    """
    if not isinstance(section, dict):
        return section
    return {
        key: value
        for key, value in section.items()
        if value or not isinstance(value, ExternalValue)
    }


def _resolve_tls(tls: Tls, folder: Path) -> Tls:
    """Return TLS settings with paths relative to `folder`; vol.Invalid if a file is unusable."""
    files = (tls.ca_certificate, tls.client_certificate, tls.client_key)
    resolved = Tls(*(None if file is None else folder / file for file in files))
    try:
        resolved.create_context()
    except OSError as error:
        raise vol.Invalid(
            f"these files cannot be used ({error}); correct the paths or the files"
        ) from error
    return resolved


def _load_web(collector: ErrorCollector, section: object) -> HttpEndpoint | None:
    """Return the address of the HTTP server; None if it is switched off or has errors."""
    values = collector.check(WEB, section or {}, ("web",))
    return None if section is False or values is None else HttpEndpoint(**values)


def _load_source_settings(
    collector: ErrorCollector, top: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield the name and the settings of each source that has a section."""
    for name, schema in SOURCE_SECTIONS.items():
        values = collector.check(schema, top[name], (name,)) if name in top else None
        if values is not None:
            yield name, SOURCES[name].make_settings(values)


def _load_sleeper(
    collector: ErrorCollector, value: object, keys: Keys, folder: Path | None
) -> Sleeper | None:
    """Return one sleeper; None after adding errors. See `_load_sensor` for `folder`."""
    values = collector.check(SLEEPER, value, keys)
    if values is None:
        return None
    if "id" not in values:
        collector.add(keys, missing_id_message(values["name"]))
    loaded = [
        _load_sensor(collector, sensor, (*keys, "sensors", index), folder)
        for index, sensor in enumerate(values["sensors"])
    ]
    sensors = tuple(sensor for sensor in loaded if sensor is not None)
    _check_sensors_together(collector, [one.sensor for one in sensors], (*keys, "sensors"))
    return Sleeper(values.get("id", ""), values["name"], sensors)


def _check_sensors_together(
    collector: ErrorCollector, sensors: Sequence[Sensor], keys: Keys
) -> None:
    """Add errors about sensors of one sleeper that cannot be used together."""
    on_legs = [sensor for sensor in sensors if sensor.placement is not Placement.BED]
    if len(on_legs) > 1 and any(sensor.side is None for sensor in on_legs):
        collector.add(
            keys, "with several sensors on the legs, write `side: left` or `side: right` for each"
        )
    positions = [(sensor.quantity, sensor.placement, sensor.side) for sensor in sensors]
    if len(set(positions)) < len(positions):
        collector.add(
            keys, "two sensors measure the same quantity at the same placement; remove one"
        )


def _load_sensor(
    collector: ErrorCollector, value: object, keys: Keys, folder: Path | None
) -> ConfiguredSensor | None:
    """Return one sensor; None after adding errors.

    Paths in its options are relative to `folder`; None leaves the options of its source out.
    """
    values = collector.check(SENSOR, value, keys)
    if values is None:
        collector.check_sensor_spelling(value, keys)
        return None
    quantity = Quantity(values["quantity"])
    source = SOURCES[values["source"]]
    if folder is not None and quantity not in source.quantities:
        allowed = " or ".join(source.quantities)
        collector.add((*keys, "quantity"), f"write {allowed}: {values['source']} measures that")
        return None
    placement = Placement(values["placement"])
    if placement not in PLACEMENTS[quantity]:
        allowed = " or ".join(PLACEMENTS[quantity])
        collector.add((*keys, "placement"), f"write {allowed}: {quantity} is measured there")
        return None
    if placement is Placement.BED and "side" in values:
        collector.add((*keys, "side"), "remove `side`: a sensor at the bed has none")
        return None
    side = Side(values["side"]) if "side" in values else None
    sensor = Sensor(values["id"], quantity, placement, side)
    if folder is None:
        return ConfiguredSensor(values["source"], SensorRequest(sensor, None))
    own_keys = {key: entry for key, entry in values.items() if key not in SENSOR_KEYS}
    options = _load_options(collector, source, own_keys, keys, folder)
    request = SensorRequest(sensor, options)
    return None if options is None else ConfiguredSensor(values["source"], request)


def _load_options(
    collector: ErrorCollector, source: Source, own_keys: object, keys: Keys, folder: Path
) -> Any:  # noqa: ANN401 - every source has its own options
    """Return what a source makes of the keys that only its sensors have; None after errors."""
    checked = collector.check(source.sensor_schema, own_keys, keys)
    if checked is None:
        return None
    return collector.check(lambda value: source.make_options(value, folder), checked, keys)


def _check_complete(collector: ErrorCollector, sleepers: Sequence[object]) -> None:
    """Add an error where no sleeper, or no sensor, is configured.

    Beside a sleeper with sensors, another one may still have none.
    """
    if not sleepers:
        collector.add(("sleepers",), "list at least one sleeper, each after a dash")
    elif all(map(_lacks_sensors, sleepers)):
        collector.add(("sleepers", 0, "sensors"), "list at least one sensor, each after a dash")


def _check_ids(collector: ErrorCollector, sleepers: Sequence[Sleeper]) -> None:
    """Add an error for each id that is used twice."""
    sleeper_ids: set[str] = set()
    sensor_ids: set[int] = set()
    for index, sleeper in enumerate(sleepers):
        # A missing id has been reported already.
        if sleeper.id and sleeper.id in sleeper_ids:
            collector.add(
                ("sleepers", index),
                f"another sleeper has the id `{sleeper.id}`; write another `id`",
            )
        sleeper_ids.add(sleeper.id)
        for number, configured in enumerate(sleeper.sensors):
            if configured.sensor.id in sensor_ids:
                collector.add(
                    ("sleepers", index, "sensors", number, "id"),
                    f"another sensor has the id {configured.sensor.id}; write another `id`",
                )
            sensor_ids.add(configured.sensor.id)


def _check_sections(
    collector: ErrorCollector, top: Mapping[str, Any], sleepers: Sequence[Sleeper]
) -> None:
    """Add an error for each source that is used and whose section is missing."""
    used = {configured.source for sleeper in sleepers for configured in sleeper.sensors}
    for name in sorted(used & set(SOURCE_SECTIONS) - set(top)):
        collector.add((), SOURCES[name].missing_section_help)


def _check_posts(collector: ErrorCollector, sleepers: Sequence[Sleeper]) -> None:
    """Add an error for each sensor that needs the HTTP server, which is switched off."""
    for sleeper in sleepers:
        for configured in sleeper.sensors:
            source = SOURCES[configured.source]
            if source.receives_posts(configured.request.options):
                collector.add(
                    ("web",),
                    f"sensor {configured.sensor.id} posts over HTTP: write `address: 0.0.0.0` "
                    "instead of `false`, or let it send over MQTT",
                )


def _files_with_secrets(document: YamlDocument, tls: Tls | None) -> Iterator[Path]:
    """Yield the files that contain a password or a key.

    They are the files that `!file` names, the TLS key, and the document if a secret is in it.
    """
    yield from document.external_files
    if tls is not None and tls.client_key is not None:
        yield tls.client_key
    sensors = [sensor for sleeper in document.data["sleepers"] for sensor in sleeper["sensors"]]
    secrets = [
        document.data["broker"].get("password"),
        *(one.get(name) for one in sensors for name in ("key", "secret")),
    ]
    if any(value is not None and not isinstance(value, ExternalValue) for value in secrets):
        yield document.path
