"""Decide what two legs did when they moved at the same time: docs/science.md#two-legs.

The body turned, one leg kicked and shook or displaced the other, or both legs moved.
"""

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from limber_bridge.detection.events import PositionChange, UnilateralMovement
from limber_bridge.detection.limb_motion import LimbMotion, similarity
from limber_bridge.detection.movement_rules import LEG_MOVEMENT_MIN_US
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.tilt_reference import OWN_TILT_MIN_G, lacks_tilt

type LegPart = tuple[Hashable, UnilateralMovement]
"""The key of a leg and one of its movements."""

TURN_MIN_DEGREES: Final = 5.0
"""Turn of each of two legs that is a turn of the body. van Hees 2015;
docs/science.md#position-changes."""
ONE_LEG_TURN_MIN_DEGREES: Final = 10.0
"""Turn of one leg that is a turn of the body. Chosen: a mattress that gives way does not lift one
end of a lower leg of 40 cm by 7 cm; docs/science.md#two-legs."""
SHAKEN_MAX_SHARE: Final = 0.6
"""Largest shaking of a leg that is only shaken, relative to that of the other. Chosen: a mattress
damps; a leg that shakes more has moved by itself."""
WEAK_MAX_SHARE: Final = 0.25
"""Share below which a leg counts as shaken unless it tilts more than the other. Chosen: a mattress
passes on less than a quarter, and two legs that kick together seldom differ as much."""
ONSET_TOLERANCE_US: Final = SECOND // 2
"""Time by which a shaken leg may begin earlier. Chosen: a slow kick is seen up to 0.5 s late."""
SHAKING_TILT_MAX: Final = 0.5
"""Largest tilt of a leg that is only shaken, relative to its shaking. Chosen: the mean over 0.5 s
of a swing of 1.3 Hz or faster stays below half of its RMS."""
TILT_MAX_SHARE: Final = 0.6
"""Largest tilt per shaking of a shaken leg, relative to that of the leg that shakes it. Chosen: a
limb that moves itself tilts, one that is shaken hardly does."""
KICK_MIN_SHARE: Final = 0.25
"""Smallest tilt of a leg that kicked and came to rest elsewhere, relative to its displacement.
Chosen: a leg that only settles does not come back."""
ONE_LEG_KICK_MIN_SHARE: Final = 1.0
"""The same if the other leg did not move or is not measured. Chosen: it came back by more than its
displacement."""
SIMILAR_TILT_MAX_SHARE: Final = 0.8
"""The same if the motion of the other leg predicts its motion. Chosen: above this it copies the
kick, tilt included, so both legs moved alike."""
SIMILAR_MIN: Final = 0.5
"""Smallest share of the variance at which the motion of one leg predicts that of the other. Chosen:
legs that moved independently reach 0.3 (docs/science.md#shaken-legs)."""
DELAYS_US: Final = tuple(range(0, 3 * SECOND // 10 + 1, SECOND // 40))
"""Delays of the shaking to try, up to 0.3 s. Chosen: a soft mattress swings at about 1 Hz and
follows within a third of a period."""


def resolve_cluster(cluster: Sequence[LegPart]) -> list[LegPart | PositionChange]:
    """Return the leg movements in a cluster, or its single position change, or nothing.

    A cluster holds movements, position changes included, that follow one another without a pause.
    """
    changes = [member for member in cluster if member[1].turned]
    legs = {leg for leg, _ in cluster}
    if is_body_turn(changes):
        return [position_change(cluster)]
    if len(legs) == 1:
        return resolve_one_leg(cluster, changes)
    moved = [member for member in cluster if not is_shaken(member, cluster)]
    kicks = [member for member in moved if came_back(member[1], KICK_MIN_SHARE)]
    if any(not lacks_tilt(part) for _, part in kicks):
        return [(leg, replace(part, turned=False)) for leg, part in kicks]
    if changes:
        return [position_change(changes)]
    # No leg came back. If none was shaken from outside, one changed its position in a single move.
    return [member for member in moved if not lacks_tilt(member[1])]


def resolve_one_leg(
    cluster: Sequence[LegPart], changes: Sequence[LegPart]
) -> list[LegPart | PositionChange]:
    """Return the leg movements of one leg, or its position change, or nothing."""
    if any(not came_back(part, ONE_LEG_KICK_MIN_SHARE) for _, part in changes):
        return [position_change(cluster)]
    return [(leg, replace(part, turned=False)) for leg, part in cluster if not lacks_tilt(part)]


def position_change(members: Sequence[LegPart]) -> PositionChange:
    """Return the position change from the first onset to the last end of some movements."""
    return PositionChange(
        min(part.onset for _, part in members), max(part.end for _, part in members)
    )


def is_body_turn(changes: Sequence[LegPart]) -> bool:
    """Return whether the position changes of single legs show that the body turned.

    A position change without a motion comes from a stored night and is already one of the body.
    """
    turns: dict[Hashable, float] = {}
    for leg, part in changes:
        if part.motion is None:
            return True
        turns[leg] = max(turns.get(leg, 0.0), part.motion.turn_degrees)
    turned = [degrees for degrees in turns.values() if degrees > TURN_MIN_DEGREES]
    return len(turned) > 1 or any(degrees > ONE_LEG_TURN_MIN_DEGREES for degrees in turned)


def came_back(part: UnilateralMovement, share: float) -> bool:
    """Return whether a leg came back from a tilt of at least a share of its displacement.

    A leg that stays in its new position during a kick of the other leg has only settled.
    """
    motion = part.motion
    if motion is None:
        return not part.turned
    if part.turned and part.duration < LEG_MOVEMENT_MIN_US:
        return False
    least = share * motion.displacement
    if part.turned:
        # A leg that shakes on its way to another position has not kicked.
        least = max(least, OWN_TILT_MIN_G, SHAKING_TILT_MAX * motion.own_shaking)
    return motion.tilt >= least


def is_shaken(member: LegPart, cluster: Sequence[LegPart]) -> bool:
    """Return whether a leg only shook because of what the other one did at the same time."""
    motion = member[1].motion
    sources = list(sources_of(member, cluster))
    return motion is not None and bool(sources) and shakes(sources, motion)


def sources_of(member: LegPart, cluster: Sequence[LegPart]) -> Iterator[LimbMotion]:
    """Yield the motions of the other leg that may have shaken a leg: those at the same time."""
    leg, part = member
    # The shaking may follow its source, but it can hardly precede it.
    for other_leg, other in cluster:
        overlaps = other.onset < part.end and part.onset < other.end + ONSET_TOLERANCE_US
        if other_leg != leg and other.motion is not None and overlaps:
            yield other.motion


def shakes(sources: Sequence[LimbMotion], other: LimbMotion) -> bool:
    """Return whether the motions of one leg explain that of the other."""
    strength = max(source.own_shaking for source in sources)
    shaking = other.own_shaking
    if shaking > SHAKEN_MAX_SHARE * strength:
        return False
    if min(source.begin for source in sources) > other.begin + ONSET_TOLERANCE_US:
        return False
    # Tilt for the same shaking, of both legs.
    tilt = other.tilt
    tilt_share = ratio(tilt * strength, max(source.tilt for source in sources) * shaking)
    if tilt_share <= TILT_MAX_SHARE:
        return True
    if shaking <= WEAK_MAX_SHARE * strength:
        only_shakes = tilt_share <= 1.0 or tilt <= max(SHAKING_TILT_MAX * shaking, OWN_TILT_MIN_G)
        return only_shakes or similarity(sources, other, DELAYS_US) >= SIMILAR_MIN
    return (
        tilt_share <= SIMILAR_TILT_MAX_SHARE
        and similarity(sources, other, DELAYS_US) >= SIMILAR_MIN
    )


def ratio(value: float, reference: float) -> float:
    """Return a value relative to a reference; infinite without one, and 0 for 0."""
    if not value:
        return 0.0
    return value / reference if reference else math.inf
