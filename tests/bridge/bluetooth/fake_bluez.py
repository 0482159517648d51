"""A Bluetooth service on a private D-Bus, by the documentation of BlueZ's D-Bus interface.

It has adapters and devices with services that a test writes. Whatever a test needs to go wrong is
an attribute that the test sets: `powered`, `in_range`, `connect_error` and so on.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
SERVICE = "org.bluez.GattService1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"

ADVERTISING_INTERVAL_S = 0.02

type Values = dict[str, Variant]


class RefusedError(Exception):
    """A method call is answered with an error: its D-Bus name and its text."""


@dataclass
class FakeCharacteristic:
    """A characteristic; `path` is set while its device is connected."""

    uuid: str
    flags: tuple[str, ...]
    value: bytes = b""
    on_write: Callable[[bytes], None] | None = None
    on_subscribe: Callable[[], None] | None = None
    on_read: Callable[[], None] | None = None
    path: str = ""
    notifying: bool = False
    reads: int = 0
    write_error: str | None = None
    """Text of the error that answers a write."""


@dataclass
class FakeDevice:
    """A device that can be in range of the adapter."""

    address: str
    name: str | None
    services: dict[str, list[FakeCharacteristic]]
    """By the UUID of the service."""
    advertised: tuple[str, ...] = ()
    strength: int = -60
    in_range: bool = True
    connect_error: str | None = None
    """Text of the error that answers a connection."""
    connected: bool = False
    connections: int = 0
    """Connections that have been made."""
    connected_again: asyncio.Event = field(default_factory=asyncio.Event)
    on_connect: Callable[[], None] | None = None
    """Called before the services are announced."""
    on_resolved: Callable[[], None] | None = None
    """Called after the services are announced."""
    on_disconnect: Callable[[], None] | None = None
    bluez: FakeBluez | None = None
    path: str = ""

    def characteristic(self, uuid: str) -> FakeCharacteristic:
        return next(one for chars in self.services.values() for one in chars if one.uuid == uuid)

    def notify(self, uuid: str, data: bytes) -> None:
        """Send a notification, if a client has subscribed to it."""
        characteristic = self.characteristic(uuid)
        if self.connected and characteristic.notifying and self.bluez is not None:
            self.bluez.change(
                characteristic.path, CHARACTERISTIC, {"Value": Variant("ay", bytes(data))}
            )

    def drop(self) -> None:
        """End the connection from the side of the device."""
        if self.bluez is not None:
            self.bluez.disconnect(self)


@dataclass
class FakeAdapter:
    """An adapter of the machine."""

    name: str
    powered: bool = True
    blocked: bool = False
    """It cannot be switched on, as rfkill does."""
    discovering: bool = False
    power_changes: list[bool] = field(default_factory=list)
    power_changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def path(self) -> str:
        return f"/org/bluez/{self.name}"


class FakeBluez:
    """The service `org.bluez` on a bus."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._objects: dict[str, dict[str, Values]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.adapters: list[FakeAdapter] = []
        self.devices: list[FakeDevice] = []
        self.connecting: list[str] = []
        """Addresses, in the order of the calls of Connect."""
        self.parallel_connects = 0
        """Most calls of Connect at the same time."""
        self._open_connects = 0
        self.connect_seconds = 0.0
        self.deny = False
        """Every call is refused, as the policy of D-Bus does."""
        self.silent = False
        """Whether the calls that ask for everything BlueZ knows are not answered."""

    async def start(self) -> None:
        self.bus = await MessageBus(bus_address=self._address).connect()
        self.bus.add_message_handler(self._handle)
        await self.bus.request_name("org.bluez")
        self._run(self._advertise())

    async def stop(self) -> None:
        for device in self.devices:
            self.disconnect(device)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.bus.disconnect()
        await self.bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    # --- What a test does ---

    def add_adapter(self, name: str = "hci0", **more: Any) -> FakeAdapter:
        adapter = FakeAdapter(name, **more)
        self.adapters.append(adapter)
        values: Values = {
            "Address": Variant("s", f"00:11:22:33:44:{len(self.adapters):02X}"),
            "AddressType": Variant("s", "public"),
            "Name": Variant("s", name),
            "Alias": Variant("s", name),
            "Powered": Variant("b", adapter.powered),
            "Discovering": Variant("b", False),
            "Roles": Variant("as", ["central", "peripheral"]),
        }
        self._add(adapter.path, {ADAPTER: values})
        return adapter

    def remove_adapter(self, adapter: FakeAdapter) -> None:
        """Unplug it."""
        self.adapters.remove(adapter)
        for device in self.devices:
            self.disconnect(device)
        for path in [path for path in self._objects if path.startswith(adapter.path)]:
            self._remove(path)

    def add_device[Device: FakeDevice](self, device: Device) -> Device:
        device.bluez = self
        self.devices.append(device)
        return device

    def change(self, path: str, interface: str, values: Values) -> None:
        """Change properties, and announce that."""
        if path in self._objects:
            self._objects[path][interface].update(values)
            self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, values, []])

    def rename(self, device: FakeDevice, name: str) -> None:
        """Advertise another name."""
        device.name = name
        if device.path in self._objects:
            self.change(device.path, DEVICE, self._names(device))

    def disconnect(self, device: FakeDevice) -> None:
        """End a connection: its services go, and BlueZ announces it."""
        if not device.connected:
            return
        device.connected = False
        for path in [path for path in self._objects if path.startswith(f"{device.path}/")]:
            self._remove(path)
        for characteristics in device.services.values():
            for characteristic in characteristics:
                characteristic.notifying = False
        values = {"ServicesResolved": Variant("b", False), "Connected": Variant("b", False)}
        self.change(device.path, DEVICE, values)
        if device.on_disconnect is not None:
            device.on_disconnect()

    # --- Objects and signals ---

    def _run(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _signal(self, path: str, interface: str, member: str, kind: str, body: list[Any]) -> None:
        _ = self.bus.send(Message.new_signal(path, interface, member, kind, body))

    def _add(self, path: str, interfaces: dict[str, Values]) -> None:
        self._objects[path] = interfaces
        self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def _remove(self, path: str) -> None:
        interfaces = self._objects.pop(path)
        self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [path, list(interfaces)])

    async def _advertise(self) -> None:
        while True:
            await asyncio.sleep(ADVERTISING_INTERVAL_S)
            for adapter in self.adapters:
                if adapter.powered and adapter.discovering:
                    for device in self.devices:
                        if device.in_range and not device.connected:
                            self._advertise_device(adapter, device)

    def _advertise_device(self, adapter: FakeAdapter, device: FakeDevice) -> None:
        device.path = f"{adapter.path}/dev_{device.address.replace(':', '_')}"
        if device.path in self._objects:
            self.change(device.path, DEVICE, {"RSSI": Variant("n", device.strength)})
            return
        values: Values = {
            "Address": Variant("s", device.address),
            "AddressType": Variant("s", "random"),
            "Adapter": Variant("o", adapter.path),
            "Connected": Variant("b", False),
            "Paired": Variant("b", False),
            "Bonded": Variant("b", False),
            "Trusted": Variant("b", False),
            "Blocked": Variant("b", False),
            "ServicesResolved": Variant("b", False),
            "RSSI": Variant("n", device.strength),
            "UUIDs": Variant("as", list(device.advertised)),
        }
        self._add(device.path, {DEVICE: values | self._names(device)})

    @staticmethod
    def _names(device: FakeDevice) -> Values:
        if device.name is None:
            return {"Alias": Variant("s", device.address.replace(":", "-"))}
        return {"Name": Variant("s", device.name), "Alias": Variant("s", device.name)}

    # --- Method calls ---

    def _handle(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if self.deny:
            return Message.new_error(
                message, "org.freedesktop.DBus.Error.AccessDenied", "not allowed"
            )
        if (message.interface, message.member) == (OBJECT_MANAGER, "GetManagedObjects"):
            if self.silent:
                return True
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [self._objects])
        if message.path not in self._objects:
            return Message.new_error(
                message, "org.freedesktop.DBus.Error.UnknownObject", str(message.path)
            )
        self._run(self._reply(message))
        return True

    async def _reply(self, message: Message) -> None:
        try:
            kind, body = await self._call(message)
            reply = Message.new_method_return(message, kind, body)
        except RefusedError as error:
            reply = Message.new_error(message, *error.args)
        _ = self.bus.send(reply)

    async def _call(self, message: Message) -> tuple[str, list[Any]]:
        path = str(message.path)
        match message.interface, message.member:
            case "org.freedesktop.DBus.Properties", "Set":
                await self._set_property(path, message.body)
            case "org.bluez.Adapter1", member:
                self._call_adapter(self._adapter(path), str(member))
            case "org.bluez.Device1", "Connect":
                await self._connect(self._device(path))
            case "org.bluez.Device1", "Disconnect":
                self.disconnect(self._device(path))
            case "org.bluez.GattCharacteristic1", member:
                return self._call_characteristic(path, str(member), message.body)
            case _, member:
                raise RefusedError("org.freedesktop.DBus.Error.UnknownMethod", str(member))
        return "", []

    def _adapter(self, path: str) -> FakeAdapter:
        return next(one for one in self.adapters if path.startswith(one.path))

    def _device(self, path: str) -> FakeDevice:
        return next(one for one in self.devices if one.path and path.startswith(one.path))

    async def _set_property(self, path: str, body: list[Any]) -> None:
        interface, name, value = body
        if (interface, name) != (ADAPTER, "Powered"):
            raise RefusedError("org.freedesktop.DBus.Error.PropertyReadOnly", name)
        adapter = self._adapter(path)
        if value.value and adapter.blocked:
            raise RefusedError("org.bluez.Error.Failed", "Blocked through rfkill")
        adapter.power_changes.append(value.value)
        adapter.power_changed.set()
        adapter.powered = value.value
        if not value.value:
            adapter.discovering = False
            for device in self.devices:
                self.disconnect(device)
        self.change(path, ADAPTER, {"Powered": value, "Discovering": Variant("b", False)})

    def _call_adapter(self, adapter: FakeAdapter, member: str) -> None:
        if not adapter.powered:
            raise RefusedError("org.bluez.Error.NotReady", "Resource Not Ready")
        match member:
            case "StartDiscovery" if adapter.discovering:
                raise RefusedError("org.bluez.Error.InProgress", "Operation already in progress")
            case "StartDiscovery" | "StopDiscovery":
                adapter.discovering = member == "StartDiscovery"
                self.change(
                    adapter.path, ADAPTER, {"Discovering": Variant("b", adapter.discovering)}
                )
            case "SetDiscoveryFilter":
                pass
            case _:
                raise RefusedError("org.freedesktop.DBus.Error.UnknownMethod", member)

    async def _connect(self, device: FakeDevice) -> None:
        self.connecting.append(device.address)
        self._open_connects += 1
        self.parallel_connects = max(self.parallel_connects, self._open_connects)
        await asyncio.sleep(self.connect_seconds)
        self._open_connects -= 1
        if device.connect_error is not None or not device.in_range:
            raise RefusedError("org.bluez.Error.Failed", device.connect_error or "Page Timeout")
        device.connected = True
        device.connections += 1
        if device.connections > 1:
            device.connected_again.set()
        self.change(device.path, DEVICE, {"Connected": Variant("b", True)})
        if device.on_connect is not None:
            device.on_connect()
            return
        handle = 0x10
        for uuid, characteristics in device.services.items():
            service = f"{device.path}/service{handle:04x}"
            self._add(
                service,
                {
                    SERVICE: {
                        "UUID": Variant("s", uuid),
                        "Device": Variant("o", device.path),
                        "Primary": Variant("b", True),
                        "Includes": Variant("ao", []),
                    }
                },
            )
            for characteristic in characteristics:
                handle += 3
                characteristic.path = f"{service}/char{handle:04x}"
                self._add(
                    characteristic.path,
                    {
                        CHARACTERISTIC: {
                            "UUID": Variant("s", characteristic.uuid),
                            "Service": Variant("o", service),
                            "Value": Variant("ay", b""),
                            "Notifying": Variant("b", False),
                            "Flags": Variant("as", list(characteristic.flags)),
                            "MTU": Variant("q", 247),
                        }
                    },
                )
            handle += 0x10
        self.change(device.path, DEVICE, {"ServicesResolved": Variant("b", True)})
        if device.on_resolved is not None:
            device.on_resolved()

    def _call_characteristic(
        self, path: str, member: str, body: list[Any]
    ) -> tuple[str, list[Any]]:
        device = self._device(path)
        characteristic = next(
            one for chars in device.services.values() for one in chars if one.path == path
        )
        match member:
            case "StartNotify" | "StopNotify":
                characteristic.notifying = member == "StartNotify"
                if characteristic.notifying and characteristic.on_subscribe is not None:
                    characteristic.on_subscribe()
                self.change(
                    path, CHARACTERISTIC, {"Notifying": Variant("b", characteristic.notifying)}
                )
            case "ReadValue":
                characteristic.reads += 1
                if characteristic.on_read is not None:
                    characteristic.on_read()
                return "ay", [characteristic.value]
            case "WriteValue":
                if characteristic.write_error is not None:
                    raise RefusedError("org.bluez.Error.Failed", characteristic.write_error)
                if characteristic.on_write is not None:
                    characteristic.on_write(bytes(body[0]))
            case _:
                raise RefusedError("org.freedesktop.DBus.Error.UnknownMethod", member)
        return "", []
