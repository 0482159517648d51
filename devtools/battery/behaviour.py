"""What legs do in bed: movements that count, and those that do not."""

from typing import Final

import numpy as np

from devtools.battery.motion import GRAVITY, Path, Ring, Swing, Tremor
from devtools.battery.sleeper import SIDES, Sleeper, unit_vector
from devtools.battery.truth import Kind

EXCURSION_MEDIAN: Final = 3.5
"""Degrees by which the shank turns in a leg movement. Chosen: the ankle turns by 5 to 40 degrees,
which lifts the shank by a tenth to a quarter of that; the knee bends in every other movement."""
SHARP_SHARE: Final = 0.25
"""Share of movements that are single jerks, without a held phase. Chosen."""


def excursion(sleeper: Sleeper) -> float:
    """Return the turn of the shank (rad) in a leg movement."""
    rng = sleeper.rng
    dorsiflexion = rng.uniform(5, 40) * rng.uniform(0.06, 0.25)
    bend = rng.lognormal(np.log(EXCURSION_MEDIAN), 0.7) if rng.random() < 0.6 else 0.0
    sign = -1.0 if bend > dorsiflexion else 1.0
    degrees = float(np.clip(sleeper.vigour * (dorsiflexion + bend), 0.4, 25))
    return sign * float(np.radians(degrees))


def kick_path(rng: np.random.Generator, onset: float, duration: float, angle: float) -> Path:
    """Return the path of a leg movement: there, held, and back."""
    end = onset + duration
    rest = angle * rng.normal(0, 0.06) if rng.random() < 0.6 else 0.0
    rest = float(np.clip(rest, -np.radians(2), np.radians(2)))
    if duration < 1.1 or rng.random() < SHARP_SHARE / 2:
        # One jerk: up and back without a pause.
        top = onset + duration * rng.uniform(0.25, 0.5)
        times = [onset, top, end]
        angles = [0.0, angle, rest]
    elif rng.random() < 0.2:
        times, angles = clonic(rng, onset, duration, angle)
        angles[-1] = rest
    else:
        rise = min(rng.uniform(0.15, 0.6), 0.35 * duration)
        back = min(rng.uniform(0.25, 1.0), 0.45 * duration)
        # A held limb sinks or lifts a little.
        held = angle * rng.uniform(0.75, 1.1)
        times = [onset, onset + rise, end - back, end]
        angles = [0.0, angle, held, rest]
    if duration > 1.5 and rng.random() < 0.35:
        # It swings beyond its place and returns, all within the movement.
        times.insert(-1, times[-1] - rng.uniform(0.2, 0.35))
        angles.insert(-1, rest - angle * rng.uniform(0.08, 0.25))
        if times[-3] > times[-2] - 0.12:
            times[-3] = 0.5 * (times[-4] + times[-2])
    if rng.random() < 0.3:
        # The mattress and the blanket creep after the muscle is at rest.
        creep = angle * rng.uniform(-0.12, 0.12)
        creep = float(np.clip(creep, -np.radians(1.2), np.radians(1.2)))
        times.append(end + rng.uniform(1.0, 4.0))
        angles.append(rest + creep)
    share = rng.uniform(-0.5, 0.5)
    return Path(tuple(times), tuple(angles), tuple(share * value for value in angles))


def clonic(
    rng: np.random.Generator, onset: float, duration: float, angle: float
) -> tuple[list[float], list[float]]:
    """Return knots of several jerks in a row, less than half a second apart."""
    jerks = max(2, round(duration / rng.uniform(0.45, 0.8)))
    edges = np.linspace(onset, onset + duration, 2 * jerks + 1)
    times = [float(edge) for edge in edges]
    angles = [
        0.0 if index == 0 else angle * rng.uniform(0.6, 1.0) if index % 2 else angle * 0.25
        for index in range(len(times))
    ]
    return times, angles


