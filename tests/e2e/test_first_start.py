"""From a first start without a limber.yaml to a night that Home Assistant shows.

A person sets everything up on a phone (400 px, light, English); a computer (1400 px, dark, German)
shows the same pages. The bridge runs by a fast clock.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import ConsoleMessage, Error, Locator, Page, async_playwright, expect

from devtools.broker import wait_for_port
from devtools.browser import ARGUMENTS, BrowserSession, browsing
from devtools.fast_clock import FastClock
from devtools.home_assistant import HomeAssistant
from devtools.phone_player import IngestAddress
from devtools.processes import Program, start
from limber_bridge.web.catalogue import translate
from limber_bridge.web.figures import FIGURES
from tests.bridge.network_namespace import NetworkNamespace, network_namespace
from tests.bridge.test_setup_in_browser import Person
from tests.e2e.local_time import ZONE_NAME
from tests.e2e.own_network import program_inside, relayed
from tests.e2e.simulated_sleeper import SimulatedSleeper
from tests.e2e.stack import Stack, card_of, shows

SPEED: Final = 10
WEB_PORT: Final = 47801
FRAME_PORT: Final = 47800
BROKER_PORT: Final = 1883
"""The defaults."""
SENSOR: Final = 17
PASSWORD: Final = "a long password"  # noqa: S105 - of this test
START_S: Final = 60.0
PATIENCE_MS: Final = 60_000
END_NIGHT: Final = "button.ida_end_the_night"


@contextmanager
def first_start(folder: Path, network: NetworkNamespace, clock: FastClock) -> Iterator[Program]:
    """Run the bridge as the app does, without a limber.yaml."""
    fast = [sys.executable, "-m", "devtools.fast_clock", str(clock)]
    command: list[str | Path] = [*fast, "run", "--config", folder / "limber.yaml"]
    environment = {"LIMBER_SETUP": "1"}
    bridge = network.run(start, "bridge", command, folder / "bridge.log", environment=environment)
    try:
        network.run(wait_for_port, bridge, WEB_PORT, START_S)
        yield bridge
    finally:
        bridge.stop()


@asynccontextmanager
async def two_browsers(program: Path) -> AsyncIterator[tuple[Person, Person, list[str]]]:
    """Open the phone and the computer; yield them and what is reported on their consoles."""
    problems: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            problems.append(message.text)

    def failed(error: Error) -> None:
        problems.append(str(error))

    async def opened(width: int, language: str, *, dark: bool) -> Person:
        page: Page = await browser.new_page(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            locale=language,
            reduced_motion="reduce",
        )
        page.on("console", console)
        page.on("pageerror", failed)
        shown = f"{width}-{language}"
        return Person(page, language, shown, f"http://localhost:{WEB_PORT}")

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        phone = await opened(400, "en", dark=False)
        computer = await opened(1400, "de", dark=True)
        yield phone, computer, problems
        await browser.close()


@pytest.mark.takes(50)
async def test_a_person_sets_everything_up_and_finds_the_night_in_home_assistant(
    tmp_path: Path, shared_stack: Callable[[str, str], Stack]
) -> None:
    stack = shared_stack("home", "Ida")
    clock = FastClock(SPEED, time.monotonic(), time.time())
    with ExitStack() as ends:
        network = ends.enter_context(network_namespace())
        chromium = program_inside(network, "chromium", tmp_path)
        bridge = ends.enter_context(first_start(tmp_path, network, clock))
        sleeper = SimulatedSleeper(clock, network, SENSOR, FRAME_PORT)
        ends.callback(sleeper.get_up)
        sleeper.lie_down()
        async with (
            relayed(network, BROKER_PORT, stack.broker_port),
            stack.running_home() as home,
            browsing(home, width=400, dark=True) as sight,
            two_browsers(chromium) as (phone, computer, problems),
        ):
            await set_up(phone, computer)
            await add_discovered(home, sight)
            await check_sensor(phone, computer, sleeper)
            await add_phone(phone, computer, sleeper)
            await shows(home, "binary_sensor.ida_bed_sensor_connectivity", "on")
            assert await home.until(knows_index("tonight"), 60)
            await home.post("/api/services/button/press", {"entity_id": END_NIGHT})
            assert await home.until(knows_index("last_night"), 60)
            sleeper.get_up()
            await same_figures(home, phone, computer)
            await is_seen(home, sight)
            # Home Assistant downloads the pictures of its own integrations.
            assert [one for one in sight.errors if "404" not in one] == []
            assert problems == []
            # While the broker can still be reached.
            await asyncio.to_thread(bridge.stop)


async def set_up(phone: Person, computer: Person) -> None:
    """Choose the broker that was found, add a person, and the sensor that sends."""
    await phone.open("/")
    await phone.reads(phone.says("setup.not_complete"))
    await computer.open("/setup/broker")
    await phone.follow("setup.broker_choose")
    assert await phone.page.input_value("#host") == "localhost"
    await phone.send()
    await phone.reads(phone.says("setup.done_broker"))
    await computer.open("/setup/person")
    await phone.follow("setup.add_person")
    await phone.page.fill("#name", "Ida")
    await phone.page.fill("#time_zone", ZONE_NAME)
    await phone.send()
    await computer.open("/setup/sensor?person=ida")
    await phone.follow("setup.search")
    await phone.reads(f"sensor {SENSOR}")
    await phone.follow("setup.add")
    await phone.page.select_option("#position", "acceleration.ankle.left")
    await phone.send()
    await phone.reads(phone.says("setup.done_sensor"))
    await computer.open("/setup")
    await computer.reads(computer.says("setup.complete"))


async def add_discovered(home: HomeAssistant, sight: BrowserSession) -> None:
    """Confirm the card of the bridge that Home Assistant has discovered."""
    assert await home.until(card_of("home"), 60)
    page = sight.page
    await page.goto(f"{home.url}/config/integrations/dashboard")
    # Another test may have a bridge, too.
    card = page.locator("ha-config-flow-card").filter(has_not_text="Gallery")
    await card.get_by_role("button", name="Add").click(timeout=PATIENCE_MS)
    await page.get_by_text("add the bridge Limber? It monitors: Ida.").wait_for()
    await page.get_by_role("button", name="Submit").click()
    await page.get_by_role("button", name="finish").click(timeout=PATIENCE_MS)
    await shows(home, "binary_sensor.ida_left_ankle_connectivity", "on")


async def check_sensor(phone: Person, computer: Person, sleeper: SimulatedSleeper) -> None:
    """Place and check the sensor at the ankle; the computer shows the same check."""
    await phone.follow("place.nav")
    await computer.open(f"/place/{SENSOR}")
    for one in (phone, computer):
        await expect(part(one, "link")).to_have_class("state-good")
    sleeper.take_check()
    await part(phone, "start").click()
    for one in (phone, computer):
        await expect(part(one, "sentence")).to_contain_text(
            one.says("place.verdict_good"), timeout=PATIENCE_MS
        )
        await expect(part(one, "strengths").locator("li")).to_have_count(5)
        await one.look()


def part(person: Person, role: str) -> Locator:
    """Return a part of the page by its role in the script."""
    return person.page.locator(f"[data-role={role}]")


async def add_phone(phone: Person, computer: Person, sleeper: SimulatedSleeper) -> None:
    """Add a phone on the mattress; from now on, the pages ask for a password."""
    await computer.open("/setup")
    await phone.open("/setup/sensor?person=ida")
    await phone.page.locator("main a[href*='way=phone']").click()
    await phone.page.select_option("#position", "acceleration.bed")
    await phone.send()
    await phone.page.wait_for_url("**/first-use*")
    await phone.page.fill("#password", PASSWORD)
    await phone.page.fill("#repeated", PASSWORD)
    await phone.send()
    push_url = await phone.page.input_value("#push-url")
    _, number, secret = push_url.rsplit("/", 2)
    sleeper.phone = IngestAddress(WEB_PORT, int(number), secret)
    await computer.page.locator("nav a[href='/setup']").click()
    await computer.page.fill("#password", PASSWORD)
    await computer.send()
    await computer.reads(computer.says("setup.complete"))


def knows_index(period: str) -> Callable[[HomeAssistant], Awaitable[bool]]:
    """Return a condition: Home Assistant shows the PLM index of tonight, or of last night."""

    async def knows(home: HomeAssistant) -> bool:
        state = await home.state(f"sensor.ida_plm_index_{period}")
        return state not in (None, "unknown", "unavailable")

    return knows


async def same_figures(home: HomeAssistant, phone: Person, computer: Person) -> None:
    """Home Assistant shows the same figures as the page of the night."""
    for one in (phone, computer):
        await one.open("/nights/ida")
        async with one.page.expect_navigation():
            await one.page.locator("main th a").first.click()
        await one.look()
    names = await phone.page.locator("dl.figures dt").all_inner_texts()
    values = await phone.page.locator("dl.figures dd").all_inner_texts()
    shown = dict(zip(names, values, strict=True))
    in_home_assistant = {
        name: figure.write("en", None if state == "unknown" else float(state))
        for figure in FIGURES
        if (name := translate("en", figure.text))
        and (state := await home.state(entity_of(name))) is not None
    }
    assert set(in_home_assistant) >= {"Leg movements", "PLM index", "Time in bed"}
    assert in_home_assistant == {name: shown[name] for name in in_home_assistant}
    assert int(shown["Periodic movements"]) >= 4


def entity_of(figure: str) -> str:
    """Return the id of the entity that shows a figure of last night."""
    return f"sensor.ida_{figure.lower().replace(' ', '_')}_last_night"


async def is_seen(home: HomeAssistant, sight: BrowserSession) -> None:
    """The page of the person in Home Assistant shows the index of the night."""
    index = float(str(await home.state("sensor.ida_plm_index_last_night")))
    devices = await home.command(type="config/device_registry/list")
    (ida,) = (one["id"] for one in devices if one["name"] == "Ida")
    await sight.page.goto(f"{home.url}/config/devices/device/{ida}")
    row = sight.page.locator("hui-sensor-entity-row", has_text="PLM index last night")
    await expect(row).to_contain_text(f"{index:.1f}", timeout=PATIENCE_MS)
