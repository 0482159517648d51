"""Use BlueZ over D-Bus: find adapters, switch their power, and close stale connections.

bleak does the rest, but has no functions for these. Source: the documentation of BlueZ's D-Bus
interface (https://github.com/bluez/bluez/tree/master/doc).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from bleak.backends.bluezdbus.utils import get_dbus_authenticator
from dbus_fast import (
    AuthError,
    BusType,
    DBusError,
    InvalidAddressError,
    Message,
    MessageType,
    Variant,
    unpack_variants,
)
from dbus_fast.aio import MessageBus

from limber_bridge.sources.bluetooth.options import BluetoothOptions
from limber_bridge.sources.source_api import SourceLostError

BLUEZ: Final = "org.bluez"
ADAPTER: Final = "org.bluez.Adapter1"
DEVICE: Final = "org.bluez.Device1"
OBJECT_MANAGER: Final = "org.freedesktop.DBus.ObjectManager"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"

CALL_TIMEOUT_S: Final = 10.0
"""For one call; bluetoothd replies within milliseconds, or seconds while it switches power."""
POWER_OFF_S: Final = 1.0
"""How long an adapter stays switched off. Chosen: its firmware needs some tenths of a second."""

PERMISSION_HELP: Final = (
    "this user may not use Bluetooth: add it to the group `bluetooth` and restart limber; in a "
    "container, mount /run/dbus"
)
SERVICE_HELP: Final = (
    "the Bluetooth service of this machine does not run: install and start it "
    "(`sudo apt install bluez`, `sudo systemctl enable --now bluetooth`); in a container, mount "
    "/run/dbus"
)
SILENT_HELP: Final = (
    "the Bluetooth service of this machine does not answer: restart it "
    "(`sudo systemctl restart bluetooth`) if this does not pass"
)
ADAPTER_HELP: Final = "no Bluetooth adapter: plug one in (`bluetoothctl list` shows it)"

DENIED_ERRORS: Final = (
    "org.freedesktop.DBus.Error.AccessDenied",
    "org.freedesktop.DBus.Error.AuthFailed",
)
ABSENT_ERRORS: Final = (
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
    "org.freedesktop.DBus.Error.Spawn.ServiceNotFound",
)
SILENT_ERROR: Final = "org.freedesktop.DBus.Error.NoReply"

type Objects = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By path and interface: the properties of BlueZ's objects."""


class SilentServiceError(SourceLostError):
    """The Bluetooth service did not answer a call in time; it may answer the next one."""


class BluezError(Exception):
    """BlueZ refused a call; the text is its error."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A Bluetooth adapter of this machine."""

    path: str
    powered: bool

    @property
    def name(self) -> str:
        """Such as hci0."""
        return self.path.rsplit("/", 1)[-1]


