"""Fixtures: a real broker and a real bridge."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devtools.broker import start_broker, wait_for_port
from devtools.processes import LOOPBACK, Program, free_port, start
from tests.bridge.examples import settings
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
    """
    with ExitStack() as stack:

        def begin(sensors: str, port: int | None = None, more: str = "") -> Program:
            path = tmp_path / "limber.yaml"
            path.write_text(sensors if port is None else settings(sensors, port=port, more=more))
            program = start(
                "bridge", [need("limber"), "run", "--config", path], tmp_path / "bridge.log"
            )
            stack.callback(program.stop)
            return program

        yield begin
