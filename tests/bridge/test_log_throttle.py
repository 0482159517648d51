"""Warnings that repeat: few lines, none lost, and limited memory."""

import logging
import re

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from limber_bridge.daemon.log_throttle import REPEAT_AFTER_US, UNKNOWN_SENSORS_NAMED, LogThrottle
from limber_bridge.detection.signal import SECOND
from limber_bridge.sources.source_api import Reason

KINDS = (Reason.UNKNOWN_SENSOR, Reason.MALFORMED, Reason.WRONG_KEY)
LEFT_OUT = re.compile(r"\((\d+) more in 10 minutes\)$")


class Clock:
    """UTC that is moved by the test."""

    def __init__(self) -> None:
        self.now = 10**15

    def __call__(self) -> int:
        return self.now


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_thousands_of_unknown_sensors_give_a_few_lines_and_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    throttle = LogThrottle(clock)
    for number in range(2475):
        throttle.warn(None, Reason.UNKNOWN_SENSOR, f"sensor {number} is not in limber.yaml")
    assert len(throttle) == 1
    assert lines(caplog) == [
        f"sensor {number} is not in limber.yaml" for number in range(UNKNOWN_SENSORS_NAMED)
    ]
    clock.now += REPEAT_AFTER_US
    throttle.log_left_out()
    assert lines(caplog)[UNKNOWN_SENSORS_NAMED:] == [
        f"sensor 2474 is not in limber.yaml ({2475 - UNKNOWN_SENSORS_NAMED} more in 10 minutes)"
    ]
    clock.now += REPEAT_AFTER_US
    throttle.log_left_out()
    assert (len(throttle), len(caplog.records)) == (0, UNKNOWN_SENSORS_NAMED + 1)


def test_a_warning_that_goes_on_is_one_line_in_ten_minutes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    throttle = LogThrottle(clock)
    for _ in range(3600):
        throttle.warn(1, Reason.WRONG_KEY, "set the same key")
        clock.now += SECOND
    assert lines(caplog) == [
        "sensor 1: set the same key",
        *["sensor 1: set the same key (599 more in 10 minutes)"],
        *["sensor 1: set the same key (600 more in 10 minutes)"] * 4,
    ]


WARNINGS = st.tuples(
    st.sampled_from([None, 1, 2]),
    st.sampled_from(KINDS),
    st.integers(0, 20).map("text {}".format),
    st.integers(-SECOND, REPEAT_AFTER_US // 2),
)


@given(st.lists(WARNINGS, max_size=200))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_warning_is_lost_and_few_are_lines(
    caplog: pytest.LogCaptureFixture, warnings: list[tuple[int | None, Reason, str, int]]
) -> None:
    caplog.clear()
    clock = Clock()
    throttle = LogThrottle(clock)
    for sensor, kind, text, passed in warnings:
        clock.now += passed
        throttle.warn(sensor, kind, text)
        assert len(throttle) <= 3 * len(KINDS)
    clock.now += 2 * REPEAT_AFTER_US
    with caplog.at_level(logging.WARNING):
        throttle.log_left_out()
    counted = 0
    for line in lines(caplog):
        left_out = LEFT_OUT.search(line)
        counted += 1 if left_out is None else int(left_out[1])
    assert counted == len(warnings)
