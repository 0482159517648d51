"""Decide whether a limb that rests elsewhere has turned, or slid there.

Both are position changes, not leg movements; docs/science.md#position-changes and #sliding.
"""

import math
from collections.abc import Sequence
from typing import Final

from limber_bridge.detection.frame_timing import SEPARATE_AFTER_US
from limber_bridge.detection.movement_rules import LEG_MOVEMENT_MIN_US, TurnLimit
from limber_bridge.detection.open_movement import OpenMovement
from limber_bridge.detection.segments import Segment, pause_before
from limber_bridge.detection.signal import Floats

SLIDE_MAX_OVERSHOOT: Final = 1.3
"""Furthest excursion of a limb that slid, relative to the distance to its new position. Chosen: a
kick comes back from further away."""
SLIDE_MAX_SHAKING: Final = 0.2
"""Largest shaking of a limb that slid, relative to that distance. Chosen: the slide then takes at
least 0.45 to 0.7 s; a faster one is a twitch."""
JERKS_MAX_OVERSHOOT: Final = 1.1
"""Furthest excursion for several jerks in one direction, relative to that distance. Chosen: a strap
slid by jerks."""


def has_changed_position(
    movement: OpenMovement, rest: Floats, final_rest: Floats, limit: TurnLimit, noise: float
) -> bool:
    """Return whether a limb that rests elsewhere has turned, or slid and did nothing else.

    `rest` and `final_rest` are its positions before and after, shape (axes,); `noise` is the noise
    floor of the envelope.
    """
    if limit.is_exceeded(rest, final_rest, noise):
        return True
    # It has not turned. Did it go straight to its new position, slowly or by jerks?
    way = (final_rest - rest).tolist()
    distance = math.sqrt(math.sumprod(way, way))
    # The envelope contains the noise as well, which adds up as squares.
    peak = max(segment.peak for segment in movement.segments)
    excursion = math.sqrt(max(0.0, peak**2 - noise**2))
    if len(movement.segments) > 1 and excursion <= JERKS_MAX_OVERSHOOT * distance:
        only_jerks = all(
            segment.is_shorter_than(LEG_MOVEMENT_MIN_US) for segment in movement.segments
        )
        if only_jerks:
            return True
    # A kick shakes more than a slide, even if it ends a little elsewhere.
    shaking = max(
        (float(block.max()) for segment in movement.segments for block in segment.shaking),
        default=0.0,
    )
    goes_straight = excursion <= SLIDE_MAX_OVERSHOOT * distance
    return goes_straight and shaking <= max(SLIDE_MAX_SHAKING * distance, movement.lower)


def turning_segments(
    segments: Sequence[Segment], rest: Floats, final_rest: Floats, limit: TurnLimit, noise: float
) -> tuple[int, int]:
    """Return the first segment in which a limb turned, and the one after the last.

    What it did well before it left the old direction, or well after it came to the new one, are
    movements of their own.
    """
    # It turned first where it was then held in a direction other than the old one.
    count = len(segments)
    begin = next(
        (index for index in range(count) if is_turned(segments[index], rest, limit, noise)), 0
    )
    if begin and not is_separate(segments, begin):
        begin = 0
    # It had turned once it was held in the new direction.
    end = next(
        (
            index
            for index in range(begin + 1, count)
            if not is_turned(segments[index - 1], final_rest, limit, noise)
        ),
        count,
    )
    if end < count and not is_separate(segments, end):
        end = count
    return begin, end


def is_turned(segment: Segment, position: Floats, limit: TurnLimit, noise: float) -> bool:
    """Return whether a limb was held after a segment in another direction than a position has."""
    if segment.held_at is None:
        return True
    return limit.is_exceeded(segment.held_at, position, noise)


def is_separate(segments: Sequence[Segment], index: int) -> bool:
    """Return whether the limb was still for long enough before a segment."""
    pause = pause_before(segments, index)
    return pause is not None and pause >= SEPARATE_AFTER_US
