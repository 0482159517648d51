"""Install, remove and describe the service of the bridge under systemd."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from limber_bridge.service.first_file import host_time_zone, native_first_file
from limber_bridge.service.unit import (
    SYSTEM_PATHS,
    UNIT_NAME,
    ServicePaths,
    system_unit,
    user_paths,
    user_unit,
)

USER: Final = "limber"
"""User of the service for the whole machine."""
HIDDEN_FOLDERS: Final = (Path("/home"), Path("/root"), Path("/run/user"))
"""Folders that the unit hides from the service (`ProtectHome=`)."""
COMMAND_TIMEOUT_S: Final = 180.0
"""s for each command. chosen: longer than the start of a bridge with a large journal."""


class ServiceError(Exception):
    """The service cannot be installed, removed or described; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Installation:
    """How the bridge is, or is to be, a service."""

    paths: ServicePaths
    program: Path
    """`limber` of this installation."""
    for_user: bool
    """Whether it is a service of one user; else of the whole machine."""
    root: Path | None = None
    """Folder for everything that is written, and nothing is started; None: this machine."""

    def on_disk(self, path: Path) -> Path:
        """Return where a path of the service is written."""
        return path if self.root is None else self.root / path.relative_to("/")


def find_installation(*, for_user: bool, root: Path | None) -> Installation:
    """Return how this program would be a service; ServiceError if it cannot be one."""
    program = Path(sys.prefix) / "bin" / "limber"
    if not program.exists():
        program = Path(shutil.which("limber") or sys.argv[0]).absolute()
    paths = user_paths(Path.home()) if for_user else SYSTEM_PATHS
    return Installation(paths, program, for_user, root)


def install(installation: Installation) -> Iterator[str]:
    """Write the unit and what it needs, and start it; yield what was done. ServiceError."""
    if installation.root is None:
        check_machine(installation, "install")
        check_program(installation)
        check_manager(installation, "install")
    if installation.root is None and not installation.for_user:
        yield from create_user()
    yield from write_files(installation)
    if installation.root is not None:
        yield "nothing was started, as --root was given"
        return
    systemctl(installation, "daemon-reload")
    systemctl(installation, "enable", UNIT_NAME)
    systemctl(installation, "restart", UNIT_NAME)
    yield "the bridge runs, and starts with the machine"
    if installation.for_user:
        yield from keep_running_after_logout()


def remove(installation: Installation) -> Iterator[str]:
    """Stop the service and delete its unit; yield what was done and what stays. ServiceError."""
    unit = installation.on_disk(installation.paths.unit)
    if installation.root is None:
        check_machine(installation, "remove")
    if not unit.exists():
        raise ServiceError(f"{unit} does not exist: the service is not installed")
    if installation.root is not None:
        unit.unlink()
        yield f"{unit} is deleted"
    elif manager_failure(installation) is None:
        systemctl(installation, "disable", "--now", UNIT_NAME)
        unit.unlink()
        systemctl(installation, "daemon-reload")
        yield f"{unit} is deleted, and the bridge no longer runs"
    else:
        yield from remove_without_manager(installation)
    yield f"{installation.paths.config.parent} and {installation.paths.state} stay: delete them to"
    yield "remove the configuration and all nights"


def remove_without_manager(installation: Installation) -> Iterator[str]:
    """Delete the unit and the link that starts it; yield what was done. ServiceError."""
    unit = installation.paths.unit
    wants = "default.target.wants" if installation.for_user else "multi-user.target.wants"
    try:
        (unit.parent / wants / UNIT_NAME).unlink(missing_ok=True)
        unit.unlink()
    except OSError as error:
        raise ServiceError(
            f"{error.filename}: cannot be deleted ({error.strerror}); give this user the right to"
            " write there"
        ) from error
    yield f"{unit} is deleted, so the bridge does not start again"
    yield "systemd could not be reached from here: a bridge that runs goes on until the machine"
    yield "restarts or you end its process"


def check_machine(installation: Installation, action: str) -> None:
    """Check that systemd runs here and that this user may do this; ServiceError.

    `action`: the word after `limber service`.
    """
    if shutil.which("systemctl") is None:
        raise ServiceError(
            "this machine has no systemd: let its own service manager start `limber run --config "
            "FILE`"
        )
    if not installation.for_user and os.geteuid() != 0:
        raise ServiceError(
            f"a service of the whole machine needs root: run `sudo {installation.program} service "
            f"{action}`, or use --user for a service of your own"
        )


def manager_failure(installation: Installation) -> str | None:
    """Return why the service manager cannot be reached; None if it can."""
    try:
        systemctl(installation, "show", "--property=Version")
    except ServiceError as error:
        return str(error)
    return None


def check_manager(installation: Installation, action: str) -> None:
    """Check that the service manager can be reached; ServiceError with what to do.

    `action`: the word after `limber service`.
    """
    failure = manager_failure(installation)
    if failure is None:
        return
    without = "start the bridge with `limber run --config FILE`"
    if not installation.for_user:
        raise ServiceError(
            f"systemd does not run here, as in most containers: {without} instead ({failure})"
        )
    whole = f"sudo {installation.program} service {action}"
    raise ServiceError(
        "the systemd of this user cannot be reached, as after `su` or in a container: log in as"
        f" {user_name()} itself, or use a service of the whole machine (`{whole}`), or {without}"
        f" ({failure})"
    )


