"""Labels that a person gave to moments of a night, and the cramps they belong to."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from limber_bridge.daemon.open_nights import OpenNights
from limber_bridge.detection.cramp_thresholds import (
    ANSWER_MAX_DELAY_US,
    Label,
    Labels,
    cramp_meant_by,
)
from limber_bridge.domain.nights import Calendar


def nights_near(calendar: Calendar, time: int) -> list[date]:
    """Return the nights whose events may be what a label for a time (us) refers to, in order."""
    return sorted({calendar.night_of(time - ANSWER_MAX_DELAY_US), calendar.night_of(time)})


def labels_of_night(labels: Labels, calendar: Calendar, night: date) -> list[Label]:
    """Return the labels for moments of one night."""
    return [label for label in labels if calendar.night_of(label.time) == night]


def find_labelled_cramps(
    labels: Labels, calendar: Calendar, nights: OpenNights, now: int
) -> Iterator[Label]:
    """Yield labels of moments with the cramp they refer to, once everything about it is known.

    A label may be given before the detection has seen what followed the moment. Each label is
    looked at once; one without a cramp stays as it is.
    """
    for label in labels.take_due(now):
        events = [
            event
            for night in nights_near(calendar, label.time)
            for event in nights.events_of(night)
        ]
        cramp = cramp_meant_by(label.time, events, unreported=label.cramp)
        if cramp is not None:
            yield replace(label, about=cramp)
