"""Find sensors that advertise."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from limber_bridge.domain.foreign_text import printable
from limber_bridge.sources.bluetooth.options import BluetoothOptions
from limber_bridge.sources.bluetooth.profiles import PROFILES, LimberFrames, find_profile
from limber_bridge.sources.source_api import FoundSensor

NO_SIGNAL_STRENGTH_DBM: Final = -127
"""What bleak returns where BlueZ does not say it."""


@dataclass(frozen=True, slots=True)
class Advertiser:
    """A device that advertises."""

    device: BLEDevice
    name: str | None
    """As it is shown, not as it is compared."""
    signal_strength: int | None
    """dBm; None: unknown."""
    service_uuids: tuple[str, ...]

    @property
    def profile(self) -> str | None:
        """Key of the profile of its model; None: it is not known."""
        return find_profile(self.name, self.service_uuids)

    @property
    def label(self) -> str:
        """How it is called in messages."""
        return f"{self.name or 'no name'} ({self.device.address})"


@dataclass(slots=True)
class Search:
    """A search for one sensor."""

    options: BluetoothOptions
    others: dict[str, Advertiser] = field(default_factory=dict)
    """By address: other devices of a known model, to name them if the sensor is not found."""
    found: asyncio.Future[Advertiser] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def process(self, device: BLEDevice, data: AdvertisementData) -> None:
        """Take in one advertisement. Names may come later than addresses, and may change."""
        advertiser = describe(device, data)
        if self.options.matches(device.address, (data.local_name, device.name)):
            if not self.found.done():
                self.found.set_result(advertiser)
        elif advertiser.profile is not None:
            self.others[device.address] = advertiser


def describe(device: BLEDevice, data: AdvertisementData) -> Advertiser:
    """Return what a device advertises."""
    strength = data.rssi if data.rssi > NO_SIGNAL_STRENGTH_DBM else None
    uuids = tuple(uuid.lower() for uuid in data.service_uuids)
    name = data.local_name or device.name
    return Advertiser(device, name and printable(name), strength, uuids)


async def find_sensor(
    adapter: str, options: BluetoothOptions, seconds: float
) -> Advertiser | Sequence[Advertiser]:
    """Return a sensor as soon as it advertises; after `seconds`, the other sensors in range."""
    search = Search(options)
    async with BleakScanner(search.process, bluez={"adapter": adapter}):
        try:
            async with asyncio.timeout(seconds):
                return await search.found
        except TimeoutError:
            return tuple(search.others.values())


async def list_sensors(adapter: str, seconds: float) -> list[FoundSensor]:
    """Return the sensors of a known model in range, the nearest first."""
    found: dict[str, Advertiser] = {}

    def process(device: BLEDevice, data: AdvertisementData) -> None:
        found[device.address] = describe(device, data)

    async with BleakScanner(process, bluez={"adapter": adapter}):
        await asyncio.sleep(seconds)
    known = [advertiser for advertiser in found.values() if advertiser.profile is not None]
    known.sort(key=lambda one: one.signal_strength or NO_SIGNAL_STRENGTH_DBM, reverse=True)
    return [found_sensor(advertiser) for advertiser in known]


def found_sensor(advertiser: Advertiser) -> FoundSensor:
    """Return a row for `limber scan`; the profile must be known."""
    key = advertiser.profile or ""
    profile = PROFILES[key]
    strength = advertiser.signal_strength
    signal = "" if strength is None else f", {strength} dBm"
    return FoundSensor(
        name=advertiser.name or advertiser.device.address,
        detail=f"{profile.title}{signal}. {profile.instruction}.",
        configuration={
            "source": "bluetooth",
            "device": key,
            "address": advertiser.device.address,
            "quantity": "acceleration",
            "placement": "ankle",
        },
        sends_id=isinstance(profile.stream, LimberFrames),
    )
