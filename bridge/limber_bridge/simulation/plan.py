"""Plans a night as wished: who moves when.

Intervals, durations and the shape of the night follow the science reference, section 10; where it
gives nothing, the numbers are guesses and only have to be possible. Nothing here was fitted to a
recording of a person asleep.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Side
from limber_bridge.simulation.disturbances import Disturbance, troubled
from limber_bridge.simulation.night import (
    UPRIGHT,
    Decoy,
    Direction,
    GrossMovement,
    Kick,
    Plan,
    SimulatedCramp,
    Stretch,
    Tone,
    Train,
    Turn,
    Walk,
)

PAUSE: Final = 100.0
"""s between series: more than the longest interval within one."""
SHORTEST: Final = 10.6
"""s between periodic movements: 10 s and what a detector may err by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightSpec:
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
    """s between periodic movements, on average; None: as in real nights, another one for each
    series."""
    troubles: frozenset[Disturbance] = frozenset()

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


def plan(seed: int, wishes: NightSpec) -> Plan:
    """Return a night as wished; ValueError if so much does not fit into it."""
    return troubled(_Planner(seed, wishes).plan(), wishes.troubles, wishes.legs)


@dataclass(frozen=True, slots=True)
class _Item:
    """Something that takes its time in a night."""

    lasts: float
    happen: Callable[[float], None]
    """Makes it begin at a time."""


