"""Repair issues about problems that a person must solve; deleted when the problem is over."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from . import identity
from .bluetooth_link import LinkState
from .const import CONF_APP, DOMAIN
from .coordinator import LimberConfigEntry, LimberCoordinator
from .event_dispatch import LATE_AFTER
from .limits import DETAIL_LENGTH, MAX_SHOWN, NAME_LENGTH, escape_markdown, plain_text
from .unworn_sensors import NOT_WORN
from .wire_state import State

CHECK_INTERVAL: Final = timedelta(minutes=15)
"""Issues also depend on the time of day, so they are checked even if the bridge sends nothing."""
CLOCK_OFFSET_MAX: Final = LATE_AFTER
"""From this difference of the clocks on, every event is late."""
UNWORN_MIN_NIGHTS: Final = 2
"""Chosen: one night without a sensor may be intended."""
UNWORN_MIN_DURATION: Final = timedelta(hours=36)
"""For a sensor that is not worn while nights come from another one. Chosen: two nights."""
MISSED_MIN_NIGHTS: Final = 3
"""Chosen: a weekend away from home is not a problem."""
BATTERY_HYSTERESIS_PERCENT: Final = 5
"""A low battery must exceed the limit by this much. Chosen: measured levels fluctuate by less."""
APPS_PAGE: Final = "/config/apps"
RELEASE: Final = re.compile(r"(\d{1,4})\.(\d{1,4})\b", re.ASCII)
REFUSED_BY_BROKER: Final = "broker_refuses"
"""Prefix of the bridge's problems about missing rights at the broker: docs/protocol.md#3-state."""


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """A problem that exists at the moment."""

    subject: str = ""
    """Id of the sleeper or sensor; empty: the bridge."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """For the text of the issue."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem."""

    key: str
    """Translation key of its issue."""
    severity: ir.IssueSeverity
    find: Callable[[LimberCoordinator], Iterable[FoundProblem]]


