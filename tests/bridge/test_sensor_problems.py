"""Which problem of a sensor is shown: what others send hides nothing, and means nothing alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.daemon.sensor_health import RECENT_US, SensorHealthTracker
from limber_bridge.detection.events import FaultKind, SignalFault
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.sources.source_api import FrameError, Reason, Samples

START = 1_790_000_000 * SECOND
STRANGERS_ERRORS = (Reason.WRONG_KEY, Reason.MALFORMED, Reason.UNKNOWN_QUANTITY, Reason.REPEATED)
"""Errors that frames of anyone can cause."""


class Health:
    """The health of one sensor, and the time."""

    def __init__(self) -> None:
        self.tracker = SensorHealthTracker(START, live=True)
        self.now = START

    def send(self, seconds: int = 1) -> None:
        """Deliver the samples of some seconds, one block each second."""
        for _ in range(seconds):
            clock = SampleClock(0, self.now, 50.0)
            block = SampleBlock(0, np.ones((3, 50)), clock, 50.0)
            self.now += SECOND
            self.tracker.process(Samples(1, block), self.now)

    def fail(self, reason: Reason, *, unproven: bool = False) -> None:
        self.tracker.process(FrameError(1, reason, "x", unproven), self.now)

    def begin_fault(self) -> None:
        self.tracker.process_fault(SignalFault(1, self.now, None, FaultKind.NOT_WORN))

    def problem(self) -> str | None:
        return self.tracker.problem(self.now)


@pytest.mark.parametrize("reason", STRANGERS_ERRORS)
def test_a_forged_frame_a_minute_shows_nothing_and_hides_nothing(reason: Reason) -> None:
    health = Health()
    for _ in range(3):
        health.send(30)
        health.fail(reason, unproven=True)
        assert health.problem() is None
        health.send(30)
    health.begin_fault()
    health.fail(reason, unproven=True)
    assert health.problem() == "not_worn"
    assert health.tracker.message(health.now).error_counts == {reason: 4}


@pytest.mark.parametrize("reason", STRANGERS_ERRORS)
def test_it_is_shown_while_the_sensor_delivers_nothing(reason: Reason) -> None:
    health = Health()
    health.fail(reason, unproven=True)
    assert health.problem() == reason
    health.send()
    assert health.problem() is None
    health.now += RECENT_US - 2 * SECOND
    assert health.problem() == reason
    health.now += 2 * SECOND
    assert health.problem() == "silent"


def test_an_error_that_refuses_all_samples_comes_before_the_signal() -> None:
    health = Health()
    health.begin_fault()
    health.send()
    health.fail(Reason.WRONG_RATE)
    health.fail(Reason.SATURATED)
    assert health.problem() == "wrong_rate"


@pytest.mark.parametrize("reason", [Reason.SATURATED, Reason.RESTARTED, Reason.MALFORMED])
def test_an_error_of_one_frame_does_not_hide_what_is_wrong_with_the_signal(reason: Reason) -> None:
    health = Health()
    health.send()
    health.fail(reason)
    assert health.problem() == reason
    health.begin_fault()
    assert health.problem() == "not_worn"


PROVEN = st.sampled_from([Reason.SATURATED, Reason.WRONG_GRAVITY, Reason.LINK_FAILED])
ERRORS = st.lists(st.tuples(PROVEN, st.integers(0, 70)), max_size=8)
FORGED = st.lists(st.tuples(st.sampled_from(STRANGERS_ERRORS), st.integers(0, 70)), max_size=8)


@given(ERRORS, FORGED, st.integers(0, 70), st.booleans())
def test_strangers_never_change_what_is_shown_of_a_sensor_that_sends(
    errors: list[tuple[Reason, int]],
    forged: list[tuple[Reason, int]],
    fault_at: int,
    has_fault: bool,
) -> None:
    alone = Health()
    disturbed = Health()
    for second in range(71):
        for health in (alone, disturbed):
            health.send()
            for reason, at in errors:
                if at == second:
                    health.fail(reason)
            if has_fault and fault_at == second:
                health.begin_fault()
        for reason, at in forged:
            if at == second:
                disturbed.fail(reason, unproven=True)
        assert disturbed.problem() == alone.problem()
