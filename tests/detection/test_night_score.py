"""The score and the measures of a night."""

import re
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from math import log
from pathlib import Path

import numpy as np
import pytest

from limber_bridge.detection.events import BedTransition, Event, Gap, PositionChange
from limber_bridge.detection.measures import MEASURES, Measures
from limber_bridge.detection.night_score import Coverage, score_night
from limber_bridge.detection.rules import AASM, WASM_2016
from limber_bridge.detection.sensor_roles import movement_sensors
from limber_bridge.detection.signal import HOUR, MINUTE, Sensor, Side
from limber_bridge.detection.spans import Span
from tests.detection.night_events import kick
from tests.detection.signals import BED, LEFT, LOAD, RIGHT, TIBIALIS

SCIENCE = Path(__file__).parents[2] / "docs/science.md"
NIGHT: Span = (0, 8 * HOUR)
TO_BED = BedTransition(0, True)
PLM = [kick(60 + number / 2) for number in range(10)]
"""Ten movements, 30 s apart."""
SLEEP_H = 8 - 1.5 / 60
"""A person who lies still from the beginning is asleep after 1.5 min."""


def coverage(seen: Mapping[int, Span | None], sensors: Collection[int]) -> Coverage:
    """Return the coverage of a night of 8 h, in which these sensors count movements."""
    return Coverage(begin=0, until=8 * HOUR, seen=seen, movement_sensors=sensors)


COMPLETE = coverage({1: NIGHT}, [1])


def measures_of(*events: Event) -> Measures:
    """Return the measures of a night that one sensor measured without a gap."""
    return score_night(events, WASM_2016, COMPLETE).measures


def restless_half_hour() -> list[PositionChange]:
    """Return turns from 1:00 to 1:29, one every 40 s."""
    return [
        PositionChange(round(minute * MINUTE), round((minute + 0.1) * MINUTE))
        for minute in np.arange(60, 89, 2 / 3)
    ]


@pytest.mark.parametrize(
    ("sensors", "expected"),
    [
        ([LEFT, RIGHT], {1, 2}),
        ([LEFT, BED, LOAD], {1}),
        ([BED, LOAD], {4}),
        ([LEFT, RIGHT, TIBIALIS], {2, 3}),
        ([LOAD], {5}),
    ],
    ids=[
        "both legs",
        "leg before bed",
        "frame before load cells",
        "EMG before acceleration of the same leg",
        "load cells alone",
    ],
)
def test_which_sensors_count_movements(sensors: list[Sensor], expected: set[int]) -> None:
    assert movement_sensors(sensors) == expected


def test_measures_of_a_night() -> None:
    assert measures_of(TO_BED, *PLM, kick(200)) == Measures(
        time_in_bed_h=8.0,
        sleep_h=SLEEP_H,
        movements=11,
        candidates=11,
        plm=10,
        plm_index=10 / 8,
        plms_index=10 / SLEEP_H,
        plmw_index=0.0,
        clms_index=11 / SLEEP_H,
        movement_index=11 / 8,
        periodicity_index=10 / 11,
        short_interval_index=0.0,
        isolated_index=1 / SLEEP_H,
        clm_duration_mean=2.0,
        clm_duration_median=2.0,
        plm_duration_mean=2.0,
        plm_duration_median=2.0,
        imi_mean=30.0,
        imi_median=30.0,
        imi_ln_mean=log(30),
        imi_ln_sd=0.0,
        imi_share_short=0.0,
        imi_share_periodic=0.9,
        imi_share_long=0.1,
        series_count=1,
        series_length_median=10,
        series_length_max=10,
        series_duration_max=272.0,
        plm_by_hour=(0, 10, 0, 0, 0, 0, 0, 0),
        plm_by_third=(10, 0, 0),
        plm_left=10,
        plm_right=0,
        plm_both=0,
        longest_quiet_h=(280 * 60 - 2) / 3600,
        twitches=0,
        rhythmic_trains=0,
    )


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ({1: Side.LEFT}, (10, None, None)),
        ({1: Side.LEFT, 2: Side.RIGHT}, (10, 0, 0)),
        ({1: Side.LEFT, 3: Side.RIGHT}, (10, None, None)),
        ({1: None}, (10, None, None)),
    ],
    ids=["one leg", "both legs", "the other sensor never measured", "an unknown leg"],
)
def test_a_leg_without_a_measurement_is_unknown(
    sides: dict[int, Side | None], expected: tuple[int | None, ...]
) -> None:
    seen = {sensor: None if sensor == 3 else NIGHT for sensor in sides}
    covered = replace(coverage(seen, list(sides)), sides=sides)
    found = score_night([TO_BED, *PLM], WASM_2016, covered).measures
    assert (found.plm_left, found.plm_right, found.plm_both) == expected
    nothing = score_night([TO_BED], WASM_2016, covered).measures
    assert (nothing.plm_left, nothing.plm_right) == (
        0 if sides[1] else None,
        expected[1],
    )


