"""`limber nights` and `limber export`: list and export the nights in the journal.

They only read the journal, while a bridge may be writing to it.
"""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.detection.cramp_thresholds import Label, Labels
from limber_bridge.detection.events import (
    Awakening,
    BedTransition,
    Cramp,
    Event,
    Factor,
    Gap,
    Movement,
    PositionChange,
    RhythmicTrain,
    Series,
    Twitch,
    event_id,
    event_kind,
)
from limber_bridge.detection.night_score import NightScore, score_night
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.detection.spans import Span
from limber_bridge.domain.nights import Night, to_local, to_utc
from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.offline.score import sensor_name
from limber_bridge.offline.score_json import (
    ScoredNight,
    cramp_entry,
    score_document,
    seconds_since,
)
from limber_bridge.protocol.encoding import CERTAINTY_REPORTED, REPORTED_REASON, encode_night
from limber_bridge.recordings.edf_writer import Annotation, edf_start, write_night
from limber_bridge.storage.journal_reader import JournalReader
from limber_bridge.storage.raw_format import read_raw_file
from limber_bridge.storage.raw_recorder import raw_store_for

FORMATS: Final = (".edf", ".csv", ".json")
CSV_COLUMNS: Final = (
    "start", "onset", "duration", "kind", "side", "peak", "grade", "candidate", "series",
    "certainty", "strength", "label", "sensor", "in_bed", "factor", "note",
)  # fmt: skip
"""`start` is UTC in ISO 8601; `onset` and `duration` are s, as in all exports of the night."""
TABLE_HEADER: Final = (
    "sleeper",
    "night",
    "from-to",
    "in bed h",
    "asleep h",
    "movements",
    "PLM",
    "PLM /h",
    "revision",
    "stored",
)
LEFT_ALIGNED_COLUMNS: Final = frozenset((0, 1, 2, len(TABLE_HEADER) - 1))
UNKNOWN: Final = "-"


class NightNotFoundError(Exception):
    """The night is not in the journal; the text says what to do."""


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


def reported_cramps(
    config: Config, record: JournalReader, sleeper: Sleeper, day: date
) -> list[Label]:
    """Return the cramps of a night that only the sleeper reported."""
    labels = record.labels(sleeper.id)
    return record.reported_cramps(
        sleeper.id, [one for one in labels if config.calendar.night_of(one.time) == day]
    )


def measured_events(events: Iterable[Event]) -> list[Event]:
    """Return the events without factors: a factor alone, which a person entered, makes no night."""
    return [event for event in events if not isinstance(event, Factor)]


