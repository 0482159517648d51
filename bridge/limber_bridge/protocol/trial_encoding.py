"""Encode personal trials as MQTT messages; pure functions.

Invariant: while a trial runs, no figure and nothing of the future schedule leaves the bridge, as
either would change what the person does or notices.
"""

from collections.abc import Iterable
from datetime import date

from limber_bridge.domain.nights import to_utc
from limber_bridge.domain.trial import Trial, TrialPhase, TrialStatus
from limber_bridge.domain.trial_result import TrialResult
from limber_bridge.protocol.encoding import PAGE_MAX_BYTES, fit_page
from limber_bridge.protocol.event_messages import TrialEventMessage
from limber_bridge.protocol.trial_messages import (
    TonightTrial,
    TrialMessage,
    TrialResultMessage,
    TrialsRequest,
    TrialsResponse,
)


def encode_trial(trial: Trial, tonight: date, result: TrialResult | None) -> TrialMessage:
    """Encode a trial; `result` is left out while it is running."""
    plan = trial.plan
    running = trial.status is TrialStatus.RUNNING
    return TrialMessage(
        id=trial.id,
        factor=plan.options.factor,
        name=plan.options.name,
        outcome=plan.options.outcome,
        weeks=plan.options.weeks,
        washout_nights=plan.options.washout_nights,
        early_look=plan.options.early_look,
        start=plan.start,
        end=trial.end,
        stopped=trial.last_night if trial.stopped else None,
        status=trial.status,
        nights=len(plan.schedule),
        night_number=plan.number(tonight) if running and trial.includes(tonight) else None,
        answered=len(trial.answers),
        followed=trial.followed,
        result=None if running or result is None else encode_result(result),
    )


def encode_result(result: TrialResult) -> TrialResultMessage:
    """Encode what a trial has shown."""
    return TrialResultMessage(
        verdict=result.verdict,
        effect=rounded(result.effect),
        low=rounded(result.low),
        high=rounded(result.high),
        p=rounded(result.p),
        nights_with=result.nights_with,
        nights_without=result.nights_without,
        at_early_look=result.at_early_look,
    )


def rounded(value: float | None) -> float | None:
    """Return a figure with the decimals that mean something."""
    return None if value is None else round(value, 4)


def encode_tonight(trial: Trial, tonight: date, last_over: date) -> TonightTrial:
    """Encode the trial that is running, as far as it concerns tonight.

    `last_over`: the last night whose middle is over.
    """
    plan = trial.plan
    return TonightTrial(
        id=trial.id,
        factor=plan.options.factor,
        name=plan.options.name,
        outcome=plan.options.outcome,
        night_number=plan.number(tonight) if trial.includes(tonight) else None,
        nights=len(plan.schedule),
        start=plan.start,
        end=trial.end,
        tonight=plan.arm(tonight),
        question=trial.question(last_over),
    )


def encode_phase(phase: TrialPhase, night: date) -> TrialEventMessage:
    """Encode that a trial was started, has finished or was stopped."""
    options = phase.trial.plan.options
    return TrialEventMessage(
        id=f"{phase.trial.id}-{phase.phase}",
        kind="trial",
        night=night,
        start=to_utc(phase.at),
        known_at=to_utc(phase.at),
        trial=phase.trial.id,
        factor=options.factor,
        name=options.name,
        phase=phase.phase.value,
    )


def trials_response(
    request: TrialsRequest, newest_first: Iterable[TrialMessage], max_bytes: int = PAGE_MAX_BYTES
) -> TrialsResponse:
    """Return the newest trials that fit."""
    return TrialsResponse(id=request.id, trials=tuple(fit_page([*newest_first], max_bytes)))
