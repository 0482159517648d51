"""The journal: what was written is there after restarts, crashes, full disks and upgrades."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import date, timedelta
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, override

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from limber_bridge.detection.bed_state import AnkleState, BedState
from limber_bridge.detection.channel import SensorState
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import (
    BedTransition,
    Certainty,
    Cramp,
    Event,
    Factor,
    FactorKind,
    Gap,
    Method,
    PositionChange,
    Series,
    Twitch,
    event_id,
)
from limber_bridge.detection.noise_floor import Noise
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.signal import Side
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.domain.settings import Settings
from limber_bridge.storage.backups import list_backups
from limber_bridge.storage.disk_faults import DiskFault
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_errors import (
    JournalError,
    JournalInUseError,
    JournalWriteError,
)
from limber_bridge.storage.journal_file import probe_journal
from limber_bridge.storage.journal_reader import open_journal_reader
from limber_bridge.storage.journal_upkeep import run_upkeep
from limber_bridge.storage.schema import MIGRATIONS
from tests.bridge.damage import damage_table
from tests.bridge.examples import MEASURES, kick, local, night

NIGHT = date(2026, 11, 22)
AT = local("2026-11-21T23:00")
EVENTS: list[Event] = [
    BedTransition(AT, in_bed=True),
    kick(AT + 1_000_000),
    PositionChange(AT + 9_000_000, AT + 12_000_000),
    Series(AT + 1_000_000, AT + 99_000_000, AT + 97_000_000, 4, ended=False),
    Gap(1, AT + 200_000_000, AT + 300_000_000),
    Cramp(
        AT + 400_000_000, None, Certainty.POSSIBLE, "sudden movement", 1.4, {"moving_1min_s": 21.0}
    ),
]
MEMORY = PipelineState(
    {1: SensorState(AT - 9_000_000, AT, 50.0, (Noise(0.002, 0.0004),))},
    BedState(in_bed=True, method=Method.ANKLE, ankle=AnkleState(standing={1: (0.0, 0.1, 0.99)})),
    (4.9, 5.1),
)


def filed(*events: Event) -> list[tuple[date, Event]]:
    return [(NIGHT, event) for event in events]


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db") as journal:
        journal.append("anna", filed(*EVENTS), MEMORY)
        journal.save_night(night(NIGHT - timedelta(days=1)))
    with Journal(tmp_path / "j.db") as journal:
        assert journal.events("anna", NIGHT) == sorted(EVENTS, key=lambda event: event.onset)
        assert journal.pipeline_state("anna") == MEMORY
        assert journal.last_night("anna") == night(NIGHT - timedelta(days=1))
        assert journal.unfinished_nights("anna") == [NIGHT]
        assert journal.events("another sleeper", NIGHT) == []


def test_an_event_with_the_same_id_is_stored_once(tmp_path: Path) -> None:
    grown = Series(AT + 1_000_000, AT + 199_000_000, AT + 197_000_000, 9, ended=True)
    with Journal(tmp_path / "j.db") as journal:
        journal.append("anna", filed(*EVENTS), MEMORY)
        journal.append("anna", filed(*EVENTS, grown), MEMORY)
        assert len(journal.events("anna", NIGHT)) == len(EVENTS)
        assert grown in journal.events("anna", NIGHT)


def test_ids_are_made_from_the_event() -> None:
    assert len({event_id(event) for event in EVENTS}) == len(EVENTS)
    assert event_id(kick(AT)) == f"movement-{AT}-left"


def test_entries_are_paged_without_the_events_that_clients_do_not_get(tmp_path: Path) -> None:
    twitch = Twitch(Side.LEFT, AT + 500_000, AT + 800_000, 0.07)
    with Journal(tmp_path / "j.db") as journal:
        journal.append("anna", filed(twitch, *EVENTS), MEMORY)
        pages = []
        after = 0
        while page := journal.entries("anna", NIGHT, after, 2):
            pages.append([entry.event for entry in page])
            after = page[-1].number
    assert [len(page) for page in pages] == [2, 2, 2]
    assert [event for page in pages for event in page] == EVENTS


def test_nights_are_returned_in_order_after_a_date(tmp_path: Path) -> None:
    days = [NIGHT - timedelta(days=back) for back in (3, 1, 2)]
    with Journal(tmp_path / "j.db") as journal:
        for day in days:
            journal.save_night(night(day))
        journal.save_night(night(days[0], revision=2))
        found = journal.nights("anna")
        assert [(one.date, one.revision) for one in found] == [
            (days[0], 2),
            (days[2], 1),
            (days[1], 1),
        ]
        assert [one.date for one in journal.nights("anna", days[0], 1)] == [days[2]]


def test_a_second_bridge_cannot_open_the_journal(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "j.db"),
        pytest.raises(JournalError, match="another Limber bridge uses this journal"),
    ):
        Journal(tmp_path / "j.db")


def test_a_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "j.db").close()
    with sqlite3.connect(tmp_path / "j.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(JournalError, match="written by a newer Limber"):
        Journal(tmp_path / "j.db")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "j.db") as database:
        database.execute("CREATE TABLE recipes (cake TEXT)")
    database.close()
    with pytest.raises(JournalError, match="a database of another program"):
        Journal(tmp_path / "j.db")


def test_a_file_of_another_program_is_never_changed(tmp_path: Path) -> None:
    """A service manager starts the bridge again and again; `limber check` may run before."""
    (tmp_path / "j.db").write_text("Not a database, and longer than a header of SQLite." * 50)
    with pytest.raises(JournalError):
        probe_journal(tmp_path / "j.db")
    for _ in range(3):
        with pytest.raises(JournalError, match="move the file away to start a new journal"):
            Journal(tmp_path / "j.db")
    assert (tmp_path / "j.db").read_text().startswith("Not a database")


def test_a_check_leaves_no_files_behind(tmp_path: Path) -> None:
    """After `sudo limber check`, a lock that belongs to root would keep out the bridge's user."""
    probe_journal(tmp_path / "j.db")
    assert list(tmp_path.iterdir()) == []
    Journal(tmp_path / "j.db").close()
    before = sorted(tmp_path.iterdir())
    probe_journal(tmp_path / "j.db")
    assert sorted(tmp_path.iterdir()) == before
    with Journal(tmp_path / "j.db"), pytest.raises(JournalInUseError):
        probe_journal(tmp_path / "j.db")


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no write permission"):
        probe_journal(tmp_path / "none/j.db")
    with pytest.raises(JournalError, match="write permission for this folder"):
        Journal(tmp_path / "none/j.db")


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db") as journal:
        assert journal._database is not None
        journal._database.execute("PRAGMA max_page_count = 40")
        journal.append("anna", filed(*EVENTS), MEMORY)
        with pytest.raises(JournalError, match="the disk is full; free some space on it"):
            journal.append(
                "anna", filed(*(kick(AT + number * 5_000_000) for number in range(5000))), MEMORY
            )
        assert len(journal.events("anna", NIGHT)) == len(EVENTS)


