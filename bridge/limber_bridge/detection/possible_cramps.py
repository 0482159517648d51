"""Possible cramps: sudden movement after quiet sleep that continues, or ends with getting up.

Movement shows only the response to a cramp, so it never supports more than "possible". The rule is
experimental and has not been validated; docs/science.md#possible-cramps.

What is measured of a cramp does not depend on the strength from which cramps are reported, so that
cramps reported under different thresholds can be compared.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from limber_bridge.detection.cramp_limits import ALERT_REFRACTORY_US, CRAMP_MAX_US
from limber_bridge.detection.events import (
    BedTransition,
    Certainty,
    Cramp,
    Event,
    Method,
    Movement,
    PositionChange,
    RhythmicTrain,
)
from limber_bridge.detection.signal import EARLIEST_TIME, MINUTE, SECOND

QUIET_BEFORE_US: Final = 5 * MINUTE
"""Quiet in bed before a cramp."""
QUIET_MAX_MOVEMENTS: Final = 2
"""Leg movements in that time that are still quiet. Chosen: more are a periodic series."""
QUIET_MOVEMENT_MAX_US: Final = 10 * SECOND
"""Longest of them: that of a candidate of one leg."""
FIRST_MINUTE_US: Final = MINUTE
"""Time from the beginning in which the movement is sudden."""
FIRST_MINUTE_MIN_US: Final = 15 * SECOND
"""Movement in bed in that time. Chosen: longer than a leg movement."""
UNPAUSED_MIN_US: Final = 10 * SECOND
"""Movement without a pause. Chosen: restless legs move in single movements."""
PAUSE_MAX_US: Final = 2 * SECOND
"""Longest pause within it. Chosen: people stop for a moment as they sit up; restless legs and
arousals in apnea pause longer."""
CLUSTER_RESPONSE_MAX_US: Final = 3 * MINUTE
"""Time from the beginning in which the person gets up or continues to move."""
CONTINUED_MIN_US: Final = MINUTE
"""Movement in that time that is enough without getting up. Chosen: a gross movement lasts up to
45 s; docs/science.md#gross-movements."""
BREAK_MAX_US: Final = 20 * SECOND
"""Longest break in it. Chosen: after a longer one, rubbing has ended."""
STRONG_QUANTILE: Final = 0.95
"""Quantile of the peaks of the night that the movement must reach if the person gets up. Chosen: a
trip to the bathroom begins gently."""
STRONG_MIN_PEAKS: Final = 10
"""Movements that this quantile needs. Chosen: fewer give no 95th percentile."""
AFTER_PROBABLE_US: Final = ALERT_REFRACTORY_US
"""Time after a probable cramp in which no possible one is reported."""
BEFORE_PROBABLE_US: Final = MINUTE
"""Time before a probable cramp in which no possible one is reported."""
BED_SETTLED_US: Final = 2 * MINUTE
"""Time after which getting up is known. Chosen: longer than the times of these methods in
`BED_RULES`."""
BED_METHODS: Final = (Method.EXTERNAL, Method.ANKLE, Method.LOAD, Method.BED_MOVEMENT)
"""Methods that know within that time that a person got up."""

type RelevantEvent = Movement | PositionChange | RhythmicTrain | BedTransition
"""Events that show a possible cramp."""

KIND_ORDER: Final[Mapping[type[RelevantEvent], int]] = {
    BedTransition: 0,
    Movement: 1,
    PositionChange: 2,
    RhythmicTrain: 3,
}
"""Order of events with the same time."""


@dataclass(frozen=True, slots=True)
class Activity:
    """A leg movement, a position change or a rhythmic train."""

    onset: int
    end: int
    peak: float | None
    """None for all but leg movements."""


