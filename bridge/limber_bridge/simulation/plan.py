"""What happens in a simulated night, and what a perfect scorer would say of it.

Intervals, durations and the shape of the night follow the science reference, section 10; where it gives nothing, the
numbers are guesses and only have to be possible. Nothing here was fitted to a recording of a person asleep.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.events import Certainty, Cramp, Part
from limber_bridge.detection.measures import Facts, measures
from limber_bridge.detection.night import NightScore
from limber_bridge.detection.rules import WASM_2016, RuleSet
from limber_bridge.detection.score import score
from limber_bridge.detection.signal import SECOND, Place, Quantity, Sensor, Side
from limber_bridge.detection.sleep import Span

type Direction = tuple[float, float, float]

UPRIGHT: Final[Direction] = (0.05, 0.1, 0.99)
"""Gravity at a standing ankle, in the sensor's axes."""
PAUSE: Final = 100.0
"""s between series: more than the longest interval within one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a simulated night shall be like."""

    hours: float = 8.0
    plm_index: float = 25.0
    """Periodic movements per hour in bed."""
    cramps: int = 1
    legs: tuple[Side, ...] = (Side.LEFT,)
    latency: float = 10.0
    """min in bed before the first movements."""
    up: float = 2.0
    """min of walking about before bed and after it."""
    interval: float | None = None
    """s between periodic movements, on average; None: as in real nights, another one for each series."""

    def __post_init__(self) -> None:
        """Refuse a night that could not be."""
        if not 0.25 <= self.hours <= 40:
            raise ValueError("a simulated night lasts 0.25 to 40 hours")
        if not 0 <= self.plm_index <= 110:
            raise ValueError("a PLM index lies between 0 and 110 an hour")
        if not 0 <= self.cramps <= 3:
            raise ValueError("a simulated night has 0 to 3 cramps")
        if self.interval is not None and not 10 <= self.interval <= 90:
            raise ValueError("periodic movements are 10 to 90 s apart")


@dataclass(frozen=True, slots=True)
class Kick:
    """A leg bends and comes back, or twitches. Times are seconds from the start of the plan, as all in this file."""

    side: Side
    onset: float
    duration: float
    strength: float
    """1 is a usual one: 6 degrees at the ankle, 60 uV of EMG."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The sleeper turns over, lies down or gets up."""

    onset: float
    duration: float
    before: Direction
    after: Direction
    """Of gravity at the ankle."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The sleeper is out of bed."""

    onset: float
    end: float


