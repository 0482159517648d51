"""The files of the app: what the Supervisor, Docker and the shell accept."""

import json
import os
import re
import struct
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import voluptuous as vol
import yaml

from devtools.app_requirements import requirements
from devtools.processes import ROOT
from limber_bridge import __version__
from limber_bridge.cli import create_parser
from limber_bridge.config.schema import WEB
from limber_bridge.sources import SOURCES
from limber_bridge.supervisor.api import MqttService
from limber_bridge.supervisor.first_file import FIRST_FILE
from limber_bridge.supervisor.settings import ContainerSettings, environment_defaults
from tests.bridge import supervisor_rules as rules
from tests.bridge.app_container import APP_ROOT
from tests.required_programs import need, unavailable

APP: Final = ROOT / "bridge"
CONFIG: Final[dict[str, Any]] = yaml.safe_load((APP / "config.yaml").read_text())
LANGUAGES: Final = ("en", "de", "fr", "es", "nl", "it")
SERVICES: Final = APP / "rootfs" / "etc" / "s6-overlay" / "s6-rc.d"
SCRIPTS: Final = tuple(
    path
    for path in (APP / "rootfs").rglob("*")
    if path.is_file() and path.read_text().startswith("#!")
)


def committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in listed.stdout.splitlines()]


def test_the_supervisor_accepts_the_repository_and_the_app() -> None:
    rules.REPOSITORY(yaml.safe_load((ROOT / "repository.yaml").read_text()))
    rules.APP(CONFIG)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("arch", ["armv7"]),
        ("services", ["mqtt:wants"]),
        ("map", [{"type": "addon_config"}]),
        ("image", "ghcr.io/limber-home/limber:0.1.0"),
        ("ports", {"47800": 47800}),
        ("watchdog", "http://localhost/health"),
        ("advanced", True),
        ("backup", "warm"),
    ],
)
def test_these_rules_refuse_what_the_supervisor_refuses_or_ignores(key: str, value: object) -> None:
    with pytest.raises(vol.Invalid):
        rules.APP(CONFIG | {key: value})


def test_the_supervisor_finds_one_app_and_no_build_file() -> None:
    files = committed()
    assert rules.apps_in(files) == [Path("bridge/config.yaml")]
    # Deprecated: the Dockerfile names the base image itself.
    assert not [one for one in files if one.match("bridge/build.*")]


