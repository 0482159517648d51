"""The dashboard of the strategy and its cards, with a year of nights, in a real browser.

Home Assistant makes the dashboard from `custom:limber`; no card is written by hand.
"""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Locator, expect

from devtools.browser import BrowserSession, browsing
from devtools.demo_history import past_night
from devtools.home_assistant import HomeAssistant, add_limber
from limber_bridge.config.loader import load_config
from limber_bridge.detection.events import Factor, FactorKind
from limber_bridge.domain.nights import Night, to_us
from limber_bridge.storage.journal import Journal
from tests.bridge.examples import night
from tests.e2e.local_time import ZONE
from tests.e2e.stack import Stack, attributes, shows

AXE: Final = Path(__file__).parents[1] / "data/axe-core/axe.min.js"
NIGHTS: Final = 365
SCORED_NIGHTS: Final = 3
"""The newest ones have all their events."""
UNMEASURED_EVERY: Final = 9
"""Every ninth night was not measured."""
CARDS: Final = ("tonight", "night", "trend", "helps")
LOADED_MS: Final = 60_000
"""Patience for a page. Chosen for a busy machine."""
HEADINGS: Final = {"en": "Last night", "de": "Letzte Nacht"}
"""A heading of the dashboard, by language."""
PATH: Final = "limber-of-frida"
EDITED: Final = "limber-by-hand"
LOGGED: Final = "limber-to-log"
TRANSLATED: Final = """
async () => {
  const { hass } = document.querySelector("home-assistant");
  const localize = await hass.loadBackendTranslation("exceptions", "limber");
  return localize("component.limber.exceptions.refused_too_many.message", { detail: "x" });
}
"""
"""What a card does to show a refusal of the bridge."""


@pytest.fixture
def year(shared_stack: Callable[[str, str], Stack]) -> Stack:
    """A bridge with a year of nights, some of which were not measured, and what was logged."""
    stack = shared_stack("tower", "Frida")
    settings = stack.settings()
    today = datetime.now(ZONE).date()
    days = [today - timedelta(days=number) for number in range(NIGHTS, 0, -1)]
    logged = [(day, stretching(day)) for day in days[::3]]
    with Journal(load_config(settings).journal) as journal:
        for number, day in enumerate(days[:-SCORED_NIGHTS]):
            if number % UNMEASURED_EVERY:
                journal.save_night(with_index(night(day, sleeper="frida"), 15.0 + number % 17))
        for day in days[-SCORED_NIGHTS:]:
            finished, events, memory = past_night(settings, day)
            journal.append("frida", [*logged, *((day, event) for event in events)], memory)
            journal.save_night(finished)
    stack.start_bridge()
    return stack


def with_index(one: Night, index: float) -> Night:
    """Return a night with another PLM index."""
    return replace(one, measures=replace(one.measures, plm_index=index))


def stretching(day: date) -> Factor:
    """The sleeper stretched in the evening before a night."""
    evening = datetime.combine(day - timedelta(days=1), time(21), ZONE)
    return Factor(to_us(evening), FactorKind.STRETCHING, None)


async def create_dashboard(home: HomeAssistant, path: str, config: dict[str, Any]) -> None:
    """Create a dashboard, as the dialog of Home Assistant does."""
    await home.command(
        type="lovelace/dashboards/create",
        url_path=path,
        title=path,
        mode="storage",
        show_in_sidebar=False,
        require_admin=False,
    )
    await home.command(type="lovelace/config/save", url_path=path, config=config)


@asynccontextmanager
async def opened_in(
    home: HomeAssistant, language: str, *, width: int, dark: bool
) -> AsyncIterator[BrowserSession]:
    """Open a browser of a person with a language."""
    async with browsing(home, width=width, dark=dark) as sight:
        chosen = json.dumps(json.dumps(language))
        await sight.page.add_init_script(f"localStorage.selectedLanguage = {chosen}")
        yield sight


async def violations(sight: BrowserSession, card: Locator) -> list[tuple[str, str]]:
    """Return what axe-core finds in a card, with the element."""
    await sight.page.evaluate(AXE.read_text())
    found = await card.evaluate("element => axe.run(element)")
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


