"""Sensors of a personal trial: the plan for tonight, and what the last trial has shown.

While a trial is running, nothing here depends on its nights: that would spoil it.
"""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription

from .const import START_TRIAL_COMMAND, TRIAL_VERDICTS
from .entity import SleeperEntity
from .wire_trials import RunningTrial, Trial

NO_TRIAL: Final = "no_trial"
NO_RESULT: Final = "none"

TRIAL_PLAN = SensorEntityDescription(
    key="trial_plan_tonight",
    device_class=SensorDeviceClass.ENUM,
    options=["with", "without", "washout", NO_TRIAL],
)
TRIAL_RESULT = SensorEntityDescription(
    key="trial_result",
    device_class=SensorDeviceClass.ENUM,
    options=[*TRIAL_VERDICTS, NO_RESULT],
)


def describe_trial(trial: RunningTrial | Trial) -> dict[str, Any]:
    """Return the attributes that say which trial it is."""
    return {
        "factor": trial.factor,
        "name": trial.name,
        "outcome": trial.outcome,
        "night_number": trial.night_number,
        "nights": trial.nights,
        "start": trial.start.isoformat(),
        "end": trial.end.isoformat(),
    }


class TrialSensor(SleeperEntity, SensorEntity):
    """A sensor of a personal trial."""

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.supports(START_TRIAL_COMMAND)


class TrialPlanSensor(TrialSensor):
    """What the plan of the running trial says for tonight."""

    @property
    def _trial(self) -> RunningTrial | None:
        return None if self._state is None else self._state.trial

    @property
    @override
    def native_value(self) -> str:
        # Before its first night, a trial has no plan for tonight.
        planned = None if self._trial is None else self._trial.tonight
        return planned or NO_TRIAL

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        if self._state is None or self._trial is None:
            return {}
        return describe_trial(self._trial) | {"night": self._state.tonight.night.isoformat()}


class TrialResultSensor(TrialSensor):
    """What the last trial that has ended has shown."""

    @property
    def _trial(self) -> Trial | None:
        return None if self._state is None else self._state.last_trial

    @property
    @override
    def native_value(self) -> str | None:
        if self._trial is None or self._trial.result is None:
            return NO_RESULT
        verdict = self._trial.result.verdict
        # A newer bridge may know more of them.
        return verdict if verdict in TRIAL_VERDICTS else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        if self._trial is None:
            return {}
        described = describe_trial(self._trial) | {"status": self._trial.status}
        result = self._trial.result
        if result is None:
            return described
        return described | {
            "effect": result.effect,
            "low": result.low,
            "high": result.high,
            "p": result.p,
            "nights_with": result.nights_with,
            "nights_without": result.nights_without,
            "at_early_look": result.at_early_look,
        }
