"""The page on which a sensor is placed and checked, as the bridge sends it."""

import html
import json
import re
from pathlib import Path

import pytest

from limber_bridge.detection.events import PlacementVerdict
from limber_bridge.web.catalogue import LANGUAGES
from tests.bridge.web_client import serving_pages

ANKLES = """{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}
{id: 2, source: network, placement: tibialis, side: right, quantity: emg}"""
TEXTS = re.compile(r"data-texts='([^']*)'")


async def test_a_single_sensor_is_opened_at_once(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        reply = await browser.get("/place")
        assert (reply.status, reply.location) == (303, "/place/1")
        page = await browser.follow(reply)
        assert 'data-socket="/live/1"' in page.text


async def test_several_sensors_are_listed(tmp_path: Path) -> None:
    async with serving_pages(tmp_path, sensors=ANKLES) as browser:
        page = await browser.get("/place")
        assert [path in page.text for path in ("/place/1", "/place/2")] == [True, True]


async def test_a_sensor_without_position_is_not_asked_to_see_a_turn(tmp_path: Path) -> None:
    async with serving_pages(tmp_path, sensors=ANKLES) as browser:
        assert "turn over" in (await browser.get("/place/1")).text
        emg = (await browser.get("/place/2")).text
        assert "then pull your toes up" in emg
        assert "place-leg" not in emg
        stays = "the level may stay above the threshold"
        assert stays in (await browser.get("/place/1")).text
        assert stays not in emg
        assert "press the electrodes on" in html.unescape(emg)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_script_gets_every_text_in_every_language(tmp_path: Path, language: str) -> None:
    async with serving_pages(tmp_path) as browser:
        page = await browser.get(f"/place/1?language={language}")
        found = TEXTS.search(page.text)
        assert found is not None
        texts = json.loads(html.unescape(found[1]))
        assert texts["verdicts"].keys() == {verdict.value for verdict in PlacementVerdict}
        assert len(set(texts["verdicts"].values())) == len(PlacementVerdict)
        assert {"{count}", "{wanted}"} <= set(re.findall(r"\{\w+\}", texts["pulls_seen"]))


@pytest.mark.parametrize("path", ["/place/2", "/place/x", "/place/00000000000001"])
async def test_an_unknown_sensor_is_not_found(tmp_path: Path, path: str) -> None:
    async with serving_pages(tmp_path) as browser:
        assert (await browser.get(path)).status == 404