@dataclass(slots=True)
class MovementCluster:
    """Sudden movement after quiet sleep, and what followed."""

    start: int
    movements: list[Activity]
    trains: list[Activity] = field(default_factory=list)
    """Rhythmic trains. They begin no cramp, but calves are rubbed evenly."""
    up_at: int | None = None
    """us; when the person got up."""

    @property
    def end(self) -> int:
        """End of the last movement in us."""
        return max(one.end for one in self.movements)

    def moving_until(self, until: int) -> int:
        """Return for how long (us) something moved up to a time, one leg or both."""
        return union_duration(self.movements, until)

    def moving_before_break(self, until: int) -> int:
        """Return for how long (us) something moved, trains included, up to a time or a break."""
        activities = sorted([*self.movements, *self.trains], key=lambda one: one.onset)
        # End of the movement so far, as activities of two legs overlap.
        end = self.start
        for one in activities:
            if one.onset - end > BREAK_MAX_US:
                return union_duration(activities, min(until, end))
            end = max(end, one.end)
        return union_duration(activities, until)

    def longest_unpaused(self, until: int) -> int:
        """Return the longest time (us) up to a time in which something moved without a pause."""
        longest = 0
        begin = self.start
        end = self.start
        for one in sorted(self.movements, key=lambda one: one.onset):
            if one.onset - end > PAUSE_MAX_US:
                # A pause: count again from here.
                begin = one.onset
            end = max(end, min(one.end, until))
            longest = max(longest, end - begin)
        return longest


class PossibleCrampDetector:
    """Finds what looks like the response to a cramp in movements and in getting up."""

    def __init__(self, threshold: float = 1.0, *, refractory: int = ALERT_REFRACTORY_US) -> None:
        """Start without events; `refractory` (us) is the shortest time between two cramps."""
        self.threshold = threshold
        """Strength from which a cramp is reported."""
        self._refractory = refractory
        self._waiting: list[tuple[int, RelevantEvent]] = []
        """Events with the time from which they count."""
        self._bed = TimeInBed()
        self._cluster: MovementCluster | None = None
        self._last_train: Activity | None = None
        """The last rhythmic train, which may be the beginning of a sudden movement."""
        self._probable: deque[int] = deque(maxlen=8)
        """Onsets of the last probable cramps."""
        self._last_alert = EARLIEST_TIME

    def after_clock_step(self) -> PossibleCrampDetector:
        """Return a detector that starts again, for the time after the clock was set back."""
        return PossibleCrampDetector(self.threshold, refractory=self._refractory)

    def add_event(self, event: Event) -> None:
        """Add an event, in any order. Changes of the bed go to `on_bed_change`."""
        match event:
            case Cramp(certainty=Certainty.PROBABLE):
                self._probable.append(event.onset)
            case Movement() | PositionChange():
                self._waiting.append((event.onset, event))
            case RhythmicTrain():
                # A train that continues is returned with each beat, long after its onset.
                self._waiting.append((event.end, event))
            case _:
                pass

    def on_bed_change(self, change: BedTransition, known_at: int) -> None:
        """Add that a person went to bed or got up, which became known at a time (us)."""
        if change.method not in BED_METHODS:
            return
        # Going to bed may be detected long after it happened, and counts from then on. Getting up
        # is known soon. One that is known too late counts later, so that the result does not depend
        # on how the signal was cut.
        soonest = known_at if change.in_bed else known_at - BED_SETTLED_US
        self._waiting.append((max(change.onset, soonest), change))

    def advance_to(self, until: int) -> Iterator[Cramp]:
        """Yield the cramps that follow, as no event with an onset before a time (us) is missing."""
        if not self._waiting and self._cluster is None:
            return
        # Only what can no longer change is judged, in order of time.
        settled = until - BED_SETTLED_US
        ready = sorted((entry for entry in self._waiting if entry[0] < settled), key=event_order)
        self._waiting = [entry for entry in self._waiting if entry[0] >= settled]
        for time, event in ready:
            yield from self._judge_cluster(time)
            self._process_event(event)
        yield from self._judge_cluster(settled)

    def _process_event(self, event: RelevantEvent) -> None:
        """Process the next event in order of time."""
        cluster = self._cluster
        match event:
            case BedTransition():
                self._bed.on_change(event)
                if cluster is not None and not event.in_bed and cluster.up_at is None:
                    cluster.up_at = event.onset
            case RhythmicTrain():
                self._last_train = Activity(event.onset, event.end, None)
                if cluster is not None:
                    cluster.trains.append(self._last_train)
            case Movement() | PositionChange():
                peak = event.peak if isinstance(event, Movement) else None
                self._process_movement(Activity(event.onset, event.end, peak))

    def _process_movement(self, movement: Activity) -> None:
        """Add a movement to the cluster, or begin one if it is sudden."""
        if self._cluster is not None:
            self._cluster.movements.append(movement)
        else:
            self._begin_cluster(movement)
        self._bed.add_movement(movement, counts=self._cluster is None)

    def _begin_cluster(self, movement: Activity) -> None:
        """Begin a cluster with a movement, if it was quiet before.

        A train that passes into the movement is part of it.
        """
        train = self._last_train
        movements = [movement]
        if train is not None and movement.onset - PAUSE_MAX_US <= train.end <= movement.onset:
            movements.insert(0, train)
        if self._bed.was_quiet_before(movements[0].onset):
            self._cluster = MovementCluster(movements[0].onset, movements)

    def _judge_cluster(self, now: int) -> Iterator[Cramp]:
        """Yield the cramp that a cluster stands for, once the time of the response is over."""
        cluster = self._cluster
        if cluster is None or now < cluster.start + CLUSTER_RESPONSE_MAX_US:
            return
        self._cluster = None
        features = measure_features(cluster, self._bed.strong_peak)
        self._bed.add_peaks(cluster.movements)
        is_alone = cluster.start - self._last_alert >= self._refractory and not any(
            -AFTER_PROBABLE_US <= onset - cluster.start <= BEFORE_PROBABLE_US
            for onset in self._probable
        )
        if is_alone and possible_cramp_strength(features) >= self.threshold:
            self._last_alert = cluster.start
            yield as_cramp(cluster, features)


