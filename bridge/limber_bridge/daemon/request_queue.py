"""The requests that wait for an answer; pure.

Invariants, in any order of arrivals and answers: the number that waits is bounded, in all and for
each client; nothing is answered twice; a client that floods delays another one by one request at
most.
"""

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from msgspec import structs

from limber_bridge.protocol.messages import Refusal
from limber_bridge.protocol.request_messages import READ_REQUESTS, Request

MAX_WAITING: Final = 64
"""Requests that may wait. Chosen: all pages that several Home Assistants ask for at a start, one
after the other."""
MAX_PER_CLIENT: Final = 16
"""Requests of one client that may wait. Chosen: Home Assistant has a few at a time."""
MAX_IDS: Final = 4
"""Ids of equal requests that are answered together. Chosen: a client that gave up asks again two or
three times."""
PATIENCE_US: Final = 10_000_000
"""Time after which a request is dropped. Chosen: clients give up after about ten seconds, and what
is done later would surprise."""


class Outcome(Enum):
    """What became of a request that arrived."""

    WAITS = auto()
    MERGED = auto()
    """An equal one waits; both are answered together."""
    REPEATED = auto()
    """The broker delivered it twice."""
    SURPLUS = auto()
    """Dropped: too many wait."""


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A request, or the refusal that a malformed one gets, and what its answer needs."""

    reply_to: str
    request: Request | Refusal
    arrived: int
    """us on the steady clock."""
    ids: tuple[str, ...]
    """Those to answer: of equal requests, the latest last."""

    def equals(self, other: WaitingRequest) -> bool:
        """Return whether one answer is right for both: they only read the same."""
        if not isinstance(self.request, READ_REQUESTS):
            return False
        if not isinstance(other.request, READ_REQUESTS):
            return False
        return structs.replace(self.request, id="") == structs.replace(other.request, id="")

    def merged_with(self, later: WaitingRequest) -> WaitingRequest:
        """Return a request that is answered for both, within `MAX_IDS`, the latest ids first."""
        return replace(self, arrived=later.arrived, ids=(*self.ids, *later.ids)[-MAX_IDS:])


class RequestQueue:
    """Hold requests; the clients take turns."""

    def __init__(self, patience_us: int = PATIENCE_US) -> None:
        """Start empty; a request that has waited for `patience_us` is dropped."""
        self._patience_us = patience_us
        self._clients: dict[str, deque[WaitingRequest]] = {}
        """By reply topic, the client whose turn is next first."""

    def __len__(self) -> int:
        return sum(map(len, self._clients.values()))

    def offer(self, arriving: WaitingRequest) -> Outcome:
        """Add a request, or say why not."""
        waiting = self._clients.get(arriving.reply_to, deque())
        for place, other in enumerate(waiting):
            if other.request == arriving.request or set(arriving.ids) & set(other.ids):
                return Outcome.REPEATED
            if other.equals(arriving):
                waiting[place] = other.merged_with(arriving)
                return Outcome.MERGED
        if len(waiting) >= MAX_PER_CLIENT or not self._has_room_for(len(waiting)):
            return Outcome.SURPLUS
        waiting.append(arriving)
        self._clients[arriving.reply_to] = waiting
        return Outcome.WAITS

    def take(self, now: int) -> WaitingRequest | None:
        """Return the next request at a time (us on the steady clock); None if there is none.

        Those that have waited for too long are dropped.
        """
        while self._clients:
            client = next(iter(self._clients))
            waiting = self._clients.pop(client)
            taken = waiting.popleft()
            if waiting:
                # Inserted again at the end: the others have their turn first.
                self._clients[client] = waiting
            if now - taken.arrived < self._patience_us:
                return taken
        return None

    def _has_room_for(self, waiting: int) -> bool:
        """Return whether a client with this number of waiting requests may add one.

        If the queue is full, the client with the most loses its latest one to a client with fewer.
        """
        if len(self) < MAX_WAITING:
            return True
        client, most = max(self._clients.items(), key=lambda item: len(item[1]))
        if len(most) <= waiting + 1:
            return False
        most.pop()
        if not most:
            del self._clients[client]
        return True
