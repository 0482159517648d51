"""Times of an EDF recording: its start, the onset of each record, and the gaps between records."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from limber_bridge.detection.signal import SECOND, SampleClock, Times
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.nights import to_us
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.edf_header import EdfHeader
from limber_bridge.recordings.edf_records import EdfRecords, RecordOnset, stated_onsets

UNKNOWN_DATE_YEAR: Final = 1985
"""Year that EDF writers use for an unknown date: 1985-01-01."""
MONTHS: Final = (
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
)  # fmt: skip
FULL_DATE: Final = re.compile(r"Startdate\s+(\d{1,2})-([A-Z]{3})-(\d{4})\b", re.IGNORECASE)
"""Start of the recording identification in EDF+."""
SHORT_DATE: Final = re.compile(r"(\d{1,2})[.\-/:](\d{1,2})[.\-/:](\d{2})")
SHORT_TIME: Final = re.compile(r"(\d{1,2})[.\-/:](\d{1,2})[.\-/:](\d{2})")
MAX_RATE_ERROR: Final = 0.005
"""Largest relative difference between the duration of records and the distance between them.
chosen: twenty times the error of a bad crystal. An error of this size in an interval between
movements changes no count.
"""
SPACING_RECORDS: Final = 60
"""Records over which their spacing is measured, so that rounded onsets do not hide a wrong rate.
chosen: a minute of records of 1 s."""
MAX_JITTER_US: Final = 10_000
"""Jitter of onsets that is no gap. chosen: twice that of the programs that stamp records when they
arrive, and a hundredth of the shortest interval that matters."""
MAX_JITTER_INTERVALS: Final = 2.5
"""The same in sample intervals, for slow signals: as for samples in a table."""
CLOCK_PIECE_S: Final = 60.0
"""Length of a block, for which one line fits the onsets of its records."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordTimes:
    """When the records of a file begin."""

    first: int
    """us from the start in the header to the first record."""
    onsets: Times
    """us from the first record, one for each record."""
    resolutions: Times
    """us to which each onset was rounded."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive records, which become one block of samples."""

    begin: int
    """First record."""
    end: int
    """Record after the last one."""
    number: int
    """Sample number of the first sample of the first record."""
    clock: SampleClock
    covered: int = 0
    """Samples at its start that earlier records cover; they are left out."""


# --- Start ---


def start_time(header: EdfHeader, zone: ZoneInfo | None) -> tuple[int | None, str | None]:
    """Return the start in the header in us UTC, and why there is none although a zone is known.

    Without a zone there is no start: EDF has local times.
    """
    if zone is None:
        return None, None
    try:
        start = parse_start(header)
    except ValueError as error:
        return None, f"{header.path}: start unknown: {error}; correct it in the header"
    if start.year <= UNKNOWN_DATE_YEAR:
        return None, (
            f"{header.path}: start unknown: header, byte 168: `{printable(header.date)}` stands "
            "for a date that was removed; write the date of the night"
        )
    return to_us(start.replace(tzinfo=zone)), None


def parse_start(header: EdfHeader) -> datetime:
    """Return the local date and time in a header; ValueError with the place."""
    day_start = parse_date(header)
    time = SHORT_TIME.fullmatch(header.time)
    error = ValueError(f"header, byte 176: `{printable(header.time)}` is no time of day")
    if time is None:
        raise error
    try:
        return day_start.replace(hour=int(time[1]), minute=int(time[2]), second=int(time[3]))
    except ValueError:
        raise error from None


def parse_date(header: EdfHeader) -> datetime:
    """Return the start of the day in a header; ValueError with the place."""
    full = FULL_DATE.match(header.recording)
    date = full or SHORT_DATE.fullmatch(header.date)
    error = ValueError(f"header, byte 168: `{printable(header.date)}` is no date")
    if date is None:
        raise error
    try:
        if full is not None:
            return datetime(int(full[3]), MONTHS.index(full[2].upper()) + 1, int(full[1]))  # noqa: DTZ001 - the zone is not in the file
        day, month, year = (int(part) for part in date.groups())
        # As in the EDF+ specification: the years 1985 to 2084.
        century = 1900 if year >= UNKNOWN_DATE_YEAR - 1900 else 2000
        return datetime(century + year, month, day)  # noqa: DTZ001
    except ValueError:
        raise error from None


