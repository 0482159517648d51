"""Settings that a person makes for a sleeper. They survive restarts. Pure."""

from dataclasses import dataclass
from typing import Final

DEFAULT_SENSITIVITY: Final = 1.0
"""Sensitivity at which the threshold of movement is the one of the rules."""
MIN_SENSITIVITY: Final = 0.5
MAX_SENSITIVITY: Final = 2.0
"""Limits of the sensitivity. chosen: a movement at less than half the threshold of the rules cannot
be distinguished from noise."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one sleeper."""

    paused: bool = False
    """Whether measuring is paused."""
    sensitivity: float = DEFAULT_SENSITIVITY
    """The threshold of movement is divided by this."""
    calibrated: int | None = None
    """us; when the last calibration was requested."""
