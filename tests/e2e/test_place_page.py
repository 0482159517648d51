"""Place and check in a real browser: a foot in real time pulls its toes up five times.

A phone (400 px, light, English) and a computer (1400 px, dark, German) show the same check.
"""

import asyncio
import json
import re
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from devtools.broker import wait_for_port
from devtools.browser import ARGUMENTS
from devtools.network_sensor import AnkleSensor, send
from devtools.processes import LOOPBACK, free_port, start
from tests.bridge.examples import settings
from tests.bridge.feet import Foot, accelerations
from tests.required_programs import need

ANKLE: Final = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
AXE: Final = Path(__file__).parents[1] / "data/axe-core/axe.min.js"
PASSWORD: Final = "a long password"  # noqa: S105 - of a bridge that only loopback reaches
MINUS: Final = "\N{MINUS SIGN}"
CHECK_S: Final = 100.0
"""Patience for a check of one minute."""
BLOCK: Final = 5
"""Samples in a frame: ten frames a second at 50 Hz."""


START_S: Final = 60.0
"""s in which a bridge must serve its pages. Chosen for a busy machine."""


@dataclass
class PlayedFoot:
    """A foot that lies still until it is asked to take part in a check."""

    port: int
    foot: Foot
    over: threading.Event = field(default_factory=threading.Event)
    plays: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send frames in real time until it is over."""
        sensor = AnkleSensor()
        signal = accelerations(self.foot)
        rest = signal[:, :100]
        began = time.monotonic()
        position = 0
        while not self.over.wait(max(0.0, began + sensor.sequence / 50 - time.monotonic())):
            source = signal if self.plays.is_set() else rest
            if self.plays.is_set():
                position = min(position + BLOCK, signal.shape[1] - BLOCK)
            else:
                position = (position + BLOCK) % (rest.shape[1] - BLOCK)
            send(self.port, sensor.frame(source[:, position : position + BLOCK]))

    def play(self) -> None:
        """Begin to follow the steps of a check that begins now."""
        self.plays.set()


@dataclass(frozen=True)
class Served:
    """A bridge with its pages, and the foot that it measures."""

    address: str
    journal: Path
    foot: PlayedFoot


@contextmanager
def served(folder: Path, foot: Foot) -> Iterator[Served]:
    """Run the bridge and the foot."""
    ports = {name: free_port() for name in ("web", "network", "broker")}
    more = f"network: {{address: 127.0.0.1, port: {ports['network']}}}\n"
    more += f"web: {{address: 127.0.0.1, port: {ports['web']}}}\n"
    path = folder / "limber.yaml"
    path.write_text(settings(ANKLE, port=ports["broker"], more=more))
    with ExitStack() as ends:
        command: list[str | Path] = [need("limber"), "run", "--config", path]
        bridge = start("bridge", command, folder / "bridge.log")
        ends.callback(bridge.stop)
        wait_for_port(bridge, ports["web"], START_S)
        played = PlayedFoot(ports["network"], foot)
        thread = threading.Thread(target=played.run)
        thread.start()
        ends.callback(thread.join)
        ends.callback(played.over.set)
        yield Served(f"http://{LOOPBACK}:{ports['web']}", folder / "limber.db", played)


@dataclass(frozen=True)
class Shown:
    """A page and the errors on its console."""

    page: Page
    errors: list[str]

    def part(self, role: str) -> Any:
        """Return a part of the page by its role in the script."""
        return self.page.locator(f"[data-role={role}]")

    async def violations(self) -> list[tuple[str, str]]:
        """Return what axe-core finds, with the element."""
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("axe.run()")
        return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]

    async def overflow(self) -> int:
        """Return by how many pixels the page is wider than the screen."""
        script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(await self.page.evaluate(script))


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=need("chromium"), args=ARGUMENTS)
        yield opened
        await opened.close()


async def opened_page(opened: Browser, address: str, width: int, *, dark: bool) -> Shown:
    """Open a page."""
    page = await opened.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if dark else "no-preference",
    )
    errors: list[str] = []
    page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(address)
    return Shown(page, errors)


@pytest.mark.takes(70)
async def test_a_foot_that_pulls_five_times_passes(tmp_path: Path) -> None:
    with served(tmp_path, Foot()) as bridge:
        async with browser() as opened:
            phone = await opened_page(opened, english(bridge), 400, dark=False)
            computer = await opened_page(
                opened, f"{bridge.address}/place/1?language=de", 1400, dark=True
            )
            both = (phone, computer)
            for shown in both:
                await expect(shown.part("link")).to_have_class("state-good")
                assert await shown.violations() == []
                assert await shown.overflow() <= 0
            axes = ", ".join(f"{axis} {MINUS}?[0-9][.][0-9]{{2}}" for axis in "xyz")
            await expect(phone.part("gravity")).to_have_text(re.compile(f"^{axes} g$"))
            # With the keyboard: the button that appears in its place has the focus.
            await phone.part("start").focus()
            bridge.foot.play()
            await phone.page.keyboard.press("Enter")
            await expect(phone.part("sentence")).to_have_text("Lie still.")
            await expect(computer.part("sentence")).to_have_text("Lieg still.")
            await expect(phone.part("stop")).to_be_focused()
            await expect(phone.part("sentence")).to_have_text("Pull your toes up and hold.")
            await expect(phone.part("pulls")).to_have_text("Pulls seen: 1 of 5")
            assert await phone.violations() == []
            await expect(phone.part("sentence")).to_contain_text(
                "The sensor sees your foot.", timeout=CHECK_S * 1000
            )
            await expect(computer.part("sentence")).to_contain_text("Der Sensor sieht deinen Fuß.")
            for shown in both:
                await expect(shown.part("strengths").locator("li")).to_have_count(5)
                assert await shown.violations() == []
                assert await shown.overflow() <= 0
                assert shown.errors == []
            await expect(computer.part("turned")).to_have_text("80°")
            await stored_check(bridge.journal)
    (stored,) = stored_checks(bridge.journal)
    assert stored["verdict"] == "good"
    assert len(stored["pulls"]) == 5


async def test_a_check_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    with served(tmp_path, Foot()) as bridge:
        async with browser() as opened:
            shown = await opened_page(opened, english(bridge), 400, dark=True)
            await shown.part("start").click()
            await expect(shown.part("sentence")).to_have_text("Lie down comfortably.")
            await shown.part("stop").click()
            await expect(shown.part("sentence")).to_have_text("")
            await expect(shown.part("start")).to_be_visible()
            assert shown.errors == []
    assert stored_checks(bridge.journal) == []


@pytest.mark.takes(60)
async def test_a_sensor_on_the_table_is_told(tmp_path: Path) -> None:
    """Nothing moves in the whole check; the verdict says what to do."""
    with served(tmp_path, Foot(degrees=0.0, turn=None, pulls=())) as bridge:
        async with browser() as opened:
            shown = await opened_page(opened, english(bridge), 400, dark=False)
            await shown.part("start").click()
            await expect(shown.part("sentence")).to_contain_text(
                "check that you are wearing this sensor", timeout=CHECK_S * 1000
            )
            # A result is filed a moment after it is shown.
            await stored_check(bridge.journal)
    (stored,) = stored_checks(bridge.journal)
    assert stored["verdict"] == "not_worn"


async def test_a_visitor_who_must_sign_in_again_is_asked_to(tmp_path: Path) -> None:
    """A password is set elsewhere while the page is open; after that, the page goes on."""
    with served(tmp_path, Foot()) as bridge:
        async with browser() as opened:
            shown = await opened_page(opened, english(bridge), 400, dark=False)
            await expect(shown.part("start")).to_be_enabled()
            other = await opened_page(opened, f"{bridge.address}/access", 1400, dark=True)
            await other.page.fill("#password", PASSWORD)
            await other.page.fill("#repeated", PASSWORD)
            await other.page.locator("main form button").first.click()
            await shown.page.wait_for_url("**/sign-in*")
            await shown.page.fill("#password", PASSWORD)
            await shown.page.locator("main form button").click()
            await expect(shown.part("start")).to_be_enabled()
            assert shown.errors == []


def english(bridge: Served) -> str:
    """Return the address of the page in English."""
    return f"{bridge.address}/place?language=en"


async def stored_check(journal: Path) -> None:
    """Wait until a guided check is in the journal."""
    for _ in range(round(START_S / 0.05)):
        if stored_checks(journal):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("no check was stored")


def stored_checks(journal: Path) -> list[Any]:
    """Return the guided checks in a journal."""
    database = sqlite3.connect(journal)
    try:
        rows = database.execute("SELECT payload FROM event WHERE kind = 'placement_check'")
        return [json.loads(payload) for (payload,) in rows]
    finally:
        database.close()
