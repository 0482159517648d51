"""`limber report`: what is on the two pages and in the table, from a journal."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from string import Formatter

import pytest
from pypdf import PdfReader

from limber_bridge.cli import main
from limber_bridge.cli.report import LANGUAGES as OPTION_LANGUAGES
from limber_bridge.cli.report import PAPERS as OPTION_PAPERS
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import (
    Certainty,
    Cramp,
    Event,
    Factor,
    FactorKind,
    event_id,
)
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.diary import DIARY_COLUMNS, DiaryEntry
from limber_bridge.offline.report.files import PAPERS
from limber_bridge.offline.report.texts import LANGUAGES, load_texts
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from tests.bridge.examples import MEASURES, kick, local, night, settings

NETWORK = "network: {address: 127.0.0.1, port: 1}\n"
SENSORS = (
    "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}\n"
    "{id: 2, source: network, placement: calf, side: right, quantity: emg}"
)
LAST = date(2026, 11, 22)
MISSING = LAST - timedelta(days=3)
REJECTED = LAST - timedelta(days=2)
HOSTILE = '=cmd|"#let x = 1 \\ $a$ *b* <script>"'


def events_of(day: date) -> list[Event]:
    """Return the events of a night with twenty movements, and what was logged before it."""
    begin = local(f"{day}T01:00")
    evening = local(f"{day - timedelta(days=1)}T21:00")
    events: list[Event] = [kick(begin + number * 25_000_000) for number in range(20)]
    if day.day % 3 == 0:
        events.append(Factor(evening, FactorKind.STRETCHING))
    if day.day % 2 == 0:
        events.append(Factor(evening + 1, FactorKind.MEDICINE, "pramipexole"))
    if day in {LAST, REJECTED}:
        events.append(
            Cramp(local(f"{day}T03:15"), local(f"{day}T03:18"), Certainty.PROBABLE, "tension")
        )
    if day == LAST:
        events.append(Factor(evening + 2, FactorKind.OTHER, HOSTILE))
    return events


def label(day: date, *, cramp: bool) -> Label:
    event = next(one for one in events_of(day) if isinstance(one, Cramp))
    return Label(event_id(event), event.onset, cramp=cramp, about=event)


def fill(folder: Path, days: int = 30) -> None:
    (folder / "limber.yaml").write_text(settings(SENSORS, port=1, more=NETWORK))
    with Journal(folder / "limber.db") as journal:
        for number in range(days):
            day = LAST - timedelta(days=number)
            if day == MISSING:
                continue
            index = 10.0 + 7.5 * (number % 4)
            measures = replace(
                MEASURES,
                plm_index=index,
                movement_index=2 * index,
                plm_by_hour=(40, 30, 20, 10),
                cramps_possible=0,
                cramps_probable=int(day in {LAST, REJECTED}),
            )
            journal.append("anna", [(day, event) for event in events_of(day)], PipelineState({}))
            journal.save_night(replace(night(day), measures=measures))
        entries = (
            DiaryEntry(night=LAST, evening_symptoms=4, sleep_quality=7),
            DiaryEntry(night=MISSING, evening_symptoms=5, cramp=True, cramp_pain=6),
            DiaryEntry(night=LAST - timedelta(days=5), cramp=False),
        )
        journal.write([JournalBatch("anna", diary=entries)])
        journal.save_label("anna", label(LAST, cramp=True))
        journal.save_label("anna", label(REJECTED, cramp=False))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration and a journal of 29 nights."""
    path = tmp_path_factory.mktemp("report")
    fill(path)
    return path


def run(folder: Path, *options: str, out: str = "report.pdf") -> int:
    return main(
        ["report", "--config", str(folder / "limber.yaml"), "--out", str(folder / out), *options]
    )


def pages(path: Path) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(path).pages]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_two_pages_and_a_table(folder: Path) -> None:
    assert run(folder, "--sleeper", "anna") == 0
    first, second = pages(folder / "report.pdf")
    assert "Anna · nights from 24 Oct 2026 to 22 Nov 2026" in first
    assert "Nights recorded: 29 of 30" in first
    assert "accelerometer, left ankle; EMG, right calf" in first
    assert "WASM 2016 rules" in first
    assert "20.3 ± 8.4" in first
    assert "Nights with more than 15 PLM per hour in bed: 21 of 29." in first
    # The sleeper rejected another one; the diary has one of a night that was not recorded.
    assert "Nights with a cramp: 2 of 30." in first
    assert "Leg symptoms in the evening (0 to 10) 4.5 ± 0.7" in first
    assert "Sleep quality as felt (0 to 10) 7.0" in first
    assert "noted in the diary; pain 6 out of 10" in second
    assert "22 Nov 2026 03:15 detected, probable; confirmed by the sleeper" in second
    assert "20 Nov" not in second
    assert "Stretching 10 / 19" in second
    assert "pramipexole (nights: 15)" in second


