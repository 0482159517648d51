"""The diary: the last value of each field is stored, whatever happens to the bridge."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, override

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from devtools.processes import free_port
from limber_bridge.daemon.changes import Change
from limber_bridge.daemon.history_reader import ReadableRecords
from limber_bridge.daemon.journal_batches import complete_batches, journal_batch
from limber_bridge.daemon.relay_requests import RelayHandler
from limber_bridge.daemon.requests import RequestHandler
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import Certainty, Cramp, PositionChange, event_id
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.signal import HOUR, SECOND
from limber_bridge.domain.diary import DiaryEntry, changed_entry, diary_values
from limber_bridge.domain.nights import Calendar, Import
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.offline.report_nights import compared_nights, read_report_nights
from limber_bridge.protocol.diary_messages import DIARY_FIELDS, DiaryRequest, DiaryResponse
from limber_bridge.protocol.messages import Refusal, Response
from limber_bridge.sources.inbox import Inbox
from limber_bridge.storage.deletion import Deletion, delete_records
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_imports import NightToImport, file_night, undo_imports
from limber_bridge.storage.journal_upkeep import run_upkeep
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.restore import restore_sleeper
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import BERLIN, config, local, night
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, STATE, listen_on, online

TONIGHT = date(2026, 11, 22)
FULL = DiaryEntry(night=TONIGHT, evening_symptoms=4, sleep_quality=7, cramp=True, cramp_pain=6)


class KilledError(Exception):
    """The process is gone."""


class DiaryBridge:
    """The part of a bridge that answers requests, with a real journal and a set time."""

    def __init__(self, folder: Path, now: int) -> None:
        self.folder = folder
        self.now = now
        self.kills: Callable[[str], bool] = lambda _where: False
        self.config = config(folder, ANKLE, more=listen_on(1))
        self.journal: Journal | None = None
        self.start()

    def start(self) -> None:
        """Start again from the journal alone."""
        if self.journal is not None:
            self.journal.close()
        self.journal = Journal(self.config.journal)
        sleeper = self.config.sleepers[0]
        restored = restore_sleeper(
            self.journal, sleeper.id, self.config.calendar, self.now, live=True
        )
        self.monitor = SleeperMonitor(sleeper, self.config, restored, self.now)
        self.monitor.advance_to(self.now)
        self.handler = RequestHandler(
            {"anna": self.monitor},
            ReadableRecords(self.config, self.journal, JournalWriter(self.journal)),
            lambda: self.now,
            self.apply,
            RelayHandler(lambda _: (), Inbox()),
        )

    async def apply(self, monitor: SleeperMonitor, change: Change) -> None:
        """Write a change, unless the process is killed before or after it."""
        assert self.journal is not None
        if self.kills("before the journal"):
            raise KilledError
        self.journal.write([journal_batch(monitor, change)])
        if self.kills("before the state"):
            raise KilledError

    def say(self, **fields: Any) -> Response:
        request = DiaryRequest(v=1, id="d", reply_to="x", sleeper="anna", **fields)
        return asyncio.run(self.handler.answer(request))

    def stored(self, day: date = TONIGHT) -> DiaryEntry:
        assert self.journal is not None
        found = {entry.night: entry for entry in self.journal.diary("anna")}
        return found.get(day, DiaryEntry(night=day))

    def close(self) -> None:
        assert self.journal is not None
        self.journal.close()


RATINGS = st.none() | st.integers(0, 10)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "evening_symptoms": RATINGS,
        "sleep_quality": RATINGS,
        "cramp": st.none() | st.booleans(),
        "cramp_pain": RATINGS,
    },
).filter(lambda values: values and not (values.get("cramp_pain") and not values.get("cramp", True)))
KILLS = st.sampled_from(["before the journal", "before the state"])
NIGHTS = st.integers(0, 3).map(lambda days: TONIGHT - timedelta(days=days))


class AnyOrderOfDiaryChanges(RuleBasedStateMachine):
    """Changes, restarts and kills in any order leave the last value of each field."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.bridge = DiaryBridge(Path(self.folder.name), local("2026-11-22T07:00"))
        self.expected: dict[date, dict[str, Any]] = {}

    def _expect(self, day: date, values: dict[str, Any]) -> None:
        known = self.expected.setdefault(day, dict.fromkeys(DIARY_FIELDS))
        known.update(values)
        if values.get("cramp_pain"):
            known["cramp"] = True
        if known["cramp"] is False or ("cramp" in values and known["cramp"] is None):
            known["cramp_pain"] = None

    @rule(day=NIGHTS, values=VALUES)
    def say(self, day: date, values: dict[str, Any]) -> None:
        self._expect(day, values)
        answer = self.bridge.say(night=day, **values)
        assert isinstance(answer, DiaryResponse)
        assert diary_values(answer.diary) == self.expected[day]
        self.bridge.now += 3 * SECOND

    @rule(day=NIGHTS, values=VALUES, where=KILLS)
    def kill_while_saying(self, day: date, values: dict[str, Any], where: str) -> None:
        self.bridge.kills = lambda point: point == where
        with pytest.raises(KilledError):
            self.bridge.say(night=day, **values)
        self.bridge.kills = lambda _: False
        self.bridge.start()
        if where == "before the state":
            self._expect(day, values)

    @rule()
    def restart(self) -> None:
        self.bridge.start()

    @rule()
    def lose_the_journal_at_runtime(self) -> None:
        """A damaged journal is set aside, and everything in memory is written to the new one."""
        journal = self.bridge.journal
        assert journal is not None
        journal.set_aside("test")
        with journal.writing() as database:
            database.execute("DELETE FROM diary")
        journal.write(complete_batches({"anna": self.bridge.monitor}, lambda _: ()))

    @invariant()
    def journal_and_memory_hold_the_last_values(self) -> None:
        for day, values in self.expected.items():
            assert diary_values(self.bridge.stored(day)) == values
            assert diary_values(self.bridge.monitor.diary.of(day)) == values

    @override
    def teardown(self) -> None:
        self.bridge.close()
        self.folder.cleanup()


