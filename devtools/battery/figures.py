"""One function for each part: nights in, figures out."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from devtools.battery.cramp_nights import possible, probable
from devtools.battery.judge import (
    Mistake,
    Tally,
    complement,
    detect,
    judge_cramps,
    judge_movements,
    judge_trips,
    total,
)
from devtools.battery.leg_nights import one_ankle, two_ankles
from devtools.battery.trip_nights import trips
from devtools.battery.truth import Night
from limber_bridge.detection.events import Certainty
from limber_bridge.detection.signal import SECOND


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table."""

    name: str
    value: float
    goal: str
    text: str = ""
    """What the value is made of."""
    digits: int = 3

    def row(self) -> str:
        """Return a row of a Markdown table."""
        return f"| {self.name} | {self.value:.{self.digits}f} | {self.goal} | {self.text} |"


@dataclass(slots=True)
class Result:
    """The figures of a part, and every mistake in it."""

    figures: list[Figure] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


HEAD: Final = "| figure | value | goal | |\n|---|---|---|---|"


def nights_of(make: Callable[[int], Night], seeds: Iterable[int]) -> Iterator[Night]:
    """Yield the nights of some seeds."""
    for seed in seeds:
        yield make(seed)


def figures_of_two_ankles(seeds: Iterable[int]) -> Result:
    """Return F1 and how often the side is right, with a sensor on each ankle."""
    tally = Tally()
    for night in nights_of(two_ankles, seeds):
        judge_movements(night, detect(night)[1], tally)
    share = tally.right_side / max(1, tally.sided)
    return Result(
        [
            Figure("two ankles: F1", tally.f1, ">= 0.96", counted(tally)),
            Figure("two ankles: side right, %", 100 * share, ">= 99.5", f"{tally.sided} judged", 1),
        ],
        tally.mistakes,
    )


def counted(tally: Tally) -> str:
    """Return the counts as text."""
    return f"{tally.found} found, {tally.missed} missed, {tally.false} false in {tally.hours:.0f} h"


def figures_of_one_ankle(seeds: Iterable[int]) -> Result:
    """Return F1 with a sensor on one ankle."""
    tally = Tally()
    for night in nights_of(one_ankle, seeds):
        judge_movements(night, detect(night)[1], tally)
    return Result([Figure("one ankle: F1", tally.f1, ">= 0.97", counted(tally))], tally.mistakes)


def figures_of_trips(seeds: Iterable[int]) -> Result:
    """Return how trips out of bed are found, and the error of the time in bed."""
    tally = Tally()
    errors = []
    for night in nights_of(trips, seeds):
        _, score = detect(night)
        in_bed = [(a / SECOND, b / SECOND) for a, b in score.in_bed or ()]
        judge_trips(night, in_bed, tally)
        true = complement(night.out_of_bed, night.duration)
        errors.append(abs(total(in_bed) - total(true)) / 60)
    return Result(
        [
            Figure(
                "trips of 45 s and more: share found", tally.sensitivity, ">= 0.95", counted(tally)
            ),
            Figure(
                "time in bed: mean error a night, min",
                float(np.mean(errors)),
                "<= 1",
                f"largest {max(errors):.1f} in {len(errors)} nights with several trips",
                2,
            ),
        ],
        tally.mistakes,
    )


def cramp_figures(
    name: str, nights: Iterable[Night], certainty: Certainty, goals: tuple[str, str]
) -> Result:
    """Return sensitivity and false alarms for one certainty."""
    tally = Tally()
    for night in nights:
        judge_cramps(night, detect(night)[0], certainty, tally)
    share = tally.false / tally.nights
    return Result(
        [
            Figure(f"{name} cramps: sensitivity", tally.sensitivity, goals[0], counted(tally), 2),
            Figure(f"{name} cramps: false a night", share, goals[1], f"{tally.nights} nights", 2),
        ],
        tally.mistakes,
    )


def figures_of_possible(seeds: Iterable[int]) -> Result:
    """Return how cramps are found without EMG; every seed gives a night with and one without."""
    nights = (possible(seed, cramp=cramp) for seed in seeds for cramp in (True, False))
    return cramp_figures("possible", nights, Certainty.POSSIBLE, (">= 0.8", "<= 0.1"))


def figures_of_probable(seeds: Iterable[int]) -> Result:
    """Return how cramps are found with calf EMG; every seed gives a night with and one without."""
    nights = (probable(seed, cramp=cramp) for seed in seeds for cramp in (True, False))
    return cramp_figures("probable", nights, Certainty.PROBABLE, (">= 0.9", "<= 0.02"))


type Part = Callable[[Iterable[int]], Result]

PARTS: Final[Mapping[str, Part]] = {
    "two_ankles": figures_of_two_ankles,
    "one_ankle": figures_of_one_ankle,
    "trips": figures_of_trips,
    "possible": figures_of_possible,
    "probable": figures_of_probable,
}
