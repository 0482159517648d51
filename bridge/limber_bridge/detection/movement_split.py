"""Split what a limb did, from its onset until it rested, into movements and position changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from limber_bridge.detection.frame_timing import FrameTiming
from limber_bridge.detection.held_limb import (
    extend_to_arrival,
    split_at_positions,
    split_at_returns,
)
from limber_bridge.detection.movement_rules import TurnLimit
from limber_bridge.detection.open_movement import OpenMovement
from limber_bridge.detection.position_change import has_changed_position, turning_segments
from limber_bridge.detection.segments import Segment, join_segments
from limber_bridge.detection.signal import Floats


@dataclass(frozen=True, slots=True)
class MovementPart:
    """A movement or a position change."""

    segment: Segment
    rest: Floats | None
    """Where the limb rested before it, shape (axes,). None if it is not known or not shown."""
    final_rest: Floats | None
    """Where it rested afterwards, shape (axes,)."""
    is_position_change: bool = False


@dataclass(frozen=True, slots=True)
class NewPosition:
    """Where a limb rests that has moved elsewhere, and how to judge whether it turned."""

    position: Floats
    """Shape (axes,)."""
    turn: TurnLimit | None
    """Distance that is a position change. None: the signal shows no position."""
    noise: float
    """Noise floor of the envelope."""


def split_returned(movement: OpenMovement, timing: FrameTiming) -> list[MovementPart]:
    """Return the movements of a limb that is back at its resting position."""
    segments = split_at_returns(movement.segments, timing.end_delay_us)
    return [MovementPart(segment, movement.rest, movement.rest) for segment in segments]


def split_moved(
    movement: OpenMovement, new: NewPosition, timing: FrameTiming
) -> list[MovementPart]:
    """Return the movements of a limb that rests elsewhere, and its change of position."""
    segments = movement.segments
    rest = movement.rest
    if rest is None:
        # The signal has just begun, so it is not known where the limb rested before.
        return [MovementPart(segment, None, None) for segment in segments]
    begin, end = find_position_change(movement, rest, new)
    parts: list[MovementPart] = []
    if begin:
        # What the limb did before it turned or slid.
        held_at = segments[begin - 1].held_at
        before = split_at_positions(segments[:begin], rest, held_at, movement.near)
        parts += parts_between(before, rest, held_at)
    rest_after: Floats | None = rest
    if begin < end:
        change_end = segments[end - 1].end or movement.stillness.since
        change = join_segments(segments[begin:end], change_end)
        rest_before = segments[begin - 1].held_at if begin else rest
        rest_after = new.position if end == len(segments) else segments[end - 1].held_at
        parts.append(MovementPart(change, rest_before, rest_after, is_position_change=True))
    # What it did after that, or all of it if it neither turned nor slid.
    after = split_at_positions(segments[end:], rest_after, new.position, movement.near)
    if after:
        extend_to_arrival(after[-1], new.position, movement.near, timing)
    return [*parts, *parts_between(after, rest_after, new.position)]


def parts_between(
    segments: Sequence[Segment], rest: Floats | None, final_rest: Floats | None
) -> Iterator[MovementPart]:
    """Yield segments as movements of a limb that goes from one resting position to another."""
    before = rest
    for index, segment in enumerate(segments):
        after = final_rest if index == len(segments) - 1 else segment.held_at
        yield MovementPart(segment, before, after)
        before = after


def find_position_change(movement: OpenMovement, rest: Floats, new: NewPosition) -> tuple[int, int]:
    """Return the first segment of the change of position, and the one after it; 0, 0: none."""
    limit = new.turn
    if limit is None or not has_changed_position(movement, rest, new.position, limit, new.noise):
        return 0, 0
    return turning_segments(movement.segments, rest, new.position, limit, new.noise)
