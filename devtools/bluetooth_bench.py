"""Measure Bluetooth: the delay from a sample of a sensor to the event, and what reconnects cost.

The delay is measured on the real BlueZ of the Bluetooth guest with emulated sensors; a link over
the air adds to it. A thousand reconnects would take an hour there, so they are made on the fake
Bluetooth service of the tests. `script/bench` runs this in the environment of the tests.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devtools.bluetooth_guest import start_guest
from devtools.broker import start_broker
from devtools.emulated_polar import VERITY_SENSE, PolarSensor
from devtools.emulated_radio import Air, LyingAnkle, adapter
from devtools.emulated_uart import UartSensor
from devtools.processes import LOOPBACK, DevtoolError, Program, free_port, need, start
from devtools.soak import ResourceUse, growth, held
from limber_bridge.sources.bluetooth import radio
from tests.bridge.bluetooth.conftest import BUS_CONFIGURATION
from tests.bridge.bluetooth.fake_bluez import FakeBluez
from tests.bridge.bluetooth.fake_sensors import verity
from tests.bridge.bluetooth.reading import has_samples, reading, sensor_request, until

KICKS: Final = 20
KICK_S: Final = 1.0
KNOWN_AFTER_S: Final = 0.5
"""s after the end of a movement until the detection can know that it is over."""
QUIET_S: Final = 15.0
"""s before the first kick, by which time the detection knows the noise."""
PATIENCE_S: Final = 60.0
SAME_MOVEMENT_S: Final = 1.0
RECONNECTS: Final = 1000
POLAR_ADDRESS: Final = "C0:11:22:33:44:55"
UART_ADDRESS: Final = "C0:11:22:33:44:66"
SETTINGS: Final = f"""\
bridge: {{{{id: bedroom, time_zone: UTC}}}}
broker: {{{{host: 127.0.0.1, port: {{broker}}}}}}
web: false
sleepers:
  - id: polar
    name: Polar
    sensors:
      - {{{{id: 1, source: bluetooth, device: polar_verity_sense, address: "{POLAR_ADDRESS}",
         placement: ankle, side: left, quantity: acceleration}}}}
  - id: uart
    name: Uart
    sensors:
      - {{{{id: 2, source: bluetooth, device: limber, address: "{UART_ADDRESS}",
         placement: ankle, side: left, quantity: acceleration}}}}
"""
SLEEPERS: Final = ("polar", "uart")


@dataclass(slots=True)
class Events:
    """Movements that a bridge has published, and when they arrived."""

    arrived: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: {sleeper: [] for sleeper in SLEEPERS}
    )
    """By sleeper: (onset, arrival), Unix time in s."""

    def process_message(self, _: object, __: object, message: paho.MQTTMessage) -> None:
        """Note a movement."""
        now = time.time()
        event = json.loads(message.payload)
        if event["kind"] == "movement":
            onset = datetime.fromisoformat(event["start"]).timestamp()
            self.arrived[message.topic.split("/")[2]].append((onset, now))

    def delays(self, sleeper: str, kicks: list[float]) -> list[float]:
        """Return the delay of each kick (onset, Unix time) that was published, in ms."""
        return [
            1000 * (arrival - kick - KICK_S - KNOWN_AFTER_S)
            for kick in kicks
            for onset, arrival in self.arrived[sleeper]
            if abs(onset - kick) < SAME_MOVEMENT_S
        ]


@contextmanager
def listening(port: int, events: Events) -> Iterator[None]:
    """Subscribe to the movements of a bridge."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = events.process_message
    client.on_connect = lambda client, *_: client.subscribe("limber/bedroom/+/event", 1)
    client.connect(LOOPBACK, port)
    client.loop_start()
    try:
        yield
    finally:
        client.disconnect()
        client.loop_stop()


