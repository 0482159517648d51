"""What is reported about the connection to the broker: problems, disconnects, log lines."""

import logging
from collections.abc import Callable
from typing import Final

from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.mqtt_connection import Connection, Phase
from limber_bridge.daemon.mqtt_events import Protocol
from limber_bridge.domain.nights import to_utc
from limber_bridge.protocol.health_messages import ConnectionHealth, Disconnection, Problem

LOG: Final = logging.getLogger(__name__)


class ConnectionReport:
    """Collect what a person should know about the connection, and log each change once."""

    def __init__(self, address: str, now: Callable[[], int]) -> None:
        """Start without a connection; `address` of the broker, `now` returns UTC in us."""
        self._address = address
        self._now = now
        self._since = now()
        self._reason = ""
        self._disconnects = 0
        self._last_disconnect: Disconnection | None = None
        self._problems: dict[str, str] = {}
        self._logged: set[str] = set()
        self._log_connection = True

    def problems(self, phase: Phase) -> tuple[Problem, ...]:
        """Return what is wrong with the connection now."""
        found = dict(self._problems)
        # While the connection rests as it was taken over, there is a broker, and that problem says
        # why it is not used.
        rests = phase is Phase.RESTING and problems.SESSION_TAKEN_OVER in found
        if not rests and phase not in (Phase.CONNECTED, Phase.STOPPING):
            found[problems.NOT_CONNECTED] = problems.not_connected(self._reason)
        return tuple(Problem(key=key, message=text) for key, text in found.items())

    def health(self, connection: Connection, pending: int, dropped: int) -> ConnectionHealth:
        """Return the health of the connection as it is published."""
        return ConnectionHealth(
            connected=connection.phase is Phase.CONNECTED,
            protocol=connection.protocol.value,
            since=to_utc(self._since),
            disconnects=self._disconnects,
            last_disconnect=self._last_disconnect,
            pending=pending,
            dropped=dropped,
        )

    def note_connected(self, protocol: Protocol) -> None:
        """Note a connection, and the end of the time without one."""
        now = self._now()
        if self._reason:
            self._last_disconnect = Disconnection(
                start=to_utc(self._since), end=to_utc(now), reason=self._reason
            )
        self._since = now
        self._reason = ""
        self._logged.clear()
        if self._log_connection:
            LOG.info("connected to the broker at %s with %s", self._address, protocol.value)
        self._log_connection = False

    def note_disconnected(self, reason: str, *, log_return: bool) -> None:
        """Note the end of a connection; `log_return`: the next one is worth a log line."""
        self._since = self._now()
        self._reason = reason
        self._disconnects += 1
        self._log_connection |= log_return

    def note_failure(self, text: str) -> None:
        """Note why there is no connection; log it once until there is one."""
        self._reason = text
        self.log_once(logging.ERROR, text)

    def log_once(self, level: int, text: str) -> None:
        """Log a line unless it was logged since the last connection."""
        if text not in self._logged:
            LOG.log(level, "%s", text)
        self._logged.add(text)

    def log_warning(self, text: str) -> None:
        """Log a warning."""
        LOG.warning("%s", text)

    def raise_problem(self, key: str, text: str) -> None:
        """Add or replace a problem; log it if there was none with this key."""
        if key not in self._problems:
            LOG.error("%s", text)
        self._problems[key] = text

    def clear_problem(self, key: str, text: str) -> None:
        """Remove a problem, and log that it is over if it was there."""
        if self._problems.pop(key, None) is not None:
            LOG.info("%s", text)
