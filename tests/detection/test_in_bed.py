"""Going to bed and getting up, as the different sensors show it."""

from collections.abc import Sequence
from enum import Enum, auto

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.bed_presence import Presence
from limber_bridge.detection.bed_state import BedState
from limber_bridge.detection.epochs import EPOCH_US, Epoch
from limber_bridge.detection.events import BedTransition, Event, Method
from limber_bridge.detection.gait import Gait
from limber_bridge.detection.in_bed import process_epoch
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import MINUTE, SECOND, Floats, SampleBlock, SampleClock
from limber_bridge.detection.sleep import in_bed_spans
from tests.detection.signals import LEFT, LOAD, RATE, TIBIALIS, ankle, block, detect

type Gravity = tuple[float, float, float]

LYING: Gravity = (0.0, 1.0, 0.0)
STANDING: Gravity = (0.0, 0.0, 1.0)
ON_THE_SIDE: Gravity = (1.0, 0.0, 0.0)


class Motion(Enum):
    """What a leg does in an epoch."""

    STILL = auto()
    SHAKEN = auto()
    """As by rubbing, or in a gross movement."""
    WALKING = auto()
    """With the swing of a walking leg."""


STILL = Motion.STILL
SHAKEN = Motion.SHAKEN
WALKING = Motion.WALKING


def transitions(events: Sequence[Event]) -> list[tuple[float, bool]]:
    """Return the (onset in s, in bed) of each transition."""
    return [
        (round(event.onset / SECOND, 1), event.in_bed)
        for event in events
        if isinstance(event, BedTransition)
    ]


def walking_then_lying(seconds: float) -> Floats:
    """Return a leg that walks, then lies for ten minutes and kicks twice."""
    signal = ankle((seconds + 60, 2.0), (seconds + 200, 2.0), length=seconds + 600)
    stop = round(seconds * RATE)
    times = np.arange(stop) / RATE
    signal[:, :stop] = 0.0
    signal[2, :stop] = 1.0 + 0.8 * np.sin(2 * np.pi * 1.9 * times)
    return signal


def load_block(samples: Floats) -> SampleBlock:
    """Return load cells of 10 Hz."""
    return SampleBlock(0, samples[None, :], SampleClock(0, 0, 10.0), 10.0)


def ankle_transitions(*stretches: tuple[float, Gravity, Motion]) -> list[tuple[float, bool]]:
    """Return the transitions of an ankle that kicks every 70 s.

    Each stretch has its duration in s, the direction of gravity and what the leg does.
    """
    state = BedState()
    found = []
    start = 0
    for seconds, gravity, motion in stretches:
        for _ in range(round(seconds / 10)):
            kicks = int(start % (70 * SECOND) == 0)
            shaken = float(motion is not STILL)
            epoch = Epoch(
                start,
                gravity,
                shaken,
                kicks,
                1,
                gait=Gait.CLEAR if motion is WALKING else Gait.NONE,
            )
            state, transition = process_epoch(state, Method.ANKLE, epoch)
            if transition is not None:
                found.append((transition.onset / SECOND, transition.in_bed))
            start += EPOCH_US
    return found


def bed_transitions(
    *stretches: tuple[float, Presence, bool], state: BedState
) -> tuple[BedState, list[tuple[float, bool]]]:
    """Return the state and the transitions (min) of a sensor at the bed.

    Each stretch has its duration in min, what the sensor feels of a person, and whether something
    moves every 2 min.
    """
    found = []
    start = 0 if state.last_epoch is None else state.last_epoch + EPOCH_US
    for minutes, presence, moves in stretches:
        for _ in range(round(minutes * 6)):
            onsets = int(moves and start % (2 * MINUTE) == 0)
            epoch = Epoch(start, (0.0, 0.0, 1.0), 0.0, onsets, presence=presence)
            state, transition = process_epoch(state, Method.BED_MOVEMENT, epoch)
            if transition is not None:
                found.append((transition.onset / MINUTE, transition.in_bed))
            start += EPOCH_US
    return state, found


def test_a_leg_that_lies_after_walking_is_in_bed_since_the_last_step() -> None:
    events = detect((LEFT, block(walking_then_lying(60.0))))
    assert transitions(events) == [(0.0, False), (60.0, True)]


@pytest.mark.parametrize("seconds", [20.0, 40.0])
def test_a_gross_movement_is_not_walking(seconds: float) -> None:
    """It lasts up to 45 s (docs/science.md#gross-movements), and may end in another direction."""
    found = ankle_transitions(
        (900, LYING, STILL), (seconds, STANDING, SHAKEN), (900, STANDING, STILL)
    )
    assert found == [(0.0, True)]


