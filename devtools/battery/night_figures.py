"""Figures on cramps, awakenings, time in bed and sleep."""

from collections.abc import Iterable

import numpy as np

from devtools.battery.awakening import judge_awakenings
from devtools.battery.bed_nights import bed
from devtools.battery.cramp_nights import possible, probable
from devtools.battery.figures import Figure, Result, counted, false_causes
from devtools.battery.judge import (
    Mistake,
    Tally,
    complement,
    detect,
    difference_min,
    judge_cramps,
    judge_trips,
    total,
)
from devtools.battery.sleep_nights import sleep
from devtools.battery.trip_nights import trips
from devtools.battery.truth import Night, Stretch
from limber_bridge.detection.events import Certainty
from limber_bridge.detection.signal import SECOND


def figures_of_trips(seeds: Iterable[int]) -> Result:
    """Return how trips out of bed are found, and the error of the time in bed."""
    tally = Tally()
    errors = []
    for seed in seeds:
        night = trips(seed)
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


def figures_of_bed(seeds: Iterable[int]) -> Result:
    """Return the error of the time in bed with a sensor at the bed."""
    errors: dict[str, list[float]] = {"load": [], "acceleration": []}
    tally = Tally()
    for seed in seeds:
        night = bed(seed)
        _, score = detect(night)
        in_bed = [(a / SECOND, b / SECOND) for a, b in score.in_bed or ()]
        judge_trips(night, in_bed, tally)
        true = complement(night.out_of_bed, night.duration)
        quantity = str(night.recorded[0].sensor.quantity)
        errors[quantity].append(difference_min(in_bed, true, night.duration))
    return Result(
        [
            Figure(
                f"time in bed, {name}: mean of the minutes that are wrong",
                float(np.mean(found)),
                "-",
                f"largest {max(found):.1f} in {len(found)} nights",
                2,
            )
            for name, found in errors.items()
            if found
        ],
        tally.mistakes,
    )


def figures_of_sleep(seeds: Iterable[int]) -> Result:
    """Return on how many minutes in bed asleep and awake are right, by kind of sensor."""
    right: dict[str, list[float]] = {}
    mistakes = []
    for seed in seeds:
        night = sleep(seed)
        _, score = detect(night)
        found = [(a / SECOND, b / SECOND) for a, b in score.asleep or ()]
        kind = " ".join(night.name.split()[2:])
        share, awake_found = minutes_right(night, found)
        right.setdefault(kind, []).append(share)
        if share < 0.95:
            text = f"{100 * share:.1f} % of the minutes; {100 * awake_found:.0f} % of wake found"
            mistakes.append(Mistake(night.name, "sleep", 0.0, text))
    every = [share for shares in right.values() for share in shares]
    figures = [Figure("sleep by the minute, all", float(np.mean(every)), ">= 0.96", "")]
    figures += [
        Figure(
            f"sleep by the minute, {kind}",
            float(np.mean(shares)),
            ">= 0.96",
            f"worst {min(shares):.3f} of {len(shares)} nights",
        )
        for kind, shares in right.items()
    ]
    return Result(figures, mistakes)


def minutes_right(night: Night, asleep: list[Stretch]) -> tuple[float, float]:
    """Return the share of the minutes in bed that are right, and the share of wake found."""
    judged = 0
    right = 0
    awake = 0
    awake_found = 0
    for minute in range(int(night.duration // 60)):
        middle = 60 * minute + 30
        if covers(night.out_of_bed, middle):
            continue
        woken = covers(night.awake, middle)
        sleeping = covers(asleep, middle)
        judged += 1
        right += sleeping != woken
        awake += woken
        awake_found += woken and not sleeping
    return right / judged, awake_found / max(1, awake)


def covers(stretches: Iterable[Stretch], time: float) -> bool:
    """Return whether a time (s) lies in a stretch."""
    return any(begin <= time < end for begin, end in stretches)


def figures_of_awakening(seeds: Iterable[int]) -> Result:
    """Return how many sudden awakenings are reported, how fast, and how many are false."""
    tallies = {True: Tally(), False: Tally()}
    delays = []
    for seed in seeds:
        for cramp, tally in tallies.items():
            delays += judge_awakenings(possible(seed, cramp=cramp), tally)
    ordinary = tallies[True]
    disturbed = tallies[False]
    found = ordinary.found + disturbed.found
    there = found + ordinary.missed + disturbed.missed
    quick = sum(delay <= 10 for delay in delays) / max(1, len(delays))
    slowest = max(delays, default=0.0)
    return Result(
        [
            Figure("awakening: share reported", found / there, "-", f"{found} of {there}", 2),
            Figure(
                "awakening: share of these within 10 s", quick, "1", f"slowest {slowest:.0f} s", 2
            ),
            false_awakenings("awakening: false in 8 h of ordinary sleep", ordinary),
            false_awakenings("awakening: false in 8 h full of disturbances", disturbed),
        ],
        [*ordinary.mistakes, *disturbed.mistakes],
    )


def false_awakenings(name: str, tally: Tally) -> Figure:
    """Return the false awakenings of a night of 8 h, with what was there instead."""
    text = f"{tally.false} in {tally.hours:.0f} h; {false_causes(tally.mistakes)}"
    return Figure(name, 8 * tally.false / tally.hours, "-", text.removesuffix("; "), 1)
