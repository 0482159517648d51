"""What a sensor shows of a plan.

At the ankle the signal comes from the motion of a limb: gravity turning with the joint, tangential acceleration,
tremor, pulse, breath, and the noise and steps of a cheap sensor. EMG is noise shaped by muscle activity on amplifier
noise.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Block, Clock, Floats, Place, Quantity, Sensor
from limber_bridge.simulation.plan import Direction, Kick, Plan, Turn

CHUNK: Final = 60
"""s; samples are made a chunk at a time, each with random numbers of its own."""
G: Final = 9.80665
LEVER: Final = 0.35
"""m from the joint to the sensor."""
BEND: Final = np.radians(6.0)
"""How far a usual kick turns the ankle."""
CALF_AT_REST: Final = 6.0
"""uV, of a sleeping calf [D]."""
TREMOR: Final = 7.0
"""Hz of a leg held against gravity."""


def blocks(plan: Plan, sensor: Sensor, rate: float, start: int = 0, *, noisy: bool = True) -> Iterator[Block]:
    """Yield the whole night of one sensor, `CHUNK` seconds a block; `start` (us) is the time of the first sample."""
    clock = Clock(0, start, rate)
    total = round(plan.duration * rate)
    length = round(CHUNK * rate)
    for first in range(0, total, length):
        times = np.arange(first, min(first + length, total)) / rate
        rng = np.random.default_rng([plan.seed, sensor.id, first // length])
        samples = VIEWS[sensor.quantity, sensor.place](plan, sensor, times, rng if noisy else None)
        yield Block(first, samples, clock, rate)


def ankle(plan: Plan, sensor: Sensor, times: Floats, rng: np.random.Generator | None) -> Floats:
    """Return acceleration at an ankle in g, shape (3, n)."""
    acceleration = gravity(plan.turns, times)
    for kick in plan.kicks:
        if kick.side == sensor.side and overlaps(kick.onset, kick.duration, times):
            bend(acceleration, kick, times)
    for turn in plan.turns:
        if overlaps(turn.onset, turn.duration, times):
            shake(acceleration, turn.onset, turn.onset + turn.duration, 0.06, times, plan.seed)
    for spasm in plan.spasms:
        shake(acceleration, spasm.response, spasm.end, 0.15, times, plan.seed)
    for walk in plan.walks:
        gait(acceleration, walk.onset, walk.end, times)
    if rng is None:
        return acceleration
    acceleration[0] += 0.0004 * np.sin(2 * np.pi * 1.05 * times) + 0.0003 * np.sin(2 * np.pi * 0.24 * times)
    acceleration += rng.normal(0.0, 0.002, acceleration.shape)
    return rounded(acceleration, 3)


def bed(plan: Plan, sensor: Sensor, times: Floats, rng: np.random.Generator | None) -> Floats:
    """Return acceleration at a bed frame in g, shape (3, n): what is left of a movement after mattress and slats."""
    del sensor
    shaken = rocked(plan, times, kick_size=0.02, turn_size=0.08)
    shaken[2] += 1.0
    if rng is None:
        return shaken
    occupied = lying(plan, times)
    shaken[2] += occupied * (0.0008 * np.sin(2 * np.pi * 1.1 * times) + 0.0005 * np.sin(2 * np.pi * 0.25 * times))
    shaken += rng.normal(0.0, 0.0008, shaken.shape)
    return rounded(shaken, 4)


def emg(plan: Plan, sensor: Sensor, times: Floats, rng: np.random.Generator | None) -> Floats:
    """Return tibialis anterior EMG in uV, shape (1, n)."""
    activity = np.zeros(len(times))
    for kick in plan.kicks:
        if kick.side == sensor.side and overlaps(kick.onset, kick.duration, times):
            activity = np.maximum(activity, 60 * kick.strength * envelope(kick.onset, kick.duration, 0.08, times))
    for turn in plan.turns:
        activity = np.maximum(activity, 80 * envelope(turn.onset, turn.duration, 0.2, times))
    for spasm in plan.spasms:
        activity = np.maximum(activity, 90 * envelope(spasm.response, spasm.end - spasm.response, 0.3, times))
    for walk in plan.walks:
        stride = np.abs(np.sin(np.pi * 0.9 * times))
        activity = np.maximum(activity, 100 * stride * ((times >= walk.onset) & (times < walk.end)))
    if rng is None:
        return activity[None, :]
    signal = activity * rng.normal(0.0, 1.0, len(times)) + rng.normal(0.0, 1.0, len(times))
    drift = 15 + 4 * np.sin(2 * np.pi * 0.05 * times)
    return rounded((signal + drift)[None, :], 1)


def calf(plan: Plan, sensor: Sensor, times: Floats, rng: np.random.Generator | None) -> Floats:
    """Return gastrocnemius EMG in uV, shape (1, n): quiet in kicks, two to six times its baseline in a cramp."""
    activity = np.full(len(times), CALF_AT_REST)
    for kick in plan.kicks:
        if kick.side == sensor.side and overlaps(kick.onset, kick.duration, times):
            activity += 12 * kick.strength * envelope(kick.onset, kick.duration, 0.08, times)
    for turn in plan.turns:
        activity += 50 * envelope(turn.onset, turn.duration, 0.2, times)
    for spasm in plan.spasms:
        # Up by 100 to 500 % before the waking; stretching raises it more (science reference 5.1).
        activity += 18 * envelope(spasm.onset, spasm.end - spasm.onset, 3.0, times)
        activity += 50 * envelope(spasm.response, spasm.end - spasm.response, 0.5, times)
    for walk in plan.walks:
        stride = np.maximum(0.0, np.sin(2 * np.pi * 0.95 * times))
        activity += 120 * stride * ((times >= walk.onset) & (times < walk.end))
    if rng is None:
        return activity[None, :]
    signal = activity * rng.normal(0.0, 1.0, len(times)) + rng.normal(0.0, 1.0, len(times))
    return rounded((signal + 15 + 4 * np.sin(2 * np.pi * 0.04 * times))[None, :], 1)


def load(plan: Plan, sensor: Sensor, times: Floats, rng: np.random.Generator | None) -> Floats:
    """Return the load on the cells under a bed in kg, shape (1, n)."""
    del sensor
    weight = 48.0 + 74.0 * lying(plan, times) + rocked(plan, times, kick_size=0.8, turn_size=6.0)[0]
    if rng is not None:
        weight += rng.normal(0.0, 0.03, len(times))
    return rounded(weight[None, :], 3)


type View = Callable[[Plan, Sensor, Floats, np.random.Generator | None], Floats]

VIEWS: Final[Mapping[tuple[Quantity, Place], View]] = {
    (Quantity.ACCELERATION, Place.ANKLE): ankle,
    (Quantity.ACCELERATION, Place.BED): bed,
    (Quantity.EMG, Place.TIBIALIS): emg,
    (Quantity.EMG, Place.CALF): calf,
    (Quantity.LOAD, Place.BED): load,
}


def rocked(plan: Plan, times: Floats, *, kick_size: float, turn_size: float) -> Floats:
    """Return how a bed moves, shape (3, n), when a usual kick and a turn move it so much."""
    rocking = np.zeros((3, len(times)))
    for kick in plan.kicks:
        shake(rocking, kick.onset, kick.onset + kick.duration, kick_size * kick.strength, times, plan.seed)
    for turn in plan.turns:
        shake(rocking, turn.onset, turn.onset + turn.duration, turn_size, times, plan.seed)
    for spasm in plan.spasms:
        shake(rocking, spasm.response, spasm.end, turn_size, times, plan.seed)
    return rocking


def rounded(samples: Floats, digits: int) -> Floats:
    """Return samples in the steps of a digital sensor."""
    steps: Floats = np.round(samples, digits)
    return steps


def overlaps(onset: float, duration: float, times: Floats) -> bool:
    """Return whether something happens within the times."""
    return onset <= float(times[-1]) and onset + duration >= float(times[0])


def smooth(phase: Floats) -> Floats:
    """Return the way of a limb that moves with the least jerk, 0 to 1, at phases of its time."""
    bounded = np.clip(phase, 0.0, 1.0)
    return bounded**3 * (10 - 15 * bounded + 6 * bounded**2)


def smooth_acceleration(phase: Floats) -> Floats:
    """Return the second derivative of `smooth`, 0 outside."""
    inside = (phase > 0) & (phase < 1)
    return np.where(inside, 60 * phase - 180 * phase**2 + 120 * phase**3, 0.0)


def envelope(onset: float, duration: float, rise: float, times: Floats) -> Floats:
    """Return 0 outside, 1 inside, smooth within `rise` seconds of both ends."""
    return smooth((times - onset) / rise) * smooth((onset + duration - times) / rise)


def lying(plan: Plan, times: Floats) -> Floats:
    """Return 1 where the bed is occupied, else 0."""
    occupied = np.zeros(len(times))
    for begin, end in plan.in_bed:
        occupied[(times >= begin) & (times < end)] = 1.0
    return occupied


def gravity(turns: tuple[Turn, ...], times: Floats) -> Floats:
    """Return the direction of gravity at the ankle, shape (3, n)."""
    first: Direction = turns[0].before if turns else (0.1, 0.99, 0.05)
    direction = np.array(first)[:, None] * np.ones(len(times))
    for turn in turns:
        if turn.onset > times[-1]:
            break
        if turn.onset + turn.duration <= times[0]:
            direction = np.array(turn.after)[:, None] * np.ones(len(times))
            continue
        before, after = np.array(turn.before)[:, None], np.array(turn.after)[:, None]
        way = smooth((times - turn.onset) / turn.duration)
        mixed = before * (1 - way) + after * way
        begun = times >= turn.onset
        direction[:, begun] = (mixed / np.linalg.norm(mixed, axis=0))[:, begun]
    return direction


def bend(acceleration: Floats, kick: Kick, times: Floats) -> None:
    """Add one kick: the ankle turns, is held with a tremor, and comes back."""
    rise = min(0.35, 0.4 * kick.duration)
    begin, end = np.searchsorted(times, [kick.onset, kick.onset + kick.duration])
    now = times[begin:end] - kick.onset
    going, coming = now / rise, (now - kick.duration + rise) / rise
    angle = BEND * kick.strength
    way = smooth(going) - smooth(coming)
    jerk = (smooth_acceleration(going) - smooth_acceleration(coming)) / rise**2
    tremor = -0.006 * way * (2 * np.pi * TREMOR) ** 2 * np.sin(2 * np.pi * TREMOR * now)
    resting = acceleration[:, begin:end]
    # The joint turns about the sensor's x axis; what moves the sensor lies across gravity.
    across = np.stack([np.zeros(end - begin), -resting[2], resting[1]])
    turned = resting * np.cos(angle * way) + across * np.sin(angle * way)
    turned[0] += resting[0] * (1 - np.cos(angle * way))
    turned[1] += LEVER / G * angle * (jerk + tremor)
    acceleration[:, begin:end] = turned


def shake(signal: Floats, onset: float, end: float, size: float, times: Floats, seed: int) -> None:
    """Add irregular motion of about `size` (peak) to all axes between two times."""
    begin, stop = np.searchsorted(times, [onset, end])
    if begin == stop:
        return
    now = times[begin:stop] - onset
    phases = np.random.default_rng([seed, round(onset * 1000)]).uniform(0, 2 * np.pi, (3, 4))
    window = size / 2 * envelope(0.0, end - onset, min(0.3, (end - onset) / 3), now)
    for axis, row in enumerate(phases):
        for frequency, phase in zip((1.3, 2.6, 4.1, 6.3), row, strict=True):
            signal[axis, begin:stop] += window * np.sin(2 * np.pi * frequency * now + phase)


def gait(acceleration: Floats, onset: float, end: float, times: Floats) -> None:
    """Add steps, 0.95 a second on each leg, with the shock of the heel."""
    begin, stop = np.searchsorted(times, [onset, end])
    now = times[begin:stop] - onset
    stride = 2 * np.pi * 0.95 * now
    acceleration[1, begin:stop] += 0.5 * np.sin(stride) + 0.3 * np.sin(2 * stride + 0.6)
    acceleration[2, begin:stop] += 0.4 * np.sin(2 * stride) + 0.5 * np.maximum(0.0, np.sin(stride)) ** 8
