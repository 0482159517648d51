"""Build one message of every kind with the code of the bridge."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import (
    Awakening,
    BedTransition,
    Certainty,
    ClockStep,
    Cramp,
    Event,
    Factor,
    FactorKind,
    Gap,
    Grade,
    Method,
    Movement,
    PositionChange,
    Series,
    UnilateralMovement,
)
from limber_bridge.detection.measures import Measures, round_measures
from limber_bridge.detection.signal import HOUR, SECOND, Placement, Quantity, Side
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.factor_effects import FactorEffect, Verdict
from limber_bridge.domain.nights import to_utc
from limber_bridge.domain.trends import NightAverages
from limber_bridge.domain.trial import (
    Arm,
    Phase,
    Trial,
    TrialAnswer,
    TrialOptions,
    TrialPhase,
    TrialPlan,
)
from limber_bridge.domain.trial_result import TrialResult, TrialVerdict
from limber_bridge.protocol.diary_messages import DiaryResponse, NightDiaries
from limber_bridge.protocol.effect_messages import EffectsRequest
from limber_bridge.protocol.encoding import (
    COMMANDS,
    PAGE_MAX_BYTES,
    add_label,
    encode_event,
    encode_methods,
    encode_night,
    encode_night_finished,
    encode_reported_cramp,
    encode_sleep,
    encode_stored_event,
    events_response,
    nights_response,
    trend_response,
)
from limber_bridge.protocol.event_messages import EventMessage
from limber_bridge.protocol.health_messages import (
    BridgeHealth,
    ClockStepInfo,
    ConnectionHealth,
    Disconnection,
    JournalHealth,
    Problem,
    ProcessHealth,
    SensorHealth,
)
from limber_bridge.protocol.messages import (
    ActiveCramp,
    DoneResponse,
    Info,
    LabelResponse,
    LogResponse,
    Message,
    Refusal,
    SensorInfo,
    SleeperInfo,
    State,
    Tonight,
)
from limber_bridge.protocol.page_encoding import effects_response, report_response
from limber_bridge.protocol.report_messages import ReportRequest
from limber_bridge.protocol.request_messages import EventsRequest, NightsRequest
from limber_bridge.protocol.trend_messages import (
    TrendCramp,
    TrendFactor,
    TrendNight,
    TrendRequest,
    TrendTrial,
)
from limber_bridge.protocol.trial_encoding import (
    encode_phase,
    encode_tonight,
    encode_trial,
    trials_response,
)
from limber_bridge.protocol.trial_messages import (
    TrialAnswerResponse,
    TrialResponse,
    TrialsRequest,
)
from tests.bridge.examples import IMPORTED, MEASURES, local, night

NIGHT: Final = date(2026, 11, 22)
AT: Final = local("2026-11-22T01:30") + 123_456
DAY: Final = 24 * HOUR
UNKNOWN: Final = Measures(
    time_in_bed_h=None,
    sleep_h=None,
    movements=3,
    candidates=3,
    plm=0,
    plm_index=None,
    plms_index=None,
    plmw_index=None,
    periodicity_index=0.0,
    series_count=0,
)


def published(event: Event) -> EventMessage:
    """Encode an event that is published."""
    message = encode_event(event, NIGHT)
    assert message is not None
    return message


def movement() -> Movement:
    """Return a movement of both legs."""
    left = UnilateralMovement(Side.LEFT, AT, AT + 2_100_000, 0.142, Grade.MODERATE)
    right = UnilateralMovement(Side.RIGHT, AT + 400_000, AT + 1_900_000, 0.071, Grade.MODERATE)
    return Movement(left.onset, left.end, (left, right), candidate=True)


def series(*, ended: bool) -> Series:
    """Return a series that was just confirmed or has ended."""
    last_s = 221 if ended else 66
    count = 9 if ended else 4
    return Series(AT, AT + last_s * SECOND, AT + (last_s - 2) * SECOND, count, ended)


CONTROL: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
BATTERY: Final = "00002a19-0000-1000-8000-00805f9b34fb"
RELAY: Final[Mapping[str, Any]] = {
    "device": "polar_verity_sense",
    "title": "Polar Verity Sense",
    "address": None,
    "name": None,
    "name_prefixes": ["Polar Sense"],
    "service_uuids": [],
    "instruction": "Close the Polar app on the phone.",
    "subscribe": [CONTROL, DATA],
    "start": [
        {
            "characteristic": CONTROL,
            "data": "0209",
            "response": True,
            "reply": {"characteristic": CONTROL, "prefix": "f00209"},
            "timeout": 5.0,
        }
    ],
    "stop": [
        {
            "characteristic": CONTROL,
            "data": "0309",
            "response": True,
            "reply": None,
            "timeout": 5.0,
        }
    ],
    "read": [BATTERY],
    "silence": 10.0,
    "connection_parameters": {
        "min_interval": 24,
        "max_interval": 40,
        "latency": 0,
        "timeout": 600,
    },
}
"""What Home Assistant must do to relay a sensor."""
INFO: Final = Info(
    bridge="bedroom",
    name="Bedroom",
    software="0.1.0",
    time_zone="Europe/Berlin",
    rules="wasm-2016",
    commands=COMMANDS,
    instance="9f2c4e1b7a6d4c0f8e3b5a1d2c7f6e90",
    url="http://192.168.1.5:47801/",
    sleepers=(
        SleeperInfo(
            id="anna",
            name="Anna",
            imports=9,
            removed_nights=(date(2026, 11, 19),),
            sensors=(
                SensorInfo(
                    id=1,
                    placement=Placement.ANKLE,
                    side=Side.LEFT,
                    quantity=Quantity.ACCELERATION,
                    rate=50.0,
                    source="bluetooth",
                    relay=RELAY,
                ),
                SensorInfo(
                    id=2,
                    placement=Placement.BED,
                    side=None,
                    quantity=Quantity.LOAD,
                    rate=None,
                    source="network",
                ),
            ),
        ),
    ),
)
CONNECTED: Final = SensorHealth(
    connected=True,
    last_sample=to_utc(AT),
    rate=49.87,
    battery=87,
    quality=98,
    lost=25,
    refused=1,
    late=1000,
    resent=250,
    problem=None,
    error_counts={"restarted": 1, "repeated": 1},
)
DISCONNECTED: Final = SensorHealth(
    connected=False,
    last_sample=None,
    rate=None,
    battery=None,
    quality=None,
    lost=0,
    refused=7,
    problem="wrong_key",
    error_counts={"wrong_key": 7},
)
BRIDGE: Final = BridgeHealth(
    started=to_utc(AT - 7_200 * SECOND),
    uptime=7200.0,
    broker=ConnectionHealth(
        connected=True,
        protocol="MQTT 5",
        since=to_utc(AT - 600 * SECOND),
        disconnects=1,
        last_disconnect=Disconnection(
            start=to_utc(AT - 900 * SECOND),
            end=to_utc(AT - 600 * SECOND),
            reason="the broker refuses the connection: Banned",
        ),
        pending=2,
        dropped=0,
    ),
    process=ProcessHealth(memory=123.4, descriptors=21, threads=4),
    queues={"jobs": 0, "network": 3},
    failed_requests=1,
    last_clock_step=ClockStepInfo(time=to_utc(AT - 3_600 * SECOND), offset=-12.5),
    problems=(
        Problem(
            key="broker_refuses_publish",
            message="the broker refuses messages to limber/bedroom/anna/event:"
            " Not authorized; allow the bridge's user to publish to limber/bedroom/#",
        ),
    ),
)
DIARY: Final = DiaryEntry(
    night=date(2026, 11, 21), evening_symptoms=4, sleep_quality=7, cramp=True, cramp_pain=6
)
TONIGHT_DIARY: Final = DiaryEntry(night=NIGHT, evening_symptoms=3)
TRIAL: Final = Trial(
    plan=TrialPlan(
        id=f"trial-{AT - 7 * DAY}",
        options=TrialOptions(
            factor=FactorKind.STRETCHING, weeks=8, washout_nights=0, early_look=True
        ),
        start=date(2026, 11, 16),
        seed=5,
        design=1,
        schedule=(Arm.WITH, Arm.WITHOUT, Arm.WITHOUT, Arm.WITH) * 14,
    ),
    answers={
        date(2026, 11, 16): TrialAnswer(done=True, logged=AT - 6 * DAY),
        date(2026, 11, 17): TrialAnswer(done=True, logged=AT - 5 * DAY),
        date(2026, 11, 18): TrialAnswer(done=False),
    },
)
FINISHED_TRIAL: Final = Trial(
    plan=TrialPlan(
        id=f"trial-{AT - 60 * DAY}",
        options=TrialOptions(
            factor=FactorKind.OTHER,
            name="Weighted blanket",
            weeks=6,
            outcome="sleep_h",
            washout_nights=0,
        ),
        start=date(2026, 9, 24),
        seed=6,
        design=1,
        schedule=(Arm.WITHOUT, Arm.WITH) * 21,
    ),
    answers={date(2026, 9, 24): TrialAnswer(done=True)},
    last_night=date(2026, 11, 4),
)
RESULT: Final = TrialResult(
    verdict=TrialVerdict.HIGHER,
    effect=0.41,
    low=0.08,
    high=0.73,
    p=0.0214,
    nights_with=20,
    nights_without=18,
)
STATE: Final = State(
    time=to_utc(AT),
    in_bed=True,
    asleep=False,
    cramp=ActiveCramp(
        start=to_utc(AT), certainty=Certainty.POSSIBLE, reason="sudden movement after a quiet time"
    ),
    cramp_thresholds={"possible": 1.25, "probable": 1.0},
    cramp_labels=7,
    tonight=Tonight(
        night=NIGHT, start=to_utc(AT - 5_400 * SECOND), end=None, measures=round_measures(MEASURES)
    ),
    last_night=encode_night(night(date(2026, 11, 21), 2)),
    averages={
        "7": NightAverages(
            nights=6,
            mean={"plm_index": 24.1, "movements": 301.5},
            sd={"plm_index": 9.8, "movements": 88.1},
        ),
        "30": None,
    },
    methods=encode_methods(Method.ANKLE),
    sensors={"1": CONNECTED, "2": DISCONNECTED},
    recording=False,
    journal=JournalHealth(
        problem="disk_full",
        message="limber.db: cannot be written (database or disk is full): the disk is full;"
        " make room on it",
        pending=12,
        unconfigured_sleepers=("bob",),
    ),
    bridge=BRIDGE,
    calibrating=True,
    sensitivity=1.25,
    diary=NightDiaries(tonight=TONIGHT_DIARY, last_night=DIARY),
    trial=encode_tonight(TRIAL, NIGHT, NIGHT),
    last_trial=encode_trial(FINISHED_TRIAL, NIGHT, RESULT),
)
NOTHING: Final = State(
    time=to_utc(AT),
    in_bed=None,
    asleep=None,
    cramp=None,
    cramp_thresholds={"possible": 1.0, "probable": 1.0},
    cramp_labels=0,
    tonight=Tonight(night=NIGHT, start=None, end=None, measures=UNKNOWN),
    last_night=None,
    averages={"7": None, "30": None},
    methods=encode_methods(None),
    sensors={"1": DISCONNECTED},
    paused=True,
    diary=NightDiaries(tonight=DiaryEntry(night=NIGHT), last_night=DiaryEntry(night=NIGHT)),
)
REPLY_TO: Final = "limber/bedroom/response/4f1e"
NIGHTS_REQUEST: Final = NightsRequest(
    v=1, id="a1", reply_to=REPLY_TO, sleeper="anna", after=date(2026, 11, 19)
)
EVENTS_REQUEST: Final = EventsRequest(
    v=1, id="a2", reply_to=REPLY_TO, sleeper="anna", night=NIGHT, after=17
)
TRIALS_REQUEST: Final = TrialsRequest(v=1, id="a19", reply_to=REPLY_TO, sleeper="anna")
STARTED: Final = Cramp(
    AT, None, Certainty.POSSIBLE, "sudden movement after a quiet time", 1.4, {"moving_1min_s": 21.0}
)
ENDED: Final = Cramp(
    AT, AT + 181_500_000, Certainty.PROBABLE, "tense calf, then movement", 1.875, {"tense_s": 41.5}
)
TREND_REQUEST: Final = TrendRequest(
    v=1, id="a17", reply_to=REPLY_TO, sleeper="anna", after=date(2026, 11, 19), last=30
)
EFFECTS_REQUEST: Final = EffectsRequest(v=1, id="a30", reply_to=REPLY_TO, sleeper="anna")
REPORT_REQUEST: Final = ReportRequest(
    v=1, id="a31", reply_to=REPLY_TO, sleeper="anna", nights=30, language="de", paper="letter"
)
EFFECTS: Final = (
    FactorEffect(
        factor="stretching",
        outcome="plm_index",
        verdict=Verdict.LOWER,
        effect=-0.312_345_6,
        low=-0.45,
        high=-0.12,
        nights_with=21,
        nights_without=34,
        together_with=("warm_bath",),
    ),
    FactorEffect(
        factor="cherry juice",
        outcome="evening_symptoms",
        verdict=Verdict.TOO_EARLY,
        effect=None,
        low=None,
        high=None,
        nights_with=2,
        nights_without=53,
        more_with=9,
        more_without=0,
    ),
)
REPORTED: Final = encode_reported_cramp(
    Label(f"moment-{AT + 3_600 * SECOND}", AT + 3_600 * SECOND, cramp=True), NIGHT
)
EVENTS: Final = [
    encode_event(movement(), NIGHT),
    encode_event(series(ended=True), NIGHT),
    add_label(published(ENDED), ENDED, {f"cramp-{AT}": False}),
    encode_stored_event(PositionChange(AT + 300 * SECOND, AT + 304_200_000), NIGHT),
    encode_sleep((AT - 3_600 * SECOND, AT + 2_700 * SECOND), NIGHT),
    REPORTED,
]

SENT: Final[Mapping[str, Message]] = {
    "info": INFO,
    "state": STATE,
    "state_nothing_known": NOTHING,
    "event_movement": published(movement()),
    "event_series_confirmed": published(series(ended=False)),
    "event_series_ended": published(series(ended=True)),
    "event_cramp_started": published(STARTED),
    "event_cramp_ended": published(ENDED),
    "event_cramp_reported": REPORTED,
    "event_awakening": published(Awakening(AT)),
    "event_bed": published(BedTransition(AT, in_bed=False)),
    "event_night": encode_night_finished(night(NIGHT), AT),
    "event_gap": published(Gap(1, AT, AT + 31_200_000)),
    "event_clock_step": published(ClockStep(AT, -12_500_000)),
    "event_factor": published(Factor(AT, FactorKind.WARM_BATH, "twenty minutes")),
    "response_nights": nights_response(
        NIGHTS_REQUEST,
        [replace(night(date(2026, 11, 20)), imported=IMPORTED), night(date(2026, 11, 21), 2)],
        more=True,
    ),
    "response_events": events_response(
        EVENTS_REQUEST,
        [(number, event) for number, event in enumerate(EVENTS, 18) if event is not None],
        more=False,
    ),
    "response_done": DoneResponse(id="a3"),
    "response_label": LabelResponse(id="a5", event=f"cramp-{AT}"),
    "response_log": LogResponse(id="a12", event=f"factor-{AT}-warm_bath"),
    "response_diary": DiaryResponse(id="a16", night=DIARY.night, diary=DIARY),
    "response_trend": trend_response(
        TREND_REQUEST,
        [
            TrendNight(
                night=DIARY.night,
                hours_start=to_utc(local("2026-11-20T23:00")),
                movements_by_hour=(12, None, 3, 0, 41, 17, 9, 2),
                cramps=(
                    TrendCramp(
                        id=f"cramp-{AT - 86_400 * SECOND}-ended",
                        start=to_utc(AT - 86_400 * SECOND),
                        certainty=Certainty.PROBABLE,
                        label=True,
                    ),
                    TrendCramp(
                        id=f"moment-{AT - 82_800 * SECOND}",
                        start=to_utc(AT - 82_800 * SECOND),
                        certainty="reported",
                        label=True,
                    ),
                ),
                factors=(
                    TrendFactor(
                        factor=FactorKind.OTHER,
                        note="cherry juice",
                        start=to_utc(local("2026-11-20T21:30")),
                    ),
                ),
                diary=DIARY,
                trial=TrendTrial(trial=TRIAL.id, assigned=Arm.WITHOUT, done=False),
            ),
            TrendNight(
                night=NIGHT,
                hours_start=None,
                movements_by_hour=(),
                cramps=(),
                factors=(
                    TrendFactor(
                        factor=FactorKind.STRETCHING, note=None, start=to_utc(AT - 14_400 * SECOND)
                    ),
                ),
                diary=None,
            ),
        ],
        more=False,
        max_bytes=PAGE_MAX_BYTES,
    ),
    "response_effects": effects_response(EFFECTS_REQUEST, EFFECTS, 55, PAGE_MAX_BYTES),
    "response_report": report_response(
        REPORT_REQUEST,
        "9f3c1a7e5b2d4086",
        ("limber-anna-2026-11-22.pdf", "application/pdf"),
        b"%PDF-1.7 and the rest of the report, of which this is only the first part",
        0,
    ),
    "event_trial": encode_phase(TrialPhase(TRIAL, Phase.STARTED, AT), NIGHT),
    "response_trial": TrialResponse(id="a16", trial=encode_trial(TRIAL, NIGHT, None)),
    "response_answer_trial": TrialAnswerResponse(id="a18", night=date(2026, 11, 19)),
    "response_trials": trials_response(
        TRIALS_REQUEST,
        [encode_trial(TRIAL, NIGHT, None), encode_trial(FINISHED_TRIAL, NIGHT, RESULT)],
    ),
    "response_refusal": Refusal(
        id="a4", error="unknown_sleeper", message="no sleeper `bob`; there are anna"
    ),
}
"""Messages that the bridge sends, by the name of their file in `contract/`."""
