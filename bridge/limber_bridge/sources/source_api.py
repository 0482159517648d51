"""The contract between the bridge and a source of samples.

A source reads sensors of one kind: frames from the network, a recorded night, a simulated sleeper.
To write a new one, add a module to this package with

* a voluptuous schema for the keys that a sensor of this source has in limber.yaml,
* a function that turns these keys, once checked, into an options object,
* an asynchronous generator `run(request)` that yields `SourceEvent`s, and
* a `Source` that holds all of this; add it to `SOURCES`.

What the bridge expects of `run`:

* It yields samples as soon as it has them, in the order in which each sensor took them. Samples are
  in the unit of the sensor's quantity. A sample that the source knows to be wrong (saturated,
  unreadable) is NaN; a lost sample has no block, its number is left out.
* Sample numbers start at any value and never go back within one run. `SampleClock` places them in
  UTC; use `request.host_clock`, never the system's clock, which can be set at any time.
* Bad data is a `FrameError` with a reason and a remedy, not an exception.
* It raises `SourceLostError` when it cannot go on (port in use, device unplugged). The bridge logs
  the text and calls `run` again later.
* It returns only when nothing more will ever come, after an `Ended` for each of its sensors.
* When it is closed it releases everything that it opened.
* If it is `changeable`, it takes in `request.changes` before it reads the next sample.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import voluptuous as vol

from limber_bridge.detection.signal import Quantity, SampleBlock, SampleClock, Sensor
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.inbox import Inbox
from limber_bridge.sources.sensor_changes import SensorChanges


class Reason(StrEnum):
    """What can be wrong with the data of a sensor."""

    MALFORMED = "malformed"
    UNKNOWN_SENSOR = "unknown_sensor"
    UNKNOWN_QUANTITY = "unknown_quantity"
    WRONG_QUANTITY = "wrong_quantity"
    WRONG_KEY = "wrong_key"
    REPEATED = "repeated"
    SATURATED = "saturated"
    RESTARTED = "restarted"
    CLOCK_JUMPED = "clock_jumped"
    COUNTS_FRAMES = "counts_frames"
    WRONG_RATE = "wrong_rate"
    WRONG_CLOCK_SPEED = "wrong_clock_speed"
    WRONG_BYTE_ORDER = "wrong_byte_order"
    WRONG_GRAVITY = "wrong_gravity"
    OVERLOADED = "overloaded"
    UNKNOWN_SENDERS = "unknown_senders"
    """More arrived from senders that have proven nothing than is read of them."""
    LINK_FAILED = "link_failed"
    """The sensor is not in range, refuses the connection, or does not start its stream."""
    NO_GRAVITY = "no_gravity"
    WRONG_UNIT = "wrong_unit"
    TOO_SLOW = "too_slow"
    WRONG_CLOCK = "wrong_clock"
    SOURCE_FAILED = "source_failed"
    """The part of the bridge that reads the sensor failed with an unexpected error."""

    @property
    def discards_frame(self) -> bool:
        """Whether the frame was discarded; otherwise its samples are used."""
        return self not in (
            Reason.SATURATED,
            Reason.RESTARTED,
            Reason.CLOCK_JUMPED,
            Reason.LINK_FAILED,
            Reason.WRONG_CLOCK,
            Reason.SOURCE_FAILED,
        )


@dataclass(frozen=True, slots=True)
class Samples:
    """A block of samples of one sensor."""

    sensor: int
    block: SampleBlock
    battery: int | None = None
    """Charge in percent; None: unknown."""
    read_position: ReadPosition | None = None
    """How far the frames have been read; None if the source cannot recognize what it read."""
    signal_strength: int | None = None
    """Strength of the radio link in dBm; None: unknown, or no radio."""
    read_before: bool = False
    """Whether a previous run of the bridge has read the samples: they only bring the detection to
    where it was."""
    resends: bool = False
    """Whether the device has sent again, after a connect, what its memory holds."""

    def renumbered(self, offset: int) -> Self:
        """Return the same samples with `offset` added to their numbers."""
        block = self.block
        clock = SampleClock(block.clock.index + offset, block.clock.time, block.clock.rate)
        return replace(
            self, block=SampleBlock(block.first + offset, block.samples, clock, block.rate)
        )


@dataclass(frozen=True, slots=True)
class FrameError:
    """Something is wrong with one frame, or with one sensor."""

    sensor: int | None
    """None: it cannot be assigned to a configured sensor."""
    reason: Reason
    detail: str
    """What happened and what to do about it, for the log."""
    unproven: bool = False
    """Whether someone else than the sensor may have sent the frame."""


@dataclass(frozen=True, slots=True)
class Resent:
    """A device sent samples again that had been read already; they were skipped.

    A device does so after each reconnect, as it cannot know what arrived. It is no error.
    """

    sensor: int
    samples: int
    """Number of samples."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The recording of a sensor has been played to its end; no more samples will come."""

    sensor: int


type SourceEvent = Samples | FrameError | Resent | Ended


