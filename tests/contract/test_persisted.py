"""Check the persisted payloads against the golden ones in `contract/persisted/`.

A payload that was written by a released version is read for ever. To change what is written:

1. Raise the version of the payload with an upgrade in `limber_bridge.storage.records`, and append a
   migration, which may be empty, so that an older bridge refuses the file.
2. Run these tests with LIMBER_WRITE_CONTRACT=1. That writes `payloads.json` and `schema.sql` of
   this version of Limber, and adds new versions to `versions.json`. It never changes a version that
   is there.
"""

import json
import os
import sqlite3
from compression import zstd
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limber_bridge import __version__
from limber_bridge.detection.events import event_id
from limber_bridge.detection.signal import SampleBlock
from limber_bridge.storage import raw_format
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.records.event_records import (
    DECODERS,
    EVENT_FORMATS,
    decode_event,
    encode_event,
)
from limber_bridge.storage.records.night_records import NIGHT, decode_night, encode_night
from limber_bridge.storage.records.payload import PayloadFormat
from limber_bridge.storage.records.person_records import (
    DIARY,
    LABEL,
    SETTINGS,
    decode_diary,
    decode_label,
    decode_settings,
    encode_diary,
    encode_label,
    encode_settings,
)
from limber_bridge.storage.records.pipeline_records import (
    PIPELINE_STATE,
    decode_pipeline_state,
    encode_pipeline_state,
)
from limber_bridge.storage.records.trial_records import TRIAL, decode_trial, encode_trial
from limber_bridge.storage.schema import MIGRATIONS
from tests.contract import persisted

FOLDER = Path(__file__).parents[2] / "contract" / "persisted"
CURRENT = FOLDER / __version__
RELEASES = sorted(path.parent for path in FOLDER.glob("*/payloads.json"))
WRITING = os.environ.get("LIMBER_WRITE_CONTRACT") == "1"

FORMATS: dict[str, PayloadFormat[Any]] = {
    **{f"event/{format_.name}": format_ for format_ in EVENT_FORMATS},
    "night": NIGHT,
    "label": LABEL,
    "label_of_moment": LABEL,
    "settings": SETTINGS,
    "diary": DIARY,
    "trial": TRIAL,
    "pipeline_state": PIPELINE_STATE,
    "raw_block_header": raw_format.BLOCK_HEADER,
}
"""By the names of the golden payloads."""


def raw_block() -> SampleBlock:
    """A block with samples in steps of 1 mg, and one that was not measured."""
    samples = np.array([[0.0, 0.001, -0.25], [1.0, np.nan, 0.998], [0.0, 0.002, 0.003]])
    return SampleBlock(100, samples, persisted.RAW_CLOCK, 50.0)


def payloads() -> dict[str, str]:
    """Every payload in the form that is written today."""
    packed = zstd.decompress(raw_format.pack([raw_block()]))
    size = int.from_bytes(packed[:4], "little")
    return {
        **{f"event/{kind}": encode_event(event)[1] for kind, event in persisted.EVENTS.items()},
        "night": encode_night(persisted.FINISHED),
        "label": encode_label(persisted.LABEL),
        "label_of_moment": encode_label(persisted.LABEL_OF_MOMENT),
        "settings": encode_settings(persisted.SETTINGS),
        "diary": encode_diary(persisted.DIARY),
        "trial": encode_trial(persisted.TRIAL),
        "pipeline_state": encode_pipeline_state(persisted.PIPELINE_STATE),
        "raw_block_header": packed[4 : 4 + size].decode(),
    }


def schema_of(path: Path) -> str:
    """The statements that create the tables of a file."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return "".join(f"{statement};\n" for (statement,) in rows)


def schemas(folder: Path) -> str:
    """The schemas of the journal and of the raw signal, as they are created today."""
    with Journal(folder / "journal.db"):
        pass
    info = raw_format.RawFileInfo("anna", "2026-11-23", __version__)
    raw_format.RawFile(folder / "raw.db", info, persisted.AT).close()
    return (
        f"-- journal, schema {len(MIGRATIONS)}\n{schema_of(folder / 'journal.db')}"
        f"-- raw signal, schema {len(raw_format.MIGRATIONS)}\n{schema_of(folder / 'raw.db')}"
    )


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def versions_today(folder: Path) -> dict[str, str]:
    """A digest of everything that has a version, by its name and version."""
    golden = {
        f"{name} {FORMATS[name].version}": digest(payload) for name, payload in payloads().items()
    }
    for what, migrations in (("journal", MIGRATIONS), ("raw signal", raw_format.MIGRATIONS)):
        for number, script in enumerate(migrations, 1):
            golden[f"{what} migration {number}"] = digest(script)
    # An older bridge must refuse a file with payloads that it cannot read.
    written = sorted(f"{name} {FORMATS[name].version}" for name in FORMATS if "raw" not in name)
    golden[f"payloads of journal schema {len(MIGRATIONS)}"] = digest("\n".join(written))
    header = f"{raw_format.BLOCK_HEADER.version}"
    golden[f"payloads of raw signal schema {len(raw_format.MIGRATIONS)}"] = digest(header)
    return golden


@pytest.fixture(scope="module", autouse=True)
def written(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Write the golden payloads of this version, where that is wanted."""
    if not WRITING:
        return
    CURRENT.mkdir(exist_ok=True)
    golden = {name: json.loads(payload) for name, payload in payloads().items()}
    write_json(CURRENT / "payloads.json", golden)
    (CURRENT / "schema.sql").write_text(schemas(tmp_path_factory.mktemp("schemas")))
    known = json.loads((FOLDER / "versions.json").read_text())
    added = versions_today(tmp_path_factory.mktemp("versions"))
    write_json(FOLDER / "versions.json", added | known)


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def test_every_event_kind_has_an_example() -> None:
    assert set(persisted.EVENTS) == set(DECODERS)
    assert [encode_event(event)[0] for event in persisted.EVENTS.values()] == list(persisted.EVENTS)


