"""Collects everything about a night for actions, Assist, language models and the calendar."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import LimberCoordinator
from .night_store import EVENTS_DELETED
from .requests import RefusedError
from .summary_text import Length, NightFacts, describe_night, quote
from .trends import DAY, expected_last_night
from .wire_events import CrampEvent, Event, FactorEvent, GapEvent
from .wire_nights import Night
from .words import Texts, Words

TEXTS_PREFIX: Final = f"component.{DOMAIN}.selector.words.options."


@dataclass(frozen=True, slots=True)
class NightSummary:
    """A night, for programs and for people."""

    facts: NightFacts | None
    """None if there is no such night."""
    text: str
    """The night in words, or why there is none."""

    def as_json(self) -> dict[str, Any]:
        """Return the summary as JSON."""
        if self.facts is None:
            return {"night": None, "summary": self.text}
        return night_as_json(self.facts.night) | {
            "summary": self.text,
            "cramp_events": [cramp_as_json(cramp) for cramp in self.facts.cramps],
            "factors": [
                {
                    "factor": factor.factor,
                    "time": as_text(factor.start),
                    "note": factor.note and quote(factor.note),
                }
                for factor in self.facts.factors
            ],
        }


def night_as_json(night: Night) -> dict[str, Any]:
    """Return a night as JSON: date, times and every measure."""
    return {
        "night": night.night.isoformat(),
        "revision": night.revision,
        "start": as_text(night.start),
        "end": as_text(night.end),
        "rules": night.rules,
        "in_bed_method": night.methods.in_bed,
        "asleep_method": night.methods.asleep,
        "imported_from": night.imported and quote(night.imported.recording),
    } | asdict(night.measures)


def cramp_as_json(cramp: CrampEvent) -> dict[str, Any]:
    """Return a cramp as JSON."""
    return {
        "event": cramp.id,
        "start": as_text(cramp.start),
        "end": as_text(cramp.end),
        "certainty": cramp.certainty,
        "label": cramp.label,
    }


def as_text(moment: datetime | None) -> str | None:
    """Return a time in ISO 8601."""
    return None if moment is None else moment.isoformat()


async def async_get_texts(hass: HomeAssistant, language: str | None = None) -> Texts:
    """Return the texts of summaries, in Home Assistant's language by default."""
    texts = await async_get_translations(
        hass, language or hass.config.language, "selector", {DOMAIN}
    )
    return {
        key.removeprefix(TEXTS_PREFIX): text
        for key, text in texts.items()
        if key.startswith(TEXTS_PREFIX)
    }


async def async_summarize(
    hass: HomeAssistant,
    coordinator: LimberCoordinator,
    sleeper: str,
    day: date | None = None,
    language: str | None = None,
    length: Length = Length.SUMMARY,
) -> NightSummary:
    """Summarize a night, by default the last one.

    Raise HomeAssistantError if the bridge does not respond.
    """
    texts = await async_get_texts(hass, language)
    state = coordinator.data.states.get(sleeper)
    if state is None:
        return NightSummary(None, texts["nothing_known"])
    expected = expected_last_night(state.tonight.night, dt_util.now(coordinator.time_zone))
    night = await async_get_night(coordinator, sleeper, day)
    if night is None:
        return NightSummary(None, explain_no_night(texts, coordinator, sleeper, day, expected))
    events = await async_get_events(coordinator, sleeper, night.night)
    facts = NightFacts(
        night=night,
        recent_nights=coordinator.data.recent_nights.get(sleeper, (night,)),
        restless_above=coordinator.restless_above,
        cramps=[event for event in events if isinstance(event, CrampEvent)],
        factors=[event for event in events if isinstance(event, FactorEvent)],
        gaps=[event for event in events if isinstance(event, GapEvent)],
    )
    is_last = night.night >= expected
    preface = None
    if day is None and not is_last:
        # The newest night is older than the one that the person asks about.
        preface = explain_missing_night(texts, coordinator, sleeper)
    words = Words(texts, coordinator.time_zone)
    text = describe_night(words, facts, length, is_last=is_last, preface=preface)
    return NightSummary(facts, text)


def explain_no_night(
    texts: Texts, coordinator: LimberCoordinator, sleeper: str, day: date | None, expected: date
) -> str:
    """Explain why the requested night does not exist."""
    if day is None:
        return texts["no_night"]
    if day == expected:
        return explain_missing_night(texts, coordinator, sleeper)
    return texts["no_such_night"]


def explain_missing_night(texts: Texts, coordinator: LimberCoordinator, sleeper: str) -> str:
    """Explain why last night is not among the finished nights."""
    state = coordinator.data.states.get(sleeper)
    if state is not None and state.tonight.start is not None:
        return texts["not_over"]
    return texts["not_last_night"]


async def async_get_night(
    coordinator: LimberCoordinator, sleeper: str, day: date | None
) -> Night | None:
    """Return a finished night, by default the last one; None if it does not exist."""
    if day is None:
        state = coordinator.data.states.get(sleeper)
        return None if state is None else state.last_night
    recent = coordinator.data.recent_nights.get(sleeper, ())
    found = next((night for night in recent if night.night == day), None)
    if found is not None:
        return found
    nights = await coordinator.requests.fetch_nights(sleeper, day - DAY)
    return next((night for night in nights if night.night == day), None)


async def async_get_events(
    coordinator: LimberCoordinator, sleeper: str, night: date
) -> list[Event]:
    """Return the events of a night; none if the bridge has deleted them."""
    try:
        return await coordinator.requests.fetch_events(sleeper, night)
    except RefusedError as error:
        if error.refusal.error == EVENTS_DELETED:
            return []
        raise
