"""Check the bridge against the golden messages in `contract/`.

After a deliberate change, run these tests with LIMBER_WRITE_CONTRACT=1 to write the files again,
and review the difference.
"""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from limber_bridge.detection.events import FactorKind
from limber_bridge.domain.nights import to_utc
from limber_bridge.protocol.diary_messages import DiaryRequest
from limber_bridge.protocol.encoding import Topics, encode, parse_request
from limber_bridge.protocol.messages import Refusal
from limber_bridge.protocol.report_messages import ReportRequest
from limber_bridge.protocol.request_messages import (
    BedRequest,
    CalibrateRequest,
    EndNightRequest,
    LabelRequest,
    LogRequest,
    NightsRequest,
    PauseRequest,
    RelayRequest,
    Request,
    ResetLabelsRequest,
    SetRequest,
)
from limber_bridge.protocol.trial_messages import (
    AnswerTrialRequest,
    StartTrialRequest,
    StopTrialRequest,
)
from limber_bridge.sources.frames import ClockFrame, has_valid_signature, parse_frame
from tests.contract.messages import (
    AT,
    CONTROL,
    DATA,
    EFFECTS_REQUEST,
    EVENTS_REQUEST,
    NIGHTS_REQUEST,
    REPLY_TO,
    REPORT_REQUEST,
    SENT,
    TREND_REQUEST,
    TRIALS_REQUEST,
)

CONTRACT = Path(__file__).parents[2] / "contract"
TOPICS = Topics("limber", "bedroom")
REQUESTS: dict[str, Request] = {
    "request_nights": NIGHTS_REQUEST,
    "request_events": EVENTS_REQUEST,
    "request_end_night": EndNightRequest(v=1, id="a3", reply_to=REPLY_TO, sleeper="anna"),
    "request_label": LabelRequest(
        v=1, id="a5", reply_to=REPLY_TO, sleeper="anna", cramp=False, event=f"cramp-{AT}-ended"
    ),
    "request_label_moment": LabelRequest(
        v=1, id="a6", reply_to=REPLY_TO, sleeper="anna", cramp=True, time=to_utc(AT)
    ),
    "request_reset_labels": ResetLabelsRequest(v=1, id="a7", reply_to=REPLY_TO, sleeper="anna"),
    "request_nights_last": NightsRequest(v=1, id="a8", reply_to=REPLY_TO, sleeper="anna", last=30),
    "request_pause": PauseRequest(v=1, id="a9", reply_to=REPLY_TO, sleeper="anna", paused=True),
    "request_calibrate": CalibrateRequest(v=1, id="a10", reply_to=REPLY_TO, sleeper="anna"),
    "request_set": SetRequest(v=1, id="a11", reply_to=REPLY_TO, sleeper="anna", sensitivity=1.25),
    "request_log": LogRequest(
        v=1,
        id="a12",
        reply_to=REPLY_TO,
        sleeper="anna",
        factor=FactorKind.WARM_BATH,
        time=to_utc(AT),
        note="twenty minutes",
    ),
    "request_log_moment": LogRequest(
        v=1, id="a13", reply_to=REPLY_TO, sleeper="anna", factor=FactorKind.STRETCHING
    ),
    "request_relay": RelayRequest(
        v=1,
        id="a15",
        reply_to=REPLY_TO,
        sleeper="anna",
        sensor=1,
        run="5d2f0c9e7b1a4c38",
        notifications=(
            (0, 1250, "connected", b""),
            (1, 430, CONTROL, bytes.fromhex("f002090000")),
            (2, 0, DATA, bytes(range(7))),
        ),
        signal_strength=-67,
    ),
    "request_start_trial": StartTrialRequest(
        v=1,
        id="a16",
        reply_to=REPLY_TO,
        sleeper="anna",
        factor=FactorKind.STRETCHING,
        weeks=8,
        early_look=True,
    ),
    "request_start_trial_other": StartTrialRequest(
        v=1,
        id="a20",
        reply_to=REPLY_TO,
        sleeper="anna",
        factor=FactorKind.OTHER,
        name="Weighted blanket",
        weeks=6,
        outcome="sleep_h",
        washout_nights=1,
    ),
    "request_stop_trial": StopTrialRequest(v=1, id="a17", reply_to=REPLY_TO, sleeper="anna"),
    "request_answer_trial": AnswerTrialRequest(
        v=1, id="a18", reply_to=REPLY_TO, sleeper="anna", done=True
    ),
    "request_answer_trial_night": AnswerTrialRequest(
        v=1, id="a21", reply_to=REPLY_TO, sleeper="anna", done=False, night=date(2026, 11, 19)
    ),
    "request_trials": TRIALS_REQUEST,
    "request_bed": BedRequest(
        v=1,
        id="a14",
        reply_to=REPLY_TO,
        sleeper="anna",
        in_bed=True,
        since=to_utc(AT - 42_500_000),
        time=to_utc(AT),
    ),
    "request_diary": DiaryRequest(
        v=1,
        id="a16",
        reply_to=REPLY_TO,
        sleeper="anna",
        night=date(2026, 11, 21),
        sleep_quality=7,
        cramp=True,
        cramp_pain=6,
    ),
    "request_diary_evening": DiaryRequest(
        v=1, id="a18", reply_to=REPLY_TO, sleeper="anna", evening_symptoms=4
    ),
    "request_diary_delete": DiaryRequest(
        v=1, id="a19", reply_to=REPLY_TO, sleeper="anna", cramp=None
    ),
    "request_trend": TREND_REQUEST,
    "request_effects": EFFECTS_REQUEST,
    "request_report": REPORT_REQUEST,
    "request_report_range": ReportRequest(
        v=1,
        id="a32",
        reply_to=REPLY_TO,
        sleeper="anna",
        first=date(2026, 11, 1),
        last=date(2026, 11, 22),
        kind="csv",
    ),
    "request_report_part": ReportRequest(
        v=1, id="a33", reply_to=REPLY_TO, sleeper="anna", report="9f3c1a7e5b2d4086", after=48
    ),
}


