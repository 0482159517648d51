"""What a source hands on: samples, and what is wrong."""

from collections.abc import AsyncGenerator, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import voluptuous as vol

from limber_bridge.detection.signal import SampleBlock, SampleClock, Sensor
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.host_clock import HostClock


class Reason(StrEnum):
    """What can be wrong with what a sensor sends."""

    MALFORMED = "malformed"
    UNKNOWN_SENSOR = "unknown_sensor"
    UNKNOWN_QUANTITY = "unknown_quantity"
    WRONG_QUANTITY = "wrong_quantity"
    WRONG_KEY = "wrong_key"
    REPEATED = "repeated"
    SATURATED = "saturated"
    RESTARTED = "restarted"
    CLOCK_JUMPED = "clock_jumped"
    OVERLOADED = "overloaded"

    @property
    def refuses(self) -> bool:
        """Whether the frame was thrown away."""
        return self not in (Reason.SATURATED, Reason.RESTARTED, Reason.CLOCK_JUMPED)


@dataclass(frozen=True, slots=True)
class Samples:
    """A block of good samples, or some of them NaN."""

    sensor: int
    block: SampleBlock
    battery: int | None = None
    """Percent."""
    read: ReadPosition | None = None
    """None: its frames are not signed, or it sends none."""

    def shifted(self, by: int) -> Self:
        """Return it with sample numbers that are higher by `by`."""
        block = self.block
        clock = self.block.clock
        later = SampleBlock(
            block.first + by,
            block.samples,
            SampleClock(clock.index + by, clock.time, clock.rate),
            block.rate,
        )
        return replace(self, block=later)


@dataclass(frozen=True, slots=True)
class FrameError:
    """Something is wrong with one frame or one sensor."""

    sensor: int | None
    """None: no sensor of ours."""
    reason: Reason
    detail: str
    """What it was and what to do, for a log."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A recording is over: nothing is to come from this sensor."""

    sensor: int


type Arrival = Samples | FrameError | Ended


@dataclass(frozen=True, slots=True)
class SensorRequest:
    """A sensor as the configuration wants it."""

    sensor: Sensor
    options: Any
    """What the source's `options` made of its keys in limber.yaml."""


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What a source is asked to deliver."""

    sensors: tuple[SensorRequest, ...]
    settings: Any
    """What the source's `settings` made of its section of limber.yaml; None where it has none."""
    calendar: Calendar
    """Of the bridge: its zone, and where its nights end."""
    host: HostClock
    begun: int
    """us; when the bridge began: what recordings without a date are laid by."""
    read: Mapping[int, Sequence[ReadPosition]] = field(default_factory=dict)
    """By sensor: how far each start of a device that signs has been read, the latest last."""
    queues: MutableMapping[str, Callable[[], int]] = field(default_factory=dict)
    """Where a source says how much waits in it, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One way in."""

    keys: vol.Schema
    """Of a sensor in limber.yaml: those that are the source's own."""
    options: Callable[[Mapping[str, Any], Path], Any]
    """Makes the options of a sensor out of these keys, checked; paths are relative to a folder.
    Raises voluptuous.Invalid."""
    section: vol.Schema | None = None
    """Of the section of limber.yaml that bears the source's name, where it has one."""
    settings: Callable[[Mapping[str, Any]], Any] = dict
    """Makes the settings of the source out of that section, checked."""
    needs: str = ""
    """What to write where that section is missing."""
    run: Callable[[SourceRequest], AsyncGenerator[Arrival]]
    """Delivers until it is closed; sample numbers begin where it likes. Raises SourceLostError when
    it cannot go on but may be tried again."""
    together: bool = False
    """One run serves all sensors of the source; else each sensor has its own."""
    listens: bool = False
    """It waits for sensors that call: where none does, to open it anew would help nobody, and close
    the door."""
    live: bool = True
    """Samples are of now; False: of a recording, with a time of its own."""


class SourceLostError(Exception):
    """A source cannot go on; trying again later may help. The text says what to do."""
