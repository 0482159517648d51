"""A scored night as the JSON object of contracts, section 1.1: `limber.score/1`.

Law: pure; times are seconds from the first sample, what the signals do not support is null.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from limber_bridge.detection.events import Cramp, Movement, Series, SignalFault
from limber_bridge.detection.measures import round_measures
from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.scoring import within
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.spans import Span
from limber_bridge.domain.nights import to_utc

SCHEMA: Final = "limber.score/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a report tells of one recording."""

    recording: str
    start: int | None
    """us, UTC, of the first sample; None where times count from 0."""
    duration: float
    """s."""
    rules: RuleSet
    night: NightScore
    cramps: Iterable[Cramp] = ()
    gaps: Iterable[tuple[str, Span]] = ()
    """Every hole of every sensor, with the sensor's name."""
    flaws: Iterable[tuple[str, SignalFault]] = ()
    """What was wrong with a sensor's signal, likewise."""
    methods: dict[str, str | None]
    """What "in bed" and "asleep" rest on."""


def document(report: Report) -> dict[str, Any]:
    """Return the object."""
    origin = report.start or 0
    night = report.night
    counted = counted_series(night)
    return {
        "schema": SCHEMA,
        "recording": report.recording,
        "start": None
        if report.start is None
        else to_utc(report.start).isoformat().replace("+00:00", "Z"),
        "duration": round(report.duration, 3),
        "rules": report.rules.name,
        "movements": movement_entries(night, counted, origin),
        "series": series_entries([night.scoring.series[index] for index in counted], origin),
        "cramps": [cramp_entry(cramp, origin) for cramp in report.cramps],
        "gaps": gap_entries(report.gaps, origin),
        "quality": [flaw_entry(sensor, flaw, origin) for sensor, flaw in report.flaws],
        "in_bed": spans(night.in_bed, origin),
        "asleep": spans(night.asleep, origin),
        "methods": report.methods,
        "measures": asdict(round_measures(night.measures, 6)),
    }


def members(night: NightScore) -> list[tuple[Movement, int | None]]:
    """Return the movements that are counted, those in bed, each with the number of its series in
    the scoring.
    """
    found = zip(night.scoring.movements, night.scoring.membership, strict=True)
    return [pair for pair in found if night.in_bed is None or within(pair[0].onset, night.in_bed)]


def counted_series(night: NightScore) -> list[int]:
    """Return the numbers of the series that have a movement that is counted, in order of time."""
    return sorted({series for _, series in members(night) if series is not None})


def movement_entries(
    night: NightScore, counted: Sequence[int], origin: int
) -> list[dict[str, Any]]:
    """Return the movements that are counted, each with the index of its series among those that are
    told.
    """
    return [
        movement_entry(movement, None if series is None else counted.index(series), origin)
        for movement, series in members(night)
    ]


def movement_entry(movement: Movement, series: int | None, origin: int) -> dict[str, Any]:
    """Return one movement."""
    return {
        "onset": at(movement.onset, origin),
        "duration": round(movement.duration / SECOND, 3),
        "side": movement.side,
        "peak": round(movement.peak, 4),
        "grade": movement.grade,
        "candidate": movement.candidate,
        "series": series,
    }


def series_entries(found: Iterable[Series], origin: int) -> list[dict[str, Any]]:
    """Return the series."""
    return [
        {"onset": at(one.onset, origin), "end": at(one.end, origin), "movements": one.movements}
        for one in found
    ]


def cramp_entry(cramp: Cramp, origin: int) -> dict[str, Any]:
    """Return one cramp; its end is null where the recording ends before it."""
    end = None if cramp.end is None else at(cramp.end, origin)
    return {
        "onset": at(cramp.onset, origin),
        "end": end,
        "certainty": cramp.certainty,
        "reason": cramp.reason,
    }


def gap_entries(found: Iterable[tuple[str, Span]], origin: int) -> list[dict[str, Any]]:
    """Return the gaps in order of time; a hole that several sensors share is one, with all their
    names.
    """
    shared: dict[Span, list[str]] = {}
    for sensor, span in found:
        shared.setdefault(span, []).append(sensor)
    return [
        {"onset": at(begin, origin), "end": at(end, origin), "sensors": names}
        for (begin, end), names in sorted(shared.items())
    ]


def flaw_entry(sensor: str, flaw: SignalFault, origin: int) -> dict[str, Any]:
    """Return what was wrong with one sensor for a while."""
    end = None if flaw.end is None else at(flaw.end, origin)
    return {"onset": at(flaw.onset, origin), "end": end, "sensor": sensor, "fault": flaw.fault}


def at(time: int, origin: int) -> float:
    """Return a time as seconds from the first sample."""
    return round((time - origin) / SECOND, 3)


def spans(found: Sequence[Span] | None, origin: int) -> list[dict[str, float]] | None:
    """Return stretches of time; None where they are not known."""
    return (
        None
        if found is None
        else [{"onset": at(begin, origin), "end": at(end, origin)} for begin, end in found]
    )
