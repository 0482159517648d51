"""Tonic activity of the calf and the response to it -> probable cramps; movement alone -> possible
ones.

Experimental [D]: the rules of the science reference, section 5.2, which rest on the only EMG of
natural nocturnal cramps (six women: Chaney and Sherman). No detector of cramps has been validated,
this one neither.

Law: what is measured of a cramp does not depend on the threshold from which on it is told, so that
those told under different thresholds can be compared.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final

import numpy as np

from limber_bridge.detection.binning import Binner
from limber_bridge.detection.binning import Bins as FrameBins
from limber_bridge.detection.envelope import Frames
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
from limber_bridge.detection.geometry import angle_degrees
from limber_bridge.detection.signal import EARLIEST_TIME, SECOND, Quantity

BIN: Final = SECOND // 2
"""us; the envelope of the calf is looked at in bins of this length."""
MINUTE: Final = 60 * SECOND

# Probable.
BASELINE: Final = 600 * SECOND // BIN
"""Bins of quiet calf that make the baseline: ten minutes."""
BASELINE_LEAST: Final = 60 * SECOND // BIN
TONIC_TIMES = 2.0
TONIC_ABOVE = 8.0
"""The calf is tense from twice its baseline on, and from 8 uV above it."""
TONIC: Final = 30 * SECOND // BIN
"""Bins for which it has to be, in 80 % of them."""
TONIC_SHARE: Final = 0.8
TONIC_LEAST: Final = round(TONIC_SHARE * TONIC)
ISOMETRIC: Final = 15 * SECOND
"""us from its beginning in which nothing moves: a cramp is isometric, everything else begins with
movement."""
MOVES_LEAST: Final = 2 * SECOND // BIN
"""Bins of movement in that time that are still nothing."""
RESPONSE_WITHIN: Final = 120 * SECOND
"""us from its beginning."""
RESPONSE: Final = 10 * SECOND // BIN
"""Bins of movement that are a response; so is a limb that rests so many degrees from where it was:
"""
RESPONSE_TURN: Final = 20.0
OVER_TIMES: Final = 1.5
OVER_AFTER: Final = 30 * SECOND // BIN
"""It is over when the calf has been below 1.5 times its baseline for so long (bins)."""
LONGEST: Final = 20 * MINUTE
"""us; what lasts longer is no cramp but a sensor."""
APART: Final = 15 * MINUTE
"""us from one alert to the next, at least."""
VIGOROUS: Final = {Quantity.ACCELERATION: 0.02, Quantity.EMG: 20.0, Quantity.LOAD: 1.0}
"""Level from which on a bin of another sensor is movement (g, uV, kg) [D]."""

# Possible.
QUIET_BEFORE: Final = 5 * MINUTE
CLUSTER: Final = MINUTE
CLUSTER_LEAST: Final = 15 * SECOND
"""us of movement in bed within a minute from its beginning."""
UP_WITHIN: Final = 3 * MINUTE
RUBBING: Final = 60 * SECOND
"""us of movement within three minutes that stand for getting up."""
LEG_MOVEMENT: Final = 10 * SECOND
PAUSE: Final = SECOND
STRETCH: Final = 10 * SECOND
"""us; without a pause of more than `PAUSE`, something moves for so long: what restless legs do
comes in single movements [D]."""
BREAK: Final = 20 * SECOND
"""us without movement after which rubbing does not go on [D]."""
SINGLE: Final = 2
"""In the quiet before there may be so many movements of up to 10 s: more are a periodic series."""
STRONGEST: Final = 0.95
"""Quantile of the night's movements that its peak must reach."""
FEWEST: Final = 10
"""Movements from which on that quantile says something."""
SETTLED: Final = MINUTE
"""us after which nothing changes any more in what is known of getting up (`BED_RULES`)."""
WORN: Final = (Method.ANKLE, Method.LOAD)
"""Methods that know within that time that somebody got up."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Half a second of one sensor."""

    start: int
    """us, a multiple of `BIN`."""
    level: float
    """RMS for EMG, else the highest level; in the unit of the quantity."""
    centre: tuple[float, ...]
    """Mean of each axis."""