WRITER = """
import sys
from datetime import date
from pathlib import Path
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.storage.journal import Journal
from tests.bridge.examples import kick
with Journal(Path(sys.argv[1])) as journal:
    for number in range(100_000):
        journal.append("anna", [(date(2026, 11, 22), kick(number * 1_000_000))], PipelineState({}))
        print(number, flush=True)
"""


@pytest.mark.parametrize("seed", range(3))
def test_a_crash_loses_nothing_that_was_written(tmp_path: Path, seed: int) -> None:
    """The writer prints a number once its event is written, and is killed at a random time."""
    last = random.Random(seed).randint(5, 150)  # noqa: S311 - a moment, not a secret
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "j.db")], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        said = -1
        while said < last:
            said = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
    said = int(rest[-1]) if rest else said
    with Journal(tmp_path / "j.db") as journal:
        assert len(journal.events("anna", NIGHT)) in (said + 1, said + 2)


def write_journal(path: Path) -> None:
    """Write a journal of several pages."""
    with Journal(path) as journal:
        journal.append(
            "anna",
            filed(*(PositionChange(AT + number, AT + number + 1) for number in range(200))),
            MEMORY,
        )
        journal.save_night(night(NIGHT))


def set_aside(folder: Path) -> list[Path]:
    return sorted(folder.glob("limber.db.damaged-*"))


