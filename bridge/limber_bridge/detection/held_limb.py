"""Decide which segments belong to one movement.

A limb that is lifted, held and put back has moved once. Two kicks that each leave it a little
elsewhere are two movements; docs/science.md#held-limb.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from limber_bridge.detection.averaging import moving_mean
from limber_bridge.detection.frame_timing import SEPARATE_AFTER_US, FrameTiming
from limber_bridge.detection.geometry import distance_between, distances_to
from limber_bridge.detection.segments import Segment, join_segments, pause_before
from limber_bridge.detection.signal import SECOND, Floats

HELD_MAX_US: Final = 3 * SECOND
"""Longest time for which a limb is held that then does not quite come back. Chosen: longer, and it
has found another position."""
BRIEF_MAX_US: Final = SECOND
"""A move that lifts a limb, puts it down or draws it up is shorter. Chosen: what lasts longer is a
movement of its own."""


def split_at_returns(segments: Sequence[Segment], end_delay_us: int) -> Iterator[Segment]:
    """Yield the movements of a limb that has returned: one up to each time at which it was back.

    A return is seen `end_delay_us` after it.
    """
    begin = 0
    for index, segment in enumerate(segments):
        # What begins after a return is another movement.
        if segment.near_since is not None:
            end = max(segment.near_since - end_delay_us, segment.onset)
            yield join_segments(segments[begin : index + 1], end)
            begin = index + 1
    if begin < len(segments):
        yield join_segments(segments[begin:], segments[-1].end)


def split_at_positions(
    segments: Sequence[Segment], rest: Floats | None, final_rest: Floats | None, near: float
) -> list[Segment]:
    """Return the movements of a limb that rests elsewhere afterwards, but did not turn.

    `rest` and `final_rest` are its positions before and after, shape (axes,); `near` is the
    distance at which two positions are about the same.
    """
    if rest is None or final_rest is None:
        return list(segments)
    # After each segment: where the limb was held. Before each: where it was held before.
    held = [final_rest if segment.held_at is None else segment.held_at for segment in segments[:-1]]
    after = [*held, final_rest]
    before = [rest, *after]
    movements: list[Segment] = []
    begin = 0
    while begin < len(segments):
        last = begin
        for index in range(begin + 1, len(after)):
            pause = pause_before(segments, index) or 0
            previous_is_brief = segments[index - 1].is_shorter_than(BRIEF_MAX_US)
            is_brief = segments[index].is_shorter_than(BRIEF_MAX_US)
            # Whether the limb is away from where it was before the movement that is considered.
            is_away = last == index - 1 and distance_between(after[last], before[begin]) > near
            comes_back = goes_part_of_the_way_back(
                before[index - 1], after[index - 1], after[index], near
            )
            brief_return = is_away and previous_is_brief and is_brief and comes_back
            if pause > HELD_MAX_US and not brief_return:
                break
            goes_on = is_away and pause < SEPARATE_AFTER_US and (previous_is_brief or is_brief)
            if (
                brief_return
                or goes_on
                or is_held_between(before[begin], after[begin:index], after[index], near)
            ):
                last = index
        movements.append(join_segments(segments[begin : last + 1], segments[last].end))
        begin = last + 1
    return movements


def goes_part_of_the_way_back(before: Floats, held: Floats, after: Floats, near: float) -> bool:
    """Return whether a limb that went from one position to another went on against that way."""
    way_there = held - before
    way_back = after - held
    # The angle between the two ways is more than 90 degrees.
    turns_back = math.sumprod(way_there.tolist(), way_back.tolist()) < 0
    return turns_back and math.hypot(*way_back.tolist()) > near


def is_held_between(before: Floats, held: Sequence[Floats], after: Floats, near: float) -> bool:
    """Return whether a limb was held away from two positions that are close to each other.

    Each position in which it was held must be further from the first and from the last one than
    those are from each other.
    """
    # Two positions that are closer than `near` are taken for the same.
    least = max(near, distance_between(before, after))
    return bool(held) and all(
        min(distance_between(one, before), distance_between(one, after)) > least for one in held
    )


def extend_to_arrival(
    movement: Segment, final_rest: Floats, near: float, timing: FrameTiming
) -> None:
    """Prolong a movement until the limb is near its final position: it may go there smoothly."""
    means = np.empty((len(final_rest), 0))
    if movement.means:
        means = np.concatenate(movement.means, axis=1)
    if movement.end is None or means.shape[1] < timing.window_frames:
        return
    # Look at the windows from the one that contains the end on.
    end_frame = (movement.end + timing.end_delay_us - movement.first_frame) // timing.frame_us
    begin = max(0, end_frame - timing.window_frames)
    centers = moving_mean(means, timing.window_frames)
    is_near = distances_to(final_rest, centers)[begin:] <= near
    if len(is_near) < timing.quiet_end_frames:
        return
    # It has arrived at the first window after which it stays for as long as ends a movement.
    stays = moving_mean(is_near[None].astype(np.float64), timing.quiet_seen_frames)[0] == 1.0
    first = int(stays.argmax())
    if first and stays[first]:
        frames = begin + first + timing.window_frames - 1
        arrival = movement.first_frame + frames * timing.frame_us - timing.end_delay_us
        movement.end = max(movement.end, arrival)
