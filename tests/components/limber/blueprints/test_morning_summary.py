"""The blueprint of the morning summary: when it is sent, and what it says without a night."""

from typing import Any

import pytest

from tests.components.limber.blueprints.conftest import MORNING, Home, ends, nights
from tests.components.limber.conftest import golden
from tests.components.limber.trial_examples import RUNNING


@pytest.fixture
async def summary(home: Home) -> Home:
    """The summary, before the night is finished."""
    await home.automate(
        "morning_summary",
        sleeper=home.anna,
        night="event.anna_night",
        in_bed="binary_sensor.anna_in_bed",
        phones=home.phones[:3],
        others=["notify.tablet"],
    )
    await home.until(MORNING)
    return home


async def test_the_summary_is_sent_once_when_the_night_is_finished(summary: Home) -> None:
    await ends(summary)
    assert summary.texts_of(summary.her_messages)[0].startswith("Last night: 312 leg movements")
    assert summary.texts_of(summary.others) == summary.texts_of(summary.her_messages)
    await summary.until("2026-11-22T11:15:00Z")
    assert len(summary.her_messages) == 1


@pytest.mark.parametrize(
    "then", [{"in_bed": False}, {"sensors": {}}], ids=["gets up", "takes the sensor off"]
)
async def test_the_summary_waits_until_the_sleeper_is_up(
    summary: Home, then: dict[str, Any]
) -> None:
    await ends(summary, in_bed=True)
    assert summary.her_messages == []
    await summary.wait(minutes=40)
    await summary.publish_state(**{"in_bed": True, "last_night": summary.bridge.nights[-1]} | then)
    await summary.wait(minutes=11)
    assert len(summary.her_messages) == 1


async def test_a_short_loss_of_the_connection_does_not_count_as_getting_up(summary: Home) -> None:
    await ends(summary, in_bed=True)
    for status in ("offline", "online"):
        summary.bridge.publish("status", status)
        await summary.wait(minutes=8)
    assert summary.her_messages == []


async def test_a_revised_night_is_summarized_once(summary: Home) -> None:
    await ends(summary)
    await summary.wait(minutes=60)
    await summary.publish("event_night", night="2026-11-22", revision=2)
    for in_bed in (True, False):
        await summary.publish_state(in_bed=in_bed, last_night=summary.bridge.nights[-1])
        await summary.wait(minutes=30)
    await summary.until("2026-11-22T17:00:00Z")
    await summary.publish("event_night", night="2026-11-22", revision=3)
    await summary.until("2026-11-23T00:30:00Z")
    for in_bed in (True, False):
        await summary.publish_state(in_bed=in_bed, last_night=summary.bridge.nights[-1])
        await summary.wait(minutes=30)
    assert len(summary.her_messages) == 1


async def test_a_sent_summary_is_not_replaced_when_the_bridge_is_offline_at_noon(
    summary: Home,
) -> None:
    await ends(summary)
    summary.bridge.silent = True
    await summary.until("2026-11-22T11:15:00Z")
    await summary.wait(minutes=1)
    assert len(summary.her_messages) == 1


async def test_summary_is_requested_again_while_the_bridge_is_offline(summary: Home) -> None:
    summary.bridge.nights = nights("2026-11-22")
    await summary.publish_state(in_bed=True, last_night=summary.bridge.nights[-1])
    await summary.publish("event_night", night="2026-11-22", revision=1)
    summary.bridge.silent = True
    await summary.publish_state(in_bed=False, last_night=summary.bridge.nights[-1])
    await summary.wait(seconds=30)
    assert summary.her_messages == []
    summary.bridge.silent = False
    await summary.wait(minutes=3)
    assert summary.texts_of(summary.her_messages)[0].startswith("Last night: 312 leg movements")


async def test_a_summary_that_waits_for_the_bridge_survives_a_restart(summary: Home) -> None:
    summary.bridge.silent = True
    await ends(summary)
    await summary.wait(seconds=1)
    await summary.end_run()
    summary.bridge.silent = False
    await summary.wait(minutes=4)
    assert summary.texts_of(summary.her_messages)[0].startswith("Last night: 312 leg movements")
    await summary.wait(minutes=30)
    assert len(summary.her_messages) == 1


async def test_a_night_that_ended_while_home_assistant_was_off_is_summarized_later(
    summary: Home,
) -> None:
    summary.bridge.nights = nights("2026-11-22")
    await summary.publish_state(last_night=summary.bridge.nights[-1])
    await summary.until("2026-11-22T11:15:00Z")
    assert summary.texts_of(summary.her_messages)[0].startswith("Last night: 312 leg movements")


async def test_the_summary_says_that_nothing_was_measured(summary: Home) -> None:
    tonight = golden("state")["tonight"] | {"start": None}
    await summary.publish_state(tonight=tonight)
    await summary.until("2026-11-22T11:15:00Z")
    assert "not" in summary.texts_of(summary.her_messages)[0]
    assert "leg movements" not in summary.texts_of(summary.her_messages)[0]


async def test_summary_says_that_the_bridge_does_not_respond(summary: Home) -> None:
    summary.bridge.silent = True
    await summary.until("2026-11-22T11:15:00Z")
    await summary.wait(minutes=1)
    assert summary.texts_of(summary.her_messages) == [
        "The Limber bridge does not respond, so there is no summary of last night."
    ]


async def test_the_message_about_a_missing_night_can_be_turned_off(home: Home) -> None:
    await home.automate(
        "morning_summary",
        sleeper=home.anna,
        night="event.anna_night",
        in_bed="binary_sensor.anna_in_bed",
        phones=home.phones,
        say_so=False,
    )
    await home.until("2026-11-22T11:15:00Z")
    assert home.her_messages == []


async def test_the_summary_says_nothing_that_could_spoil_a_running_trial(summary: Home) -> None:
    await ends(summary)
    told = []
    for trial in (RUNNING, None):
        await summary.publish_state(trial=trial, last_night=summary.bridge.nights[-1])
        told.append(
            await summary.hass.services.async_call(
                "limber", "get_night", {}, blocking=True, return_response=True
            )
        )
    assert told[0] == told[1]
    assert "summary" in (told[0] or {})
