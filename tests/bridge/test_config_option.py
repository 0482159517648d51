"""Which configuration a command uses, and what it says where there is none."""

import os
from pathlib import Path

import pytest

from limber_bridge.cli import main
from limber_bridge.service.unit import SYSTEM_PATHS, user_paths

NEEDED = (
    ["run"],
    ["run", "--forget"],
    ["check"],
    ["nights"],
    ["export", "--out", "night.json"],
    ["report", "--out", "report.pdf"],
    ["import", "week.cwa", "--sleeper", "anna"],
)
"""Commands that need a configuration."""
BROKEN = "bridge: [\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory; the current folder is an empty one beside it."""
    made = tmp_path / "home"
    made.mkdir()
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.delenv("LIMBER_SETUP", raising=False)
    if SYSTEM_PATHS.config.exists():
        pytest.skip("this machine has a service of its own")
    return made


def install(home: Path, text: str = BROKEN) -> Path:
    """Write the configuration of a user's service."""
    config = user_paths(home).config
    config.parent.mkdir(parents=True)
    config.write_text(text)
    return config


@pytest.mark.parametrize("command", NEEDED, ids=" ".join)
def test_every_command_finds_the_configuration_of_the_service(
    home: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    config = install(home)
    assert main(command) == 2
    assert f"{config}:" in capsys.readouterr().err


@pytest.mark.parametrize("command", NEEDED, ids=" ".join)
def test_the_file_in_the_current_folder_comes_first_and_a_named_one_before_it(
    home: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    install(home)
    Path("limber.yaml").write_text(BROKEN)
    assert main(command) == 2
    assert capsys.readouterr().err.removeprefix("limber import: ").startswith("limber.yaml:")
    Path("other.yaml").write_text(BROKEN)
    assert main([*command, "--config", "other.yaml"]) == 2
    assert capsys.readouterr().err.removeprefix("limber import: ").startswith("other.yaml:")


@pytest.mark.parametrize("command", NEEDED, ids=" ".join)
def test_without_any_configuration_every_place_is_named(
    home: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2
    error = capsys.readouterr().err
    places = f"limber.yaml in the current folder, {user_paths(home).config}, {SYSTEM_PATHS.config};"
    assert f"looked for {places}" in error
    assert error.count("\n") == 1
    assert ("LIMBER_SETUP" in error) == (command == ["run"])


@pytest.mark.parametrize("command", NEEDED, ids=" ".join)
def test_a_named_file_that_is_missing_is_not_replaced_by_another(
    home: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    install(home)
    Path("limber.yaml").write_text(BROKEN)
    assert main([*command, "--config", "none.yaml"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("none.yaml: there is no such file; create it")
    assert ("LIMBER_SETUP" in error) == (command == ["run"])


def test_a_file_that_may_not_be_read_is_not_passed_over(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(home)
    Path("limber.yaml").mkdir()
    assert main(["nights"]) == 2
    assert capsys.readouterr().err.startswith("limber.yaml: cannot be read (Is a directory)")


def test_setup_opens_the_page_of_the_service(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(home, "web: {address: 127.0.0.1, port: 9}\n")
    assert main(["setup", "--no-browser"]) == 1
    assert capsys.readouterr().out == "http://localhost:9/\n"


def test_a_user_without_a_home_has_only_the_other_places(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(home)
    monkeypatch.setenv("HOME", "~")
    assert main(["nights"]) == 2
    assert f"in the current folder, {SYSTEM_PATHS.config};" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["install", "remove"])
def test_without_root_the_same_action_is_named(
    home: Path,
    action: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "systemctl").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["service", action]) == 1
    assert f"service {action}`, or use --user" in capsys.readouterr().err
