"""Nights of 2 h in bed with leg movements, for one or two ankle sensors."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from devtools.battery import behaviour
from devtools.battery.motion import level_of
from devtools.battery.sensors import Accelerometer, draw_accelerometer, record
from devtools.battery.sleeper import SIDES, Sleeper, draw_sleeper
from devtools.battery.truth import Item, Kind, Night, Recorded
from limber_bridge.detection.signal import Floats, Placement, Quantity, Sensor, Side

DURATION: Final = 2 * 3600.0
"""s."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How often things happen, an hour."""

    series_share: float = 0.6
    """Share of the time between other things that periodic series fill."""
    singles: float = 12.0
    turns: float = 3.0
    twitches: float = 8.0
    partners: float = 0.0
    rhythms: float = 0.0
    longs: float = 0.5
    resettles: float = 1.5
    both_share: float = 0.2
    """Share of the movements in which both legs take part."""
    only: str | None = None
    """The leg that moves, if the other one never does."""


def movement_length(rng: np.random.Generator) -> float:
    """Return the duration (s) of a leg movement: median 2 to 3 s."""
    return float(np.clip(rng.lognormal(np.log(2.3), 0.5), 0.6, 9.5))


def pick_side(rng: np.random.Generator, habits: Habits, mostly: str) -> str:
    """Return the leg or legs of a movement."""
    if habits.only is not None:
        return habits.only
    if rng.random() < habits.both_share:
        return "both"
    if rng.random() < 0.75:
        return mostly
    return str(rng.choice(SIDES))


def add_series(sleeper: Sleeper, begin: float, until: float, habits: Habits) -> float:
    """Add a periodic series; return when it has ended."""
    rng = sleeper.rng
    mostly = str(rng.choice(SIDES))
    mean = rng.uniform(3.2, 3.7)
    spread = rng.uniform(0.3, 0.5)
    count = int(np.clip(rng.geometric(0.09), 4, 60))
    at = begin
    end = begin
    for _ in range(count):
        interval = float(np.clip(rng.lognormal(mean, spread), 10.5, 85))
        length = min(movement_length(rng), interval - 4)
        if at + interval + 10 > until:
            break
        end = behaviour.kick(sleeper, at, max(0.6, length), pick_side(rng, habits, mostly))
        free = at + interval - end
        if free > 12 and rng.random() < 0.12:
            middle = end + free * rng.uniform(0.35, 0.6)
            behaviour.twitch(sleeper, middle, str(rng.choice(SIDES)))
        at += interval
    return end


def add_single(sleeper: Sleeper, at: float, habits: Habits) -> float:
    """Add one movement, or one of the other leg right behind it; return the end."""
    rng = sleeper.rng
    side = pick_side(rng, habits, str(rng.choice(SIDES)))
    end = behaviour.kick(sleeper, at, movement_length(rng), side)
    if side != "both" and habits.only is None and rng.random() < 0.15:
        other = "right" if side == "left" else "left"
        gap = rng.uniform(1.5, 6)
        end = behaviour.kick(sleeper, end + gap, movement_length(rng), other, "answers other leg")
    return end


def fill_night(sleeper: Sleeper, begin: float, until: float, habits: Habits) -> None:
    """Fill a time in bed with all that happens."""
    rng = sleeper.rng
    choices: dict[Callable[[float], float], float] = {
        lambda at: add_single(sleeper, at, habits): habits.singles,
        lambda at: behaviour.turn(sleeper, at): habits.turns,
        lambda at: behaviour.twitch(sleeper, at, str(rng.choice(SIDES))): habits.twitches,
        lambda at: behaviour.partner(sleeper, at): habits.partners,
        lambda at: behaviour.rhythmic_feet(sleeper, at): habits.rhythms,
        lambda at: behaviour.long_movement(sleeper, at): habits.longs,
        lambda at: behaviour.resettle(sleeper, at, str(rng.choice(SIDES))): habits.resettles,
    }
    actions = list(choices)
    weights = np.array(list(choices.values()))
    total = max(1e-9, float(weights.sum()))
    at = begin + 60 + rng.uniform(0, 60)
    while at < until - 60:
        if rng.random() < habits.series_share * 0.2:
            at = add_series(sleeper, at, until - 30, habits) + rng.uniform(15, 60)
            continue
        end = actions[int(rng.choice(len(actions), p=weights / total))](at)
        # Mean gap such that the rates per hour come out.
        at = end + 8 + float(rng.exponential(max(4.0, 3600 / total - 12)))