TestAnyOrderOfDiaryChanges = AnyOrderOfDiaryChanges.TestCase
TestAnyOrderOfDiaryChanges.settings = hypothesis_settings(
    max_examples=25, stateful_step_count=12, deadline=None
)


@pytest.fixture
def bridge(tmp_path: Path) -> Any:
    with closing(DiaryBridge(tmp_path, local("2026-11-22T07:30"))) as started:
        yield started


@pytest.mark.parametrize(
    ("before", "values", "after"),
    [
        ({}, {"cramp_pain": 6}, {"cramp": True, "cramp_pain": 6}),
        ({"cramp": False}, {"cramp_pain": 6}, {"cramp": True, "cramp_pain": 6}),
        ({"cramp": True, "cramp_pain": 6}, {"cramp": False}, {"cramp": False}),
        ({"cramp": True, "cramp_pain": 6}, {"cramp": None}, {}),
        ({"cramp": True, "cramp_pain": 0}, {"cramp": None}, {}),
        ({"cramp": True, "cramp_pain": 6}, {"cramp_pain": None}, {"cramp": True}),
        ({"cramp": False}, {"cramp_pain": 0}, {"cramp": False}),
        ({"cramp": True}, {"cramp_pain": 0}, {"cramp": True, "cramp_pain": 0}),
        (
            {"evening_symptoms": 4},
            {"sleep_quality": 0},
            {"evening_symptoms": 4, "sleep_quality": 0},
        ),
    ],
    ids=str,
)
def test_a_pain_says_that_there_was_a_cramp(
    before: dict[str, Any], values: dict[str, Any], after: dict[str, Any]
) -> None:
    entry = changed_entry(DiaryEntry(night=TONIGHT, **before), values)
    assert entry == DiaryEntry(night=TONIGHT, **after)


