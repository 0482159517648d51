"""Measure how well the detector finds what is known to be there, and write docs/accuracy.md."""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from devtools import disturbed_nights as troubled
from devtools import synthetic_nights as synthetic
from devtools.battery import report as battery
from devtools.evaluation import (
    ANKLE,
    CALF,
    HEAD,
    TIBIALIS,
    Known,
    MatchCounts,
    agreement,
    icc,
    matched,
    moves,
    run,
    simulated,
    tallied,
    whole,
)
from devtools.factor_nights import PEOPLE, factor_comparisons
from devtools.personal_trials import BUILD_UP_NIGHTS, TRIALS, personal_trials
from devtools.processes import ROOT
from limber_bridge.detection.events import BedTransition, Certainty, Cramp, Movement, Series
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import SECOND, Floats, Placement, Quantity, Sensor, Side
from limber_bridge.offline.detect import detect_recording
from limber_bridge.recordings import read_recording
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.truth import find_truth

DATA: Final = ROOT / "tests/data"
OUT: Final = ROOT / "docs/accuracy.md"


def ankles() -> Iterator[str]:
    """Yield how well movements at the ankle are found."""
    sizes = {"3 to 5": MatchCounts(), "5 to 10": MatchCounts(), "10 to 40": MatchCounts()}
    everything = MatchCounts()
    large = MatchCounts()
    sides = right = 0
    for seed, (noise, rate) in enumerate(product((0.002, 0.004, 0.008), (25.0, 50.0, 100.0))):
        legs = ("left", "right") if seed % 2 else ("left",)
        scene = synthetic.Scene(seed=seed, hours=2.0, rate=rate, noise=noise, legs=legs)
        night = synthetic.night(scene)
        sensors = [
            Sensor(number, Quantity.ACCELERATION, Placement.ANKLE, Side(leg))
            for number, leg in enumerate(legs)
        ]
        events, _ = run((one, whole(night.signals[str(one.side)], rate)) for one in sensors)
        known = [(burst.onset, burst.duration) for burst in night.movements]
        hits = tallied(everything, known, moves(events))
        for index, burst in enumerate(night.movements):
            name = "3 to 5" if burst.size < 5 else "5 to 10" if burst.size < 10 else "10 to 40"
            for tally in (sizes[name], *([large] if burst.size >= 5 else [])):
                tally.found += index in hits
                tally.missed += index not in hits
        told = [event.side for event in events if isinstance(event, Movement)]
        pairs = matched(known, moves(events)) if len(legs) > 1 else []
        sides += len(pairs)
        right += sum(told[other] == night.movements[index].side for index, other in pairs)
    yield HEAD
    yield everything.row("all")
    yield ""
    for name, tally in sizes.items():
        there = tally.found + tally.missed
        yield f"* {name} times the noise of one axis: {tally.found} of {there} found."
    yield f"* 5 times and more: sensitivity {large.sensitivity:.3f}."
    yield f"* With two legs, the side is correct in {100 * right / sides:.1f} % of the movements."


def quiet() -> Iterator[str]:
    """Yield how many movements are found in quiet hours."""
    found, hours = unmoved()
    rate = found / hours
    yield f"{found} false movements in {hours:.0f} quiet hours with position changes"
    yield f"({rate:.2f} per hour)."


def unmoved(sensitivity: float = 1.0) -> tuple[int, float]:
    """Return the number of movements found in hours without any, and the number of hours."""
    found = 0
    hours = 0.0
    for seed, noise in enumerate((0.001, 0.002, 0.004, 0.008)):
        night = synthetic.night(
            synthetic.Scene(seed=100 + seed, hours=2.0, rate=50.0, noise=noise, an_hour=0.01)
        )
        events, _ = run([(ANKLE, whole(night.signals["left"], 50.0))], sensitivity)
        found = found + len(moves(events))
        hours = hours + 2.0
    return found, hours


