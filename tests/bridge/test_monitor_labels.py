"""The monitor of one sleeper: labels of cramps move its thresholds."""

from dataclasses import replace

import pytest

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import Cramp
from limber_bridge.detection.signal import SECOND
from limber_bridge.storage.restore import RestoredState
from tests.bridge.monitor_driver import Driver
from tests.detection.signals import ankle, turned


def send_cramp(sleeper: Driver, *kicks: tuple[float, float]) -> int:
    """Deliver going to bed, sleep, kicks and getting up; return the start (us)."""
    began = sleeper.now
    signal = turned(ankle((90.0, 1.0), (100.0, 1.0), *kicks, length=1400), 61.0, 90.0)
    signal[:, : 60 * 50] += ankle((0.0, 60.0), length=60.0, size=0.8)
    up = round((kicks[-1][0] + kicks[-1][1] + 2) * 50)
    signal = turned(signal, up / 50 - 1, -90.0)
    signal[:, up : up + 90 * 50] += ankle((0.0, 90.0), length=90.0, size=0.8)
    sleeper.send_ankle(signal, block_s=5.0)
    return began


def thresholds(driver: Driver) -> tuple[float, int]:
    """The threshold of possible cramps, and the number of labels."""
    state = driver.monitor.state(driver.now)
    return state.cramp_thresholds["possible"], state.cramp_labels


def test_labels_move_the_threshold_at_once_and_after_a_restart(sleeper: Driver) -> None:
    send_cramp(sleeper, (1000.0, 35.0))
    (cramp,) = sleeper.live_events(Cramp)
    assert cramp.strength == pytest.approx(2.5, abs=0.2)
    labels: list[Label] = []
    for number in range(3):
        label = Label(f"cramp-{number}", number, cramp=False, about=replace(cramp, onset=number))
        labels += sleeper.monitor.add_label(label).labels
    own, count = thresholds(sleeper)
    assert (own > 2.3, count) == (True, 3)
    restarted = Driver(sleeper.config, sleeper.now, RestoredState(labels=labels))
    assert thresholds(restarted) == (own, 3)
    for driver in (sleeper, restarted):
        before = len(driver.live_events(Cramp))
        send_cramp(driver, (1000.0, 30.0))
        assert len(driver.live_events(Cramp)) == before
        driver.monitor.reset_labels()
        assert thresholds(driver) == (1.0, 0)
        send_cramp(driver, (1000.0, 30.0))
        assert len(driver.live_events(Cramp)) == before + 1


def test_a_label_for_a_moment_finds_its_cramp_once_enough_is_known(sleeper: Driver) -> None:
    """9 s of movement are no cramp by the rule, and the label is given before they are known."""
    began = sleeper.now
    label = Label(f"moment-{began + 1080 * SECOND}", began + 1080 * SECOND, cramp=True)
    sleeper.apply(sleeper.monitor.add_label(label))
    send_cramp(sleeper, (1000.0, 9.0))
    assert sleeper.live_events(Cramp) == []
    assert sleeper.labels == [label]
    sleeper.pass_time(5)
    (found,) = sleeper.labels[1:]
    assert (found.id, found.about is not None) == (label.id, True)
    assert found.about is not None
    assert (found.about.onset - began) / SECOND == pytest.approx(1000.0, abs=1.0)
    assert found.about.strength == pytest.approx(0.7, abs=0.2)
    assert thresholds(sleeper) == (1.0, 1)
