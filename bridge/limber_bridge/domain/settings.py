"""What a person has set for a sleeper, and what outlives every restart until it is taken back."""

from dataclasses import dataclass
from typing import Final

DEFAULT_SENSITIVITY: Final = 1.0
"""The sensitivity of the rules as they are written."""
MIN_SENSITIVITY = 0.5
MAX_SENSITIVITY = 2.0
"""Sensitivities between which one can be chosen [D]: what lies nearer to the noise than half of
what the rules want is noise."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one sleeper."""

    paused: bool = False
    """Nothing is to be measured."""
    sensitivity: float = DEFAULT_SENSITIVITY
    """What the threshold of movement is divided by (`NoiseFloor.sense`)."""
    calibrated: int | None = None
    """us; when it was last said that all is quiet for a minute."""