def test_a_damaged_journal_is_set_aside_and_a_new_one_is_started(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    write_journal(path)
    damage_table(path)
    spoilt = path.read_bytes()
    with Journal(path) as journal:
        (notice,) = journal.notices
        assert journal.nights("anna") == []
        journal.append("anna", filed(*EVENTS), MEMORY)
    (aside,) = set_aside(tmp_path)
    assert aside.read_bytes() == spoilt
    assert "was DAMAGED" in notice
    assert f"The damaged file is kept as {aside}; a new journal was started" in notice
    with Journal(path) as journal:
        assert (journal.notices, len(journal.events("anna", NIGHT))) == ([], len(EVENTS))


def test_a_damaged_journal_is_replaced_by_its_newest_sound_backup(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    write_journal(path)
    with Journal(path) as journal:
        run_upkeep(journal, date(2026, 11, 21), RetentionLimits())
        run_upkeep(journal, date(2026, 11, 22), RetentionLimits())
    assert [one.name for one in list_backups(path)] == [
        "limber-2026-11-22.db",
        "limber-2026-11-21.db",
    ]
    damage_table(path)
    damage_table(list_backups(path)[0])
    with Journal(path) as journal:
        assert "limber-2026-11-21.db" in journal.notices[0]
        assert [one.date for one in journal.nights("anna")] == [NIGHT]
        assert journal.pipeline_state("anna") == MEMORY


@pytest.mark.parametrize("beginning", [b"\0" * 4096, b""], ids=["zeros", "nothing"])
def test_a_journal_without_its_header_counts_as_damaged(tmp_path: Path, beginning: bytes) -> None:
    """A memory card that lost power while it was written may return zeros, or an empty file."""
    path = tmp_path / "limber.db"
    write_journal(path)
    with Journal(path) as journal:
        run_upkeep(journal, NIGHT, RetentionLimits())
    path.write_bytes(beginning)
    with Journal(path) as journal:
        assert "was DAMAGED" in journal.notices[0]
        assert len(journal.nights("anna")) == 1


LABEL_0: Final = (
    f'{{"id":"cramp-{AT}","time":{AT},"cramp":true,"about":{{"onset":{AT},"end":{AT + 9},'
    '"certainty":"probable","reason":"tense calf","strength":1.8,"features":{"tense_s":41.5}}}'
)
MEMORY_0: Final = (
    f'{{"sensors":{{"1":{{"since":{AT - 9_000_000},"until":{AT},"rate":50.0,'
    '"noise":[{"median":0.002,"spread":0.0004}]}},"bed":{"in_bed":true,"method":"ankle",'
    '"standing":{"1":[0.0,0.1,0.99]}},"calf":[4.9,5.1]}'
)


def night_0(day: date, revision: int) -> str:
    """The example night as a payload of version 0."""
    measures = {key: value for key, value in asdict(MEASURES).items() if value is not None}
    fields = {
        "sleeper": "anna",
        "date": str(day),
        "revision": revision,
        "start": local(f"{day}T00:10"),
        "end": local(f"{day}T08:04"),
        "rules": "wasm-2016",
        "in_bed_method": "ankle",
        "measures": measures,
    }
    return json.dumps(fields)


FILLED: Final = (
    """
    INSERT INTO event
      VALUES (7, 'anna', '{night}', 'gap-5-1', 'gap', 5, '{{"sensor": 1, "onset": 5, "end": 9}}');
    INSERT INTO night (sleeper, night, revision, payload)
      VALUES ('anna', '{before}', 2, '{finished}');
    INSERT INTO night (sleeper, night) VALUES ('anna', '{night}');
    INSERT INTO memory VALUES ('anna', '{memory}');
    INSERT INTO topic VALUES ('limber/bedroom/info');
    """,
    "INSERT INTO label VALUES ('anna', '{label.id}', '{label.event}', '{said}');",
    "UPDATE night SET dropped = 77 WHERE night = '{before}';",
    "INSERT INTO read VALUES (1, 6, 1, 75);",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
)
"""Rows that each version of the schema added."""


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_every_older_schema_is_copied_and_then_migrated(tmp_path: Path, version: int) -> None:
    path = tmp_path / "limber.db"
    before = NIGHT - timedelta(days=1)
    label = label_of(AT, cramp=True)
    known = {
        "night": NIGHT,
        "before": before,
        "label": label,
        "said": LABEL_0,
        "memory": MEMORY_0,
        "finished": night_0(before, 2),
    }
    with closing(sqlite3.connect(path)) as database:
        for number in range(version):
            rows = FILLED[number] if number < len(FILLED) else ""
            database.executescript(MIGRATIONS[number] + rows.format(**known))
        database.executescript(f"PRAGMA user_version = {version}")
    with pytest.raises(JournalError, match="written by an older Limber; run the bridge once"):
        open_journal_reader(path)
    with Journal(path) as journal:
        assert journal.events("anna", NIGHT) == [Gap(1, 5, 9)]
        assert (journal.nights("anna"), journal.unfinished_nights("anna")) == (
            [night(before, 2)],
            [NIGHT],
        )
        assert (journal.pipeline_state("anna"), journal.retained_topics()) == (
            MEMORY,
            {"limber/bedroom/info"},
        )
        assert journal.labels("anna") == ([label] if version > 1 else [])
        assert journal.events_dropped_at("anna", before) == (77 if version > 2 else None)
        assert journal.previous_copy == tmp_path / f"limber.db.schema-{version}"
        journal.append("anna", filed(*EVENTS), MEMORY)
        journal.write(
            [JournalBatch("anna", labels=(label,), read_positions=((1, ReadPosition(7, 100)),))]
        )
        earlier = [ReadPosition(6, 75)] if version > 3 else []
        assert (len(journal.events("anna", NIGHT)), journal.read_positions()) == (
            len(EVENTS) + 1,
            {1: [*earlier, ReadPosition(7, 100)]},
        )
        journal.write([JournalBatch("anna", settings=Settings(sensitivity=1.5))])
        assert journal.settings("anna") == Settings(sensitivity=1.5)
        assert journal.labels("anna") == [label]
    with closing(sqlite3.connect(tmp_path / f"limber.db.schema-{version}")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (version,)
    with Journal(path) as journal:
        assert journal.previous_copy is None


class FailingJournal(Journal):
    """A journal whose disk fails after one write."""

    writes = -(10**6)

    @override
    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        self.writes += 1
        if self.writes > 1:
            raise JournalWriteError(self.path, DiskFault.DISK_ERROR, "simulated")
        with super().writing() as database:
            yield database


def test_upkeep_reports_what_it_dropped_before_the_disk_failed(tmp_path: Path) -> None:
    with FailingJournal(tmp_path / "limber.db") as journal:
        days = many_nights(journal, 12)
        journal.writes = 0
        done = run_upkeep(journal, NIGHT, RetentionLimits(nights=9))
    assert done.dropped == tuple(days[:1])
    assert "the disk reports errors" in (done.problem or "")


def many_nights(journal: Journal, count: int) -> list[date]:
    """Nights of 40 events each, the oldest first."""
    days = [NIGHT - timedelta(days=back) for back in range(count - 1, -1, -1)]
    for number, day in enumerate(days):
        begin = AT + number * 10**9
        events = [(day, PositionChange(begin + one, begin + one + 1)) for one in range(40)]
        journal.append("anna", events, MEMORY)
        journal.save_night(night(day))
    return days


def test_upkeep_drops_the_events_of_the_oldest_nights_and_keeps_their_measures(
    tmp_path: Path,
) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        days = many_nights(journal, 12)
        assert run_upkeep(journal, NIGHT, RetentionLimits(nights=9)).dropped == tuple(days[:3])
        assert [day for day in days if not journal.events("anna", day)] == days[:3]
        assert len(journal.nights("anna")) == 12
        assert [day for day in days if journal.events_dropped_at("anna", day) is not None] == days[
            :3
        ]
        assert run_upkeep(journal, NIGHT, RetentionLimits(nights=9)).dropped == ()


def test_a_week_of_events_is_kept_whatever_the_size(tmp_path: Path) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        days = many_nights(journal, 10)
        assert run_upkeep(journal, NIGHT, RetentionLimits(size=0)).dropped == tuple(days[:3])


def test_backups_are_complete_and_the_newest_seven_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        many_nights(journal, 3)
        (tmp_path / "limber-backups").mkdir()
        (tmp_path / "limber-backups" / ".limber-2026-11-01.db.part").write_text(
            "left by a bridge that was killed"
        )
        for back in range(9, -1, -1):
            assert (
                run_upkeep(journal, NIGHT - timedelta(days=back), RetentionLimits()).problem is None
            )
    assert [one.stem[-2:] for one in list_backups(path)] == [
        "22",
        "21",
        "20",
        "19",
        "18",
        "17",
        "16",
    ]
    with open_journal_reader(list_backups(path)[0]) as copy:
        assert len(copy.nights("anna")) == 3
    assert list_backups(path)[0].stat().st_mode & 0o077 == 0
    assert len(list((tmp_path / "limber-backups").iterdir())) == 7


def test_a_journal_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "limber.db") as journal,
        open_journal_reader(tmp_path / "limber.db") as reader,
    ):
        assert reader.nights("anna") == []
        journal.save_night(night(NIGHT))
        assert reader.nights("anna") == [night(NIGHT)]


def test_a_missing_journal_is_reported_to_a_reader(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal here"):
        open_journal_reader(tmp_path / "limber.db")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.booleans(), st.booleans(), st.integers(1, 3)), max_size=12
    )
)
@example([(0, False, False, 1), (1, True, True, 1)])
def test_merged_batches_leave_the_same_behind_as_the_batches_one_by_one(
    orders: list[tuple[int, bool, bool, int]],
) -> None:
    """Batches that waited for the disk are merged and written together."""
    pages = []
    for at, grown, anew, day in orders:
        series = Series(AT + at, AT + at + 99, AT + at + 97, 9 if grown else 4, ended=grown)
        date_ = NIGHT + timedelta(days=day)
        done = (replace(night(date_), revision=1 + at),) if grown else ()
        events = ((date_, series), (date_, Factor(AT + 1000 + at, FactorKind.WATER)))
        chosen = Settings(sensitivity=1.0 + at / 10) if grown else None
        pages.append(
            JournalBatch("anna", (date_,) if anew else (), events, MEMORY, done, settings=chosen)
        )

    def after_writing(*written: JournalBatch) -> tuple[list[object], list[object], Settings]:
        with TemporaryDirectory() as folder, Journal(Path(folder) / "j.db") as journal:
            for batch in written:
                journal.write([batch])
            days = [NIGHT + timedelta(days=day) for day in range(1, 4)]
            events: list[object] = [journal.events("anna", day) for day in days]
            return events, list(journal.nights("anna")), journal.settings("anna")

    if pages:
        assert after_writing(*pages) == after_writing(reduce(JournalBatch.merged_with, pages))