def test_the_table_has_a_row_for_each_date(folder: Path) -> None:
    assert run(folder) == 0
    table = {row["night"]: row for row in rows(folder / "report.csv")}
    assert len(table) == 30
    missing = table[str(MISSING)]
    assert missing["recorded"] == "False"
    assert missing["plm_index"] == missing["start"] == ""
    said = {name: missing[name] for name in DIARY_COLUMNS}
    assert said == {
        "evening_symptoms": "5",
        "sleep_quality": "",
        "diary_cramp": "True",
        "cramp_pain": "6",
    }
    last = table[str(LAST)]
    assert last["plm_index"] == "10.0"
    assert last["plm_by_hour"] == "40 30 20 10"
    assert last["cramps"] == "1"
    assert last["start"] == "2026-11-21T23:10:00Z"
    assert table[str(REJECTED)]["cramps"] == "0"


def test_texts_of_a_person_are_printed_as_they_are(folder: Path) -> None:
    assert run(folder, "--nights", "1") == 0
    _, second = pages(folder / "report.pdf")
    assert "#let x = 1 \\ $a$ *b*" in second
    (row,) = rows(folder / "report.csv")
    assert all(not cell.startswith("=") for cell in row["factors"].split("; "))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("paper", OPTION_PAPERS)
def test_the_fullest_report_has_two_pages(tmp_path: Path, language: str, paper: str) -> None:
    fill(tmp_path, 60)
    with Journal(tmp_path / "limber.db") as journal:
        for number in range(60):
            day = LAST - timedelta(days=number)
            evening = local(f"{day - timedelta(days=1)}T20:00")
            cramp = Cramp(local(f"{day}T04:00"), None, Certainty.POSSIBLE, "tension")
            logged = [
                Factor(evening + place, kind, f"something long that was noted {place}" * 3)
                for place, kind in enumerate(FactorKind)
                if (number * (place + 3)) % 7 < 4
            ]
            events: list[Event] = [cramp, *logged]
            journal.append("anna", [(day, event) for event in events], PipelineState({}))
            entry = DiaryEntry(
                night=day, evening_symptoms=number % 11, sleep_quality=3, cramp=True, cramp_pain=10
            )
            journal.write([JournalBatch("anna", diary=(entry,))])
    assert run(tmp_path, "--language", language, "--paper", paper, "--nights", "60") == 0
    assert len(pages(tmp_path / "report.pdf")) == 2


def test_the_pages_have_the_paper_that_was_asked_for(folder: Path) -> None:
    assert run(folder, "--paper", "letter") == 0
    box = PdfReader(folder / "report.pdf").pages[0].mediabox
    assert (float(box.width), float(box.height)) == (612, 792)


def test_a_range_of_dates(folder: Path) -> None:
    assert run(folder, "--from", "2026-11-10", "--to", "2026-11-12") == 0
    assert [row["night"] for row in rows(folder / "report.csv")] == [
        "2026-11-10",
        "2026-11-11",
        "2026-11-12",
    ]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--from", "2020-01-01", "--to", "2020-01-05"], 1, "no night up to 2020-01-05 is stored"),
        (["--from", "2026-11-22", "--to", "2026-11-01"], 1, "--from 2026-11-22 is after"),
        (["--nights", "5000"], 1, "a report has at most 366"),
        (["--nights", "3", "--from", "2026-11-01"], 2, "not both"),
        (["--sleeper", "ben"], 2, "write one of anna"),
        (["--out", "/nowhere/report.pdf"], 1, "choose another path"),
    ],
)
def test_errors_are_one_line(
    folder: Path,
    options: list[str],
    status: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(folder, *options) == status
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_journal_without_a_night_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "limber.yaml").write_text(settings(SENSORS, port=1, more=NETWORK))
    Journal(tmp_path / "limber.db").close()
    assert run(tmp_path) == 1
    assert capsys.readouterr().err == "no night of anna is finished yet\n"
    assert not (tmp_path / "report.pdf").exists()


def test_the_file_must_be_a_pdf(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(folder, out="report.txt")
    assert stopped.value.code == 2
    assert "write a name that ends in .pdf" in capsys.readouterr().err


def test_the_options_are_those_of_the_report() -> None:
    assert OPTION_LANGUAGES == LANGUAGES
    assert set(OPTION_PAPERS) == set(PAPERS)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_all_texts(language: str) -> None:
    english = load_texts("en")
    texts = load_texts(language)
    assert list(texts.words) == list(english.words)
    assert len(texts.months) == 12
    for key, text in english.words.items():
        assert placeholders(texts.words[key]) == placeholders(text), key
