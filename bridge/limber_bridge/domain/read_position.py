"""How far the signed frames of a sensor have been read. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """How far the frames of a sensor that signs them have been read."""

    boot: int
    """Id of the device's start."""
    end: int
    """Number of the sample after the last of that start; wraps at 2**32."""
