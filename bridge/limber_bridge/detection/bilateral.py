"""Two legs -> one stream of movements, in order of onset.

Law: a movement is told as soon as nothing that could still come can change it, and no sooner.
"""

import heapq
from collections.abc import Hashable, Iterable, Iterator

from limber_bridge.detection.events import Movement, PositionChange, UnilateralMovement
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import EARLIEST_TIME, LATEST_TIME


class BilateralCombiner:
    """Combines the movements of several legs under one rule set.

    A leg is any hashable key. Legs whose side is known join into bilateral movements; all others
    stay alone.
    """

    def __init__(self, rules: RuleSet, legs: Iterable[Hashable]) -> None:
        """Begin; only marks of these legs are taken."""
        self._rules = rules
        self._frontier = dict.fromkeys(legs, EARLIEST_TIME)
        self._rank = {leg: rank for rank, leg in enumerate(sorted(self._frontier, key=str))}
        self._open: dict[Hashable, UnilateralMovement] = {}
        self._waiting: list[tuple[int, int, int, Hashable, UnilateralMovement]] = []
        self._group: list[tuple[Hashable, UnilateralMovement]] = []
        self._told = EARLIEST_TIME
        self._count = 0

    @property
    def horizon(self) -> int:
        """Time (us) before which no movement is to come any more."""
        waiting = self._waiting[0][0] if self._waiting else LATEST_TIME
        group = self._group[0][1].onset if self._group else LATEST_TIME
        return min(waiting, group, *self._reached())

    @property
    def pending(self) -> int:
        """Onset (us) of the first movement that was handed in and not told yet; LATEST_TIME where there
        is none.
        """
        waiting = [entry[0] for entry in self._waiting[:1]] + [
            part.onset for _, part in self._group[:1]
        ]
        return min([*waiting, *(part.onset for part in self._open.values())], default=LATEST_TIME)

    def mark(self, leg: Hashable, part: UnilateralMovement) -> None:
        """Take in a movement of one leg; those of the same leg come in order of onset."""
        if part.duration < self._rules.min_duration and not part.turned:
            return
        last = self._open.get(leg)
        if (
            last is not None
            and part.onset - last.end < self._rules.min_pause
            and last.turned == part.turned
        ):
            self._open[leg] = last.joined(part)
            return
        self._release(leg)
        self._open[leg] = part

    def reach(self, leg: Hashable, frontier: int) -> None:
        """Note that no mark of this leg with an earlier onset is to come. It never goes back."""
        self._frontier[leg] = max(self._frontier[leg], frontier)
        last = self._open.get(leg)
        if last is not None and self._frontier[leg] - last.end >= self._rules.min_pause:
            self._release(leg)

    def settle(self) -> Iterator[Movement | PositionChange]:
        """Yield the movements that are certain by now, in order of onset.

        A mark that comes after its time has passed (a late sensor) is told alone.
        """
        reached = min(self._reached(), default=LATEST_TIME)
        while self._waiting and self._waiting[0][0] < reached:
            *_, leg, part = heapq.heappop(self._waiting)
            if part.onset < self._told:
                yield from self._whole([(leg, part)])
                continue
            if self._group and not self._joins(leg, part):
                yield from self._close()
            self._group.append((leg, part))
        if self._group and self._limit() <= reached:
            yield from self._close()

    def _reached(self) -> list[int]:
        """Return, for each leg, the earliest onset that it may still hand on."""
        return [
            self._open[leg].onset if leg in self._open else frontier
            for leg, frontier in self._frontier.items()
        ]

    def _release(self, leg: Hashable) -> None:
        part = self._open.pop(leg, None)
        if part is None or (
            self._rules.discards_longer
            and part.duration > self._rules.max_candidate_duration
            and not part.turned
        ):
            return
        self._count += 1
        # Of two legs that begin together always the same one comes first, whichever was told first.
        heapq.heappush(self._waiting, (part.onset, self._rank[leg], self._count, leg, part))

    def _joins(self, leg: Hashable, part: UnilateralMovement) -> bool:
        first_leg, first = self._group[0]
        if (part.side is None or first.side is None) and leg != first_leg:
            return False
        if self._rules.bilateral_onset_window is not None:
            fresh = all(other != leg for other, _ in self._group)
            return fresh and part.onset - first.onset < self._rules.bilateral_onset_window
        return part.onset - self._end() < self._rules.min_pause

    def _end(self) -> int:
        return max(part.end for _, part in self._group)

    def _limit(self) -> int:
        """Return the onset from which on nothing can join the open group."""
        if self._rules.bilateral_onset_window is not None:
            return self._group[0][1].onset + self._rules.bilateral_onset_window
        return self._end() + self._rules.min_pause

    def _close(self) -> Iterator[Movement | PositionChange]:
        group = self._group
        self._group = []
        self._told = group[0][1].onset
        yield from self._whole(group)

    def _whole(
        self, group: list[tuple[Hashable, UnilateralMovement]]
    ) -> Iterator[Movement | PositionChange]:
        parts = tuple(part for _, part in group)
        onset = parts[0].onset
        end = max(part.end for part in parts)
        if any(part.turned for part in parts):
            # The body turns as a whole: what the other leg did meanwhile belongs to it [D].
            yield PositionChange(onset, end)
        else:
            yield Movement(onset, end, parts, is_candidate(parts, end - onset, self._rules))


def is_candidate(parts: tuple[UnilateralMovement, ...], duration: int, rules: RuleSet) -> bool:
    """Return whether a movement is a CLM; durations in us."""
    if any(part.duration > rules.max_candidate_duration for part in parts):
        return False
    if len(parts) == 1 or rules.bilateral_onset_window is not None:
        return True
    return duration <= rules.max_bilateral_duration and len(parts) <= rules.max_bilateral_parts
