"""A real broker and a real bridge."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from house.broker import start_broker
from house.process import Program, free_port, start
from tests.bridge.examples import settings
from tests.needs import need


@dataclass
class Broker:
    """mosquitto, which can be killed and started again without its memory."""

    folder: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.program = start_broker(self.folder, self.port)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    need("mosquitto")
    started = Broker(tmp_path / "broker")
    yield started
    started.program.stop()


type StartBridge = Callable[..., Program]


@pytest.fixture
def start_bridge(tmp_path: Path) -> Iterator[StartBridge]:
    """Starts `limber run` with sensors, each a line of YAML; all that were started are ended."""
    with ExitStack() as ends:

        def begin(sensors: str, port: int, more: str = "") -> Program:
            path = tmp_path / "limber.yaml"
            path.write_text(settings(sensors, port=port, more=more))
            program = start("bridge", [need("limber"), "run", "--config", path], tmp_path / "bridge.log")
            ends.callback(program.stop)
            return program

        yield begin
