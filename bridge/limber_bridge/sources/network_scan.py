"""List the network sensors that send frames to this machine, whether configured or not."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.signal import SECOND, Quantity
from limber_bridge.sources.frame_queue import ReceivedFrame
from limber_bridge.sources.frames import (
    NO_SIGNATURE,
    ClockFrame,
    Frame,
    InvalidFrameError,
    parse_frame,
    signed_difference,
)
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.network import ListenAddress, Receiver, open_port
from limber_bridge.sources.source_api import FoundSensor, SourceLostError
from limber_bridge.sources.standing import judge_any_sensor

DEFAULT_LISTEN: Final = ListenAddress("0.0.0.0", 47800)  # noqa: S104 - a scan is for all networks
"""Where a scan listens without a limber.yaml."""
SENSORS_EXPECTED: Final = 16
"""Sensors that may connect over TCP. Chosen: more than a home has."""
SENSORS_MAX: Final = 256
"""Most sensors that a scan lists. Chosen: a stranger could send any number of ids."""
RATE_MIN_SPAN_US: Final = SECOND
"""Shortest time over which a rate is measured."""
SETTLING_MAX_S: Final = 3.0
"""Time after the first frame that the rate leaves out. Chosen: a device that connects first sends
what it kept, within this time."""
SETTLING_SHARE: Final = 0.1
"""The same as a share of the time of the scan, for a short one."""

HEARD_RECENTLY_US: Final = 30 * SECOND
"""Time after its last frame for which a sensor counts as one that sends. Chosen: a person who looks
at the list has just switched it on."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a sensor had counted when a frame arrived."""

    boot: int
    number: int
    """Of the sample after the frame; wraps at 2**32."""
    arrived: int
    """us on the host's steady clock."""


@dataclass(slots=True)
class HeardSensor:
    """What a sensor has sent so far."""

    sensor: int
    address: str
    quantity: Quantity
    nominal_rate: float
    signed: bool
    battery: int | None
    first: Mark
    last: Mark
    settled: Mark | None = None
    """The first one after the frames that the sensor kept and sent at once; None: not yet."""

    @property
    def rate(self) -> float | None:
        """Return the rate in Hz by the sample numbers; None if it was watched too briefly.

        Samples are not counted: those that the sensor kept arrive faster than it measures.
        """
        if self.settled is None:
            return None
        span = self.last.arrived - self.settled.arrived
        if span < RATE_MIN_SPAN_US:
            return None
        return signed_difference(self.last.number - self.settled.number) * SECOND / span


class HeardSensors:
    """Remember which sensors that are not configured send frames to the running bridge."""

    def __init__(self) -> None:
        """Start without a sensor."""
        self._heard: dict[int, HeardSensor] = {}

    def note(self, received: ReceivedFrame) -> None:
        """Take in a frame of a sensor that is not configured."""
        self._forget_silent(received.arrived)
        note_frame(self._heard, received, round(SETTLING_MAX_S * SECOND))

    def found(self, now: int) -> Sequence[FoundSensor]:
        """Return those that send at a time (us on the host's steady clock), by their id."""
        self._forget_silent(now)
        return [found_sensor(self._heard[sensor]) for sensor in sorted(self._heard)]

    def _forget_silent(self, now: int) -> None:
        self._heard = {
            sensor: one
            for sensor, one in self._heard.items()
            if now - one.last.arrived < HEARD_RECENTLY_US
        }


async def scan_network(listen: ListenAddress, seconds: float) -> Sequence[FoundSensor]:
    """Return the sensors that send to a port within a number of seconds, by their id.

    Raises SourceLostError if the port is in use, or if only messages arrive that are no frames.
    """
    heard: dict[int, HeardSensor] = {}
    fault: str | None = None
    receiver = Receiver(HostClock(), judge_any_sensor, SENSORS_EXPECTED)
    settling_us = round(min(SETTLING_MAX_S, SETTLING_SHARE * seconds) * SECOND)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    async with AsyncExitStack() as stack:
        await open_scan_port(receiver, listen, stack)
        while loop.time() < end:
            received = await receiver.next_frame()
            if received is not None:
                fault = note_frame(heard, received, settling_us) or fault
    if fault is not None and not heard:
        raise SourceLostError(f"{fault}: correct what it sends")
    return [found_sensor(heard[sensor]) for sensor in sorted(heard)]


async def open_scan_port(receiver: Receiver, listen: ListenAddress, stack: AsyncExitStack) -> None:
    """Open the port until `stack` closes; SourceLostError, which mentions a running bridge."""
    try:
        await open_port(receiver, listen, stack)
    except SourceLostError as error:
        raise SourceLostError(
            f"{error}. A running bridge uses the port: its log names each sensor that sends to it "
            "and is not in limber.yaml"
        ) from error


def note_frame(
    heard: dict[int, HeardSensor], received: ReceivedFrame, settling_us: int
) -> str | None:
    """Take in one frame; return why it cannot be decoded and who sent it, None if it can."""
    try:
        frame = parse_frame(received.data)
    except InvalidFrameError as error:
        return f"{received.sender} sends {error}"
    if isinstance(frame, ClockFrame):
        return None
    mark = Mark(frame.boot, frame.sequence + frame.count, received.arrived)
    known = heard.get(frame.sensor)
    if known is not None:
        note_mark(known, mark, settling_us)
    elif len(heard) < SENSORS_MAX:
        heard[frame.sensor] = first_heard(frame, received.sender, mark)
    return None


def note_mark(known: HeardSensor, mark: Mark, settling_us: int) -> None:
    """Take in how far a known sensor has counted."""
    if mark.boot != known.last.boot:
        # A sensor that restarted counts from 0 again.
        known.first = mark
        known.settled = None
    if known.settled is None and mark.arrived - known.first.arrived >= settling_us:
        known.settled = mark
    known.last = mark


def first_heard(frame: Frame, address: str, mark: Mark) -> HeardSensor:
    """Return what the first frame of a sensor shows."""
    return HeardSensor(
        frame.sensor,
        address,
        frame.quantity,
        frame.rate,
        frame.signature != NO_SIGNATURE,
        frame.battery,
        mark,
        mark,
    )


def found_sensor(heard: HeardSensor) -> FoundSensor:
    """Return a sensor as a scan reports it."""
    configuration: dict[str, str | int] = {
        "id": heard.sensor,
        "source": "network",
        "quantity": heard.quantity,
    }
    if heard.signed:
        configuration["key"] = "the key that is set in the sensor"
    return FoundSensor(f"sensor {heard.sensor}", ", ".join(details(heard)), configuration)


def details(heard: HeardSensor) -> Iterator[str]:
    """Yield what is known of a sensor."""
    yield f"from {heard.address}"
    rate = "" if heard.rate is None else f" (measured {heard.rate:.1f} Hz)"
    yield f"{heard.quantity} at {heard.nominal_rate:g} Hz{rate}"
    if heard.battery is not None:
        yield f"battery {heard.battery} %"
    yield "signed" if heard.signed else "not signed"
