"""`limber nights` and `limber export`: list and export the nights of the journal."""

import csv
import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pyedflib
import pytest

from limber_bridge.cli import main
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import (
    Certainty,
    Cramp,
    Event,
    Factor,
    FactorKind,
    Gap,
    Movement,
    event_id,
)
from limber_bridge.detection.night_score import score_night
from limber_bridge.detection.pipeline import Pipeline, PipelineState
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import (
    SECOND,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)
from limber_bridge.domain.diary import DiaryEntry, diary_values
from limber_bridge.offline.detect import detect_recording
from limber_bridge.recordings import read_recording
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.signals import signal_blocks
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.raw_format import RawFile, RawFileInfo
from tests.bridge.examples import BERLIN, local, night, settings

NETWORK = "network: {address: 127.0.0.1, port: 1}\n"
SENSORS = (
    "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}\n"
    "{id: 2, source: network, placement: tibialis, side: right, quantity: emg}"
)
ANKLE = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
EMG = Sensor(2, Quantity.EMG, Placement.TIBIALIS, Side.RIGHT)
DAY = date(2026, 11, 22)
AT = local("2026-11-21T23:00") + 250_000
GAP_S = range(600, 640)
"""Seconds without samples of the ankle."""


def sensor_blocks(sensor: Sensor, rate: float, drift: float, step: float) -> list[SampleBlock]:
    """Return the signal of a simulated sleeper, from a sensor whose clock is slightly wrong."""
    plan = plan_night(3, NightSpec(hours=0.5, plm_index=100, cramps=0))
    (signal,) = [np.concatenate([one.samples for one in signal_blocks(plan, sensor, rate)], axis=1)]
    whole = SampleBlock(0, np.rint(signal / step) * step, SampleClock(0, AT, rate * drift), rate)
    if sensor is not ANKLE:
        return [whole]
    begin = round(GAP_S.start * rate)
    end = round(GAP_S.stop * rate)
    return [whole.split(begin)[0], whole.split(end)[1]]


@pytest.fixture(scope="module")
def bridge_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, a journal and the raw signal of a night."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "limber.yaml").write_text(settings(SENSORS, port=1, more=NETWORK))
    detector = Pipeline([ANKLE, EMG])
    events = list[Event]()
    (folder / "limber-raw").mkdir()
    with closing(
        RawFile(
            folder / "limber-raw/anna-2026-11-22.db", RawFileInfo("anna", str(DAY), "0.1.0"), AT
        )
    ) as file:
        for sensor, signal in (
            (ANKLE, sensor_blocks(ANKLE, 50.0, 1.002, 1e-3)),
            (EMG, sensor_blocks(EMG, 250.0, 0.999, 0.1)),
        ):
            file.write([(sensor, signal)])
            for block in signal:
                events += detector.process(sensor.id, block)
    events += detector.finish()
    with Journal(folder / "limber.db") as journal:
        journal.append("anna", [(DAY, event) for event in events], detector.state)
        coverage = detector.coverage(AT, AT + 1800 * SECOND)
        score = score_night(journal.events("anna", DAY), WASM_2016, coverage)
        journal.save_night(replace(night(DAY), measures=score.measures))
        journal.save_night(night(date(2026, 11, 20), 2))
        # The detected cramp of this label has been deleted with the other events of its night.
        deleted = Cramp(
            local("2026-11-20T03:00"), local("2026-11-20T03:01"), Certainty.POSSIBLE, "kicks", 1.5
        )
        journal.save_label(
            "anna", Label(event_id(deleted), deleted.onset, cramp=True, about=deleted)
        )
        journal.append(
            "anna", [(date(2026, 11, 23), Gap(1, AT + 10**11, AT + 10**11 + 1))], detector.state
        )
    with closing(sqlite3.connect(folder / "limber.db")) as database:
        database.execute(
            "UPDATE night SET events_dropped_at = 1795400000000000 WHERE night = '2026-11-20'"
        )
        database.commit()
    return folder


def limber(*words: str | Path) -> int:
    return main([str(word) for word in words])


def export(folder: Path, name: str, capsys: pytest.CaptureFixture[str], *words: str) -> Path:
    out = folder / name
    assert limber("export", *words, "--out", out, "--config", folder / "limber.yaml") == 0, (
        capsys.readouterr().err
    )
    return out


