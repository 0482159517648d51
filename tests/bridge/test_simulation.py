"""Simulated nights: reproducible, as specified, consistent with their truth, and detectable."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from limber_bridge.cli import main
from limber_bridge.detection.events import Certainty, Cramp, Gap, Movement
from limber_bridge.detection.night_score import NightScore, score_night
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import SECOND, Floats, Placement, Quantity, Sensor, Side
from limber_bridge.offline.detect import detect_recording
from limber_bridge.offline.simulate import (
    SENSOR_KINDS,
    SimulateOptions,
    SimulationError,
    simulate_night,
)
from limber_bridge.recordings import read_recording
from limber_bridge.simulation.devices import DEVICES, Device, device_reading
from limber_bridge.simulation.disturbances import GROUPS, Disturbance
from limber_bridge.simulation.night import NightPlan, RhythmicMovement
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.sampling import Minute, minutes_of
from limber_bridge.simulation.signals import limb_signal, sensed_signal, signal_blocks
from limber_bridge.simulation.truth import find_truth, non_movements, true_movements
from limber_bridge.sources.simulated import on_a_leg

ANKLE = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
TIBIALIS = Sensor(1, Quantity.EMG, Placement.TIBIALIS, Side.LEFT)
CALF = Sensor(2, Quantity.EMG, Placement.CALF, Side.LEFT)
SENSORS = [
    ANKLE,
    TIBIALIS,
    CALF,
    Sensor(3, Quantity.ACCELERATION, Placement.BED),
    Sensor(4, Quantity.LOAD, Placement.BED),
]
SHORT = NightSpec(hours=2.0, plm_index=30.0)
DISTURBED = NightSpec(hours=4.0, plm_index=15.0, disturbances=GROUPS["everything"])
nights = st.builds(
    plan_night,
    st.integers(0, 10_000),
    st.builds(
        NightSpec,
        hours=st.sampled_from([4.0, 6.0]),
        plm_index=st.sampled_from([0.0, 8.0, 20.0]),
        cramps=st.integers(0, 1),
        legs=st.sampled_from([(Side.LEFT,), (Side.RIGHT,), tuple(Side)]),
        disturbances=st.frozensets(st.sampled_from(Disturbance), max_size=4),
    ),
)
few_examples = settings(max_examples=25, deadline=None)


def score_signals(night: NightPlan, sensors: Sequence[Sensor], rate: float) -> NightScore:
    detector = Pipeline(sensors)
    events = [
        event
        for sensor in sensors
        for block in signal_blocks(night, sensor, rate)
        for event in detector.process(sensor.id, block)
    ]
    until = round(night.duration * SECOND)
    return score_night(events + detector.finish(), WASM_2016, detector.coverage(0, until))


def count_matches(found: Sequence[Movement], true: Sequence[Movement]) -> int:
    """Return how many true movements overlap a detected one; each of those counts once."""
    left = list(found)
    hits = 0
    for movement in true:
        match = next(
            (one for one in left if one.onset < movement.end and movement.onset < one.end), None
        )
        if match is not None:
            left.remove(match)
            hits += 1
    return hits


@pytest.mark.parametrize("index", [0.0, 5.0, 25.0, 60.0, 100.0])
def test_the_truth_has_the_requested_index(index: float) -> None:
    night = plan_night(1, NightSpec(plm_index=index))
    measures = find_truth(night, [ANKLE]).night.measures
    assert measures.plm_index == pytest.approx(index, rel=0.05, abs=0.5)
    assert measures.time_in_bed_h == pytest.approx(7.9, abs=0.1)


def test_movements_of_one_leg_are_at_least_half_a_second_apart() -> None:
    for seed in range(20):
        kicks = plan_night(seed, NightSpec(plm_index=60)).kicks
        assert all(
            later.onset - earlier.onset - earlier.duration >= 0.5
            for earlier, later in pairwise(kicks)
        )


@pytest.mark.parametrize("kind", SENSOR_KINDS)
@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "edf"])
def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, kind: str, suffix: str) -> None:
    rate = 200.0 if kind == "emg" else 25.0
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        spec = replace(SHORT, hours=0.3)
        simulate_night(
            SimulateOptions(
                out=tmp_path / name / f"n.{suffix}", spec=spec, seed=4, sensor=kind, rate=rate
            )
        )
    for name in (f"n.{suffix}", "n.truth.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_another_seed_gives_another_night() -> None:
    assert plan_night(1, SHORT) != plan_night(2, SHORT)


def test_the_truth_is_written_next_to_the_recording(tmp_path: Path) -> None:
    simulate_night(
        SimulateOptions(out=tmp_path / "n.csv", spec=SHORT, seed=1, sensor="ankle", rate=50.0)
    )
    found = json.loads((tmp_path / "n.truth.json").read_text())
    assert found["schema"] == "limber.score/1"
    assert found["measures"]["plm"] == sum(one["series"] is not None for one in found["movements"])
    assert len(found["cramps"]) == 1
    assert all(one["peak"] > 0.005 for one in found["movements"])
    assert len(found["in_bed"]) == 2


@pytest.mark.parametrize(
    "change", [{"rate": 5.0}, {"sensor": "emg", "rate": 50.0}, {"out": "n.wav"}], ids=str
)
def test_impossible_options_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    options = {"out": "n.csv", "spec": SHORT, "seed": 1, "sensor": "ankle", "rate": 50.0} | change
    options["out"] = tmp_path / str(options["out"])
    with pytest.raises(SimulationError, match="write"):
        simulate_night(SimulateOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_planned_movements_are_detected(seed: int) -> None:
    night = plan_night(seed, NightSpec(plm_index=30))
    true = find_truth(night, [ANKLE]).night
    found = score_signals(night, [ANKLE], 50.0)
    hits = count_matches(found.scoring.movements, true.scoring.movements)
    assert 2 * hits / (len(found.scoring.movements) + len(true.scoring.movements)) > 0.98
    assert found.measures.plm_index == pytest.approx(true.measures.plm_index, rel=0.05)
    assert found.measures.time_in_bed_h == pytest.approx(true.measures.time_in_bed_h, abs=5 / 60)


def test_movements_of_both_legs_are_detected() -> None:
    night = plan_night(2, NightSpec(hours=3.0, legs=tuple(Side)))
    sensors = [
        Sensor(number, Quantity.ACCELERATION, Placement.ANKLE, side)
        for number, side in enumerate(Side, 1)
    ]
    true = find_truth(night, sensors).night
    found = score_signals(night, sensors, 50.0)
    assert found.measures.plm == pytest.approx(true.measures.plm, abs=3)
    assert sum(one.bilateral for one in found.scoring.movements) == pytest.approx(
        sum(one.bilateral for one in true.scoring.movements), abs=2
    )


def test_a_kick_that_shakes_and_displaces_the_other_leg_is_found_on_its_own_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other leg settles elsewhere beside half of the kicks: docs/simulation.md."""
    options = "--legs both --with coupling --hours 0.5 --cramps 0 --rate 25 --seed 5 --quiet"
    assert main(["simulate", "--out", str(tmp_path / "n.csv"), *options.split()]) == 0
    truth = json.loads((tmp_path / "n.truth.json").read_text())
    assert main(["score", str(tmp_path / "n.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["movements"]
    one_leg = [move for move in truth["movements"] if move["side"] != "both"]
    shaken = [one for one in truth["not_movements"] if one["kind"] == "coupling"]
    assert len(one_leg) >= 8
    assert len(shaken) >= len(one_leg)
    for kick in one_leg:
        end = kick["onset"] + kick["duration"]
        sides = [
            move["side"]
            for move in found
            if move["onset"] < end and kick["onset"] < move["onset"] + move["duration"]
        ]
        assert sides == [kick["side"]], kick


@pytest.mark.parametrize(("kind", "rate"), [("emg", 250.0), ("bed", 50.0)])
def test_other_sensors_detect_the_periodic_movements_too(kind: str, rate: float) -> None:
    night = plan_night(1, NightSpec(hours=3.0))
    sensor = Sensor(1, *SENSOR_KINDS[kind], Side.LEFT if kind == "emg" else None)
    true = find_truth(night, [sensor]).night.measures
    found = score_signals(night, [sensor], rate).measures
    assert found.plm == pytest.approx(true.plm, rel=0.1)


def test_nights_have_the_statistics_of_real_ones() -> None:
    """Early series, durations of 2 to 3 s, few short intervals: docs/science.md#typical-nights."""
    nights_and_truths = [
        (night, find_truth(night, [ANKLE]).night)
        for night in (plan_night(seed, NightSpec()) for seed in range(24))
    ]
    early = [
        move.onset < night.duration / 2 * SECOND
        for night, found in nights_and_truths
        for move in found.scoring.periodic
    ]
    assert np.mean(early) > 0.55
    assert all(
        2.0 < (found.measures.plm_duration_median or 0) < 3.0 for _, found in nights_and_truths
    )
    assert all(
        0.0 <= (found.measures.imi_share_short or 0) <= 0.15 for _, found in nights_and_truths
    )
    assert all(3.0 < (found.measures.imi_ln_mean or 0) < 3.7 for _, found in nights_and_truths)
    assert all(0.33 < (found.measures.imi_ln_sd or 0) < 0.55 for _, found in nights_and_truths)
    assert max(found.measures.series_length_max or 0 for _, found in nights_and_truths) > 40


@few_examples
@given(night=nights)
def test_the_truth_is_consistent(night: NightPlan) -> None:
    for sensor in SENSORS:
        truth = find_truth(night, [sensor], 50.0)
        for part in true_movements(night, sensor):
            assert 0 <= part.onset < part.end <= round(night.duration * SECOND)
            assert not any(
                part.onset < end * SECOND - 1 and begin * SECOND + 1 < part.end
                for begin, end in night.gaps
            )
        assert all(one.duration >= SECOND // 2 for one in truth.night.scoring.movements)
        assert all(later[0] > earlier[1] for earlier, later in pairwise(truth.gaps))
        assert all(later[0] >= earlier[1] for earlier, later in pairwise(night.asleep))


@few_examples
@given(night=nights)
def test_distractors_are_no_movements_in_the_truth(night: NightPlan) -> None:
    trains = [one for one in night.distractors if isinstance(one, RhythmicMovement)]
    marked = [(part.onset / SECOND, part.end / SECOND) for part in true_movements(night, ANKLE)]
    assert not any(
        begin < train.onset + train.duration and train.onset < end
        for train in trains
        for begin, end in marked
    )
    twitches = [other for other in non_movements(night, ANKLE) if other.kind == "twitch"]
    assert not any(begin == one.onset for one in twitches for begin, _ in marked)


@pytest.mark.parametrize(
    "sensor", SENSORS, ids=lambda sensor: f"{sensor.placement}-{sensor.quantity}"
)
def test_a_signal_does_not_depend_on_its_division_into_minutes(sensor: Sensor) -> None:
    rate = 100.0
    night = plan_night(3, DISTURBED)
    whole = [minute for minute in minutes_of(night, sensor, rate) if 60 <= minute.number < 120]
    joined = Minute(night, sensor, rate, 60, np.concatenate([minute.times for minute in whole]))
    assert np.allclose(
        np.concatenate([limb_signal(one) for one in whole], axis=1),
        limb_signal(joined),
        rtol=0,
        atol=1e-6,
    )
    # A minute computed alone is the same as among the others.
    alone = Minute(night, sensor, rate, whole[7].number, whole[7].times.copy())
    assert np.array_equal(sensed_signal(alone), sensed_signal(whole[7]))


def test_muscle_noise_continues_from_minute_to_minute() -> None:
    night = plan_night(3, SHORT)
    earlier, later = list(minutes_of(night, TIBIALIS, 250.0))[10:12]
    assert np.array_equal(earlier.white_noise(1, 1)[:, -8:], later.white_noise(1, 1, lead=8)[:, :8])


def test_emg_has_the_planned_amplitude() -> None:
    night = replace(
        plan_night(2, replace(SHORT, hours=1.0, cramps=0)),
        kicks=(),
        turns=(),
        walks=(),
        distractors=(),
    )
    (minute, *_) = minutes_of(night, CALF, 1000.0)
    signal = sensed_signal(minute)[0]
    band = butter(4, (10, 100), "bandpass", fs=1000, output="sos")
    inside = float(np.std(sosfiltfilt(band, signal)))
    assert float(np.std(signal)) == pytest.approx(6.0, rel=0.05)
    assert 4.8 < inside < 6.0


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_has_the_noise_and_resolution_of_its_row(name: str) -> None:
    device = DEVICES[name]
    shown = constant_reading(device, 0.0)
    assert np.allclose(
        np.diff(shown) / device.resolution, np.rint(np.diff(shown) / device.resolution), atol=0.02
    )
    noise = np.hypot(np.mean(device.noise), device.resolution / np.sqrt(12))
    assert float(np.std(np.diff(shown, axis=1)) / np.sqrt(2)) == pytest.approx(noise, rel=0.1)
    assert (
        np.abs(constant_reading(device, 2 * device.full_scale)).max()
        <= device.full_scale + device.resolution
    )


def constant_reading(device: Device, level: float) -> Floats:
    """Return a minute of a device that measures one value all the time."""
    (minute, *_) = minutes_of(plan_night(1, SHORT), ANKLE, 50.0)
    return device_reading(device, minute, np.full((len(device.noise), len(minute.times)), level))


@pytest.mark.parametrize("kind", SENSOR_KINDS)
def test_the_same_seed_writes_the_same_disturbed_night(tmp_path: Path, kind: str) -> None:
    # Two hours are the shortest with every disturbance.
    spec = replace(DISTURBED, hours=2.0)
    rate = 100.0 if kind == "emg" else 10.0
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        simulate_night(
            SimulateOptions(
                out=tmp_path / name / "n.csv", spec=spec, seed=4, sensor=kind, rate=rate
            )
        )
    for name in ("n.csv", "n.truth.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_every_disturbance_changes_the_night() -> None:
    for disturbance in Disturbance:
        night = plan_night(5, replace(DISTURBED, disturbances=frozenset({disturbance})))
        assert replace(night, seed=0) != replace(
            plan_night(5, replace(DISTURBED, disturbances=frozenset())), seed=0
        ), disturbance


def test_the_gaps_of_the_truth_are_detected_in_the_file(tmp_path: Path) -> None:
    spec = replace(DISTURBED, disturbances=frozenset({Disturbance.GAPS}))
    simulate_night(
        SimulateOptions(out=tmp_path / "n.csv", spec=spec, seed=2, sensor="ankle", rate=25.0)
    )
    true_gaps = json.loads((tmp_path / "n.truth.json").read_text())["gaps"]
    found = [
        event
        for event in detect_recording(read_recording(tmp_path / "n.csv"), WASM_2016).events
        if isinstance(event, Gap)
    ]
    assert len(true_gaps) >= 2
    assert [(gap.onset / SECOND, gap.end / SECOND) for gap in found] == pytest.approx(
        [(gap["onset"], gap["end"]) for gap in true_gaps], abs=0.002
    )
    # The other losses were too short to be gaps.
    assert len(true_gaps) < len(plan_night(2, spec).gaps)


def test_times_jitter_and_never_go_back(tmp_path: Path) -> None:
    spec = replace(DISTURBED, disturbances=frozenset({Disturbance.JITTER}))
    simulate_night(
        SimulateOptions(out=tmp_path / "n.csv", spec=spec, seed=2, sensor="ankle", rate=25.0)
    )
    with (tmp_path / "n.csv").open() as lines:
        times = np.array([float(row["time"]) for row in csv.DictReader(lines)])
    steps = np.diff(times)
    assert steps.min() > 0
    assert steps.std() > 0.1 / 25
    assert 0.985 < steps.mean() * 25 < 1.015
    assert times[-1] == pytest.approx(4 * 3600, abs=30)


def test_a_cramp_in_the_calf_is_detected_as_probable(tmp_path: Path) -> None:
    spec = NightSpec(hours=1.0, plm_index=10.0, legs=tuple(Side))
    simulate_night(
        SimulateOptions(
            out=tmp_path / "n.csv", spec=spec, seed=2, sensor="ankle", rate=100.0, calf=True
        )
    )
    header = (tmp_path / "n.csv").read_text()[:200].splitlines()[0].split(",")
    assert [name for name in header if "emg" in name] == ["left_calf_emg", "right_calf_emg"]
    found = [
        event
        for event in detect_recording(read_recording(tmp_path / "n.csv"), WASM_2016).events
        if isinstance(event, Cramp)
    ]
    (known,) = json.loads((tmp_path / "n.truth.json").read_text())["cramps"]
    assert [cramp.certainty for cramp in found] == [Certainty.PROBABLE]
    assert found[0].onset / SECOND == pytest.approx(known["onset"], abs=15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--with hum", "affects only EMG; write"),
        ("--with tonic --sensor emg", "affects only EMG of the calf"),
        ("--with loose-strap --sensor bed", "affects only an accelerometer at the ankle"),
        ("--with coupling", "affects only accelerometers at both ankles; write --legs both"),
        ("--with close-partner --sensor bed", "affects only an accelerometer at the ankle"),
        ("--device amplifier", "write one of low-noise, common, mpu6050"),
        ("--device mpu6050 --sensor emg", "write one of laboratory, amplifier"),
        ("--with gaps --out night.edf", "write to .csv or .csv.gz"),
        ("--with everything --hours 1", "write more --hours, or fewer"),
        ("--calf --rate 50", "write 100 to 2000 Hz"),
    ],
)
def test_options_without_effect_are_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "--out", "n.csv", *arguments.split()]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not list(tmp_path.iterdir())


def test_the_written_files_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "--out", "n.csv.gz", "--hours", "0.5", "--cramps", "0"]) == 0
    assert capsys.readouterr().err == "wrote n.csv.gz and n.truth.json\n"
    assert {path.name for path in tmp_path.iterdir()} == {"n.csv.gz", "n.truth.json"}
    assert main(["simulate", "--out", "n.csv", "--hours", "0.5", "--cramps", "0", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("arguments", ["--with nothing", "--device toaster"])
def test_the_error_for_an_unknown_name_lists_the_known_ones(
    capsys: pytest.CaptureFixture[str], arguments: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["simulate", "--out", "n.csv", *arguments.split()])
    assert "write one of" in capsys.readouterr().err


def test_a_simulated_sensor_without_a_side_is_on_a_leg() -> None:
    worn = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, None)
    assert on_a_leg(worn) == replace(worn, side=Side.LEFT)
    right = replace(worn, side=Side.RIGHT)
    assert on_a_leg(right) == right
    bed = Sensor(2, Quantity.LOAD, Placement.BED, None)
    assert on_a_leg(bed) == bed
