"""What was measured in a night of the journal, also where the pipeline has not seen that night.

The state of the pipeline says from when until when each sensor of today has measured. It says
nothing of a night that was imported, or of one before the first sample of the sensors of today.
What was measured there follows from the events of that night and from its stored figures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.detection.epochs import EPOCH_US
from limber_bridge.detection.events import (
    NOT_DETECTED,
    BedTransition,
    Event,
    Gap,
    Method,
    Movement,
    PositionChange,
)
from limber_bridge.detection.night_score import Coverage, NightScore, score_night
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.scoring_input import hours
from limber_bridge.detection.signal import HOUR
from limber_bridge.detection.spans import Span
from limber_bridge.domain.nights import Night
from limber_bridge.storage.journal_reader import JournalReader

WITHOUT_GAPS: Final = -1
"""Stands for a sensor of a night that had no gap, whose id the journal does not tell."""
END_OF_TIME: Final = 2**62
"""us; after every sample."""


def score_stored(
    config: Config,
    record: JournalReader,
    sleeper: Sleeper,
    night: Night | None,
    day: date,
    events: Sequence[Event],
) -> NightScore:
    """Score the events of a night in the journal; None: it is not finished. JournalError.

    The measures are those of the events; those that the journal keeps of a finished night may come
    from signals that showed more.
    """
    live = live_coverage(config, record, sleeper, day)
    end = config.calendar.end(day)
    own = own_time(events, night, live, end)
    if own is None:
        return score_night(events, config.rules, live)
    stored = None if night is None else night.measures.time_in_bed_h
    found = [
        (one, score_night(events, config.rules, one))
        for one in possible_coverages(events, night, live, own)
    ]
    if stored is None:
        return found[0][1]
    coverage, score = min(found, key=lambda one: abs(bed_hours(one[1]) - stored))
    missing = stored - bed_hours(score)
    if missing <= 0 or coverage.until != own[1] or not ends_in_bed(events):
        return score
    # The sleeper was still in bed after the last event, until the signal ended.
    until = min(end, own[1] + round(missing * HOUR))
    seen = dict.fromkeys(coverage.seen, (own[0], until))
    return score_night(events, config.rules, replace(coverage, until=until, seen=seen))


def live_coverage(config: Config, record: JournalReader, sleeper: Sleeper, day: date) -> Coverage:
    """Return what the sensors of today measured in a night; JournalError."""
    sensors = [watched.sensor for watched in sleeper.sensors]
    memory = record.pipeline_state(sleeper.id)
    read = [] if memory is None else [one.measured_until for one in memory.sensors.values()]
    end = config.calendar.end(day)
    until = min(end, max((one for one in read if one is not None), default=end))
    return Pipeline(sensors, config.rules, state=memory).coverage(config.calendar.begin(day), until)


def own_time(events: Iterable[Event], night: Night | None, live: Coverage, end: int) -> Span | None:
    """Return the time (us) that the events of a night show; None where `live` knows all of it.

    `end`: when the night ends at the latest (us).
    """
    detected = [event for event in events if is_measured(event)]
    if not detected:
        return None
    begin = max(live.begin, min(event.onset for event in detected))
    until = min(end, max(getattr(event, "end", None) or event.onset for event in detected))
    if is_imported(night):
        return begin, until
    first, last = known_time(live)
    # A movement that was open at a stop may end after the last sample that counts as read.
    return None if first - EPOCH_US <= begin < last else (begin, until)


def known_time(live: Coverage) -> Span:
    """Return the first and the last time (us) that a sensor of today measured."""
    known = [span for span in live.seen.values() if span is not None]
    first = min((span[0] for span in known), default=END_OF_TIME)
    return first, max((span[1] for span in known), default=first)


def possible_coverages(
    events: Sequence[Event], night: Night | None, live: Coverage, own: Span
) -> tuple[Coverage, ...]:
    """Return what may have been measured in the time (us) that the events of a night show.

    A recording may have several sensors, of which those with gaps are known by their ids. The last
    coverage assumes another one that measured all the time.
    """
    begin, until = own
    first, _ = known_time(live)
    later: dict[int, Span | None] = {}
    if not is_imported(night) and first < until:
        # The sensors of today measured a later part of the night.
        later = {number: span for number, span in live.seen.items() if span is not None}
        own = (begin, first)
    gaps = {event.sensor for event in events if isinstance(event, Gap)}
    shows_movements = (
        any(isinstance(event, Movement | PositionChange) for event in events)
        if night is None
        else night.measures.movements is not None
    )

    def coverage(sensors: Iterable[int]) -> Coverage:
        seen = later | {number: joined(own, later.get(number)) for number in sensors}
        return replace(
            live,
            begin=begin,
            until=live.until if later else until,
            seen=seen,
            movement_sensors=set(seen) if shows_movements else (),
            reported=() if is_imported(night) else live.reported,
        )

    if gaps.issuperset(live.seen) and not is_imported(night):
        # The sensors are the same as today, and each had a gap.
        return (coverage(gaps),)
    with_another = coverage({*gaps, WITHOUT_GAPS})
    return (coverage(gaps), with_another) if gaps else (with_another,)


def joined(own: Span, later: Span | None) -> Span:
    """Return a time (us) and one that follows it as one."""
    return own if later is None else (own[0], max(own[1], later[1]))


def is_imported(night: Night | None) -> bool:
    """Return whether a night comes from a recording."""
    return night is not None and night.imported is not None


def is_measured(event: Event) -> bool:
    """Return whether an event shows that a sensor measured."""
    if isinstance(event, BedTransition):
        return event.method is not Method.EXTERNAL
    return not isinstance(event, NOT_DETECTED)


def ends_in_bed(events: Iterable[Event]) -> bool:
    """Return whether the sleeper was in bed after the last event."""
    beds = [event for event in events if isinstance(event, BedTransition)]
    return bool(beds) and max(beds, key=lambda bed: bed.onset).in_bed


def bed_hours(score: NightScore) -> float:
    """Return the hours in bed without gaps; 0 where they are not known."""
    return hours(score.in_bed, score.gaps) or 0.0
