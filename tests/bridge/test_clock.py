"""Clocks that drift, wrap, restart or are set: durations stay right and steps are reported."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devtools.network_sensor import AnkleSensor, leg
from devtools.processes import free_port
from limber_bridge.config.model import Config
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.events import ClockStep, Event, Movement
from limber_bridge.detection.signal import SECOND
from limber_bridge.protocol.encoding import encode_event
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.host_clock import HostClock, HostClockStep
from limber_bridge.sources.source_api import SourceRequest
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.restore import restore_sleeper
from tests.bridge.examples import config
from tests.bridge.running_bridge import ANKLE, listen_on

EVENING = int(datetime(2026, 11, 21, 22, tzinfo=UTC).timestamp()) * SECOND


class Host:
    """A machine whose clocks the test sets."""

    def __init__(self) -> None:
        self.steady = 0
        self.wall = EVENING
        self.clock = HostClock(lambda: self.wall * 1000, lambda: self.steady * 1000)

    def passes(self, time: int) -> None:
        self.steady += time
        self.wall += time


@given(
    st.lists(st.tuples(st.integers(1, 3600 * SECOND), st.integers(-(10**12), 10**12)), max_size=30)
)
@example([(1, 999_999)] * 3)
@example([(400, 5_000)] * 30)
def test_the_host_clock_is_right_within_a_second_and_reports_every_step(
    changes: list[tuple[int, int]],
) -> None:
    host = Host()
    by = 0
    before = host.clock.now()
    for passed, change in changes:
        host.passes(passed)
        host.wall += change
        by += change
        now = host.clock.now()
        reported = sum(step.offset for step in host.clock.take_steps())
        # Apart from steps, durations are wrong by at most 0.5 ms per second.
        assert abs((now - before) - passed - reported) <= passed * 500e-6 + 1
        assert abs(now - host.wall) <= SECOND
        before = now


def test_small_differences_are_corrected_however_often_the_time_is_read() -> None:
    host = Host()
    host.wall += SECOND // 10
    for _ in range(300_000):
        host.passes(1000)
        host.clock.now()
    assert abs(host.clock.now() - host.wall) < 1000
    assert host.clock.take_steps() == []


@given(
    st.lists(
        st.lists(st.integers(0, 10 * SECOND), min_size=4, max_size=4).map(
            lambda waits: [*waits, 0, 0]
        ),
        max_size=20,
    )
)
def test_an_interruption_between_the_readings_of_both_clocks_is_no_step(
    waits: list[list[int]],
) -> None:
    """A busy machine may run something else for seconds after any reading."""
    host = Host()
    left: list[int] = []

    def interrupted(reading: int) -> int:
        host.passes(left.pop(0) if left else 0)
        return reading

    clock = HostClock(
        lambda: interrupted(host.wall * 1000), lambda: interrupted(host.steady * 1000)
    )
    for some in waits:
        host.passes(SECOND)
        left[:] = some
        clock.now()
    assert clock.take_steps() == []


def test_a_suspended_machine_reports_no_step() -> None:
    """The steady clock continues while the machine is suspended."""
    host = Host()
    host.passes(3 * 3600 * SECOND)
    assert host.clock.now() == EVENING + 3 * 3600 * SECOND
    assert host.clock.take_steps() == []


KICKS = 12
EVERY = 20.0
"""s between kicks, the first after 30 s; the clocks are set half way between two kicks."""


def night(config: Config, steps: dict[int, int], sensor: AnkleSensor, skew: float) -> list[Event]:
    """Return the events of a night with steps of the host's clock and a skewed sensor clock.

    `steps` has the steps in us by the number of the kick after them.
    """
    host = Host()
    (sleeper,) = config.sleepers
    requests = (sleeper.sensors[0].request,)
    router = FrameRouter(
        SourceRequest(
            requests, config.source_settings["network"], config.calendar, host.clock, EVENING
        )
    )
    with Journal(config.journal) as journal:
        monitor = SleeperMonitor(
            sleeper,
            config,
            restore_sleeper(journal, sleeper.id, config.calendar, EVENING, live=sleeper.live),
            EVENING,
        )
    onsets = [30.0 + EVERY * number for number in range(KICKS)]
    events: list[Event] = []
    started = sensor.sequence / sensor.rate
    for half in range(round((onsets[-1] + 10) * 2)):
        at = half / 2
        before = (at - 20) / EVERY
        if before in steps:
            host.wall += steps[int(before)]
        host.passes(SECOND // 2)
        now = host.clock.now()
        for step in host.clock.take_steps():
            events += [
                filed.event for filed in monitor.apply_clock_step(step.time, step.offset).events
            ]
        clock = round((started + at) * (1 + skew) * SECOND)
        frame = sensor.frame(leg(at, 0.5, [(onset, 2.0) for onset in onsets]), clock=clock)
        for event in router.route_frame(frame, host.clock.steady(), host.clock.utc_offset):
            assert event.sensor is not None
            change = monitor.process_arrival(event.sensor, event, now)
            events += [filed.event for filed in change.events]
        if half % 2:
            events += [filed.event for filed in monitor.advance_to(now).events]
    return events + [filed.event for filed in monitor.interrupt(host.clock.now()).events]


def durations(events: Sequence[Event]) -> list[float]:
    return [event.duration / SECOND for event in events if isinstance(event, Movement)]


SIZES = st.integers(1, 14 * 3600).flatmap(
    lambda size: st.sampled_from([size * SECOND, -size * SECOND])
)


@pytest.fixture
def one_ankle(tmp_path: Path) -> Config:
    return config(tmp_path, ANKLE, more=listen_on(free_port()))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(st.integers(1, KICKS - 1), SIZES, max_size=3),
    st.integers(0, 2**32 - 1),
    st.floats(-2e-4, 2e-4),
)
@example({5: 2 * 3600 * SECOND}, 0, 0.0)
@example({5: -2 * 3600 * SECOND}, 2**32 - 4000, 1e-4)
@example({3: 5 * SECOND, 6: -5 * SECOND}, 2**32 - 1, -1e-4)
def test_setting_clocks_loses_no_movement_and_changes_no_duration(
    one_ankle: Config, steps: dict[int, int], sequence: int, skew: float
) -> None:
    """The device's counters wrap and its clock drifts; the host's is set forward and back."""
    events = night(one_ankle, steps, AnkleSensor(sequence=sequence), skew)
    found = durations(events)
    assert len(found) == KICKS
    assert all(1.7 <= duration <= 2.5 for duration in found)
    assert [event.by for event in events if isinstance(event, ClockStep)] == list(
        dict(sorted(steps.items())).values()
    )
    for event in events:
        message = encode_event(event, one_ankle.calendar.night_of(event.onset))
        end = getattr(message, "end", None)
        assert end is None or message is None or end >= message.start


def test_a_step_becomes_an_event(one_ankle: Config) -> None:
    (step,) = [
        one
        for one in night(one_ankle, {4: -90 * SECOND}, AnkleSensor(), 0.0)
        if isinstance(one, ClockStep)
    ]
    message = encode_event(step, one_ankle.calendar.night_of(step.onset))
    assert message is not None
    assert (message.kind, message.offset) == ("clock_step", -90.0)  # type: ignore[union-attr]


def test_steps_are_reported_once_and_in_order() -> None:
    host = Host()
    for by in (5 * SECOND, -7 * SECOND):
        host.passes(SECOND)
        host.wall += by
        host.clock.now()
    assert host.clock.take_steps() == [
        HostClockStep(EVENING + 6 * SECOND, 5 * SECOND),
        HostClockStep(EVENING, -7 * SECOND),
    ]
    assert host.clock.take_steps() == []
