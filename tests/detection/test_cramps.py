"""Signals that look like a cramp, and signals that must not."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.cramp_bins import BIN_US, CrampBin
from limber_bridge.detection.events import Certainty, Cramp, Event, Gap, event_id
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.possible_cramps import (
    Activity,
    possible_cramp_strength,
    union_duration,
)
from limber_bridge.detection.probable_cramps import ProbableCrampDetector
from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)
from tests.detection.signals import LEFT, RATE, ankle, block, cut, turned

CALF = Sensor(6, Quantity.EMG, Placement.CALF, Side.LEFT)
EMG_RATE = 200.0
LENGTH = 1800.0
AT = 1000.0
NO_THRESHOLDS: Mapping[Certainty, float] = {}


def calf(*tense: tuple[float, float, float], rest: float = 6.0, length: float = LENGTH) -> Floats:
    """Calf EMG whose RMS is `level` uV from `begin` to `end`, for each (begin, end, level)."""
    times = np.arange(round(length * EMG_RATE)) / EMG_RATE
    envelope = np.full(len(times), rest)
    for begin, end, level in tense:
        envelope[(times >= begin) & (times < end)] = level
    signal: Floats = np.random.default_rng(3).normal(0.0, 1.0, (1, len(times))) * envelope
    return signal


def humming(level: float) -> Floats:
    """Return a resting calf with mains hum of `level` uV RMS after `AT`."""
    times = np.arange(round(LENGTH * EMG_RATE)) / EMG_RATE
    return calf() + level * 2**0.5 * np.sin(2 * np.pi * 50 * times) * (times >= AT)


def moved(*kicks: tuple[float, float], size: float = 0.3) -> Floats:
    return ankle(*kicks, length=LENGTH, size=size)


def found(
    *signals: tuple[Sensor, Floats, float], thresholds: Mapping[Certainty, float] = NO_THRESHOLDS
) -> list[Cramp]:
    """Return the cramps in signals, each as it was reported last."""
    detector = Pipeline([sensor for sensor, _, _ in signals], thresholds=thresholds)
    events = [
        event
        for sensor, samples, rate in signals
        for event in detector.process(sensor.id, block(samples, rate=rate))
    ]
    cramps = [event for event in events + detector.finish() if isinstance(event, Cramp)]
    return list({event_id(cramp): cramp for cramp in cramps}.values())


def probable(emg: Floats, acceleration: Floats, threshold: float = 1.0) -> list[Cramp]:
    thresholds = {Certainty.PROBABLE: threshold}
    cramps = found((LEFT, acceleration, RATE), (CALF, emg, EMG_RATE), thresholds=thresholds)
    return [cramp for cramp in cramps if cramp.certainty is Certainty.PROBABLE]


def test_tension_without_movement_and_then_a_response_is_a_probable_cramp() -> None:
    (cramp,) = probable(calf((AT, AT + 90, 25.0)), moved((AT + 41, 30.0)))
    assert cramp.onset / SECOND == pytest.approx(AT, abs=1.5)
    assert cramp.end is not None
    assert cramp.end / SECOND == pytest.approx(AT + 90, abs=1.5)
    assert "without movement" in cramp.reason


@pytest.mark.parametrize(
    ("emg", "acceleration"),
    [
        (calf((AT, AT + 90, 25.0)), moved()),
        (calf((AT, AT + 20, 25.0)), moved((AT + 21, 30.0))),
        (calf((AT, AT + 90, 25.0)), moved((AT, 40.0))),
        (calf((AT, AT + 90, 10.0)), moved((AT + 41, 30.0))),
        (calf(*[(AT + 25 * number, AT + 25 * number + 3, 60.0) for number in range(10)]), moved()),
        (
            calf(*[(AT + 0.9 * beat, AT + 0.9 * beat + 0.05, 90.0) for beat in range(200)]),
            moved((AT + 60, 30.0)),
        ),
        (calf((AT, AT + 0.4, 4000.0)), moved((AT + 20, 30.0))),
        (calf((AT, LENGTH, 25.0)), moved((AT + 300, 30.0))),
        (calf((AT, AT + 90, 25.0)), moved((AT + 41, 5.0))),
        (humming(25.0), moved((AT + 60, 30.0))),
    ],
    ids=[
        "no response",
        "too short",
        "begins with movement",
        "too weak",
        "periodic movements",
        "heart beat",
        "electrode pop",
        "response too late",
        "response too short",
        "mains hum",
    ],
)
def test_other_tension_is_not_a_probable_cramp(emg: Floats, acceleration: Floats) -> None:
    assert probable(emg, acceleration) == []


def test_there_is_at_most_one_alert_in_15_minutes() -> None:
    tense = [(AT + 200 * number, AT + 200 * number + 60, 25.0) for number in range(4)]
    answers = [(AT + 200 * number + 41, 25.0) for number in range(4)]
    assert len(probable(calf(*tense), moved(*answers))) == 1


def test_a_probable_cramp_has_the_tension_of_the_calf() -> None:
    """Four times its baseline; the band leaves 0.88 of the noise that stands for EMG, and one bin
    in five is lower."""
    (cramp,) = probable(calf((AT, AT + 90, 25.0)), moved((AT + 41, 30.0)))
    assert cramp.features["baseline_uv"] == pytest.approx(0.88 * 6.0, abs=0.1)
    assert cramp.features["level_uv"] == pytest.approx(0.88 * 25.0, rel=0.1)
    assert cramp.strength == pytest.approx(
        cramp.features["level_uv"] / (cramp.features["baseline_uv"] + 8.0)
    )
    # The response stands once it has lasted for 10 s.
    assert cramp.features["tense_s"] == pytest.approx(51.0, abs=2.0)


def test_a_higher_threshold_reports_only_tenser_calves() -> None:
    signals = calf((AT, AT + 90, 25.0)), moved((AT + 41, 30.0))
    (cramp,) = probable(*signals)
    assert probable(*signals, threshold=1.4) == [cramp]
    assert probable(*signals, threshold=2.0) == []


CALM = 6.0
TIGHT = 14.0
"""uV; a calf at rest, and the level at which it is tense."""


@given(st.floats(1.0, 5.0), st.sampled_from([1.0, 1.5, 2.0, 3.0]))
def test_a_probable_cramp_is_reported_up_to_its_strength(times: float, threshold: float) -> None:
    calf_of_bins = ProbableCrampDetector([6], [(1, Quantity.ACCELERATION)])
    calf_of_bins.threshold = threshold
    levels = [CALM] * 400 + [times * TIGHT] * 160
    rests = [0.0] * 480 + [0.5] * 80
    calf_of_bins.add_bins(
        6, [CrampBin(number * BIN_US, level, (0.0,)) for number, level in enumerate(levels)]
    )
    calf_of_bins.add_bins(
        1, [CrampBin(number * BIN_US, level, (0.0, 1.0, 0.0)) for number, level in enumerate(rests)]
    )
    told = list(calf_of_bins.advance_to(len(levels) * BIN_US))
    assert [cramp.strength for cramp in told] == [pytest.approx(times)] * (times >= threshold)


def asleep_then(*kicks: tuple[float, float], up: float | None, size: float = 0.3) -> Floats:
    """Return an ankle that walks, lies, kicks after quiet sleep, and walks again after `up`."""
    signal = ankle((0.0, 60.0), (90.0, 1.0), (100.0, 1.0), *kicks, length=LENGTH, size=size)
    signal[:, : round(60 * RATE)] += ankle((0.0, 60.0), length=60.0, size=0.8)
    signal = turned(signal, 61.0, 90.0)
    if up is not None:
        signal = turned(signal, up, -90.0)
        begin = round((up + 1) * RATE)
        end = round((up + 90) * RATE)
        signal[:, begin:end] += ankle((0.0, 89.0), length=89.0, size=0.8)
    return signal


def possible(acceleration: Floats, threshold: float = 1.0) -> list[Cramp]:
    return found((LEFT, acceleration, RATE), thresholds={Certainty.POSSIBLE: threshold})


def test_sudden_movement_and_then_getting_up_is_a_possible_cramp() -> None:
    (cramp,) = possible(asleep_then((AT, 35.0), up=AT + 36))
    assert (cramp.certainty, "getting up" in cramp.reason) == (Certainty.POSSIBLE, True)
    assert cramp.onset / SECOND == pytest.approx(AT, abs=1.0)


def test_rubbing_for_more_than_a_minute_is_a_possible_cramp() -> None:
    (cramp,) = possible(asleep_then((AT, 9.0), (AT + 12, 30.0), (AT + 50, 40.0), up=None))
    assert "for a minute or more" in cramp.reason


def rubbed(signal: Floats, begin: float, seconds: float) -> Floats:
    """Return the same leg, rubbed once a second after `begin`."""
    times = np.arange(signal.shape[1]) / RATE
    within = (times >= begin) & (times < begin + seconds)
    result = signal.copy()
    result[2] += (
        0.3 * np.abs(np.sin(np.pi * (times - begin))) ** 9 * within * np.sin(2 * np.pi * 7 * times)
    )
    return result


def test_even_rubbing_counts_as_continued_movement() -> None:
    (cramp,) = possible(rubbed(asleep_then((AT, 18.0), up=None), AT + 20, 80.0))
    assert "for a minute or more" in cramp.reason


def test_even_rubbing_alone_is_not_a_cramp() -> None:
    assert possible(rubbed(asleep_then(up=None), AT, 80.0)) == []


def test_movements_of_both_legs_at_once_count_once() -> None:
    moves = [
        Activity(0, 20 * SECOND, None),
        Activity(5 * SECOND, 25 * SECOND, None),
        Activity(40 * SECOND, 41 * SECOND, 1.0),
    ]
    assert union_duration(moves, 60 * SECOND) == 26 * SECOND
    assert union_duration(moves, 22 * SECOND) == 22 * SECOND


def test_a_possible_cramp_has_the_duration_of_the_movement() -> None:
    (cramp,) = possible(asleep_then((AT, 35.0), up=AT + 36))
    # The kick, and some of the turn towards the edge of the bed.
    assert cramp.features["moving_1min_s"] == pytest.approx(37.0, abs=2.5)
    assert cramp.strength == cramp.features["moving_1min_s"] / 15
    assert cramp.features["up_after_s"] == pytest.approx(40.0, abs=5.0)
    assert "peak_ratio" not in cramp.features


def test_a_lower_threshold_reports_fainter_cramps_and_a_higher_one_fewer() -> None:
    faint = asleep_then((AT, 9.0), up=AT + 60)
    strong = asleep_then((AT, 35.0), up=AT + 36)
    assert possible(faint) == []
    (cramp,) = possible(faint, threshold=0.5)
    assert cramp.strength == pytest.approx(9 / 15, rel=0.1)
    assert possible(strong, threshold=2.0) == possible(strong)
    assert possible(strong, threshold=2.8) == []


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"moving_1min_s": 15.0, "moving_3min_s": 15.0, "up_after_s": 60.0}, 1.0),
        ({"moving_1min_s": 15.0, "moving_3min_s": 60.0}, 1.0),
        ({"moving_1min_s": 30.0, "moving_3min_s": 90.0}, 1.5),
        ({"moving_1min_s": 30.0, "moving_3min_s": 30.0}, 0.5),
        (
            {"moving_1min_s": 30.0, "moving_3min_s": 30.0, "up_after_s": 60.0, "peak_ratio": 0.7},
            0.7,
        ),
        (
            {"moving_1min_s": 30.0, "moving_3min_s": 30.0, "up_after_s": 60.0, "peak_ratio": 9.0},
            2.0,
        ),
    ],
    ids=[
        "just the rule, up",
        "just the rule, rubbing",
        "more rubbing",
        "neither",
        "weak",
        "very strong",
    ],
)
def test_the_strength_of_a_possible_cramp_is_1_at_the_rule(
    features: dict[str, float], expected: float
) -> None:
    assert possible_cramp_strength(features) == expected


@pytest.mark.parametrize(
    "signal",
    [
        asleep_then(up=AT),
        asleep_then((AT, 30.0), up=None),
        asleep_then((AT, 3.0), up=AT + 60),
        asleep_then((AT - 200, 12.0), (AT, 35.0), up=AT + 36),
        asleep_then(
            *[(AT - 240 + 20 * number, 2.0) for number in range(12)], (AT, 35.0), up=AT + 36
        ),
        turned(asleep_then(up=None), AT, 60.0),
        asleep_then(*[(AT + 2 * number, 0.3) for number in range(10)], up=AT + 60),
    ],
    ids=[
        "going to the toilet",
        "a large movement",
        "a kick and getting up later",
        "restless before",
        "periodic movements before",
        "a change of posture",
        "twitches",
    ],
)
def test_other_movement_is_not_a_possible_cramp(signal: Floats) -> None:
    assert possible(signal) == []


SIGNALS = {
    1: block(asleep_then((AT, 35.0), up=AT + 36)),
    6: block(calf((AT - 41, AT + 50, 25.0)), rate=EMG_RATE),
}


def events_of(
    pieces: list[tuple[int, SampleBlock]], thresholds: Mapping[Certainty, float] = NO_THRESHOLDS
) -> list[str]:
    detector = Pipeline([LEFT, CALF], thresholds=thresholds)
    events: list[Event] = [
        event for sensor, piece in pieces for event in detector.process(sensor, piece)
    ]
    return sorted(repr(event) for event in events + detector.finish())


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(1, round(LENGTH * RATE)), max_size=20), st.randoms(use_true_random=False)
)
def test_any_split_finds_the_same_cramps(cuts: list[int], random: object) -> None:
    whole = events_of(list(SIGNALS.items()))
    assert any("PROBABLE" in event for event in whole)
    queues = [
        [(sensor, piece) for piece in cut(signal, cuts)] for sensor, signal in SIGNALS.items()
    ]
    mixed: list[tuple[int, SampleBlock]] = []
    while any(queues):
        mixed.append(random.choice([queue for queue in queues if queue]).pop(0))  # type: ignore[attr-defined]
    assert events_of(mixed) == whole


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(1, round(LENGTH * RATE)), max_size=20))
def test_any_split_finds_the_same_cramps_with_personal_thresholds(
    cuts: list[int],
) -> None:
    own = {Certainty.PROBABLE: 2.5, Certainty.POSSIBLE: 0.5}
    whole = events_of(list(SIGNALS.items()), own)
    assert any("POSSIBLE" in event for event in whole)
    assert not any("PROBABLE" in event for event in whole)
    assert (
        events_of(
            [(sensor, piece) for sensor, one in SIGNALS.items() for piece in cut(one, cuts)], own
        )
        == whole
    )


@pytest.mark.parametrize(
    "stop", [AT - 300, AT - 10], ids=["five minutes before", "ten seconds before"]
)
def test_a_restart_finds_the_same_probable_cramp(stop: float) -> None:
    emg = calf((AT, AT + 90, 25.0))
    acceleration = moved((AT + 41, 30.0))
    (whole,) = probable(emg, acceleration)
    before = Pipeline([LEFT, CALF])
    early = before.process(1, block(acceleration[:, : round(stop * RATE)]))
    early += before.process(6, block(emg[:, : round(stop * EMG_RATE)], rate=EMG_RATE))
    after = Pipeline([LEFT, CALF], state=before.state, events=early)
    late = [
        event
        for sensor, piece in later(emg, acceleration, stop + 5)
        for event in after.process(sensor, piece)
    ]
    (cramp,) = {
        event_id(event): event for event in late + after.finish() if isinstance(event, Cramp)
    }.values()
    assert (cramp.onset, cramp.end) == (whole.onset, whole.end)
    assert cramp.strength == pytest.approx(whole.strength, rel=0.01)


def later(emg: Floats, acceleration: Floats, begin: float) -> list[tuple[int, SampleBlock]]:
    """Return what the sensors send after they restarted at `begin` (s), with new sample numbers."""
    start = round(begin * SECOND)
    moves = acceleration[:, round(begin * RATE) :]
    calves = emg[:, round(begin * EMG_RATE) :]
    return [
        (1, SampleBlock(0, moves, SampleClock(0, start, RATE), RATE)),
        (6, SampleBlock(0, calves, SampleClock(0, start, EMG_RATE), EMG_RATE)),
    ]


def test_other_electrodes_start_with_a_new_baseline() -> None:
    before = Pipeline([LEFT, CALF])
    before.process(1, block(moved()))
    before.process(6, block(calf(), rate=EMG_RATE))
    assert len(before.state.calf_baseline) == 1200
    other = Sensor(7, Quantity.EMG, Placement.CALF, Side.RIGHT)
    assert (
        Pipeline([LEFT, CALF], state=before.state).state.calf_baseline == before.state.calf_baseline
    )
    assert Pipeline([LEFT, other], state=before.state).state.calf_baseline == ()


def test_personal_thresholds_are_kept_when_the_clock_is_set_back() -> None:
    detector = Pipeline([LEFT], thresholds={Certainty.POSSIBLE: 3.0})
    signal = asleep_then((AT, 35.0), up=AT + 36)
    detector.process(1, block(signal, start=7200 * SECOND))
    assert not any(
        isinstance(event, Cramp) for event in detector.process(1, block(signal)) + detector.finish()
    )


def test_a_cramp_that_was_open_at_a_restart_gets_an_end() -> None:
    before = Pipeline([LEFT, CALF])
    emg = calf((AT, AT + 90, 25.0))
    acceleration = moved((AT + 41, 30.0))
    stop = AT + 60
    events = before.process(1, block(acceleration[:, : round(stop * RATE)]))
    events += before.process(6, block(emg[:, : round(stop * EMG_RATE)], rate=EMG_RATE))
    (lasting,) = [event for event in events if isinstance(event, Cramp)]
    assert lasting.end is None
    after = Pipeline([LEFT, CALF], state=before.state, events=events)
    start = round((stop + 20) * SECOND)
    told = after.process(
        1,
        SampleBlock(
            0, acceleration[:, round((stop + 20) * RATE) :], SampleClock(0, start, RATE), RATE
        ),
    )
    (ended,) = [event for event in told if isinstance(event, Cramp)]
    assert (ended.onset, ended.end is not None) == (lasting.onset, True)
    assert any(isinstance(event, Gap) for event in told)
