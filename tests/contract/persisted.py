"""One example of every record that is persisted, with a value in each field."""

from dataclasses import fields
from datetime import date
from typing import Any, Final

from limber_bridge.detection.bed_state import (
    AnkleState,
    BedMovement,
    BedMovementState,
    BedReport,
    BedState,
    LoadState,
    PendingChange,
)
from limber_bridge.detection.channel import SensorState
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
    FaultKind,
    Gap,
    Grade,
    Method,
    Movement,
    PlacementCheck,
    PlacementVerdict,
    PositionChange,
    RhythmicTrain,
    Series,
    SignalFault,
    Twitch,
    UnilateralMovement,
)
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.noise_floor import Noise
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.signal import SampleClock, Side
from limber_bridge.detection.tilt_reference import StrongTilt
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.nights import Import, MovementHours, Night
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.domain.settings import Settings
from limber_bridge.domain.trial import Arm, Trial, TrialAnswer, TrialOptions, TrialPlan

AT: Final = 1_795_384_800_000_000
"""us; 2026-11-23 00:00 in Berlin."""
NIGHT: Final = date(2026, 11, 23)


def example_measure(number: int, type_: str) -> Any:
    """Return a value of the type of a measure."""
    if "tuple" in type_:
        return (3, 0, number)
    return number + 0.5 if "float" in type_ else number


