"""Read archives of several tables, as the apps of phones export them."""

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.recording import COLUMNS, Recording, UnreadableRecordingError
from limber_bridge.recordings.open_file import ZIP_DAMAGE
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.recordings.text.content import Content, clean_content
from limber_bridge.recordings.text.headers import recognise_columns
from limber_bridge.recordings.text.layout import find_layout
from limber_bridge.recordings.text.loggers import logger_facts
from limber_bridge.recordings.text.reader import read_clean_text

ZIP_MAGIC: Final = b"PK\x03\x04"
TEXT_SUFFIXES: Final = frozenset((".csv", ".txt", ".tsv"))
OTHER_RECORDINGS: Final = frozenset((".edf", ".bdf", ".rec", ".bin", ".cwa", ".gt3x", ".db", ".gz"))
"""An archive with one of these does not come from an app on a phone."""
HEAD_BYTES: Final = 65_536
MAX_UNPACKED_BYTES: Final = 2**33
"""chosen: ten times a week of three axes at 100 Hz as text."""
WITHOUT_SENSORS: Final = frozenset(
    ("gravity", "annotation", "metadata", "tags", "ibi", "time", "device")
)
"""Tables of loggers beside those of the sensors, without their suffix."""
SENSOR_NAME: Final = re.compile(r"acc|motion|raw data|ankle|leg|left|right|emg|night|data")
PREFERENCE: Final = (
    # Sensor Logger: with gravity first.
    "totalacceleration",
    "accelerometeruncalibrated",
    "accelerometer+gravity",
    "wristmotion",
    "accelerometer",
    # phyphox; Empatica.
    "raw data",
    "acc",
)
"""Names of tables, the preferred first."""


@dataclass(frozen=True, slots=True)
class Member:
    """A table in an archive."""

    name: str
    stem: str
    """Name without folder and suffix, in lower case."""


def is_table_archive(head: bytes, path: Path) -> bool:
    """Return whether a file is a zip file with several files, one of which is a table."""
    if not head.startswith(ZIP_MAGIC):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = members(archive)
    except zipfile.BadZipFile:
        return False
    suffixes = {PurePosixPath(name).suffix.lower() for name in names}
    has_texts = bool(suffixes & TEXT_SUFFIXES)
    return len(names) > 1 and has_texts and suffixes.isdisjoint(OTHER_RECORDINGS)


