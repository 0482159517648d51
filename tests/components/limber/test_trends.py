"""What is usual: learnt from nights, and unknown where there are too few."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.limber.trends import (
    expected_last_night,
    is_restless,
    next_time,
    restless_in_a_row,
    usual_bedtime,
)
from custom_components.limber.wire_nights import Measures, Methods, Night

BERLIN = ZoneInfo("Europe/Berlin")


def night(day: date, index: float | None = 10.0, start: datetime | None = None) -> Night:
    return Night(
        night=day,
        revision=1,
        start=start,
        end=None,
        rules="wasm-2016",
        methods=Methods(in_bed=None, asleep=None),
        measures=Measures(plm_index=index),
    )


def nights(*bedtimes: str) -> list[Night]:
    """Nights in November 2026; those before noon begin after midnight."""
    found = []
    for number, text in enumerate(bedtimes, 1):
        at = time.fromisoformat(text)
        day = date(2026, 11, number)
        evening = day if at.hour < 12 else day - timedelta(days=1)
        found.append(night(day, start=datetime.combine(evening, at, BERLIN).astimezone(UTC)))
    return found


@pytest.mark.parametrize(
    ("bedtimes", "usual"),
    [
        (["22:00", "22:30", "23:10"], time(22, 30)),
        (["23:30", "00:10", "00:40"], time(0, 10)),
        (["22:00", "22:10", "22:20", "04:00"], time(22, 15)),
        (["11:30", "11:50", "12:10", "12:20"], time(12, 0)),
        (["22:00", "22:30"], None),
    ],
    ids=["evenings", "around midnight", "one late night", "by day", "too few"],
)
def test_the_usual_bedtime_is_the_median(bedtimes: list[str], usual: time | None) -> None:
    assert usual_bedtime(nights(*bedtimes), BERLIN) == usual


@given(st.integers(0, 366 * 24 * 60), st.times())
def test_the_next_time_of_day_is_within_25_hours(minutes: int, at: time) -> None:
    """Days of a change of clocks last 25 hours, and a time may not exist on them."""
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    found = next_time(at, moment, BERLIN)
    assert timedelta(0) < found - moment <= timedelta(hours=26)


def test_a_nap_does_not_count_as_bedtime() -> None:
    naps = [
        replace(one, start=one.start - timedelta(hours=8), end=one.start + timedelta(hours=8))
        for one in nights("22:00", "22:10", "22:20")
        if one.start is not None
    ]
    assert usual_bedtime(naps, BERLIN) is None
    assert usual_bedtime([*nights("22:00", "22:10", "22:20"), *naps], BERLIN) == time(22, 10)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-22T04:59", 21),
        ("2026-11-22T05:00", 22),
        ("2026-11-21T23:00", 21),
        ("2026-11-22T11:59", 22),
    ],
)
def test_last_night_is_what_people_call_last_night(now: str, expected: int) -> None:
    assert expected_last_night(date(2026, 11, 22), datetime.fromisoformat(now)) == date(
        2026, 11, expected
    )


def test_nights_in_a_row_are_counted_from_the_last_one_back() -> None:
    day = date(2026, 11, 10)
    row = [
        night(day + timedelta(days=number), index)
        for number, index in enumerate([20.0, 5.0, 16.0, 30.0])
    ]
    assert restless_in_a_row(row, 15) == 2
    assert restless_in_a_row(row, 30) == 0
    assert restless_in_a_row([], 15) == 0


def test_an_unmeasured_night_ends_a_row_of_restless_nights() -> None:
    day = date(2026, 11, 10)
    apart = [night(day, 20), night(day + timedelta(days=2), 20)]
    assert restless_in_a_row(apart, 15) == 1
    unknown = [night(day, 20), night(day + timedelta(days=1), None)]
    assert is_restless(unknown[-1], 15) is None
    assert restless_in_a_row(unknown, 15) == 0
    assert (
        restless_in_a_row([replace(one, measures=Measures(plm_index=20)) for one in unknown], 15)
        == 2
    )
