"""`limber nights` and `limber export`: list and export the nights in the journal.

They only read the journal, while a bridge may be writing to it.
"""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import (
    Awakening,
    BedTransition,
    Cramp,
    Event,
    Factor,
    Gap,
    Movement,
    PlacementCheck,
    PositionChange,
    RhythmicTrain,
    Series,
    Twitch,
    event_id,
    event_kind,
)
from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.detection.spans import Span
from limber_bridge.domain.diary import DIARY_COLUMNS, DiaryEntry, diary_cells, diary_values
from limber_bridge.domain.nights import Night, to_utc
from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.offline.score import sensor_name
from limber_bridge.offline.score_json import (
    ScoredNight,
    cramp_entry,
    score_document,
    seconds_since,
)
from limber_bridge.offline.stored_night import (
    NightNotFoundError,
    load_stored_night,
    measured_events,
    reported_cramps,
)
from limber_bridge.protocol.encoding import CERTAINTY_REPORTED, REPORTED_REASON, encode_night
from limber_bridge.recordings.edf_writer import Annotation, edf_start, write_night
from limber_bridge.storage.journal_reader import JournalReader
from limber_bridge.storage.raw_format import read_raw_file
from limber_bridge.storage.raw_recorder import raw_store_for

FORMATS: Final = (".edf", ".csv", ".json")
CSV_COLUMNS: Final = (
    "start", "onset", "duration", "kind", "side", "peak", "grade", "candidate", "series",
    "certainty", "strength", "label", "sensor", "in_bed", "factor", "note", *DIARY_COLUMNS,
)  # fmt: skip
"""`start` is UTC in ISO 8601; `onset` and `duration` are s, as in all exports of the night."""


@dataclass(frozen=True, slots=True)
class ListedNight:
    """A night in the list."""

    sleeper: str
    date: date
    night: Night | None
    """None: the night is not finished."""
    dropped: int | None
    """When (us) its events were deleted; None: they are stored."""
    signal: Path | None
    """File with its raw signal; None: it is not stored."""
    reported: int | None
    """Number of cramps that only the sleeper reported; None: unknown, as the events are deleted."""

    @property
    def json(self) -> dict[str, Any]:
        """The night as in the protocol, and what is stored of it."""
        message = (
            {} if self.night is None else json.loads(msgspec.json.encode(encode_night(self.night)))
        )
        events = "kept" if self.dropped is None else f"dropped {to_utc(self.dropped):%Y-%m-%d}"
        return {
            "sleeper": self.sleeper,
            "night": self.date.isoformat(),
            "finished": self.night is not None,
            **message,
        } | {
            "events": events,
            "signal": None if self.signal is None else str(self.signal),
            "cramps_reported": self.reported,
        }


def list_nights(
    config: Config, record: JournalReader, sleepers: Iterable[Sleeper]
) -> Iterator[ListedNight]:
    """Yield the nights of sleepers, the oldest first; JournalError."""
    raw_store = raw_store_for(config.journal, config.retention)
    for sleeper in sleepers:
        finished = {night.date: night for night in record.nights(sleeper.id)}
        unfinished = {
            day
            for day in record.unfinished_nights(sleeper.id)
            if measured_events(record.events(sleeper.id, day))
        }
        for day in sorted({*finished, *unfinished}):
            path = raw_store.path(sleeper.id, day)
            dropped = record.events_dropped_at(sleeper.id, day)
            reported = (
                len(reported_cramps(config, record, sleeper, day)) if dropped is None else None
            )
            yield ListedNight(
                sleeper.id,
                day,
                finished.get(day),
                dropped,
                path if path.exists() else None,
                reported,
            )


@dataclass(frozen=True, slots=True)
class NightExport:
    """A night to be exported: from the journal, and from the raw signal if it is stored."""

    sleeper: Sleeper
    date: date
    night: Night | None
    events: tuple[Event, ...]
    score: NightScore
    recording: Recording
    confirmed: Mapping[str, bool]
    """By id of a cramp: whether the sleeper confirmed or denied it."""
    reported: tuple[Label, ...]
    """Cramps that only the sleeper reported."""
    notes: tuple[str, ...]
    """What is missing."""
    diary: DiaryEntry
    """What the sleeper says of the night; empty: nothing."""

    @property
    def origin(self) -> int:
        """Time (us) from which onsets count: a whole second."""
        return edf_start(self.recording)


