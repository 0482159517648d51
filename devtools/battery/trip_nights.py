"""Nights with trips out of bed, for ankle sensors."""

from typing import Final

import numpy as np

from devtools.battery import behaviour, upright
from devtools.battery.leg_nights import Habits, fill_night, record_legs
from devtools.battery.sleeper import SIDES, Sleeper, draw_sleeper
from devtools.battery.truth import Kind, Night

DURATION: Final = 2.5 * 3600
CALM: Final = Habits(
    series_share=0.2, singles=6, turns=4, twitches=3, longs=1.0, resettles=2, both_share=0.3
)
"""Time in bed between trips."""


def some_trip(sleeper: Sleeper, at: float, number: int) -> float:
    """Add a trip; most are short. Return when lying."""
    rng = sleeper.rng
    match number % 5:
        case 0 | 2:
            return upright.short_trip(sleeper, at)
        case 1:
            return upright.short_trip(sleeper, at, "short, standing")
        case 3:
            walks = tuple(rng.uniform(15, 40, 2))
            return upright.trip(sleeper, at, walks, rng.uniform(60, 240), "toilet")
        case _:
            walks = tuple(rng.uniform(10, 25, int(rng.integers(4, 9))))
            return upright.trip(sleeper, at, walks, 6.0 * (len(walks) - 1), "pacing")


def no_trip(sleeper: Sleeper, at: float) -> float:
    """Add something that is no trip; return its end."""
    rng = sleeper.rng
    match int(rng.integers(4)):
        case 0:
            return upright.knees_bent(sleeper, at, rng.uniform(60, 400))
        case 1:
            return upright.rub(sleeper, at, rng.uniform(20, 60), str(rng.choice(SIDES)))
        case 2:
            return hanging_leg(sleeper, at)
        case _:
            return behaviour.long_movement(sleeper, at)


def hanging_leg(sleeper: Sleeper, at: float) -> float:
    """Let one leg hang over the edge of the bed for some minutes; return the end."""
    rng = sleeper.rng
    limb = sleeper.legs[str(rng.choice(SIDES))]
    seconds = rng.uniform(60, 400)
    back = limb.pitch, limb.roll
    limb.move_to((at, at + 2.0), np.radians(rng.uniform(-55, -25)), limb.roll)
    limb.move_to((at + seconds, at + seconds + 2), *back)
    sleeper.note(Kind.RESETTLE, at, at + seconds + 2, limb.side, "hangs over the edge")
    return at + seconds + 2


def trips(seed: int) -> Night:
    """Return a night that begins and ends upright, with four to six trips."""
    rng = np.random.default_rng((3, seed))
    sleeper = draw_sleeper(rng, DURATION)
    now = upright.start_of_night(sleeper, 0.0)
    ends = DURATION - rng.uniform(200, 400)
    count = int(rng.integers(4, 7))
    first = int(rng.integers(5))
    pause = (ends - now - count * 150) / (count + 1)
    for number in range(count + 1):
        until = now + pause * rng.uniform(0.8, 1.05)
        if rng.random() < 0.5:
            now = no_trip(sleeper, now + 60)
        if until > now + 200:
            fill_night(sleeper, now, until, CALM)
        now = max(now + 20, until)
        if number < count and now < ends - 400:
            now = some_trip(sleeper, now, first + number)
    upright.end_of_night(sleeper, max(now, ends), DURATION)
    sides = SIDES if seed % 2 else (str(rng.choice(SIDES)),)
    recorded, items = record_legs(sleeper, DURATION, sides)
    return Night(f"trips {seed}", DURATION, recorded, items, out_of_bed=tuple(sleeper.out_of_bed))
