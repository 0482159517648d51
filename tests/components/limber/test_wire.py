"""Parse every golden message of `contract/`, and refuse everything else."""

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.limber.json_decoding import MalformedMessageError
from custom_components.limber.wire import (
    DiaryResponse,
    Done,
    EffectsResponse,
    EventsResponse,
    NightsResponse,
    OtherVersionError,
    Refusal,
    ReportResponse,
    Response,
    TrendResponse,
    TrialResponse,
    TrialsResponse,
    encode_request,
    parse_event,
    parse_info,
    parse_response,
    parse_state,
)
from custom_components.limber.wire_events import (
    AwakeningEvent,
    BedEvent,
    ClockStepEvent,
    CrampEvent,
    Event,
    FactorEvent,
    GapEvent,
    MovementEvent,
    NightEvent,
    PositionChangeEvent,
    SeriesEvent,
    SleepEvent,
    TrialEvent,
)

from .conftest import CONTRACT, golden
from .trial_examples import (
    DIARY,
    EFFECT,
    PDF,
    RUNNING,
    TREND_NIGHT,
    TRIAL,
    report_pages,
    respond,
)

EVENTS: dict[str, type[Event]] = {
    "event_movement": MovementEvent,
    "event_series_confirmed": SeriesEvent,
    "event_series_ended": SeriesEvent,
    "event_cramp_started": CrampEvent,
    "event_cramp_ended": CrampEvent,
    "event_cramp_reported": CrampEvent,
    "event_awakening": AwakeningEvent,
    "event_bed": BedEvent,
    "event_night": NightEvent,
    "event_gap": GapEvent,
    "event_clock_step": ClockStepEvent,
    "event_factor": FactorEvent,
    "event_trial": TrialEvent,
}
RESPONSES: dict[str, type[Response]] = {
    "response_nights": NightsResponse,
    "response_events": EventsResponse,
    "response_done": Done,
    "response_label": Done,
    "response_log": Done,
    "response_diary": DiaryResponse,
    "response_trend": TrendResponse,
    "response_effects": EffectsResponse,
    "response_report": ReportResponse,
    "response_trial": TrialResponse,
    "response_trials": TrialsResponse,
    "response_answer_trial": Done,
    "response_refusal": Refusal,
}
PARSERS = {
    "info": parse_info,
    "state": parse_state,
    "event": parse_event,
    "response": parse_response,
}


@pytest.mark.parametrize("name", EVENTS)
def test_events_are_parsed(name: str) -> None:
    event = parse_event(json.dumps(golden(name)))
    assert isinstance(event, EVENTS[name])
    assert event.id == golden(name)["id"]


@pytest.mark.parametrize("name", RESPONSES)
def test_responses_are_parsed(name: str) -> None:
    assert isinstance(parse_response(json.dumps(golden(name))), RESPONSES[name])


def common(kind: str, **content: object) -> dict[str, Any]:
    """An event with what all events have."""
    base = {"v": 1, "kind": kind, "id": f"{kind}-1", "night": "2026-11-22"}
    return base | {"start": "2026-11-22T01:00:00Z"} | content


def test_events_of_a_timeline_are_parsed() -> None:
    end = "2026-11-22T01:10:00Z"
    events = [common("sleep", end=end), common("position_change", end=end)]
    response = parse_response(json.dumps(respond(events=events, next=None)))
    assert isinstance(response, EventsResponse)
    assert [type(event) for event in response.events] == [SleepEvent, PositionChangeEvent]


def test_the_start_of_a_trial_is_parsed() -> None:
    trial = {"trial": "trial-1", "factor": "stretching", "name": None, "phase": "started"}
    event = parse_event(json.dumps(common("trial", **trial)))
    assert isinstance(event, TrialEvent)
    assert (event.trial, event.phase) == ("trial-1", "started")


def test_the_diary_and_the_trials_of_a_state_are_parsed() -> None:
    diary = {"tonight": DIARY, "last_night": DIARY | {"night": "2026-11-21", "cramp": None}}
    state = parse_state(
        json.dumps(golden("state") | {"diary": diary, "trial": RUNNING, "last_trial": TRIAL})
    )
    assert state.diary is not None
    assert (state.diary.tonight.evening_symptoms, state.diary.last_night.cramp) == (4, None)
    assert state.trial is not None
    assert (state.trial.tonight, state.trial.question) == ("with", date(2026, 11, 21))
    assert state.last_trial is not None
    assert state.last_trial.status == "finished"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"trend": [TREND_NIGHT], "next": "2026-11-21"}, TrendResponse),
        ({"effects": [EFFECT], "nights": 42}, EffectsResponse),
        ({"night": "2026-11-22", "diary": DIARY}, DiaryResponse),
        ({"trials": [TRIAL]}, TrialsResponse),
        ({"trial": TRIAL | {"result": None, "status": "running"}}, TrialResponse),
        (report_pages(PDF, len(PDF))[0], ReportResponse),
    ],
)
def test_responses_about_diary_and_trials_are_parsed(
    content: dict[str, Any], kind: type[Response]
) -> None:
    assert isinstance(parse_response(json.dumps(respond(**content))), kind)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"trend": [TREND_NIGHT, TREND_NIGHT | {"movements_by_hour": [0] * 49}], "next": None},
            r"trend\[1\].movements_by_hour: expected at most 48 hours",
        ),
        ({"effects": [EFFECT] * 1001, "nights": 1}, "effects: expected at most 1000"),
        ({"trials": [TRIAL] * 1001}, "trials: expected at most 1000"),
        (report_pages(PDF, 5000, size=20_000_001)[0], "report.size: expected a report of at most"),
        (report_pages(PDF, 5000, size=0)[0], "report.size: expected a report of at most"),
        ({"night": "2026-11-22", "diary": DIARY | {"cramp_pain": 11}}, "diary.cramp_pain"),
    ],
)
def test_responses_beyond_the_limits_are_refused(content: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedMessageError, match=message):
        parse_response(json.dumps(respond(**content)))