def load_night(
    config: Config,
    record: JournalReader,
    sleeper: Sleeper,
    day: date | None,
    *,
    with_signal: bool = True,
) -> NightExport:
    """Return a night, by default the last finished one; NightNotFoundError or JournalError.

    Without its signal, which may be large, onsets count from the first event.
    """
    last = record.last_night(sleeper.id)
    day = day or (None if last is None else last.date)
    if day is None:
        raise NightNotFoundError(
            f"no night of {sleeper.id} is finished yet; name its date, as in "
            "`limber export 2026-11-23`"
        )
    stored = load_stored_night(config, record, sleeper, day)
    recording, notes = load_signal(config, sleeper, day, stored.extent, read=with_signal)
    return NightExport(
        sleeper,
        day,
        stored.night,
        stored.events,
        stored.score,
        recording,
        stored.confirmed,
        stored.reported,
        notes,
        stored.diary,
    )


def load_signal(
    config: Config, sleeper: Sleeper, day: date, event_extent: Span, *, read: bool
) -> tuple[Recording, tuple[str, ...]]:
    """Return the raw signal of a night and notes on it.

    If it is not stored, or not to be read, return a recording without signals that covers the
    events.
    """
    if not read:
        return without_signal(sleeper, day, event_extent), ()
    path = raw_store_for(config.journal, config.retention).path(sleeper.id, day)
    try:
        recording = read_raw_file(path)
    except UnreadableRecordingError as error:
        note = (
            str(error)
            if path.exists()
            else f"{path}: the raw signal of {day} is not stored; only events are exported"
        )
        return without_signal(sleeper, day, event_extent), (note,)
    return recording, recording.notes


def without_signal(sleeper: Sleeper, day: date, event_extent: Span) -> Recording:
    """Return a recording without signals that covers the events of a night."""
    begin, end = event_extent
    return Recording(f"{sleeper.id}-{day}", begin, (end - begin) / SECOND, (), ())


def contains_signal(out: Path) -> bool:
    """Return whether an export to this file contains the raw signal, if it is stored."""
    return out.suffix.lower() == ".edf"


def write_export(exported: NightExport, config: Config, out: Path) -> None:
    """Write a night in the format of the suffix, completely or not at all; OSError."""
    part = out.with_name(f".{os.getpid()}.{out.name}")
    try:
        match out.suffix.lower():
            case ".edf":
                write_night(
                    part, exported.recording, config.calendar.zone, list(annotations_of(exported))
                )
            case ".csv":
                part.write_text(format_csv(exported), encoding="utf-8", newline="")
            case _:
                part.write_text(
                    json.dumps(export_document(exported, config)) + "\n", encoding="utf-8"
                )
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def annotations_of(exported: NightExport) -> Iterator[Annotation]:
    """Yield the annotations of a night: its events, series, and times in bed and asleep."""
    yield Annotation(0, None, "Recording starts")
    names = {watched.sensor.id: sensor_name(watched.sensor) for watched in exported.sleeper.sensors}
    for event in exported.events:
        text = factor_text(event) if isinstance(event, Factor) else event_text(event)
        if isinstance(event, Gap) and not exported.recording.signals:
            text = f"not measured: {names.get(event.sensor, event.sensor)}"
        if text is not None:
            end = getattr(event, "end", None)
            yield Annotation(
                event.onset - exported.origin, None if end is None else end - event.onset, text
            )
    for label in exported.reported:
        yield Annotation(label.time - exported.origin, None, f"{CERTAINTY_REPORTED} cramp")
    score = exported.score
    for series in score.scoring.series:
        onset = series.onset - exported.origin
        yield Annotation(onset, series.end - series.onset, f"periodic series of {series.movements}")
    for name, spans in (("in bed", score.in_bed), ("asleep (estimated)", score.asleep)):
        for begin, end in spans or ():
            yield Annotation(begin - exported.origin, end - begin, name)


def event_text(event: Event) -> str | None:
    """Return the annotation of an event; None if it has none, or one of another kind."""
    match event:
        case Movement():
            kind = "candidate leg movement" if event.candidate else "leg movement"
            return f"{kind} {event.side or ''}".strip() + f" ({event.grade})"
        case Cramp():
            return f"{event.certainty} cramp"
        case PositionChange() | Awakening():
            return event_kind(event).replace("_", " ")
        case PlacementCheck():
            return f"placement check: {event.verdict.replace('_', ' ')}"
        case Twitch() | RhythmicTrain():
            return f"{event_kind(event).replace('_', ' ')} {event.side or ''}".strip()
        case _:
            return None


def factor_text(factor: Factor) -> str:
    """Return the annotation of a factor."""
    text = factor.factor.replace("_", " ") + (f": {factor.note}" if factor.note else "")
    # Control characters separate annotations in EDF+.
    return "".join(character if character.isprintable() else " " for character in text)


