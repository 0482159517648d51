"""The messages on one sensor that a live page receives, ten a second. Pure.

Times are ms since 1970, UTC: JavaScript has no whole microseconds.
"""

from typing import Final

import msgspec
import numpy as np

from limber_bridge.detection.channel import ChannelOutput
from limber_bridge.detection.events import RhythmicTrain, Twitch
from limber_bridge.detection.movement_classifier import Found
from limber_bridge.detection.signal import Floats, Quantity
from limber_bridge.domain.placement_check import CheckProgress
from limber_bridge.protocol.health_messages import SensorHealth

US_PER_MS: Final = 1000
DECIMALS: Final = {Quantity.ACCELERATION: 5, Quantity.EMG: 2, Quantity.LOAD: 3}
"""Of a level. Chosen: a hundredth of the lowest threshold."""


class FoundMessage(msgspec.Struct, frozen=True):
    """Something that the sensor has found."""

    kind: str
    """`movement`, `position_change`, `twitch` or `rhythmic_train`."""
    begin: int
    end: int
    peak: float | None
    """In the unit of the quantity; None for a train."""
    grade: str | None
    """Of a movement."""


class LinkMessage(msgspec.Struct, frozen=True):
    """How the samples arrive."""

    connected: bool
    paused: bool
    rate: float | None
    """Hz."""
    quality: int | None
    """Percent of the samples of the last minute."""
    lost: int
    """Samples since the bridge started."""
    battery: int | None
    """Percent."""
    problem: str | None


class CheckMessage(msgspec.Struct, frozen=True):
    """How far the guided check has come."""

    step: str
    elapsed: int
    """ms since the step began."""
    duration: int
    """ms; length of the step."""
    pulls: list[float]
    verdict: str | None
    """The verdict, once it is known."""


class LiveMessage(msgspec.Struct, frozen=True):
    """Everything that is new of a sensor."""

    times: list[int]
    """Of each frame."""
    levels: list[float]
    """The envelope in each frame, in the unit of the quantity."""
    threshold: float | None
    """From which a movement begins; None until the noise is known."""
    found: list[FoundMessage]
    open: int | None
    """When the movement began that has not ended."""
    gravity: list[float] | None
    """Direction of the last frame in g; None where the sensor shows none."""
    rest: list[float] | None
    """Resting position of the last frame in g."""
    link: LinkMessage
    check: CheckMessage | None


def to_ms(time: int) -> int:
    """Return a time in us as ms."""
    return time // US_PER_MS


def found_message(one: Found) -> FoundMessage:
    """Return something that was found as a message."""
    begin = to_ms(one.onset)
    end = to_ms(one.end)
    match one:
        case RhythmicTrain():
            return FoundMessage("rhythmic_train", begin, end, None, None)
        case Twitch():
            return FoundMessage("twitch", begin, end, round(one.peak, 5), None)
        case _:
            kind = "position_change" if one.turned else "movement"
            return FoundMessage(kind, begin, end, round(one.peak, 5), one.grade)


def link_message(health: SensorHealth, *, paused: bool) -> LinkMessage:
    """Return the health of a sensor as a message."""
    return LinkMessage(
        connected=health.connected,
        paused=paused,
        rate=health.rate,
        quality=health.quality,
        lost=health.lost,
        battery=health.battery,
        problem=health.problem,
    )


def check_message(progress: CheckProgress) -> CheckMessage:
    """Return the progress of a check as a message."""
    result = progress.result
    return CheckMessage(
        step=progress.step,
        elapsed=to_ms(progress.elapsed),
        duration=to_ms(progress.duration),
        pulls=[round(pull, 5) for pull in progress.pulls],
        verdict=None if result is None else result.verdict,
    )


class SignalPart:
    """The part of the signal that was not sent yet."""

    def __init__(self, quantity: Quantity, *, shows_position: bool) -> None:
        """Start empty."""
        self._decimals = DECIMALS[quantity]
        self._shows_position = shows_position
        self.open: int | None = None
        """Onset (us) of the movement that has not ended."""
        self._threshold: float | None = None
        self._gravity: list[float] | None = None
        self._rest: list[float] | None = None
        self.clear()

    def clear(self) -> None:
        """Forget what was sent; the threshold and the direction still hold."""
        self._times: list[int] = []
        self._levels: list[float] = []
        self._found: list[FoundMessage] = []

    def add_output(self, output: ChannelOutput) -> None:
        """Add what a block has shown."""
        self._found += [found_message(one) for one in output.found]
        for trace in output.trace:
            frames = trace.frames
            if frames.envelope is None or not len(frames.times):
                continue
            self._times += (frames.times // US_PER_MS).tolist()
            self._levels += np.round(frames.envelope, self._decimals).tolist()
            known = np.isfinite(trace.movement_threshold)
            self._threshold = round(trace.movement_threshold, self._decimals) if known else None
            if self._shows_position:
                self._gravity = vector(frames.mean)
                self._rest = vector(frames.rest)

    def message(self, link: LinkMessage, check: CheckMessage | None) -> LiveMessage:
        """Return everything that is new."""
        return LiveMessage(
            times=self._times,
            levels=self._levels,
            threshold=self._threshold,
            found=self._found,
            open=None if self.open is None else to_ms(self.open),
            gravity=self._gravity,
            rest=self._rest,
            link=link,
            check=check,
        )


def vector(frames: Floats) -> list[float]:
    """Return the last of some frames, shape (3, n), rounded."""
    rounded: list[float] = np.round(frames[:, -1], 3).tolist()
    return rounded
