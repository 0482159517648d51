"""Payloads that cannot be decoded: the bridge starts all the same, and loses nothing else."""

import copy
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.channel import SensorState
from limber_bridge.detection.events import BedTransition, Gap, event_id
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.offline.trial_results import trial_results
from limber_bridge.sources.source_api import Samples
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.records.event_records import DECODERS, decode_event, encode_event
from limber_bridge.storage.records.night_records import decode_night, encode_night
from limber_bridge.storage.records.payload import UnreadableRecordError
from limber_bridge.storage.records.person_records import (
    decode_label,
    decode_settings,
    encode_label,
    encode_settings,
)
from limber_bridge.storage.records.pipeline_records import (
    decode_pipeline_state,
    encode_pipeline_state,
)
from limber_bridge.storage.records.trial_records import decode_trial, encode_trial
from limber_bridge.storage.restore import restore_sleeper
from tests.bridge.damage import replace_payload
from tests.bridge.examples import config, kick
from tests.bridge.examples import night as example_night
from tests.contract import persisted
from tests.detection.signals import ankle

PAYLOADS: Final = {
    **{f"event/{kind}": encode_event(event)[1] for kind, event in persisted.EVENTS.items()},
    "night": encode_night(persisted.FINISHED),
    "label": encode_label(persisted.LABEL),
    "settings": encode_settings(persisted.SETTINGS),
    "trial": encode_trial(persisted.TRIAL),
    "pipeline_state": encode_pipeline_state(persisted.PIPELINE_STATE),
}
OTHER_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    0.5,
    "x",
    [],
    {},
    [None],
    {"x": 1},
    10**18,
    10**400,
    1e300,
)
type Change = tuple[str, Any]
type Place = tuple[str | int, ...]


def places(value: object, place: Place = ()) -> Iterator[Place]:
    """Where the fields and elements of a JSON value are."""
    items: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    for key, inner in items:
        yield (*place, key)
        yield from places(inner, (*place, key))


def changed(payload: str, place: Place, change: Change) -> str:
    """A payload in which one field is removed, renamed or has another value."""
    fields = json.loads(payload)
    holder = fields
    for key in place[:-1]:
        holder = holder[key]
    kind, value = change
    if kind == "value":
        holder[place[-1]] = value
    else:
        old = holder.pop(place[-1])
        if kind == "renamed" and isinstance(holder, dict):
            holder[f"{place[-1]}_2"] = old
    return json.dumps(fields)


CHANGES: Final[tuple[Change, ...]] = (
    ("removed", None),
    ("renamed", None),
    *(("value", value) for value in OTHER_VALUES),
)


def decode(name: str, payload: str) -> object:
    if name.startswith("event/"):
        return decode_event(name.removeprefix("event/"), payload)
    match name:
        case "night":
            return decode_night("anna", date(2026, 11, 22), 2, payload)
        case "label":
            return decode_label("cramp-1", payload)
        case "settings":
            return decode_settings(payload)
        case "trial":
            return decode_trial("trial-1", payload)
        case _:
            return decode_pipeline_state(payload)


@pytest.mark.parametrize("name", list(PAYLOADS))
@pytest.mark.parametrize("version", [0, 1])
def test_any_change_of_one_field_is_read_or_refused(name: str, version: int) -> None:
    """As a payload of either version, whose names and types differ."""
    payload = PAYLOADS[name]
    for place in places(json.loads(payload)):
        for change in CHANGES:
            damaged = changed(payload, place, change)
            if version == 0:
                fields = json.loads(damaged)
                fields.pop("v", None)
                damaged = json.dumps(fields)
            with suppress(UnreadableRecordError):
                decode(name, damaged)


@pytest.mark.parametrize("name", list(PAYLOADS))
def test_a_field_that_is_missing_or_has_another_name_is_noticed(name: str) -> None:
    payload = PAYLOADS[name]
    for place in places(json.loads(payload)):
        optional = isinstance(place[-1], int) or place[-1] == "v" or "features" in place[:-1]
        if optional or (place[0] == "sensors" and len(place) == 2) or place[-1] in ("3", "4"):
            continue
        for kind in ("removed", "renamed"):
            damaged = changed(payload, place, (kind, None))
            if name == "pipeline_state":
                assert decode_pipeline_state(damaged).unreadable, place
            else:
                with pytest.raises(UnreadableRecordError):
                    decode(name, damaged)


