"""`limber simulate`: a synthetic night as a file, and its truth beside it (contracts, section 1.3)."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.detection.continuity import Run
from limber_bridge.detection.events import Part
from limber_bridge.detection.level import Level
from limber_bridge.detection.movement import RULES
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import SECOND, Floats, Place, Quantity, Sensor, Side, Times
from limber_bridge.recordings.edf import write_edf
from limber_bridge.recordings.recording import column_names
from limber_bridge.recordings.table import write_csv
from limber_bridge.report import Report, document
from limber_bridge.simulation.plan import Plan, Wishes, parts, plan, truth
from limber_bridge.simulation.signals import blocks

SENSORS: Final = {
    "ankle": Sensor(1, Quantity.ACCELERATION, Place.ANKLE, Side.LEFT),
    "bed": Sensor(1, Quantity.ACCELERATION, Place.BED),
    "emg": Sensor(1, Quantity.EMG, Place.TIBIALIS, Side.LEFT),
}


RATES: Final = {"ankle": 50.0, "bed": 50.0, "emg": 250.0}
"""Hz, where none is wished for."""


class NotWritableError(Exception):
    """The night cannot be written as wished; the text says what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What shall be written."""

    out: Path
    wishes: Wishes
    seed: int
    sensor: str
    """Key in `SENSORS`."""
    rate: float
    """Hz."""


def write(order: Order) -> None:
    """Write the recording and NAME.truth.json; NotWritableError if the order cannot be carried out."""
    sensor = SENSORS[order.sensor]
    if not 10 <= order.rate <= 2000 or (sensor.quantity is Quantity.EMG and order.rate < 100):
        raise NotWritableError("--rate: write 10 to 2000 Hz, for EMG 100 at least")
    night = plan(order.seed, order.wishes)
    stem = order.out.name.removesuffix(".gz").rpartition(".")[0]
    text = json.dumps(truth_document(order, night, sensor), indent=1)
    # Written beside its place first: what was interrupted leaves no half night behind.
    part = order.out.with_name(f".part.{order.out.name}")
    try:
        write_signal(order, night, sensor, part)
        order.out.with_name(f"{stem}.truth.json").write_text(text + "\n", encoding="utf-8")
        part.replace(order.out)
    except OSError as error:
        raise NotWritableError(f"--out {order.out}: {error.strerror or error}; choose another place") from error
    finally:
        part.unlink(missing_ok=True)


def write_signal(order: Order, night: Plan, sensor: Sensor, out: Path) -> None:
    """Write the recording; NotWritableError or OSError."""
    names = column_names(sensor.quantity, sensor.place, sensor.side)
    signal = blocks(night, sensor, order.rate)
    if out.name.lower().endswith((".csv", ".csv.gz")):
        write_csv(out, sensor.quantity, names, signal)
        return
    if out.suffix.lower() != ".edf":
        raise NotWritableError(f"--out {order.out}: write a name that ends in .csv, .csv.gz or .edf")
    samples = np.concatenate([block.samples for block in signal], axis=1)
    try:
        write_edf(out, names, sensor.quantity, order.rate, samples)
    except ValueError as error:
        raise NotWritableError(f"--rate {order.rate:g}: {error}") from error


def truth_document(order: Order, night: Plan, sensor: Sensor) -> dict[str, object]:
    """Return the truth as the JSON object of a scored night."""
    times, level = silent_level(night, sensor, order.rate)
    marks = [graded(part, sensor, times, level) for part in parts(night, sensor)]
    told = truth(night, marks)
    return document(
        Report(
            recording=order.out.name, start=None, duration=night.duration, rules=WASM_2016, night=told.night,
            cramps=told.cramps, methods={"in_bed": "planned", "asleep": "planned"},
        )
    )  # fmt: skip


def silent_level(night: Plan, sensor: Sensor, rate: float) -> tuple[Times, Floats]:
    """Return the level (times in us, levels) that the plan alone gives, without any noise."""
    filters = Level(sensor.quantity)
    times, levels = [], []
    for block in blocks(night, sensor, rate, noisy=False):
        if sensor.quantity is Quantity.EMG:
            # Without noise there is no EMG, but its size is known.
            times.append(block.clock.at_all(np.arange(block.first, block.end)))
            levels.append(block.samples[0])
            continue
        frames = filters.feed(Run(block.first, block.samples, block.clock, rate, fresh=not block.first))
        times.append(frames.times)
        levels.append(np.zeros(0) if frames.level is None else frames.level)
    return np.concatenate(times), np.concatenate(levels)


def graded(part: Part, sensor: Sensor, times: Times, level: Floats) -> Part:
    """Return a part with its peak and its grade."""
    begin, end = np.searchsorted(times, [part.onset, part.end + SECOND // 4])
    peak = float(level[begin:end].max(initial=0.0))
    return replace(part, peak=peak, grade=RULES[sensor.quantity].grade(peak))