def golden(name: str) -> Any:
    return json.loads((CONTRACT / f"{name}.json").read_text())


@pytest.mark.parametrize("name", SENT)
def test_the_bridge_sends_the_golden_messages(name: str) -> None:
    made = json.loads(encode(SENT[name]))
    if os.environ.get("LIMBER_WRITE_CONTRACT"):
        (CONTRACT / f"{name}.json").write_text(json.dumps(made, indent=2) + "\n")
    assert made == golden(name)


@pytest.mark.parametrize("name", REQUESTS)
def test_the_bridge_parses_the_golden_requests(name: str) -> None:
    if os.environ.get("LIMBER_WRITE_CONTRACT"):
        text = json.dumps(json.loads(msgspec.json.encode(REQUESTS[name])), indent=2)
        (CONTRACT / f"{name}.json").write_text(text + "\n")
    assert parse_request(json.dumps(golden(name)).encode(), TOPICS) == (REPLY_TO, REQUESTS[name])


def test_every_golden_file_is_tested() -> None:
    assert {path.stem for path in CONTRACT.glob("*.json")} == {*SENT, *REQUESTS, "frames"}


@pytest.mark.parametrize("frame", golden("frames")["frames"], ids=lambda frame: frame["name"])
def test_the_bridge_parses_the_golden_frames(frame: dict[str, Any]) -> None:
    data = bytes.fromhex(frame["hex"])
    parsed = parse_frame(data)
    key = frame["key"].encode() if frame["key"] else None
    assert has_valid_signature(data, parsed, key)
    found = {
        "sensor": parsed.sensor,
        "boot": parsed.boot,
        "sequence": parsed.sequence,
        "clock_us": parsed.clock,
        "rate_hz": parsed.rate,
        "battery": parsed.battery,
    }
    assert found == {key: frame[key] for key in found}
    if isinstance(parsed, ClockFrame):
        assert (frame["quantity"], frame["samples"]) == ("clock", [])
        return
    assert parsed.quantity == frame["quantity"]
    np.testing.assert_allclose(parsed.samples.T, frame["samples"])


def test_another_version_is_refused_with_the_side_to_update() -> None:
    for version, side in ((0, "client"), (2, "bridge")):
        reply, refusal = parse_request(
            json.dumps(golden("request_nights") | {"v": version}).encode(), TOPICS
        )
        assert reply == REPLY_TO
        assert isinstance(refusal, Refusal)
        assert (refusal.error, refusal.message) == (
            "unsupported_version",
            f"protocol {version} is not 1: update the {side}",
        )


def test_an_unknown_command_is_refused_with_a_list_of_commands() -> None:
    _, refusal = parse_request(
        json.dumps(golden("request_nights") | {"command": "dance"}).encode(), TOPICS
    )
    assert isinstance(refusal, Refusal)
    assert refusal.error == "unknown_command"
    assert "nights, events, end_night" in refusal.message


