"""The broker: mosquitto if it is installed, otherwise the embedded amqtt (MQTT 3.1.1 only)."""

import asyncio
import socket
import sys
import time
from pathlib import Path

from devtools.processes import LOOPBACK, DevtoolError, Program, find, start

PATIENCE = 60.0
"""s until a broker must listen."""


def start_broker(folder: Path, port: int) -> Program:
    """Start a broker on loopback without persistence; DevtoolError if it does not listen."""
    folder.mkdir(parents=True, exist_ok=True)
    mosquitto = find("mosquitto")
    if mosquitto is None:
        program = start(
            "broker", [sys.executable, "-m", "devtools.broker", str(port)], folder / "broker.log"
        )
    else:
        settings = folder / "mosquitto.conf"
        # Without TCP_NODELAY each small message may wait 40 ms for a delayed acknowledgement.
        settings.write_text(
            f"listener {port} {LOOPBACK}\nallow_anonymous true\npersistence false\n"
            "set_tcp_nodelay true\n"
        )
        program = start("broker", [mosquitto, "-c", settings], folder / "broker.log")
    wait_for_port(program, port)
    return program


def wait_for_port(program: Program, port: int, patience: float = PATIENCE) -> None:
    """Wait until a program listens; DevtoolError if it does not."""
    until = time.monotonic() + patience
    while time.monotonic() < until and program.runs:
        try:
            socket.create_connection((LOOPBACK, port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    program.stop()
    raise DevtoolError(f"{program.name} does not listen on port {port}:\n{program.tail()}")


async def embedded(port: int) -> None:
    """Run a broker in this process until cancelled."""
    from amqtt.broker import Broker  # noqa: PLC0415 - needed only where there is no mosquitto

    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    await broker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(embedded(int(sys.argv[1])))
