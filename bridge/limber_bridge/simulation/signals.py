"""The signals of a simulated night, as a sensor at each placement would see them.

At the ankle they follow from the motion of the limb: gravity that turns with the joint and with the
strap, tangential acceleration, tremor, pulse and breath. EMG is the noise of motor units, scaled by
the activity of the muscle. `devices` adds the errors of the device, `sampling` the times of the
samples.

In comments, "chosen" marks an amplitude for which nothing is published; docs/science.md
#simulated-signals lists them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from limber_bridge.detection.signal import Floats, Placement, Quantity, SampleBlock, Sensor, Side
from limber_bridge.simulation.devices import choose_device, device_reading
from limber_bridge.simulation.mattress import add_carried_kick, settled_gravity
from limber_bridge.simulation.motion import (
    bend_of,
    minimum_jerk,
    smooth_window,
    turned_at_joint,
)
from limber_bridge.simulation.night import (
    CarriedKick,
    Direction,
    ElectrodePop,
    Kick,
    MainsHum,
    NightPlan,
    PartnerMovement,
    RhythmicMovement,
    SimulatedCramp,
    StrapKnock,
    StrapSlip,
    TimeRange,
    TonicTension,
    Turn,
)
from limber_bridge.simulation.sampling import Minute, minutes_of, recorded_blocks

KICK_EMG_UV: Final = 60.0
"""RMS of a typical kick; chosen below voluntary contraction, which has 72 to 225 uV
(docs/science.md#emg-signal)."""
CALF_REST_UV: Final = 6.0
"""RMS of a sleeping calf; chosen."""
TURN_SHAKE_G: Final = 0.06
"""Motion of an ankle while the sleeper turns over; chosen."""
STRIDE_HZ: Final = 0.95
"""Steps per second of each leg in walking."""
MOTOR_UNIT_S: Final = 0.0035
"""Width of a motor unit's action potential at the skin; most of its power lies near 65 Hz."""
MUSCLE_NOISE_STREAM: Final = 1
"""Number of the muscle's stream of random numbers (`Minute.white_noise`)."""
OTHER_LEG_G: Final = 0.0006
"""Motion of an ankle by a typical kick of the other leg, through the mattress; chosen."""
PARTNER_ANKLE_G: Final = 0.0012
"""Motion of an ankle by a partner; chosen. At the bed a partner is as strong as the sleeper."""
BED_TILT_RAD: Final = np.radians(1.0)
"""Largest tilt of the bed by the sleeper's position; movements in a real bed left 1.4 degrees
behind (docs/science.md#turns-in-bed)."""
STRAP_RESONANCE_HZ: Final = 12.0
"""Frequency at which a sensor rings in a loose strap; chosen."""


def signal_blocks(
    plan: NightPlan,
    sensor: Sensor,
    rate: float,
    start: int = 0,
    *,
    noisy: bool = True,
    device: str | None = None,
) -> Iterator[SampleBlock]:
    """Yield the whole night of one sensor, a block for each minute, split at gaps.

    The night starts at `start` (us). `noisy=False` leaves only the motion of the limb, without the
    body, the surroundings and the device; for EMG that is the activity of the muscle.
    """
    chosen = choose_device(sensor, device)
    for minute in minutes_of(plan, sensor, rate):
        if noisy:
            samples = device_reading(chosen, minute, sensed_signal(minute))
        else:
            samples = limb_signal(minute)
        yield from recorded_blocks(minute, samples, start)


def limb_signal(minute: Minute) -> Floats:
    """Return the motion of the limb, or the activity of the muscle; shape (axes, n)."""
    model = MODELS[minute.sensor.quantity, minute.sensor.placement]
    return model.limb(minute.plan, minute.sensor, minute.times)


def sensed_signal(minute: Minute) -> Floats:
    """Return everything that reaches the sensor before the device's own errors; shape (axes, n)."""
    model = MODELS[minute.sensor.quantity, minute.sensor.placement]
    return model.add_surroundings(minute, limb_signal(minute))


@dataclass(frozen=True, slots=True)
class SignalModel:
    """How to compute the signal at one placement."""

    limb: Callable[[NightPlan, Sensor, Floats], Floats]
    """Motion of the limb, or activity of the muscle, at times; shape (axes, n)."""
    add_surroundings: Callable[[Minute, Floats], Floats]
    """Adds what the rest of the body, the bed and the mounting contribute."""


# --- Ankle ---


def ankle_acceleration(plan: NightPlan, sensor: Sensor, times: Floats) -> Floats:
    """Return the acceleration at an ankle in g."""
    acceleration = settled_gravity(plan, sensor.side, gravity_at_ankle(plan.turns, times), times)
    for kick in kicks_within(plan, times):
        if kick.side == sensor.side:
            add_bend(acceleration, kick, times)
        else:
            size = OTHER_LEG_G * kick.strength * kick.reach
            add_shaking(acceleration, (kick.onset, kick.end), size, times, plan.seed)
    for span, size in gross_motion(plan, times):
        add_shaking(acceleration, span, size, times, plan.seed)
    # The right leg is half a stride ahead of the left one.
    phase = 0.5 if sensor.side is Side.RIGHT else 0.0
    for walk in plan.walks:
        add_gait(acceleration, (walk.onset, walk.end), times, phase)
    return acceleration


def add_ankle_surroundings(minute: Minute, acceleration: Floats) -> Floats:
    """Add pulse, breath, the partner and the strap."""
    plan = minute.plan
    times = minute.times
    acceleration[0] += 0.0005 * pulse(plan, times) + 0.0003 * breath(plan, times)
    acceleration[1] += 0.0002 * pulse(plan, times)
    for distractor in happening_within(plan.distractors, times):
        match distractor:
            case PartnerMovement():
                span = (distractor.onset, distractor.onset + distractor.duration)
                size = PARTNER_ANKLE_G * distractor.strength
                add_shaking(acceleration, span, size, times, plan.seed)
            case StrapKnock(side) if side == minute.sensor.side:
                acceleration += strap_ringing(distractor, times)
            case CarriedKick(side) if side == minute.sensor.side:
                add_carried_kick(acceleration, distractor, times)
            case _:
                pass
    return turn_strap(plan, minute.sensor, times, acceleration)


def turn_strap(plan: NightPlan, sensor: Sensor, times: Floats, acceleration: Floats) -> Floats:
    """Return the acceleration in the axes of a sensor that its strap has turned about the leg.

    The leg is the third axis.
    """
    slips = [
        one
        for one in plan.distractors
        if isinstance(one, StrapSlip) and one.side == sensor.side and one.onset <= times[-1]
    ]
    if not plan.strap_wander and not slips:
        return acceleration
    # 70 minutes for a turn to one side, to the other and back.
    phase = 2 * np.pi * (times / 4200 + (0.4 if sensor.side is Side.RIGHT else 0.1))
    angle: Floats = plan.strap_wander * np.sin(phase) + sum(
        slip.angle * minimum_jerk((times - slip.onset) / slip.duration) for slip in slips
    )
    x, y, z = acceleration
    return np.stack(
        [x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), z]
    )


