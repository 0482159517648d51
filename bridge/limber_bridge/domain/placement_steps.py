"""The steps of the guided check, and how long each of them lasts. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from limber_bridge.detection.signal import SECOND


class Step(StrEnum):
    """What a person is asked to do."""

    SETTLE = "settle"
    """Lie down comfortably; nothing is judged."""
    STILL = "still"
    PULL = "pull"
    """Pull the toes up five times, each time the page says so."""
    TURN = "turn"


@dataclass(frozen=True, slots=True)
class StepTimes:
    """When a step lasts, in us since the check began."""

    step: Step
    begin: int
    end: int


DURATIONS_US: Final = {
    Step.SETTLE: 3 * SECOND,
    Step.STILL: 12 * SECOND,
    Step.PULL: 25 * SECOND,
    Step.TURN: 20 * SECOND,
}
"""Chosen: one minute in all. The noise is known after six looks of one second, and a limb that
stays elsewhere is known to have turned after 10 s (docs/science.md#held-limb)."""
PULL_CUES_US: Final = tuple(round((1.0 + 4.5 * number) * SECOND) for number in range(5))
"""When the page asks for each pull, from the begin of the step. Chosen: slower than the slowest
rhythmic train of 0.3 Hz (docs/science.md#rhythmic-trains), so that no pulls pass for one."""
PULL_HOLD_US: Final = round(1.5 * SECOND)
"""How long the toes are held up. Chosen: three times the shortest leg movement."""


def steps_of(*, shows_position: bool) -> tuple[StepTimes, ...]:
    """Return the steps; a sensor that shows no position is not asked to see a turn."""
    steps: list[StepTimes] = []
    begin = 0
    for step, duration in DURATIONS_US.items():
        if step is Step.TURN and not shows_position:
            continue
        steps.append(StepTimes(step, begin, begin + duration))
        begin += duration
    return tuple(steps)
