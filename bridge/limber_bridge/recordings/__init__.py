"""Read recorded nights: CSV, EDF and EDF+ files, and the raw signal that the bridge keeps.

What a file does not contain is a gap. What cannot be understood is an error that names the file,
the place and the remedy. Nothing is guessed silently; docs/scoring.md describes the formats.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from limber_bridge.detection.envelope import ENVELOPE_RULES
from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.recording import Recording, column_names
from limber_bridge.recordings import formats
from limber_bridge.recordings.read_options import NO_OPTIONS, ReadOptions

EARLIEST_START: Final = datetime(1985, 1, 1, tzinfo=UTC)
"""An earlier start is a clock that was never set. The dates of EDF begin here (EDF, 2.1.3.2)."""


def read_recording(path: Path, options: ReadOptions = NO_OPTIONS) -> Recording:
    """Read a recording of any format, and note which of its signals are too slow to be scored.

    Raises UnreadableRecordingError.
    """
    recording = formats.read_recording(path, options)
    notes = (*clock_notes(path, recording), *slow_signal_notes(path, recording))
    return replace(recording, notes=recording.notes + notes)


def clock_notes(path: Path, recording: Recording) -> Iterator[str]:
    """Yield a note if no recording can have started at the stated time."""
    if recording.start is None:
        return
    start = datetime.fromtimestamp(recording.start / SECOND, UTC)
    if EARLIEST_START <= start <= datetime.now(UTC) + timedelta(days=1):
        return
    yield (
        f"{path}: it starts on {start:%Y-%m-%d} by its own clock, which was wrong; its dates and "
        "times of day are wrong"
    )


def slow_signal_notes(path: Path, recording: Recording) -> Iterator[str]:
    """Yield a note for each signal that is too slow to detect movements in it."""
    for signal in recording.signals:
        min_rate = ENVELOPE_RULES[signal.quantity].min_rate
        if signal.rate < min_rate:
            name = column_names(signal.quantity, signal.placement, signal.side)[0]
            yield (
                f"{path}: `{name}` has {signal.rate:.3g} Hz; below {min_rate:g} Hz movements are "
                "unknown; record it faster"
            )