class Bins:
    """Cuts the frames of one sensor into bins."""

    def __init__(self, quantity: Quantity) -> None:
        """Begin with nothing."""
        self._quantity = quantity
        self._cut = Binner(BIN)

    def feed(self, frames: Frames) -> list[Bin]:
        """Return the bins that the frames complete."""
        if frames.envelope is None:
            return []
        pieces = self._cut.process_frames(frames.times, np.vstack([frames.mean, frames.envelope]))
        return [] if pieces is None else self._bins(pieces)

    def finish(self) -> list[Bin]:
        """Return the bin that had begun."""
        pieces = self._cut.finish()
        return [] if pieces is None else self._bins(pieces)

    def _bins(self, pieces: FrameBins) -> list[Bin]:
        means = pieces.means()
        levels = pieces.peaks(-1)
        if self._quantity is Quantity.EMG:
            levels = [max(mean[0], 0.0) ** 0.5 for mean in means]
        return [
            Bin(start, level, tuple(mean[:-1]))
            for start, level, mean in zip(pieces.starts, levels, means, strict=True)
        ]


@dataclass(slots=True)
class _Now:
    """What the sensors of one sleeper show in one bin."""

    calf: float | None = None
    """Highest RMS of the calves."""
    moves: bool = False
    centre: tuple[float, ...] | None = None
    """Of a limb's accelerometer."""


@dataclass(frozen=True, slots=True)
class _Past:
    """What was seen in a bin whose calf was measured."""

    start: int
    calf: float
    tense: bool
    moves: bool
    centre: tuple[float, ...] | None


class ProbableCrampDetector:
    """Follows the calves of a sleeper, and what else moves."""

    def __init__(
        self,
        calves: Iterable[int],
        limbs: Iterable[tuple[int, Quantity]],
        baseline: Iterable[float] = (),
    ) -> None:
        """Begin; sensors by their ids. Without a calf nothing is ever found.

        With the `baseline` of an earlier life there is no blind first minute.
        """
        self.threshold = 1.0
        """Strength from which on a cramp is told; at least 1.0, as weaker tension is not followed.
        """
        self._calves = set(calves)
        self._limbs = dict(limbs)
        self._waiting: dict[int, _Now] = {}
        self._baseline: deque[float] = deque(baseline, maxlen=BASELINE)
        self._lately: deque[_Past] = deque(maxlen=TONIC)
        self._tonic: TonicActivity | None = None
        self._told = EARLIEST_TIME

    @property
    def wants(self) -> set[int]:
        """The sensors whose bins are wanted."""
        return self._calves | set(self._limbs) if self._calves else set()

    @property
    def baseline(self) -> tuple[float, ...]:
        """What the quiet calf has shown (uV): what must outlive a restart."""
        return tuple(self._baseline)

    def anew(self) -> ProbableCrampDetector:
        """Return one that begins anew, as time has gone back."""
        again = ProbableCrampDetector(self._calves, self._limbs.items())
        again.threshold = self.threshold
        return again

    def calibrate(self, until: int) -> Iterator[Cramp]:
        """Forget the baseline and learn it anew; yield a cramp that was told as lasting, as over at
        a time (us).
        """
        tonic = self._tonic
        self._tonic = None
        self._baseline.clear()
        self._lately.clear()
        if tonic is not None and tonic.told:
            yield replace(tonic.cramp, end=max(tonic.onset, until))

    def resume(self, cramps: Iterable[Cramp]) -> None:
        """Take in what an earlier life has told."""
        told = [cramp.onset for cramp in cramps if cramp.certainty is Certainty.PROBABLE]
        self._told = max([self._told, *told])

    def take(self, sensor: int, bins: Iterable[Bin]) -> None:
        """Take in bins of one sensor."""
        for one in bins:
            now = self._waiting.setdefault(one.start, _Now())
            if sensor in self._calves:
                now.calf = one.level if now.calf is None else max(now.calf, one.level)
                continue
            quantity = self._limbs[sensor]
            now.moves = now.moves or one.level >= VIGOROUS[quantity]
            now.centre = one.centre if quantity is Quantity.ACCELERATION else now.centre

    def reach(self, until: int) -> Iterator[Cramp]:
        """Yield what the bins that have ended before `until` (us) for every sensor make known."""
        for start in sorted(start for start in self._waiting if start + BIN <= until):
            yield from self._look(start, self._waiting.pop(start))

    def _look(self, start: int, now: _Now) -> Iterator[Cramp]:
        if now.calf is None:
            return
        base = median(self._baseline) if len(self._baseline) >= BASELINE_LEAST else None
        past = _Past(
            start,
            now.calf,
            base is not None and now.calf >= tense_from(base),
            now.moves,
            now.centre,
        )
        if self._tonic is not None:
            yield from self._follow(self._tonic, past)
            return
        self._lately.append(past)
        if not past.tense:
            # Tenths of a uV, which is what sensors resolve: so it is kept in little room, and
            # resumed exactly.
            self._baseline.append(round(now.calf, 1))
        elif base is not None and sum(one.tense for one in self._lately) >= TONIC_LEAST:
            self._begin(base)

    def _begin(self, base: float) -> None:
        """Begin to wait for a response, if nothing moved when the tension began."""
        onset = next(one.start for one in self._lately if one.tense)
        moved = sum(one.moves for one in self._lately if onset <= one.start < onset + ISOMETRIC)
        centres = [one.centre for one in self._lately if one.centre is not None]
        self._tonic = TonicActivity(
            onset, base, centres[0] if centres else None, ignored=moved > MOVES_LEAST
        )
        self._tonic.levels.extend(one.calf for one in self._lately)
        self._lately.clear()

    def _follow(self, tonic: TonicActivity, now: _Past) -> Iterator[Cramp]:
        tonic.take(now)
        if not tonic.told and self._convinces(tonic):
            tonic.told = True
            self._told = tonic.onset
            yield tonic.cramp
        if tonic.low < OVER_AFTER and now.start - tonic.onset < LONGEST:
            return
        if tonic.told:
            yield replace(
                tonic.cramp, end=tonic.low_since if tonic.low >= OVER_AFTER else now.start
            )
        if tonic.low < OVER_AFTER:
            # A sensor whose level has changed for good has another baseline.
            self._baseline.clear()
        self._tonic = None

    def _convinces(self, tonic: TonicActivity) -> bool:
        """Return whether a tension is to be told as a cramp."""
        if tonic.responded is None or tonic.ignored or tonic.strength < self.threshold:
            return False
        return tonic.onset - self._told >= APART


