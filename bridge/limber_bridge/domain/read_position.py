"""How far the frames of a sensor have been read. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """How far the frames of one start of a device have been read."""

    boot: int
    """Boot id of the device: random at each start."""
    end: int
    """Sequence number after the last sample that was read; wraps at 2**32."""
    time: int | None = None
    """us UTC; when that last sample was taken. None: not known."""
