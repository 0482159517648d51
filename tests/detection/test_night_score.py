"""In bed, asleep and the measures of a night."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.bed_presence import Presence
from limber_bridge.detection.bed_state import BedState
from limber_bridge.detection.epochs import Epoch
from limber_bridge.detection.events import (
    BedTransition,
    Event,
    Gap,
    Method,
    Movement,
    PositionChange,
    UnilateralMovement,
)
from limber_bridge.detection.in_bed import process_epoch
from limber_bridge.detection.measures import MEASURES, Measures
from limber_bridge.detection.night_score import Coverage, score_night
from limber_bridge.detection.pipeline import Pipeline, movement_sensors
from limber_bridge.detection.rules import AASM, WASM_2016
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock, Sensor, Side
from limber_bridge.detection.sleep import asleep_spans, in_bed_spans
from limber_bridge.detection.spans import Span
from tests.detection.signals import BED, LEFT, LOAD, RATE, RIGHT, TIBIALIS, ankle, block, detect

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def kick(minute: float, seconds: float = 2.0, *, candidate: bool = True) -> Movement:
    onset = round(minute * MINUTE)
    part = UnilateralMovement(Side.LEFT, onset, onset + round(seconds * SECOND))
    return Movement(part.onset, part.end, (part,), candidate)


def beds(events: Sequence[Event]) -> list[tuple[float, bool]]:
    return [
        (round(event.onset / SECOND, 1), event.in_bed)
        for event in events
        if isinstance(event, BedTransition)
    ]


def walked(seconds: float) -> np.ndarray:
    """A leg that walks, then lies for ten minutes with two kicks in them."""
    signal = ankle((seconds + 60, 2.0), (seconds + 200, 2.0), length=seconds + 600)
    stop = round(seconds * RATE)
    times = np.arange(stop) / RATE
    signal[:, :stop] = 0.0
    signal[2, :stop] = 1.0 + 0.8 * np.sin(2 * np.pi * 1.9 * times)
    return signal


def test_an_ankle_that_walked_and_lies_is_in_bed_since_it_lies() -> None:
    assert beds(detect((LEFT, block(walked(60.0))))) == [(0.0, False), (60.0, True)]


LAIN = (0.0, 1.0, 0.0)
ACROSS = (0.0, 0.0, 1.0)
BESIDE = (1.0, 0.0, 0.0)


def epochs(*stretches: tuple[float, tuple[float, float, float], float]) -> list[tuple[float, bool]]:
    """What an ankle tells of (seconds, direction of gravity, share of walking); it kicks now and
    then."""
    state = BedState()
    told = []
    start = 0
    for seconds, way, strong in stretches:
        for _ in range(round(seconds / 10)):
            state, bed = process_epoch(
                state, Method.ANKLE, Epoch(start, way, strong, int(start % (70 * SECOND) == 0), 1)
            )
            told += [] if bed is None else [(bed.onset / SECOND, bed.in_bed)]
            start += 10 * SECOND
    return told


@pytest.mark.parametrize("seconds", [20.0, 40.0])
def test_a_large_movement_is_no_walk(seconds: float) -> None:
    """They last up to 45 s (science reference 1.6), and end in another direction."""
    assert epochs((900, LAIN, 0), (seconds, ACROSS, 1), (900, ACROSS, 0)) == [(0.0, True)]


@pytest.mark.parametrize("way", [LAIN, BESIDE], ids=["as it lay", "as it lay before"])
def test_a_leg_that_is_rubbed_for_two_minutes_is_in_bed(way: tuple[float, float, float]) -> None:
    assert epochs((600, BESIDE, 0), (600, LAIN, 0), (120, way, 1), (900, LAIN, 0)) == [(0.0, True)]


def test_who_walks_across_to_how_he_lay_is_up_since_he_does() -> None:
    told = epochs(
        (600, BESIDE, 0), (600, LAIN, 0), (80, ACROSS, 1), (60, ACROSS, 0), (900, LAIN, 0)
    )
    assert told == [(0.0, True), (1200.0, False), (1340.0, True)]


def test_who_walks_as_he_lay_is_up_after_three_minutes() -> None:
    """A sensor that is worn so that a standing leg looks like one that lies."""
    told = epochs((900, LAIN, 0), (240, LAIN, 1), (600, BESIDE, 0))
    assert told == [(0.0, True), (900.0, False), (1140.0, True)]


def test_strides_are_a_walk_however_the_leg_points() -> None:
    """As it lay: rubbing for a minute and a half is none, striding for one is."""

    def told(seconds: int, vigorous: float) -> list[tuple[float, bool]]:
        state = BedState()
        events = []
        for start in range(0, 1800, 10):
            moves = 900 <= start < 900 + seconds
            epoch = Epoch(
                start * SECOND,
                LAIN,
                float(moves),
                int(start % 70 == 0),
                1,
                striding_share=vigorous if moves else 0.0,
            )
            state, bed = process_epoch(state, Method.ANKLE, epoch)
            events += [] if bed is None else [(bed.onset / SECOND, bed.in_bed)]
        return events

    assert told(90, 0.5) == [(0.0, True)]
    assert told(60, 1.0)[:2] == [(0.0, True), (900.0, False)]


def test_a_leg_that_hangs_from_the_bed_has_not_left_it() -> None:
    walked = (100, ACROSS, 1)
    lay = (900, LAIN, 0)
    told = epochs(walked, lay, (200, ACROSS, 0), lay, (10, ACROSS, 1), (100, ACROSS, 0), lay)
    assert told == [(0.0, False), (100.0, True)]
    assert epochs(walked, lay, (20, ACROSS, 1), (60, ACROSS, 0))[-1] == (1010.0, False)


def test_whose_leg_comes_to_lie_long_after_the_last_step_lay_since_then() -> None:
    assert epochs((100, ACROSS, 1), (600, ACROSS, 0), (600, LAIN, 0)) == [
        (0.0, False),
        (100.0, True),
    ]
    assert epochs((100, ACROSS, 1), (240, ACROSS, 0), (600, LAIN, 0)) == [
        (0.0, False),
        (340.0, True),
    ]


def test_who_sleeps_as_he_stands_is_in_bed_after_twenty_minutes_without_a_step() -> None:
    assert epochs((100, ACROSS, 1), (1100, ACROSS, 0)) == [(0.0, False)]
    assert epochs((100, ACROSS, 1), (1600, ACROSS, 0)) == [(0.0, False), (100.0, True)]


def test_a_sensor_on_a_table_is_not_in_bed() -> None:
    assert beds(detect((LEFT, block(ankle(length=1200))))) == []


def test_nobody_knows_before_five_minutes_are_over() -> None:
    assert beds(detect((LEFT, block(ankle((30.0, 2.0), (90.0, 2.0), length=240))))) == []


def test_weight_on_the_cells_is_somebody_in_bed_at_once() -> None:
    times = np.arange(6000) / 10
    load = np.where((times >= 100) & (times < 400), 120.0, 45.0)[None, :]
    events = detect((LOAD, SampleBlock(0, load, SampleClock(0, 0, 10.0), 10.0)))
    assert beds(events) == [(100.0, True), (400.0, False)]


def test_weight_that_never_changes_tells_nothing() -> None:
    load = np.full((1, 6000), 120.0)
    assert beds(detect((LOAD, SampleBlock(0, load, SampleClock(0, 0, 10.0), 10.0)))) == []


def test_electrodes_are_worn_in_bed() -> None:
    signal = np.random.default_rng(0).normal(0, 1, (1, 250 * 60))
    assert beds(detect((TIBIALIS, block(signal, rate=250.0)))) == [(0.0, True)]


def lying(
    *stretches: tuple[float, Presence, bool], state: BedState
) -> tuple[BedState, list[tuple[float, bool]]]:
    """What a sensor at the bed tells of (minutes, what is felt, whether something moves every 2
    min)."""
    told = []
    start = 0 if state.last_epoch is None else state.last_epoch + 10 * SECOND
    for minutes, life, moves in stretches:
        for _ in range(round(minutes * 6)):
            onsets = int(moves and start % (2 * MINUTE) == 0)
            state, bed = process_epoch(
                state,
                Method.BED_MOVEMENT,
                Epoch(start, (0.0, 0.0, 1.0), 0.0, onsets, presence=life),
            )
            told += [] if bed is None else [(bed.onset / MINUTE, bed.in_bed)]
            start += 10 * SECOND
    return state, told


def test_a_bed_that_feels_nobody_is_left_when_nothing_moves_in_it_for_half_an_hour() -> None:
    state, told = lying(
        (60, Presence.COVERED, True), (20, Presence.COVERED, False), state=BedState()
    )
    assert (told, state.in_bed) == ([(0.0, True)], True)
    ((left, here),) = lying((15, Presence.COVERED, False), state=state)[1]
    assert not here
    assert left == pytest.approx(58, abs=0.5)


def test_a_day_without_anybody_does_not_count_against_who_comes_then() -> None:
    """A bed that is known to feel who lies in it is known to do so still."""
    known, told = lying(
        (20, Presence.FELT, False),
        (12 * 60, Presence.ABSENT, False),
        (1, Presence.FELT, False),
        state=BedState(),
    )
    assert [here for _, here in told] == [True, False, True]
    state, told = lying((1 / 6, Presence.ABSENT, False), (1, Presence.FELT, False), state=known)
    assert (told, state.in_bed) == ([], True)
    assert state.bed_movement.reliability >= known.bed_movement.reliability


STRETCH = st.tuples(
    st.integers(1, 150),
    st.sampled_from([*Presence]),
    st.sampled_from([LAIN, ACROSS, BESIDE]),
    st.sampled_from([0.0, 0.6, 1.0]),
    st.integers(0, 1),
    st.sampled_from([0, 0, 0, 2, 30, 90, -90]),
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([Method.BED_MOVEMENT, Method.ANKLE, Method.RECORDED]),
    st.lists(STRETCH, max_size=12),
)
def test_nobody_comes_or_goes_in_a_hole_or_in_the_future_or_before_the_last_one_did(
    method: Method,
    stretches: list[tuple[int, Presence, tuple[float, float, float], float, int, int]],
) -> None:
    """The last number: minutes without data before the stretch, or by which the clock is set back."""
    state = BedState()
    start = 1000 * MINUTE
    earliest = 1000 * MINUTE
    for count, life, way, strong, onsets, away in stretches:
        start += away * MINUTE
        if away:
            state = state.without_times() if away < 0 else state
            earliest = start
        for _ in range(count):
            state, bed = process_epoch(
                state, method, Epoch(start, way, strong, onsets, 1, 0.01 * (1 + onsets), life)
            )
            start += 10 * SECOND
            if bed is not None:
                assert earliest <= bed.onset <= start
                earliest = bed.onset


@pytest.mark.parametrize(
    ("sensors", "expected"),
    [
        ([LEFT, RIGHT], {1, 2}),
        ([LEFT, BED, LOAD], {1}),
        ([BED, LOAD], {4}),
        ([LEFT, RIGHT, TIBIALIS], {2, 3}),
        ([LOAD], {5}),
    ],
    ids=[
        "both legs",
        "leg before bed",
        "frame before cells",
        "EMG before acceleration of one leg",
        "cells alone",
    ],
)
def test_whose_movements_count(sensors: list[Sensor], expected: set[int]) -> None:
    assert movement_sensors(sensors) == expected


def test_the_most_reliable_sensor_says_who_is_in_bed() -> None:
    """The ankle lies still, but the cells know that the bed is empty."""
    times = np.arange(6000) / 10
    load = np.where(times < 300, 120.0, 45.0)[None, :]
    detector = Pipeline([LEFT, LOAD])
    events = detector.process(1, block(ankle((100.0, 2.0), (200.0, 2.0), (400.0, 2.0), length=600)))
    events += (
        detector.process(5, SampleBlock(0, load, SampleClock(0, 0, 10.0), 10.0)) + detector.finish()
    )
    assert beds(events)[-1] == (300.0, False)


def test_sleep_is_five_minutes_without_anything_but_leg_movements() -> None:
    events: list[Event] = [
        BedTransition(0, True),
        kick(4),
        PositionChange(12 * MINUTE, 12 * MINUTE + 5 * SECOND),
        kick(14, 40.0),
        kick(30),
    ]
    spans = [
        (round(a / MINUTE, 2), round(b / MINUTE, 2)) for a, b in asleep_spans(events, 60 * MINUTE)
    ]
    assert spans == [(0.0, 12.0), (14.67, 60.0)]


def test_stretches_in_bed_are_between_going_and_leaving() -> None:
    events = [BedTransition(10, True), BedTransition(50, False), BedTransition(70, True)]
    assert in_bed_spans(events, 100) == [(10, 50), (70, 100)]


ALL = (0, 8 * HOUR)


def covered(seen: Mapping[int, Span | None], movers: Collection[int]) -> Coverage:
    return Coverage(begin=0, until=8 * HOUR, seen=seen, movement_sensors=movers)


WHOLE = covered({1: ALL}, [1])


def night(*events: Event, **more: object) -> Measures:
    return score_night(events, WASM_2016, WHOLE).measures


PLMS = [kick(60 + number / 2) for number in range(10)]


def test_measures_of_a_night() -> None:
    found = night(BedTransition(0, True), *PLMS, kick(200))
    assert found == Measures(
        time_in_bed_h=8.0,
        sleep_h=8.0,
        movements=11,
        candidates=11,
        plm=10,
        plm_index=10 / 8,
        plms_index=10 / 8,
        plmw_index=None,
        clms_index=11 / 8,
        movement_index=11 / 8,
        periodicity_index=10 / 11,
        short_interval_index=0.0,
        isolated_index=1 / 8,
        clm_duration_mean=2.0,
        clm_duration_median=2.0,
        plm_duration_mean=2.0,
        plm_duration_median=2.0,
        imi_mean=30.0,
        imi_median=30.0,
        imi_ln_mean=log(30),
        imi_ln_sd=0.0,
        imi_share_short=0.0,
        imi_share_periodic=0.9,
        imi_share_long=0.1,
        series_count=1,
        series_length_median=10,
        series_length_max=10,
        series_duration_max=272.0,
        plm_by_hour=(0, 10, 0, 0, 0, 0, 0, 0),
        plm_by_third=(10, 0, 0),
        plm_left=10,
        plm_right=0,
        plm_both=0,
        longest_quiet_h=(280 * 60 - 2) / 3600,
        twitches=0,
        rhythmic_trains=0,
    )


def test_every_measure_has_its_function() -> None:
    assert list(MEASURES) == [field.name for field in fields(Measures)]


def test_a_turn_parts_no_sleep_from_a_shorter_piece_of_it() -> None:
    """Three minutes of stillness before the first long stretch and after the last one; more of them
    are restless."""
    turns = [
        PositionChange(minute * MINUTE, minute * MINUTE + 5 * SECOND)
        for minute in (10, 13, 16, 40, 43, 46, 49)
    ]
    awake = [kick(9, 50.0), kick(49.5, 60.0)]
    spans = [
        (round(a / MINUTE), round(b / MINUTE))
        for a, b in asleep_spans([BedTransition(0, True), *awake, *turns], 52 * MINUTE)
    ]
    assert spans == [(0, 9), (13, 43)]


def test_time_awake_in_bed_is_a_denominator_of_its_own() -> None:
    turns = [
        PositionChange(round(minute * MINUTE), round((minute + 0.1) * MINUTE))
        for minute in np.arange(60, 89, 1.5)
    ]
    found = night(BedTransition(0, True), *turns, *PLMS)
    assert found.sleep_h == pytest.approx(8 - 28.6 / 60, abs=0.01)
    assert found.plmw_index == pytest.approx(10 / (28.6 / 60), rel=0.02)


def test_turning_over_is_no_waking_but_being_restless_is() -> None:
    turning: list[Event] = [
        BedTransition(0, True),
        PositionChange(20 * MINUTE, 20 * MINUTE + 5 * SECOND),
        kick(22, 12.0),
    ]
    assert asleep_spans(turning, HOUR) == [(0, HOUR)]
    restless = [
        PositionChange(minute * MINUTE, minute * MINUTE + 5 * SECOND) for minute in range(20, 32, 2)
    ]
    assert asleep_spans([BedTransition(0, True), *restless], HOUR) == [
        (0, 20 * MINUTE),
        (30 * MINUTE + 5 * SECOND, HOUR),
    ]


def test_who_turns_again_and_again_between_two_stretches_of_sleep_is_awake() -> None:
    """With 25 s of movement in 8 min: two turns less would be none."""
    turns = [
        PositionChange(round(minute * MINUTE), round(minute * MINUTE) + 5 * SECOND)
        for minute in (20, 21.9, 24, 26, 28)
    ]
    assert asleep_spans([BedTransition(0, True), *turns], HOUR) == [
        (0, 20 * MINUTE),
        (28 * MINUTE + 5 * SECOND, HOUR),
    ]
    assert asleep_spans([BedTransition(0, True), turns[0], turns[-1]], HOUR) == [(0, HOUR)]


def test_without_a_word_on_the_bed_there_are_counts_but_no_indices() -> None:
    found = night(*PLMS)
    assert (found.movements, found.plm) == (10, 10)
    assert found.time_in_bed_h is found.plm_index is found.plms_index is None


def test_movements_out_of_bed_are_not_counted() -> None:
    found = night(BedTransition(0, True), BedTransition(2 * HOUR, False), *PLMS, kick(200))
    assert (found.movements, found.time_in_bed_h) == (10, 2.0)


def test_gaps_leave_every_denominator() -> None:
    found = night(
        BedTransition(0, True), *PLMS, Gap(1, 3 * HOUR, 7 * HOUR), BedTransition(7 * HOUR, True)
    )
    assert (found.time_in_bed_h, found.plm_index) == (4.0, 2.5)


def test_after_a_long_time_without_a_signal_nobody_is_in_bed_until_the_signs_say_so() -> None:
    found = night(BedTransition(0, True), *PLMS, Gap(1, 3 * HOUR, 7 * HOUR))
    assert (found.time_in_bed_h, found.sleep_h) == (3.0, 3.0)


def test_a_gap_is_no_stillness() -> None:
    turns = [PositionChange(minute * MINUTE, minute * MINUTE + SECOND) for minute in (20, 41)]
    events: list[Event] = [BedTransition(0, True), *turns, BedTransition(42 * MINUTE, False)]
    assert asleep_spans(events, HOUR, [(21 * MINUTE, 40 * MINUTE)]) == [(0, 20 * MINUTE)]


def test_a_gap_of_one_sensor_is_none_while_another_measures() -> None:
    events: list[Event] = [
        BedTransition(0, True),
        *PLMS,
        Gap(1, 3 * HOUR, 7 * HOUR),
        Gap(2, 6 * HOUR, 8 * HOUR),
    ]
    score = score_night(events, WASM_2016, covered({1: ALL, 2: ALL}, [1, 2]))
    assert score.gaps == ((6 * HOUR, 7 * HOUR),)


def test_what_a_slow_sensor_cannot_see_is_unknown_and_not_none() -> None:
    found = score_night([BedTransition(0, True)], WASM_2016, covered({1: ALL}, [])).measures
    assert found == replace(
        Measures(**dict.fromkeys(one.name for one in fields(Measures))),
        time_in_bed_h=8.0,
        sleep_h=8.0,
    )


def test_a_leg_that_nobody_measured_has_no_movements_rather_than_none() -> None:
    """A battery that died, or a sensor that was never worn: the bed goes on measuring, and the legs
    are unknown."""
    died = score_night(
        [BedTransition(0, True), *PLMS], WASM_2016, covered({1: (0, 2 * HOUR), 2: ALL}, [1])
    ).measures
    assert (died.time_in_bed_h, died.plm, died.plm_index) == (8.0, 10, 5.0)
    for never in (None, (-9 * HOUR, -HOUR)):
        absent = score_night(
            [BedTransition(0, True)], WASM_2016, covered({1: never, 2: ALL}, [1])
        ).measures
        assert (absent.time_in_bed_h, absent.movements, absent.plm_index) == (8.0, None, None)


def test_a_second_sensor_that_is_never_worn_hides_no_gap() -> None:
    events: list[Event] = [
        BedTransition(0, True),
        *PLMS,
        Gap(1, 3 * HOUR, 7 * HOUR),
        BedTransition(7 * HOUR, True),
    ]
    found = score_night(events, WASM_2016, covered({1: ALL, 2: None}, [1, 2])).measures
    assert (found.time_in_bed_h, found.plm_index) == (4.0, 2.5)


def test_aasm_does_not_score_wake() -> None:
    turns = [
        PositionChange(round(minute * MINUTE), round((minute + 0.1) * MINUTE))
        for minute in np.arange(60, 89, 1.5)
    ]
    found = score_night([BedTransition(0, True), *turns, *PLMS], AASM, WHOLE).measures
    assert (found.candidates, found.plmw_index) == (0, None)


def test_an_empty_night() -> None:
    found = night(BedTransition(0, True))
    assert (found.movements, found.plm_index, found.periodicity_index) == (0, 0.0, None)