LEFT: Final = UnilateralMovement(
    side=Side.LEFT, onset=AT, end=AT + 2_100_000, peak=0.142, grade=Grade.MODERATE, turned=True
)
RIGHT: Final = UnilateralMovement(
    side=Side.RIGHT, onset=AT + 90_000, end=AT + 1_500_000, peak=0.31, grade=Grade.STRONG
)
CRAMP: Final = Cramp(
    onset=AT + 5_000_000,
    end=AT + 95_000_000,
    certainty=Certainty.PROBABLE,
    reason="the calf was tense without movement, then the leg was moved",
    strength=1.55,
    features={"baseline_uv": 5.5, "tense_s": 63.5},
)
EVENTS: Final[dict[str, Event]] = {
    "movement": Movement(onset=AT, end=AT + 2_100_000, parts=(LEFT, RIGHT), candidate=True),
    "position_change": PositionChange(onset=AT + 1, end=AT + 4_200_000),
    "twitch": Twitch(side=Side.RIGHT, onset=AT + 2, end=AT + 300_000, peak=0.07),
    "rhythmic_train": RhythmicTrain(side=Side.LEFT, onset=AT + 3, end=AT + 9_000_000, beats=11),
    "series": Series(onset=AT, end=AT + 99_000_000, last=AT + 97_000_000, movements=5, ended=True),
    "bed": BedTransition(onset=AT + 4, in_bed=True, method=Method.ANKLE),
    "gap": Gap(sensor=3, onset=AT + 5, end=AT + 60_000_000),
    "clock_step": ClockStep(onset=AT + 6, by=-3_600_000_000),
    "signal_fault": SignalFault(
        sensor=3, onset=AT + 7, end=AT + 70_000_000, fault=FaultKind.MAINS_HUM
    ),
    "cramp": CRAMP,
    "awakening": Awakening(onset=AT + 12),
    "factor": Factor(onset=AT + 8, factor=FactorKind.WARM_BATH, note="twenty minutes"),
    "placement_check": PlacementCheck(
        onset=AT + 13,
        end=AT + 60_000_000,
        sensor=3,
        verdict=PlacementVerdict.GOOD,
        noise=0.0021,
        pulls=(0.11, 0.14, 0.09, 0.12, 0.13),
        position_changed=True,
        lost_share=0.002,
    ),
}
"""By the name of their kind."""
MEASURES: Final = Measures(
    **{
        field.name: example_measure(number, str(field.type))
        for number, field in enumerate(fields(Measures), 1)
    }
)
FINISHED: Final = Night(
    sleeper="anna",
    date=date(2026, 11, 22),
    revision=2,
    start=AT - 90_000_000_000,
    end=AT - 60_000_000_000,
    rules="wasm-2016",
    in_bed_method=Method.LOAD,
    measures=MEASURES,
    sensitivity=1.25,
    imported=Import(recording="left-ankle.cwa", batch="20261123-101500-3fa2", time=AT + 8),
    hours=MovementHours(AT - 91_800_000_000, (12, None, 3, 0, 41)),
)
LABEL: Final = Label(id=f"cramp-{CRAMP.onset}", time=CRAMP.onset, cramp=False, about=CRAMP)
LABEL_OF_MOMENT: Final = Label(id=f"moment-{AT}", time=AT, cramp=True)
DIARY: Final = DiaryEntry(
    night=NIGHT, evening_symptoms=4, sleep_quality=7, cramp=True, cramp_pain=6
)
SETTINGS: Final = Settings(paused=True, sensitivity=1.25, calibrated=AT + 9)
TRIAL: Final = Trial(
    plan=TrialPlan(
        id=f"trial-{AT}",
        options=TrialOptions(
            factor=FactorKind.OTHER,
            name="weighted blanket",
            weeks=2,
            outcome="sleep_h",
            washout_nights=1,
            early_look=True,
        ),
        start=date(2026, 11, 9),
        seed=281_474_976_710_655,
        design=1,
        schedule=(Arm.WITH, Arm.WASHOUT, Arm.WITHOUT, Arm.WITHOUT, Arm.WITH, Arm.WITH, Arm.WITH)
        * 2,
    ),
    answers={
        date(2026, 11, 9): TrialAnswer(done=True, logged=AT + 20),
        date(2026, 11, 10): TrialAnswer(done=False),
    },
    looked=True,
    last_night=date(2026, 11, 21),
    stopped=True,
)
PIPELINE_STATE: Final = PipelineState(
    sensors={
        3: SensorState(
            first_sample=AT - 9_000_000,
            measured_until=AT,
            rate=50.0,
            noise=(Noise(0.002, 0.0004), Noise(0.003, 0.0005)),
            tilts=(
                StrongTilt(AT - 60_000_000, 0.05, 0.07),
                StrongTilt(AT - 20_000_000, 0.04, 0.09),
            ),
        ),
        4: SensorState(),
    },
    bed=BedState(
        in_bed=True,
        method=Method.ANKLE,
        last_epoch=AT - 30_000_000,
        earliest_change=AT - 900_000_000,
        pending=PendingChange(in_bed=False, since=AT - 40_000_000, until=AT - 10, onsets=3),
        last_since=AT - 45_000_000,
        load=LoadState(empty_kg=21.5, range_kg=(21.0, 24.5), tare_at=AT + 11),
        ankle=AnkleState(
            standing={3: (0.0, 0.1, 0.99)},
            lying={3: (0.9, 0.1, 0.2)},
            lying_before={3: (0.8, 0.5, 0.1)},
            recent_direction=(0.7, 0.6, 0.1),
            still_since=AT - 12,
            shaken_half_epochs=4,
            shaking_since=AT - 13,
            shaking_direction=(0.1, 0.2, 0.9),
            last_step=AT - 14,
            standing_since=AT - 15,
        ),
        bed_movement=BedMovementState(
            movements=(BedMovement(start=AT - 17, end=AT - 16, peak=0.02),),
            reliability=33,
            missed_epochs=2,
            streak=-5,
        ),
        reports=(BedReport(time=AT - 19, in_bed=False, since=AT - 50_000_000),),
        reported=((AT - 80_000_000, AT - 20_000_000),),
    ),
    calf_baseline=(4.9, 5.1),
)
READ_POSITIONS: Final = {3: [ReadPosition(boot=7, end=125), ReadPosition(boot=8, end=50)]}
TOPICS: Final = {"limber/bedroom/info", "limber/bedroom/anna/state"}


RAW_CLOCK: Final = SampleClock(95, AT, 49.87)
