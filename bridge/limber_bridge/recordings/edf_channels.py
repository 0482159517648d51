"""Decide which signals of an EDF file are which columns, from their labels and from `--channel`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import COLUMNS, Column, UnreadableRecordingError
from limber_bridge.recordings.edf_header import EdfSignal
from limber_bridge.recordings.edf_labels import may_be_leg_emg, parse_leg_label
from limber_bridge.recordings.read_options import IGNORED, ReadOptions, match_labels
from limber_bridge.recordings.units import UNITS, unit_factor


@dataclass(frozen=True, slots=True)
class Channel:
    """A signal of a file and what it means."""

    name: str
    """In `COLUMNS`."""
    signal: EdfSignal
    is_explicit: bool
    """Whether `--channel` says so."""
    is_bipolar: bool = False
    """Whether its label names two electrodes."""
    unit: str = ""

    @property
    def column(self) -> Column:
        """What it measures."""
        return COLUMNS[self.name]

    @property
    def label(self) -> str:
        """Its label for errors."""
        return f"`{printable(self.signal.label)}`"

    def unit_factor(self, path: Path) -> float:
        """Return the value of its unit in the unit of its quantity; UnreadableRecordingError."""
        factor = unit_factor(self.column.quantity, self.unit)
        if factor is None:
            good = ", ".join(UNITS[self.column.quantity])
            example = f"{printable(self.signal.label)}={self.column.quantity.unit}"
            raise UnreadableRecordingError(
                f"{path}: {self.label}: unknown unit `{printable(self.unit)}`; the header must "
                f"have one of {good}, or write for example --unit '{example}'"
            )
        return factor


def find_channels(
    path: Path, signals: Sequence[EdfSignal], options: ReadOptions
) -> tuple[list[Channel], list[str]]:
    """Return the known signals of a file, and a note on others that may be EMG of a leg.

    Raises UnreadableRecordingError if no signal is known, or if two may be the same muscle.
    """
    explicit = match_labels(
        path, "--channel", options.channels, [signal.label for signal in signals]
    )
    recognised = [
        channel
        for signal in signals
        if signal.label not in explicit and (channel := recognise(signal)) is not None
    ]
    chosen = [
        Channel(explicit[signal.label], signal, is_explicit=True)
        for signal in signals
        if explicit.get(signal.label, IGNORED) != IGNORED
    ]
    channels = choose_channels(path, [*chosen, *recognised])
    unused = unused_labels(signals, channels, explicit)
    if not channels:
        raise no_channel_error(path, signals, unused)
    return with_units(path, channels, options), unused_notes(path, unused)


def recognise(signal: EdfSignal) -> Channel | None:
    """Return the meaning of a label, None if it does not say which leg."""
    name = "_".join(signal.label.lower().replace("-", " ").replace("_", " ").split())
    if name in COLUMNS:
        return Channel(name, signal, is_explicit=False)
    leg = parse_leg_label(signal.label)
    if leg is None or leg.column is None:
        return None
    return Channel(leg.column, signal, is_explicit=False, is_bipolar=leg.is_bipolar)


def choose_channels(path: Path, channels: Iterable[Channel]) -> list[Channel]:
    """Return one signal for each column; UnreadableRecordingError where that is a guess.

    `--channel` has priority, then a signal between two electrodes on the muscle: the scoring rules
    require it, and single electrodes are its parts.
    """
    by_name: dict[str, list[Channel]] = {}
    for channel in channels:
        by_name.setdefault(channel.name, []).append(channel)
    chosen: list[Channel] = []
    for candidates in by_name.values():
        explicit = [one for one in candidates if one.is_explicit]
        bipolar = [one for one in candidates if one.is_bipolar]
        best = explicit or bipolar or candidates
        if len(best) > 1:
            labels = ", ".join(one.label for one in best)
            last = printable(best[-1].signal.label)
            raise UnreadableRecordingError(
                f"{path}: {labels}: the same quantity twice; leave one out, for example with "
                f"--channel '{last}={IGNORED}'"
            )
        chosen += best
    return sorted(chosen, key=lambda one: one.signal.offset)


def with_units(path: Path, channels: Sequence[Channel], options: ReadOptions) -> list[Channel]:
    """Return channels with their units: those of `--unit`, else those in the header."""
    names = {name for one in channels for name in (one.signal.label, *unit_names(one))}
    units = match_labels(path, "--unit", options.units, sorted(names))
    return [
        Channel(
            one.name,
            one.signal,
            one.is_explicit,
            one.is_bipolar,
            next(
                (units[name] for name in (one.signal.label, *unit_names(one)) if name in units),
                one.signal.unit,
            ),
        )
        for one in channels
    ]


def unit_names(channel: Channel) -> tuple[str, str]:
    """Return the names by which `--unit` may refer to a channel, besides its label."""
    return channel.name, channel.name.removesuffix("_x").removesuffix("_y").removesuffix("_z")


def unused_labels(
    signals: Iterable[EdfSignal], channels: Iterable[Channel], explicit: Iterable[str]
) -> list[str]:
    """Return the labels that are not used and may be EMG of a leg."""
    known = {one.signal.label for one in channels} | set(explicit)
    return [
        signal.label
        for signal in signals
        if signal.label not in known and may_be_leg_emg(signal.label)
    ]


def unused_notes(path: Path, unused: Sequence[str]) -> list[str]:
    """Return a note on labels that are not used."""
    if not unused:
        return []
    labels = ", ".join(f"`{printable(label)}`" for label in unused)
    first = printable(unused[0])
    note = (
        f"{path}: not used: {labels}; if a leg is among them, write for example "
        f"--channel '{first}=left_emg'; else --channel '{first}={IGNORED}'"
    )
    return [note]


def no_channel_error(
    path: Path, signals: Iterable[EdfSignal], unused: Sequence[str]
) -> UnreadableRecordingError:
    """Return the error for a file in which no signal is known."""
    labels = ", ".join(printable(signal.label) for signal in signals)
    example = printable(unused[0]) if unused else "LABEL"
    return UnreadableRecordingError(
        f"{path}: no known signal among {labels}; write for example --channel '{example}=left_emg'"
    )
