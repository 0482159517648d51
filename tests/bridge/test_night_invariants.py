"""Nights with daylight saving, travel, naps, long stays in bed, and a bridge that is off.

Load cells under a bed are played to the monitor and the journal that the daemon uses.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from limber_bridge.config.model import Config
from limber_bridge.daemon.changes import Change, NothingToEndError
from limber_bridge.daemon.journal_batches import journal_batch
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.events import Gap
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.domain.nights import Calendar, Night, to_local, to_us
from limber_bridge.sources.source_api import Samples
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.restore import restore_sleeper
from tests.bridge.examples import config

CELLS = "{id: 2, source: network, placement: bed, quantity: load}"
LISTEN = "network: {address: 127.0.0.1, port: 1}\n"
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
STEP = 30 * MINUTE
RATE = 0.1
SETTLING = 25 * MINUTE
"""us by which time in bed may differ for each change of the sleeper or the bridge: a transition is
known after some minutes, and a long time without a signal ends "in bed"."""


@dataclass
class Stay:
    """A bridge with its journal, with a time that the test sets."""

    config: Config
    journal: Journal
    now: int
    finished: list[Night] = field(default_factory=list)
    number: int = 0
    in_bed: int = 0
    """us that the sleeper lay in the bed while the bridge was on."""

    def __post_init__(self) -> None:
        self.start()

    def start(self, zone: str | None = None) -> None:
        """Start the bridge, optionally in another time zone."""
        if zone is not None:
            self.config = replace(self.config, calendar=Calendar(ZoneInfo(zone)))
        sleeper = self.config.sleepers[0]
        self.monitor = SleeperMonitor(
            sleeper,
            self.config,
            restore_sleeper(
                self.journal, sleeper.id, self.config.calendar, self.now, live=sleeper.live
            ),
            self.now,
        )

    def apply(self, change: Change) -> None:
        if change:
            self.journal.write([journal_batch(self.monitor, change)])
        self.finished += change.finished

    def spend(self, minutes: int, *, in_bed: bool) -> None:
        """Deliver the samples of the load cells."""
        end = self.now + minutes // 10 * 10 * MINUTE
        while self.now < end:
            step = min(STEP, end - self.now)
            clock = SampleClock(self.number, self.now, RATE)
            self.now += step
            samples = np.full((1, round(step / SECOND * RATE)), 70.0 if in_bed else 0.0)
            self.apply(
                self.monitor.process_arrival(
                    2, Samples(2, SampleBlock(self.number, samples, clock, RATE)), self.now
                )
            )
            self.number += samples.shape[1]
            self.apply(self.monitor.advance_to(self.now))
            self.in_bed += step * in_bed
        self.journal.write([journal_batch(self.monitor, Change())])

    def off(self, minutes: int, zone: str | None = None) -> None:
        """Switch the bridge off as by a power cut, and start it again."""
        self.now += minutes * MINUTE
        self.number += round(minutes * 60 * RATE)
        self.start(zone)
        self.apply(self.monitor.advance_to(self.now))

    def be_silent(self, minutes: int) -> None:
        """Let time pass without a sample while the bridge is on."""
        for _ in range(minutes // 10):
            self.now += 10 * MINUTE
            self.apply(self.monitor.advance_to(self.now))
        self.number += round(minutes * 60 * RATE)

    def until_noon_is_over(self) -> None:
        """Stay out of bed until the next night has begun."""
        turn = self.config.calendar.end(self.config.calendar.night_of(self.now))
        self.spend((turn - self.now) // MINUTE + 30, in_bed=False)

    @property
    def nights(self) -> dict[date, Night]:
        """The finished nights in the journal, by date."""
        return {night.date: night for night in self.journal.nights("anna")}


@contextmanager
def start_stay(zone: str, day: date, hour: int) -> Iterator[Stay]:
    """Yield a stay that begins at a local hour."""
    with TemporaryDirectory() as folder, Journal(Path(folder) / "limber.db") as journal:
        where = ZoneInfo(zone)
        placed = replace(config(Path(folder), CELLS, more=LISTEN), calendar=Calendar(where))
        yield Stay(placed, journal, to_us(datetime.combine(day, time(hour), where)))


def assert_valid(stay: Stay) -> None:
    """Check that revisions count from 1, differ, and that the journal holds the last of each."""
    by_date: dict[date, list[Night]] = {}
    for night in stay.finished:
        by_date.setdefault(night.date, []).append(night)
    for nights in by_date.values():
        assert [night.revision for night in nights] == list(range(1, len(nights) + 1))
        for before, after in pairwise(nights):
            assert replace(before, revision=0) != replace(after, revision=0)
    assert stay.nights == {day: nights[-1] for day, nights in by_date.items()}


def lies_in_its_night(night: Night, calendar: Calendar) -> None:
    begin = calendar.begin(night.date)
    end = calendar.end(night.date)
    for moment in (night.start, night.end):
        assert moment is None or begin <= moment <= end
    hours = night.measures.time_in_bed_h
    assert hours is None or 0 <= hours <= (end - begin) / HOUR


ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
]
BEFORE_CHANGES = [date(2026, 3, 7), date(2026, 3, 28), date(2026, 10, 24), date(2026, 6, 1)]
WAYS = st.sampled_from(["in bed", "in bed", "up", "up", "off", "silent", "away"])
DAYS = st.lists(st.tuples(WAYS, st.integers(1, 90)), min_size=3, max_size=12)


def live(stay: Stay, parts: Iterable[tuple[str, int]]) -> int:
    """Spend some days after the empty bed was weighed; return the number of changes."""
    stay.spend(30, in_bed=False)
    for way, tens in parts:
        match way:
            case "off":
                stay.off(tens * 10)
            case "silent":
                stay.be_silent(tens * 10)
            case "away":
                stay.be_silent(tens * 100)
            case _:
                stay.spend(tens * 10, in_bed=way == "in bed")
    return 1 + len(list(parts))


@given(st.sampled_from(ZONES), st.sampled_from(BEFORE_CHANGES), st.integers(0, 23), DAYS)
@example(
    "America/New_York",
    date(2026, 10, 24),
    13,
    [("up", 55), ("in bed", 40), ("away", 18), ("in bed", 65)],
)
@settings(max_examples=12, deadline=None)
def test_time_in_bed_is_in_exactly_one_night(
    zone: str, day: date, hour: int, parts: list[tuple[str, int]]
) -> None:
    """Whatever happens, every hour in bed counts in one night and in no other."""
    with start_stay(zone, day, hour) as stay:
        changes = live(stay, parts)
        stay.until_noon_is_over()
        assert_valid(stay)
        for night in stay.nights.values():
            lies_in_its_night(night, stay.config.calendar)
        counted = sum(
            round((night.measures.time_in_bed_h or 0) * HOUR) for night in stay.nights.values()
        )
        assert abs(counted - stay.in_bed) <= changes * SETTLING


@given(st.lists(st.sampled_from(ZONES), min_size=1, max_size=3), DAYS)
@example(
    ["Europe/Berlin", "Europe/Berlin", "America/New_York"],
    [("in bed", 1), ("in bed", 22), ("up", 90)],
)
@settings(max_examples=8, deadline=None)
def test_a_new_time_zone_counts_no_hour_twice(
    zones: list[str], parts: list[tuple[str, int]]
) -> None:
    """The time zone in limber.yaml is changed while the bridge is off."""
    with start_stay("Europe/Berlin", date(2026, 10, 23), 20) as stay:
        changes = live(stay, parts)
        for zone in zones:
            stay.off(30, zone)
            changes += live(stay, parts)
        stay.until_noon_is_over()
        assert_valid(stay)
        counted = sum(
            round((night.measures.time_in_bed_h or 0) * HOUR) for night in stay.nights.values()
        )
        assert counted <= stay.in_bed + changes * SETTLING


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 28), 8.0), (date(2026, 10, 24), 10.0), (date(2026, 11, 21), 9.0)],
    ids=["clocks go forward", "clocks go back", "no change"],
)
def test_a_night_from_ten_to_seven_to_local(day: date, hours: float) -> None:
    with start_stay("Europe/Berlin", day, 20) as stay:
        stay.spend(120, in_bed=False)
        stay.spend(round(hours * 60), in_bed=True)
        stay.spend(180, in_bed=False)
        (night,) = stay.finished
        zone = stay.config.calendar.zone
        assert night.date == day + timedelta(days=1)
        assert night.measures.time_in_bed_h == pytest.approx(hours, abs=0.05)
        assert night.start is not None
        assert night.end is not None
        assert (f"{to_local(night.start, zone):%H}", f"{to_local(night.end, zone):%H}") == (
            "22",
            "07",
        )


def test_a_nap_before_noon_belongs_to_last_night_and_one_after_noon_to_the_next() -> None:
    with start_stay("Europe/Berlin", date(2026, 11, 21), 21) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(480, in_bed=True)
        stay.spend(150, in_bed=False)
        assert [(night.date.day, night.revision) for night in stay.finished] == [(22, 1)]
        stay.spend(60, in_bed=True)
        stay.spend(240, in_bed=False)
        assert [(night.date.day, night.revision) for night in stay.finished] == [(22, 1), (22, 2)]
        assert stay.nights[date(2026, 11, 22)].measures.time_in_bed_h == pytest.approx(9.0, abs=0.1)
        stay.spend(60, in_bed=True)
        stay.spend(360, in_bed=False)
        stay.until_noon_is_over()
        assert stay.nights[date(2026, 11, 23)].measures.time_in_bed_h == pytest.approx(1.0, abs=0.1)
        assert_valid(stay)


def test_three_days_in_bed_are_split_at_noon() -> None:
    with start_stay("Europe/Berlin", date(2026, 11, 21), 20) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(3 * 24 * 60, in_bed=True)
        stay.until_noon_is_over()
        hours = {day.day: night.measures.time_in_bed_h for day, night in stay.nights.items()}
        assert hours == pytest.approx({22: 15.0, 23: 24.0, 24: 24.0, 25: 9.0}, abs=0.1)
        assert_valid(stay)


@pytest.mark.parametrize("back", [13, 20, 40], ids=["same day", "same evening", "a day later"])
def test_a_night_is_finished_after_a_restart_if_the_bridge_was_off_at_noon(back: int) -> None:
    with start_stay("Europe/Berlin", date(2026, 11, 21), 21) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(480, in_bed=True)
        assert not stay.finished
        stay.off((back - 6) * 60)
        (night,) = stay.finished
        assert (night.date, night.revision) == (date(2026, 11, 22), 1)
        assert night.measures.time_in_bed_h == pytest.approx(8.0, abs=0.2)
        stay.off(60)
        stay.until_noon_is_over()
        assert_valid(stay)
        assert stay.nights[date(2026, 11, 22)].revision == 1


def test_three_weeks_off_are_a_gap_in_the_first_and_the_last_night() -> None:
    with start_stay("Europe/Berlin", date(2026, 11, 1), 21) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(420, in_bed=True)
        left = stay.now
        stay.off(21 * 24 * 60)
        stay.spend(20, in_bed=False)
        stay.until_noon_is_over()
        gaps = {
            night: [
                (one.onset, one.end)
                for one in stay.journal.events("anna", night)
                if isinstance(one, Gap)
            ]
            for night in [date(2026, 11, 1) + timedelta(days=days) for days in range(25)]
        }
        first = date(2026, 11, 2)
        last = date(2026, 11, 23)
        assert {night for night, found in gaps.items() if found} == {first, last}
        ((begin, noon),) = gaps[first]
        ((turn, end),) = gaps[last]
        calendar = stay.config.calendar
        assert (noon, turn) == (calendar.end(first), calendar.begin(last))
        assert abs(begin - left) < MINUTE
        assert abs(end - left - 21 * 24 * HOUR) < MINUTE
        assert list(stay.nights) == [first]
        assert stay.nights[first].measures.time_in_bed_h == pytest.approx(7.0, abs=SETTLING / HOUR)
        assert_valid(stay)


def test_a_sensor_that_returns_after_days_does_not_revise_an_old_night() -> None:
    """The bridge is on all the time, and the gap began in a night that is days ago."""
    with start_stay("Europe/Berlin", date(2026, 11, 1), 21) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(420, in_bed=True)
        stay.spend(120, in_bed=False)
        stay.be_silent(5 * 24 * 60)
        stay.spend(600, in_bed=False)
        assert [(night.date.day, night.revision) for night in stay.finished] == [(2, 1)]
        assert stay.nights[date(2026, 11, 2)].measures.time_in_bed_h == pytest.approx(7.0, abs=0.1)
        assert_valid(stay)


def test_a_clock_that_was_days_ahead_for_an_hour_leaves_tonight_intact() -> None:
    with start_stay("Europe/Berlin", date(2026, 11, 1), 21) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(240, in_bed=True)
        for by in (10 * 24 * HOUR, -10 * 24 * HOUR):
            stay.now += by
            stay.apply(stay.monitor.apply_clock_step(stay.now, by))
            stay.spend(30, in_bed=True)
        stay.spend(150, in_bed=True)
        stay.until_noon_is_over()
        night = stay.nights[date(2026, 11, 2)]
        assert night.revision == 2
        # The jump ahead was a gap until noon, which ends where the clock was corrected.
        assert night.measures.time_in_bed_h == pytest.approx(7.0, abs=0.1)


def test_going_back_to_bed_after_ending_the_night_revises_it() -> None:
    with start_stay("Europe/Berlin", date(2026, 11, 21), 21) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(300, in_bed=True)
        stay.apply(stay.monitor.end_night())
        with pytest.raises(NothingToEndError, match="has already been ended"):
            stay.monitor.end_night()
        stay.spend(240, in_bed=True)
        stay.until_noon_is_over()
        assert [(night.date.day, night.revision) for night in stay.finished] == [(22, 1), (22, 2)]
        assert stay.nights[date(2026, 11, 22)].measures.time_in_bed_h == pytest.approx(9.0, abs=0.1)
        assert_valid(stay)


def test_a_night_ended_too_early_is_revised_when_it_is_over() -> None:
    """Ended 20 min after going to bed, and the bridge is killed later: revision 2 has all of it."""
    with start_stay("Europe/Berlin", date(2026, 11, 21), 21) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(20, in_bed=True)
        stay.apply(stay.monitor.end_night())
        assert stay.nights[date(2026, 11, 22)].measures.time_in_bed_h == pytest.approx(
            20 / 60, abs=0.1
        )
        stay.spend(240, in_bed=True)
        stay.off(1)
        stay.spend(220, in_bed=True)
        assert [night.revision for night in stay.finished] == [1]
        stay.spend(70, in_bed=False)
        assert [(night.date.day, night.revision) for night in stay.finished] == [(22, 1), (22, 2)]
        assert stay.nights[date(2026, 11, 22)].measures.time_in_bed_h == pytest.approx(8.0, abs=0.1)
        stay.until_noon_is_over()
        assert_valid(stay)


def test_flying_west_continues_the_finished_night() -> None:
    """Noon in Berlin is six in the morning in New York: sleep there revises the night."""
    with start_stay("Europe/Berlin", date(2026, 11, 21), 21) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(480, in_bed=True)
        stay.spend(370, in_bed=False)
        assert [(night.date.day, night.revision) for night in stay.finished] == [(22, 1)]
        stay.off(10, "America/New_York")
        stay.spend(180, in_bed=True)
        stay.until_noon_is_over()
        assert [(night.date.day, night.revision) for night in stay.finished] == [(22, 1), (22, 2)]
        assert stay.nights[date(2026, 11, 22)].measures.time_in_bed_h == pytest.approx(
            11.0, abs=0.2
        )
        assert datetime.fromtimestamp(stay.now / 1e6, UTC).day == 22
        assert_valid(stay)


def test_a_nap_moves_to_another_night_after_a_flight() -> None:
    """One in the afternoon in Berlin is seven in New York: the nap belongs to the night before."""
    with start_stay("Europe/Berlin", date(2026, 11, 21), 12) as stay:
        stay.spend(60, in_bed=False)
        stay.spend(120, in_bed=True)
        stay.spend(22 * 60, in_bed=False)
        assert [(night.date.day, night.revision) for night in stay.finished] == [(22, 1)]
        stay.off(10, "America/New_York")
        stay.until_noon_is_over()
        hours = {day.day: night.measures.time_in_bed_h for day, night in stay.nights.items()}
        assert hours[21] == pytest.approx(2.0, abs=0.1)
        assert not hours[22]
        assert stay.nights[date(2026, 11, 22)].revision == 2
        assert_valid(stay)
