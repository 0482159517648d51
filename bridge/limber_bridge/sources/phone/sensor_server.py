"""Read the accelerometer of an Android phone from the app SensorServer, over a WebSocket.

Each sample comes in a message of its own, with the time since the phone started. Protocol: README
of https://github.com/umer0586/SensorServer.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import aiohttp
import msgspec
import numpy as np

from limber_bridge.domain.foreign_text import printable
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.phone.messages import PhoneMessage, Readings, Sensor
from limber_bridge.sources.source_api import SourceLostError

BATCH_S: Final = 0.25
"""Time for which samples are collected into a message. Chosen: little delay, and few messages."""
SILENCE_S: Final = 10.0
"""Time without a sample after which the connection counts as lost. Chosen: the app sends at least
five per second."""
MAX_MESSAGE_BYTES: Final = 4096
"""Largest message. Chosen: many times that of a sample."""


class _Sample(msgspec.Struct):
    timestamp: int
    """ns since the phone started."""
    values: tuple[float, float, float]
    """x, y, z in m/s2, with gravity."""


_DECODER: Final = msgspec.json.Decoder(_Sample)


async def read_messages(
    host: str, port: int, host_clock: HostClock
) -> AsyncGenerator[PhoneMessage]:
    """Yield the samples of a phone as messages, until closed.

    SourceLostError where the phone cannot be reached, is silent, or sends something else.
    """
    url = f"ws://{host}:{port}/sensor/connect?type=android.sensor.accelerometer"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_connect=SILENCE_S)) as session,
            session.ws_connect(url, max_msg_size=MAX_MESSAGE_BYTES, autoping=True) as socket,
        ):
            number = 0
            while True:
                samples = await receive_batch(socket)
                yield message_of(samples, number, host, host_clock.steady())
                number += 1
    except TimeoutError as error:
        raise SourceLostError(
            f"the phone at {host}:{port} sends no samples: keep SensorServer running, and exempt "
            "it from the battery optimization of Android"
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise SourceLostError(
            f"cannot connect to SensorServer on {host}:{port} ({error}): start the server in the "
            "app, and compare the address with `host` and `port` in limber.yaml"
        ) from error


async def receive_batch(socket: aiohttp.ClientWebSocketResponse) -> list[_Sample]:
    """Return the samples of the next `BATCH_S`; TimeoutError after `SILENCE_S` without one."""
    loop = asyncio.get_running_loop()
    samples = [await receive_sample(socket)]
    end = loop.time() + BATCH_S
    while loop.time() < end:
        samples.append(await receive_sample(socket))
    return samples


async def receive_sample(socket: aiohttp.ClientWebSocketResponse) -> _Sample:
    """Return the next sample; TimeoutError, SourceLostError."""
    message = await socket.receive(SILENCE_S)
    if message.type is not aiohttp.WSMsgType.TEXT:
        raise SourceLostError("SensorServer closed the connection: start the server in the app")
    try:
        sample = _DECODER.decode(message.data)
    except msgspec.DecodeError as error:
        raise SourceLostError(
            f"this is not a sample of SensorServer ({printable(str(error))}): compare `host` "
            "and `port` in limber.yaml with the app"
        ) from error
    if not 0 <= sample.timestamp < 2**63:
        raise SourceLostError("SensorServer sent an impossible time: restart the app")
    return sample


def message_of(samples: list[_Sample], number: int, host: str, arrived: int) -> PhoneMessage:
    """Return samples as the message of a recording with the phone's address as its id."""
    times = np.array([one.timestamp // 1000 for one in samples], dtype=np.int64)
    values = np.array([one.values for one in samples], dtype=np.float64).T
    readings = {Sensor.TOTAL_ACCELERATION: Readings(times, values)}
    return PhoneMessage(number, host, host, readings, arrived=arrived)
