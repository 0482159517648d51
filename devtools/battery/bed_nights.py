"""Nights for sensors at the bed: their movements, and who is in bed."""

from dataclasses import replace
from typing import Final

import numpy as np

from devtools.battery import upright
from devtools.battery.bed import bed_acceleration, bed_load
from devtools.battery.cramp_nights import toilet
from devtools.battery.leg_nights import Habits, fill_night
from devtools.battery.sleeper import Sleeper, draw_sleeper
from devtools.battery.truth import Item, Kind, Night, Recorded

DURATION: Final = 2.5 * 3600
TURNING: Final = Habits(
    series_share=0.5, singles=8, turns=7, twitches=4, longs=1, resettles=1, both_share=0.3
)
PARTNER: Final = Habits(
    series_share=0.0, singles=2, turns=3, twitches=1, longs=0.5, resettles=0, both_share=0.3
)


def other_sleeper(rng: np.random.Generator, duration: float) -> Sleeper:
    """Return a second sleeper who stays in bed."""
    other = draw_sleeper(rng, duration)
    fill_night(other, 0, duration, PARTNER)
    return other


def with_partner(items: list[Item], other: Sleeper | None) -> list[Item]:
    """Return the items of a bed with two sleepers."""
    if other is None:
        return items
    theirs = [
        replace(item, kind=Kind.PARTNER, note=f"{item.kind} of the other sleeper")
        for item in other.items
    ]
    return sorted([*items, *theirs], key=lambda item: item.onset)


def record_bed(
    sleeper: Sleeper, duration: float, seed: int, other: Sleeper | None
) -> tuple[list[Recorded], list[Item]]:
    """Return what one sensor at the bed records: accelerometer or load cells."""
    make = bed_acceleration if seed % 2 else bed_load
    recorded, items = make(sleeper, duration, other)
    return [recorded], with_partner(items, other)


def bed_sensor(seed: int) -> Night:
    """Return a night in bed with leg movements and many turns; one of three has two sleepers."""
    rng = np.random.default_rng((6, seed))
    sleeper = draw_sleeper(rng, DURATION)
    fill_night(sleeper, 0, DURATION, TURNING)
    other = other_sleeper(rng, DURATION) if seed % 3 == 0 else None
    recorded, items = record_bed(sleeper, DURATION, seed, other)
    return Night(f"bed_sensor {seed} {kind_of(seed, other)}", DURATION, recorded, items)


def kind_of(seed: int, other: Sleeper | None) -> str:
    """Return what is special about a night at the bed."""
    return f"{'acceleration' if seed % 2 else 'load'}{', two sleepers' if other else ''}"


def bed(seed: int) -> Night:
    """Return a night that begins and ends out of bed, with trips, for a sensor at the bed."""
    rng = np.random.default_rng((7, seed))
    sleeper = draw_sleeper(rng, DURATION)
    now = upright.start_of_night(sleeper, 0.0)
    ends = DURATION - rng.uniform(300, 500)
    while now < ends - 1600:
        until = now + rng.uniform(1000, 2400)
        fill_night(sleeper, now, until, TURNING)
        if rng.random() < 0.5:
            now = toilet(sleeper, until + 30)
        else:
            now = upright.short_trip(sleeper, until + 30, "short")
    upright.end_of_night(sleeper, max(now + 100, ends), DURATION)
    # With two sleepers, only load cells can show that one of them has left.
    other = other_sleeper(rng, DURATION) if seed % 4 == 0 else None
    recorded, items = record_bed(sleeper, DURATION, seed, other)
    return Night(
        f"bed {seed} {kind_of(seed, other)}",
        DURATION,
        recorded,
        items,
        out_of_bed=tuple(sleeper.out_of_bed),
    )
