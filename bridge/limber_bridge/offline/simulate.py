"""`limber simulate`: write a synthetic night and its ground truth; docs/simulation.md."""

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
from limber_bridge.offline.score_json import ScoredNight, score_document
from limber_bridge.recordings.csv import write_rows
from limber_bridge.recordings.edf_writer import SensorSamples, write_sensors
from limber_bridge.simulation.devices import DEVICES, choose_device
from limber_bridge.simulation.disturbances import AFFECTED_SENSOR, Disturbance, affects
from limber_bridge.simulation.night import NightPlan
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.sampling import recorded_times
from limber_bridge.simulation.signals import signal_blocks
from limber_bridge.simulation.truth import NonMovement, find_truth, non_movements

SENSOR_KINDS: Final = {
    "ankle": (Quantity.ACCELERATION, Placement.ANKLE),
    "bed": (Quantity.ACCELERATION, Placement.BED),
    "emg": (Quantity.EMG, Placement.TIBIALIS),
    "load": (Quantity.LOAD, Placement.BED),
}
"""Values of `--sensor`."""
DEFAULT_RATES_HZ: Final = {"ankle": 50.0, "bed": 50.0, "emg": 250.0, "load": 50.0}
"""By `--sensor`; with EMG of the calf, the rate of EMG."""
MIN_RATES_HZ: Final = {Quantity.ACCELERATION: 10.0, Quantity.EMG: 100.0, Quantity.LOAD: 10.0}
MAX_RATE_HZ: Final = 2000
FORMATS: Final = (".csv", ".csv.gz", ".edf")


