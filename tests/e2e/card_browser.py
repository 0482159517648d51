"""A browser that the tests of a module share: to start one takes three seconds of a processor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from devtools.browser import ARGUMENTS
from tests.required_programs import need

IN_ONE_LOOP: Final = pytest.mark.asyncio(loop_scope="module")
"""Mark of a module whose tests share a browser, which belongs to an event loop."""
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
