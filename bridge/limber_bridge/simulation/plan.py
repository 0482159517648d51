"""Plan a simulated night: who moves when.

Intervals, durations and the distribution over the night follow docs/science.md#typical-nights.
Where nothing is published the values are chosen and only plausible. Nothing was fitted to a
recording of a sleeping person.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Side
from limber_bridge.simulation.disturbances import Disturbance, add_overlays
from limber_bridge.simulation.night import (
    UPRIGHT_GRAVITY,
    Direction,
    Distractor,
    GrossMovement,
    Kick,
    NightPlan,
    RhythmicMovement,
    SimulatedCramp,
    TimeRange,
    TonicTension,
    Turn,
    Walk,
)

MIN_PAUSE_S: Final = 100.0
"""Between series: more than the longest interval within one (90 s)."""
CRAMP_STREAM: Final = 1001
"""Number of the stream of random numbers for the tension of cramps."""
MIN_PERIODIC_INTERVAL_S: Final = 10.6
"""Between periodic movements: the 10 s of the rules and the error that a detector may make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightSpec:
    """What a simulated night should contain."""

    hours: float = 8.0
    plm_index: float = 25.0
    """Periodic movements per hour in bed."""
    cramps: int = 1
    legs: tuple[Side, ...] = (Side.LEFT,)
    """Legs that wear a sensor."""
    sleep_latency: float = 10.0
    """Minutes in bed before the first movements."""
    walking: float = 2.0
    """Minutes of walking before going to bed and after getting up."""
    movement_interval: float | None = None
    """Mean s between periodic movements; None: another one in each series, as in real nights."""
    disturbances: frozenset[Disturbance] = frozenset()

    def __post_init__(self) -> None:
        """Raise ValueError for an impossible night."""
        if not 0.25 <= self.hours <= 40:
            raise ValueError("a simulated night lasts 0.25 to 40 hours")
        if not 0 <= self.plm_index <= 110:
            raise ValueError("the PLM index must be from 0 to 110 per hour")
        if not 0 <= self.cramps <= 3:
            raise ValueError("a simulated night has 0 to 3 cramps")
        if self.movement_interval is not None and not 10 <= self.movement_interval <= 90:
            raise ValueError("the interval between periodic movements must be from 10 to 90 s")


def plan_night(seed: int, spec: NightSpec) -> NightPlan:
    """Return a night as specified; ValueError if it is too short for everything in it."""
    return add_overlays(_Planner(seed, spec).plan(), spec.disturbances, spec.legs)


@dataclass(frozen=True, slots=True)
class _Activity:
    """Something that takes time of its own in a night."""

    duration: float
    add_at: Callable[[float], None]
    """Adds it to the plan at a time."""