@pytest.mark.parametrize("gravity", [LYING, ON_THE_SIDE], ids=["as it lay", "as it lay before"])
def test_a_leg_that_is_rubbed_for_two_minutes_stays_in_bed(gravity: Gravity) -> None:
    found = ankle_transitions(
        (600, ON_THE_SIDE, STILL), (600, LYING, STILL), (120, gravity, SHAKEN), (900, LYING, STILL)
    )
    assert found == [(0.0, True)]


def test_a_leg_that_walks_in_a_new_direction_is_up_since_the_first_step() -> None:
    found = ankle_transitions(
        (600, ON_THE_SIDE, STILL),
        (600, LYING, STILL),
        (80, STANDING, WALKING),
        (60, STANDING, STILL),
        (900, LYING, STILL),
    )
    assert found == [(0.0, True), (1200.0, False), (1340.0, True)]


def test_a_leg_that_walks_in_the_direction_in_which_it_lay_is_up_after_three_minutes() -> None:
    """A sensor can be worn so that a standing leg looks like a lying one."""
    found = ankle_transitions((900, LYING, STILL), (240, LYING, WALKING), (600, ON_THE_SIDE, STILL))
    assert found == [(0.0, True), (900.0, False), (1140.0, True)]


def test_strides_are_walking_in_any_direction_of_the_leg() -> None:
    """Shaking a leg hard for 90 s is not walking; 60 s of strides are."""

    def transitions_with(seconds: int, *, gait: bool) -> list[tuple[float, bool]]:
        state = BedState()
        found = []
        for start in range(0, 1800, 10):
            moves = 900 <= start < 900 + seconds
            epoch = Epoch(
                start * SECOND,
                LYING,
                float(moves),
                int(start % 70 == 0),
                1,
                striding_share=float(moves),
                gait=Gait.CLEAR if gait and moves else Gait.NONE,
            )
            state, transition = process_epoch(state, Method.ANKLE, epoch)
            if transition is not None:
                found.append((transition.onset / SECOND, transition.in_bed))
        return found

    assert transitions_with(90, gait=False) == [(0.0, True)]
    assert transitions_with(60, gait=True)[:2] == [(0.0, True), (900.0, False)]


def test_a_leg_that_hangs_out_of_the_bed_has_not_left_it() -> None:
    walk = (100, STANDING, WALKING)
    lie = (900, LYING, STILL)
    found = ankle_transitions(
        walk, lie, (200, STANDING, STILL), lie, (10, STANDING, SHAKEN), (100, STANDING, STILL), lie
    )
    assert found == [(0.0, False), (100.0, True)]
    found = ankle_transitions(walk, lie, (20, STANDING, WALKING), (60, STANDING, STILL))
    assert found[-1] == (1000.0, False)


def test_standing_still_for_a_while_before_lying_counts_as_standing() -> None:
    """Four minutes without a step are standing; ten minutes are lying in that direction."""
    found = ankle_transitions((100, STANDING, WALKING), (600, STANDING, STILL), (600, LYING, STILL))
    assert found == [(0.0, False), (100.0, True)]
    found = ankle_transitions((100, STANDING, WALKING), (240, STANDING, STILL), (600, LYING, STILL))
    assert found == [(0.0, False), (340.0, True)]


def test_a_leg_in_the_direction_of_standing_is_in_bed_after_twenty_minutes_without_a_step() -> None:
    assert ankle_transitions((100, STANDING, WALKING), (1100, STANDING, STILL)) == [(0.0, False)]
    found = ankle_transitions((100, STANDING, WALKING), (1600, STANDING, STILL))
    assert found == [(0.0, False), (100.0, True)]


def test_a_sensor_on_a_table_is_not_in_bed() -> None:
    assert transitions(detect((LEFT, block(ankle(length=1200))))) == []


def test_the_first_transition_takes_five_minutes() -> None:
    assert transitions(detect((LEFT, block(ankle((30.0, 2.0), (90.0, 2.0), length=240))))) == []


def test_weight_on_the_load_cells_is_in_bed_at_once() -> None:
    times = np.arange(6000) / 10
    load = np.where((times >= 100) & (times < 400), 120.0, 45.0)
    assert transitions(detect((LOAD, load_block(load)))) == [(100.0, True), (400.0, False)]


def test_a_load_that_never_changes_shows_nothing() -> None:
    assert transitions(detect((LOAD, load_block(np.full(6000, 120.0))))) == []