def strap_ringing(knock: StrapKnock, times: Floats) -> Floats:
    """Return how a sensor rings in its strap in g, shape (3, n)."""
    elapsed = np.maximum(times - knock.onset, 0.0)
    decay = np.exp(-5 * elapsed / knock.duration)
    ringing: Floats = decay * np.sin(2 * np.pi * STRAP_RESONANCE_HZ * elapsed)
    return knock.amplitude * np.array([[0.5], [0.8], [0.3]]) * ringing


def gravity_at_ankle(turns: tuple[Turn, ...], times: Floats) -> Floats:
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
        progress = minimum_jerk((times - turn.onset) / turn.duration)
        mixed = before * (1 - progress) + after * progress
        started = times >= turn.onset
        direction[:, started] = (mixed / np.linalg.norm(mixed, axis=0))[:, started]
    return direction


def add_bend(acceleration: Floats, kick: Kick, times: Floats) -> None:
    """Add one kick: the ankle turns, is held with a tremor or swings, and returns."""
    begin, end = np.searchsorted(times, [kick.onset, kick.end])
    if begin == end:
        return
    bend = bend_of(kick, times[begin:end] - kick.onset)
    resting = acceleration[:, begin:end]
    turned = turned_at_joint(resting, bend.angle)
    turned[0] += resting[0] * (1 - np.cos(bend.angle))
    turned[1] += bend.tangential
    acceleration[:, begin:end] = turned


