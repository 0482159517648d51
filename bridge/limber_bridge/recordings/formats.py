"""Read a recording of any format, which is recognized by the content of the file."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings.read_options import NO_OPTIONS, OPTION_NAMES, ReadOptions
from limber_bridge.recordings.unpack import ZIP_MAGIC, Unpacked, regular_file, unpack

HEAD_BYTES: Final = 65_536
"""Bytes at the start of a file by which its format is recognized. chosen: more than 100 lines of
text, the longest header before a table."""
SQLITE_MAGIC: Final = b"SQLite format 3\0"
EDF_VERSION: Final = b"0       "
BDF_VERSION: Final = b"\xffBIOSEMI"
EDF_SUFFIXES: Final = frozenset((".edf", ".rec", ".bdf"))
MAX_PACKED_DEPTH: Final = 2
"""A gzipped file in a zip file, or the reverse."""

FOREIGN_CONTENTS: Final = (
    (b"BZh", "packed with bzip2", "unpack it, or pack it with gzip"),
    (b"\xfd7zXZ\0", "packed with xz", "unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf\x27\x1c", "packed with 7-Zip", "unpack it, or pack it as a zip file"),
    (b"Rar!\x1a\x07", "packed with RAR", "unpack it, or pack it as a zip file"),
    (b"MATLAB 5.0 MAT-file", "a file of MATLAB", "write it as CSV or EDF"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "write it as CSV or EDF"),
    (b"%PDF-", "a PDF", "use the recording, not a report on it"),
    (b"\x89PNG\r\n\x1a\n", "a picture", "use the recording, not a picture of it"),
)
"""First bytes of files that are often passed instead of a recording, what they are, and the remedy.
Without them, the error would be about the header row of a table."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format of recordings."""

    name: str
    """For errors."""
    fits: Callable[[bytes, Path], bool]
    """Whether a file whose first `HEAD_BYTES` are given has this format."""
    read: Callable[[Path, ReadOptions], Recording]
    """Raises UnreadableRecordingError or OSError. A reader that decodes blocks later keeps the file
    open: it may be a temporary one."""
    options: frozenset[str] = frozenset()
    """Fields of `ReadOptions` that mean something for it. `zone` always does: nights are split at
    local noon."""


# --- Recognition and readers; each imports what it needs. ---


def is_edf(head: bytes, path: Path) -> bool:
    """Return whether a file begins like EDF or BDF; its reader reports any error in the rest."""
    if head.startswith(BDF_VERSION) or head[:8].replace(b"\0", b" ") == EDF_VERSION:
        return True
    return path.suffix.lower() in EDF_SUFFIXES


def read_edf_file(path: Path, options: ReadOptions) -> Recording:
    """Read EDF, EDF+ or BDF."""
    from limber_bridge.recordings.edf import read_edf

    return read_edf(path, options)


def is_raw_signal(head: bytes, path: Path) -> bool:
    """Return whether a file begins like a database; its reader reports any error in the rest."""
    return head.startswith(SQLITE_MAGIC) or path.suffix.lower() == ".db"


def read_raw_signal(path: Path, _options: ReadOptions) -> Recording:
    """Read the raw signal that the bridge keeps."""
    from limber_bridge.storage.raw_format import read_raw_file

    return read_raw_file(path)


def is_cwa(head: bytes, _path: Path) -> bool:
    """Return whether a file is one of Axivity: its header has 1,020 bytes after its length."""
    return head.startswith(b"MD\xfc\x03")


def read_cwa_file(path: Path, options: ReadOptions) -> Recording:
    """Read the file of an AX3 or AX6."""
    from limber_bridge.recordings.cwa import read_cwa

    return read_cwa(path, options)


def is_geneactiv(head: bytes, _path: Path) -> bool:
    """Return whether a file is one of GENEActiv."""
    return head.startswith(b"Device Identity")


def read_geneactiv_file(path: Path, options: ReadOptions) -> Recording:
    """Read the file of a GENEActiv."""
    from limber_bridge.recordings.geneactiv import read_geneactiv

    return read_geneactiv(path, options)


def is_actigraph(head: bytes, path: Path) -> bool:
    """Return whether a file is a zip file with the parts that an ActiGraph writes."""
    if not head.startswith(ZIP_MAGIC):
        return False
    from limber_bridge.recordings.gt3x import is_gt3x

    return is_gt3x(path)


def read_gt3x_file(path: Path, options: ReadOptions) -> Recording:
    """Read the file of an ActiGraph."""
    from limber_bridge.recordings.gt3x import read_gt3x

    return read_gt3x(path, options)


def is_text(_head: bytes, _path: Path) -> bool:
    """Return True: a file of no other format is read as text, and the reader raises the error."""
    return True


def read_text(path: Path, options: ReadOptions) -> Recording:
    """Read a table in a text."""
    from limber_bridge.recordings.text.reader import read_text

    return read_text(path, options)


