"""Read recorded nights: CSV, EDF and EDF+ files, and the raw signal that the bridge keeps.

What a file does not contain is a gap. What cannot be understood is an error that names the file,
the place and the remedy. Nothing is guessed silently; docs/scoring.md describes the formats.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from limber_bridge.detection.envelope import ENVELOPE_RULES
from limber_bridge.domain.recording import Recording, column_names
from limber_bridge.recordings import formats
from limber_bridge.recordings.read_options import NO_OPTIONS, ReadOptions


def read_recording(path: Path, options: ReadOptions = NO_OPTIONS) -> Recording:
    """Read a recording of any format, and note which of its signals are too slow to be scored.

    Raises UnreadableRecordingError.
    """
    recording = formats.read_recording(path, options)
    return replace(recording, notes=recording.notes + tuple(slow_signal_notes(path, recording)))


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
