"""The monitor of one sleeper, whose host's clock is set back."""

import numpy as np
import pytest

from limber_bridge.detection.events import ClockStep, Movement, Series
from limber_bridge.detection.signal import SECOND
from limber_bridge.sources.source_api import Reason
from tests.bridge.examples import local
from tests.bridge.monitor_driver import KICKS, MINUTE, Driver
from tests.detection.signals import ankle


def test_detection_continues_after_the_clock_is_set_back(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(*KICKS, length=100))
    sleeper.now -= 60 * MINUTE
    before = len(sleeper.events)
    sleeper.send_ankle(ankle(*KICKS, length=200, seed=2))
    later = [filed.event for filed in sleeper.events[before:]]
    series = [event for event in later if isinstance(event, Series)]
    assert [one.movements for one in series if not one.ended] == [4]
    assert sleeper.monitor.state(sleeper.now).sensors["1"].connected
    sleeper.pass_time(1)
    assert not sleeper.monitor.state(sleeper.now).sensors["1"].connected


def test_a_past_problem_does_not_return_when_the_clock_is_set_back(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(length=2))
    sleeper.send_error(Reason.WRONG_KEY)
    with_gaps = ankle(length=10)
    with_gaps[:, ::2] = np.nan
    sleeper.send_ankle(with_gaps)
    sleeper.now -= 14 * 60 * MINUTE
    sleeper.send_ankle(ankle(length=70))
    health = sleeper.monitor.state(sleeper.now).sensors["1"]
    assert (health.problem, health.quality) == (None, 100)


def test_a_clock_set_back_while_the_bridge_was_off_is_reported(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(*KICKS, length=100))
    sleeper.now -= 60 * MINUTE
    restarted = sleeper.restart()
    before = len(restarted.events)
    restarted.apply(restarted.monitor.resume_at(restarted.now))
    (step,) = [filed.event for filed in restarted.events[before:]]
    assert isinstance(step, ClockStep)
    assert step.onset == restarted.now
    assert step.by / SECOND == pytest.approx(-3600, abs=1)
    restarted.send_ankle(ankle(*KICKS, length=100, seed=2))
    assert restarted.monitor.clock.measured_until <= restarted.now
    assert restarted.monitor.state(restarted.now).tonight.measures.movements == 12


def test_a_normal_restart_reports_no_clock_step(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(length=10))
    sleeper.now += 5 * SECOND
    assert not sleeper.restart().monitor.resume_at(sleeper.now)


def test_a_clock_set_back_during_a_movement_loses_no_later_movement(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(*KICKS, (95.0, 9.0), length=100))
    sleeper.now -= 60 * MINUTE
    kicks = [(20.0 + 15 * number, 2.0) for number in range(10)]
    sleeper.send_ankle(ankle(*kicks, length=200, seed=2))
    later = [
        event for event in sleeper.live_events(Movement) if event.onset < local("2026-11-21T21:30")
    ]
    assert len(later) == 10
