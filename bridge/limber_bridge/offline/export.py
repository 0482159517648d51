"""`limber nights` and `limber export`: what the journal holds, for people and for other programs.

Law: it reads and changes nothing, while a bridge may be writing.
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
from limber_bridge.offline.score import name_of
from limber_bridge.offline.score_json import Report, at, cramp_entry, document
from limber_bridge.protocol.encoding import CERTAINTY_REPORTED, REPORTED_REASON, encode_night
from limber_bridge.recordings.edf import Mark, begin_of, write_night
from limber_bridge.storage.journal_reader import JournalReader
from limber_bridge.storage.raw_format import read_raw_file
from limber_bridge.storage.raw_recorder import raw_store_for

FORMATS: Final = (".edf", ".csv", ".json")
COLUMNS: Final = (
    "start", "onset", "duration", "kind", "side", "peak", "grade", "candidate", "series", "certainty", "strength",
    "label", "sensor", "in_bed", "factor", "note",
)  # fmt: skip
"""Of the CSV: `start` is UTC, ISO 8601; `onset` and `duration` are s, as in every other export of
the night."""
HEADER: Final = (
    "sleeper",
    "night",
    "in bed",
    "h",
    "asleep",
    "movements",
    "PLM",
    "PLM/h",
    "revision",
    "kept",
)


class NothingThereError(Exception):
    """What is asked for is not in the journal; the text says what is."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A night in the list."""

    sleeper: str
    date: date
    night: Night | None
    """None: not finished."""
    dropped: int | None
    """us; when its events were dropped, None where they are there."""
    signal: Path | None
    """The file with its raw signal, where that is kept."""
    reported: int | None
    """Cramps that only somebody told of; None where it is not known any more."""

    @property
    def json(self) -> dict[str, Any]:
        """The night as it goes over the wire, and what is kept of it."""
        told = (
            {} if self.night is None else json.loads(msgspec.json.encode(encode_night(self.night)))
        )
        events = "kept" if self.dropped is None else f"dropped {to_utc(self.dropped):%Y-%m-%d}"
        return {
            "sleeper": self.sleeper,
            "night": self.date.isoformat(),
            "finished": self.night is not None,
            **told,
        } | {
            "events": events,
            "signal": None if self.signal is None else str(self.signal),
            "cramps_reported": self.reported,
        }


def listed(config: Config, record: JournalReader, sleepers: Iterable[Sleeper]) -> Iterator[Listed]:
    """Yield the nights of some sleepers, oldest first; JournalError."""
    shelf = raw_store_for(config.journal, config.retention)
    for sleeper in sleepers:
        done = {night.date: night for night in record.nights(sleeper.id)}
        begun = {
            day
            for day in record.unfinished_nights(sleeper.id)
            if measured(record.events(sleeper.id, day))
        }
        for day in sorted({*done, *begun}):
            path = shelf.path(sleeper.id, day)
            dropped = record.events_dropped_at(sleeper.id, day)
            reported = len(reported_in(config, record, sleeper, day)) if dropped is None else None
            yield Listed(
                sleeper.id, day, done.get(day), dropped, path if path.exists() else None, reported
            )


def reported_in(config: Config, record: JournalReader, sleeper: Sleeper, day: date) -> list[Label]:
    """Return the cramps of a night that only somebody told of."""
    labels = record.labels(sleeper.id)
    return record.reported_cramps(
        sleeper.id, [one for one in labels if config.calendar.night_of(one.time) == day]
    )


def measured(events: Iterable[Event]) -> list[Event]:
    """Return the events that somebody or something measured: what was only said makes no night."""
    return [event for event in events if not isinstance(event, Factor)]


def table(nights: Sequence[Listed], config: Config) -> str:
    """Return nights as a table for a person."""
    rows = [HEADER, *(row_of(one, config) for one in nights)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    left = {0, 1, 2, len(widths) - 1}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def row_of(one: Listed, config: Config) -> tuple[str, ...]:
    """Return one line of the table; a dash for what is not known."""
    kept = (
        " and ".join(
            [*(["events"] if one.dropped is None else []), *(["signal"] if one.signal else [])]
        )
        or "figures"
    )
    if one.night is None:
        return (one.sleeper, str(one.date), "not finished", "-", "-", "-", "-", "-", "-", kept)
    measures = one.night.measures
    spent = "-".join(
        "?" if moment is None else f"{to_local(moment, config.calendar.zone):%H:%M}"
        for moment in (one.night.start, one.night.end)
    )
    figures = (
        measures.time_in_bed_h,
        measures.sleep_h,
        measures.movements,
        measures.plm,
        measures.plm_index,
    )
    return (one.sleeper, str(one.date), spent, *map(figure, figures), str(one.night.revision), kept)


def figure(value: float | None) -> str:
    """Return a figure with a digit behind the point, a count without."""
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.1f}"


