"""The Night card in a real browser: fingers, mouse, keys, live data, languages and accessibility.

The page of frontend/dev shows it with generated data, without Home Assistant.
"""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from devtools.card_bench import build_page
from devtools.card_page import PAGE
from tests.e2e.card_browser import IN_ONE_LOOP, new_page, shared_browser

__all__ = ["shared_browser"]

pytestmark = IN_ONE_LOOP

AXE: Final = Path(__file__).parents[1] / "data/axe-core/axe.min.js"
VIEW: Final = """
() => {
  const card = document.querySelector("limber-night-card");
  return card.shadowRoot.querySelector("limber-night-timeline").plot;
}
"""
NIGHT: Final = re.compile("Fri, Nov 27.*Sat, Nov 28")
NIGHT_BEFORE: Final = re.compile("Thu, Nov 26.*Fri, Nov 27")
STEP_S: Final = 0.05
"""Time between two moves of fingers."""
PICTURES: Final = ("", "dark=1&lang=de", "rtl=1", "state=empty", 'options={"night":"tonight"}')


@dataclass(frozen=True)
class Card:
    """The card on a page, and the errors on its console."""

    page: Page
    errors: list[str]

    async def open(self, query: str) -> None:
        """Show the card with options in the address of the page."""
        await self.page.goto(f"{PAGE.as_uri()}?card=night&movements=600&{query}")

    @property
    def date(self) -> Any:
        """Return the dates of the night."""
        return self.page.locator(".nav .date")

    @property
    def readout(self) -> Any:
        """Return what is said about a mark."""
        return self.page.locator(".readout")

    async def plot(self) -> dict[str, Any]:
        """Return what part of the night is shown."""
        plot: dict[str, Any] = await self.page.evaluate(VIEW)
        return plot

    async def becomes(self, condition: str) -> None:
        """Wait until a condition in JavaScript is true of the `plot`."""
        await self.page.wait_for_function(
            f"() => {{ const plot = ({VIEW})(); return {condition}; }}"
        )

    async def place(self, share: float) -> tuple[float, float]:
        """Return a place in the lane of the left leg, at a share of the width."""
        box = await self.page.locator("canvas").bounding_box()
        assert box is not None
        return box["x"] + share * box["width"], box["y"] + 80

    async def touch(self, *steps: tuple[float, ...]) -> None:
        """Put fingers at shares of the width, move them from step to step, and lift them.

        The events say that this is quick, also where the machine is slow.
        """
        session = await self.page.context.new_cdp_session(self.page)
        began = time.time()
        for number, shares in enumerate([*steps, ()]):
            places = [await self.place(share) for share in shares]
            points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
            kind = ("touchMove" if number else "touchStart") if points else "touchEnd"
            event = {"type": kind, "touchPoints": points, "timestamp": began + number * STEP_S}
            await session.send("Input.dispatchTouchEvent", event)

    async def violations(self) -> list[tuple[str, str]]:
        """Return what axe-core finds, with the element."""
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("axe.run('#cards')")
        return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


@pytest.fixture(scope="module", autouse=True)
def built_page() -> None:
    build_page()


@asynccontextmanager
async def shown(query: str = "", *, width: int = 400, touch: bool = False) -> AsyncIterator[Card]:
    """Open the page with a card; nothing may be reported on its console."""
    async with new_page(width, touch=touch, mobile=touch) as page:
        card = Card(page, [])
        page.on("pageerror", lambda error: card.errors.append(str(error)))
        page.on(
            "console",
            lambda message: card.errors.append(message.text) if message.type == "error" else None,
        )
        await card.open(query)
        yield card
        assert card.errors == []


async def test_a_tap_says_what_is_under_the_finger() -> None:
    async with shown(touch=True) as card:
        await expect(card.readout).to_contain_text("Point at a mark")
        await card.touch((0.3,))
        await expect(card.readout).to_contain_text("leg")


async def test_a_swipe_brings_the_night_before_and_back() -> None:
    async with shown(touch=True) as card:
        await expect(card.date).to_have_text(NIGHT)
        await card.touch((0.4,), (0.5,), (0.7,))
        await expect(card.date).to_have_text(NIGHT_BEFORE)
        await card.touch((0.7,), (0.5,), (0.4,))
        await expect(card.date).to_have_text(NIGHT)


async def test_two_fingers_zoom_and_one_pans() -> None:
    async with shown(touch=True) as card:
        await card.touch((0.45, 0.55), (0.3, 0.7), (0.25, 0.75))
        await card.becomes("plot.view.end - plot.view.start < plot.length / 4")
        near = await card.plot()
        await card.touch((0.6,), (0.4,), (0.3,))
        await card.becomes(f"plot.view.start > {near['view']['start']}")
        await expect(card.date).to_have_text(NIGHT)


async def test_buttons_zoom_and_change_the_night() -> None:
    async with shown() as card:
        await card.page.get_by_role("button", name="Zoom in").click()
        await card.becomes("plot.view.end - plot.view.start === plot.length / 2")
        await card.page.get_by_role("button", name="Show the whole night").click()
        await card.becomes("plot.whole")
        await card.page.get_by_role("button", name="Previous night").click()
        await expect(card.date).to_have_text(NIGHT_BEFORE)


