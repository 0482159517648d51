"""Build what a power cut leaves of a folder, from recorded system calls.

Model: the content of a file that was synced is there. What was written later may be there or not,
sector by sector. New names, renames and removals are kept in order, and those before the last sync
of their folder or file are there, as on a file system with a journal for its metadata.
"""

import random
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HEADER: Final = struct.Struct("<cIIq")
SECTOR_BYTES: Final = 512
"""A disk writes a sector whole or not at all."""


@dataclass(frozen=True, slots=True)
class Call:
    """A recorded system call."""

    kind: str
    """W write, T truncate, S sync, C create, R rename, U remove, M mark."""
    path: str
    offset: int
    """Of a write; the new size of a truncation; the number of a mark."""
    data: bytes
    """Of a write; the new path of a rename."""


def read_calls(path: Path) -> list[Call]:
    """Return the calls that `fault_shim.c` recorded in a file."""
    return list(_parse(path.read_bytes()))


def _parse(data: bytes) -> Iterator[Call]:
    at = 0
    while at < len(data):
        kind, path_size, size, offset = HEADER.unpack_from(data, at)
        at += HEADER.size
        path = data[at : at + path_size].decode()
        at += path_size
        yield Call(kind.decode(), path, offset, data[at : at + size])
        at += size


def marked_before(calls: Sequence[Call], cut: int) -> int:
    """Return the number of the last mark before a call; 0 if there is none."""
    return next((call.offset for call in reversed(calls[:cut]) if call.kind == "M"), 0)


@dataclass(slots=True)
class File:
    """The content of one file, whatever its name is now."""

    data: bytearray = field(default_factory=bytearray)

    def apply(self, call: Call) -> None:
        """Write or truncate."""
        if call.kind == "T":
            missing = call.offset - len(self.data)
            self.data[call.offset :] = bytes(max(0, missing))
            return
        end = call.offset + len(call.data)
        self.data.extend(bytes(max(0, end - len(self.data))))
        self.data[call.offset : end] = call.data


class Folder:
    """The files of a folder while recorded calls are applied."""

    def __init__(self, before: Path, recorded: Path) -> None:
        """Start with the files below a folder, all synced; their calls are of another folder."""
        self.names = {
            str(recorded / path.relative_to(before)): File(bytearray(path.read_bytes()))
            for path in before.rglob("*")
            if path.is_file()
        }

    def write_below(self, old: Path, new: Path) -> None:
        """Write the files into another folder, without `-shm` files, which are not kept."""
        for name, file in self.names.items():
            if not name.endswith("-shm"):
                path = new / Path(name).relative_to(old)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.data)


def durable_names(calls: Sequence[Call]) -> int:
    """Return how many of some calls are certain, as far as they concern names."""
    found = 0
    for index, call in enumerate(calls):
        if call.kind in "CRU":
            names = {call.path, call.data.decode() if call.kind == "R" else call.path}
            folders = {str(Path(name).parent) for name in names}
            if any(
                later.kind == "S" and later.path in names | folders for later in calls[index + 1 :]
            ):
                found = index + 1
    return found


def after_power_cut(
    before: Path, recorded: Path, calls: Sequence[Call], choice: random.Random, kept: float
) -> Folder:
    """Return a folder after a power cut right after the last of some calls.

    `before`: the files before the first call. `recorded`: the folder in which the calls were
    recorded. `kept`: share of what is not certain that is there nevertheless, 0 to 1.
    """
    folder = Folder(before, recorded)
    files = files_of_calls(folder.names, calls)
    certain = durable_names(calls)
    last_name = certain + round(kept * (len(calls) - certain))
    for call, file in zip(calls[:last_name], files[:last_name], strict=True):
        apply_to_names(folder.names, call, file)
    for index, (call, file) in enumerate(zip(calls, files, strict=True)):
        if file is not None and call.kind in "WT":
            share = 1.0 if is_synced(calls, files, index) else kept
            for part in _parts(call):
                if choice.random() < share:
                    file.apply(part)
    return folder


def files_of_calls(names: Mapping[str, File], calls: Sequence[Call]) -> list[File | None]:
    """Return the file that each call concerns; None where it concerns none that is known.

    Contents follow the file, not its name.
    """
    found: list[File | None] = []
    current = dict(names)
    for call in calls:
        file = File() if call.kind == "C" else current.get(call.path)
        found.append(file)
        apply_to_names(current, call, file)
    return found


def apply_to_names(names: dict[str, File], call: Call, file: File | None) -> None:
    """Create, rename or remove a file; other calls change nothing."""
    if file is None:
        return
    match call.kind:
        case "C":
            names[call.path] = file
        case "R":
            names[call.data.decode()] = names.pop(call.path)
        case "U":
            names.pop(call.path, None)
        case _:
            pass


def is_synced(calls: Sequence[Call], files: Sequence[File | None], index: int) -> bool:
    """Return whether the file of a call was synced after the call."""
    return any(
        calls[later].kind == "S" and files[later] is files[index]
        for later in range(index + 1, len(calls))
    )


def _parts(call: Call) -> Iterator[Call]:
    """Yield the sectors of a write; other calls as they are."""
    if call.kind != "W":
        yield call
        return
    at = 0
    while at < len(call.data):
        size = SECTOR_BYTES - (call.offset + at) % SECTOR_BYTES
        yield Call("W", call.path, call.offset + at, call.data[at : at + size])
        at += size
