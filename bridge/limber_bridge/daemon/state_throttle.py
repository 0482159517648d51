"""When the state of one sleeper is published."""

from dataclasses import dataclass
from typing import Final

from limber_bridge.daemon.sensor_health import SensorStatus
from limber_bridge.detection.signal import SECOND

STATE_INTERVAL_US: Final = 60 * SECOND
"""Time after which a state is published even if nothing but its figures changed."""
MIN_STATE_INTERVAL_US: Final = SECOND // 4
"""Shortest time between two states of one sleeper; a change within it is published with the next
tick. Chosen: a person sees no delay, and a burst of events makes few messages."""


@dataclass(frozen=True, slots=True)
class StateTrigger:
    """What makes a state due at once when it differs from the last one."""

    statuses: tuple[SensorStatus, ...] = ()
    problems: tuple[str, ...] = ()
    calibrating: bool = False


class StateThrottle:
    """Decide when the next state of one sleeper is due."""

    def __init__(self, phase: int) -> None:
        """Start with a state due.

        `phase` (us): how much earlier than others this state is due after all are published
        together, so that the states of many sleepers are not all made at once.
        """
        self._phase = phase
        self._published_at = 0
        self._trigger = StateTrigger()
        self._changed = True

    def note(self, trigger: StateTrigger, *, changed: bool) -> None:
        """Note what is true now; `changed`: something else of the sleeper has changed."""
        self._changed |= changed or trigger != self._trigger
        self._trigger = trigger

    def is_due(self, now: int, *, busy: bool) -> bool:
        """Return whether the state is to be published now (us).

        While samples wait (`busy`), a change waits as long as the figures do.
        """
        # The clock may have been set back since.
        elapsed = abs(now - self._published_at)
        shortest = STATE_INTERVAL_US if busy else MIN_STATE_INTERVAL_US
        return elapsed >= STATE_INTERVAL_US or (self._changed and elapsed >= shortest)

    def note_published(self, now: int, *, with_all: bool = False) -> None:
        """Note that the state was published; `with_all`: together with those of all sleepers."""
        self._published_at = now - self._phase if with_all else now
        self._changed = False
