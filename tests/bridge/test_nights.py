"""Which night a moment belongs to, and when a night is over."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.daemon.finished_nights import FinishedNights
from limber_bridge.detection.events import BedTransition
from limber_bridge.detection.measures import Measures
from limber_bridge.domain.nights import Calendar, MovementHours, to_us, to_utc
from limber_bridge.domain.trends import average_nights
from tests.bridge.examples import night

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))


def local(text: str) -> int:
    return to_us(datetime.fromisoformat(text).replace(tzinfo=BERLIN.zone))


@pytest.mark.parametrize(
    ("moment", "night"),
    [
        ("2026-11-21T12:00", date(2026, 11, 22)),
        ("2026-11-21T23:30", date(2026, 11, 22)),
        ("2026-11-22T06:00", date(2026, 11, 22)),
        ("2026-11-22T11:59:59.999999", date(2026, 11, 22)),
        ("2026-12-31T22:00", date(2027, 1, 1)),
    ],
    ids=["noon", "evening", "morning", "before noon", "new year"],
)
def test_a_night_has_the_date_on_which_it_ends(moment: str, night: date) -> None:
    assert BERLIN.night_of(local(moment)) == night


@pytest.mark.parametrize(
    ("night", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 22), 24)],
    ids=["clocks go forward", "clocks go back", "usual"],
)
def test_nights_with_a_change_of_clocks(night: date, hours: int) -> None:
    assert BERLIN.end(night) - BERLIN.begin(night) == hours * 3600 * 1_000_000


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001 - made aware below
    st.sampled_from(
        [
            "Europe/Berlin",
            "America/St_Johns",
            "Pacific/Chatham",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
        ]
    ),
    st.integers(1, 23),
)
def test_every_moment_lies_in_the_night_it_belongs_to(
    moment: datetime, zone: str, turn: int
) -> None:
    calendar = Calendar(ZoneInfo(zone), turn)
    at = to_us(moment.replace(tzinfo=UTC))
    night = calendar.night_of(at)
    assert calendar.begin(night) <= at < calendar.end(night)


@given(st.integers(0, 4 * 10**15))
def test_times_survive_to_the_microsecond(moment: int) -> None:
    assert to_us(to_utc(moment)) == moment


def test_somebody_who_sleeps_by_day() -> None:
    calendar = Calendar(BERLIN.zone, 20)
    assert calendar.night_of(local("2026-11-22T09:00")) == date(2026, 11, 22)
    assert calendar.night_of(local("2026-11-22T19:59")) == date(2026, 11, 22)
    assert calendar.night_of(local("2026-11-22T20:00")) == date(2026, 11, 23)


NIGHT = date(2026, 11, 22)
WENT = BedTransition(local("2026-11-21T22:30"), in_bed=True)


@pytest.mark.parametrize(
    ("beds", "now", "over"),
    [
        ([WENT], "2026-11-22T11:59", False),
        ([WENT], "2026-11-22T12:00", True),
        ([WENT, BedTransition(local("2026-11-22T06:30"), in_bed=False)], "2026-11-22T07:29", False),
        ([WENT, BedTransition(local("2026-11-22T06:30"), in_bed=False)], "2026-11-22T07:30", True),
        ([WENT, BedTransition(local("2026-11-22T03:00"), in_bed=False)], "2026-11-22T05:59", False),
        ([WENT, BedTransition(local("2026-11-22T03:00"), in_bed=False)], "2026-11-22T06:00", True),
        ([BedTransition(local("2026-11-21T20:00"), in_bed=False)], "2026-11-22T09:00", False),
        ([], "2026-11-22T09:00", False),
    ],
    ids=[
        "in bed until noon",
        "noon",
        "up for 59 min",
        "up for an hour",
        "up since three, not an hour after five",
        "up since three",
        "never went to bed",
        "nothing known",
    ],
)
def test_when_a_night_is_over(beds: list[BedTransition], now: str, over: bool) -> None:
    assert BERLIN.is_over(NIGHT, beds, local(now)) is over


def test_nights_are_seen_together_with_their_spread() -> None:
    nights = [
        replace(night(date(2026, 11, day)), measures=Measures(plm=plm, plm_index=index))
        for day, plm, index in ((1, 500, 90.0), (16, 10, 2.0), (18, 20, None), (22, 60, 8.0))
    ]
    week = average_nights(nights, date(2026, 11, 22), 7)
    assert week is not None
    assert (week.nights, week.mean["plm"], week.mean["plm_index"]) == (3, 30.0, 5.0)
    assert week.sd["plm"] == pytest.approx(26.4575, abs=1e-4)
    month = average_nights(nights, date(2026, 11, 22), 30)
    assert month is not None
    assert (month.nights, "sleep_h" in month.mean) == (4, False)
    assert average_nights(nights, date(2027, 1, 1), 7) is None


def test_the_movements_by_hour_that_an_older_version_did_not_store_are_no_revision() -> None:
    before = night(date(2026, 11, 22))
    hours = MovementHours(local("2026-11-22T00:00"), (3, None, 4))
    finished = FinishedNights({before.date: before})
    assert finished.revise(replace(before, revision=0, hours=hours)) is None
    changed = replace(before.measures, movements=313)
    revised = finished.revise(replace(before, revision=0, measures=changed, hours=hours))
    assert revised is not None
    assert (revised.revision, revised.hours) == (2, hours)
