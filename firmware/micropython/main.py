"""Sensor for Limber on a board with MicroPython: reads an accelerometer and sends frames.

Change the settings below, then copy all files to the board. Over TCP nothing is lost while the ring
holds: after each connect the board sends what its clock shows, then all frames that it still has,
then those that are new. The bridge skips what it has read already.
"""

import asyncio
import os
import socket

from accelerometer import ChipNotFoundError, find_accelerometer
from limber_frame import HEADER_BYTES, SAMPLE_BYTES, DeviceClock, FramePacker, FrameRing

# --- Settings ---

WIFI_NAME = "name of your Wi-Fi"
WIFI_PASSWORD = "password of your Wi-Fi"  # noqa: S105 - to be replaced by the user

BRIDGE = "192.168.1.10"
"""Name or address of the machine on which the bridge runs."""
PORT = 47800
PROTOCOL = "tcp"
"""`tcp` loses nothing while the link is away for less than RING_SECONDS; `udp` uses less power."""

SENSOR_ID = 1
"""The same as `id` in limber.yaml."""
KEY = ""
"""The same as `key` in limber.yaml, 16 random characters or more; empty: frames are not signed."""
RING_SECONDS = 60
"""Signal that is kept in memory, about 400 bytes a second."""


def i2c() -> object:
    """Return the bus to the accelerometer: the pins are those of a Seeed XIAO ESP32-C3."""
    from machine import I2C, Pin  # noqa: PLC0415 - only on a board

    return I2C(0, scl=Pin(7), sda=Pin(6), freq=400_000)


def battery() -> int:
    """Return the charge in percent; 255: unknown."""
    return 255


# --- Nothing below needs to be changed ---

FRAME_S = 0.5
"""Signal in one frame."""
READ_MS = 100
"""Time between two reads of the chip."""
CLOCK_FRAME_US = 60_000_000
KEEP_ALIVE_S = 5
"""Time without a new frame after which a clock frame is sent: the bridge closes a connection that
sends nothing for 10 s."""
TIMEOUT_S = 10
"""Time after which a connection that does not accept data is given up."""
RETRY_MS = 2000
"""Pause before the next attempt to connect; short against the ring."""
WIFI_CHECK_S = 5
CLOCK_SMOOTHING = 16
"""The time of a read varies by up to a sample; this share of the difference is corrected."""
CLOCK_SLACK_US = 200_000
"""Larger differences are corrected at once."""
MG_MAX = 32767


class Sampler:
    """Reads the accelerometer, numbers its samples and puts frames into the ring."""

    def __init__(self, chip: object, packer: FramePacker, ring: FrameRing) -> None:
        """Start with an empty frame."""
        self.new_frame = asyncio.Event()
        self.clock = DeviceClock()
        self._chip = chip
        self._packer = packer
        self._ring = ring
        self._period = 1_000_000 / chip.RATE
        self._next = None
        """us at which the next sample is due; None: not known."""

    async def run(self) -> None:
        """Read the chip until the board is switched off."""
        while True:
            try:
                self.read()
            except OSError as error:
                print("the accelerometer does not answer:", error)
                self.restart_chip()
            await asyncio.sleep_ms(READ_MS)

    def read(self) -> None:
        """Take in the samples that the chip has."""
        samples = self._chip.read()
        now = self.clock.now()
        if samples is None:
            print("samples lost: the memory of the accelerometer was full")
            self.restart_chip()
            return
        if samples:
            self.follow_clock(now, len(samples) + self._chip.waiting)
        for x, y, z in samples:
            clock = round(self._next)
            self._next += self._period
            if self._packer.add_sample(limited(x), limited(y), limited(z), clock):
                self.finish_frame()

    def follow_clock(self, now: int, count: int) -> None:
        """Correct when the first of `count` samples was taken; the last was taken just now."""
        first = now - count * self._period
        if self._next is None:
            self._next = first
            return
        difference = first - self._next
        if difference > CLOCK_SLACK_US or difference < -CLOCK_SLACK_US:
            self.skip_to(first)
        else:
            self._next += difference / CLOCK_SMOOTHING

    def restart_chip(self) -> None:
        """Set up the chip again; the samples until then are lost."""
        try:
            self._chip.restart()
        except OSError:
            return
        if self._next is not None:
            self.skip_to(self.clock.now())

    def skip_to(self, first: float) -> None:
        """Leave out the numbers of the samples that were due before a time in us."""
        if self._packer.has_samples():
            self.finish_frame()
        lost = max(0, round((first - self._next) / self._period))
        self._packer.skip_samples(lost)
        self._next = first

    def clock_frame(self) -> bytes:
        """Return a frame that says what the clock shows now."""
        return self._packer.clock_frame(self.clock.now())

    def finish_frame(self) -> None:
        """Put the frame into the ring and wake up the sender."""
        self._packer.battery = battery()
        self._ring.add(self._packer.take_frame())
        self.new_frame.set()


def limited(mg: int) -> int:
    """Return a value that fits into a frame; the bridge takes its limits as not measured."""
    return max(-MG_MAX, min(MG_MAX, mg))