def add_gait(acceleration: Floats, span: TimeRange, times: Floats, phase: float) -> None:
    """Add steps with the impact of the heel; `phase` is a share of a stride."""
    begin, stop = np.searchsorted(times, span)
    elapsed = times[begin:stop] - span[0]
    stride = 2 * np.pi * (STRIDE_HZ * elapsed + phase)
    acceleration[1, begin:stop] += 0.5 * np.sin(stride) + 0.3 * np.sin(2 * stride + 0.6)
    acceleration[2, begin:stop] += (
        0.4 * np.sin(2 * stride) + 0.5 * np.maximum(0.0, np.sin(stride)) ** 8
    )


# --- Bed ---


def bed_acceleration(plan: NightPlan, sensor: Sensor, times: Floats) -> Floats:
    """Return the acceleration at a bed frame in g: what mattress and slats pass on."""
    del sensor
    acceleration = bed_motion(plan, times, kick_size=0.02, turn_size=0.08)
    acceleration[2] += 1.0
    # The mattress leans to where the sleeper lies; the ankle shows how the sleeper is turned.
    across, along, _ = gravity_at_ankle(plan.turns, times)
    acceleration[:2] += BED_TILT_RAD * np.stack([across, along])
    return acceleration


def add_bed_surroundings(minute: Minute, acceleration: Floats) -> Floats:
    """Add pulse, breath and the partner."""
    plan = minute.plan
    times = minute.times
    acceleration += partner_motion(plan, times, 0.05)
    body = 0.0008 * pulse(plan, times) + 0.0005 * breath(plan, times)
    acceleration[2] += occupied(plan, times) * body
    return acceleration


def bed_load(plan: NightPlan, sensor: Sensor, times: Floats) -> Floats:
    """Return the load on the cells under a bed in kg: a bed of 48 kg and a sleeper of 74 kg."""
    del sensor
    motion = bed_motion(plan, times, kick_size=0.8, turn_size=6.0)[0]
    load: Floats = 48.0 + 74.0 * occupied(plan, times) + motion
    return load[None, :]


def add_load_surroundings(minute: Minute, load: Floats) -> Floats:
    """Add breath and the partner."""
    plan = minute.plan
    times = minute.times
    breathing = 0.02 * occupied(plan, times) * breath(plan, times)
    return load + breathing + partner_motion(plan, times, 4.0)[:1]


def bed_motion(plan: NightPlan, times: Floats, *, kick_size: float, turn_size: float) -> Floats:
    """Return the motion of a bed by the sleeper, shape (3, n).

    `kick_size` and `turn_size` are the peaks of a typical kick and of a turn.
    """
    motion = np.zeros((3, len(times)))
    for kick in kicks_within(plan, times):
        size = kick_size * kick.strength * kick.reach
        add_shaking(motion, (kick.onset, kick.end), size, times, plan.seed)
    for span, _ in gross_motion(plan, times):
        add_shaking(motion, span, turn_size, times, plan.seed)
    return motion


def partner_motion(plan: NightPlan, times: Floats, size: float) -> Floats:
    """Return the motion of a bed by the partner, shape (3, n)."""
    motion = np.zeros((3, len(times)))
    for one in happening_within(plan.distractors, times):
        if isinstance(one, PartnerMovement):
            span = (one.onset, one.onset + one.duration)
            add_shaking(motion, span, size * one.strength, times, plan.seed)
    return motion


def occupied(plan: NightPlan, times: Floats) -> Floats:
    """Return 1 where the sleeper is in bed, else 0."""
    result = np.zeros(len(times))
    for begin, end in plan.in_bed:
        result[(times >= begin) & (times < end)] = 1.0
    return result


# --- EMG ---


def tibialis_activity(plan: NightPlan, sensor: Sensor, times: Floats) -> Floats:
    """Return the activity of the tibialis anterior in uV RMS."""
    activity = np.zeros(len(times))
    for kick in kicks_within(plan, times):
        if kick.side == sensor.side:
            activity = np.maximum(activity, KICK_EMG_UV * kick.strength * contraction(kick, times))
    for (onset, end), _ in gross_motion(plan, times):
        activity = np.maximum(activity, 80 * smooth_window(onset, end - onset, 0.2, times))
    stride = np.abs(np.sin(np.pi * STRIDE_HZ * times))
    return np.maximum(activity, 100 * only_walking(plan, times, stride))[None, :]


