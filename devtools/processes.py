"""Programs that run during a test or demo and end with it."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

ROOT: Final = Path(__file__).resolve().parents[1]
SEARCHED: Final = (
    f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin:{ROOT / '.tools/venv/bin'}"
)
"""Search path for programs: this environment, the system's including servers, then the linters of
`script/setup app`."""
LOOPBACK: Final = "127.0.0.1"
PORTS: Final = range(20_000, 32_000)
"""Below the ports that Linux gives to outgoing connections (32768 and up, `ip_local_port_range`),
and above those of well-known services."""
LAST_PORT: Final = Path(tempfile.gettempdir()) / f"limber-ports-{os.getuid()}"
"""The port that was given out last, to any process of this user."""


class DevtoolError(Exception):
    """Something cannot be started; the text says what to do."""


def find(name: str) -> str | None:
    """Return the path of a program; None if it is not installed."""
    return shutil.which(name, path=SEARCHED)


def need(name: str) -> str:
    """Return the path of a program; DevtoolError if it is not installed."""
    found = find(name)
    if found is None:
        raise DevtoolError(f"{name} is not installed; script/setup says what to install")
    return found


def with_bytecode() -> dict[str, str]:
    """Return the environment for a program whose start is measured: Python keeps its bytecode."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def free_port(wanted: int = 0) -> int:
    """Return a port that is free for TCP and UDP on loopback, the wanted one if it is free.

    Tests run side by side, and a port is bound only some time after it was chosen. So ports are
    given out in turn, to all processes of this user, and none of them is one that the system gives
    to outgoing connections.
    """
    if wanted and _is_free(wanted):
        return wanted
    with LAST_PORT.open("a+") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        turn.seek(0)
        last = int(turn.read() or PORTS.start)
        port = next(port for port in _after(last) if _is_free(port))
        turn.truncate(0)
        turn.write(str(port))
        return port


def _after(last: int) -> Iterator[int]:
    """Yield all of `PORTS` once, beginning after the last one that was given out."""
    begin = last - PORTS.start + 1
    return (PORTS[(begin + step) % len(PORTS)] for step in range(len(PORTS)))


def _is_free(port: int) -> bool:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind((LOOPBACK, port))
            udp.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


class Process(Protocol):
    """What is needed of a `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def returncode(self) -> int | None:
        """Its exit status, as far as that was asked for; None while it runs."""

    def poll(self) -> int | None:
        """Return its exit status; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; `subprocess.TimeoutExpired` if it does not in time (s)."""

    def send_signal(self, sig: int, /) -> None:
        """Send a signal if it still runs."""

    def kill(self) -> None:
        """Kill it."""


@dataclass(frozen=True, slots=True)
class Program:
    """A running program and its log."""

    name: str
    process: Process
    log: Path

    @property
    def runs(self) -> bool:
        """Whether it is still running."""
        return self.process.poll() is None

    def tail(self, lines: int = 12) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self) -> None:
        """Kill it, as a power failure would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Terminate it, and kill it after ten seconds."""
        if self.runs:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


def start(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
) -> Program:
    """Start a program that writes to a log; `environment` is added to this process' own.

    It does not receive Ctrl-C, because its owner stops it.
    """
    with log.open("ab") as out:
        surroundings = os.environ | {
            "PATH": SEARCHED,
            "PYTHONPATH": str(ROOT / "bridge"),
            "PYTHONUNBUFFERED": "1",
        }
        process = subprocess.Popen(
            [str(word) for word in command],
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env=surroundings | dict(environment or {}),
            start_new_session=True,
        )
    return Program(name, process, log)
