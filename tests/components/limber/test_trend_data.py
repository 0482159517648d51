"""Many nights become rows that say what is known, and nothing else."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.limber.tonight_data import RunningSeries
from custom_components.limber.trend_data import count_cramps, describe_night, describe_nights
from custom_components.limber.wire_diary import (
    Diary,
    TrendCramp,
    TrendFactor,
    TrendNight,
    TrialNight,
)
from custom_components.limber.wire_events import MovementEvent, SeriesEvent
from custom_components.limber.wire_nights import Measures, Methods, Night
from custom_components.limber.wire_trials import RunningTrial

DAY = date(2026, 11, 22)
BERLIN = ZoneInfo("Europe/Berlin")
HOURS_START = datetime(2026, 11, 21, 22, tzinfo=UTC)


def night(day: date = DAY, **measures: Any) -> Night:
    return Night(
        night=day,
        revision=1,
        start=None,
        end=None,
        rules="",
        methods=Methods(in_bed=None, asleep=None),
        measures=Measures(**measures),
    )


def cramps(*labels: bool | None) -> tuple[TrendCramp, ...]:
    return tuple(
        TrendCramp(id=str(number), start=HOURS_START, certainty="probable", label=label)
        for number, label in enumerate(labels)
    )


def test_a_full_row() -> None:
    entry = TrendNight(
        night=DAY,
        hours_start=HOURS_START,
        movements_by_hour=(12, None, 3),
        cramps=cramps(True, False, None),
        factors=tuple(
            TrendFactor(factor=name, start=HOURS_START) for name in ("alcohol", "water", "alcohol")
        ),
        diary=Diary(night=DAY, evening_symptoms=0, cramp=True),
        trial=TrialNight(trial="1", assigned="without"),
    )
    measured = night(plm_index=24.0506, movements=312, sleep_h=6.666)
    row = describe_night(DAY, measured, entry, BERLIN)
    assert row["m"]["plm_index"] == 24.1
    assert row["m"]["sleep_h"] == 6.666
    assert row["m"]["time_in_bed_h"] is None
    del row["m"]
    assert row == {
        "n": "2026-11-22",
        "h0": 23,
        "h": [12, None, 3],
        "c": 2,
        "f": ["alcohol", "water"],
        "d": [0, None, 1, None],
        "t": "without",
    }


@pytest.mark.parametrize(
    ("factor", "name", "left"),
    [
        ("water", None, ["alcohol", "compression socks", "other"]),
        ("other", "Compression  Socks", ["alcohol", "water", "other"]),
    ],
)
def test_what_was_logged_for_a_running_trial_is_left_out(
    factor: str, name: str | None, left: list[str]
) -> None:
    logged = [("alcohol", None), ("water", None), ("other", "compression socks"), ("other", None)]
    entry = TrendNight(
        night=DAY,
        factors=tuple(
            TrendFactor(factor=kind, note=note, start=HOURS_START) for kind, note in logged
        ),
    )
    trial = RunningTrial(
        id="1", factor=factor, name=name, outcome="plm_index", nights=28, start=DAY, end=DAY
    )
    assert describe_night(DAY, None, entry, BERLIN, trial)["f"] == left
    before = describe_night(DAY - timedelta(days=1), None, entry, BERLIN, trial)
    assert before["f"] == ["alcohol", "water", "compression socks", "other"]


@pytest.mark.parametrize(
    ("start", "counts", "expected"),
    [
        # From 2:00 to 3:00 in spring, and once more to 2:00 in autumn.
        ("2026-03-29T00:00:00Z", (1, 2, 3), [1, None, 2, 3]),
        ("2026-10-24T23:00:00Z", (1, 2, 5, 6), [1, 4, 6]),
        ("2026-10-24T23:00:00Z", (1, None, 5, None), [1, 5, None]),
    ],
)
def test_a_clock_hour_comes_once_where_the_clocks_change(
    start: str, counts: tuple[int | None, ...], expected: list[int | None]
) -> None:
    entry = TrendNight(
        night=DAY, hours_start=datetime.fromisoformat(start), movements_by_hour=counts
    )
    assert describe_night(DAY, None, entry, BERLIN)["h"] == expected


def test_what_is_unknown_is_null_and_not_zero() -> None:
    unknown: dict[str, Any] = {
        "h0": None,
        "h": [],
        "c": None,
        "f": [],
        "d": None,
        "t": None,
        "m": None,
    }
    assert describe_night(DAY, night(), None, BERLIN) == unknown | {"n": "2026-11-22"}
    diary_only = TrendNight(night=DAY, diary=Diary(night=DAY))
    assert describe_night(DAY, None, diary_only, BERLIN) == unknown | {"n": "2026-11-22"}


def test_cramps_are_counted_from_the_events_else_from_the_measures() -> None:
    can_find = night(cramps_possible=2)
    deleted = TrendNight(night=DAY)
    with_events = TrendNight(night=DAY, hours_start=HOURS_START, cramps=cramps(False))
    reported = TrendNight(night=DAY, cramps=cramps(True))
    assert count_cramps(can_find, None) == 2
    assert count_cramps(can_find, deleted) == 2
    assert count_cramps(can_find, with_events) == 0
    assert count_cramps(night(), with_events) is None
    assert count_cramps(None, reported) == 1


def test_nights_without_measurement_have_a_row_and_older_ones_none() -> None:
    older = date(2026, 11, 20)
    only_logged = date(2026, 11, 21)
    rows = describe_nights(
        {older: night(older), DAY: night()},
        {only_logged: TrendNight(night=only_logged)},
        only_logged,
        BERLIN,
    )
    assert [row["n"] for row in rows] == ["2026-11-21", "2026-11-22"]


def series(start: datetime, end: datetime, *, ended: bool) -> SeriesEvent:
    return SeriesEvent(id="s", night=DAY, start=start, end=end, movements=4, ended=ended)


def movement(start: datetime) -> MovementEvent:
    return MovementEvent(
        id="m",
        night=DAY,
        start=start,
        end=start,
        duration=1.0,
        side=None,
        peak=0.1,
        grade="mild",
        candidate=True,
    )


def test_a_series_goes_on_until_it_ends() -> None:
    running = RunningSeries()
    start = HOURS_START
    assert running.start(start) is None
    assert not running.process(movement(start)), "a movement alone is no series"
    assert running.process(series(start, start.replace(minute=1), ended=False))
    assert running.start(start.replace(minute=2)) == start
    assert running.process(series(start, start.replace(minute=2), ended=True))
    assert running.start(start.replace(minute=2)) is None


def test_a_series_whose_end_was_not_received_is_over_after_two_minutes() -> None:
    running = RunningSeries()
    running.process(series(HOURS_START, HOURS_START.replace(minute=1), ended=False))
    assert running.process(movement(HOURS_START.replace(minute=2)))
    assert running.start(HOURS_START.replace(minute=4)) == HOURS_START
    assert running.start(HOURS_START.replace(minute=5)) is None
