"""An emulated sensor that sends Limber frames over the Nordic UART service.

Written from docs/protocol.md: one notification is one frame; a clock frame comes first, then
everything that the ring still holds, then live frames.
"""

import asyncio
import hashlib
import hmac
import secrets
import struct
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Final, override

import numpy as np
from bumble.gatt import Characteristic, CharacteristicValue, Service

from devtools.emulated_radio import (
    NOTIFY,
    READABLE,
    WRITEABLE,
    Air,
    LyingAnkle,
    Peripheral,
    battery_service,
)

UART_SERVICE: Final = "6E400001-B5A3-F393-E0A9-E50E24DCCA9E"
UART_RX: Final = "6E400002-B5A3-F393-E0A9-E50E24DCCA9E"
"""What the central writes."""
UART_TX: Final = "6E400003-B5A3-F393-E0A9-E50E24DCCA9E"
"""What the device sends."""
RATE_HZ: Final = 50
SAMPLES_PER_FRAME: Final = 25
RING_S: Final = 60
CLOCK_INTERVAL_S: Final = 60.0
ACCELERATION_MG: Final = 0
CLOCK: Final = 255


@dataclass(slots=True)
class FrameEncoder:
    """Encodes the frames of one device."""

    sensor: int
    key: bytes | None
    battery: int
    boot: int = field(default_factory=lambda: secrets.randbits(32))

    def encode(self, quantity: int, sequence: int, clock: int, count: int, body: bytes) -> bytes:
        """Return a frame with its signature; `clock` is in us."""
        head = struct.pack(
            "<2sBBIIIIHBB",
            b"LB",
            1,
            quantity,
            self.sensor,
            self.boot,
            sequence % 2**32,
            clock % 2**32,
            RATE_HZ * 10,
            count,
            self.battery,
        )
        signature = bytes(8)
        if self.key is not None:
            signature = hmac.digest(self.key, head + body, hashlib.sha256)[:8]
        return head + signature + body


class UartSensor(Peripheral):
    """A sensor at an ankle with a ring of 60 s."""

    def __init__(
        self,
        air: Air,
        ankle: LyingAnkle,
        *,
        address: str,
        sensor: int,
        key: bytes | None,
        watch: bool = False,
    ) -> None:
        """Create a sensor that is off; `watch`: a Bangle.js, which indicates instead of notifying.

        An indication is confirmed by the central, a notification is not.
        """
        super().__init__(air, "Bangle.js 1a2b" if watch else "Limber XIAO", address)
        self._send = self.indicate if watch else self.notify
        self._ankle = ankle
        self._encoder = FrameEncoder(sensor, key, battery=64)
        self._ring: deque[bytes] = deque(maxlen=RING_S * RATE_HZ // SAMPLES_PER_FRAME)
        self._sequence = 0
        self._switched_on = 0.0
        self._subscribed = False
        self.subscriptions: list[bool] = []
        """Each time the central switched notifications on or off."""
        way = Characteristic.Properties.INDICATE if watch else NOTIFY
        self._tx = Characteristic[bytes](UART_TX, way, READABLE, b"")
        self._rx = Characteristic[bytes](
            UART_RX,
            Characteristic.Properties.WRITE | Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
            WRITEABLE,
            CharacteristicValue[bytes](write=lambda *_: None),
        )
        self._tx.on("subscription", self._on_subscription)
        self._tasks: set[asyncio.Task[None]] = set()

    async def power_on(self) -> None:
        """Switch the sensor on; it measures from then on."""
        self._switched_on = asyncio.get_running_loop().time()
        service = Service(UART_SERVICE, [self._rx, self._tx])
        await self.switch_on([service, battery_service(self._encoder.battery)])
        self._begin(self._measure())

    def power_off(self) -> None:
        """Stop measuring."""
        for task in self._tasks:
            task.cancel()

    @override
    def on_disconnection(self, reason: int) -> None:
        """Keep measuring; the ring is sent after the next subscription."""
        self._subscribed = False

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_subscription(self, _: object, notify: bool, indicate: bool) -> None:
        self.subscriptions.append(notify or indicate)
        if notify or indicate:
            self._begin(self._send_ring())
        else:
            self._subscribed = False

    def _clock_frame(self) -> bytes:
        now = round((asyncio.get_running_loop().time() - self._switched_on) * 1e6)
        return self._encoder.encode(CLOCK, self._sequence, now, 0, b"")

    async def _send_ring(self) -> None:
        await self._send(self._tx, self._clock_frame())
        sent = 0
        while sent < len(self._ring):
            await self._send(self._tx, self._ring[sent])
            sent += 1
        self._subscribed = True

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        clock_sent = loop.time()
        while True:
            taken = self._switched_on + self._sequence / RATE_HZ
            await asyncio.sleep(max(0.0, taken + SAMPLES_PER_FRAME / RATE_HZ - loop.time()))
            frame = self._take_frame(taken)
            self._ring.append(frame)
            if self._subscribed:
                if loop.time() - clock_sent >= CLOCK_INTERVAL_S:
                    clock_sent = loop.time()
                    await self._send(self._tx, self._clock_frame())
                await self._send(self._tx, frame)

    def _take_frame(self, taken: float) -> bytes:
        samples = self._ankle.samples(taken, SAMPLES_PER_FRAME, RATE_HZ)
        body = np.rint(samples.T * 1000).astype("<i2").tobytes()
        clock = round((taken - self._switched_on) * 1e6)
        frame = self._encoder.encode(
            ACCELERATION_MG, self._sequence, clock, SAMPLES_PER_FRAME, body
        )
        self._sequence += SAMPLES_PER_FRAME
        return frame
