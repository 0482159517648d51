"""Unpack gzipped and zipped recordings."""

import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.open_file import ZIP_DAMAGE

GZIP_MAGIC: Final = b"\x1f\x8b"
ZIP_MAGIC: Final = b"PK\x03\x04"
EMPTY_ZIP_MAGIC: Final = b"PK\x05\x06"
MAX_UNPACKED_BYTES: Final = 2**33
"""chosen: ten times a week of three axes at 100 Hz as text. A damaged or malicious archive may
claim any size."""
MAX_LISTED_MEMBERS: Final = 5
"""Members of an archive that an error lists."""
CHUNK_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The content of a packed file, in a temporary file."""

    path: Path
    """Its name is that of the packed recording, so that its suffix is right."""
    label: str
    """Name for errors: the packed file, and which member of it."""
    note: str | None
    """What is missing from it."""


@contextmanager
def unpack(path: Path, head: bytes) -> Iterator[Unpacked | None]:
    """Provide the content of a gzipped or zipped file, or of a pipe; None for any other file.

    `head` is the start of the file. The temporary file is deleted on leaving; a reader that decodes
    later must keep it open. Raises UnreadableRecordingError or OSError.
    """
    if not head.startswith((GZIP_MAGIC, ZIP_MAGIC, EMPTY_ZIP_MAGIC)):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="limber-") as folder:
        if head.startswith(GZIP_MAGIC):
            yield unpack_gzip(path, Path(folder))
        else:
            yield unpack_zip(path, Path(folder))


@contextmanager
def regular_file(path: Path) -> Iterator[Path]:
    """Provide a path that can be read twice: a copy of a pipe, any other file itself."""
    if not stat.S_ISFIFO(os.stat(path).st_mode):  # noqa: PTH116 - follows /dev/stdin
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="limber-") as folder:
        copy = Path(folder) / path.name
        with path.open("rb") as source, copy.open("wb") as target:
            copy_limited(path, source, target)
        yield copy


def unpack_gzip(path: Path, folder: Path) -> Unpacked:
    """Unpack a gzipped file; one that ends early is unpacked up to its end."""
    target_path = folder / (path.name.removesuffix(".gz") or "recording")
    with path.open("rb") as packed, target_path.open("wb") as target:
        try:
            is_complete = gunzip(path, packed, target)
        except zlib.error as error:
            raise UnreadableRecordingError(
                f"{path}: damaged gzip file ({error}); copy it again"
            ) from error
        size = target.tell()
    if not size and not is_complete:
        raise UnreadableRecordingError(f"{path}: the gzip file ends early; copy it again")
    note = f"{path}: the gzip file ends early; what is there is scored; copy it again"
    return Unpacked(target_path, str(path), None if is_complete else note)


def gunzip(path: Path, packed: IO[bytes], target: IO[bytes]) -> bool:
    """Copy the content of a gzipped stream; return False if the stream ends early.

    `gzip.GzipFile` gives nothing of the last chunk of such a stream. A file may hold several gzip
    streams, one after another. Raises zlib.error for a damaged one, also where the checksum of its
    content is wrong.
    """
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    size = 0
    rest = b""
    while chunk := rest or packed.read(CHUNK_BYTES):
        if decoder.eof:
            # Padding with zero bytes is allowed after the last stream.
            chunk = chunk.lstrip(b"\0")
            if not chunk:
                rest = b""
                continue
            decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
        content = decoder.decompress(chunk, CHUNK_BYTES * 64)
        rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
        size += len(content)
        check_size(path, size)
        target.write(content)
    return decoder.eof


def unpack_zip(path: Path, folder: Path) -> Unpacked:
    """Unpack a zipped file, which must hold one recording."""
    try:
        with zipfile.ZipFile(path) as archive:
            member = only_member(path, archive)
            target_path = folder / (Path(member.filename).name or "recording")
            with archive.open(member) as packed, target_path.open("wb") as target:
                copy_limited(path, packed, target)
    except ZIP_DAMAGE as error:
        raise UnreadableRecordingError(
            f"{path}: the zip file cannot be unpacked ({error}); unpack it and score what is in it"
        ) from error
    return Unpacked(target_path, f"{path}: {member.filename}", None)


def only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the only file in an archive; UnreadableRecordingError if there are none or several."""
    members = [
        one
        for one in archive.infolist()
        if not one.is_dir()
        # macOS adds files about files.
        and not one.filename.startswith("__MACOSX/")
        and not Path(one.filename).name.startswith(".")
    ]
    if len(members) == 1:
        return members[0]
    if not members:
        raise UnreadableRecordingError(f"{path}: an empty zip file; export it again")
    names = ", ".join(one.filename for one in members[:MAX_LISTED_MEMBERS])
    more = ", ..." if len(members) > MAX_LISTED_MEMBERS else ""
    raise UnreadableRecordingError(
        f"{path}: {len(members)} files in it ({names}{more}); unpack it and score the recordings"
    )


def copy_limited(path: Path, source: IO[bytes], target: IO[bytes]) -> None:
    """Copy a stream up to its end; UnreadableRecordingError if it is too large."""
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        size += len(chunk)
        check_size(path, size)
        target.write(chunk)


def check_size(path: Path, size: int) -> None:
    """Raise UnreadableRecordingError for an unpacked content that is too large."""
    if size > MAX_UNPACKED_BYTES:
        raise UnreadableRecordingError(
            f"{path}: more than {MAX_UNPACKED_BYTES >> 30} GiB when unpacked; split the recording"
        )
