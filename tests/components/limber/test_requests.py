"""What the integration reads from the bridge about trends, trials and reports."""

from datetime import date
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.limber.requests import BridgeRequests

from .conftest import Bridge, golden
from .trial_examples import EFFECT, PDF, TREND_NIGHT, TRIAL, report_pages, respond

READS = ["trend", "effects", "trials", "report"]


@pytest.fixture
async def requests(hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry) -> BridgeRequests:
    """Requests to a bridge that knows the newest commands."""
    bridge.publish("info", bridge.info | {"commands": [*bridge.info["commands"], *READS]})
    await hass.async_block_till_done()
    bridge.requests.clear()
    requests: BridgeRequests = loaded.runtime_data.requests
    return requests


def sent(bridge: Bridge) -> list[dict[str, Any]]:
    """Return the arguments of the requests."""
    base = ("v", "id", "reply_to", "command", "sleeper")
    return [{key: one[key] for key in one if key not in base} for one in bridge.requests]


async def test_a_trend_is_read_page_by_page(bridge: Bridge, requests: BridgeRequests) -> None:
    bridge.prepared_responses["trend"] = [
        respond(trend=[TREND_NIGHT | {"night": "2026-11-20"}], next="2026-11-20"),
        respond(trend=[TREND_NIGHT], next=None),
    ]
    trend = await requests.fetch_trend("anna", last=30)
    assert [one.night for one in trend] == [date(2026, 11, 20), date(2026, 11, 21)]
    assert trend[1].movements_by_hour == (12, None, 3)
    assert sent(bridge) == [{"last": 30}, {"last": 30, "after": "2026-11-20"}]


async def test_a_trend_after_a_date(bridge: Bridge, requests: BridgeRequests) -> None:
    bridge.prepared_responses["trend"] = [respond(trend=[], next=None)]
    assert await requests.fetch_trend("anna", after=date(2026, 11, 1)) == []
    assert sent(bridge) == [{"after": "2026-11-01"}]


async def test_effects_and_trials_are_read(bridge: Bridge, requests: BridgeRequests) -> None:
    bridge.prepared_responses["effects"] = [respond(effects=[EFFECT], nights=42)]
    bridge.prepared_responses["trials"] = [respond(trials=[TRIAL])]
    effects = await requests.fetch_effects("anna")
    assert effects is not None
    assert (effects.nights, effects.effects[0].together_with) == (42, ("magnesium",))
    (trial,) = await requests.fetch_trials("anna")
    assert trial.result is not None
    assert (trial.name, trial.result.verdict) == ("Wool socks", "no_difference")


async def test_other_responses_are_nothing(bridge: Bridge, requests: BridgeRequests) -> None:
    for command in READS:
        bridge.prepared_responses[command] = [golden("response_done")]
    assert await requests.fetch_trend("anna") == []
    assert await requests.fetch_effects("anna") is None
    assert await requests.fetch_trials("anna") == ()
    with pytest.raises(HomeAssistantError) as error:
        await requests.fetch_report("anna")
    assert error.value.translation_key == "broken_report"


async def test_a_report_is_put_together(bridge: Bridge, requests: BridgeRequests) -> None:
    bridge.prepared_responses["report"] = report_pages(PDF, 1000)
    report = await requests.fetch_report("anna", nights=30, kind="pdf")
    assert (report.data, report.media_type) == (PDF, "application/pdf")
    asked = {"nights": 30, "kind": "pdf"}
    assert sent(bridge) == [
        asked,
        *(asked | {"report": "r1", "after": offset} for offset in (1000, 2000)),
    ]


def another_report(pages: list[dict[str, Any]]) -> None:
    pages[1]["report"] |= {"id": "r2"}


def another_size(pages: list[dict[str, Any]]) -> None:
    pages[1]["report"] |= {"size": 5}


def end_missing(pages: list[dict[str, Any]]) -> None:
    pages[1]["next"] = None


def part_skipped(pages: list[dict[str, Any]]) -> None:
    pages[0]["next"] = 1500


def too_much(pages: list[dict[str, Any]]) -> None:
    pages[2]["report"] |= {"data": pages[0]["report"]["data"]}


@pytest.mark.parametrize(
    "break_pages", [another_report, another_size, end_missing, part_skipped, too_much]
)
async def test_pages_that_make_no_report_are_refused(
    bridge: Bridge, requests: BridgeRequests, break_pages: Any
) -> None:
    pages = report_pages(PDF, 1000)
    break_pages(pages)
    bridge.prepared_responses["report"] = pages
    with pytest.raises(HomeAssistantError) as error:
        await requests.fetch_report("anna")
    assert error.value.translation_key == "broken_report"


async def test_a_report_without_end_ends(bridge: Bridge, requests: BridgeRequests) -> None:
    page = report_pages(PDF, len(PDF))[0] | {"next": 0}
    page["report"]["data"] = ""
    bridge.prepared_responses["report"] = [page] * 3
    with pytest.raises(HomeAssistantError) as error:
        await requests.fetch_report("anna")
    assert error.value.translation_key == "repeated_page"
    assert len(bridge.requests) == 1


async def test_requests_for_data_match_the_golden_ones(
    bridge: Bridge, requests: BridgeRequests
) -> None:
    bridge.prepared_responses["trend"] = [golden("response_trend") | {"next": None}]
    bridge.prepared_responses["trials"] = [golden("response_trials")]
    bridge.prepared_responses["effects"] = [golden("response_effects")]
    asked = golden("request_trend")
    after = date.fromisoformat(asked["after"]) if "after" in asked else None
    assert await requests.fetch_trend("anna", after=after, last=asked.get("last"))
    assert await requests.fetch_trials("anna")
    assert await requests.fetch_effects("anna")
    names = ("request_trend", "request_trials", "request_effects")
    for request, name in zip(bridge.requests, names, strict=True):
        sent = {key: request[key] for key in request if key not in ("id", "reply_to")}
        assert sent == {key: golden(name)[key] for key in sent}
