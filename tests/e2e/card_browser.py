"""A browser that the tests of a module share: to start one takes three seconds of a processor."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from devtools.browser import ARGUMENTS
from tests.required_programs import need

IN_ONE_LOOP: Final = pytest.mark.asyncio(loop_scope="module")
"""Mark of a module whose tests share a browser, which belongs to an event loop."""
PATIENCE_S: Final = 30
BROWSERS: Final[list[Browser]] = []
"""The one of the module whose tests run."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def shared_browser() -> AsyncIterator[None]:
    """Run a browser for the module that imports this."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=need("chromium"), args=ARGUMENTS)
        BROWSERS.append(browser)
        yield
        BROWSERS.clear()
        await browser.close()


@asynccontextmanager
async def new_page(width: int, *, touch: bool, mobile: bool) -> AsyncIterator[Page]:
    """Open a page that shares nothing with others but the browser."""
    (browser,) = BROWSERS
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, has_touch=touch, is_mobile=mobile
    )
    async with context:
        yield await context.new_page()


async def calls_become(page: Page, expected: list[dict[str, Any]]) -> None:
    """Wait until a card has called these actions, with these fields, and no others.

    A card calls an action only some time after the click: a dialog closes before.
    """
    called: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while (called := await _called(page)) != expected:
            assert len(called) <= len(expected), called
            await page.wait_for_timeout(50)


async def _called(page: Page) -> list[dict[str, Any]]:
    text: str = await page.evaluate("JSON.stringify(home.log.filter((one) => one.domain))")
    return [{"action": one["service"], **one["data"]} for one in json.loads(text)]
