"""What of a sleeper goes into the journal, and what comes back out of it when the bridge starts.

Law: whoever goes on with what `restored_state` returns goes on as if the bridge had never stopped, but for a
gap.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import Event, Factor
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.nights import AVERAGING_PERIODS_DAYS, Calendar, Night
from limber_bridge.domain.settings import Settings
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_reader import SpoiltError, UnwritableError
from limber_bridge.storage.schema import JournalBatch


@dataclass(frozen=True, slots=True)
class RestoredState:
    """What the journal knows of a sleeper when the bridge starts."""

    memory: PipelineState | None = None
    nights: Mapping[date, Sequence[Event]] = field(default_factory=dict)
    """Events of tonight and of every night that was never finished."""
    finished: Mapping[date, Night] = field(default_factory=dict)
    """Those of them that were, in their last revision."""
    last: Night | None = None
    recent: Sequence[Night] = ()
    """The finished nights of the longest of `AVERAGING_PERIODS_DAYS`."""
    labels: Sequence[Label] = ()
    """All of them."""
    settings: Settings = field(default_factory=Settings)


def all_kept(
    journal: Journal, sleepers: Mapping[str, bool], calendar: Calendar, now: int
) -> dict[str, RestoredState]:
    """Return what the journal knows of every sleeper; a journal in which something of it is spoilt
    is set aside.

    `sleepers`: by id, whether any of its sensors is live.
    """
    try:
        return {
            id_: restored_state(journal, id_, calendar, now, live=live)
            for id_, live in sleepers.items()
        }
    except SpoiltError as error:
        journal.set_aside(str(error))
        return {
            id_: restored_state(journal, id_, calendar, now, live=live)
            for id_, live in sleepers.items()
        }


def restored_state(
    journal: Journal, sleeper: str, calendar: Calendar, now: int, *, live: bool
) -> RestoredState:
    """Return what the journal knows of a sleeper that matters now.

    A sleeper who is played from recordings begins anew each time: of its nights only the figures
    are taken over.
    """
    last = journal.last_night(sleeper)
    labels = journal.labels(sleeper)
    settings = journal.settings(sleeper)
    if not live:
        nights = journal.nights(sleeper)
        finished = {night.date: night for night in nights}
        settings = replace(settings, calibrated=None)
        return RestoredState(
            finished=finished,
            last=last,
            recent=nights[-max(AVERAGING_PERIODS_DAYS) :],
            labels=labels,
            settings=settings,
        )
    tonight = calendar.night_of(now)
    memory = journal.memory(sleeper)
    around = {tonight + timedelta(days=days) for days in (-1, 0, 1)}
    # What the sensors missed since they were last read belongs to that night, too.
    read = (
        {calendar.night_of(one.until) for one in memory.sensors.values() if one.until}
        if memory
        else set()
    )
    events = filed_anew(
        journal, sleeper, calendar, sorted({*journal.unfinished(sleeper), *around, *read})
    )
    done = journal.nights(sleeper)
    finished = {night.date: night for night in done}
    return RestoredState(
        memory, events, finished, last, done[-max(AVERAGING_PERIODS_DAYS) :], labels, settings
    )


def filed_anew(
    journal: Journal, sleeper: str, calendar: Calendar, nights: Sequence[date]
) -> dict[date, list[Event]]:
    """Return the events of some nights, filed by the calendar as it is now: the time zone may have
    changed.

    What a person said of a night is filed, too, but says nothing of what was measured in it and is
    not returned.
    """
    found: dict[date, list[Event]] = {}
    moved: list[tuple[date, Event]] = []
    for night in nights:
        filed = journal.events(sleeper, night)
        if any(not isinstance(event, Factor) for event in filed):
            # Also where all of them belong elsewhere now: what was finished with them is to be
            # finished without.
            found.setdefault(night, [])
        for event in filed:
            right = calendar.night_of(event.onset)
            if not isinstance(event, Factor):
                found.setdefault(right, []).append(event)
            moved += [(right, event)] if right != night else []
    if moved:
        # A disk that does not take it now gets it when somebody goes on with the night.
        with contextlib.suppress(UnwritableError):
            journal.write([JournalBatch(sleeper, events=tuple(moved))])
    return found
