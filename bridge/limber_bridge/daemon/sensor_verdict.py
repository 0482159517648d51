"""Judge what `limber check` measured of a sensor: what is wrong, and how to fix it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from limber_bridge.daemon.arrival_figures import ArrivalFigures
from limber_bridge.daemon.check_result import Outcome
from limber_bridge.daemon.signal_figures import SignalFigures
from limber_bridge.detection.signal import Quantity
from limber_bridge.sources.frame_check import RATE_TOLERANCES
from limber_bridge.sources.rest_gravity import is_plausible

LOSS_FAULT: Final = 0.05
"""Share of lost samples from which the link is not good enough. Chosen: at 5 % most movements have
a gap."""
UNUSABLE_FAULT: Final = 0.05
"""Share of saturated or unreadable samples from which the sensor does not work. Chosen: as above.
"""
JITTER_NOTE_S: Final = 2.0
"""Jitter from which it is pointed out. Chosen: movements are then published that late."""
MOVED_FAULT_S: Final = 1.0
"""Time by which samples were placed too early that is a fault. Chosen: drift and jitter move them
by milliseconds."""
OVERLAP_FAULT: Final = 0.5
"""Share of samples numbered twice from which the numbers count something else. Chosen."""
RATE_MIN_HZ: Final = {Quantity.ACCELERATION: 10.0, Quantity.EMG: 50.0, Quantity.LOAD: 0.0}
"""Slowest signal in which movements are looked for (docs/science.md#sampling-and-gaps)."""
RATE_ADVISED_HZ: Final = {Quantity.ACCELERATION: 25.0, Quantity.EMG: 200.0, Quantity.LOAD: 10.0}
"""Rate from which a movement of 0.5 s is measured well."""
EMG_REST_UV: Final = (0.05, 200.0)
"""RMS of EMG at rest that a muscle and an amplifier can have (docs/science.md#not-worn and
#emg-signal)."""
LOAD_MAX_KG: Final = 600.0
"""Largest load of a bed. Chosen: a heavy bed with two people has half of it."""
CONSTANT_MIN_SAMPLES: Final = 200
"""Equal samples from which the chip is not read. Chosen: the noise of every chip changes a count
sooner."""
BATTERY_NOTE_PERCENT: Final = 20
"""Charge in percent that may not last for a night. Chosen."""
SIGNAL_NOTE_DBM: Final = -85
"""Strength of a radio link below which it breaks easily. Chosen: receivers end near -95 dBm."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should know about a sensor."""

    outcome: Outcome
    text: str
    """What was found; for a fault also the remedy."""


@dataclass(frozen=True, slots=True)
class LevelHint:
    """What a level at rest in a range means."""

    low: float
    high: float
    text: str


RANGE_MISMATCH: Final = (
    "the range set in the chip and the scale of the samples do not match; correct one of them"
)
GRAVITY_HINTS: Final = (
    LevelHint(
        0.0,
        0.05,
        "there is no gravity in the signal; send the acceleration with gravity, not the linear or "
        "user acceleration",
    ),
    LevelHint(
        0.085,
        0.118,
        "the samples are about 10 times too small: they are divided by 9.81 twice, or are mg "
        "sent as 0.1 mg; send quantity 0 for mg",
    ),
    LevelHint(0.2, 0.29, RANGE_MISMATCH),
    LevelHint(0.4, 0.58, RANGE_MISMATCH),
    LevelHint(1.75, 2.3, RANGE_MISMATCH),
    LevelHint(3.5, 4.6, RANGE_MISMATCH),
    LevelHint(
        8.7,
        11.5,
        "the samples are about 10 times too large: they are m/s2 instead of g, or 0.1 mg sent "
        "as mg; send quantity 3 for 0.1 mg",
    ),
    LevelHint(
        14.0,
        18.0,
        "the samples are raw counts of the chip (16384 for 1 g) instead of mg; convert them",
    ),
    LevelHint(850.0, 1150.0, "the samples are mg instead of g; correct the unit"),
    LevelHint(8500.0, 11500.0, "the samples are mm/s2 or 0.1 mg instead of g; correct the unit"),
)
"""By gravity at rest in g. The first row that fits is used."""
EMG_HINTS: Final = (
    LevelHint(0.0, 1e-9, "the amplifier is off or not connected; check its power and cables"),
    LevelHint(
        1e-9,
        1e-4,
        "the samples are V instead of uV, or no electrode is connected; correct the unit",
    ),
    LevelHint(
        1e-4,
        0.05,
        "the samples are mV instead of uV, or no electrode is connected; correct the unit",
    ),
    LevelHint(
        200.0,
        1e9,
        "relax the leg and check the electrodes; if they are attached, the samples are nV or raw "
        "counts instead of uV; correct the unit",
    ),
)
"""By EMG at rest in uV RMS. The first row that fits is used."""


def judge_arrival(figures: ArrivalFigures, quantity: Quantity, *, live: bool) -> Iterator[Finding]:
    """Yield what is wrong with the arrival of samples, the worst first.

    `live`: the samples arrive as they are taken, so that the host's clock can judge their rate.
    """
    if counts_frames(figures):
        yield fault(
            "its sequence numbers count frames, not samples; add the number of samples of each "
            "frame to the sequence number of the next"
        )
        return
    if live:
        yield from judge_rate(figures, RATE_TOLERANCES[quantity])
        yield from judge_times(figures)
    yield from judge_losses(figures)
    yield from judge_sampling(figures.nominal_rate, quantity)


def counts_frames(figures: ArrivalFigures) -> bool:
    """Return whether numbers advance by less than the samples of a block."""
    return figures.blocks > 2 and figures.overlapping > OVERLAP_FAULT * figures.received


def judge_rate(figures: ArrivalFigures, tolerance: float) -> Iterator[Finding]:
    """Yield whether the measured rate differs from the announced one by more than a share."""
    measured = figures.measured_rate
    if measured is None:
        return
    nominal = figures.nominal_rate
    if abs(measured / nominal - 1) > tolerance + figures.rate_uncertainty:
        yield fault(
            f"it announces {nominal:g} Hz and delivers {measured:.1f} Hz; correct the rate that "
            "the sensor announces, or find what slows it down"
        )


def judge_times(figures: ArrivalFigures) -> Iterator[Finding]:
    """Yield what is wrong with the times of the samples."""
    if figures.moved_s - moved_by_rate(figures) >= MOVED_FAULT_S:
        yield fault(
            f"{figures.moved_s:.1f} s of samples were sent late and could not be placed in time; "
            "update the sensor: it must send its clock first after each connect (clock frame)"
        )
    if figures.jitter_s >= JITTER_NOTE_S:
        yield note(
            f"samples arrive up to {figures.jitter_s:.1f} s late, and movements are published "
            "that late; send smaller blocks, or improve the link"
        )


def moved_by_rate(figures: ArrivalFigures) -> float:
    """Return by how many s samples move because the sensor is faster or slower than it announces.

    Until the rate is measured, the samples of a block are placed by the announced one.
    """
    if figures.measured_rate is None:
        return 0.0
    difference = abs(figures.measured_rate / figures.nominal_rate - 1)
    return difference * figures.received / figures.nominal_rate


def judge_losses(figures: ArrivalFigures) -> Iterator[Finding]:
    """Yield what is wrong with the number of samples."""
    if figures.lost_share >= LOSS_FAULT:
        yield fault(
            f"{figures.lost_share:.0%} of the samples were lost; move the sensor or the bridge "
            "closer, or use a link that sends again (TCP)"
        )
    elif figures.lost:
        yield note(f"{figures.lost} of {figures.lost + figures.received} samples were lost")
    if figures.unusable_share >= UNUSABLE_FAULT:
        yield fault(
            f"{figures.unusable_share:.0%} of the samples are at the limit of the range; choose a "
            "larger range in the sensor, or correct its scale"
        )


def judge_sampling(nominal: float, quantity: Quantity) -> Iterator[Finding]:
    """Yield whether the sensor samples too slowly for its quantity."""
    advised = RATE_ADVISED_HZ[quantity]
    if nominal < RATE_MIN_HZ[quantity]:
        yield fault(f"{nominal:g} Hz is too slow to detect movements; set {advised:g} Hz or more")
    elif nominal < advised:
        yield note(f"{nominal:g} Hz is slow for short movements; {advised:g} Hz or more is better")


def judge_signal(figures: SignalFigures, quantity: Quantity, samples: int) -> Iterator[Finding]:
    """Yield what is wrong with the level of a signal of a number of samples."""
    if figures.constant and samples >= CONSTANT_MIN_SAMPLES:
        yield fault("all samples are the same; check the wiring between the chip and the board")
        return
    match quantity:
        case Quantity.ACCELERATION:
            yield from judge_gravity(figures)
        case Quantity.EMG:
            yield from judge_emg(figures.at_rest)
        case Quantity.LOAD:
            yield from judge_load(figures.at_rest)


def judge_gravity(figures: SignalFigures) -> Iterator[Finding]:
    """Yield whether gravity at rest has the wrong size."""
    gravity = figures.at_rest
    if figures.swapped_bytes:
        yield fault(
            "the two bytes of each sample are in the wrong order; send the low byte first "
            "(little endian)"
        )
    elif gravity is None:
        yield note("it moved all the time; lay it down and check again to measure gravity")
    elif not is_plausible(gravity):
        hint = level_hint(GRAVITY_HINTS, gravity)
        remedy = hint or "correct the unit or the scale of the samples"
        yield fault(f"gravity at rest is {gravity:.3g} g instead of 1 g; {remedy}")


def judge_emg(at_rest: float | None) -> Iterator[Finding]:
    """Yield whether EMG at rest, in uV RMS, has a level that no muscle has."""
    lowest, highest = EMG_REST_UV
    if at_rest is not None and not lowest <= at_rest <= highest:
        yield fault(f"EMG at rest is {at_rest:.2g} uV; {level_hint(EMG_HINTS, at_rest)}")


def judge_load(load: float | None) -> Iterator[Finding]:
    """Yield whether a load in kg is that of no bed."""
    if load is not None and abs(load) > LOAD_MAX_KG:
        yield fault(
            f"the load is {load:.0f} kg; the samples are raw counts instead of g, or the scale of "
            "the load cells is wrong; calibrate them"
        )


def judge_device(battery: int | None, signal_strength: int | None) -> Iterator[Finding]:
    """Yield whether the charge (percent) or the radio link (dBm) endangers a night."""
    if battery is not None and battery < BATTERY_NOTE_PERCENT:
        yield note(f"the battery is at {battery} %; charge it before the night")
    if signal_strength is not None and signal_strength < SIGNAL_NOTE_DBM:
        yield note(f"the radio link is weak ({signal_strength} dBm); move the bridge closer")


def level_hint(hints: tuple[LevelHint, ...], level: float) -> str | None:
    """Return what a level means; None if no row fits."""
    return next((one.text for one in hints if one.low <= level <= one.high), None)


def placement_hint(figures: SignalFigures) -> str:
    """Return what the direction of gravity and the movement suggest about the placement.

    Only a suggestion: half a minute does not distinguish a mattress from a leg that lies still.
    """
    if figures.still_share < 0.5:
        return "moves most of the time: worn or carried by someone who is up"
    if figures.still_share < 1:
        return "lies still with some movement"
    if figures.vertical_axis == "z":
        return "lies still and flat, as on a bed, or on a leg that rests"
    if figures.vertical_axis is not None:
        return f"lies still, its {figures.vertical_axis} axis is vertical"
    return "lies still and tilted"


def fault(text: str) -> Finding:
    """Return something that does not work."""
    return Finding(Outcome.FAILED, text)


def note(text: str) -> Finding:
    """Return something worth knowing."""
    return Finding(Outcome.NOTE, text)
