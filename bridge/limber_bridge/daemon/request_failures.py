"""Refuse, log and count requests whose answer failed with an unexpected error."""

import asyncio
from collections.abc import Callable
from typing import Final

from limber_bridge.daemon.failure_log import FailureLog, is_cancelled
from limber_bridge.domain.foreign_text import printable
from limber_bridge.protocol.messages import Refusal
from limber_bridge.protocol.request_messages import Request

REQUEST_FAILED: Final = "request_failed"
"""Error of a request whose answer failed because of a fault of the bridge."""
SHOWN_LENGTH: Final = 300
"""Characters of a request that are logged. Chosen: every request fits, except with a long note."""


class RequestFailures:
    """Refuse requests whose answer failed, so that others are still answered."""

    def __init__(self, note: Callable[[], None]) -> None:
        """Start; `note` is called for each failure."""
        self._note = note
        self._failures = FailureLog()

    def refuse(self, request: Request | Refusal, error: Exception) -> Refusal:
        """Log an error and return what the client gets instead of an answer.

        Raise CancelledError if the program is stopping: the error has replaced it.
        """
        if is_cancelled():
            raise asyncio.CancelledError from error
        self._note()
        kind = type(request).__name__
        asked = printable(repr(request), SHOWN_LENGTH)
        consequence = f"it is refused, others are still answered; the request: {asked}"
        text = self._failures.log(f"request ({kind})", error, consequence)
        return Refusal(id=request.id, error=REQUEST_FAILED, message=text)