def sensitivities() -> Iterator[str]:
    """Yield the effect of other sensitivities on the counts."""
    yield (
        "| sensitivity | 3 to 5 times the noise of one axis | 5 times and more | false "
        "| false per quiet hour |"
    )
    yield "|---|---|---|---|---|"
    for sensitivity in (0.5, 0.75, 1.0, 1.5, 2.0):
        small = MatchCounts()
        large = MatchCounts()
        everything = MatchCounts()
        for seed, (noise, rate) in enumerate(product((0.002, 0.004, 0.008), (25.0, 50.0, 100.0))):
            night = synthetic.night(synthetic.Scene(seed=seed, hours=2.0, rate=rate, noise=noise))
            events, _ = run([(ANKLE, whole(night.signals["left"], rate))], sensitivity)
            hits = tallied(
                everything,
                [(burst.onset, burst.duration) for burst in night.movements],
                moves(events),
            )
            for index, burst in enumerate(night.movements):
                tally = small if burst.size < 5 else large
                tally.found += index in hits
                tally.missed += index not in hits
        false, hours = unmoved(sensitivity)
        counts = " | ".join(f"{one.found} of {one.found + one.missed}" for one in (small, large))
        yield f"| {sensitivity:g} | {counts} | {everything.false} | {false / hours:.2f} |"


def muscles() -> Iterator[str]:
    """Yield how well real contractions in real amplifier noise are found."""
    yield HEAD
    for name, least, most in (("25 to 140 uV RMS", 25.0, 140.0), ("12 to 25 uV RMS", 12.0, 25.0)):
        tally = MatchCounts()
        for seed, rate in enumerate((200, 256, 500)):
            signal, known = contractions(seed, rate, least, most)
            events, _ = run([(TIBIALIS, whole(signal, float(rate)))])
            tallied(tally, known, moves(events))
        yield tally.row(name)


def contractions(seed: int, rate: int, least: float, most: float) -> tuple[Floats, list[Known]]:
    """Return half an hour of EMG in uV, shape (1, n), and the contractions in it."""
    stored = np.load(DATA / "emg/tibialis_anterior.npz")
    noise, tense = (
        stored[key].astype(float) for key in ("amplifier_noise_uv", "tibialis_anterior_uv")
    )
    rng = np.random.default_rng(seed)
    people = rng.integers(15, size=180)
    signal = (
        np.concatenate([noise[one][:20000] - noise[one][:20000].mean() for one in people]) + 15.0
    )
    band = butter(2, (20, 450), "bandpass", fs=2000, output="sos")
    known = []
    time = 20.0
    while time < 1785:
        duration = float(np.clip(rng.lognormal(0.9, 0.5), 0.55, 9))
        length = round(duration * 2000)
        start = int(rng.integers(0, 20001 - length))
        piece = sosfiltfilt(band, tense[rng.integers(15)])[start : start + length]
        size = np.exp(rng.uniform(np.log(least), np.log(most))) / piece.std()
        ramp = np.clip(np.minimum(np.arange(length), np.arange(length)[::-1]) / 60, 0, 1)
        begin = round(time * 2000)
        signal[begin : begin + length] += piece * size * ramp
        known.append((time, duration))
        time += duration + float(rng.uniform(5, 20))
    return resample_poly(signal, rate, 2000)[None, :], known


def indices() -> Iterator[str]:
    """Yield how well the PLM index, time in bed and sleep agree with the plan."""
    pairs = []
    bed = []
    minutes = []
    for seed, index in enumerate((0, 5, 10, 14, 16, 20, 30, 40, 55, 70, 85, 100)):
        night = plan_night(seed, NightSpec(hours=4.0, plm_index=index, cramps=0))
        told = find_truth(night, [ANKLE]).night
        _, found = simulated(night, [(ANKLE, 50.0)])
        pairs.append((told.measures.plm_index or 0.0, found.measures.plm_index or 0.0))
        bed.append(
            60 * abs((told.measures.time_in_bed_h or 0) - (found.measures.time_in_bed_h or 0))
        )
        minutes.append(agreement(told, found, night.duration))
    known, measured = np.array(pairs).T
    bias = float((measured - known).mean())
    spread = float((measured - known).std(ddof=1))
    severe = [(one >= 15, other >= 15) for one, other in pairs]
    agreed = icc(known, measured)
    yield f"* PLM index, 12 nights of 0 to 100/h: ICC(2,1) {agreed:.3f}, bias {bias:+.2f}/h,"
    yield f"  limits of agreement {bias - 1.96 * spread:+.2f} to {bias + 1.96 * spread:+.2f}/h."
    yield f"* {sum(a == b for a, b in severe)} of {len(severe)} nights on the correct side of 15/h."
    yield f"* Time in bed: largest error {max(bed):.1f} min."
    yield f"* Asleep or awake, minute by minute: agreement {np.mean(minutes):.3f}."


