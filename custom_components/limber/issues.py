"""What a person has to see to, as issues of Home Assistant: raised when it begins, gone when it is
over.

Law: an issue says what to do and does not stay longer than its cause. What mends itself is none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from . import identity
from .const import DOMAIN
from .coordinator import LATE, NOT_WORN, LimberConfigEntry, LimberCoordinator
from .night_summary import zone_of
from .wire import SensorHealth, State

LOOK_EVERY: Final = timedelta(minutes=15)
"""How often is looked although the bridge says nothing: days pass, too."""
APART: Final = LATE
"""Between the clocks of bridge and Home Assistant: from here on every event is late."""
UNWORN: Final = 2
"""Nights without the sensor."""
UNWORN_FOR: Final = timedelta(hours=36)
"""For which a sensor lies around although nights come from another one: two of them [D]."""
NO_NIGHT: Final = 3
"""Nights that were not finished."""
RECOVERED: Final = 5
"""Percent by which a battery must be above the limit to be no longer low: it wavers around it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A problem that is there."""

    about: str
    """What of the bridge it is about: a sleeper, a sensor; empty: the bridge itself."""
    words: Mapping[str, str] = field(default_factory=dict)
    """For the text."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem."""

    key: str
    severity: ir.IssueSeverity
    find: Callable[[LimberCoordinator], Iterable[Found]]


def battery_low(coordinator: LimberCoordinator) -> Iterator[Found]:
    """Find sensors whose battery will not last."""
    for sleeper, health, number in all_sensors(coordinator):
        about = str(number)
        raised = identity.issue_id("battery_low", coordinator.bridge, about)
        known = ir.async_get(coordinator.hass).async_get_issue(DOMAIN, raised) is not None
        limit = coordinator.battery_below + (RECOVERED if known else 0)
        if health.battery is not None and health.battery < limit:
            words = {
                "sleeper": name_of(coordinator, sleeper),
                "sensor": str(number),
                "battery": str(health.battery),
            }
            yield Found(about, words)


def not_worn(coordinator: LimberCoordinator) -> Iterator[Found]:
    """Find sensors that are there and on nobody's leg, since nights."""
    for sleeper, state in coordinator.data.states.items():
        for number, health in state.sensors.items():
            idle = coordinator.unworn_for(sleeper, number)
            long = idle is not None and idle >= UNWORN_FOR
            if (
                health.problem == NOT_WORN
                and not state.paused
                and (long or missed(coordinator, state) >= UNWORN)
            ):
                yield Found(
                    str(number),
                    {"sleeper": name_of(coordinator, sleeper), "sensor": str(number)},
                )


def no_night(coordinator: LimberCoordinator) -> Iterator[Found]:
    """Find sleepers of whom no night was finished for days."""
    for sleeper, state in coordinator.data.states.items():
        nights = missed(coordinator, state)
        unworn = any(health.problem == NOT_WORN for health in state.sensors.values())
        if nights >= NO_NIGHT and not state.paused and not unworn:
            yield Found(sleeper, {"sleeper": name_of(coordinator, sleeper), "days": str(nights)})


def paused_long(coordinator: LimberCoordinator) -> Iterator[Found]:
    """Find sleepers who are paused, perhaps forgotten."""
    for sleeper, state in coordinator.data.states.items():
        nights = missed(coordinator, state)
        if state.paused and nights >= NO_NIGHT:
            yield Found(sleeper, {"sleeper": name_of(coordinator, sleeper), "days": str(nights)})


def clock_wrong(coordinator: LimberCoordinator) -> Iterator[Found]:
    """Find a bridge whose clock is not ours."""
    ahead = coordinator.data.ahead
    if ahead is not None and abs(ahead) > APART and coordinator.data.online:
        minutes = round(abs(ahead) / timedelta(minutes=1))
        yield Found("", {"bridge": coordinator.name, "minutes": str(minutes)})


def broker_refuses(coordinator: LimberCoordinator) -> Iterator[Found]:
    """Find rights that the bridge lacks at the broker."""
    health = next(
        (state.bridge for state in coordinator.data.states.values() if state.bridge is not None),
        None,
    )
    refused = (
        []
        if health is None
        else [one.message for one in health.problems if one.key.startswith("broker_refuses")]
    )
    if refused:
        yield Found("", {"bridge": coordinator.name, "why": " ".join(refused)})