def tense_from(base: float) -> float:
    """Return the level (uV) from which on a calf with a baseline is tense."""
    return max(TONIC_TIMES * base, base + TONIC_ABOVE)


@dataclass(slots=True)
class TonicActivity:
    """A calf that has been tense for a while."""

    onset: int
    base: float
    """Its baseline, frozen, in uV."""
    centre: tuple[float, ...] | None
    """Where the limb rested."""
    ignored: bool
    """It began with movement, so it is none."""
    levels: deque[float] = field(default_factory=lambda: deque(maxlen=TONIC))
    """Of the calf (uV), lately."""
    strength: float = 1.0
    """The highest multiple of the level from which on a calf is tense that this one kept, in 80 %
    of the bins of some 30 s before the response: the first 30 s kept the level itself."""
    responded: int | None = None
    """us; when the response was there."""
    told: bool = False
    low: int = 0
    """Bins in a row below what ends it."""
    low_since: int = 0
    moved: int = 0
    """Bins of movement so far."""

    @property
    def cramp(self) -> Cramp:
        """What is told of it."""
        reason = "the calf was tense without movement, then the leg was moved"
        return Cramp(self.onset, None, Certainty.PROBABLE, reason, self.strength, self._features)

    @property
    def _features(self) -> dict[str, float]:
        tense = 0 if self.responded is None else self.responded - self.onset
        level = self.strength * tense_from(self.base)
        return {"baseline_uv": self.base, "level_uv": level, "tense_s": tense / SECOND}

    def take(self, now: _Past) -> None:
        """Take in a bin."""
        low = now.calf < OVER_TIMES * self.base
        if low and not self.low:
            self.low_since = now.start
        self.low = self.low + 1 if low else 0
        self.moved += now.moves
        if self.responded is None and now.start - self.onset <= RESPONSE_WITHIN:
            self._await(now)

    def _await(self, now: _Past) -> None:
        """Take in a bin of the time in which a response may come, and which says how strong the
        tension is.
        """
        self.levels.append(now.calf)
        kept = sorted(self.levels, reverse=True)[TONIC_LEAST - 1]
        self.strength = max(self.strength, kept / tense_from(self.base))
        turned = (
            self.centre is not None
            and now.centre is not None
            and angle_degrees(self.centre, now.centre) > RESPONSE_TURN
        )
        if self.moved >= RESPONSE or turned:
            self.responded = now.start


type Known = Movement | PositionChange | RhythmicTrain | BedTransition
"""What possible cramps rest on."""


