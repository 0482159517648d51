"""Personal trials as persisted payloads. Dates are ISO; times are us, UTC."""

from datetime import date
from typing import Annotated, Final

import msgspec

from limber_bridge.domain.nights import EARLIEST_NIGHT
from limber_bridge.domain.trial import (
    MAX_WASHOUT_NIGHTS,
    MAX_WEEKS,
    MIN_WEEKS,
    TRIAL_OUTCOMES,
    Arm,
    Trial,
    TrialAnswer,
    TrialOptions,
    TrialPlan,
)
from limber_bridge.domain.trial_schedule import DESIGN
from limber_bridge.storage.records.enum_names import FACTORS, EnumNames
from limber_bridge.storage.records.payload import (
    Count,
    PayloadFormat,
    Time,
    UnreadableRecordError,
    unchanged,
)

ARMS: Final = EnumNames("arm", {"with": Arm.WITH, "without": Arm.WITHOUT, "washout": Arm.WASHOUT})


LATEST_START: Final = date(2200, 1, 1)
"""chosen: later dates are damage."""


class TrialAnswerRecord(msgspec.Struct, frozen=True):
    """What was done in the evening before a night."""

    night: date
    done: bool
    logged: Time | None


class TrialRecord(msgspec.Struct, frozen=True):
    """A trial."""

    factor: str
    name: str | None
    weeks: Annotated[int, msgspec.Meta(ge=MIN_WEEKS, le=MAX_WEEKS)]
    outcome: str
    washout_nights: Annotated[int, msgspec.Meta(ge=0, le=MAX_WASHOUT_NIGHTS)]
    early_look: bool
    start: date
    seed: Count
    design: Annotated[int, msgspec.Meta(ge=1, le=DESIGN)]
    schedule: tuple[str, ...]
    answers: tuple[TrialAnswerRecord, ...]
    looked: bool
    last_night: date | None
    stopped: bool


TRIAL: Final = PayloadFormat("trial", TrialRecord, (unchanged,))


def encode_trial(trial: Trial) -> str:
    """Return a trial as its payload."""
    plan = trial.plan
    options = plan.options
    return TRIAL.encode(
        TrialRecord(
            factor=FACTORS.name(options.factor),
            name=options.name,
            weeks=options.weeks,
            outcome=options.outcome,
            washout_nights=options.washout_nights,
            early_look=options.early_look,
            start=plan.start,
            seed=plan.seed,
            design=plan.design,
            schedule=tuple(ARMS.name(arm) for arm in plan.schedule),
            answers=tuple(
                TrialAnswerRecord(night=night, done=answer.done, logged=answer.logged)
                for night, answer in sorted(trial.answers.items())
            ),
            looked=trial.looked,
            last_night=trial.last_night,
            stopped=trial.stopped,
        )
    )


def decode_trial(id_: str, payload: str) -> Trial:
    """Return the trial with an id; UnreadableRecordError."""
    record = TRIAL.decode(payload)
    options = TrialOptions(
        factor=FACTORS.member(record.factor),
        name=record.name,
        weeks=record.weeks,
        outcome=record.outcome,
        washout_nights=record.washout_nights,
        early_look=record.early_look,
    )
    if record.outcome not in TRIAL_OUTCOMES:
        raise UnreadableRecordError(f"trial: unknown outcome {record.outcome!r}")
    if not EARLIEST_NIGHT <= record.start <= LATEST_START:
        raise UnreadableRecordError(f"trial: impossible start {record.start}")
    if len(record.schedule) != options.nights:
        raise UnreadableRecordError(f"trial: {len(record.schedule)} nights in {record.weeks} weeks")
    return Trial(
        plan=TrialPlan(
            id=id_,
            options=options,
            start=record.start,
            seed=record.seed,
            design=record.design,
            schedule=tuple(ARMS.member(name) for name in record.schedule),
        ),
        answers={one.night: TrialAnswer(one.done, one.logged) for one in record.answers},
        looked=record.looked,
        last_night=record.last_night,
        stopped=record.stopped,
    )
