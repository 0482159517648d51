"""Post many messages of a phone, and measure what the bridge keeps of them."""

import time
from pathlib import Path
from typing import Final

from devtools.broker import wait_for_port
from devtools.network_sensor import leg
from devtools.phone_messages import NS, PhoneRecording
from devtools.phone_player import IngestAddress
from devtools.processes import DevtoolError, free_port, need, start
from devtools.soak import ResourceUse, growth, held

POSTS: Final = 1000
"""Each in a connection of its own, as the bridge closes them."""
SECRET: Final = "of-the-measurement"  # noqa: S105 - it protects nothing
SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: Europe/Berlin}}
broker: {{host: 127.0.0.1, port: 1}}
web: {{address: 127.0.0.1, port: {web}}}
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {{id: 1, source: phone, secret: {secret}, placement: ankle, quantity: acceleration}}
"""


def phone_posts(folder: Path, times: int = POSTS) -> ResourceUse:
    """Return what a bridge grows by over that many posts of a second each."""
    port = free_port()
    (folder / "limber.yaml").write_text(SETTINGS.format(web=port, secret=SECRET))
    command: list[str | Path] = [need("limber"), "run", "--config", folder / "limber.yaml"]
    bridge = start("bridge", command, folder / "bridge.log")
    phone = PhoneRecording()
    address = IngestAddress(port, 1, SECRET)
    found = []
    try:
        wait_for_port(bridge, port)
        # A phone that was away for so long: the messages come faster than they were measured.
        begin = round((time.time() - times) * NS)
        for body in phone.messages(leg(0, times, []), begin):
            status, text = address.post(body)
            if status != 200:
                raise DevtoolError(f"a post was refused ({status}): {text}")
            found.append(held(bridge.process.pid))
    finally:
        bridge.stop()
    return growth(found)
