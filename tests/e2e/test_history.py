"""A year of nights that Home Assistant missed: row by row in its statistics, and put right by a
revision."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from devtools.home_assistant import HomeAssistant, add_limber
from limber_bridge.config.loader import load_config
from limber_bridge.storage.journal import Journal
from tests.bridge.examples import night
from tests.e2e.local_time import ZONE
from tests.e2e.stack import Stack, attributes, shows

NIGHTS: Final = 365


async def rows(home: HomeAssistant, measure: str) -> dict[date, float]:
    """The rows of a measure, by the date on which they lie; each must lie at noon."""
    name = f"limber:4_4_loft_dora_{measure}"
    found = await home.command(
        type="recorder/statistics_during_period",
        start_time="2020-01-01T00:00:00+00:00",
        statistic_ids=[name],
        period="hour",
        types=["mean"],
    )
    at = [
        (datetime.fromtimestamp(row["start"] / 1000, ZONE), row["mean"])
        for row in found.get(name, [])
    ]
    assert all(moment.time() == time(12) for moment, _ in at)
    return {moment.date(): value for moment, value in at}


async def test_a_year_is_back_filled_and_a_revision_overwrites_its_row(
    shared_stack: Callable[[str, str], Stack],
) -> None:
    stack = shared_stack("loft", "Dora")
    today = datetime.now(ZONE).date()
    days = [today - timedelta(days=number) for number in range(NIGHTS, 0, -1)]
    indices = {day: round(10 + number % 37 * 0.5, 1) for number, day in enumerate(days)}
    finish(
        stack,
        {day: {"plm_index": indices[day], "cramps_possible": 0} for day in days},
    )
    bridge = stack.start_bridge()
    async with stack.running_home() as home:
        await add_limber(home, stack.base_topic)
        await comes(home, "cramps_possible", dict.fromkeys(days, 0))
        await comes(home, "plm_index", indices)
        await comes(home, "movements", dict.fromkeys(days, 312))
        assert await rows(home, "plmw_index") == {}
        await everything_is_shown(home)
        bridge.stop()
        finish(stack, {days[-1]: {"plm_index": 99.5}}, revision=2)
        stack.start_bridge()
        await shows(home, "sensor.dora_plm_index_last_night", "99.5")
        await comes(home, "plm_index", indices | {days[-1]: 99.5})
        await recorder_is_lean(home)


def finish(stack: Stack, nights: Mapping[date, Mapping[str, Any]], revision: int = 1) -> None:
    """Save finished nights with these measures in the journal."""
    with Journal(load_config(stack.settings()).journal) as journal:
        for day, measures in nights.items():
            one = night(day, revision, stack.sleeper.lower())
            journal.save_night(replace(one, measures=replace(one.measures, **measures)))


async def comes(home: HomeAssistant, measure: str, wanted: dict[date, float]) -> None:
    """Wait until the rows of a measure are these and no others."""

    async def has(home: HomeAssistant) -> bool:
        return await rows(home, measure) == wanted

    assert await home.until(has, 60), await rows(home, measure)


NO_SENSOR: Final = "unavailable"
"""State of entities that need a live sensor."""
SHOWN: Final = {
    "binary_sensor.dora_asleep": NO_SENSOR,
    "binary_sensor.dora_cramp": NO_SENSOR,
    "binary_sensor.dora_in_bed": NO_SENSOR,
    "binary_sensor.dora_left_ankle_connectivity": "off",
    "binary_sensor.dora_monitoring": "off",
    "binary_sensor.dora_restless_last_night": "on",
    "binary_sensor.dora_trial_question": "off",
    "binary_sensor.loft_connectivity": "on",
    "binary_sensor.loft_problem": "off",
    "button.dora_calibrate": "unknown",
    "button.dora_end_the_night": "unknown",
    "button.dora_that_was_a_cramp": "unknown",
    "button.dora_that_was_not_a_cramp": "unknown",
    "button.dora_trial_done": NO_SENSOR,
    "button.dora_trial_not_done": NO_SENSOR,
    "calendar.dora_nights": "off",
    "event.dora_awakening": "unknown",
    "event.dora_bed": "unknown",
    "event.dora_cramp": "unknown",
    "event.dora_logged": "unknown",
    "event.dora_night": "unknown",
    "event.dora_periodic_series": "unknown",
    "event.dora_trial": "unknown",
    "number.dora_cramp_pain": "unknown",
    "number.dora_evening_symptoms": "unknown",
    "number.dora_sensitivity": "1.0",
    "number.dora_sleep_quality": "unknown",
    "select.dora_cramp_last_night": "not_answered",
    "sensor.dora_candidate_movements_last_night": "280",
    "sensor.dora_candidate_movements_tonight": NO_SENSOR,
    "sensor.dora_estimated_sleep_last_night": "6.7",
    "sensor.dora_estimated_sleep_30_day_average": "6.7",
    "sensor.dora_estimated_sleep_7_day_average": "6.7",
    "sensor.dora_estimated_sleep_tonight": NO_SENSOR,
    "sensor.dora_leg_movements_last_night": "312",
    "sensor.dora_leg_movements_30_day_average": "312.0",
    "sensor.dora_leg_movements_7_day_average": "312.0",
    "sensor.dora_leg_movements_tonight": NO_SENSOR,
    "sensor.dora_periodic_movements_last_night": "190",
    "sensor.dora_periodic_movements_tonight": NO_SENSOR,
    "sensor.dora_periodic_series_last_night": "11",
    "sensor.dora_periodic_series_tonight": NO_SENSOR,
    "sensor.dora_plm_index_tonight": NO_SENSOR,
    "sensor.dora_plms_index_last_night": "26.9",
    "sensor.dora_plms_index_7_day_average": "26.9",
    "sensor.dora_plms_index_tonight": NO_SENSOR,
    "sensor.dora_possible_cramps_last_night": "0",
    "sensor.dora_possible_cramps_30_day_average": "0.0",
    "sensor.dora_possible_cramps_tonight": NO_SENSOR,
    "sensor.dora_probable_cramps_last_night": "unknown",
    "sensor.dora_probable_cramps_tonight": NO_SENSOR,
    "sensor.dora_time_in_bed_last_night": "7.9",
    "sensor.dora_time_in_bed_tonight": NO_SENSOR,
    "sensor.dora_trial_plan_tonight": "no_trial",
    "sensor.dora_trial_result": "none",
    "switch.dora_pause": "off",
}
"""Of a sleeper whose sensor has never sent anything."""
OTHERS: Final = {
    "binary_sensor.dora_left_ankle_problem",
    "sensor.dora_bedtime_last_night",
    "sensor.dora_bedtime_tonight",
    "sensor.dora_got_up_last_night",
    "sensor.dora_plm_index_last_night",
    "sensor.dora_plm_index_30_day_average",
    "sensor.dora_plm_index_7_day_average",
    "sensor.dora_restless_nights_in_a_row",
    "sensor.dora_usual_bedtime",
}
"""What depends on the day."""


async def everything_is_shown(home: HomeAssistant) -> None:
    """Every entity is there, with the right state, and no other."""
    states = {one["entity_id"]: one["state"] for one in await home.get("/api/states")}
    ours = {
        name: state
        for name, state in states.items()
        if name.split(".")[1].startswith(("dora_", "loft_"))
    }
    assert {name: state for name, state in ours.items() if name not in OTHERS} == SHOWN
    assert all(
        ours[name] not in ("unknown", "unavailable")
        for name in OTHERS - {"sensor.dora_bedtime_tonight"}
    )


async def recorder_is_lean(home: HomeAssistant) -> None:
    """Large attributes are shown and not recorded."""
    name = "sensor.dora_plm_index_last_night"
    assert len((await attributes(home, name))["recent"]) == 14
    path = f"/api/history/period?filter_entity_id={name}"

    async def both(home: HomeAssistant) -> list[dict[str, Any]] | None:
        # The newest state comes from memory, with all that it has: the one before it was recorded.
        changes = [
            one
            for one in (await home.get(path))[0]
            if one["state"] not in ("unknown", "unavailable")
        ]
        return changes[:-1] or None

    recorded = await home.until(both, 30)
    assert recorded
    assert all("recent" not in one["attributes"] for one in recorded)