@asynccontextmanager
async def connect_bus() -> AsyncIterator[MessageBus]:
    """Connect to the system bus; SourceLostError with a remedy if that fails."""
    bus = MessageBus(bus_type=BusType.SYSTEM, auth=get_dbus_authenticator())
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            await bus.connect()
    except (AuthError, PermissionError) as error:
        bus.disconnect()
        raise SourceLostError(PERMISSION_HELP) from error
    except (OSError, EOFError, TimeoutError, InvalidAddressError, DBusError) as error:
        bus.disconnect()
        raise SourceLostError(SERVICE_HELP) from error
    try:
        yield bus
    finally:
        bus.disconnect()
        with suppress(OSError, EOFError):
            # Without this the socket stays open until it is garbage.
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def call(bus: MessageBus, message: Message) -> Sequence[Any]:
    """Return the values of a call; BluezError or SourceLostError if it fails."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            reply = await bus.call(message)
    except TimeoutError as error:
        raise SilentServiceError(SILENT_HELP) from error
    except (OSError, EOFError, DBusError) as error:
        raise SourceLostError(SERVICE_HELP) from error
    if reply.message_type is not MessageType.ERROR:
        return reply.body
    if reply.error_name in DENIED_ERRORS:
        raise SourceLostError(PERMISSION_HELP)
    if reply.error_name == SILENT_ERROR:
        raise SilentServiceError(SILENT_HELP)
    if reply.error_name in ABSENT_ERRORS:
        raise SourceLostError(SERVICE_HELP)
    raise BluezError(" ".join(str(part) for part in (reply.error_name, *reply.body)))


async def read_objects(bus: MessageBus) -> Objects:
    """Return everything that BlueZ knows; SourceLostError if it does not run."""
    request = Message(
        destination=BLUEZ, path="/", interface=OBJECT_MANAGER, member="GetManagedObjects"
    )
    try:
        (objects,) = await call(bus, request)
    except BluezError as error:
        raise SourceLostError(SERVICE_HELP) from error
    unpacked: Objects = unpack_variants(objects)
    return unpacked


def list_adapters(objects: Objects) -> list[Adapter]:
    """Return the adapters in the order of their numbers."""
    adapters = [
        Adapter(path, bool(interfaces[ADAPTER].get("Powered")))
        for path, interfaces in objects.items()
        if ADAPTER in interfaces
    ]
    return sorted(adapters, key=lambda adapter: (len(adapter.name), adapter.name))


def choose_adapter(adapters: Sequence[Adapter], wanted: str | None) -> Adapter:
    """Return the wanted adapter, or the first one that is switched on, or the first one.

    SourceLostError where there is not one.
    """
    if not adapters:
        raise SourceLostError(ADAPTER_HELP)
    if wanted is None:
        return next((adapter for adapter in adapters if adapter.powered), adapters[0])
    for adapter in adapters:
        if adapter.name == wanted:
            return adapter
    present = ", ".join(adapter.name for adapter in adapters)
    raise SourceLostError(
        f"no Bluetooth adapter {wanted}: correct `adapter` in limber.yaml (present: {present})"
    )


async def set_powered(bus: MessageBus, adapter: Adapter, powered: bool) -> None:
    """Switch an adapter on or off; BluezError or SourceLostError if that is refused."""
    await call(
        bus,
        Message(
            destination=BLUEZ,
            path=adapter.path,
            interface=PROPERTIES,
            member="Set",
            signature="ssv",
            body=[ADAPTER, "Powered", Variant("b", powered)],
        ),
    )


async def prepare_adapter(wanted: str | None, options: BluetoothOptions | None = None) -> str:
    """Return the name of the adapter to use, switched on.

    A sensor is disconnected that is still connected, if its options are given: BlueZ keeps the
    connections of a program that was killed, and a connected sensor does not advertise, so that it
    would not be found. SourceLostError with a remedy if there is no adapter, or if it cannot be
    switched on.
    """
    async with connect_bus() as bus:
        objects = await read_objects(bus)
        adapter = choose_adapter(list_adapters(objects), wanted)
        if not adapter.powered:
            await switch_on(bus, adapter)
        if options is not None:
            await drop_stale_connections(bus, objects, adapter, options)
        return adapter.name


async def switch_on(bus: MessageBus, adapter: Adapter) -> None:
    """Switch an adapter on; SourceLostError with a remedy if that fails."""
    try:
        await set_powered(bus, adapter, powered=True)
    except BluezError as error:
        raise SourceLostError(
            f"the Bluetooth adapter {adapter.name} is switched off and cannot be switched "
            f"on ({error}): run `sudo rfkill unblock bluetooth` and `bluetoothctl power on`"
        ) from error


async def drop_stale_connections(
    bus: MessageBus, objects: Objects, adapter: Adapter, options: BluetoothOptions
) -> None:
    """Disconnect a sensor from an adapter, if it is connected."""
    for path, interfaces in objects.items():
        device = interfaces.get(DEVICE, {})
        if not device.get("Connected") or not path.startswith(f"{adapter.path}/"):
            continue
        names = (device.get("Name"), device.get("Alias"))
        if options.matches(str(device.get("Address", "")), names):
            request = Message(destination=BLUEZ, path=path, interface=DEVICE, member="Disconnect")
            with suppress(BluezError):
                await call(bus, request)


async def power_cycle(name: str) -> str | None:
    """Switch an adapter off and on again; return why that failed, None if it did not.

    This breaks all links of the adapter. SourceLostError if the adapter is gone. Once begun, it is
    completed even where the caller is cancelled: other programs and keyboards use the adapter, too.
    """
    switching = asyncio.create_task(switch_off_and_on(name))
    try:
        return await asyncio.shield(switching)
    except asyncio.CancelledError:
        await asyncio.wait([switching])
        if not switching.cancelled():
            # Read, or asyncio logs it as one that was never retrieved.
            switching.exception()
        raise


async def switch_off_and_on(name: str) -> str | None:
    """Switch an adapter off and on; return why that failed, None if it did not."""
    async with connect_bus() as bus:
        adapter = choose_adapter(list_adapters(await read_objects(bus)), name)
        try:
            await set_powered(bus, adapter, powered=False)
        except BluezError as error:
            return str(error)
    await asyncio.sleep(POWER_OFF_S)
    # Over a connection of its own: the one above may have been lost in the pause.
    async with connect_bus() as bus:
        try:
            await set_powered(bus, adapter, powered=True)
        except BluezError as error:
            return str(error)
    return None
