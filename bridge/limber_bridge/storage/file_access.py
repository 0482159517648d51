"""Who owns the files of the bridge, for errors that name the true reason."""

import os
import pwd
from collections.abc import Iterable
from pathlib import Path


def access_remedy(paths: Iterable[Path]) -> str | None:
    """Return which files belong to another user and cannot be used, and the command against it.

    None where every file that exists can be read and written, or belongs to this user. A disk that
    is mounted read-only is no question of the owner.
    """
    me = os.geteuid()
    found = [path for path in paths if is_closed_to(path, me)]
    if not found:
        return None
    owners = " and ".join(sorted({user_name(path.stat().st_uid) for path in found}))
    names = ", ".join(path.name for path in found)
    target = user_name(me)
    files = " ".join(str(path) for path in found)
    return (
        f"{names} belongs to the user {owners}, and this process runs as {target}; run it as"
        f" {owners}, or run `chown -R {target}: {files}`"
    )


def is_closed_to(path: Path, user: int) -> bool:
    """Return whether a file belongs to another user and cannot be read and written."""
    try:
        status = path.stat()
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            return False
    except OSError:
        return False
    needed = os.R_OK | os.W_OK
    return status.st_uid != user and not os.access(path, needed, effective_ids=True)


def user_name(number: int) -> str:
    """Return the name of a user; the number where there is none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
