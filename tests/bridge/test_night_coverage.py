"""Measured time of nights that the state of the pipeline does not know, and of those it knows."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from limber_bridge.cli import main
from limber_bridge.config.loader import load_config
from limber_bridge.detection.channel import SensorState
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.scoring_input import hours
from limber_bridge.detection.signal import HOUR, MINUTE
from limber_bridge.offline.stored_night import StoredNight, load_stored_night
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_reader import open_journal_reader
from limber_bridge.web.timeline import make_timeline
from tests.bridge.examples import local, settings
from tests.bridge.web_nights import LEGS, NIGHT, simulated_night

IMPORTED: Final = date(2024, 11, 21)
EVENING_S: Final = 1_732_143_600
"""2024-11-21 at midnight in Berlin."""
AFTER: Final = local("2026-11-28T22:00")
SLEEP_H: Final = 0.01
"""h by which re-scored spans may differ: rounding of the stored figures."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("night")
    more = "network: {address: 127.0.0.1, port: 1}\n"
    (folder / "limber.yaml").write_text(settings(LEGS, port=1, more=more))
    return folder


def stored_night(folder: Path, day: date) -> StoredNight:
    config = load_config(folder / "limber.yaml")
    with open_journal_reader(config.journal) as record:
        return load_stored_night(config, record, config.sleepers[0], day)


@cache
def recording(folder: Path, *options: str) -> Path:
    """Return a simulated recording of two hours in another year, with options of the simulator.

    It is made once in a process.
    """
    path = folder / f"night{''.join(options)}.csv"
    simulate = ["simulate", "--out", str(path), "--hours", "2", "--rate", "25", "--quiet"]
    assert main([*simulate, *options]) == 0
    header = path.read_text().splitlines()[0]
    rows = np.genfromtxt(path, delimiter=",", skip_header=1)
    rows[:, 0] += EVENING_S
    np.savetxt(path, rows, fmt="%.3f", delimiter=",", header=header, comments="")
    return path


def seen_since(moment: int | None) -> PipelineState:
    """Return the state of a pipeline whose sensors have measured for an hour."""
    until = None if moment is None else moment + HOUR
    return PipelineState({number: SensorState(moment, until, 25.0) for number in (1, 2)})


def check_figures(stored: StoredNight) -> None:
    """Check that the spans of a night fit the figures that the journal keeps of it."""
    assert stored.night is not None
    measures = stored.night.measures
    score = stored.score
    assert hours(score.in_bed, score.gaps) == pytest.approx(measures.time_in_bed_h, abs=SLEEP_H)
    assert hours(score.asleep, score.gaps) == pytest.approx(measures.sleep_h, abs=SLEEP_H)
    assert len(score.scoring.series) == measures.series_count


@pytest.mark.parametrize("memory", [None, seen_since(AFTER)], ids=["new bridge", "live bridge"])
@pytest.mark.parametrize(
    "options",
    [[], ["--with", "gaps"], ["--with", "gaps", "--legs", "both"], ["--with", "toilet"]],
    ids=["whole", "gaps", "gaps of two", "toilet"],
)
def test_an_imported_night_is_measured_where_its_recording_was(
    template: Path, tmp_path: Path, options: list[str], memory: PipelineState | None
) -> None:
    config = tmp_path / "limber.yaml"
    config.write_text((template / "limber.yaml").read_text())
    if memory is not None:
        with Journal(load_config(config).journal) as journal:
            journal.append("anna", [], memory)
    assert (
        main(
            [
                "import",
                str(recording(template, *options)),
                "--sleeper",
                "anna",
                "--config",
                str(config),
            ]
        )
        == 0
    )
    stored = stored_night(tmp_path, IMPORTED)
    check_figures(stored)
    gaps = sum(end - begin for begin, end in stored.score.gaps)
    assert gaps < HOUR / 4
    assert (gaps > 0) == ("gaps" in options)


@pytest.mark.parametrize(
    "known",
    [None, AFTER, local("2026-11-23T03:00"), local("2026-11-22T22:30")],
    ids=["nothing", "later", "half of the night", "the night"],
)
def test_a_night_before_the_sensors_of_today_is_measured_where_its_events_are(
    template: Path, tmp_path: Path, known: int | None
) -> None:
    night, events, state = simulated_night(template)
    (tmp_path / "limber.yaml").write_text((template / "limber.yaml").read_text())
    sensors = {
        number: replace(one, first_sample=known or one.first_sample)
        for number, one in state.sensors.items()
    }
    memory = replace(state, sensors=sensors)
    if known in (None, AFTER):
        memory = seen_since(known)
    with Journal(load_config(tmp_path / "limber.yaml").journal) as journal:
        journal.append("anna", [(NIGHT, event) for event in events], memory)
        journal.save_night(night)
    stored = stored_night(tmp_path, NIGHT)
    score = stored.score
    # The night got a common gap of 15 minutes after it was scored.
    assert hours(score.asleep, []) == pytest.approx(night.measures.sleep_h, abs=0.4)
    assert score.in_bed is not None
    lost = [
        min(gap[1], score.in_bed[-1][1]) - max(gap[0], score.in_bed[0][0]) for gap in score.gaps
    ]
    assert sum(max(0, one) for one in lost) == pytest.approx(15 * MINUTE, abs=MINUTE)
    assert len(make_timeline(stored, load_config(tmp_path / "limber.yaml").calendar.zone).gaps) <= 2


def test_a_sensor_that_fell_silent_is_not_shown_as_measuring(
    template: Path, tmp_path: Path
) -> None:
    _, events, state = simulated_night(template)
    (tmp_path / "limber.yaml").write_text((template / "limber.yaml").read_text())
    silent = local("2026-11-23T04:00")
    memory = replace(
        state,
        sensors={
            number: replace(one, measured_until=silent) for number, one in state.sensors.items()
        },
    )
    early = [event for event in events if event.onset < silent]
    with Journal(load_config(tmp_path / "limber.yaml").journal) as journal:
        journal.append("anna", [(NIGHT, event) for event in early], memory)
    stored = stored_night(tmp_path, NIGHT)
    assert stored.score.asleep is not None
    assert max(end for _, end in stored.score.asleep) <= silent