def test_nights_are_listed_as_a_table(
    bridge_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert limber("nights", "--config", bridge_folder / "limber.yaml") == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert re.split(r"  +", head) == [
        "sleeper",
        "night",
        "from-to",
        "in bed h",
        "asleep h",
        "movements",
        "PLM",
        "PLM /h",
        "revision",
        "stored",
    ]
    assert rows[0].split() == [
        "anna",
        "2026-11-20",
        "00:10-08:04",
        "7.9",
        "6.7",
        "312",
        "190",
        "24.1",
        "2",
        "measures",
    ]
    assert rows[1].split()[:2] == ["anna", "2026-11-22"]
    assert rows[1].endswith("measures, events, signal")
    assert rows[2].split()[:4] == ["anna", "2026-11-23", "not", "finished"]


def test_a_night_that_is_only_in_the_diary_is_listed_as_not_measured(
    bridge_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "noted"
    shutil.copytree(bridge_folder, folder)
    tomorrow = datetime.now(BERLIN).date() + timedelta(days=1)
    entries = (
        DiaryEntry(night=date(2026, 11, 21), evening_symptoms=4, cramp=True, cramp_pain=6),
        DiaryEntry(night=DAY, sleep_quality=0, cramp=False),
        DiaryEntry(night=tomorrow, evening_symptoms=0),
    )
    assert limber("nights", "--json", "--config", folder / "limber.yaml") == 0
    measured = capsys.readouterr().out
    with Journal(folder / "limber.db") as journal:
        journal.write([JournalBatch("anna", diary=entries)])
    assert limber("nights", "--config", folder / "limber.yaml") == 0
    head, *rows = [re.split(r"  +", line) for line in capsys.readouterr().out.splitlines()]
    assert head[-2:] == ["stored", "diary"]
    assert [row[1] for row in rows] == [
        "2026-11-20",
        "2026-11-21",
        "2026-11-22",
        "2026-11-23",
        str(tomorrow),
    ]
    unknown = ["-"] * 7
    assert rows[1][2:] == ["not measured", *unknown, "symptoms 4/10, cramp, pain 6/10"]
    assert rows[2][-1] == "sleep quality 0/10, no cramp"
    assert rows[4][2:] == ["not measured yet", *unknown, "symptoms 0/10"]
    assert rows[0][-1] == "measures"
    # Programs get the nights that were measured, as before.
    assert limber("nights", "--json", "--config", folder / "limber.yaml") == 0
    assert capsys.readouterr().out == measured.replace(str(bridge_folder), str(folder))


def test_nights_are_listed_as_json(bridge_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        limber("nights", "--json", "--config", bridge_folder / "limber.yaml", "--sleeper", "anna")
        == 0
    )
    nights = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["night"], one["finished"], one["events"]) for one in nights] == [
        ("2026-11-20", True, "dropped 2026-11-23"),
        ("2026-11-22", True, "kept"),
        ("2026-11-23", False, "kept"),
    ]
    assert nights[0]["measures"]["plm_index"] == 24.0506
    assert (nights[1]["signal"], nights[2]["signal"]) == (
        str(bridge_folder / "limber-raw/anna-2026-11-22.db"),
        None,
    )


