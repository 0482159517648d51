"""What the bridge knows of a night, put together for whoever asks: actions, voice, language models,
the calendar.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import LimberCoordinator, RefusedError
from .summary_text import Account, Texts, only, told
from .trends import last_expected
from .wire import CrampEvent, FactorEvent, GapEvent, Night

WORDS: Final = f"component.{DOMAIN}.selector.words.options."
MONTH: Final = 30
"""Days over which is seen what is usual."""
FORGOTTEN: Final = "events_deleted"
"""The bridge's word for events that it dropped to make room: docs/protocol.md, section 5."""


@dataclass(frozen=True, slots=True)
class NightSummary:
    """A night, for programs and for people."""

    night: Night | None
    account: Account | None
    text: str
    """In words; if there is no night, why not."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        if self.night is None or self.account is None:
            return {"night": None, "summary": self.text}
        return night_as_json(self.night) | {
            "summary": self.text,
            "cramp_events": [
                {
                    "event": cramp.id,
                    "start": iso(cramp.start),
                    "end": iso(cramp.end),
                    "certainty": cramp.certainty,
                    "label": cramp.label,
                }
                for cramp in self.account.cramps
            ],
            "factors": [
                {"factor": factor.factor, "time": iso(factor.start), "note": factor.note}
                for factor in self.account.factors
            ],
        }


def night_as_json(night: Night) -> dict[str, Any]:
    """Return a night as JSON: its date, times, and every measure."""
    return {
        "night": night.night.isoformat(),
        "revision": night.revision,
        "start": iso(night.start),
        "end": iso(night.end),
        "rules": night.rules,
        "in_bed_method": night.methods.in_bed,
        "asleep_method": night.methods.asleep,
    } | asdict(night.measures)


def iso(moment: datetime | None) -> str | None:
    """Return a moment as text."""
    return None if moment is None else moment.isoformat()


async def async_words(hass: HomeAssistant, language: str | None = None) -> Texts:
    """Return the texts that nights are told with."""
    texts = await async_get_translations(
        hass, language or hass.config.language, "selector", {DOMAIN}
    )
    return {key.removeprefix(WORDS): text for key, text in texts.items() if key.startswith(WORDS)}


async def async_tell(
    hass: HomeAssistant,
    coordinator: LimberCoordinator,
    sleeper: str,
    day: date | None = None,
    language: str | None = None,
) -> NightSummary:
    """Return what there is to say of a night, by default of the last one; HomeAssistantError from a
    silent bridge.
    """
    texts = await async_words(hass, language)
    state = coordinator.data.states.get(sleeper)
    if state is None:
        return NightSummary(None, None, texts["nothing_known"])
    expected = last_expected(state.tonight.night, dt_util.now(zone_of(coordinator)))
    night = await async_night(coordinator, sleeper, day)
    if night is None:
        return NightSummary(None, None, no_night(texts, coordinator, sleeper, day, expected))
    events = await async_events(coordinator, sleeper, night.night)
    account = Account(
        night=night,
        recent=coordinator.data.recent.get(sleeper, (night,)),
        usual=state.averages.get(MONTH),
        limit=coordinator.restless_above,
        zone=zone_of(coordinator),
        cramps=only(CrampEvent, events),
        factors=only(FactorEvent, events),
        gaps=only(GapEvent, events),
    )
    is_last = night.night >= expected
    lead = "" if is_last or day is not None else f"{missing(texts, coordinator, sleeper)} "
    return NightSummary(night, account, lead + told(texts, account, is_last=is_last))


def no_night(
    texts: Texts, coordinator: LimberCoordinator, sleeper: str, day: date | None, expected: date
) -> str:
    """Return why there is no night to tell of."""
    if day is None:
        return texts["no_night"]
    return missing(texts, coordinator, sleeper) if day == expected else texts["no_such_night"]


async def async_night(
    coordinator: LimberCoordinator, sleeper: str, day: date | None
) -> Night | None:
    """Return a finished night, by default the last one; None where there is none."""
    state = coordinator.data.states.get(sleeper)
    if day is None:
        return None if state is None else state.last_night
    recent = coordinator.data.recent.get(sleeper, ())
    found = next((night for night in recent if night.night == day), None)
    if found is not None:
        return found
    nights = await coordinator.nights(sleeper, date.fromordinal(day.toordinal() - 1))
    return next((night for night in nights if night.night == day), None)


async def async_events(coordinator: LimberCoordinator, sleeper: str, night: date) -> list[object]:
    """Return what happened in a night; nothing where the bridge has dropped it to make room."""
    try:
        return list(await coordinator.events(sleeper, night))
    except RefusedError as error:
        if error.refusal.error != FORGOTTEN:
            raise
        return []


def missing(texts: Mapping[str, str], coordinator: LimberCoordinator, sleeper: str) -> str:
    """Return why there is no newer night than the last one that is known."""
    state = coordinator.data.states.get(sleeper)
    if state is not None and state.tonight.start is not None:
        return texts["not_over"]
    return texts["not_last_night"]


def zone_of(coordinator: LimberCoordinator) -> tzinfo:
    """Return the bridge's time zone; it was looked up when the bridge told of it."""
    info = coordinator.data.info
    found = None if info is None else dt_util.get_time_zone(info.time_zone)
    return found or dt_util.get_default_time_zone()
