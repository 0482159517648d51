"""Make the recording of a worn device from its samples, and say where it was worn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from limber_bridge.detection.signal import SECOND, Placement, Quantity, Side
from limber_bridge.domain.recording import (
    COLUMNS,
    Column,
    Recording,
    Signal,
    UnreadableRecordingError,
)
from limber_bridge.recordings.device_time import zone_of_offset
from limber_bridge.recordings.pages import PagedSamples
from limber_bridge.recordings.read_options import IGNORED, ReadOptions, match_labels

LABEL: Final = "acceleration"
"""The only signal of such a file, for `--channel`."""


@dataclass(frozen=True, slots=True)
class Worn:
    """Where a device was worn, and how its clock was set, according to its file."""

    limb: str | None = None
    side: Side | None = None
    offset: timedelta | None = None
    """Offset of its clock from UTC."""


UNKNOWN_PLACE: Final = Worn()


def worn_recording(
    path: Path,
    samples: PagedSamples,
    start: int | None,
    notes: Sequence[str],
    options: ReadOptions,
    *,
    worn: Worn = UNKNOWN_PLACE,
) -> Recording:
    """Return the recording of one device; `start` is us UTC, or None if it is unknown."""
    begin = samples.groups[0].begin
    end = samples.groups[-1].end
    # Without a start, the times of a recording count from 0.
    shifted = replace(samples, shift=(start or 0) - begin)
    column = placed_column(path, options, worn)
    signal = Signal(
        column.quantity, column.placement, column.side, samples.format.rate, shifted.blocks()
    )
    duration = (end - begin) / SECOND - 1 / samples.format.rate
    notes = (*notes, *samples.notes, *worn_notes(path, worn))
    zone = options.zone or zone_of_offset(worn.offset)
    return Recording(path.name, start, duration, (signal,), notes, zone)


def placed_column(path: Path, options: ReadOptions, worn: Worn) -> Column:
    """Return where the signal was measured, by `--channel` or by the file."""
    chosen = match_labels(path, "--channel", options.channels, [LABEL]).get(LABEL)
    if chosen is None:
        side = worn.side if worn.limb in (None, "ankle", "leg", "foot") else None
        return Column(Quantity.ACCELERATION, Placement.ANKLE, side, 0)
    if chosen == IGNORED or COLUMNS[chosen].quantity is not Quantity.ACCELERATION:
        raise UnreadableRecordingError(
            f"{path}: --channel {LABEL}={chosen}: its only signal is acceleration; write for "
            f"example --channel {LABEL}=left_acc_x"
        )
    return COLUMNS[chosen]


def worn_notes(path: Path, worn: Worn) -> list[str]:
    """Return a note where the file says that the device was not worn at a leg."""
    if worn.limb in (None, "ankle", "leg", "foot"):
        return []
    note = (
        f"{path}: the header says `{worn.limb}`; leg movements only show at the ankle, so the "
        "figures are correct only if the device was worn there"
    )
    return [note]