@dataclass(slots=True)
class Cluster:
    """Sudden movement after quiet sleep."""

    start: int
    moves: list[Move]
    rubs: list[Move] = field(default_factory=list)
    """Rhythmic trains. What looks like one begins nothing, but calves are rubbed in an even beat.
    """
    up: int | None = None
    """us; when the sleeper got up."""

    @property
    def end(self) -> int:
        """Us."""
        return max(move.end for move in self.moves)

    def moving(self, until: int) -> int:
        """Return for how long (us) something moved up to a time, one leg or both."""
        return lasting(self.moves, until)

    def going_on(self, until: int) -> int:
        """Return for how long (us) something moved, evenly too, up to a time or up to the first
        break.
        """
        moves = sorted([*self.moves, *self.rubs], key=lambda move: move.onset)
        end = self.start
        for move in moves:
            if move.onset - end > BREAK:
                return lasting(moves, min(until, end))
            end = max(end, move.end)
        return lasting(moves, until)

    def stretch(self, until: int) -> int:
        """Return for how long (us) at the most something moved up to a time without a pause worth
        the name.
        """
        longest = 0
        begin = self.start
        end = self.start
        for move in sorted(self.moves, key=lambda move: move.onset):
            begin = move.onset if move.onset - end > PAUSE else begin
            end = max(end, min(move.end, until))
            longest = max(longest, end - begin)
        return longest


@dataclass(frozen=True, slots=True)
class Move:
    """A leg movement, or a change of posture: that has no peak."""

    onset: int
    end: int
    peak: float | None


def lasting(moves: Iterable[Move], until: int) -> int:
    """Return for how long (us), up to a time, at least one of some moves lasted."""
    total = 0
    reached = EARLIEST_TIME
    for move in sorted(moves, key=lambda move: move.onset):
        end = min(move.end, until)
        total += max(0, end - max(move.onset, reached))
        reached = max(reached, end)
    return total


