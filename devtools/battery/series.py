"""Periodic leg movements of the truth, counted without the project's scoring rules.

WASM 2016 (docs/science.md#wasm-2016): intervals of 10 to 90 s, at least 4 movements; a movement
less than 10 s after the one before it begins no series. Times in whole milliseconds.
"""

from collections.abc import Sequence

from devtools.battery.truth import Item, Kind


def count_plm(items: Sequence[Item]) -> int:
    """Return the number of periodic leg movements among kicks and long movements."""
    count = 0
    run = 0
    last: int | None = None
    for item in sorted(items, key=lambda one: one.onset):
        onset = round(item.onset * 1000)
        if item.kind is Kind.LONG or item.duration > 10:
            count += run if run >= 4 else 0
            run = 0
            last = None
            continue
        interval = None if last is None else onset - last
        if interval is not None and 10_000 <= interval <= 90_000:
            run = run + 1 if run else 1
            # The movement before it begins the series if none has begun yet.
        else:
            count += run if run >= 4 else 0
            short = interval is not None and interval < 10_000
            run = 0 if short else 1
        last = onset
    return count + (run if run >= 4 else 0)


def plm_per_hour(items: Sequence[Item], duration: float) -> float:
    """Return the PLM index of a time (s) in bed."""
    return count_plm(items) / (duration / 3600)
