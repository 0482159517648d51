"""Emulated Bluetooth peripherals in range of an emulated adapter.

The controllers are bumble's. The adapter's host is the real BlueZ of the Bluetooth guest; the host
of each peripheral is bumble too.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, override

import numpy as np
import numpy.typing as npt
from bumble import hci, ll
from bumble.controller import Controller
from bumble.core import AdvertisingData, PhysicalTransport
from bumble.data_types import CompleteLocalName, Flags
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, Service
from bumble.link import LocalLink
from bumble.transport import open_transport

from devtools.bluetooth_guest import BluetoothGuest, wait_for_adapter
from devtools.network_sensor import leg

ADVERTISING_INTERVAL_MS: Final = 100
"""chosen: short, so that a scan is quick."""
NOTIFY: Final = Characteristic.Properties.NOTIFY
READ: Final = Characteristic.Properties.READ
READABLE: Final = Characteristic.READABLE
WRITEABLE: Final = Characteristic.WRITEABLE


@dataclass(slots=True)
class LyingAnkle:
    """Acceleration at the ankle of a sleeper who lies still and kicks at given times."""

    kicks: list[tuple[float, float]] = field(default_factory=list)
    """(onset, duration) in s; onsets on the clock of the event loop."""

    def samples(self, begin: float, count: int, rate: float) -> npt.NDArray[np.float64]:
        """Return `count` samples from `begin` (s on that clock), shape (3, count), in g."""
        return leg(begin, count / rate, self.kicks, rate=rate)


class Air(LocalLink):
    """The link between controllers; some of them may be out of range."""

    def __init__(self) -> None:
        """Start without controllers."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.out_of_range: set[Controller] = set()

    @override
    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        if sender_controller not in self.out_of_range:
            super().send_advertising_pdu(sender_controller, packet)

    def lose(self, controller: Controller) -> None:
        """Take a controller out of range: both ends of its connections time out."""
        self.out_of_range.add(controller)
        for connection in list(controller.le_connections.values()):
            other = self.find_le_controller(connection.peer_address)
            timeout = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
            controller.on_le_disconnected(connection, timeout)
            if other is not None and connection.self_address in other.le_connections:
                other.on_le_disconnected(other.le_connections[connection.self_address], timeout)

    @override
    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        if sender_controller not in self.out_of_range:
            super().send_acl_data(sender_controller, destination_address, transport, data)


class Peripheral:
    """A Bluetooth device that advertises and accepts one connection at a time."""

    def __init__(self, air: Air, name: str, address: str) -> None:
        """Create a device that is off. `address` is a static random address, C0:... to FF:..."""
        self._air = air
        self._controller = Controller(name, link=air)
        self._device = Device.from_config_with_hci(
            DeviceConfiguration(
                name=name,
                address=hci.Address(address),
                advertising_interval_min=ADVERTISING_INTERVAL_MS,
                advertising_interval_max=ADVERTISING_INTERVAL_MS,
            ),
            self._controller,
            self._controller,
        )
        self.address = address
        self.connections = 0
        """How many have been accepted since it was switched on."""
        self._device.on("connection", self._on_connection)

    @property
    def connected(self) -> bool:
        """Whether a central is connected."""
        return bool(self._controller.le_connections)

    async def switch_on(self, services: Sequence[Service], more: Sequence[bytes] = ()) -> None:
        """Add the services and advertise; `more` are fields to advertise after the name."""
        self._device.add_services(list(services))
        flags = Flags(
            AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE
            | AdvertisingData.Flags.BR_EDR_NOT_SUPPORTED
        )
        fields = [flags, CompleteLocalName(self._device.name)]
        self._device.advertising_data = bytes(AdvertisingData(fields)) + b"".join(more)
        await self._device.power_on()
        await self._device.start_advertising(auto_restart=True)

    def leave_range(self) -> None:
        """Lose the link without notice, as a device does that is carried away."""
        self._air.lose(self._controller)

    def return_to_range(self) -> None:
        """Be in range again."""
        self._air.out_of_range.discard(self._controller)

    async def drop_connection(self) -> None:
        """Close the connection, as a device does that is switched off."""
        for connection in list(self._device.connections.values()):
            await connection.disconnect()

    async def notify(self, characteristic: Characteristic[bytes], value: bytes) -> None:
        """Send a notification to the central, if it has subscribed."""
        for connection in list(self._device.connections.values()):
            await self._device.notify_subscriber(connection, characteristic, value)

    async def indicate(self, characteristic: Characteristic[bytes], value: bytes) -> None:
        """Send an indication to the central, if it has subscribed."""
        for connection in list(self._device.connections.values()):
            await self._device.indicate_subscriber(connection, characteristic, value)

    def _on_connection(self, connection: Connection) -> None:
        self.connections += 1
        connection.on("disconnection", self.on_disconnection)

    def on_disconnection(self, reason: int) -> None:
        """Handle the end of a connection; devices override it."""


def battery_service(percent: int) -> Service:
    """Return the Battery Service (Bluetooth Assigned Numbers 0x180F) with a fixed level."""
    level = Characteristic[bytes]("2A19", READ | NOTIFY, READABLE, bytes([percent]))
    return Service("180F", [level])


@asynccontextmanager
async def adapter(guest: BluetoothGuest, air: Air) -> AsyncIterator[None]:
    """Plug an adapter into the guest, switch it on, and pull it at the end."""
    async with await open_transport(guest.adapter_transport) as transport:
        controller = Controller(
            "adapter", host_source=transport.source, host_sink=transport.sink, link=air
        )
        # bumble announces these, and does not implement them as BlueZ uses them.
        controller.le_features &= ~(
            hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
        )
        try:
            await wait_for_adapter(guest, present=True)
            yield
        finally:
            air.lose(controller)
            air.remove_controller(controller)
    await wait_for_adapter(guest, present=False)