@dataclass(frozen=True, slots=True)
class Exported:
    """A night, put together from the journal and from what is kept of its signal."""

    sleeper: Sleeper
    date: date
    night: Night | None
    events: tuple[Event, ...]
    score: NightScore
    recording: Recording
    said: Mapping[str, bool]
    """Whether a cramp was one, by its id, where somebody said so."""
    reported: tuple[Label, ...]
    """Cramps that only somebody told of."""
    notes: tuple[str, ...]
    """What is missing, for a person."""

    @property
    def origin(self) -> int:
        """What onsets are counted from (us): a whole second."""
        return begin_of(self.recording)


def gathered(config: Config, record: JournalReader, sleeper: Sleeper, day: date | None) -> Exported:
    """Return a night, the last finished one if none is named; NothingThereError or JournalError."""
    last = record.last_night(sleeper.id)
    day = day or (None if last is None else last.date)
    if day is None:
        raise NothingThereError(
            f"no night of {sleeper.id} is finished yet; name one, as in `limber export 2026-11-23`"
        )
    events = record.events(sleeper.id, day)
    reported = reported_in(config, record, sleeper, day)
    dropped = record.events_dropped_at(sleeper.id, day)
    # Labels outlive the events: what they are about was perhaps recognised, and is not there any
    # more.
    if dropped is not None or not (events or reported):
        why = (
            "there is none"
            if dropped is None
            else f"its events were dropped on {to_utc(dropped):%Y-%m-%d}"
        )
        raise NothingThereError(
            f"night {day} of {sleeper.id}: {why}; `limber nights` lists what there is"
        )
    night = next((one for one in record.nights(sleeper.id) if one.date == day), None)
    recording, notes = signal_of(config, sleeper, day, lasting(events, reported))
    sensors = [watched.sensor for watched in sleeper.sensors]
    coverage = Pipeline(sensors, config.rules, state=record.pipeline_state(sleeper.id)).coverage(
        config.calendar.begin(day), end_of(config, record, sleeper, day)
    )
    score = score_night(events, config.rules, coverage)
    if night is not None:
        score = replace(score, measures=night.measures)
    said = Labels(record.labels(sleeper.id)).answers
    return Exported(
        sleeper, day, night, tuple(events), score, recording, said, tuple(reported), notes
    )


def lasting(events: Sequence[Event], reported: Sequence[Label]) -> Span:
    """Return from when to when (us) a night lasts by what happened in it; one of the two must hold
    something.
    """
    found = [(event.onset, last_of(event)) for event in measured(events) or events]
    spans = found or [(label.time, label.time) for label in reported]
    return min(begin for begin, _ in spans), max(end for _, end in spans)


def end_of(config: Config, record: JournalReader, sleeper: Sleeper, day: date) -> int:
    """Return how far (us) a night was measured."""
    memory = record.pipeline_state(sleeper.id)
    read = (
        [one.until for one in memory.sensors.values() if one.until is not None]
        if memory is not None
        else []
    )
    return min(config.calendar.end(day), max(read, default=config.calendar.end(day)))


def signal_of(
    config: Config, sleeper: Sleeper, day: date, lasts: Span
) -> tuple[Recording, tuple[str, ...]]:
    """Return the raw signal of a night, or a recording without any signal that is as long as its
    events.
    """
    path = raw_store_for(config.journal, config.retention).path(sleeper.id, day)
    try:
        recording = read_raw_file(path)
    except UnreadableRecordingError as error:
        begin, end = lasts
        note = (
            str(error)
            if path.exists()
            else f"{path}: the raw signal of {day} is not kept; only events are exported"
        )
        return Recording(f"{sleeper.id}-{day}", begin, (end - begin) / SECOND, (), ()), (note,)
    return recording, recording.notes


def last_of(event: Event) -> int:
    """Return when (us) an event was over, as far as that is known."""
    return getattr(event, "end", None) or event.onset


def holds_signal(out: Path) -> bool:
    """Return whether a file of this name holds the raw signal, where that is kept."""
    return out.suffix.lower() == ".edf"


def write(exported: Exported, config: Config, out: Path) -> None:
    """Write a night in the format that the name asks for, whole or not at all; OSError."""
    part = out.with_name(f".{os.getpid()}.{out.name}")
    try:
        match out.suffix.lower():
            case ".edf":
                write_night(part, exported.recording, config.calendar.zone, list(marks(exported)))
            case ".csv":
                part.write_text(as_csv(exported), encoding="utf-8", newline="")
            case _:
                part.write_text(json.dumps(as_json(exported, config)) + "\n", encoding="utf-8")
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def marks(exported: Exported) -> Iterator[Mark]:
    """Yield the annotations of a night: what the journal holds, and what the rules make of it."""
    yield Mark(0, None, "Recording starts")
    names = {watched.sensor.id: name_of(watched.sensor) for watched in exported.sleeper.sensors}
    for event in exported.events:
        text = said(event) if isinstance(event, Factor) else words(event)
        if isinstance(event, Gap) and not exported.recording.signals:
            text = f"not measured: {names.get(event.sensor, event.sensor)}"
        if text is not None:
            end = getattr(event, "end", None)
            yield Mark(
                event.onset - exported.origin, None if end is None else end - event.onset, text
            )
    for label in exported.reported:
        yield Mark(label.time - exported.origin, None, f"{CERTAINTY_REPORTED} cramp")
    score = exported.score
    for series in score.scoring.series:
        onset = series.onset - exported.origin
        yield Mark(onset, series.end - series.onset, f"periodic series of {series.movements}")
    for name, spans in (("in bed", score.in_bed), ("asleep (estimated)", score.asleep)):
        for begin, end in spans or ():
            yield Mark(begin - exported.origin, end - begin, name)


