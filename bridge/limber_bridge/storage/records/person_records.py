"""What people say and set, as persisted payloads: labels, diary and settings. Times are us, UTC."""

from datetime import date
from typing import Annotated, Final

import msgspec

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.domain.diary import RATING_MAX, DiaryEntry
from limber_bridge.domain.settings import Settings
from limber_bridge.storage.records.event_records import CRAMP, cramp_record, decode_cramp
from limber_bridge.storage.records.payload import (
    Fields,
    Number,
    PayloadFormat,
    Time,
    renamed,
    unchanged,
)

type Rating = Annotated[int, msgspec.Meta(ge=0, le=RATING_MAX)]


class LabelRecord(msgspec.Struct, frozen=True):
    """Whether an event, or something at a time, was a cramp."""

    time: Time
    cramp: bool
    about: Fields | None
    """The payload of the cramp that the label is about."""


class DiaryRecord(msgspec.Struct, frozen=True):
    """What a sleeper says of a night; null: not said."""

    evening_symptoms: Rating | None
    sleep_quality: Rating | None
    cramp: bool | None
    cramp_pain: Rating | None


class SettingsRecord(msgspec.Struct, frozen=True):
    """The settings of a sleeper."""

    paused: bool
    sensitivity: Number
    calibrated_at: Time | None


def upgrade_label_0(fields: Fields) -> Fields:
    """Fill in `about`, which could be missing, and leave out the id, which has a column."""
    return renamed(fields, {"time": "time", "cramp": "cramp", "about": "about"}, {"about": None})


def upgrade_settings_0(fields: Fields) -> Fields:
    """Give `calibrated` its name; any field could be missing."""
    names = {"paused": "paused", "sensitivity": "sensitivity", "calibrated": "calibrated_at"}
    return renamed(fields, names, {"paused": False, "sensitivity": 1.0, "calibrated": None})


LABEL: Final = PayloadFormat("label", LabelRecord, (upgrade_label_0,))
DIARY: Final = PayloadFormat("diary", DiaryRecord, (unchanged,))
SETTINGS: Final = PayloadFormat("settings", SettingsRecord, (upgrade_settings_0,))


def encode_label(label: Label) -> str:
    """Return a label as its payload."""
    about = None if label.about is None else CRAMP.to_fields(cramp_record(label.about))
    return LABEL.encode(LabelRecord(time=label.time, cramp=label.cramp, about=about))


def decode_label(id_: str, payload: str) -> Label:
    """Return the label with an id; UnreadableRecordError."""
    record = LABEL.decode(payload)
    return Label(
        id=id_,
        time=record.time,
        cramp=record.cramp,
        about=None if record.about is None else decode_cramp(record.about),
    )


def encode_diary(entry: DiaryEntry) -> str:
    """Return the diary of a night as its payload."""
    return DIARY.encode(
        DiaryRecord(
            evening_symptoms=entry.evening_symptoms,
            sleep_quality=entry.sleep_quality,
            cramp=entry.cramp,
            cramp_pain=entry.cramp_pain,
        )
    )


def decode_diary(night: date, payload: str) -> DiaryEntry:
    """Return the diary of a night; UnreadableRecordError."""
    record = DIARY.decode(payload)
    return DiaryEntry(
        night=night,
        evening_symptoms=record.evening_symptoms,
        sleep_quality=record.sleep_quality,
        cramp=record.cramp,
        cramp_pain=record.cramp_pain,
    )


def encode_settings(settings: Settings) -> str:
    """Return settings as their payload."""
    return SETTINGS.encode(
        SettingsRecord(
            paused=settings.paused,
            sensitivity=settings.sensitivity,
            calibrated_at=settings.calibrated,
        )
    )


def decode_settings(payload: str) -> Settings:
    """Return settings; UnreadableRecordError."""
    record = SETTINGS.decode(payload)
    return Settings(
        paused=record.paused,
        sensitivity=record.sensitivity,
        calibrated=record.calibrated_at,
    )
