"""Check the values of a sensor in a table, and bring them to the unit of their quantity."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats, Quantity
from limber_bridge.domain.recording import (
    MIN_SCORED_S,
    UnreadableRecordingError,
    mask_clipped,
)
from limber_bridge.recordings.emg_level import MAX_WINDOWS, WINDOW_S, check_emg_level
from limber_bridge.recordings.frozen_signal import frozen_samples
from limber_bridge.recordings.units import UNITS, split_counts, unit_factor

GRAVITY_RANGE_G: Final = (0.7, 1.3)
"""Length of the acceleration at rest. chosen: wider than for live sensors, as whole recordings from
uncalibrated sensors exist that read 0.93 to 1.11 g, with a median over movements as well."""
MAX_RAW_GRAVITY_G: Final = 3.0
"""Length in g up to which the quietest parts may be moving all the time (chosen)."""
MIN_MOVING_SPREAD: Final = 0.1
"""Spread of the quietest parts, as a share of their length, from which they are moving. chosen: ten
times the noise of a sensor at rest."""
MAX_RESTING_SPREAD: Final = 0.02
"""Spread of a part, as a share of its length, up to which the sensor rests in it (chosen)."""
MIN_LENGTH_RATIO: Final = 0.6
"""Smallest ratio of the length at rest in one posture to that in another. chosen: offsets of 0.2 g
on every axis, twice those of uncalibrated sensors, give 0.67."""
MIN_RESTING_PARTS: Final = 100
"""Parts at rest from which postures are compared (chosen: a minute at 50 Hz)."""
LENGTH_QUANTILES: Final = (0.03, 0.97)
"""Of the lengths at rest that are compared: a few parts with errors do not matter (chosen)."""
COUNTS_MAX: Final = 2.0**32
"""Largest length at rest in counts. chosen: converters have 8 to 24 bits, files up to 32."""
NO_GRAVITY_MAX_G: Final = 0.06
"""Length at rest up to which there is no gravity in the signal: noise, and offsets (chosen)."""
PART_SAMPLES: Final = 25
"""Samples over which it is judged whether the sensor rests (chosen: half a second at 50 Hz)."""
MAX_PARTS: Final = 10_000
"""Parts that are looked at, spread over the recording (chosen)."""
QUIET_SHARE: Final = 0.2
"""Share of these parts, the quietest, that count as rest (chosen)."""
PLAUSIBLE_LIMITS: Final = {
    Quantity.ACCELERATION: 400.0,
    Quantity.EMG: 1e6,
    Quantity.LOAD: 10_000.0,
}
"""Magnitudes (g, uV, kg) beyond what any sensor measures; such numbers count as missing."""
MIN_SENSOR_RANGES: Final = {
    Quantity.ACCELERATION: 1.9,
    Quantity.EMG: 300.0,
    Quantity.LOAD: math.inf,
}
"""The smallest range of any sensor (g, uV, kg). A table does not name its sensor's range: values
that repeat at the extreme of a signal, beyond this, are taken as the end of its range. This does
not apply to a load: a sleeper who lies still also repeats the highest value."""
GUESSED_UNITS: Final = ("g", "m/s2", "mg")
"""Units of acceleration that are recognised by gravity."""


@dataclass(frozen=True, slots=True, eq=False)
class CheckedValues:
    """The samples of one sensor."""

    samples: Floats
    """Shape (axes, n), in the unit of the quantity; NaN where nothing was measured."""
    has_gravity: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rest:
    """Acceleration where it changes least, in the units of a table."""

    length: float
    """Median length."""
    spread: float
    """Median standard deviation within a part, of all axes together."""
    lengths: tuple[float, float]
    """Shortest and longest length at rest over all postures, but for a few parts."""

    @property
    def is_moving(self) -> bool:
        """Whether even the quietest parts are moving."""
        return self.spread > MIN_MOVING_SPREAD * self.length

    def scaled(self, factor: float) -> Rest:
        """Return the same in another unit."""
        low, high = self.lengths
        return Rest(self.length * factor, self.spread * factor, (low * factor, high * factor))


@dataclass(frozen=True, slots=True)
class Stated:
    """What is known about the values of a sensor beforehand."""

    name: str
    """Header of its first column, for messages."""
    unit: str | None
    """As an option or the header states it."""
    unit_without_gravity: str | None = None
    """Unit of acceleration in which there is no gravity."""


def check_values(
    path: Path, stated: Stated, samples: Floats, quantity: Quantity, rate: float
) -> CheckedValues:
    """Return samples (axes, n) in the unit of their quantity; UnreadableRecordingError."""
    factor = stated_factor(path, stated, quantity)
    # Load cells in whole kilograms may show the same weight all night.
    if quantity is not Quantity.LOAD:
        check_changes(path, stated, samples, rate)
    if quantity is Quantity.ACCELERATION:
        checked = check_acceleration(path, stated, samples, factor)
    else:
        checked = CheckedValues(samples * (factor or 1.0), has_gravity=True, notes=())
    if quantity is Quantity.EMG:
        check_emg(path, stated, checked.samples, rate)
    notes = checked.notes
    samples = mask_implausible(checked.samples, quantity)
    if quantity is not Quantity.LOAD and checked.has_gravity:
        frozen = frozen_samples(samples, rate)
        if frozen.any():
            samples = np.where(frozen, np.nan, samples)
            seconds = frozen.sum() / rate
            note = (
                f"{path}: column `{stated.name}` repeats the same values for {seconds:.0f} s in all"
            )
            notes += (f"{note}, which no sensor with noise does; these are gaps",)
    return CheckedValues(samples, checked.has_gravity, notes)


def check_changes(path: Path, stated: Stated, samples: Floats, rate: float) -> None:
    """Raise UnreadableRecordingError for a sensor that never changes, but for missing values."""
    finite = samples[:, np.logical_and.reduce(np.isfinite(samples))]
    if finite.shape[1] < MIN_SCORED_S * rate or (finite != finite[:, :1]).any():
        return
    values = ", ".join(f"{value:g}" for value in finite[:, 0].tolist())
    raise UnreadableRecordingError(
        f"{path}: `{stated.name}` is {values} in every row: it measured nothing; check that the "
        f"sensor was connected, or leave it out with --channel '{stated.name}=ignore'"
    )


def stated_factor(path: Path, stated: Stated, quantity: Quantity) -> float | None:
    """Return the value of the stated unit; None without one; UnreadableRecordingError."""
    if stated.unit is None:
        return None
    # Counts of a converter: "1/4096 g".
    unit, divisor = split_counts(stated.unit)
    factor = unit_factor(quantity, unit)
    if factor is None:
        raise UnreadableRecordingError(
            f"{path}: `{stated.name}`: unknown unit `{stated.unit[:40]}`; write --unit "
            f"{stated.name}=UNIT with one of {', '.join(UNITS[quantity])}"
        )
    return factor / divisor


# --- Acceleration ---


def check_acceleration(
    path: Path, stated: Stated, samples: Floats, factor: float | None
) -> CheckedValues:
    """Return acceleration in g, and whether there is gravity in it; UnreadableRecordingError."""
    is_zero = np.logical_and.reduce(samples == 0)
    usable = np.logical_and.reduce(np.isfinite(samples))
    usable &= ~is_zero
    rest = measure_rest(samples if usable.all() else samples[:, usable])
    if rest is None:
        samples = np.where(is_zero, np.nan, samples * (factor or 1.0))
        return CheckedValues(samples, has_gravity=True, notes=())
    if factor is not None:
        has_gravity = judge_stated_unit(path, stated, factor, rest)
        notes: tuple[str, ...] = ()
    else:
        unit, has_gravity = guess_unit(path, stated, rest)
        factor = UNITS[Quantity.ACCELERATION][unit]
        notes = ()
        if unit != "g" and has_gravity:
            notes = (
                f"{path}: column `{stated.name}` is read as {unit}: {rest.length:.4g} at rest",
            )
    if not has_gravity:
        note = f"{path}: column `{stated.name}` is acceleration without gravity: movements are "
        note += "counted, but posture and time in bed are unknown; record it with gravity"
        notes += (note,)
        return CheckedValues(samples * factor, has_gravity=False, notes=notes)
    check_postures(path, stated, rest)
    return mask_zero_vectors(path, stated, samples, factor, notes)


def mask_zero_vectors(
    path: Path, stated: Stated, samples: Floats, factor: float, notes: tuple[str, ...]
) -> CheckedValues:
    """Return acceleration in g, NaN where it is zero in all axes, which gravity forbids."""
    is_zero = np.logical_and.reduce(samples == 0)
    if is_zero.any():
        # Zero in all axes is what loggers write where they measure nothing.
        samples = np.where(is_zero, np.nan, samples)
        if is_zero.sum() > PART_SAMPLES:
            count = int(is_zero.sum())
            note = f"{path}: column `{stated.name}` and its axes are 0 in {count} rows"
            notes += (f"{note}: nothing was measured there; these are gaps",)
    if factor != 1.0:
        samples = samples * factor
    return CheckedValues(samples, has_gravity=True, notes=notes)


def measure_rest(samples: Floats) -> Rest | None:
    """Return acceleration (3, n) where it changes least; None without samples."""
    if samples.shape[1] < 2:
        return None
    size = min(PART_SAMPLES, samples.shape[1])
    parts = samples[:, : samples.shape[1] // size * size].reshape(len(samples), -1, size)
    # Some thousand parts are enough.
    parts = parts[:, :: max(1, parts.shape[1] // MAX_PARTS)]
    # Text can hold numbers whose squares are infinite; `wrong_unit` refuses them.
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.sqrt(parts.var(axis=2).sum(axis=0))
        length = np.sqrt(np.square(parts.mean(axis=2)).sum(axis=0))
    count = max(1, round(QUIET_SHARE * len(spread)))
    quiet = np.argpartition(spread, count - 1)[:count]
    median = float(np.median(length[quiet]))
    # A part without any noise may be a value that stands for a missing one.
    resting = length[(spread > 0) & (spread < MAX_RESTING_SPREAD * length)]
    lengths = (median, median)
    if len(resting) >= MIN_RESTING_PARTS:
        low, high = np.quantile(resting, LENGTH_QUANTILES).tolist()
        lengths = (low, high)
    return Rest(median, float(np.median(spread[quiet])), lengths)


def check_postures(path: Path, stated: Stated, rest: Rest) -> None:
    """Raise UnreadableRecordingError if the length of gravity changes with the posture."""
    low, high = rest.lengths
    if low >= MIN_LENGTH_RATIO * high:
        return
    raise UnreadableRecordingError(
        f"{path}: `{stated.name}` and its axes read {low:.4g} in one posture and {high:.4g} in "
        "another, where gravity is the same in all; an axis has another unit, or counts have an "
        "offset: bring all axes to g and remove the offset"
    )


def judge_stated_unit(path: Path, stated: Stated, factor: float, rest: Rest) -> bool:
    """Return whether there is gravity in acceleration whose unit is stated.

    `factor` is the value of that unit in g. Raises UnreadableRecordingError if no sensor can
    measure that.
    """
    low, high = GRAVITY_RANGE_G
    gravity = rest.length * factor
    if low <= gravity <= high or (high < gravity <= MAX_RAW_GRAVITY_G and rest.is_moving):
        return True
    if gravity <= NO_GRAVITY_MAX_G and fitting_unit(rest.length) is None:
        return False
    raise wrong_unit(path, stated, rest.length)


def guess_unit(path: Path, stated: Stated, rest: Rest) -> tuple[str, bool]:
    """Return the unit in which gravity fits a length at rest, and whether there is gravity at all.

    Raises UnreadableRecordingError if none does.
    """
    length = rest.length
    unit = fitting_unit(length)
    if unit is not None:
        return unit, True
    other = stated.unit_without_gravity
    if other is not None and length * UNITS[Quantity.ACCELERATION][other] <= NO_GRAVITY_MAX_G:
        return other, False
    if GRAVITY_RANGE_G[1] < length <= MAX_RAW_GRAVITY_G and rest.is_moving:
        return "g", True
    raise wrong_unit(path, stated, length)


def fitting_unit(rest: float) -> str | None:
    """Return the unit in which a length at rest is that of gravity."""
    low, high = GRAVITY_RANGE_G
    factors = UNITS[Quantity.ACCELERATION]
    return next((unit for unit in GUESSED_UNITS if low <= rest * factors[unit] <= high), None)


def wrong_unit(path: Path, stated: Stated, rest: float) -> UnreadableRecordingError:
    """Return the error for acceleration that cannot be in its unit."""
    found = f"{path}: `{stated.name}` and its axes read {rest:.4g} at rest"
    # Also NaN, the spread of values whose squares are too large to compute.
    if not rest <= COUNTS_MAX:
        return UnreadableRecordingError(
            f"{found}, which no sensor measures; correct or remove these values"
        )
    fitting = fitting_unit(rest)
    if stated.unit is not None:
        remedy = "correct the unit"
        if fitting is not None:
            remedy = f"write --unit {stated.name}={fitting}"
        return UnreadableRecordingError(
            f"{found}, which is not gravity in `{stated.unit[:40]}`; {remedy}"
        )
    if rest <= 0.6:
        return UnreadableRecordingError(
            f"{found}: there is no gravity in it, so its unit cannot be recognised; write "
            f"--unit {stated.name}=m/s2 or --unit {stated.name}=g to count movements only"
        )
    # Converters have 8 to 16 bits over a range of a power of two.
    counts = 2 ** round(math.log2(rest))
    return UnreadableRecordingError(
        f"{found}, where gravity is 1 g, 9.81 m/s2 or 1000 mg; write its unit, or for counts for "
        f"example --unit '{stated.name}=1/{counts} g'"
    )


# --- EMG ---


def check_emg(path: Path, stated: Stated, samples: Floats, rate: float) -> None:
    """Raise UnreadableRecordingError for EMG (1, n) whose level at rest cannot be in uV."""
    values = samples[0]
    size = round(WINDOW_S * rate)
    step = max(size, len(values) // MAX_WINDOWS)
    windows = (values[begin : begin + size] for begin in range(0, len(values) - size + 1, step))
    check_emg_level(path, stated.name, windows, rate, stated.unit or "uV")


# --- All quantities ---


def mask_implausible(samples: Floats, quantity: Quantity) -> Floats:
    """Return samples (axes, n) with NaN where no sensor can have measured them.

    These are values beyond any range, and values stuck at the end of the sensor's range.
    """
    largest = max(abs(float(samples.min())), abs(float(samples.max())))
    if largest < min(MIN_SENSOR_RANGES[quantity], PLAUSIBLE_LIMITS[quantity]):
        return samples
    plausible: Floats = np.where(np.abs(samples) <= PLAUSIBLE_LIMITS[quantity], samples, np.nan)
    min_range = MIN_SENSOR_RANGES[quantity]
    return mask_clipped(plausible, [sensor_range(axis, min_range) for axis in plausible])


def sensor_range(axis: Floats, min_range: float) -> tuple[float, float]:
    """Return the lowest and the highest value of an axis, at least as far as the smallest range."""
    return (
        min(-min_range, float(np.nanmin(axis, initial=0.0))),
        max(min_range, float(np.nanmax(axis, initial=0.0))),
    )


def has_samples(samples: Sequence[Floats] | Floats) -> bool:
    """Return whether at least two rows have a number on every axis."""
    return int(np.count_nonzero(np.logical_and.reduce(np.isfinite(samples)))) >= 2