def kick(sleeper: Sleeper, onset: float, duration: float, side: str, note: str = "") -> float:
    """Add a leg movement of one or both legs; return its end."""
    rng = sleeper.rng
    angle = excursion(sleeper)
    ends = []
    begins = []
    slid = 0.0
    for index, leg in enumerate(SIDES if side == "both" else (side,)):
        lag = 0.0 if index == 0 else float(rng.uniform(0.0, 0.35))
        size = angle if index == 0 else angle * float(rng.uniform(0.5, 1.0))
        length = duration if index == 0 else max(0.6, duration * float(rng.uniform(0.7, 1.1)))
        path = kick_path(rng, onset + lag, length, size)
        slid = max(slid, sleeper.move(leg, path))
        tremble(sleeper, leg, onset + lag, length, size)
        begins.append(onset + lag)
        ends.append(onset + lag + length)
    text = note or (f"other leg slid by {slid:.1f} degrees" if slid and side != "both" else "")
    sleeper.note(Kind.KICK, min(begins), max(ends), side, text)
    return max(ends)


def tremble(sleeper: Sleeper, side: str, onset: float, duration: float, angle: float) -> None:
    """Add the tremor of a muscle that holds."""
    rng = sleeper.rng
    size = min(0.03, abs(angle) * rng.uniform(0.02, 0.2))
    x, y, z = (size * part for part in unit_vector(rng))
    seed = int(rng.integers(2**31))
    sleeper.legs[side].add(Tremor(onset, onset + duration, (x, y, z), (5.0, 11.0), seed))


def twitch(sleeper: Sleeper, onset: float, side: str) -> float:
    """Add a jerk of less than half a second; return its end."""
    rng = sleeper.rng
    seconds = rng.uniform(0.12, 0.3)
    # A path of least jerk has a peak acceleration of 5.8 times its length over the square of its
    # time; twitches reach 0.02 to 0.3 g at the sensor.
    peak = float(np.exp(rng.uniform(np.log(0.02), np.log(0.3)))) * GRAVITY
    angle = peak * (0.5 * seconds) ** 2 / (5.8 * sleeper.legs[side].lever)
    path = Path(
        (onset, onset + 0.5 * seconds, onset + seconds), (0.0, angle, 0.0), (0.0, 0.2 * angle, 0.0)
    )
    sleeper.move(side, path, slides=False)
    sleeper.note(Kind.TWITCH, onset, onset + seconds, side)
    return onset + seconds


def turn(sleeper: Sleeper, onset: float) -> float:
    """Turn the whole body to another position; return the end."""
    rng = sleeper.rng
    seconds = rng.uniform(1.5, 7.0)
    whole_body = rng.choice((-1, 1)) * np.radians(rng.uniform(30, 120))
    for side in SIDES:
        limb = sleeper.legs[side]
        lag = rng.uniform(0, 0.4)
        parts = int(rng.integers(1, 4))
        shares = np.sort(rng.uniform(0.15, 0.85, parts - 1)) if parts > 1 else np.array([])
        times = np.concatenate([[0.0], (shares + rng.uniform(-0.05, 0.05, len(shares))), [1.0]])
        roll = whole_body * rng.uniform(0.4, 1.1)
        pitch = np.radians(rng.uniform(-14, 8)) - limb.pitch
        fractions = np.concatenate([[0.0], shares, [1.0]])
        steps = onset + lag + seconds * np.sort(times)
        limb.add(
            Path(
                tuple(float(step) for step in steps),
                tuple(float(pitch * part) for part in fractions),
                tuple(float(roll * part) for part in fractions),
            )
        )
        size = rng.uniform(0.01, 0.08)
        x, y, z = (size * part for part in unit_vector(rng))
        seed = int(rng.integers(2**31))
        limb.add(Tremor(onset + lag, onset + lag + seconds, (x, y, z), (0.7, 5.0), seed))
    sleeper.note(Kind.TURN, onset, onset + seconds + 0.4, "both")
    return onset + seconds + 0.4


