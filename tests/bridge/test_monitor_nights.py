"""The monitor of one sleeper: when a night is finished, revised and followed by the next."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from limber_bridge.daemon.changes import Change, NothingToEndError
from limber_bridge.daemon.history_reader import ReadableRecords
from limber_bridge.daemon.relay_requests import RelayHandler
from limber_bridge.daemon.requests import RequestHandler
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.events import BedTransition, Gap
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.protocol.messages import Refusal
from limber_bridge.protocol.request_messages import EndNightRequest
from limber_bridge.sources.inbox import Inbox
from limber_bridge.sources.source_api import Ended, Samples
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.restore import RestoredState
from tests.bridge.examples import config, local
from tests.bridge.monitor_driver import KICKS, PLAYED, Driver
from tests.detection.signals import ankle


def test_a_night_is_finished_an_hour_after_getting_up(bed: Driver) -> None:
    bed.send_load(45, 30)
    bed.send_load(120, 8 * 60)
    assert bed.finished == []
    bed.send_load(45, 59)
    assert bed.finished == []
    bed.send_load(45, 2)
    (night,) = bed.finished
    assert (night.date, night.revision) == (date(2026, 11, 22), 1)
    assert night.measures.time_in_bed_h == pytest.approx(8.0, abs=0.02)
    assert night.start == pytest.approx(local("2026-11-21T22:30"), abs=20 * SECOND)
    assert night.end == pytest.approx(local("2026-11-22T06:30"), abs=20 * SECOND)
    assert night.measures.movements is None


def test_later_events_revise_the_night_under_the_same_date(bed: Driver) -> None:
    bed.send_load(45, 30)
    bed.send_load(120, 7 * 60)
    bed.send_load(45, 70)
    bed.send_load(120, 60)
    bed.send_load(45, 30)
    assert [(night.date, night.revision) for night in bed.finished] == [(date(2026, 11, 22), 1)]
    bed.send_load(45, 40)
    first, second = bed.finished
    assert (second.date, second.revision) == (first.date, 2)
    assert second.measures.time_in_bed_h == pytest.approx(8.0, abs=0.02)


def test_a_night_in_progress_at_noon_is_finished_and_the_next_starts_in_bed(
    bed: Driver,
) -> None:
    bed.send_load(45, 30)
    bed.send_load(120, 14 * 60)
    (night,) = bed.finished
    assert (night.date, night.end) == (date(2026, 11, 22), None)
    assert night.measures.time_in_bed_h == pytest.approx(13.5, abs=0.02)
    assert bed.monitor.state(bed.now).tonight.night == date(2026, 11, 23)
    assert bed.monitor.state(bed.now).tonight.measures.time_in_bed_h == pytest.approx(0.5, abs=0.02)
    assert bed.live_events(BedTransition) == []


def test_a_night_is_finished_after_a_restart_if_the_bridge_was_off_at_noon(bed: Driver) -> None:
    bed.send_load(45, 30)
    bed.send_load(120, 8 * 60)
    bed.now = local("2026-11-22T15:00")
    restarted = bed.restart()
    restarted.pass_time(1)
    (night,) = restarted.finished
    assert (night.date, night.revision) == (date(2026, 11, 22), 1)


def test_a_restart_does_not_finish_a_night_twice(bed: Driver) -> None:
    bed.send_load(45, 30)
    bed.send_load(120, 8 * 60)
    bed.send_load(45, 70)
    restarted = bed.restart()
    restarted.pass_time(5)
    restarted.send_load(45, 5)
    assert [night.revision for night in restarted.finished] == [1]


def test_an_empty_bed_makes_no_night(bed: Driver) -> None:
    bed.send_load(45, 10)
    bed.send_load(120, 1)
    empty = Driver(
        bed.config,
        local("2026-11-22T13:00"),
        RestoredState(pipeline_state=bed.monitor.pipeline_state),
    )
    empty.send_load(45, 24 * 60)
    assert empty.finished == []


def test_a_night_can_be_ended_on_request(bed: Driver) -> None:
    with pytest.raises(NothingToEndError):
        bed.monitor.end_night()
    bed.send_load(45, 2)
    bed.send_load(120, 60)
    bed.apply(bed.monitor.end_night())
    assert [night.revision for night in bed.finished] == [1]


@pytest.mark.parametrize("killed", [False, True], ids=["on all night", "off until noon is over"])
def test_a_night_ended_too_early_is_revised_with_everything_in_it(
    sleeper: Driver, *, killed: bool
) -> None:
    """Ended by mistake after 24 min: later movements count under the same date once it is over."""
    kicks = [(15.0 + 30 * number, 2.0) for number in range(47)]
    length = 24 * 60.0
    sleeper.send_ankle(ankle(*kicks, length=length), block_s=5.0)
    sleeper.apply(sleeper.monitor.end_night())
    (early,) = sleeper.finished
    assert (early.date, early.revision, early.measures.movements) == (date(2026, 11, 22), 1, 47)
    sleeper.send_ankle(ankle(*kicks, length=length, seed=1), block_s=5.0)
    state = sleeper.monitor.state(sleeper.now)
    assert (state.tonight.night, state.tonight.measures.movements) == (date(2026, 11, 22), 94)
    assert state.last_night is not None
    assert (state.last_night.revision, state.last_night.measures.movements) == (1, 47)
    restarted = sleeper.restart()
    if killed:
        restarted.now = local("2026-11-22T14:00")
        restarted = restarted.restart()
    restarted.pass_time(15 * 60)
    late = restarted.finished[-1]
    assert [(night.date, night.revision) for night in restarted.finished] == [
        (early.date, 1),
        (early.date, 2),
    ]
    assert (late.measures.movements, late.start) == (94, early.start)
    assert (late.measures.time_in_bed_h or 0) == pytest.approx(
        2 * (early.measures.time_in_bed_h or 0), abs=0.1
    )


def test_going_to_bed_just_before_noon_starts_the_next_night_in_bed(sleeper: Driver) -> None:
    """The state is known five minutes later, when the next night has begun."""
    sleeper.now = local("2026-11-22T11:57")
    sleeper.send_ankle(ankle(*[(20.0 + 15 * number, 2.0) for number in range(58)], length=900))
    tonight = sleeper.monitor.state(sleeper.now).tonight
    assert tonight.night == date(2026, 11, 23)
    assert tonight.measures.time_in_bed_h == pytest.approx(0.2, abs=0.01)


async def test_ending_the_next_night_finishes_the_one_that_is_over_first(
    bed: Driver, tmp_path: Path
) -> None:
    """The request comes in the first second after noon, before the next tick."""
    bed.send_load(45, 30)
    bed.send_load(120, 13 * 60 + 29)
    bed.now = local("2026-11-22T12:00") + 1000

    async def apply(_watch: SleeperMonitor, change: Change) -> None:
        bed.apply(change)

    with Journal(tmp_path / "limber.db") as journal:
        handler = RequestHandler(
            {"anna": bed.monitor},
            ReadableRecords(bed.config, journal, JournalWriter(journal)),
            lambda: bed.now,
            apply,
            RelayHandler(lambda _: (), Inbox()),
        )
        answer = await handler.answer(
            EndNightRequest(v=1, id="x", reply_to="limber/bedroom/response/me", sleeper="anna"), 0
        )
    assert isinstance(answer, Refusal)
    assert answer.error == "nothing_to_end"
    assert [night.date for night in bed.finished] == [date(2026, 11, 22)]


def test_the_next_day_is_another_night(bed: Driver) -> None:
    for _ in range(2):
        bed.send_load(45, 60)
        bed.send_load(120, 8 * 60)
        bed.send_load(45, 15 * 60)
    assert [(night.date, night.revision) for night in bed.finished] == [
        (date(2026, 11, 22), 1),
        (date(2026, 11, 22) + timedelta(days=1), 1),
    ]


def test_a_sensor_switched_off_in_bed_is_not_in_bed_all_day(sleeper: Driver) -> None:
    """Off for 16 hours: they are in no night's time in bed."""
    sleeper.send_ankle(ankle(*KICKS, length=600))
    sleeper.pass_time(16 * 60)
    sleeper.number += 16 * 3600 * 50
    sleeper.send_ankle(ankle(*KICKS, length=1200, seed=2), block_s=5.0)
    assert sleeper.monitor.state(sleeper.now).tonight.night == date(2026, 11, 23)
    assert sleeper.monitor.state(sleeper.now).tonight.measures.time_in_bed_h == pytest.approx(
        1200 / 3600, abs=0.01
    )
    gaps = [filed for filed in sleeper.events if isinstance(filed.event, Gap)]
    assert [filed.night for filed in gaps] == [date(2026, 11, 22), date(2026, 11, 23)]


