"""Limits how often a password is tried."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

ATTEMPTS_MAX: Final = 5
"""Attempts of one address in `WINDOW_S`. Chosen: a person mistypes less often."""
ATTEMPTS_MAX_IN_ALL: Final = 60
"""Attempts of all addresses in `WINDOW_S`. Chosen: guessing ten characters takes for ever."""
WINDOW_S: Final = 300.0
ADDRESSES_MAX: Final = 1024
"""Addresses that are counted separately."""


class AttemptLimiter:
    """Count the attempts of each address and of all together."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start; `clock` returns s on a steady clock."""
        self._clock = clock
        self._by_network: OrderedDict[str, list[float]] = OrderedDict()
        self._all: list[float] = []

    def allow(self, address: str) -> bool:
        """Count an attempt; return whether it may be made."""
        now = self._clock()
        network = network_of(address)
        own = recent(self._by_network.get(network, []), now)
        self._all = recent(self._all, now)
        if len(own) >= ATTEMPTS_MAX or len(self._all) >= ATTEMPTS_MAX_IN_ALL:
            return False
        self._by_network[network] = [*own, now]
        self._by_network.move_to_end(network)
        self._all.append(now)
        if len(self._by_network) > ADDRESSES_MAX:
            self._by_network.popitem(last=False)
        return True

    def forget(self, address: str) -> None:
        """Forget the attempts of an address that gave the password."""
        self._by_network.pop(network_of(address), None)


def recent(times: list[float], now: float) -> list[float]:
    """Return the times within the window."""
    return [one for one in times if now - one < WINDOW_S]


def network_of(address: str) -> str:
    """Return the network that an attempt is counted for: a client has a whole IPv6 /64."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network(f"{found}/64", strict=False))
