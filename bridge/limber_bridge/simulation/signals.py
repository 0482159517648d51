"""What a plan feels like where a sensor sits.

At the ankle that comes from the motion of a limb: gravity turning with the joint and with the
strap, tangential acceleration, tremor, pulse and breath. EMG is the noise of motor units, as strong
as the muscle is active. What the device then makes of it stands in `devices`, and when it looks in
`sampling`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from limber_bridge.detection.signal import Floats, Placement, Quantity, SampleBlock, Sensor, Side
from limber_bridge.simulation.devices import device_of, measured
from limber_bridge.simulation.night import (
    Direction,
    Hum,
    Jolt,
    Kick,
    Partner,
    Plan,
    Pop,
    Slip,
    Stretch,
    Tone,
    Train,
    Turn,
)
from limber_bridge.simulation.sampling import Minute, minutes, pieces

G: Final = 9.80665
LEVER: Final = 0.35
"""m from the joint to the sensor."""
BEND: Final = np.radians(6.0)
"""How far a usual kick turns the ankle."""
KICK_EMG: Final = 60.0
"""uV RMS of a usual kick [D]; voluntary contraction is 72 to 225 uV (science reference 3.1)."""
CALF_AT_REST: Final = 6.0
"""uV, of a sleeping calf [D]."""
TURNING: Final = 0.06
"""g by which turning over shakes an ankle [D]."""
TREMOR: Final = 7.0
"""Hz of a leg held against gravity."""
STEPS: Final = 0.95
"""Hz, of each leg in walking."""
MOTOR_UNIT: Final = 0.0035
"""s; width of the action potential of a motor unit at the skin: most of its power lies near 65 Hz.
"""
MUSCLE: Final = 1
"""Which of a minute's streams of random numbers is the muscle's."""
THROUGH: Final = 0.0006
"""g that a usual kick shakes the other ankle, through the mattress [D]."""
BESIDE: Final = 0.0012
"""g that a partner shakes an ankle [D]; at the bed frame and on the cells it is the sleeper's own
size."""
KNOCK: Final = 12.0
"""Hz at which a sensor rings in a loose strap [D]."""


def blocks(
    plan: Plan,
    sensor: Sensor,
    rate: float,
    start: int = 0,
    *,
    noisy: bool = True,
    device: str | None = None,
) -> Iterator[SampleBlock]:
    """Yield the whole night of one sensor, a minute a block and broken at gaps; `start` (us) is
    when it begins.

    Without noise there is nothing but what the limb does: for EMG, how active the muscle is.
    """
    chosen = device_of(sensor, device)
    for minute in minutes(plan, sensor, rate):
        samples = measured(chosen, minute, felt(minute)) if noisy else moved(minute)
        yield from pieces(minute, samples, start)


def moved(minute: Minute) -> Floats:
    """Return what the limb does (axes, n), or how active the muscle is."""
    return VIEWS[minute.sensor.quantity, minute.sensor.placement].moves(
        minute.plan, minute.sensor, minute.times
    )


def felt(minute: Minute) -> Floats:
    """Return what there is to be measured (axes, n): the limb, and all else that reaches the place
    of the sensor.
    """
    return VIEWS[minute.sensor.quantity, minute.sensor.placement].lives(minute, moved(minute))


@dataclass(frozen=True, slots=True)
class View:
    """What can be felt at one place."""

    moves: Callable[[Plan, Sensor, Floats], Floats]
    """What the limb does, or the muscle; shape (axes, n)."""
    lives: Callable[[Minute, Floats], Floats]
    """The same, with the body around it."""


def ankle(plan: Plan, sensor: Sensor, times: Floats) -> Floats:
    """Return acceleration at an ankle in g."""
    acceleration = gravity(plan.turns, times)
    for kick in kicks_and_beats(plan, times):
        if kick.side == sensor.side:
            bend(acceleration, kick, times)
        else:
            shake(
                acceleration,
                (kick.onset, kick.end),
                THROUGH * kick.strength * kick.reach,
                times,
                plan.seed,
            )
    for span, size in large(plan, times):
        shake(acceleration, span, size, times, plan.seed)
    for walk in plan.walks:
        gait(acceleration, (walk.onset, walk.end), times, 0.5 if sensor.side is Side.RIGHT else 0.0)
    return acceleration


def ankle_alive(minute: Minute, acceleration: Floats) -> Floats:
    """Return it with pulse, breath, partner and strap."""
    plan = minute.plan
    times = minute.times
    acceleration[0] += 0.0005 * pulse(plan, times) + 0.0003 * breath(plan, times)
    acceleration[1] += 0.0002 * pulse(plan, times)
    for decoy in around(plan.decoys, times):
        match decoy:
            case Partner():
                span = (decoy.onset, decoy.onset + decoy.duration)
                shake(acceleration, span, BESIDE * decoy.strength, times, plan.seed)
            case Jolt(side) if side == minute.sensor.side:
                acceleration += knock(decoy, times)
            case _:
                pass
    return strapped(plan, minute.sensor, times, acceleration)


def strapped(plan: Plan, sensor: Sensor, times: Floats, acceleration: Floats) -> Floats:
    """Return acceleration as a sensor shows it that a strap has turned about the leg, its third
    axis.
    """
    slips = [
        one
        for one in plan.decoys
        if isinstance(one, Slip) and one.side == sensor.side and one.onset <= times[-1]
    ]
    if not plan.wander and not slips:
        return acceleration
    way = 2 * np.pi * (times / 4200 + (0.4 if sensor.side is Side.RIGHT else 0.1))
    turned: Floats = plan.wander * np.sin(way) + sum(
        slip.turn * smooth((times - slip.onset) / slip.duration) for slip in slips
    )
    x, y, z = acceleration
    return np.stack(
        [x * np.cos(turned) - y * np.sin(turned), x * np.sin(turned) + y * np.cos(turned), z]
    )


def bed(plan: Plan, sensor: Sensor, times: Floats) -> Floats:
    """Return acceleration at a bed frame in g: what is left of a movement after mattress and slats."""
    del sensor
    shaken = rocked(plan, times, kick_size=0.02, turn_size=0.08)
    shaken[2] += 1.0
    return shaken


def bed_alive(minute: Minute, shaken: Floats) -> Floats:
    """Return it with pulse, breath and partner."""
    plan = minute.plan
    times = minute.times
    shaken += beside(plan, times, 0.05)
    shaken[2] += lying(plan, times) * (0.0008 * pulse(plan, times) + 0.0005 * breath(plan, times))
    return shaken


def load(plan: Plan, sensor: Sensor, times: Floats) -> Floats:
    """Return the load on the cells under a bed in kg."""
    del sensor
    weight: Floats = (
        48.0 + 74.0 * lying(plan, times) + rocked(plan, times, kick_size=0.8, turn_size=6.0)[0]
    )
    return weight[None, :]


def load_alive(minute: Minute, weight: Floats) -> Floats:
    """Return it with breath and partner."""
    plan = minute.plan
    times = minute.times
    return weight + 0.02 * lying(plan, times) * breath(plan, times) + beside(plan, times, 4.0)[:1]


def tibialis(plan: Plan, sensor: Sensor, times: Floats) -> Floats:
    """Return how active the tibialis anterior is, uV RMS."""
    activity = np.zeros(len(times))
    for kick in kicks_and_beats(plan, times):
        if kick.side == sensor.side:
            activity = np.maximum(activity, KICK_EMG * kick.strength * contraction(kick, times))
    for (onset, end), _ in large(plan, times):
        activity = np.maximum(activity, 80 * envelope(onset, end - onset, 0.2, times))
    return np.maximum(activity, 100 * striding(plan, times, np.abs(np.sin(np.pi * STEPS * times))))[
        None, :
    ]


def calf(plan: Plan, sensor: Sensor, times: Floats) -> Floats:
    """Return how active the gastrocnemius is, uV RMS: little in kicks, two to six times its rest in
    a cramp.
    """
    activity = np.full(len(times), CALF_AT_REST)
    for kick in around(plan.kicks, times):
        if kick.side == sensor.side:
            activity += 12 * kick.strength * contraction(kick, times)
    for (onset, end), _ in large(plan, times):
        activity += 50 * envelope(onset, end - onset, 0.4, times)
    for spasm in plan.spasms:
        # Up by 100 to 500 % before the waking; stretching raises it more (science reference 5.1).
        activity += 18 * envelope(spasm.onset, spasm.end - spasm.onset, 3.0, times)
    for tone in around(plan.decoys, times):
        if isinstance(tone, Tone):
            activity += (
                (tone.times - 1) * CALF_AT_REST * envelope(tone.onset, tone.duration, 3.0, times)
            )
    activity += 120 * striding(plan, times, np.maximum(0.0, np.sin(2 * np.pi * STEPS * times)))
    return activity[None, :]


def emg_alive(minute: Minute, activity: Floats) -> Floats:
    """Return EMG in uV: motor units, and all else that an electrode picks up."""
    plan = minute.plan
    times = minute.times
    kernel = action_potential(minute.rate)
    units = minute.white(MUSCLE, 1, lead=len(kernel) - 1)[0]
    signal: Floats = activity[0] * np.convolve(units, kernel, "valid") + plan.heart * electric(
        plan, times
    )
    for decoy in around(plan.decoys, times):
        match decoy:
            case Hum(onset, duration, size):
                mains = np.sin(2 * np.pi * 50.02 * times) + 0.3 * np.sin(
                    2 * np.pi * 150.06 * times + 1
                )
                signal += 1.4 * size * mains * envelope(onset, duration, 0.5, times)
            case Pop(side) if side == minute.sensor.side:
                signal += popped(decoy, times)
            case _:
                pass
    return signal[None, :]


VIEWS: Final[Mapping[tuple[Quantity, Placement], View]] = {
    (Quantity.ACCELERATION, Placement.ANKLE): View(ankle, ankle_alive),
    (Quantity.ACCELERATION, Placement.BED): View(bed, bed_alive),
    (Quantity.EMG, Placement.TIBIALIS): View(tibialis, emg_alive),
    (Quantity.EMG, Placement.CALF): View(calf, emg_alive),
    (Quantity.LOAD, Placement.BED): View(load, load_alive),
}


class Lasting(Protocol):
    """Something that begins and lasts."""

    @property
    def onset(self) -> float:
        """S from the night's beginning."""
        ...

    @property
    def duration(self) -> float:
        """S."""
        ...


