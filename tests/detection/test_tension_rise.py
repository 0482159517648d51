"""A calf whose tension rises slowly before a response, and what must not pass for that."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.cramp_bins import BIN_US, CrampBin
from limber_bridge.detection.events import Certainty, Cramp, event_id
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.probable_cramps import ProbableCrampDetector
from limber_bridge.detection.signal import SECOND, Floats, Placement, Quantity, Sensor, Side
from tests.detection.signals import LEFT, ankle, block, cut

CALF = Sensor(6, Quantity.EMG, Placement.CALF, Side.LEFT)
EMG_RATE = 200.0
LENGTH = 900.0
AT = 700.0
"""s; the response."""


def levels(*points: tuple[float, float], rest: float = 5.0, seed: int = 1) -> Floats:
    """Return the level of a calf in bins: multiples of rest at times (s), with scatter."""
    times = np.arange(round(LENGTH * 2)) / 2
    course = np.interp(times, [time for time, _ in points], [ratio for _, ratio in points])
    scatter = np.random.default_rng(seed).normal(1.0, 0.08, len(times))
    result: Floats = rest * course * scatter
    return result


def reported(calf: Floats, moving: Sequence[tuple[float, float]]) -> list[Cramp]:
    """Return what is reported of a calf while a limb moves from and until some times (s)."""
    detector = ProbableCrampDetector([6], [(1, Quantity.ACCELERATION)])
    starts = [number * BIN_US for number in range(len(calf))]
    detector.add_bins(
        6, [CrampBin(start, float(one), ()) for start, one in zip(starts, calf, strict=True)]
    )
    for start in starts:
        moves = any(begin <= start / SECOND < end for begin, end in moving)
        detector.add_bins(1, [CrampBin(start, 0.2 * moves, (0.0, 1.0, 0.0))])
    cramps = detector.advance_to(round(LENGTH) * SECOND)
    return [cramp for cramp in cramps if cramp.end is None]


def natural(seconds: float, ratio: float, wait: float = 0.0) -> Floats:
    """Return a calf that rises for some seconds, and a response after a wait (s)."""
    rise = [(AT - wait - seconds, 1.0), (AT - wait, ratio)]
    return levels(*rise, (AT + 20, 2.0), (AT + 60, 2.0), (AT + 90, 1.0))


@pytest.mark.parametrize("ratio", [2.1, 3.0, 6.0])
@pytest.mark.parametrize("seconds", [20.0, 41.0, 70.0])
def test_a_slow_rise_and_then_a_response_is_a_probable_cramp(seconds: float, ratio: float) -> None:
    (cramp,) = reported(natural(seconds, ratio), [(AT, AT + 30)])
    assert cramp.certainty is Certainty.PROBABLE
    assert cramp.onset / SECOND == pytest.approx(AT - seconds, abs=0.3 * seconds)
    assert cramp.strength is not None
    assert cramp.strength >= 1.0


def test_a_response_may_come_some_seconds_after_the_rise() -> None:
    assert len(reported(natural(41, 2.5, wait=15), [(AT, AT + 30)])) == 1


def test_a_kick_during_the_rise_does_not_hide_it() -> None:
    moving = [(AT - 20, AT - 18.5), (AT, AT + 30)]
    assert len(reported(natural(41, 3.0), moving)) == 1


def test_a_tenser_calf_is_stronger() -> None:
    """Its level at the response by 1.7 times rest."""
    strengths: list[float] = []
    for ratio in (2.2, 3.0, 4.0):
        (cramp,) = reported(natural(41, ratio), [(AT, AT + 30)])
        assert cramp.features["top_uv"] == pytest.approx(0.9 * 5.0 * ratio, rel=0.12)
        strengths.append(cramp.strength or 0.0)
    assert strengths == sorted(strengths)


ANSWER = (AT, AT + 30)
HELD = levels((AT - 12, 1.0), (AT - 11.5, 4.0), (AT, 4.0), (AT + 0.5, 1.0))
STANDING = levels((AT - 60, 1.0), (AT - 59, 8.0), (AT - 45, 1.6), (AT - 20, 1.6), (AT, 2.5))
RELAXED = levels((AT - 150, 1.0), (AT - 100, 0.5), (AT - 40, 0.5), (AT, 1.0))
BURSTS = np.where(np.arange(round(LENGTH * 2)) % 2, levels((0, 1.0)), natural(41, 6.0))


@pytest.mark.parametrize(
    ("calf", "moving"),
    [
        (natural(41, 4.0), []),
        (natural(41, 4.0), [(AT, AT + 5)]),
        (natural(41, 1.5), [ANSWER]),
        (natural(400, 2.2), [ANSWER]),
        (HELD, [ANSWER]),
        (natural(41, 2.4), [(AT - 45, AT - 35), ANSWER]),
        (natural(10, 3.0), [ANSWER]),
        (BURSTS, [ANSWER]),
        (STANDING, [(AT - 60, AT - 45), ANSWER]),
        (RELAXED, [ANSWER]),
    ],
    ids=[
        "no response",
        "response too short",
        "too weak",
        "drift of minutes",
        "tensed at once, for a moment",
        "begins with movement",
        "too short",
        "bursts",
        "standing still after some steps",
        "back to its usual level",
    ],
)
def test_other_rises_are_not_a_cramp(calf: Floats, moving: list[tuple[float, float]]) -> None:
    assert reported(calf, moving) == []


def test_two_legs_in_other_directions_are_no_response() -> None:
    """Their bins arrive in any order, and one of them has a gap."""
    detector = ProbableCrampDetector([6], [(1, Quantity.ACCELERATION), (2, Quantity.ACCELERATION)])
    directions = {1: (0.0, 1.0, 0.0), 2: (1.0, 0.0, 0.0)}
    calf = levels((AT - 90, 1.0), (AT - 88, 4.0), (AT + 60, 4.0), (AT + 62, 1.0))
    for number, level in enumerate(calf):
        start = number * BIN_US
        detector.add_bins(6, [CrampBin(start, float(level), ())])
        legs = (1, 2) if number % 3 else (2, 1)
        for leg in legs if number % 50 else legs[1:]:
            detector.add_bins(leg, [CrampBin(start, 0.0, directions[leg])])
    assert list(detector.advance_to(round(LENGTH) * SECOND)) == []


def recorded() -> dict[int, Floats]:
    """Return the samples of a calf that rises to 2.4 times its rest, and of the ankle."""
    times = np.arange(round(LENGTH * EMG_RATE)) / EMG_RATE
    course = np.interp(times, [AT - 41, AT, AT + 60, AT + 90], [1.0, 2.4, 2.0, 1.0])
    calf = np.random.default_rng(2).normal(0.0, 1.0, (1, len(times))) * 6.0 * course
    return {1: ankle((AT, 30.0), length=LENGTH, size=0.3), 6: calf}


RATES = {1: 50.0, 6: EMG_RATE}
SAMPLES = recorded()


def cramps_of(pieces: list[tuple[int, list[float]]]) -> list[str]:
    """Return the cramps in the samples, each sensor cut at some shares of its length."""
    pipeline = Pipeline([LEFT, CALF])
    events = []
    for sensor, shares in pieces:
        whole = block(SAMPLES[sensor], rate=RATES[sensor])
        for piece in cut(whole, [round(share * whole.end) for share in shares]):
            events += pipeline.process(sensor, piece)
    return [repr(event) for event in events + pipeline.finish() if isinstance(event, Cramp)]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), max_size=15))
def test_any_split_finds_the_same_rise(shares: list[float]) -> None:
    whole = cramps_of([(1, []), (6, [])])
    assert any("top_uv" in cramp for cramp in whole)
    assert cramps_of([(6, shares), (1, shares)]) == whole


def test_a_restart_before_the_rise_finds_it_from_the_stored_baseline() -> None:
    """A minute after a restart a baseline of its own would not be known."""
    stop = round((AT - 50) * SECOND)
    before = Pipeline([LEFT, CALF])
    after = None
    cramps: dict[str, Cramp] = {}
    pieces = {
        number: cut(block(one, rate=RATES[number]), [round(stop / SECOND * RATES[number])])
        for number, one in SAMPLES.items()
    }
    early = [
        event for number, (first, _) in pieces.items() for event in before.process(number, first)
    ]
    after = Pipeline([LEFT, CALF], state=before.state, events=early)
    late = [
        event for number, (_, second) in pieces.items() for event in after.process(number, second)
    ]
    for event in late + after.finish():
        if isinstance(event, Cramp):
            cramps[event_id(event)] = event
    (cramp,) = cramps.values()
    assert cramp.onset / SECOND == pytest.approx(AT - 41, abs=15)