def words(event: Event) -> str | None:
    """Return what an event is called in an annotation; None for one that is told in another way."""
    match event:
        case Movement():
            kind = "candidate leg movement" if event.candidate else "leg movement"
            return f"{kind} {event.side or ''}".strip() + f" ({event.grade})"
        case Cramp():
            return f"{event.certainty} cramp"
        case PositionChange():
            return "change of posture"
        case Twitch():
            return f"twitch {event.side or ''}".strip()
        case RhythmicTrain():
            return f"rhythmic train {event.side or ''}".strip()
        case _:
            return None


def said(factor: Factor) -> str:
    """Return a factor as an annotation."""
    text = factor.factor.replace("_", " ") + (f": {factor.note}" if factor.note else "")
    # Control characters part annotations from each other.
    return "".join(character if character.isprintable() else " " for character in text)


def as_csv(exported: Exported) -> str:
    """Return the events of a night as CSV, in order of time, the series behind them."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n", restval="")
    table.writeheader()
    table.writerows(sorted(event_rows(exported), key=lambda row: float(row["onset"])))
    for number, one in enumerate(exported.score.scoring.series):
        table.writerow(
            row_from(exported, one.onset, one.end) | {"kind": "series", "series": number}
        )
    return text.getvalue()


def event_rows(exported: Exported) -> Iterator[dict[str, Any]]:
    """Yield a row of the CSV for each event but the series, and for each cramp that only somebody
    told of.
    """
    scoring = exported.score.scoring
    series = {
        event_id(one): number
        for one, number in zip(scoring.movements, scoring.membership, strict=True)
    }
    for event in exported.events:
        if isinstance(event, Series):
            continue
        row = row_from(exported, event.onset, getattr(event, "end", None)) | {
            "kind": event_kind(event),
            "series": series.get(event_id(event), ""),
            "label": exported.said.get(event_id(event)),
        }
        known = {name: getattr(event, name, "") for name in COLUMNS if name not in row}
        yield {name: "" if value is None else value for name, value in (row | known).items()}
    for label in exported.reported:
        row = row_from(exported, label.time, None)
        yield row | {"kind": "cramp", "certainty": CERTAINTY_REPORTED, "label": label.cramp}


def row_from(exported: Exported, begin: int, end: int | None) -> dict[str, Any]:
    """Return what every row of the CSV has: when it was (us)."""
    return {
        "start": to_utc(begin).isoformat().replace("+00:00", "Z"),
        "onset": at(begin, exported.origin),
        "duration": "" if end is None else round((end - begin) / SECOND, 3),
    }


def as_json(exported: Exported, config: Config) -> dict[str, Any]:
    """Return a night as the JSON object of `limber score`, with whose night it is."""
    names = {watched.sensor.id: name_of(watched.sensor) for watched in exported.sleeper.sensors}
    beds = [event.method for event in exported.events if isinstance(event, BedTransition)]
    report = Report(
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
            "in_bed": beds[-1] if beds else None,
            "asleep": None if exported.score.asleep is None else ASLEEP_METHOD,
        },
    )
    night = exported.night
    whose = {"sleeper": exported.sleeper.id, "night": exported.date.isoformat()}
    factors = [
        {"onset": at(event.onset, exported.origin), "factor": event.factor, "note": event.note}
        for event in exported.events
        if isinstance(event, Factor)
    ]
    told = {"cramps": list(cramp_entries(exported)), "factors": factors}
    return document(report) | whose | {"revision": 0 if night is None else night.revision} | told


def cramp_entries(exported: Exported) -> Iterator[dict[str, Any]]:
    """Yield the cramps of a night for its JSON, with what was said of them; last those that only
    somebody told of.
    """
    for event in exported.events:
        if isinstance(event, Cramp):
            label = exported.said.get(event_id(event))
            yield cramp_entry(event, exported.origin) | {"strength": event.strength, "label": label}
    for one in exported.reported:
        told = {
            "onset": at(one.time, exported.origin),
            "end": None,
            "certainty": CERTAINTY_REPORTED,
            "reason": REPORTED_REASON,
        }
        yield told | {"strength": None, "label": one.cramp}