@pytest.mark.parametrize(
    ("time", "evening", "morning"),
    [
        ("2026-11-21T21:00", date(2026, 11, 22), date(2026, 11, 21)),
        ("2026-11-22T00:30", date(2026, 11, 22), date(2026, 11, 22)),
        ("2026-11-22T07:30", date(2026, 11, 22), date(2026, 11, 22)),
        ("2026-11-22T12:30", date(2026, 11, 23), date(2026, 11, 22)),
        ("2026-11-22T23:59", date(2026, 11, 23), date(2026, 11, 22)),
    ],
)
def test_the_evening_is_of_tonight_and_the_morning_of_the_last_night(
    tmp_path: Path, time: str, evening: date, morning: date
) -> None:
    with closing(DiaryBridge(tmp_path, local(time))) as bridge:
        answer = bridge.say(evening_symptoms=4, sleep_quality=7)
        assert isinstance(answer, DiaryResponse)
        assert (answer.night, answer.diary.sleep_quality) == (morning, 7)
        assert bridge.stored(evening).evening_symptoms == 4
        assert bridge.stored(morning).sleep_quality == 7
        shown = bridge.monitor.state(bridge.now).diary
        assert shown is not None
        assert (shown.tonight.night, shown.last_night.night) == (evening, morning)
        assert (shown.tonight.evening_symptoms, shown.last_night.sleep_quality) == (4, 7)


def test_an_impossible_night_is_refused(bridge: DiaryBridge) -> None:
    for day, error in (
        (TONIGHT + timedelta(days=1), "time_in_future"),
        (date(2019, 12, 31), "malformed"),
    ):
        answer = bridge.say(night=day, sleep_quality=3)
        assert isinstance(answer, Refusal)
        assert (answer.error, str(day) in answer.message) == (error, True)
    assert bridge.stored() == DiaryEntry(night=TONIGHT)


def test_a_clock_that_is_not_set_notes_nothing(tmp_path: Path) -> None:
    with closing(DiaryBridge(tmp_path, 3_600 * SECOND)) as bridge:
        answer = bridge.say(sleep_quality=3)
        assert isinstance(answer, Refusal)
        assert "clock" in answer.message


def test_a_night_without_a_value_has_no_row(bridge: DiaryBridge) -> None:
    bridge.say(**diary_values(FULL))
    assert bridge.stored() == FULL
    bridge.say(**dict.fromkeys(DIARY_FIELDS))
    assert bridge.journal is not None
    assert bridge.journal.diary("anna") == []


def test_the_diary_creates_no_night_and_changes_no_measure(bridge: DiaryBridge) -> None:
    assert bridge.journal is not None
    bridge.journal.save_night(night(TONIGHT))
    bridge.say(night=TONIGHT - timedelta(days=3), cramp=True)
    bridge.say(night=TONIGHT, cramp=True)
    assert bridge.journal.nights("anna") == [night(TONIGHT)]


def test_importing_and_undoing_leaves_the_diary(tmp_path: Path) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        journal.write([JournalBatch("anna", nights=(night(TONIGHT),), diary=(FULL,))])
        imported = replace(night(TONIGHT), imported=Import(recording="a.cwa", batch="b1", time=0))
        file_night(journal, NightToImport(imported, ()), replaces=True)
        assert journal.diary("anna") == [FULL]
        undo_imports(journal, "anna", "b1")
        assert journal.diary("anna") == [FULL]


def test_deleting_a_night_deletes_its_diary(tmp_path: Path) -> None:
    other = replace(FULL, night=TONIGHT - timedelta(days=1))
    with Journal(tmp_path / "limber.db") as journal:
        journal.write(
            [JournalBatch("anna", diary=(FULL, other)), JournalBatch("bert", diary=(FULL,))]
        )
        assert journal.sleepers() == ["anna", "bert"]
        assert journal.stored_nights("anna") == [other.night, TONIGHT]
        delete_records(journal, Deletion("anna", (TONIGHT,)))
        assert journal.diary("anna") == [other]
        delete_records(journal, Deletion("bert", (), person=True))
        assert journal.diary("bert") == []


