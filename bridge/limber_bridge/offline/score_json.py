"""The JSON object of a scored night, `limber.score/1`; docs/scoring.md describes it.

Pure. Times are s from the first sample; what the signals do not support is null.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from limber_bridge.detection.events import Cramp, Movement, Series, SignalFault
from limber_bridge.detection.measures import round_measures
from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.spans import Span, is_in_spans
from limber_bridge.domain.nights import to_utc

SCHEMA: Final = "limber.score/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredNight:
    """A scored night and where it comes from."""

    recording: str
    """Name of the recording."""
    start: int | None
    """us UTC of the first sample; None: unknown, and all times count from 0."""
    duration: float
    """s."""
    rules: RuleSet
    night: NightScore
    cramps: Iterable[Cramp] = ()
    gaps: Iterable[tuple[str, Span]] = ()
    """Every gap of every sensor, with the name of the sensor."""
    faults: Iterable[tuple[str, SignalFault]] = ()
    """Every fault of a signal, with the name of the sensor."""
    methods: dict[str, str | None]
    """How "in bed" and "asleep" were determined."""


def score_document(scored: ScoredNight) -> dict[str, Any]:
    """Return the JSON object of a scored night."""
    origin = scored.start or 0
    night = scored.night
    counted = counted_series(night)
    start = None if scored.start is None else to_utc(scored.start).isoformat()
    return {
        "schema": SCHEMA,
        "recording": scored.recording,
        "start": None if start is None else start.replace("+00:00", "Z"),
        "duration": round(scored.duration, 3),
        "rules": scored.rules.name,
        "movements": movement_entries(night, counted, origin),
        "series": series_entries([night.scoring.series[index] for index in counted], origin),
        "cramps": [cramp_entry(cramp, origin) for cramp in scored.cramps],
        "gaps": gap_entries(scored.gaps, origin),
        "quality": [fault_entry(sensor, fault, origin) for sensor, fault in scored.faults],
        "in_bed": span_entries(night.in_bed, origin),
        "asleep": span_entries(night.asleep, origin),
        "methods": scored.methods,
        "measures": asdict(round_measures(night.measures, 6)),
    }


def counted_movements(night: NightScore) -> list[tuple[Movement, int | None]]:
    """Return the movements in bed, each with the index of its series in the scoring."""
    movements = zip(night.scoring.movements, night.scoring.membership, strict=True)
    return [
        (movement, series)
        for movement, series in movements
        if night.in_bed is None or is_in_spans(movement.onset, night.in_bed)
    ]


def counted_series(night: NightScore) -> list[int]:
    """Return the indexes of the series that have a movement in bed, in order of time."""
    return sorted({series for _, series in counted_movements(night) if series is not None})


def movement_entries(
    night: NightScore, counted: Sequence[int], origin: int
) -> list[dict[str, Any]]:
    """Return the movements in bed, each with the index of its series among the counted ones."""
    return [
        movement_entry(movement, None if series is None else counted.index(series), origin)
        for movement, series in counted_movements(night)
    ]


def movement_entry(movement: Movement, series: int | None, origin: int) -> dict[str, Any]:
    """Return one movement."""
    return {
        "onset": seconds_since(origin, movement.onset),
        "duration": round(movement.duration / SECOND, 3),
        "side": movement.side,
        "peak": round(movement.peak, 4),
        "grade": movement.grade,
        "candidate": movement.candidate,
        "series": series,
    }


def series_entries(all_series: Iterable[Series], origin: int) -> list[dict[str, Any]]:
    """Return the series."""
    return [
        {
            "onset": seconds_since(origin, series.onset),
            "end": seconds_since(origin, series.end),
            "movements": series.movements,
        }
        for series in all_series
    ]


def cramp_entry(cramp: Cramp, origin: int) -> dict[str, Any]:
    """Return one cramp; its end is null if the recording ends before it."""
    return {
        "onset": seconds_since(origin, cramp.onset),
        "end": None if cramp.end is None else seconds_since(origin, cramp.end),
        "certainty": cramp.certainty,
        "reason": cramp.reason,
    }


def gap_entries(gaps: Iterable[tuple[str, Span]], origin: int) -> list[dict[str, Any]]:
    """Return the gaps in order of time; equal gaps of several sensors become one with all names."""
    sensors_by_gap: dict[Span, list[str]] = {}
    for sensor, span in gaps:
        sensors_by_gap.setdefault(span, []).append(sensor)
    return [
        {
            "onset": seconds_since(origin, begin),
            "end": seconds_since(origin, end),
            "sensors": sensors,
        }
        for (begin, end), sensors in sorted(sensors_by_gap.items())
    ]


def fault_entry(sensor: str, fault: SignalFault, origin: int) -> dict[str, Any]:
    """Return one fault of a signal; its end is null if it lasts to the end of the recording."""
    return {
        "onset": seconds_since(origin, fault.onset),
        "end": None if fault.end is None else seconds_since(origin, fault.end),
        "sensor": sensor,
        "fault": fault.fault,
    }


def span_entries(spans: Sequence[Span] | None, origin: int) -> list[dict[str, float]] | None:
    """Return spans of time; None if they are unknown."""
    if spans is None:
        return None
    return [
        {"onset": seconds_since(origin, begin), "end": seconds_since(origin, end)}
        for begin, end in spans
    ]


def seconds_since(origin: int, time: int) -> float:
    """Return the s between two times in us, rounded to ms."""
    return round((time - origin) / SECOND, 3)
