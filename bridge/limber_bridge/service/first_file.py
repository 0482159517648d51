"""The limber.yaml of a new service, and the time zone of this machine."""

from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

ZONE_LINK: Final = Path("/etc/localtime")
ZONE_NAME: Final = Path("/etc/timezone")
"""Debian has both; others only the link."""
FIRST_FILE: Final = """\
# The configuration of Limber. You can edit this file; the pages of the bridge keep your comments.
# Every key: https://github.com/limber-home/limber/blob/main/docs/configuration.md
# `limber setup` opens the page that adds the broker, people and sensors.
bridge:
  id: home
  name: Limber
  time_zone: {zone}
  journal: {journal}

# Sensors of all networks of this machine.
network:
  address: 0.0.0.0
"""


def native_first_file(journal: Path, zone: str) -> str:
    """Return the text of a first configuration."""
    return FIRST_FILE.format(journal=journal, zone=zone)


def host_time_zone(link: Path = ZONE_LINK, name: Path = ZONE_NAME) -> str:
    """Return the time zone of this machine as an IANA name; UTC if it has none."""
    candidates = []
    if link.is_symlink():
        candidates.append(str(link.readlink()).rpartition("zoneinfo/")[2])
    if name.is_file():
        candidates.append(name.read_text(encoding="utf-8", errors="replace").strip())
    for candidate in candidates:
        try:
            return str(ZoneInfo(candidate))
        except ValueError, OSError, KeyError:
            continue
    return "UTC"