def around[Thing: Lasting](things: Iterable[Thing], times: Floats) -> list[Thing]:
    """Return what happens within the times."""
    begin = float(times[0]) - 1
    end = float(times[-1])
    return [one for one in things if one.onset <= end and one.onset + one.duration >= begin]


def kicks_and_beats(plan: Plan, times: Floats) -> list[Kick]:
    """Return the kicks within the times, and the beats of rhythmic trains."""
    trains = [one for one in around(plan.decoys, times) if isinstance(one, Train)]
    return [*around(plan.kicks, times), *(beat for train in trains for beat in train.beats())]


def large(plan: Plan, times: Floats) -> Iterator[tuple[Stretch, float]]:
    """Yield when the legs are moved about within the times, and by how much at the ankle in g."""
    for turn in around(plan.turns, times):
        yield (turn.onset, turn.onset + turn.duration), TURNING
    for unrest in around(plan.unrests, times):
        yield (unrest.onset, unrest.onset + unrest.duration), 0.12
    for spasm in plan.spasms:
        if spasm.response <= times[-1] and spasm.end >= times[0]:
            yield (spasm.response, spasm.end), 0.15 if spasm.up else 0.1


def striding(plan: Plan, times: Floats, stride: Floats) -> Floats:
    """Return a stride where somebody walks, else 0."""
    walking = np.zeros(len(times))
    for walk in plan.walks:
        within = (times >= walk.onset) & (times < walk.end)
        walking[within] = stride[within]
    return walking


