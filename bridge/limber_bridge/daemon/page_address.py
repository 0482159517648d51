"""Under which address a browser in the home reaches the pages of this bridge."""

import ipaddress
import os
import socket
from contextlib import suppress
from typing import Final

from limber_bridge.config.model import HttpEndpoint

HOST_VARIABLE: Final = "LIMBER_HOST"
"""Environment variable with the name of the machine; the Home Assistant app sets it, because the
address of its container cannot be reached from the home."""
DOCUMENTATION_NETWORK: Final = "192.0.2.1"
"""An address that nothing has (RFC 5737); no packet is sent to it."""


def page_url(endpoint: HttpEndpoint | None) -> str | None:
    """Return the address of the pages; None if only this machine can reach them, or none can."""
    host = None if endpoint is None else reachable_host(endpoint.address)
    if endpoint is None or host is None:
        return None
    return f"http://{host}:{endpoint.port}/"


def reachable_host(listening: str) -> str | None:
    """Return a host under which others reach a server that listens at an address."""
    try:
        address = ipaddress.ip_address(listening)
    except ValueError:
        # A host name from the configuration.
        return None if listening == "localhost" else listening
    if address.is_loopback:
        return None
    if not address.is_unspecified:
        return f"[{address}]" if address.version == 6 else str(address)
    return os.environ.get(HOST_VARIABLE) or own_address()


def own_address() -> str | None:
    """Return the address from which the system would send; None without a network."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((DOCUMENTATION_NETWORK, 9))
        return str(probe.getsockname()[0])
    return None
