"""`limber simulate`: a synthetic night as a file, and its truth beside it (contracts, section 1.3)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.detection.channel import FilteredRun, SignalFilter
from limber_bridge.detection.events import UnilateralMovement
from limber_bridge.detection.movement_rules import MOVEMENT_RULES
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import SECOND, Floats, Placement, Quantity, Sensor, Times
from limber_bridge.domain.recording import column_names
from limber_bridge.offline.score_json import Report, document
from limber_bridge.recordings.csv import write_rows
from limber_bridge.recordings.edf import Written, write_signals
from limber_bridge.simulation.devices import DEVICES, choose_device
from limber_bridge.simulation.disturbances import AFFECTED_SENSOR, Disturbance, affects
from limber_bridge.simulation.night import NightPlan
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.sampling import recorded_times
from limber_bridge.simulation.signals import signal_blocks
from limber_bridge.simulation.truth import find_truth, non_movements

KINDS: Final = {
    "ankle": (Quantity.ACCELERATION, Placement.ANKLE),
    "bed": (Quantity.ACCELERATION, Placement.BED),
    "emg": (Quantity.EMG, Placement.TIBIALIS),
    "load": (Quantity.LOAD, Placement.BED),
}
"""What `--sensor` may be."""
RATES: Final = {"ankle": 50.0, "bed": 50.0, "emg": 250.0, "load": 50.0}
"""Hz, where none is wished for; with EMG of the calf beside it, that of EMG."""
SLOWEST: Final = {Quantity.ACCELERATION: 10.0, Quantity.EMG: 100.0, Quantity.LOAD: 10.0}
"""Hz, the least that is written."""


class NotWritableError(Exception):
    """The night cannot be written as wished; the text says what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOptions:
    """What shall be written."""

    out: Path
    wishes: NightSpec
    seed: int
    sensor: str
    """Key in `KINDS`."""
    rate: float | None = None
    """Hz; None: the usual one."""
    calf: bool = False
    """EMG of the calf beside it."""
    device: str | None = None
    """Key in `DEVICES`; None: the usual one."""
    named: frozenset[Disturbance] = frozenset()
    """Troubles that were wished for by name, and not as part of a group."""

    @property
    def hertz(self) -> float:
        """The rate of everything that is written."""
        return self.rate or (RATES["emg"] if self.calf else RATES[self.sensor])

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """What records, the calves last."""
        kinds = [KINDS[self.sensor]] + [(Quantity.EMG, Placement.CALF)] * self.calf
        sides = [
            (kind, side)
            for kind in kinds
            for side in ((None,) if kind[1] is Placement.BED else self.wishes.legs)
        ]
        return tuple(Sensor(number, *kind, side) for number, (kind, side) in enumerate(sides, 1))


