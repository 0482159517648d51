"""A bridge and a browser in a network of their own, where the default ports are free.

Home Assistant and its broker stay outside. Inside, the broker is found at its usual port.
"""

import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devtools.processes import LOOPBACK
from devtools.tcp_proxy import Proxy
from tests.bridge.network_namespace import NetworkNamespace
from tests.required_programs import need


@asynccontextmanager
async def relayed(network: NetworkNamespace, inside: int, outside: int) -> AsyncIterator[None]:
    """Pass connections to a port inside of a network on to a port outside."""
    proxy = Proxy(inside, outside)
    await proxy.start(network.run(socket.create_server, (LOOPBACK, inside)))
    try:
        yield
    finally:
        await proxy.stop()


def program_inside(network: NetworkNamespace, program: str, folder: Path) -> Path:
    """Return a script that runs a program in the network, wherever it is started."""
    script = folder / program
    entered = f"/proc/{os.getpid()}/task/{network.run(threading.get_native_id)}/ns/net"
    script.write_text(f'#!/bin/sh\nexec {need("nsenter")} --net={entered} {need(program)} "$@"\n')
    script.chmod(0o755)
    return script
