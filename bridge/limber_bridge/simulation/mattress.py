"""What a mattress carries to a leg: the kicks of the other leg, and those of a second sleeper.

The leg is shaken by a share of the kick, after a delay, and is tilted a little while the mattress
is pressed down. Beside a kick of the other leg it may also come to rest elsewhere. No sizes or
delays are published; docs/science.md#simulated-signals lists the chosen ones.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats, Side
from limber_bridge.simulation.motion import bend_of, minimum_jerk, turned_at_joint
from limber_bridge.simulation.night import CarriedKick, Kick, NightPlan, Turn

COUPLING_MAX_SHARE: Final = 0.6
"""Largest share of a kick that reaches the other leg. Chosen: the legs lie on one mattress and
under one cover."""
MAX_DELAY_S: Final = 0.3
"""Longest time after which a kick reaches a leg. Chosen: a soft mattress swings at about 1 Hz."""
SETTLING_DEGREES: Final = (0.2, 5.0)
"""Smallest and largest angle by which a leg comes to rest elsewhere; chosen."""
SETTLING_PROBABILITY: Final = 0.5
"""Probability that a leg comes to rest elsewhere if only the other one kicks; chosen."""
PRESSED_MAX_DEGREES: Final = 0.3
"""Largest tilt of a leg while the mattress is pressed down elsewhere; chosen."""
PARTNER_SHARES: Final = (0.01, 0.15)
"""Smallest and largest share of a second sleeper's kick that reaches a leg: 2 to 26 mg of a typical
one. Chosen: from two mattresses on one frame to one soft mattress."""
PARTNER_KICKS_PER_HOUR: Final = 20.0
"""Chosen: a partner with periodic leg movements."""


# --- Plan ---


def couple_legs(plan: NightPlan, rng: np.random.Generator) -> Iterator[CarriedKick]:
    """Yield what each kick of the night does to the other leg.

    Share and delay differ from night to night, and less from kick to kick.
    """
    share = float(rng.uniform(0.0, COUPLING_MAX_SHARE))
    delay = float(rng.uniform(0.0, MAX_DELAY_S))
    for kick in plan.kicks:
        other = Side.RIGHT if kick.side is Side.LEFT else Side.LEFT
        carried = draw_carried_kick(rng, kick, other, share, delay)
        angle = draw_settling(rng)
        settling_time = float(rng.uniform(0.3, 1.5))
        if not any(is_simultaneous(kick, one) for one in plan.kicks if one.side is other):
            # A leg that kicks too comes to rest where it was.
            carried = carried.settling(angle, settling_time)
        yield carried


def kicks_of_a_close_partner(
    plan: NightPlan, times: Iterator[float], legs: Sequence[Side], rng: np.random.Generator
) -> Iterator[CarriedKick]:
    """Yield the kicks of a second sleeper that reach the legs, at times while both are in bed.

    Share and delay differ between the legs.
    """
    least, most = PARTNER_SHARES
    share = float(np.exp(rng.uniform(np.log(least), np.log(most))))
    delay = float(rng.uniform(0.0, MAX_DELAY_S))
    for onset in times:
        duration = round(float(np.clip(rng.lognormal(0.83, 0.4), 0.6, 8.0)), 3)
        strength = float(np.clip(rng.lognormal(0.0, 0.45), 0.35, 4.0))
        rise = float(rng.uniform(0.25, 0.45))
        for leg in legs:
            kick = Kick(leg, onset, duration, strength, rise)
            carried = draw_carried_kick(rng, kick, leg, share, delay, from_partner=True)
            if is_in_bed(plan, carried):
                yield carried


def draw_carried_kick(
    rng: np.random.Generator,
    kick: Kick,
    side: Side,
    share: float,
    delay: float,
    *,
    from_partner: bool = False,
) -> CarriedKick:
    """Return a kick that reaches a leg with about this share after about this delay (s)."""
    max_share = PARTNER_SHARES[1] if from_partner else COUPLING_MAX_SHARE
    after = float(np.clip(delay + rng.normal(0.0, 0.04), 0.0, MAX_DELAY_S))
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    x, y, z = (float(one) for one in direction)
    return CarriedKick(
        side,
        round(kick.onset + after, 3),
        kick,
        min(max_share, share * float(rng.lognormal(0.0, 0.4))),
        (x, y, z),
        float(np.radians(rng.uniform(-PRESSED_MAX_DEGREES, PRESSED_MAX_DEGREES))),
        from_partner=from_partner,
    )


def draw_settling(rng: np.random.Generator) -> float:
    """Return by how much a leg comes to rest elsewhere, in radians; often 0."""
    least, most = SETTLING_DEGREES
    angle = float(np.radians(np.exp(rng.uniform(np.log(least), np.log(most)))))
    direction = float(rng.choice([-1, 1]))
    return angle * direction if rng.random() < SETTLING_PROBABILITY else 0.0


def is_simultaneous(kick: Kick, other: Kick) -> bool:
    """Return whether two kicks overlap."""
    return kick.onset < other.end and other.onset < kick.end


def is_in_bed(plan: NightPlan, carried: CarriedKick) -> bool:
    """Return whether a leg lies in bed while it is shaken."""
    end = carried.onset + carried.duration
    return any(begin <= carried.onset and end <= until for begin, until in plan.in_bed)


# --- Signals ---


def add_carried_kick(acceleration: Floats, carried: CarriedKick, times: Floats) -> None:
    """Add the shaking of a leg by a kick, and its tilt meanwhile."""
    begin, end = np.searchsorted(times, [carried.onset, carried.onset + carried.duration])
    if begin == end:
        return
    bend = bend_of(carried.kick, times[begin:end] - carried.onset)
    direction = np.array(carried.direction)[:, None]
    tilted = turned_at_joint(acceleration[:, begin:end], carried.pressed_angle * bend.progress)
    tilted[0] = acceleration[0, begin:end]
    acceleration[:, begin:end] = tilted + carried.share * direction * bend.tangential


def settled_gravity(plan: NightPlan, side: Side | None, gravity: Floats, times: Floats) -> Floats:
    """Return gravity at an ankle, shape (3, n), of a leg that came to rest elsewhere.

    It stays there until the sleeper turns over.
    """
    settled = [
        one
        for one in plan.distractors
        if isinstance(one, CarriedKick)
        and one.side == side
        and one.settled_angle
        and one.onset <= times[-1]
    ]
    if not settled:
        return gravity
    angle = np.zeros(len(times))
    for one in settled:
        turn = next((turn for turn in plan.turns if turn.onset >= one.onset), None)
        if turn is None or turn.onset + turn.duration > times[0]:
            angle += settled_angle(one, turn, times)
    turned = turned_at_joint(gravity, angle)
    turned[0] = gravity[0]
    return turned


def settled_angle(carried: CarriedKick, turn: Turn | None, times: Floats) -> Floats:
    """Return by how much a leg lies elsewhere (radians): from a kick to the next turn."""
    angle = carried.settled_angle * minimum_jerk((times - carried.onset) / carried.settling_time)
    if turn is None:
        return angle
    remaining: Floats = 1 - minimum_jerk((times - turn.onset) / turn.duration)
    return angle * remaining
