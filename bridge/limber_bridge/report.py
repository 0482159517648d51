"""A scored night as the JSON object of contracts, section 1.1: `limber.score/1`.

Law: pure; times are seconds from the first sample, what the signals do not support is null.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from limber_bridge.detection.events import Cramp, Movement
from limber_bridge.detection.measures import NightScore
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.sleep import Span
from limber_bridge.nights import utc

SCHEMA: Final = "limber.score/1"


def document(
    recording: str, start: int | None, duration: float, rules: RuleSet, night: NightScore, cramps: Iterable[Cramp]
) -> dict[str, Any]:
    """Return the object. `start` is the first sample's time in us UTC, or None where times count from 0."""
    origin = start or 0
    scoring = night.scoring
    return {
        "schema": SCHEMA,
        "recording": recording,
        "start": None if start is None else utc(start).isoformat().replace("+00:00", "Z"),
        "duration": round(duration, 3),
        "rules": rules.name,
        "movements": [
            movement_entry(movement, series, origin)
            for movement, series in zip(scoring.movements, scoring.membership, strict=True)
        ],
        "series": [
            {"onset": at(one.onset, origin), "end": at(one.end, origin), "movements": one.movements}
            for one in scoring.series
        ],
        "cramps": [cramp_entry(cramp, origin) for cramp in cramps],
        "gaps": spans(night.gaps, origin),
        "in_bed": spans(night.in_bed, origin),
        "asleep": spans(night.asleep, origin),
        "measures": {
            key: round(value, 4) if value is not None else None for key, value in asdict(night.measures).items()
        },
    }


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


def cramp_entry(cramp: Cramp, origin: int) -> dict[str, Any]:
    """Return one cramp; its end is null where the recording ends before it."""
    end = None if cramp.end is None else at(cramp.end, origin)
    return {"onset": at(cramp.onset, origin), "end": end, "certainty": cramp.certainty}


def at(time: int, origin: int) -> float:
    """Return a time as seconds from the first sample."""
    return round((time - origin) / SECOND, 3)


def spans(found: Sequence[Span] | None, origin: int) -> list[dict[str, float]] | None:
    """Return stretches of time; None where they are not known."""
    return None if found is None else [{"onset": at(begin, origin), "end": at(end, origin)} for begin, end in found]