class TimeInBed:
    """Remembers since when a person is in bed, and what moved."""

    def __init__(self) -> None:
        """Start without knowing whether the person is in bed."""
        self._since: int | None = None
        self._recent: deque[Activity] = deque()
        """Movements within `QUIET_BEFORE_US` before the last one."""
        self._peaks: list[float] = []
        """Peaks of the movements since the person went to bed."""

    @property
    def strong_peak(self) -> float | None:
        """Peak that a strong movement of this night reaches; None with too few movements."""
        if len(self._peaks) < STRONG_MIN_PEAKS:
            return None
        return sorted(self._peaks)[int(STRONG_QUANTILE * (len(self._peaks) - 1))]

    def on_change(self, change: BedTransition) -> None:
        """Note that the person went to bed or got up."""
        self._since = change.onset if change.in_bed else None
        if change.in_bed:
            # A new stay in bed has its own strongest movements.
            self._peaks.clear()

    def add_movement(self, movement: Activity, *, counts: bool) -> None:
        """Note a movement; one that `counts` is one of the movements of the night."""
        self._recent.append(movement)
        if counts and self._since is not None:
            self.add_peaks([movement])
        while self._recent[0].end < movement.onset - QUIET_BEFORE_US:
            self._recent.popleft()

    def add_peaks(self, movements: Iterable[Activity]) -> None:
        """Count movements as movements of the night."""
        self._peaks += [one.peak for one in movements if one.peak is not None]

    def was_quiet_before(self, time: int) -> bool:
        """Return whether the person was in bed before a time (us), with few leg movements only."""
        if self._since is None or time - self._since < QUIET_BEFORE_US:
            return False
        # A position change has no peak, but it is not quiet either.
        before = [one for one in self._recent if one.end > time - QUIET_BEFORE_US]
        only_leg_movements = all(
            one.peak is not None and one.end - one.onset <= QUIET_MOVEMENT_MAX_US for one in before
        )
        return only_leg_movements and len(before) <= QUIET_MAX_MOVEMENTS