@pytest.mark.parametrize("payload", ["", "{", "null", "[]", '"x"', "1", "\0", '{"v": {}}'])
@pytest.mark.parametrize("name", list(PAYLOADS))
def test_what_is_no_record_is_refused(name: str, payload: str) -> None:
    if name == "pipeline_state":
        assert decode_pipeline_state(payload).unreadable
        return
    with pytest.raises(UnreadableRecordError):
        decode(name, payload)


@pytest.mark.parametrize("name", [name for name in PAYLOADS if name != "pipeline_state"])
def test_a_payload_of_a_newer_version_says_what_to_update(name: str) -> None:
    newer = json.dumps(json.loads(PAYLOADS[name]) | {"v": 99})
    with pytest.raises(UnreadableRecordError, match=r"newer Limber.*update the bridge"):
        decode(name, newer)


def test_an_event_of_an_unknown_kind_says_what_to_update() -> None:
    with pytest.raises(UnreadableRecordError, match=r"unknown kind of event 'apnea'.*update"):
        decode_event("apnea", "{}")
    assert "apnea" not in DECODERS


LIVE: Final = "{id: 3, source: network, placement: ankle, side: left, quantity: acceleration}"
LISTEN: Final = "network: {address: 127.0.0.1, port: 1}\n"
NOW: Final = persisted.AT + 600 * SECOND


def filled(path: Path) -> None:
    """A journal with an example of everything for anna."""
    kicks = [kick(persisted.AT + (20 + 20 * number) * SECOND) for number in range(10)]
    with Journal(path) as journal:
        journal.write(
            [
                JournalBatch(
                    "anna",
                    events=tuple(
                        (persisted.NIGHT, event) for event in [*persisted.EVENTS.values(), *kicks]
                    ),
                    pipeline_state=persisted.PIPELINE_STATE,
                    nights=(persisted.FINISHED,),
                    labels=(persisted.LABEL,),
                    settings=replace(persisted.SETTINGS, paused=False),
                    trials=(persisted.TRIAL,),
                )
            ]
        )


def start(path: Path) -> tuple[SleeperMonitor, Journal]:
    """Start with a journal as the bridge does."""
    journal = Journal(path)
    configured = config(path.parent, LIVE, more=LISTEN)
    restored = restore_sleeper(journal, "anna", configured.calendar, NOW, live=True, sensors=[3])
    monitor = SleeperMonitor(configured.sleepers[0], configured, restored, NOW)
    trial_results(journal, "anna", configured.calendar, monitor.trials.all)
    monitor.resume_at(NOW)
    monitor.state(NOW)
    return monitor, journal


ROWS: Final = {
    **{f"event/{kind}": ("event", event_id(event)) for kind, event in persisted.EVENTS.items()},
    "night": ("night", "2026-11-22"),
    "label": ("label", persisted.LABEL.id),
    "settings": ("settings", "anna"),
    "trial": ("trial", persisted.TRIAL.id),
    "pipeline_state": ("pipeline_state", "anna"),
}
"""Table and key of each row."""


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_bridge_starts_whatever_a_field_became(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(PAYLOADS)))
    payload = PAYLOADS[name]
    place = data.draw(st.sampled_from(list(places(json.loads(payload)))))
    change = data.draw(st.sampled_from(CHANGES))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "limber.db"
        filled(path)
        replace_payload(path, *ROWS[name], changed(payload, place, change))
        _, journal = start(path)
        with journal:
            assert journal.notices == []
            journal.append("anna", [], persisted.PIPELINE_STATE)
        assert list(path.parent.glob("*.damaged-*")) == []


def test_a_row_that_cannot_be_read_is_left_out_named_once_and_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "limber.db"
    filled(path)
    for table, key in ROWS.values():
        replace_payload(path, table, key, '{"v": 1}')
    for _ in range(2):
        caplog.clear()
        _, journal = start(path)
        with journal:
            assert len(journal.events("anna", persisted.NIGHT)) == 10
            assert journal.nights("anna") == []
            assert journal.last_night("anna") is None
            assert journal.labels("anna") == []
            assert journal.trials("anna") == []
            assert [entry.number for entry in journal.entries("anna", persisted.NIGHT, 0, 99)] == [
                *range(14, 24)
            ]
            assert journal.notices == []
        for id_ in (event_id(event) for event in persisted.EVENTS.values()):
            assert (
                sum(
                    f": event {id_} of sleeper anna cannot be read" in line
                    for line in caplog.messages
                )
                == 1
            )
        assert sum("cannot be read" in line for line in caplog.messages) == len(ROWS)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM event").fetchone() == (23,)
        left = database.execute("SELECT count(*) FROM event WHERE payload = '{\"v\": 1}'")
        assert left.fetchone() == (13,)


