"""A Bluetooth sensor that the test plays, heard and connected to through a proxy.

Home Assistant's own manager, its wrapper of bleak and the retry connector are real; only the radio
is played.
"""

import time
from collections.abc import Callable
from typing import Any, override

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError
from habluetooth import BaseHaRemoteScanner, HaBluetoothConnector
from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant

PROXY = "AA:BB:CC:DD:EE:FF"
SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"


class Peripheral:
    """A sensor with characteristics; it notes what is written to it."""

    def __init__(self, address: str, name: str, *characteristics: str) -> None:
        self.address = address
        self.name = name
        self.characteristics = characteristics
        self.values: dict[str, bytes] = {}
        """What can be read."""
        self.replies: dict[bytes, tuple[str, bytes]] = {}
        """By what was written: the characteristic that notifies, and its value."""
        self.written: list[tuple[str, bytes, bool]] = []
        self.parameters: list[tuple[int, int, int, int]] = []
        self.connections = 0
        self.disconnections = 0
        self.client: PeripheralClient | None = None
        self.refuses_connections = False
        self.errors: dict[str, Exception] = {}
        """What the adapter raises, by the name of the method."""

    def notify(self, characteristic: str, value: bytes) -> None:
        """Send a notification to the client, if it has subscribed."""
        assert self.client is not None
        self.client.callbacks[characteristic](bytearray(value))

    def drop(self) -> None:
        """Lose the connection, as a sensor that goes out of range."""
        assert self.client is not None
        self.client.lose()

    def client_class(self) -> type[BaseBleakClient]:
        """Return the class of the clients that the proxy makes for this sensor."""
        peripheral = self

        class Client(PeripheralClient):
            @override
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)
                self.peripheral = peripheral

        return Client


class PeripheralClient(BaseBleakClient):
    """One connection of the proxy to the sensor."""

    peripheral: Peripheral

    @override
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._connected = False
        self.callbacks: dict[str, NotifyCallback] = {}

    @property
    @override
    def mtu_size(self) -> int:
        return 232

    @property
    @override
    def is_connected(self) -> bool:
        return self._connected

    @override
    async def connect(self, pair: bool, **options: Any) -> None:
        if self.peripheral.refuses_connections:
            raise BleakError("the sensor does not answer")
        self._connected = True
        self.peripheral.client = self
        self.peripheral.connections += 1
        services = BleakGATTServiceCollection()
        service = BleakGATTService(None, 1, SERVICE)
        services.add_service(service)
        for handle, uuid in enumerate(self.peripheral.characteristics, 2):
            services.add_characteristic(
                BleakGATTCharacteristic(
                    None, handle, uuid, ["notify", "write", "read"], lambda: 229, service
                )
            )
        self.services = services

    @override
    async def disconnect(self) -> None:
        if self._connected:
            self.peripheral.disconnections += 1
        self._connected = False
        self.callbacks.clear()

    def _fail(self, method: str) -> None:
        """Raise what the adapter raises in this method, if anything."""
        error = self.peripheral.errors.get(method)
        if error is not None:
            raise error

    def lose(self) -> None:
        """End the connection without being asked."""
        self._connected = False
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    @override
    async def pair(self, *arguments: Any, **options: Any) -> None:
        raise BleakError("the sensor cannot be paired")

    @override
    async def unpair(self) -> None:
        raise BleakError("the sensor cannot be paired")

    @override
    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, **options: Any
    ) -> bytearray:
        self._fail("read_gatt_char")
        return bytearray(self.peripheral.values[characteristic.uuid])

    @override
    async def read_gatt_descriptor(self, descriptor: Any, **options: Any) -> bytearray:
        raise BleakError("the sensor has no descriptors")

    @override
    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: Any, response: bool
    ) -> None:
        self._fail("write_gatt_char")
        if not self._connected:
            raise BleakError("not connected")
        self.peripheral.written.append((characteristic.uuid, bytes(data), response))
        reply = self.peripheral.replies.get(bytes(data))
        if reply is not None:
            self.peripheral.notify(*reply)

    @override
    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None:
        raise BleakError("the sensor has no descriptors")

    @override
    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **options: Any
    ) -> None:
        self.callbacks[characteristic.uuid] = callback

    @override
    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        self.callbacks.pop(characteristic.uuid, None)

    async def set_connection_params(
        self, min_interval: int, max_interval: int, latency: int, supervision: int
    ) -> None:
        """Note what was asked for, as a proxy passes it on."""
        self._fail("set_connection_params")
        self.peripheral.parameters.append((min_interval, max_interval, latency, supervision))


class Proxy(BaseHaRemoteScanner):
    """A proxy, such as one of ESPHome, that hears a sensor."""

    def advertise(self, peripheral: Peripheral, strength: int = -60) -> None:
        """Hear the sensor advertise."""
        self._async_on_advertisement(
            peripheral.address,
            strength,
            peripheral.name,
            [],
            {},
            {},
            None,
            {},
            time.monotonic(),
        )


def add_proxy(hass: HomeAssistant, peripheral: Peripheral) -> tuple[Proxy, Callable[[], None]]:
    """Add a proxy that can connect to a sensor; return it and what removes it."""
    connector = HaBluetoothConnector(peripheral.client_class(), PROXY, lambda: True)
    proxy = Proxy(PROXY, "proxy", connector, connectable=True)
    stop = proxy.async_setup()
    unregister = bluetooth.async_register_scanner(hass, proxy)

    def remove() -> None:
        unregister()
        stop()

    return proxy, remove
