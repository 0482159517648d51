"""When the envelope of each quantity is a movement, and how strong it is."""

from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.detection.events import Grade
from limber_bridge.detection.geometry import angle_degrees, distance_between
from limber_bridge.detection.noise_floor import Thresholds
from limber_bridge.detection.signal import SECOND, Floats, Placement, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLimit:
    """Smallest distance between two resting positions that is a turn of the sleeper."""

    degrees: float | None = None
    """Angle between the two directions of gravity. None: their distance counts instead."""
    distance: float = 0.0
    """Distance in the unit of the quantity."""
    noise_floors: float = 0.0
    """The distance must also reach this multiple of the noise floor."""

    def is_exceeded(self, before: Floats, after: Floats, noise: float) -> bool:
        """Return whether two positions, shape (axes,), lie further apart.

        `noise` is the noise floor of the envelope.
        """
        if self.degrees is not None:
            return angle_degrees(before.tolist(), after.tolist()) > self.degrees
        least = max(self.distance, self.noise_floors * noise)
        return distance_between(before, after) > least


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementRule:
    """When the envelope of one quantity is a movement."""

    thresholds: Thresholds
    shows_position: bool
    """Whether the signal shows where the limb is.

    If so, a limb that is held away from its resting position is still moving.
    """
    turn: TurnLimit | None
    """A limb or a bed that rests further away afterwards has changed its position. None: the signal
    shows no position."""
    near_max: float | None
    """Largest distance from the resting position, in the unit of the quantity, at which a limb may
    be back. None: only within its noise."""
    moderate: float
    strong: float
    """Lowest peak of each grade, in the unit of the quantity; weaker movements are mild."""
    sensitivity_applies: bool
    """Whether a person can change the sensitivity."""

    def grade(self, peak: float) -> Grade:
        """Return the grade of a movement with such a peak."""
        if peak >= self.strong:
            return Grade.STRONG
        return Grade.MODERATE if peak >= self.moderate else Grade.MILD


MOVEMENT_RULES: Final = {
    # Thresholds chosen: an RMS of 3 mg is a swing of 4 to 5 mg, and a partner, the pulse and the
    # other leg reach an ankle with less (docs/science.md#movement-thresholds). Turn: van Hees 2015
    # (docs/science.md#position-changes). Grades chosen: 50 mg moves a blanket, 250 mg wakes a
    # partner (docs/science.md#grades).
    Quantity.ACCELERATION: MovementRule(
        thresholds=Thresholds(
            upper=0.003, lower=0.0015, upper_spreads=4.0, lower_spreads=2.0, highest_noise=0.05
        ),
        shows_position=True,
        turn=TurnLimit(degrees=5.0),
        # Chosen: one degree of turn; no limb returns to within the noise
        # (docs/science.md#held-limb).
        near_max=0.0175,
        moderate=0.05,
        strong=0.25,
        sensitivity_applies=True,
    ),
    # WASM 2016 and AASM: onset 8 uV above resting EMG, end 2 uV above it, whatever the noise
    # (docs/science.md#movement-thresholds). Grades chosen after measured contractions
    # (docs/science.md#grades).
    Quantity.EMG: MovementRule(
        thresholds=Thresholds(
            upper=8.0, lower=2.0, upper_spreads=0.0, lower_spreads=0.0, highest_noise=50.0
        ),
        shows_position=False,
        turn=None,
        near_max=None,
        moderate=25.0,
        strong=75.0,
        sensitivity_applies=False,
    ),
    # Chosen: no source gives thresholds for load cells, and a foot weighs about 1 kg
    # (docs/science.md#movement-thresholds).
    Quantity.LOAD: MovementRule(
        thresholds=Thresholds(
            upper=0.1, lower=0.05, upper_spreads=4.0, lower_spreads=2.0, highest_noise=1.0
        ),
        shows_position=True,
        # Chosen: a leg that comes to lie 0.2 m further on a bed of 2 m shifts about 1 kg from one
        # end to the other, a trunk three to ten times as much (docs/science.md#turns-in-bed).
        turn=TurnLimit(distance=2.0, noise_floors=2.0),
        near_max=None,
        moderate=2.0,
        strong=10.0,
        sensitivity_applies=True,
    ),
}

BED_ACCELERATION_RULE: Final = replace(
    MOVEMENT_RULES[Quantity.ACCELERATION],
    # Chosen: 0.3 degrees of tilt. In a real bed, quiet minutes differed by less than 0.27 degrees
    # in 95 of 100 cases, and movements of 1.5 s and more left a median of 1.4 degrees behind
    # (measured; docs/science.md#turns-in-bed).
    turn=TurnLimit(distance=0.0052, noise_floors=2.0),
    # Chosen: a bed does not return to its position slowly, as a limb does.
    near_max=None,
)
"""The rule for an accelerometer at the bed, which tilts less than a limb."""


def movement_rule(quantity: Quantity, placement: Placement | None = None) -> MovementRule:
    """Return the rule for a sensor."""
    if quantity is Quantity.ACCELERATION and placement is Placement.BED:
        return BED_ACCELERATION_RULE
    return MOVEMENT_RULES[quantity]


LEG_MOVEMENT_MIN_US: Final = SECOND // 2
"""Shortest leg movement; a shorter one is a twitch. WASM 2016 and AASM;
docs/science.md#twitches."""
HOLD_MAX_US: Final = 10 * SECOND
"""A limb that is back within this time of the onset was held in between; later, it has stayed
elsewhere. WASM 2016: 10 s is the longest candidate of one leg; docs/science.md#held-limb."""
