"""Under which address sensors reach this bridge."""

import os
from typing import Final

from limber_bridge.daemon.page_address import HOST_VARIABLE, own_address
from limber_bridge.web.request_checks import (
    host_without_port,
    is_local_name,
    is_private_name,
)
from limber_bridge.web.visit import Visit

FALLBACK: Final = "limber.local"


def own_host(visit: Visit) -> str:
    """Return a host name or address of this machine that others in the home can use.

    A browser elsewhere has just used one, unless it came by a name of the internet; on this
    machine, the system says which address it would send from.
    """
    asked = host_without_port(visit.request.headers.get("Host", ""))
    given = os.environ.get(HOST_VARIABLE, "")
    if asked and not is_local_name(asked) and (is_private_name(asked) or not given):
        return asked
    if given:
        return given
    return own_address() or FALLBACK
