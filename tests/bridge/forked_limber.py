"""`limber` as a fork of a process that has imported it: three quarters of a start are imports.

Each is a process of its own with its output, environment and signals, but its command line is that
of the fork server. That the installed program starts is tested with the installed program.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

from devtools.processes import SEARCHED, Program

SERVER: Final = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    [
        __name__,
        "limber_bridge.cli",
        "limber_bridge.daemon.bridge",
        "limber_bridge.web.serving",
    ]
)


@dataclass(frozen=True, slots=True)
class ForkedProcess:
    """What is needed of a `subprocess.Popen`."""

    process: ForkServerProcess

    @property
    def pid(self) -> int:
        """Its number."""
        assert self.process.pid is not None
        return self.process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit status; None while it runs."""
        return self.process.exitcode

    def poll(self) -> int | None:
        """Return its exit status; None while it runs."""
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; `subprocess.TimeoutExpired` if it does not in time (s)."""
        self.process.join(timeout)
        status = self.process.exitcode
        if status is None:
            raise subprocess.TimeoutExpired("limber", timeout or 0.0)
        return status

    def send_signal(self, sig: int) -> None:
        """Send a signal if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Start:
    """How a fork starts."""

    words: tuple[str, ...]
    """Arguments of `limber`."""
    output: Path
    """Both outputs are added to these files, which may be one."""
    errors: Path
    folder: Path
    environment: Mapping[str, str]
    heartbeat_s: float | None = None
    """Time between two publications of the status; None: that of the bridge."""


def run(start: Start) -> None:
    """Run `limber` in this process, until it ends."""
    # In the fork only.
    from limber_bridge.cli import main  # noqa: PLC0415
    from limber_bridge.daemon.mqtt_connection import DEFAULT_TIMING  # noqa: PLC0415

    os.setsid()
    if start.heartbeat_s is not None:
        object.__setattr__(DEFAULT_TIMING, "heartbeat_interval_s", start.heartbeat_s)
    os.chdir(start.folder)
    os.environ.clear()
    os.environ.update(start.environment)
    time.tzset()
    for number, path in enumerate((Path(os.devnull), start.output, start.errors)):
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT if number else os.O_RDONLY
        opened = os.open(path, flags, 0o666)
        os.dup2(opened, number)
        os.close(opened)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["limber", *start.words]
    sys.exit(main(start.words))


def begun(start: Start) -> ForkedProcess:
    """Fork."""
    process = SERVER.Process(target=run, args=(start,), daemon=True)
    process.start()
    return ForkedProcess(process)


def start_limber(
    *words: str | Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    heartbeat_s: float | None = None,
) -> Program:
    """Start `limber`, as `devtools.processes.start` starts a program."""
    # A test may read it before the fork has opened it.
    log.touch()
    surroundings = os.environ | {"PATH": SEARCHED} | dict(environment or {})
    start = Start(tuple(map(str, words)), log, log, Path.cwd(), surroundings, heartbeat_s)
    return Program("bridge", begun(start), log)


def run_limber(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `limber` to its end, as `subprocess.run` runs a program and captures its output."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        errors = Path(folder) / "errors"
        status = begun(Start(words, output, errors, cwd, dict(os.environ))).wait(180)
        return subprocess.CompletedProcess(
            ["limber", *words], status, output.read_text(), errors.read_text()
        )
