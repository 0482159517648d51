"""The pages of nights, over real connections to a running bridge."""

import asyncio
import json
import os
import re
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from devtools.processes import ROOT
from limber_bridge.config.loader import load_config
from limber_bridge.detection.events import Movement, UnilateralMovement
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import SECOND, Side
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.offline.export import export_document, format_csv, load_night
from limber_bridge.recordings import read_recording
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_reader import open_journal_reader
from limber_bridge.web.catalogue import LANGUAGES, load_texts
from limber_bridge.web.figures import FIGURES
from limber_bridge.web.pages.report import can_report
from limber_bridge.web.reading import NIGHTS_PER_PAGE
from tests.bridge.examples import BERLIN, local, night
from tests.bridge.web_client import serving_pages
from tests.bridge.web_nights import (
    CRAMP,
    CRAMP_ID,
    LEGS,
    NIGHT,
    NOTE,
    fill_journal,
    write_raw_signal,
)

PAGE = f"/nights/anna/{NIGHT}"
ROW = re.compile(r'<th scope="row"><a href="([^"]+)">')


@pytest.fixture
async def filled(tmp_path: Path, template: Path) -> Path:
    """A folder with a journal that holds one whole night."""
    await asyncio.to_thread(fill_journal, tmp_path, template)
    return tmp_path


