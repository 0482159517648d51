"""Nights with cramps, and nights with everything that must not be taken for a cramp.

Natural cramps rise without movement for 41 s (SD 11) to 2 to 6 times rest, then wake the sleeper
(docs/science.md#evidence-on-cramps).
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from devtools.battery import behaviour, upright
from devtools.battery.bed import bed_acceleration
from devtools.battery.emg import Muscle, draw_electrodes, record_emg
from devtools.battery.leg_nights import Habits, fill_night, record_legs
from devtools.battery.sleeper import SIDES, Sleeper, draw_sleeper
from devtools.battery.truth import Item, Kind, Night, Recorded, Stretch
from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side

DURATION: Final = 2 * 3600.0
SLEEPING: Final = Habits(
    series_share=0.15, singles=5, turns=3, twitches=3, longs=0.3, resettles=1, both_share=0.3
)
RATES: Final = (250.0, 250.0, 256.0, 256.0, 500.0)


def response(sleeper: Sleeper, at: float, side: str) -> float:
    """Wake up with pain: vigorous movement, then a trip or rubbing in bed; return when lying."""
    rng = sleeper.rng
    vigorous = rng.uniform(8, 20)
    upright.jumble(sleeper, at, at + vigorous, rng.uniform(6, 14), rng.uniform(0.04, 0.12))
    sleeper.note(Kind.AWAKENING, at, at + vigorous, "both", "with a cramp")
    now = at + vigorous + rng.uniform(0.2, 3)
    if rng.random() < 0.35:
        now = upright.rub(sleeper, now, rng.uniform(60, 180), side)
        end = now
    else:
        upright.jumble(sleeper, now, now + 5, 5, 0.05)
        now = upright.short_trip(sleeper, now + 5 + rng.uniform(0, 20))
        end = now
    settle = rng.uniform(3, 15)
    upright.jumble(sleeper, now + 1, now + 1 + settle, 3, 0.02)
    sleeper.awake.append((at, end + rng.uniform(180, 900)))
    return float(now + settle + 20)


def natural_cramp(sleeper: Sleeper, muscle: Muscle, at: float, side: str) -> float:
    """Add a cramp that rises in sleep; return when all is over."""
    rng = sleeper.rng
    rise = float(np.clip(rng.normal(41, 11), 15, 70))
    factor = 1 + float(np.clip(rng.lognormal(np.log(1.9), 0.6), 1, 5))
    waking = at + rise
    starts = waking + rng.uniform(0, 4)
    over = response(sleeper, starts, side)
    relief = starts + rng.uniform(40, 240)
    # The level beyond rest such that the whole is `factor` times rest.
    peak = muscle.rest * np.sqrt(factor**2 - 1)
    plateau = peak * rng.uniform(0.5, 1.0)
    times = np.array([at, waking, waking + 20, relief, relief + rng.uniform(10, 40)])
    steps = np.linspace(0, 1, 12)
    # The whole level rises in a straight line, not the square root of the sum of squares.
    total = 1 + (factor - 1) * steps
    rising = muscle.rest * np.sqrt(total**2 - 1)
    muscle.tension(
        np.concatenate([at + rise * steps, times[2:]]),
        np.concatenate([rising, [plateau, 0.8 * plateau, 0.0]]),
        cramping=True,
    )
    for spike in rng.uniform(waking - 10, relief, 8):
        muscle.burst(spike, spike + rng.uniform(0.1, 0.4), muscle.rest * rng.uniform(2, 8), 0.05)
    note = f"natural, {rise:.0f} s to {factor:.1f} times rest of {muscle.rest:.1f} uV"
    sleeper.note(Kind.CRAMP, at, max(relief, starts + 30), side, note)
    return max(over, relief + 40)


def triggered_cramp(sleeper: Sleeper, muscle: Muscle, at: float, side: str) -> float:
    """Add a cramp that follows a stretch in bed and begins at once; return when all is over."""
    rng = sleeper.rng
    behaviour.kick(sleeper, at - 4, rng.uniform(1.5, 3), side, "stretch before the cramp")
    delay = rng.uniform(18, 40)
    factor = rng.uniform(4, 12)
    relief = at + delay + rng.uniform(30, 200)
    peak = max(muscle.rest * factor, 15.0)
    muscle.tension(
        np.array([at, at + rng.uniform(1, 3), relief, relief + 15]),
        np.array([0.0, peak, 0.7 * peak, 0.0]),
        cramping=True,
    )
    over = response(sleeper, at + delay, side)
    note = (
        f"triggered, {factor:.1f} times rest of {muscle.rest:.1f} uV, response after {delay:.0f} s"
    )
    sleeper.note(Kind.CRAMP, at, relief, side, note)
    return max(over, relief + 40)


def silent_tension(sleeper: Sleeper, muscle: Muscle, at: float) -> float:
    """Let the calf be tense for a while, without a response; return the end."""
    rng = sleeper.rng
    rise = rng.uniform(2, 50)
    lasts = rng.uniform(20, 240)
    size = muscle.rest * rng.uniform(1.5, 5)
    end = at + rise + lasts
    fall = rng.uniform(5, 40)
    muscle.tension(
        np.array([at, at + rise, end, end + fall]),
        np.array([0.0, size, size * rng.uniform(0.7, 1.1), 0.0]),
        cramping=False,
    )
    sleeper.note(Kind.TENSION, at, end + fall, None, f"{size / muscle.rest + 1:.1f} times rest")
    # Whatever follows within the next minutes would be a response.
    return end + fall + 200


def toilet(sleeper: Sleeper, at: float) -> float:
    """Wake up calmly and visit the toilet; return when lying."""
    rng = sleeper.rng
    upright.jumble(sleeper, at, at + rng.uniform(1.5, 5), 3, 0.02)
    now = at + rng.uniform(20, 120)
    sleeper.awake.append((at, now + 600))
    walks = tuple(rng.uniform(15, 45, 2))
    return upright.trip(sleeper, now, walks, rng.uniform(60, 200), "toilet")


def pacing(sleeper: Sleeper, at: float) -> float:
    """Lie awake with restless legs, then walk up and down; return when lying."""
    rng = sleeper.rng
    now = at
    for _ in range(int(rng.integers(6, 14))):
        seconds = rng.uniform(2, 9)
        upright.jumble(sleeper, now, now + seconds, rng.uniform(2, 6), 0.03)
        now += seconds + rng.uniform(5, 40)
    sleeper.note(Kind.RESTLESS, at, now, "both")
    walks = tuple(rng.uniform(10, 25, int(rng.integers(4, 9))))
    now = upright.trip(sleeper, now, walks, 5.0 * len(walks), "pacing")
    sleeper.awake.append((at, now + 600))
    return now


def apnoea(sleeper: Sleeper, at: float) -> float:
    """Add arousals every 30 to 60 s, with movement of 3 to 12 s; return the end."""
    rng = sleeper.rng
    now = at
    for _ in range(int(rng.integers(10, 25))):
        seconds = rng.uniform(3, 12)
        upright.jumble(sleeper, now, now + seconds, rng.uniform(1.5, 5), 0.03)
        sleeper.note(Kind.AROUSAL, now, now + seconds, "both", "after apnoea")
        now += seconds + rng.uniform(25, 50)
    return now


def nightmare(sleeper: Sleeper, at: float) -> float:
    """Wake up suddenly after quiet sleep with vigorous movement, and stay in bed."""
    rng = sleeper.rng
    seconds = rng.uniform(8, 22)
    upright.jumble(sleeper, at, at + seconds, rng.uniform(6, 12), rng.uniform(0.04, 0.1))
    sleeper.note(Kind.AWAKENING, at, at + seconds, "both")
    sleeper.awake.append((at, at + seconds + rng.uniform(60, 400)))
    return at + seconds + 60


def add_decoys(sleeper: Sleeper, muscle: Muscle, begin: float, until: float, first: int) -> None:
    """Fill a time with events that must not be taken for a cramp, and with sleep between them."""
    rng = sleeper.rng
    decoys: tuple[Callable[[float], float], ...] = (
        lambda at: toilet(sleeper, at),
        lambda at: silent_tension(sleeper, muscle, at),
        lambda at: apnoea(sleeper, at),
        lambda at: nightmare(sleeper, at),
        lambda at: pacing(sleeper, at),
        lambda at: behaviour.rhythmic_feet(sleeper, at),
        lambda at: behaviour.turn(sleeper, at),
        lambda at: behaviour.long_movement(sleeper, at),
    )
    now = begin
    number = first
    while now < until - 900:
        asleep = now + rng.uniform(240, 700)
        if rng.random() < 0.6:
            fill_night(sleeper, now, asleep - 30, SLEEPING)
        now = decoys[number % len(decoys)](asleep + 30)
        number += 1


def cramp_sleeper(seed: int, part: int, *, cramp: bool) -> tuple[Sleeper, Muscle, str]:
    """Return a sleeper's night with one cramp, or with none and many decoys."""
    rng = np.random.default_rng((part, seed))
    sleeper = draw_sleeper(rng, DURATION)
    muscle = Muscle(float(rng.uniform(2.5, 8)), DURATION)
    side = str(rng.choice(SIDES))
    now = upright.start_of_night(sleeper, 0.0)
    if not cramp:
        add_decoys(sleeper, muscle, now, DURATION - 200, seed)
        return sleeper, muscle, side
    quiet = rng.uniform(330, 900)
    at = rng.uniform(2200, 4500)
    fill_night(sleeper, now, at - quiet, SLEEPING)
    natural = part == 4 or rng.random() < 0.75
    add = natural_cramp if natural else triggered_cramp
    now = add(sleeper, muscle, at, side)
    fill_night(sleeper, now + 200, DURATION - 100, SLEEPING)
    return sleeper, muscle, side


