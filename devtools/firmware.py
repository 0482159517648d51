"""Compile the ESPHome firmware for this machine, with simulated chips, and run it.

`tests/firmware/programs` has the configurations, `tests/firmware/components` the chips. A program
is compiled once and kept in `.esphome/programs` until one of its sources changes.
"""

import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from devtools.network_sensor import leg
from devtools.processes import LOOPBACK, ROOT, DevtoolError, Program, free_port, start

ESPHOME: Final = ROOT / ".venv-firmware/bin/esphome"
CONFIGURATIONS: Final = ROOT / "tests/firmware/programs"
PROGRAMS: Final = ROOT / ".esphome/programs"
COMPONENTS: Final = (ROOT / "firmware/esphome/components", ROOT / "tests/firmware/components")
KEY: Final = b"a secret of the ankle"
"""Key in the configurations."""
BUILD_PATIENCE: Final = 300.0
"""s that a compilation may take."""
COMMAND_PATIENCE: Final = 1.0
"""s to wait for the answer to a command, before it is sent again."""
SIGNAL_RATE: Final = 100.0
"""Hz of the file that the simulated chips measure; they interpolate."""


def source_digest(configuration: Path) -> str:
    """Return a hash of everything that a program is compiled from."""
    digest = hashlib.sha256((ROOT / "firmware/uv.lock").read_bytes())
    sources = [path for folder in COMPONENTS for path in folder.rglob("*") if is_source(path)]
    for path in [configuration, *sorted(sources)]:
        digest.update(f"{path.relative_to(ROOT)} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def is_source(path: Path) -> bool:
    """Return whether a file is compiled or decides what is compiled."""
    return path.is_file() and path.suffix in {".py", ".h", ".cpp", ".yaml"}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock among processes for as long as the context lasts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(name: str) -> Path:
    """Return the program of a configuration, compiled if needed; DevtoolError if that fails."""
    configuration = CONFIGURATIONS / f"{name}.yaml"
    with locked(PROGRAMS / f"{name}.lock"):
        program = PROGRAMS / f"{name}-{source_digest(configuration)}"
        if not program.exists():
            compiled = compile_configuration(configuration)
            for old in PROGRAMS.glob(f"{name}-*"):
                old.unlink()
            shutil.copy2(compiled, program.with_suffix(".part"))
            program.with_suffix(".part").rename(program)
    return program


def compile_configuration(configuration: Path) -> Path:
    """Compile a configuration and return the program; DevtoolError if that fails."""
    if not ESPHOME.exists():
        raise DevtoolError("ESPHome is not installed: run script/setup firmware")
    environment = os.environ | {"PATH": f"{ESPHOME.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [ESPHOME, "compile", configuration],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_PATIENCE,
    )
    if done.returncode:
        output = (done.stdout + done.stderr)[-4000:]
        raise DevtoolError(f"{configuration} does not compile:\n{output}")
    board = f"limber-{configuration.stem.replace('_', '-')}"
    return configuration.parent / ".esphome/build" / board / ".pioenvs" / board / "program"


def build_all(names: Iterable[str]) -> None:
    """Compile several configurations, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(build, names))


def irregular_kicks(first: float, seconds: float, seed: int = 1) -> list[tuple[float, float]]:
    """Return (onset, duration) in s of kicks that are not a rhythm, 4 to 9 s apart."""
    rng = np.random.default_rng(seed)
    found: list[tuple[float, float]] = []
    onset = first
    while onset < seconds - 3.0:
        found.append((round(onset, 2), float(rng.choice([1.0, 1.5, 2.0]))))
        onset += rng.uniform(4.0, 9.0)
    return found


def write_signal(path: Path, seconds: float, kicks: list[tuple[float, float]]) -> None:
    """Write what the chips of an ankle measure; `kicks`: (onset, duration) in s."""
    signal = leg(0.0, seconds, kicks, rate=SIGNAL_RATE)
    path.write_bytes(np.ascontiguousarray(signal.T).astype("<f4").tobytes())


@dataclass(frozen=True, slots=True)
class MeasuredSignal:
    """A file with acceleration over time, and when it begins."""

    file: Path
    began: float
    """Time of the first row, in s of Unix time."""
    rate: float = SIGNAL_RATE

    @property
    def environment(self) -> dict[str, str]:
        """Environment that makes the simulated chips measure it."""
        return {
            "FAKE_SIGNAL_FILE": str(self.file),
            "FAKE_SIGNAL_RATE": str(self.rate),
            "FAKE_SIGNAL_START": repr(self.began),
        }


@dataclass(slots=True)
class Device:
    """A compiled firmware that runs on this machine, as a device with simulated chips.

    It can be stopped and started again, which is a restart of the device.
    """

    name: str
    """Of the configuration."""
    folder: Path
    """For its log and its stored preferences."""
    environment: Mapping[str, str] = field(default_factory=dict)
    control_port: int = field(default_factory=free_port)
    _program: Program | None = None

    def start(self) -> None:
        """Switch the device on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        chosen = {
            "FAKE_CONTROL_PORT": str(self.control_port),
            # ESPHome stores its preferences below the home folder.
            "HOME": str(self.folder),
        }
        self._program = start(
            self.name, [build(self.name)], self.log, environment=chosen | dict(self.environment)
        )

    @property
    def log(self) -> Path:
        """File with what the firmware logs."""
        return self.folder / f"{self.name}.log"

    @property
    def program(self) -> Program:
        """The running process."""
        if self._program is None:
            raise DevtoolError(f"the device {self.name} was not started")
        return self._program

    def stop(self) -> None:
        """Switch the device off, as if its power failed."""
        if self._program is not None:
            self._program.kill()

    def command(self, text: str, patience: float = 10.0) -> Any:  # noqa: ANN401 - JSON
        """Send a command to the simulated chips and return their report; DevtoolError if none.

        The commands are described in `fake_bus.h`.
        """
        until = time.monotonic() + patience
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.settimeout(patience if text.startswith("block") else COMMAND_PATIENCE)
            while time.monotonic() < until and self.program.runs:
                sender.sendto(text.encode(), (LOOPBACK, self.control_port))
                try:
                    return json.loads(sender.recv(65536))
                except OSError:
                    # It does not listen yet: its setup takes a moment.
                    time.sleep(0.05)
        raise DevtoolError(f"the firmware does not answer:\n{self.program.tail()}")


if __name__ == "__main__":
    for built in sys.argv[1:]:
        print(build(built))
