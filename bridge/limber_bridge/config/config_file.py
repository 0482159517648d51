"""Read limber.yaml, and replace it in one step.

Invariant: a kill or a power cut at any moment leaves the old or the new file, never a part of one.
"""

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NEW_FILE_MODE = 0o600
"""Of a file that did not exist: it holds passwords and keys."""


class SaveError(Exception):
    """The file was not replaced; the text says why and what to do."""


class ChangedMeanwhileError(SaveError):
    """The file was changed by hand, or by another page, since it was read."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The file at one moment."""

    text: str
    """Empty where there is no file."""
    digest: str
    """Of its bytes; empty where there is no file."""


def read_snapshot(path: Path) -> Snapshot:
    """Return the file as it is; OSError, or UnicodeDecodeError if it is not UTF-8."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Snapshot("", "")
    return Snapshot(data.decode("utf-8"), digest_of(data))


def replace_file(path: Path, before: Snapshot, text: str) -> None:
    """Replace the file by a new text; SaveError.

    `before` is the file that was read. Symbolic links are followed, owner and mode are kept.
    """
    target = path.resolve()
    try:
        temporary = write_beside(target, text.encode())
    except OSError as error:
        raise SaveError(
            f"{target.parent}: no file can be written here ({reason_of(error)}); give the user of "
            "the bridge write permission for this folder, or change limber.yaml by hand"
        ) from error
    try:
        if read_snapshot(target).digest != before.digest:
            raise ChangedMeanwhileError(
                f"{path} was changed since this page was loaded; load the page again and repeat "
                "the change"
            )
        # Complete on disk before it gets the name: after a power cut the name leads to either file.
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise SaveError(
            f"{target}: the file cannot be replaced ({reason_of(error)}); if it is mounted into a "
            "container, mount its folder instead"
        ) from error
    finally:
        # After a success there is nothing under this name any more.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_beside(target: Path, data: bytes) -> Path:
    """Write a file in the same folder, with owner and mode of `target`, and wait for the disk."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            copy_access(target, file.fileno())
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    return Path(name)


def copy_access(target: Path, descriptor: int) -> None:
    """Give an open file the owner, the group and the mode of `target`, if that exists."""
    try:
        known = target.stat()
    except FileNotFoundError:
        os.fchmod(descriptor, NEW_FILE_MODE)
        return
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) != (known.st_uid, known.st_gid):
        os.fchown(descriptor, known.st_uid, known.st_gid)
    # After the owner: changing it clears bits of the mode.
    os.fchmod(descriptor, stat.S_IMODE(known.st_mode))


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest_of(data: bytes) -> str:
    """Return what differs for two different files."""
    return hashlib.sha256(data).hexdigest()


def reason_of(error: OSError) -> str:
    """Return why something failed, without a path."""
    return error.strerror or type(error).__name__
