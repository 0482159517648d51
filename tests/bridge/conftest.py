"""Fixtures: a real broker, a real bridge, and the monitor of one sleeper."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devtools.broker import start_broker, wait_for_port
from devtools.processes import LOOPBACK, Program, free_port, start
from tests.bridge.examples import config, local, settings
from tests.bridge.forked_limber import start_limber
from tests.bridge.monitor_driver import CELLS, LISTEN, LIVE, Driver
from tests.required_programs import need


@dataclass
class Broker:
    """mosquitto, which a test can kill and start again with an empty store."""

    folder: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.program = start_broker(self.folder, self.port)


def mosquitto(folder: Path, port: int, *lines: str) -> Program:
    """Start a broker with additional lines in its configuration."""
    # Started as root, mosquitto changes to a user that may not read the folder.
    user = ["user root"] if os.geteuid() == 0 else []
    (folder / "mosquitto.conf").write_text(
        "\n".join([f"listener {port} {LOOPBACK}", *lines, *user, ""])
    )
    program = start(
        "mosquitto", [need("mosquitto"), "-c", folder / "mosquitto.conf"], folder / "mosquitto.log"
    )
    wait_for_port(program, port)
    return program


@pytest.fixture(autouse=True)
def same_umask() -> Iterator[None]:
    """Undo what a command that runs in the process of the tests sets: others would inherit it."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    need("mosquitto")
    started = Broker(tmp_path / "broker")
    yield started
    started.program.stop()


type StartBridge = Callable[..., Program]


@pytest.fixture
def start_bridge(tmp_path: Path) -> Iterator[StartBridge]:
    """Return a function that starts `limber run`; all of them are stopped after the test.

    Its argument is a whole configuration or, with a port of the broker, one YAML line per sensor.
    `installed`: the installed program instead of a fork of it. `heartbeat_s`: of a fork, the time
    between two publications of its status, if it is not that of the bridge.
    """
    with ExitStack() as stack:

        def begin(
            sensors: str,
            port: int | None = None,
            more: str = "",
            *,
            installed: bool = False,
            heartbeat_s: float | None = None,
        ) -> Program:
            path = tmp_path / "limber.yaml"
            path.write_text(sensors if port is None else settings(sensors, port=port, more=more))
            log = tmp_path / "bridge.log"
            if installed:
                program = start("bridge", [need("limber"), "run", "--config", path], log)
            else:
                program = start_limber("run", "--config", path, log=log, heartbeat_s=heartbeat_s)
            stack.callback(program.stop)
            return program

        yield begin


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a journal that tests of the web pages copy."""
    return tmp_path_factory.mktemp("web")


@pytest.fixture
def sleeper(tmp_path: Path) -> Driver:
    """A sleeper with a sensor at an ankle, in the evening."""
    return Driver(config(tmp_path, LIVE, more=LISTEN), local("2026-11-21T22:00"))


@pytest.fixture
def bed(tmp_path: Path) -> Driver:
    """A sleeper with load cells under the bed, in the evening."""
    return Driver(config(tmp_path, CELLS, more=LISTEN), local("2026-11-21T22:00"))