@pytest.mark.parametrize("change", [{"after": "yesterday"}, {"sleeper": 3}], ids=str)
def test_a_request_with_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    _, refusal = parse_request(json.dumps(golden("request_nights") | change).encode(), TOPICS)
    assert isinstance(refusal, Refusal)
    assert refusal.error == "malformed"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"event": "cramp-5"}, "`event` or `time`, not both"),
        ({"time": "2026-11-22T03:20:00"}, "timezone"),
        ({"time": "1969-12-31T23:59:59Z"}, "`time` before 1970"),
        ({"time": "1970-01-01T01:00:00+02:00"}, "`time` before 1970"),
        ({"cramp": "yes"}, "`bool`"),
    ],
    ids=["event and time", "no time zone", "before 1970", "before 1970 in UTC", "not a boolean"],
)
def test_a_label_with_wrong_values_is_refused(change: dict[str, Any], expected: str) -> None:
    _, refusal = parse_request(json.dumps(golden("request_label_moment") | change).encode(), TOPICS)
    assert isinstance(refusal, Refusal)
    assert refusal.error == "malformed"
    assert expected in refusal.message


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("request_pause", {"paused": "yes"}, "`bool`"),
        ("request_pause", {"paused": None}, "`bool`"),
        (
            "request_set",
            {"sensitivity": 2.01},
            "from 0.5 to 2.0; 1.0 is the threshold of the scoring rules",
        ),
        ("request_set", {"sensitivity": 0.49}, "`sensitivity` must be a number from 0.5 to 2.0"),
        ("request_set", {"sensitivity": True}, "`float`"),
        ("request_set", {"sensitivity": "high"}, "`float`"),
        ("request_relay", {"notifications": [[0, 0, "connected", "?"]]}, "base64"),
        ("request_relay", {"notifications": [[0, -1, "connected", ""]]}, ">= 0"),
        ("request_relay", {"notifications": [[-1, 0, "connected", ""]]}, ">= 0"),
        ("request_relay", {"notifications": [[0, 0, "connected"]]}, "length 4"),
        ("request_relay", {"run": ""}, "length >= 1"),
        ("request_relay", {"notifications": [[0, 0, "connected", ""]] * 65}, "length <= 64"),
        ("request_relay", {"signal_strength": 90}, "<= 20"),
        ("request_bed", {"in_bed": None}, "`bool`"),
        ("request_bed", {"time": "2026-11-22T03:20:00"}, "timezone"),
        ("request_bed", {"since": "2099-11-22T03:20:00Z"}, "`since` after `time`"),
        ("request_bed", {"since": "1969-12-31T23:59:59Z"}, "`time` before 1970"),
        ("request_log", {"factor": "yoga"}, "enum value 'yoga'"),
        ("request_log", {"note": "x" * 201}, "length <= 200"),
        ("request_log", {"time": "2026-11-22T03:20:00"}, "timezone"),
        ("request_log", {"time": "1969-12-31T23:59:59Z"}, "`time` before 1970"),
        ("request_nights_last", {"last": 0}, ">= 1"),
        ("request_report", {"nights": 0}, ">= 1"),
        ("request_report", {"nights": 366}, "<= 365"),
        ("request_report", {"language": "la"}, "enum value 'la'"),
        ("request_report", {"paper": "a5"}, "enum value 'a5'"),
        ("request_report", {"kind": "docx"}, "enum value 'docx'"),
        ("request_report", {"after": 5}, "`after` without `report`"),
        ("request_report_range", {"to": None}, "`from` and `to` belong together"),
        ("request_report_range", {"nights": 7}, "`nights` or `from` and `to`, not both"),
        ("request_report_range", {"from": "2026-11-23"}, "must be 1 to 365 nights"),
        ("request_report_range", {"from": "2025-11-01"}, "must be 1 to 365 nights"),
        ("request_report_part", {"after": -1}, ">= 0"),
        ("request_report_part", {"report": "x" * 65}, "length <= 64"),
        ("request_trend", {"last": 0}, ">= 1"),
        ("request_trend", {"last": 1001}, "<= 1000"),
        ("request_trend", {"after": "last week"}, "date"),
        ("request_diary", {"night": "tonight"}, "date"),
        ("request_diary", {"sleep_quality": 11}, "<= 10"),
        ("request_diary", {"sleep_quality": -1}, ">= 0"),
        ("request_diary", {"sleep_quality": 6.5}, "`int"),
        ("request_diary", {"cramp": "yes"}, "`bool"),
        ("request_diary", {"cramp": False}, "`cramp_pain` without a cramp"),
        ("request_diary", {"cramp": None}, "`cramp_pain` without a cramp"),
        ("request_nights_last", {"last": 1001}, "<= 1000"),
    ],
)
def test_a_command_with_wrong_values_is_refused(
    name: str, change: dict[str, Any], expected: str
) -> None:
    _, refusal = parse_request(json.dumps(golden(name) | change).encode(), TOPICS)
    assert isinstance(refusal, Refusal)
    assert refusal.error == "malformed"
    assert expected in refusal.message


@pytest.mark.parametrize("sensitivity", [0.5, 1, 2])
def test_the_limits_of_the_sensitivity_are_accepted(sensitivity: float) -> None:
    _, request = parse_request(
        json.dumps(golden("request_set") | {"sensitivity": sensitivity}).encode(), TOPICS
    )
    assert isinstance(request, SetRequest)
    assert request.sensitivity == sensitivity


@pytest.mark.parametrize("factor", FactorKind)
def test_every_factor_can_be_logged(factor: FactorKind) -> None:
    _, request = parse_request(
        json.dumps(golden("request_log_moment") | {"factor": factor}).encode(), TOPICS
    )
    assert isinstance(request, LogRequest)
    assert (request.factor, request.time, request.note) == (factor, None, None)
