"""Combine the movements of two legs into one stream (docs/science.md#bilateral-movements).

Invariant: a movement is emitted as soon as nothing that may still come can change it, and no
sooner.
"""

import heapq
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace

from limber_bridge.detection.events import Movement, PositionChange, UnilateralMovement
from limber_bridge.detection.leg_cluster import LegPart, resolve_cluster
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import EARLIEST_TIME, LATEST_TIME


class BilateralCombiner:
    """Combines the movements of several legs under one set of rules.

    A leg is any hashable key. Only legs whose side is known are combined with each other.

    A movement passes four stages: `_open` (of a leg, the next one may still join it), `_waiting`
    (complete, but another leg may still report an earlier one), `_cluster` (in order of onset;
    what follows without a pause shows what the legs did together) and `_group` (leg movements that
    later ones may still join as one bilateral movement).
    """

    def __init__(self, rules: RuleSet, legs: Iterable[Hashable]) -> None:
        """Start without a movement; movements of other legs are refused (KeyError)."""
        self._rules = rules
        self._complete_until = dict.fromkeys(legs, EARLIEST_TIME)
        self._rank = {leg: rank for rank, leg in enumerate(sorted(self._complete_until, key=str))}
        self._open: dict[Hashable, UnilateralMovement] = {}
        self._waiting: list[tuple[int, int, int, Hashable, UnilateralMovement]] = []
        """Heap of (onset, rank of the leg, order of arrival, leg, movement)."""
        self._cluster: list[LegPart] = []
        self._group: list[LegPart] = []
        self._last_emitted_onset = EARLIEST_TIME
        self._arrivals = 0

    @property
    def emitted_until(self) -> int:
        """Time (us) before which no further movement begins."""
        return min([self._first_kept_onset(), *self._earliest_onsets()])

    @property
    def pending_onset(self) -> int:
        """Onset (us) of the first movement that was not emitted yet; `LATEST_TIME` without one."""
        return min([self._first_kept_onset(), *(part.onset for part in self._open.values())])

    def set_legs(self, legs: Iterable[Hashable]) -> None:
        """Go on with other legs; what a leg has reported so far stays.

        A leg that had ended, and is one of them, reports again.
        """
        wanted = set(legs)
        for leg in [leg for leg in self._complete_until if leg not in wanted]:
            self._complete(leg)
            del self._complete_until[leg]
        for leg in wanted:
            until = self._complete_until.get(leg, LATEST_TIME)
            self._complete_until[leg] = EARLIEST_TIME if until == LATEST_TIME else until
        self._rank = {leg: rank for rank, leg in enumerate(sorted(self._complete_until, key=str))}

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
                yield from self._emit_alone(leg, part)
                continue
            if self._cluster and not self._continues_cluster(leg, part):
                yield from self._close_cluster()
            self._cluster.append((leg, part))
        if self._cluster and group_end(self._cluster) + self._rules.min_pause <= reached:
            yield from self._close_cluster()
        if self._group and self._group_limit() <= min(reached, self._cluster_onset()):
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

    def _first_kept_onset(self) -> int:
        """Return the earliest onset (us) of the complete movements; `LATEST_TIME` without one."""
        waiting = self._waiting[0][0] if self._waiting else LATEST_TIME
        group = self._group[0][1].onset if self._group else LATEST_TIME
        return min(waiting, self._cluster_onset(), group)

    def _cluster_onset(self) -> int:
        return self._cluster[0][1].onset if self._cluster else LATEST_TIME

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

    def _continues_cluster(self, leg: Hashable, part: UnilateralMovement) -> bool:
        """Return whether a movement follows the cluster without a pause."""
        if not is_comparable(leg, part, self._cluster[0]):
            return False
        return part.onset - group_end(self._cluster) < self._rules.min_pause

    def _belongs_to_group(self, leg: Hashable, part: UnilateralMovement) -> bool:
        """Return whether a movement makes one bilateral movement with the group."""
        first = self._group[0]
        if not is_comparable(leg, part, first):
            return False
        if self._rules.bilateral_onset_window is not None:
            leg_is_new = all(other != leg for other, _ in self._group)
            return leg_is_new and part.onset - first[1].onset < self._rules.bilateral_onset_window
        return part.onset - group_end(self._group) < self._rules.min_pause

    def _group_limit(self) -> int:
        """Return the onset (us) at and after which no movement can join the group."""
        if self._rules.bilateral_onset_window is not None:
            return self._group[0][1].onset + self._rules.bilateral_onset_window
        return group_end(self._group) + self._rules.min_pause

    def _close_cluster(self) -> Iterator[Movement | PositionChange]:
        """Hand the leg movements of the cluster to the group; yield what they complete."""
        cluster = self._cluster
        self._cluster = []
        for one in resolve_cluster(cluster):
            if isinstance(one, PositionChange):
                # A position change is no part of a bilateral movement: it ends the group.
                yield from self._close_group()
                self._last_emitted_onset = one.onset
                yield one
                continue
            leg, part = one
            if self._group and not self._belongs_to_group(leg, part):
                yield from self._close_group()
            self._group.append(one)

    def _close_group(self) -> Iterator[Movement]:
        """Yield the group, if there is one."""
        group = self._group
        self._group = []
        if group:
            self._last_emitted_onset = group[0][1].onset
            yield bilateral_movement(group, self._rules)

    def _emit_alone(
        self, leg: Hashable, part: UnilateralMovement
    ) -> Iterator[Movement | PositionChange]:
        """Yield a movement that arrived too late to be compared with others."""
        for one in resolve_cluster([(leg, part)]):
            if isinstance(one, PositionChange):
                yield one
            else:
                yield bilateral_movement([one], self._rules)


def is_comparable(leg: Hashable, part: UnilateralMovement, first: LegPart) -> bool:
    """Return whether a movement and the first of some others have known sides, or the same side."""
    first_leg, first_part = first
    return leg == first_leg or None not in (part.side, first_part.side)


def group_end(group: Iterable[LegPart]) -> int:
    """Return the last end (us) of some movements."""
    return max(part.end for _, part in group)


def bilateral_movement(group: Sequence[LegPart], rules: RuleSet) -> Movement:
    """Return a group as one movement of the sleeper."""
    # The motion of the limb is no longer needed; it would stay in memory for the whole night.
    parts = tuple(replace(part, motion=None) for _, part in group)
    onset = parts[0].onset
    end = max(part.end for part in parts)
    return Movement(onset, end, parts, is_candidate(parts, end - onset, rules))


def is_candidate(parts: tuple[UnilateralMovement, ...], duration: int, rules: RuleSet) -> bool:
    """Return whether a movement with these parts and this duration (us) is a CLM."""
    if any(part.duration > rules.max_candidate_duration for part in parts):
        return False
    # The limits of bilateral movements belong to WASM 2016 only.
    if len(parts) == 1 or rules.bilateral_onset_window is not None:
        return True
    return duration <= rules.max_bilateral_duration and len(parts) <= rules.max_bilateral_parts