def test_a_load_that_moves_but_never_changes_is_a_person_from_the_first_epoch_on() -> None:
    """A recording may begin in bed, and then nothing shows the empty bed."""
    times = np.arange(25 * 600) / 10
    load = np.full(len(times), 120.0)
    for onset in range(100, 1500, 250):
        load[(times >= onset) & (times < onset + 2)] += 3.0 * np.sin(np.arange(20))
    assert transitions(detect((LOAD, load_block(load)))) == [(0.0, True)]
    # It leaves later: the lower load is that of the empty bed.
    leaves = np.concatenate([load, np.full(600, 45.0)])
    assert transitions(detect((LOAD, load_block(leaves)))) == [(0.0, True), (1500.0, False)]
    # Movements that are further apart, or a few minutes of them, show nothing.
    for few in (load[:9000], np.where(times < 200, load, 120.0)):
        assert transitions(detect((LOAD, load_block(few)))) == []


def test_emg_is_in_bed_from_its_first_sample() -> None:
    signal = np.random.default_rng(0).normal(0, 1, (1, 250 * 60))
    assert transitions(detect((TIBIALIS, block(signal, rate=250.0)))) == [(0.0, True)]


def test_a_bed_that_feels_no_person_is_empty_after_half_an_hour_without_movement() -> None:
    state, found = bed_transitions(
        (60, Presence.COVERED, True), (20, Presence.COVERED, False), state=BedState()
    )
    assert (found, state.in_bed) == ([(0.0, True)], True)
    ((left, in_bed),) = bed_transitions((15, Presence.COVERED, False), state=state)[1]
    assert not in_bed
    assert left == pytest.approx(58, abs=0.5)


def test_an_empty_day_does_not_lower_the_confidence_in_what_a_bed_feels() -> None:
    known, found = bed_transitions(
        (20, Presence.FELT, False),
        (12 * 60, Presence.ABSENT, False),
        (1, Presence.FELT, False),
        state=BedState(),
    )
    assert [in_bed for _, in_bed in found] == [True, False, True]
    state, found = bed_transitions(
        (1 / 6, Presence.ABSENT, False), (1, Presence.FELT, False), state=known
    )
    assert (found, state.in_bed) == ([], True)
    assert state.bed_movement.reliability >= known.bed_movement.reliability


STRETCH = st.tuples(
    st.integers(1, 150),
    st.sampled_from([*Presence]),
    st.sampled_from([LYING, STANDING, ON_THE_SIDE]),
    st.sampled_from([0.0, 0.6, 1.0]),
    st.integers(0, 1),
    st.sampled_from(Gait),
    st.sampled_from([0, 0, 0, 2, 30, 90, -90]),
)
"""Epochs, presence, gravity, share of walking, movements per epoch, gait, and the minutes without
data before it; negative if the clock is set back."""


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([Method.BED_MOVEMENT, Method.ANKLE, Method.RECORDED]),
    st.lists(STRETCH, max_size=12),
)
def test_no_transition_lies_in_a_gap_or_in_the_future_or_before_the_last_one(
    method: Method, stretches: list[tuple[int, Presence, Gravity, float, int, Gait, int]]
) -> None:
    state = BedState()
    start = 1000 * MINUTE
    earliest = start
    for count, presence, gravity, walking_share, onsets, gait, away in stretches:
        start += away * MINUTE
        if away:
            state = state.without_times() if away < 0 else state
            earliest = start
        for _ in range(count):
            peak = 0.01 * (1 + onsets)
            epoch = Epoch(start, gravity, walking_share, onsets, 1, peak, presence, gait=gait)
            state, transition = process_epoch(state, method, epoch)
            start += EPOCH_US
            if transition is not None:
                assert earliest <= transition.onset <= start
                earliest = transition.onset


def test_the_most_reliable_sensor_decides() -> None:
    """The ankle lies still, but the load cells show that the bed is empty."""
    times = np.arange(6000) / 10
    load = np.where(times < 300, 120.0, 45.0)
    pipeline = Pipeline([LEFT, LOAD])
    kicks = [(100.0, 2.0), (200.0, 2.0), (400.0, 2.0)]
    events = pipeline.process(LEFT.id, block(ankle(*kicks, length=600)))
    events += pipeline.process(LOAD.id, load_block(load))
    events += pipeline.finish()
    assert transitions(events)[-1] == (300.0, False)


def test_spans_in_bed_last_from_going_to_bed_to_getting_up() -> None:
    events = [BedTransition(10, True), BedTransition(50, False), BedTransition(70, True)]
    assert in_bed_spans(events, 100) == [(10, 50), (70, 100)]
