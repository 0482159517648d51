"""Read from the journal what the bridge needs when it starts.

Invariant: a bridge that continues from the restored state continues as if it had never stopped, but
for a gap.
"""

import contextlib
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from limber_bridge.detection.bed_state import BedState
from limber_bridge.detection.channel import SensorState
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import NOT_DETECTED, BedTransition, ClockStep, Event
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.nights import NO_IMPORTS, Calendar, ImportHistory, Night
from limber_bridge.domain.settings import Settings
from limber_bridge.domain.trial import Trial
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_errors import DamagedJournalError, JournalWriteError
from limber_bridge.storage.records.pipeline_records import SavedPipelineState

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RestoredState:
    """What the journal holds about a sleeper when the bridge starts."""

    pipeline_state: PipelineState | None = None
    events_by_night: Mapping[date, Sequence[Event]] = field(default_factory=dict)
    """Events of tonight and of every night that was never finished."""
    finished: Mapping[date, Night] = field(default_factory=dict)
    """The last revision of each finished night."""
    labels: Sequence[Label] = ()
    """All labels."""
    diary: Sequence[DiaryEntry] = ()
    """All entries of the diary."""
    history: ImportHistory = NO_IMPORTS
    """How past nights have changed."""
    settings: Settings = field(default_factory=Settings)
    set_back: Sequence[ClockStep] = ()
    """Times that the clock was set back, also to a wrong date."""
    trials: Sequence[Trial] = ()
    """All trials, in order of their start."""


@dataclass(frozen=True, slots=True)
class SleeperSensors:
    """Which sensors a sleeper has."""

    ids: Collection[int]
    live: bool
    """False: the nights are played from recordings."""


def restore_sleepers(
    journal: Journal, sleepers: Mapping[str, SleeperSensors], calendar: Calendar, now: int
) -> dict[str, RestoredState]:
    """Return what the journal holds about each sleeper, by id, at a time (us).

    Where SQLite reports damage the journal is repaired, and set aside if that was not enough.
    Raises JournalError.
    """
    for recover in (journal.repair, journal.set_aside):
        try:
            return read_sleepers(journal, sleepers, calendar, now)
        except DamagedJournalError as error:
            LOG.warning("%s", error)
            recover(str(error))
    return read_sleepers(journal, sleepers, calendar, now)


def read_sleepers(
    journal: Journal, sleepers: Mapping[str, SleeperSensors], calendar: Calendar, now: int
) -> dict[str, RestoredState]:
    """Return what the journal holds about each sleeper; JournalError."""
    return {
        id_: restore_sleeper(journal, id_, calendar, now, live=sensors.live, sensors=sensors.ids)
        for id_, sensors in sleepers.items()
    }


def restore_sleeper(
    journal: Journal,
    sleeper: str,
    calendar: Calendar,
    now: int,
    *,
    live: bool,
    sensors: Collection[int] = (),
) -> RestoredState:
    """Return what the journal holds about a sleeper and the bridge needs; JournalError.

    A sleeper whose nights are played from recordings starts from the beginning each time, so only
    finished nights, labels, diary and settings are restored. `sensors`: their ids.
    """
    labels = journal.labels(sleeper)
    settings = journal.settings(sleeper)
    nights = journal.nights(sleeper)
    restored = RestoredState(
        finished={night.date: night for night in nights},
        labels=labels,
        diary=journal.diary(sleeper),
        history=journal.history(sleeper),
        settings=settings,
        trials=journal.trials(sleeper),
    )
    if not live:
        return replace(restored, settings=replace(settings, calibrated=None))
    saved = journal.saved_pipeline_state(sleeper)
    tonight = calendar.night_of(now)
    needed = {tonight + timedelta(days=days) for days in (-1, 0, 1)}
    if saved is not None:
        # A gap since the last sample belongs to the night of that sample, too.
        known = [one.measured_until for one in saved.state.sensors.values() if one.measured_until]
        needed |= {calendar.night_of(until) for until in known}
    unfinished = journal.unfinished_nights(sleeper)
    # The sensors did not measure imported nights, so nothing continues from them.
    imported = {night.date for night in nights if night.imported is not None}
    wrong = misdated_nights(calendar, unfinished, nights, now)
    log_misdated(sleeper, wrong)
    # What is needed now is needed whatever the clock says.
    wanted = ({*unfinished} - {*wrong} | needed) - imported
    events = refile_events(journal, sleeper, calendar, sorted(wanted))
    return replace(
        restored,
        pipeline_state=None if saved is None else complete_state(saved, events, sensors),
        events_by_night=events,
        set_back=[
            event
            for night in {*wrong, *unfinished}
            for event in journal.events(sleeper, night)
            if isinstance(event, ClockStep) and event.by < 0
        ],
        finished={**restored.finished, **unreadable_nights(journal, sleeper, restored, events)},
    )