def calf_activity(plan: NightPlan, sensor: Sensor, times: Floats) -> Floats:
    """Return the activity of the gastrocnemius in uV RMS.

    It is low in kicks, and two to six times its activity at rest in a cramp.
    """
    activity = np.full(len(times), CALF_REST_UV)
    for kick in happening_within(plan.kicks, times):
        if kick.side == sensor.side:
            activity += 12 * kick.strength * contraction(kick, times)
    for (onset, end), _ in gross_motion(plan, times):
        activity += 50 * smooth_window(onset, end - onset, 0.4, times)
    for cramp in plan.cramps:
        activity += CALF_REST_UV * cramp_tension(cramp, times)
    for tension in happening_within(plan.distractors, times):
        if isinstance(tension, TonicTension):
            window = smooth_window(tension.onset, tension.duration, 3.0, times)
            activity += (tension.ratio - 1) * CALF_REST_UV * window
    stride = np.maximum(0.0, np.sin(2 * np.pi * STRIDE_HZ * times))
    activity += 120 * only_walking(plan, times, stride)
    return activity[None, :]


def cramp_tension(cramp: SimulatedCramp, times: Floats) -> Floats:
    """Return the tension of a cramp beyond rest, as a multiple of the activity at rest.

    It rises in a straight line up to the response and falls within 20 s to twice the activity at
    rest (Chaney and Sherman; docs/science.md#evidence-on-cramps).
    """
    points = [cramp.onset, cramp.response, cramp.response + 20, cramp.end - 3, cramp.end]
    beyond = [0.0, cramp.ratio - 1, 1.0, 1.0, 0.0]
    return np.interp(times, points, beyond)


def emg_signal(minute: Minute, activity: Floats) -> Floats:
    """Return the EMG in uV: motor units, and everything else that an electrode picks up."""
    plan = minute.plan
    times = minute.times
    # White noise filtered by the shape of an action potential has the spectrum of EMG.
    kernel = action_potential(minute.rate)
    noise = minute.white_noise(MUSCLE_NOISE_STREAM, 1, lead=len(kernel) - 1)[0]
    motor_units = activity[0] * np.convolve(noise, kernel, "valid")
    signal: Floats = motor_units + plan.ecg_amplitude * ecg(plan, times)
    for distractor in happening_within(plan.distractors, times):
        match distractor:
            case MainsHum(onset, duration, amplitude):
                mains = np.sin(2 * np.pi * 50.02 * times)
                mains = mains + 0.3 * np.sin(2 * np.pi * 150.06 * times + 1)
                signal += 1.4 * amplitude * mains * smooth_window(onset, duration, 0.5, times)
            case ElectrodePop(side) if side == minute.sensor.side:
                signal += electrode_pop(distractor, times)
            case _:
                pass
    return signal[None, :]


def contraction(kick: Kick, times: Floats) -> Floats:
    """Return the activity of a muscle in a kick, 0 to 1; it is lower between swings."""
    activity = smooth_window(kick.onset, kick.duration, min(0.08, kick.duration / 3), times)
    if kick.swings > 1:
        phase = 2 * np.pi * kick.swings * (times - kick.onset) / kick.duration
        activity *= 0.7 + 0.3 * np.cos(phase)
    return activity


def action_potential(rate: float) -> Floats:
    """Return the shape of a motor unit's action potential, sampled at `rate` Hz, with energy 1."""
    half_length = int(np.ceil(4 * MOTOR_UNIT_S * rate))
    phase = np.arange(-half_length, half_length + 1) / rate / MOTOR_UNIT_S
    # Second derivative of a Gaussian.
    shape = (1 - phase**2) * np.exp(-(phase**2) / 2)
    scaled: Floats = shape / np.sqrt(np.sum(shape**2))
    return scaled


def electrode_pop(pop: ElectrodePop, times: Floats) -> Floats:
    """Return an electrode pop in uV: a step that decays within its duration."""
    elapsed = np.maximum(times - pop.onset, 0.0)
    decaying: Floats = pop.amplitude * np.exp(-4 * elapsed / pop.duration) * (times >= pop.onset)
    return decaying


MODELS: Final[Mapping[tuple[Quantity, Placement], SignalModel]] = {
    (Quantity.ACCELERATION, Placement.ANKLE): SignalModel(
        ankle_acceleration, add_ankle_surroundings
    ),
    (Quantity.ACCELERATION, Placement.BED): SignalModel(bed_acceleration, add_bed_surroundings),
    (Quantity.EMG, Placement.TIBIALIS): SignalModel(tibialis_activity, emg_signal),
    (Quantity.EMG, Placement.CALF): SignalModel(calf_activity, emg_signal),
    (Quantity.LOAD, Placement.BED): SignalModel(bed_load, add_load_surroundings),
}


# --- Body ---


