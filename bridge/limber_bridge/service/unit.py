"""The systemd unit for an installed program. Pure, except that the template is read."""

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

UNIT_NAME: Final = "limber.service"
NOT_FOR_USERS: Final = frozenset(
    {
        # The user is the one who is logged in.
        "User",
        # Folders of the system.
        "StateDirectory",
        "StateDirectoryMode",
        "ReadWritePaths",
        # The program and limber.yaml are in the home directory, which may not be hidden.
        "ProtectHome",
        "ProtectSystem",
        "PrivateTmp",
        "PrivateDevices",
        # These need rights that the service manager of a user does not have (systemd.exec(5)).
        "CapabilityBoundingSet",
        "PrivateUsers",
        "ProtectClock",
        "ProtectHostname",
        "ProtectKernelLogs",
        "ProtectKernelModules",
        "ProtectKernelTunables",
        "ProtectControlGroups",
        "ProtectProc",
        "ProcSubset",
        "IPAddressDeny",
        "IPAddressAllow",
        "RemoveIPC",
        # Units of the system.
        "Wants",
        "After",
    }
)
"""Directives of the unit that a unit of a user cannot have."""
DIRECTIVE: Final = re.compile(r"(?P<name>[A-Za-z]+)=(?P<value>.*)")


@dataclass(frozen=True, slots=True)
class ServicePaths:
    """Where the parts of a service are."""

    unit: Path
    """The unit file."""
    config: Path
    """`limber.yaml`."""
    state: Path
    """Folder of the journal."""

    @property
    def journal(self) -> Path:
        """The journal that a first limber.yaml names."""
        return self.state / "limber.db"


SYSTEM_PATHS: Final = ServicePaths(
    Path("/etc/systemd/system") / UNIT_NAME,
    Path("/etc/limber/limber.yaml"),
    Path("/var/lib/limber"),
)


def user_paths(home: Path) -> ServicePaths:
    """Return the paths of a service of one user (XDG Base Directory Specification)."""
    return ServicePaths(
        home / ".config/systemd/user" / UNIT_NAME,
        home / ".config/limber/limber.yaml",
        home / ".local/share/limber",
    )


def template() -> str:
    """Return the unit with its comments."""
    return (files(__package__) / UNIT_NAME).read_text(encoding="utf-8")


def system_unit(program: Path, paths: ServicePaths) -> str:
    """Return the unit for the whole machine."""
    return _with_values(template(), _values(program, paths))


def user_unit(program: Path, paths: ServicePaths) -> str:
    """Return the unit of one user: without what needs root."""
    lines = _with_values(template(), _values(program, paths)).splitlines()
    kept = [line for line in lines if _name(line) not in NOT_FOR_USERS]
    text = "\n".join(without_comments_of_nothing(kept))
    return text.replace("WantedBy=multi-user.target", "WantedBy=default.target") + "\n"


def without_comments_of_nothing(lines: list[str]) -> list[str]:
    """Return the lines of a unit without comments whose directive was removed."""
    kept: list[str] = []
    waiting: list[str] = []
    for line in lines:
        if line.startswith("#"):
            waiting.append(line)
            continue
        if line:
            kept += waiting
        waiting = []
        if line or (kept and kept[-1]):
            kept.append(line)
    return kept


def _values(program: Path, paths: ServicePaths) -> dict[str, str]:
    """Return the directives that depend on where things are; ValueError for an unusable path."""
    # systemd expands variables in arguments, but not in the path of the program.
    config = _quoted(paths.config).replace("$", "$$")
    return {
        "ExecStart": f"{_quoted(program)} run --config {config}",
        "EnvironmentFile": f"-{_escaped(paths.config.with_name('limber.env'))}",
        "WorkingDirectory": _escaped(paths.state),
    }


def _with_values(text: str, values: dict[str, str]) -> str:
    """Return a unit with other values of some directives, without the comment at its top."""
    body = text[text.index("[Unit]") :]
    return "".join(
        f"{name}={values[name]}\n" if (name := _name(line)) in values else line
        for line in body.splitlines(keepends=True)
    )


def _name(line: str) -> str:
    """Return the directive of a line; empty for other lines."""
    found = DIRECTIVE.match(line)
    return found["name"] if found else ""


def _quoted(path: Path) -> str:
    """Return a path as one word of a command (systemd.service(5)); ValueError."""
    escaped = _escaped(path)
    return f'"{escaped}"' if " " in escaped else escaped


def _escaped(path: Path) -> str:
    """Return a path without specifiers (systemd.unit(5)); ValueError if systemd cannot have it."""
    text = str(path)
    if not text.isprintable() or any(character in text for character in "\"'\\"):
        raise ValueError(f"systemd allows no quotes, backslashes and control characters: {path!r}")
    return text.replace("%", "%%")