@dataclass(frozen=True, slots=True)
class SensorRequest:
    """A sensor that a source must read."""

    sensor: Sensor
    options: Any
    """What `Source.make_options` returned for its keys in limber.yaml."""


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What a run of a source must deliver, and what it may use for that."""

    sensors: tuple[SensorRequest, ...]
    settings: Any
    """What `Source.make_settings` returned for its section of limber.yaml; None without one."""
    calendar: Calendar
    """The bridge's time zone and night boundary."""
    host_clock: HostClock
    started_at: int
    """When the bridge started, in us UTC: recordings without a date are placed relative to it."""
    read_positions: Mapping[int, Sequence[ReadPosition]] = field(default_factory=dict)
    """By sensor: how far the signed frames of each boot have been read, the latest boot last."""
    queue_sizes: MutableMapping[str, Callable[[], int]] = field(default_factory=dict)
    """By name: functions that return how much is waiting. A source that queues data adds one."""
    inbox: Inbox = field(default_factory=Inbox)
    """Where a source registers for messages that other parts of the bridge receive."""
    note_unknown: Callable[[Any], None] = lambda _: None
    """Takes a `ReceivedFrame` of a sensor that is not configured, to offer it to a person."""
    changes: SensorChanges = field(default_factory=SensorChanges)
    """Sensors that come and go while the source runs, if it is `changeable`."""


@dataclass(frozen=True, slots=True)
class FoundSensor:
    """A sensor that a scan has found."""

    name: str
    """How the person recognizes it, for example the name that the device advertises."""
    detail: str
    """What is known of it (signal strength, battery) and what the person must do, if anything."""
    configuration: Mapping[str, str | int]
    """Keys and values to write under `sensors` in limber.yaml; `id` is added by the caller."""
    sends_id: bool = False
    """Whether the sensor sends an id of its own, which the scan does not know: limber.yaml must
    contain the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of source: its part of limber.yaml, and how to run it."""

    sensor_schema: vol.Schema
    """Schema of the keys that only sensors of this source have."""
    make_options: Callable[[Mapping[str, Any], Path], Any]
    """Turns these keys, checked, into the options of a sensor; relative paths are relative to the
    folder given. Raises voluptuous.Invalid."""
    section_schema: vol.Schema | None = None
    """Schema of the section of limber.yaml with the source's name; None if there is no section."""
    make_settings: Callable[[Mapping[str, Any]], Any] = dict
    """Turns that section, checked, into the settings of the source."""
    missing_section_help: str = ""
    """What to write when a sensor uses the source and the section is missing."""
    run: Callable[[SourceRequest], AsyncGenerator[SourceEvent]]
    """Yields samples and errors until it is closed. Raises SourceLostError."""
    shared: bool = False
    """True: one run serves all sensors of the source. False: one run for each sensor."""
    changeable: bool = False
    """Whether one run takes in `SourceRequest.changes`. False: a shared source is run again when
    its sensors change, and the others miss what they send meanwhile."""
    listens: bool = False
    """True: sensors connect to the source. Reopening it does not bring back a silent sensor, so the
    bridge leaves it open."""
    quantities: tuple[Quantity, ...] = tuple(Quantity)
    """What sensors of this source can measure."""
    receives_posts: Callable[[Any], bool] = lambda _: False
    """Whether a sensor with these options needs the HTTP server of the bridge."""
    receives_mqtt: Callable[[Any], bool] = lambda _: False
    """Whether a sensor with these options sends over the MQTT broker."""
    silent_remedy: Callable[[Any], str] = lambda _: (
        "check its power, its network, and the address it sends to"
    )
    """What to do if a sensor with these options sends nothing."""
    live: bool = True
    """True: samples belong to the present. False: they belong to a recording with its own time."""
    scan: Callable[[float], Awaitable[Sequence[FoundSensor]]] | None = None
    """Looks for sensors for a number of seconds; None where there is nothing to look for. Raises
    SourceLostError where it cannot look."""
    recognizes: Callable[[Any, FoundSensor], bool] = lambda *_: False
    """Whether what a scan found is the sensor with these options."""
    lacks_key: Callable[[Any, Any], bool] = lambda *_: False
    """Whether anyone in range can send for a sensor with these options, under these settings of the
    source, because it has no `key`."""
    describe_relay: Callable[[Any], Mapping[str, Any] | None] | None = None
    """Returns, from the options of a sensor, what a client such as Home Assistant must do to relay
    it, as JSON values (docs/protocol.md#relayed-sensors); None where the source reads the sensor
    itself. None: no sensor of this source is relayed."""


class SourceLostError(Exception):
    """A source cannot continue; a later attempt may succeed. The text says what to do."""


class MissingLibraryError(SourceLostError):
    """The optional library of a source is not installed."""

    def __init__(self, extra: str) -> None:
        """Name the extra of limber-bridge that installs it."""
        self.remedy = (
            f"a library is missing: run `script/setup bridge-{extra}` in the folder of Limber (or "
            f"`pip install './bridge[{extra}]'`)"
        )
        super().__init__(f"{self.remedy}, then start the bridge again")
        self.extra = extra
