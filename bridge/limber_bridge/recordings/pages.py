"""Signals stored in pages, as actigraphs write them: some samples, and the time of the first one.

Only the times and places of the pages are held in memory. The samples are decoded while they are
iterated, as a week at 100 Hz needs 1.5 GB.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.detection.signal import (
    SECOND,
    Flags,
    Floats,
    SampleBlock,
    SampleClock,
    Times,
)
from limber_bridge.domain.recording import (
    LazyBlocks,
    UnreadableRecordingError,
    mask_clipped,
)

BLOCK_US: Final = 60 * SECOND
"""Signal in a block, for which one line fits the clock. Chosen: as for other recordings."""
GAP_US: Final = SECOND // 2
"""Pages further apart than this have a gap between them (docs/science.md#sampling-and-gaps)."""
GAP_SAMPLE_INTERVALS: Final = 3
"""The same for a slow sensor, in sample intervals."""
MAX_RATE_ERROR: Final = 0.1
"""Largest relative difference between the rate in a header and that of the times. Chosen: the
oscillators of accelerometers differ by a few percent."""
MAX_LEFT_OUT_SHARE: Final = 0.5
"""Largest share of pages that may be out of order. Chosen: with more, the order is unknown."""
MAX_DURATION_US: Final = 60 * 86_400 * SECOND
"""Longest recording. Chosen: the memory and battery of an actigraph last about a month."""
CHECKED_PAGES: Final = 200
"""Pages, spread over a recording, whose gravity is checked before anything is scored."""

QUIET_G: Final = 0.05
"""g; a device whose axes vary by less within a page is at rest."""
GRAVITY_G: Final = (0.8, 1.2)
"""g; as for live sensors (docs/protocol.md)."""

type DecodePages = Callable[[Times], Floats]
"""Returns the samples of pages whose numbers, in order, are given: shape (3, n), in g."""


@dataclass(frozen=True, slots=True, eq=False)
class PageTable:
    """How many samples each page has, and when its first one was taken."""

    counts: Times
    times: Times
    """us, in local time or from any origin."""

    def __len__(self) -> int:
        return len(self.counts)

    def select(self, numbers: Times) -> PageTable:
        """Return some of the pages."""
        return PageTable(self.counts[numbers], self.times[numbers])


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFormat:
    """How the samples of pages are decoded."""

    rate: float
    """Hz, as the header says."""
    limits: tuple[float, float]
    """g; the lowest and the highest value that an axis can have."""
    decode: DecodePages


# --- Times ---


def pages_in_order(path: Path, pages: PageTable, rate: float) -> tuple[Times, list[str]]:
    """Return the numbers of the pages whose times increase, and a note on the others.

    Raises UnreadableRecordingError if too many are out of order.
    """
    times = pages.times
    # A time later than both neighbours is itself wrong. Without this check, all following pages
    # would count as out of order.
    ahead = np.zeros(len(pages), bool)
    ahead[1:-1] = (times[1:-1] > times[2:] + GAP_US) & (times[:-2] <= times[2:])
    ends = times + np.rint(pages.counts * SECOND / rate).astype(np.int64)
    latest = np.maximum.accumulate(np.where(ahead, np.iinfo(np.int64).min, ends))
    behind = np.zeros(len(pages), bool)
    behind[1:] = times[1:] < latest[:-1] - GAP_US
    left_out = ahead | behind
    if not left_out.any():
        return np.arange(len(pages)), []
    first = int(np.flatnonzero(left_out)[0])
    place = f"{path}: page {first + 1}"
    if left_out.mean() > MAX_LEFT_OUT_SHARE:
        raise UnreadableRecordingError(
            f"{place}: the times go back and forth; export the recording from the device again"
        )
    note = (
        f"{place}: time goes back, as when the clock of the device was set; {int(left_out.sum())} "
        "pages left out, which become a gap"
    )
    return np.flatnonzero(~left_out), [note]


def measure_page_rate(path: Path, pages: PageTable, nominal: float) -> float:
    """Return the rate in Hz that the times of pages show; UnreadableRecordingError.

    `nominal` is the rate in the header, which is returned where only single pages follow each
    other.
    """
    steps = np.diff(pages.times)
    full = pages.counts[:-1] > 0
    if not full.any():
        return nominal
    # The median is not affected by gaps.
    interval = np.median(steps[full] / pages.counts[:-1][full])
    if interval <= 0 or abs(SECOND / interval / nominal - 1) > MAX_RATE_ERROR:
        found = "stand still" if interval <= 0 else f"show {SECOND / interval:.4g} Hz"
        raise UnreadableRecordingError(
            f"{path}: the header says {nominal:.4g} Hz, and the times of its pages {found}; export "
            "the recording from the device again"
        )
    expected = pages.counts[:-1] * interval
    regular = full & (np.abs(steps - expected) < np.maximum(MAX_RATE_ERROR * expected, SECOND / 20))
    return float(pages.counts[:-1][regular].sum() * SECOND / steps[regular].sum())


def number_samples(pages: PageTable, rate: float) -> tuple[Times, Flags]:
    """Return the number of the first sample of each page, and whether a gap is before it."""
    holes = np.diff(pages.times) - pages.counts[:-1] * SECOND / rate
    is_gap = holes > max(GAP_US, GAP_SAMPLE_INTERVALS * SECOND / rate)
    missing = np.where(is_gap, np.rint(holes * rate / SECOND), 0).astype(np.int64)
    firsts = np.concatenate([[0], np.cumsum(pages.counts[:-1] + missing)])
    return firsts, np.concatenate([[True], is_gap])


# --- Samples ---


@dataclass(frozen=True, slots=True)
class PageGroup:
    """Pages without a gap between them, about a minute of signal, and their clock."""

    first: int
    """Number of the first page."""
    last: int
    """Number of the page after the last one."""
    clock: SampleClock
    count: int
    """Number of samples."""
    margins: tuple[int, int]
    """Number of pages directly before and directly after it that are also decoded: 0 or 1."""

    @property
    def begin(self) -> int:
        """Time (us) of the first sample."""
        return self.clock.time

    @property
    def end(self) -> int:
        """Time (us) after the last sample."""
        return self.clock.time_of(self.clock.index + self.count)


def group_pages(pages: PageTable, rate: float) -> list[PageGroup]:
    """Return pages in groups of about a minute, each with the line that fits its times best."""
    firsts, starts_run = number_samples(pages, rate)
    run = np.cumsum(starts_run)
    minute = (pages.times - pages.times[0]) // BLOCK_US
    edges = np.flatnonzero((np.diff(run) > 0) | (np.diff(minute) > 0)) + 1
    bounds = [0, *edges.tolist(), len(pages)]
    groups = []
    for begin, end in pairwise(bounds):
        index = int(firsts[begin])
        elapsed = np.rint((firsts[begin:end] - index) * SECOND / rate)
        # The median is not affected by a page that was written late.
        time = int(np.median(pages.times[begin:end] - elapsed))
        count = int(pages.counts[begin:end].sum())
        is_end = end == len(pages) or starts_run[end]
        margins = (int(not starts_run[begin]), int(not is_end))
        groups.append(PageGroup(begin, end, SampleClock(index, time, rate), count, margins))
    return groups


@dataclass(frozen=True, slots=True, eq=False)
class PagedSamples:
    """The samples of pages, decoded when they are needed."""

    numbers: Times
    """Of the pages that are used, in the order of the file."""
    counts: Times
    """Samples of each of them."""
    groups: list[PageGroup]
    format: PageFormat
    notes: tuple[str, ...]
    """What was left out."""
    shift: int = 0
    """us that are added to all times."""

    def decode(self, begin: int, end: int) -> Iterator[SampleBlock]:
        """Yield the blocks with samples from a time (us) up to another."""
        for group in self.groups:
            if group.begin + self.shift < end and group.end + self.shift > begin:
                clock = group.clock
                shifted = SampleClock(clock.index, clock.time + self.shift, clock.rate)
                yield SampleBlock(clock.index, self._samples(group), shifted, self.format.rate)

    def blocks(self) -> LazyBlocks:
        """Return all samples as the blocks of a signal."""
        return LazyBlocks(self.decode)

    def _samples(self, group: PageGroup) -> Floats:
        """Return the samples of a group, with NaN where they are no measurements."""
        # One more page on each side, so that a run of equal values at a boundary is found
        # completely.
        before = group.first - group.margins[0]
        after = group.last + group.margins[1]
        samples = self.format.decode(self.numbers[before:after])
        samples = mask_clipped(samples, [self.format.limits] * 3)
        skipped = int(self.counts[before : group.first].sum())
        own = samples[:, skipped : skipped + group.count]
        # Gravity acts at all times: a device writes zeros where it did not measure.
        return np.where((own == 0).all(axis=0), np.nan, own)


def read_pages(path: Path, pages: PageTable, layout: PageFormat) -> PagedSamples:
    """Return the samples of pages; UnreadableRecordingError.

    Values that cannot be acceleration in g are refused, and so are times that contradict the rate.
    """
    rate = measure_page_rate(path, pages, layout.rate)
    numbers, notes = pages_in_order(path, pages, rate)
    used = pages.select(numbers)
    groups = group_pages(used, rate)
    samples = PagedSamples(numbers, used.counts, groups, layout, tuple(notes))
    duration = groups[-1].end - groups[0].begin
    if duration > MAX_DURATION_US:
        raise UnreadableRecordingError(
            f"{path}: lasts {duration / SECOND / 86_400:.0f} days by its times, which is longer "
            "than an actigraph records; export the recording from the device again"
        )
    check_gravity(path, samples)
    return samples


def check_gravity(path: Path, samples: PagedSamples) -> None:
    """Raise UnreadableRecordingError where a device at rest does not show gravity.

    A device that never rests is not judged.
    """
    chosen = np.unique(np.linspace(0, len(samples.numbers) - 1, CHECKED_PAGES).astype(np.int64))
    norms = []
    for number in chosen.tolist():
        page = samples.format.decode(samples.numbers[number : number + 1])
        if page.std(axis=1).max() < QUIET_G:
            norms.append(float(np.sqrt(np.square(page.mean(axis=1)).sum())))
    measured = [norm for norm in norms if norm > 0]
    if not measured or GRAVITY_G[0] <= np.median(measured) <= GRAVITY_G[1]:
        return
    raise UnreadableRecordingError(
        f"{path}: acceleration at rest is {np.median(measured):.3g} g, where gravity is 1 g; the "
        "scale or the calibration in the header is wrong: export the recording again"
    )
