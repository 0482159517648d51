"""Finished nights as persisted payloads.

The sleeper, the date and the revision of a night have columns of their own. Times are us, UTC; the
units of the measures are those of `Measures`.
"""

from datetime import date
from typing import Final

import msgspec

from limber_bridge.detection.measures import Measures
from limber_bridge.domain.nights import Import, MovementHours, Night
from limber_bridge.storage.records.enum_names import METHODS
from limber_bridge.storage.records.payload import (
    Count,
    Fields,
    Number,
    PayloadFormat,
    Time,
    renamed,
)


class MeasuresRecord(msgspec.Struct, frozen=True):
    """The measures of a night."""

    time_in_bed_h: Number | None
    sleep_h: Number | None
    movements: Count | None
    candidates: Count | None
    plm: Count | None
    plm_index: Number | None
    plms_index: Number | None
    plmw_index: Number | None
    clms_index: Number | None
    movement_index: Number | None
    periodicity_index: Number | None
    plms_arousal_index: Number | None
    plm_nr: Count | None
    plms_nr_index: Number | None
    plmw_nr_index: Number | None
    short_interval_index: Number | None
    isolated_index: Number | None
    clm_duration_mean: Number | None
    clm_duration_median: Number | None
    plm_duration_mean: Number | None
    plm_duration_median: Number | None
    imi_mean: Number | None
    imi_median: Number | None
    imi_ln_mean: Number | None
    imi_ln_sd: Number | None
    imi_share_short: Number | None
    imi_share_periodic: Number | None
    imi_share_long: Number | None
    series_count: Count | None
    series_length_median: Number | None
    series_length_max: Count | None
    series_duration_max: Number | None
    plm_by_hour: list[Count] | None
    plm_by_third: list[Count] | None
    plm_left: Count | None
    plm_right: Count | None
    plm_both: Count | None
    plms_nrem_index: Number | None
    plms_rem_index: Number | None
    longest_quiet_h: Number | None
    twitches: Count | None
    rhythmic_trains: Count | None
    cramps_possible: Count | None
    cramps_probable: Count | None


class ImportRecord(msgspec.Struct, frozen=True):
    """Where an imported night comes from."""

    recording: str
    batch: str
    time: Time


class HoursRecord(msgspec.Struct, frozen=True):
    """The movements in each hour."""

    start: Time | None
    counts: list[Count | None]


class NightRecord(msgspec.Struct, frozen=True):
    """A finished night."""

    start: Time | None
    end: Time | None
    rules: str
    in_bed_method: str | None
    sensitivity: Number
    imported: ImportRecord | None
    measures: MeasuresRecord
    hours: HoursRecord | None


def upgrade_night_0(fields: Fields) -> Fields:
    """Leave out what has columns; `sensitivity` and any measure could be missing."""
    names = {
        "start": "start",
        "end": "end",
        "rules": "rules",
        "in_bed_method": "in_bed_method",
        "sensitivity": "sensitivity",
        "measures": "measures",
    }
    upgraded = renamed(fields, names, {"sensitivity": 1.0})
    upgraded["measures"] = {**dict.fromkeys(MEASURES_1), **upgraded["measures"]}
    return upgraded


def upgrade_night_1(fields: Fields) -> Fields:
    """Add that the night was measured by the bridge: nothing else existed."""
    return {**fields, "imported": None}


def upgrade_night_2(fields: Fields) -> Fields:
    """Add that the movements in each hour were not stored."""
    return {**fields, "hours": None}


MEASURES_1: Final = (
    "time_in_bed_h",
    "sleep_h",
    "movements",
    "candidates",
    "plm",
    "plm_index",
    "plms_index",
    "plmw_index",
    "clms_index",
    "movement_index",
    "periodicity_index",
    "plms_arousal_index",
    "plm_nr",
    "plms_nr_index",
    "plmw_nr_index",
    "short_interval_index",
    "isolated_index",
    "clm_duration_mean",
    "clm_duration_median",
    "plm_duration_mean",
    "plm_duration_median",
    "imi_mean",
    "imi_median",
    "imi_ln_mean",
    "imi_ln_sd",
    "imi_share_short",
    "imi_share_periodic",
    "imi_share_long",
    "series_count",
    "series_length_median",
    "series_length_max",
    "series_duration_max",
    "plm_by_hour",
    "plm_by_third",
    "plm_left",
    "plm_right",
    "plm_both",
    "plms_nrem_index",
    "plms_rem_index",
    "longest_quiet_h",
    "twitches",
    "rhythmic_trains",
    "cramps_possible",
    "cramps_probable",
)
"""The names of the measures in version 1."""

NIGHT: Final = PayloadFormat(
    "night", NightRecord, (upgrade_night_0, upgrade_night_1, upgrade_night_2)
)


def encode_night(night: Night) -> str:
    """Return a night as its payload."""
    record = NightRecord(
        start=night.start,
        end=night.end,
        rules=night.rules,
        in_bed_method=METHODS.optional_name(night.in_bed_method),
        sensitivity=night.sensitivity,
        imported=import_record(night.imported),
        measures=measures_record(night.measures),
        hours=hours_record(night.hours),
    )
    return NIGHT.encode(record)


def decode_night(sleeper: str, day: date, revision: int, payload: str) -> Night:
    """Return a night; UnreadableRecordError."""
    record = NIGHT.decode(payload)
    return Night(
        sleeper=sleeper,
        date=day,
        revision=revision,
        start=record.start,
        end=record.end,
        rules=record.rules,
        in_bed_method=METHODS.optional_member(record.in_bed_method),
        measures=measures_of(record.measures),
        sensitivity=record.sensitivity,
        imported=import_of(record.imported),
        hours=hours_of(record.hours),
    )


