"""What the parsers of notifications return. Pure."""

from dataclasses import dataclass
from typing import Protocol

from limber_bridge.detection.signal import Floats


@dataclass(frozen=True, slots=True)
class Notification:
    """A value that a device sent, as it arrived."""

    characteristic: str
    """UUID in lower case, 128 bits."""
    data: bytes
    arrived: int
    """us on the host's steady clock."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleBatch:
    """The samples of one notification."""

    samples: Floats
    """Shape (3, n), in g."""
    stamp: int | None
    """us on the device's clock at the last sample; None: the device has no clock."""


@dataclass(frozen=True, slots=True)
class StreamRefused:
    """The device does not stream: it refused a command, or ended the stream itself."""

    detail: str
    """Why, and what the person must do."""


type Parsed = SampleBatch | StreamRefused | None
"""None: a notification without samples, such as the confirmation of a command."""


class NotificationParser(Protocol):
    """Parses the notifications of one connection, in order."""

    def parse(self, characteristic: str, data: bytes) -> Parsed:
        """Return what a notification says; InvalidNotificationError if it cannot be read."""


class InvalidNotificationError(Exception):
    """A notification cannot be read; the text says what is wrong with it."""
