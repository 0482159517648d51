"""What a guided check of a sensor's placement shows: a table of verdicts. Pure.

The first row that applies is the verdict, so causes come before what follows from them: a link that
loses samples also loses pulls.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.events import PlacementVerdict
from limber_bridge.detection.movement_rules import MOVEMENT_RULES
from limber_bridge.detection.noise_floor import Noise
from limber_bridge.detection.signal import Quantity

PULLS: Final = 5
"""Pulls that a person is asked for. Chosen: few enough to count along, and one that was missed by
chance shows."""
LOST_MAX_SHARE: Final = 0.05
"""Largest share of samples that may be lost. Chosen: short holes are bridged
(docs/science.md#sampling-and-gaps), but a link that loses more does so in bursts."""
GRAVITY_RANGE_G: Final = (0.8, 1.2)
"""Length of gravity at rest, as for every source (`sources.rest_gravity`)."""
EMG_REST_RANGE_UV: Final = (0.05, 200.0)
"""EMG of a resting muscle in any unit that can be uV: from less than the noise of an amplifier to
what no muscle holds at rest; as for recordings (`recordings.emg_level`)."""
NOISE_MAX: Final = {Quantity.ACCELERATION: 0.02, Quantity.EMG: 10.0, Quantity.LOAD: 0.5}
"""Largest median of the envelope at rest, in the unit of the quantity. Chosen: at 10 uV the noise
of the RMS over 0.15 s reaches the onset threshold of 8 uV about once in a minute; 20 mg and 0.5 kg
are several times the noise of the noisiest common chips (docs/science.md#simulated-signals)."""
HIDDEN_MAX_SHARE: Final = 0.5
"""Largest distance of the threshold from the noise floor, as a share of a moderate movement.
Chosen: above it most mild movements are missed."""
STEADY_MIN_SHARE: Final = 0.5
"""Smallest 10th percentile of noise, as a share of its median; as in `detection.noise_floor`."""
SLIP_MAX_DEGREES: Final = 10.0
"""Largest turn of a sensor on a leg that pulled its toes up five times and came back. Chosen: twice
the turn that counts as a change of position (van Hees 2015), as a person settles a little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFigures:
    """What a guided check has measured so far, in the unit of the quantity."""

    quantity: Quantity
    shows_position: bool
    """Whether the sensor shows the direction of gravity."""
    link_lost: bool = False
    """Whether the signal broke off, or began again with another clock."""
    lost_share: float = 0.0
    rest_level: float | None = None
    """Length of gravity, or the EMG, while the person lay still; None if it was not measured, or
    if the level at rest says nothing about the unit."""
    noise: Noise | None = None
    """Of the envelope while the person lay still."""
    noise_is_steady: bool = False
    """Whether the envelope had no quiet moments, as noise has none."""
    has_hum: bool = False
    """Whether the mains hum in the EMG."""
    movements_at_rest: int = 0
    """Movements and changes of position while the person lay still. Twitches are left out: while
    the noise is being learned, its peaks may pass for them."""
    slip_degrees: float = 0.0
    """By how much the sensor rests in another direction after the pulls than before them."""
    pulls: tuple[float, ...] = ()
    """Highest level of each leg movement in the step of the pulls."""
    short_pulls: int = 0
    """Movements in it that were too short for a leg movement."""
    trains: int = 0
    """Series of fast, even beats in it."""
    turns_while_pulling: int = 0
    level_after_turn: float | None = None
    """Length of gravity after the turn; None if it was not measured."""
    movements_while_turning: int = 0
    position_changed: bool = False
    """Whether a change of position was seen in the step of the turn."""


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """A verdict, and when it applies."""

    verdict: PlacementVerdict
    applies: Callable[[CheckFigures], bool]
    at_rest: bool = False
    """Whether the still part of the check is enough to know it, so that the check ends there."""


def loses_samples(figures: CheckFigures) -> bool:
    """Return whether the link loses samples, or the signal broke off."""
    return figures.link_lost or figures.lost_share > LOST_MAX_SHARE


def has_wrong_unit(figures: CheckFigures) -> bool:
    """Return whether the level at rest cannot be that of gravity, or of a resting muscle."""
    level = figures.rest_level
    if level is None:
        return False
    low, high = GRAVITY_RANGE_G if figures.quantity.axes == 3 else EMG_REST_RANGE_UV
    return not low <= level <= high


def is_loose(figures: CheckFigures) -> bool:
    """Return whether the sensor turned on the leg, or an electrode picks up the mains."""
    turned = figures.turns_while_pulling > 0 or figures.slip_degrees > SLIP_MAX_DEGREES
    return figures.has_hum or (figures.shows_position and turned)


def is_too_noisy(figures: CheckFigures) -> bool:
    """Return whether steady noise hides movements, or passes for them."""
    noise = figures.noise
    if noise is None or not figures.noise_is_steady:
        return False
    rule = MOVEMENT_RULES[figures.quantity]
    distance = max(rule.thresholds.upper, rule.thresholds.upper_spreads * noise.spread)
    hides = distance > HIDDEN_MAX_SHARE * rule.moderate
    return hides or noise.median > NOISE_MAX[figures.quantity]


def moves_when_still(figures: CheckFigures) -> bool:
    """Return whether movements were seen, or the noise could not be learned, at rest."""
    noise = figures.noise
    highest = MOVEMENT_RULES[figures.quantity].thresholds.highest_noise
    return figures.movements_at_rest > 0 or (noise is not None and noise.median > highest)


def is_not_worn(figures: CheckFigures) -> bool:
    """Return whether nothing moved from the begin of the check to its end."""
    moved = figures.movements_while_turning > 0 or figures.position_changed
    return has_no_pulls(figures) and not moved and figures.shows_position


def has_no_pulls(figures: CheckFigures) -> bool:
    """Return whether nothing was seen in the step of the pulls."""
    return not (figures.pulls or figures.short_pulls or figures.trains)


def has_short_pulls(figures: CheckFigures) -> bool:
    """Return whether the pulls were seen, but as twitches or beats."""
    seen = len(figures.pulls) + figures.short_pulls
    return len(figures.pulls) < PULLS and (seen >= PULLS or figures.trains > 0)


def has_wrong_axis(figures: CheckFigures) -> bool:
    """Return whether gravity has another length after a turn: an axis is missing or wrong."""
    level = figures.level_after_turn
    low, high = GRAVITY_RANGE_G
    return figures.shows_position and level is not None and not low <= level <= high


VERDICTS: Final = (
    VerdictRow(PlacementVerdict.LOSES_SAMPLES, loses_samples, at_rest=True),
    VerdictRow(PlacementVerdict.WRONG_UNIT, has_wrong_unit, at_rest=True),
    VerdictRow(PlacementVerdict.LOOSE, is_loose, at_rest=True),
    VerdictRow(PlacementVerdict.TOO_NOISY, is_too_noisy, at_rest=True),
    VerdictRow(PlacementVerdict.MOVES_WHEN_STILL, moves_when_still, at_rest=True),
    VerdictRow(PlacementVerdict.NOT_WORN, is_not_worn),
    VerdictRow(PlacementVerdict.NO_MOVEMENT, has_no_pulls),
    VerdictRow(PlacementVerdict.WRONG_AXIS, has_wrong_axis),
    VerdictRow(PlacementVerdict.PULLS_TOO_SHORT, has_short_pulls),
    VerdictRow(PlacementVerdict.TOO_FEW_PULLS, lambda figures: len(figures.pulls) < PULLS),
    VerdictRow(PlacementVerdict.TOO_MANY_PULLS, lambda figures: len(figures.pulls) > PULLS),
    VerdictRow(
        PlacementVerdict.TURN_COUNTED,
        lambda figures: figures.shows_position and figures.movements_while_turning > 0,
    ),
    VerdictRow(
        PlacementVerdict.TURN_NOT_SEEN,
        lambda figures: figures.shows_position and not figures.position_changed,
    ),
)
"""In order of precedence; without a row that applies, the placement is good."""


def verdict_at_rest(figures: CheckFigures) -> PlacementVerdict | None:
    """Return what the still part already shows; None if the check can go on."""
    rows = (row for row in VERDICTS if row.at_rest and row.applies(figures))
    return next((row.verdict for row in rows), None)


def final_verdict(figures: CheckFigures) -> PlacementVerdict:
    """Return the verdict of a whole check."""
    rows = (row for row in VERDICTS if row.applies(figures))
    return next((row.verdict for row in rows), PlacementVerdict.GOOD)
