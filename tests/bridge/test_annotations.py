"""Stages, movements and respiratory events in the formats of many programs, through `rescore`."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import edfio
import pytest

from limber_bridge.cli import main

HEADER = "onset,duration,side\n"
KICKS = (130, 160, 190, 220, 250)
"""s; in the epochs 4 to 8."""
STAGES = ("W", "W", "W", "W", "N2", "N2", "R", "R", "R", "W")
"""Epochs of 30 s; 3 movements in N2 and R each, none awake."""
ASLEEP = [{"onset": 120.0, "end": 180.0}, {"onset": 180.0, "end": 270.0}]
CODES = {"W": "0", "N2": "2", "R": "5"}


def marks(tmp_path: Path, onsets: Sequence[object] = KICKS) -> Path:
    path = tmp_path / "m.csv"
    path.write_text(HEADER + "".join(f"{onset},2,L\n" for onset in onsets))
    return path


def stage_file(tmp_path: Path, text: str | bytes, name: str = "s.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def rescore(
    capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[dict[str, Any], str]:
    status = main(["rescore", "--json", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert status == 0, err
    return json.loads(out), err


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main(["rescore", *map(str, arguments)]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    return err


def edf_stages(
    path: Path, words: Sequence[str], *, prefix: str = "", duration: float | None = 30.0
) -> Path:
    annotations = [
        edfio.EdfAnnotation(30.0 * number, duration, f"{prefix}{word}")
        for number, word in enumerate(words)
    ]
    annotations.append(edfio.EdfAnnotation(3.0, None, "Lights off"))
    edfio.Edf([], annotations=annotations).write(path)
    return path


def profusion(words: Sequence[str]) -> str:
    stages = "".join(f"<SleepStage>{CODES.get(word, word)}</SleepStage>" for word in words)
    return (
        '<?xml version="1.0"?><CMPStudyConfig><EpochLength>30</EpochLength>'
        f"<SleepStages>{stages}</SleepStages></CMPStudyConfig>"
    )


def nsrr(words: Sequence[str]) -> str:
    names = {"W": "Wake|0", "N2": "Stage 2 sleep|2", "R": "REM sleep|5", "?": "Unscored|9"}
    events = "".join(
        "<ScoredEvent><EventType>Stages|Stages</EventType>"
        f"<EventConcept>{names[word]}</EventConcept><Start>{30.0 * number}</Start>"
        "<Duration>30.0</Duration></ScoredEvent>"
        for number, word in enumerate(words)
    )
    return (
        '<?xml version="1.0"?><PSGAnnotation><ScoredEvents><ScoredEvent>'
        "<EventType>Respiratory|Respiratory</EventType><EventConcept>Obstructive apnea|Obstructive"
        " Apnea</EventConcept><Start>125.0</Start><Duration>4.0</Duration></ScoredEvent>"
        f"{events}</ScoredEvents></PSGAnnotation>"
    )


def table(
    words: Sequence[str], form: str = "{number},{word}\n", header: str = "epoch,stage\n"
) -> str:
    """Return a text with a line for each epoch; `form` may use its number, code and seconds."""
    return header + "".join(
        form.format(
            number=number,
            after=number + 1,
            seconds=30 * number,
            word=word,
            code=CODES.get(word, word),
            fraction=f"{CODES[word]}.0" if word in CODES else word,
        )
        for number, word in enumerate(words)
    )


type Writer = Callable[[Path, Sequence[str]], object]


def text_writer(form: str, header: str) -> Writer:
    return lambda path, words: path.write_text(table(words, form, header))


DIALECTS: dict[str, Writer] = {
    "numbers": text_writer("{number},{word}\n", "epoch,stage\n"),
    "lines": text_writer("{word}\n", ""),
    "lines with a header": text_writer("{word}\n", "Stage\n"),
    "codes": text_writer("{number},{code}\n", "epoch,stage\n"),
    "fractions": text_writer("{fraction}\n", ""),
    "times": text_writer("{seconds};{word}\n", "Start;Stage\n"),
    "durations": text_writer("{seconds}\t30\t{word}\n", "onset\tduration\tstage\n"),
    "from 1": text_writer("{after},{word}\n", "epoch,stage\n"),
    "seconds": text_writer("{seconds},{word}\n", "epoch,stage\n"),
    "EDF+": lambda path, words: edf_stages(path, words, prefix="Sleep stage "),
    "EDF+ without durations": lambda path, words: edf_stages(
        path, words, prefix="Sleep stage ", duration=None
    ),
    "EDF+ words": edf_stages,
    "Profusion": lambda path, words: path.write_text(profusion(words)),
    "NSRR": lambda path, words: path.write_text(nsrr(words)),
}


def write_as(tmp_path: Path, dialect: str, words: Sequence[str]) -> Path:
    path = tmp_path / "stages"
    DIALECTS[dialect](path, words)
    return path


@pytest.mark.parametrize("dialect", DIALECTS)
def test_stages_in_every_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dialect: str
) -> None:
    stages = write_as(tmp_path, dialect, STAGES)
    found, _ = rescore(capsys, marks(tmp_path), "--stages", stages)
    assert found["asleep"] == ASLEEP
    assert found["in_bed"] == [{"onset": 0.0, "end": 300.0}]
    measures = found["measures"]
    assert measures["plms_index"] == pytest.approx(5 * 24, abs=0.01)
    assert measures["plms_rem_index"] == pytest.approx(3 * 40, abs=0.01)
    assert measures["plmw_index"] == 0.0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_epochs_that_are_not_scored_are_neither_sleep_nor_wakefulness(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dialect: str
) -> None:
    stages = write_as(tmp_path, dialect, ["?" if one == "R" else one for one in STAGES])
    found, _ = rescore(capsys, marks(tmp_path), "--stages", stages)
    measures = found["measures"]
    assert measures["time_in_bed_h"] == pytest.approx(300 / 3600, abs=1e-4)
    assert measures["sleep_h"] == pytest.approx(60 / 3600, abs=1e-4)
    assert (measures["plm"], measures["plmw_index"]) == (5, 0.0)
    assert measures["plms_index"] == pytest.approx(2 * 60, abs=0.01)
    assert measures["plms_rem_index"] is None


def test_missing_epochs_are_not_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{number},{one}\n" for number, one in enumerate(STAGES) if one == "N2")
    stages = stage_file(tmp_path, "epoch,stage\n" + rows)
    found, _ = rescore(capsys, marks(tmp_path, (130, 150, 170)), "--stages", stages)
    assert found["measures"]["plmw_index"] is None
    stages = stage_file(tmp_path, "epoch,stage\n0,W\n" + rows)
    found, _ = rescore(capsys, marks(tmp_path, (*KICKS[:2], 175, 190)), "--stages", stages)
    assert found["measures"]["plmw_index"] == 0.0
    # All of them unknown: no index of sleep or wakefulness, but one of the time in bed.
    stages = stage_file(tmp_path, "?\n" * 10)
    measures = rescore(capsys, marks(tmp_path), "--stages", stages)[0]["measures"]
    assert (measures["plms_index"], measures["plmw_index"]) == (None, None)
    assert measures["plm_index"] == pytest.approx(60.0, abs=0.01)
    # The rules of the AASM leave out what begins in wakefulness; unknown is not wakefulness.
    aasm, _ = rescore(capsys, marks(tmp_path), "--stages", stages, "--rules", "aasm")
    assert aasm["measures"]["plm"] == 5


@pytest.mark.parametrize(
    ("words", "stage"),
    [
        (
            (
                "W",
                "WK",
                "Wake",
                "Sleep stage W",
                "Stage W",
                "SLEEP-S0",
                "0",
                "0.0",
                "Wake|0",
                "Éveil",
            ),
            "wake",
        ),
        (
            (
                "N1",
                "n2",
                "NREM2",
                "NREM 3",
                "S4",
                "Sleep stage 4",
                "Sleep stage N2",
                "SLEEP-S2",
                "Stage 2 sleep|2",
                "2.0",
                "Non-REM 2",
                "Sleep stage N2@@EEG C3-A2",
            ),
            "sleep",
        ),
        (("R", "REM", "Sleep stage R", "SLEEP-REM", "REM sleep|5", "5", "5.0"), "sleep"),
        (("?", "", "Sleep stage ?", "MT", "Movement time", "unscored", "9", "-1"), "unknown"),
    ],
)
def test_words_for_stages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: Sequence[str], stage: str
) -> None:
    for word in words:
        stages = stage_file(tmp_path, f"epoch,stage\n0,{word}\n")
        measures = rescore(capsys, marks(tmp_path, (5, 20)), "--stages", stages)[0]["measures"]
        known = {
            (0.0, None): "sleep",
            (None, 0.0): "wake",
            (None, None): "unknown",
        }[measures["plms_index"], measures["plmw_index"]]
        assert known == stage, word


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0\n1\n2\n3\n4\n", "line 5: stage `4` is REM in some programs and deep sleep in others"),
        ("epoch,stage\n0,W\n20,N1\n40,N2\n", "column `epoch` grows by 20"),
        ("epoch,stage\n0,W\n0,N1\n", "line 3: epoch 0 appears twice"),
        ("epoch,stage\n0.5,W\n", "line 2: column `epoch` is `0.5`; write whole numbers"),
        ("foo,bar\n1,2\n", "line 1: no column `epoch`"),
        ("Night of Anna\nhello\nworld\n", "most stages are not known, such as `"),
        ("time,stage\n22:00:00,W\n21:00:00,N2\n", "line 3: column `time` goes back"),
        ("time,stage\n25:00:00,W\n", "line 2: column `time` is `25:00:00`; write a time from"),
        ("\n\n", "no epochs; leave --stages out"),
        (b"\0\1\2\3stage", "neither a text nor EDF+"),
        ("<a><b></a>", "line 1: not a complete XML document"),
        ("<a></a>", "no scored events and no stages"),
        (
            '<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><a><Start>&c;</Start></a>',
            "line 1: a document type declaration",
        ),
        (
            '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
            "line 1: a document type declaration",
        ),
        ("<a>" * 500, "more than 20 nested elements"),
    ],
)
def test_stages_that_cannot_be_used_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | bytes, message: str
) -> None:
    stages = stage_file(tmp_path, text)
    error = refusal(capsys, marks(tmp_path), "--stages", stages)
    assert error.startswith(f"{stages}: ")
    assert message in error


def test_four_beside_five_is_deep_sleep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("0\n2\n4\n5\n", "W\n2\n4\nREM\n", profusion(("0", "2", "4", "4"))):
        stages = stage_file(tmp_path, text)
        measures = rescore(capsys, marks(tmp_path, (35, 65)), "--stages", stages)[0]["measures"]
        assert measures["sleep_h"] == pytest.approx(90 / 3600, abs=1e-4)


# --- Times ---


def test_times_of_the_clock_count_from_the_first_epoch_over_midnight(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = ["23:58:00", "23:58:30", "23:59:00", "23:59:30", "00:00:00", "00:00:30"]
    rows = "".join(f"{time},{word}\n" for time, word in zip(times, "WWWRRR", strict=True))
    stages = stage_file(tmp_path, "time,stage\n" + rows)
    onsets = ["23:59:40.5", "00:00:10", "12:00:35 AM"]
    found, _ = rescore(capsys, marks(tmp_path, onsets), "--stages", stages)
    assert [one["onset"] for one in found["movements"]] == [100.5, 130.0, 155.0]
    assert found["asleep"] == [{"onset": 90.0, "end": 180.0}]


def test_times_of_the_clock_count_from_the_first_mark_without_stages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Sorted by side: the first row is not the first movement.
    path = tmp_path / "m.csv"
    path.write_text(HEADER + "23:59:50,2,L\n00:00:20,2,L\n23:59:30,2,R\n2026-11-22 00:01:30,1,R\n")
    found, _ = rescore(capsys, path)
    assert [one["onset"] for one in found["movements"]] == [0.0, 20.0, 50.0, 120.0]


def test_times_that_do_not_fit_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = marks(tmp_path, ("23:59:40", "00:00:10"))
    stages = stage_file(tmp_path, table(STAGES))
    assert "line 2: a time of the clock, while other files of the night have seconds" in refusal(
        capsys, clock, "--stages", stages
    )
    mixed = marks(tmp_path, ("23:59:40", "10"))
    assert "line 3: seconds and times of the clock in one file" in refusal(capsys, mixed)
    late = marks(tmp_path, (1000, 1030, 1060))
    assert "3 of 3 movements lie outside of the time staged" in refusal(
        capsys, late, "--stages", stages
    )


# --- Movements and respiratory events ---


def test_everything_in_one_edf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "night.edf"
    annotations = [
        *(edfio.EdfAnnotation(30 * at, 30, f"Sleep stage {one}") for at, one in enumerate(STAGES)),
        *(edfio.EdfAnnotation(onset, 2, "Limb movement, left") for onset in KICKS),
        edfio.EdfAnnotation(125, 4, "Obstructive apnea"),
        edfio.EdfAnnotation(0, 300, "PLM series"),
    ]
    edfio.Edf([], annotations=annotations).write(path)
    found, _ = rescore(capsys, path, "--stages", path, "--respiratory", path)
    assert [one["onset"] for one in found["movements"]] == list(map(float, KICKS))
    assert {one["side"] for one in found["movements"]} == {"left"}
    assert found["respiratory"] == [True, False, False, False, False]
    assert found["measures"]["plms_index"] == pytest.approx(5 * 24, abs=0.01)


def test_respiratory_events_of_nsrr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = stage_file(tmp_path, nsrr(STAGES), "n.xml")
    found, _ = rescore(capsys, marks(tmp_path), "--stages", path, "--respiratory", path)
    assert found["respiratory"] == [True, False, False, False, False]
    assert "no annotation of a leg movement" in refusal(capsys, path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_texts_in_any_encoding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    stages = stage_file(tmp_path, ("# Nächte\n" + "\n".join(STAGES)).encode(encoding))
    found, _ = rescore(capsys, marks(tmp_path), "--stages", stages)
    assert found["asleep"] == ASLEEP


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([f"{onset},2000,L" for onset in KICKS], "milliseconds or samples"),
        ([f"{onset},0,L" for onset in KICKS], "no durations or minutes"),
        ([f"{onset / 60:.3f},2,L" for onset in KICKS], "different units"),
    ],
)
def test_marks_that_cannot_be_in_seconds_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[str], reason: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n")
    assert reason in refusal(capsys, path)