def movement_sensors(sleeper: Sleeper, seed: int) -> tuple[list[Recorded], list[Item]]:
    """Return one or two ankles of a sleeper; in one night of four, the bed."""
    if seed % 4 == 0:
        recorded, items = bed_acceleration(sleeper, DURATION)
        return [recorded], items
    sides = SIDES if seed % 2 else (str(sleeper.rng.choice(SIDES)),)
    return record_legs(sleeper, DURATION, sides)


def possible(seed: int, *, cramp: bool = True) -> Night:
    """Return a night for movement sensors alone."""
    sleeper, _, _ = cramp_sleeper(seed, 4, cramp=cramp)
    recorded, items = movement_sensors(sleeper, seed)
    return night_of("possible", seed, sleeper, recorded, items)


def probable(seed: int, *, cramp: bool = True) -> Night:
    """Return a night with calf EMG and an ankle sensor on the same leg."""
    sleeper, muscle, side = cramp_sleeper(seed, 5, cramp=cramp)
    rng = sleeper.rng
    add_movements(sleeper, muscle, side)
    recorded, items = record_legs(sleeper, DURATION, (side,))
    electrodes = draw_electrodes(rng, RATES)
    samples = record_emg(rng, electrodes, muscle)
    calf = Sensor(9, Quantity.EMG, Placement.CALF, Side(side))
    recorded.append(Recorded(calf, electrodes.rate, samples))
    return night_of("probable", seed, sleeper, recorded, items)


