"""What a person says of cramps -> that person's own thresholds.

Law: the same labels in any order give the same thresholds. "That was none" never lowers one, "that
was a cramp" never raises one. No publication stands behind the rule [D]: it is the simplest that
follows a person and can be explained.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.detection.cramps import MINUTE, SETTLED, UP_WITHIN, PossibleCrampDetector
from limber_bridge.detection.events import BedTransition, Certainty, Cramp, Event, event_id
from limber_bridge.detection.signal import LATEST_TIME

ENOUGH: Final = 3
"""Labels of one kind, for one certainty, from which on they move a threshold."""
STEPS: Final = 20
"""Thresholds are whole multiples of a twentieth."""
LOWEST = 0.5
HIGHEST = 3.0
"""Thresholds between which a person's own lies. Below the first nearly every movement would be a
cramp; the most that three minutes can hold is three times the rubbing that the rule asks for, and
the tensest calves of Chaney and Sherman (rise by 500 %) came to three times twice their baseline.
"""
RECENT: Final = 15 * MINUTE
"""us after the end of a cramp in which a label for a time is about it."""
ROUNDED: Final = MINUTE
"""us before its beginning likewise: people say times in whole minutes."""
FOLLOWED: Final = ROUNDED + UP_WITHIN + 2 * SETTLED
"""us after a time when all is known of what may have been a cramp then."""


class UnknownEventError(Exception):
    """There is nothing that the label could be about; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a person said of an event, or of a moment."""

    id: str
    """Under which it was filed: the event's, or one made from the moment."""
    time: int
    """us; onset of the event, or the moment."""
    cramp: bool
    about: Cramp | None = None
    """The cramp with its strength and features as they were measured; one that was overlooked is in
    no journal. None: nothing was found, and the label moves nothing."""

    @property
    def event(self) -> str | None:
        """The id of the cramp it is about."""
        return None if self.about is None else event_id(self.about)


class Labels:
    """All that one person has said."""

    def __init__(self, labels: Iterable[Label] = ()) -> None:
        """Take over what was kept."""
        self._labels = {label.id: label for label in labels}
        self._open = {label.id for label in self._labels.values() if label.about is None}

    def __len__(self) -> int:
        return len(self._labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self._labels.values())

    @property
    def said(self) -> Mapping[str, bool]:
        """Whether it was a cramp, by the id of the event."""
        return {
            label.event: label.cramp for label in self._labels.values() if label.event is not None
        }

    @property
    def thresholds(self) -> dict[Certainty, float]:
        """The person's own thresholds."""
        return {certainty: threshold(self._of(certainty)) for certainty in Certainty}

    def for_event(self, key: str, event: Event | None, *, cramp: bool) -> Label:
        """Return the label for the event with an id, as the journal has it, or for what a label was
        filed under.

        Raises UnknownEventError where that is nothing that could be a cramp.
        """
        if isinstance(event, Cramp):
            return Label(key, event.onset, cramp, event)
        if key not in self._labels:
            raise UnknownEventError(
                f"no cramp `{key}` is known; say which one is meant by its time"
            )
        return replace(self._labels[key], cramp=cramp)

    def for_moment(self, time: int, events: Iterable[Event], *, cramp: bool) -> Label:
        """Return the label for a time (us); `events` are those of its night.

        Raises UnknownEventError where no cramp was told that could be denied.
        """
        found = cramp_at(time, list(events), overlooked=cramp)
        if found is not None:
            return Label(event_id(found), time, cramp, found)
        if not cramp:
            raise UnknownEventError(
                "no cramp was seen shortly before; say which one was none by its time"
            )
        return Label(f"moment-{time}", time, cramp)

    def take(self, label: Label) -> None:
        """Take in a label; one for the same event, or filed under the same id, counts no more."""
        others = [
            one for one in self._labels.values() if label.event is None or one.event != label.event
        ]
        self._labels = {one.id: one for one in [*others, label]}
        self._open.discard(label.id)
        if label.about is None:
            self._open.add(label.id)

    def due(self, now: int) -> list[Label]:
        """Return the labels that are about nothing yet, and of whose moment all is known by `now`
        (us); each once.
        """
        due = [
            self._labels[key]
            for key in sorted(self._open)
            if self._labels[key].time + FOLLOWED <= now
        ]
        self._open -= {label.id for label in due}
        return due

    def _of(self, certainty: Certainty) -> Iterator[Label]:
        for label in self._labels.values():
            if label.about is not None and label.about.certainty is certainty:
                yield label


def threshold(labels: Iterable[Label]) -> float:
    """Return the threshold that sorts most labels right; among equals the one nearest to 1.0, the
    rule as written.

    It rises only after three labels that say "none", and falls only after three that say "cramp",
    so that one mistake moves nothing; it stays between `LOWEST` and `HIGHEST`. A label without a
    strength moves nothing.
    """
    known = [(label.about.strength, label.cramp) for label in labels if label.about is not None]
    said = [(strength, cramp) for strength, cramp in known if strength is not None]
    cramps = sum(cramp for _, cramp in said)
    lowest = LOWEST if cramps >= ENOUGH else 1.0
    highest = HIGHEST if len(said) - cramps >= ENOUGH else 1.0

    def cost(step: int) -> tuple[int, int, int]:
        wrong = sum((strength >= step / STEPS) is not cramp for strength, cramp in said)
        return wrong, abs(step - STEPS), step

    return min(range(round(lowest * STEPS), round(highest * STEPS) + 1), key=cost) / STEPS


def cramp_at(time: int, events: Sequence[Event], *, overlooked: bool) -> Cramp | None:
    """Return the cramp that somebody means by a time (us): the nearest that was told.

    Where none was, and `overlooked` ones are wanted: the nearest sudden movement that comes up to
    the lowest threshold.
    """
    told = nearest(time, (event for event in events if isinstance(event, Cramp)))
    return nearest(time, faint(events)) if told is None and overlooked else told


def nearest(time: int, cramps: Iterable[Cramp]) -> Cramp | None:
    """Return the cramp whose beginning is nearest to a time (us), if that is soon enough after it."""
    near = [
        one
        for one in cramps
        if one.onset - ROUNDED <= time and (one.end is None or time <= one.end + RECENT)
    ]
    return min(near, key=lambda one: (abs(one.onset - time), one.onset), default=None)


def faint(events: Iterable[Event]) -> Iterator[Cramp]:
    """Return what the rule for possible cramps finds in the events of a night at the lowest
    threshold there is.
    """
    possible = PossibleCrampDetector(LOWEST, apart=0)
    for event in events:
        if isinstance(event, BedTransition):
            possible.went(event, event.onset)
        else:
            possible.take(event)
    return possible.reach(LATEST_TIME)
