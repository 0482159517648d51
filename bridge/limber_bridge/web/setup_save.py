"""Saves a change of limber.yaml from a form, and has the bridge take it over."""

from dataclasses import dataclass
from typing import Final

from limber_bridge.config.config_file import (
    ChangedMeanwhileError,
    SaveError,
    Snapshot,
    read_snapshot,
)
from limber_bridge.config.editor import Edit, RefusedError, save_edit
from limber_bridge.config.loader import SetupState, check_setup
from limber_bridge.config.yaml_edit import UneditableError
from limber_bridge.daemon.config_access import ConfigAccess, ReloadOutcome
from limber_bridge.web.page_errors import PageError
from limber_bridge.web.visit import Visit

SEEN: Final = "seen"
"""Field with the digest of the file that a form shows."""


@dataclass(frozen=True, slots=True)
class Setup:
    """limber.yaml as a page sees it."""

    files: ConfigAccess
    snapshot: Snapshot
    state: SetupState


@dataclass(frozen=True, slots=True)
class NotSaved:
    """A change that was not made."""

    key: str
    """Text that says why."""
    lines: tuple[str, ...] = ()
    """Details from the parts of the bridge that check the file, in English."""


async def read_setup(visit: Visit) -> Setup:
    """Return limber.yaml as it is; PageError where this server cannot change it."""
    files = visit.services.files
    if files is None:
        raise PageError("setup.error_read_only", 503)
    # A large file takes long enough to delay the detection.
    read = visit.services.workers.read
    try:
        snapshot = await read(read_snapshot, files.path)
    except (OSError, UnicodeDecodeError) as error:
        raise PageError("setup.error_unreadable", 503, path=files.path) from error
    return Setup(files, snapshot, await read(files.state))


def leaves_gaps(setup: Setup, edit: Edit) -> bool:
    """Return whether something would be missing after a change; UneditableError."""
    return bool(check_setup(setup.files.path, edit(setup.snapshot.text)).missing)


async def save(visit: Visit, setup: Setup, edit: Edit) -> ReloadOutcome | NotSaved:
    """Make a change and have it taken over; nothing is changed if it cannot be made."""
    if visit.form.get(SEEN) != setup.snapshot.digest:
        return NotSaved("setup.error_changed")
    try:
        read = visit.services.workers.read
        if setup.state.config is not None and await read(leaves_gaps, setup, edit):
            # The bridge could not start again with it.
            return NotSaved("setup.error_last")
        await read(save_edit, setup.files.path, setup.snapshot, edit)
    except ChangedMeanwhileError:
        return NotSaved("setup.error_changed")
    except RefusedError as error:
        return NotSaved("setup.error_refused", error.lines)
    except (UneditableError, SaveError) as error:
        return NotSaved("setup.error_not_saved", (str(error),))
    return await setup.files.reload()
