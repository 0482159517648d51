"""The monitor of one sleeper: whether they are in bed, by load cells and by reports."""

from pathlib import Path

import pytest

from limber_bridge.daemon.changes import PlayedRecordingError
from limber_bridge.detection.events import BedTransition, Method
from limber_bridge.detection.signal import SECOND
from tests.bridge.examples import config, local
from tests.bridge.monitor_driver import PLAYED, Driver


def test_bed_transitions_are_published_after_the_first_known_state(bed: Driver) -> None:
    bed.send_load(45, 5)
    assert bed.live_events(BedTransition) == []
    bed.send_load(120, 5)
    # The state before was unknown, so this is the first known state and not a transition.
    assert bed.monitor.state(bed.now).in_bed is True
    assert bed.live_events(BedTransition) == []
    bed.send_load(45, 5)
    bed.send_load(120, 5)
    assert [event.in_bed for event in bed.live_events(BedTransition)] == [False, True]


def test_a_silent_sensor_makes_in_bed_unknown(bed: Driver) -> None:
    bed.send_load(45, 2)
    bed.send_load(120, 5)
    bed.pass_time(1)
    state = bed.monitor.state(bed.now)
    assert state.in_bed is None
    assert not state.sensors["2"].connected
    assert state.sensors["2"].problem == "silent"
    assert state.tonight.measures.time_in_bed_h == pytest.approx(5 / 60, abs=0.01)


def test_reports_say_when_the_sleeper_went_to_bed_and_got_up(bed: Driver) -> None:
    """The load cells deliver nothing."""
    bed.report_bed(30, in_bed=False)
    bed.report_bed(8 * 60, in_bed=True)
    state = bed.monitor.state(bed.now)
    assert (state.in_bed, state.methods.in_bed) == (True, Method.EXTERNAL)
    bed.report_bed(61, in_bed=False)
    assert [event.in_bed for event in bed.live_events(BedTransition)] == [True, False]
    (night,) = bed.finished
    assert night.measures.time_in_bed_h == pytest.approx(8.0, abs=0.01)
    measures = night.measures
    assert (measures.movements, measures.sleep_h, measures.cramps_possible) == (None, None, None)
    assert night.in_bed_method is Method.EXTERNAL
    bed.pass_time(6)
    assert bed.monitor.state(bed.now).in_bed is None


def test_reports_and_load_cells_never_count_twice(bed: Driver) -> None:
    """Home Assistant is away for a while; the load cells go on."""
    bed.send_load(45, 5)
    bed.send_load(120, 5)
    bed.report_bed(5, in_bed=True)
    bed.send_load(120, 30)
    bed.report_bed(5, in_bed=True)
    restarted = bed.restart()
    restarted.report_bed(5, in_bed=True)
    assert [event.in_bed for event in restarted.live_events(BedTransition)] == []
    transitions = [one.event for one in restarted.events if isinstance(one.event, BedTransition)]
    assert [event.in_bed for event in transitions] == [True]


def test_time_in_bed_goes_on_with_reports_when_the_sensor_of_the_bridge_fails(bed: Driver) -> None:
    bed.send_load(45, 30)
    bed.report_bed(1, in_bed=True)
    bed.send_load(120, 4)
    bed.report_bed(4 * 60, in_bed=True)
    bed.report_bed(61, in_bed=False)
    tonight = bed.monitor.state(bed.now).tonight.measures
    assert tonight.time_in_bed_h == pytest.approx(4.08, abs=0.02)
    # Load cells as slow as these show no movements, so nothing is known of sleep.
    assert tonight.sleep_h is None


def test_reports_during_a_pause_count_as_little_as_samples(bed: Driver) -> None:
    bed.report_bed(5, in_bed=False)
    bed.apply(bed.monitor.set_paused(bed.now, paused=True))
    bed.report_bed(5, in_bed=True)
    assert bed.live_events(BedTransition) == []
    assert bed.monitor.state(bed.now).in_bed is None
    bed.apply(bed.monitor.set_paused(bed.now, paused=False))
    begin = bed.now
    bed.report_bed(5, in_bed=True)
    (event,) = bed.live_events(BedTransition)
    assert begin <= event.onset <= begin + 10 * SECOND


def test_reports_are_refused_where_recordings_are_played(tmp_path: Path) -> None:
    played = Driver(config(tmp_path, PLAYED), local("2026-11-21T22:00"))
    with pytest.raises(PlayedRecordingError, match="play recordings"):
        played.monitor.add_bed_report(played.now, 0, in_bed=True)
