"""The password of the pages and the sessions of those who gave it, in one file.

The file is readable by the bridge's user only. It holds hashes: neither the password nor the key of
a session can be read from it.
"""

import hashlib
import hmac
import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

PASSWORD_MIN_LENGTH: Final = 10
PASSWORD_MAX_LENGTH: Final = 200
"""Chosen: attempts are limited to a few per minute, so ten characters cannot be guessed."""
PASSWORD_MIN_DISTINCT: Final = 4
"""Different characters at least. Chosen: fewer are a row of the same, not a password."""
SCRYPT_N: Final = 2**15
SCRYPT_R: Final = 8
SCRYPT_P: Final = 3
"""Cost of a hash: OWASP Password Storage Cheat Sheet, the choice that needs 32 MB."""
SCRYPT_MAX_BYTES: Final = 64 * 2**20
SALT_BYTES: Final = 16
SESSION_BYTES: Final = 32
SESSION_S: Final = 30 * 86_400
"""Time for which a browser stays signed in; chosen: a month."""
SESSIONS_MAX: Final = 20
"""Sessions at a time; the oldest ends. Chosen: a few devices of a household."""
PRIVATE_MODE: Final = 0o600


class AccessFileError(Exception):
    """The file with the password cannot be used; the text says what to do."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password as it is stored."""

    n: int
    r: int
    p: int
    salt: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in."""

    hash: bytes
    """SHA-256 of its key."""
    expires: int
    """s since 1970."""


@dataclass(frozen=True, slots=True)
class AccessFile:
    """What the file holds."""

    v: int = 1
    password: PasswordHash | None = None
    sessions: tuple[Session, ...] = ()


def hash_password(password: str) -> PasswordHash:
    """Return the hash of a password; takes a tenth of a second and 32 MB."""
    salt = secrets.token_bytes(SALT_BYTES)
    hashed = hashlib.scrypt(
        password.encode("utf-8", "replace"),
        salt=salt,
        n=SCRYPT_N,
        r=SCRYPT_R,
        p=SCRYPT_P,
        maxmem=SCRYPT_MAX_BYTES,
    )
    return PasswordHash(SCRYPT_N, SCRYPT_R, SCRYPT_P, salt, hashed)


def is_password(stored: PasswordHash, password: str) -> bool:
    """Return whether a password is the stored one; takes as long as `hash_password`."""
    hashed = hashlib.scrypt(
        password.encode("utf-8", "replace"),
        salt=stored.salt,
        n=stored.n,
        r=stored.r,
        p=stored.p,
        maxmem=SCRYPT_MAX_BYTES,
    )
    return hmac.compare_digest(hashed, stored.hash)


class AccessStore:
    """Read and write the file; every method may block on the disk."""

    def __init__(self, path: Path) -> None:
        """Use the file at a path; it need not exist."""
        self._path = path
        self._content: AccessFile | None = None

    def has_password(self) -> bool:
        """Return whether a password was set; AccessFileError."""
        return self._load().password is not None

    def check_password(self, password: str) -> bool:
        """Return whether a password is the one that was set; AccessFileError."""
        stored = self._load().password
        return stored is not None and is_password(stored, password)

    def set_password(self, password: str) -> None:
        """Set the password and end all sessions; AccessFileError."""
        self._save(AccessFile(password=hash_password(password)))

    def set_first_password(self, password: str) -> bool:
        """Set the password unless there is one; return whether it was set. AccessFileError."""
        if self.has_password():
            return False
        self.set_password(password)
        return True

    def open_session(self) -> str:
        """Return the key of a new session; AccessFileError."""
        key = secrets.token_urlsafe(SESSION_BYTES)
        session = Session(session_hash(key), int(time.time()) + SESSION_S)
        content = self._load()
        kept = [one for one in content.sessions if one.expires > time.time()]
        sessions = (*kept, session)[-SESSIONS_MAX:]
        self._save(AccessFile(password=content.password, sessions=sessions))
        return key

    def has_session(self, key: str) -> bool:
        """Return whether a session is open; AccessFileError."""
        wanted = session_hash(key)
        return any(
            hmac.compare_digest(one.hash, wanted) and one.expires > time.time()
            for one in self._load().sessions
        )

    def close_session(self, key: str) -> None:
        """End a session; AccessFileError."""
        content = self._load()
        wanted = session_hash(key)
        kept = tuple(one for one in content.sessions if one.hash != wanted)
        self._save(AccessFile(password=content.password, sessions=kept))

    def _load(self) -> AccessFile:
        """Return the content, which is read once; AccessFileError."""
        if self._content is None:
            self._content = read_access_file(self._path)
        return self._content

    def _save(self, content: AccessFile) -> None:
        """Replace the file, completely or not at all; AccessFileError."""
        part = self._path.with_name(f".{self._path.name}.part")
        try:
            with suppress(FileNotFoundError):
                part.unlink()
            with open(part, "xb", opener=private_opener) as file:
                file.write(msgspec.json.encode(content))
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise AccessFileError(
                f"{self._path}: cannot be written ({error.strerror}); give the bridge's user write"
                " permission for this folder, or free some space"
            ) from error
        self._content = content


def private_opener(path: str, flags: int) -> int:
    """Open a file that only this user can read."""
    return os.open(path, flags, PRIVATE_MODE)


def read_access_file(path: Path) -> AccessFile:
    """Return the content of the file, empty if there is none; AccessFileError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=AccessFile)
    except FileNotFoundError:
        return AccessFile()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        # Without this the pages of a bridge with a torn file would be open to the first who comes.
        raise AccessFileError(
            f"{path}: cannot be read ({error}); delete it on the bridge's machine to set a new"
            " password"
        ) from error


def session_hash(key: str) -> bytes:
    """Return how the key of a session is stored."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
