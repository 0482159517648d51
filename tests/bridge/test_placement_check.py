"""The guided check of a sensor's placement: the right verdict for any foot, in any blocks."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import PlacementCheck, PlacementVerdict
from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    Sensor,
    Side,
)
from limber_bridge.domain import placement_verdicts
from limber_bridge.domain.placement_check import GuidedCheck
from limber_bridge.domain.placement_steps import DURATIONS_US, Step
from limber_bridge.simulation.night import Kick, NightPlan, Turn
from limber_bridge.simulation.signals import signal_blocks
from limber_bridge.sources import rest_gravity
from tests.bridge.feet import (
    CUES_S,
    LENGTH_S,
    TURN_S,
    Foot,
    accelerations,
    blocks_of,
    emg,
    times_of,
)
from tests.detection.signals import LEFT, TIBIALIS

ANKLE_FEET: Final = st.builds(
    Foot,
    seed=st.integers(0, 2**32),
    rate=st.floats(25.0, 200.0),
    delay=st.floats(0.1, 0.9),
    hold=st.floats(0.8, 1.8),
    degrees=st.floats(1.5, 15.0),
    noise=st.floats(0.0005, 0.003),
    turn_degrees=st.floats(20.0, 150.0),
    turn_s=st.floats(0.8, 4.0),
)
EMG_FEET: Final = st.builds(
    Foot,
    seed=st.integers(0, 2**32),
    rate=st.floats(100.0, 1000.0),
    delay=st.floats(0.1, 0.9),
    hold=st.floats(0.8, 1.8),
    burst=st.floats(25.0, 300.0),
    noise=st.floats(0.5, 5.0),
)
CUTS: Final = st.lists(st.integers(1, 20_000), max_size=60)
NOW: Final = Foot().start
MUSCLE: Final = Quantity.EMG
ANKLE: Final = Quantity.ACCELERATION


def check(blocks: Iterable[SampleBlock], sensor: Sensor = LEFT) -> PlacementCheck:
    """Return the result of a check that sees these blocks."""
    guided = GuidedCheck(sensor)
    for block in blocks:
        guided.process_block(block)
    assert guided.result is not None
    return guided.result


def verdict_of(foot: Foot, samples: Floats | None = None) -> PlacementVerdict:
    """Return the verdict on an ankle sensor."""
    return check(blocks_of(foot, ANKLE, samples=samples)).verdict


@settings(max_examples=15, deadline=None)
@given(ANKLE_FEET)
def test_five_pulls_and_a_turn_pass_at_the_ankle(foot: Foot) -> None:
    """Whatever the rate, the strength, the noise and the direction of the sensor."""
    result = check(blocks_of(foot, ANKLE))
    assert result.verdict is PlacementVerdict.GOOD
    assert len(result.pulls) == len(CUES_S)
    assert result.position_changed is True
    assert result.noise is not None
    assert all(pull > result.noise for pull in result.pulls)
    assert (result.onset, result.lost_share) == (foot.start, 0.0)


@settings(max_examples=15, deadline=None)
@given(EMG_FEET)
def test_five_pulls_pass_with_emg(foot: Foot) -> None:
    """EMG shows no position, so the person is not asked to turn over."""
    result = check(blocks_of(foot, MUSCLE), TIBIALIS)
    assert result.verdict is PlacementVerdict.GOOD
    assert len(result.pulls) == len(CUES_S)
    assert result.position_changed is None


@settings(max_examples=15, deadline=None)
@given(ANKLE_FEET, CUTS, st.sampled_from(["five", "four", "shaking", "holes"]))
def test_any_split_at_the_ankle_gives_the_same_result(
    foot: Foot, cuts: list[int], what: str
) -> None:
    samples = accelerations(foot)
    if what == "four":
        foot = replace(foot, pulls=CUES_S[:4])
        samples = accelerations(foot)
    if what == "shaking":
        samples = samples + 0.03 * np.sin(2 * np.pi * 3.0 * times_of(foot))
    if what == "holes":
        foot = replace(foot, holes=((20.0, 20.2), (31.0, 31.3)))
    whole = check(blocks_of(foot, ANKLE, samples=samples))
    assert check(blocks_of(foot, ANKLE, cuts, samples)) == whole
    assert check(blocks_of(foot, ANKLE, range(0, 20_000, 7), samples)) == whole


@settings(max_examples=5, deadline=None)
@given(EMG_FEET, CUTS)
def test_any_split_of_emg_gives_the_same_result(foot: Foot, cuts: list[int]) -> None:
    assert check(blocks_of(foot, MUSCLE, cuts), TIBIALIS) == check(
        blocks_of(foot, MUSCLE), TIBIALIS
    )


@pytest.mark.parametrize(
    ("device", "rate"),
    [
        ("low-noise", 25.0),
        ("low-noise", 200.0),
        ("common", 25.0),
        ("common", 50.0),
        ("common", 100.0),
        ("mpu6050", 50.0),
        ("mpu6050", 100.0),
    ],
)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=5, deadline=None)
def test_the_foot_of_the_simulator_passes(device: str, rate: float, seed: int) -> None:
    """It moves with the least jerk, and its devices have offsets, drift and a resolution."""
    result = check(simulated(LEFT, rate, seed, device))
    assert result.verdict is PlacementVerdict.GOOD
    assert len(result.pulls) == len(CUES_S)


@pytest.mark.parametrize("device", ["laboratory", "amplifier"])
@pytest.mark.parametrize("rate", [200.0, 250.0, 500.0])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=5, deadline=None)
def test_the_muscle_of_the_simulator_passes(device: str, rate: float, seed: int) -> None:
    assert check(simulated(TIBIALIS, rate, seed, device), TIBIALIS).verdict is PlacementVerdict.GOOD


def simulated(sensor: Sensor, rate: float, seed: int, device: str) -> Iterable[SampleBlock]:
    """Return a check of a simulated foot that pulls five times and turns over."""
    rng = np.random.default_rng(seed)
    kicks = tuple(
        Kick(Side.LEFT, cue + rng.uniform(0.2, 0.8), rng.uniform(1.2, 2.0), rng.uniform(0.4, 3.0))
        for cue in CUES_S
    )
    plan = NightPlan(
        seed=seed,
        duration=LENGTH_S,
        kicks=kicks,
        gross_movements=(),
        turns=(Turn(TURN_S + 1.0, 2.5, (0.0, 1.0, 0.0), (0.94, 0.0, 0.34)),),
        walks=(),
        cramps=(),
        awake=(),
    )
    return signal_blocks(plan, sensor, rate, device=device)


@settings(max_examples=5, deadline=None)
@given(ANKLE_FEET, st.integers(1, 4))
def test_fewer_pulls_are_too_few(foot: Foot, seen: int) -> None:
    """The result says how many were seen."""
    result = check(blocks_of(replace(foot, pulls=CUES_S[:seen]), ANKLE))
    assert (result.verdict, len(result.pulls)) == (PlacementVerdict.TOO_FEW_PULLS, seen)


@settings(max_examples=5, deadline=None)
@given(ANKLE_FEET)
def test_six_pulls_are_too_many(foot: Foot) -> None:
    """A sensor that sees more than was done sees something else as well."""
    six = replace(foot, pulls=tuple(CUES_S[0] + 3.8 * number for number in range(6)), hold=1.0)
    result = check(blocks_of(six, ANKLE))
    assert (result.verdict, len(result.pulls)) == (PlacementVerdict.TOO_MANY_PULLS, 6)


@settings(max_examples=5, deadline=None)
@given(ANKLE_FEET, st.floats(0.03, 0.5), st.floats(2.0, 6.0))
def test_constant_shaking_is_too_noisy(foot: Foot, size: float, frequency: float) -> None:
    """A fan or a pump, say: the check ends after the still step."""
    shaking = size * np.sin(2 * np.pi * frequency * times_of(foot))
    result = check(blocks_of(foot, ANKLE, samples=accelerations(foot) + shaking))
    assert result.verdict in {PlacementVerdict.TOO_NOISY, PlacementVerdict.MOVES_WHEN_STILL}
    assert result.end - result.onset < 16 * SECOND


def test_a_person_who_moves_at_rest_is_told_so() -> None:
    still = DURATIONS_US[Step.SETTLE] / SECOND
    foot = Foot(pulls=(still + 3.0, still + 6.0))
    assert verdict_of(foot) is PlacementVerdict.MOVES_WHEN_STILL


def test_a_person_who_settles_first_passes() -> None:
    """What happens in the first seconds does not count."""
    assert verdict_of(Foot(pulls=(0.1, *CUES_S))) is PlacementVerdict.GOOD


@settings(max_examples=5, deadline=None)
@given(ANKLE_FEET)
def test_a_sensor_on_the_table_is_not_worn(foot: Foot) -> None:
    assert verdict_of(replace(foot, pulls=(), turn=None)) is PlacementVerdict.NOT_WORN


def test_a_frozen_sensor_is_not_worn() -> None:
    """All samples are the same."""
    samples = np.repeat([[0.0], [1.0], [0.0]], round(LENGTH_S * 50), axis=1)
    assert verdict_of(Foot(), samples) is PlacementVerdict.NOT_WORN


@settings(max_examples=5, deadline=None)
@given(ANKLE_FEET)
def test_a_sensor_that_feels_only_the_turn_sees_no_movement(foot: Foot) -> None:
    """It is worn too high, or the wrong leg pulls."""
    assert verdict_of(replace(foot, pulls=())) is PlacementVerdict.NO_MOVEMENT


@settings(max_examples=5, deadline=None)
@given(ANKLE_FEET, st.floats(12.0, 60.0), st.integers(0, 4))
def test_a_loose_sensor_is_loose(foot: Foot, slip: float, pull: int) -> None:
    """It turns about the leg in one of the pulls, and stays there."""
    foot = replace(foot, degrees=max(foot.degrees, 4.0))
    at = CUES_S[pull] + foot.delay + 0.2
    progress = np.clip((times_of(foot) - at) / 0.4, 0.0, 1.0)
    x, y, z = rotated_upright(accelerations(foot), foot)
    angle = np.radians(slip) * progress
    turned = np.stack(
        [x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), z]
    )
    assert verdict_of(foot, turned) is PlacementVerdict.LOOSE


def rotated_upright(samples: Floats, foot: Foot) -> Floats:
    """Return a signal whose gravity lies along the first axis at the begin."""
    gravity = samples[:, : round(2 * foot.rate)].mean(axis=1)
    first = gravity / np.linalg.norm(gravity)
    second = np.cross(first, np.eye(3)[int(np.abs(first).argmin())])
    second /= np.linalg.norm(second)
    rotated: Floats = np.stack([first, second, np.cross(first, second)]) @ samples
    return rotated


@settings(max_examples=5, deadline=None)
@given(ANKLE_FEET, st.integers(0, 2**32))
def test_a_link_that_loses_samples_is_told(foot: Foot, seed: int) -> None:
    """One packet in ten is lost; each is short enough to be bridged."""
    rng = np.random.default_rng(seed)
    packets = np.arange(0.0, LENGTH_S, 0.2)
    holes = tuple((at, at + 0.2) for at in packets[1:] if rng.random() < 0.1)
    result = check(blocks_of(replace(foot, holes=holes), ANKLE))
    assert result.verdict is PlacementVerdict.LOSES_SAMPLES


def test_a_hole_ends_the_check_at_once() -> None:
    """Nothing is known of the time without samples."""
    result = check(blocks_of(Foot(holes=((20.0, 22.0),)), ANKLE))
    assert result.verdict is PlacementVerdict.LOSES_SAMPLES
    assert result.end - result.onset < 23 * SECOND


def test_single_lost_packets_are_forgiven() -> None:
    holes = ((17.0, 17.1), (40.0, 40.1))
    result = check(blocks_of(Foot(holes=holes), ANKLE))
    assert result.verdict is PlacementVerdict.GOOD
    assert 0.0 < result.lost_share < 0.01


def test_values_that_are_no_numbers_count_as_lost() -> None:
    samples = accelerations(Foot())
    samples[:, ::10] = np.nan
    result = check(blocks_of(Foot(), ANKLE, samples=samples))
    assert (result.verdict, round(result.lost_share, 2)) == (PlacementVerdict.LOSES_SAMPLES, 0.1)


def test_a_sensor_that_falls_silent_is_given_up() -> None:
    guided = GuidedCheck(LEFT)
    for block in blocks_of(Foot(), ANKLE, [1000])[:1]:
        guided.process_block(block)
    guided.give_up(NOW)
    assert guided.result is not None
    assert guided.result.verdict is PlacementVerdict.LOSES_SAMPLES


@pytest.mark.parametrize("sensor", [LEFT, TIBIALIS])
def test_a_sensor_that_never_sends_is_given_up(sensor: Sensor) -> None:
    guided = GuidedCheck(sensor)
    guided.give_up(NOW)
    assert guided.result is not None
    assert guided.result.verdict is PlacementVerdict.LOSES_SAMPLES


@pytest.mark.parametrize("factor", [9.81, 0.1, 1000.0])
def test_a_wrong_unit_of_acceleration_is_told(factor: float) -> None:
    """Meters per second squared, a wrong range, mg."""
    assert verdict_of(Foot(), factor * accelerations(Foot())) is PlacementVerdict.WRONG_UNIT


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_a_wrong_unit_of_emg_is_told(factor: float) -> None:
    foot = Foot(rate=250.0, noise=1.0)
    result = check(blocks_of(foot, MUSCLE, samples=factor * emg(foot)), TIBIALIS)
    assert result.verdict is PlacementVerdict.WRONG_UNIT


def test_a_missing_axis_is_told() -> None:
    """Gravity lies along an axis after the turn that sends nothing."""
    foot = Foot(turn_degrees=90.0)
    samples = rotated_upright(accelerations(foot), foot)
    lying = samples[:, round((TURN_S + 10) * foot.rate) :].mean(axis=1)
    samples[1 if abs(lying[1]) > abs(lying[2]) else 2] = 0.0
    assert verdict_of(foot, samples) is PlacementVerdict.WRONG_AXIS


def test_pulls_that_are_too_short_are_told() -> None:
    """Each is a twitch: a leg movement lasts half a second at least."""
    assert verdict_of(Foot(hold=0.1, degrees=3.0)) is PlacementVerdict.PULLS_TOO_SHORT


def test_a_turn_that_was_not_made_is_told() -> None:
    assert verdict_of(Foot(turn=None)) is PlacementVerdict.TURN_NOT_SEEN


def test_a_leg_movement_in_the_turn_is_told() -> None:
    foot = Foot(turn=None, pulls=(*CUES_S, TURN_S + 3.0))
    assert verdict_of(foot) is PlacementVerdict.TURN_COUNTED


def test_hum_is_a_loose_electrode() -> None:
    foot = Foot(rate=500.0, noise=1.0)
    hum = 15.0 * np.sin(2 * np.pi * 50.0 * times_of(foot))
    result = check(blocks_of(foot, MUSCLE, samples=emg(foot) + hum), TIBIALIS)
    assert result.verdict is PlacementVerdict.LOOSE


def test_noisy_emg_is_too_noisy() -> None:
    assert (
        check(blocks_of(Foot(rate=250.0, noise=25.0), MUSCLE), TIBIALIS).verdict
        is PlacementVerdict.TOO_NOISY
    )


def test_a_phone_without_gravity_shows_no_turn() -> None:
    """Its movements are judged all the same."""
    phone = Sensor(7, ANKLE, Placement.ANKLE, Side.LEFT, has_gravity=False)
    samples = accelerations(Foot())
    samples -= samples[:, :100].mean(axis=1)[:, None]
    result = check(blocks_of(Foot(turn=None), ANKLE, samples=samples), phone)
    assert (result.verdict, result.position_changed) == (PlacementVerdict.GOOD, None)


def test_a_clock_that_is_set_back_ends_the_check() -> None:
    """The device has started again: its samples cannot be placed behind those before."""
    before, after = blocks_of(Foot(), ANKLE, [1500])
    moved = replace(after.clock, time=after.clock.time - 60 * SECOND)
    result = check([before, replace(after, clock=moved)])
    assert result.verdict is PlacementVerdict.LOSES_SAMPLES


def test_progress_follows_the_steps() -> None:
    """A page shows each step, and each pull as soon as it is over."""
    guided = GuidedCheck(LEFT)
    seen: list[tuple[Step, int]] = []
    for block in blocks_of(Foot(), ANKLE, range(0, 5000, 5)):
        guided.process_block(block)
        progress = guided.progress
        assert progress.elapsed >= 0
        if not seen or seen[-1] != (progress.step, len(progress.pulls)):
            seen.append((progress.step, len(progress.pulls)))
    assert seen == [
        (Step.SETTLE, 0),
        (Step.STILL, 0),
        *((Step.PULL, number) for number in range(6)),
        (Step.TURN, 5),
    ]
    assert guided.progress.result == guided.result


def test_the_limits_are_those_of_the_sources() -> None:
    """A sensor that the bridge accepts does not fail here for the same figure."""
    assert placement_verdicts.GRAVITY_RANGE_G == rest_gravity.GRAVITY_RANGE_G


def test_every_verdict_has_a_row() -> None:
    rows = {row.verdict for row in placement_verdicts.VERDICTS}
    assert rows | {PlacementVerdict.GOOD} == set(PlacementVerdict)