def resettle(sleeper: Sleeper, onset: float, side: str) -> float:
    """Move one leg to a clearly different position; return the end."""
    rng = sleeper.rng
    seconds = rng.uniform(0.8, 4.0)
    angle = rng.choice((-1, 1)) * np.radians(rng.uniform(15, 50))
    share = rng.uniform(0.2, 1.0)
    lift = np.radians(rng.uniform(3, 12))
    rest = np.radians(rng.uniform(-14, 8)) - sleeper.legs[side].pitch
    path = Path(
        (onset, onset + 0.4 * seconds, onset + seconds),
        (0.0, lift, rest * 0.5),
        (0.0, 0.5 * angle, angle * max(share, 0.5)),
    )
    sleeper.move(side, path)
    sleeper.note(Kind.RESETTLE, onset, onset + seconds, side)
    return onset + seconds


def long_movement(sleeper: Sleeper, onset: float) -> float:
    """Add 12 to 35 s of movement of both legs that ends where it began; return the end."""
    rng = sleeper.rng
    seconds = rng.uniform(12, 35)
    for side in SIDES:
        steps = np.arange(onset, onset + seconds, 0.45) + rng.uniform(-0.1, 0.1)
        pitches = np.radians(rng.normal(0, 4, len(steps)))
        rolls = np.radians(rng.normal(0, 6, len(steps)))
        for angles in (pitches, rolls):
            angles[0] = 0.0
            angles[-1] = np.radians(rng.normal(0, 0.3))
        sleeper.legs[side].add(
            Path(
                tuple(float(step) for step in steps),
                tuple(float(angle) for angle in pitches),
                tuple(float(angle) for angle in rolls),
            )
        )
    sleeper.note(Kind.LONG, onset, onset + seconds, "both")
    return onset + seconds


def rhythmic_feet(sleeper: Sleeper, onset: float) -> float:
    """Add a train of even beats of 10 to 15 s, of one leg or of both in turn; return the end.

    1 to 2 beats per second, or alternating activity at 0.5 to 3 Hz
    (docs/science.md#rhythmic-trains).
    """
    rng = sleeper.rng
    seconds = rng.uniform(8, 16)
    alternating = rng.random() < 0.4
    side = str(rng.choice(SIDES))
    frequency = rng.uniform(0.9, 2.0) if not alternating else rng.uniform(0.6, 2.5)
    angle = np.radians(rng.uniform(0.5, 3.0))
    for number, leg in enumerate(SIDES if alternating else (side,)):
        phase = np.pi * number
        second = rng.uniform(0.1, 0.4)
        sleeper.legs[leg].add(
            Swing(onset, onset + seconds, angle, 0.2 * angle, frequency, phase, second)
        )
    sleeper.note(Kind.RHYTHM, onset, onset + seconds, "both" if alternating else side)
    return onset + seconds


def partner(sleeper: Sleeper, onset: float) -> float:
    """Let another sleeper turn or kick; both legs are shaken and tilt for a moment; return the end.

    A limb that is shaken does not turn: it tilts by some tenths of a degree with the mattress.
    """
    rng = sleeper.rng
    seconds = rng.uniform(0.6, 6.0)
    size = float(np.exp(rng.uniform(np.log(0.008), np.log(0.06))))
    for side in SIDES:
        limb = sleeper.legs[side]
        share = rng.uniform(0.5, 1.0)
        blow = onset
        while blow < onset + seconds:
            x, y, z = (size * share * part for part in unit_vector(rng))
            limb.add(Ring(blow, (x, y, z), rng.uniform(1.5, 6.0), rng.uniform(0.1, 0.4)))
            blow += rng.uniform(0.2, 0.9)
        tilt = np.radians(rng.uniform(0.0, 0.5)) * rng.choice((-1, 1))
        stays = tilt * rng.uniform(0.0, 0.3)
        limb.add(
            Path(
                (onset, onset + 0.4 * seconds, onset + seconds + 0.4),
                (0.0, tilt, stays),
                (0.0, 0.5 * tilt, 0.5 * stays),
            )
        )
    sleeper.note(Kind.PARTNER, onset, onset + seconds + 0.4, None)
    return onset + seconds + 0.4
