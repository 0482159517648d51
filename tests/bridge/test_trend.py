"""`trend` and `events`: what the cards of a client show of nights."""

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.detection.events import Factor, FactorKind, PositionChange
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.scoring import Scoring
from limber_bridge.detection.scoring_input import begun_within
from limber_bridge.detection.signal import HOUR, SECOND
from limber_bridge.detection.spans import merge_spans
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.movement_hours import movement_hours
from limber_bridge.domain.nights import MovementHours, Night, to_us
from limber_bridge.offline import trend
from limber_bridge.offline.trend import HoursCache, TrendRange, read_trend
from limber_bridge.protocol.messages import EventsResponse
from limber_bridge.protocol.request_messages import EventsRequest
from limber_bridge.protocol.trend_messages import TrendNight, TrendRequest, TrendResponse
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_upkeep import drop_events
from limber_bridge.storage.records.night_records import decode_night, encode_night
from tests.bridge.examples import BERLIN, kick, local, night
from tests.bridge.examples import config as make_config
from tests.bridge.test_diary import DiaryBridge
from tests.bridge.web_nights import CRAMP_ID, LEGS, NIGHT, fill_journal

NOON = local("2026-11-23T12:30")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("template")


@pytest.fixture
def bridge(tmp_path: Path, template: Path) -> Any:
    fill_journal(tmp_path, template, nights=3)
    with closing(DiaryBridge(tmp_path, NOON)) as started:
        started.config = make_config(
            tmp_path, LEGS, more="network: {address: 127.0.0.1, port: 1}\n"
        )
        started.start()
        yield started


def ask(bridge: DiaryBridge, *, page_bytes: int = 32_000, **fields: Any) -> TrendResponse:
    request = TrendRequest(v=1, id="t", reply_to="x", sleeper="anna", **fields)
    answer = asyncio.run(bridge.handler.answer(request, page_bytes))
    assert isinstance(answer, TrendResponse)
    return answer


def journal_of(bridge: DiaryBridge) -> Journal:
    assert bridge.journal is not None
    return bridge.journal


def test_the_movements_of_the_hours_are_those_of_the_night(bridge: DiaryBridge) -> None:
    found = ask(bridge).trend[-1]
    stored = journal_of(bridge).nights("anna")[-1]
    assert found.night == stored.date == NIGHT
    assert sum(count or 0 for count in found.movements_by_hour) == stored.measures.movements
    assert stored.hours is not None
    assert found.movements_by_hour == stored.hours.counts
    assert found.hours_start is not None
    assert stored.start is not None
    assert stored.end is not None
    start = to_us(found.hours_start)
    assert start <= stored.start < start + HOUR
    last = start + len(found.movements_by_hour) * HOUR
    assert last - HOUR < stored.end <= last
    assert [(one.id, one.label) for one in found.cramps] == [(f"{CRAMP_ID}-ended", None)]
    assert FactorKind.CAFFEINE in [one.factor for one in found.factors]


def test_nights_with_notes_only_and_without_events_are_there(bridge: DiaryBridge) -> None:
    early = NIGHT - timedelta(days=10)
    entry = DiaryEntry(night=early, sleep_quality=3)
    factor = Factor(local("2026-11-17T21:00"), FactorKind.MAGNESIUM, None)
    logged = date(2026, 11, 18)
    journal = journal_of(bridge)
    journal.write([JournalBatch("anna", events=((logged, factor),), diary=(entry,))])
    drop_events(journal, NIGHT)
    found = {one.night: one for one in ask(bridge).trend}
    finished = [NIGHT - timedelta(days=days) for days in (2, 1, 0)]
    assert list(found) == [early, logged, *finished]
    assert found[early].diary == entry
    assert [one.factor for one in found[logged].factors] == [FactorKind.MAGNESIUM]
    for day in (early, logged, NIGHT):
        assert (found[day].hours_start, found[day].movements_by_hour) == (None, ())


def test_the_last_nights_come_in_pages(bridge: DiaryBridge) -> None:
    bridge.monitor.add_to_diary([])
    whole = ask(bridge, last=2)
    assert [one.night for one in whole.trend] == [NIGHT - timedelta(days=1), NIGHT]
    found: list[TrendNight] = []
    after: date | None = None
    for _ in range(2):
        page = ask(bridge, last=2, after=after, page_bytes=1)
        assert len(page.trend) == 1
        found += page.trend
        after = page.next
    assert after is None
    assert tuple(found) == whole.trend


def test_a_page_ends_when_it_took_too_long(
    bridge: DiaryBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trend, "PAGE_TIME_S", -1.0)
    page = ask(bridge)
    assert (len(page.trend), page.next) == (1, page.trend[0].night)


def test_nights_with_the_dates_of_a_wrong_clock_are_left_out(bridge: DiaryBridge) -> None:
    journal = journal_of(bridge)
    journal.save_night(night(date(2027, 11, 20)))
    entries = tuple(
        DiaryEntry(night=day, cramp=False) for day in (date(2019, 1, 1), date(2028, 1, 1))
    )
    journal.write([JournalBatch("anna", diary=entries)])
    assert {one.night.year for one in ask(bridge).trend} == {2026}


def store_as_before(bridge: DiaryBridge) -> Night:
    """Store the last night as a version did that stored no hours; return it."""
    journal = journal_of(bridge)
    last = replace(journal.nights("anna")[-1], hours=None)
    journal.save_night(last)
    return last


def test_the_hours_of_an_older_night_are_those_that_are_stored_now(bridge: DiaryBridge) -> None:
    now = ask(bridge).trend
    store_as_before(bridge)
    assert ask(bridge).trend == now


