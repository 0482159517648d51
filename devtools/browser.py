"""A headless Chromium, logged in to Home Assistant."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.async_api import ConsoleMessage, Error, Page, async_playwright

from devtools.home_assistant import HomeAssistant
from devtools.processes import need

WIDTHS: Final = {"phone": 400, "desktop": 1500}
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A page and the errors on its console."""

    page: Page
    errors: list[str]


@asynccontextmanager
async def browsing(
    home: HomeAssistant, *, width: int = 1280, dark: bool = False
) -> AsyncIterator[BrowserSession]:
    """Open a logged-in browser with a page of a given width, light or dark."""
    expires = int(time.time() * 1000) + 1_800_000
    tokens = dict(home.token) | {
        "hassUrl": home.url,
        "clientId": f"{home.url}/",
        "expires": expires,
    }
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=need("chromium"), args=ARGUMENTS)
        page = await browser.new_page(
            viewport={"width": width, "height": 760},
            color_scheme="dark" if dark else "light",
            device_scale_factor=2,
        )
        await page.add_init_script(f"localStorage.hassTokens = {json.dumps(json.dumps(tokens))}")
        errors: list[str] = []

        def console(message: ConsoleMessage) -> None:
            if message.type == "error":
                errors.append(message.text)

        def failed(error: Error) -> None:
            errors.append(str(error))

        page.on("console", console)
        page.on("pageerror", failed)
        yield BrowserSession(page, errors)
        await browser.close()


async def picture(sight: BrowserSession, path: Path) -> None:
    """Take a screenshot of the page once it has finished loading."""
    await sight.page.locator("#ha-launch-screen").wait_for(state="detached")
    await sight.page.wait_for_load_state("networkidle")
    await sight.page.wait_for_timeout(1500)
    await sight.page.screenshot(path=path)