def not_recording(coordinator: LimberCoordinator) -> Iterator[Found]:
    """Find a bridge whose disk takes nothing."""
    records = [state.journal for state in coordinator.data.states.values() if not state.recording]
    if records:
        yield Found(
            "", {"bridge": coordinator.name, "why": records[0].message or str(records[0].problem)}
        )


def unconfigured_sleeper(coordinator: LimberCoordinator) -> Iterator[Found]:
    """Find sleepers with nights in the journal who are not in the bridge's configuration."""
    ids = {
        sleeper
        for state in coordinator.data.states.values()
        for sleeper in state.journal.unconfigured_sleepers
    }
    for sleeper in sorted(ids):
        yield Found(sleeper, {"bridge": coordinator.name, "sleeper": sleeper})


PROBLEMS: Final = (
    Problem("battery_low", ir.IssueSeverity.WARNING, battery_low),
    Problem("not_worn", ir.IssueSeverity.WARNING, not_worn),
    Problem("no_night", ir.IssueSeverity.WARNING, no_night),
    Problem("paused_long", ir.IssueSeverity.WARNING, paused_long),
    Problem("clock_wrong", ir.IssueSeverity.ERROR, clock_wrong),
    Problem("broker_refuses", ir.IssueSeverity.ERROR, broker_refuses),
    Problem("unconfigured_sleeper", ir.IssueSeverity.WARNING, unconfigured_sleeper),
    Problem("not_recording", ir.IssueSeverity.ERROR, not_recording),
)


def all_sensors(coordinator: LimberCoordinator) -> Iterator[tuple[str, SensorHealth, int]]:
    """Yield every sensor with its sleeper and number."""
    for sleeper, state in coordinator.data.states.items():
        for number, health in state.sensors.items():
            yield sleeper, health, number


def name_of(coordinator: LimberCoordinator, sleeper: str) -> str:
    """Return what a sleeper is called."""
    return next((one.name for one in coordinator.data.sleepers if one.id == sleeper), sleeper)


def missed(coordinator: LimberCoordinator, state: State) -> int:
    """Return how many nights were not finished since the last one that was, or since the bridge is
    set up.

    Only nights that are over count: the bridge says which one is not.
    """
    turned = dt_util.now(zone_of(coordinator)).date()
    begun: date = coordinator.config_entry.created_at.date()
    last = begun if state.last_night is None else state.last_night.night
    # A bridge that is away says nothing new of tonight.
    tonight = max(state.tonight.night, turned)
    return (tonight - last).days - 1


def found_now(coordinator: LimberCoordinator) -> dict[str, tuple[Problem, Found]]:
    """Return every problem that is there, by the id of its issue."""
    return {
        identity.issue_id(problem.key, coordinator.bridge, found.about): (problem, found)
        for problem in PROBLEMS
        for found in problem.find(coordinator)
    }


@callback
def async_watch(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Raise and take back issues for as long as an entry is loaded."""
    coordinator = entry.runtime_data
    raised = dict[str, tuple[Problem, Found]]()

    @callback
    def look(_now: object = None) -> None:
        found = found_now(coordinator)
        # Those from before a reload as well: a person may have ignored one.
        for issue in issues_of(hass, entry.entry_id) - found.keys():
            ir.async_delete_issue(hass, DOMAIN, issue)
        for issue, (problem, one) in found.items():
            if raised.get(issue) != (problem, one):
                raise_issue(hass, issue, problem, one, entry.entry_id)
        raised.clear()
        raised.update(found)

    look()
    for end in (
        coordinator.async_add_listener(look),
        async_track_time_interval(hass, look, LOOK_EVERY),
    ):
        entry.async_on_unload(end)


def issues_of(hass: HomeAssistant, entry_id: str) -> set[str]:
    """Return the ids of the issues of an entry."""
    return {
        issue.issue_id
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
        and issue.data is not None
        and issue.data.get("entry_id") == entry_id
    }


@callback
def async_forget(hass: HomeAssistant, entry_id: str) -> None:
    """Take back all issues of an entry that is removed."""
    for issue in issues_of(hass, entry_id):
        ir.async_delete_issue(hass, DOMAIN, issue)


def raise_issue(
    hass: HomeAssistant, issue: str, problem: Problem, found: Found, entry_id: str
) -> None:
    """Raise one issue."""
    data: dict[str, Any] = {"entry_id": entry_id, "key": problem.key, "about": found.about}
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        is_fixable=True,
        severity=problem.severity,
        translation_key=problem.key,
        translation_placeholders=dict(found.words),
        data=data,
    )
