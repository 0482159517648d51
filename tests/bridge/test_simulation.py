"""Simulated nights: repeatable, as wished, and found by the detector."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from limber_bridge.detection.detector import Detector
from limber_bridge.detection.events import Movement
from limber_bridge.detection.night import NightScore, score_night
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import SECOND, Place, Quantity, Sensor, Side
from limber_bridge.simulate import KINDS, NotWritableError, Order, write
from limber_bridge.simulation.night import Plan
from limber_bridge.simulation.plan import Wishes, plan
from limber_bridge.simulation.signals import blocks
from limber_bridge.simulation.truth import truth

ANKLE = Sensor(1, Quantity.ACCELERATION, Place.ANKLE, Side.LEFT)
SHORT = Wishes(hours=2.0, plm_index=30.0)


def scored(night: Plan, sensors: Sequence[Sensor], rate: float) -> NightScore:
    detector = Detector(sensors)
    events = [
        event
        for sensor in sensors
        for block in blocks(night, sensor, rate)
        for event in detector.feed(sensor.id, block)
    ]
    until = round(night.duration * SECOND)
    return score_night(events + detector.finish(), WASM_2016, detector.coverage(0, until))


def matched(found: Sequence[Movement], true: Sequence[Movement]) -> int:
    """How many true movements overlap one that was found, each of them once."""
    left = list(found)
    hits = 0
    for movement in true:
        match = next((one for one in left if one.onset < movement.end and movement.onset < one.end), None)
        if match is not None:
            left.remove(match)
            hits += 1
    return hits


@pytest.mark.parametrize("index", [0.0, 5.0, 25.0, 60.0, 100.0])
def test_the_truth_is_what_was_wished(index: float) -> None:
    night = plan(1, Wishes(plm_index=index))
    measures = truth(night, [ANKLE]).night.measures
    assert measures.plm_index == pytest.approx(index, rel=0.05, abs=0.5)
    assert measures.time_in_bed_h == pytest.approx(7.9, abs=0.1)


def test_movements_of_one_leg_do_not_touch() -> None:
    for seed in range(20):
        kicks = plan(seed, Wishes(plm_index=60)).kicks
        assert all(later.onset - earlier.onset - earlier.duration >= 0.5 for earlier, later in pairwise(kicks))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "edf"])
def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, kind: str, suffix: str) -> None:
    rate = 200.0 if kind == "emg" else 25.0
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        wishes = replace(SHORT, hours=0.3)
        write(Order(out=tmp_path / name / f"n.{suffix}", wishes=wishes, seed=4, sensor=kind, rate=rate))
    for name in (f"n.{suffix}", "n.truth.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_another_seed_is_another_night() -> None:
    assert plan(1, SHORT) != plan(2, SHORT)


def test_the_truth_stands_beside_the_recording(tmp_path: Path) -> None:
    write(Order(out=tmp_path / "n.csv", wishes=SHORT, seed=1, sensor="ankle", rate=50.0))
    found = json.loads((tmp_path / "n.truth.json").read_text())
    assert found["schema"] == "limber.score/1"
    assert found["measures"]["plm"] == sum(one["series"] is not None for one in found["movements"])
    assert len(found["cramps"]) == 1
    assert all(one["peak"] > 0.005 for one in found["movements"])
    assert len(found["in_bed"]) == 2


@pytest.mark.parametrize("order", [{"rate": 5.0}, {"sensor": "emg", "rate": 50.0}, {"out": "n.wav"}], ids=str)
def test_what_cannot_be_written_is_said(tmp_path: Path, order: dict[str, object]) -> None:
    wanted = {"out": "n.csv", "wishes": SHORT, "seed": 1, "sensor": "ankle", "rate": 50.0} | order
    wanted["out"] = tmp_path / str(wanted["out"])
    with pytest.raises(NotWritableError, match="write"):
        write(Order(**wanted))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_the_detector_finds_what_was_planned(seed: int) -> None:
    night = plan(seed, Wishes(plm_index=30))
    true = truth(night, [ANKLE]).night
    found = scored(night, [ANKLE], 50.0)
    hits = matched(found.scoring.movements, true.scoring.movements)
    assert 2 * hits / (len(found.scoring.movements) + len(true.scoring.movements)) > 0.98
    assert found.measures.plm_index == pytest.approx(true.measures.plm_index, rel=0.05)
    assert found.measures.time_in_bed_h == pytest.approx(true.measures.time_in_bed_h, abs=5 / 60)


def test_two_legs_are_found_together() -> None:
    night = plan(2, Wishes(hours=3.0, legs=tuple(Side)))
    sensors = [Sensor(number, Quantity.ACCELERATION, Place.ANKLE, side) for number, side in enumerate(Side, 1)]
    true = truth(night, sensors).night
    found = scored(night, sensors, 50.0)
    assert found.measures.plm == pytest.approx(true.measures.plm, abs=3)
    assert sum(one.bilateral for one in found.scoring.movements) == pytest.approx(
        sum(one.bilateral for one in true.scoring.movements), abs=2
    )


@pytest.mark.parametrize(("kind", "rate"), [("emg", 250.0), ("bed", 50.0)])
def test_other_sensors_find_the_periodic_movements_too(kind: str, rate: float) -> None:
    night, sensor = plan(1, Wishes(hours=3.0)), Sensor(1, *KINDS[kind], Side.LEFT if kind == "emg" else None)
    true = truth(night, [sensor]).night.measures
    found = scored(night, [sensor], rate).measures
    assert found.plm == pytest.approx(true.plm, rel=0.1)