def format_nights(nights: Sequence[ListedNight], config: Config) -> str:
    """Return nights as a table for a reader."""
    rows = [TABLE_HEADER, *(table_row(one, config) for one in nights)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in LEFT_ALIGNED_COLUMNS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def table_row(one: ListedNight, config: Config) -> tuple[str, ...]:
    """Return one row of the table; `UNKNOWN` where a value is unknown."""
    stored = ["measures"] if one.night is not None else []
    stored += ["events"] if one.dropped is None else []
    stored += ["signal"] if one.signal else []
    if one.night is None:
        unknown = [UNKNOWN] * (len(TABLE_HEADER) - 4)
        return (one.sleeper, str(one.date), "not finished", *unknown, ", ".join(stored))
    measures = one.night.measures
    from_to = "-".join(
        "?" if moment is None else f"{to_local(moment, config.calendar.zone):%H:%M}"
        for moment in (one.night.start, one.night.end)
    )
    values = (
        measures.time_in_bed_h,
        measures.sleep_h,
        measures.movements,
        measures.plm,
        measures.plm_index,
    )
    return (
        one.sleeper,
        str(one.date),
        from_to,
        *map(format_value, values),
        str(one.night.revision),
        ", ".join(stored),
    )


def format_value(value: float | None) -> str:
    """Return a measure with one decimal, a count without."""
    if value is None:
        return UNKNOWN
    return str(value) if isinstance(value, int) else f"{value:.1f}"


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

    @property
    def origin(self) -> int:
        """Time (us) from which onsets count: a whole second."""
        return edf_start(self.recording)


def load_night(
    config: Config, record: JournalReader, sleeper: Sleeper, day: date | None
) -> NightExport:
    """Return a night, by default the last finished one; NightNotFoundError or JournalError."""
    last = record.last_night(sleeper.id)
    day = day or (None if last is None else last.date)
    if day is None:
        raise NightNotFoundError(
            f"no night of {sleeper.id} is finished yet; name its date, as in "
            "`limber export 2026-11-23`"
        )
    events = record.events(sleeper.id, day)
    reported = reported_cramps(config, record, sleeper, day)
    dropped = record.events_dropped_at(sleeper.id, day)
    # Labels are kept longer than events. Without the events it is unknown whether the
    # cramp of a label was detected.
    if dropped is not None or not (events or reported):
        reason = "not in the journal"
        if dropped is not None:
            reason = f"its events were deleted on {to_utc(dropped):%Y-%m-%d}"
        raise NightNotFoundError(
            f"night {day} of {sleeper.id}: {reason}; `limber nights` lists the stored nights"
        )
    night = next((one for one in record.nights(sleeper.id) if one.date == day), None)
    recording, notes = load_signal(config, sleeper, day, extent(events, reported))
    sensors = [watched.sensor for watched in sleeper.sensors]
    coverage = Pipeline(sensors, config.rules, state=record.pipeline_state(sleeper.id)).coverage(
        config.calendar.begin(day), measured_until(config, record, sleeper, day)
    )
    score = score_night(events, config.rules, coverage)
    if night is not None:
        score = replace(score, measures=night.measures)
    confirmed = Labels(record.labels(sleeper.id)).answers
    return NightExport(
        sleeper, day, night, tuple(events), score, recording, confirmed, tuple(reported), notes
    )


def extent(events: Sequence[Event], reported: Sequence[Label]) -> Span:
    """Return the first and the last time (us) of the events of a night, or of its labels.

    At least one of the two must not be empty.
    """
    found = [(event.onset, end_of_event(event)) for event in measured_events(events) or events]
    spans = found or [(label.time, label.time) for label in reported]
    return min(begin for begin, _ in spans), max(end for _, end in spans)


def measured_until(config: Config, record: JournalReader, sleeper: Sleeper, day: date) -> int:
    """Return the time (us) up to which a night was measured."""
    memory = record.pipeline_state(sleeper.id)
    read = (
        [one.measured_until for one in memory.sensors.values() if one.measured_until is not None]
        if memory is not None
        else []
    )
    return min(config.calendar.end(day), max(read, default=config.calendar.end(day)))


def load_signal(
    config: Config, sleeper: Sleeper, day: date, event_extent: Span
) -> tuple[Recording, tuple[str, ...]]:
    """Return the raw signal of a night and notes on it.

    If it is not stored, return a recording without signals that covers the events.
    """
    path = raw_store_for(config.journal, config.retention).path(sleeper.id, day)
    try:
        recording = read_raw_file(path)
    except UnreadableRecordingError as error:
        begin, end = event_extent
        note = (
            str(error)
            if path.exists()
            else f"{path}: the raw signal of {day} is not stored; only events are exported"
        )
        return Recording(f"{sleeper.id}-{day}", begin, (end - begin) / SECOND, (), ()), (note,)
    return recording, recording.notes


def end_of_event(event: Event) -> int:
    """Return the end (us) of an event, or its onset if it has no end."""
    return getattr(event, "end", None) or event.onset


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
        case Twitch():
            return f"twitch {event.side or ''}".strip()
        case RhythmicTrain():
            return f"rhythmic train {event.side or ''}".strip()
        case _:
            return None


def factor_text(factor: Factor) -> str:
    """Return the annotation of a factor."""
    text = factor.factor.replace("_", " ") + (f": {factor.note}" if factor.note else "")
    # Control characters separate annotations in EDF+.
    return "".join(character if character.isprintable() else " " for character in text)


def format_csv(exported: NightExport) -> str:
    """Return the events of a night as CSV in order of time, followed by the series."""
    text = io.StringIO()
    table = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n", restval="")
    table.writeheader()
    table.writerows(sorted(event_rows(exported), key=lambda row: float(row["onset"])))
    for number, one in enumerate(exported.score.scoring.series):
        table.writerow(
            row_times(exported, one.onset, one.end) | {"kind": "series", "series": number}
        )
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
        }
    )


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