def find_low_batteries(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find sensors whose battery is low."""
    registry = ir.async_get(coordinator.hass)
    for sleeper, state in coordinator.data.states.items():
        for sensor, health in state.sensors.items():
            issue_id = identity.issue_id("battery_low", coordinator.bridge, str(sensor))
            limit = coordinator.battery_below
            if registry.async_get_issue(DOMAIN, issue_id) is not None:
                limit += BATTERY_HYSTERESIS_PERCENT
            if health.battery is not None and health.battery < limit:
                yield _about_sensor(coordinator, sleeper, sensor, battery=str(health.battery))


def find_unworn_sensors(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find sensors that are connected but have not been worn for nights."""
    now = dt_util.utcnow()
    for sleeper, state in coordinator.data.states.items():
        missed = missed_nights(coordinator, state)
        for sensor, health in state.sensors.items():
            if health.problem != NOT_WORN or state.paused:
                continue
            unworn = coordinator.unworn_sensors.duration(sleeper, sensor, now)
            if unworn >= UNWORN_MIN_DURATION or missed >= UNWORN_MIN_NIGHTS:
                yield _about_sensor(coordinator, sleeper, sensor)


def find_missing_nights(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find sleepers without a finished night for days, for no other known reason."""
    for sleeper, state in coordinator.data.states.items():
        missed = missed_nights(coordinator, state)
        unworn = any(health.problem == NOT_WORN for health in state.sensors.values())
        if missed >= MISSED_MIN_NIGHTS and not state.paused and not unworn:
            yield _about_sleeper(coordinator, sleeper, days=str(missed))


def find_long_pauses(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find sleepers whose monitoring has been paused for days, perhaps by mistake."""
    for sleeper, state in coordinator.data.states.items():
        missed = missed_nights(coordinator, state)
        if state.paused and missed >= MISSED_MIN_NIGHTS:
            yield _about_sleeper(coordinator, sleeper, days=str(missed))


def find_wrong_clock(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find a bridge whose clock differs from Home Assistant's."""
    offset = coordinator.data.clock_offset
    if offset is not None and abs(offset) > CLOCK_OFFSET_MAX and coordinator.data.online:
        minutes = round(abs(offset) / timedelta(minutes=1))
        yield _about_bridge(coordinator, minutes=str(minutes))


def find_silent_bridge(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find a bridge that has stopped silently, which the broker still shows as online."""
    if coordinator.silent_for is not None:
        yield _about_bridge(coordinator)


def find_older_bridge(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find a bridge whose software is older than this integration: some things are missing."""
    info = coordinator.data.info
    if info is None:
        return
    bridge = release_of(info.software)
    ours = release_of(coordinator.version)
    if bridge is not None and ours is not None and bridge < ours:
        yield _about_bridge(
            coordinator,
            software=plain_text(info.software, NAME_LENGTH),
            integration=coordinator.version,
            apps=page_of_app(coordinator.config_entry.data.get(CONF_APP)),
        )


def page_of_app(slug: str | None) -> str:
    """Return the path of the page on which an app is updated; of all apps if it is not known."""
    return APPS_PAGE if slug is None else f"/config/app/{slug}/info"


def release_of(version: str) -> tuple[int, int] | None:
    """Return major and minor number of a version; None for any other text.

    A third number only stands for repairs: the two halves need not agree in it.
    """
    found = RELEASE.match(version)
    return None if found is None else (int(found[1]), int(found[2]))


def find_refusals_of_broker(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find a bridge that lacks rights at the broker."""
    reports = (state.bridge for state in coordinator.data.states.values())
    health = next((report for report in reports if report is not None), None)
    problems = () if health is None else health.problems
    refused = [one.message for one in problems if one.key.startswith(REFUSED_BY_BROKER)]
    if refused:
        yield _about_bridge(coordinator, message=_detail(" ".join(refused)))


def find_failed_recording(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find a bridge that cannot write its journal."""
    for state in coordinator.data.states.values():
        if not state.recording:
            message = state.journal.message or str(state.journal.problem)
            yield _about_bridge(coordinator, message=_detail(message))
            # All sleepers share one journal.
            return


def find_unconfigured_sleepers(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find sleepers with nights in the journal who are not in the bridge's configuration."""
    sleepers = {
        sleeper
        for state in coordinator.data.states.values()
        for sleeper in state.journal.unconfigured_sleepers
    }
    for sleeper in sorted(sleepers):
        names = {
            "bridge": _name_of_bridge(coordinator),
            "sleeper": plain_text(sleeper, NAME_LENGTH),
        }
        yield FoundProblem(sleeper, names)


def find_missing_bed_sensors(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find in-bed sensors that were chosen and do not exist any more."""
    if not coordinator.hass.is_running:
        # Other integrations are still adding their entities.
        return
    for sleeper, entity_id in coordinator.bed_sensors.items():
        if coordinator.hass.states.get(entity_id) is None:
            yield _about_sleeper(coordinator, sleeper, entity=entity_id)


def find_missing_bluetooth(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find out that sensors are to be relayed and Home Assistant has no Bluetooth."""
    states = {link.state for link in coordinator.links.values()}
    if coordinator.hass.is_running and LinkState.NO_BLUETOOTH in states:
        yield _about_bridge(coordinator)


def find_refused_relays(coordinator: LimberCoordinator) -> Iterator[FoundProblem]:
    """Find relayed sensors whose notifications the bridge refuses."""
    for sleeper, sensor, _ in coordinator.relays():
        link = coordinator.links.get(sensor)
        if link is not None and link.sender.refused is not None:
            message = _detail(link.sender.refused)
            yield _about_sensor(coordinator, sleeper.id, sensor, message=message)


PROBLEM_KINDS: Final = (
    ProblemKind("battery_low", ir.IssueSeverity.WARNING, find_low_batteries),
    ProblemKind("not_worn", ir.IssueSeverity.WARNING, find_unworn_sensors),
    ProblemKind("no_night", ir.IssueSeverity.WARNING, find_missing_nights),
    ProblemKind("paused_long", ir.IssueSeverity.WARNING, find_long_pauses),
    ProblemKind("bridge_outdated", ir.IssueSeverity.WARNING, find_older_bridge),
    ProblemKind("bridge_silent", ir.IssueSeverity.ERROR, find_silent_bridge),
    ProblemKind("clock_wrong", ir.IssueSeverity.ERROR, find_wrong_clock),
    ProblemKind("broker_refuses", ir.IssueSeverity.ERROR, find_refusals_of_broker),
    ProblemKind("unconfigured_sleeper", ir.IssueSeverity.WARNING, find_unconfigured_sleepers),
    ProblemKind("bed_sensor_missing", ir.IssueSeverity.WARNING, find_missing_bed_sensors),
    ProblemKind("no_bluetooth", ir.IssueSeverity.ERROR, find_missing_bluetooth),
    ProblemKind("relay_refused", ir.IssueSeverity.ERROR, find_refused_relays),
    ProblemKind("not_recording", ir.IssueSeverity.ERROR, find_failed_recording),
)


def _about_bridge(coordinator: LimberCoordinator, **placeholders: str) -> FoundProblem:
    return FoundProblem("", {"bridge": _name_of_bridge(coordinator)} | placeholders)


def _about_sleeper(
    coordinator: LimberCoordinator, sleeper: str, **placeholders: str
) -> FoundProblem:
    return FoundProblem(sleeper, {"sleeper": _name_of(coordinator, sleeper)} | placeholders)


def _about_sensor(
    coordinator: LimberCoordinator, sleeper: str, sensor: int, **placeholders: str
) -> FoundProblem:
    subject = {"sleeper": _name_of(coordinator, sleeper), "sensor": str(sensor)}
    return FoundProblem(str(sensor), subject | placeholders)


def _name_of(coordinator: LimberCoordinator, sleeper: str) -> str:
    names = {one.id: one.name for one in coordinator.data.sleepers}
    return plain_text(names.get(sleeper, sleeper), NAME_LENGTH)


def _name_of_bridge(coordinator: LimberCoordinator) -> str:
    return plain_text(coordinator.name, NAME_LENGTH)


def _detail(message: str) -> str:
    """Return an explanation of the bridge as a part of a text in Markdown."""
    return escape_markdown(message, DETAIL_LENGTH)


def missed_nights(coordinator: LimberCoordinator, state: State) -> int:
    """Return how many nights have ended since the last finished one, or since the set-up."""
    today = dt_util.now(coordinator.time_zone).date()
    last = coordinator.config_entry.created_at.date()
    if state.last_night is not None:
        last = state.last_night.night
    # The bridge knows best which night is not over yet, but not while it is offline.
    tonight = max(state.tonight.night, today)
    return (tonight - last).days - 1


def find_problems(
    coordinator: LimberCoordinator,
) -> dict[str, tuple[ProblemKind, FoundProblem]]:
    """Return all problems that exist at the moment, by the id of their issue."""
    return {
        identity.issue_id(kind.key, coordinator.bridge, found.subject): (kind, found)
        for kind in PROBLEM_KINDS
        for found in islice(kind.find(coordinator), MAX_SHOWN)
    }


@callback
def async_watch(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Raise and delete issues until the entry is unloaded."""
    coordinator = entry.runtime_data
    raised: dict[str, tuple[ProblemKind, FoundProblem]] = {}

    @callback
    def check(_now: object = None) -> None:
        found = find_problems(coordinator)
        # Includes issues from before a reload, which a person may have ignored.
        for issue_id in issues_of(hass, entry.entry_id) - found.keys():
            ir.async_delete_issue(hass, DOMAIN, issue_id)
        for issue_id, (kind, problem) in found.items():
            if raised.get(issue_id) != (kind, problem):
                raise_issue(hass, issue_id, kind, problem, entry.entry_id)
        raised.clear()
        raised.update(found)

    check()
    entry.async_on_unload(coordinator.async_add_listener(check))
    entry.async_on_unload(async_track_time_interval(hass, check, CHECK_INTERVAL))


def issues_of(hass: HomeAssistant, entry_id: str) -> set[str]:
    """Return the ids of all issues of a config entry."""
    return {
        issue.issue_id
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
        and issue.data is not None
        and issue.data.get("entry_id") == entry_id
    }


@callback
def async_delete_all(hass: HomeAssistant, entry_id: str) -> None:
    """Delete all issues of a config entry."""
    for issue_id in issues_of(hass, entry_id):
        ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def raise_issue(
    hass: HomeAssistant, issue_id: str, kind: ProblemKind, problem: FoundProblem, entry_id: str
) -> None:
    """Raise or update an issue."""
    data: dict[str, Any] = {"entry_id": entry_id, "key": kind.key, "subject": problem.subject}
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=True,
        severity=kind.severity,
        translation_key=kind.key,
        translation_placeholders=dict(problem.placeholders),
        data=data,
    )