def test_every_measure_is_defined() -> None:
    assert list(MEASURES) == [field.name for field in fields(Measures)]


def test_the_sources_of_measures_are_sections_of_the_science_page() -> None:
    headings = re.findall(r"^#+ (.*)$", SCIENCE.read_text(), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert {measure.source for measure in MEASURES.values()} <= anchors


def test_time_awake_in_bed_is_a_denominator_of_its_own() -> None:
    found = measures_of(TO_BED, *restless_half_hour(), *PLM)
    assert found.sleep_h == pytest.approx(SLEEP_H - 30.5 / 60, abs=0.01)
    assert found.plmw_index == pytest.approx(10 / (32 / 60), rel=0.02)


def test_without_the_time_in_bed_there_are_counts_but_no_indices() -> None:
    found = measures_of(*PLM)
    assert (found.movements, found.plm) == (10, 10)
    assert found.time_in_bed_h is found.plm_index is found.plms_index is None


def test_movements_out_of_bed_are_not_counted() -> None:
    found = measures_of(TO_BED, BedTransition(2 * HOUR, False), *PLM, kick(200))
    assert (found.movements, found.time_in_bed_h) == (10, 2.0)


def test_gaps_are_left_out_of_every_denominator() -> None:
    gap = Gap(1, 3 * HOUR, 7 * HOUR)
    found = measures_of(TO_BED, *PLM, gap, BedTransition(7 * HOUR, True))
    assert (found.time_in_bed_h, found.plm_index) == (4.0, 2.5)


def test_after_a_long_gap_the_sleeper_is_out_of_bed_until_a_sensor_shows_otherwise() -> None:
    found = measures_of(TO_BED, *PLM, Gap(1, 3 * HOUR, 7 * HOUR))
    assert (found.time_in_bed_h, found.sleep_h) == (3.0, 3.0 - 1.5 / 60)


def test_a_gap_of_one_sensor_is_not_a_gap_while_another_measures() -> None:
    events: list[Event] = [
        TO_BED,
        *PLM,
        Gap(1, 3 * HOUR, 7 * HOUR),
        Gap(2, 6 * HOUR, 8 * HOUR),
    ]
    score = score_night(events, WASM_2016, coverage({1: NIGHT, 2: NIGHT}, [1, 2]))
    assert score.gaps == ((6 * HOUR, 7 * HOUR),)


def test_without_a_fast_sensor_movements_are_unknown_and_not_zero() -> None:
    found = score_night([TO_BED], WASM_2016, coverage({1: NIGHT}, [])).measures
    assert found == replace(Measures(), time_in_bed_h=8.0)


def test_movements_of_a_sensor_that_stopped_are_related_to_the_time_it_measured() -> None:
    """Its battery is empty after two hours; the bed is measured all night."""
    seen = {1: (0, 2 * HOUR), 2: NIGHT}
    found = score_night([TO_BED, *PLM], WASM_2016, coverage(seen, [1])).measures
    assert (found.time_in_bed_h, found.plm, found.plm_index) == (8.0, 10, 5.0)


@pytest.mark.parametrize("seen", [None, (-9 * HOUR, -HOUR)], ids=["never", "only before the night"])
def test_movements_of_a_sensor_that_did_not_measure_are_unknown(seen: Span | None) -> None:
    found = score_night([TO_BED], WASM_2016, coverage({1: seen, 2: NIGHT}, [1])).measures
    assert (found.time_in_bed_h, found.movements, found.plm_index) == (8.0, None, None)


def test_a_sensor_that_never_measured_hides_no_gap_of_another() -> None:
    events: list[Event] = [
        TO_BED,
        *PLM,
        Gap(1, 3 * HOUR, 7 * HOUR),
        BedTransition(7 * HOUR, True),
    ]
    found = score_night(events, WASM_2016, coverage({1: NIGHT, 2: None}, [1, 2])).measures
    assert (found.time_in_bed_h, found.plm_index) == (4.0, 2.5)


def test_aasm_does_not_score_wakefulness() -> None:
    events: list[Event] = [TO_BED, *restless_half_hour(), *PLM]
    found = score_night(events, AASM, COMPLETE).measures
    assert (found.candidates, found.plmw_index) == (0, None)


def test_a_night_without_movements() -> None:
    found = measures_of(TO_BED)
    assert (found.movements, found.plm_index, found.periodicity_index) == (0, 0.0, None)
