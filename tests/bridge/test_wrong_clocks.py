"""Dates of a clock that was wrong: no nights, and they push nothing else out."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest

from limber_bridge.config.model import Config
from limber_bridge.daemon.bridge import UpkeepTask
from limber_bridge.daemon.changes import NothingToEndError
from limber_bridge.daemon.event_filer import EventFiler, SetBack
from limber_bridge.daemon.history_reader import HistoryReader, ReadableRecords
from limber_bridge.daemon.open_nights import OpenNights
from limber_bridge.daemon.sleeper_clock import SleeperClock
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.events import Gap, PositionChange
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.domain.nights import Calendar, Night
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.protocol.messages import NightsResponse
from limber_bridge.protocol.request_messages import NightsRequest
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.storage.backups import list_backups
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_reader import newest_first
from limber_bridge.storage.journal_upkeep import run_upkeep
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.raw_recorder import PendingSignal, RawRecorder, RawStore, raw_store_for
from limber_bridge.storage.restore import RestoredState
from tests.bridge.damage import damage_table
from tests.bridge.examples import BERLIN, IMPORTED, config, local
from tests.bridge.examples import night as example_night
from tests.bridge.test_night_invariants import Stay, start_stay
from tests.bridge.test_raw_recorder import ANKLE

NIGHT = date(2026, 11, 22)
YEAR_AHEAD = date(2027, 11, 22)
CALENDAR = Calendar(BERLIN)
ZONE = "Europe/Berlin"


def sleep_one_night(stay: Stay) -> None:
    """Spend a night in bed, and the time until the next one begins."""
    # The sensor learns first what the empty bed weighs.
    stay.spend(60, in_bed=False)
    stay.spend(7 * 60, in_bed=True)
    stay.until_noon_is_over()


def set_clock(stay: Stay, text: str) -> None:
    """Restart the bridge at a local time, as after a start with another clock."""
    stay.now = local(text)
    stay.start()
    stay.apply(stay.monitor.resume_at(stay.now))


def answered_nights(stay: Stay) -> list[date]:
    """Return the nights that a client gets."""
    reader = HistoryReader(
        ReadableRecords(stay.config, stay.journal, JournalWriter(stay.journal)), lambda: stay.now
    )
    request = NightsRequest(v=1, id="x", reply_to="x", sleeper="anna")
    response = asyncio.run(reader.nights(request, stay.monitor))
    assert isinstance(response, NightsResponse)
    return [night.night for night in response.nights]


def last_night(stay: Stay) -> date | None:
    shown = stay.monitor.state(stay.now).last_night
    return None if shown is None else shown.night


def averaged(stay: Stay) -> int:
    """Return how many nights the averages over a week have."""
    found = stay.monitor.state(stay.now).averages["7"]
    return 0 if found is None else found.nights


def test_a_clock_that_is_not_set_files_no_night(caplog: pytest.LogCaptureFixture) -> None:
    """What was measured is in the journal nevertheless."""
    with start_stay(ZONE, date(1970, 1, 2), 0) as stay:
        sleep_one_night(stay)
        assert stay.finished == []
        assert stay.journal.unfinished_nights("anna") != []
        set_clock(stay, "2026-11-21T23:00")
        sleep_one_night(stay)
        assert [night.date for night in stay.finished] == [NIGHT]
        assert (last_night(stay), answered_nights(stay)) == (NIGHT, [NIGHT])
    assert "dated before 2020 or after tomorrow" in caplog.text


def test_a_night_of_1970_cannot_be_ended_by_hand() -> None:
    with start_stay(ZONE, date(1970, 1, 2), 0) as stay:
        stay.spend(2 * 60, in_bed=True)
        with pytest.raises(NothingToEndError, match="set the clock of the machine"):
            stay.monitor.end_night()


def test_a_night_a_year_ahead_hides_no_other_night() -> None:
    """Also while it is in the journal, from a version that showed it."""
    with start_stay(ZONE, NIGHT - timedelta(days=1), 0) as stay:
        sleep_one_night(stay)
        set_clock(stay, "2027-11-21T23:00")
        sleep_one_night(stay)
        assert last_night(stay) == YEAR_AHEAD
        set_clock(stay, "2026-11-21T23:00")
        assert last_night(stay) == NIGHT - timedelta(days=1)
        sleep_one_night(stay)
        assert (last_night(stay), averaged(stay)) == (NIGHT, 2)
        assert answered_nights(stay) == [NIGHT - timedelta(days=1), NIGHT]
        assert YEAR_AHEAD in stay.nights


def test_a_clock_that_is_corrected_at_runtime_shows_last_night_again() -> None:
    """Without a restart; averages do not forget the nights before."""
    with start_stay(ZONE, NIGHT - timedelta(days=1), 0) as stay:
        sleep_one_night(stay)
        ahead = local("2999-11-21T23:00") - stay.now
        stay.now += ahead
        stay.apply(stay.monitor.apply_clock_step(stay.now, ahead))
        stay.be_silent(60)
        stay.now -= ahead
        stay.apply(stay.monitor.apply_clock_step(stay.now, -ahead))
        stay.apply(stay.monitor.advance_to(stay.now))
        assert (last_night(stay), averaged(stay)) == (NIGHT - timedelta(days=1), 1)


@pytest.mark.parametrize("wrong", ["2031-05-05T05:00", "1984-01-01T00:00"])
@pytest.mark.parametrize("seen", [True, False])
def test_a_night_in_which_the_clock_was_wrong_for_a_while_is_measured_otherwise(
    wrong: str, *, seen: bool
) -> None:
    """Seen: the clock is set while the bridge runs; else while it is off."""
    with start_stay(ZONE, date(2026, 11, 21), 21) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(180, in_bed=True)
        before = stay.now
        move_clock(stay, local(wrong), seen=seen)
        stay.spend(10, in_bed=True)
        move_clock(stay, before + 10 * 60 * SECOND, seen=seen)
        stay.spend(240, in_bed=True)
        stay.until_noon_is_over()
        events = stay.journal.events("anna", NIGHT)
        gaps = [event.end - event.onset for event in events if isinstance(event, Gap)]
        night = stay.nights[NIGHT]
    assert sum(gaps) <= 20 * 60 * SECOND
    assert night.measures.time_in_bed_h == pytest.approx(7.0, abs=0.5)


@pytest.mark.parametrize(
    "wrong", permutations(("2069-10-22T05:00", "1984-01-01T00:00", "2023-05-05T23:00"), 2)
)
@pytest.mark.parametrize("seen", product((True, False), repeat=4))
def test_a_clock_that_is_wrong_twice_in_a_night_hides_nothing_that_was_measured(
    wrong: tuple[str, ...], seen: tuple[bool, ...]
) -> None:
    """Seen: which of the four steps of the clock come while the bridge runs."""
    steps = iter(seen)
    with start_stay(ZONE, date(2026, 11, 21), 21) as stay:
        stay.spend(60, in_bed=False)
        for text in wrong:
            stay.spend(120, in_bed=True)
            before = stay.now
            move_clock(stay, local(text), seen=next(steps))
            stay.spend(10, in_bed=True)
            move_clock(stay, before + 10 * 60 * SECOND, seen=next(steps))
        stay.spend(180, in_bed=True)
        stay.until_noon_is_over()
        events = stay.journal.events("anna", NIGHT)
        gaps = [event.end - event.onset for event in events if isinstance(event, Gap)]
        night = stay.nights[NIGHT]
    assert sum(gaps) <= 2 * 20 * 60 * SECOND
    assert night.measures.time_in_bed_h == pytest.approx(7.0, abs=0.7)


def test_a_small_step_of_the_clock_hides_no_absence_of_another_sensor() -> None:
    """The sensor was away since yesterday; the clock was set back by ten seconds meanwhile."""
    nights = OpenNights(CALENDAR, {}, changed=(), dropped=())
    clock = SleeperClock(local("2026-11-22T01:00"), live=True, read_until={}, last=0)
    filer = EventFiler(CALENDAR, nights, clock, in_bed_known=True)
    at = local("2026-11-22T02:00")
    filer.note_set_back(SetBack(at - 10 * SECOND, at))
    away = Gap(2, local("2026-11-21T09:00"), local("2026-11-22T05:00"))
    filed = [one.event for one in filer.file(away, in_bed=None)]
    begin = CALENDAR.begin(NIGHT)
    assert filed == [Gap(2, away.onset, begin), Gap(2, begin, away.end)]
    short = Gap(1, at - 60 * SECOND, at)
    list(filer.file(short, in_bed=None))
    assert list(filer.end_gaps(at - 30 * SECOND)) == []


def move_clock(stay: Stay, now: int, *, seen: bool) -> None:
    """Set the clock to a time, while the bridge runs or while it is off."""
    by = now - stay.now
    stay.now = now
    if seen:
        stay.apply(stay.monitor.apply_clock_step(now, by))
    else:
        stay.start()
        stay.apply(stay.monitor.resume_at(now))
    stay.apply(stay.monitor.advance_to(now))


def test_an_imported_night_may_be_old(one_bed: Config) -> None:
    monitor = monitor_of(one_bed)
    old = example_night(date(2012, 3, 4))
    assert not monitor.counts(old)
    assert monitor.counts(imported(old))
    assert not monitor.counts(imported(example_night(YEAR_AHEAD)))


@pytest.fixture
def one_bed(tmp_path: Path) -> Config:
    return config(
        tmp_path,
        "{id: 2, source: network, placement: bed, quantity: load}",
        more="network: {address: 127.0.0.1, port: 1}\n",
    )


def monitor_of(settled: Config) -> SleeperMonitor:
    """Return a monitor without a past, on the evening before `NIGHT`."""
    return SleeperMonitor(settled.sleepers[0], settled, RestoredState(), local("2026-11-21T20:00"))


def imported(night: Night) -> Night:
    return replace(night, imported=IMPORTED)


def add_events(journal: Journal, night: date, count: int = 5) -> None:
    begin = CALENDAR.begin(night)
    events = [(night, PositionChange(begin + one, begin + one + 1)) for one in range(count)]
    journal.append("anna", events, PipelineState({}))


def test_future_backups_do_not_make_the_new_one_vanish(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        for day in range(1, 8):
            add_events(journal, NIGHT - timedelta(days=8 - day))
            assert run_upkeep(journal, date(2999, 1, day), RetentionLimits()).problem is None
        add_events(journal, NIGHT)
        assert run_upkeep(journal, NIGHT, RetentionLimits()).problem is None
    names = [backup.name for backup in list_backups(path)]
    assert names[:2] == ["limber-2026-11-22.db", "limber-2999-01-07.db"]
    assert len(names) == 7
    damage_table(path)
    with Journal(path) as journal:
        assert len(journal.events("anna", NIGHT)) == 5


def test_a_backup_with_the_date_of_today_from_a_wrong_clock_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        add_events(journal, NIGHT - timedelta(days=2))
        run_upkeep(journal, NIGHT, RetentionLimits())
        add_events(journal, NIGHT - timedelta(days=1))
        run_upkeep(journal, NIGHT - timedelta(days=1), RetentionLimits())
        add_events(journal, NIGHT)
        run_upkeep(journal, NIGHT, RetentionLimits())
    damage_table(path)
    with Journal(path) as journal:
        assert len(journal.events("anna", NIGHT)) == 5


def test_events_are_dropped_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    """A night of 2999 is older than the nights that were measured after it."""
    with Journal(tmp_path / "limber.db") as journal:
        days = [NIGHT - timedelta(days=back) for back in range(8, -1, -1)]
        add_events(journal, date(2999, 1, 1))
        for day in days:
            add_events(journal, day)
        assert journal.nights_with_events() == [*reversed(days), date(2999, 1, 1)]
        done = run_upkeep(journal, NIGHT, RetentionLimits(nights=9))
    assert done.dropped == (date(2999, 1, 1),)


def test_imported_nights_are_dropped_by_their_dates() -> None:
    old = date(2012, 3, 4)
    arrived = [(old, True), (NIGHT, False), (YEAR_AHEAD, False), (date(2026, 11, 1), False)]
    assert newest_first(arrived) == [NIGHT, YEAR_AHEAD, date(2026, 11, 1), old]


def test_future_files_of_the_raw_signal_do_not_push_out_tonight(tmp_path: Path) -> None:
    store = RawStore(tmp_path, 7, 1000)
    future = [tmp_path / f"anna-2999-01-0{day}.db" for day in range(1, 9)]
    real = [tmp_path / f"anna-2026-11-{day}.db" for day in range(15, 23)]
    for path in [*future, *real]:
        path.write_bytes(b"x")
    assert list(store.surplus(["anna"], NIGHT)) == [real[0], future[0]]


def test_files_of_a_wrong_clock_are_deleted_first_where_space_is_short(tmp_path: Path) -> None:
    store = RawStore(tmp_path, 7, 1)
    for name in ("anna-2999-01-01", "anna-2026-11-21", "anna-2026-11-22"):
        (tmp_path / f"{name}.db").write_bytes(bytes(450_000))
    assert list(store.surplus(["anna"], NIGHT)) == [tmp_path / "anna-2999-01-01.db"]


def test_a_step_forward_drops_no_block_that_waits_for_the_disk() -> None:
    pending = PendingSignal(ANKLE)
    for number in range(10):
        begin = local("2026-11-21T23:00") + number * SECOND + (number > 4) * 3600 * SECOND
        block = SampleBlock(0, np.zeros((3, 50)), SampleClock(0, begin, 50.0), 50.0)
        assert pending.add(block) == 0
    assert len(pending.blocks) == 10


async def test_nothing_is_backed_up_or_deleted_while_the_clock_is_not_set(
    tmp_path: Path, one_bed: Config
) -> None:
    one_bed.journal.parent.mkdir(exist_ok=True)
    host = HostClock(lambda: 3600 * 10**9, lambda: 3600 * 10**9)
    with Journal(tmp_path / "limber.db") as journal:
        add_events(journal, NIGHT)
        raw = RawRecorder(raw_store_for(journal.path, RetentionLimits()), CALENDAR, 0)
        writer = JournalWriter(journal)
        task = asyncio.create_task(UpkeepTask(one_bed, ["anna"], host, writer, raw).run())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.close()
        await raw.close()
    assert list_backups(tmp_path / "limber.db") == []
