"""`limber run`, `limber check` and `limber scan` with a Bluetooth sensor."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from devtools.processes import find
from tests.bridge.bluetooth.fake_bluez import FakeBluez
from tests.bridge.bluetooth.fake_sensors import FakePolar, verity
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import NETWORK_SENSOR, listens_elsewhere, settings
from tests.bridge.listener import PATIENCE_S

pytestmark = pytest.mark.real_time

SENSOR = (
    '{id: 1, source: bluetooth, device: polar_verity_sense, address: "A0:9E:1A:00:00:01", '
    "placement: ankle, side: left, quantity: acceleration}"
)


async def until_samples(sensor: FakePolar) -> None:
    sensor.sent.clear()
    async with asyncio.timeout(PATIENCE_S):
        await sensor.sent.wait()


async def run_limber(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(find("limber")), *map(str, arguments)]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=120
    )


async def test_the_bridge_stops_the_stream_when_it_is_stopped(
    bluez: FakeBluez, broker: Broker, start_bridge: StartBridge
) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    program = start_bridge(SENSOR, broker.port)
    await until_samples(sensor)
    await asyncio.to_thread(program.stop)
    assert [data.hex() for data in sensor.written[-2:]] == ["0302", "0309"]
    assert not sensor.connected
    assert program.process.returncode == 0
    assert "Traceback" not in program.log.read_text()


async def test_a_bridge_that_was_killed_finds_its_sensor_again(
    bluez: FakeBluez, broker: Broker, start_bridge: StartBridge
) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    killed = start_bridge(SENSOR, broker.port)
    await until_samples(sensor)
    await asyncio.to_thread(killed.kill)
    # BlueZ keeps the connection, and the sensor goes on.
    assert sensor.connected
    connections = sensor.connections
    program = start_bridge(SENSOR, broker.port)
    async with asyncio.timeout(PATIENCE_S):
        await sensor.connected_again.wait()
    await until_samples(sensor)
    assert sensor.connections == connections + 1
    await asyncio.to_thread(program.stop)


async def test_limber_scan_lists_the_sensor(bluez: FakeBluez, tmp_path: Path) -> None:
    path = tmp_path / "limber.yaml"
    path.write_text(settings(NETWORK_SENSOR, port=1883, more=listens_elsewhere()))
    bluez.add_adapter()
    bluez.add_device(verity())
    done = await run_limber("scan", "--seconds", "2", "--config", path)
    assert "Polar Sense 01345678" in done.stdout
    assert 'device: "polar_verity_sense"' in done.stdout
    assert "close the Polar apps" in done.stdout


async def test_limber_check_says_what_is_wrong(
    bluez: FakeBluez, broker: Broker, tmp_path: Path
) -> None:
    bluez.add_adapter()
    bluez.add_device(verity(start_status=13))
    path = tmp_path / "limber.yaml"
    path.write_text(settings(SENSOR, port=broker.port))
    done = await run_limber("check", "--seconds", "10", "--config", path)
    assert done.returncode == 1
    assert "take it out of the charger" in done.stdout