async def test_a_wheel_scrolls_the_page_until_the_timeline_has_the_focus() -> None:
    async with shown(width=1400) as card:
        x, y = await card.place(0.3)
        await card.page.mouse.move(x, y)
        await expect(card.readout).to_contain_text("leg")
        await card.page.mouse.wheel(0, -300)
        assert (await card.plot())["whole"]
        await card.page.mouse.click(x, y)
        await card.page.mouse.wheel(0, -300)
        await card.becomes("!plot.whole")


async def test_keys_go_from_mark_to_mark() -> None:
    async with shown() as card:
        await card.page.locator("canvas").focus()
        await card.page.keyboard.press("PageDown")
        await expect(card.readout).to_contain_text("Periodic series")
        await card.page.keyboard.press("ArrowRight")
        await expect(card.readout).to_contain_text("in a series of")
        await card.page.keyboard.press("End")
        await expect(card.readout).to_contain_text("Cramp that you reported")
        await card.page.keyboard.press("+")
        await card.becomes("!plot.whole")
        await card.page.keyboard.press("Escape")
        await card.becomes("plot.whole")


async def test_cramps_and_series_are_also_a_table() -> None:
    async with shown() as card:
        table = card.page.locator("limber-night-card table")
        await expect(table).to_contain_text("Periodic series")
        await expect(table).to_contain_text("Cramp that you reported")


async def test_tonight_is_fetched_again_when_something_happened() -> None:
    async with shown('options={"night":"tonight"}') as card:
        await expect(card.date).to_contain_text("Tonight")
        count = "home.log.filter((one) => one.live === true).length"
        assert await card.page.evaluate(count) == 1
        # What happens within the next seconds is fetched together.
        await card.page.evaluate("""() => {
            const later = performance.now() + 16_000;
            performance.now = () => later;
            const card = document.querySelector("limber-night-card");
            home.push({...card.tonight, asleep: false});
        }""")
        await card.page.wait_for_function(f"{count} === 2")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("state=empty", "No night has been recorded yet"),
        ("state=offline&lang=de", "Die Bridge ist offline"),
        ("error=not_found", "not set up"),
    ],
)
async def test_states_without_data_are_explained(query: str, text: str) -> None:
    async with shown(query) as card:
        await expect(card.page.locator("#cards")).to_contain_text(text)


@pytest.mark.parametrize("width", [400, 1400])
async def test_axe_finds_nothing(width: int) -> None:
    async with shown(width=width) as card:
        for query in PICTURES:
            await card.open(query)
            await expect(card.page.locator("limber-night-card .body")).to_be_visible()
            assert await card.violations() == []


@pytest.mark.parametrize("query", ["lang=en", "lang=es&rtl=1"])
async def test_the_times_at_the_ends_of_the_axis_are_within_the_card(query: str) -> None:
    async with shown(query) as card:
        await card.page.set_viewport_size({"width": 400, "height": 800})
        # A tick at each end of the plot.
        await card.page.evaluate(
            """() => {
              const timeline = document
                .querySelector("limber-night-card")
                .shadowRoot.querySelector("limber-night-timeline");
              const begin = (3600 - (timeline.model.data.start % 3600)) % 3600;
              timeline.show({ start: begin, end: begin + 4 * 3600 });
            }"""
        )
        ticks = card.page.locator(".tick")
        await expect(ticks.first).to_be_visible()
        plot = await card.page.locator("canvas").bounding_box()
        assert plot is not None
        boxes = [box for tick in await ticks.all() if (box := await tick.bounding_box())]
        assert len(boxes) >= 3
        # They touch the ends, so they would have been cut.
        assert boxes[0]["x"] == pytest.approx(plot["x"], abs=1)
        end = plot["x"] + plot["width"]
        assert boxes[-1]["x"] + boxes[-1]["width"] == pytest.approx(end, abs=1)
        for left, right in pairwise(boxes):
            assert left["x"] + left["width"] < right["x"]


@pytest.mark.parametrize("width", [320, 400, 700])
@pytest.mark.parametrize("query", ["", "rtl=1"])
async def test_the_labels_of_the_hours_are_within_their_chart(width: int, query: str) -> None:
    async with shown(query, width=width) as card:
        chart = card.page.locator("limber-night-card figure", has_text="Movements per hour")
        plot = await chart.locator(".chart > svg").bounding_box()
        assert plot is not None
        labels = [
            box
            for label in await chart.locator("g > text:not(.count)").all()
            if (box := await label.bounding_box()) and await label.is_visible()
        ]
        assert len(labels) >= 4
        for box in labels:
            assert box["x"] >= plot["x"] - 1
            assert box["x"] + box["width"] <= plot["x"] + plot["width"] + 1
        for left, right in pairwise(labels):
            assert left["x"] + left["width"] <= right["x"]


async def test_time_runs_from_left_to_right_in_a_layout_from_right_to_left() -> None:
    async with shown("rtl=1&lang=de") as card:
        ticks = card.page.locator(".tick")
        first = await ticks.first.bounding_box()
        last = await ticks.last.bounding_box()
        assert first is not None
        assert last is not None
        assert first["x"] < last["x"]
        # The buttons of the zoom are at the end of the line: on the left.
        zoom = await card.page.locator(".zoom").bounding_box()
        dates = await card.date.bounding_box()
        assert zoom is not None
        assert zoom["x"] < dates["x"]
