"""Set up a bridge as a person does, in a real browser, from a start without a configuration."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page, expect

from devtools.processes import free_port
from limber_bridge.web.catalogue import translate
from tests.bridge.listener import Listener
from tests.bridge.sending_devices import Device, sending
from tests.bridge.test_first_start import StartAsApp, start_as_app
from tests.bridge.test_setup_pages import connected, first_start, open_broker
from tests.bridge.test_web_pages import check_page, opened

__all__ = ["open_broker", "start_as_app"]

KEY: Final = "a key of 16 bytes"
PASSWORD: Final = "a long password"  # noqa: S105 - of this test
PATIENCE_MS: Final = 30_000
LOOKS: Final = [
    pytest.param(400, False, "de", id="400-light-de"),
    pytest.param(400, True, "en", id="400-dark-en"),
    pytest.param(1400, False, "en", id="1400-light-en"),
    pytest.param(1400, True, "de", id="1400-dark-de"),
]


class Person:
    """Someone who reads the pages and fills them in."""

    def __init__(self, page: Page, language: str, look: str, home: str) -> None:
        self.page = page
        self._language = language
        self._look = look
        self._home = home
        self._seen = 0

    def says(self, key: str) -> str:
        """Return a text in the language of the pages."""
        return translate(self._language, key)

    async def open(self, path: str) -> None:
        """Open a page."""
        await self.page.goto(f"{self._home}{path}")
        await self.look()

    async def follow(self, key: str) -> None:
        """Follow the first link with a text."""
        async with self.page.expect_navigation():
            await self.page.locator("main a", has_text=self.says(key)).first.click()
        await self.look()

    async def send(self) -> None:
        """Send the form."""
        async with self.page.expect_navigation():
            await self.page.locator("main form button").first.click()
        await self.look()

    async def look(self) -> None:
        """Check what is shown."""
        self._seen += 1
        await check_page(self.page, f"setup-{self._look}-{self._seen:02d}")

    async def reads(self, text: str) -> None:
        """Check that a text is shown."""
        main = self.page.locator("main")
        await expect(main).to_contain_text(text, use_inner_text=True, timeout=PATIENCE_MS)


@asynccontextmanager
async def person(
    folder: Path, start: StartAsApp, look: tuple[int, bool, str], more: str
) -> AsyncIterator[tuple[Person, list[str]]]:
    width, dark, language = look
    async with (
        first_start(folder, start, more) as here,
        opened(width, dark=dark, language=language) as (page, problems),
    ):
        shown = f"{width}-{'dark' if dark else 'light'}-{language}"
        yield Person(page, language, shown, f"http://localhost:{here.port}"), problems


@pytest.mark.parametrize(("width", "dark", "language"), LOOKS)
async def test_a_person_sets_up_a_bridge(
    tmp_path: Path,
    open_broker: int,
    start_as_app: StartAsApp,
    width: int,
    dark: bool,
    language: str,
) -> None:
    sensors = free_port()
    more = f"network: {{address: 127.0.0.1, port: {sensors}}}\n"
    look = (width, dark, language)
    async with person(tmp_path, start_as_app, look, more) as (someone, problems):
        page = someone.page
        await someone.open("/")
        await someone.reads(someone.says("setup.not_complete"))
        await someone.follow("setup.broker_choose")
        # A broker that does not answer: what is wrong is said, and what was typed stays.
        await page.fill("#host", "localhost")
        await page.fill("#port", "1")
        await page.fill("#user", "someone")
        await page.fill("#password", "not shown again")
        await someone.send()
        await someone.reads(someone.says("setup.broker_refused"))
        assert await page.input_value("#user") == "someone"
        assert await page.input_value("#password") == ""
        await page.fill("#port", str(open_broker))
        await page.fill("#user", "")
        await someone.send()
        await someone.reads(someone.says("setup.done_broker"))
        await someone.follow("setup.add_person")
        await page.fill("#time_zone", "Middle/Earth")
        await someone.send()
        await someone.reads(someone.says("setup.error_name"))
        await someone.reads(someone.says("setup.error_time_zone"))
        assert await page.input_value("#time_zone") == "Middle/Earth"
        await page.fill("#name", "Anna")
        await page.fill("#time_zone", "Europe/Berlin")
        await someone.send()
        with sending(sensors, {17: Device(), 18: Device(key=KEY.encode())}):
            await someone.follow("setup.search")
            await someone.reads("sensor 17")
            await someone.follow("setup.add")
            await page.select_option("#position", "acceleration.ankle.left")
            await someone.send()
            await someone.reads(someone.says("setup.done_sensor"))
            with Listener(open_broker) as listener:
                await asyncio.to_thread(listener.wait, connected("17", "anna"))
            await someone.open("/setup")
            await someone.reads(someone.says("setup.complete"))
        await someone.open("/setup/sensor/new?way=esphome&person=anna")
        await page.select_option("#position", "acceleration.ankle.right")
        await someone.send()
        await page.click("summary")
        await someone.look()
        await expect(page.locator("pre")).to_contain_text('sensor_id: "1"')
        await someone.open("/setup/sensor/new?way=phone&person=anna")
        await page.select_option("#position", "acceleration.bed")
        await someone.send()
        # Now phones can reach the bridge, and so can others: the pages ask for a password.
        await page.wait_for_url("**/first-use*")
        await page.fill("#password", PASSWORD)
        await page.fill("#repeated", PASSWORD)
        await someone.send()
        assert "/ingest/2/" in await page.input_value("#push-url")
        assert await page.locator("svg.qr").is_visible()
        await someone.open("/setup/sensors/1/remove")
        await someone.send()
        await someone.reads(someone.says("setup.done_removed"))
        # The browser itself reports the forms that were refused.
        assert [one for one in problems if "422" not in one] == []
