"""Decide which TCP connections may stay. Pure.

A connection must deliver frames of a sensor. Where all places are taken, the one that has proven
least gives way, so that a stranger cannot keep a sensor with a key out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from limber_bridge.detection.signal import SECOND
from limber_bridge.sources.standing import Standing

MAX_CONNECTIONS: Final = 64
"""Open TCP connections, or two for each sensor if that is more."""
MAX_CONNECTIONS_PER_ADDRESS: Final = 4
"""Of these, from one address; or two for each sensor if that is more."""
PROOF_LASTS_US: Final = 10 * SECOND
"""Time for which a frame proves that a connection belongs to a sensor. A connection is closed when
it is over: a working sensor connects again, and connections of sensors that lost their power do not
pile up. Chosen: several times the longest interval between two frames of a known sensor."""


@dataclass(slots=True, eq=False)
class Connection:
    """An open connection and what it has proven."""

    address: str
    close: Callable[[], None]
    """Closes it at once."""
    opened: int
    """us on the steady clock, as all times here."""
    _proven: dict[Standing, int] = field(default_factory=dict)
    """When the last frame of a standing arrived."""

    def note_frame(self, standing: Standing, now: int) -> None:
        """Note that a frame has arrived; one of a stranger proves nothing."""
        if standing is not Standing.STRANGER:
            self._proven[standing] = now

    @property
    def deadline(self) -> int:
        """When the connection is closed, unless a frame of a sensor arrives before."""
        return max((self.opened, *self._proven.values())) + PROOF_LASTS_US

    def standing(self, now: int) -> Standing:
        """Return what the frames of the last seconds prove."""
        return max(
            (one for one, at in self._proven.items() if now - at < PROOF_LASTS_US),
            default=Standing.STRANGER,
        )


class ConnectionSlots:
    """Hold the open connections, up to a limit for each address and in total."""

    def __init__(self, sensors: int) -> None:
        """Start without connections, and with limits for this number of sensors."""
        self.limit = 0
        """Connections at most."""
        self.limit_per_address = 0
        """Of these, from one address."""
        self._open: list[Connection] = []
        """The one that was opened first comes first."""
        self.set_sensors(sensors)

    def set_sensors(self, sensors: int) -> None:
        """Set the limits for a number of sensors; open connections stay open."""
        self.limit = max(MAX_CONNECTIONS, 2 * sensors)
        self.limit_per_address = max(MAX_CONNECTIONS_PER_ADDRESS, 2 * sensors)

    def __len__(self) -> int:
        """Return how many connections are open."""
        return len(self._open)

    def admit(self, address: str, close: Callable[[], None], now: int) -> Connection | None:
        """Add a connection, closing another if all places are taken; None if none gives way."""
        rivals = self._rivals(address)
        if rivals:
            weakest = min(rivals, key=lambda one: one.standing(now))
            if weakest.standing(now) is Standing.VERIFIED:
                return None
            self.release(weakest)
            weakest.close()
        connection = Connection(address, close, now)
        self._open.append(connection)
        return connection

    def release(self, connection: Connection) -> None:
        """Free the place of a connection that has ended."""
        if connection in self._open:
            self._open.remove(connection)

    def _rivals(self, address: str) -> list[Connection]:
        """Return the connections of which one must give way; none while there is room."""
        of_address = [one for one in self._open if one.address == address]
        if len(of_address) >= self.limit_per_address:
            return of_address
        return self._open if len(self._open) >= self.limit else []