def test_an_exported_edf_scores_like_the_raw_signal(
    bridge_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = export(bridge_folder, "night.edf", capsys)
    raw = detect_recording(
        read_recording(bridge_folder / "limber-raw/anna-2026-11-22.db"), WASM_2016
    )
    edf = detect_recording(read_recording(path, ReadOptions(zone=BERLIN)), WASM_2016)
    assert edf.recording.start == AT // SECOND * SECOND
    # Walking to the bed is one movement or several, depending on a single sample: leave it out.
    in_bed = range(AT + 90 * SECOND, AT + 1690 * SECOND)
    expected, found = (
        [one for one in detected.events if isinstance(one, Movement) and one.onset in in_bed]
        for detected in (raw, edf)
    )
    assert len(expected) > 20
    # Samples of the file are moved by at most half an interval, so events may move by a frame.
    assert [one.onset / SECOND for one in found] == pytest.approx(
        [one.onset / SECOND for one in expected], abs=0.1
    )
    (gap,) = [one for one in edf.events if isinstance(one, Gap) and one.end - one.onset > SECOND]
    begin = AT + GAP_S.start * SECOND / 1.002
    assert (gap.onset - begin) / SECOND == pytest.approx(-0.02, abs=0.03)
    assert (gap.end - gap.onset) / SECOND == pytest.approx(40 / 1.002, abs=0.05)


def test_edfio_reads_the_exported_edf(
    bridge_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edf = edfio.read_edf(export(bridge_folder, "edfio.edf", capsys))
    assert edf.startdatetime == datetime(2026, 11, 21, 23, 0, 0)  # noqa: DTZ001 - local time, as EDF has it
    assert [one.label for one in edf.signals] == [
        "left_acc_x",
        "left_acc_y",
        "left_acc_z",
        "right_emg",
    ]
    assert [one.sampling_frequency for one in edf.signals] == [50.0, 50.0, 50.0, 250.0]
    texts = [one.text for one in edf.annotations]
    assert any(text.startswith("candidate leg movement right") for text in texts)
    assert any(text.startswith("periodic series of") for text in texts)
    assert any(text == "gap left_acc" for text in texts)


def test_edflib_reads_the_exported_edf(
    bridge_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """EDFlib, by the author of EDFbrowser, refuses files that violate the specification."""
    path = export(bridge_folder, "edflib.edf", capsys, "2026-11-22")
    events = detect_recording(
        read_recording(bridge_folder / "limber-raw/anna-2026-11-22.db"), WASM_2016
    ).events
    with pyedflib.EdfReader(str(path)) as edf:
        assert edf.getSignalLabels() == ["left_acc_x", "left_acc_y", "left_acc_z", "right_emg"]
        assert edf.getPhysicalDimension(3) == "uV"
        ankle = sensor_blocks(ANKLE, 50.0, 1.002, 1e-3)[0].samples
        # The grid starts 0.25 s before the first sample; each of its times has the nearest sample.
        grid = np.arange(20, 20_000)
        nearest = np.rint((grid / 50 - 0.25) * 50 * 1.002).astype(int)
        assert edf.readSignal(1)[grid] == pytest.approx(ankle[1, nearest], abs=1e-9)
        onsets, durations, texts = edf.readAnnotations()
    leg = [number for number, text in enumerate(texts) if "leg movement" in text]
    movements = [one for one in events if isinstance(one, Movement)]
    assert onsets[leg] == pytest.approx(
        [(one.onset - AT) / SECOND + 0.25 for one in movements], abs=1e-3
    )
    assert durations[leg] == pytest.approx([one.duration / SECOND for one in movements], abs=1e-3)


def test_the_umask_decides_who_may_read_an_export(
    bridge_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the bridge's own files are always private."""
    before = os.umask(0o027)
    try:
        modes = [
            export(bridge_folder, name, capsys).stat().st_mode & 0o777
            for name in ("m.edf", "m.csv", "m.json")
        ]
    finally:
        os.umask(before)
    assert modes == [0o640] * 3


def test_an_exported_csv_has_every_event(
    bridge_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with export(bridge_folder, "night.csv", capsys).open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    with Journal(bridge_folder / "limber.db") as journal:
        movements = [one for one in journal.events("anna", DAY) if isinstance(one, Movement)]
    found = [row for row in rows if row["kind"] == "movement"]
    assert [float(row["onset"]) for row in found] == pytest.approx(
        [(one.onset - AT) / SECOND + 0.25 for one in movements], abs=1e-3
    )
    assert datetime.fromisoformat(found[0]["start"]) == datetime.fromtimestamp(
        movements[0].onset / 1e6, UTC
    )
    assert {row["side"] for row in found} <= {"left", "right", "both"}
    assert {"gap", "series"} <= {row["kind"] for row in rows}


def test_an_exported_json_is_that_of_score(
    bridge_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, Any] = json.loads(export(bridge_folder, "night.json", capsys).read_text())
    assert limber("score", "--json", bridge_folder / "limber-raw/anna-2026-11-22.db") == 0
    scored = json.loads(capsys.readouterr().out)
    assert found["schema"] == scored["schema"] == "limber.score/1"
    assert (found["sleeper"], found["night"], found["revision"]) == ("anna", "2026-11-22", 1)
    # The export counts from a whole second, the recording from its first sample.
    shifted = [one | {"onset": round(one["onset"] - 0.25, 3)} for one in found["movements"]]
    assert shifted == scored["movements"]
    assert found["measures"]["plm"] == scored["measures"]["plm"]


def test_the_diary_is_exported(
    bridge_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "with-diary"
    shutil.copytree(bridge_folder, folder)
    document = json.loads(export(folder, "night.json", capsys).read_text())
    assert document["diary"] is None
    entry = DiaryEntry(night=DAY, evening_symptoms=0, cramp=False)
    with Journal(folder / "limber.db") as journal:
        journal.write([JournalBatch("anna", diary=(entry,))])
    document = json.loads(export(folder, "night.json", capsys).read_text())
    assert document["diary"] == diary_values(entry)
    with export(folder, "night.csv", capsys).open(encoding="utf-8") as lines:
        last = list(csv.DictReader(lines))[-1]
    assert {name: value for name, value in last.items() if value} == {
        "kind": "diary",
        "evening_symptoms": "0",
        "diary_cramp": "False",
    }


def with_factors(folder: Path, target: Path) -> Path:
    """Copy the folder and add factors: an hour before the signal, during it, and on another day."""
    shutil.copytree(folder, target)
    factors = [
        Factor(AT - 3600 * SECOND, FactorKind.WARM_BATH, 'hot,\x14 "long"'),
        Factor(AT + 60 * SECOND, FactorKind.WATER),
    ]
    with Journal(target / "limber.db") as journal:
        memory = journal.pipeline_state("anna") or PipelineState({})
        without = Factor(local("2026-11-24T20:00"), FactorKind.STRETCHING)
        journal.append(
            "anna", [*((DAY, one) for one in factors), (date(2026, 11, 25), without)], memory
        )
    return target


def test_factors_are_in_every_export(
    bridge_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = with_factors(bridge_folder, tmp_path / "noted")
    found = json.loads(export(folder, "night.json", capsys).read_text())
    assert found["factors"] == [
        {"onset": -3599.75, "factor": "warm_bath", "note": 'hot,\x14 "long"'},
        {"onset": 60.25, "factor": "water", "note": None},
    ]
    with export(folder, "night.csv", capsys).open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "factor"]
    assert [(row["onset"], row["factor"], row["note"]) for row in rows] == [
        ("-3599.75", "warm_bath", 'hot,\x14 "long"'),
        ("60.25", "water", ""),
    ]
    path = export(folder, "night.edf", capsys)
    onsets = {one.text: one.onset for one in edfio.read_edf(path).annotations}
    assert (onsets['warm bath: hot,  "long"'], onsets["water"]) == (-3599.75, 60.25)
    with pyedflib.EdfReader(str(path)) as edf:
        assert 'warm bath: hot,  "long"' in edf.readAnnotations()[2]


def test_a_factor_alone_makes_no_night(
    bridge_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = with_factors(bridge_folder, tmp_path / "noted")
    assert limber("nights", "--config", folder / "limber.yaml") == 0
    assert "2026-11-25" not in capsys.readouterr().out
    export(folder, "said.edf", capsys, "2026-11-25")
    # Nor does it extend a recording without signals.
    (folder / "limber-raw/anna-2026-11-22.db").unlink()
    found = json.loads(export(folder, "night.json", capsys).read_text())
    assert found["factors"][0]["onset"] == pytest.approx(-3600, abs=60)
    assert found["duration"] == pytest.approx(1800, abs=120)


def test_a_reported_cramp_is_in_every_export(
    bridge_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "felt"
    shutil.copytree(bridge_folder, folder)
    possible = Cramp(
        AT + 600 * SECOND, AT + 640 * SECOND, Certainty.POSSIBLE, "sudden movement", 1.5
    )
    with Journal(folder / "limber.db") as journal:
        journal.append(
            "anna", [(DAY, possible)], journal.pipeline_state("anna") or PipelineState({})
        )
        journal.save_label(
            "anna", Label(event_id(possible), possible.onset, cramp=False, about=possible)
        )
        journal.save_label("anna", Label("moment-1", AT + 300 * SECOND, cramp=True))
        journal.save_label("anna", Label("moment-2", AT + 301 * SECOND, cramp=False))
        journal.save_label("anna", Label("moment-3", local("2026-11-26T03:00"), cramp=True))
    found = json.loads(export(folder, "night.json", capsys).read_text())
    assert found["cramps"] == [
        {
            "onset": 600.25,
            "end": 640.25,
            "certainty": "possible",
            "reason": "sudden movement",
            "strength": 1.5,
            "label": False,
        },
        {
            "onset": 300.25,
            "end": None,
            "certainty": "reported",
            "reason": "reported by the sleeper",
            "strength": None,
            "label": True,
        },
    ]
    with export(folder, "night.csv", capsys).open(newline="") as file:
        rows = list(csv.DictReader(file))
    cramps = [
        (row["onset"], row["duration"], row["certainty"], row["strength"], row["label"])
        for row in rows
        if row["kind"] == "cramp"
    ]
    assert cramps == [
        ("300.25", "", "reported", "", "True"),
        ("600.25", "40.0", "possible", "1.5", "False"),
    ]
    onsets = [float(row["onset"]) for row in rows if row["kind"] != "series"]
    assert onsets == sorted(onsets)
    annotations = edfio.read_edf(export(folder, "night.edf", capsys)).annotations
    assert {one.text: one.onset for one in annotations}["reported cramp"] == 300.25
    assert limber("nights", "--json", "--config", folder / "limber.yaml") == 0
    nights = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["cramps_reported"] for one in nights] == [None, 1, 0]
    # Alone it makes no night in the list, but it can be exported.
    alone = json.loads(export(folder, "alone.json", capsys, "2026-11-26").read_text())
    assert [one["certainty"] for one in alone["cramps"]] == ["reported"]


def test_the_journal_is_read_without_secrets(
    bridge_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "secured"
    shutil.copytree(bridge_folder, folder)
    text = (folder / "limber.yaml").read_text()
    secured = text.replace(
        "port: 1}\nsleepers", "port: 1, user: u, password: !env_var LIMBER_NO_SUCH}\nsleepers"
    )
    keyed = secured.replace("side: left,", "side: left, key: !file no/such,", 1)
    assert keyed.count("!") == 2
    (folder / "limber.yaml").write_text(keyed)
    assert limber("nights", "--config", folder / "limber.yaml") == 0
    export(folder, "night.json", capsys)
    for command in ("run", "check"):
        assert limber(command, "--config", folder / "limber.yaml") == 2
        assert "set the environment variable LIMBER_NO_SUCH" in capsys.readouterr().err
    (folder / "limber.yaml").write_text(
        keyed.replace("time_zone: Europe/Berlin", "time_zone: !env_var LIMBER_ZONE")
    )
    assert limber("nights", "--config", folder / "limber.yaml") == 2
    message = "limber.yaml:1: bridge.time_zone: set the environment variable LIMBER_ZONE, or write"
    assert message in capsys.readouterr().err


def test_without_the_raw_signal_annotations_are_exported(
    bridge_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = export(bridge_folder, "gap.edf", capsys, "2026-11-23")
    assert "the raw signal of 2026-11-23 is not stored" in capsys.readouterr().err
    assert edfio.read_edf(path).num_signals == 0
    # Other formats never contain the signal.
    for name in ("gap.csv", "gap.json"):
        path = export(bridge_folder, name, capsys, "2026-11-23")
        assert capsys.readouterr().err == f"wrote {path}\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (
            ["export", "2026-11-19", "--out", "x.edf"],
            1,
            "night 2026-11-19 of anna: not in the journal",
        ),
        (["export", "2026-11-20", "--out", "x.edf"], 1, "its events were deleted on 2026-11-23"),
        (["export", "--out", "none/x.edf"], 1, "choose another path"),
        (["export", "--out", "x.edf", "--sleeper", "bob"], 2, "--sleeper: write one of anna"),
        (["nights", "--sleeper", "bob"], 2, "--sleeper: write one of anna"),
    ],
    ids=["no such night", "deleted", "no such folder", "no such sleeper", "no one to list"],
)
def test_an_impossible_export_gives_one_line(
    bridge_folder: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    assert limber(*arguments, "--config", bridge_folder / "limber.yaml") == status
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (bridge_folder / "x.edf").exists()


def test_a_missing_journal_gives_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "limber.yaml").write_text(settings(SENSORS, port=1, more=NETWORK))
    assert limber("nights", "--config", tmp_path / "limber.yaml") == 1
    assert "no journal here" in capsys.readouterr().err


def test_a_journal_without_nights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "limber.yaml").write_text(settings(SENSORS, port=1, more=NETWORK))
    with Journal(tmp_path / "limber.db") as journal:
        journal.append("anna", [], Pipeline([ANKLE]).state)
    assert limber("nights", "--config", tmp_path / "limber.yaml") == 0
    assert capsys.readouterr().out == "no nights yet\n"
    assert limber("export", "--out", tmp_path / "x.edf", "--config", tmp_path / "limber.yaml") == 1
    assert "no night of anna is finished yet" in capsys.readouterr().err


def test_an_unknown_suffix_or_date_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--out", "x.txt"], ["yesterday", "--out", "x.edf"]):
        with pytest.raises(SystemExit) as ended:
            limber("export", *words)
        assert ended.value.code == 2
    assert "write a name that ends in .edf, .csv, .json" in capsys.readouterr().err
