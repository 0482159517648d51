"""Measure how quickly the Night card and the Trend card appear, with generated data.

Home Assistant is not needed. `python -m devtools.card_bench` prints the figures as JSON. The frames
are those of a phone: a window of 400 px with three pixels to each, and a processor that Chromium
slows down four times.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import urlencode

from playwright.async_api import Page, async_playwright

from devtools.browser import ARGUMENTS, WIDTHS
from devtools.card_page import FRONTEND, PAGE
from devtools.processes import need

MOVEMENTS: Final = 2000
NIGHTS: Final = 365
REPEATS: Final = 15
"""Cards that are drawn for a median; chosen: it takes a second."""
FRAMES: Final = 180
"""Three seconds at 60 frames a second."""
PHONE_SLOWDOWN: Final = 4
"""As in Chromium's own tools for a phone of the middle class."""

NIGHT_DRAWN: Final = "(root) => root.querySelector('limber-night-timeline')?.drawn"
TREND_DRAWN: Final = "(root) => root.querySelector('.plots .discs')?.getAttribute('d')"
"""Whether everything in the shadow root of a card is drawn."""

RENDER: Final = """
async ({repeats, tag, config, drawn}) => {
  const isDrawn = eval(drawn);
  const night = await home.hass.callWS({type: "limber/night"});
  const nights = await home.hass.callWS({type: "limber/nights", last: 365});
  home.hass.callWS = async ({type}) => (type === "limber/night" ? night : nights);
  const times = [];
  for (let count = 0; count < repeats; count += 1) {
    const card = document.createElement(tag);
    card.setConfig({type: `custom:${tag}`, device: "device_anna", ...config});
    card.hass = home.hass;
    const start = performance.now();
    document.getElementById("cards").append(card);
    while (card.shadowRoot === null || !isDrawn(card.shadowRoot)) {
      await 0;
    }
    void card.offsetHeight;
    times.push(performance.now() - start);
    await new Promise(requestAnimationFrame);
    card.remove();
  }
  return times;
}
"""
"""The data are there: from the element to everything drawn and laid out."""

PAN: Final = """
async ({frames}) => {
  const card = document.querySelector("limber-night-card");
  const timeline = card.shadowRoot.querySelector("limber-night-timeline");
  const {length} = timeline.plot;
  const work = [];
  const moments = [];
  for (let frame = 0; frame < frames; frame += 1) {
    moments.push(await new Promise(requestAnimationFrame));
    const start = performance.now();
    const at = (frame / frames) * length * 0.5;
    timeline.show({start: at, end: at + length * 0.5});
    await timeline.updateComplete;
    work.push(performance.now() - start);
  }
  return {work, frames: moments.slice(1).map((moment, index) => moment - moments[index])};
}
"""
"""Pan half of the night through the other half, a step in each frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightCardTimes:
    """Times of the Night card, in ms."""

    render_ms: float
    """Median time until a night is drawn, once its data are there."""
    phone_render_ms: float
    """The same on the slowed down processor."""
    pan_work_ms: float
    """95th percentile of the work in a frame, while the night is panned on the slow processor."""
    pan_frame_ms: float
    """Median time between these frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendCardTimes:
    """Times of the Trend card with the longest range, in ms."""

    render_ms: float
    """Median time until all nights are drawn, once their data are there."""
    phone_render_ms: float
    """The same on the slowed down processor."""
    select_ms: float
    """95th percentile of the time to point at another night, on the slow processor."""


SELECT: Final = """
async ({repeats}) => {
  const card = document.querySelector("limber-trend-card");
  const slider = card.shadowRoot.querySelector("[role=slider]");
  const times = [];
  for (let count = 0; count < repeats; count += 1) {
    const start = performance.now();
    slider.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowLeft", cancelable: true}));
    await card.updateComplete;
    void card.offsetHeight;
    times.push(performance.now() - start);
    await new Promise(requestAnimationFrame);
  }
  return times;
}
"""


async def night_card(movements: int = MOVEMENTS) -> NightCardTimes:
    """Return the times of a night with that many movements."""
    rendered = {"repeats": REPEATS, "tag": "limber-night-card", "config": {}, "drawn": NIGHT_DRAWN}
    async with _opened(f"card=night&movements={movements}") as page:
        await page.wait_for_selector("limber-night-timeline")
        fast = await page.evaluate(RENDER, rendered)
        await _slow_down(page)
        slow = await page.evaluate(RENDER, rendered)
        panned: dict[str, list[float]] = await page.evaluate(PAN, {"frames": FRAMES})
    return NightCardTimes(
        render_ms=percentile(fast, 50),
        phone_render_ms=percentile(slow, 50),
        pan_work_ms=percentile(panned["work"], 95),
        pan_frame_ms=percentile(panned["frames"], 50),
    )


async def trend_card(nights: int = NIGHTS) -> TrendCardTimes:
    """Return the times of that many nights."""
    config = {"nights": NIGHTS}
    rendered = {
        "repeats": REPEATS,
        "tag": "limber-trend-card",
        "config": config,
        "drawn": TREND_DRAWN,
    }
    options = urlencode({"card": "trend", "nights": nights, "options": json.dumps(config)})
    async with _opened(options) as page:
        await page.wait_for_selector("limber-trend-card .plots")
        fast = await page.evaluate(RENDER, rendered)
        await _slow_down(page)
        slow = await page.evaluate(RENDER, rendered)
        selected = await page.evaluate(SELECT, {"repeats": REPEATS})
    return TrendCardTimes(
        render_ms=percentile(fast, 50),
        phone_render_ms=percentile(slow, 50),
        select_ms=percentile(selected, 95),
    )


@asynccontextmanager
async def _opened(options: str) -> AsyncIterator[Page]:
    """Open the page of the cards as on a phone."""
    await asyncio.to_thread(build_page)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=need("chromium"), args=ARGUMENTS)
        page = await browser.new_page(
            viewport={"width": WIDTHS["phone"], "height": 900}, device_scale_factor=3
        )
        await page.goto(f"{PAGE.as_uri()}?{options}")
        yield page
        await browser.close()


def build_page() -> None:
    """Build the page of the cards with generated data."""
    subprocess.run([need("node"), FRONTEND / "build.mjs", "dev"], check=True)


async def _slow_down(page: Page) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": PHONE_SLOWDOWN})


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile of the values, in tenths."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the times of both cards as one object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--movements", type=int, default=MOVEMENTS)
    parser.add_argument("--nights", type=int, default=NIGHTS)
    chosen = parser.parse_args(arguments)
    night = asyncio.run(night_card(chosen.movements))
    trend = asyncio.run(trend_card(chosen.nights))
    print(json.dumps({"night_card": asdict(night), "trend_card": asdict(trend)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
