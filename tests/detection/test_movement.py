"""Movements that one sensor detects, and signals that are no movement."""

import numpy as np
import pytest

from limber_bridge.detection.events import Gap, Grade, PositionChange, Twitch
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock, Side
from tests.detection.signals import (
    LEFT,
    RATE,
    TIBIALIS,
    ankle,
    block,
    detect,
    emg,
    movements,
    seconds,
    slipped,
    turned,
)


def test_a_kick_is_one_movement() -> None:
    (movement,) = movements(detect((LEFT, block(ankle((20.0, 2.0), length=40)))))
    assert seconds(movement.onset) == pytest.approx(20.0, abs=0.1)
    assert seconds(movement.duration) == pytest.approx(2.0, abs=0.1)
    assert movement.side == Side.LEFT
    assert movement.candidate


@pytest.mark.parametrize("rate", [25.0, 50.0, 52.0, 104.0, 256.0, 500.0])
def test_a_kick_is_the_same_at_every_rate(rate: float) -> None:
    times = np.arange(round(40 * rate)) / rate
    signal = np.random.default_rng(0).normal(0.0, 0.002, (3, len(times)))
    signal[1] += 1.0
    moving = (times >= 20) & (times < 22)
    signal[2, moving] += 0.2 * np.sin(2 * np.pi * 3 * (times[moving] - 20))
    (movement,) = movements(detect((LEFT, block(signal, rate=rate))))
    assert seconds(movement.onset) == pytest.approx(20.0, abs=0.1)
    assert seconds(movement.duration) == pytest.approx(2.0, abs=0.15)


def test_a_twitch_is_not_a_leg_movement() -> None:
    assert movements(detect((LEFT, block(ankle((20.0, 0.3), length=40))))) == []


@pytest.mark.parametrize("rate", [25.0, 50.0, 104.0])
@pytest.mark.parametrize(("apart", "count"), [(0.3, 1), (0.4, 1), (0.6, 2), (1.0, 2)])
def test_half_a_second_of_quiet_ends_a_movement(rate: float, apart: float, count: int) -> None:
    """Less quiet does not. An onset and an end may each be off by a frame."""
    times = np.arange(round(40 * rate)) / rate
    signal = np.random.default_rng(0).normal(0.0, 0.002, (3, len(times)))
    signal[1] += 1.0
    for onset in (20.0, 21.0 + apart):
        moving = (times >= onset) & (times < onset + 1)
        signal[2, moving] += 0.2 * np.cos(2 * np.pi * 3 * (times[moving] - onset))
    found = movements(detect((LEFT, block(signal, rate=rate))))
    assert len(found) == count
    assert seconds(found[-1].end) == pytest.approx(22.0 + apart, abs=0.1)


@pytest.mark.parametrize(("apart", "count"), [(0.4, 1), (0.6, 2)])
def test_half_a_second_of_quiet_ends_a_movement_in_emg(apart: float, count: int) -> None:
    signal = block(emg((20.0, 1.0), (21.0 + apart, 1.0), length=40), rate=250.0)
    assert len(movements(detect((TIBIALIS, signal)))) == count


def test_a_turn_to_another_direction_is_a_position_change() -> None:
    events = detect((LEFT, block(turned(ankle((20.0, 2.0), length=60), 21.0, 30.0))))
    assert movements(events) == []
    (posture,) = [event for event in events if isinstance(event, PositionChange)]
    assert seconds(posture.onset) == pytest.approx(20.0, abs=0.1)


def test_a_leg_that_is_lifted_held_and_put_back_makes_one_movement() -> None:
    held = turned(ankle(length=60), 20.0, 15.0, back=24.0)
    (movement,) = movements(detect((LEFT, block(held))))
    assert seconds(movement.onset) == pytest.approx(20.0, abs=0.15)
    assert seconds(movement.end) == pytest.approx(24.5, abs=0.15)


def test_a_leg_that_returns_after_ten_seconds_changes_its_position_twice() -> None:
    events = detect((LEFT, block(turned(ankle(length=80), 20.0, 15.0, back=40.0))))
    assert movements(events) == []
    assert len([event for event in events if isinstance(event, PositionChange)]) == 2


@pytest.mark.parametrize("short", [1.0, -1.0, 2.0])
def test_a_leg_that_is_put_back_slightly_elsewhere_makes_one_movement(short: float) -> None:
    signal = turned(turned(ankle(length=60), 20.0, 4.0, back=23.0), 23.0, short)
    (movement,) = movements(detect((LEFT, block(signal))))
    assert seconds(movement.onset) == pytest.approx(20.0, abs=0.2)
    assert seconds(movement.end) == pytest.approx(23.5, abs=0.2)


