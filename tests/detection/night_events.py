"""Small hand-made events of a night."""

from limber_bridge.detection.events import Movement, PositionChange, UnilateralMovement
from limber_bridge.detection.signal import MINUTE, SECOND, Side


def kick(
    minute: float,
    seconds: float = 2.0,
    *,
    candidate: bool = True,
    side: Side | None = Side.LEFT,
) -> Movement:
    """Return a movement of one leg, the left one unless another `side` is given."""
    onset = round(minute * MINUTE)
    part = UnilateralMovement(side, onset, onset + round(seconds * SECOND))
    return Movement(part.onset, part.end, (part,), candidate)


def turn(minute: float, seconds: float = 5.0) -> PositionChange:
    """Return a position change."""
    onset = round(minute * MINUTE)
    return PositionChange(onset, onset + round(seconds * SECOND))