def test_an_event_that_changes_moves_to_the_end_of_the_order_of_arrival(tmp_path: Path) -> None:
    """A reader of pages then gets the end of a series that it has read already."""
    series = Series(AT, AT + 99, AT + 97, 4, ended=False)
    with Journal(tmp_path / "limber.db") as journal:
        journal.append("anna", filed(series, Gap(1, AT, AT + 9)), MEMORY)
        journal.append("anna", filed(replace(series, ended=True)), MEMORY)
        journal.append("anna", filed(replace(series, ended=True)), MEMORY)
        entries = journal.entries("anna", NIGHT, 0, 9)
    assert [(entry.number, type(entry.event)) for entry in entries] == [(2, Gap), (3, Series)]


def label_of(onset: int, *, cramp: bool, moment: int | None = None) -> Label:
    """Return a label of a cramp, with the id of the cramp or of a moment."""
    about = Cramp(onset, onset + 9, Certainty.PROBABLE, "tense calf", 1.8, {"tense_s": 41.5})
    key = f"cramp-{onset}" if moment is None else f"moment-{moment}"
    return Label(key, onset, cramp, about)


def test_labels_are_read_as_they_were_written(tmp_path: Path) -> None:
    nothing = Label(f"moment-{AT}", AT, cramp=True)
    with Journal(tmp_path / "j.db") as journal:
        journal.save_label("anna", label_of(AT, cramp=True))
        journal.save_label("anna", nothing)
        journal.save_label("anna", Label(f"moment-{AT + 1}", AT + 1, cramp=True))
        journal.save_label("bob", label_of(AT, cramp=True))
    with Journal(tmp_path / "j.db") as journal:
        assert journal.labels("anna")[:2] == [label_of(AT, cramp=True), nothing]
        assert len(journal.labels("anna")) == 3
        journal.delete_labels("anna")
        assert (journal.labels("anna"), len(journal.labels("bob"))) == ([], 1)


