"""Estimate sleep from the movements in bed.

Lying awake and still for long counts as sleep, as with every method that uses movement;
docs/science.md#sleep.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from limber_bridge.detection.events import BedTransition, Event, Movement, PositionChange
from limber_bridge.detection.signal import MINUTE, SECOND
from limber_bridge.detection.sleep_model import (
    EPOCH_US,
    LIKELY_ASLEEP,
    Seen,
    sleep_probabilities,
)
from limber_bridge.detection.spans import Span, is_in_spans, merge_spans, subtract_spans

ASLEEP_METHOD: Final = "sustained_inactivity"
"""Name of the method: sustained time with few movements is sleep."""

LEG_MOVEMENT_MAX_US: Final = 10 * SECOND
"""Longest leg movement (WASM 2016); a longer movement is a gross movement."""
LONG_MIN_US: Final = 5 * SECOND
"""Movement that is long for a leg movement. Chosen: 95 % of those of three of four scored nights
lasted less than 3.9, 5.3 and 5.5 s (measured)."""
LONG_WITHOUT_SIDE_MIN_US: Final = 7 * SECOND
"""The same where no side is known, so mostly at a bed. Chosen: there a leg movement includes the
time in which the leg is held, and turns are position changes; docs/science.md#pieces-at-the-bed."""
TURN_MIN_US: Final = SECOND
"""Shortest position change of a body. Chosen: a shorter one is a limb that slid."""
PIECES_MAX_PAUSE_US: Final = 3 * SECOND
"""Longest pause between movements that are joined into one. Chosen: a kick may be detected in
pieces."""
PERIOD_US: Final = (10 * SECOND, 90 * SECOND)
"""Shortest and longest interval of periodic movements (WASM 2016)."""
PERIODS_AROUND: Final = 2
"""Number of intervals on each side of a movement that are examined."""
PERIODS_MIN: Final = 3
"""Fewest of these within the limits: four movements make a series (WASM 2016)."""
PERIODS_MAX_RATIO: Final = 2.5
"""Largest ratio of one interval to the next, in the median. Chosen: ln(interval) has an SD of 0.37
to 0.53 in a night (measured), so two of three ratios are below 1.7 to 2.1; one leg misses some."""
GAP_MIN_US: Final = MINUTE
"""Shortest gap that is not known to be sleep. Chosen: nothing was measured in it."""


def in_bed_spans(events: Iterable[Event], until: int) -> list[Span]:
    """Return the spans in bed, in order. One that is still open ends at `until` (us)."""
    spans: list[Span] = []
    since: int | None = None
    transitions = [event for event in events if isinstance(event, BedTransition)]
    for transition in sorted(transitions, key=lambda one: one.onset):
        if transition.in_bed and since is None:
            since = transition.onset
        elif not transition.in_bed and since is not None:
            # A night may begin in bed, and with a gap after which "in bed" is unknown.
            if transition.onset > since:
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
    # Nothing changes in a short gap; nothing is known about a long one.
    long_gaps = [gap for gap in merge_spans(gaps) if gap[1] - gap[0] >= GAP_MIN_US]
    seen = seen_in_epochs(events)
    asleep: list[Span] = []
    for span in in_bed_spans(events, until):
        for sleep in sleep_in_bed(span, seen, long_gaps):
            asleep += subtract_spans(sleep, long_gaps)
    return asleep


def sleep_in_bed(span: Span, seen: dict[int, Seen], gaps: Sequence[Span]) -> list[Span]:
    """Return the spans of sleep in one stay in bed; the keys of `seen` are epoch numbers."""
    epochs = range(span[0] // EPOCH_US, -(-span[1] // EPOCH_US))
    observed = [
        None
        if gaps and is_in_spans(epoch * EPOCH_US + EPOCH_US // 2, gaps)
        else seen.get(epoch, Seen.NOTHING)
        for epoch in epochs
    ]
    return merge_spans(
        (max(span[0], epoch * EPOCH_US), min(span[1], (epoch + 1) * EPOCH_US))
        for epoch, probability in zip(epochs, sleep_probabilities(observed), strict=True)
        if probability > LIKELY_ASLEEP
    )


def seen_in_epochs(events: Iterable[Event]) -> dict[int, Seen]:
    """Return the kinds of movement in each epoch with movement, by epoch number."""
    gross: list[Span] = []
    short: dict[int, list[Span]] = {LONG_MIN_US: [], LONG_WITHOUT_SIDE_MIN_US: []}
    for event in events:
        match event:
            case PositionChange() if event.duration >= TURN_MIN_US:
                gross.append((event.onset, event.end))
            case Movement() if event.duration > LEG_MOVEMENT_MAX_US:
                gross.append((event.onset, event.end))
            case Movement():
                short[long_min_of(event)].append((event.onset, event.end))
            case _:
                pass
    seen = gross_in_epochs(gross)
    for long_min, movements in short.items():
        for onset, kind in kinds_of_movement(join_pieces(movements), long_min):
            epoch = onset // EPOCH_US
            seen[epoch] = seen.get(epoch, Seen.NOTHING) | kind
    return seen


def long_min_of(movement: Movement) -> int:
    """Return the duration (us) from which a movement is long."""
    sided = any(part.side is not None for part in movement.parts)
    return LONG_MIN_US if sided else LONG_WITHOUT_SIDE_MIN_US


def gross_in_epochs(gross: Iterable[Span]) -> dict[int, Seen]:
    """Return the epochs in which gross movements begin or go on, by epoch number."""
    seen: dict[int, Seen] = {}
    for onset, end in gross:
        # A gross movement goes on in the following epochs, but not in the one in which it ends.
        for epoch in range(onset // EPOCH_US, max(onset // EPOCH_US + 1, end // EPOCH_US)):
            seen[epoch] = Seen.GROSS
    return seen


def join_pieces(movements: Iterable[Span]) -> list[Span]:
    """Return movements in order; those separated by a short pause are joined."""
    joined: list[Span] = []
    for onset, end in sorted(movements):
        if joined and onset - joined[-1][1] < PIECES_MAX_PAUSE_US:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((onset, end))
    return joined


def kinds_of_movement(movements: Sequence[Span], long_min: int) -> Iterator[tuple[int, Seen]]:
    """Yield the onset and the kind of each movement; they are in order.

    A movement of `long_min` us or more is long.
    """
    intervals = [later[0] - earlier[0] for earlier, later in pairwise(movements)]
    for index, (onset, end) in enumerate(movements):
        around = intervals[max(0, index - PERIODS_AROUND) : index + PERIODS_AROUND]
        if end - onset >= long_min:
            yield onset, Seen.LONG
        else:
            yield onset, Seen.PERIODIC if are_periodic(around) else Seen.SINGLE


def are_periodic(intervals: Iterable[int]) -> bool:
    """Return whether consecutive intervals (us) are about as regular as those of a series."""
    shortest, longest = PERIOD_US
    within = [interval for interval in intervals if shortest <= interval <= longest]
    if len(within) < PERIODS_MIN:
        return False
    ratios = [abs(math.log(later / earlier)) for earlier, later in pairwise(within)]
    return median(ratios) < math.log(PERIODS_MAX_RATIO)