def rocked(plan: Plan, times: Floats, *, kick_size: float, turn_size: float) -> Floats:
    """Return how a bed moves, shape (3, n), when a usual kick and a turn move it so much."""
    rocking = np.zeros((3, len(times)))
    for kick in kicks_and_beats(plan, times):
        shake(
            rocking,
            (kick.onset, kick.end),
            kick_size * kick.strength * kick.reach,
            times,
            plan.seed,
        )
    for span, _ in large(plan, times):
        shake(rocking, span, turn_size, times, plan.seed)
    return rocking


def beside(plan: Plan, times: Floats, size: float) -> Floats:
    """Return how a bed moves, shape (3, n), when the partner moves it so much."""
    rocking = np.zeros((3, len(times)))
    for one in around(plan.decoys, times):
        if isinstance(one, Partner):
            shake(
                rocking,
                (one.onset, one.onset + one.duration),
                size * one.strength,
                times,
                plan.seed,
            )
    return rocking


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


def contraction(kick: Kick, times: Floats) -> Floats:
    """Return how active a muscle is in a kick, 0 to 1: less between its swings."""
    active = envelope(kick.onset, kick.duration, min(0.08, kick.duration / 3), times)
    if kick.swings > 1:
        active *= 0.7 + 0.3 * np.cos(2 * np.pi * kick.swings * (times - kick.onset) / kick.duration)
    return active