class _Planner:
    """Fills a night from its start to its end.

    The order in which random numbers are drawn must not change: a seed stands for one night.
    """

    def __init__(self, seed: int, spec: NightSpec) -> None:
        self._rng = np.random.default_rng(seed)
        self._seed = seed
        self._spec = spec
        self._kicks: list[Kick] = []
        self._gross_movements: list[GrossMovement] = []
        self._turns: list[Turn] = []
        self._walks: list[Walk] = []
        self._cramps: list[SimulatedCramp] = []
        self._awake: list[TimeRange] = []
        self._distractors: list[Distractor] = []
        self._duration = spec.hours * 3600
        self._sleep_latency = min(spec.sleep_latency * 60, 0.2 * self._duration)
        self._gravity = self._random_direction(UPRIGHT_GRAVITY)
        """Direction of gravity at the ankle in the present position."""

    def plan(self) -> NightPlan:
        duration = self._duration
        latency = self._sleep_latency
        walking = min(self._spec.walking * 60, 0.05 * duration)
        if walking:
            self._walks.append(Walk(0.0, walking))
            self._turns.append(Turn(walking, 4.0, UPRIGHT_GRAVITY, self._gravity))
        self._awake.append((0.0, walking + latency))
        self._add_idle_time(walking, walking + latency)
        self._fill(walking + max(latency, 5.0), duration - walking - 20)
        if walking:
            self._turns.append(Turn(duration - walking - 4, 4.0, self._gravity, UPRIGHT_GRAVITY))
            self._walks.append(Walk(duration - walking, duration))
            self._awake.append((duration - walking, duration))
        return NightPlan(
            seed=self._seed,
            duration=duration,
            kicks=tuple(sorted(self._kicks, key=lambda kick: kick.onset)),
            gross_movements=tuple(self._gross_movements),
            turns=tuple(self._turns),
            walks=tuple(self._walks),
            cramps=tuple(self._cramps),
            awake=tuple(self._awake),
            distractors=tuple(self._distractors),
        )

    def _fill(self, begin: float, end: float) -> None:
        """Fill a time range with activities and the pauses between them."""
        hours_in_bed = self._spec.hours - 2 * self._spec.walking / 60
        activities = self._activities(round(self._spec.plm_index * hours_in_bed), end - begin)
        unused = end - begin - sum(activity.duration for activity in activities)
        pauses = self._pauses(len(activities) + 1, unused)
        time = begin
        for index, activity in enumerate(activities):
            if index:
                self._add_idle_time(time, time + pauses[index])
                time += pauses[index]
            activity.add_at(time)
            time += activity.duration
        self._add_idle_time(time, end)

    def _pauses(self, count: int, unused: float) -> list[float]:
        """Return the pauses before each activity and after the last one, `unused` s in total.

        The first is 0 and they get longer towards the morning, so that most series lie in the first
        half of the night; docs/science.md#typical-nights.
        """
        weights = self._rng.dirichlet(np.linspace(0.6, 4.0, count))
        spare = max(0.0, unused - MIN_PAUSE_S * (count - 2))
        return [0.0, *(MIN_PAUSE_S + spare * float(weight) for weight in weights[1:])]

    def _activities(self, periodic_movements: int, available: float) -> list[_Activity]:
        """Return the activities of the night in order; ValueError if `available` s are too few.

        Most disturbances happen once in four hours.
        """
        repeats = max(1, round(self._spec.hours / 4))
        apnoeas = repeats if Disturbance.APNOEA in self._spec.disturbances else 0
        arousals = [int(self._rng.integers(6, 16)) for _ in range(apnoeas)]
        lengths = self._series_lengths(max(0, periodic_movements - sum(arousals)))
        series = self._with_short_intervals([self._intervals(length) for length in lengths])
        others = self._other_activities(repeats) + [self._apnoea(count) for count in arousals]
        total = sum(map(sum, series))
        spare = available - sum(activity.duration for activity in others)
        spare -= MIN_PAUSE_S * (len(others) + len(series))
        if spare < MIN_PERIODIC_INTERVAL_S * sum(map(len, series)):
            raise ValueError(
                f"--hours {self._spec.hours:g}: too short for the movements and disturbances"
            )
        # Shorten the intervals if the series do not fit otherwise.
        squeeze = min(1.0, spare / total) if total else 1.0
        activities = []
        for intervals in series:
            squeezed = [
                interval if interval < 10 else max(MIN_PERIODIC_INTERVAL_S, squeeze * interval)
                for interval in intervals
            ]
            activities.append(_Activity(sum(squeezed), partial(self._add_series, squeezed)))
        for activity in others:
            position = int(self._rng.integers(len(activities) // 3, len(activities) + 1))
            activities.insert(position, activity)
        return activities

    def _other_activities(self, repeats: int) -> list[_Activity]:
        """Return the cramps and the disturbances that take time of their own."""
        available = {
            Disturbance.LARGE: _Activity(240.0, self._add_gross_movements),
            Disturbance.TOILET: _Activity(480.0, self._add_toilet_visit),
            Disturbance.RESTLESS: _Activity(960.0, self._add_restlessness),
            Disturbance.RHYTHMS: _Activity(280.0, self._add_rhythmic_movements),
            Disturbance.TWITCHING: _Activity(400.0, self._add_twitches),
            Disturbance.TONIC: _Activity(400.0, self._add_tonic_tension),
        }
        requested = [
            activity
            for disturbance, activity in available.items()
            if disturbance in self._spec.disturbances
            for _ in range(repeats)
        ]
        return [_Activity(420.0, self._add_cramp)] * self._spec.cramps + requested

    def _series_lengths(self, movements: int) -> list[int]:
        """Return lengths of series with `movements` in total; a few series hold most of them.

        See docs/science.md#typical-nights.
        """
        lengths = []
        while movements >= 4:
            length = int(np.clip(self._rng.lognormal(2.6, 0.8), 4, 120))
            length = length if movements - length >= 4 else movements
            lengths.append(min(length, 160))
            movements -= lengths[-1]
        return lengths

    def _intervals(self, count: int) -> list[float]:
        """Return intervals from onset to onset.

        They are log-normal; over nights, ln has a mean of 3.2 to 3.7 and an SD of 0.37 to 0.53;
        docs/science.md#typical-nights.
        """
        mean_interval = self._spec.movement_interval
        if mean_interval is None:
            ln_mean = self._rng.uniform(3.1, 3.4)
            ln_sd = 0.4
        else:
            ln_mean = np.log(mean_interval)
            ln_sd = 0.1
        drawn = self._rng.lognormal(ln_mean, ln_sd, count)
        return [float(interval) for interval in np.clip(drawn, MIN_PERIODIC_INTERVAL_S, 80.0)]

    def _with_short_intervals(self, series: list[list[float]]) -> list[list[float]]:
        """Return the series with short intervals in them: 0 to 15 %, another share each night.

        See docs/science.md#typical-nights. Each short interval adds a movement that is not
        periodic; on both sides of it there are at least four that are.
        """
        share = 0.0
        if self._spec.movement_interval is None:
            share = float(self._rng.uniform(0, 0.15))
        return [self._insert_short_intervals(intervals, share) for intervals in series]

    def _insert_short_intervals(self, intervals: list[float], share: float) -> list[float]:
        """Return the intervals of a series with short ones inserted.

        The last interval is the pause after the series; a short one may come before it too.
        """
        result: list[float] = []
        regular = 0
        for index, interval in enumerate(intervals):
            regular += 1
            left = len(intervals) - index - 1
            if regular >= 4 and (left >= 4 or not left) and self._rng.random() < 2 * share:
                result.append(float(self._rng.uniform(3.5, 9.4)))
                regular = 0
            result.append(interval)
        return result

    def _add_series(self, intervals: Sequence[float], time: float) -> None:
        for interval in intervals:
            # Durations with a median of 2 to 3 s; each ends well before the next movement.
            longest = min(7.0, interval - 3) if interval > 10 else interval / 2
            duration = float(np.clip(self._rng.lognormal(0.83, 0.35), 0.8, longest))
            strength = float(np.clip(self._rng.lognormal(0.0, 0.45), 0.35, 4.0))
            self._add_kick(time, duration, strength)
            time += interval

    def _add_kick(
        self, time: float, duration: float, strength: float, bilateral_share: float = 0.2
    ) -> None:
        """Add a movement of one leg, or with the given probability of both."""
        legs = self._spec.legs
        bilateral = len(legs) > 1 and self._rng.random() < bilateral_share
        chosen = legs if bilateral else (self._random_leg(),)
        rise = float(self._rng.uniform(0.25, 0.45))
        swings = 1
        if 1.5 < duration < 4.0 and self._rng.random() < 0.25:
            swings = int(self._rng.integers(2, 4))
        for leg in chosen:
            lag = float(self._rng.uniform(0, 0.2)) if bilateral else 0.0
            onset = round(time + lag, 3)
            self._kicks.append(Kick(leg, onset, round(duration, 3), strength, rise, swings))

    def _random_leg(self) -> Side:
        return self._spec.legs[int(self._rng.integers(len(self._spec.legs)))]

    def _add_idle_time(self, begin: float, end: float) -> None:
        """Fill a pause with what sleepers do between series: turn over, kick once, twitch."""
        time = begin + 15 + float(self._rng.exponential(180.0))
        while time < end - 30:
            chance = self._rng.random()
            if chance < 0.45:
                self._add_turn(time)
            elif chance < 0.6:
                self._add_kick(time, 0.28, float(self._rng.uniform(0.5, 1.0)))
            elif begin + 95 < time < end - 100:
                # Far enough from the series around the pause to belong to none of them.
                duration = float(self._rng.uniform(1.0, 4.0))
                self._add_kick(time, duration, float(self._rng.uniform(0.5, 2.0)))
            time += 30 + float(self._rng.exponential(240.0))

    def _add_turn(self, time: float, duration: float | None = None) -> None:
        before = self._gravity
        self._gravity = self._random_direction(self._gravity)
        if duration is None:
            duration = float(np.clip(self._rng.lognormal(1.6, 0.4), 2.0, 14.0))
        self._turns.append(Turn(round(time, 3), round(duration, 3), before, self._gravity))

    def _add_walk(self, up: float, back: float, awake_from: float) -> None:
        """Get up at `up`, lie down at `back`, and fall asleep a sleep latency later."""
        self._turns.append(Turn(up - 4, 4.0, self._gravity, UPRIGHT_GRAVITY))
        self._walks.append(Walk(up, back))
        self._gravity = self._random_direction(self._gravity)
        self._turns.append(Turn(back, 4.0, UPRIGHT_GRAVITY, self._gravity))
        self._awake.append((awake_from, back + self._sleep_latency))

    def _add_cramp(self, time: float) -> None:
        # Tension of 41 s (SD 11) before the sleeper wakes: Chaney and Sherman;
        # docs/science.md#evidence-on-cramps.
        onset = time + 100
        response = onset + float(np.clip(self._rng.normal(41, 11), 20, 70))
        # A rise by 100 to 500 %, drawn from random numbers of its own.
        rise_rng = np.random.default_rng([self._seed, CRAMP_STREAM, len(self._cramps)])
        ratio = round(float(np.exp(rise_rng.uniform(np.log(2), np.log(6)))), 2)
        if self._rng.random() < 1 / 3:
            end = response + float(self._rng.uniform(70, 120))
            self._cramps.append(SimulatedCramp(onset, response, end, False, ratio))
            self._awake.append((onset, end + self._sleep_latency))
            return
        up = response + float(self._rng.uniform(25, 45))
        self._cramps.append(SimulatedCramp(onset, response, up, True, ratio))
        self._add_walk(up, up + float(self._rng.uniform(60, 120)), onset)

    def _add_gross_movements(self, time: float) -> None:
        """Add one gross movement without and one with a change of position."""
        duration = round(float(self._rng.uniform(15, 45)), 3)
        self._gross_movements.append(GrossMovement(round(time + 20, 3), duration))
        self._add_turn(time + 150, float(self._rng.uniform(15, 40)))

    def _add_toilet_visit(self, time: float) -> None:
        up = time + 60
        self._add_walk(up, up + float(self._rng.uniform(120, 360)), up - 60)

    def _add_restlessness(self, time: float) -> None:
        """Add some minutes of stretching, too frequent for a series, then walking."""
        begin = time + 120
        end = time + 120 + float(self._rng.uniform(120, 300))
        onset = begin
        while onset < end:
            duration = float(self._rng.uniform(1.2, 2.8))
            strength = float(self._rng.uniform(0.6, 1.8))
            self._add_kick(onset, duration, strength, bilateral_share=0.5)
            onset += duration + float(self._rng.uniform(1.5, 6.0))
        self._add_walk(onset + 15, onset + 15 + float(self._rng.uniform(180, 420)), time)

    def _add_rhythmic_movements(self, time: float) -> None:
        """Add rhythmic feet, high-frequency leg movements and alternating leg movements."""
        for kind, onset in enumerate((time + 20, time + 110, time + 200)):
            strength = float(self._rng.uniform(0.4, 1.2))
            duration = float(self._rng.uniform(8, 15))
            leg = self._random_leg()
            if kind == 0:
                # Rhythmic feet: beats of 0.3 to 0.6 s, one or two per second.
                rate = float(self._rng.uniform(1.0, 2.0))
                beat = float(self._rng.uniform(0.3, 0.6 / rate))
                train = RhythmicMovement(leg, onset, duration, rate, beat, strength)
                self._distractors.append(train)
            elif kind == 1:
                rate = float(self._rng.uniform(1.0, 3.0))
                beat = min(0.4, 0.6 / rate)
                train = RhythmicMovement(leg, onset, duration, rate, beat, strength)
                self._distractors.append(train)
            else:
                # The legs alternate at 0.8 to 3 Hz together, so each of them moves half as often.
                rate = float(self._rng.uniform(0.4, 1.5))
                beat = min(0.4, 0.6 / rate)
                for index, each in enumerate(self._spec.legs):
                    start = round(onset + index / 2 / rate, 3)
                    train = RhythmicMovement(each, start, duration, rate, beat, strength)
                    self._distractors.append(train)

    def _apnoea(self, count: int) -> _Activity:
        """Return arousals of both legs, 25 to 60 s apart."""
        intervals = [float(interval) for interval in self._rng.uniform(25, 60, count)]

        def add_at(time: float) -> None:
            for interval in intervals:
                duration = float(self._rng.uniform(2.0, 6.0))
                strength = float(self._rng.uniform(1.0, 3.0))
                self._add_kick(time, duration, strength, bilateral_share=0.9)
                time += interval

        return _Activity(sum(intervals), add_at)

    def _add_twitches(self, time: float) -> None:
        end = time + 380
        onset = time + 10
        while onset < end:
            duration = float(self._rng.uniform(0.1, 0.3))
            self._add_kick(onset, duration, float(self._rng.uniform(0.3, 1.2)))
            onset += 1.5 + float(self._rng.exponential(5.0))

    def _add_tonic_tension(self, time: float) -> None:
        duration = round(float(self._rng.uniform(30, 150)), 3)
        ratio = float(self._rng.uniform(2.2, 4.0))
        self._distractors.append(TonicTension(round(time + 100, 3), duration, ratio))

    def _random_direction(self, away_from: Direction) -> Direction:
        """Return a direction of gravity at a lying ankle, at least 40 degrees from another one."""
        while True:
            roll = self._rng.uniform(0, 2 * np.pi)
            pitch = self._rng.normal(0, 0.15)
            drawn = np.array(
                [np.cos(roll) * np.cos(pitch), np.sin(roll) * np.cos(pitch), np.sin(pitch)]
            )
            if float(drawn @ np.array(away_from)) < np.cos(np.radians(40)):
                return (float(drawn[0]), float(drawn[1]), float(drawn[2]))