async def send_over_tcp(sampler: Sampler, ring: FrameRing) -> None:
    """Send the ring over TCP, and connect again whenever the connection breaks."""
    while True:
        writer = None
        try:
            connecting = asyncio.open_connection(BRIDGE, PORT)
            reader, writer = await asyncio.wait_for(connecting, TIMEOUT_S)
            await feed_connection(reader, writer, sampler, ring)
        except (OSError, asyncio.TimeoutError) as error:
            print("no connection to the bridge:", repr(error))
        if writer is not None:
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep_ms(RETRY_MS)


async def feed_connection(
    reader: object, writer: object, sampler: Sampler, ring: FrameRing
) -> None:
    """Send the clock, then the ring from its beginning, then each new frame. OSError at the end."""
    ended = asyncio.Event()
    watching = asyncio.create_task(watch_end(reader, ended, sampler))
    try:
        await send_clock(writer, sampler)
        print("connected to the bridge")
        clock_due = sampler.clock.now() + CLOCK_FRAME_US
        ring.rewind()
        while not ended.is_set():
            if sampler.clock.now() >= clock_due:
                clock_due += CLOCK_FRAME_US
                await send_clock(writer, sampler)
            sampler.new_frame.clear()
            frame = ring.next_frame()
            while len(frame):
                writer.write(bytes(frame))
                await asyncio.wait_for(writer.drain(), TIMEOUT_S)
                frame = ring.next_frame()
            if not await has_new_frame(sampler):
                clock_due = sampler.clock.now()
    finally:
        watching.cancel()


async def has_new_frame(sampler: Sampler) -> bool:
    """Wait for the next frame; return False if the chip is silent for KEEP_ALIVE_S."""
    try:
        await asyncio.wait_for(sampler.new_frame.wait(), KEEP_ALIVE_S)
    except asyncio.TimeoutError:
        return False
    return True


async def send_clock(writer: object, sampler: Sampler) -> None:
    """Send a frame that says what the clock shows now."""
    frame = sampler.clock_frame()
    writer.write(len(frame).to_bytes(2, "little") + frame)
    await asyncio.wait_for(writer.drain(), TIMEOUT_S)


async def watch_end(reader: object, ended: object, sampler: Sampler) -> None:
    """Set `ended` when the bridge closes the connection; it never sends anything."""
    try:
        await reader.read(1)
    except OSError as error:
        print("the connection broke:", repr(error))
    ended.set()
    sampler.new_frame.set()


async def send_over_udp(sampler: Sampler, ring: FrameRing) -> None:
    """Send each new frame as a datagram; what does not arrive is lost."""
    clock_due = sampler.clock.now()
    address = None
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ring.skip_to_end()
    while True:
        try:
            address = address or socket.getaddrinfo(BRIDGE, PORT)[0][-1]
            if sampler.clock.now() >= clock_due:
                udp.sendto(sampler.clock_frame(), address)
                clock_due += CLOCK_FRAME_US
            sampler.new_frame.clear()
            frame = ring.next_frame()
            while len(frame):
                udp.sendto(frame[2:], address)
                frame = ring.next_frame()
        except OSError as error:
            print("cannot send to the bridge:", repr(error))
            address = None
        await has_new_frame(sampler)


async def keep_wifi_connected() -> None:
    """Connect to the Wi-Fi, and again whenever it was lost. Without Wi-Fi hardware do nothing."""
    try:
        import network  # noqa: PLC0415 - only on a board
    except ImportError:
        return
    wifi = network.WLAN(network.STA_IF)
    while True:
        if not wifi.isconnected():
            print("connecting to the Wi-Fi", WIFI_NAME)
            try:
                wifi.active(False)
                wifi.active(True)
                wifi.connect(WIFI_NAME, WIFI_PASSWORD)
            except OSError as error:
                print("the Wi-Fi cannot be used:", repr(error))
            await asyncio.sleep(2 * WIFI_CHECK_S)
        await asyncio.sleep(WIFI_CHECK_S)


async def wait_for_chip() -> object:
    """Return the driver of the accelerometer as soon as one answers."""
    while True:
        try:
            return find_accelerometer(i2c())
        except (ChipNotFoundError, OSError) as error:
            print(error)
        await asyncio.sleep_ms(RETRY_MS)


async def main() -> None:
    """Run all parts of the sensor."""
    chip = await wait_for_chip()
    samples = round(chip.RATE * FRAME_S)
    boot = int.from_bytes(os.urandom(4), "little")
    packer = FramePacker(SENSOR_ID, boot, chip.RATE, KEY.encode(), samples)
    ring = FrameRing(round(RING_SECONDS / FRAME_S), HEADER_BYTES + samples * SAMPLE_BYTES)
    sampler = Sampler(chip, packer, ring)
    send = send_over_udp if PROTOCOL == "udp" else send_over_tcp
    await asyncio.gather(keep_wifi_connected(), sampler.run(), send(sampler, ring))


asyncio.run(main())
