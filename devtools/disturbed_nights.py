"""Accuracy on simulated nights with disturbances (`limber simulate --with`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from devtools.evaluation import (
    ANKLE,
    CALF,
    TIBIALIS,
    Known,
    MatchCounts,
    icc,
    matched,
    simulated,
    tallied,
)
from limber_bridge.detection.events import Certainty, Cramp, Event, Gap
from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor, Side
from limber_bridge.detection.spans import is_in_spans
from limber_bridge.simulation.devices import DEVICES
from limber_bridge.simulation.disturbances import GROUPS, LOOK_ALIKES, Disturbance, affects
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.truth import Truth, find_truth

ANKLES: Final = tuple(
    Sensor(number, Quantity.ACCELERATION, Placement.ANKLE, side)
    for number, side in enumerate(Side, 1)
)

IN_EMG: Final = (
    Disturbance.ECG,
    Disturbance.FAINT,
    Disturbance.GAPS,
    Disturbance.HUM,
    Disturbance.POPS,
    Disturbance.RHYTHMS,
    Disturbance.TWITCHING,
)
TABLE: Final = (
    "| | F1 | missed | false per hour | PLM index, median error (/h) | largest error (/h) "
    "| time in bed, largest error (min) |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class DisturbedNight:
    """The result of one night."""

    told: Truth
    found: NightScore
    events: list[Event]

    @property
    def error(self) -> float:
        """Error of the PLM index, per hour in bed."""
        return (self.found.measures.plm_index or 0.0) - (self.told.night.measures.plm_index or 0.0)

    @property
    def in_bed_error(self) -> float:
        """Error of the time in bed, in min."""
        told = self.told.night.measures
        found = self.found.measures
        return 60 * abs((found.time_in_bed_h or 0.0) - (told.time_in_bed_h or 0.0))


def judged(
    seed: int, wishes: NightSpec, sensor: Sensor, rate: float, device: str | None = None
) -> DisturbedNight:
    """Return one night of one sensor; electrodes are only worn in bed."""
    wishes = replace(wishes, walking=0.0) if sensor is TIBIALIS else wishes
    return judged_together(seed, wishes, [sensor], rate, device)


def judged_together(
    seed: int, wishes: NightSpec, sensors: Sequence[Sensor], rate: float, device: str | None = None
) -> DisturbedNight:
    """Return one night of several sensors."""
    night = plan_night(seed, wishes)
    events, found = simulated(night, [(sensor, rate) for sensor in sensors], device)
    return DisturbedNight(find_truth(night, sensors, rate), found, events)


def counted(night: NightScore) -> list[Known]:
    """Return the movements that count: those in bed."""
    moves = [
        move
        for move in night.scoring.movements
        if night.in_bed is None or is_in_spans(move.onset, night.in_bed)
    ]
    return [(move.onset / SECOND, move.duration / SECOND) for move in moves]


def row(name: str, nights: Sequence[DisturbedNight]) -> str:
    """Return a row of the table."""
    tally = MatchCounts()
    hours = 0.0
    for night in nights:
        tallied(tally, counted(night.told.night), counted(night.found))
        hours += night.told.night.measures.time_in_bed_h or 0.0
    errors = [night.error for night in nights]
    largest = max(errors, key=abs)
    cells = [
        f"{tally.f1:.3f}",
        f"{tally.missed} of {tally.found + tally.missed}",
        f"{tally.false / hours:.2f}",
    ]
    cells += [
        f"{np.median(errors):+.2f}",
        f"{largest:+.2f}",
        f"{max(night.in_bed_error for night in nights):.1f}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def troubles() -> Iterator[str]:
    """Yield the effect of each disturbance on the movements of an ankle and of tibialis EMG."""
    yield TABLE
    for sensor, rate in ((ANKLE, 50.0), (TIBIALIS, 250.0)):
        wished = {"nothing": frozenset[Disturbance]()}
        wished |= {
            one: frozenset({one})
            for one in (IN_EMG if sensor is TIBIALIS else Disturbance)
            if affects(one, sensor) and one is not Disturbance.COUPLING
        }
        for name, names in (wished | {"everything": GROUPS["everything"]}).items():
            wishes = NightSpec(hours=4.0, plm_index=15.0, cramps=0, disturbances=names)
            yield row(
                f"{sensor.placement}, {name}",
                [judged(seed, wishes, sensor, rate) for seed in range(3)],
            )


def two_legs() -> Iterator[str]:
    """Yield what a mattress that carries kicks changes with a sensor on each ankle."""
    yield TABLE
    sides = []
    for name in (None, Disturbance.COUPLING, Disturbance.PARTNER, Disturbance.CLOSE_PARTNER):
        wishes = NightSpec(
            hours=4.0,
            plm_index=20.0,
            cramps=0,
            legs=tuple(Side),
            disturbances=frozenset() if name is None else frozenset({name}),
        )
        nights = [judged_together(seed, wishes, ANKLES, 50.0) for seed in range(6)]
        yield row(f"both ankles, {name or 'nothing'}", nights)
        shares = ", ".join(f"{100 * share_on_the_right_side(night):.0f}" for night in nights)
        sides.append(f"* {name or 'nothing'}: side correct in {shares} % of the movements found.")
    yield ""
    yield from sides


def share_on_the_right_side(night: DisturbedNight) -> float:
    """Return the share of the movements found whose leg, or both legs, are correct."""
    known = night.told.night.scoring.movements
    found = night.found.scoring.movements
    pairs = matched(
        [(one.onset / SECOND, one.duration / SECOND) for one in known],
        [(one.onset / SECOND, one.duration / SECOND) for one in found],
    )
    return sum(known[a].side == found[b].side for a, b in pairs) / max(1, len(pairs))


def gaps() -> Iterator[str]:
    """Yield which of the true gaps are reported, and which false ones."""
    there = reported = other = lost = 0
    for seed in range(6):
        wishes = NightSpec(
            hours=4.0,
            plm_index=15.0,
            cramps=0,
            disturbances=frozenset({Disturbance.GAPS, Disturbance.JITTER}),
        )
        night = judged(seed, wishes, ANKLE, 50.0)
        found = [(event.onset, event.end) for event in night.events if isinstance(event, Gap)]
        same = [
            any(abs(a - c) + abs(b - d) < SECOND // 5 for c, d in found) for a, b in night.told.gaps
        ]
        there = there + len(same)
        reported = reported + sum(same)
        other = other + len(found) - sum(same)
        lost += len(plan_night(seed, wishes).gaps)
    yield f"{lost} losses of samples in 6 nights of 4 h, with a clock error of up to 1 %:"
    yield f"{reported} of {there} gaps reported correctly, and {other} others."


def devices() -> Iterator[str]:
    """Yield how well movements, a third of them faint, are found with each kind of sensor."""
    yield TABLE
    for name, device in DEVICES.items():
        if device.quantity is Quantity.LOAD:
            continue
        sensor, rates = (
            (TIBIALIS, (200.0, 500.0))
            if device.quantity is Quantity.EMG
            else (ANKLE, (25.0, 100.0))
        )
        for rate in rates:
            wishes = NightSpec(
                hours=4.0, plm_index=20.0, cramps=0, disturbances=frozenset({Disturbance.FAINT})
            )
            nights = [judged(seed, wishes, sensor, rate, name) for seed in range(2)]
            yield row(f"{name}, {rate:g} Hz", nights)


def everything() -> Iterator[str]:
    """Yield how well the PLM index agrees with all disturbances at once."""
    for sensor, rate in ((ANKLE, 50.0), (TIBIALIS, 250.0)):
        pairs = []
        for seed, index in enumerate((0, 8, 12, 14, 17, 20, 25, 40)):
            wishes = NightSpec(
                hours=4.0, plm_index=index, cramps=0, disturbances=GROUPS["everything"]
            )
            night = judged(50 + seed, wishes, sensor, rate)
            pairs.append(
                (night.told.night.measures.plm_index or 0.0, night.found.measures.plm_index or 0.0)
            )
        known, measured = np.array(pairs).T
        bias = float((measured - known).mean())
        spread = float((measured - known).std(ddof=1))
        right = sum((one >= 15) == (other >= 15) for one, other in pairs)
        lowest = known.min()
        highest = known.max()
        yield f"* {sensor.placement}, {len(pairs)} nights of {lowest:.0f} to {highest:.0f}/h:"
        yield f"  ICC(2,1) {icc(known, measured):.3f},"
        lower = bias - 1.96 * spread
        upper = bias + 1.96 * spread
        yield f"  bias {bias:+.2f}/h, limits of agreement {lower:+.2f} to {upper:+.2f}/h;"
        yield f"  {right} of {len(pairs)} on the correct side of 15/h."


def look_alikes() -> Iterator[str]:
    """Yield how many cramps are reported in nights without any, for each kind of distractor."""
    yield (
        "| nights with | nights | with a possible cramp (ankle) "
        "| with a probable cramp (ankle and calf EMG) |"
    )
    yield "|---|---|---|---|"
    rows = [("nothing", frozenset[Disturbance](), 3)]
    rows += [(str(one), frozenset({one}), 3) for one in sorted(LOOK_ALIKES)]
    rows += [("all of them, hum and ECG", LOOK_ALIKES | {Disturbance.HUM, Disturbance.ECG}, 6)]
    for name, wished, count in rows:
        alarms = [told_cramps(seed, wished) for seed in range(count)]
        possible, probable = (sum(kind in told for told in alarms) for kind in Certainty)
        yield f"| {name} | {count} | {possible} | {probable} |"


def told_cramps(seed: int, wished: frozenset[Disturbance]) -> set[Certainty]:
    """Return the kinds of cramps that are reported in a night without one."""
    hours = 3.0 if len(wished) < 2 else 4.0
    night = plan_night(seed, NightSpec(hours=hours, plm_index=10.0, cramps=0, disturbances=wished))
    alone, _ = simulated(night, [(ANKLE, 50.0)])
    both, _ = simulated(night, [(ANKLE, 50.0), (CALF, 200.0)])
    told = {event.certainty for event in alone if isinstance(event, Cramp)}
    return told | {event.certainty for event in both if isinstance(event, Cramp)}
