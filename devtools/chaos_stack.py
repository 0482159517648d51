"""The programs of `script/chaos`: a broker, a disturbed bridge, an undisturbed one, and a client.

Faults change them through the methods of `ChaosStack`: they kill and start programs, change the
options of the broker, the environment of the disturbed bridge, and its clock.
"""

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from devtools.clock_steps import ClockSteps
from devtools.fast_clock import FastClock
from devtools.fault_shim import FaultControl
from devtools.processes import DevtoolError, Program, free_port, need, start
from devtools.random_sleepers import KEY

SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: Europe/Berlin, journal: {journal}}}
broker: {{host: 127.0.0.1, port: {broker}}}
retention: {{raw_nights: 0}}
network: {{address: 127.0.0.1, port: {sensor}}}
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {{id: 1, source: network, placement: ankle, side: left, quantity: acceleration, key: {key}}}
      - {{id: 2, source: network, placement: ankle, side: right, quantity: acceleration,
          key: {key}}}
"""
RIGHTS: Final = "topic readwrite #\n"
NO_RIGHTS: Final = "topic read #\n"
DISK_MB: Final = 6
"""Size of the journal's disk: large enough for a short night with its backups, and full soon."""
DISK_MB_PER_MINUTE: Final = 1
"""More for a longer run, whose journal and backups grow. Without it the disk of an hour is full for
good, and a bridge that is killed then loses what no disk has accepted."""
MIN_CLOCK_STEP_S: Final = 2.0
"""s; the bridge does not treat a smaller change as a clock step but corrects it slowly."""


SERVER_PORTS: Final = range(20_000, 30_000)
"""Below the ports that Linux gives to clients: one that connects to a server that is just away may
otherwise be given the port of the server, and keep it."""


def server_port() -> int:
    """Return a free port for a server."""
    return free_port(random.choice(SERVER_PORTS))  # noqa: S311 - no secret


@dataclass(slots=True)
class ChaosStack:
    """The running programs, and how to start each again."""

    folder: Path
    clock: FastClock
    broker_port: int = field(default_factory=server_port)
    proxy_port: int = field(default_factory=server_port)
    sensor_port: int = field(default_factory=server_port)
    calm_port: int = field(default_factory=server_port)
    running: dict[str, Program] = field(default_factory=dict)
    shifts: ClockSteps = field(default_factory=ClockSteps)
    """By how much the clock of the disturbed bridge was wrong, and when."""
    bridge_environment: dict[str, str] = field(default_factory=dict)
    """Added to the environment of the disturbed bridge at its next start."""
    shim: FaultControl | None = None
    """Lets calls of the disturbed bridge fail, and sets its clock; None without a C compiler."""

    @property
    def disk(self) -> Path:
        """Folder of the journal of the disturbed bridge."""
        return self.folder / "disk"

    @property
    def journal(self) -> Path:
        """Journal of the disturbed bridge."""
        return self.disk / "limber.db"

    @property
    def calm_journal(self) -> Path:
        """Journal of the undisturbed bridge."""
        return self.folder / "calm.db"

    def start(self, name: str) -> None:
        """Start one of the programs."""
        environment = self.bridge_environment if name == "bridge" else {}
        log = self.folder / f"{name}.log"
        self.running[name] = start(name, self._command(name), log, environment=environment)

    def _command(self, name: str) -> Sequence[str | Path]:
        match name:
            case "broker":
                return [need("mosquitto"), "-c", self.folder / "mosquitto.conf"]
            case "consumer":
                port = str(self.broker_port)
                file = self.folder / "consumer.db"
                return [sys.executable, "-m", "devtools.mqtt_consumer", port, file]
            case _:
                settings = self.folder / f"{name}.yaml"
                clock = str(self.clock if name == "calm" else self._clock)
                limber = [sys.executable, "-m", "devtools.fast_clock", clock]
                return [*limber, "run", "--config", settings]

    @property
    def _clock(self) -> FastClock:
        """The clock of the disturbed bridge."""
        return replace(self.clock, wrong=self.folder / "clock")

    def set_clock(self, ahead: float) -> None:
        """Set the clock of the disturbed bridge to `ahead` s ahead of true time.

        A small change is skipped, because the bridge does not treat it as a clock step.
        """
        if abs(ahead - self.shifts.ahead) < MIN_CLOCK_STEP_S:
            return
        self._clock.put(ahead)
        if self.shim is not None:
            self.shim.set_clock(ahead)
        self.shifts.note(self.clock.now(), ahead)
        with (self.folder / "clock.log").open("a") as log:
            log.write(f"{self.clock.now():.2f} {ahead:+.2f}\n")

    def write(self) -> None:
        """Write the configuration files, and compile what lets calls fail."""
        with suppress(DevtoolError):
            self.shim = FaultControl(self.folder, self.disk)
            self.bridge_environment |= self.shim.environment
        self._clock.put(0.0)
        (self.folder / "rights").write_text(RIGHTS)
        self.write_broker_options()
        for name, journal, broker, sensor in (
            ("bridge", self.journal, self.proxy_port, self.sensor_port),
            ("calm", self.calm_journal, 1, self.calm_port),
        ):
            text = SETTINGS.format(journal=journal, broker=broker, sensor=sensor, key=KEY.decode())
            (self.folder / f"{name}.yaml").write_text(text)

    def write_broker_options(self, *options: str) -> None:
        """Write the configuration of the broker with some more lines; it applies at its start."""
        lines = [
            f"listener {self.broker_port} 127.0.0.1",
            "allow_anonymous true",
            "persistence false",
            f"acl_file {self.folder}/rights",
            *(["user root"] if os.geteuid() == 0 else []),
            *options,
        ]
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def restart_broker(self, *options: str) -> None:
        """Kill the broker and start it with some more lines of configuration."""
        self.running["broker"].kill()
        self.write_broker_options(*options)
        self.start("broker")

    def rights(self, text: str) -> None:
        """Change the access rights on the broker."""
        (self.folder / "rights").write_text(text)
        with suppress(ProcessLookupError):
            self.running["broker"].process.send_signal(1)

    def stop(self) -> None:
        """Stop all programs, the client first.

        What the bridge publishes when it stops is requested later.
        """
        for name in ("consumer", "bridge", "calm", "broker"):
            if name in self.running:
                self.running[name].stop()

    def revive(self) -> None:
        """Start every program that is not running."""
        for name in ("broker", "bridge", "consumer"):
            if not self.running[name].runs:
                self.start(name)


def disk_mb(seconds: float) -> int:
    """Return how large the disk of a run of that length is, in MB."""
    return DISK_MB + round(DISK_MB_PER_MINUTE * seconds / 60)


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[bool]:
    """Mount a small file system on a folder, if possible; yield whether it is mounted."""
    folder.mkdir()
    options = f"size={size_mb}m"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "limber-chaos", folder],
        capture_output=True,
        check=False,
    )
    try:
        yield not made.returncode
    finally:
        if not made.returncode:
            subprocess.run(["umount", "-l", folder], check=False)


def is_bound(port: int) -> bool:
    """Return whether a program listens for datagrams on a port."""
    return any(
        int(line.split()[1].split(":")[1], 16) == port
        for line in Path("/proc/net/udp").read_text().splitlines()[1:]
    )