class _Planner:
    """Fills a night from its beginning to its end."""

    def __init__(self, seed: int, wishes: NightSpec) -> None:
        self._rng = np.random.default_rng(seed)
        self._seed = seed
        self._wishes = wishes
        self._kicks: list[Kick] = []
        self._unrests: list[GrossMovement] = []
        self._turns: list[Turn] = []
        self._walks: list[Walk] = []
        self._spasms: list[SimulatedCramp] = []
        self._wakes: list[Stretch] = []
        self._decoys: list[Decoy] = []
        self._duration = wishes.hours * 3600
        self._latency = min(wishes.latency * 60, 0.2 * self._duration)
        self._lying = self._direction(UPRIGHT)

    def plan(self) -> Plan:
        duration = self._duration
        latency = self._latency
        up = min(self._wishes.up * 60, 0.05 * duration)
        if up:
            self._walks.append(Walk(0.0, up))
            self._turns.append(Turn(up, 4.0, UPRIGHT, self._lying))
        self._wakes.append((0.0, up + latency))
        self._idle(up, up + latency)
        self._fill(up + max(latency, 5.0), duration - up - 20)
        if up:
            self._turns.append(Turn(duration - up - 4, 4.0, self._lying, UPRIGHT))
            self._walks.append(Walk(duration - up, duration))
            self._wakes.append((duration - up, duration))
        return Plan(
            seed=self._seed,
            duration=duration,
            kicks=tuple(sorted(self._kicks, key=lambda kick: kick.onset)),
            unrests=tuple(self._unrests),
            turns=tuple(self._turns),
            walks=tuple(self._walks),
            spasms=tuple(self._spasms),
            wakes=tuple(self._wakes),
            decoys=tuple(self._decoys),
        )

    def _fill(self, begin: float, end: float) -> None:
        items = self._items(
            round(self._wishes.plm_index * (self._wishes.hours - 2 * self._wishes.up / 60)),
            end - begin,
        )
        pauses = self._pauses(len(items) + 1, end - begin - sum(item.lasts for item in items))
        time = begin
        for index, item in enumerate(items):
            if index:
                self._idle(time, time + pauses[index])
                time += pauses[index]
            item.happen(time)
            time += item.lasts
        self._idle(time, end)

    def _pauses(self, count: int, left: float) -> list[float]:
        """Return the pauses before each item and after the last; longer towards the morning, none
        before the first.

        So most series lie in the first half of the night (science reference 10).
        """
        weights = self._rng.dirichlet(np.linspace(0.6, 4.0, count))
        spare = max(0.0, left - PAUSE * (count - 2))
        return [0.0, *(PAUSE + spare * float(weight) for weight in weights[1:])]

    def _items(self, wanted: int, room: float) -> list[_Item]:
        """Return what takes its time, in order, some of it once in four hours; ValueError if it
        takes too much.
        """
        often = max(1, round(self._wishes.hours / 4))
        apnoeas = often if Disturbance.APNOEA in self._wishes.troubles else 0
        arousals = [int(self._rng.integers(6, 16)) for _ in range(apnoeas)]
        series = self._shortened(
            [self._intervals(length) for length in self._lengths(max(0, wanted - sum(arousals)))]
        )
        known = self._others(often) + [self._apnoea(count) for count in arousals]
        total = sum(map(sum, series))
        spare = room - sum(item.lasts for item in known) - PAUSE * (len(known) + len(series))
        if spare < SHORTEST * sum(map(len, series)):
            raise ValueError(f"--hours {self._wishes.hours:g}: too short for so much")
        squeeze = min(1.0, spare / total) if total else 1.0
        items = []
        for intervals in series:
            squeezed = [each if each < 10 else max(SHORTEST, squeeze * each) for each in intervals]
            items.append(_Item(sum(squeezed), partial(self._series, squeezed)))
        for item in known:
            items.insert(int(self._rng.integers(len(items) // 3, len(items) + 1)), item)
        return items

    def _others(self, often: int) -> list[_Item]:
        """Return the cramps, and what else was wished for, so often."""
        takes = {
            Disturbance.LARGE: _Item(240.0, self._large),
            Disturbance.TOILET: _Item(480.0, self._toilet),
            Disturbance.RESTLESS: _Item(960.0, self._restless),
            Disturbance.RHYTHMS: _Item(280.0, self._rhythms),
            Disturbance.TWITCHING: _Item(400.0, self._twitching),
            Disturbance.TONIC: _Item(400.0, self._tonic),
        }
        wished = [
            item
            for trouble, item in takes.items()
            if trouble in self._wishes.troubles
            for _ in range(often)
        ]
        return [_Item(420.0, self._cramp)] * self._wishes.cramps + wished

    def _lengths(self, wanted: int) -> list[int]:
        """Return lengths of series that add up to the number wanted; a few hold most movements
        (reference 10).
        """
        lengths = []
        while wanted >= 4:
            length = int(np.clip(self._rng.lognormal(2.6, 0.8), 4, 120))
            length = length if wanted - length >= 4 else wanted
            lengths.append(min(length, 160))
            wanted -= lengths[-1]
        return lengths

    def _intervals(self, length: int) -> list[float]:
        """Return intervals from onset to onset: log-normal, mean of ln 3.2 to 3.7, SD 0.37 to 0.53
        (reference 10).
        """
        wished = self._wishes.interval
        centre, spread = (
            (self._rng.uniform(3.1, 3.4), 0.4) if wished is None else (np.log(wished), 0.1)
        )
        drawn = self._rng.lognormal(centre, spread, length)
        return [float(interval) for interval in np.clip(drawn, SHORTEST, 80.0)]

    def _shortened(self, series: list[list[float]]) -> list[list[float]]:
        """Return series with short intervals in them, another share of them each night, 0 to 15 %
        (reference 10).

        Each is one more movement, which is not periodic; on both sides of it at least four are.
        """
        share = 0.0 if self._wishes.interval is not None else float(self._rng.uniform(0, 0.15))
        return [self._with_shorts(intervals, share) for intervals in series]

    def _with_shorts(self, intervals: list[float], share: float) -> list[float]:
        """Return the intervals; the last one is the pause behind the series, and may have a short
        one before it too.
        """
        found: list[float] = []
        run = 0
        for index, interval in enumerate(intervals):
            run += 1
            left = len(intervals) - index - 1
            if run >= 4 and (left >= 4 or not left) and self._rng.random() < 2 * share:
                found.append(float(self._rng.uniform(3.5, 9.4)))
                run = 0
            found.append(interval)
        return found

    def _series(self, intervals: Sequence[float], time: float) -> None:
        for interval in intervals:
            # Median 2 to 3 s; over well before the next one begins.
            longest = min(7.0, interval - 3) if interval > 10 else interval / 2
            duration = float(np.clip(self._rng.lognormal(0.83, 0.35), 0.8, longest))
            self._kick(time, duration, float(np.clip(self._rng.lognormal(0.0, 0.45), 0.35, 4.0)))
            time += interval

    def _kick(
        self, time: float, duration: float, strength: float, share_of_both: float = 0.2
    ) -> None:
        legs = self._wishes.legs
        both = len(legs) > 1 and self._rng.random() < share_of_both
        chosen = legs if both else (legs[int(self._rng.integers(len(legs)))],)
        rise = float(self._rng.uniform(0.25, 0.45))
        swings = (
            int(self._rng.integers(2, 4))
            if 1.5 < duration < 4.0 and self._rng.random() < 0.25
            else 1
        )
        for leg in chosen:
            lag = float(self._rng.uniform(0, 0.2)) if both else 0.0
            self._kicks.append(
                Kick(leg, round(time + lag, 3), round(duration, 3), strength, rise, swings)
            )

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
                self._kick(
                    time, float(self._rng.uniform(1.0, 4.0)), float(self._rng.uniform(0.5, 2.0))
                )
            time += 30 + float(self._rng.exponential(240.0))

    def _turn(self, time: float, duration: float | None = None) -> None:
        before = self._lying
        self._lying = self._direction(self._lying)
        lasts = (
            float(np.clip(self._rng.lognormal(1.6, 0.4), 2.0, 14.0))
            if duration is None
            else duration
        )
        self._turns.append(Turn(round(time, 3), round(lasts, 3), before, self._lying))

    def _out(self, up: float, back: float, awake_from: float) -> None:
        """Get up at one time, lie down again at another, and fall asleep some time later."""
        self._turns.append(Turn(up - 4, 4.0, self._lying, UPRIGHT))
        self._walks.append(Walk(up, back))
        self._lying = self._direction(self._lying)
        self._turns.append(Turn(back, 4.0, UPRIGHT, self._lying))
        self._wakes.append((awake_from, back + self._latency))

    def _cramp(self, time: float) -> None:
        # 41 s (SD 11) of tension before the waking: Chaney and Sherman (reference 5.1).
        onset = time + 100
        response = onset + float(np.clip(self._rng.normal(41, 11), 20, 70))
        if self._rng.random() < 1 / 3:
            end = response + float(self._rng.uniform(70, 120))
            self._spasms.append(SimulatedCramp(onset, response, end, up=False))
            self._wakes.append((onset, end + self._latency))
            return
        up = response + float(self._rng.uniform(25, 45))
        self._spasms.append(SimulatedCramp(onset, response, up))
        self._out(up, up + float(self._rng.uniform(60, 120)), onset)

    def _large(self, time: float) -> None:
        self._unrests.append(
            GrossMovement(round(time + 20, 3), round(float(self._rng.uniform(15, 45)), 3))
        )
        self._turn(time + 150, float(self._rng.uniform(15, 40)))

    def _toilet(self, time: float) -> None:
        up = time + 60
        self._out(up, up + float(self._rng.uniform(120, 360)), up - 60)

    def _restless(self, time: float) -> None:
        """Stretch for some minutes, too often for a series, then walk up and down."""
        begin = time + 120
        end = time + 120 + float(self._rng.uniform(120, 300))
        at = begin
        while at < end:
            duration = float(self._rng.uniform(1.2, 2.8))
            self._kick(at, duration, float(self._rng.uniform(0.6, 1.8)), share_of_both=0.5)
            at += duration + float(self._rng.uniform(1.5, 6.0))
        self._out(at + 15, at + 15 + float(self._rng.uniform(180, 420)), time)

    def _rhythms(self, time: float) -> None:
        for at in (time + 20, time + 110, time + 200):
            strength = float(self._rng.uniform(0.4, 1.2))
            lasts = float(self._rng.uniform(8, 15))
            leg = self._wishes.legs[int(self._rng.integers(len(self._wishes.legs)))]
            if at == time + 20:
                # Rhythmic feet: bursts of 0.3 to 0.7 s, one or two a second.
                rate = float(self._rng.uniform(1.0, 2.0))
                self._decoys.append(
                    Train(leg, at, lasts, rate, float(self._rng.uniform(0.3, 0.6 / rate)), strength)
                )
            elif at == time + 110:
                rate = float(self._rng.uniform(1.0, 3.0))
                self._decoys.append(Train(leg, at, lasts, rate, min(0.4, 0.6 / rate), strength))
            else:
                # The legs in turn at 0.5 to 3 Hz, so each of them half as often.
                rate = float(self._rng.uniform(0.4, 1.5))
                for index, each in enumerate(self._wishes.legs):
                    begun = round(at + index / 2 / rate, 3)
                    self._decoys.append(
                        Train(each, begun, lasts, rate, min(0.4, 0.6 / rate), strength)
                    )

    def _apnoea(self, count: int) -> _Item:
        intervals = [float(interval) for interval in self._rng.uniform(25, 60, count)]

        def happen(time: float) -> None:
            for interval in intervals:
                duration = float(self._rng.uniform(2.0, 6.0))
                self._kick(time, duration, float(self._rng.uniform(1.0, 3.0)), share_of_both=0.9)
                time += interval

        return _Item(sum(intervals), happen)

    def _twitching(self, time: float) -> None:
        end = time + 380
        at = time + 10
        while at < end:
            self._kick(at, float(self._rng.uniform(0.1, 0.3)), float(self._rng.uniform(0.3, 1.2)))
            at += 1.5 + float(self._rng.exponential(5.0))

    def _tonic(self, time: float) -> None:
        lasts = float(self._rng.uniform(30, 150))
        times = float(self._rng.uniform(2.2, 4.0))
        self._decoys.append(Tone(round(time + 100, 3), round(lasts, 3), times))

    def _direction(self, away_from: Direction) -> Direction:
        """Return a direction of gravity at a lying ankle, at least 40 degrees away from another."""
        while True:
            roll = self._rng.uniform(0, 2 * np.pi)
            pitch = self._rng.normal(0, 0.15)
            drawn = np.array(
                [np.cos(roll) * np.cos(pitch), np.sin(roll) * np.cos(pitch), np.sin(pitch)]
            )
            if float(drawn @ np.array(away_from)) < np.cos(np.radians(40)):
                return (float(drawn[0]), float(drawn[1]), float(drawn[2]))