def test_kicks_that_each_move_the_leg_slightly_are_separate_movements() -> None:
    signal = turned(turned(ankle((20.0, 2.0), (25.0, 2.0), length=60), 21.0, 1.0), 26.0, 1.0)
    found = movements(detect((LEFT, block(signal))))
    assert [round(seconds(one.onset)) for one in found] == [20, 25]
    assert [seconds(one.duration) for one in found] == pytest.approx([2.0, 2.0], abs=0.2)


@pytest.mark.parametrize("rest", [1.0, 1.5, 2.2, 3.0])
@pytest.mark.parametrize("off", [0.0, 0.1, 0.3, 0.5, 0.9, 1.1, 1.5, 2.0])
@pytest.mark.parametrize("back", [False, True])
def test_separate_kicks_are_two_movements_wherever_the_leg_rests_in_between(
    rest: float, off: float, back: bool
) -> None:
    """A real leg never returns to within the noise."""
    signal = turned(ankle((20.0, 2.0), (22.0 + rest, 2.0), length=60, size=0.4), 20.5, off)
    signal = turned(signal, 22.5 + rest, -0.8 * off if back and off < 1.0 else 0.0)
    found = movements(detect((LEFT, block(signal))))
    assert [seconds(one.onset) for one in found] == pytest.approx([20.0, 22.0 + rest], abs=0.1)
    assert [seconds(one.duration) for one in found] == pytest.approx([2.0, 2.0], abs=0.2)


@pytest.mark.parametrize("apart", [0.8, 1.5, 3.0, 6.0, 8.0])
def test_a_strap_that_slides_twice_is_not_a_movement(apart: float) -> None:
    signal = slipped(slipped(ankle(length=60), 20.0, 2.0), 20.0 + apart, 2.0)
    assert movements(detect((LEFT, block(signal)))) == []


@pytest.mark.parametrize("apart", [3.0, 6.0, 8.0])
def test_a_kick_long_after_a_twitch_is_a_separate_movement(
    apart: float,
) -> None:
    signal = slipped(
        ankle((20.0, 0.3), (20.0 + apart, 2.0), length=60, size=0.1), 20.0, 3.0, lasts=0.2
    )
    events = detect((LEFT, block(signal)))
    assert [round(seconds(event.onset)) for event in events if isinstance(event, Twitch)] == [20]
    (movement,) = movements(events)
    assert seconds(movement.onset) == pytest.approx(20.0 + apart, abs=0.1)


@pytest.mark.parametrize("held", [1.0, 2.5, 5.0])
def test_a_leg_that_is_drawn_up_and_put_back_slightly_elsewhere_makes_one_movement(
    held: float,
) -> None:
    signal = slipped(slipped(ankle(length=60), 20.0, 4.0, lasts=0.4), 20.0 + held, -2.8, lasts=0.5)
    (movement,) = movements(detect((LEFT, block(signal))))
    assert seconds(movement.onset) == pytest.approx(20.0, abs=0.15)
    assert seconds(movement.end) == pytest.approx(20.5 + held, abs=0.25)


def test_kicks_before_and_after_a_turn_are_movements() -> None:
    signal = turned(
        turned(turned(ankle((20.0, 1.5), (31.0, 1.5), length=70), 20.5, 1.0), 25.0, 50.0), 31.5, 1.0
    )
    events = detect((LEFT, block(signal)))
    assert [round(seconds(one.onset)) for one in movements(events)] == [20, 31]
    (turn,) = [event for event in events if isinstance(event, PositionChange)]
    assert seconds(turn.onset) == pytest.approx(25.0, abs=0.2)
    assert seconds(turn.end) == pytest.approx(25.5, abs=0.3)


def test_an_adjustment_right_after_a_turn_is_part_of_the_position_change() -> None:
    events = detect((LEFT, block(turned(turned(ankle(length=60), 20.0, 60.0), 21.6, 3.0))))
    assert movements(events) == []
    assert len([event for event in events if isinstance(event, PositionChange)]) == 1


def test_gravity_is_not_a_movement() -> None:
    """A filter that started from zero would ring with nearly 1 g."""
    assert movements(detect((LEFT, block(ankle(length=60))))) == []


@pytest.mark.parametrize(
    ("size", "grade"),
    [(0.04, Grade.MILD), (0.2, Grade.MODERATE), (0.8, Grade.STRONG)],
    ids=["mild", "moderate", "strong"],
)
def test_the_grade_follows_the_peak(size: float, grade: Grade) -> None:
    (movement,) = movements(detect((LEFT, block(ankle((20.0, 2.0), length=40, size=size)))))
    assert movement.grade is grade


def test_noise_that_grows_is_learned() -> None:
    """Within about half a minute kicks are detected again."""
    quiet = ankle(length=60)
    noisy = ankle((60.0, 2.0), length=120, noise=0.02, size=0.4, seed=3)
    found = movements(detect((LEFT, block(np.concatenate([quiet, noisy], axis=1)))))
    assert [round(seconds(one.onset)) for one in found if seconds(one.onset) > 95] == [120]


