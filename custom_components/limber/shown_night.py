"""One night of a sleeper as a card shows it, with its neighbors and in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .night_data import describe_diary
from .night_store import StoredNight
from .sleeper_feed import SleeperFeed
from .statistic_rows import is_plausible
from .summary_text import Length, NightFacts, describe_night
from .trends import expected_last_night
from .wire_diary import Diary
from .wire_nights import Night, Tonight
from .wire_state import State
from .words import CardWords, Texts

LOOKED_BACK: Final = timedelta(days=31)
"""How far back the night before another one is looked for. Chosen: a holiday without sensors."""


class NoNightError(Exception):
    """There is no such night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNight:
    """A night and what surrounds it."""

    feed: SleeperFeed
    night: Night
    """Of tonight: as if it were finished now."""
    is_last: bool
    """Whether it is the one that people call "last night"."""
    stored: StoredNight
    diary: Diary | None
    previous: date | None
    next: date | None

    def describe(self, texts: Texts, language: str) -> dict[str, Any]:
        """Return the response to `limber/night`."""
        words = CardWords(texts, self.feed.coordinator.time_zone, [])
        summary = describe_night(words, self._facts(), Length.SUMMARY, is_last=self.is_last)
        return self.stored.description | {
            "time_zone": self.feed.time_zone,
            "language": language,
            "diary": describe_diary(self.diary),
            "previous": self.previous and self.previous.isoformat(),
            "next": self.next and self.next.isoformat(),
            "summary": words.split(summary),
        }

    def _facts(self) -> NightFacts:
        coordinator = self.feed.coordinator
        return NightFacts(
            night=self.night,
            recent_nights=coordinator.data.recent_nights.get(self.feed.sleeper, (self.night,)),
            restless_above=coordinator.restless_above,
            cramps=self.stored.cramps,
            factors=self.stored.factors,
            gaps=self.stored.gaps,
        )


async def async_show_night(feed: SleeperFeed, day: date | None, *, live: bool) -> ShownNight:
    """Return a night, by default the last finished one; `live`: the one that is not finished.

    Raise NoNightError, or HomeAssistantError if the bridge does not answer and it is not in memory.
    """
    state = feed.state
    if state is None:
        raise NoNightError
    last = state.last_night
    if day is None and not live:
        if last is None:
            raise NoNightError
        day = last.night
    finished = None if live or day is None else await _find_night(feed, state, day)
    if finished is not None:
        return await _show_finished(feed, state, finished)
    if live or day == state.tonight.night:
        return await _show_live(feed, state)
    raise NoNightError


async def _find_night(feed: SleeperFeed, state: State, day: date) -> Night | None:
    """Return a finished night, after a look at those around it."""
    if not is_plausible(day, feed.today()):
        return None
    try:
        await feed.archive.load(day - LOOKED_BACK, feed.today())
    except HomeAssistantError:
        # The last nights are in memory.
        if not any(night.night == day for night in _known(feed, state)):
            raise
    return next((night for night in _known(feed, state) if night.night == day), None)


def _known(feed: SleeperFeed, state: State) -> Iterable[Night]:
    """Return all nights in memory, the newest record of each first."""
    if state.last_night is not None:
        yield state.last_night
    yield from feed.coordinator.data.recent_nights.get(feed.sleeper, ())
    yield from feed.archive.nights.values()


async def _show_finished(feed: SleeperFeed, state: State, night: Night) -> ShownNight:
    stored = await feed.nights.finished(night)
    dates = {one.night for one in _known(feed, state)}
    if state.tonight.start is not None:
        dates.add(state.tonight.night)
    now = dt_util.now(feed.coordinator.time_zone)
    return ShownNight(
        feed=feed,
        night=night,
        is_last=night.night >= expected_last_night(state.tonight.night, now),
        stored=stored,
        diary=_diary(feed, state, night.night),
        previous=max((one for one in dates if one < night.night), default=None),
        next=min((one for one in dates if one > night.night), default=None),
    )


async def _show_live(feed: SleeperFeed, state: State) -> ShownNight:
    tonight = state.tonight
    dates = {one.night for one in _known(feed, state)}
    return ShownNight(
        feed=feed,
        night=_as_finished(tonight, state),
        is_last=False,
        stored=await feed.live_night(state),
        diary=_diary(feed, state, tonight.night),
        previous=max((one for one in dates if one < tonight.night), default=None),
        next=None,
    )


def _as_finished(tonight: Tonight, state: State) -> Night:
    return Night(
        night=tonight.night,
        revision=0,
        start=tonight.start,
        end=state.time,
        rules="",
        methods=state.methods,
        measures=tonight.measures,
    )


def _diary(feed: SleeperFeed, state: State, day: date) -> Diary | None:
    if state.diary is not None:
        for diary in (state.diary.tonight, state.diary.last_night):
            if diary.night == day:
                return diary
    entry = feed.archive.trend.get(day)
    return None if entry is None else entry.diary
