"""What looks like a cramp, and what must not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.detector import Detector
from limber_bridge.detection.events import Certainty, Cramp, Event, Gap, identity
from limber_bridge.detection.signal import SECOND, Block, Clock, Floats, Place, Quantity, Sensor, Side
from tests.detection.signals import LEFT, RATE, ankle, block, cut, turned

CALF = Sensor(6, Quantity.EMG, Place.CALF, Side.LEFT)
EMG_RATE = 100.0
LENGTH = 1800.0
AT = 1000.0


def calf(*tense: tuple[float, float, float], rest: float = 6.0, length: float = LENGTH) -> Floats:
    """Calf EMG whose RMS is `level` uV from `begin` to `end`, for each (begin, end, level)."""
    times = np.arange(round(length * EMG_RATE)) / EMG_RATE
    envelope = np.full(len(times), rest)
    for begin, end, level in tense:
        envelope[(times >= begin) & (times < end)] = level
    signal: Floats = np.random.default_rng(3).normal(0.0, 1.0, (1, len(times))) * envelope
    return signal


def moved(*kicks: tuple[float, float], size: float = 0.3) -> Floats:
    return ankle(*kicks, length=LENGTH, size=size)


def found(*signals: tuple[Sensor, Floats, float]) -> list[Cramp]:
    """The cramps in signals, each as it was told last."""
    detector = Detector([sensor for sensor, _, _ in signals])
    events = [
        event for sensor, samples, rate in signals for event in detector.feed(sensor.id, block(samples, rate=rate))
    ]
    cramps = [event for event in events + detector.finish() if isinstance(event, Cramp)]
    return list({identity(cramp): cramp for cramp in cramps}.values())


def probable(emg: Floats, acceleration: Floats) -> list[Cramp]:
    cramps = found((LEFT, acceleration, RATE), (CALF, emg, EMG_RATE))
    return [cramp for cramp in cramps if cramp.certainty is Certainty.PROBABLE]


def test_tension_without_movement_and_then_a_response() -> None:
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
        (calf(*[(AT + 0.9 * beat, AT + 0.9 * beat + 0.05, 90.0) for beat in range(200)]), moved((AT + 60, 30.0))),
        (calf((AT, AT + 0.4, 4000.0)), moved((AT + 20, 30.0))),
        (calf((AT, LENGTH, 25.0)), moved((AT + 300, 30.0))),
        (calf((AT, AT + 90, 25.0)), moved((AT + 41, 5.0))),
    ],
    ids=[
        "no response", "too short", "begins with movement", "too weak", "periodic movements", "heart beat",
        "electrode pop", "response too late", "response too short",
    ],
)  # fmt: skip
def test_what_is_no_probable_cramp(emg: Floats, acceleration: Floats) -> None:
    assert probable(emg, acceleration) == []


def test_at_most_one_alert_in_a_quarter_of_an_hour() -> None:
    tense = [(AT + 200 * number, AT + 200 * number + 60, 25.0) for number in range(4)]
    answers = [(AT + 200 * number + 41, 25.0) for number in range(4)]
    assert len(probable(calf(*tense), moved(*answers))) == 1


def asleep_then(*kicks: tuple[float, float], up: float | None, size: float = 0.3) -> Floats:
    """An ankle that walks, lies, and after quiet sleep kicks, and perhaps gets up and walks."""
    signal = ankle((0.0, 60.0), (90.0, 1.0), (100.0, 1.0), *kicks, length=LENGTH, size=size)
    signal[:, : round(60 * RATE)] += ankle((0.0, 60.0), length=60.0, size=0.8)
    signal = turned(signal, 61.0, 90.0)
    if up is not None:
        signal = turned(signal, up, -90.0)
        begin, end = round((up + 1) * RATE), round((up + 90) * RATE)
        signal[:, begin:end] += ankle((0.0, 89.0), length=89.0, size=0.8)
    return signal


def possible(acceleration: Floats) -> list[Cramp]:
    return found((LEFT, acceleration, RATE))


def test_sudden_movement_after_quiet_sleep_and_then_getting_up() -> None:
    (cramp,) = possible(asleep_then((AT, 35.0), up=AT + 36))
    assert (cramp.certainty, "getting up" in cramp.reason) == (Certainty.POSSIBLE, True)
    assert cramp.onset / SECOND == pytest.approx(AT, abs=1.0)


def test_rubbing_for_more_than_a_minute() -> None:
    (cramp,) = possible(asleep_then((AT, 9.0), (AT + 12, 30.0), (AT + 50, 40.0), up=None))
    assert "for a minute or more" in cramp.reason


@pytest.mark.parametrize(
    "signal",
    [
        asleep_then(up=AT),
        asleep_then((AT, 30.0), up=None),
        asleep_then((AT, 3.0), up=AT + 60),
        asleep_then((AT - 200, 12.0), (AT, 35.0), up=AT + 36),
        asleep_then(*[(AT - 240 + 20 * number, 2.0) for number in range(12)], (AT, 35.0), up=AT + 36),
        turned(asleep_then(up=None), AT, 60.0),
        asleep_then(*[(AT + 2 * number, 0.3) for number in range(10)], up=AT + 60),
    ],
    ids=[
        "going to the toilet", "a large movement", "a kick and getting up later", "restless before",
        "periodic movements before", "a change of posture", "twitches",
    ],
)  # fmt: skip
def test_what_is_no_possible_cramp(signal: Floats) -> None:
    assert possible(signal) == []


SIGNALS = {
    1: block(asleep_then((AT, 35.0), up=AT + 36)),
    6: block(calf((AT - 41, AT + 50, 25.0)), rate=EMG_RATE),
}


def events_of(pieces: list[tuple[int, Block]]) -> list[str]:
    detector = Detector([LEFT, CALF])
    events: list[Event] = [event for sensor, piece in pieces for event in detector.feed(sensor, piece)]
    return sorted(repr(event) for event in events + detector.finish())


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, round(LENGTH * RATE)), max_size=20), st.randoms(use_true_random=False))
def test_any_split_finds_the_same_cramps(cuts: list[int], random: object) -> None:
    whole = events_of(list(SIGNALS.items()))
    assert any("PROBABLE" in event for event in whole)
    queues = [[(sensor, piece) for piece in cut(signal, cuts)] for sensor, signal in SIGNALS.items()]
    mixed: list[tuple[int, Block]] = []
    while any(queues):
        mixed.append(random.choice([queue for queue in queues if queue]).pop(0))  # type: ignore[attr-defined]
    assert events_of(mixed) == whole


def test_a_cramp_that_lasted_when_we_were_killed_has_an_end() -> None:
    before = Detector([LEFT, CALF])
    emg, acceleration = calf((AT, AT + 90, 25.0)), moved((AT + 41, 30.0))
    stop = AT + 60
    events = before.feed(1, block(acceleration[:, : round(stop * RATE)]))
    events += before.feed(6, block(emg[:, : round(stop * EMG_RATE)], rate=EMG_RATE))
    (lasting,) = [event for event in events if isinstance(event, Cramp)]
    assert lasting.end is None
    after = Detector([LEFT, CALF], memory=before.memory, events=events)
    start = round((stop + 20) * SECOND)
    told = after.feed(1, Block(0, acceleration[:, round((stop + 20) * RATE) :], Clock(0, start, RATE), RATE))
    (ended,) = [event for event in told if isinstance(event, Cramp)]
    assert (ended.onset, ended.end is not None) == (lasting.onset, True)
    assert any(isinstance(event, Gap) for event in told)
