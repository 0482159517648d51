"""The limber.yaml of a container that starts for the first time."""

import os
from pathlib import Path
from typing import Final

FIRST_FILE: Final = """\
# The configuration of Limber. You can edit this file; the pages of the bridge keep your comments.
# Every key: https://github.com/limber-home/limber/blob/main/docs/configuration.md
bridge:
  id: home
  name: Limber
  # From Home Assistant, or from TZ. You can write another one, for example Europe/Berlin.
  time_zone: !env_var LIMBER_TIME_ZONE
  journal: {journal}

# The MQTT broker of Home Assistant, looked up at each start. Write other values for another broker.
broker:
  host: !env_var LIMBER_MQTT_HOST
  port: !env_var LIMBER_MQTT_PORT
  tls: !env_var LIMBER_MQTT_TLS
  user: !env_var LIMBER_MQTT_USER
  password: !env_var LIMBER_MQTT_PASSWORD

# All networks of the container. Which of its ports other devices reach is set outside of it.
web:
  address: 0.0.0.0
network:
  address: 0.0.0.0

# The people whose legs are measured, and their sensors. The page of the bridge adds them.
sleepers: []
"""
"""Its text, with the path of the journal left open."""


def write_first_file(path: Path, journal: Path) -> bool:
    """Write a first configuration if there is no file yet; return whether it was written.

    The file is complete or not there at all. Raises OSError.
    """
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(FIRST_FILE.format(journal=journal), encoding="utf-8")
    # The pages may add keys of sensors to it.
    part.chmod(0o600)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.rename(path)
    return True