def breath(plan: NightPlan, times: Floats) -> Floats:
    """Return the breath, -1 to 1: 12 to 17 per minute, slightly irregular."""
    rate = 0.2 + 0.08 * ((plan.seed * 0.618) % 1)
    return np.sin(2 * np.pi * rate * times + 1.5 * np.sin(2 * np.pi * 0.011 * times))


def heart_phase(plan: NightPlan, times: Floats) -> Floats:
    """Return the phase of the heartbeat in beats: 54 to 66 per minute, faster on inspiration."""
    rate = 0.9 + 0.2 * ((plan.seed * 0.414) % 1)
    return rate * times + 0.04 * breath(plan, times) + 0.8 * np.sin(2 * np.pi * 0.0007 * times)


def pulse(plan: NightPlan, times: Floats) -> Floats:
    """Return the motion by the pulse, -1 to 1: a short swing up and down in each beat."""
    phase = heart_phase(plan, times) % 1.0
    up = np.exp(-(((phase - 0.3) / 0.06) ** 2))
    down = np.exp(-(((phase - 0.45) / 0.09) ** 2))
    motion: Floats = up - 0.6 * down
    return motion


def ecg(plan: NightPlan, times: Floats) -> Floats:
    """Return the ECG with a peak of 1; at a leg mostly the QRS complex remains."""
    phase = heart_phase(plan, times) % 1.0
    r_wave = np.exp(-(((phase - 0.3) / 0.012) ** 2))
    s_wave = np.exp(-(((phase - 0.33) / 0.016) ** 2))
    qrs: Floats = r_wave - 0.4 * s_wave
    return qrs + 0.15 * np.exp(-(((phase - 0.6) / 0.06) ** 2))


# --- Motion and time ---


class HasDuration(Protocol):
    """Something with an onset and a duration, in s."""

    @property
    def onset(self) -> float:
        """Return s since the start of the night."""
        ...

    @property
    def duration(self) -> float:
        """Return the length in s."""
        ...


def happening_within[Thing: HasDuration](things: Iterable[Thing], times: Floats) -> list[Thing]:
    """Return the things that overlap the times."""
    begin = float(times[0]) - 1
    end = float(times[-1])
    return [one for one in things if one.onset <= end and one.onset + one.duration >= begin]


def kicks_within(plan: NightPlan, times: Floats) -> list[Kick]:
    """Return the kicks within the times, and the beats of rhythmic movements."""
    beats = [
        beat
        for one in happening_within(plan.distractors, times)
        if isinstance(one, RhythmicMovement)
        for beat in one.beats()
    ]
    return [*happening_within(plan.kicks, times), *beats]


def gross_motion(plan: NightPlan, times: Floats) -> Iterator[tuple[TimeRange, float]]:
    """Yield when both legs are moved about, and the peak at the ankle in g."""
    for turn in happening_within(plan.turns, times):
        yield (turn.onset, turn.onset + turn.duration), TURN_SHAKE_G
    for movement in happening_within(plan.gross_movements, times):
        yield (movement.onset, movement.onset + movement.duration), 0.12
    for cramp in plan.cramps:
        if cramp.response <= times[-1] and cramp.end >= times[0]:
            yield (cramp.response, cramp.end), 0.15 if cramp.gets_up else 0.1


def only_walking(plan: NightPlan, times: Floats, stride: Floats) -> Floats:
    """Return the stride where the sleeper walks, else 0."""
    result = np.zeros(len(times))
    for walk in plan.walks:
        within = (times >= walk.onset) & (times < walk.end)
        result[within] = stride[within]
    return result


def add_shaking(signal: Floats, span: TimeRange, size: float, times: Floats, seed: int) -> None:
    """Add irregular motion with a peak of about `size` to all axes within a time range."""
    onset, end = span
    begin, stop = np.searchsorted(times, [onset, end])
    if begin == stop:
        return
    elapsed = times[begin:stop] - onset
    # The phases depend on the onset, so that all sensors and all minutes see the same motion.
    phases = np.random.default_rng([seed, round(onset * 1000)]).uniform(0, 2 * np.pi, (3, 4))
    window = size / 2 * smooth_window(0.0, end - onset, min(0.3, (end - onset) / 3), elapsed)
    for axis, row in enumerate(phases):
        for frequency, phase in zip((1.3, 2.6, 4.1, 6.3), row, strict=True):
            signal[axis, begin:stop] += window * np.sin(2 * np.pi * frequency * elapsed + phase)