@dataclass(frozen=True, slots=True)
class Spasm:
    """A cramp: tension without movement, then rubbing and stretching."""

    onset: float
    response: float
    """When the leg begins to move."""
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens in a night, in order of time."""

    seed: int
    duration: float
    latency: float
    """From lying down to sleep."""
    kicks: tuple[Kick, ...]
    turns: tuple[Turn, ...]
    walks: tuple[Walk, ...]
    spasms: tuple[Spasm, ...]

    @property
    def in_bed(self) -> list[tuple[float, float]]:
        """Stretches between the walks."""
        spans, begin = [], 0.0
        for walk in self.walks:
            if walk.onset > begin:
                spans.append((begin, walk.onset))
            begin = walk.end
        return [*spans, (begin, self.duration)] if begin < self.duration else spans

    @property
    def asleep(self) -> list[tuple[float, float]]:
        """Stretches in bed, without the time to fall asleep (again after a cramp) and without cramps."""
        spans = []
        for begin, end in self.in_bed:
            stop = min([spasm.onset for spasm in self.spasms if begin < spasm.onset < end], default=end)
            if begin + self.latency < stop:
                spans.append((begin + self.latency, stop))
        return spans


@dataclass(frozen=True, slots=True)
class _Item:
    """Something that takes its time in a night: a series, or a cramp where there are no intervals."""

    lasts: float
    intervals: tuple[float, ...] = ()


def plan(seed: int, wishes: Wishes) -> Plan:
    """Return a night as wished."""
    return _Planner(seed, wishes).plan()


class _Planner:
    """Fills a night from its beginning to its end."""

    def __init__(self, seed: int, wishes: Wishes) -> None:
        self._rng = np.random.default_rng(seed)
        self._seed, self._wishes = seed, wishes
        self._kicks: list[Kick] = []
        self._turns: list[Turn] = []
        self._walks: list[Walk] = []
        self._spasms: list[Spasm] = []
        self._lying = self._direction(UPRIGHT)

    def plan(self) -> Plan:
        duration = self._wishes.hours * 3600
        up = min(self._wishes.up * 60, 0.05 * duration)
        latency = min(self._wishes.latency * 60, 0.2 * duration)
        if up:
            self._walks.append(Walk(0.0, up))
            self._turns.append(Turn(up, 4.0, UPRIGHT, self._lying))
        self._idle(up, up + latency)
        self._fill(up + max(latency, 5.0), duration - up - 20)
        if up:
            self._turns.append(Turn(duration - up - 4, 4.0, self._lying, UPRIGHT))
            self._walks.append(Walk(duration - up, duration))
        return Plan(
            seed=self._seed, duration=duration, latency=latency,
            kicks=tuple(sorted(self._kicks, key=lambda kick: kick.onset)),
            turns=tuple(self._turns), walks=tuple(self._walks), spasms=tuple(self._spasms),
        )  # fmt: skip

    def _fill(self, begin: float, end: float) -> None:
        wanted = round(self._wishes.plm_index * (self._wishes.hours - 2 * self._wishes.up / 60))
        items = self._items(wanted, end - begin)
        left = end - begin - sum(item.lasts for item in items)
        pauses = self._pauses(len(items) + 1, left)
        time = begin
        for index, item in enumerate(items):
            if index:
                self._idle(time, time + pauses[index])
                time += pauses[index]
            if item.intervals:
                self._series(time, item.intervals)
            else:
                self._cramp(time)
            time += item.lasts
        self._idle(time, end)

    def _pauses(self, count: int, left: float) -> list[float]:
        """Return the pauses before each item and after the last; longer towards the morning, none before the first."""
        weights = self._rng.dirichlet(np.linspace(1.0, 3.0, count))
        spare = max(0.0, left - PAUSE * (count - 2))
        return [0.0, *(PAUSE + spare * float(weight) for weight in weights[1:])]

    def _items(self, wanted: int, room: float) -> list[_Item]:
        intervals = [self._intervals(length) for length in self._lengths(wanted)]
        cramps = [_Item(420.0)] * self._wishes.cramps
        total = sum(map(sum, intervals))
        spare = room - len(cramps) * (420 + PAUSE) - PAUSE * len(intervals)
        if spare < 10.6 * sum(map(len, intervals)):
            raise ValueError(f"--hours {self._wishes.hours:g}: too short for so many movements and cramps")
        squeeze = min(1.0, spare / total) if total else 1.0
        items = []
        for series in intervals:
            squeezed = tuple(max(10.6, squeeze * interval) for interval in series)
            items.append(_Item(sum(squeezed), squeezed))
        for cramp in cramps:
            items.insert(int(self._rng.integers(len(items) // 3, len(items) + 1)), cramp)
        return items

    def _lengths(self, wanted: int) -> list[int]:
        """Return lengths of series that add up to the number wanted; a few hold most movements (reference 10)."""
        lengths = []
        while wanted >= 4:
            length = int(np.clip(self._rng.lognormal(2.6, 0.8), 4, 120))
            length = length if wanted - length >= 4 else wanted
            lengths.append(min(length, 160))
            wanted -= lengths[-1]
        return lengths

    def _intervals(self, length: int) -> list[float]:
        """Return intervals from onset to onset: log-normal, mean of ln 3.2 to 3.7, SD 0.37 to 0.53 (reference 10)."""
        wished = self._wishes.interval
        centre, spread = (self._rng.uniform(3.1, 3.4), 0.4) if wished is None else (np.log(wished), 0.1)
        drawn = self._rng.lognormal(centre, spread, length)
        return [float(interval) for interval in np.clip(drawn, 10.6, 80.0)]

    def _series(self, time: float, intervals: Sequence[float]) -> None:
        for interval in intervals:
            # Median 2 to 3 s; over well before the next one begins.
            duration = float(np.clip(self._rng.lognormal(0.83, 0.35), 0.8, min(7.0, interval - 3)))
            self._kick(time, duration, float(np.clip(self._rng.lognormal(0.0, 0.45), 0.35, 4.0)))
            time += interval

    def _kick(self, time: float, duration: float, strength: float) -> None:
        legs = self._wishes.legs
        both = len(legs) > 1 and self._rng.random() < 0.2
        chosen = legs if both else (legs[int(self._rng.integers(len(legs)))],)
        for leg in chosen:
            lag = float(self._rng.uniform(0, 0.2)) if both else 0.0
            self._kicks.append(Kick(leg, round(time + lag, 3), round(duration, 3), strength))

    def _idle(self, begin: float, end: float) -> None:
        """Fill a pause with what else sleepers do: turn over, kick now and then, twitch."""
        time = begin + 15 + float(self._rng.exponential(180.0))
        while time < end - 30:
            chance = self._rng.random()
            if chance < 0.45:
                self._turn(time)
            elif chance < 0.6:
                self._kick(time, 0.28, float(self._rng.uniform(0.5, 1.0)))
            elif begin + 95 < time < end - 100:
                self._kick(time, float(self._rng.uniform(1.0, 4.0)), float(self._rng.uniform(0.5, 2.0)))
            time += 30 + float(self._rng.exponential(240.0))

    def _turn(self, time: float) -> None:
        before, self._lying = self._lying, self._direction(self._lying)
        duration = float(np.clip(self._rng.lognormal(1.6, 0.4), 2.0, 14.0))
        self._turns.append(Turn(round(time, 3), round(duration, 3), before, self._lying))

    def _cramp(self, time: float) -> None:
        # 41 s (SD 11) of tension before the waking: Chaney and Sherman (reference 5.1).
        onset = time + 100
        response = onset + float(np.clip(self._rng.normal(41, 11), 20, 70))
        up = response + float(self._rng.uniform(25, 45))
        back = up + float(self._rng.uniform(60, 120))
        self._spasms.append(Spasm(onset, response, up))
        self._turns.append(Turn(up - 4, 4.0, self._lying, UPRIGHT))
        self._walks.append(Walk(up, back))
        self._lying = self._direction(self._lying)
        self._turns.append(Turn(back, 4.0, UPRIGHT, self._lying))

    def _direction(self, away_from: Direction) -> Direction:
        """Return a direction of gravity at a lying ankle, at least 40 degrees away from another."""
        while True:
            roll, pitch = self._rng.uniform(0, 2 * np.pi), self._rng.normal(0, 0.15)
            drawn = np.array([np.cos(roll) * np.cos(pitch), np.sin(roll) * np.cos(pitch), np.sin(pitch)])
            if float(drawn @ np.array(away_from)) < np.cos(np.radians(40)):
                return (float(drawn[0]), float(drawn[1]), float(drawn[2]))


@dataclass(frozen=True, slots=True)
class Truth:
    """What a perfect scorer would say."""

    night: NightScore
    cramps: tuple[Cramp, ...]


def truth(night: Plan, marks: Iterable[Part], rules: RuleSet = WASM_2016) -> Truth:
    """Return the truth of a plan, given what moves in it (`parts`, for one sensor or for each of several)."""
    in_bed, asleep = spans(night.in_bed), spans(night.asleep)
    scoring = score(marks, rules, asleep=asleep)
    cramps = tuple(
        Cramp(micros(spasm.onset), micros(spasm.end), Certainty.PROBABLE, "planned") for spasm in night.spasms
    )
    figures = measures(
        Facts(scoring=scoring, rules=rules, in_bed=in_bed, asleep=asleep, cramps=cramps, certainties=tuple(Certainty))
    )
    return Truth(NightScore(scoring, in_bed, asleep, (), figures), cramps)


def parts(night: Plan, sensor: Sensor) -> Iterator[Part]:
    """Yield what moves where a sensor is, as marks.

    Turning over is a change of posture to a sensor at the ankle. To EMG and in the bed it is movement like any other.
    """
    turned = (sensor.quantity, sensor.place) == (Quantity.ACCELERATION, Place.ANKLE)
    for kick in night.kicks:
        if sensor.side in (None, kick.side):
            yield Part(sensor.side, micros(kick.onset), micros(kick.onset + kick.duration))
    for turn in night.turns:
        yield Part(sensor.side, micros(turn.onset), micros(turn.onset + turn.duration), turned=turned)
    for spasm in night.spasms:
        yield Part(sensor.side, micros(spasm.response), micros(spasm.end), turned=turned)


def spans(seconds: Iterable[tuple[float, float]]) -> tuple[Span, ...]:
    """Return spans in whole microseconds."""
    return tuple((micros(begin), micros(end)) for begin, end in seconds)


def micros(seconds: float) -> int:
    """Return seconds as whole microseconds."""
    return round(seconds * SECOND)