def misdated_nights(
    calendar: Calendar, unfinished: Iterable[date], finished: Iterable[Night], now: int
) -> list[date]:
    """Return the nights that were measured while the clock of the machine was wrong, in order."""
    measured = {night.date for night in finished if night.imported is None} | {*unfinished}
    return sorted(night for night in measured if not calendar.is_possible(night, now))


def log_misdated(sleeper: str, nights: Sequence[date]) -> None:
    """Log that some nights have impossible dates, if there are any."""
    if nights:
        LOG.warning(
            "sleeper %s: %d nights are dated before 2020 or after tomorrow (%s to %s), as the clock"
            " of this machine was wrong; they stay in the journal and count in nothing. Check that"
            " the clock is set at every start",
            sleeper,
            len(nights),
            nights[0],
            nights[-1],
        )


def complete_state(
    saved: SavedPipelineState,
    events: Mapping[date, Sequence[Event]],
    sensors: Collection[int],
) -> PipelineState:
    """Return a pipeline state with what could not be read estimated from the events.

    A sensor is taken to have measured from the first event to the last one. So the time since then
    becomes a gap, and the time of the events does not.
    """
    state = saved.state
    measured = sorted(
        (event for found in events.values() for event in found),
        key=lambda event: event.onset,
    )
    if not measured:
        return state
    if saved.bed_unreadable:
        transitions = [event for event in measured if isinstance(event, BedTransition)]
        if transitions:
            last = transitions[-1]
            state = replace(state, bed=BedState(in_bed=last.in_bed, method=last.method))
    lost = sensors if saved.sensors_unreadable is None else saved.sensors_unreadable
    if not lost:
        return state
    until = max(getattr(event, "end", None) or event.onset for event in measured)
    estimate = SensorState(first_sample=measured[0].onset, measured_until=until)
    return replace(state, sensors={**state.sensors, **dict.fromkeys(lost, estimate)})


def unreadable_nights(
    journal: Journal,
    sleeper: str,
    restored: RestoredState,
    events: Mapping[date, Sequence[Event]],
) -> dict[date, Night]:
    """Return nights without measures in place of finished nights that cannot be read.

    Only of nights whose events are restored: they are scored again, under a higher revision.
    """
    return {
        day: Night(
            sleeper=sleeper,
            date=day,
            revision=revision,
            start=None,
            end=None,
            rules="",
            in_bed_method=None,
            measures=Measures(),
        )
        for day, revision in journal.revisions(sleeper).items()
        if day in events and day not in restored.finished
    }


def refile_events(
    journal: Journal, sleeper: str, calendar: Calendar, nights: Sequence[date]
) -> dict[date, list[Event]]:
    """Return the events of some nights, by the night they belong to in the calendar as it is now.

    The time zone may have changed. Events that moved to another night are written back. Events of
    kinds that a person brings about are moved as well, but are not returned, as they were not
    detected. JournalError.
    """
    found: dict[date, list[Event]] = {}
    moved: list[tuple[date, Event]] = []
    for night in nights:
        filed = journal.events(sleeper, night)
        if any(not isinstance(event, NOT_DETECTED) for event in filed):
            # Also where all of them belong elsewhere now: a night that was finished with them has
            # to be finished without them.
            found.setdefault(night, [])
        for event in filed:
            right = calendar.night_of(event.onset)
            if not isinstance(event, NOT_DETECTED):
                found.setdefault(right, []).append(event)
            if right != night:
                moved.append((right, event))
    if moved:
        # If the disk cannot be written now, they are moved when their night continues.
        with contextlib.suppress(JournalWriteError):
            journal.write([JournalBatch(sleeper, events=tuple(moved))])
    return found
