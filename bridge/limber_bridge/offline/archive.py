"""Everything that is stored of people, as one ZIP archive that is made while it is sent.

Memory stays small whatever is stored: an archive comes in parts, and no night is read before the
part with it. Databases are copied by SQLite, so that each is whole while a bridge writes it.
"""

import csv
import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Final

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.detection.measures import Measures
from limber_bridge.domain.diary import DIARY_COLUMNS, diary_cells
from limber_bridge.domain.nights import Night, to_utc
from limber_bridge.domain.trial import TrialStatus
from limber_bridge.offline.export import export_document, format_csv, load_night
from limber_bridge.offline.stored_night import NightNotFoundError
from limber_bridge.storage.integrity import copy_database
from limber_bridge.storage.journal_reader import JournalReader, open_journal_reader
from limber_bridge.storage.raw_recorder import raw_store_for
from limber_bridge.storage.records.trial_records import encode_trial
from limber_bridge.storage.sqlite import open_to_read

PART_BYTES: Final = 256 * 1024
"""Bytes of a part, about; chosen: small, and few switches between threads."""
COMPRESSION: Final = 1
"""Level of zlib; chosen: fast, as a small computer also has to detect."""
MEASURE_NAMES: Final = tuple(field.name for field in fields(Measures))
NIGHT_COLUMNS: Final = ("night", "revision", "start", "end", "rules", "sensitivity", *MEASURE_NAMES)
LABEL_COLUMNS: Final = ("id", "time", "cramp")


class PartBuffer:
    """Hold what an archive writes until it is taken."""

    def __init__(self) -> None:
        """Start empty."""
        self._content = bytearray()

    def __len__(self) -> int:
        return len(self._content)

    def write(self, data: bytes, /) -> int:
        """Add bytes; return how many."""
        self._content += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: everything is here."""

    def close(self) -> None:
        """Do nothing: what was not taken is forgotten."""

    def take(self) -> bytes:
        """Return everything that was written, and forget it."""
        taken = bytes(self._content)
        self._content.clear()
        return taken


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive."""

    name: str
    parts: Iterable[bytes]


def archive_parts(
    config: Config, sleepers: Sequence[Sleeper], readme: str, *, with_journal: bool
) -> Generator[bytes]:
    """Yield an archive of some sleepers in parts; JournalError, sqlite3.Error, OSError.

    `readme` explains it to a person; `with_journal` adds a copy of the whole journal.
    """
    buffer = PartBuffer()
    with (
        tempfile.TemporaryDirectory(prefix="limber-") as folder,
        open_journal_reader(config.journal) as record,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION) as archive,
    ):
        for member in members(config, record, sleepers, readme, Path(folder), with_journal):
            with archive.open(member.name, "w", force_zip64=True) as file:
                for part in member.parts:
                    file.write(part)
                    if len(buffer) >= PART_BYTES:
                        yield buffer.take()
    yield buffer.take()


def members(
    config: Config,
    record: JournalReader,
    sleepers: Sequence[Sleeper],
    readme: str,
    folder: Path,
    with_journal: bool,
) -> Iterator[Member]:
    """Yield the files of an archive; each is read before the next is yielded."""
    yield Member("README.txt", [readme.encode()])
    for sleeper in sleepers:
        yield from sleeper_members(config, record, sleeper, folder)
    if with_journal:
        yield Member(config.journal.name, copied_database(config.journal, folder))


def sleeper_members(
    config: Config, record: JournalReader, sleeper: Sleeper, folder: Path
) -> Iterator[Member]:
    """Yield the files of one sleeper."""
    nights = record.nights(sleeper.id)
    yield Member(f"{sleeper.id}/nights.csv", [nights_table(nights).encode()])
    yield Member(f"{sleeper.id}/cramp-answers.csv", [labels_table(record, sleeper).encode()])
    yield Member(f"{sleeper.id}/diary.csv", [diary_table(record, sleeper).encode()])
    yield Member(f"{sleeper.id}/trials.json", [trials_document(record, sleeper).encode()])
    settings = json.dumps(asdict(record.settings(sleeper.id))) + "\n"
    yield Member(f"{sleeper.id}/settings.json", [settings.encode()])
    days = sorted({night.date for night in nights} | {*record.unfinished_nights(sleeper.id)})
    for day in days:
        yield from night_members(config, record, sleeper, day)
    for path in reversed(raw_store_for(config.journal, config.retention).files(sleeper.id)):
        yield Member(f"{sleeper.id}/signal/{path.name}", copied_database(path, folder))


def night_members(
    config: Config, record: JournalReader, sleeper: Sleeper, day: date
) -> Iterator[Member]:
    """Yield the files of one night, none if its events are not stored."""
    try:
        exported = load_night(config, record, sleeper, day, with_signal=False)
    except NightNotFoundError:
        return
    document = json.dumps(export_document(exported, config)) + "\n"
    yield Member(f"{sleeper.id}/nights/{day}.json", [document.encode()])
    yield Member(f"{sleeper.id}/nights/{day}.csv", [format_csv(exported).encode()])


def nights_table(nights: Sequence[Night]) -> str:
    """Return the figures of finished nights as CSV."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(NIGHT_COLUMNS)
    for night in nights:
        times = (written_time(moment) for moment in (night.start, night.end))
        measures = (getattr(night.measures, name) for name in MEASURE_NAMES)
        written = ("" if value is None else value for value in measures)
        about = (night.date, night.revision, *times, night.rules, night.sensitivity)
        table.writerow((*about, *written))
    return text.getvalue()


def labels_table(record: JournalReader, sleeper: Sleeper) -> str:
    """Return what a sleeper said of cramps as CSV."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(LABEL_COLUMNS)
    for label in sorted(record.labels(sleeper.id), key=lambda one: one.time):
        table.writerow((label.id, written_time(label.time), label.cramp))
    return text.getvalue()


def diary_table(record: JournalReader, sleeper: Sleeper) -> str:
    """Return what a sleeper says of the nights as CSV."""
    text = io.StringIO()
    table = csv.DictWriter(text, ("night", *DIARY_COLUMNS), lineterminator="\n")
    table.writeheader()
    for entry in record.diary(sleeper.id):
        table.writerow({"night": entry.night} | diary_cells(entry))
    return text.getvalue()


def trials_document(record: JournalReader, sleeper: Sleeper) -> str:
    """Return the personal trials of a sleeper as JSON.

    While one is running, its plan is left out: who knows what is to come may do something else.
    """
    trials = []
    for trial in record.trials(sleeper.id):
        fields = json.loads(encode_trial(trial))
        if trial.status is TrialStatus.RUNNING:
            del fields["schedule"], fields["seed"]
        trials.append(fields)
    return json.dumps(trials) + "\n"


def written_time(moment: int | None) -> str:
    """Return a time (us) in ISO 8601, UTC; empty if it is unknown."""
    return "" if moment is None else to_utc(moment).isoformat().replace("+00:00", "Z")


def copied_database(path: Path, folder: Path) -> Iterator[bytes]:
    """Yield a database as it is now, in parts; nothing if it was deleted meanwhile.

    Raises sqlite3.Error or OSError.
    """
    copy = folder / "copy.db"
    try:
        with closing(open_to_read(path)) as database:
            copy_database(database, copy)
    except sqlite3.OperationalError:
        if path.exists():
            raise
        return
    try:
        with copy.open("rb") as file:
            while part := file.read(PART_BYTES):
                yield part
    finally:
        # The folder is gone where the archive was abandoned.
        copy.unlink(missing_ok=True)