def test_info_and_state_are_parsed() -> None:
    info = parse_info(json.dumps(golden("info")))
    assert [sensor.placement for sensor in info.sleepers[0].sensors] == ["ankle", "bed"]
    state = parse_state(json.dumps(golden("state")))
    assert state.last_night is not None
    assert (state.in_bed, state.last_night.revision, state.sensors[1].battery) == (True, 2, 87)
    assert state.bridge is not None
    assert state.journal.unconfigured_sleepers == ("bob",)
    assert [problem.key for problem in state.bridge.problems] == ["broker_refuses_publish"]
    unknown = parse_state(json.dumps(golden("state_nothing_known")))
    assert (unknown.in_bed, unknown.last_night, unknown.tonight.measures.plm_index) == (
        None,
        None,
        None,
    )


def test_requests_match_the_golden_ones() -> None:
    for name in ("request_nights", "request_events", "request_end_night"):
        wanted = golden(name)
        rest = {
            key: value
            for key, value in wanted.items()
            if key not in ("v", "id", "reply_to", "command", "sleeper")
        }
        made = encode_request(
            wanted["command"], wanted["sleeper"], wanted["id"], wanted["reply_to"], **rest
        )
        assert json.loads(made) == wanted


def test_every_message_to_the_component_is_tested() -> None:
    sent = {
        path.stem
        for path in CONTRACT.glob("*.json")
        if not path.stem.startswith(("request_", "frames"))
    }
    assert sent == {*EVENTS, *RESPONSES, "info", "state", "state_nothing_known"}


@pytest.mark.parametrize("kind", PARSERS)
def test_unknown_keys_are_ignored_and_other_versions_refused(kind: str) -> None:
    name = {"event": "event_movement", "response": "response_nights"}.get(kind, kind)
    parse = PARSERS[kind]
    assert parse(json.dumps(golden(name) | {"mood": "good"})) == parse(json.dumps(golden(name)))
    with pytest.raises(OtherVersionError):
        parse(json.dumps(golden(name) | {"v": 2}))


def test_an_event_of_an_unknown_kind_is_ignored() -> None:
    assert parse_event(json.dumps({"v": 1, "kind": "yawn"})) is None


def without(name: str, key: str) -> dict[str, Any]:
    return {known: value for known, value in golden(name).items() if known != key}


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("info", ""),
        ("info", "[]"),
        ("info", "{"),
        ("info", json.dumps(without("info", "v"))),
        ("info", json.dumps(golden("info") | {"v": True})),
        ("info", json.dumps(without("info", "sleepers"))),
        ("state", json.dumps(golden("state") | {"in_bed": "yes"})),
        ("state", json.dumps(golden("state") | {"time": "yesterday"})),
        ("state", json.dumps(golden("state") | {"time": "2026-11-22T00:00:00"})),
        ("state", json.dumps(golden("state") | {"sensors": {"one": {}}})),
        ("state", json.dumps(golden("state")).replace("24.0506", "NaN")),
        ("state", json.dumps(golden("state")).replace("312", "true")),
        ("event", json.dumps(without("event_movement", "id"))),
        ("response", json.dumps(golden("response_nights") | {"nights": [1]})),
        ("response", json.dumps({"v": 1})),
    ],
    ids=[
        "empty",
        "a list",
        "cut off",
        "no version",
        "a version that is none",
        "a key is missing",
        "a word for yes",
        "a word for a time",
        "a time without a zone",
        "a sensor without a number",
        "NaN",
        "true for a count",
        "an event without an id",
        "a night that is none",
        "an answer without anything",
    ],
)
def test_malformed_payloads_are_refused(kind: str, payload: str) -> None:
    with pytest.raises(MalformedMessageError):
        PARSERS[kind](payload)


@settings(max_examples=300)
@given(
    st.text(max_size=50)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda deeper: (
            st.lists(deeper, max_size=3)
            | st.dictionaries(st.sampled_from(list(golden("state"))), deeper)
        ),
        max_leaves=10,
    ).map(lambda value: json.dumps({"v": 1} | value if isinstance(value, dict) else value))
)
def test_any_payload_is_parsed_or_refused(payload: str) -> None:
    for parse in PARSERS.values():
        with suppress(MalformedMessageError, OtherVersionError):
            parse(payload)
