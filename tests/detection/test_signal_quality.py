"""Faults of a signal are reported, and are not movements."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import (
    BedTransition,
    Event,
    FaultKind,
    Movement,
    PositionChange,
    SignalFault,
    Twitch,
    event_id,
)
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, SampleClock
from tests.detection.signals import (
    LEFT,
    RATE,
    TIBIALIS,
    ankle,
    block,
    cut,
    detect,
    emg,
    movements,
    turned,
)

EMG_RATE = 250.0


def heart(signal: Floats, size: float, pace: float = 1.1, until: float | None = None) -> Floats:
    """Return EMG with heartbeats in it: `pace` per second, with a peak of `size` uV."""
    rng = np.random.default_rng(7)
    times = np.arange(signal.shape[1]) / EMG_RATE
    result = signal.copy()
    beat = 0.3
    while beat < (until or times[-1]):
        near = np.abs(times - beat) < 0.08
        result[0, near] += size * np.exp(-(((times[near] - beat) / 0.012) ** 2))
        beat += 1 / pace + rng.normal(0, 0.03)
    return result


def hum(signal: Floats, size: float, begin: float, end: float, frequency: float = 50.0) -> Floats:
    """Return EMG with mains hum from `begin` to `end` (s)."""
    times = np.arange(signal.shape[1]) / EMG_RATE
    humming = (times >= begin) & (times < end)
    return signal + size * np.sin(2 * np.pi * frequency * times) * humming


def found(signal: Floats) -> list[Event]:
    return detect((TIBIALIS, block(signal, rate=EMG_RATE)))


def faults(events: Sequence[Event]) -> list[SignalFault]:
    """Return the faults, each as it was reported last."""
    return list(
        {event_id(event): event for event in events if isinstance(event, SignalFault)}.values()
    )


BURSTS = [(30.0, 2.0), (60.0, 0.8), (95.0, 4.0), (130.0, 1.5)]


@pytest.mark.parametrize("pace", [0.9, 1.2, 1.6])
@pytest.mark.parametrize("size", [30.0, 80.0, 150.0])
def test_a_heartbeat_in_the_emg_is_reported_and_changes_no_movement(
    pace: float, size: float
) -> None:
    events = found(heart(emg(*BURSTS, length=160.0), size, pace))
    assert [one.fault for one in faults(events)] == [FaultKind.HEART_BEAT]
    times = [(one.onset / SECOND, one.duration / SECOND) for one in movements(events)]
    assert [onset for onset, _ in times] == pytest.approx([onset for onset, _ in BURSTS], abs=0.25)
    assert [duration for _, duration in times] == pytest.approx(
        [duration for _, duration in BURSTS], abs=0.25
    )
    assert sum(isinstance(event, Twitch) for event in events) <= 10


def test_emg_without_a_heartbeat_has_no_fault() -> None:
    assert faults(found(emg(*BURSTS, length=160.0))) == []


def test_a_heartbeat_that_is_lost_ends_the_fault() -> None:
    (fault,) = faults(found(heart(emg(length=120.0), 60.0, until=60.0)))
    assert fault.end is not None
    assert fault.end / SECOND == pytest.approx(80.0, abs=2.0)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, round(120 * EMG_RATE) - 1), max_size=20))
def test_any_split_of_a_signal_with_faults_gives_the_same_events(cuts: list[int]) -> None:
    signal = block(
        hum(heart(emg((40, 2), (70, 3), length=120), 60.0, until=70.0), 20.0, 80.0, 118.0),
        rate=EMG_RATE,
    )
    detector = Pipeline([TIBIALIS])
    events = [event for piece in cut(signal, cuts) for event in detector.process(3, piece)]
    assert sorted(map(repr, events + detector.finish())) == sorted(map(repr, found(signal.samples)))


@pytest.mark.parametrize("frequency", [50.0, 60.0])
def test_mains_hum_is_reported_and_is_not_a_movement(frequency: float) -> None:
    events = found(hum(emg(length=600.0), 30.0, 120.0, 420.0, frequency))
    (fault,) = faults(events)
    assert fault.fault is FaultKind.MAINS_HUM
    assert fault.onset / SECOND == pytest.approx(120.0, abs=60.0)
    assert fault.end is not None
    assert fault.end / SECOND == pytest.approx(450.0, abs=31.0)
    assert movements(events) == []


def test_an_amplifier_without_noise_is_not_worn() -> None:
    signal = emg(length=300.0)
    signal[0, round(100 * EMG_RATE) :] = 12.0
    (fault,) = faults(found(signal))
    assert fault.fault is FaultKind.NOT_WORN
    assert fault.onset / SECOND == pytest.approx(100.0, abs=12.0)


def test_an_ankle_sensor_that_never_moves_is_not_worn() -> None:
    (fault,) = faults(detect((LEFT, block(ankle((100.0, 2.0), length=3 * 3600.0)))))
    assert fault.fault is FaultKind.NOT_WORN
    assert fault.onset / SECOND == pytest.approx(100.0, abs=12.0)


def test_a_sensor_that_turns_without_a_movement_has_a_loose_strap() -> None:
    signal = ankle((100.0, 2.0), length=2400.0)
    degrees = np.radians(np.clip((np.arange(signal.shape[1]) / RATE - 300.0) / 60.0, 0, 12))
    signal[:2] = (
        np.cos(degrees) * signal[0] - np.sin(degrees) * signal[1],
        (np.sin(degrees) * signal[0] + np.cos(degrees) * signal[1]),
    )
    events = detect((LEFT, block(signal)))
    assert [one.fault for one in faults(events)] == [FaultKind.STRAP_LOOSE]
    assert len(movements(events)) == 1


@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("degrees", [2.0, 3.0, 4.0, 10.0])
def test_a_strap_that_slides_is_not_a_movement(degrees: float, seconds: float) -> None:
    signal = ankle(length=120.0)
    way = np.radians(degrees) * np.clip((np.arange(signal.shape[1]) / RATE - 60.0) / seconds, 0, 1)
    signal[0] += np.sin(way)
    signal[1] += np.cos(way) - 1
    assert movements(detect((LEFT, block(signal)))) == []


def test_noise_that_grows_is_not_a_movement() -> None:
    signal = ankle((60.0, 2.0), (400.0, 2.0), length=500.0)
    later = slice(round(150 * RATE), None)
    signal[:, later] += np.random.default_rng(1).normal(0.0, 0.01, signal[:, later].shape)
    events = detect((LEFT, block(signal)))
    assert [round(event.onset / SECOND) for event in events if isinstance(event, Movement)] == [
        60,
        400,
    ]
    assert not any(isinstance(event, PositionChange) for event in events)


@pytest.mark.parametrize("seconds", [25.0, 58.0, 110.0])
@pytest.mark.parametrize("walks", [0.0, 300.0])
def test_restless_legs_in_bed_are_not_getting_up(seconds: float, walks: float) -> None:
    kicks = [(float(onset), 2.0) for onset in range(400, 1700, 150)]
    signal = turned(ankle(*kicks, length=1800.0), walks, 80.0)
    signal[:, : round(walks * RATE)] += ankle((0.0, walks), length=walks, size=0.8)
    begin = round(1200 * RATE)
    restless = ankle((0.0, seconds), length=seconds, size=0.5, noise=0.0)
    signal[2, begin : begin + restless.shape[1]] += restless[2]
    last = [event for event in detect((LEFT, block(signal))) if isinstance(event, BedTransition)][
        -1
    ]
    assert last.in_bed
    assert last.onset / SECOND == pytest.approx(walks, abs=11.0)


def test_a_fault_that_was_open_at_a_restart_gets_an_end() -> None:
    signal = hum(emg(length=200.0), 30.0, 0.0, 200.0)
    before = Pipeline([TIBIALIS])
    events = before.process(3, block(signal, rate=EMG_RATE))
    (lasting,) = faults(events)
    assert lasting.end is None
    after = Pipeline([TIBIALIS], state=before.state, events=events)
    reported = after.process(
        3, SampleBlock(0, signal[:, :1000], SampleClock(0, 260 * SECOND, EMG_RATE), EMG_RATE)
    )
    (ended,) = faults(reported)
    assert (ended.onset, ended.end) == (lasting.onset, 200 * SECOND - round(SECOND / EMG_RATE))