def is_table_archive(head: bytes, path: Path) -> bool:
    """Return whether a file is a zip file of several tables, as apps of phones export them."""
    from limber_bridge.recordings.text.archives import is_table_archive

    return is_table_archive(head, path)


def read_archive(path: Path, options: ReadOptions) -> Recording:
    """Read a zip file of several tables."""
    from limber_bridge.recordings.text.archives import read_archive

    return read_archive(path, options)


def is_json_log(head: bytes, path: Path) -> bool:
    """Return whether a file is a log in JSON."""
    from limber_bridge.recordings.text.json_logs import is_json_log

    return is_json_log(head, path)


def read_json_log(path: Path, options: ReadOptions) -> Recording:
    """Read a log in JSON."""
    from limber_bridge.recordings.text.json_logs import read_json_log

    return read_json_log(path, options)


def is_parquet(head: bytes, path: Path) -> bool:
    """Return whether a file is Parquet."""
    from limber_bridge.recordings.text.parquet import is_parquet

    return is_parquet(head, path)


def read_parquet(path: Path, options: ReadOptions) -> Recording:
    """Read a table in Parquet."""
    from limber_bridge.recordings.text.parquet import read_parquet

    return read_parquet(path, options)


TABLE_OPTIONS: Final = frozenset(("channels", "columns", "units", "rate"))
FORMATS: Final = (
    Format("EDF", is_edf, read_edf_file, frozenset(("channels", "units"))),
    Format("the raw signal of Limber", is_raw_signal, read_raw_signal),
    Format("CWA", is_cwa, read_cwa_file, frozenset(("channels",))),
    Format("GENEActiv", is_geneactiv, read_geneactiv_file, frozenset(("channels",))),
    Format("GT3X", is_actigraph, read_gt3x_file, frozenset(("channels",))),
    Format("Parquet", is_parquet, read_parquet, TABLE_OPTIONS),
    Format("JSON", is_json_log, read_json_log, TABLE_OPTIONS),
    Format("an archive of tables", is_table_archive, read_archive, TABLE_OPTIONS),
)
"""Formats of files as they are, in the order in which they are tried. A zip file that is a format
of its own belongs here too."""
TEXT: Final = Format("CSV", is_text, read_text, TABLE_OPTIONS)
"""Tried when a file is neither of `FORMATS` nor packed."""


# --- Reading ---


def read_recording(path: Path, options: ReadOptions = NO_OPTIONS) -> Recording:
    """Read a recording of any format; UnreadableRecordingError.

    The text of the error names the file, the place and the remedy.
    """
    try:
        with regular_file(path) as readable:
            if readable == path:
                return read_content(path, options, MAX_PACKED_DEPTH)
            piped = Unpacked(readable, str(path), None)
            return read_unpacked(path, piped, options, MAX_PACKED_DEPTH)
    except OSError as error:
        raise UnreadableRecordingError(
            f"{path}: {error.strerror or error}; check the path"
        ) from error


def read_content(path: Path, options: ReadOptions, depth: int) -> Recording:
    """Read a file; it may be packed `depth` times."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    found = next((one for one in FORMATS if one.fits(head, path)), None)
    if found is None and depth > 0:
        with unpack(path, head) as unpacked:
            if unpacked is not None:
                return read_unpacked(path, unpacked, options, depth - 1)
    if found is None:
        check_not_foreign(path, head)
        found = TEXT
    check_options(path, found, options)
    return found.read(path, options)


def check_not_foreign(path: Path, head: bytes) -> None:
    """Raise UnreadableRecordingError for a file that begins like one of `FOREIGN_CONTENTS`."""
    for magic, kind, remedy in FOREIGN_CONTENTS:
        if head.startswith(magic):
            raise UnreadableRecordingError(f"{path}: {kind}, which cannot be read; {remedy}")


def read_unpacked(path: Path, unpacked: Unpacked, options: ReadOptions, depth: int) -> Recording:
    """Read a temporary file under the name of the file from which it came."""
    temporary = str(unpacked.path)
    try:
        recording = read_content(unpacked.path, options, depth)
    except UnreadableRecordingError as error:
        raise UnreadableRecordingError(str(error).replace(temporary, unpacked.label)) from error
    notes = tuple(note.replace(temporary, unpacked.label) for note in recording.notes)
    if unpacked.note is not None:
        notes = (unpacked.note, *notes)
    return replace(recording, name=path.name, notes=notes)


def check_options(path: Path, found: Format, options: ReadOptions) -> None:
    """Raise UnreadableRecordingError for an option that does not apply to a format."""
    unused = options.given - found.options - {"zone"}
    if unused:
        name = OPTION_NAMES[min(unused)]
        raise UnreadableRecordingError(
            f"{path}: {name} has no meaning for {found.name}; leave it out for this file"
        )
