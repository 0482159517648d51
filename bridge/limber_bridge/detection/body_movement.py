"""Recognize the movements of the whole body that a bed sensor feels, by their size and duration.

A bed sensor feels everything that a sleeper does. A turn of the body is no leg movement, but not
every turn leaves the bed tilted: a stiff frame or the sum of all load cells does not change. The
size is therefore compared with that of short movements of the same person in the same bed: no turn
is that short. See docs/science.md#turns-in-bed.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from limber_bridge.detection.bed_motion import BedMotion
from limber_bridge.detection.events import UnilateralMovement
from limber_bridge.detection.frame_timing import BED_PAUSE_US, SEPARATE_AFTER_US
from limber_bridge.detection.movement_rules import LEG_MOVEMENT_MIN_US
from limber_bridge.detection.movement_split import MovementPart
from limber_bridge.detection.segments import Segment, join_segments
from limber_bridge.detection.signal import EARLIEST_TIME, SECOND

BRIEF_MIN_US: Final = 2 * SECOND
"""Shortest movement that may be a turn. Chosen: a body needs at least this long to roll over."""
PIECES_MAX: Final = 3
"""Most pieces of one leg movement. Chosen: a leg is lifted, put down, and comes to rest."""
SHORT_MAX_US: Final = 3 * SECOND
"""A shorter movement is mostly that of a limb. Gross movements of adults last 3 to 45 s (IRLSSG
2021)."""
LONG_MIN_US: Final = 5 * SECOND
"""A movement of this duration is more likely to be a turn than a leg movement. Chosen: 95 % of the
leg movements of three of four scored nights lasted less than 3.9, 5.3 and 5.5 s (measured), and
gross movements last 12.4 s on average (Ibrahim 2023)."""
LEG_MOVEMENT_MAX_US: Final = 10 * SECOND
"""A longer movement of a single sensor is no candidate under any rules (WASM 2016, AASM)."""
SHORT_KEPT: Final = 100
"""Number of short movements that are kept. Chosen: a few hours of a night."""
SHORT_NEEDED: Final = 10
"""Fewest short movements for a comparison. Chosen: fewer do not show a distribution."""
PIECE_MIN_SHARE: Final = 0.1
"""Smallest peak of a piece, relative to the largest one. Chosen: a leg is put down about as fast as
it is lifted."""
BEAT_MAX_US: Final = SECOND
"""Longest beat of a rhythmic train (docs/science.md#rhythmic-trains)."""
HIGH_QUANTILE: Final = (4, 5)
"""Fraction of the short movements below the level that is called high."""


class BodyMovementJudge:
    """Judges whether a movement at the bed is one of the whole body."""

    __slots__ = ("_body_end", "_peaks")

    def __init__(self) -> None:
        """Start without any movements."""
        self._peaks: deque[float] = deque(maxlen=SHORT_KEPT)
        self._body_end = EARLIEST_TIME
        """us; end of the last movement of the body."""

    def restore_movements(self, movements: Iterable[UnilateralMovement]) -> None:
        """Add the movements that were reported before a restart, in order of onset.

        They are those of the last hours, and parts that followed without a pause are one there. So
        the sizes may differ a little from those of a judge that was not restarted.
        """
        for movement in movements:
            self.add_movement(movement)

    def forget(self) -> None:
        """Forget all movements, because the sensor was moved."""
        self._peaks.clear()

    def add_movement(self, movement: UnilateralMovement) -> None:
        """Remember a movement if it is one of the body, or short."""
        if movement.turned:
            self._body_end = movement.end
        elif LEG_MOVEMENT_MIN_US <= movement.duration < SHORT_MAX_US:
            self._peaks.append(movement.peak)

    def is_of_body(self, movement: UnilateralMovement, motion: BedMotion) -> bool:
        """Return whether a movement is one of the whole body and not of a leg.

        `motion` is how the bed moved in it.
        """
        if 0 <= movement.onset - self._body_end < SEPARATE_AFTER_US:
            # A person who turns over adjusts the legs at once.
            return True
        if movement.duration < BRIEF_MIN_US:
            return False
        if movement.duration > LEG_MOVEMENT_MAX_US or motion.is_of_body:
            return True
        return not motion.is_of_limb and self._is_large(movement, motion)

    def _is_large(self, movement: UnilateralMovement, motion: BedMotion) -> bool:
        """Return whether a movement is larger than most short ones, the less the longer it is."""
        is_long = motion.moving_us >= LONG_MIN_US
        if len(self._peaks) < SHORT_NEEDED:
            # Without enough leg movements to compare with, a long movement is a turn.
            return is_long
        ordered = sorted(self._peaks)
        numerator, denominator = HIGH_QUANTILE
        high = ordered[numerator * len(ordered) // denominator]
        if is_long:
            return movement.peak > high
        # The sizes of movements are about log-normal. The 95th percentile is therefore as far above
        # the 80th as the 80th is above the median, and the 99th is once more as far. A few turns
        # among the short movements change this estimate little, unlike the 95th percentile itself.
        median = ordered[len(ordered) // 2]
        steps = 2 if movement.duration >= SHORT_MAX_US else 3
        return movement.peak > median * (high / median) ** steps


def join_bouts(parts: Sequence[MovementPart], upper: float) -> Iterator[MovementPart]:
    """Yield the parts of a movement, with those joined that belong together.

    A body turns in several moves with short pauses, which together last longer than any leg
    movement. A leg that is lifted, held and put down moves the bed twice. What follows without
    reaching the `upper` threshold, or is much weaker, may be noise and is left out.
    """
    least = max(upper, PIECE_MIN_SHARE * max(part.segment.peak for part in parts))
    clear = [
        part
        for number, part in enumerate(parts)
        if not number or part.is_position_change or part.segment.peak >= least
    ]
    bouts = split_at_pauses(clear, SEPARATE_AFTER_US)
    moves = [part for bout in bouts for part in join_bout(bout)]
    for pieces in split_at_pauses(moves, BED_PAUSE_US):
        yield from join_pieces(pieces)


def split_at_pauses(parts: Iterable[MovementPart], pause: int) -> Iterator[list[MovementPart]]:
    """Yield parts in groups that are separated by pauses of at least `pause` us."""
    group: list[MovementPart] = []
    for part in parts:
        if group and not follows_soon(group[-1].segment, part.segment, pause):
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def follows_soon(last: Segment, following: Segment, pause: int) -> bool:
    """Return whether a segment follows another one after less than `pause` us."""
    return last.end is not None and following.onset - last.end < pause


def join_pieces(pieces: Sequence[MovementPart]) -> Sequence[MovementPart]:
    """Return the pieces of a leg movement as one movement, and anything else unchanged."""
    if not 2 <= len(pieces) <= PIECES_MAX or any(one.is_position_change for one in pieces):
        return pieces
    segments = [piece.segment for piece in pieces]
    end = max(segment.end or segment.onset for segment in segments)
    if end - segments[0].onset > LEG_MOVEMENT_MAX_US:
        return pieces
    return [MovementPart(join_segments(segments, end), pieces[0].rest, pieces[-1].final_rest)]


def join_bout(bout: Sequence[MovementPart]) -> Sequence[MovementPart]:
    """Return a bout of the whole body as one change of position, and any other bout unchanged."""
    if len(bout) < 2:
        return bout
    segments = [part.segment for part in bout]
    onset = segments[0].onset
    end = max(segment.end or segment.onset for segment in segments)
    durations = [(segment.end or segment.onset) - segment.onset for segment in segments]
    # The beats of a rhythmic train last less than a second.
    long = sum(duration for duration in durations if duration >= BEAT_MAX_US)
    is_of_body = end - onset > LEG_MOVEMENT_MAX_US and 2 * long >= end - onset
    if not is_of_body and not any(part.is_position_change for part in bout):
        return bout
    joined = join_segments(segments, end)
    return [MovementPart(joined, bout[0].rest, bout[-1].final_rest, is_position_change=True)]