def test_pages_go_on_after_rows_that_cannot_be_read(tmp_path: Path) -> None:
    """A page is shorter than its limit only at the end, where a client stops."""
    path = tmp_path / "limber.db"
    filled(path)
    for number in range(10):
        if number % 3:
            id_ = event_id(kick(persisted.AT + (20 + 20 * number) * SECOND))
            replace_payload(path, "event", id_, "{}")
    with Journal(path) as journal:
        found = []
        after = 0
        while page := journal.entries("anna", persisted.NIGHT, after, 2):
            found += page
            after = page[-1].number
            assert len(page) == 2 or not journal.entries("anna", persisted.NIGHT, after, 2)
        assert len(found) == 13
        for day in range(10, 20):
            journal.save_night(example_night(date(2026, 11, day)))
        for day in (11, 12, 14):
            replace_payload(path, "night", f"2026-11-{day}", "{}")
        assert [night.date.day for night in journal.nights("anna", date(2026, 11, 10), 3)] == [
            13,
            15,
            16,
        ]


def test_a_finished_night_that_cannot_be_read_is_scored_again_as_a_new_revision(
    tmp_path: Path,
) -> None:
    path = tmp_path / "limber.db"
    filled(path)
    with Journal(path) as journal:
        journal.save_night(example_night(persisted.NIGHT, revision=5))
    replace_payload(path, "night", str(persisted.NIGHT), "{}")
    monitor, journal = start(path)
    with journal:
        change = monitor.end_night()
        assert [(night.date, night.revision) for night in change.finished] == [(persisted.NIGHT, 6)]


PARTS: Final = {
    "nothing can be read": "{",
    "the sensors are missing": changed(PAYLOADS["pipeline_state"], ("sensors",), ("removed", None)),
    "a sensor cannot be read": changed(
        PAYLOADS["pipeline_state"], ("sensors", "3", "measured_until"), ("value", "x")
    ),
}


@pytest.mark.parametrize("payload", list(PARTS.values()), ids=list(PARTS))
def test_a_lost_pipeline_state_becomes_a_gap_since_the_last_event(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, payload: str
) -> None:
    path = tmp_path / "limber.db"
    filled(path)
    replace_payload(path, "pipeline_state", "anna", payload)
    monitor, journal = start(path)
    with journal:
        events = journal.events("anna", persisted.NIGHT)
        last = max(getattr(event, "end", None) or event.onset for event in events)
        samples = ankle(length=60)
        block = SampleBlock(0, samples, SampleClock(0, NOW, 50.0), 50.0)
        change = monitor.process_arrival(3, Samples(3, block), NOW + 60 * SECOND)
        gaps = [filed.event for filed in change.events if isinstance(filed.event, Gap)]
        assert gaps == [Gap(sensor=3, onset=last, end=NOW)]
    (line,) = [line for line in caplog.messages if "cannot be read" in line]
    assert "pipeline state of sleeper anna" in line


def test_where_the_state_of_the_bed_is_lost_the_last_transition_counts(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    filled(path)
    damaged = changed(PAYLOADS["pipeline_state"], ("bed", "ankle", "standing"), ("value", 7))
    replace_payload(path, "pipeline_state", "anna", damaged)
    monitor, journal = start(path)
    with journal:
        bed = persisted.EVENTS["bed"]
        assert isinstance(bed, BedTransition)
        assert monitor.pipeline_state.bed.in_bed is bed.in_bed
        assert monitor.pipeline_state.sensors[3] == persisted.PIPELINE_STATE.sensors[3]


def test_other_parts_of_a_pipeline_state_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    damaged = json.loads(PAYLOADS["pipeline_state"])
    damaged["sensors"]["3"]["noise"] = copy.copy("x")
    saved = decode_pipeline_state(json.dumps(damaged))
    assert saved.state.bed == persisted.PIPELINE_STATE.bed
    assert saved.state.calf_baseline == persisted.PIPELINE_STATE.calf_baseline
    assert saved.state.sensors == {4: SensorState()}
    assert (saved.sensors_unreadable, saved.bed_unreadable) == (frozenset({3}), False)
