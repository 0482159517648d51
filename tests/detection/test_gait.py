"""Steps are counted in strong motion only, and weak motion is not looked at twice."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.detection.gait import STANCE_MAX_G, STEP_MIN_G, STEP_WINDOW_S, count_steps
from limber_bridge.detection.signal import Floats

RATE = 25.0
STRIDE_S = 1.25


def walk(size: float, seed: int = 1) -> Floats:
    """Return ten seconds in which a foot is shaken by `size` g in half of each stride."""
    times = np.arange(round(10 * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(0.0, 1.0, (3, len(times)))
    motion: Floats = size * noise * (times % STRIDE_S < STRIDE_S / 2)
    return motion


def steps_by_definition(motion: Floats) -> int:
    """Return how often a window is strong after one that was weak, window by window."""
    width = round(STEP_WINDOW_S * RATE)
    count = 0
    was_strong = False
    for begin in range(motion.shape[1] - width + 1):
        window = motion[:, begin : begin + width]
        shaking = float(np.sqrt(window.var(axis=1).sum()))
        if shaking >= STEP_MIN_G and not was_strong:
            count += 1
        if shaking >= STEP_MIN_G or shaking < STANCE_MAX_G:
            was_strong = shaking >= STEP_MIN_G
    return count


@given(st.floats(0.01, 1.0), st.integers(0, 50))
def test_steps_are_counted_as_defined(size: float, seed: int) -> None:
    motion = walk(size, seed)
    assert count_steps(motion, RATE) == steps_by_definition(motion)


def test_a_walk_has_a_step_in_each_stride_and_rubbing_has_none() -> None:
    assert count_steps(walk(0.5), RATE) == 8
    assert count_steps(walk(0.05), RATE) == 0