def test_the_noise_floor_is_not_learned_from_movements() -> None:
    """A faint kick is detected after a minute of movements as well."""
    restless = [(30.0 + 2.0 * number, 1.2) for number in range(30)]
    signal = ankle(*restless, length=140)
    faint = ankle((100.0, 2.0), length=140, size=0.03, seed=0)
    signal[2, round(95 * RATE) :] = faint[2, round(95 * RATE) :]
    assert round(seconds(movements(detect((LEFT, block(signal))))[-1].onset)) == 100


def test_a_gap_ends_a_movement_and_is_reported() -> None:
    signal = ankle((20.0, 5.0), length=60)
    signal[:, round(22 * RATE) : round(40 * RATE)] = np.nan
    events = detect((LEFT, block(signal)))
    assert [seconds(one.duration) for one in movements(events)] == [pytest.approx(2.0, abs=0.1)]
    assert [event for event in events if isinstance(event, Gap)] == [Gap(1, 21_980_000, 40_000_000)]


def test_a_hole_of_half_a_second_is_bridged() -> None:
    signal = ankle((20.0, 3.0), length=40)
    signal[:, round(30 * RATE) : round(30 * RATE) + 24] = np.nan
    events = detect((LEFT, block(signal)))
    assert len(movements(events)) == 1
    assert not [event for event in events if isinstance(event, Gap)]


def test_samples_received_twice_count_once() -> None:
    signal = block(ankle((20.0, 2.0), length=40))
    head, tail = signal.split(1100)
    again = SampleBlock(900, signal.samples[:, 900:1100], signal.clock, RATE)
    detector = Pipeline([LEFT])
    events = [event for piece in (head, again, tail) for event in detector.process(1, piece)]
    assert events + detector.finish() == detect((LEFT, signal))


def test_emg_movements_follow_the_scoring_rules() -> None:
    """Onset 8 uV above rest, end 2 uV above it; the window is subtracted from the duration."""
    found = movements(
        detect((TIBIALIS, block(emg((10, 2.0), (25, 0.8), (40, 5.0), length=60), rate=250.0)))
    )
    assert [seconds(one.onset) for one in found] == pytest.approx([10, 25, 40], abs=0.1)
    assert [seconds(one.duration) for one in found] == pytest.approx([2.0, 0.8, 5.0], abs=0.15)


def test_emg_below_the_threshold_is_not_a_movement() -> None:
    assert (
        movements(detect((TIBIALIS, block(emg((10, 2.0), length=30, size=5.0), rate=250.0)))) == []
    )


def test_a_sensor_that_is_too_slow_does_not_count_for_movements() -> None:
    signal = np.zeros((3, 100))
    signal[1] = 1.0
    detector = Pipeline([LEFT])
    assert detector.process(1, SampleBlock(0, signal, SampleClock(0, 0, 1.64), 1.64)) == []
    assert not detector.coverage(0, 1).movement_sensors


def test_a_recording_may_begin_with_movement() -> None:
    """Walking to bed does not raise the noise floor."""
    signal = ankle(
        (0.0, 20.0), *[(25.0 + 10 * number, 2.0) for number in range(8)], length=110, size=0.5
    )
    found = movements(detect((LEFT, block(signal))))
    assert [round(event.onset / SECOND) for event in found if event.onset > 22 * SECOND] == list(
        range(25, 105, 10)
    )


@pytest.mark.parametrize("noise", [0.0003, 0.001, 0.002, 0.004])
def test_a_quiet_sensor_detects_faint_movements(noise: float) -> None:
    """A swing of 6 mg, or of five times the noise of an axis if that is more."""
    signal = ankle((30.0, 2.0), (60.0, 1.0), length=90.0, noise=noise, size=max(0.006, 5 * noise))
    found = movements(detect((LEFT, block(signal))))
    assert [round(one.onset / SECOND, 0) for one in found] == [30.0, 60.0]


def test_a_partner_who_shakes_the_mattress_is_not_a_movement() -> None:
    signal = ankle((30.0, 2.0), (60.0, 5.0), length=90.0, noise=0.0005, size=0.002)
    assert movements(detect((LEFT, block(signal)))) == []


@pytest.mark.parametrize("size", [0.01, 0.02, 0.2])
def test_weak_movements_last_as_long_as_strong_ones(size: float) -> None:
    signal = ankle(*[(20.0 + 10 * number, 1.5) for number in range(20)], length=230.0, size=size)
    found = movements(detect((LEFT, block(signal))))
    assert np.median([one.end - one.onset for one in found]) / SECOND == pytest.approx(
        1.5, abs=0.15
    )
