"""A Home Assistant and a broker that several tests use at the same time, each with its own bridge.

The pytest worker that needs them first starts them, and stops them when no other worker uses them.
"""

import asyncio
import fcntl
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from devtools.broker import start_broker
from devtools.home_assistant import add_broker, opened, prepare, start_home
from devtools.processes import free_port
from tests.e2e.local_time import ZONE_NAME
from tests.required_programs import need

CONFIGURATION = """\
mobile_app:
conversation:
tts:
template:
  - light:
      - name: Hall
        unique_id: hall
        turn_on: []
        turn_off: []
"""
"""What the automations of the tests need."""


@dataclass(frozen=True, slots=True)
class SharedHome:
    """Where to find what is shared."""

    log: Path
    """Log of Home Assistant."""
    broker_port: int
    home_port: int


@contextmanager
def shared_home(folder: Path) -> Iterator[SharedHome]:
    """Use the Home Assistant of a folder, and start it if no other worker has."""
    ports = folder / "ports.json"
    with ExitStack() as ends:
        users = ends.enter_context((folder / "users").open("w"))
        with locked(folder / "start"):
            is_owner = not ports.exists()
            if is_owner:
                ports.write_text(json.dumps(started(folder, ends)))
            else:
                fcntl.flock(users, fcntl.LOCK_SH)
            found = json.loads(ports.read_text())
        yield SharedHome(folder / "home-assistant.log", *found)
        if is_owner:
            with locked(folder / "start"):
                ports.unlink()
            # Wait for the other workers.
            fcntl.flock(users, fcntl.LOCK_EX)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def started(folder: Path, ends: ExitStack) -> tuple[int, int]:
    """Start the broker and Home Assistant, and return their ports."""
    need("mosquitto")
    broker_port = free_port()
    ends.callback(start_broker(folder / "broker", broker_port).stop)
    home_port = free_port()
    prepare(folder / "config", home_port, ZONE_NAME, CONFIGURATION)
    program = start_home(folder / "config")
    ends.callback(program.stop)

    async def give_broker() -> None:
        async with opened(home_port, program) as home:
            await add_broker(home, broker_port)

    asyncio.run(give_broker())
    return broker_port, home_port
