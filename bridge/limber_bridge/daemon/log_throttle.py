"""Log lines that repeat, and those about sensors that connect and disconnect."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from limber_bridge.daemon.sensor_health import PROBLEM_ENDED, PROBLEM_SILENT, SensorStatus
from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.foreign_text import printable
from limber_bridge.sources.source_api import Reason

LOG: Final = logging.getLogger(__name__)

REPEAT_AFTER_US: Final = 600 * SECOND
"""Time for which the same warning is not logged again. Chosen: at most six lines an hour."""
MAX_WARNINGS: Final = 1000
"""Different warnings that are remembered: unknown senders can cause any number of them."""


class LogThrottle:
    """Log a warning once, not for every packet that causes it."""

    def __init__(self, now: Callable[[], int]) -> None:
        """Start; `now` returns UTC in us."""
        self._now = now
        self._logged_at: dict[tuple[int | None, str], int] = {}

    def warn(self, sensor: int | None, key: str, text: str) -> None:
        """Log a warning about a sensor, or about none, unless the same was logged recently.

        Warnings with the same sensor and key are the same, whatever their text. Those about unknown
        sensors differ by their text, as it names the sender.
        """
        now = self._now()
        warning = (sensor, text if key == Reason.UNKNOWN_SENSOR else key)
        if len(self._logged_at) >= MAX_WARNINGS:
            self._logged_at.clear()
        is_new = abs(now - self._logged_at.get(warning, -REPEAT_AFTER_US)) >= REPEAT_AFTER_US
        self._logged_at[warning] = now
        if is_new:
            # The text may quote what a stranger sent.
            shown = printable(text, None)
            LOG.warning("%s%s", "" if sensor is None else f"sensor {sensor}: ", shown)


class SensorLog:
    """Log when a sensor connects, falls silent, or has played its recording."""

    def __init__(self) -> None:
        """Start with no sensor connected."""
        self._problems: dict[int, str | None] = {}
        self._seen: set[int] = set()

    def update(self, sleeper: str, statuses: Sequence[SensorStatus]) -> None:
        """Log a line for each sensor of a sleeper whose status changed.

        A sensor that was away for less than a minute has not been reported as silent, so it is not
        logged when it is back.
        """
        for status in statuses:
            before = self._problems.get(status.sensor)
            self._problems[status.sensor] = status.problem
            if status.problem == PROBLEM_SILENT:
                if before != PROBLEM_SILENT:
                    LOG.warning(
                        "sensor %d (%s) sends nothing; check its power and its network",
                        status.sensor,
                        sleeper,
                    )
            elif status.problem == PROBLEM_ENDED:
                if before != PROBLEM_ENDED:
                    LOG.info("sensor %d (%s): end of the recording", status.sensor, sleeper)
            elif status.connected and (status.sensor not in self._seen or before == PROBLEM_SILENT):
                self._seen.add(status.sensor)
                LOG.info("sensor %d (%s) is connected", status.sensor, sleeper)
