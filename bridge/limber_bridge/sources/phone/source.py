"""`source: phone`: the accelerometer of a phone or a watch, by an app on the phone."""

import asyncio
import re
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from limber_bridge.detection.signal import SECOND, Quantity
from limber_bridge.domain.signing_keys import find_weakness
from limber_bridge.domain.validators import host_name, whole_number
from limber_bridge.sources.inbox import Delivery, Refusal
from limber_bridge.sources.phone.phone_reader import PhoneReader
from limber_bridge.sources.phone.readings import Stream
from limber_bridge.sources.phone.sensor_server import read_messages
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Source,
    SourceEvent,
    SourceRequest,
)

MIN_SECRET_LENGTH: Final = 16
"""Characters. Chosen: with 64 possible characters, 96 bits, which cannot be guessed."""
MAX_QUEUED_EVENTS: Final = 4096
"""Blocks and errors that wait for the bridge. Chosen: an hour of messages, about 20 MB."""
OVERLOAD_TEXT: Final = "The bridge cannot keep up: send fewer sensors, or at a lower frequency."
STREAMS: Final = tuple(str(stream) for stream in Stream)


@dataclass(frozen=True, slots=True)
class SensorLoggerOptions:
    """A phone that sends with the app Sensor Logger."""

    secret: str = field(repr=False)
    """Part of the address for HTTP; empty where the messages come over MQTT."""
    mqtt: bool
    """Whether the messages come over MQTT."""
    stream: Stream | None
    """What to read; None: the best that has gravity."""


@dataclass(frozen=True, slots=True)
class SensorServerOptions:
    """A phone that serves its samples with the app SensorServer."""

    host: str
    port: int


type PhoneOptions = SensorLoggerOptions | SensorServerOptions


def ingest_secret(value: object) -> str:
    """Check the secret in the address to which a phone posts."""
    if isinstance(value, str) and re.fullmatch(rf"[A-Za-z0-9_-]{{{MIN_SECRET_LENGTH},}}", value):
        weakness = find_weakness(value)
        if weakness is None:
            return value
        raise vol.Invalid(
            f"the secret is too weak, as {weakness}: write one that cannot be guessed, for example "
            f"{new_secret()}"
        )
    if isinstance(value, int | float):
        raise vol.Invalid("write it in quotes, as it looks like a number")
    raise vol.Invalid(
        f"write at least {MIN_SECRET_LENGTH} letters, digits, - or _ that cannot be guessed, for "
        f"example {new_secret()}"
    )


def new_secret() -> str:
    """Return a random secret."""
    return secrets.token_urlsafe(18)


SENSOR_SCHEMA: Final = vol.Schema(
    {
        vol.Optional("app", default="sensor_logger"): vol.In(
            ("sensor_logger", "sensor_server"), msg="write sensor_logger or sensor_server"
        ),
        vol.Optional("via"): vol.In(("http", "mqtt"), msg="write http or mqtt"),
        vol.Optional("secret"): ingest_secret,
        vol.Optional("stream"): vol.In(STREAMS, msg=f"write {', '.join(STREAMS)}"),
        vol.Optional("host"): host_name,
        vol.Optional("port"): whole_number(1, 65535),
    }
)


def make_options(values: Mapping[str, Any], folder: Path) -> PhoneOptions:
    """Return the options of a phone; voluptuous.Invalid where keys do not fit together."""
    del folder
    if values["app"] == "sensor_server":
        refuse_keys(values, ("via", "secret", "stream"), "Sensor Logger")
        if "host" not in values:
            raise vol.Invalid("add `host` and `port`, as the app shows them")
        return SensorServerOptions(values["host"], values.get("port", 8080))
    refuse_keys(values, ("host", "port"), "SensorServer")
    mqtt = values.get("via") == "mqtt"
    if mqtt and "secret" in values:
        raise vol.Invalid("remove it: over MQTT the broker checks who may send", path=["secret"])
    if not mqtt and "secret" not in values:
        raise vol.Invalid(
            f"add a `secret` for the address of the phone, for example {new_secret()}"
        )
    stream = Stream(values["stream"]) if "stream" in values else None
    return SensorLoggerOptions(values.get("secret", ""), mqtt, stream)


def silent_remedy(options: PhoneOptions) -> str:
    """Return what to do if a phone sends nothing."""
    if isinstance(options, SensorServerOptions):
        return "start the server in the app, and compare the address with `host` and `port`"
    where = "the broker and the topic" if options.mqtt else "the push URL with `id` and `secret`"
    return f"start a recording in the app, and compare {where} (docs/hardware/phone.md)"