@pytest.mark.parametrize("name", list(FORMATS))
def test_todays_payload_is_the_golden_one(name: str) -> None:
    golden = json.loads((CURRENT / "payloads.json").read_text())
    assert json.loads(payloads()[name]) == golden[name]


def test_todays_schema_is_the_golden_one(tmp_path: Path) -> None:
    assert schemas(tmp_path) == (CURRENT / "schema.sql").read_text()


def test_nothing_that_has_a_version_changes_within_it(tmp_path: Path) -> None:
    """See the beginning of this file for how to change what is written."""
    known = json.loads((FOLDER / "versions.json").read_text())
    today = versions_today(tmp_path)
    assert {name: known.get(name) for name in today} == today
    assert today.keys() >= {name for name in known if "migration" in name}


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_golden_payloads_of_every_release_are_read(release: Path) -> None:
    golden = {
        name: json.dumps(payload)
        for name, payload in json.loads((release / "payloads.json").read_text()).items()
    }
    for kind, event in persisted.EVENTS.items():
        assert decode_event(kind, golden[f"event/{kind}"]) == event
    night = persisted.FINISHED
    assert decode_night(night.sleeper, night.date, night.revision, golden["night"]) == night
    assert decode_label(persisted.LABEL.id, golden["label"]) == persisted.LABEL
    moment = persisted.LABEL_OF_MOMENT
    assert decode_label(moment.id, golden["label_of_moment"]) == moment
    assert decode_settings(golden["settings"]) == persisted.SETTINGS
    diary = persisted.DIARY
    assert decode_diary(diary.night, golden["diary"]) == diary
    assert decode_trial(persisted.TRIAL.id, golden["trial"]) == persisted.TRIAL
    saved = decode_pipeline_state(golden["pipeline_state"])
    assert (saved.state, saved.unreadable) == (persisted.PIPELINE_STATE, ())
    header = raw_format.BLOCK_HEADER.decode(golden["raw_block_header"])
    assert (header.rate, header.axes, header.step, len(header.pieces)) == (50.0, 3, 0.001, 1)


def test_a_journal_returns_what_was_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        journal.write(
            [
                JournalBatch(
                    "anna",
                    events=tuple((persisted.NIGHT, event) for event in persisted.EVENTS.values()),
                    pipeline_state=persisted.PIPELINE_STATE,
                    nights=(persisted.FINISHED,),
                    labels=(persisted.LABEL, persisted.LABEL_OF_MOMENT),
                    read_positions=tuple(
                        (sensor, position)
                        for sensor, found in persisted.READ_POSITIONS.items()
                        for position in found
                    ),
                    settings=persisted.SETTINGS,
                    diary=(persisted.DIARY,),
                    trials=(persisted.TRIAL,),
                )
            ]
        )
        journal.save_topics(persisted.TOPICS)
    with Journal(tmp_path / "limber.db") as journal:
        found = {event_id(event): event for event in journal.events("anna", persisted.NIGHT)}
        assert found == {event_id(event): event for event in persisted.EVENTS.values()}
        assert journal.nights("anna") == [persisted.FINISHED]
        assert journal.labels("anna") == [persisted.LABEL, persisted.LABEL_OF_MOMENT]
        assert journal.settings("anna") == persisted.SETTINGS
        assert journal.diary("anna") == [persisted.DIARY]
        assert journal.trials("anna") == [persisted.TRIAL]
        assert journal.pipeline_state("anna") == persisted.PIPELINE_STATE
        assert journal.read_positions() == persisted.READ_POSITIONS
        assert journal.retained_topics() == persisted.TOPICS
