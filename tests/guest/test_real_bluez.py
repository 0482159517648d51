"""`limber run` and `limber scan` as processes on a real BlueZ, with emulated sensors in range."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from devtools.bluetooth_guest import BluetoothGuest
from devtools.emulated_radio import adapter
from devtools.processes import SEARCHED
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import NETWORK_SENSOR, listens_elsewhere, settings
from tests.bridge.listener import Listener
from tests.guest.conftest import POLAR_ADDRESS, UART_ADDRESS, UART_ID, UART_KEY, Bedroom
from tests.required_programs import need

pytestmark = pytest.mark.real_time

POLAR_ID = 1
STATE = "limber/bedroom/anna/state"
EVENT = "limber/bedroom/anna/event"
SENSORS = f"""\
{{id: {POLAR_ID}, source: bluetooth, device: polar_verity_sense, address: "{POLAR_ADDRESS}", \
placement: ankle, side: left, quantity: acceleration}}
{{id: {UART_ID}, source: bluetooth, device: limber, name: "Limber XIAO", key: "{UART_KEY}", \
placement: ankle, side: right, quantity: acceleration}}"""
ONSET_TOLERANCE_S = 0.25
"""Polar's samples have no time of their own that the bridge could use at once; the time of the
first notifications counts."""
STOP_ACCELERATION = b"\x03\x02"
LEAVE_SDK_MODE = b"\x03\x09"


@pytest.fixture(autouse=True)
def bus_of_the_guest(guest: BluetoothGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bridge use the guest's system bus."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", guest.bus_address)


class Monitor:
    """Follows what the bridge publishes, without blocking the emulated sensors."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def sensors(self) -> dict[str, Any]:
        """Return the last published state of the sensors."""
        states = [one for one in self._listener.heard if one.topic == STATE]
        found: dict[str, Any] = states[-1].json["sensors"] if states else {}
        return found

    def movements(self) -> list[dict[str, Any]]:
        """Return the movements that were published."""
        events = [one.json for one in self._listener.heard if one.topic == EVENT]
        return [event for event in events if event["kind"] == "movement"]

    async def until(self, true: Callable[[], object], patience: float = 30.0) -> float:
        """Wait until something is true; return how long that took, in s."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < patience, (self.sensors(), self.movements())
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    def reads(self, sensor: int) -> bool:
        """Return whether samples of a sensor arrive, and nothing is wrong with it."""
        state = self.sensors().get(str(sensor), {})
        return bool(state.get("connected")) and state.get("problem") is None

    def movement_at(self, onset: float) -> dict[str, Any] | None:
        """Return the movement that began at a Unix time, if it was published."""
        for event in self.movements():
            start = datetime.fromisoformat(event["start"]).timestamp()
            if abs(start - onset) < ONSET_TOLERANCE_S:
                return event
        return None


@pytest.fixture
async def monitor(broker: Broker) -> AsyncIterator[Monitor]:
    listener = await asyncio.to_thread(Listener, broker.port)
    with listener:
        yield Monitor(listener)


def kick(bedroom: Bedroom, delay: float, seconds: float = 2.0) -> float:
    """Let the sleeper kick after a delay; return the Unix time of the onset."""
    bedroom.ankle.kicks.append((asyncio.get_running_loop().time() + delay, seconds))
    return time.time() + delay


@pytest.mark.takes(130)
async def test_both_sensors_survive_what_happens_to_bluetooth(
    guest: BluetoothGuest,
    bedroom: Bedroom,
    broker: Broker,
    start_bridge: StartBridge,
    monitor: Monitor,
) -> None:
    polar = bedroom.polar
    uart = bedroom.uart
    async with adapter(guest, bedroom.air):
        bridge = start_bridge(SENSORS, broker.port)
        await monitor.until(lambda: monitor.reads(POLAR_ID) and monitor.reads(UART_ID))
        await monitor.until(lambda: monitor.sensors()[str(POLAR_ID)]["battery"] == 87)
        await monitor.until(lambda: monitor.sensors()[str(UART_ID)]["battery"] == 64)
        # The ring holds what was measured before the bridge connected.
        await asyncio.sleep(8)
        onset = kick(bedroom, 1.0)
        await monitor.until(lambda: monitor.movement_at(onset))
        assert monitor.movement_at(onset)["side"] == "both"  # type: ignore[index]

        # One is carried away and returns; what it measured meanwhile is not lost.
        connections = uart.connections
        uart.leave_range()
        await asyncio.sleep(1)
        away = kick(bedroom, 1.0)
        await asyncio.sleep(5)
        uart.return_to_range()
        await monitor.until(lambda: uart.connections > connections)
        await monitor.until(lambda: monitor.movement_at(away))
        assert monitor.sensors()[str(UART_ID)]["lost"] == 0

        # The other keeps its link and sends nothing; after 10 s it is connected again.
        polar_connections = polar.connections
        polar.silent = True
        await monitor.until(lambda: polar.connections > polar_connections)
        polar.silent = False
        await monitor.until(lambda: polar.streaming and monitor.reads(POLAR_ID))

    # The adapter was pulled.
    await asyncio.sleep(2)
    connections = uart.connections
    async with adapter(guest, bedroom.air):
        await monitor.until(lambda: polar.streaming and uart.connections > connections, patience=60)
        await asyncio.sleep(3)
        onset = kick(bedroom, 1.0)
        await monitor.until(lambda: monitor.movement_at(onset))
        assert monitor.sensors()[str(UART_ID)]["lost"] == 0

        before = len(polar.commands)
        await asyncio.to_thread(bridge.stop)
        assert polar.commands[before:] == [STOP_ACCELERATION, LEAVE_SDK_MODE]
        assert not polar.streaming
        await monitor.until(lambda: not polar.connected and not uart.connected)


async def test_scan_lists_both_sensors_with_the_lines_to_write(
    plugged: Bedroom, tmp_path: Path
) -> None:
    path = tmp_path / "limber.yaml"
    path.write_text(settings(NETWORK_SENSOR, port=1883, more=listens_elsewhere()))
    process = await asyncio.create_subprocess_exec(
        need("limber"),
        "scan",
        "--config",
        path,
        "--seconds",
        "4",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PATH": SEARCHED},
    )
    output, _ = await process.communicate()
    text = output.decode()
    assert "Polar Sense 12345678" in text
    assert 'device: "polar_verity_sense"' in text
    assert POLAR_ADDRESS in text
    assert "Limber XIAO" in text
    assert 'device: "limber"' in text
    assert UART_ADDRESS in text
    assert not plugged.polar.connected