def test_the_end_of_a_recording_finishes_its_night(tmp_path: Path) -> None:
    played = Driver(config(tmp_path, PLAYED), local("2026-11-22T15:00"))
    signal = ankle(*[(30.0 + 25 * number, 2.0) for number in range(20)], length=700)
    start = local("2026-11-20T23:00")
    block = SampleBlock(0, signal, SampleClock(0, start, 50.0), 50.0)
    played.apply(played.monitor.process_arrival(1, Samples(1, block), played.now))
    played.apply(played.monitor.process_arrival(1, Ended(1), played.now))
    (night,) = played.finished
    assert (night.date, night.measures.plm) == (date(2026, 11, 21), 20)
    assert played.monitor.state(played.now).sensors["1"].problem == "ended"


def test_playing_a_recording_again_gives_no_second_night(tmp_path: Path) -> None:
    start = local("2026-11-21T01:00")
    played = Driver(config(tmp_path, PLAYED), local("2026-11-22T13:00"))
    signal = SampleBlock(0, ankle(*KICKS, length=100), SampleClock(0, start, 50.0), 50.0)
    first = [
        played.monitor.process_arrival(1, Samples(1, signal), played.now),
        played.monitor.process_arrival(1, Ended(1), played.now),
    ]
    (night,) = [night for change in first for night in change.finished]
    restarted = Driver(played.config, played.now, RestoredState(finished={night.date: night}))
    second = [
        restarted.monitor.process_arrival(1, Samples(1, signal), restarted.now),
        restarted.monitor.process_arrival(1, Ended(1), restarted.now),
    ]
    assert [night for change in second for night in change.finished] == []
    assert [day for change in second for day in change.replaced_nights] == [night.date]
