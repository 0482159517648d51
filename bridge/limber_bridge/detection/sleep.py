"""Estimate sleep from the events of a night: stillness in bed.

Lying awake and still counts as sleep, as with every method that uses movement;
docs/science.md#sleep.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from limber_bridge.detection.events import BedTransition, Event, Movement, PositionChange
from limber_bridge.detection.signal import MINUTE, SECOND
from limber_bridge.detection.spans import (
    Span,
    intersect_spans,
    merge_spans,
    mirror_spans,
    subtract_spans,
)

ASLEEP_METHOD: Final = "sustained_inactivity"
"""Name of the method: no position change and no movement but candidates for 5 min."""

STILLNESS_MIN_US: Final = 5 * MINUTE
"""Time without disturbance that is sleep: van Hees 2015, validated at the wrist and carried over to
ankle and bed; docs/science.md#sleep."""
STILLNESS_BESIDE_SLEEP_MIN_US: Final = 2 * MINUTE
"""Shorter stillness that is sleep if a single turn separates it from sleep. Chosen: a restless
person who is awake is not still for so long."""
LEG_MOVEMENT_MAX_US: Final = 10 * SECOND
"""Longest movement that does not count as wakefulness. Chosen: leg movements would be wakefulness
otherwise and raise the PLMS index a second time."""
GAP_MIN_US: Final = MINUTE
"""Shortest gap that does not count as stillness. Chosen: nothing was measured in it."""
BRIDGED_MAX_US: Final = 10 * MINUTE
"""Longest time between two stretches of sleep that is sleep as well. Chosen: turning over is no
awakening; HDCZA bridges gaps in the same way (van Hees 2018)."""
BRIDGED_MOVEMENT_MAX_US: Final = 30 * SECOND
"""Longest movement in that time, and longest turn beside sleep."""
BRIDGED_TURNS_MAX: Final = 2
"""Most turns in that time. Chosen: a person who is asleep turns once or twice an hour."""


def in_bed_spans(events: Iterable[Event], until: int) -> list[Span]:
    """Return the spans in bed, in order. One that is still open ends at `until` (us)."""
    spans: list[Span] = []
    since: int | None = None
    transitions = [event for event in events if isinstance(event, BedTransition)]
    for transition in sorted(transitions, key=lambda one: one.onset):
        if transition.in_bed and since is None:
            since = transition.onset
        elif not transition.in_bed and since is not None:
            spans.append((since, transition.onset))
            since = None
    if since is not None and until > since:
        spans.append((since, until))
    return spans


def asleep_spans(events: Sequence[Event], until: int, gaps: Iterable[Span] = ()) -> list[Span]:
    """Return the spans of estimated sleep, in order.

    `until` (us) ends a span in bed that is still open. `gaps` are the times in which nothing was
    measured.
    """
    disturbances = merge_spans(
        (event.onset, event.end)
        for event in events
        if isinstance(event, PositionChange)
        or (isinstance(event, Movement) and event.duration > LEG_MOVEMENT_MAX_US)
    )
    # A short gap hides no change, a long one is not known to be still.
    long_gaps = [gap for gap in gaps if gap[1] - gap[0] >= GAP_MIN_US]
    not_still = merge_spans([*disturbances, *long_gaps])
    asleep: list[Span] = []
    for span in in_bed_spans(events, until):
        still = [
            (begin, end)
            for begin, end in subtract_spans(span, not_still)
            if end - begin >= STILLNESS_BESIDE_SLEEP_MIN_US
        ]
        # The same rule forwards and backwards: short stillness after sleep, and before it.
        forwards = sleep_with_following(still)
        backwards = mirror_spans(sleep_with_following(mirror_spans(still)))
        asleep += bridge_turns(merge_spans([*forwards, *backwards]), disturbances)
    return asleep


def sleep_with_following(still: Iterable[Span]) -> list[Span]:
    """Return the spans of stillness that are sleep.

    These are the long ones, and each shorter one that follows a long one after a single turn.
    """
    asleep: list[Span] = []
    after_sleep = False
    for begin, end in still:
        is_long = end - begin >= STILLNESS_MIN_US
        if is_long or (after_sleep and begin - asleep[-1][1] <= BRIDGED_MOVEMENT_MAX_US):
            asleep.append((begin, end))
        after_sleep = is_long
    return asleep


def bridge_turns(asleep: Sequence[Span], disturbances: Sequence[Span]) -> list[Span]:
    """Return spans of sleep, with those joined that only a little movement separates."""
    bridged: list[Span] = []
    for begin, end in asleep:
        if bridged and is_bridgeable((bridged[-1][1], begin), disturbances):
            bridged[-1] = (bridged[-1][0], end)
        else:
            bridged.append((begin, end))
    return bridged


def is_bridgeable(between: Span, disturbances: Sequence[Span]) -> bool:
    """Return whether a person who slept before and after a span slept through it."""
    # Disturbances that lie between the two, each cut to that time.
    turns = intersect_spans([between], disturbances)
    moved = sum(end - begin for begin, end in turns)
    return (
        between[1] - between[0] <= BRIDGED_MAX_US
        and moved <= BRIDGED_MOVEMENT_MAX_US
        and len(turns) <= BRIDGED_TURNS_MAX
    )
