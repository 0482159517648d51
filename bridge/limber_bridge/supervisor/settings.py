"""What limber.yaml takes from the environment in a container: the broker and the time zone."""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from limber_bridge.supervisor.api import MqttService, Supervisor, SupervisorError

LOG: Final = logging.getLogger(__name__)

DEFAULT_BROKER: Final = MqttService("core-mosquitto", 1883)
"""The host name of the app Mosquitto broker, used until the Supervisor knows a broker."""
DEFAULT_TIME_ZONE: Final = "UTC"
ANSWER_PATIENCE_S: Final = 30.0
"""s to wait at the start for a Supervisor that does not answer. chosen: it restarts in less."""
RETRY_S: Final = 2.0
"""s between two attempts at the start."""
WATCH_INTERVAL_S: Final = 60.0
"""s between two looks for another broker, password or time zone. chosen: a person who has changed
the password waits no longer, and the Supervisor is asked rarely."""
NO_BROKER: Final = (
    "Home Assistant has no MQTT broker yet (%s): install the app Mosquitto broker and start it; "
    "the bridge records without it, and connects within a minute after the broker has started"
)


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    """What the Supervisor knows."""

    broker: MqttService
    time_zone: str
    """IANA name."""
    host: str = ""
    """Name of this machine in the network of the home; empty if unknown. The container has another
    name and address, which phones cannot reach."""

    def environment(self) -> dict[str, str]:
        """Return the variables that the first limber.yaml of a container names, and `LIMBER_HOST`.

        The value of what does not apply is empty, which counts as left out.
        """
        return {
            "LIMBER_TIME_ZONE": self.time_zone,
            "LIMBER_MQTT_HOST": self.broker.host,
            "LIMBER_MQTT_PORT": str(self.broker.port),
            "LIMBER_MQTT_TLS": "true" if self.broker.ssl else "false",
            "LIMBER_MQTT_USER": self.broker.username or "",
            "LIMBER_MQTT_PASSWORD": self.broker.password or "",
            "LIMBER_HOST": self.host,
        }


def environment_defaults(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that are missing in a container without a Supervisor.

    Those of the broker are set by who runs the container, and the time zone by `TZ`. `TZ` that is
    no time zone is an error of limber.yaml, as the variable is named there.
    """
    defaults = {
        "LIMBER_MQTT_PORT": "",
        "LIMBER_MQTT_TLS": "false",
        "LIMBER_MQTT_USER": "",
        "LIMBER_MQTT_PASSWORD": "",
    }
    if environment.get("TZ"):
        defaults["LIMBER_TIME_ZONE"] = environment["TZ"]
    return {name: value for name, value in defaults.items() if name not in environment}


def ask_supervisor(supervisor: Supervisor, fallback_zone: str) -> ContainerSettings:
    """Return what the Supervisor knows; SupervisorError if it does not answer.

    Without a broker, `DEFAULT_BROKER` stands in for it. `fallback_zone` is used if the Supervisor
    names no time zone.
    """
    info = supervisor.system_info()
    zone = checked_zone(info.timezone, fallback_zone)
    try:
        broker = supervisor.mqtt_service()
    except SupervisorError as error:
        LOG.warning(NO_BROKER, error)
        broker = DEFAULT_BROKER
    return ContainerSettings(broker, zone, local_name(info.hostname))


def local_name(hostname: str | None) -> str:
    """Return the name under which a machine announces itself by multicast DNS; empty without one.

    A name that is not one label of a host name (RFC 1123) counts as unknown.
    """
    if hostname is None or not re.fullmatch(
        r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", hostname
    ):
        return ""
    return f"{hostname.lower()}.local"


def checked_zone(zone: str | None, fallback: str) -> str:
    """Return a time zone that exists here."""
    for candidate in (zone, fallback):
        try:
            return str(ZoneInfo(candidate or ""))
        except ValueError, OSError, KeyError:
            continue
    LOG.warning("no usable time zone from the Supervisor: set it in Home Assistant; using UTC")
    return DEFAULT_TIME_ZONE


def wait_for_settings(
    supervisor: Supervisor,
    fallback_zone: str,
    *,
    patience_s: float = ANSWER_PATIENCE_S,
    sleep: Callable[[float], None] = time.sleep,
) -> ContainerSettings:
    """Return what the Supervisor knows, or defaults if it does not answer for `patience_s`."""
    end = time.monotonic() + patience_s
    while True:
        try:
            return ask_supervisor(supervisor, fallback_zone)
        except SupervisorError as error:
            if time.monotonic() >= end:
                LOG.warning("%s; starting without it", error)
                zone = checked_zone(fallback_zone, DEFAULT_TIME_ZONE)
                return ContainerSettings(DEFAULT_BROKER, zone)
        sleep(RETRY_S)


class SettingsWatch:
    """Look for changed settings, and call a function with them."""

    def __init__(
        self,
        supervisor: Supervisor,
        in_use: ContainerSettings,
        on_change: Callable[[ContainerSettings], None],
        interval_s: float | None = None,
    ) -> None:
        """Prepare; `on_change` is called in the thread of the watch, once for each change.

        `interval_s`: None for `WATCH_INTERVAL_S`.
        """
        self._supervisor = supervisor
        self._in_use = in_use
        self._on_change = on_change
        self._interval_s = WATCH_INTERVAL_S if interval_s is None else interval_s
        self._stopped = threading.Event()

    def start(self) -> None:
        """Look for changes in a thread of its own, which does not keep the process alive."""
        threading.Thread(target=self._watch, name="supervisor", daemon=True).start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(self._interval_s):
            found = self._changed()
            if found is not None:
                self._in_use = found
                self._on_change(found)

    def _changed(self) -> ContainerSettings | None:
        """Return what the Supervisor knows, if it differs from what is in use.

        A broker or a Supervisor that is away for a while changes nothing: the bridge reconnects.
        """
        try:
            broker = self._supervisor.mqtt_service()
            info = self._supervisor.system_info()
        except SupervisorError as error:
            LOG.debug("%s", error)
            return None
        zone = checked_zone(info.timezone, self._in_use.time_zone)
        found = ContainerSettings(broker, zone, local_name(info.hostname))
        return None if found == self._in_use else found
