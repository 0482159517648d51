"""Put the messages of one recording in order, and leave out those that came before; pure.

Sensor Logger sends each message in a request of its own, so messages can arrive out of order, and a
message whose response was lost may arrive again. Messages after a missing one are held for a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from limber_bridge.detection.signal import SECOND
from limber_bridge.sources.phone.messages import PhoneMessage

WAIT_US: Final = 5 * SECOND
"""Longest wait without progress for a missing message. Chosen: requests overtake each other by
fractions of a second, and after 10 s without samples a sensor counts as disconnected."""
MAX_HELD: Final = 2000
"""Messages that are held at most. Chosen: half an hour, with one message a second."""
MAX_MISSING_RANGES: Final = 1000
"""Gaps that are remembered. Chosen: more than a night on a bad network has."""


class Verdict(Enum):
    """What happened to a message."""

    ACCEPTED = auto()
    REPEATED = auto()
    """It was read before: nothing is lost."""
    TOO_LATE = auto()
    """The messages after it were used already: its samples are lost."""
    RESTARTED = auto()
    """The numbers began again: its samples are newer than all that were used."""


@dataclass(frozen=True, slots=True)
class MissingRange:
    """Numbers of messages that were missing when those after them were used."""

    begin: int
    end: int


class MessageOrder:
    """Holds the messages of one recording until all before them have come, or are overdue."""

    def __init__(self, next_number: int = 0) -> None:
        """Start; messages with numbers before `next_number` were read already."""
        self._next_number = next_number
        self._held: dict[int, PhoneMessage] = {}
        self._missing: list[MissingRange] = []
        self._progress_at = 0
        """When a message came that is not the newest; us on the host's steady clock."""
        self._newest_time = 0
        """Time of the newest reading that was used, us on the phone's clock."""

    def verdict(self, message: PhoneMessage) -> Verdict:
        """Return what `add` would do with a message."""
        number = message.number
        if number in self._held:
            return Verdict.REPEATED
        if number >= self._next_number:
            return Verdict.ACCEPTED
        if self._newest_time and message.oldest_time > self._newest_time:
            return Verdict.RESTARTED
        missing = any(one.begin <= number < one.end for one in self._missing)
        return Verdict.TOO_LATE if missing else Verdict.REPEATED

    def add(self, message: PhoneMessage) -> Verdict:
        """Take a message, if it is new."""
        verdict = self.verdict(message)
        if verdict is Verdict.ACCEPTED:
            # A message that fills a gap shows that more of them may still arrive.
            if not self._held or message.number < max(self._held):
                self._progress_at = message.arrived
            self._held[message.number] = message
        elif verdict is Verdict.TOO_LATE:
            self._forget_missing(message.number)
        return verdict

    def take_ready(self, now: int) -> Iterator[PhoneMessage]:
        """Yield the messages that are due at `now` (us on the host's steady clock), in order."""
        while self._held:
            if self._next_number not in self._held:
                if not self._is_overdue(now):
                    return
                first = min(self._held)
                self._missing.append(MissingRange(self._next_number, first))
                del self._missing[:-MAX_MISSING_RANGES]
                self._next_number = first
            message = self._held.pop(self._next_number)
            self._next_number += 1
            self._newest_time = max(self._newest_time, message.newest_time)
            yield message

    def due_at(self) -> int | None:
        """Return when held messages are due (us on the host's steady clock); None: none held."""
        return self._progress_at + WAIT_US if self._held else None

    def _is_overdue(self, now: int) -> bool:
        return now - self._progress_at >= WAIT_US or len(self._held) > MAX_HELD

    def _forget_missing(self, number: int) -> None:
        """Split a range at a number that came too late, so that it counts as repeated next time."""
        for place, one in enumerate(self._missing):
            if one.begin <= number < one.end:
                parts = (MissingRange(one.begin, number), MissingRange(number + 1, one.end))
                self._missing[place : place + 1] = [part for part in parts if part.begin < part.end]
                return