# --- Onsets of records ---


def record_times(records: EdfRecords) -> RecordTimes:
    """Return when the records begin; UnreadableRecordingError if the rates must be wrong.

    EDF+ states the onset of each record; those of plain EDF follow each other without a gap.
    """
    length = records.header.record_duration * SECOND
    regular = np.rint(np.arange(records.count) * length).astype(np.int64)
    stated = stated_onsets(records)
    known = [one for one in stated if one is not None]
    if not known:
        if records.header.is_discontinuous:
            raise UnreadableRecordingError(
                f"{records.header.path}: an EDF+D file whose records state no onset, so it is "
                "unknown where its gaps are; export it again, without gaps as EDF+C"
            )
        return RecordTimes(0, regular, np.zeros_like(regular), ())
    if len(known) > 1 and len({one.time for one in known}) == 1:
        note = (
            f"{records.header.path}: all records state the onset {known[0].digits} s; "
            "read as if there were no gaps"
        )
        return RecordTimes(0, regular, np.zeros_like(regular), (note,))
    onsets = fill_unknown_onsets(stated, length)
    resolutions = onset_resolutions(stated)
    check_spacing(records.header, onsets, int(resolutions.max()))
    return RecordTimes(int(onsets[0]), onsets - onsets[0], resolutions, ())


def fill_unknown_onsets(stated: Sequence[RecordOnset | None], length: float) -> Times:
    """Return an onset for each record; one that states none follows the record before it."""
    first = next(index for index, one in enumerate(stated) if one is not None)
    onsets = np.zeros(len(stated), dtype=np.int64)
    anchor_index = first
    anchor = stated[first]
    for index, one in enumerate(stated):
        if one is not None:
            anchor_index = index
            anchor = one
        if anchor is not None:
            onsets[index] = anchor.time + round((index - anchor_index) * length)
    return onsets


def onset_resolutions(stated: Sequence[RecordOnset | None]) -> Times:
    """Return to how much (us) each onset was rounded.

    A program writes a fixed number of decimals or of significant digits, and may leave zeros at the
    end out. The longest onsets of the file therefore show its precision.
    """
    decimals = 0
    significant = 1
    for one in stated:
        if one is not None:
            whole, _, fraction = one.digits.lower().partition("e")[0].lstrip("+-").partition(".")
            decimals = max(decimals, len(fraction))
            significant = max(significant, len((whole + fraction).lstrip("0")))
    fixed = 10.0 ** (6 - decimals)
    resolutions = [
        fixed
        if one is None or one.time == 0
        else max(fixed, 10.0 ** (math.floor(math.log10(abs(one.time))) + 1 - significant))
        for one in stated
    ]
    return np.ceil(resolutions).astype(np.int64)


def check_spacing(header: EdfHeader, onsets: Times, resolution: int) -> None:
    """Raise UnreadableRecordingError if records cannot last as long as the header says.

    A wrong duration of the records means wrong rates, and so wrong intervals of movements.
    """
    if len(onsets) < 2:
        return
    length = header.record_duration * SECOND
    span = min(SPACING_RECORDS, len(onsets) - 1)
    spacing = float(np.median(onsets[span:] - onsets[:-span])) / span
    too_close = spacing < length * (1 - MAX_RATE_ERROR) - resolution / span
    if header.is_discontinuous:
        # Gaps only make a spacing larger. A small one after most records is no gap.
        spacing_of_most = float(np.median(np.diff(onsets)))
        too_far = length * (1 + MAX_RATE_ERROR) + resolution < spacing_of_most < 1.5 * length
        spacing = spacing_of_most if too_far else spacing
    else:
        too_far = spacing > length * (1 + MAX_RATE_ERROR) + resolution / span
    if too_close or too_far:
        raise UnreadableRecordingError(
            f"{header.path}: header, byte 244: records of {length / SECOND:g} s that start "
            f"{spacing / SECOND:.6g} s apart: the rates are wrong; export it again"
        )