def test_the_diary_stays_when_the_events_of_a_night_are_deleted(tmp_path: Path) -> None:
    at = local("2026-10-01T23:00")
    with Journal(tmp_path / "limber.db") as journal:
        for number in range(9):
            start = at + 24 * number * HOUR
            day = date(2026, 10, 2) + timedelta(days=number)
            journal.append("anna", [(day, PositionChange(start, start + 7))], PipelineState({}))
        kept = replace(FULL, night=date(2026, 10, 2))
        journal.write([JournalBatch("anna", diary=(kept,))])
        assert len(run_upkeep(journal, TONIGHT, RetentionLimits(nights=7)).dropped) == 2
        assert journal.diary("anna") == [kept]


def test_batches_that_wait_are_written_as_one_by_one() -> None:
    first = JournalBatch("anna", diary=(FULL, replace(FULL, night=date(2026, 11, 1))))
    second = JournalBatch("anna", diary=(DiaryEntry(night=TONIGHT),))
    merged = first.merged_with(second).diary
    assert [asdict(one) for one in merged] == [
        asdict(DiaryEntry(night=TONIGHT)),
        asdict(replace(FULL, night=date(2026, 11, 1))),
    ]


@pytest.mark.parametrize(
    ("said", "rejected", "measured", "expected"),
    [
        (True, True, True, True),
        (True, None, False, True),
        (False, None, True, True),
        (False, True, True, False),
        (False, None, False, False),
        (None, None, False, None),
    ],
    ids=[
        "said although the detected one was rejected",
        "said of a night that was not measured",
        "a detected cramp stays one",
        "denied and rejected",
        "denied, not measured",
        "nothing is known",
    ],
)
def test_what_the_diary_says_of_cramps_counts_for_what_helps(
    tmp_path: Path, said: bool | None, rejected: bool | None, measured: bool, expected: bool | None
) -> None:
    at = local("2026-11-22T03:00")
    cramp = Cramp(at, at + 60 * SECOND, Certainty.POSSIBLE, "sudden movement", 1.4)
    finished = night(TONIGHT)
    finished = replace(finished, measures=replace(finished.measures, cramps_possible=1))
    with Journal(tmp_path / "limber.db") as journal:
        if said is not None:
            entry = DiaryEntry(night=TONIGHT, cramp=said)
            journal.write([JournalBatch("anna", diary=(entry,))])
        if measured:
            journal.append("anna", [(TONIGHT, cramp)], PipelineState({}))
            journal.save_night(finished)
        if rejected:
            label = Label(event_id(cramp), at, cramp=False, about=cramp)
            journal.save_label("anna", label)
        (found,) = read_report_nights(journal, "anna", Calendar(BERLIN), [TONIGHT])
    assert found.had_cramp is expected
    compared = compared_nights([found])
    assert [one.cramp for one in compared] == ([] if said is None else [expected])


def test_a_bridge_that_is_killed_right_after_its_answer_knows_the_diary(
    broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        answer = listener.request(command="diary", sleep_quality=7, cramp_pain=6)
        assert (answer["ok"], answer["diary"]["cramp"]) == (True, True)
        bridge.kill()
        since = len(listener.heard)
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        state = listener.wait(lambda one: one.topic == STATE and not one.retained, since=since).json
        found = [one for one in state["diary"].values() if one["night"] == answer["night"]]
        assert found
        assert found[0] == answer["diary"]
        page = listener.request(command="trend")
    assert page["trend"] == [
        {
            "night": answer["night"],
            "hours_start": None,
            "movements_by_hour": [],
            "cramps": [],
            "factors": [],
            "diary": answer["diary"],
            "trial": None,
        }
    ]
    assert page["next"] is None
