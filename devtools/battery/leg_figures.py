"""Figures on leg movements at the ankle, in EMG and at the bed."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from devtools.battery.bed_nights import bed_sensor
from devtools.battery.emg_nights import emg
from devtools.battery.figures import Figure, Result, counted, false_causes
from devtools.battery.judge import Tally, detect, judge_movements, must_be_found
from devtools.battery.leg_nights import index, one_ankle, quiet, two_ankles
from devtools.battery.series import plm_per_hour
from devtools.battery.truth import Item, Kind, Night
from devtools.evaluation import icc
from limber_bridge.detection.events import Movement
from limber_bridge.detection.signal import SECOND, Quantity


def figures_of_two_ankles(seeds: Iterable[int]) -> Result:
    """Return F1 and how often the side is right, with a sensor on each ankle."""
    tally = Tally()
    for seed in seeds:
        night = two_ankles(seed)
        judge_movements(night, detect(night)[1], tally)
    share = tally.right_side / max(1, tally.sided)
    return Result(
        [
            Figure("two ankles: F1", tally.f1, ">= 0.96", with_causes(tally)),
            Figure("two ankles: side right, %", 100 * share, ">= 99.5", f"{tally.sided} judged", 1),
        ],
        tally.mistakes,
    )


def figures_of_one_ankle(seeds: Iterable[int]) -> Result:
    """Return F1 with a sensor on one ankle."""
    tally = Tally()
    for seed in seeds:
        night = one_ankle(seed)
        judge_movements(night, detect(night)[1], tally)
    return Result(
        [Figure("one ankle: F1", tally.f1, ">= 0.97", with_causes(tally))], tally.mistakes
    )


def with_causes(tally: Tally) -> str:
    """Return the counts as text, and what was there where a movement was false."""
    causes = false_causes(tally.mistakes)
    return f"{counted(tally)}; false at: {causes}" if causes else counted(tally)


def figures_of_quiet(seeds: Iterable[int]) -> Result:
    """Return how many movements are found in hours without any, alone and with a partner."""
    tallies = {False: Tally(), True: Tally()}
    for seed in seeds:
        night = quiet(seed)
        shared = bool(night.kinds(Kind.PARTNER))
        judge_movements(night, detect(night)[1], tallies[shared])
    names = {False: "quiet: false per hour", True: "quiet, with a partner: false per hour"}
    figures = [
        Figure(
            names[shared],
            tally.false / tally.hours,
            "-" if shared else "<= 0.1",
            f"{tally.hours:.0f} h; {false_causes(tally.mistakes)}".removesuffix("; "),
            2,
        )
        for shared, tally in tallies.items()
        if tally.hours
    ]
    return Result(figures, [*tallies[False].mistakes, *tallies[True].mistakes])


def figures_of_emg(seeds: Iterable[int]) -> Result:
    """Return F1 with tibialis EMG, of all movements and of those below 25 uV."""
    tally = Tally()
    weak = Tally()
    for seed in seeds:
        night = emg(seed)
        _, score = detect(night)
        judge_movements(night, score, tally, 0.0)
        judge_movements(weaker(night), score, weak, 0.0)
    # A false movement is weak or strong only by what was found, so it counts for both.
    weak.false = sum(one.what == "false" for one in tally.mistakes)
    return Result(
        [
            Figure("EMG: F1", tally.f1, ">= 0.995", counted(tally)),
            Figure("EMG below 25 uV: F1", weak.f1, ">= 0.98", counted(weak)),
        ],
        tally.mistakes,
    )


WEAK_UV: Final = 25.0
"""uV RMS."""


def weaker(night: Night) -> Night:
    """Return a night whose truth has only the weak movements."""
    items = [item for item in night.items if item.kind is not Kind.KICK or item.size < WEAK_UV]
    return Night(night.name, night.duration, night.recorded, items)


def figures_of_index(seeds: Iterable[int]) -> Result:
    """Return how the PLM index agrees with that of the truth."""
    true = []
    found = []
    for seed in seeds:
        night = index(seed)
        _, score = detect(night)
        true.append(plm_per_hour([item for item in night.items if counts(item)], night.duration))
        found.append(score.measures.plm_index or 0.0)
    differences = np.array(found) - np.array(true)
    spread = 1.96 * float(np.std(differences, ddof=1))
    bias = float(np.mean(differences))
    limits = f"{bias - spread:+.1f} to {bias + spread:+.1f}"
    return Result(
        [
            Figure(
                "PLM index: ICC",
                icc(np.array(true), np.array(found)),
                ">= 0.998",
                f"{len(true)} nights of {min(true):.0f} to {max(true):.0f} per hour",
                4,
            ),
            Figure(
                "PLM index: largest limit of agreement, /h",
                max(abs(bias - spread), abs(bias + spread)),
                "<= 2",
                limits,
                1,
            ),
        ]
    )


def counts(item: Item) -> bool:
    """Return whether an item counts in the PLM index of the truth, or ends a series."""
    return item.kind is Kind.LONG or (item.kind is Kind.KICK and must_be_found(item))


def figures_of_bed_sensors(seeds: Iterable[int]) -> Result:
    """Return how leg movements are found at a bed, and how many turns are counted."""
    tally = Tally()
    turns = 0
    differences = []
    felt = []
    for seed in seeds:
        night = bed_sensor(seed)
        _, score = detect(night)
        smallest = SMALLEST_AT_BED[night.recorded[0].sensor.quantity]
        judge_movements(night, score, tally, smallest)
        turns += counted_turns(night, score.scoring.candidates)
        kicks = night.kinds(Kind.KICK)
        index = score.measures.plm_index or 0.0
        differences.append(index - plm_per_hour(kicks, night.duration))
        clear = [item for item in kicks if must_be_found(item, smallest)]
        felt.append(index - plm_per_hour(clear, night.duration))
    rate = turns / tally.hours
    bias = float(np.mean(differences))
    bias_felt = float(np.mean(felt))
    return Result(
        [
            Figure("bed sensors: F1", tally.f1, "-", counted(tally)),
            Figure("bed sensors: turns counted per hour", rate, "<= 1", f"{turns} turns", 2),
            Figure("bed sensors: mean error of the PLM index, /h", bias, "-", "", 2),
            Figure(
                "bed sensors: the same for movements that the sensor feels, /h",
                bias_felt,
                "-",
                "",
                2,
            ),
        ],
        tally.mistakes,
    )


SMALLEST_AT_BED: Final = {Quantity.ACCELERATION: 0.004, Quantity.LOAD: 0.15}
"""g and kg; chosen: above the heart beat in the bed."""


def counted_turns(night: Night, candidates: Iterable[Movement]) -> int:
    """Return how many turns were counted as leg movements."""
    turns = night.kinds(Kind.TURN)
    return sum(
        any(
            movement.onset < turn.end * SECOND and movement.end > turn.onset * SECOND
            for movement in candidates
        )
        for turn in turns
    )
