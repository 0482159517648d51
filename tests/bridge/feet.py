"""A foot that takes part in a guided check, made by another recipe than that of the simulator.

The simulator bends a limb with the least jerk about a fixed axis. Here, a foot tilts about any axis
with the slopes of a cosine, trembles while it is held, and lies in any direction; EMG is white
noise that a muscle switches on and off.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, Quantity, SampleBlock, SampleClock
from limber_bridge.domain.placement_steps import PULL_CUES_US, Step, steps_of

STEPS: Final = {one.step: one for one in steps_of(shows_position=True)}
CUES_S: Final = tuple((STEPS[Step.PULL].begin + cue) / SECOND for cue in PULL_CUES_US)
"""When the page asks for a pull, in s since the check began."""
TURN_S: Final = STEPS[Step.TURN].begin / SECOND
LENGTH_S: Final = 72.0
"""Longer than any check."""


@dataclass(frozen=True, kw_only=True)
class Foot:
    """A foot, the sensor on it, and what the person does."""

    seed: int = 0
    rate: float = 50.0
    pulls: tuple[float, ...] = CUES_S
    """When the toes are pulled up, in s."""
    delay: float = 0.4
    """s from the cue to the pull."""
    hold: float = 1.3
    """s for which the toes are up."""
    degrees: float = 5.0
    """By how much a pull tilts the ankle."""
    burst: float = 80.0
    """uV RMS of a pull."""
    noise: float = 0.002
    """g or uV RMS."""
    turn: float | None = TURN_S + 1.5
    """When the person turns over, in s."""
    turn_degrees: float = 80.0
    turn_s: float = 2.0
    start: int = 1_795_000_000 * SECOND
    holes: tuple[tuple[float, float], ...] = field(default=())
    """Times (s) in which samples are lost."""


def times_of(foot: Foot) -> Floats:
    """Return the time of each sample in s."""
    times: Floats = np.arange(round(LENGTH_S * foot.rate)) / foot.rate
    return times


def slope(phase: Floats) -> Floats:
    """Return a cosine slope from 0 to 1."""
    rising: Floats = (1.0 - np.cos(np.pi * np.clip(phase, 0.0, 1.0))) / 2.0
    return rising


def held(foot: Foot, times: Floats) -> Floats:
    """Return how far the toes are pulled up, 0 to 1."""
    up = np.zeros(len(times))
    for cue in foot.pulls:
        begin = cue + foot.delay
        up += slope((times - begin) / 0.3) - slope((times - begin - foot.hold) / 0.3)
    return up


def turned_about(axis: Floats, vector: Floats, angles: Floats) -> Floats:
    """Return a vector (3,) turned about an axis by angles (n,) in radians, shape (3, n)."""
    across = np.cross(axis, vector)
    along = float(axis @ vector) * axis
    flat = vector - along
    turned: Floats = along[:, None] + np.outer(flat, np.cos(angles))
    turned += np.outer(across, np.sin(angles))
    return turned


def accelerations(foot: Foot) -> Floats:
    """Return what an accelerometer at the ankle measures in g, shape (3, n)."""
    rng = np.random.default_rng(foot.seed)
    times = times_of(foot)
    gravity = unit(rng.normal(size=3))
    across = unit(np.asarray(np.cross(gravity, rng.normal(size=3)), np.float64))
    up = held(foot, times)
    angle = np.radians(foot.degrees) * (up + 0.02 * up * np.sin(2 * np.pi * 6.5 * times))
    if foot.turn is not None:
        angle = angle + np.radians(foot.turn_degrees) * slope((times - foot.turn) / foot.turn_s)
    signal = turned_about(across, gravity, angle)
    # The foot is 0.2 m from the joint.
    signal += np.outer(gravity, 0.2 / 9.81 * np.gradient(np.gradient(angle, times), times))
    return signal + rng.normal(0.0, foot.noise, signal.shape)


def emg(foot: Foot) -> Floats:
    """Return the EMG of the tibialis anterior in uV, shape (1, n)."""
    rng = np.random.default_rng(foot.seed)
    times = times_of(foot)
    muscle = foot.burst * np.sqrt(held(foot, times)) * rng.normal(size=len(times))
    drift = 12.0 * np.sin(2 * np.pi * 0.2 * times)
    return (muscle + drift + 40.0 + rng.normal(0.0, foot.noise, len(times)))[None]


def unit(vector: Floats) -> Floats:
    """Return a vector with the length 1."""
    return vector / float(np.linalg.norm(vector))


def blocks_of(
    foot: Foot, quantity: Quantity, cuts: Iterable[int] = (), samples: Floats | None = None
) -> list[SampleBlock]:
    """Return the signal of a foot as blocks, split at these sample numbers and at lost samples."""
    if samples is None:
        samples = accelerations(foot) if quantity is Quantity.ACCELERATION else emg(foot)
    count = samples.shape[1]
    lost = [(round(begin * foot.rate), round(end * foot.rate)) for begin, end in foot.holes]
    edges = sorted(
        {0, count, *(min(cut, count) for cut in cuts), *(e for one in lost for e in one)}
    )
    clock = SampleClock(0, foot.start, foot.rate)
    return [
        SampleBlock(begin, samples[:, begin:end], clock, foot.rate)
        for begin, end in pairwise(edges)
        if not any(first <= begin < last for first, last in lost)
    ]