def check_program(installation: Installation) -> None:
    """Check that the service can read the program and its Python; ServiceError."""
    if installation.for_user:
        return
    for path in (installation.program, Path(sys.prefix), Path(sys.base_prefix)):
        if any(path.resolve().is_relative_to(folder) for folder in HIDDEN_FOLDERS):
            raise ServiceError(
                f"{path} is in a home directory, which a service of the whole machine may not read:"
                " install limber for all users (docs/installation.md), or use --user"
            )


def create_user() -> Iterator[str]:
    """Create the user of the service if it is missing; yield that it was done. ServiceError."""
    try:
        pwd.getpwnam(USER)
    except KeyError:
        home = str(SYSTEM_PATHS.state)
        options = ("--no-create-home", "--shell", "/usr/sbin/nologin")
        run("useradd", "--system", "--home-dir", home, *options, USER)
        yield f"user {USER} created"


def write_files(installation: Installation) -> Iterator[str]:
    """Write the unit, and limber.yaml if it is missing; yield what was done. ServiceError."""
    paths = installation.paths
    make_unit = user_unit if installation.for_user else system_unit
    unit = installation.on_disk(paths.unit)
    config = installation.on_disk(paths.config)
    try:
        for folder in (unit.parent, config.parent, installation.on_disk(paths.state)):
            folder.mkdir(parents=True, exist_ok=True)
        unit.write_text(make_unit(installation.program, paths), encoding="utf-8")
        unit.chmod(0o644)
        yield f"{unit} written"
        if not config.exists():
            config.write_text(native_first_file(paths.journal, host_time_zone()), encoding="utf-8")
            config.chmod(0o640)
            yield f"{config} written"
        if installation.root is None:
            give_to_service(installation)
    except ValueError as error:
        raise ServiceError(f"{error}; move the program or the home directory") from error
    except OSError as error:
        raise ServiceError(
            f"{error.filename}: cannot be written ({error.strerror}); give this user the right to"
            " write there"
        ) from error


def give_to_service(installation: Installation) -> None:
    """Let only the service read its configuration and its journal; OSError."""
    paths = installation.paths
    for folder in (paths.config.parent, paths.state):
        folder.chmod(0o750)
    if not installation.for_user:
        entry = pwd.getpwnam(USER)
        for path in (paths.config.parent, paths.config, paths.state):
            os.chown(path, entry.pw_uid, entry.pw_gid)


def keep_running_after_logout() -> Iterator[str]:
    """Let services of this user run after a logout; yield what to do if that fails."""
    user = user_name()
    try:
        run("loginctl", "enable-linger", user)
    except ServiceError:
        yield f"it stops when you log out, until you run `sudo loginctl enable-linger {user}`"


def user_name() -> str:
    """Return the name of this user; the number of one without a name, as in a container."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


STATES: Final[Mapping[str, str]] = {
    "active": "the bridge runs",
    "activating": "the bridge starts",
    "deactivating": "the bridge stops",
    "failed": "the bridge has stopped with an error",
    "inactive": "the bridge is not running",
}

SHOWN: Final = ("LoadState", "ActiveState", "UnitFileState", "StatusText", "ActiveEnterTimestamp")
"""Properties of the unit that the description needs."""


def describe(installation: Installation) -> Iterator[str]:
    """Yield the state of the service, first whether it runs; ServiceError."""
    if shutil.which("systemctl") is None:
        raise ServiceError("this machine has no systemd")
    check_manager(installation, "status")
    shown = systemctl(installation, "show", UNIT_NAME, f"--property={','.join(SHOWN)}")
    facts = dict(line.partition("=")[::2] for line in shown.splitlines())
    if facts.get("LoadState") != "loaded":
        scope = " --user" if installation.for_user else ""
        yield f"the service is not installed: run `limber service install{scope}`"
        return
    state = facts.get("ActiveState", "")
    since = facts.get("ActiveEnterTimestamp")
    yield STATES.get(state, state) + (f" since {since}" if since and state == "active" else "")
    if facts.get("StatusText"):
        yield facts["StatusText"]
    starts = facts.get("UnitFileState") == "enabled"
    yield "it starts with the machine" if starts else "it does not start with the machine"
    scope = "--user-unit" if installation.for_user else "--unit"
    yield f"its log: journalctl {scope} {UNIT_NAME}"


def is_running(description: Sequence[str]) -> bool:
    """Return whether a description says that the bridge runs."""
    return bool(description) and description[0].startswith(STATES["active"])


def systemctl(installation: Installation, *arguments: str) -> str:
    """Run systemctl and return its output; ServiceError."""
    scope = ["--user"] if installation.for_user else []
    return run("systemctl", *scope, *arguments)


def run(*words: str) -> str:
    """Run a command and return its output; ServiceError with the last line of its errors."""
    try:
        ended = subprocess.run(  # noqa: S603 - no word comes from outside
            words, capture_output=True, text=True, check=False, timeout=COMMAND_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceError(f"`{' '.join(words)}` cannot be run ({error})") from error
    if ended.returncode != 0:
        lines = ended.stderr.strip().splitlines() or [f"exit status {ended.returncode}"]
        raise ServiceError(f"`{' '.join(words)}` failed: {lines[-1]}")
    return ended.stdout
