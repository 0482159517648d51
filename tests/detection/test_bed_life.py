"""Breath and heart beat in a bed tell who lies there, even if nothing else moves."""

import numpy as np
import pytest

from limber_bridge.detection.detector import Detector
from limber_bridge.detection.events import Bed, Event
from limber_bridge.detection.signal import SECOND, Floats
from tests.detection.signals import BED, RATE, block, cut

MINUTE = 60.0
CAME, LEFT, LENGTH = 10 * MINUTE, 50 * MINUTE, 70 * MINUTE


def bed(*, breath: float = 0.0, heart: float = 0.0, steps: float = 0.0, noise: float = 0.0005) -> Floats:
    """An hour at a bed that somebody enters and leaves, each with 5 s of shaking; and kicks in it every 40 s."""
    rng = np.random.default_rng(0)
    times = np.arange(round(LENGTH * RATE)) / RATE
    signal = rng.normal(0.0, noise, (3, len(times)))
    signal[2] += 1.0
    lies = (times >= CAME) & (times < LEFT)
    beat = 1.1 * times + 0.03 * np.sin(2 * np.pi * 0.1 * times)
    signal[0] += lies * breath * np.sin(2 * np.pi * (0.25 * times + 0.05 * np.sin(2 * np.pi * times / 50)))
    signal[2] += lies * heart * np.exp(-(beat % 1) / 0.1) * np.sin(2 * np.pi * 5 * (beat % 1))
    kicks = [(onset, 2.0, 0.02) for onset in np.arange(CAME + 60, LEFT - 60, 40.0)]
    walks = [(onset, 0.3, steps) for onset in rng.uniform(0, LENGTH, 300) if not CAME - 5 < onset < LEFT + 5]
    for onset, lasts, size in [(CAME, 5.0, 0.15), (LEFT - 5, 5.0, 0.15), *kicks, *walks]:
        moving = (times >= onset) & (times < onset + lasts)
        signal[:, moving] += size * rng.normal(0.0, 1.0, (3, int(moving.sum())))
    return signal


def told(signal: Floats, *, blocks: int | None = None) -> list[tuple[float, bool]]:
    detector, whole = Detector([BED]), block(signal)
    events: list[Event] = []
    for piece in [whole] if blocks is None else cut(whole, range(0, whole.end, blocks)):
        events += detector.feed(BED.id, piece)
    events += detector.finish()
    return [(event.onset / SECOND, event.in_bed) for event in events if isinstance(event, Bed)]


FELT = {
    "breath": {"breath": 0.0006},
    "heart": {"heart": 0.005},
    "breath, steps in the room": {"breath": 0.0006, "steps": 0.004},
}


@pytest.mark.parametrize("felt", FELT.values(), ids=list(FELT))
def test_a_bed_is_left_when_nobody_is_felt_in_it_any_more(felt: dict[str, float]) -> None:
    (came, here), (left, still) = told(bed(**felt))[-2:]
    assert (here, still) == (True, False)
    assert came == pytest.approx(CAME, abs=20)
    assert left == pytest.approx(LEFT, abs=20)


def test_steps_in_the_room_are_nobody_in_the_bed() -> None:
    assert all(onset > CAME - 20 for onset, here in told(bed(breath=0.0006, steps=0.004)) if here)


def test_a_sensor_too_noisy_for_a_breath_goes_by_movement() -> None:
    ((came, here),) = told(bed(breath=0.0006, noise=0.006))
    assert here
    assert came == pytest.approx(CAME, abs=20)


def test_the_cut_into_blocks_changes_nothing() -> None:
    signal = bed(breath=0.0006, steps=0.004)
    assert told(signal) == told(signal, blocks=237)


def test_a_fan_is_nobody() -> None:
    times = np.arange(round(LENGTH * RATE)) / RATE
    signal = bed(steps=0.004)
    signal[2] += 0.002 * np.sin(2 * np.pi * 7.3 * times)
    assert all(onset >= CAME - 20 for onset, here in told(signal) if here)
