"""Convert the bytes of a text file to one form: UTF-8 or ASCII, with line feeds."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from limber_bridge.domain.counted import counted

UTF_8_MARK: Final = b"\xef\xbb\xbf"
UTF_16_MARKS: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
LINES_WITH_NUL: Final = re.compile(rb"[^\n]*\0[^\n]*(\n|\Z)")
HEAD_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a text."""

    data: bytes
    """Without a byte order mark, NUL bytes and carriage returns."""
    notes: tuple[str, ...]
    """What was left out."""


def read_content(path: Path) -> Content:
    """Read a text; OSError."""
    return clean_content(path, path.read_bytes())


def clean_content(path: Path, data: bytes) -> Content:
    """Return the bytes of a text in one form."""
    data = without_utf_16(data)
    data = data.removeprefix(UTF_8_MARK)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" not in data:
        return Content(data, ())
    # A device that loses power leaves a block of NUL bytes that it had reserved.
    whole = data.rstrip(b"\0")
    count = len(data) - len(whole)
    notes = []
    if count:
        notes.append(f"{path}: {count} NUL bytes at its end are left out; the logger lost power")
    if b"\0" in whole:
        whole, lines = LINES_WITH_NUL.subn(b"", whole)
        removed = counted(lines, "line")
        notes.append(f"{path}: {removed} with NUL bytes left out; the logger lost power")
    return Content(whole, tuple(notes))


def without_utf_16(data: bytes) -> bytes:
    """Return a text in UTF-16 as UTF-8; any other text as it is."""
    encoding = UTF_16_MARKS.get(data[:2])
    if encoding is not None:
        return data[2:].decode(encoding, errors="replace").encode()
    # Without a mark, every second byte of a table is NUL.
    head = data[:HEAD_BYTES]
    pairs = len(head) // 2
    if pairs < 4:
        return data
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[first::2].count(0) > 0.9 * pairs and head[1 - first :: 2].count(0) == 0:
            return data.decode(encoding, errors="replace").encode()
    return data


def decode_line(line: bytes) -> str:
    """Return a line as text: UTF-8, or else the encoding of Windows in western Europe."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")