def record_legs(
    sleeper: Sleeper, duration: float, sides: tuple[str, ...], device: Accelerometer | None = None
) -> tuple[list[Recorded], list[Item]]:
    """Return what ankle sensors record, and the items with their sizes at the sensors."""
    rng = sleeper.rng
    recorded = []
    levels: dict[str, tuple[Floats, Accelerometer]] = {}
    for number, side in enumerate(sides):
        own = device or draw_accelerometer(rng)
        grid = np.arange(round(duration * own.rate)) / own.rate
        force = sleeper.legs[side].render(grid)
        levels[side] = (level_of(force, own.rate), own)
        sensor = Sensor(number + 1, Quantity.ACCELERATION, Placement.ANKLE, Side(side))
        recorded.append(Recorded(sensor, own.rate, record(rng, own, force)))
    items = sleeper.items if len(sides) > 1 else one_leg(sleeper.items, sides[0])
    return recorded, [measured(item, levels) for item in sorted(items, key=by_onset)]


def by_onset(item: Item) -> float:
    """Return the onset of an item."""
    return item.onset


def measured(item: Item, levels: dict[str, tuple[Floats, Accelerometer]]) -> Item:
    """Return an item with its size at the sensors that can see it."""
    size = 0.0
    times_noise = 0.0
    for side, (level, device) in levels.items():
        if item.side in {"left", "right"} and item.side != side and len(levels) > 1:
            continue
        first = round(item.onset * device.rate)
        peak = float(level[first : round(item.end * device.rate) + 1].max(initial=0))
        size = max(size, peak)
        times_noise = max(times_noise, peak / max(device.noise, 0.3 * device.step))
    return replace(item, size=size, times_noise=times_noise)


def one_leg(items: list[Item], side: str) -> list[Item]:
    """Return the items as one leg has them: movements of the other leg are something else."""
    result = []
    for item in items:
        if item.side in {side, "both", None}:
            result.append(item)
        elif item.kind is Kind.KICK:
            result.append(replace(item, kind=Kind.OTHER_LEG))
        else:
            result.append(item)
    return result


def draw_habits(rng: np.random.Generator, seed: int) -> Habits:
    """Return how often things happen; some nights have a partner or rhythmic feet."""
    return Habits(
        series_share=float(rng.uniform(0.2, 1.0)),
        turns=float(rng.uniform(1, 5)),
        twitches=float(rng.uniform(2, 12)),
        partners=6.0 if seed % 3 == 0 else 0.0,
        rhythms=2.0 if seed % 4 == 1 else 0.0,
        both_share=float(rng.uniform(0.05, 0.4)),
    )


def two_ankles(seed: int, duration: float = DURATION) -> Night:
    """Return a night with a sensor on each ankle."""
    rng = np.random.default_rng((1, seed))
    sleeper = draw_sleeper(rng, duration)
    habits = draw_habits(rng, seed)
    fill_night(sleeper, 0, duration, habits)
    recorded, items = record_legs(sleeper, duration, SIDES)
    return Night(f"two_ankles {seed}", duration, recorded, items)


def one_ankle(seed: int) -> Night:
    """Return a night with a sensor on one ankle."""
    rng = np.random.default_rng((2, seed))
    sleeper = draw_sleeper(rng, DURATION)
    habits = draw_habits(rng, seed)
    fill_night(sleeper, 0, DURATION, habits)
    side = str(rng.choice(SIDES))
    recorded, items = record_legs(sleeper, DURATION, (side,))
    return Night(f"one_ankle {seed}", DURATION, recorded, items)


def index(seed: int) -> Night:
    """Return a night of one leg, from no periodic movements to about 100 an hour."""
    rng = np.random.default_rng((8, seed))
    sleeper = draw_sleeper(rng, DURATION)
    sleeper.vigour = max(sleeper.vigour, 1.0)
    side = str(rng.choice(SIDES))
    habits = Habits(
        series_share=(seed % 6) * 0.9,
        singles=float(rng.uniform(2, 12)),
        turns=float(rng.uniform(1, 4)),
        twitches=float(rng.uniform(2, 10)),
        longs=0.3,
        only=side,
    )
    fill_night(sleeper, 0, DURATION, habits)
    recorded, items = record_legs(sleeper, DURATION, (side,))
    return Night(f"index {seed}", DURATION, recorded, items)


def quiet(seed: int) -> Night:
    """Return a night without leg movements; in one of three there is a partner."""
    rng = np.random.default_rng((9, seed))
    sleeper = draw_sleeper(rng, DURATION)
    habits = Habits(
        series_share=0,
        singles=0,
        turns=4,
        twitches=8,
        rhythms=1.0,
        longs=0.5,
        resettles=2,
        partners=8.0 if seed % 3 == 0 else 0.0,
    )
    fill_night(sleeper, 0, DURATION, habits)
    sides = SIDES if seed % 2 else (str(rng.choice(SIDES)),)
    recorded, items = record_legs(sleeper, DURATION, sides)
    name = f"quiet {seed}{' with a partner' if habits.partners else ''}"
    return Night(name, DURATION, recorded, items)
