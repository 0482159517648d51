"""The Trend card and the What-helps card in a real browser: keys, fingers, actions, accessibility.

The page of frontend/dev shows them with generated data, without Home Assistant.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest
from playwright.async_api import ConsoleMessage, Page, expect

from devtools.browser import WIDTHS
from devtools.card_bench import build_page
from devtools.card_page import PAGE
from tests.e2e.card_browser import IN_ONE_LOOP, calls_become, new_page, shared_browser

__all__ = ["shared_browser"]

pytestmark = IN_ONE_LOOP

AXE: Final = Path(__file__).parents[1] / "data/axe-core/axe.min.js"
NOON: Final = "2026-11-28T12:00:00+01:00"
"""The night of 28 November is the last one that is over."""
TRIAL_ENDED: Final = """
() => home.push({...document.querySelector("limber-helps-card").tonight, trial: null})
"""
PICTURES: Final = (
    {"card": "trend"},
    {"card": "trend", "dark": "1", "lang": "de", "options": '{"nights":365}'},
    {"card": "trend", "rtl": "1", "options": '{"nights":7,"hide":["diary"]}'},
    {"card": "helps"},
    {"card": "helps", "dark": "1", "lang": "de"},
    {"card": "helps", "rtl": "1", "state": "offline"},
    {"card": "helps", "state": "empty"},
)


@pytest.fixture(scope="module", autouse=True)
def built_page() -> None:
    build_page()


@asynccontextmanager
async def shown(
    query: dict[str, str], *, width: int = WIDTHS["phone"], touch: bool = False
) -> AsyncIterator[Page]:
    """Open the page with a card at noon; nothing may be reported on its console."""
    errors: list[str] = []

    def console(message: ConsoleMessage) -> None:
        errors.extend([message.text] if message.type == "error" else [])

    async with new_page(width, touch=touch, mobile=False) as page:
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", console)
        await page.clock.set_fixed_time(NOON)
        await page.goto(f"{PAGE.as_uri()}?{urlencode(query)}")
        await page.locator(f"limber-{query['card']}-card section").first.wait_for()
        yield page
        assert errors == []


async def violations(page: Page) -> list[tuple[str, str]]:
    """Return what axe-core finds, with the element."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run('#cards')")
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


@pytest.mark.parametrize("query", PICTURES, ids=lambda query: " ".join(query.values()))
@pytest.mark.parametrize("width", [WIDTHS["phone"], 1400])
async def test_the_cards_are_accessible(query: dict[str, str], width: int) -> None:
    async with shown(query, width=width) as page:
        assert await violations(page) == []
        scrolled = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert scrolled <= 0


async def test_keys_go_from_night_to_night_and_say_what_is_known() -> None:
    async with shown({"card": "trend", "options": '{"nights":30}'}) as page:
        slider = page.get_by_role("slider")
        await slider.focus()
        await page.keyboard.press("ArrowLeft")
        await expect(slider).to_have_attribute("aria-valuetext", re.compile("^Fri, Nov 27, "))
        await page.keyboard.press("Home")
        await expect(slider).to_have_attribute("aria-valuenow", "1")


async def test_a_click_opens_the_night_in_a_dialog() -> None:
    async with shown({"card": "trend", "options": '{"nights":7}'}, width=1000) as page:
        slider = page.get_by_role("slider")
        await slider.focus()
        for _ in range(7):
            await page.keyboard.press("ArrowLeft")
            if await page.get_by_role("button", name="Show this night").count():
                break
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        await expect(dialog.locator("limber-night-timeline")).to_be_visible()
        await dialog.get_by_role("button", name="Close").click()
        await expect(dialog).to_be_hidden()


async def test_a_night_card_on_the_same_page_shows_the_night() -> None:
    async with shown({"card": "trend", "options": '{"nights":365}'}) as page:
        await page.evaluate(
            """() => {
              const card = document.createElement("limber-night-card");
              card.setConfig({type: "custom:limber-night-card", device: "device_anna"});
              card.hass = home.hass;
              document.getElementById("cards").append(card);
            }"""
        )
        date = page.locator("limber-night-card .nav .date")
        await expect(date).to_contain_text("Nov 28")
        await page.get_by_role("slider").focus()
        await page.keyboard.press("Home")
        await page.locator("limber-trend-card .readout button").first.click()
        await expect(date).to_contain_text("Nov 29")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_first_tap_chooses_a_night_and_the_second_opens_it() -> None:
    query = {"card": "trend", "options": '{"nights":7,"hide":["hours"]}'}
    async with shown(query, touch=True) as page:
        box = await page.get_by_role("slider").bounding_box()
        assert box is not None
        for share in (0.3, 0.45, 0.6, 0.75, 0.9):
            place = (box["x"] + share * box["width"], box["y"] + 60)
            await page.touchscreen.tap(*place)
            await expect(page.locator(".cursor")).to_be_visible()
            await expect(page.locator("limber-night-card")).to_have_count(0)
            if await page.get_by_role("button", name="Show this night").count():
                await page.touchscreen.tap(*place)
                break
        await expect(page.locator("limber-night-card")).to_be_visible()


async def test_another_range_and_measure_are_shown() -> None:
    async with shown({"card": "trend"}) as page:
        await page.get_by_role("radio", name="1 year").check(force=True)
        await expect(page.get_by_role("slider")).to_have_attribute("aria-valuemax", "52")
        await page.get_by_role("combobox").select_option("sleep_h")
        await expect(page.locator(".headline .figure")).to_contain_text("h")


async def test_a_failed_request_can_be_tried_again() -> None:
    async with shown({"card": "trend", "error": "unavailable"}) as page:
        await expect(page.get_by_role("alert")).to_contain_text("offline")


