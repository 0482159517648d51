"""The buttons of the Tonight card that log a factor, in a real browser.

The page of frontend/dev shows the card with generated data, without Home Assistant;
`test_dashboard.py` logs a factor in Home Assistant.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect

from devtools.browser import WIDTHS
from devtools.card_bench import build_page
from devtools.card_page import PAGE
from tests.e2e.card_browser import IN_ONE_LOOP, calls_become, new_page, shared_browser

__all__ = ["shared_browser"]

pytestmark = IN_ONE_LOOP

AXE: Final = Path(__file__).parents[1] / "data/axe-core/axe.min.js"
EVENING: Final = "2026-11-29T21:40:00+01:00"
FACTORS: Final = ("stretching", "warm_bath", "magnesium")
"""A trial of magnesium is running."""
TRIAL_ENDED: Final = """
() => home.push({...document.querySelector("limber-tonight-card").tonight, trial: null})
"""
REFUSE: Final = """
() => {
  home.hass.callService = async () => {
    throw {
      code: "home_assistant_error",
      message: "English",
      translation_domain: "limber",
      translation_key: "refused_too_many",
      translation_placeholders: { detail: "50 factors" },
    };
  };
  home.hass.loadBackendTranslation = async () => (key, values) => `${key}: ${values.detail}`;
}
"""


@pytest.fixture(scope="module", autouse=True)
def built_page() -> None:
    build_page()


@asynccontextmanager
async def shown(**query: str) -> AsyncIterator[Page]:
    """Open the page with a card that logs, on a phone in the evening; no error may occur."""
    errors: list[str] = []
    options = json.dumps({"log": FACTORS})
    async with new_page(WIDTHS["phone"], touch=False, mobile=False) as page:
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.clock.set_fixed_time(EVENING)
        address = {"card": "tonight", "options": options, "lang": "en"} | query
        await page.goto(f"{PAGE.as_uri()}?{urlencode(address)}")
        await page.get_by_role("heading", level=3).wait_for()
        yield page
        assert errors == []


async def test_a_factor_is_logged_by_keyboard_and_said() -> None:
    async with shown() as page:
        await page.get_by_role("button", name="Log: Warm bath").focus()
        await page.keyboard.press("Enter")
        logged = page.get_by_role("button", name="Warm bath, 9:40 PM. Log again")
        await expect(logged).to_be_focused()
        await expect(logged).to_have_text("Warm bath, 9:40 PM")
        said = page.locator("limber-factor-log").get_by_role("status")
        await expect(said).to_have_text("Logged: Warm bath, 9:40 PM")
        await calls_become(
            page, [{"action": "log", "sleeper": "device_anna", "factor": "warm_bath"}]
        )


async def test_what_was_logged_by_other_means_is_shown() -> None:
    async with shown() as page:
        known = page.get_by_role("button", name="Stretching, 10:25 PM. Log again")
        await expect(known).to_be_visible()


async def test_what_a_trial_tries_is_left_to_the_trial() -> None:
    async with shown() as page:
        log = page.locator("limber-factor-log")
        await expect(log.get_by_role("button")).to_have_count(2)
        await expect(log).to_contain_text("Magnesium is part of your trial.")
        await page.evaluate(TRIAL_ENDED)
        await expect(log.get_by_role("button", name="Log: Magnesium")).to_be_visible()
        await expect(log).not_to_contain_text("trial")


async def test_a_refusal_is_said_in_the_language_of_the_reader() -> None:
    async with shown() as page:
        await page.evaluate(REFUSE)
        await page.get_by_role("button", name="Log: Warm bath").click()
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("refused_too_many.message: 50 factors")
        # Nothing looks as if it had been logged.
        await expect(page.get_by_role("button", name="Log: Warm bath")).to_be_visible()


async def test_without_the_bridge_nothing_can_be_logged() -> None:
    async with shown(state="offline") as page:
        await expect(page.get_by_role("button", name="Log: Warm bath")).to_be_disabled()


@pytest.mark.parametrize("query", [{}, {"dark": "1", "lang": "de"}, {"rtl": "1"}], ids=str)
async def test_it_is_accessible(query: dict[str, str]) -> None:
    async with shown(**query) as page:
        await page.evaluate(AXE.read_text())
        found = await page.evaluate("axe.run('#cards')")
        assert [one["id"] for one in found["violations"]] == []
        wide: bool = await page.evaluate("document.body.scrollWidth > innerWidth")
        assert not wide


@pytest.mark.parametrize("cramps", ["1", "null"])
@pytest.mark.parametrize("width", [280, 320, 400, 430, 480, 700])
async def test_no_figure_has_a_row_of_its_own_beside_four(width: int, cramps: str) -> None:
    async with shown(width=str(width)) as page:
        await page.set_viewport_size({"width": width + 40, "height": 800})
        await page.evaluate(
            f"""() => {{
              const tonight = document.querySelector("limber-tonight-card").tonight;
              home.push({{...tonight, tonight: {{...tonight.tonight, cramps: {cramps}}}}});
            }}"""
        )
        figures = page.locator("dl > div")
        count = 3 if cramps == "null" else 4
        await expect(figures).to_have_count(count)
        boxes = [await one.bounding_box() for one in await figures.all()]
        tops = [box["y"] for box in boxes if box is not None]
        rows = [tops.count(top) for top in sorted(set(tops))]
        if count == 4:
            assert rows in ([4], [2, 2])
        else:
            assert rows in ([3], [2, 1])