def test_an_event_has_one_label(tmp_path: Path) -> None:
    """Also where the first label was for a moment whose event was found later."""
    with Journal(tmp_path / "j.db") as journal:
        journal.save_label("anna", Label(f"moment-{AT + 7}", AT + 7, cramp=True))
        journal.save_label("anna", label_of(AT, cramp=True, moment=AT + 7))
        assert journal.labels("anna") == [label_of(AT, cramp=True, moment=AT + 7)]
        journal.save_label("anna", label_of(AT, cramp=False))
        assert journal.labels("anna") == [label_of(AT, cramp=False)]


def test_events_are_found_by_id(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db") as journal:
        journal.append("anna", filed(*EVENTS), MEMORY)
        assert journal.event("anna", event_id(EVENTS[-1])) == EVENTS[-1]
        assert journal.event("anna", "cramp-1") is None
        assert journal.event("bob", event_id(EVENTS[-1])) is None


OLD = """
INSERT INTO event VALUES (1, 'anna', '2026-11-22', 'cramp-5', 'cramp', 5,
  '{"onset": 5, "end": null, "certainty": "possible", "reason": "sudden movement"}');
INSERT INTO memory VALUES ('anna',
  '{"sensors": {"1": {"since": 1, "until": 2, "rate": 50.0, "noise": []}}}');
PRAGMA user_version = 1;
"""


def test_a_journal_without_labels_is_migrated(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "j.db")
    database.executescript(MIGRATIONS[0] + OLD)
    database.close()
    with Journal(tmp_path / "j.db") as journal:
        (cramp,) = journal.events("anna", NIGHT)
        assert cramp == Cramp(5, None, Certainty.POSSIBLE, "sudden movement", None, {})
        assert journal.pipeline_state("anna") == PipelineState(
            {1: SensorState(1, 2, 50.0)}, BedState(), ()
        )
        journal.save_label("anna", label_of(AT, cramp=True))
        assert journal.labels("anna") == [label_of(AT, cramp=True)]
        assert journal.settings("anna") == Settings(paused=False, sensitivity=1.0)


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    chosen = Settings(paused=True, sensitivity=1.25, calibrated=AT)
    with Journal(tmp_path / "j.db") as journal:
        assert journal.settings("anna") == Settings()
        journal.write(
            [
                JournalBatch("anna", settings=Settings(sensitivity=2.0)),
                JournalBatch("anna", settings=chosen),
                JournalBatch("anna"),
            ]
        )
    with Journal(tmp_path / "j.db") as journal:
        assert (journal.settings("anna"), journal.settings("bob")) == (chosen, Settings())


def test_factors_stay_when_the_events_of_a_night_are_deleted(tmp_path: Path) -> None:
    factor = Factor(AT, FactorKind.OTHER, "moved to another flat")
    with Journal(tmp_path / "j.db") as journal:
        journal.append("anna", filed(*EVENTS, factor), MEMORY)
        journal.delete_events("anna", NIGHT)
        assert journal.events("anna", NIGHT) == [factor]


def test_the_date_before_the_last_nights(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db") as journal:
        assert journal.date_before_last("anna", 3) == date.min
        days = many_nights(journal, 5)
        journal.append("anna", [(NIGHT + timedelta(days=1), EVENTS[0])], MEMORY)
        for count in range(1, 8):
            since = journal.date_before_last("anna", count)
            assert [one.date for one in journal.nights("anna", since)] == days[-count:]


def test_deleting_the_events_of_a_night_keeps_its_measures(tmp_path: Path) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        journal.append("anna", filed(Gap(1, AT, AT + 9)), MEMORY)
        journal.save_night(night(NIGHT))
        journal.delete_events("anna", NIGHT)
        assert (journal.events("anna", NIGHT), journal.last_night("anna")) == ([], night(NIGHT))


def test_other_users_cannot_read_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    path.touch(0o644)
    for name in ("j.db", "new.db"):
        with Journal(tmp_path / name) as journal:
            journal.append("anna", filed(*EVENTS), MEMORY)
            found = {one.name: oct(one.stat().st_mode & 0o777) for one in tmp_path.glob(f"{name}*")}
        assert set(found.values()) == {"0o600"}, found
