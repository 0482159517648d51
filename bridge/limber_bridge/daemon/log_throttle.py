"""Log lines that repeat, and those about sensors that connect and disconnect."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from limber_bridge.daemon.sensor_health import PROBLEM_ENDED, PROBLEM_SILENT, SensorStatus
from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.foreign_text import printable
from limber_bridge.sources.source_api import Reason

LOG: Final = logging.getLogger(__name__)

REPEAT_AFTER_US: Final = 600 * SECOND
"""Time for which the same warning is not logged again. Chosen: at most six lines an hour."""
UNKNOWN_SENSORS_NAMED: Final = 5
"""Sensors that are not in limber.yaml and are named within that time. Chosen: enough to set up
those of a bed at once; strangers can send any number of ids."""


@dataclass(slots=True)
class RepeatedWarning:
    """What was logged of one kind of warning, and what was left out since."""

    since: int
    """us UTC."""
    texts: set[str]
    """Those that were logged."""
    left_out: int = 0
    latest: str = ""
    """The last one that was left out."""


class LogThrottle:
    """Log a warning once, not for every packet that causes it.

    Its memory is limited: warnings are kept by their kind, of which strangers can cause a few.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        """Start; `now` returns UTC in us."""
        self._now = now
        self._warnings: dict[tuple[int | None, str], RepeatedWarning] = {}
        """By sensor (None: none that is configured) and kind."""

    def __len__(self) -> int:
        """Return how many kinds of warnings are kept."""
        return len(self._warnings)

    def warn(self, sensor: int | None, key: str, text: str) -> None:
        """Log a warning about a sensor, or about none, unless the same was logged recently.

        Warnings with the same sensor and key are the same, whatever their text. Those about unknown
        sensors differ by their text, as it names the sensor, up to `UNKNOWN_SENSORS_NAMED`.
        """
        self.log_left_out()
        warning = self._warnings.setdefault((sensor, key), RepeatedWarning(self._now(), set()))
        named = UNKNOWN_SENSORS_NAMED if key == Reason.UNKNOWN_SENSOR else 1
        if text in warning.texts or len(warning.texts) >= named:
            warning.left_out += 1
            warning.latest = text
            return
        warning.texts.add(text)
        log_warning(sensor, text)

    def log_left_out(self) -> None:
        """Log how many warnings of a kind were left out, once their time is over."""
        now = self._now()
        for (sensor, key), warning in list(self._warnings.items()):
            if abs(now - warning.since) < REPEAT_AFTER_US:
                continue
            del self._warnings[sensor, key]
            if warning.left_out:
                minutes = REPEAT_AFTER_US // (60 * SECOND)
                count = f"{warning.left_out} more in {minutes} minutes"
                log_warning(sensor, f"{warning.latest} ({count})")
                # That line is the first one of the time that begins.
                self._warnings[sensor, key] = RepeatedWarning(now, {warning.latest})


def log_warning(sensor: int | None, text: str) -> None:
    """Log a warning about a sensor, or about none; the text may quote what a stranger sent."""
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