class PossibleCrampDetector:
    """Follows movements and getting up, and finds what looks like the response to a cramp."""

    def __init__(self, threshold: float = 1.0, *, apart: int = APART) -> None:
        """Begin with nothing; `apart` (us): from one that is told to the next, at least."""
        self.threshold = threshold
        """Strength from which on a cramp is told."""
        self._apart = apart
        self._waiting: list[tuple[int, Known]] = []
        self._moves: deque[Move] = deque()
        self._peaks: list[float] = []
        self._in_bed_since: int | None = None
        self._cluster: Cluster | None = None
        self._probable: deque[int] = deque(maxlen=8)
        self._told = EARLIEST_TIME

    def anew(self) -> PossibleCrampDetector:
        """Return one that begins anew, as time has gone back."""
        return PossibleCrampDetector(self.threshold, apart=self._apart)

    def take(self, event: Event) -> None:
        """Take in an event, in whatever order."""
        match event:
            case Cramp(certainty=Certainty.PROBABLE):
                self._probable.append(event.onset)
            case Movement() | PositionChange():
                self._waiting.append((event.onset, event))
            case RhythmicTrain():
                # A train that goes on is told beat by beat, long after its onset.
                self._waiting.append((event.end, event))
            case _:
                pass

    def went(self, bed: BedTransition, known: int) -> None:
        """Take in that somebody went to bed or got up, which was known at `known` (us)."""
        if bed.method in WORN:
            # Going to bed may be believed long after it happened, and counts from then on. Of
            # getting up it is known soon; what is known too late must not depend on how the signal
            # was cut.
            self._waiting.append((known if bed.in_bed else max(bed.onset, known - SETTLED), bed))

    def reach(self, until: int) -> Iterator[Cramp]:
        """Yield what follows from the events with an onset before `until` (us), as none of them are
        to come.
        """
        settled = until - SETTLED
        ready = sorted((entry for entry in self._waiting if entry[0] < settled), key=order)
        self._waiting = [entry for entry in self._waiting if entry[0] >= settled]
        for time, event in ready:
            yield from self._judged(time)
            self._look(event)
        yield from self._judged(settled)

    def _look(self, event: Known) -> None:
        if isinstance(event, BedTransition):
            self._in_bed_since = event.onset if event.in_bed else None
            if event.in_bed:
                self._peaks.clear()
            if self._cluster is not None and not event.in_bed and self._cluster.up is None:
                self._cluster.up = event.onset
            return
        move = Move(event.onset, event.end, event.peak if isinstance(event, Movement) else None)
        if isinstance(event, RhythmicTrain):
            if self._cluster is not None:
                self._cluster.rubs.append(move)
            return
        if self._cluster is not None:
            self._cluster.moves.append(move)
        elif self._is_sudden(move):
            self._cluster = Cluster(move.onset, [move])
        self._remember(move)

    def _remember(self, move: Move) -> None:
        self._moves.append(move)
        if move.peak is not None and self._cluster is None and self._in_bed_since is not None:
            self._peaks.append(move.peak)
        while self._moves[0].end < move.onset - QUIET_BEFORE:
            self._moves.popleft()

    def _is_sudden(self, move: Move) -> bool:
        """Return whether it was quiet in bed before a movement: nothing but single leg movements."""
        since = self._in_bed_since
        if since is None or move.onset - since < QUIET_BEFORE:
            return False
        before = [one for one in self._moves if one.end > move.onset - QUIET_BEFORE]
        still = all(one.peak is not None and one.end - one.onset <= LEG_MOVEMENT for one in before)
        return still and len(before) <= SINGLE

    def _judged(self, now: int) -> Iterator[Cramp]:
        """Yield the cramp that a cluster stands for, once three minutes have shown it."""
        cluster = self._cluster
        if cluster is None or now < cluster.start + UP_WITHIN:
            return
        self._cluster = None
        cramp = self._cramp(cluster)
        self._peaks += [move.peak for move in cluster.moves if move.peak is not None]
        if strength(cramp.features) < self.threshold or cluster.start - self._told < self._apart:
            return
        if not any(-APART <= onset - cluster.start <= CLUSTER for onset in self._probable):
            self._told = cluster.start
            yield cramp

    def _cramp(self, cluster: Cluster) -> Cramp:
        """Return a cluster as the cramp that it may be the response to."""
        features = self._features(cluster)
        went_on = features["moving_3min_s"]
        then = f", which went on for {'a minute or more' if went_on >= RUBBING / SECOND else f'{went_on:.0f} s'}"
        reason = f"sudden movement after quiet sleep{', then getting up' if 'up_after_s' in features else then}"
        end = min(cluster.end, cluster.start + LONGEST)
        return Cramp(cluster.start, end, Certainty.POSSIBLE, reason, strength(features), features)

    def _features(self, cluster: Cluster) -> dict[str, float]:
        start = cluster.start
        up = cluster.up
        in_bed_until = start + CLUSTER if up is None else min(up, start + CLUSTER)
        features = {
            "moving_1min_s": cluster.moving(in_bed_until) / SECOND,
            "moving_3min_s": cluster.going_on(start + UP_WITHIN) / SECOND,
            "stretch_s": cluster.stretch(
                start + UP_WITHIN if up is None else min(up, start + UP_WITHIN)
            )
            / SECOND,
        }
        strongest = self._against_the_strongest(cluster)
        if strongest is not None:
            features["peak_ratio"] = strongest
        if up is not None and up <= start + UP_WITHIN:
            features["up_after_s"] = (up - start) / SECOND
        return features

    def _against_the_strongest(self, cluster: Cluster) -> float | None:
        """Return the peak of a cluster against what the strongest movements of the night reach.

        None where that says nothing: too few movements, or a change of posture, which has no peak
        and is strong.
        """
        own = [move.peak for move in cluster.moves if move.peak is not None]
        if len(own) < len(cluster.moves) or len(self._peaks) < FEWEST:
            return None
        return max(own) / sorted(self._peaks)[int(STRONGEST * (len(self._peaks) - 1))]


def strength(features: Mapping[str, float]) -> float:
    """Return how far beyond the rule for possible cramps a cluster lies: the least of what it asks
    for.

    How long something moved counts as a multiple of what is asked for; a peak that is high enough
    counts as such, however high. Getting up stands for any length of rubbing; nothing else moves in
    bed for a minute, so that rubbing need not be strong (large movements last 3 to 45 s, science
    reference 1.6).
    """
    stretch = features.get("stretch_s", features["moving_1min_s"])
    asked = [features["moving_1min_s"] / (CLUSTER_LEAST / SECOND), stretch / (STRETCH / SECOND)]
    if "up_after_s" not in features:
        asked.append(features["moving_3min_s"] / (RUBBING / SECOND))
    elif features.get("peak_ratio", 1.0) < 1.0:
        asked.append(features["peak_ratio"])
    return min(asked)


def order(entry: tuple[int, Known]) -> tuple[int, str]:
    """Return what events are ordered by; of two at the same time, that on the bed comes first."""
    return entry[0], type(entry[1]).__name__
