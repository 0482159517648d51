"""`limber run` before limber.yaml is complete, and how it follows the file after that."""

import json
import signal
import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from devtools.processes import LOOPBACK, Program, free_port
from limber_bridge.config import editor
from limber_bridge.config.yaml_text import Value
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import settings
from tests.bridge.forked_limber import start_limber
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, STATE, STATUS, listen_on, online, wait_for
from tests.bridge.sending_devices import Device, sending

type StartAsApp = Callable[[], Program]


@pytest.fixture
def start_as_app(tmp_path: Path) -> Iterator[StartAsApp]:
    """Return a function that starts `limber run` as the app does, whatever is in the file."""
    programs: list[Program] = []

    def begin() -> Program:
        program = start_limber(
            "run",
            "--config",
            tmp_path / "limber.yaml",
            log=tmp_path / "bridge.log",
            environment={"LIMBER_SETUP": "1"},
        )
        programs.append(program)
        return program

    yield begin
    for program in programs:
        program.stop()


def health(port: int) -> dict[str, Any]:
    """Return what `GET /health` answers; an empty answer while nothing listens."""
    with suppress(OSError):
        address = f"http://{LOOPBACK}:{port}/health"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return dict(json.load(answer))
    return {}


def reload(program: Program) -> None:
    program.process.send_signal(signal.SIGHUP)


def test_a_missing_file_starts_only_the_pages_and_a_complete_one_the_bridge(
    tmp_path: Path, broker: Broker, start_as_app: StartAsApp
) -> None:
    path = tmp_path / "limber.yaml"
    web_port = free_port()
    sensor_port = free_port()
    # Only the address of the pages is known, as another bridge may run on this machine.
    path.write_text(f"web: {{port: {web_port}}}\n")
    bridge = start_as_app()
    wait_for(lambda: health(web_port) != {})
    assert (health(web_port)["live"], health(web_port)["healthy"]) == (True, False)
    assert sorted(one.name for one in tmp_path.iterdir() if "limber" in one.name) == ["limber.yaml"]
    log = bridge.log.read_text()
    assert "is not complete (bridge, broker, sleepers)" in log
    assert "Traceback" not in log
    with Listener(broker.port) as listener:
        more = f"web: {{port: {web_port}}}\n{listen_on(sensor_port)}"
        path.write_text(settings(ANKLE, port=broker.port, more=more))
        reload(bridge)
        listener.wait(online)
        assert "sleepers" in health(web_port)
        with sending(sensor_port, {1: Device()}):
            listener.wait(lambda one: one.topic == STATE and one.json["sensors"]["1"]["connected"])


def test_without_a_file_and_without_a_page_the_bridge_says_so_and_ends(
    tmp_path: Path, start_as_app: StartAsApp
) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "limber.yaml").write_text(f"web: {{port: {port}}}\n")
        bridge = start_as_app()
        wait_for(lambda: not bridge.runs)
    log = bridge.log.read_text()
    assert bridge.process.wait() == 1
    assert "is not complete (bridge, broker, sleepers), and the page" in log
    assert f"cannot listen on {LOOPBACK}:{port}" in log
    assert "open the page of the bridge" not in log
    assert "Traceback" not in log


def test_a_file_with_errors_waits_to_be_corrected(tmp_path: Path, start_as_app: StartAsApp) -> None:
    web_port = free_port()
    path = tmp_path / "limber.yaml"
    path.write_text(f"web: {{port: {web_port}}}\nbroker: {{host: x, prot: 1}}\n")
    bridge = start_as_app()
    wait_for(lambda: "did you mean `port`?" in bridge.log.read_text())
    assert bridge.runs
    path.write_text(f"web: {{port: {web_port}}}\n")
    reload(bridge)
    wait_for(lambda: health(web_port).get("live") is True)


def test_without_the_app_a_missing_file_is_an_error(
    tmp_path: Path, start_bridge: StartBridge
) -> None:
    bridge = start_bridge("{}\n")
    assert bridge.process.wait(30) == 2
    assert "add a section `broker:`" in bridge.log.read_text()


def test_a_running_bridge_follows_the_file_when_it_is_told(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    path = tmp_path / "limber.yaml"
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(port))
        with sending(port, {1: Device(), 2: Device()}):
            listener.wait(lambda one: one.topic == STATE and one.json["sensors"]["1"]["connected"])
            right: dict[str, Value] = {
                "id": 2,
                "source": "network",
                "placement": "ankle",
                "side": "right",
                "quantity": "acceleration",
            }
            path.write_text(editor.add_sensor(path.read_text(), "anna", right))
            reload(bridge)
            state = listener.wait(
                lambda one: (
                    one.topic == STATE and one.json["sensors"].get("2", {}).get("connected", False)
                )
            )
            assert state.json["sensors"]["1"]["lost"] == 0
            # A file with errors is refused, and the bridge goes on.
            path.write_text(path.read_text().replace("side: right", "side: middle"))
            reload(bridge)
            wait_for(lambda: "continues with the previous" in bridge.log.read_text())
            assert "side" in bridge.log.read_text()
            # What cannot be changed while it runs starts the detection again, in the same process.
            path.write_text(path.read_text().replace("side: middle", "side: right"))
            path.write_text(editor.set_bridge(path.read_text(), {"rules": "aasm"}))
            since = len(listener.heard)
            reload(bridge)
            listener.wait(
                lambda one: one.topic == STATUS and one.payload == b"offline", since=since
            )
            listener.wait(online, since=since)
            assert "restarting for changes of: bridge" in bridge.log.read_text()
    bridge.stop()
    assert bridge.process.returncode == 0
    assert "Traceback" not in bridge.log.read_text()
