"""Read Bluetooth sensors: through an adapter of this machine, or relayed by Home Assistant.

The libraries for Bluetooth are imported only where they are used, as they are an extra.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from limber_bridge.sources.bluetooth.decoder import SensorDecoder
from limber_bridge.sources.bluetooth.options import (
    SENSOR_SCHEMA,
    BluetoothOptions,
    make_options,
)
from limber_bridge.sources.bluetooth.profiles import LimberFrames
from limber_bridge.sources.bluetooth.relay import RelayReceiver, relay_profile
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.sensor_changes import SensorAdded, SensorRemoved
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
    readers = SensorReaders(request)
    task: asyncio.Task[None] | None = None
    try:
        for one in request.sensors:
            readers.add(SensorAdded(one, request.read_positions.get(one.sensor.id, ())))
        task = asyncio.create_task(readers.run())
        async for event in take_events(readers.events, task):
            yield event
    finally:
        if task is not None:
            task.cancel()
            # The streams are stopped before the source is closed.
            await asyncio.gather(task, return_exceptions=True)
        readers.close()


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


class SensorReaders:
    """Reads the sensors, and follows those that come and go; the links of the others stay."""

    def __init__(self, request: SourceRequest) -> None:
        """Start without sensors."""
        self._request = request
        self.events: Events = asyncio.Queue(MAX_QUEUED_EVENTS)
        """What the sensors have sent."""
        request.queue_sizes["bluetooth"] = self.events.qsize
        self._router = FrameRouter(replace(request, sensors=()))
        self._decoders: dict[int, SensorDecoder] = {}
        self._relays: dict[int, ExitStack] = {}
        """By id of each relayed sensor: what is undone when it goes."""
        self._local: dict[int, SensorRequest] = {}
        """The sensors that are read through an adapter of this machine."""
        self._radios: dict[str, Radio] = {}
        """By adapter, while it is open."""
        self._readings: dict[int, asyncio.Task[None]] = {}
        """By sensor id, while the adapters are open."""
        self._group: asyncio.TaskGroup | None = None
        self._preparing = asyncio.Lock()
        """Held while an adapter is switched on: only once for all of its sensors."""

    def add(self, added: SensorAdded) -> None:
        """Add a sensor; SourceLostError if a library is missing."""
        request: SensorRequest = added.request
        sensor = request.sensor.id
        if isinstance(request.options.profile.stream, LimberFrames):
            self._router.change((added,))
        decoder = SensorDecoder(request, self._router)
        self._decoders[sensor] = decoder
        if not request.options.relayed:
            self._local[sensor] = request
            return
        self._relays[sensor] = ExitStack()
        receiver = make_receiver(self._request, decoder, self.events)
        self._relays[sensor].enter_context(self._request.inbox.receiving(sensor, receiver))

    async def remove(self, sensor: int) -> None:
        """Remove a sensor, and end its link."""
        self._decoders.pop(sensor, None)
        self._local.pop(sensor, None)
        if sensor in self._relays:
            self._relays.pop(sensor).close()
        reading = self._readings.pop(sensor, None)
        if reading is not None:
            reading.cancel()
            await asyncio.wait([reading])
        self._router.change((SensorRemoved(sensor),))

    def close(self) -> None:
        """Take no more relayed messages."""
        for relay in self._relays.values():
            relay.close()

    async def run(self) -> None:
        """Read until cancelled; SourceLostError if a library or the adapter is missing."""
        lost: SourceLostError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read_adapters())
                group.create_task(self._follow_changes())
        except* SourceLostError as errors:
            lost = first_error(errors)
        if lost is not None:
            raise lost

    async def _follow_changes(self) -> None:
        """Add and remove sensors as it is asked for."""
        while True:
            for change in await self._request.changes.next():
                match change:
                    case SensorAdded(request=request):
                        await self._add_live(change, request.sensor.id)
                    case SensorRemoved(sensor=sensor):
                        await self.remove(sensor)

    async def _add_live(self, added: SensorAdded, sensor: int) -> None:
        """Add a sensor while others are read; what fails is an error of this sensor alone."""
        try:
            self.add(added)
        except SourceLostError as error:
            await self.events.put(FrameError(sensor, Reason.LINK_FAILED, str(error)))
            return
        if sensor in self._local and self._group is not None:
            self._readings[sensor] = self._group.create_task(self._read_when_possible(sensor))

    async def _read_when_possible(self, sensor: int) -> None:
        """Read a sensor that was added, as soon as its adapter can be used."""
        while True:
            try:
                await self._read(sensor)
            except SourceLostError as error:
                await self.events.put(FrameError(sensor, Reason.LINK_FAILED, str(error)))
            await asyncio.sleep(REOPEN_DELAY_S)

    async def _read_adapters(self) -> None:
        """Read the sensors of all adapters; if that ends, report why.

        While other sensors are relayed, it is tried again after a while.
        """
        while True:
            lost: SourceLostError | None = None
            try:
                async with asyncio.TaskGroup() as group:
                    self._group = group
                    for sensor in list(self._local):
                        self._readings[sensor] = group.create_task(self._read(sensor))
                    # Open until cancelled, so that sensors can be added.
                    await asyncio.Event().wait()
            except* SourceLostError as errors:
                lost = first_error(errors)
            finally:
                self._group = None
                self._readings.clear()
                self._radios.clear()
            assert lost is not None  # noqa: S101 - nothing else ends it
            for sensor in self._local:
                await self.events.put(FrameError(sensor, Reason.LINK_FAILED, str(lost)))
            if not self._relays:
                raise lost
            await asyncio.sleep(REOPEN_DELAY_S)

    async def _read(self, sensor: int) -> None:
        """Read a sensor until cancelled; SourceLostError if its adapter is missing or gone."""
        try:
            from limber_bridge.sources.bluetooth.bluez import prepare_adapter  # noqa: PLC0415
            from limber_bridge.sources.bluetooth.radio import Radio  # noqa: PLC0415
        except ImportError as error:
            raise MissingLibraryError("bluetooth") from error
        options = self._local[sensor].options
        async with self._preparing:
            adapter = await prepare_adapter(options.adapter)
        radio = self._radios.get(adapter)
        if radio is None:
            radio = Radio(adapter, self._request.host_clock, self.events.put)
            self._radios[adapter] = radio
        await radio.read(options, self._decoders[sensor])


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


def first_error(group: BaseExceptionGroup[SourceLostError]) -> SourceLostError:
    """Return the first exception of a group of groups."""
    error = group.exceptions[0]
    return first_error(error) if isinstance(error, BaseExceptionGroup) else error


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
            "(`sudo systemctl restart bluetooth`)"
        ) from error


def recognizes(options: BluetoothOptions, found: FoundSensor) -> bool:
    """Return whether a found device is the sensor with these options."""
    return options.matches(str(found.configuration["address"]), (found.name,))


def lacks_key(options: BluetoothOptions, _: object) -> bool:
    """Return whether any device in range can send as this sensor."""
    return isinstance(options.profile.stream, LimberFrames) and options.key is None


SOURCE: Final = Source(
    sensor_schema=SENSOR_SCHEMA,
    make_options=make_options,
    run=run,
    shared=True,
    changeable=True,
    # It reconnects by itself, each sensor alone; opening it again would break all other links.
    listens=True,
    scan=scan,
    silent_remedy=lambda _: (
        "switch it on, close its app on the phone, and bring it nearer to the adapter"
    ),
    recognizes=recognizes,
    describe_relay=relay_profile,
    lacks_key=lacks_key,
)
