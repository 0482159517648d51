"""`limber service` and `limber setup`: the unit, its files, and what systemd is asked to do."""

import configparser
import os
import pwd
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.processes import ROOT, free_port, start
from limber_bridge.cli import main
from limber_bridge.config.loader import check_setup
from limber_bridge.service import systemd_service
from limber_bridge.service.first_file import host_time_zone, native_first_file
from limber_bridge.service.page import has_display, page_address, page_answers
from limber_bridge.service.unit import (
    NOT_FOR_USERS,
    SYSTEM_PATHS,
    UNIT_NAME,
    system_unit,
    template,
    user_paths,
    user_unit,
)
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import settings
from tests.required_programs import need

SIMULATED = "{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration}"
PROGRAM = Path("/opt/limber/bin/limber")
FAKE = """\
#!/bin/sh
echo "${0##*/} $*" >>"$CALLS"
case "${0##*/} $*" in
  "$FAILING"*) echo "Failed to do this: no." >&2; exit 1 ;;
  *" show "*) cat "$SHOWN" ;;
esac
"""
"""Stands in for systemctl, loginctl and useradd, and writes down how it was called."""
RUNNING = """\
LoadState=loaded
ActiveState=active
UnitFileState=enabled
StatusText=recording 1 sensor
ActiveEnterTimestamp=Sun 2026-11-22 21:00:00 CET
"""