def test_the_stored_hours_are_not_found_again(bridge: DiaryBridge) -> None:
    journal = journal_of(bridge)
    hours = MovementHours(local("2026-11-22T23:00"), (3, None, 4))
    journal.save_night(replace(journal.nights("anna")[-1], hours=hours))
    assert ask(bridge).trend[-1].movements_by_hour == (3, None, 4)


def test_a_revised_night_is_read_again(bridge: DiaryBridge) -> None:
    journal = journal_of(bridge)
    last = store_as_before(bridge)
    before = ask(bridge).trend[-1]
    journal.append("anna", [(NIGHT, kick(local("2026-11-23T04:00")))], PipelineState({}))
    assert ask(bridge).trend[-1] == before
    journal.save_night(replace(last, revision=last.revision + 1))
    assert sum(one or 0 for one in ask(bridge).trend[-1].movements_by_hour) != sum(
        one or 0 for one in before.movements_by_hour
    )


def scored(in_bed: Any, gaps: Any, onsets: list[int]) -> NightScore:
    movements = tuple(kick(onset) for onset in onsets)
    scoring = Scoring(movements, (None,) * len(movements), ())
    return NightScore(scoring, in_bed, None, gaps, Measures(movements=len(onsets)))


def test_an_hour_that_was_not_measured_is_unknown() -> None:
    begin = local("2026-11-22T23:20")
    hour = local("2026-11-22T23:00")
    score = scored(
        ((begin, hour + 5 * HOUR),),
        ((hour + HOUR, hour + 3 * HOUR),),
        [begin + SECOND, hour + 3 * HOUR, hour - HOUR],
    )
    found = movement_hours(score, BERLIN)
    assert (found.start, found.counts) == (hour, (1, None, None, 1, 0))


def test_the_hours_of_a_clock_change_are_counted() -> None:
    begin = local("2026-10-24T23:00")
    end = local("2026-10-25T07:00")
    found = movement_hours(scored(((begin, end),), (), [begin]), BERLIN)
    assert found.counts == (1, *[0] * 8)


def test_without_a_time_in_bed_the_movements_say_which_hours_were_measured() -> None:
    first = local("2026-11-22T23:30")
    found = movement_hours(scored(None, (), [first, first + 2 * HOUR]), BERLIN)
    assert found.counts == (1, 0, 1)
    assert movement_hours(scored(None, (), []), BERLIN).start is None


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), max_size=4),
    st.lists(st.integers(0, 23 * 60), max_size=6),
)
def test_each_movement_in_bed_is_in_one_hour_whatever_the_gaps(
    absences: list[tuple[int, int]], minutes: list[int]
) -> None:
    """A clock that was set back leaves gaps in which something was measured."""
    begin = local("2026-11-22T13:20")
    gaps = merge_spans((begin + at * HOUR, begin + (at + hours) * HOUR) for at, hours in absences)
    onsets = sorted(begin + minute * 60 * SECOND for minute in minutes)
    for in_bed in (None, ((begin, begin + 23 * HOUR),)):
        score = scored(in_bed, tuple(gaps), onsets)
        counted = len(begun_within(score.scoring.movements, in_bed))
        found = movement_hours(score, ZoneInfo("Asia/Kathmandu"))
        assert sum(count or 0 for count in found.counts) == counted
        assert len(found.counts) <= 25


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Europe/Berlin"])
def test_a_night_of_a_clock_that_was_never_set_can_be_read_again(zone: str) -> None:
    """Where hours do not begin with those of UTC, the first one begins before 1970."""
    score = scored(((3 * SECOND, 3 * HOUR),), (), [5 * SECOND, HOUR])
    found = movement_hours(score, ZoneInfo(zone))
    stored = replace(night(date(1970, 1, 2)), hours=found)
    assert decode_night("anna", stored.date, 1, encode_night(stored)).hours == found
    assert (found.start is None) is (zone != "Europe/Berlin")


def events_of(bridge: DiaryBridge, page_bytes: int) -> list[Any]:
    found: list[Any] = []
    after: int | None = 0
    while after is not None:
        request = EventsRequest(v=1, id="e", reply_to="x", sleeper="anna", night=NIGHT, after=after)
        page = asyncio.run(bridge.handler.answer(request, page_bytes))
        assert isinstance(page, EventsResponse)
        found += page.events
        after = page.next
    return found


@pytest.mark.parametrize("page_bytes", [3000, 10**9])
def test_the_events_of_a_night_have_sleep_and_position_changes(
    bridge: DiaryBridge, page_bytes: int
) -> None:
    found = events_of(bridge, page_bytes)
    assert len({one.id for one in found}) == len(found)
    turned = [
        one for one in journal_of(bridge).events("anna", NIGHT) if isinstance(one, PositionChange)
    ]
    assert len([one for one in found if one.kind == "position_change"]) == len(turned) > 0
    slept = [one for one in found if one.kind == "sleep"]
    assert found[-len(slept) :] == slept
    hours = sum((one.end - one.start).total_seconds() for one in slept) / 3600
    stored = journal_of(bridge).nights("anna")[-1].measures.sleep_h
    assert stored is not None
    # Gaps are left out of the measure, which the test added to the night later.
    assert hours == pytest.approx(stored, abs=0.5)


def test_a_night_that_is_remembered_is_not_scored_again(bridge: DiaryBridge) -> None:
    cache = HoursCache()
    wanted = TrendRange(after=None, last=1, latest=date.max, counts=lambda _: True)
    sleeper = bridge.config.sleepers[0]
    store_as_before(bridge)
    first, _ = read_trend(bridge.config, sleeper, wanted, cache)
    (remembered,) = cache._found.values()
    assert first[0].movements_by_hour == remembered.counts
    assert read_trend(bridge.config, sleeper, wanted, cache)[0] == first