def test_bridge_app_integration_and_image_have_one_version() -> None:
    manifest = json.loads((ROOT / "custom_components/limber/manifest.json").read_text())
    project = tomllib.loads((APP / "pyproject.toml").read_text())["project"]
    image = re.findall(r"^ARG BUILD_VERSION=(.*)$", (APP / "Dockerfile").read_text(), re.MULTILINE)
    heading = re.findall(r"^## (\d.*)$", (APP / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert {CONFIG["version"], manifest["version"], project["version"], image[0], heading[0]} == {
        __version__
    }


def test_the_app_has_few_rights() -> None:
    assert rules.rating(CONFIG, own_profile=True) == 8
    forbidden = {"host_network", "privileged", "hassio_api", "hassio_role", "homeassistant_api"}
    assert not forbidden & CONFIG.keys()
    assert CONFIG["options"] == CONFIG["schema"] == {}


def test_ports_are_those_of_the_bridge_and_described() -> None:
    network = SOURCES["network"].section_schema
    assert network is not None
    frames = network({"address": "0.0.0.0"})["port"]  # noqa: S104 - in the container
    pages = WEB({})["port"]
    assert set(CONFIG["ports"]) == {f"{frames}/udp", f"{frames}/tcp", f"{pages}/tcp"}
    assert CONFIG["ports_description"].keys() == CONFIG["ports"].keys()
    assert CONFIG["ingress_port"] == pages
    assert CONFIG["watchdog"] == f"http://[HOST]:[PORT:{pages}]/health"
    assert f":{pages}/health" in (APP / "Dockerfile").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ports_are_described_in_each_language(language: str) -> None:
    text = rules.TRANSLATION(
        yaml.safe_load((APP / "translations" / f"{language}.yaml").read_text())
    )
    assert text["network"].keys() == CONFIG["ports"].keys()


def test_there_is_no_other_translation() -> None:
    assert {path.stem for path in (APP / "translations").iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize(("name", "size"), [("icon", (128, 128)), ("logo", (250, 100))])
def test_images_are_png_of_the_documented_size(name: str, size: tuple[int, int]) -> None:
    data = (APP / f"{name}.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == size


def test_the_commands_of_the_backup_exist() -> None:
    for key in ("backup_pre", "backup_post"):
        program, *arguments = CONFIG[key].split()
        assert program == "limber"
        assert str(create_parser().parse_args(arguments).config) == "/config/limber.yaml"


def test_the_first_limber_yaml_names_only_variables_that_the_app_sets() -> None:
    named = set(re.findall(r"!env_var (\w+)", FIRST_FILE))
    given = ContainerSettings(MqttService("broker", 1883), "UTC").environment()
    # The pages use the last one, for the address that a phone gets.
    assert named == given.keys() - {"LIMBER_HOST"}


def test_apparmor_accepts_the_profile() -> None:
    text = (APP / "apparmor.txt").read_text()
    assert rules.profile_names(text) == [CONFIG["slug"]]
    if not APP_ROOT.exists():
        unavailable("script/setup app installs the parser of AppArmor")
    rules_of_debian = str(APP_ROOT / "etc" / "apparmor.d")
    # Compiled only: neither loaded nor cached.
    only_compile = ("--skip-kernel-load", "--skip-cache", "--skip-read-cache", "--quiet")
    folders = ("--base", rules_of_debian, "--Include", rules_of_debian)
    parser = APP_ROOT / "usr" / "sbin" / "apparmor_parser"
    lint(str(parser), *only_compile, *folders, APP / "apparmor.txt")


def test_the_dockerfile_has_no_finding() -> None:
    lint(need("hadolint"), "--no-color", "--failure-threshold", "info", APP / "Dockerfile")


def test_shell_scripts_have_no_finding() -> None:
    lint(need("shellcheck"), "--shell=sh", "--severity=style", *SCRIPTS)


def lint(program: str, *arguments: str | Path) -> None:
    ended = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_base_image_is_pinned_by_version_and_digest() -> None:
    image = re.findall(r"^FROM (.*)$", (APP / "Dockerfile").read_text(), re.MULTILINE)
    assert len(image) == 1
    assert re.fullmatch(
        r"ghcr\.io/home-assistant/base-python:3\.14-alpine3\.\d+-20\d\d\.\d\d\.\d"
        r"@sha256:[0-9a-f]{64}",
        image[0],
    )


def test_everything_that_the_image_copies_is_there_and_nothing_else() -> None:
    copied = re.findall(r"^COPY (\S+) ", (APP / "Dockerfile").read_text(), re.MULTILINE)
    allowed = re.findall(r"^!(.*)$", (APP / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(copied) == sorted(allowed)
    assert all((APP / name).exists() for name in copied)


def test_the_image_installs_what_the_lock_file_lists() -> None:
    assert (APP / "requirements.txt").read_text() == requirements(), "run script/app-requirements"
    # Without --isolated, pip would use another index, which the base image names in a variable.
    (install,) = re.findall(
        r"^RUN pip3 install (.*) \\$", (APP / "Dockerfile").read_text(), re.MULTILINE
    )
    assert install.split() == [
        "--isolated",
        "--no-cache-dir",
        "--only-binary=:all:",
        "--require-hashes",
        "--requirement",
        "/tmp/requirements.txt",  # noqa: S108 - in the image
    ]


def test_scripts_can_be_executed_and_use_no_bash() -> None:
    assert {path.name for path in SCRIPTS} == {"limber", "run", "finish"}
    for path in SCRIPTS:
        assert os.access(path, os.X_OK), path
        assert re.match(r"#!(/bin/sh|/command/with-contenv sh)\n", path.read_text()), path


def test_s6_starts_the_bridge_after_the_base_of_the_container() -> None:
    """https://github.com/just-containers/s6-overlay#writing-a-service-script."""
    assert (SERVICES / "limber" / "type").read_text() == "longrun\n"
    assert (SERVICES / "limber" / "dependencies.d" / "base").read_bytes() == b""
    assert (SERVICES / "user" / "contents.d" / "limber").read_bytes() == b""
    # The Supervisor waits longer than s6, and s6 longer than the bridge may take.
    patience = int((SERVICES / "limber" / "timeout-kill").read_text())
    assert 10_000 < patience < CONFIG["timeout"] * 1000


def test_the_package_runs_as_a_module() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "limber_bridge", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(APP)},
    )
    assert ended.stdout.strip() == f"limber {__version__}"


COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_the_compose_file_runs_the_image_of_the_app() -> None:
    service = COMPOSE["services"]["limber"]
    assert service["image"] == f"{CONFIG['image']}:{CONFIG['version']}"
    assert (ROOT / service["build"] / "Dockerfile").exists()
    targets = [volume.split(":")[1] for volume in service["volumes"]]
    assert targets == ["/config", "/data", "/run/dbus"]
    assert {"limber-config", "limber-data"} == COMPOSE["volumes"].keys()
    assert service["stop_grace_period"] == f"{CONFIG['timeout']}s"


def test_the_compose_file_sets_every_variable_that_has_no_default() -> None:
    given = COMPOSE["services"]["limber"]["environment"]
    named = set(re.findall(r"!env_var (\w+)", FIRST_FILE))
    assert named == {*given, *environment_defaults(given)} - {"TZ"}


def test_what_is_published_is_the_package_and_the_image_of_the_app() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text())["jobs"]
    registry, owner, name = CONFIG["image"].split("/")
    assert (registry, owner) == ("ghcr.io", "limber-home")
    asked = [step.get("with", {}) for job in jobs.values() for step in job["steps"]]
    assert {one["image-name"] for one in asked if "image-name" in one} == {name}
    built = [one["architectures"] for one in asked if "architectures" in one]
    assert [sorted(json.loads(one)) for one in built] == [sorted(CONFIG["arch"])] * 2
    # Only the job that uploads may ask PyPI for the right to do so.
    assert jobs["pypi"]["permissions"] == {"id-token": "write"}
    assert jobs["pypi"]["environment"] == "pypi"
    assert "permissions" not in jobs["package"]


def test_the_version_of_the_image_is_read_from_the_app() -> None:
    text = (ROOT / ".github/workflows/publish.yml").read_text()
    commands = re.findall(r"\$\((sed -n '.*')? ?(bridge/config\.yaml)\)", text)
    assert len(commands) == 2
    for sed, file in commands:
        found = subprocess.run(
            ["sh", "-c", f"{sed} {file}"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert found.stdout == f"{CONFIG['version']}\n"
