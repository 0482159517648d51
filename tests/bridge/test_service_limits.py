"""The bridge runs under the limits that its systemd unit sets, and the release is traceable."""

import configparser
import re
import sys
from pathlib import Path
from typing import Final

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import ROOT, free_port, start
from tests.bridge.conftest import Broker
from tests.bridge.examples import settings
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, STATE, listen_on, online
from tests.required_programs import need

LIMITED: Final = """
import ctypes, os, sys
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
libc = ctypes.CDLL(None)
assert libc.prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) == 0, "needs Linux 6.3"
os.execv(sys.argv[1], sys.argv[1:])
"""
"""What `MemoryDenyWriteExecute=yes` does, by prctl(2); it stays over execve."""


def test_the_bridge_runs_without_memory_that_is_writable_and_executable(
    tmp_path: Path, broker: Broker
) -> None:
    port = free_port()
    path = tmp_path / "limber.yaml"
    path.write_text(settings(ANKLE, port=broker.port, more=listen_on(port)))
    command: list[str | Path] = [
        sys.executable,
        "-c",
        LIMITED,
        need("limber"),
        "run",
        "--config",
        path,
    ]
    with Listener(broker.port) as listener:
        bridge = start("bridge", command, tmp_path / "bridge.log")
        try:
            listener.wait(online)
            send(port, AnkleSensor().frame(leg(0, 0.5, [])))
            listener.wait(lambda one: one.topic == STATE and one.json["sensors"]["1"]["connected"])
        finally:
            bridge.stop()
    assert "Traceback" not in bridge.log.read_text()


def test_the_unit_closes_what_the_bridge_does_not_need() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.read(ROOT / "bridge/limber_bridge/service/limber.service")
    service = unit["Service"]
    assert service["IPAddressDeny"] == "any"
    assert (service["ProcSubset"], service["MemoryDenyWriteExecute"]) == ("pid", "yes")


def test_every_action_of_a_workflow_is_pinned_by_its_commit() -> None:
    workflows = list((ROOT / ".github" / "workflows").glob("*.yml"))
    used = [
        line.partition("uses:")[2].split()[0]
        for path in workflows
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert len(used) > 3
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one)] == []


def test_what_installs_everything_else_is_pinned() -> None:
    scripts = {path.name: path.read_text() for path in (ROOT / "script").iterdir()}
    for name, text in scripts.items():
        for line in text.splitlines():
            if re.search(r"bin/pip\"? install|^\s*uvx |if uvx ", line):
                assert re.search(r"==|@\d", line), f"{name}: {line.strip()}"