@pytest.mark.takes(45)
async def test_the_dashboard_shows_a_year_and_a_card_is_edited(year: Stack) -> None:
    async with year.running_home() as home:
        await add_limber(home, year.base_topic)
        await shows(home, "binary_sensor.tower_connectivity", "on")
        await create_dashboard(home, PATH, {"strategy": {"type": "custom:limber"}})
        for language, width, dark in (
            ("en", 400, False),
            ("de", 400, True),
            ("de", 1400, False),
            ("en", 1400, True),
        ):
            async with opened_in(home, language, width=width, dark=dark) as sight:
                await look_at_dashboard(home, sight, language)
        await edit_card(home)
        await log_factor(home)


async def look_at_dashboard(home: HomeAssistant, sight: BrowserSession, language: str) -> None:
    """Open the view of the sleeper, and check each of its cards."""
    page = sight.page
    await page.goto(f"{home.url}/{PATH}")
    tab = page.get_by_role("tab", name="Frida")
    await tab.first.click(timeout=LOADED_MS)
    await expect(page.get_by_text(HEADINGS[language], exact=True).first).to_be_visible(
        timeout=LOADED_MS
    )
    for name in CARDS:
        card = page.locator(f"limber-{name}-card")
        await card.scroll_into_view_if_needed(timeout=LOADED_MS)
        await expect(card).to_contain_text("Frida", timeout=LOADED_MS)
        await expect(card.get_by_role("alert")).to_have_count(0)
    await expect(page.locator("limber-night-card canvas").first).to_be_visible(timeout=LOADED_MS)
    await expect(page.locator("limber-trend-card svg:not(.defs)").first).to_be_visible(
        timeout=LOADED_MS
    )
    for name in CARDS:
        card = page.locator(f"limber-{name}-card")
        assert await violations(sight, card) == [], (name, language)
    assert sight.errors == []


async def edit_card(home: HomeAssistant) -> None:
    """Give a card another heading in its visual editor, and save it."""
    device = await device_of(home, "Frida")
    card = {"type": "custom:limber-night-card", "device": device}
    view = {"title": "Legs", "path": "legs", "cards": [card]}
    await create_dashboard(home, EDITED, {"views": [view]})
    async with opened_in(home, "en", width=1400, dark=False) as sight:
        page = sight.page
        await page.goto(f"{home.url}/{EDITED}/legs?edit=1")
        await page.locator("hui-card-options ha-button", has_text="Edit").click(timeout=LOADED_MS)
        heading = page.locator("hui-card-element-editor ha-selector-text input")
        await heading.fill("My nights", timeout=LOADED_MS)
        preview = page.locator("hui-dialog-edit-card limber-night-card")
        await expect(preview).to_contain_text("My nights", timeout=LOADED_MS)
        await page.locator("hui-dialog-edit-card ha-button", has_text="Save").click()
        await expect(preview).to_have_count(0, timeout=LOADED_MS)
        await expect(page.locator("limber-night-card")).to_contain_text("My nights")
        assert sight.errors == []
    saved = await home.command(type="lovelace/config", url_path=EDITED)
    assert saved["views"][0]["cards"] == [card | {"title": "My nights"}]


async def log_factor(home: HomeAssistant) -> None:
    """Log a factor on the Tonight card, in German; the card and Home Assistant show it."""
    device = await device_of(home, "Frida")
    card = {"type": "custom:limber-tonight-card", "device": device, "log": ["warm_bath"]}
    await create_dashboard(home, LOGGED, {"views": [{"path": "log", "cards": [card]}]})
    async with opened_in(home, "de", width=400, dark=False) as sight:
        page = sight.page
        await page.goto(f"{home.url}/{LOGGED}/log")
        await page.get_by_role("button", name="Warmes Bad notieren").click(timeout=LOADED_MS)
        logged = page.get_by_role("button", name="Noch einmal notieren")
        await expect(logged).to_have_text(re.compile(r"^\s*Warmes Bad, \d\d:\d\d\s*$"))
        # Another browser knows it from the bridge.
        await page.reload()
        await expect(logged).to_be_visible(timeout=LOADED_MS)
        assert await page.evaluate(TRANSLATED) == "Die Bridge hat eine Grenze erreicht: „x“"
        assert sight.errors == []
    assert (await attributes(home, "event.frida_logged"))["event_type"] == "warm_bath"


async def device_of(home: HomeAssistant, name: str) -> str:
    """Return the id of a device."""
    devices = await home.command(type="config/device_registry/list")
    return next(str(one["id"]) for one in devices if one["name"] == name)