def write(order: SimulateOptions) -> Path:
    """Write the recording and NAME.truth.json, and return where that is; NotWritableError if it
    cannot be done.
    """
    refuse(order)
    try:
        night = plan_night(order.seed, order.wishes)
    except ValueError as error:
        raise NotWritableError(f"{error}; write more hours or fewer wishes") from error
    stem = order.out.name.removesuffix(".gz").rpartition(".")[0]
    beside = order.out.with_name(f"{stem}.truth.json")
    text = json.dumps(truth_document(order, night), indent=1)
    # Written beside its place first: what was interrupted leaves no half night behind.
    part = order.out.with_name(f".part.{order.out.name}")
    try:
        write_signal(order, night, part)
        beside.write_text(text + "\n", encoding="utf-8")
        part.replace(order.out)
    except OSError as error:
        raise NotWritableError(
            f"--out {order.out}: {error.strerror or error}; choose another place"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return beside


def refuse(order: SimulateOptions) -> None:
    """Raise NotWritableError for an order that cannot be carried out, or a wish that would come to
    nothing.
    """
    least = max(SLOWEST[sensor.quantity] for sensor in order.sensors)
    if not least <= order.hertz <= 2000:
        raise NotWritableError(f"--rate {order.hertz:g}: write {least:g} to 2000 Hz")
    quantities = {sensor.quantity for sensor in order.sensors}
    if order.device is not None and DEVICES[order.device].quantity not in quantities:
        fitting = ", ".join(
            name for name, device in DEVICES.items() if device.quantity in quantities
        )
        raise NotWritableError(
            f"--device {order.device}: it does not measure that; write one of {fitting}"
        )
    for trouble in sorted(order.named):
        if not any(affects(trouble, sensor) for sensor in order.sensors):
            raise NotWritableError(
                f"--with {trouble}: only {AFFECTED_SENSOR[trouble]} has it; write another --sensor or --calf"
            )
    if not order.out.name.lower().endswith((".csv", ".csv.gz", ".edf")):
        raise NotWritableError(
            f"--out {order.out}: write a name that ends in .csv, .csv.gz or .edf"
        )
    uneven = sorted(order.wishes.disturbances & {Disturbance.GAPS, Disturbance.JITTER})
    if uneven and order.out.suffix.lower() == ".edf":
        raise NotWritableError(
            f"--with {uneven[0]}: EDF has even samples without holes; write .csv or .csv.gz"
        )


def write_signal(order: SimulateOptions, night: NightPlan, out: Path) -> None:
    """Write the recording; NotWritableError or OSError."""
    if out.suffix.lower() != ".edf":
        write_rows(out, columns(order), rows(order, night))
        return
    try:
        write_signals(out, order.hertz, [whole(order, night, sensor) for sensor in order.sensors])
    except ValueError as error:
        raise NotWritableError(f"--rate {order.hertz:g}: {error}") from error


def columns(order: SimulateOptions) -> dict[str, int]:
    """Return the columns of a CSV, each with its decimals."""
    return {
        name: choose_device(sensor, order.device).decimals
        for sensor in order.sensors
        for name in column_names(sensor.quantity, sensor.placement, sensor.side)
    }


def rows(order: SimulateOptions, night: NightPlan) -> Iterator[tuple[Floats, Floats]]:
    """Yield times and samples of all sensors together: they have one clock and lose the same
    samples.
    """
    together = (
        signal_blocks(night, sensor, order.hertz, device=order.device) for sensor in order.sensors
    )
    for same in zip(*together, strict=True):
        yield recorded_times(night, same[0]), np.vstack([block.samples for block in same])


def whole(order: SimulateOptions, night: NightPlan, sensor: Sensor) -> Written:
    """Return all samples of one sensor."""
    signal = signal_blocks(night, sensor, order.hertz, device=order.device)
    names = column_names(sensor.quantity, sensor.placement, sensor.side)
    return Written(
        names, sensor.quantity, np.concatenate([block.samples for block in signal], axis=1)
    )


def truth_document(order: SimulateOptions, night: NightPlan) -> dict[str, object]:
    """Return the truth as the JSON object of a scored night, and what is no movement whatever it
    looks like.
    """
    levels = {sensor: silent_level(night, sensor, order.hertz) for sensor in order.sensors}
    told = find_truth(
        night,
        order.sensors,
        order.hertz,
        lambda sensor, part: graded(part, sensor, *levels[sensor]),
    )
    names = [
        column_names(one.quantity, one.placement, one.side)[0].removesuffix("_x")
        for one in order.sensors
    ]
    found = document(
        Report(
            recording=order.out.name,
            start=None,
            duration=night.duration,
            rules=WASM_2016,
            night=told.night,
            cramps=told.cramps,
            gaps=[(name, gap) for gap in told.gaps for name in names],
            methods={"in_bed": "planned", "asleep": "planned"},
        )
    )
    others = {other for sensor in order.sensors for other in non_movements(night, sensor)}
    return found | {
        "not_movements": [
            {
                "onset": round(other.onset, 3),
                "duration": round(other.duration, 3),
                "kind": other.kind,
            }
            for other in sorted(others, key=lambda one: (one.onset, one.kind, one.duration))
        ]
    }


def silent_level(night: NightPlan, sensor: Sensor, rate: float) -> tuple[Times, Floats]:
    """Return the level (times in us, levels) that the plan alone gives, without any noise or loss."""
    signal_filter = SignalFilter(sensor.quantity)
    times = []
    levels = []
    for block in signal_blocks(replace(night, gaps=()), sensor, rate, noisy=False):
        if sensor.quantity is Quantity.EMG:
            # Without noise there is no EMG, but its size is known.
            times.append(block.clock.times_of(np.arange(block.first, block.end)))
            levels.append(block.samples[0])
            continue
        for piece in signal_filter.process_block(block):
            if isinstance(piece, FilteredRun) and piece.frames.envelope is not None:
                times.append(piece.frames.times)
                levels.append(piece.frames.envelope)
    return np.concatenate(times), np.concatenate(levels)


def graded(
    part: UnilateralMovement, sensor: Sensor, times: Times, level: Floats
) -> UnilateralMovement:
    """Return a part with its peak and its grade."""
    begin, end = np.searchsorted(times, [part.onset, part.end + SECOND // 4])
    peak = float(level[begin:end].max(initial=0.0))
    return replace(part, peak=peak, grade=MOVEMENT_RULES[sensor.quantity].grade(peak))