def import_record(imported: Import | None) -> ImportRecord | None:
    """Return where a night comes from as its record."""
    if imported is None:
        return None
    return ImportRecord(recording=imported.recording, batch=imported.batch, time=imported.time)


def import_of(record: ImportRecord | None) -> Import | None:
    """Return where a night comes from."""
    if record is None:
        return None
    return Import(recording=record.recording, batch=record.batch, time=record.time)


def hours_record(hours: MovementHours | None) -> HoursRecord | None:
    """Return the movements in each hour as their record."""
    return None if hours is None else HoursRecord(start=hours.start, counts=list(hours.counts))


def hours_of(record: HoursRecord | None) -> MovementHours | None:
    """Return the movements in each hour."""
    return None if record is None else MovementHours(record.start, tuple(record.counts))


def measures_record(measures: Measures) -> MeasuresRecord:
    """Return measures as their record."""
    return MeasuresRecord(
        time_in_bed_h=measures.time_in_bed_h,
        sleep_h=measures.sleep_h,
        movements=measures.movements,
        candidates=measures.candidates,
        plm=measures.plm,
        plm_index=measures.plm_index,
        plms_index=measures.plms_index,
        plmw_index=measures.plmw_index,
        clms_index=measures.clms_index,
        movement_index=measures.movement_index,
        periodicity_index=measures.periodicity_index,
        plms_arousal_index=measures.plms_arousal_index,
        plm_nr=measures.plm_nr,
        plms_nr_index=measures.plms_nr_index,
        plmw_nr_index=measures.plmw_nr_index,
        short_interval_index=measures.short_interval_index,
        isolated_index=measures.isolated_index,
        clm_duration_mean=measures.clm_duration_mean,
        clm_duration_median=measures.clm_duration_median,
        plm_duration_mean=measures.plm_duration_mean,
        plm_duration_median=measures.plm_duration_median,
        imi_mean=measures.imi_mean,
        imi_median=measures.imi_median,
        imi_ln_mean=measures.imi_ln_mean,
        imi_ln_sd=measures.imi_ln_sd,
        imi_share_short=measures.imi_share_short,
        imi_share_periodic=measures.imi_share_periodic,
        imi_share_long=measures.imi_share_long,
        series_count=measures.series_count,
        series_length_median=measures.series_length_median,
        series_length_max=measures.series_length_max,
        series_duration_max=measures.series_duration_max,
        plm_by_hour=listed(measures.plm_by_hour),
        plm_by_third=listed(measures.plm_by_third),
        plm_left=measures.plm_left,
        plm_right=measures.plm_right,
        plm_both=measures.plm_both,
        plms_nrem_index=measures.plms_nrem_index,
        plms_rem_index=measures.plms_rem_index,
        longest_quiet_h=measures.longest_quiet_h,
        twitches=measures.twitches,
        rhythmic_trains=measures.rhythmic_trains,
        cramps_possible=measures.cramps_possible,
        cramps_probable=measures.cramps_probable,
    )


def measures_of(record: MeasuresRecord) -> Measures:
    """Return the measures in a record."""
    return Measures(
        time_in_bed_h=record.time_in_bed_h,
        sleep_h=record.sleep_h,
        movements=record.movements,
        candidates=record.candidates,
        plm=record.plm,
        plm_index=record.plm_index,
        plms_index=record.plms_index,
        plmw_index=record.plmw_index,
        clms_index=record.clms_index,
        movement_index=record.movement_index,
        periodicity_index=record.periodicity_index,
        plms_arousal_index=record.plms_arousal_index,
        plm_nr=record.plm_nr,
        plms_nr_index=record.plms_nr_index,
        plmw_nr_index=record.plmw_nr_index,
        short_interval_index=record.short_interval_index,
        isolated_index=record.isolated_index,
        clm_duration_mean=record.clm_duration_mean,
        clm_duration_median=record.clm_duration_median,
        plm_duration_mean=record.plm_duration_mean,
        plm_duration_median=record.plm_duration_median,
        imi_mean=record.imi_mean,
        imi_median=record.imi_median,
        imi_ln_mean=record.imi_ln_mean,
        imi_ln_sd=record.imi_ln_sd,
        imi_share_short=record.imi_share_short,
        imi_share_periodic=record.imi_share_periodic,
        imi_share_long=record.imi_share_long,
        series_count=record.series_count,
        series_length_median=record.series_length_median,
        series_length_max=record.series_length_max,
        series_duration_max=record.series_duration_max,
        plm_by_hour=counts(record.plm_by_hour),
        plm_by_third=counts(record.plm_by_third),
        plm_left=record.plm_left,
        plm_right=record.plm_right,
        plm_both=record.plm_both,
        plms_nrem_index=record.plms_nrem_index,
        plms_rem_index=record.plms_rem_index,
        longest_quiet_h=record.longest_quiet_h,
        twitches=record.twitches,
        rhythmic_trains=record.rhythmic_trains,
        cramps_possible=record.cramps_possible,
        cramps_probable=record.cramps_probable,
    )


def listed(counts: tuple[int, ...] | None) -> list[int] | None:
    """Return counts as a list, or None."""
    return None if counts is None else list(counts)


def counts(listed: list[int] | None) -> tuple[int, ...] | None:
    """Return listed counts as a tuple, or None."""
    return None if listed is None else tuple(listed)
