"""Run `limber check` as the user of the bridge, where root runs it.

root may open every file and every device, which says nothing about the bridge, and root would leave
files behind that the bridge cannot write.
"""

import os
import pwd
from pathlib import Path

from limber_bridge.storage.file_access import user_name


def act_as_owner(journal: Path) -> str | None:
    """Give up the rights of root for those of the owner of the journal's folder.

    Returns the name of the user; None where this process does not run as root, or root owns the
    folder. There is no way back for this process.
    """
    try:
        owner = journal.absolute().parent.stat().st_uid
    except OSError:
        # The check of the journal says what is wrong with its folder.
        return None
    if os.geteuid() != 0 or owner == 0:
        return None
    try:
        entry = pwd.getpwuid(owner)
    except KeyError:
        os.setgroups([])
        os.setgid(owner)
    else:
        os.initgroups(entry.pw_name, entry.pw_gid)
        os.setgid(entry.pw_gid)
    os.setuid(owner)
    return user_name(owner)
