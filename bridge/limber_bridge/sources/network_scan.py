"""List the network sensors that send frames to this machine, whether configured or not."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.signal import SECOND, Quantity
from limber_bridge.sources.frames import (
    NO_SIGNATURE,
    ClockFrame,
    Frame,
    InvalidFrameError,
    parse_frame,
)
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.network import ListenAddress, ReceivedFrame, Receiver, open_port
from limber_bridge.sources.source_api import FoundSensor, SourceLostError

DEFAULT_LISTEN: Final = ListenAddress("0.0.0.0", 47800)  # noqa: S104 - a scan is for all networks
"""Where a scan listens without a limber.yaml."""
SENSORS_EXPECTED: Final = 16
"""Sensors whose frames a scan accepts at full rate. Chosen: more than a home has."""
SENSORS_MAX: Final = 256
"""Most sensors that a scan lists. Chosen: a stranger could send any number of ids."""
RATE_MIN_SPAN_US: Final = SECOND
"""Shortest time over which a rate is measured."""


@dataclass(slots=True)
class HeardSensor:
    """What a sensor has sent so far."""

    sensor: int
    address: str
    quantity: Quantity
    nominal_rate: float
    signed: bool
    battery: int | None
    first_arrived: int
    """us on the host's steady clock."""
    last_arrived: int
    samples: int = 0
    """Samples that arrived after the first frame."""

    @property
    def rate(self) -> float | None:
        """Return the samples per second that arrived; None if it was watched too briefly."""
        span = self.last_arrived - self.first_arrived
        return self.samples * SECOND / span if span >= RATE_MIN_SPAN_US else None


async def scan_network(listen: ListenAddress, seconds: float) -> Sequence[FoundSensor]:
    """Return the sensors that send to a port within a number of seconds, by their id.

    Raises SourceLostError if the port is in use.
    """
    heard: dict[int, HeardSensor] = {}
    receiver = Receiver(HostClock(), SENSORS_EXPECTED)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    async with AsyncExitStack() as stack:
        await open_scan_port(receiver, listen, stack)
        while loop.time() < end:
            received = await receiver.next_frame()
            if received is not None:
                note_frame(heard, received)
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


def note_frame(heard: dict[int, HeardSensor], received: ReceivedFrame) -> None:
    """Take in one frame; what cannot be decoded is ignored."""
    try:
        frame = parse_frame(received.data)
    except InvalidFrameError:
        return
    if isinstance(frame, ClockFrame):
        return
    known = heard.get(frame.sensor)
    if known is not None:
        known.samples += frame.count
        known.last_arrived = received.arrived
    elif len(heard) < SENSORS_MAX:
        heard[frame.sensor] = first_heard(frame, received)


def first_heard(frame: Frame, received: ReceivedFrame) -> HeardSensor:
    """Return what the first frame of a sensor shows."""
    return HeardSensor(
        frame.sensor,
        received.sender,
        frame.quantity,
        frame.rate,
        frame.signature != NO_SIGNATURE,
        frame.battery,
        received.arrived,
        received.arrived,
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
