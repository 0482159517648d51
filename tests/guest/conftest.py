"""Fixtures: a guest with BlueZ, an adapter in it, and sensors in range."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devtools.bluetooth_guest import BluetoothGuest, GuestUnavailableError, start_guest
from devtools.emulated_polar import VERITY_SENSE, PolarSensor
from devtools.emulated_radio import Air, LyingAnkle, adapter
from devtools.emulated_uart import UartSensor
from devtools.processes import DevtoolError
from tests.bridge.conftest import broker, start_bridge
from tests.required_programs import unavailable

__all__ = ["broker", "start_bridge"]

POLAR_ADDRESS = "C0:11:22:33:44:55"
UART_ADDRESS = "C0:11:22:33:44:66"
UART_ID = 2
UART_KEY = "a key for the tests"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all of them in one process, as they share the guest."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("guest"))


@pytest.fixture(scope="session")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BluetoothGuest]:
    """Start the guest. Skip where this machine cannot have it, also where CI=true.

    A guest that was not built, without a reason from script/setup, or does not boot fails where
    CI=true.
    """
    try:
        started = start_guest(tmp_path_factory.mktemp("guest"))
    except GuestUnavailableError as error:
        pytest.skip(str(error))
    except DevtoolError as error:
        unavailable(str(error))
    yield started
    started.stop()


@dataclass(frozen=True, slots=True)
class Bedroom:
    """Two sensors at the ankles of one sleeper."""

    air: Air
    ankle: LyingAnkle
    polar: PolarSensor
    uart: UartSensor


@pytest.fixture
async def bedroom() -> AsyncIterator[Bedroom]:
    """Switch on a Polar Verity Sense and a sensor with Limber frames; no adapter is plugged in."""
    air = Air()
    ankle = LyingAnkle()
    polar = PolarSensor(air, VERITY_SENSE, ankle, address=POLAR_ADDRESS)
    uart = UartSensor(air, ankle, address=UART_ADDRESS, sensor=UART_ID, key=UART_KEY.encode())
    await polar.power_on()
    await uart.power_on()
    yield Bedroom(air, ankle, polar, uart)
    uart.power_off()


@pytest.fixture
async def plugged(guest: BluetoothGuest, bedroom: Bedroom) -> AsyncIterator[Bedroom]:
    """Plug an adapter into the guest, within range of the sensors."""
    async with adapter(guest, bedroom.air):
        yield bedroom