def members(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the files in an archive, without those that macOS adds."""
    return [
        one.filename
        for one in archive.infolist()
        if not one.is_dir()
        and not one.filename.startswith("__MACOSX/")
        and not PurePosixPath(one.filename).name.startswith(".")
    ]


def read_archive(path: Path, options: ReadOptions) -> Recording:
    """Read the table with the acceleration in an archive; UnreadableRecordingError."""
    try:
        with zipfile.ZipFile(path) as archive:
            return read_best_table(path, archive, options)
    except ZIP_DAMAGE as error:
        raise UnreadableRecordingError(
            f"{path}: the zip file cannot be unpacked ({error}); unpack it and score what is in it"
        ) from error


def read_best_table(path: Path, archive: zipfile.ZipFile, options: ReadOptions) -> Recording:
    """Read the preferred of the tables in an archive; UnreadableRecordingError."""
    tables = [
        Member(name, PurePosixPath(name).stem.lower())
        for name in members(archive)
        if PurePosixPath(name).suffix.lower() in TEXT_SUFFIXES
    ]
    candidates = [table for table in tables if table.stem not in WITHOUT_SENSORS]
    # The names of exports first: an archive of a logger may hold many more tables.
    named = [table for table in candidates if SENSOR_NAME.search(table.stem)]
    found = [table for table in named if has_sensor(path, archive, table)]
    found = found or [table for table in candidates if has_sensor(path, archive, table)]
    chosen = choose(path, found, tables)
    content = read_member(path, archive, chosen)
    by_stem = {table.stem: table for table in tables}
    if chosen.stem == "accelerometer" and "gravity" in by_stem:
        gravity = read_member(path, archive, by_stem["gravity"])
        content = Content(add_gravity(content.data, gravity.data), content.notes)
    others = [table.name for table in found if table is not chosen]
    notes = [f"{path}: read from {chosen.name}"] if others else []
    start = phyphox_start(path, archive, by_stem)
    content = Content(content.data, (*notes, *content.notes))
    return read_clean_text(path, content, options, start=start)


def has_sensor(path: Path, archive: zipfile.ZipFile, table: Member) -> bool:
    """Return whether a table has a column of a sensor."""
    with archive.open(table.name) as file:
        content = clean_content(path, file.read(HEAD_BYTES))
    layout = find_layout(content.data)
    if layout is None:
        return False
    uses = recognise_columns(layout.names, layout.units, ()) | logger_facts(path, layout).uses
    return any(use.field in COLUMNS for use in uses.values())


def choose(path: Path, found: Sequence[Member], tables: Sequence[Member]) -> Member:
    """Return the table to read; UnreadableRecordingError if that is unclear."""
    if len(found) == 1:
        return found[0]
    names = ", ".join(table.name for table in (found or tables)[:5])
    if not found:
        raise UnreadableRecordingError(
            f"{path}: no acceleration or EMG in its tables ({names}); record the acceleration"
        )
    stems = {table.stem: table for table in found}
    if "accelerometer" in stems and any(table.stem == "gravity" for table in tables):
        stems["accelerometer+gravity"] = stems["accelerometer"]
    best = next((stems[stem] for stem in PREFERENCE if stem in stems), None)
    if best is None or len(stems) < len(found):
        raise UnreadableRecordingError(
            f"{path}: several recordings in it ({names}); unpack it and score them one by one"
        )
    return best


def read_member(path: Path, archive: zipfile.ZipFile, table: Member) -> Content:
    """Return the content of a table; UnreadableRecordingError if it is too large."""
    if archive.getinfo(table.name).file_size > MAX_UNPACKED_BYTES:
        raise UnreadableRecordingError(
            f"{path}: {table.name} has more than {MAX_UNPACKED_BYTES >> 30} GiB when unpacked; "
            "split the recording"
        )
    with archive.open(table.name) as file:
        return clean_content(path, file.read(MAX_UNPACKED_BYTES))


def add_gravity(acceleration: bytes, gravity: bytes) -> bytes:
    """Return rows of acceleration with the gravity of the same time in further columns.

    Both are tables of Sensor Logger: `time,seconds_elapsed,z,y,x`.
    """
    rows: dict[bytes, bytes] = {}
    for line in gravity.split(b"\n"):
        time, _, rest = line.partition(b",")
        rows[time] = rest.partition(b",")[2]
    lines = acceleration.split(b"\n")
    joined = [
        line + b"," + rows[time]
        for line in lines[1:]
        if (time := line.partition(b",")[0]) in rows and time
    ]
    if not joined:
        return acceleration
    names = rows.get(lines[0].partition(b",")[0], b"z,y,x").split(b",")
    header = b",".join([lines[0], *(b"gravity_" + name for name in names)])
    return b"\n".join([header, *joined])


def phyphox_start(path: Path, archive: zipfile.ZipFile, tables: dict[str, Member]) -> int | None:
    """Return when a recording of phyphox began, in us since 1970; None if that is unknown."""
    if "time" not in tables:
        return None
    text = read_member(path, archive, tables["time"]).data.decode("utf-8", "replace")
    for line in text.split("\n"):
        fields = [field.strip('" ') for field in re.split(r"[;\t]|,(?=[^,])", line)]
        if fields[0] == "START" and len(fields) > 2:
            try:
                began, system = (float(field.replace(",", ".")) for field in fields[1:3])
            except ValueError:
                return None
            return round((system - began) * SECOND)
    return None
