"""The package as `uv tool install limber-bridge` gets it: built, complete, installed, used."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from devtools.processes import LOOPBACK, ROOT, free_port, start
from limber_bridge import __version__
from tests.bridge.conftest import Broker
from tests.bridge.examples import settings
from tests.required_programs import need

SENSOR = "{id: 1, source: simulated, placement: ankle, side: left, quantity: acceleration}"
NOT_SHIPPED = {".pyc", ".map"}


@dataclass(frozen=True, slots=True)
class InstalledTool:
    """A wheel, and the tool that uv has installed from it."""

    wheel: Path
    program: Path

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=clean_environment(),
        )


def clean_environment() -> dict[str, str]:
    """The environment without what makes Python find the code of this checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> InstalledTool:
    """Build a wheel, and install it with the versions of the lock file."""
    uv = need("uv")
    folder = tmp_path_factory.mktemp("tool")
    built = folder / "dist"
    call(uv, "build", "-q", "--wheel", "--package", "limber-bridge", "--out-dir", built)
    (wheel,) = built.glob("*.whl")
    lock = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    versions = {one["name"]: one["version"] for one in lock if "version" in one}
    constraints = folder / "constraints.txt"
    constraints.write_text("".join(f"{name}=={one}\n" for name, one in pinned(versions, wheel)))
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    os.environ["UV_TOOL_DIR"] = str(folder / "tools")
    os.environ["UV_TOOL_BIN_DIR"] = str(folder / "bin")
    try:
        call(uv, "tool", "install", "-q", "--python", python, "-c", constraints, wheel)
    finally:
        del os.environ["UV_TOOL_DIR"], os.environ["UV_TOOL_BIN_DIR"]
    return InstalledTool(wheel, folder / "bin" / "limber")


def pinned(versions: dict[str, str], wheel: Path) -> list[tuple[str, str]]:
    """Return the locked versions, without the project itself."""
    assert wheel.name == f"limber_bridge-{__version__}-py3-none-any.whl"
    return [(name, one) for name, one in versions.items() if not name.startswith("limber")]


def call(*words: str | Path) -> None:
    ended = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=False, env=clean_environment()
    )
    assert ended.returncode == 0, ended.stderr


def test_the_wheel_has_every_file_of_the_package(tool: InstalledTool) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "limber_bridge"],
        cwd=ROOT / "bridge",
        capture_output=True,
        text=True,
        check=True,
    )
    expected = {
        name
        for name in listed.stdout.splitlines()
        if (ROOT / "bridge" / name).exists() and Path(name).suffix not in NOT_SHIPPED
    }
    with zipfile.ZipFile(tool.wheel) as archive:
        contained = {name for name in archive.namelist() if name.startswith("limber_bridge/")}
    assert contained == expected
    assert {Path(name).suffix for name in contained} >= {".html", ".css", ".json", ".service"}


def test_the_metadata_is_what_an_index_shows(tool: InstalledTool) -> None:
    with zipfile.ZipFile(tool.wheel) as archive:
        metadata = archive.read(f"limber_bridge-{__version__}.dist-info/METADATA").decode()
        licences = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    head, _, body = metadata.partition("\n\n")
    assert "License-Expression: Apache-2.0" in head
    assert "Project-URL: Issues, https://github.com/limber-home/limber/issues" in head
    assert "not a medical device" in body
    assert len(licences) == 1
    assert (ROOT / "LICENSE").read_bytes() == (ROOT / "bridge" / "LICENSE").read_bytes()


def test_the_installed_tool_runs_its_commands(tool: InstalledTool, tmp_path: Path) -> None:
    assert tool.run("--version").stdout == f"limber {__version__}\n"
    root = tmp_path / "root"
    ended = tool.run("service", "install", "--root", root)
    assert ended.returncode == 0, ended.stderr
    unit = root / "etc/systemd/system/limber.service"
    verified = subprocess.run(
        [need("systemd-analyze"), "verify", "--man=no", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    # In the environment of the tool, not the link to it in a folder of links.
    assert f"{tool.program.resolve().parent}/limber run" in unit.read_text()


def test_the_installed_bridge_serves_its_health_and_its_pages(
    tool: InstalledTool, tmp_path: Path, broker: Broker
) -> None:
    port = free_port()
    config = tmp_path / "limber.yaml"
    config.write_text(settings(SENSOR, port=broker.port, more=f"web: {{port: {port}}}\n"))
    command: list[str | Path] = [tool.program, "run", "--config", config]
    bridge = start("bridge", command, tmp_path / "bridge.log", environment={"PYTHONPATH": ""})
    try:
        while tool.run("setup", "--no-browser", "--config", config).returncode != 0:
            assert bridge.runs, bridge.log.read_text()
        health = json.loads(fetch(port, "/health"))
        page = fetch(port, "/")
    finally:
        bridge.stop()
    assert health["software"] == __version__
    assert b"<html" in page
    assert b"Limber" in page
    assert "Traceback" not in bridge.log.read_text()


def fetch(port: int, path: str) -> bytes:
    with urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=30) as response:
        assert response.status == 200
        return bytes(response.read())