def lying(plan: Plan, times: Floats) -> Floats:
    """Return 1 where the bed is occupied, else 0."""
    occupied = np.zeros(len(times))
    for begin, end in plan.in_bed:
        occupied[(times >= begin) & (times < end)] = 1.0
    return occupied


def breath(plan: Plan, times: Floats) -> Floats:
    """Return the breath, -1 to 1: 12 to 17 times a minute, never quite even."""
    rate = 0.2 + 0.08 * ((plan.seed * 0.618) % 1)
    return np.sin(2 * np.pi * rate * times + 1.5 * np.sin(2 * np.pi * 0.011 * times))


def heart(plan: Plan, times: Floats) -> Floats:
    """Return the phase of the heart beat in turns: 54 to 66 beats a minute, faster while breathing
    in.
    """
    rate = 0.9 + 0.2 * ((plan.seed * 0.414) % 1)
    return rate * times + 0.04 * breath(plan, times) + 0.8 * np.sin(2 * np.pi * 0.0007 * times)


def pulse(plan: Plan, times: Floats) -> Floats:
    """Return the push of the pulse, -1 to 1: a short swing up and down in each beat."""
    phase = heart(plan, times) % 1.0
    pushed: Floats = np.exp(-(((phase - 0.3) / 0.06) ** 2)) - 0.6 * np.exp(
        -(((phase - 0.45) / 0.09) ** 2)
    )
    return pushed


def electric(plan: Plan, times: Floats) -> Floats:
    """Return the electric heart beat with a peak of 1: mostly its sharp part is left at a leg."""
    phase = heart(plan, times) % 1.0
    sharp: Floats = np.exp(-(((phase - 0.3) / 0.012) ** 2)) - 0.4 * np.exp(
        -(((phase - 0.33) / 0.016) ** 2)
    )
    return sharp + 0.15 * np.exp(-(((phase - 0.6) / 0.06) ** 2))


def action_potential(rate: float) -> Floats:
    """Return the shape of a motor unit's action potential at a rate, with a power of 1."""
    reach = int(np.ceil(4 * MOTOR_UNIT * rate))
    phase = np.arange(-reach, reach + 1) / rate / MOTOR_UNIT
    shape = (1 - phase**2) * np.exp(-(phase**2) / 2)
    scaled: Floats = shape / np.sqrt(np.sum(shape**2))
    return scaled


def popped(pop: Pop, times: Floats) -> Floats:
    """Return an electrode pop in uV: a step that fades within its duration."""
    since = np.maximum(times - pop.onset, 0.0)
    faded: Floats = pop.size * np.exp(-4 * since / pop.duration) * (times >= pop.onset)
    return faded


def knock(jolt: Jolt, times: Floats) -> Floats:
    """Return how a sensor rings in its strap in g, shape (3, n)."""
    since = np.maximum(times - jolt.onset, 0.0)
    ringing: Floats = np.exp(-5 * since / jolt.duration) * np.sin(2 * np.pi * KNOCK * since)
    return jolt.size * np.array([[0.5], [0.8], [0.3]]) * ringing