def values(text: str) -> dict[str, str]:
    """The directives of all sections of a unit; of repeated ones the last."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return {key: value for section in parser.values() for key, value in section.items()}


def names(text: str) -> list[str]:
    """The directives of a unit in their order."""
    lines = [line.partition("=") for line in text.splitlines()]
    return [name for name, sign, _ in lines if sign and not name.startswith("#")]


# --- The unit ---


def test_the_system_unit_has_every_line_of_protection_of_the_template() -> None:
    made = system_unit(PROGRAM, SYSTEM_PATHS)
    assert names(made) == names(template())
    changed = {name for name, value in values(made).items() if values(template())[name] != value}
    assert changed == {"ExecStart"}
    assert values(made)["ExecStart"] == f"{PROGRAM} run --config /etc/limber/limber.yaml"


def test_the_unit_of_a_user_is_the_template_without_what_needs_root() -> None:
    made = user_unit(PROGRAM, user_paths(Path("/home/anna")))
    assert set(names(template())) - set(names(made)) == NOT_FOR_USERS
    found = values(made)
    assert found["WantedBy"] == "default.target"
    assert found["ExecStart"].endswith("--config /home/anna/.config/limber/limber.yaml")
    assert found["WorkingDirectory"] == "/home/anna/.local/share/limber"
    assert (found["WatchdogSec"], found["SystemCallFilter"]) == ("60", "~@privileged @resources")


@pytest.mark.parametrize("scope", ["system", "user"])
@pytest.mark.parametrize("folder", ["plain", "with space", "100 % $HOME", "$$"])
def test_systemd_accepts_the_unit_whatever_the_path(
    tmp_path: Path, scope: str, folder: str
) -> None:
    program = tmp_path / folder / "limber"
    program.parent.mkdir()
    program.symlink_to(need("limber"))
    paths = user_paths(tmp_path / folder)
    paths.config.parent.mkdir(parents=True)
    make = user_unit if scope == "user" else system_unit
    (tmp_path / UNIT_NAME).write_text(make(program, paths))
    ended = subprocess.run(
        [need("systemd-analyze"), f"--{scope}", "verify", "--man=no", str(tmp_path / UNIT_NAME)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
    )
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


@pytest.mark.parametrize("folder", ['a"quote', "a'quote", "back\\slash", "new\nline"])
def test_a_path_that_systemd_cannot_have_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="systemd allows no"):
        system_unit(Path("/opt") / folder / "limber", SYSTEM_PATHS)


# --- limber.yaml of a new service ---


def test_the_first_limber_yaml_has_no_error_and_lacks_what_only_a_person_knows(
    tmp_path: Path,
) -> None:
    path = tmp_path / "limber.yaml"
    path.write_text(native_first_file(Path("/var/lib/limber/limber.db"), "Europe/Berlin"))
    state = check_setup(path)
    assert state.errors == ()
    assert set(state.missing) == {"broker", "sleepers"}


@given(
    link=st.one_of(st.none(), st.sampled_from(["Europe/Berlin", "../Mars", "Etc/UTC"])),
    name=st.one_of(st.none(), st.sampled_from(["Europe/Paris", "", "no zone", "/etc/passwd"])),
)
def test_the_time_zone_of_the_machine_exists(link: str | None, name: str | None) -> None:
    with TemporaryDirectory() as folder:
        localtime = Path(folder) / "localtime"
        timezone = Path(folder) / "timezone"
        if link is not None:
            localtime.symlink_to(f"/usr/share/zoneinfo/{link}")
        if name is not None:
            timezone.write_text(f"{name}\n")
        found = host_time_zone(localtime, timezone)
    usable = [one for one in (link, name) if one in ("Europe/Berlin", "Etc/UTC", "Europe/Paris")]
    assert found == (usable[0] if usable else "UTC")


# --- limber service ---


@dataclass(frozen=True, slots=True)
class Machine:
    """A home directory and stand-ins for the programs of systemd."""

    home: Path
    calls_file: Path
    shown: Path

    @property
    def calls(self) -> list[str]:
        """How the programs were called."""
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("systemctl", "loginctl", "useradd"):
        (programs / name).write_text(FAKE)
        (programs / name).chmod(0o755)
    made = Machine(tmp_path / "home", tmp_path / "calls", tmp_path / "shown")
    made.home.mkdir()
    made.shown.write_text(RUNNING)
    variables = {"HOME": made.home, "CALLS": made.calls_file, "SHOWN": made.shown, "FAILING": "-"}
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return made


def test_install_for_a_user_writes_starts_and_remains_after_a_logout(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service", "install", "--user"]) == 0
    paths = user_paths(machine.home)
    assert f"{sys.prefix}/bin/limber run" in paths.unit.read_text()
    assert check_setup(paths.config).errors == ()
    assert paths.state.stat().st_mode & 0o777 == 0o750
    assert machine.calls == [
        "systemctl --user show --property=Version",
        "systemctl --user daemon-reload",
        "systemctl --user enable limber.service",
        "systemctl --user restart limber.service",
        f"loginctl enable-linger {pwd.getpwuid(os.getuid()).pw_name}",
    ]
    assert "limber setup" in capsys.readouterr().out


def test_a_second_install_keeps_limber_yaml(machine: Machine) -> None:
    assert main(["service", "install", "--user"]) == 0
    config = user_paths(machine.home).config
    config.write_text("mine")
    assert main(["service", "install", "--user"]) == 0
    assert config.read_text() == "mine"


def test_what_systemd_refuses_is_one_line(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAILING", "systemctl --user enable")
    assert main(["service", "install", "--user"]) == 1
    error = capsys.readouterr().err
    assert error == "`systemctl --user enable limber.service` failed: Failed to do this: no.\n"


def test_without_lingering_the_person_learns_what_to_run(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAILING", "loginctl")
    assert main(["service", "install", "--user"]) == 0
    assert "sudo loginctl enable-linger" in capsys.readouterr().out


def test_remove_deletes_the_unit_and_nothing_else(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service", "install", "--user"]) == 0
    paths = user_paths(machine.home)
    assert main(["service", "remove", "--user"]) == 0
    assert not paths.unit.exists()
    assert paths.config.exists()
    assert paths.state.exists()
    assert machine.calls[-2:] == [
        "systemctl --user disable --now limber.service",
        "systemctl --user daemon-reload",
    ]
    capsys.readouterr()
    assert main(["service", "remove", "--user"]) == 1
    assert "not installed" in capsys.readouterr().err


# --- Without a service manager, as after `su` and in a container ---


@pytest.mark.parametrize("action", ["install", "status"])
def test_without_a_user_bus_the_person_learns_what_to_do_and_nothing_is_written(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    action: str,
) -> None:
    monkeypatch.setenv("FAILING", "systemctl --user")
    assert main(["service", action, "--user"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    for remedy in (
        f"log in as {pwd.getpwuid(os.getuid()).pw_name} itself",
        f"sudo {sys.prefix}/bin/limber service {action}",
        "limber run --config",
        "Failed to do this: no.",
    ):
        assert remedy in said.err
    assert list(machine.home.iterdir()) == []


def test_without_systemd_as_the_first_process_the_person_learns_what_to_start(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAILING", "systemctl show")
    assert main(["service", "status"]) == 1
    assert "systemd does not run here" in capsys.readouterr().err


def test_remove_without_a_user_bus_deletes_the_unit_and_its_link(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service", "install", "--user"]) == 0
    paths = user_paths(machine.home)
    link = paths.unit.parent / "default.target.wants" / UNIT_NAME
    link.parent.mkdir()
    link.symlink_to(paths.unit)
    monkeypatch.setenv("FAILING", "systemctl --user")
    capsys.readouterr()
    assert main(["service", "remove", "--user"]) == 0
    assert not paths.unit.exists()
    assert not link.is_symlink()
    assert paths.config.exists()
    said = capsys.readouterr().out
    assert "a bridge that runs goes on until" in said
    assert "no longer runs" not in said


@pytest.mark.parametrize(
    ("shown", "status", "said"),
    [
        (RUNNING, 0, "the bridge runs since Sun 2026-11-22 21:00:00 CET\nrecording 1 sensor\n"),
        ("LoadState=not-found\nActiveState=inactive\n", 1, "limber service install --user"),
        ("LoadState=loaded\nActiveState=failed\nUnitFileState=enabled\n", 1, "with an error"),
        ("LoadState=loaded\nActiveState=inactive\n", 1, "does not start with the machine"),
    ],
)
def test_status_says_whether_the_bridge_runs(
    machine: Machine, capsys: pytest.CaptureFixture[str], shown: str, status: int, said: str
) -> None:
    machine.shown.write_text(shown)
    assert main(["service", "status", "--user"]) == status
    assert said in capsys.readouterr().out


def test_a_root_folder_gets_the_files_and_nothing_is_started(
    machine: Machine, tmp_path: Path
) -> None:
    root = tmp_path / "image"
    assert main(["service", "install", "--root", str(root)]) == 0
    written = {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
    assert written == {
        Path("etc/systemd/system/limber.service"),
        Path("etc/limber/limber.yaml"),
    }
    assert (root / "var/lib/limber").is_dir()
    assert machine.calls == []
    assert main(["service", "remove", "--root", str(root)]) == 0
    assert not (root / "etc/systemd/system/limber.service").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs a service of the machine")
def test_a_program_in_a_home_directory_is_refused_for_the_machine(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The unit hides home directories, so that the bridge could not even start."""
    monkeypatch.setattr(systemd_service, "HIDDEN_FOLDERS", (Path(sys.prefix).resolve().parent,))
    assert main(["service", "install"]) == 1
    assert "or use --user" in capsys.readouterr().err
    assert machine.calls == []


