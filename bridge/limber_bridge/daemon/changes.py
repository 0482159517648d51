"""What a sleeper monitor reports: events, finished nights, labels and settings.

Every change is written to the journal before any of it is published.
"""

from dataclasses import dataclass
from datetime import date
from typing import Self

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import Event, Factor
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.nights import Calendar, Night
from limber_bridge.domain.settings import Settings
from limber_bridge.domain.trial import Trial, TrialPhase


@dataclass(frozen=True, slots=True)
class FiledEvent:
    """An event and the night it belongs to."""

    night: date
    event: Event
    live: bool
    """Whether the event is published as it happens."""
    known_at: int
    """Earliest time (us) at which the event could be known."""
    replaces_night: bool = False
    """Whether the events stored for this night are deleted first: a recording is played again."""


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that one input changed for one sleeper."""

    events: tuple[FiledEvent, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """Ids of events that late samples have shown to be wrong; they are deleted first."""
    finished: tuple[Night, ...] = ()
    """Nights that were finished, and later revisions of finished nights."""
    labels: tuple[Label, ...] = ()
    """Labels that are new, or whose cramp has become known."""
    resets_labels: bool = False
    """Whether all earlier labels are deleted first."""
    settings: Settings | None = None
    """The new settings, None where they have not changed."""
    diary: tuple[DiaryEntry, ...] = ()
    """What was said of nights, each instead of the entry before."""
    trials: tuple[Trial, ...] = ()
    """Trials that are new or have changed."""
    trial_phases: tuple[TrialPhase, ...] = ()
    """What of them is published as an event."""

    def __bool__(self) -> bool:
        return bool(
            self.events
            or self.withdrawn
            or self.finished
            or self.labels
            or self.resets_labels
            or self.settings is not None
            or self.diary
            or self.trials
        )

    def followed_by(self, later: Self) -> Self:
        """Return this change and then a later one, which withdraws none of these events."""
        return type(self)(
            events=(*self.events, *later.events),
            withdrawn=(*self.withdrawn, *later.withdrawn),
            finished=(*self.finished, *later.finished),
            labels=later.labels if later.resets_labels else (*self.labels, *later.labels),
            resets_labels=self.resets_labels or later.resets_labels,
            settings=later.settings or self.settings,
            diary=(*self.diary, *later.diary),
            trials=(*self.trials, *later.trials),
            trial_phases=(*self.trial_phases, *later.trial_phases),
        )

    @property
    def replaced_nights(self) -> tuple[date, ...]:
        """The nights whose stored events are deleted before these are written."""
        return tuple(filed.night for filed in self.events if filed.replaces_night)


class NothingToEndError(Exception):
    """No night can be ended; the text gives the reason."""


class NothingToCalibrateError(Exception):
    """No sensor can be calibrated; the text says what to do."""


class PlayedRecordingError(Exception):
    """The sensors of a sleeper play recordings, which have a time of their own."""


def factor_change(calendar: Calendar, factor: Factor, now: int) -> Change:
    """Return the change that adds something a sleeper did or took; no figure of a night changes."""
    night = calendar.night_of(factor.onset)
    return Change(events=(FiledEvent(night, factor, live=True, known_at=now),))
