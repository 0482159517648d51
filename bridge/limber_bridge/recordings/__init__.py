"""Read recorded nights: CSV, EDF and EDF+ files, and the raw signal that the bridge keeps.

What a file does not contain is a gap. What cannot be understood is an error that names the file,
the place and the remedy. Nothing is guessed silently; docs/scoring.md describes the formats.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from limber_bridge.detection.envelope import ENVELOPE_RULES
from limber_bridge.detection.signal import Floats, Quantity
from limber_bridge.domain.recording import (
    LazyBlocks,
    Recording,
    Signal,
    UnreadableRecordingError,
    column_names,
)
from limber_bridge.recordings import formats
from limber_bridge.recordings.emg_level import MAX_WINDOWS, WINDOW_S, check_emg_level
from limber_bridge.recordings.read_options import NO_OPTIONS, ReadOptions, label_key


def read_recording(path: Path, options: ReadOptions = NO_OPTIONS) -> Recording:
    """Read a recording of any format, and note which of its signals are too slow to be scored.

    Raises UnreadableRecordingError.
    """
    recording = check_emg_units(path, formats.read_recording(path, options), options)
    return replace(recording, notes=recording.notes + tuple(slow_signal_notes(path, recording)))


def check_emg_units(path: Path, recording: Recording, options: ReadOptions) -> Recording:
    """Return a recording without the EMG that cannot be in its unit, which a note names.

    Raises UnreadableRecordingError if nothing else is left. Blocks that are decoded while they are
    iterated come from EDF, whose reader checks them: it knows the unit in the header.
    """
    kept: list[Signal] = []
    errors: list[UnreadableRecordingError] = []
    for signal in recording.signals:
        name = column_names(signal.quantity, signal.placement, signal.side)[0]
        unit = next(
            (unit for label, unit in options.units.items() if label_key(label) == name), "uV"
        )
        try:
            if signal.quantity is Quantity.EMG and not isinstance(signal.blocks, LazyBlocks):
                check_emg_level(path, name, spread_windows(signal), signal.rate, unit)
            kept.append(signal)
        except UnreadableRecordingError as error:
            errors.append(error)
    if errors and not kept:
        raise errors[0]
    notes = (*recording.notes, *(str(error) for error in errors))
    return replace(recording, signals=tuple(kept), notes=notes)


def spread_windows(signal: Signal) -> Iterator[Floats]:
    """Yield about `MAX_WINDOWS` parts of a signal, spread over it, shape (n,)."""
    size = round(WINDOW_S * signal.rate)
    total = sum(block.samples.shape[1] for block in signal.blocks)
    step = max(size, total // MAX_WINDOWS)
    for block in signal.blocks:
        for begin in range(0, block.samples.shape[1] - size + 1, step):
            yield block.samples[0, begin : begin + size]


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
