"""A recording whose samples are read later, while they are needed."""

import weakref
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from limber_bridge.domain.recording import UnreadableRecordingError

CHUNK_BYTES: Final = 2**21
"""Bytes that are read at a time. chosen: fast, and small beside the memory of a Raspberry Pi."""
ZIP_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What `zipfile` raises for a zip file that is damaged (the first three), is compressed in a way
that Python lacks (NotImplementedError), or has a password (RuntimeError)."""


class OpenFile:
    """A file, or a part of a zip file, that stays open as long as this object exists.

    It can be read even after its path was deleted, as happens to an unpacked file.
    """

    def __init__(self, path: Path, part: IO[bytes] | None = None) -> None:
        """Open a file, or take over an open part of a zip file; OSError."""
        self.path = path
        """For errors."""
        self._file = path.open("rb") if part is None else part
        self._closing = weakref.finalize(self, self._file.close)
        self.damage = ""
        """Why `chunks` ended before the end of the file; empty if it did not."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Return some bytes, fewer at the end of the file; OSError or one of `ZIP_DAMAGE`."""
        self._file.seek(offset)
        return self._file.read(size)

    def read_exactly(self, offset: int, size: int) -> bytes:
        """Return bytes that could be read before; UnreadableRecordingError."""
        try:
            found = self.read_at(offset, size)
        except (OSError, *ZIP_DAMAGE) as error:
            raise UnreadableRecordingError(
                f"{self.path}: byte {offset}: cannot be read ({error}); copy the file again"
            ) from error
        if len(found) < size:
            raise UnreadableRecordingError(
                f"{self.path}: became shorter while it was read; wait until it is copied"
            )
        return found

    def chunks(self, begin: int, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Yield everything from an offset on, `size` bytes at a time, up to damage of a zip file.

        Raises OSError.
        """
        while True:
            try:
                chunk = self.read_at(begin, size)
            except ZIP_DAMAGE as error:
                self.damage = str(error)
                return
            if not chunk:
                return
            yield chunk
            begin += len(chunk)
