"""A night as the cards draw it: numbers instead of texts, because a night has thousands. Pure.

Times are tenths of seconds (ds) after the start of the timeline; frontend/src/types.ts has the same
description for the cards.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final

from .limits import plain_text
from .wire_diary import Diary
from .wire_events import (
    AwakeningEvent,
    BedEvent,
    CrampEvent,
    Event,
    FactorEvent,
    GapEvent,
    MovementEvent,
    PositionChangeEvent,
    SeriesEvent,
    SleepEvent,
)
from .wire_nights import Measures

type Period = tuple[datetime, datetime]

NOTE_MAX: Final = 200
"""Characters of a note: docs/protocol.md#5-requests."""
REACH: Final = timedelta(hours=36)
"""How far from noon of its date something of a night can be. Chosen: a night ends at the latest at
its boundary, in any time zone; what is farther away comes from a wrong clock, or a wrong client."""
SIDES: Final[Mapping[str | None, int]] = {"left": 1, "right": 2, "both": 3}
"""Others are 0: unknown."""
GRADES: Final[Mapping[str, int]] = {"mild": 1, "moderate": 2, "strong": 3}
DECIMALS: Final = 4
"""Of a measure. Chosen: hours are shown in minutes, as in the words beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightContents:
    """All that is known about a night."""

    night: date
    revision: int | None
    """None: the night is not finished."""
    start: datetime | None
    """When the sleeper went to bed."""
    end: datetime | None
    """When the sleeper finally left the bed; for tonight, until when the drawing reaches."""
    rules: str | None
    measures: Measures
    events: Sequence[Event]
    events_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """Converts times to tenths of seconds after the start of a night."""

    start: datetime
    """A whole second."""
    end: datetime

    def offset(self, moment: datetime) -> int:
        """Return a moment; it may be outside of the night."""
        return round((moment - self.start).total_seconds() * 10)

    def span(self, period: Period) -> list[int]:
        """Return a period, cut off at the ends of the night."""
        return [
            self.offset(max(period[0], self.start)),
            self.offset(min(period[1], self.end)),
        ]

    def spans(self, periods: Iterable[Period]) -> list[list[int]]:
        """Return those periods that are part of the night, merged."""
        inside = [one for one in periods if one[1] > self.start and one[0] < self.end]
        return [self.span(one) for one in merge(inside)]


def describe_contents(contents: NightContents) -> dict[str, Any]:
    """Return what a card needs of a night, without what depends on the reader or other nights."""
    events = sorted(
        (event for event in contents.events if is_possible(event, contents.night)),
        key=lambda event: event.start,
    )
    timeline = make_timeline(contents, events)
    return {
        "night": contents.night.isoformat(),
        "live": contents.revision is None,
        "revision": contents.revision,
        "start": int(timeline.start.timestamp()),
        "end": int(timeline.end.timestamp()),
        "in_bed": timeline.spans(in_bed_periods(contents, events, timeline)),
        "asleep": asleep(contents, events, timeline),
        "gaps": timeline.spans(periods_of(events, GapEvent)),
        "position_changes": timeline.spans(periods_of(events, PositionChangeEvent)),
        "movements": [
            describe_movement(timeline, one) for one in events if isinstance(one, MovementEvent)
        ],
        "series": describe_series(timeline, events),
        "cramps": [describe_cramp(timeline, one) for one in last_reports(events)],
        "awakenings": [
            timeline.offset(one.start) for one in events if isinstance(one, AwakeningEvent)
        ],
        "factors": [
            describe_factor(timeline, one) for one in events if isinstance(one, FactorEvent)
        ],
        "measures": rounded(asdict(contents.measures)),
        "rules": contents.rules,
        "events_deleted": contents.events_deleted,
    }


def describe_diary(diary: Diary | None) -> dict[str, Any] | None:
    """Return the diary of a night; None: nothing was answered."""
    if diary is None:
        return None
    values: dict[str, Any] = asdict(diary) | {"night": diary.night.isoformat()}
    answers = (value for key, value in values.items() if key != "night")
    return values if any(value is not None for value in answers) else None


def is_possible(event: Event, night: date) -> bool:
    """Return whether an event can be part of a night."""
    noon = datetime.combine(night, time(12), UTC)
    end = getattr(event, "end", None) or event.start
    return abs(event.start - noon) <= REACH and abs(end - noon) <= REACH and end >= event.start


def make_timeline(contents: NightContents, events: Sequence[Event]) -> Timeline:
    """Return the time from the first to the last of what was measured, and of the time in bed.

    Gaps and what was logged before are no part of it: a sensor may be off all day.
    """
    drawn = [event for event in events if not isinstance(event, (GapEvent, FactorEvent))]
    moments = [event.start for event in drawn]
    moments += [end for event in drawn if (end := getattr(event, "end", None)) is not None]
    noon = datetime.combine(contents.night, time(12), UTC)
    moments += [
        one
        for one in (contents.start, contents.end)
        if one is not None and abs(one - noon) <= REACH
    ]
    if not moments:
        return Timeline(noon, noon)
    end = max(moments)
    whole = end.replace(microsecond=0)
    return Timeline(
        min(moments).replace(microsecond=0), whole if whole == end else whole + timedelta(seconds=1)
    )


def in_bed_periods(
    contents: NightContents, events: Sequence[Event], timeline: Timeline
) -> list[Period]:
    """Return the times in bed, between the bed events; the first or last of them may be missing."""
    changes = [event for event in events if isinstance(event, BedEvent)]
    if not changes:
        ends = (contents.start, contents.end)
        return [] if None in ends else [(timeline.start, timeline.end)]
    changes_at = [(one.start, one.in_bed) for one in changes]
    if not changes_at[0][1]:
        changes_at.insert(0, (timeline.start, True))
    changes_at.append((timeline.end, False))
    return [(since, until) for (since, in_bed), (until, _) in pairwise(changes_at) if in_bed]


def asleep(
    contents: NightContents, events: Sequence[Event], timeline: Timeline
) -> list[list[int]] | None:
    """Return the times asleep; None: unknown, also if an older bridge does not send them."""
    periods = periods_of(events, SleepEvent)
    if not periods and contents.measures.sleep_h != 0:
        return None
    return timeline.spans(periods)


def periods_of[E: (GapEvent, SleepEvent, PositionChangeEvent)](
    events: Iterable[Event], kind: type[E]
) -> list[Period]:
    """Return the periods of all events of a kind."""
    return [(event.start, event.end) for event in events if isinstance(event, kind)]


def merge(periods: Iterable[Period]) -> list[Period]:
    """Return periods in order, those that touch or overlap as one."""
    merged: list[Period] = []
    for begin, end in sorted(periods):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def describe_movement(timeline: Timeline, movement: MovementEvent) -> list[int]:
    """Return onset, duration (ds), side, grade, and 1 for a candidate."""
    return [
        timeline.offset(movement.start),
        round(movement.duration * 10),
        SIDES.get(movement.side, 0),
        GRADES[movement.grade],
        int(movement.candidate),
    ]


def describe_series(timeline: Timeline, events: Iterable[Event]) -> list[list[int]]:
    """Return start, end and movements of each series, as it was reported last."""
    latest = {event.start: event for event in events if isinstance(event, SeriesEvent)}
    return [
        [*timeline.span((event.start, event.end)), event.movements] for event in latest.values()
    ]


def last_reports(events: Iterable[Event]) -> list[CrampEvent]:
    """Return each cramp once: when it is over, it is reported again with another id."""
    latest: dict[str, CrampEvent] = {}
    for event in events:
        if isinstance(event, CrampEvent):
            name = event.id.removesuffix("-started").removesuffix("-ended")
            known = latest.get(name)
            if known is None or known.end is None:
                latest[name] = event
    return list(latest.values())


def describe_cramp(timeline: Timeline, cramp: CrampEvent) -> dict[str, Any]:
    """Return a cramp."""
    return {
        "id": cramp.id,
        "start_ds": timeline.offset(cramp.start),
        "end_ds": None if cramp.end is None else timeline.offset(cramp.end),
        "certainty": cramp.certainty,
        "label": cramp.label,
    }


def describe_factor(timeline: Timeline, factor: FactorEvent) -> dict[str, Any]:
    """Return something that was logged."""
    return {
        "factor": factor.factor,
        "note": factor.note and plain_text(factor.note, NOTE_MAX),
        "time_ds": timeline.offset(factor.start),
    }


def rounded(measures: Mapping[str, Any]) -> dict[str, Any]:
    """Return measures without the digits that are not needed to show them."""
    return {
        name: round(value, DECIMALS) if isinstance(value, float) else value
        for name, value in measures.items()
    }