def cramps() -> Iterator[str]:
    """Yield how many planned cramps are found, and how many false ones."""
    for name, sensors, certainty in (
        ("probable, ankle and calf EMG", [(ANKLE, 50.0), (CALF, 250.0)], Certainty.PROBABLE),
        ("possible, ankle alone", [(ANKLE, 50.0)], Certainty.POSSIBLE),
    ):
        hits = 0
        false = 0
        for seed in range(16):
            night = plan_night(seed, NightSpec(hours=3.0, plm_index=15, cramps=seed % 2))
            events, _ = simulated(night, sensors)
            found = [
                event
                for event in events
                if isinstance(event, Cramp) and event.certainty is certainty
            ]
            near = [
                one
                for one in found
                if any(abs(one.onset / SECOND - cramp.onset) < 120 for cramp in night.cramps)
            ]
            hits = hits + min(1, len(near))
            false = false + len(found) - len(near)
        yield f"* {name}: {hits} of 8 found; {false} false in 16 nights of 3 h."


def walking() -> Iterator[str]:
    """Yield what is found in real walking, which has no periodic movements."""
    for side in ("left", "right"):
        found = detect_recording(read_recording(DATA / f"foot_walking/{side}.csv.gz"), WASM_2016)
        out = [event.in_bed for event in found.events if isinstance(event, BedTransition)] == [
            False
        ]
        series = sum(isinstance(event, Series) for event in found.events)
        plms = found.night.measures.plm
        where = "out of bed" if out else "in bed (wrong)"
        yield f"* {side} foot: {where}, {series} series, {plms} periodic movements."


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report."""

    title: str
    about: str
    published: str
    lines: Iterator[str]


def sections() -> Iterator[Section]:
    """Yield the sections of the report; each is measured when it is requested."""
    yield Section(
        "Movements at the ankle",
        """\
Nine nights of 2 h from `devtools/synthetic_nights.py`, which shares no code with the simulator:
noise of 2 to 8 mg per axis, 25 to 100 Hz, one or two legs. Between the movements there are
twitches, position changes, a partner's movements and a pulse.""",
        """\
one ankle, scored by hand, compared with EMG: sensitivity 86.7 %, precision 92.3 % (Spektor 2024);
twelve scorers of EMG compared with each other: F1 0.745 to 0.909.""",
        ankles(),
    )
    yield Section(
        "Quiet hours",
        "Four nights of 2 h from the same generator, without leg movements.",
        "nothing found.",
        quiet(),
    )
    yield Section(
        "Sensitivities",
        """\
Nine nights of 2 h of one ankle and the quiet hours, from the same generator, at other sensitivities
than 1 ([scoring.md](scoring.md#sensitivity)): how many movements of each size were found.""",
        "nothing found.",
        sensitivities(),
    )
    yield Section(
        "Tibialis EMG",
        """\
Real contractions of 15 people, cut to 0.55 to 9 s, scaled and added to the real noise of the same
amplifier; 90 min.""",
        "event F1 of automatic EMG detectors against technicians: 0.71 to 0.83 (Carvelli 2020).",
        muscles(),
    )
    yield Section(
        "Held-out nights from an independent generator",
        battery.ABOUT,
        """\
portable EMG compared with a laboratory: bias +4.8 ± 11.1/h (O'Donovan). No automatic detector of
nocturnal cramps was found.""",
        battery.held_out(),
    )
    yield from self_made()


