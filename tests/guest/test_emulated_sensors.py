"""The emulated sensors on a real BlueZ, with bleak and with Polar's format read by polar-python.

They show that the emulation behaves as the vendors' documents say; the bridge is not involved.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError
from polar_python.models import ACCData
from polar_python.parsers import parse_polar_data

from devtools.bluetooth_guest import BluetoothGuest
from devtools.emulated_polar import CONTROL_POINT, DATA, H10, PolarSensor
from devtools.emulated_uart import UART_TX, UartSensor
from limber_bridge.sources.frames import SIGNATURE_OFFSET, compute_signature, parse_frame
from tests.guest.conftest import POLAR_ADDRESS, UART_ADDRESS, UART_KEY, Bedroom

pytestmark = pytest.mark.real_time

H10_ADDRESS = "C0:11:22:33:44:88"
WATCH_ADDRESS = "C0:11:22:33:44:77"
ATTEMPTS = 3
PATIENCE_S = 30.0
BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
START_50_HZ_4_G = bytes.fromhex("02 02 00 01 32 00 01 01 10 00 02 01 04 00")
START_52_HZ_8_G = bytes.fromhex("02 02 00 01 34 00 01 01 10 00 02 01 08 00 04 01 03")


@pytest.fixture(autouse=True)
def bus_of_the_guest(guest: BluetoothGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let bleak use the guest's system bus."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", guest.bus_address)


async def connect(address: str, on_loss: Callable[[], None]) -> BleakClient:
    """Connect, and try again if the link is lost before the services are known.

    That happens on a real radio too, and on a guest whose processor is busy. bleak leaves the next
    attempt to its caller.
    """
    for _ in range(ATTEMPTS - 1):
        with suppress(BleakError, TimeoutError):
            return await connect_once(address, on_loss)
    return await connect_once(address, on_loss)


async def connect_once(address: str, on_loss: Callable[[], None]) -> BleakClient:
    device = await BleakScanner.find_device_by_address(address, timeout=PATIENCE_S)
    assert device is not None
    client = BleakClient(device, disconnected_callback=lambda _: on_loss())
    await client.connect()
    return client


@asynccontextmanager
async def connected(
    address: str, on_loss: Callable[[], None] = lambda: None
) -> AsyncIterator[BleakClient]:
    client = await connect(address, on_loss)
    try:
        yield client
    finally:
        await client.disconnect()


async def test_polar_sensor_streams_what_was_asked_for(plugged: Bedroom) -> None:
    async with connected(POLAR_ADDRESS) as client:
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        frames: asyncio.Queue[bytes] = asyncio.Queue()
        await client.start_notify(CONTROL_POINT, lambda _, data: answers.put_nowait(bytes(data)))
        await client.start_notify(DATA, lambda _, data: frames.put_nowait(bytes(data)))

        async def answer_to(command: bytes) -> bytes:
            await client.write_gatt_char(CONTROL_POINT, command, response=True)
            return await asyncio.wait_for(answers.get(), PATIENCE_S)

        assert (await client.read_gatt_char(BATTERY))[0] == 87
        # 104 Hz is offered in SDK mode only.
        refused = START_52_HZ_8_G.replace(b"\x34\x00", b"\x68\x00")
        assert await answer_to(refused) == bytes.fromhex("f0 02 02 08 00")
        assert await answer_to(b"\x02\x09") == bytes.fromhex("f0 02 09 00 00")
        started = await answer_to(START_52_HZ_8_G)
        factor = np.frombuffer(started[-4:], "<f4")[0]
        two = [await asyncio.wait_for(frames.get(), PATIENCE_S) for _ in range(2)]
        blocks = [parse_polar_data(bytearray(one), lambda _: float(factor)) for one in two]
        assert await answer_to(b"\x03\x02") == bytes.fromhex("f0 03 02 00 00")
        assert not plugged.polar.streaming

    first, second = blocks
    assert isinstance(first, ACCData)
    assert isinstance(second, ACCData)
    assert len(first.data) == len(second.data) == 36
    assert (second.timestamp - first.timestamp) / 1e9 == pytest.approx(36 / 52)
    assert np.abs(np.mean(first.data, axis=0) - [0, 1000, 0]).max() < 3


async def read_frames(address: str, least: int) -> list[bytes]:
    """Connect to a sensor and return what it sends until the connection is closed: `least` frames
    or more."""
    frames: list[bytes] = []
    enough = asyncio.Event()

    def note(_: object, data: bytearray) -> None:
        frames.append(bytes(data))
        if len(frames) >= least:
            enough.set()

    async with connected(address) as client:
        await client.start_notify(UART_TX, note)
        await asyncio.wait_for(enough.wait(), PATIENCE_S)
    return frames


async def test_frames_of_the_ring_are_sent_again_after_a_reconnect(plugged: Bedroom) -> None:
    before = await read_frames(UART_ADDRESS, 3)
    frames = await read_frames(UART_ADDRESS, len(before) + 1)

    for first, *rest in (before, frames):
        # The clock frame, then all samples since the sensor was switched on, without a hole.
        assert first[3] == 255
        parsed = [parse_frame(data) for data in rest]
        assert [frame.sequence for frame in parsed] == list(range(0, 25 * len(parsed), 25))
    assert frames[1 : len(before)] == before[1:]
    for data in before + frames:
        signature = data[SIGNATURE_OFFSET : SIGNATURE_OFFSET + 8]
        assert signature == compute_signature(data, UART_KEY.encode())


async def test_sensor_out_of_range_is_noticed_at_once(plugged: Bedroom) -> None:
    lost = asyncio.Event()
    async with connected(POLAR_ADDRESS, lost.set):
        plugged.polar.leave_range()
        await asyncio.wait_for(lost.wait(), PATIENCE_S)
    plugged.polar.return_to_range()
    async with connected(POLAR_ADDRESS) as client:
        assert client.is_connected
    assert plugged.polar.connections >= 2


async def test_indications_of_a_watch_arrive_like_notifications(plugged: Bedroom) -> None:
    watch = UartSensor(
        plugged.air, plugged.ankle, address=WATCH_ADDRESS, sensor=3, key=None, watch=True
    )
    await watch.power_on()
    frames = await read_frames(WATCH_ADDRESS, 7)
    watch.power_off()
    assert frames[0][3] == 255
    sequences = [parse_frame(data).sequence for data in frames[1:]]
    assert sequences == list(range(0, 25 * len(sequences), 25))


async def test_h10_without_sdk_mode_streams_raw_frames(plugged: Bedroom) -> None:
    h10 = PolarSensor(plugged.air, H10, plugged.ankle, address=H10_ADDRESS)
    await h10.power_on()
    answers: asyncio.Queue[bytes] = asyncio.Queue()
    frames: asyncio.Queue[bytes] = asyncio.Queue()
    async with connected(H10_ADDRESS) as client:
        await client.start_notify(CONTROL_POINT, lambda _, data: answers.put_nowait(bytes(data)))
        await client.start_notify(DATA, lambda _, data: frames.put_nowait(bytes(data)))
        await client.write_gatt_char(CONTROL_POINT, b"\x02\x09", response=True)
        assert await asyncio.wait_for(answers.get(), PATIENCE_S) == bytes.fromhex("f0 02 09 03 00")
        await client.write_gatt_char(CONTROL_POINT, START_50_HZ_4_G, response=True)
        assert (await asyncio.wait_for(answers.get(), PATIENCE_S))[:4] == bytes.fromhex(
            "f0 02 02 00"
        )
        frame = await asyncio.wait_for(frames.get(), PATIENCE_S)
    assert len(frame) == 226
    block = parse_polar_data(bytearray(frame), lambda _: 1.0)
    assert isinstance(block, ACCData)
    assert np.abs(np.mean(block.data, axis=0) - [0, 1000, 0]).max() < 3