def receives_posts(options: PhoneOptions) -> bool:
    """Return whether a phone sends over HTTP."""
    return isinstance(options, SensorLoggerOptions) and not options.mqtt


def receives_mqtt(options: PhoneOptions) -> bool:
    """Return whether a phone sends over the MQTT broker."""
    return isinstance(options, SensorLoggerOptions) and options.mqtt


def refuse_keys(values: Mapping[str, Any], keys: tuple[str, ...], app: str) -> None:
    """Raise voluptuous.Invalid for a key that only another app has."""
    for key in keys:
        if key in values:
            raise vol.Invalid(f"remove it, or choose another `app`: only {app} has it", path=[key])


class EventQueue:
    """Holds what was made of messages until the bridge takes it."""

    def __init__(self) -> None:
        """Start empty."""
        self._events: deque[SourceEvent] = deque()
        self._filled = asyncio.Event()

    def put(self, events: list[SourceEvent]) -> None:
        """Add events."""
        self._events.extend(events)
        self._filled.set()

    def put_overload(self, error: FrameError) -> None:
        """Add an error in the place that is left for it, if it is still free."""
        if len(self._events) <= MAX_QUEUED_EVENTS:
            self.put([error])

    def is_full(self) -> bool:
        """Return whether no further message should be accepted."""
        return len(self._events) >= MAX_QUEUED_EVENTS

    def size(self) -> int:
        """Return how many events wait."""
        return len(self._events)

    async def take(self, timeout_s: float | None) -> list[SourceEvent]:
        """Wait for events and return all of them; none if none came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._filled.wait()
        except TimeoutError:
            return []
        self._filled.clear()
        events = list(self._events)
        self._events.clear()
        return events


async def run(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
    """Yield the samples of one phone, until closed; SourceLostError."""
    (sensor_request,) = request.sensors
    options: PhoneOptions = sensor_request.options
    async with aclosing(events_of(request, sensor_request.sensor.id, options)) as events:
        async for event in events:
            yield event


def events_of(
    request: SourceRequest, sensor: int, options: PhoneOptions
) -> AsyncGenerator[SourceEvent]:
    """Return the generator of the app that a phone uses."""
    match options:
        case SensorLoggerOptions():
            return receive_sensor_logger(request, sensor, options)
        case SensorServerOptions():
            return read_sensor_server(request, sensor, options)


async def receive_sensor_logger(
    request: SourceRequest, sensor: int, options: SensorLoggerOptions
) -> AsyncGenerator[SourceEvent]:
    """Yield the samples of the messages that the inbox delivers for a sensor."""
    reader = PhoneReader(sensor, options.stream, request.read_positions.get(sensor, ()))
    queue = EventQueue()
    host_clock = request.host_clock
    request.queue_sizes[f"phone {sensor}"] = queue.size

    def receive(delivery: Delivery) -> Refusal | None:
        if queue.is_full():
            queue.put_overload(FrameError(sensor, Reason.OVERLOADED, OVERLOAD_TEXT))
            return Refusal(OVERLOAD_TEXT)
        events, refusal = reader.process_body(
            delivery.payload, delivery.arrived, host_clock.utc_offset
        )
        queue.put(events)
        return refusal

    with request.inbox.receiving(sensor, receive, options.secret):
        while True:
            due_at = reader.due_at()
            wait_s = None if due_at is None else max(0, due_at - host_clock.steady()) / SECOND
            for event in await queue.take(wait_s):
                yield event
            for event in reader.process_due(host_clock.steady(), host_clock.utc_offset):
                yield event


async def read_sensor_server(
    request: SourceRequest, sensor: int, options: SensorServerOptions
) -> AsyncGenerator[SourceEvent]:
    """Yield the samples that SensorServer sends; SourceLostError."""
    reader = PhoneReader(sensor, has_utc=False)
    host_clock = request.host_clock
    messages = read_messages(options.host, options.port, host_clock)
    async with aclosing(messages):
        async for message in messages:
            events, _ = reader.process_message(message, host_clock.utc_offset)
            for event in events:
                yield event


SOURCE: Final = Source(
    sensor_schema=SENSOR_SCHEMA,
    make_options=make_options,
    run=run,
    listens=True,
    receives_posts=receives_posts,
    silent_remedy=silent_remedy,
    receives_mqtt=receives_mqtt,
    quantities=(Quantity.ACCELERATION,),
)
