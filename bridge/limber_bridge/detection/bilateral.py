"""Combine the movements of two legs into one stream (docs/science.md#bilateral-movements).

Invariant: a movement is emitted as soon as nothing that may still come can change it, and no
sooner.
"""

import heapq
from collections.abc import Hashable, Iterable, Iterator

from limber_bridge.detection.events import Movement, PositionChange, UnilateralMovement
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import EARLIEST_TIME, LATEST_TIME


class BilateralCombiner:
    """Combines the movements of several legs under one set of rules.

    A leg is any hashable key. Only legs whose side is known are combined with each other.

    A movement passes three stages: `_open` (of a leg, the next one may still join it), `_waiting`
    (complete, but another leg may still report an earlier one) and `_group` (in order of onset;
    later ones may still join it as one bilateral movement).
    """

    def __init__(self, rules: RuleSet, legs: Iterable[Hashable]) -> None:
        """Start without a movement; movements of other legs are refused (KeyError)."""
        self._rules = rules
        self._complete_until = dict.fromkeys(legs, EARLIEST_TIME)
        self._rank = {leg: rank for rank, leg in enumerate(sorted(self._complete_until, key=str))}
        self._open: dict[Hashable, UnilateralMovement] = {}
        self._waiting: list[tuple[int, int, int, Hashable, UnilateralMovement]] = []
        """Heap of (onset, rank of the leg, order of arrival, leg, movement)."""
        self._group: list[tuple[Hashable, UnilateralMovement]] = []
        self._last_emitted_onset = EARLIEST_TIME
        self._arrivals = 0

    @property
    def emitted_until(self) -> int:
        """Time (us) before which no further movement begins."""
        waiting = self._waiting[0][0] if self._waiting else LATEST_TIME
        group = self._group[0][1].onset if self._group else LATEST_TIME
        return min(waiting, group, *self._earliest_onsets())

    @property
    def pending_onset(self) -> int:
        """Onset (us) of the first movement that was not emitted yet; `LATEST_TIME` without one."""
        pending = [part.onset for part in self._open.values()]
        if self._waiting:
            pending.append(self._waiting[0][0])
        if self._group:
            pending.append(self._group[0][1].onset)
        return min(pending, default=LATEST_TIME)

    def add_movement(self, leg: Hashable, part: UnilateralMovement) -> None:
        """Add a movement of one leg; those of the same leg come in order of onset."""
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
        self._complete(leg)
        self._open[leg] = part

    def advance_leg(self, leg: Hashable, time: int) -> None:
        """Note that no further movement of a leg begins before `time` (us), which only grows."""
        self._complete_until[leg] = max(self._complete_until[leg], time)
        last = self._open.get(leg)
        if last is not None and self._complete_until[leg] - last.end >= self._rules.min_pause:
            self._complete(leg)

    def emit_final(self) -> Iterator[Movement | PositionChange]:
        """Yield the movements that can no longer change, in order of onset.

        A movement that arrives after later ones were emitted, from a sensor that delivers late, is
        emitted alone.
        """
        reached = min(self._earliest_onsets(), default=LATEST_TIME)
        while self._waiting and self._waiting[0][0] < reached:
            *_, leg, part = heapq.heappop(self._waiting)
            if part.onset < self._last_emitted_onset:
                yield from self._combine([(leg, part)])
                continue
            if self._group and not self._belongs_to_group(leg, part):
                yield from self._close_group()
            self._group.append((leg, part))
        if self._group and self._group_limit() <= reached:
            yield from self._close_group()

    def emit_all(self) -> Iterator[Movement | PositionChange]:
        """Yield all movements that are left: no leg reports any more."""
        for leg in self._complete_until:
            self.advance_leg(leg, LATEST_TIME)
        return self.emit_final()

    def _earliest_onsets(self) -> list[int]:
        """Return, for each leg, the earliest onset (us) that it may still complete."""
        return [
            self._open[leg].onset if leg in self._open else time
            for leg, time in self._complete_until.items()
        ]

    def _complete(self, leg: Hashable) -> None:
        """Move the open movement of a leg to those that wait for the other legs."""
        part = self._open.pop(leg, None)
        if part is None:
            return
        too_long = part.duration > self._rules.max_candidate_duration and not part.turned
        if self._rules.discards_longer and too_long:
            return
        self._arrivals += 1
        # Of two legs that begin at the same time, always the same one comes first, whichever
        # reported first.
        heapq.heappush(self._waiting, (part.onset, self._rank[leg], self._arrivals, leg, part))

    def _belongs_to_group(self, leg: Hashable, part: UnilateralMovement) -> bool:
        """Return whether a movement makes one bilateral movement with the group."""
        first_leg, first = self._group[0]
        if (part.side is None or first.side is None) and leg != first_leg:
            return False
        if self._rules.bilateral_onset_window is not None:
            leg_is_new = all(other != leg for other, _ in self._group)
            return leg_is_new and part.onset - first.onset < self._rules.bilateral_onset_window
        return part.onset - self._group_end() < self._rules.min_pause

    def _group_end(self) -> int:
        return max(part.end for _, part in self._group)

    def _group_limit(self) -> int:
        """Return the onset (us) at and after which no movement can join the group."""
        if self._rules.bilateral_onset_window is not None:
            return self._group[0][1].onset + self._rules.bilateral_onset_window
        return self._group_end() + self._rules.min_pause

    def _close_group(self) -> Iterator[Movement | PositionChange]:
        group = self._group
        self._group = []
        self._last_emitted_onset = group[0][1].onset
        yield from self._combine(group)

    def _combine(
        self, group: list[tuple[Hashable, UnilateralMovement]]
    ) -> Iterator[Movement | PositionChange]:
        """Yield a group as one movement of the sleeper."""
        parts = tuple(part for _, part in group)
        onset = parts[0].onset
        end = max(part.end for part in parts)
        if any(part.turned for part in parts):
            # Chosen: the body turns as a whole, so what the other leg did at the same time is part
            # of the position change (docs/science.md#position-changes).
            yield PositionChange(onset, end)
        else:
            yield Movement(onset, end, parts, is_candidate(parts, end - onset, self._rules))


def is_candidate(parts: tuple[UnilateralMovement, ...], duration: int, rules: RuleSet) -> bool:
    """Return whether a movement with these parts and this duration (us) is a CLM."""
    if any(part.duration > rules.max_candidate_duration for part in parts):
        return False
    # The limits of bilateral movements belong to WASM 2016 only.
    if len(parts) == 1 or rules.bilateral_onset_window is not None:
        return True
    return duration <= rules.max_bilateral_duration and len(parts) <= rules.max_bilateral_parts
