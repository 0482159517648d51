"""A real broker and a real bridge."""

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
    """mosquitto, which can be killed and started again without its memory."""

    folder: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.program = start_broker(self.folder, self.port)


def mosquitto(folder: Path, port: int, *lines: str) -> Program:
    """A broker with settings of its own."""
    # Started by root it would become another user, who may not read the folder.
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
    """Starts `limber run` with sensors, each a line of YAML, or with a whole configuration; ends
    all it started."""
    with ExitStack() as ends:

        def begin(sensors: str, port: int | None = None, more: str = "") -> Program:
            path = tmp_path / "limber.yaml"
            path.write_text(sensors if port is None else settings(sensors, port=port, more=more))
            program = start(
                "bridge", [need("limber"), "run", "--config", path], tmp_path / "bridge.log"
            )
            ends.callback(program.stop)
            return program

        yield begin