def night_of(
    part: str, seed: int, sleeper: Sleeper, recorded: list[Recorded], items: list[Item]
) -> Night:
    """Return the night of a sleeper."""
    quiet = "" if any(item.kind is Kind.CRAMP for item in items) else " without cramp"
    return Night(
        f"{part} {seed}{quiet}",
        DURATION,
        recorded,
        items,
        out_of_bed=tuple(sleeper.out_of_bed),
        awake=tuple(sleeper.awake),
    )


ACTIVITY: Final = {
    Kind.TURN: (60, 0.8),
    Kind.LONG: (60, 0.8),
    Kind.AROUSAL: (60, 0.8),
    Kind.AWAKENING: (60, 0.8),
    Kind.RESETTLE: (60, 0.8),
    Kind.RESTLESS: (30, 0.4),
    Kind.TRIP: (120, 0.8),
}
"""Size (uV RMS) of the calf's bursts, and their share of the time. Chosen: a voluntary contraction
reaches 72 to 225 uV (docs/science.md#emg-signal)."""


def add_movements(sleeper: Sleeper, muscle: Muscle, side: str) -> None:
    """Add what the calf does in the movements of its leg."""
    rng = sleeper.rng
    for item in sleeper.items:
        if item.side not in {side, "both", None}:
            continue
        if item.kind in ACTIVITY:
            size, share = ACTIVITY[item.kind]
            busy(rng, muscle, (item.onset, item.end), size, share)
        if item.kind is Kind.TRIP:
            # The calf holds the body upright.
            muscle.burst(item.onset, item.end, rng.uniform(8, 30), 1.0)
        elif item.kind in {Kind.KICK, Kind.TWITCH} and rng.random() < 0.7:
            muscle.burst(item.onset, item.end, rng.uniform(5, 40), 0.05)
        elif item.kind is Kind.RHYTHM:
            for at in np.arange(item.onset, item.end, 1 / rng.uniform(1, 2)):
                muscle.burst(float(at), float(at) + 0.4, rng.uniform(10, 40), 0.05)


def busy(
    rng: np.random.Generator, muscle: Muscle, when: Stretch, size: float, share: float
) -> None:
    """Add bursts of half a second to 2 s."""
    at, end = when
    while at < end:
        length = min(rng.uniform(0.3, 1.2), end - at)
        if rng.random() < share:
            muscle.burst(at, at + length, size * rng.uniform(0.3, 1.2), 0.08)
        at += length + rng.uniform(0.05, 0.4)