def gravity(turns: tuple[Turn, ...], times: Floats) -> Floats:
    """Return the direction of gravity at the ankle, shape (3, n)."""
    first: Direction = turns[0].before if turns else (0.0, 1.0, 0.0)
    direction = np.array(first)[:, None] * np.ones(len(times))
    for turn in turns:
        if turn.onset > times[-1]:
            break
        if turn.onset + turn.duration <= times[0]:
            direction = np.array(turn.after)[:, None] * np.ones(len(times))
            continue
        before = np.array(turn.before)[:, None]
        after = np.array(turn.after)[:, None]
        way = smooth((times - turn.onset) / turn.duration)
        mixed = before * (1 - way) + after * way
        begun = times >= turn.onset
        direction[:, begun] = (mixed / np.linalg.norm(mixed, axis=0))[:, begun]
    return direction


def bend(acceleration: Floats, kick: Kick, times: Floats) -> None:
    """Add one kick: the ankle turns, is held with a tremor, or swings some times, and comes back."""
    begin, end = np.searchsorted(times, [kick.onset, kick.end])
    if begin == end:
        return
    now = times[begin:end] - kick.onset
    way, jerk = bent(kick, now)
    angle = BEND * kick.strength * kick.reach
    tremor = -0.006 * way * (2 * np.pi * TREMOR) ** 2 * np.sin(2 * np.pi * TREMOR * now)
    resting = acceleration[:, begin:end]
    # The joint turns about the sensor's x axis; what moves the sensor lies across gravity.
    across = np.stack([np.zeros(end - begin), -resting[2], resting[1]])
    turned = resting * np.cos(angle * way) + across * np.sin(angle * way)
    turned[0] += resting[0] * (1 - np.cos(angle * way))
    turned[1] += LEVER / G * angle * (jerk + tremor)
    acceleration[:, begin:end] = turned


def bent(kick: Kick, now: Floats) -> tuple[Floats, Floats]:
    """Return how far a leg is bent, 0 to 1, and the second derivative of that, at times from its
    onset.
    """
    rise = min(kick.rise, 0.4 * kick.duration)
    going = now / rise
    coming = (now - kick.duration + rise) / rise
    way = smooth(going) - smooth(coming)
    jerk = (smooth_acceleration(going) - smooth_acceleration(coming)) / rise**2
    held = kick.duration - 2 * rise
    if kick.swings < 2 or held <= 0:
        return way, jerk
    # Between its ends it comes half way back, once for each swing after the first.
    turns = 2 * np.pi * (kick.swings - 1) / held
    phase = np.clip(now - rise, 0, held) * turns
    inside = (now > rise) & (now < kick.duration - rise)
    return way - 0.25 * (1 - np.cos(phase)), jerk - 0.25 * turns**2 * np.cos(phase) * inside


def shake(signal: Floats, span: tuple[float, float], size: float, times: Floats, seed: int) -> None:
    """Add irregular motion of about `size` (peak) to all axes within a span of time."""
    onset, end = span
    begin, stop = np.searchsorted(times, [onset, end])
    if begin == stop:
        return
    now = times[begin:stop] - onset
    phases = np.random.default_rng([seed, round(onset * 1000)]).uniform(0, 2 * np.pi, (3, 4))
    window = size / 2 * envelope(0.0, end - onset, min(0.3, (end - onset) / 3), now)
    for axis, row in enumerate(phases):
        for frequency, phase in zip((1.3, 2.6, 4.1, 6.3), row, strict=True):
            signal[axis, begin:stop] += window * np.sin(2 * np.pi * frequency * now + phase)


def gait(acceleration: Floats, span: tuple[float, float], times: Floats, ahead: float) -> None:
    """Add steps with the shock of the heel; a leg is `ahead` by a share of a stride."""
    begin, stop = np.searchsorted(times, span)
    now = times[begin:stop] - span[0]
    stride = 2 * np.pi * (STEPS * now + ahead)
    acceleration[1, begin:stop] += 0.5 * np.sin(stride) + 0.3 * np.sin(2 * stride + 0.6)
    acceleration[2, begin:stop] += (
        0.4 * np.sin(2 * stride) + 0.5 * np.maximum(0.0, np.sin(stride)) ** 8
    )
