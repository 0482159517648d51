"""The monitor of one sleeper: what is published live, and what a restart keeps."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import Gap, Movement, Series
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.sources.source_api import Reason, Samples
from tests.bridge.examples import config, local
from tests.bridge.monitor_driver import KICKS, LISTEN, LIVE, Driver
from tests.detection.signals import ankle

# --- Live ---


def test_movements_and_a_series_are_published_live(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(*KICKS, length=80))
    assert len(sleeper.live_events(Movement)) == 6
    assert [event.ended for event in sleeper.live_events(Series)] == [False]
    state = sleeper.monitor.state(sleeper.now)
    assert (state.tonight.measures.movements, state.tonight.measures.plm) == (6, 6)
    assert state.tonight.night == date(2026, 11, 22)
    assert state.in_bed is None
    assert state.tonight.measures.time_in_bed_h is None


def test_a_movement_is_published_as_soon_as_it_can_be_known(sleeper: Driver) -> None:
    """It ends after 0.5 s at rest, and is found one frame (50 ms) and one block (0.5 s) later."""
    sleeper.send_ankle(ankle((5.0, 2.0), length=7.0 + 0.5 + 0.5 + 0.1))
    assert len(sleeper.live_events(Movement)) == 1


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0, 5.0])
def test_movements_in_large_frames_of_two_legs_are_bilateral(
    tmp_path: Path, seconds: float
) -> None:
    """A sensor that sends seldom is not late, so the other leg waits for it."""
    right = "{id: 3, source: network, placement: ankle, side: right, quantity: acceleration}"
    driver = Driver(config(tmp_path, f"{LIVE}\n{right}", more=LISTEN), local("2026-11-21T22:00"))
    signals = {1: ankle(*KICKS, length=100), 3: ankle(*KICKS, length=100, seed=2)}
    size = round(50 * seconds)
    for begin in range(0, 5000, size):
        clock = SampleClock(begin, driver.now, 50.0)
        driver.now += round(size / 50 * SECOND)
        for sensor, signal in signals.items():
            block = SampleBlock(begin, signal[:, begin : begin + size], clock, 50.0)
            driver.apply(driver.monitor.process_arrival(sensor, Samples(sensor, block), driver.now))
            driver.apply(driver.monitor.advance_to(driver.now))
    assert [event.bilateral for event in driver.live_events(Movement)] == [True] * 6


def test_a_signal_fault_is_a_problem_while_it_lasts(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle((5.0, 2.0), length=60.0))
    sleeper.send_ankle(ankle(length=7230.0), block_s=10.0)
    assert sleeper.monitor.state(sleeper.now).sensors["1"].problem == "not_worn"
    sleeper.send_ankle(ankle((5.0, 2.0), length=30.0))
    assert sleeper.monitor.state(sleeper.now).sensors["1"].problem is None


def test_the_health_of_a_sensor_counts_lost_samples_and_refused_frames(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(length=5))
    sleeper.number += 25
    sleeper.now += SECOND // 2
    with_gaps = ankle(length=5)
    with_gaps[:, :10] = np.nan
    sleeper.send_ankle(with_gaps)
    sleeper.send_error(Reason.WRONG_KEY)
    sleeper.send_error(Reason.SATURATED)
    health = sleeper.monitor.state(sleeper.now).sensors["1"]
    assert (health.lost, health.refused, health.problem) == (35, 1, "saturated")
    assert health.quality == round(100 * (500 - 10) / 525)


# --- Restarts ---


@pytest.mark.parametrize("cut", [4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 9.0])
def test_a_movement_at_a_crash_is_stored_or_covered_by_the_gap(sleeper: Driver, cut: float) -> None:
    started = sleeper.now
    sleeper.send_ankle(ankle((5.0, 2.0), length=cut))
    restarted = sleeper.restart()
    restarted.now += 3 * SECOND
    restarted.send_ankle(ankle(length=5))
    spans = [
        (filed.event.onset, filed.event.end)
        for filed in restarted.events
        if isinstance(filed.event, Movement | Gap)
    ]
    kick = started + 5 * SECOND, started + 7 * SECOND
    near = SECOND // 4
    assert any(begin <= kick[0] + near and end >= kick[1] - near for begin, end in spans)


def test_a_restart_continues_the_night_and_its_series(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(*KICKS, length=38))
    restarted = sleeper.restart()
    restarted.now += 2 * SECOND
    restarted.send_ankle(ankle(*[(onset - 40, 2.0) for onset, _ in KICKS if onset > 40], length=40))
    assert restarted.monitor.state(restarted.now).tonight.measures.movements == 6
    assert restarted.monitor.state(restarted.now).tonight.measures.plm == 6


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 3999), max_size=4, unique=True))
def test_restarts_at_any_time_give_the_same_count(tmp_path: Path, at: list[int]) -> None:
    """80 s with six kicks, restarted at any sample; each restart loses 0.4 s at rest."""
    driver = Driver(config(tmp_path, LIVE, more=LISTEN), local("2026-11-21T22:00"))
    signal = ankle(*KICKS, length=80)
    begin = 0
    for stop in [*sorted(at), signal.shape[1]]:
        quiet = next(
            (round(on * 50) for on, last in KICKS if on * 50 - 60 < stop < (on + last) * 50 + 60),
            None,
        )
        stop = stop if quiet is None else max(begin, quiet - 100)  # noqa: PLW2901 - out of the kick
        driver.send_ankle(signal[:, begin:stop])
        begin = min(stop + (0 if stop == signal.shape[1] else 20), signal.shape[1])
        driver.now += 20 * SECOND // 50
        driver = driver.restart() if stop < signal.shape[1] else driver
    assert driver.monitor.state(driver.now).tonight.measures.movements == 6


def test_a_movement_in_progress_is_stored_when_the_bridge_stops(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle((5.0, 9.0), length=8.0))
    assert sleeper.live_events(Movement) == []
    sleeper.apply(sleeper.monitor.interrupt(sleeper.now))
    (movement,) = sleeper.live_events(Movement)
    assert movement.duration / SECOND == pytest.approx(3.0, abs=0.1)


def test_a_movement_in_progress_at_a_crash_is_covered_by_the_gap(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle((60.0, 9.0), length=62.0))
    crashed = sleeper.restart()
    crashed.now += 5 * SECOND
    crashed.send_ankle(ankle(length=20.0))
    (gap,) = [filed.event for filed in crashed.events if isinstance(filed.event, Gap)]
    assert (gap.onset - local("2026-11-21T22:00")) / SECOND == pytest.approx(60.0, abs=0.1)
