"""What of a sleeper goes into the journal, and what comes back out of it when the bridge starts.

Law: whoever goes on with what `kept` returns goes on as if the bridge had never stopped, but for a gap.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from limber_bridge.config.schema import Config, Sleeper
from limber_bridge.daemon.sleeper_monitor import MEANS, Change, Kept, Watch
from limber_bridge.detection.events import Event, Factor
from limber_bridge.sources.source_api import Read
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_reader import SpoiltError, UnwritableError
from limber_bridge.storage.schema import Page, latest


def page_of(watch: Watch, change: Change, read: Sequence[tuple[int, Read]] = ()) -> Page:
    """Return what has to be kept of a change, with how far signed frames were read."""
    events = tuple((filed.night, filed.event) for filed in change.events)
    return Page(
        watch.id, change.renewed, events, watch.memory, change.finished, change.unlabelled, change.labels,
        latest(read), change.settings,
    )  # fmt: skip


def all_kept(journal: Journal, config: Config, now: int) -> dict[str, Kept]:
    """Return what the journal knows of every sleeper; a journal in which something of it is spoilt is set aside."""
    try:
        return {sleeper.id: kept(journal, sleeper, config, now) for sleeper in config.sleepers}
    except SpoiltError as error:
        journal.set_aside(str(error))
        return {sleeper.id: kept(journal, sleeper, config, now) for sleeper in config.sleepers}


def kept(journal: Journal, sleeper: Sleeper, config: Config, now: int) -> Kept:
    """Return what the journal knows of a sleeper that matters now.

    A sleeper who is played from recordings begins anew each time: of its nights only the figures are taken over.
    """
    last, labels, settings = journal.last_night(sleeper.id), journal.labels(sleeper.id), journal.settings(sleeper.id)
    if not sleeper.live:
        nights = journal.nights(sleeper.id)
        finished = {night.date: night for night in nights}
        settings = replace(settings, calibrated=None)
        return Kept(finished=finished, last=last, recent=nights[-max(MEANS) :], labels=labels, settings=settings)
    tonight, memory = config.calendar.night_of(now), journal.memory(sleeper.id)
    around = {tonight + timedelta(days=days) for days in (-1, 0, 1)}
    # What the sensors missed since they were last read belongs to that night, too.
    read = {config.calendar.night_of(one.until) for one in memory.sensors.values() if one.until} if memory else set()
    events = filed_anew(journal, sleeper, config, sorted({*journal.unfinished(sleeper.id), *around, *read}))
    done = journal.nights(sleeper.id)
    finished = {night.date: night for night in done}
    return Kept(memory, events, finished, last, done[-max(MEANS) :], labels, settings)


def filed_anew(journal: Journal, sleeper: Sleeper, config: Config, nights: Sequence[date]) -> dict[date, list[Event]]:
    """Return the events of some nights, filed by the calendar as it is now: the time zone may have changed.

    What a person said of a night is filed, too, but says nothing of what was measured in it and is not returned.
    """
    found: dict[date, list[Event]] = {}
    moved: list[tuple[date, Event]] = []
    for night in nights:
        filed = journal.events(sleeper.id, night)
        if any(not isinstance(event, Factor) for event in filed):
            # Also where all of them belong elsewhere now: what was finished with them is to be finished without.
            found.setdefault(night, [])
        for event in filed:
            right = config.calendar.night_of(event.onset)
            if not isinstance(event, Factor):
                found.setdefault(right, []).append(event)
            moved += [(right, event)] if right != night else []
    if moved:
        # A disk that does not take it now gets it when somebody goes on with the night.
        with contextlib.suppress(UnwritableError):
            journal.write([Page(sleeper.id, events=tuple(moved))])
    return found
