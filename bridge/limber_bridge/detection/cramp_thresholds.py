"""Personal thresholds for cramps, learned from what a person says about them.

The same answers in any order give the same thresholds. "That was not a cramp" never lowers a
threshold, and "that was a cramp" never raises one. All values are chosen, and nothing is published:
it is the simplest rule that follows a person and can be explained;
docs/science.md#personal-cramp-thresholds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.detection.events import BedTransition, Certainty, Cramp, Event, event_id
from limber_bridge.detection.possible_cramps import (
    BED_SETTLED_US,
    CLUSTER_RESPONSE_MAX_US,
    PossibleCrampDetector,
)
from limber_bridge.detection.signal import LATEST_TIME, MINUTE

MIN_ANSWERS: Final = 3
"""Answers of one kind, for one certainty, before they move a threshold."""
STEPS_PER_UNIT: Final = 20
"""Thresholds are whole multiples of 1/20."""
THRESHOLD_MIN: Final = 0.5
"""Lowest threshold. Chosen: below it nearly every movement would be a cramp."""
THRESHOLD_MAX: Final = 3.0
"""Highest threshold. Chosen: three minutes hold at most three times the movement that the rule
requires, and the tensest calves of Chaney and Sherman (a rise by 500 %) were three times as tense
as the rule requires."""
ANSWER_MAX_DELAY_US: Final = 15 * MINUTE
"""Time after the end of a cramp in which an answer is about it."""
TIME_ROUNDING_US: Final = MINUTE
"""Time before the beginning of a cramp from which an answer is about it. Chosen: people give times
in whole minutes."""
UNMATCHED_WAIT_US: Final = TIME_ROUNDING_US + CLUSTER_RESPONSE_MAX_US + 2 * BED_SETTLED_US
"""Time after which everything is known about what may have been a cramp at a moment."""


class UnknownEventError(Exception):
    """No cramp matches a label; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a person said about an event or a moment."""

    id: str
    """Id under which it is stored: that of the event, or one made from the moment."""
    time: int
    """us; onset of the event, or the moment."""
    cramp: bool
    """Whether it was a cramp."""
    about: Cramp | None = None
    """The cramp with its strength and features as they were measured.

    One that was not reported is in no journal. None: nothing was found, and the label moves
    nothing.
    """

    @property
    def event(self) -> str | None:
        """Id of the cramp."""
        return None if self.about is None else event_id(self.about)


class Labels:
    """Everything that one person has said."""

    def __init__(self, labels: Iterable[Label] = ()) -> None:
        """Start with the labels that were stored."""
        self._labels = {label.id: label for label in labels}
        self._unmatched = {label.id for label in self._labels.values() if label.about is None}

    def __len__(self) -> int:
        return len(self._labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self._labels.values())

    @property
    def answers(self) -> Mapping[str, bool]:
        """Whether each labelled event was a cramp, by its id."""
        return {
            label.event: label.cramp for label in self._labels.values() if label.event is not None
        }

    @property
    def thresholds(self) -> dict[Certainty, float]:
        """The personal thresholds."""
        return {certainty: best_threshold(self._about(certainty)) for certainty in Certainty}

    def for_event(self, key: str, event: Event | None, *, cramp: bool) -> Label:
        """Return a label for the event with an id, or for what an earlier label with that id is of.

        `event` is the event as the journal has it, or None. Raises UnknownEventError if there is
        nothing that could be a cramp.
        """
        if isinstance(event, Cramp):
            return Label(key, event.onset, cramp, event)
        if key not in self._labels:
            raise UnknownEventError(f"unknown cramp `{key}`; give the time of the cramp instead")
        return replace(self._labels[key], cramp=cramp)

    def for_moment(self, time: int, events: Iterable[Event], *, cramp: bool) -> Label:
        """Return a label for a time (us); `events` are those of its night.

        Raises UnknownEventError if no cramp was reported that could be denied.
        """
        found = cramp_meant_by(time, list(events), unreported=cramp)
        if found is not None:
            return Label(event_id(found), time, cramp, found)
        if not cramp:
            raise UnknownEventError(
                "no cramp was reported shortly before that time; give the time of the event"
                " that was not a cramp"
            )
        return Label(f"moment-{time}", time, cramp)

    def add(self, label: Label) -> None:
        """Add a label; it replaces those with the same id or about the same event."""
        others = [
            one for one in self._labels.values() if label.event is None or one.event != label.event
        ]
        self._labels = {one.id: one for one in [*others, label]}
        self._unmatched.discard(label.id)
        if label.about is None:
            self._unmatched.add(label.id)

    def take_due(self, now: int) -> list[Label]:
        """Return the unmatched labels for which everything is known at a time (us), each once."""
        # Sorted, so that the order does not depend on that of a set.
        due = [
            self._labels[key]
            for key in sorted(self._unmatched)
            if self._labels[key].time + UNMATCHED_WAIT_US <= now
        ]
        self._unmatched -= {label.id for label in due}
        return due

    def _about(self, certainty: Certainty) -> Iterator[Label]:
        """Yield the labels about cramps of one certainty."""
        for label in self._labels.values():
            if label.about is not None and label.about.certainty is certainty:
                yield label


def best_threshold(labels: Iterable[Label]) -> float:
    """Return the threshold that sorts most labels correctly.

    Among equals it is the one nearest to 1.0, which is the rule itself. It rises only after three
    labels that deny a cramp, and falls only after three that confirm one, so one mistake changes
    nothing. A label without a strength has no effect.
    """
    # Cramps that an older version reported may have no strength.
    known = [(label.about.strength, label.cramp) for label in labels if label.about is not None]
    answers = [(strength, cramp) for strength, cramp in known if strength is not None]
    confirmed = sum(cramp for _, cramp in answers)
    denied = len(answers) - confirmed
    lowest = THRESHOLD_MIN if confirmed >= MIN_ANSWERS else 1.0
    highest = THRESHOLD_MAX if denied >= MIN_ANSWERS else 1.0

    def cost(step: int) -> tuple[int, int, int]:
        """Return how bad the threshold of a number of steps is."""
        threshold = step / STEPS_PER_UNIT
        wrong = sum((strength >= threshold) is not cramp for strength, cramp in answers)
        return wrong, abs(step - STEPS_PER_UNIT), step

    # There are few steps, so all of them are tried.
    steps = range(round(lowest * STEPS_PER_UNIT), round(highest * STEPS_PER_UNIT) + 1)
    return min(steps, key=cost) / STEPS_PER_UNIT


def cramp_meant_by(time: int, events: Sequence[Event], *, unreported: bool) -> Cramp | None:
    """Return the cramp that a person means by a time (us): the nearest one that was reported.

    If there is none, and `unreported` ones may be meant, it is the nearest that reaches the lowest
    threshold.
    """
    reported = nearest_cramp(time, (event for event in events if isinstance(event, Cramp)))
    if reported is None and unreported:
        return nearest_cramp(time, weakest_possible_cramps(events))
    return reported


def nearest_cramp(time: int, cramps: Iterable[Cramp]) -> Cramp | None:
    """Return the cramp whose beginning is nearest to a time (us), if that is about the cramp."""
    candidates = [
        one
        for one in cramps
        if one.onset - TIME_ROUNDING_US <= time
        and (one.end is None or time <= one.end + ANSWER_MAX_DELAY_US)
    ]
    return min(candidates, key=lambda one: (abs(one.onset - time), one.onset), default=None)


def weakest_possible_cramps(events: Iterable[Event]) -> Iterator[Cramp]:
    """Return the possible cramps in the events of a night at the lowest threshold."""
    detector = PossibleCrampDetector(THRESHOLD_MIN, refractory=0)
    for event in events:
        if isinstance(event, BedTransition):
            detector.on_bed_change(event, event.onset)
        else:
            detector.add_event(event)
    return detector.advance_to(LATEST_TIME)
