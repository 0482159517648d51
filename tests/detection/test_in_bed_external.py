"""Whether a person is in bed, as a sensor outside of the bridge reports it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.bed_state import BedReport
from limber_bridge.detection.events import BedTransition, Certainty, Cramp, Event, Method
from limber_bridge.detection.in_bed_external import REPORT_VALID_US
from limber_bridge.detection.pipeline import Pipeline, PipelineState
from limber_bridge.detection.signal import MINUTE, SECOND
from tests.detection.signals import LEFT, RATE, TIBIALIS, ankle, block, cut, emg

type Report = tuple[float, bool, float]
"""When it is received (s), in bed, since when (s)."""


def transitions(events: Sequence[Event]) -> list[tuple[float, bool, Method | None]]:
    """Return the onset (s), in bed and the method of each transition."""
    return [
        (event.onset / SECOND, event.in_bed, event.method)
        for event in events
        if isinstance(event, BedTransition)
    ]


def report(time: float, in_bed: bool, since: float) -> BedReport:
    return BedReport(round(time * SECOND), in_bed, round(since * SECOND))


def repeated(*changes: tuple[float, bool], until: float) -> list[Report]:
    """Return the reports of a sensor with these changes (s): at once, and again each minute."""
    found = []
    ends = [*(time for time, _ in changes[1:]), until]
    for (since, in_bed), end in zip(changes, ends, strict=True):
        time = since
        while time < end:
            found.append((time, in_bed, since))
            time += 60
    return found


def watch(
    reports: Sequence[Report], until: float, pipeline: Pipeline | None = None, begin: float = 0
) -> list[Event]:
    """Return the events of a sleeper whose sensors are silent, with a tick each second."""
    pipeline = pipeline or Pipeline([LEFT])
    waiting = sorted(reports)
    events: list[Event] = []
    for second in range(round(begin), round(until)):
        while waiting and waiting[0][0] <= second:
            pipeline.add_bed_report(report(*waiting.pop(0)))
        events += pipeline.advance_to(second * SECOND)
    return events


def test_reports_alone_show_when_a_person_goes_to_bed_and_gets_up() -> None:
    reports = repeated((5, False), (900, True), (4500, False), until=5000)
    found = transitions(watch(reports, 5000))
    assert [(round(time), in_bed) for time, in_bed, _ in found] == [
        (5, False),
        (900, True),
        (4500, False),
    ]
    assert {method for _, _, method in found} == {Method.EXTERNAL}


def test_a_change_is_known_within_a_minute() -> None:
    pipeline = Pipeline([LEFT])
    watch(repeated((0, False), until=900), 900, pipeline)
    watch([(900, True, 900)], 910, pipeline, 900)
    assert pipeline.in_bed is False
    watch([], 960, pipeline, 910)
    assert pipeline.in_bed is True


def test_what_was_so_before_the_bridge_ran_begins_with_the_first_epoch() -> None:
    pipeline = Pipeline([LEFT])
    pipeline.advance_to(7200 * SECOND)
    found = transitions(watch([(7205, True, 1000)], 7300, pipeline, 7200))
    assert found == [(7200.0, True, Method.EXTERNAL)]


def test_a_report_that_comes_late_is_dated_when_the_sensor_changed() -> None:
    """Home Assistant was away for four minutes."""
    reports = [*repeated((0, False), until=600), (790, True, 600)]
    assert transitions(watch(reports, 900))[1:] == [(600.0, True, Method.EXTERNAL)]


def test_a_flapping_sensor_changes_nothing_until_it_settles() -> None:
    flaps = [(600 + 4.0 * number, number % 2 == 0) for number in range(30)]
    reports = repeated((0, False), *flaps, (720, True), until=900)
    assert transitions(watch(reports, 900)) == [
        (0.0, False, Method.EXTERNAL),
        (720.0, True, Method.EXTERNAL),
    ]


@pytest.mark.parametrize("seconds", [1, 9, 15])
def test_an_interruption_of_less_than_20_s_changes_nothing(seconds: int) -> None:
    for begin in range(600, 610):
        reports = repeated((0, True), (begin, False), (begin + seconds, True), until=900)
        assert transitions(watch(reports, 900)) == [(0.0, True, Method.EXTERNAL)]


def test_the_later_change_counts_of_two_clients_that_contradict_each_other() -> None:
    one = repeated((0, False), (300, True), until=1500)
    other = repeated((0, False), (600, True), (1200, False), until=1500)
    found = transitions(watch([*one, *other], 1500))
    assert [(time, in_bed) for time, in_bed, _ in found] == [
        (0.0, False),
        (300.0, True),
        (1200.0, False),
    ]


def test_reports_of_the_same_change_may_vary_by_the_way_through_the_network() -> None:
    reports = [(600.0 + 60 * n, True, 600 + 0.3 * (n % 3)) for n in range(10)]
    found = transitions(watch([*repeated((0, False), until=600), *reports], 1300))
    assert found[1:] == [(600.0, True, Method.EXTERNAL)]


def pipelines_with_ankle(
    reports: Sequence[Report], seconds: float, cuts: Sequence[int] = ()
) -> list[Event]:
    """Return the events of an ankle that lies and kicks, with reports between the blocks."""
    kicks = [(20.0 + 70 * number, 2.0) for number in range(round(seconds // 70))]
    whole = block(ankle(*kicks, length=seconds))
    # A report arrives between the samples before and after its time.
    arrivals = [round(time * RATE) for time, _, _ in reports]
    pipeline = Pipeline([LEFT])
    events: list[Event] = []
    waiting = list(reports)
    for piece in cut(whole, [*cuts, *arrivals]):
        while waiting and round(waiting[0][0] * RATE) <= piece.first:
            pipeline.add_bed_report(report(*waiting.pop(0)))
        events += pipeline.process(LEFT.id, piece)
    return events + pipeline.finish()


def test_a_report_comes_before_the_sensors_of_the_bridge() -> None:
    """The ankle lies still in bed, and the mat under the sheet is empty."""
    assert transitions(pipelines_with_ankle([], 900)) == [(0.0, True, Method.ANKLE)]
    found = transitions(pipelines_with_ankle(repeated((0, False), until=900), 900))
    assert found == [(0.0, False, Method.EXTERNAL)]


def test_the_sensors_of_the_bridge_decide_once_the_last_report_is_too_old() -> None:
    """A person lies down without the mat; nothing is dated into the time of the reports."""
    reports = repeated((0, False), until=300)
    found = transitions(pipelines_with_ankle(reports, 1500))
    last = reports[-1][0] + REPORT_VALID_US / SECOND
    assert found[0] == (0.0, False, Method.EXTERNAL)
    (_, *own) = found
    assert [(in_bed, method) for _, in_bed, method in own] == [(True, Method.ANKLE)]
    assert last - 10 <= own[0][0] <= last + 10


def test_nothing_changes_where_reports_and_sensors_agree() -> None:
    """The sensors of the bridge take over from the state that the reports have left."""
    found = transitions(pipelines_with_ankle(repeated((0, True), until=300), 1500))
    assert found == [(0.0, True, Method.EXTERNAL)]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 900 * 50 - 1), max_size=20),
    st.lists(
        st.tuples(st.integers(1, 890), st.booleans()), max_size=8, unique_by=lambda one: one[0]
    ),
)
def test_the_events_do_not_depend_on_the_blocks(
    cuts: list[int], changes: list[tuple[int, bool]]
) -> None:
    reports = [(float(time), in_bed, float(time)) for time, in_bed in sorted(changes)]
    whole = pipelines_with_ankle(reports, 900)
    assert sorted(map(repr, pipelines_with_ankle(reports, 900, cuts))) == sorted(map(repr, whole))


@pytest.mark.parametrize("stop", [602, 610, 625, 1000])
def test_a_restart_changes_nothing(stop: int) -> None:
    reports = repeated((0, False), (600, True), (1200, False), until=1500)
    whole = transitions(watch(reports, 1500))
    pipeline = Pipeline([LEFT])
    before = [one for one in reports if one[0] <= stop]
    events = watch(before, stop, pipeline)
    resumed = Pipeline([LEFT], state=pipeline.state, events=events)
    events += watch([one for one in reports if one[0] > stop], 1500, resumed, stop + 5)
    assert transitions(events) == whole


def test_a_clock_that_was_set_back_does_not_keep_reports_from_counting() -> None:
    pipeline = Pipeline([LEFT])
    watch(repeated((0, False), until=7200), 7200, pipeline)
    found = transitions(watch([(3600, True, 3500), (3660, True, 3500)], 3700, pipeline, 3600))
    assert [(in_bed, method) for _, in_bed, method in found] == [(True, Method.EXTERNAL)]


def test_the_state_stays_small() -> None:
    pipeline = Pipeline([LEFT])
    for number in range(3000):
        pipeline.add_bed_report(report(number, number % 2 == 0, number))
    assert len(pipeline.state.bed.reports) <= 301
    pipeline.advance_to(3000 * SECOND)
    pipeline.add_bed_report(report(3001, True, 3001))
    assert len(pipeline.state.bed.reports) <= 3


def test_reports_can_be_forgotten() -> None:
    pipeline = Pipeline([LEFT])
    watch(repeated((0, True), until=60), 60, pipeline)
    assert pipeline.bed_report_valid_until == REPORT_VALID_US
    pipeline.forget_bed_reports()
    assert (pipeline.bed_report_valid_until, pipeline.in_bed) == (0, True)
    assert pipeline.state == replace(pipeline.state, bed=pipeline.state.bed.without_reports())


def test_possible_cramps_can_be_found_with_emg_and_reports() -> None:
    """EMG alone does not show within a minute that the person got up."""
    seconds = 1300.0
    bursts = [(30.0 + 90 * number, 1.5) for number in range(11)]
    signal = block(emg(*bursts, (1060.0, 25.0), length=seconds), rate=250.0)
    found = {}
    for reports in ([], repeated((0, True), (1100, False), until=seconds)):
        pipeline = Pipeline([TIBIALIS], state=PipelineState({}))
        events: list[Event] = []
        waiting = list(reports)
        for piece in cut(signal, range(0, signal.end, 250 * 10)):
            while waiting and waiting[0][0] * 250 <= piece.first:
                pipeline.add_bed_report(report(*waiting.pop(0)))
            events += pipeline.process(TIBIALIS.id, piece)
        events += pipeline.advance_to(round(seconds + 600) * SECOND)
        cramps = [round(one.onset / MINUTE) for one in events if isinstance(one, Cramp)]
        certainties = pipeline.coverage(0, round(seconds) * SECOND).certainties
        found[bool(reports)] = (cramps, certainties)
    assert found == {False: ([], frozenset()), True: ([18], frozenset({Certainty.POSSIBLE}))}