async def latencies(folder: Path) -> dict[str, float]:
    """Return the 95th percentile of the delays in ms, by kind of sensor."""
    guest = await asyncio.to_thread(start_guest, folder)
    with ExitStack() as stack:
        stack.callback(guest.stop)
        stack.enter_context(patch.dict(os.environ, {"DBUS_SYSTEM_BUS_ADDRESS": guest.bus_address}))
        port = free_port()
        broker = await asyncio.to_thread(start_broker, folder / "broker", port)
        stack.callback(broker.stop)
        events = Events()
        stack.enter_context(listening(port, events))
        air = Air()
        ankle = LyingAnkle()
        polar = PolarSensor(air, VERITY_SENSE, ankle, address=POLAR_ADDRESS)
        uart = UartSensor(air, ankle, address=UART_ADDRESS, sensor=2, key=None)
        await polar.power_on()
        await uart.power_on()
        stack.callback(uart.power_off)
        async with adapter(guest, air):
            bridge = await asyncio.to_thread(start_bridge, folder, port)
            stack.callback(bridge.stop)
            await wait_for_streams(bridge, polar, uart)
            kicks = await kick(ankle, events)
    return {
        f"bluetooth_{sleeper}_ms": statistics.quantiles(events.delays(sleeper, kicks), n=20)[-1]
        for sleeper in SLEEPERS
    }


def start_bridge(folder: Path, port: int) -> Program:
    """Start a bridge that reads both sensors."""
    settings = folder / "limber.yaml"
    settings.write_text(SETTINGS.format(broker=port))
    return start("bridge", [need("limber"), "run", "--config", settings], folder / "bridge.log")


async def wait_for_streams(bridge: Program, polar: PolarSensor, uart: UartSensor) -> None:
    """Wait until the bridge reads both sensors; DevtoolError if it does not."""
    end = time.monotonic() + PATIENCE_S
    while not (polar.streaming and uart.subscriptions):
        if time.monotonic() > end:
            raise DevtoolError(f"the bridge does not read the sensors:\n{bridge.tail()}")
        await asyncio.sleep(0.1)


async def kick(ankle: LyingAnkle, events: Events) -> list[float]:
    """Let the sleeper kick at irregular intervals; return the onsets in Unix time.

    DevtoolError if not all of them are published.
    """
    loop = asyncio.get_running_loop()
    intervals = np.random.default_rng(1).uniform(4.0, 7.0, KICKS)
    offsets = QUIET_S + np.cumsum(intervals)
    ankle.kicks.extend((loop.time() + offset, KICK_S) for offset in offsets.tolist())
    onsets: list[float] = (time.time() + offsets).tolist()
    end = time.time() + offsets[-1] + PATIENCE_S
    while min(len(events.delays(sleeper, onsets)) for sleeper in SLEEPERS) < KICKS:
        if time.time() > end:
            raise DevtoolError(f"not all of {KICKS} kicks were published")
        await asyncio.sleep(0.1)
    return onsets


async def reconnects(folder: Path, times: int = RECONNECTS) -> ResourceUse:
    """Return what the Bluetooth source grows by over many links that the sensor drops."""
    socket = folder / "bus"
    configuration = folder / "bus.conf"
    await asyncio.to_thread(configuration.write_text, BUS_CONFIGURATION.format(socket=socket))
    bus = start(
        "dbus-daemon",
        [need("dbus-daemon"), f"--config-file={configuration}", "--nofork", "--nopidfile"],
        folder / "bus.log",
    )
    with ExitStack() as stack:
        stack.callback(bus.stop)
        address = f"unix:path={socket}"
        stack.enter_context(patch.dict(os.environ, {"DBUS_SYSTEM_BUS_ADDRESS": address}))
        # The wait before each attempt to connect is of no interest here.
        stack.enter_context(patch.object(radio, "RETRY_DELAYS_S", (0.01,)))
        while not socket.exists():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)
        bluez = FakeBluez(address)
        await bluez.start()
        try:
            return await drop_links(bluez, times)
        finally:
            await bluez.stop()


async def drop_links(bluez: FakeBluez, times: int) -> ResourceUse:
    """Let a sensor drop its link that many times; return the growth of this process."""
    bluez.add_adapter()
    sensor = bluez.add_device(verity(batch=2))
    found: list[ResourceUse] = []
    request = sensor_request(device="polar_verity_sense", address=sensor.address)
    async with reading(request) as events:
        await until(events, has_samples(1))
        for _ in range(times):
            sensor.drop()
            await until(events, has_samples(1))
            found.append(held())
    return growth(found)


async def measure() -> dict[str, float]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as folder:
        found = await latencies(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        grown = await reconnects(Path(folder))
    return found | {
        "bluetooth_reconnects_mb": grown.rss,
        "bluetooth_reconnects_files": grown.descriptors,
    }


def main() -> int:
    """Print one JSON object."""
    try:
        print(json.dumps(asyncio.run(measure())))
    except DevtoolError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
