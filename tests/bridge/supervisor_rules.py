"""What the Supervisor of Home Assistant accepts in the files of an app, as facts.

Read from its public source (github.com/home-assistant/supervisor, 21 August 2026: supervisor/apps
and supervisor/store) and written again as a stricter schema: keys that the Supervisor would ignore
or log as deprecated are errors here, as they have no effect.
"""

import re
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any, Final

import voluptuous as vol

ARCHITECTURES: Final = ("aarch64", "amd64")
"""armhf, armv7 and i386 are deprecated."""
CONFIG_NAMES: Final = ("config.yaml", "config.yml", "config.json")
"""Each file with such a name is taken for an app, except in hidden folders and in `rootfs`."""
FOLDER_TYPES: Final = (
    "data",
    "ssl",
    "share",
    "media",
    "backup",
    "local_apps",
    "homeassistant_config",
    "all_app_configs",
    "app_config",
)
"""`addons`, `addon_config` and `all_addon_configs` are old names since July 2026; `config` is the
one of Home Assistant and excludes `app_config`."""


def matching(pattern: str, example: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise vol.Invalid(f"expected something like {example}, not {value!r}")
        return value

    return check


PORT: Final = vol.All(int, vol.Range(1, 65535))
PORT_NAME: Final = matching(r"\d{1,5}/(tcp|udp)", "47800/udp")
VERSION: Final = matching(r"\d+\.\d+\.\d+", "1.2.3")
OPTION: Final = matching(
    r"(bool|email|url|port|str|password|int|float|device|match\(.*\)|list\(.+\)"
    r"|(str|password|int|float)\(-?[\d.]*,-?[\d.]*\)|device\(subsystem=[a-z]+\))\??",
    "str?",
)

REPOSITORY: Final = vol.Schema(
    {vol.Required("name"): str, vol.Required("url"): vol.Url(), vol.Required("maintainer"): str}
)
TRANSLATION: Final = vol.Schema(
    {
        "configuration": {
            str: vol.Schema({vol.Required("name"): str, "description": str, "fields": dict})
        },
        "network": {PORT_NAME: vol.All(str, vol.Length(min=1))},
    }
)
APP: Final = vol.Schema(
    {
        vol.Required("name"): str,
        vol.Required("version"): VERSION,
        vol.Required("slug"): matching(r"[-_.A-Za-z0-9]+", "limber"),
        vol.Required("description"): str,
        vol.Required("arch"): [vol.In(ARCHITECTURES)],
        "url": vol.Url(),
        # Without a tag: the Supervisor adds `version`.
        "image": matching(r"[a-z0-9.-]+(/[a-z0-9{][a-z0-9._{}-]*)+", "ghcr.io/owner/image"),
        "homeassistant": VERSION,
        "stage": vol.In(("stable", "experimental", "deprecated")),
        "startup": vol.In(("initialize", "system", "services", "application", "once")),
        "boot": vol.In(("auto", "manual", "manual_only")),
        "init": bool,
        "timeout": vol.All(int, vol.Range(10, 300)),
        "services": [matching(r"(mqtt|mysql):(provide|want|need)", "mqtt:need")],
        "discovery": [str],
        "ingress": bool,
        # 0: the Supervisor chooses one.
        "ingress_port": vol.Any(PORT, 0),
        "ingress_entry": str,
        "ingress_stream": bool,
        "panel_icon": matching(r"mdi:[a-z0-9-]+", "mdi:puzzle"),
        "panel_title": str,
        "panel_admin": bool,
        "ports": {PORT_NAME: vol.Any(PORT, None)},
        "ports_description": {PORT_NAME: str},
        "host_network": bool,
        "host_dbus": bool,
        "watchdog": matching(
            r"(https?|\[PROTO:\w+\]|tcp)://\[HOST\]:(\[PORT:\d+\]|\d+).*",
            "http://[HOST]:[PORT:80]/",
        ),
        "webui": matching(r"(https?|\[PROTO:\w+\])://\[HOST\]:\[PORT:\d+\].*", "http://[HOST]:…"),
        "map": [
            vol.Schema({vol.Required("type"): vol.In(FOLDER_TYPES), "read_only": bool, "path": str})
        ],
        "backup": vol.In(("hot", "cold")),
        "backup_pre": str,
        "backup_post": str,
        "backup_exclude": [str],
        "options": dict,
        "schema": vol.Any(False, {str: OPTION}),
        "apparmor": bool,
        "devices": [str],
        "udev": bool,
        "uart": bool,
        "usb": bool,
        "gpio": bool,
        "tmpfs": bool,
        "environment": {str: str},
        "privileged": [str],
        "hassio_api": bool,
        "hassio_role": vol.In(("default", "homeassistant", "backup", "manager", "admin")),
        "homeassistant_api": bool,
        "auth_api": bool,
        "breaking_versions": [VERSION],
    }
)


def profile_names(text: str) -> list[str]:
    """Return the AppArmor profiles in a text. The Supervisor wants one, and renames it."""
    return re.findall(r"^profile ([^ ]+).*$", text, re.MULTILINE)


def apps_in(files: list[Path]) -> list[Path]:
    """Return those of the files of a repository that the Supervisor takes for apps."""
    return [
        path
        for path in files
        if path.name in CONFIG_NAMES
        and not any(part.startswith(".") or part == "rootfs" for part in path.parts)
    ]


def rating(app: dict[str, Any], *, own_profile: bool) -> int:
    """Return the security rating that Home Assistant shows, 1 to 8.

    It begins with 5; a profile of its own adds 1 and ingress 2. Host networks, rights of the kernel
    and roles beyond the default one cost points.
    """
    points: int = 5 + own_profile + 2 * bool(app.get("ingress"))
    points -= bool(app.get("host_network")) + bool(app.get("privileged"))
    role = str(app.get("hassio_role", "default"))
    points -= {"manager": 1, "admin": 2}.get(role, 0)
    return max(1, min(8, points))


def is_excluded(path: PurePath, patterns: list[str]) -> bool:
    """Return whether a file or a folder with all that is in it is left out of a backup.

    The Supervisor compares the whole path with each pattern, from its end.
    """
    return any(path.match(pattern) for pattern in patterns)