# --- Pieces ---


def split_into_pieces(
    times: RecordTimes, record_samples: int, rate: float, start: int
) -> Iterator[Piece]:
    """Yield the records of a signal in pieces without a gap.

    `record_samples` is the number of its samples in a record, `rate` is in Hz, `start` is the time
    (us) of the first record. What an earlier record covers is left out; see `overlap_notes`.
    """
    length = record_samples * SECOND / rate
    next_number = 0
    covered_until = 0.0
    for begin, end in find_runs(times, length, rate):
        onset = float(times.onsets[begin])
        number = next_number + round((onset - covered_until) * rate / SECOND)
        for piece in fit_clocks(times, range(begin, end), record_samples, rate):
            first = number + piece.number
            covered = max(0, next_number - first)
            if covered < (piece.end - piece.begin) * record_samples:
                clock = SampleClock(piece.clock.index + number, piece.clock.time + start, rate)
                yield Piece(piece.begin, piece.end, first, clock, covered)
        next_number = max(next_number, number + (end - begin) * record_samples)
        covered_until = max(covered_until, float(times.onsets[end - 1]) + length)


def find_runs(times: RecordTimes, length: float, rate: float) -> Iterator[tuple[int, int]]:
    """Yield the first record of each run without a gap, and the record after it."""
    distances = np.diff(times.onsets) - length
    tolerances = jitter_limit(rate) + np.maximum(times.resolutions[1:], times.resolutions[:-1])
    breaks = np.flatnonzero(np.abs(distances) > tolerances) + 1
    yield from pairwise([0, *breaks.tolist(), len(times.onsets)])


def jitter_limit(rate: float) -> float:
    """Return the jitter of onsets (us) that is no gap in a signal of `rate` Hz."""
    return max(MAX_JITTER_US, MAX_JITTER_INTERVALS * SECOND / rate)


def fit_clocks(times: RecordTimes, run: range, record_samples: int, rate: float) -> Iterator[Piece]:
    """Yield a run of records in pieces of about a minute, with clocks that follow its onsets.

    Sample numbers count from the start of the run. A clock is kept as long as it fits.
    """
    length = record_samples * SECOND / rate
    size = max(1, round(CLOCK_PIECE_S * SECOND / length))
    clock: SampleClock | None = None
    for begin in range(run.start, run.stop, size):
        end = min(begin + size, run.stop)
        onsets = times.onsets[begin:end]
        # The median is not affected by single onsets.
        offsets = onsets - np.rint(np.arange(end - begin) * length)
        time = round(float(np.median(offsets)))
        number = (begin - run.start) * record_samples
        allowed = max(1, int(times.resolutions[begin:end].max()))
        if clock is None or abs(clock.time_of(number) - time) > allowed:
            clock = SampleClock(number, time, rate)
        yield Piece(begin, end, number, clock)


def overlap_notes(header: EdfHeader, times: RecordTimes) -> list[str]:
    """Return a note on records that start before an earlier one has ended, if there are any."""
    length = header.record_duration * SECOND
    ends = np.maximum.accumulate(times.onsets)[:-1] + length
    slowest = min(header.rate(one) for one in header.signals if not one.is_annotations)
    allowed = jitter_limit(slowest) + times.resolutions[1:]
    early = np.flatnonzero(times.onsets[1:] < ends - allowed)
    if not len(early):
        return []
    first = int(early[0])
    place = f"record {first + 2}, at {(times.onsets[first + 1] + times.first) / SECOND:g} s"
    note = (
        f"{header.path}: {place}: starts before the previous record has ended; what overlaps in "
        f"{len(early)} records left out; export it again"
    )
    return [note]
