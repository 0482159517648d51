"""The long-term statistics lose no night, and keep none that never was."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo, available_timezones

import pytest
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from hypothesis import given
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.limber import statistic_writer
from custom_components.limber.statistic_rows import (
    Zones,
    compare,
    is_plausible,
    night_of_row,
    row_time,
)
from custom_components.limber.wire import parse_state

from .conftest import INFO, Bridge, golden, night, rows, set_up, settle

BERLIN = ZoneInfo("Europe/Berlin")
PATIENCE_S = 30
ALL_ZONES = [ZoneInfo(name) for name in sorted(available_timezones())]


async def reconnect(hass: HomeAssistant, bridge: Bridge) -> None:
    """Let the bridge leave and come back."""
    bridge.publish("status", "offline")
    bridge.publish("status", "online")
    await settle(hass)


async def kill_after_clearing(hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry) -> None:
    """End the backfill when the recorder has cleared a statistic and written nothing yet."""
    with (
        patch.object(statistic_writer, "async_write_rows"),
        patch.object(
            statistic_writer, "async_wait_until_written", lambda _: asyncio.Event().wait()
        ),
    ):
        bridge.publish("status", "offline")
        bridge.publish("status", "online")
        async with asyncio.timeout(PATIENCE_S):
            while await rows(hass, "plm_index"):  # noqa: ASYNC110 - the database has no event
                await asyncio.sleep(0.01)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_lost_journal_and_another_time_zone_delete_no_row(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    """A new memory card begins with an empty journal, and in another time zone."""
    bridge.nights = [night("2026-11-20", 20.0), night("2026-11-21", 33.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    bridge.nights = [night("2026-11-22", 44.0)]
    bridge.publish("info", INFO | {"time_zone": "Europe/London"})
    await reconnect(hass, bridge)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [20.0, 33.0, 44.0]
    # Back again: the row of the 22nd moves, the others stay.
    bridge.publish("info", INFO)
    await reconnect(hass, bridge)
    found = await rows(hass, "plm_index")
    assert [(at.hour, mean) for at, mean in found] == [(12, 20.0), (12, 33.0), (12, 44.0)]


async def test_a_bridge_that_does_not_answer_in_its_new_time_zone_loses_no_row(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.nights = [night("2026-11-20", 20.0), night("2026-11-21", 33.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    bridge.prepared_responses["nights"] = [golden("response_refusal")]
    bridge.publish("info", INFO | {"time_zone": "America/New_York"})
    await reconnect(hass, bridge)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [20.0, 33.0]


async def test_the_statistics_of_one_measure_that_were_deleted_are_filled_again(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.nights = [night("2026-01-10", 20.0), night("2026-11-21", 33.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    get_instance(hass).async_clear_statistics(["limber:7_4_bedroom_anna_plm_index"])
    await settle(hass)
    assert await rows(hass, "plm_index") == []
    await reconnect(hass, bridge)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [20.0, 33.0]


async def test_a_revision_without_a_value_removes_the_row(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.nights = [night("2026-11-20", 20.0), night("2026-11-21", 33.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    bridge.nights[1] = night("2026-11-21", None, 2)
    await reconnect(hass, bridge)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [20.0]
    assert len(await rows(hass, "movements")) == 2


async def test_a_night_in_the_future_is_left_out_and_missed_nights_are_still_requested(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    today = dt_util.now().date()
    yesterday = (today - timedelta(days=1)).isoformat()
    bridge.nights = [
        night("1970-01-01", 1.0),
        night(yesterday, 20.0),
        night("2999-01-01", 99.0),
    ]
    await set_up(hass, bridge, entry)
    await settle(hass)
    assert [mean for _, mean in await rows(hass, "plm_index", since=1970)] == [20.0]
    kept = entry.runtime_data.data.recent_nights["anna"]
    assert [one.night.isoformat() for one in kept] == [yesterday]
    bridge.nights.insert(2, night(today.isoformat(), 30.0))
    await reconnect(hass, bridge)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [20.0, 30.0]


async def test_pages_that_do_not_advance_end(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    page = golden("response_nights") | {"nights": [], "next": "1970-01-01"}
    bridge.prepared_responses["nights"] = [page] * 50
    await set_up(hass, bridge, entry)
    await settle(hass)
    assert len(bridge.requests) < 5


@pytest.mark.parametrize(
    ("zone", "at"),
    [("Asia/Kolkata", (6, 0)), ("Australia/Adelaide", (1, 0)), ("Asia/Kathmandu", (6, 0))],
)
async def test_the_statistics_are_written_in_time_zones_of_half_and_quarter_hours(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    bridge: Bridge,
    entry: MockConfigEntry,
    zone: str,
    at: tuple[int, int],
) -> None:
    bridge.info = bridge.info | {"time_zone": zone}
    bridge.nights = [night("2026-11-20", 20.0), night("2026-11-21", 33.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    bridge.nights[1] = night("2026-11-21", 44.0, 2)
    await reconnect(hass, bridge)
    found = await rows(hass, "plm_index")
    shown = [(start.astimezone(UTC), mean) for start, mean in found]
    assert shown == [
        (datetime(2026, 11, 20, *at, tzinfo=UTC), 20.0),
        (datetime(2026, 11, 21, *at, tzinfo=UTC), 44.0),
    ]


async def test_a_kill_between_clearing_and_writing_loses_no_row(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    """The journal is a new one afterwards, so the bridge cannot return the rows."""
    bridge.nights = [night("2026-11-20", 20.0), night("2026-11-21", 33.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    bridge.nights[1] = night("2026-11-21", None, 2)
    await kill_after_clearing(hass, bridge, entry)
    bridge.nights = []
    await set_up(hass, bridge, entry)
    await settle(hass)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [20.0]
    assert len(await rows(hass, "movements")) == 2


async def test_rows_that_were_cleared_only_are_written_before_the_entry_is_removed(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.nights = [night("2026-11-20", 20.0), night("2026-11-21", 33.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    bridge.nights[1] = night("2026-11-21", None, 2)
    await kill_after_clearing(hass, bridge, entry)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [20.0]


@given(st.dates(date(2020, 1, 1), date(2037, 12, 31)))
def test_the_row_of_a_night_is_at_a_full_hour_of_its_date_in_every_time_zone(day: date) -> None:
    for zone in ALL_ZONES:
        start = row_time(day, zone)
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone).timestamp()
        assert start % 3600 == 0
        assert 0 <= noon - start < 3600
        assert night_of_row(start, zone) == day
        # Rows that Home Assistant accepts at noon stay there.
        assert noon % 3600 != 0 or start == noon


@given(
    st.lists(st.dates(date(2026, 1, 1), date(2026, 11, 28)), unique=True, max_size=6),
    st.sampled_from(sorted(available_timezones())),
    st.sampled_from(sorted(available_timezones())),
)
def test_a_change_of_the_time_zone_keeps_the_date_of_every_row(
    known: list[date], before: str, now: str
) -> None:
    zones = Zones(ZoneInfo(now), ZoneInfo(before))
    existing = {row_time(day, zones.before): float(day.toordinal()) for day in known}
    changes = compare(existing, [], "plm_index", zones, (), date(2026, 11, 29))
    left = {start: mean for start, mean in existing.items() if start not in changes.deleted}
    moved = left | dict(changes.written)
    assert moved == {row_time(day, zones.now): float(day.toordinal()) for day in known}


@given(
    st.lists(st.dates(date(2026, 1, 1), date(2026, 11, 28)), unique=True, max_size=6),
    st.lists(st.dates(date(2026, 1, 1), date(2026, 11, 28)), unique=True, max_size=6),
    st.sampled_from(["Europe/London", "America/Los_Angeles", "Asia/Kolkata", "Europe/Berlin"]),
)
def test_no_row_of_a_night_that_the_bridge_does_not_know_is_deleted(
    known: list[date], answered: list[date], zone: str
) -> None:
    last = parse_state(json.dumps(golden("state"))).last_night
    assert last is not None
    nights = [replace(last, night=day) for day in sorted(answered)]
    before = ZoneInfo(zone)
    existing = {row_time(day, before): 1.0 for day in known}
    zones = Zones(BERLIN, before)
    changes = compare(existing, nights, "plm_index", zones, (), date(2026, 11, 29))
    left = {start for start in existing if start not in changes.deleted} | set(changes.written)
    assert sorted(left) == sorted(zones.row_time(day) for day in {*known, *answered})


def test_only_nights_of_a_clock_that_is_right_are_plausible() -> None:
    today = date(2026, 11, 29)
    assert is_plausible(today + timedelta(days=1), today)
    assert not is_plausible(today + timedelta(days=2), today)
    assert not is_plausible(date(1970, 1, 1), today)
