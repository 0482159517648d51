"""The checked configuration, as the rest of the program sees it."""

import ssl
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import Sensor
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.sources import SOURCES
from limber_bridge.sources.source_api import SensorRequest


@dataclass(frozen=True, slots=True)
class Tls:
    """How the connection to the broker is encrypted."""

    ca_certificate: Path | None = None
    """Certificate of a private authority; None: use the system's authorities."""
    client_certificate: Path | None = None
    client_key: Path | None = None
    """Certificate and key of the bridge, for a broker that requires them."""

    def create_context(self) -> ssl.SSLContext:
        """Return the TLS context; OSError, which includes ssl.SSLError, if a file is unusable."""
        context = ssl.create_default_context(
            cafile=None if self.ca_certificate is None else str(self.ca_certificate)
        )
        if self.ca_certificate is not None:
            # Strict X.509 requires an extension on key usage that private authorities rarely have.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.client_certificate is not None:
            context.load_cert_chain(self.client_certificate, self.client_key)
        return context


@dataclass(frozen=True, slots=True)
class Broker:
    """The MQTT broker to connect to."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: Tls | None
    """None: no encryption."""
    base_topic: str
    """First levels of all topics."""


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """Where the HTTP server listens."""

    address: str
    port: int
    announce: bool = True
    """Announce the bridge by multicast DNS, if others can reach this address."""


@dataclass(frozen=True, slots=True)
class ConfiguredSensor:
    """One sensor and the source that reads it."""

    source: str
    """Key in `SOURCES`."""
    request: SensorRequest

    @property
    def sensor(self) -> Sensor:
        """The sensor itself."""
        return self.request.sensor


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A person and the sensors that observe them."""

    id: str
    """Part of topics, unique ids and the journal; it never changes."""
    name: str
    sensors: tuple[ConfiguredSensor, ...]

    @property
    def live(self) -> bool:
        """Whether any sensor measures the present; False: all of them play recordings."""
        return any(SOURCES[configured.source].live for configured in self.sensors)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything in limber.yaml."""

    bridge: str
    """Id of the bridge: part of topics and unique ids; it never changes."""
    name: str
    calendar: Calendar
    rules: RuleSet
    journal: Path
    retention: RetentionLimits
    """For the journal and the raw signal."""
    broker: Broker
    web: HttpEndpoint | None
    """Address of the HTTP server; None if it is switched off."""
    source_settings: Mapping[str, Any]
    """By source: what `Source.make_settings` returned for its section."""
    sleepers: tuple[Sleeper, ...]
    """Those with sensors."""
    secrets: tuple[Path, ...]
    """Files that contain a password or a key."""
    without_sensors: tuple[Sleeper, ...] = ()
    """Those whose sensors are still to be added; the bridge does nothing for them."""

    def unconfigured(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Return those of the sleeper ids that are not in this configuration."""
        configured = {sleeper.id for sleeper in (*self.sleepers, *self.without_sensors)}
        return tuple(one for one in ids if one not in configured)

    def world_readable_secrets(self) -> Iterator[str]:
        """Yield a warning for each file with a secret that every user of this machine can read."""
        for path in self.secrets:
            # Secrets mounted into a container are visible there only, whatever their mode.
            mounted = path.is_relative_to("/run/secrets")
            if not mounted and path.exists() and path.stat().st_mode & stat.S_IROTH:
                yield (
                    f"{path}: contains a secret and every user of this machine can read it; "
                    f"run `chmod o-r {path}`"
                )


def all_sensors(config: Config | None) -> Iterator[ConfiguredSensor]:
    """Yield the sensors of a configuration; None has none."""
    for sleeper in () if config is None else config.sleepers:
        yield from sleeper.sensors