def format_csv(exported: NightExport) -> str:
    """Return the events of a night as CSV in order of time, followed by series and diary."""
    text = io.StringIO()
    table = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n", restval="")
    table.writeheader()
    table.writerows(sorted(event_rows(exported), key=lambda row: float(row["onset"])))
    for number, one in enumerate(exported.score.scoring.series):
        table.writerow(
            row_times(exported, one.onset, one.end) | {"kind": "series", "series": number}
        )
    if not exported.diary.is_empty:
        table.writerow({"kind": "diary"} | diary_cells(exported.diary))
    return text.getvalue()


def event_rows(exported: NightExport) -> Iterator[dict[str, Any]]:
    """Yield a row of the CSV for each event except series, and for each reported cramp."""
    scoring = exported.score.scoring
    series = {
        event_id(one): number
        for one, number in zip(scoring.movements, scoring.membership, strict=True)
    }
    for event in exported.events:
        if isinstance(event, Series):
            continue
        row = row_times(exported, event.onset, getattr(event, "end", None)) | {
            "kind": event_kind(event),
            "series": series.get(event_id(event), ""),
            "label": exported.confirmed.get(event_id(event)),
        }
        known = {name: getattr(event, name, "") for name in CSV_COLUMNS if name not in row}
        yield {name: "" if value is None else value for name, value in (row | known).items()}
    for label in exported.reported:
        row = row_times(exported, label.time, None)
        yield row | {"kind": "cramp", "certainty": CERTAINTY_REPORTED, "label": label.cramp}


def row_times(exported: NightExport, begin: int, end: int | None) -> dict[str, Any]:
    """Return the columns of a row of the CSV that say when it was; arguments in us."""
    return {
        "start": to_utc(begin).isoformat().replace("+00:00", "Z"),
        "onset": seconds_since(exported.origin, begin),
        "duration": "" if end is None else round((end - begin) / SECOND, 3),
    }


def export_document(exported: NightExport, config: Config) -> dict[str, Any]:
    """Return a night as the JSON object of `limber score`, with the sleeper and the date."""
    names = {watched.sensor.id: sensor_name(watched.sensor) for watched in exported.sleeper.sensors}
    bed_methods = [event.method for event in exported.events if isinstance(event, BedTransition)]
    scored = ScoredNight(
        recording=f"{exported.sleeper.id}-{exported.date}",
        start=exported.origin,
        duration=exported.recording.duration,
        rules=config.rules,
        night=exported.score,
        gaps=[
            (names.get(event.sensor, str(event.sensor)), (event.onset, event.end))
            for event in exported.events
            if isinstance(event, Gap)
        ],
        methods={
            "in_bed": bed_methods[-1] if bed_methods else None,
            "asleep": None if exported.score.asleep is None else ASLEEP_METHOD,
        },
    )
    night = exported.night
    identity = {"sleeper": exported.sleeper.id, "night": exported.date.isoformat()}
    factors = [
        {
            "onset": seconds_since(exported.origin, event.onset),
            "factor": event.factor,
            "note": event.note,
        }
        for event in exported.events
        if isinstance(event, Factor)
    ]
    return (
        score_document(scored)
        | identity
        | {
            "revision": 0 if night is None else night.revision,
            "cramps": list(cramp_entries(exported)),
            "factors": factors,
            "diary": None if exported.diary.is_empty else diary_values(exported.diary),
            "placement_checks": list(placement_check_entries(exported, names)),
        }
    )


def placement_check_entries(
    exported: NightExport, names: Mapping[int, str]
) -> Iterator[dict[str, Any]]:
    """Yield the guided checks of a night; `names` are those of the sensors, by id."""
    for event in exported.events:
        if isinstance(event, PlacementCheck):
            yield {
                "onset": seconds_since(exported.origin, event.onset),
                "end": seconds_since(exported.origin, event.end),
                "sensor": names.get(event.sensor, str(event.sensor)),
                "verdict": event.verdict,
                "noise": event.noise,
                "pulls": list(event.pulls),
                "position_changed": event.position_changed,
                "lost_share": round(event.lost_share, 4),
            }


def cramp_entries(exported: NightExport) -> Iterator[dict[str, Any]]:
    """Yield the cramps of a night, with the sleeper's feedback; reported cramps come last."""
    for event in exported.events:
        if isinstance(event, Cramp):
            label = exported.confirmed.get(event_id(event))
            yield cramp_entry(event, exported.origin) | {"strength": event.strength, "label": label}
    for one in exported.reported:
        yield {
            "onset": seconds_since(exported.origin, one.time),
            "end": None,
            "certainty": CERTAINTY_REPORTED,
            "reason": REPORTED_REASON,
            "strength": None,
            "label": one.cramp,
        }