def test_without_systemd_the_person_learns_what_to_start(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(machine.home))
    assert main(["service", "install", "--user"]) == 1
    assert "limber run --config" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    (machine.home / ".config").write_text("a file")
    assert main(["service", "install", "--user"]) == 1
    assert f"{machine.home}/.config" in capsys.readouterr().err
    assert machine.calls == ["systemctl --user show --property=Version"]


# --- limber setup ---


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", "http://localhost:47801/"),
        ("web: {port: 8080}\n", "http://localhost:8080/"),
        ("web: {address: 0.0.0.0}\n", "http://localhost:47801/"),
        ("web: {address: 192.168.1.5}\n", "http://192.168.1.5:47801/"),
        ("web: {address: 'fd00::5', port: 80}\n", "http://[fd00::5]:80/"),
        ("web: {port: many}\n", "http://localhost:47801/"),
        ("web: [\n", "http://localhost:47801/"),
        ("web: false\n", None),
    ],
)
def test_the_address_of_the_page(tmp_path: Path, text: str, address: str | None) -> None:
    (tmp_path / "limber.yaml").write_text(text)
    assert page_address(tmp_path / "limber.yaml") == address


def test_setup_prints_the_address_of_a_bridge_that_runs(
    tmp_path: Path,
    broker: Broker,
    start_bridge: StartBridge,
    capsys: pytest.CaptureFixture[str],
) -> None:
    port = free_port()
    config = str(tmp_path / "limber.yaml")
    assert not page_answers(f"http://localhost:{port}/")
    start_bridge(settings(SIMULATED, port=broker.port, more=f"web: {{port: {port}}}\n"))
    while main(["setup", "--no-browser", "--config", config]) != 0:
        capsys.readouterr()
    assert capsys.readouterr().out == f"http://localhost:{port}/\n"


def test_a_new_service_waits_for_the_set_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    config = tmp_path / "limber.yaml"
    first = native_first_file(tmp_path / "limber.db", "Europe/Berlin")
    config.write_text(f"{first}web: {{port: {port}}}\n")
    (name, value) = values(template())["Environment"].split("=")
    command: list[str | Path] = [need("limber"), "run", "--config", config]
    bridge = start("bridge", command, tmp_path / "bridge.log", environment={name: value})
    try:
        while main(["setup", "--no-browser", "--config", str(config)]) != 0:
            assert bridge.runs, bridge.log.read_text()
    finally:
        bridge.stop()
    assert capsys.readouterr().out.endswith(f"http://localhost:{port}/\n")
    assert "is not complete (broker, sleepers)" in bridge.log.read_text()


def test_setup_without_a_bridge_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "limber.yaml"
    config.write_text(f"web: {{port: {free_port()}}}\n")
    assert main(["setup", "--config", str(config)]) == 1
    assert "limber service install" in capsys.readouterr().err


def test_setup_names_a_file_that_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether a bridge answers at the default address depends on the machine."""
    config = tmp_path / "nothere.yaml"
    assert main(["setup", "--no-browser", "--config", str(config)]) in (0, 1)
    said = capsys.readouterr()
    assert said.out == "http://localhost:47801/\n"
    assert f"{config}: there is no such file" in said.err
    assert f"LIMBER_SETUP=1 limber run --config {config}" in said.err


@pytest.mark.parametrize(
    ("environment", "found"),
    [({}, False), ({"DISPLAY": ""}, False), ({"WAYLAND_DISPLAY": "wayland-0"}, True)],
)
def test_a_browser_needs_a_display(environment: Mapping[str, str], found: bool) -> None:
    assert has_display(environment) == found or sys.platform != "linux"


def test_the_unit_is_part_of_the_package() -> None:
    assert (ROOT / "bridge/limber_bridge/service" / UNIT_NAME).read_text() == template()
