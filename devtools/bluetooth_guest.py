"""A small virtual machine that runs a real Linux Bluetooth stack: kernel, D-Bus and BlueZ.

Programs outside it use its system bus through `DBUS_SYSTEM_BUS_ADDRESS`, and an emulated controller
becomes its adapter. `script/setup guest` builds the image. All ports are on loopback.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from devtools.processes import LOOPBACK, ROOT, DevtoolError, Program, find, free_port, start

IMAGE: Final = ROOT / ".tools" / "guest"
UNAVAILABLE: Final = ROOT / ".tools" / "guest.unavailable"
"""Why `script/setup guest` could not build the image; absent if it could."""
READY_TIMEOUT_S: Final = 120.0
"""chosen: the guest is ready after 10 to 20 s on two busy cores without virtualization, and
on a slow machine after several times as long."""
READY_TEXT: Final = "guest: ports are open"
ADDRESS: Final = "10.0.2.15"
"""Address of the guest on QEMU's user network."""
KERNEL_OPTIONS: Final = (
    # Without virtualization the kernel's self-tests take seconds, and that of ECDH fails. On a busy
    # machine, its check of the timer sees no tick in time, and it panics.
    "console=ttyS0 quiet panic=-1 cryptomgr.notests nokaslr mitigations=off no_timer_check"
)
BUS_PORT: Final = 5555
ADAPTER_PORT: Final = 5556
ADAPTER_TIMEOUT_S: Final = 20.0
"""chosen: how long BlueZ may take to initialize an adapter on a busy machine; usually under 2 s."""
ADAPTER_INTERFACE: Final = "org.bluez.Adapter1"


class GuestUnavailableError(DevtoolError):
    """This machine cannot have the guest; the text says why."""


@dataclass(frozen=True, slots=True)
class BluetoothGuest:
    """A guest that is running and ready."""

    program: Program
    bus_port: int
    adapter_port: int

    @property
    def bus_address(self) -> str:
        """Value for `DBUS_SYSTEM_BUS_ADDRESS`."""
        return f"tcp:host={LOOPBACK},port={self.bus_port}"

    @property
    def adapter_transport(self) -> str:
        """Name of bumble's transport for the controller that becomes the guest's adapter."""
        return f"tcp-client:{LOOPBACK}:{self.adapter_port}"

    def stop(self) -> None:
        """Stop the virtual machine."""
        self.program.stop()


def start_guest(folder: Path) -> BluetoothGuest:
    """Start a guest and wait until its ports are open.

    GuestUnavailableError if this machine cannot have it; DevtoolError if it was not built, or does
    not boot.
    """
    if UNAVAILABLE.exists():
        raise GuestUnavailableError(UNAVAILABLE.read_text().strip())
    kernel = IMAGE / "kernel"
    if not kernel.exists():
        raise DevtoolError("the Bluetooth guest is not built: run `script/setup guest`")
    qemu = find("qemu-system-x86_64")
    if qemu is None:
        raise GuestUnavailableError("QEMU is not installed: install the package qemu-system-x86")
    bus_port = free_port()
    adapter_port = free_port()
    forwards = f"{forward(bus_port, BUS_PORT)},{forward(adapter_port, ADAPTER_PORT)}"
    options = {
        # Hardware virtualization is not usable everywhere even where /dev/kvm exists.
        "accel": "tcg",
        "cpu": "qemu64",
        "machine": "pc",
        "m": "256",
        "display": "none",
        "serial": "stdio",
        "kernel": str(kernel),
        "initrd": str(IMAGE / "initrd"),
        # restrict: the guest reaches no network, only the forwarded ports.
        "netdev": f"user,id=net,restrict=on,{forwards}",
        "device": "virtio-net-pci,netdev=net",
        "append": f"{KERNEL_OPTIONS} limber_user={os.getuid()}",
    }
    words = [word for name, value in options.items() for word in (f"-{name}", value)]
    program = start("guest", [qemu, "-nodefaults", "-no-reboot", *words], folder / "guest.log")
    wait_until_ready(program)
    return BluetoothGuest(program, bus_port, adapter_port)


def forward(port: int, guest_port: int) -> str:
    """Return QEMU's option that forwards a port on loopback to a port of the guest."""
    return f"hostfwd=tcp:{LOOPBACK}:{port}-{ADDRESS}:{guest_port}"


def wait_until_ready(program: Program) -> None:
    """Wait until the guest has opened its ports; DevtoolError if not."""
    until = time.monotonic() + READY_TIMEOUT_S
    while program.runs and time.monotonic() < until:
        if READY_TEXT in program.log.read_text(errors="replace"):
            return
        time.sleep(0.1)
    program.stop()
    raise DevtoolError(
        f"the Bluetooth guest was not ready within {READY_TIMEOUT_S:.0f} s:\n{program.tail()}"
    )


@asynccontextmanager
async def system_bus(guest: BluetoothGuest) -> AsyncIterator[MessageBus]:
    """Connect to the guest's system bus."""
    bus = await MessageBus(bus_address=guest.bus_address).connect()
    try:
        yield bus
    finally:
        bus.disconnect()


async def adapter_paths(bus: MessageBus) -> list[str]:
    """Return the object paths of the adapters that BlueZ knows."""
    call = Message(
        destination="org.bluez",
        path="/",
        interface="org.freedesktop.DBus.ObjectManager",
        member="GetManagedObjects",
    )
    reply = await bus.call(call)
    if reply.message_type is not MessageType.METHOD_RETURN:
        return []  # bluetoothd has only just started.
    objects = reply.body[0]
    return [path for path, interfaces in objects.items() if ADAPTER_INTERFACE in interfaces]


async def power_adapter(bus: MessageBus, path: str) -> bool:
    """Switch an adapter on; return whether it is."""
    call = Message(
        destination="org.bluez",
        path=path,
        interface="org.freedesktop.DBus.Properties",
        member="Set",
        signature="ssv",
        body=[ADAPTER_INTERFACE, "Powered", Variant("b", True)],
    )
    reply = await bus.call(call)
    return reply.message_type is MessageType.METHOD_RETURN


async def wait_for_adapter(guest: BluetoothGuest, *, present: bool) -> None:
    """Wait until an adapter is there and on, or until none is there; DevtoolError if in vain."""
    until = time.monotonic() + ADAPTER_TIMEOUT_S
    async with system_bus(guest) as bus:
        while time.monotonic() < until:
            paths = await adapter_paths(bus)
            if present and paths and await power_adapter(bus, paths[0]):
                return
            if not present and not paths:
                return
            await asyncio.sleep(0.05)
    wanted = "have" if present else "remove"
    raise DevtoolError(f"BlueZ in the guest does not {wanted} its adapter:\n{guest.program.tail()}")
