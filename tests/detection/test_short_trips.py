"""Short trips out of bed, as a sensor at the ankle shows them."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.bed_state import BedState
from limber_bridge.detection.channel import SensorChannel
from limber_bridge.detection.events import BedTransition, Event, Method
from limber_bridge.detection.gait import Gait, gait_of
from limber_bridge.detection.in_bed import process_epoch
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, Side
from limber_bridge.recordings import read_recording
from limber_bridge.storage.records.pipeline_records import bed_record, bed_state
from tests.detection.signals import LEFT, RATE, block, cut

type Direction = tuple[float, float, float]

WALKING_RECORDINGS = Path(__file__).parents[1] / "data/foot_walking"
SUPINE: Direction = (1.0, 0.0, 0.0)
ON_THE_SIDE = (0.1, 0.98, 0.2)
UPRIGHT = (0.0, 0.0, 1.0)
LEANING = (-0.35, 0.0, 0.94)
"""A calf that is stretched against the wall."""
KNEE_UP = (0.55, 0.0, 0.84)
"""The sole on the mattress, and the shank 57 degrees up."""
BED_S = 700.0
"""Time in bed before a trip."""


def resting(seconds: float, direction: Direction) -> Floats:
    """Return a leg that rests in a direction and kicks every 100 s."""
    times = np.arange(round(seconds * RATE)) / RATE
    unit = np.array(direction) / np.linalg.norm(direction)
    signal = np.repeat(unit[:, None], len(times), axis=1)
    kicks = (times % 100 > 60) & (times % 100 < 62)
    signal[1, kicks] += 0.1 * np.sin(2 * np.pi * 3 * times[kicks])
    return signal


def walking(seconds: float, stride_hz: float = 0.8, vigor: float = 0.6) -> Floats:
    """Return a walking leg: the shank rolls over the foot, swings back and lands."""
    times = np.arange(round(seconds * RATE)) / RATE
    phase = times * stride_hz % 1.0
    swinging = phase > 0.6
    back = np.clip((phase - 0.6) / 0.4, 0.0, 1.0)
    angle = np.where(swinging, 0.5 - 0.7 * back, -0.2 + 0.7 * phase / 0.6)
    landing = vigor * np.exp(-phase / 0.06) * np.sin(2 * np.pi * phase / 0.1) * ~swinging
    forward = vigor * np.sin(2 * np.pi * back) * swinging
    return np.stack([forward - np.sin(angle), 0.3 * landing, np.cos(angle) + landing])


def rubbing(seconds: float, direction: Direction) -> Floats:
    """Return a leg that is rubbed evenly, with short pauses."""
    signal = resting(seconds, direction)
    times = np.arange(signal.shape[1]) / RATE
    signal[2] += 0.25 * np.sin(2 * np.pi * 1.6 * times) * (times % 9 < 7)
    return signal


def mounted(*parts: Floats, seed: int = 0) -> Floats:
    """Return the parts one after the other, as a sensor in a random orientation measures them."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    signal: Floats = rotation @ np.concatenate(parts, axis=1)
    return signal + rng.normal(0.0, 0.003, signal.shape)


def in_bed_parts() -> list[Floats]:
    """Return a leg in bed, in two positions."""
    return [resting(BED_S, SUPINE), resting(BED_S, ON_THE_SIDE)]


def trip_parts() -> list[Floats]:
    """Return the same, then a leg that hangs over the edge, and a trip of 70 s."""
    return [
        *in_bed_parts(),
        resting(5, UPRIGHT),
        walking(16),
        resting(12, UPRIGHT),
        resting(14, LEANING),
        resting(10, UPRIGHT),
        walking(18, stride_hz=0.7),
    ]


@cache
def night_with_trip(seed: int = 0) -> Floats:
    """Return a night with a trip of 70 s from 1405 s on: walk, stand and stretch, walk."""
    return mounted(*trip_parts(), resting(BED_S, SUPINE), seed=seed)


def transitions(events: list[Event]) -> list[tuple[float, bool]]:
    """Return the (onset in s, in bed) of each transition."""
    return [(one.onset / SECOND, one.in_bed) for one in events if isinstance(one, BedTransition)]


def detected(pieces: list[SampleBlock]) -> list[tuple[float, bool]]:
    pipeline = Pipeline([LEFT])
    events = [event for piece in pieces for event in pipeline.process(LEFT.id, piece)]
    return transitions(events + pipeline.finish())


@pytest.mark.parametrize("seed", range(4))
def test_two_walks_and_standing_still_between_are_one_trip(seed: int) -> None:
    """Before any walk was seen, and in any orientation of the sensor."""
    (lay, in_bed), (up, is_up), (back, is_back) = detected([block(night_with_trip(seed))])
    assert (in_bed, is_up, is_back) == (True, False, True)
    assert lay == 0.0
    assert up == pytest.approx(1405, abs=10)
    assert back == pytest.approx(1475, abs=10)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, night_with_trip().shape[1] - 1), max_size=30))
def test_any_split_shows_the_same_trip(cuts: list[int]) -> None:
    whole = block(night_with_trip())
    assert detected(cut(whole, cuts)) == detected([whole])


def test_a_restart_at_any_epoch_shows_the_same_trip() -> None:
    epochs = SensorChannel(LEFT).process(block(night_with_trip())).epochs

    def shown(restart_at: int) -> list[BedTransition]:
        state = BedState()
        found = []
        for number, epoch in enumerate(epochs):
            if number == restart_at:
                state = bed_state(bed_record(state))
            state, transition = process_epoch(state, Method.ANKLE, epoch)
            if transition is not None:
                found.append(transition)
        return found

    whole = shown(-1)
    assert len(whole) == 3
    assert all(shown(restart_at) == whole for restart_at in range(len(epochs)))


@pytest.mark.parametrize(
    "direction", [SUPINE, ON_THE_SIDE, KNEE_UP, UPRIGHT], ids=["supine", "side", "knee", "edge"]
)
@pytest.mark.parametrize("parts", [in_bed_parts(), trip_parts()], ids=["no trip", "trip"])
def test_a_leg_that_is_rubbed_has_not_left_the_bed(
    direction: Direction, parts: list[Floats]
) -> None:
    """Whether or not a trip has shown before how the leg stands."""
    before = [*parts, resting(600, SUPINE)]
    rubbed = [resting(20, direction), rubbing(90, direction), resting(20, direction)]
    after = resting(600, SUPINE)
    assert detected([block(mounted(*before, *rubbed, after))]) == detected(
        [block(mounted(*before, after))]
    )


@pytest.mark.parametrize("side", Side)
def test_fifteen_seconds_of_a_real_walk_are_gait(side: Side) -> None:
    (signal,) = read_recording(WALKING_RECORDINGS / f"{side}.csv.gz").signals
    samples = np.concatenate([one.samples for one in signal.blocks], axis=1)
    # The recording is of the foot, which moves more than the ankle. It is walked all the time.
    turned, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    for size in (0.4, 1.0):
        frames = size * turned @ samples[:, : 60 * 1000].reshape(3, -1, 5).mean(axis=2)
        pieces = np.split(frames, range(205, frames.shape[1], 205), axis=1)
        found = [gait_of(piece, signal.rate / 5, 10.0) is Gait.CLEAR for piece in pieces]
        assert all(found[:6])
