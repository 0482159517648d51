"""Read Bluetooth sensors: through an adapter of this machine, or relayed by Home Assistant.

The libraries for Bluetooth are imported only where they are used, as they are an extra.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from limber_bridge.sources.bluetooth.decoder import SensorDecoder
from limber_bridge.sources.bluetooth.options import (
    SENSOR_SCHEMA,
    BluetoothOptions,
    make_options,
)
from limber_bridge.sources.bluetooth.profiles import LimberFrames
from limber_bridge.sources.bluetooth.relay import RelayReceiver, relay_profile
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.source_api import (
    FoundSensor,
    FrameError,
    MissingLibraryError,
    Reason,
    SensorRequest,
    Source,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)

if TYPE_CHECKING:
    from limber_bridge.sources.bluetooth.radio import Radio

LOG: Final = logging.getLogger(__name__)

MAX_QUEUED_EVENTS: Final = 4096
"""Events that wait for the bridge; relayed ones beyond are refused, others make the link wait."""
type Events = asyncio.Queue[SourceEvent | None]
"""None: the task that fills the queue has ended."""
REOPEN_DELAY_S: Final = 10.0
"""Time until adapters are opened again while sensors are relayed at the same time."""


async def run(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
    """Yield what the sensors send, until closed.

    SourceLostError if a library or the adapter is missing.
    """
    events: Events = asyncio.Queue(MAX_QUEUED_EVENTS)
    request.queue_sizes["bluetooth"] = events.qsize
    decoders = make_decoders(request)
    relayed = [one for one in request.sensors if one.options.relayed]
    local = [one for one in request.sensors if not one.options.relayed]
    with ExitStack() as stack:
        for sensor in relayed:
            receiver = make_receiver(request, decoders[sensor.sensor.id], events)
            stack.enter_context(request.inbox.receiving(sensor.sensor.id, receiver))
        task = asyncio.create_task(
            read_adapters(request, local, decoders, events, reopen=bool(relayed))
        )
        try:
            async for event in take_events(events, task):
                yield event
        finally:
            task.cancel()
            # The streams are stopped before the source is closed.
            await asyncio.gather(task, return_exceptions=True)


async def take_events(events: Events, task: asyncio.Task[None]) -> AsyncGenerator[SourceEvent]:
    """Yield the events of a queue; raise what the task raises that fills it."""

    def wake(done: asyncio.Task[None]) -> None:
        if not done.cancelled() and done.exception() is not None:
            # Where the queue is full, there is nothing to wake.
            with suppress(asyncio.QueueFull):
                events.put_nowait(None)

    task.add_done_callback(wake)
    while True:
        event = await events.get()
        if event is not None:
            yield event
        if events.empty() and task.done():
            task.result()


def make_decoders(request: SourceRequest) -> Mapping[int, SensorDecoder]:
    """Return the decoder of each sensor, by id; SourceLostError if a library is missing."""
    frames = tuple(
        one for one in request.sensors if isinstance(one.options.profile.stream, LimberFrames)
    )
    router = FrameRouter(replace(request, sensors=frames))
    return {one.sensor.id: SensorDecoder(one, router) for one in request.sensors}


def make_receiver(
    request: SourceRequest,
    decoder: SensorDecoder,
    events: Events,
) -> RelayReceiver:
    """Return what takes the relayed notifications of one sensor."""

    def deliver(event: SourceEvent) -> bool:
        if events.full():
            return False
        events.put_nowait(event)
        return True

    return RelayReceiver(decoder, lambda: request.host_clock.utc_offset, deliver)


async def read_adapters(
    request: SourceRequest,
    sensors: Sequence[SensorRequest],
    decoders: Mapping[int, SensorDecoder],
    events: Events,
    *,
    reopen: bool,
) -> None:
    """Read the sensors of all adapters; if that ends, report why.

    `reopen`: try again after a while instead of ending the source, which reads other sensors, too.
    """
    while sensors:
        lost = None
        try:
            await run_radios(request, sensors, decoders, events)
        except* SourceLostError as errors:
            lost = first_error(errors)
        if lost is None:
            return
        for one in sensors:
            await events.put(FrameError(one.sensor.id, Reason.LINK_FAILED, str(lost)))
        if not reopen:
            raise lost
        await asyncio.sleep(REOPEN_DELAY_S)


def first_error(group: BaseExceptionGroup[SourceLostError]) -> SourceLostError:
    """Return the first exception of a group of groups."""
    error = group.exceptions[0]
    return first_error(error) if isinstance(error, BaseExceptionGroup) else error


async def run_radios(
    request: SourceRequest,
    sensors: Sequence[SensorRequest],
    decoders: Mapping[int, SensorDecoder],
    events: Events,
) -> None:
    """Read the sensors through their adapters until cancelled; SourceLostError if one is gone."""
    try:
        from limber_bridge.sources.bluetooth.bluez import prepare_adapter  # noqa: PLC0415
        from limber_bridge.sources.bluetooth.radio import Radio  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("bluetooth") from error
    by_adapter: dict[str, list[tuple[Any, SensorDecoder]]] = {}
    for one in sensors:
        adapter = await prepare_adapter(one.options.adapter)
        by_adapter.setdefault(adapter, []).append((one.options, decoders[one.sensor.id]))
    radios: list[Radio] = [
        Radio(adapter, readers, request.host_clock, events.put)
        for adapter, readers in by_adapter.items()
    ]
    async with asyncio.TaskGroup() as group:
        for radio in radios:
            group.create_task(radio.run())


async def scan(seconds: float) -> Sequence[FoundSensor]:
    """Return the sensors in range; SourceLostError if a library or the adapter is missing."""
    try:
        from limber_bridge.sources.bluetooth.bluez import prepare_adapter  # noqa: PLC0415
        from limber_bridge.sources.bluetooth.link import LINK_ERRORS  # noqa: PLC0415
        from limber_bridge.sources.bluetooth.scanner import list_sensors  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("bluetooth") from error
    adapter = await prepare_adapter(None)
    try:
        return await list_sensors(adapter, seconds)
    except LINK_ERRORS as error:
        raise SourceLostError(
            f"cannot scan with the adapter {adapter} ({error}): restart the Bluetooth service "
            "(`systemctl restart bluetooth`)"
        ) from error


def recognizes(options: BluetoothOptions, found: FoundSensor) -> bool:
    """Return whether a found device is the sensor with these options."""
    return options.matches(str(found.configuration["address"]), (found.name,))


SOURCE: Final = Source(
    sensor_schema=SENSOR_SCHEMA,
    make_options=make_options,
    run=run,
    shared=True,
    # It reconnects by itself, each sensor alone; opening it again would break all other links.
    listens=True,
    scan=scan,
    silent_remedy=lambda _: (
        "switch it on, close its app on the phone, and bring it nearer to the adapter"
    ),
    recognizes=recognizes,
    describe_relay=relay_profile,
)