class SimulationError(Exception):
    """The night cannot be simulated or written; the text says what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOptions:
    """What to simulate, and where to write it."""

    out: Path
    spec: NightSpec
    seed: int
    sensor: str
    """Key in `SENSOR_KINDS`."""
    rate: float | None = None
    """Hz; None: the default rate."""
    calf: bool = False
    """Add EMG of the calf."""
    device: str | None = None
    """Key in `DEVICES`; None: the default device."""
    named_disturbances: frozenset[Disturbance] = frozenset()
    """Disturbances requested by name and not as part of a group."""

    @property
    def sample_rate(self) -> float:
        """Rate of all sensors in Hz."""
        return self.rate or DEFAULT_RATES_HZ["emg" if self.calf else self.sensor]

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """The sensors to simulate, those at the calves last."""
        kinds = [SENSOR_KINDS[self.sensor]]
        if self.calf:
            kinds.append((Quantity.EMG, Placement.CALF))
        positions = [
            (quantity, placement, side)
            for quantity, placement in kinds
            for side in ((None,) if placement is Placement.BED else self.spec.legs)
        ]
        return tuple(Sensor(number, *position) for number, position in enumerate(positions, 1))


def simulate_night(options: SimulateOptions) -> Path:
    """Write the recording and NAME.truth.json; return the path of the latter.

    Raises SimulationError.
    """
    check_options(options)
    try:
        plan = plan_night(options.seed, options.spec)
    except ValueError as error:
        raise SimulationError(
            f"{error}; write more --hours, or fewer movements and disturbances"
        ) from error
    stem = options.out.name.removesuffix(".gz").rpartition(".")[0]
    truth_path = options.out.with_name(f"{stem}.truth.json")
    truth = json.dumps(truth_document(options, plan), indent=1)
    # The recording is written under another name first, so that it is complete or does not exist.
    part = options.out.with_name(f".part.{options.out.name}")
    try:
        write_recording(options, plan, part)
        truth_path.write_text(truth + "\n", encoding="utf-8")
        part.replace(options.out)
    except OSError as error:
        raise SimulationError(
            f"--out {options.out}: {error.strerror or error}; choose another path"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return truth_path


def check_options(options: SimulateOptions) -> None:
    """Raise SimulationError for options that are impossible or would have no effect."""
    min_rate = max(MIN_RATES_HZ[sensor.quantity] for sensor in options.sensors)
    if not min_rate <= options.sample_rate <= MAX_RATE_HZ:
        raise SimulationError(
            f"--rate {options.sample_rate:g}: write {min_rate:g} to {MAX_RATE_HZ} Hz"
        )
    quantities = {sensor.quantity for sensor in options.sensors}
    if options.device is not None and DEVICES[options.device].quantity not in quantities:
        fitting = [name for name, device in DEVICES.items() if device.quantity in quantities]
        raise SimulationError(
            f"--device {options.device}: measures another quantity; "
            f"write one of {', '.join(fitting)}"
        )
    for disturbance in sorted(options.named_disturbances):
        if not any(affects(disturbance, sensor) for sensor in options.sensors):
            raise SimulationError(
                f"--with {disturbance}: affects only {AFFECTED_SENSOR[disturbance]}; "
                "write another --sensor, or --calf"
            )
    if Disturbance.COUPLING in options.named_disturbances and len(options.spec.legs) < 2:
        raise SimulationError(
            f"--with {Disturbance.COUPLING}: affects only "
            f"{AFFECTED_SENSOR[Disturbance.COUPLING]}; write --legs both"
        )
    if not options.out.name.lower().endswith(FORMATS):
        raise SimulationError(
            f"--out {options.out}: write a name that ends in .csv, .csv.gz or .edf"
        )
    uneven = sorted(options.spec.disturbances & {Disturbance.GAPS, Disturbance.JITTER})
    if uneven and options.out.suffix.lower() == ".edf":
        raise SimulationError(
            f"--with {uneven[0]}: EDF has evenly spaced samples without gaps; "
            "write to .csv or .csv.gz"
        )


# --- The recording ---


def write_recording(options: SimulateOptions, plan: NightPlan, out: Path) -> None:
    """Write the recording; SimulationError or OSError."""
    if out.suffix.lower() != ".edf":
        write_rows(out, csv_columns(options), csv_rows(options, plan))
        return
    sensors = [all_samples(options, plan, sensor) for sensor in options.sensors]
    try:
        write_sensors(out, options.sample_rate, sensors)
    except ValueError as error:
        raise SimulationError(f"--rate {options.sample_rate:g}: {error}") from error


def csv_columns(options: SimulateOptions) -> dict[str, int]:
    """Return the decimals of each column of a CSV."""
    return {
        name: choose_device(sensor, options.device).decimals
        for sensor in options.sensors
        for name in column_names(sensor.quantity, sensor.placement, sensor.side)
    }


def csv_rows(options: SimulateOptions, plan: NightPlan) -> Iterator[tuple[Floats, Floats]]:
    """Yield times and samples of all sensors; they share a clock and lose the same samples."""
    signals = (
        signal_blocks(plan, sensor, options.sample_rate, device=options.device)
        for sensor in options.sensors
    )
    for blocks in zip(*signals, strict=True):
        yield recorded_times(plan, blocks[0]), np.vstack([block.samples for block in blocks])


def all_samples(options: SimulateOptions, plan: NightPlan, sensor: Sensor) -> SensorSamples:
    """Return all samples of one sensor."""
    blocks = signal_blocks(plan, sensor, options.sample_rate, device=options.device)
    names = column_names(sensor.quantity, sensor.placement, sensor.side)
    samples = np.concatenate([block.samples for block in blocks], axis=1)
    return SensorSamples(names, sensor.quantity, samples)


# --- The truth ---


def truth_document(options: SimulateOptions, plan: NightPlan) -> dict[str, object]:
    """Return the truth as the JSON object of a scored night, with `not_movements` added."""
    envelopes = {
        sensor: noiseless_envelope(plan, sensor, options.sample_rate) for sensor in options.sensors
    }
    truth = find_truth(
        plan,
        options.sensors,
        options.sample_rate,
        lambda sensor, movement: with_grade(movement, sensor, *envelopes[sensor]),
    )
    names = [
        column_names(sensor.quantity, sensor.placement, sensor.side)[0].removesuffix("_x")
        for sensor in options.sensors
    ]
    document = score_document(
        ScoredNight(
            recording=options.out.name,
            start=None,
            duration=plan.duration,
            rules=WASM_2016,
            night=truth.night,
            cramps=truth.cramps,
            gaps=[(name, gap) for gap in truth.gaps for name in names],
            methods={"in_bed": "planned", "asleep": "planned"},
        )
    )
    return document | {"not_movements": non_movement_entries(options, plan)}


def non_movement_entries(options: SimulateOptions, plan: NightPlan) -> list[dict[str, object]]:
    """Return what appears in the signals but is not a movement, in order of time."""

    def sort_key(one: NonMovement) -> tuple[float, str, float]:
        return one.onset, one.kind, one.duration

    found = {one for sensor in options.sensors for one in non_movements(plan, sensor)}
    return [
        {"onset": round(one.onset, 3), "duration": round(one.duration, 3), "kind": one.kind}
        for one in sorted(found, key=sort_key)
    ]


def noiseless_envelope(plan: NightPlan, sensor: Sensor, rate: float) -> tuple[Times, Floats]:
    """Return times (us) and values of the envelope that the plan gives without noise and gaps."""
    signal_filter = SignalFilter(sensor.quantity)
    times = []
    values = []
    for block in signal_blocks(replace(plan, gaps=()), sensor, rate, noisy=False):
        if sensor.quantity is Quantity.EMG:
            # EMG without noise is zero everywhere, but the activity of the muscle is its envelope.
            times.append(block.clock.times_of(np.arange(block.first, block.end)))
            values.append(block.samples[0])
            continue
        for piece in signal_filter.process_block(block):
            if isinstance(piece, FilteredRun) and piece.frames.envelope is not None:
                times.append(piece.frames.times)
                values.append(piece.frames.envelope)
    return np.concatenate(times), np.concatenate(values)


def with_grade(
    movement: UnilateralMovement, sensor: Sensor, times: Times, envelope: Floats
) -> UnilateralMovement:
    """Return a movement with its peak and its grade."""
    # The envelope is an average over time and lags: its peak may come after the end.
    begin, end = np.searchsorted(times, [movement.onset, movement.end + SECOND // 4])
    peak = float(envelope[begin:end].max(initial=0.0))
    return replace(movement, peak=peak, grade=MOVEMENT_RULES[sensor.quantity].grade(peak))