async def test_the_answer_of_the_morning_is_sent_for_its_night() -> None:
    async with shown({"card": "helps"}) as page:
        asked = page.get_by_role("group", name="Magnesium: did you do it")
        await asked.get_by_role("button", name="No").click()
        expected = {
            "action": "answer_trial",
            "sleeper": "device_anna",
            "night": "2026-11-28",
            "done": False,
        }
        await calls_become(page, [expected])


async def test_a_rating_is_written_and_deleted_by_a_second_tap() -> None:
    async with shown({"card": "helps"}) as page:
        await page.get_by_role("group", name="How well").get_by_role("button", name="9").click()
        evening = page.get_by_role("group", name="How restless")
        await evening.get_by_role("button", name="4", pressed=True).click()
        diary = {"action": "diary", "sleeper": "device_anna"}
        await calls_become(
            page,
            [
                {**diary, "night": "2026-11-28", "sleep_quality": 9},
                {**diary, "night": "2026-11-29", "evening_symptoms": None},
            ],
        )


async def test_a_trial_is_started_only_after_it_was_confirmed() -> None:
    async with shown({"card": "helps"}) as page:
        await page.evaluate(TRIAL_ENDED)
        await page.get_by_role("button", name="Try something").click()
        await page.get_by_label("What to try").select_option("medicine")
        await expect(page.get_by_role("note")).to_contain_text("doctor")
        # With wash-out nights there is no early look.
        await expect(page.get_by_label("Look once")).to_have_count(0)
        await page.get_by_label("What to try").select_option("other")
        await expect(page.get_by_label("How long")).to_have_value("8")
        await page.get_by_label("What is it?").fill(" Wool socks ")
        await page.get_by_label("How long").select_option("6")
        await page.get_by_label("Look once").check()
        start = page.get_by_role("button", name="Start the trial")
        await start.click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("Wool socks, 6 weeks")
        await dialog.get_by_role("button", name="Cancel").click()
        await calls_become(page, [])
        await start.click()
        await dialog.get_by_role("button", name="Start the trial").click()
        await expect(page.get_by_label("What to try")).to_have_count(0)
        expected = {
            "action": "start_trial",
            "sleeper": "device_anna",
            "factor": "other",
            "name": "Wool socks",
            "weeks": 6,
            "outcome": "plm_index",
            "early_look": True,
        }
        await calls_become(page, [expected])


async def test_the_form_offers_no_trial_that_is_too_short_for_a_slow_factor() -> None:
    async with shown({"card": "helps"}) as page:
        await page.evaluate(TRIAL_ENDED)
        await page.get_by_role("button", name="Try something…").click()
        weeks = page.get_by_label("How long")
        await expect(weeks).to_have_value("8")
        await weeks.select_option("4")
        await page.get_by_label("What to try").select_option("magnesium")
        await expect(weeks).to_have_value("5")
        await expect(weeks.locator("option")).to_have_count(4)
        await weeks.select_option("8")
        await page.get_by_label("What to try").select_option("stretching")
        await expect(weeks).to_have_value("8")
        await expect(weeks.locator("option")).to_have_count(7)


async def test_a_night_that_is_opened_is_seen_from_its_date_on() -> None:
    async with shown({"card": "trend", "options": '{"nights":7}'}) as page:
        await page.evaluate(
            """() => {
              const card = document.createElement("limber-night-card");
              card.setConfig({type: "custom:limber-night-card", device: "device_anna"});
              card.hass = home.hass;
              document.getElementById("cards").prepend(card);
            }"""
        )
        date = page.locator("limber-night-card .nav .date")
        await expect(date).to_be_visible()
        await page.get_by_role("button", name="Show this night").click()
        await expect(date).to_be_in_viewport()


async def test_a_trial_is_stopped_only_after_it_was_confirmed() -> None:
    async with shown({"card": "helps"}) as page:
        await page.get_by_role("button", name="Stop the trial").click()
        await page.keyboard.press("Escape")
        await calls_become(page, [])
        await page.get_by_role("button", name="Stop the trial").click()
        await page.get_by_role("dialog").get_by_role("button", name="Stop the trial").click()
        await calls_become(page, [{"action": "stop_trial", "sleeper": "device_anna"}])


async def test_a_running_trial_shows_no_figures_of_its_factor() -> None:
    async with shown({"card": "helps"}) as page:
        row = page.locator("li.kept_back")
        await expect(row).to_contain_text("Magnesium")
        await expect(row).not_to_contain_text("%")
        await expect(page.locator(".trial")).not_to_contain_text("%")


async def test_an_action_that_fails_says_why() -> None:
    async with shown({"card": "helps"}) as page:
        await page.evaluate(
            "() => { home.hass.callService = async () => { throw {message: 'no trial'}; }; }"
        )
        asked = page.get_by_role("group", name="Magnesium: did you do it")
        await asked.get_by_role("button", name="Yes").click()
        await expect(page.get_by_role("alert")).to_contain_text("no trial")


@pytest.mark.parametrize("nights", ["3", "4", "30"])
@pytest.mark.parametrize("shown_range", [7, 90])
async def test_the_legend_names_only_what_is_in_the_picture(nights: str, shown_range: int) -> None:
    query = {"card": "trend", "nights": nights, "options": f'{{"nights":{shown_range}}}'}
    async with shown(query) as page:
        paths = page.locator(".plots path.unmeasured")
        drawn = [await path.get_attribute("d") for path in await paths.all()]
        await expect(page.locator(".legend rect.unmeasured")).to_have_count(int(any(drawn)))
