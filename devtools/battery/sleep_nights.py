"""Nights of 4 h with sleep and wake: falling asleep, waking up, lying awake quietly."""

from typing import Final

import numpy as np

from devtools.battery import behaviour, upright
from devtools.battery.bed import bed_acceleration, bed_load
from devtools.battery.cramp_nights import ACTIVITY, busy
from devtools.battery.emg import Muscle, draw_electrodes, record_emg
from devtools.battery.leg_nights import Habits, fill_night, record_legs
from devtools.battery.sleeper import SIDES, Sleeper, draw_sleeper
from devtools.battery.truth import Item, Kind, Night, Recorded
from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side

DURATION: Final = 4 * 3600.0
KINDS: Final = ("ankle", "ankle", "bed acceleration", "ankle", "load", "emg")
"""What a seed gets, in turn."""


def lie_awake(sleeper: Sleeper, begin: float, until: float) -> None:
    """Lie awake: fidgeting every quarter of a minute to two minutes."""
    rng = sleeper.rng
    pause = rng.uniform(10, 40)
    at = begin + rng.uniform(2, 20)
    while at < until - 15:
        seconds = float(rng.lognormal(np.log(5), 0.9))
        chance = rng.random()
        if chance < 0.25:
            at = behaviour.turn(sleeper, at)
        else:
            seconds = min(seconds, until - at - 2)
            upright.jumble(sleeper, at, at + seconds, rng.uniform(1.0, 5), rng.uniform(0.005, 0.03))
            sleeper.note(Kind.RESTLESS, at, at + seconds, "both", "awake")
            at += seconds
        at += float(rng.exponential(pause)) + 4
    sleeper.awake.append((begin, until))


def sleep(seed: int) -> Night:
    """Return a night with 4 to 25 min of falling asleep, and awake one to three times."""
    rng = np.random.default_rng((11, seed))
    sleeper = draw_sleeper(rng, DURATION)
    now = upright.start_of_night(sleeper, 0.0)
    asleep = now + rng.uniform(4, 25) * 60
    lie_awake(sleeper, now, asleep)
    habits = Habits(
        series_share=float(rng.uniform(0, 1.2)),
        singles=float(rng.uniform(2, 10)),
        turns=float(rng.uniform(1, 4)),
        twitches=4,
        longs=0.2,
        resettles=1,
    )
    ends = DURATION - rng.uniform(150, 300)
    wakes = np.sort(rng.uniform(asleep + 1800, ends - 1500, int(rng.integers(1, 4))))
    now = asleep
    for wake in wakes:
        if wake < now + 1200:
            continue
        fill_night(sleeper, now, float(wake) - 30, habits)
        now = wake + rng.uniform(2, 12) * 60
        lie_awake(sleeper, wake, now)
    fill_night(sleeper, now, ends - 90, habits)
    sleeper.awake.append((ends - 30, DURATION))
    upright.end_of_night(sleeper, ends, DURATION)
    kind = KINDS[seed % len(KINDS)]
    recorded, items = record_kind(sleeper, kind)
    return Night(
        f"sleep {seed} {kind}",
        DURATION,
        recorded,
        items,
        out_of_bed=tuple(sleeper.out_of_bed),
        awake=tuple(sleeper.awake),
    )


def record_kind(sleeper: Sleeper, kind: str) -> tuple[list[Recorded], list[Item]]:
    """Return what one kind of sensor records."""
    side = str(sleeper.rng.choice(SIDES))
    match kind:
        case "bed acceleration":
            recorded, items = bed_acceleration(sleeper, DURATION)
            return [recorded], items
        case "load":
            recorded, items = bed_load(sleeper, DURATION)
            return [recorded], items
        case "emg":
            return [tibialis(sleeper, side)], sleeper.items
        case _:
            return record_legs(sleeper, DURATION, (side,))


def tibialis(sleeper: Sleeper, side: str) -> Recorded:
    """Return tibialis EMG of a sleeper."""
    rng = sleeper.rng
    muscle = Muscle(float(rng.uniform(1.0, 2.5)), DURATION)
    for item in sleeper.items:
        if item.kind in {Kind.KICK, Kind.TWITCH} and item.side in {side, "both"}:
            muscle.burst(item.onset, item.end, rng.uniform(15, 100), 0.05)
        elif item.kind in ACTIVITY:
            size, share = ACTIVITY[item.kind]
            busy(rng, muscle, (item.onset, item.end), size, share)
    for begin, end in sleeper.out_of_bed:
        busy(rng, muscle, (begin, end), 100, 0.7)
    electrodes = draw_electrodes(rng, (200.0, 250.0))
    sensor = Sensor(30, Quantity.EMG, Placement.TIBIALIS, Side(side))
    return Recorded(sensor, electrodes.rate, record_emg(rng, electrodes, muscle))
