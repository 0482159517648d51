"""Passes on the events of a bridge to event entities, each event once."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback

from .wire_events import Event, NightEvent
from .wire_nights import Night

LATE_AFTER: Final = timedelta(minutes=1)
"""An older event triggers nothing: docs/protocol.md#2-mqtt-version-1."""
REMEMBERED_EVENTS: Final = 500
"""Number of event ids by which repeated events are recognized. Chosen: more than a broker can
repeat after a reconnect."""


@dataclass(frozen=True, slots=True)
class FinishedNight:
    """A night was finished or revised."""

    event: NightEvent
    night: Night | None
    """None if the bridge did not return the night."""


type BridgeEvent = Event | FinishedNight
type EventListener = Callable[[BridgeEvent], None]


class EventDispatcher:
    """Calls the listeners of a sleeper for each event, and recognizes repeated events."""

    def __init__(self) -> None:
        """Start without listeners."""
        self._listeners: dict[str, list[EventListener]] = {}
        self._seen: deque[tuple[str, str]] = deque(maxlen=REMEMBERED_EVENTS)

    @callback
    def async_listen(self, sleeper: str, listener: EventListener) -> CALLBACK_TYPE:
        """Call `listener` for every event of a sleeper; return a function that ends it."""
        listeners = self._listeners.setdefault(sleeper, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    @callback
    def is_repeated(self, sleeper: str, event: Event) -> bool:
        """Return whether an event was seen before, and remember it."""
        # The id of an event is unique only for its sleeper.
        key = (sleeper, event.id)
        if key in self._seen:
            return True
        self._seen.append(key)
        return False

    @callback
    def dispatch(self, sleeper: str, event: BridgeEvent) -> None:
        """Call the listeners of a sleeper."""
        for listener in list(self._listeners.get(sleeper, ())):
            listener(event)


def is_late(event: BridgeEvent, now: datetime) -> bool:
    """Return whether an event is too old to trigger anything."""
    known = event.event if isinstance(event, FinishedNight) else event
    return now - known_time(known) > LATE_AFTER


def known_time(event: Event) -> datetime:
    """Return the earliest time at which an event could be known.

    It may be long after the start: the end of a series is known 90 s after its last movement.
    """
    return event.known_at or getattr(event, "end", None) or event.start
