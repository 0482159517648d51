"""The pages of the bridge beside a real Home Assistant."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from devtools.home_assistant import HomeAssistant, add_limber
from limber_bridge.config.loader import load_config
from limber_bridge.storage.journal import Journal
from tests.bridge.examples import night
from tests.bridge.web_client import Browser, until_listening
from tests.e2e.local_time import ZONE
from tests.e2e.stack import Stack, shows

STATISTIC: Final = "limber:5_4_study_emil_plm_index"


async def days_with_statistics(home: HomeAssistant) -> set[date]:
    """The nights that the long-term statistics of Home Assistant have."""
    found = await home.command(
        type="recorder/statistics_during_period",
        start_time="2020-01-01T00:00:00+00:00",
        statistic_ids=[STATISTIC],
        period="hour",
        types=["mean"],
    )
    rows = found.get(STATISTIC, [])
    return {datetime.fromtimestamp(row["start"] / 1000, ZONE).date() for row in rows}


async def comes(home: HomeAssistant, wanted: set[date]) -> None:
    """Wait until the statistics have these nights and no others."""

    async def has(home: HomeAssistant) -> bool:
        return await days_with_statistics(home) == wanted

    assert await home.until(has, 60), await days_with_statistics(home)


async def test_what_is_deleted_on_the_pages_is_gone_from_home_assistant(
    shared_stack: Callable[[str, str], Stack],
) -> None:
    stack = shared_stack("study", "Emil")
    today = datetime.now(ZONE).date()
    days = [today - timedelta(days=number) for number in range(5, 0, -1)]
    with Journal(load_config(stack.settings()).journal) as journal:
        for number, day in enumerate(days):
            one = night(day, sleeper="emil")
            journal.save_night(
                replace(one, measures=replace(one.measures, plm_index=10.5 + number))
            )
    stack.start_bridge()
    await until_listening(stack.web_port)
    browser = Browser(stack.web_port)
    async with stack.running_home() as home:
        await add_limber(home, stack.base_topic)
        await comes(home, set(days))
        await shows(home, "sensor.emil_plm_index_last_night", "14.5")
        await delete(browser, f"/nights/emil/{days[-1]}/delete", {})
        await shows(home, "sensor.emil_plm_index_last_night", "13.5")
        await comes(home, set(days[:-1]))
        await delete(browser, "/your-data/emil/delete", {"name": "Emil"})
        await comes(home, set())


async def delete(browser: Browser, path: str, form: dict[str, str]) -> None:
    """Confirm a deletion."""
    await browser.get(path)
    reply = await browser.post(path, form)
    assert reply.status == 303, reply.text