def self_made() -> Iterator[Section]:
    """Yield the sections on nights of the simulator, and the last section."""
    yield Section(
        "Indices, bed and sleep",
        """\
Nights of 4 h from `limber simulate`, one ankle, 50 Hz. Its movements are easy to find, so these
figures only show consistency.""",
        """\
ankle accelerometer compared with EMG at 15/h: sensitivity 85.7 %, specificity 95.2 % (Spektor
2024); accuracy 89.6 % (Athavale 2019). Methods based on movement detect 21 to 46 % of wake.""",
        indices(),
    )
    yield Section(
        "Cramps",
        "Nights of 3 h from `limber simulate`, half of them with a cramp.",
        "no automatic detector of nocturnal cramps was found.",
        cramps(),
    )
    yield from hard_nights()
    about = "68 s on each foot (tests/data). By the rules, nothing in it is periodic."
    yield Section("Real walking", about, "nothing found.", walking())
    about = f"""\
{PEOPLE} invented people in each row, whose nights differ as in
[science.md](science.md#nights-with-and-without-a-factor): how often a factor is said to go with
fewer movements. The index is 20 % higher at weekends. Periods last 3 to 14 nights."""
    yield Section("Nights with and without a factor", about, "nothing found.", factor_comparisons())
    about = f"""\
{TRIALS:,} invented trials in each row, of the same people ([trials.md](trials.md),
[science.md](science.md#personal-trials)). A slow factor builds up and wears off with a time
constant of {BUILD_UP_NIGHTS:g} nights. *Missing* nights were not measured. *Not as planned*: the
other thing was done."""
    yield Section(
        "Personal trials",
        about,
        "false positives and power of other analyses of such trials: Chen 2014.",
        personal_trials(),
    )


def hard_nights() -> Iterator[Section]:
    """Yield the sections on nights with disturbances."""
    yield Section(
        "Nights with disturbances",
        """\
Nights of 4 h from `limber simulate --with NAME`, three per row: the effect of each
disturbance alone, and of all together. False movements are twitches, position changes, rhythmic
trains, slides, a partner's movements or mains hum that were counted as movements.""",
        "in 39.0 % of EMG movements the toe did not move (Terrill 2013).",
        troubled.troubles(),
    )
    yield Section(
        "Both ankles on one mattress",
        """\
Nights of 4 h from `limber simulate --legs both`, six per row; with `coupling` up to 60 % of each
kick reach the other leg, which may then rest in another position. The share differs each night.""",
        "nothing found.",
        troubled.two_legs(),
    )
    yield Section(
        "Gaps",
        "Lost samples for 0.2 to 0.42 s, which are not gaps, and for 0.8 s to 5 min, which are.",
        "nothing found.",
        troubled.gaps(),
    )
    yield Section(
        "Devices",
        "Two nights of 4 h per row from `limber simulate --with faint --device NAME`.",
        "fixed thresholds fail; thresholds adapted to the noise are valid (Yang 2014).",
        troubled.devices(),
    )
    yield Section(
        "Indices with all disturbances",
        "Nights of 4 h from `limber simulate --with everything`.",
        "portable EMG compared with a laboratory: bias +4.8 ± 11.1/h (O'Donovan).",
        troubled.everything(),
    )
    yield Section(
        "Distractors for cramps",
        "Nights without a cramp from `limber simulate --cramps 0 --with NAME`.",
        "nothing found.",
        troubled.look_alikes(),
    )


INTRODUCTION: Final = """\
# Accuracy

`script/validate` measures every figure on this page and writes the page.

**Not validated: a night of a person with an ankle sensor, scored by a sleep laboratory.** We could
not obtain such a recording. The figures below come from synthetic nights, from real muscle bursts
added to real amplifier noise, and from real walking. They show that the detector finds what was put
there, not that people move like this. The published figures come from people and from other tasks;
they are not a comparison.
"""


def measured(title: str) -> list[str]:
    """Return the lines of one section."""
    print(f"{title} …", file=sys.stderr)
    (section,) = [section for section in sections() if section.title == title]
    return list(section.lines)


def report() -> Iterator[str]:
    """Yield the report line by line; its sections are measured on all cores."""
    yield INTRODUCTION
    written = list(sections())
    with ProcessPoolExecutor() as workers:
        found = workers.map(measured, [section.title for section in written])
        for section, lines in zip(written, found, strict=True):
            yield f"## {section.title}\n\n{section.about}\n"
            yield from lines
            yield f"\nPublished: {section.published}\n"


def main() -> int:
    """Measure, print, and write docs/accuracy.md."""
    parser = argparse.ArgumentParser(prog="script/validate", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="default: docs/accuracy.md")
    chosen = parser.parse_args()
    text = "\n".join(report()).rstrip() + "\n"
    chosen.out.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