def measure_features(cluster: MovementCluster, strong_peak: float | None) -> dict[str, float]:
    """Return what a cluster shows, by name (docs/cramps.md); what is not known is left out."""
    minute_end = cluster.start + FIRST_MINUTE_US
    response_end = cluster.start + CLUSTER_RESPONSE_MAX_US
    up_at = cluster.up_at
    # Movement out of bed is not part of the cramp.
    in_bed_minute_end = minute_end if up_at is None else min(up_at, minute_end)
    in_bed_response_end = response_end if up_at is None else min(up_at, response_end)
    features = {
        "moving_1min_s": cluster.moving_until(in_bed_minute_end) / SECOND,
        "moving_3min_s": cluster.moving_before_break(response_end) / SECOND,
        "stretch_s": cluster.longest_unpaused(in_bed_response_end) / SECOND,
    }
    # A position change has no peak and is strong, so the peaks of the others say nothing.
    peaks = [one.peak for one in cluster.movements if one.peak is not None]
    if strong_peak is not None and len(peaks) == len(cluster.movements):
        features["peak_ratio"] = max(peaks) / strong_peak
    if up_at is not None and up_at <= response_end:
        features["up_after_s"] = (up_at - cluster.start) / SECOND
    return features


def possible_cramp_strength(features: Mapping[str, float]) -> float:
    """Return how far beyond the rule a cluster is: the least of its parts.

    Durations count as multiples of what the rule requires. A peak that is high enough counts as
    such, however high. Getting up replaces continued movement; docs/science.md#cramp-strength.
    """
    # Cramps of an older version have no longest stretch.
    unpaused = features.get("stretch_s", features["moving_1min_s"])
    parts = [
        features["moving_1min_s"] / (FIRST_MINUTE_MIN_US / SECOND),
        unpaused / (UNPAUSED_MIN_US / SECOND),
    ]
    if "up_after_s" not in features:
        # Nothing else moves in bed for a minute, so rubbing need not be strong.
        parts.append(features["moving_3min_s"] / (CONTINUED_MIN_US / SECOND))
    elif features.get("peak_ratio", 1.0) < 1.0:
        parts.append(features["peak_ratio"])
    return min(parts)


def as_cramp(cluster: MovementCluster, features: Mapping[str, float]) -> Cramp:
    """Return a cluster as the cramp that it may be the response to."""
    moving_s = features["moving_3min_s"]
    if "up_after_s" in features:
        then = "then getting up"
    elif moving_s >= CONTINUED_MIN_US / SECOND:
        then = "which went on for a minute or more"
    else:
        then = f"which went on for {moving_s:.0f} s"
    return Cramp(
        cluster.start,
        min(cluster.end, cluster.start + CRAMP_MAX_US),
        Certainty.POSSIBLE,
        f"sudden movement after quiet sleep, {then}",
        possible_cramp_strength(features),
        features,
    )


def union_duration(activities: Iterable[Activity], until: int) -> int:
    """Return for how long (us), up to a time, at least one of some activities lasted."""
    total = 0
    reached = EARLIEST_TIME
    for one in sorted(activities, key=lambda one: one.onset):
        # Only what lies beyond the end of the previous ones is new.
        end = min(one.end, until)
        total += max(0, end - max(one.onset, reached))
        reached = max(reached, end)
    return total


def event_order(entry: tuple[int, RelevantEvent]) -> tuple[int, int]:
    """Return the order of events by time; events of the same time are in the order of their kind.

    So the order in which they arrive, which depends on the cut into blocks, does not matter.
    """
    time, event = entry
    return time, KIND_ORDER[type(event)]
