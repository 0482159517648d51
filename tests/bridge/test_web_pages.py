"""The web pages in a real browser: at both widths, light and dark, in English and German.

Each page is checked with axe-core, and nothing may be reported on the console.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.async_api import ConsoleMessage, Error, Page, async_playwright

from devtools.browser import ARGUMENTS
from devtools.processes import ROOT
from limber_bridge.web.catalogue import LANGUAGES
from tests.bridge.web_client import serving_pages
from tests.bridge.web_nights import LEGS, NIGHT, fill_journal
from tests.required_programs import need

AXE: Final = (ROOT / "tests/data/axe-core/axe.min.js").read_text(encoding="utf-8")
HEIGHT: Final = 800
WIDTHS: Final = (400, 1400)
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
ANY: Final = "0.0.0.0"  # noqa: S104 - reached over loopback
PICTURES: Final = os.environ.get("LIMBER_PICTURES")
"""A folder for a picture of each page; for people who work on the pages."""


@asynccontextmanager
async def opened(width: int, *, dark: bool, language: str) -> AsyncIterator[tuple[Page, list[str]]]:
    """Open a browser; yield a page and what it reports on its console."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=need("chromium"), args=ARGUMENTS)
        # axe is put into the page past its content security policy: scripts of the browser are.
        page = await browser.new_page(
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            locale=language,
            reduced_motion="reduce",
        )
        problems: list[str] = []

        def console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                problems.append(message.text)

        def failed(error: Error) -> None:
            problems.append(str(error))

        page.on("console", console)
        page.on("pageerror", failed)
        yield page, problems
        await browser.close()


async def check_page(page: Page, name: str) -> None:
    """Fail if axe finds anything, or if the page is wider than the screen."""
    if await page.evaluate("typeof axe === 'undefined'"):
        await page.evaluate(AXE)
    found: dict[str, Any] = await page.evaluate(
        "tags => axe.run({runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", TAGS
    )
    violations = [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
    assert violations == []
    overflow: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0, f"{name} is {overflow} px wider than the screen"


PATHS: Final = {
    "nights": "/nights/anna",
    "night": f"/nights/anna/{NIGHT}",
    "delete-night": f"/nights/anna/{NIGHT}/delete",
    "status": "/status",
    "your-data": "/your-data",
    "delete-person": "/your-data/anna/delete",
    "access": "/access",
    "first-use": "/first-use",
    "missing": "/nothing-here",
}


@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_page_is_accessible_and_fits_the_screen(
    tmp_path: Path, template: Path, language: str
) -> None:
    """Both widths and colour schemes on the open page: no script of these pages looks at them."""
    await asyncio.to_thread(fill_journal, tmp_path, template, 40)
    async with (
        serving_pages(tmp_path, sensors=LEGS) as here,
        opened(WIDTHS[0], dark=False, language=language) as (page, problems),
    ):
        for name, path in PATHS.items():
            await page.goto(f"http://localhost:{here.port}{path}")
            assert await page.locator("html").get_attribute("lang") == language
            for width, shown in itertools.product(WIDTHS, SCHEMES):
                await page.set_viewport_size({"width": width, "height": HEIGHT})
                await page.emulate_media(color_scheme=shown)
                await check_page(page, f"{name}-{width}-{shown}-{language}")
        # The address of the missing page is reported by the browser itself.
        assert [one for one in problems if "404" not in one] == []


BROKEN_WORDS: Final = r"""
() => [...document.querySelectorAll("thead th")].flatMap((heading) => {
  const texts = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
  const broken = [];
  while (texts.nextNode()) {
    for (const word of texts.currentNode.data.matchAll(/[^\s-]+/gu)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      if (range.getClientRects().length > 1) broken.push(word[0]);
    }
  }
  return broken;
})
"""
"""Words of headings that are on more than one line."""


@pytest.mark.parametrize("language", sorted(LANGUAGES))
async def test_headings_of_the_nights_are_not_broken_inside_a_word(
    tmp_path: Path, template: Path, language: str
) -> None:
    await asyncio.to_thread(fill_journal, tmp_path, template, 3)
    async with (
        serving_pages(tmp_path, sensors=LEGS) as here,
        opened(WIDTHS[0], dark=False, language=language) as (page, problems),
    ):
        await page.goto(f"http://localhost:{here.port}/nights/anna")
        for width in (360, *WIDTHS):
            await page.set_viewport_size({"width": width, "height": HEIGHT})
            assert await page.evaluate(BROKEN_WORDS) == []
            await check_page(page, f"headings-{width}-{language}")
        assert problems == []


async def test_an_answer_is_given_with_the_keyboard_alone(tmp_path: Path, template: Path) -> None:
    await asyncio.to_thread(fill_journal, tmp_path, template)
    async with (
        serving_pages(tmp_path, sensors=LEGS) as here,
        opened(400, dark=False, language="en") as (page, problems),
    ):
        await page.goto(f"http://localhost:{here.port}/nights/anna/{NIGHT}")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"
        button = page.get_by_role("button", name="That was not a cramp, at 03:10")
        reached = False
        for _ in range(30):
            await page.keyboard.press("Tab")
            reached = await button.evaluate("one => one === document.activeElement")
            if reached:
                break
        assert reached
        outline = await button.evaluate("one => getComputedStyle(one).outlineStyle")
        assert outline == "solid"
        await page.keyboard.press("Enter")
        await page.get_by_role("status").get_by_text("Saved: it was not a cramp.").wait_for()
        assert problems == []


async def test_a_browser_sets_the_first_password_and_stays_signed_in(tmp_path: Path) -> None:
    """A link from elsewhere opens the page at once, although its cookie is for this site only."""
    async with (
        serving_pages(tmp_path, address=ANY) as here,
        opened(1400, dark=True, language="en") as (page, problems),
    ):
        await page.goto(f"http://localhost:{here.port}/status")
        await check_page(page, "first-use-open")
        await page.get_by_label("New password", exact=True).fill("a long enough password")
        await page.get_by_label("Repeat the new password").fill("a long enough password")
        await page.get_by_role("button", name="Set the password").click()
        await page.get_by_role("heading", name="Health", exact=True).wait_for()
        await page.get_by_role("link", name="Password").click()
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("button", name="Sign in").wait_for()
        await check_page(page, "sign-in")
        await page.get_by_label("Password").fill("a long enough password")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("heading", name="Nights of Anna").wait_for()
        # A page of another site, with a link.
        await page.goto("about:blank")
        await page.evaluate(
            "address => { document.body.innerHTML = `<a href=${address}>x</a>` }",
            f"http://localhost:{here.port}/status",
        )
        await page.get_by_role("link", name="x").click()
        await page.get_by_role("heading", name="Health", exact=True).wait_for()
        assert problems == []