async def test_a_bridge_without_nights_says_so(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        page = await browser.follow(await browser.get("/nights"))
        assert "No night has been recorded yet" in page.text


async def test_nights_are_listed_in_pages_the_newest_first(tmp_path: Path, template: Path) -> None:
    count = 2 * NIGHTS_PER_PAGE + 5
    await asyncio.to_thread(fill_journal, tmp_path, template, count)
    seen: list[str] = []
    async with serving_pages(tmp_path, sensors=LEGS) as browser:
        path = "/nights/anna"
        newer = None
        pages = 0
        while path:
            page = await browser.get(path)
            seen += ROW.findall(page.text)
            pages += 1
            older = re.search(r'href="([^"]+)">Older nights', page.text)
            path = older[1] if older else ""
            newer = re.search(r'href="([^"]+)">Newer nights', page.text)
            assert (newer is None) == (pages == 1)
        assert pages == 3
        days = [date.fromisoformat(path.rsplit("/", 1)[1]) for path in seen]
        assert days == [date.fromordinal(NIGHT.toordinal() - number) for number in range(count)]
        assert newer is not None
        back = await browser.get(newer[1])
        assert ROW.findall(back.text) == seen[NIGHTS_PER_PAGE : 2 * NIGHTS_PER_PAGE]


async def test_a_night_of_a_wrong_clock_is_not_listed(tmp_path: Path) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        journal.save_night(night(date(2019, 1, 3)))
        journal.save_night(night(date(2999, 1, 3)))
        journal.save_night(night(date(2026, 1, 3)))
    async with serving_pages(tmp_path) as browser:
        assert ROW.findall((await browser.get("/nights/anna")).text) == ["/nights/anna/2026-01-03"]


async def test_a_night_has_a_timeline_figures_and_what_was_logged(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        page = (await browser.get(PAGE)).text
    assert page.count('<rect class="movement left') > 50
    assert '<circle class="cramp"' in page
    assert '<rect class="gap"' in page
    assert "&lt;b&gt;Tea &amp; &#39;cake&#39;&lt;/b&gt;" in page
    assert NOTE not in page
    figures = dict(re.findall("<dt>(Periodic movements[^<]*)</dt><dd>([0-9]+)</dd>", page))
    total = int(figures.pop("Periodic movements"))
    assert len(figures) == 3
    assert sum(map(int, figures.values())) == total
    assert '<rect class="movement both' in page
    assert "22:00 Sensor 1: The sensor turned on your leg" in page
    assert "<td" in page.split("<summary>")[1]


LEGEND = re.compile(r'<ul class="legend">(.*?)</ul>', re.DOTALL)


async def test_the_legend_lists_what_the_timeline_shows_with_the_same_marks(
    filled: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plain = tmp_path_factory.mktemp("plain")
    onset = local(f"{NIGHT}T02:00")
    leg = UnilateralMovement(Side.LEFT, onset, onset + SECOND, 1.0)
    with Journal(plain / "limber.db") as journal:
        movement = Movement(onset, onset + SECOND, (leg,), candidate=True)
        journal.append("anna", [(NIGHT, movement)], Pipeline([]).state)
    shown = []
    for folder in (filled, plain):
        async with serving_pages(folder, sensors=LEGS) as browser:
            found = LEGEND.search((await browser.get(PAGE)).text)
        assert found is not None
        shown.append(found[1])
    everything, little = shown
    assert '<circle class="cramp"' in everything
    assert '<rect class="cramp"' not in everything
    for text in ("Cramp", "Not measured", "Both legs at once", "Change of position"):
        assert text in everything
        assert text not in little


async def test_a_night_whose_events_were_deleted_keeps_its_figures(tmp_path: Path) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        journal.save_night(night(NIGHT))
    async with serving_pages(tmp_path) as browser:
        page = await browser.get(PAGE)
        assert (page.status, "312" in page.text) == (200, True)
        assert "/download/" not in page.text
        assert (await browser.get(f"{PAGE}/download/csv")).status == 404


async def test_the_diary_is_shown_with_its_nights(filled: Path) -> None:
    only_said = NIGHT - timedelta(days=4)
    with Journal(filled / "limber.db") as journal:
        entries = (
            DiaryEntry(night=NIGHT, evening_symptoms=4, sleep_quality=0, cramp=True, cramp_pain=6),
            DiaryEntry(night=only_said, cramp=False),
        )
        journal.write([JournalBatch("anna", diary=entries)])
    async with serving_pages(filled, sensors=LEGS) as browser:
        text = (await browser.get(PAGE)).text
        for part in ("4 out of 10", "0 out of 10", "Cramp pain", "6 out of 10"):
            assert part in text
        listed = (await browser.get("/nights/anna")).text
        row = listed.split(f"/nights/anna/{NIGHT}")[1].split("</tr>")[0]
        assert re.findall(r'<td class="number wide">([^<]*)</td>', row)[-2:] == ["4", "0"]
        text = (await browser.get(f"/nights/anna/{only_said}")).text
        assert "Nothing was measured on this night" in text
        assert "Figures" not in text


def rows_of(page: str) -> dict[str, str]:
    """Return the text of each night in the list, by its date."""
    rows = re.findall(r'<th scope="row"><a href="[^"]*/([^"/]+)">(.*?)</tr>', page, re.DOTALL)
    return {day: " ".join(re.sub("<[^>]*>", " ", row).split()) for day, row in rows}


async def test_a_night_that_is_only_in_the_diary_is_listed_as_not_measured(tmp_path: Path) -> None:
    tomorrow = datetime.now(BERLIN).date() + timedelta(days=1)
    entries = (
        DiaryEntry(night=NIGHT - timedelta(days=2), evening_symptoms=4, cramp=True, cramp_pain=6),
        DiaryEntry(night=NIGHT, sleep_quality=7),
        DiaryEntry(night=tomorrow, evening_symptoms=0),
        DiaryEntry(night=date(2019, 1, 1), sleep_quality=1),
    )
    with Journal(tmp_path / "limber.db") as journal:
        journal.write([JournalBatch("anna", diary=entries)])
    async with serving_pages(tmp_path) as browser:
        page = (await browser.get("/nights/anna")).text
        assert "No night has been recorded" not in page
        assert "/report/" not in page
    with Journal(tmp_path / "limber.db") as journal:
        journal.save_night(night(NIGHT - timedelta(days=1)))
        journal.save_night(night(NIGHT))
    async with serving_pages(tmp_path) as browser:
        rows = rows_of((await browser.get("/nights/anna")).text)
        dutch = rows_of((await browser.get("/nights/anna", **{"Accept-Language": "nl"})).text)
    days = [str(NIGHT - timedelta(days=number)) for number in range(3)]
    assert list(rows) == [str(tomorrow), *days]
    assert rows[str(tomorrow)].endswith(
        "Not measured yet · Leg symptoms in the evening 0 out of 10"
    )
    assert rows[days[2]].endswith(
        "Not measured · Leg symptoms in the evening 4 out of 10 · Cramp Yes"
        " · Cramp pain 6 out of 10"
    )
    assert "measured" not in rows[days[0]] + rows[days[1]]
    assert "Niet gemeten · Klachten aan de benen" in dutch[days[2]]
    assert "4 van 10 · Kramp Ja" in dutch[days[2]]


async def test_nights_of_the_diary_share_the_pages_of_the_others(tmp_path: Path) -> None:
    days = [NIGHT - timedelta(days=number) for number in range(2 * NIGHTS_PER_PAGE + 1)]
    with Journal(tmp_path / "limber.db") as journal:
        for day in days[::2]:
            journal.save_night(night(day))
        entries = tuple(DiaryEntry(night=day, cramp=False) for day in days[1::2])
        journal.write([JournalBatch("anna", diary=entries)])
    seen: list[str] = []
    path: str | None = "/nights/anna"
    async with serving_pages(tmp_path) as browser:
        while path is not None:
            page = (await browser.get(path)).text
            seen += rows_of(page)
            older = re.search(r'href="([^"]+)">Older nights', page)
            path = None if older is None else older[1]
    assert seen == [str(day) for day in days]


@pytest.mark.parametrize(
    "path",
    [
        "/nights/ben",
        "/nights/anna/2026-11-01",
        "/nights/anna/20261123",
        "/nights/anna/yesterday",
        "/nights/anna/0001-01-01",
        "/nights/anna/9999-12-31",
        f"{PAGE}/download/exe",
        f"/nights/ben/{NIGHT}",
    ],
)
async def test_other_people_and_nights_are_not_found(filled: Path, path: str) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        assert (await browser.get(path)).status == 404


async def test_an_answer_about_a_cramp_is_the_same_record_as_one_from_home_assistant(
    filled: Path,
) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        page = await browser.get(PAGE)
        assert "Was it a cramp?" in page.text
        assert "It lasted 4 min." in page.text
        assert f'Reason: <span lang="en">{CRAMP.reason}</span>' in page.text
        answer = {"event": CRAMP_ID, "cramp": "no"}
        shown = await browser.follow(await browser.post(f"{PAGE}/label", answer))
        assert "Saved: it was not a cramp." in shown.text
        assert "You said that it was not a cramp." in shown.text
        assert "denied" in shown.text
        with open_journal_reader(filled / "limber.db") as reader:
            (label,) = reader.labels("anna")
        assert (label.event, label.cramp) == (CRAMP_ID, False)
        await browser.post(f"{PAGE}/label", answer | {"cramp": "yes"})
        assert "You said that it was a cramp." in (await browser.get(PAGE)).text
        unknown = await browser.post(f"{PAGE}/label", {"event": "cramp-1", "cramp": "yes"})
        assert unknown.status == 409


async def test_a_cramp_that_no_sensor_saw_is_added_at_its_time(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        await browser.get(PAGE)
        wrong = await browser.post(f"{PAGE}/cramp", {"time": "25:00"})
        assert (wrong.status, 'value="25:00"' in wrong.text) == (422, True)
        shown = await browser.follow(await browser.post(f"{PAGE}/cramp", {"time": "23:50"}))
        assert "23:50 · Reported cramp" in shown.text
        with open_journal_reader(filled / "limber.db") as reader:
            (label,) = reader.labels("anna")
        assert label.time == local("2026-11-22T23:50")


@pytest.mark.parametrize("time", ["12:34", "20:00", "11:00"])
async def test_a_cramp_outside_of_the_bed_is_not_added(filled: Path, time: str) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        await browser.get(PAGE)
        wrong = await browser.post(f"{PAGE}/cramp", {"time": time})
        assert (wrong.status, "Enter a time of this night" in wrong.text) == (422, True)
        with open_journal_reader(filled / "limber.db") as reader:
            assert list(reader.labels("anna")) == []


async def test_a_cramp_that_was_added_can_be_taken_back(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        await browser.get(PAGE)
        shown = await browser.follow(await browser.post(f"{PAGE}/cramp", {"time": "05:10"}))
        found = re.search(r'name="event" value="(moment-[0-9]+)"', shown.text)
        assert found is not None
        form = {"event": found[1], "cramp": "no", "reported": "1"}
        after = await browser.follow(await browser.post(f"{PAGE}/label", form))
        assert "The cramp was removed." in after.text
        assert "05:10 · Reported cramp" not in after.text


async def test_downloads_are_what_the_command_exports(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        page = await browser.get(PAGE)
        assert "/download/edf" not in page.text
        table = await browser.get(f"{PAGE}/download/csv")
        document = await browser.get(f"{PAGE}/download/json")
    config = load_config(filled / "limber.yaml")
    with open_journal_reader(config.journal) as reader:
        wanted = load_night(config, reader, config.sleepers[0], NIGHT)
    assert table.text == format_csv(wanted)
    assert f"anna-{NIGHT}.csv" in table.headers["Content-Disposition"]
    assert json.loads(document.body) == json.loads(json.dumps(export_document(wanted, config)))
    assert table.headers["Cache-Control"] == "no-store"


async def test_the_signal_is_offered_where_it_is_stored(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = filled / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    async with serving_pages(filled, sensors=LEGS) as browser:
        await asyncio.to_thread(write_raw_signal, filled)
        assert "/download/edf" in (await browser.get(PAGE)).text
        reply = await browser.get(f"{PAGE}/download/edf")
    assert os.listdir(temporary) == []  # noqa: PTH208 - of a test
    (filled / "night.edf").write_bytes(reply.body)
    recording = read_recording(filled / "night.edf")
    assert len(recording.signals) > 0
    assert recording.duration > 1000


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_figures_have_the_names_of_the_entities_in_home_assistant(language: str) -> None:
    path = ROOT / f"custom_components/limber/translations/{language}.json"
    names = json.loads(path.read_text(encoding="utf-8"))["entity"]["sensor"]
    texts = load_texts(language)
    for figure in FIGURES:
        key = figure.text.removeprefix("figures.")
        if key != "plm_both":  # The component has no entity for it.
            assert names[f"average_{key}"]["name"].startswith(texts[figure.text])
    for key in ("bedtime", "wake_up"):
        assert names[f"last_night_{key}"]["name"].startswith(texts[f"figures.{key}"])


def test_legs_and_cramps_have_the_colours_of_the_cards_light_and_dark() -> None:
    theme = (ROOT / "frontend/src/theme.ts").read_text(encoding="utf-8")
    style = (ROOT / "bridge/limber_bridge/web/static/style.css").read_text(encoding="utf-8")
    names = {"left": "left", "right": "right", "both": "both", "unknown": "unknown-leg"}
    for card, page in (names | {"cramp": "cramp", "position": "position"}).items():
        colours = re.findall(rf"--limber-{card}: var\([^,]*, (#[0-9a-f]{{6}})\);", theme)
        assert len(colours) == 2
        assert re.findall(rf"--{page}: (#[0-9a-f]{{6}});", style) == colours


async def test_a_report_is_offered_where_it_can_be_made(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        assert 'action="/report/anna"' in (await browser.get("/nights/anna")).text
        reply = await browser.get("/report/anna?nights=30&paper=letter&language=de")
        assert (reply.status, reply.body[:5]) == (200, b"%PDF-")
        for query in ("", "?nights=0&paper=a4", "?nights=30&paper=a0", "?nights=-1&paper=a4"):
            assert (await browser.get(f"/report/anna{query}")).status == 400
        can_report.cache_clear()
        monkeypatch.setattr("limber_bridge.offline.report.render.TYPESETTER", "no_such_package")
        assert "/report/" not in (await browser.get("/nights/anna")).text
        assert (await browser.get("/report/anna?nights=30&paper=a4")).status == 404
    can_report.cache_clear()


async def test_the_list_counts_cramps_with_what_the_sleeper_says(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:

        async def shown() -> str:
            page = (await browser.get("/nights/anna")).text
            row = page.split(f"/nights/anna/{NIGHT}")[1].split("</tr>")[0]
            return str(re.findall(r'<td class="number">([^<]*)</td>', row)[-1])

        assert await shown() == "1"
        await browser.get(PAGE)
        await browser.post(f"{PAGE}/label", {"event": CRAMP_ID, "cramp": "no"})
        assert await shown() == "0"
        await browser.get(PAGE)
        await browser.post(f"{PAGE}/cramp", {"time": "05:00"})
        assert await shown() == "1"
