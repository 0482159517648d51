"""What is known of each model of Bluetooth sensor, as a table of rows.

A new model that streams in a way that a parser here understands is a new row.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.signal import Quantity
from limber_bridge.sources.bluetooth import movesense, polar, witmotion
from limber_bridge.sources.bluetooth.notifications import NotificationParser

BATTERY_LEVEL: Final = "00002a19-0000-1000-8000-00805f9b34fb"
"""Characteristic of the Bluetooth SIG: percent, one byte."""
NORDIC_UART_SERVICE: Final = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
NORDIC_UART_TX: Final = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
"""Characteristic by which a device of the Nordic UART service sends."""
PMD_SERVICE: Final = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
MOVESENSE_SERVICE: Final = "34802252-7185-4d5d-b431-630e7050e8f0"
WITMOTION_SERVICE: Final = "0000ffe5-0000-1000-8000-00805f9a34fb"


@dataclass(frozen=True, slots=True)
class Reply:
    """The notification that answers a command."""

    characteristic: str
    prefix: bytes
    """First bytes of the notification; what follows says whether the command was accepted."""


@dataclass(frozen=True, slots=True)
class Command:
    """A value to write, and the reply to wait for."""

    characteristic: str
    data: bytes
    reply: Reply | None = None
    """None: the device does not reply."""
    with_response: bool = True
    """Whether the device acknowledges the write itself."""


@dataclass(frozen=True, slots=True)
class ConnectionParameters:
    """How often the radio link is used, in the units of the Bluetooth specification."""

    min_interval: int
    """1.25 ms."""
    max_interval: int
    """1.25 ms."""
    latency: int
    """Connection events that the device may skip."""
    timeout: int
    """10 ms without an answer after which the link counts as lost."""


@dataclass(frozen=True, slots=True)
class StampedStream:
    """A stream in the format of the maker."""

    make_parser: Callable[[], NotificationParser]
    """Called for each connection; ImportError where its library is missing."""
    rate: float
    """Hz, nominal."""
    range_g: float
    """Samples of this magnitude in g are at the end of the sensor's range."""
    quantity: Quantity = Quantity.ACCELERATION


@dataclass(frozen=True, slots=True)
class LimberFrames:
    """A stream of Limber frames, one in each notification (docs/protocol.md)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One model of sensor."""

    title: str
    name_prefixes: tuple[str, ...]
    """How the names that it advertises begin."""
    service_uuids: tuple[str, ...]
    """Services that it advertises; empty: it is recognized by its name only."""
    subscribe: tuple[str, ...]
    """Characteristics whose notifications are needed, in the order of subscription."""
    start: tuple[Command, ...]
    stop: tuple[Command, ...]
    stream: StampedStream | LimberFrames
    instruction: str
    """One sentence: what the person must do before the sensor can be used."""
    missing_characteristic: str
    """What to do where the device does not have a characteristic."""
    connection: ConnectionParameters | None = None
    """None: the device proposes its own."""


def pmd_command(*data: int) -> Command:
    """Return a command for the control point of a Polar sensor; its reply repeats two bytes."""
    reply = Reply(polar.CONTROL_POINT, bytes([polar.REPLY, *data[:2]]))
    return Command(polar.CONTROL_POINT, bytes(data), reply)


def pmd_start(rate: int, *more: int) -> Command:
    """Return the command that starts acceleration at a rate (Hz), 16 bits and +-8 g.

    A setting is its type, the number of values, and the values (little endian): 0 rate,
    1 resolution in bits, 2 range in g, 4 channels.
    """
    settings = struct.pack("<BBHBBHBBH", 0, 1, rate, 1, 1, 16, 2, 1, 8)
    return pmd_command(2, 2, *settings, *more)


PMD_STOP: Final = pmd_command(3, 2)
SHORT_INTERVAL: Final = ConnectionParameters(24, 40, 0, 600)
"""30 to 50 ms; lost after 6 s. Chosen: samples arrive within a tenth of a second, and the radio of
the sensor sleeps most of the time."""
CLOSE_PHONE_APPS: Final = "close its app on the phone, as it accepts one connection at a time"

PROFILES: Final[Mapping[str, Profile]] = {
    "polar_verity_sense": Profile(
        title="Polar Verity Sense",
        name_prefixes=("Polar Sense",),
        service_uuids=(),
        subscribe=(polar.CONTROL_POINT, polar.DATA),
        # A stream that was left running would make the sensor refuse SDK mode. Without SDK mode it
        # switches itself off after some minutes without a heart rate.
        start=(PMD_STOP, pmd_command(2, 9), pmd_start(52, 4, 1, 3)),
        stop=(PMD_STOP, pmd_command(3, 9)),
        stream=StampedStream(polar.PolarParser, 52.0, 8.0),
        instruction=(
            "Update the sensor in the Polar Flow app (firmware 1.1.5 or newer), strap it to the "
            "ankle, press its button until the heart on its side lights up, and close the Polar "
            "apps on the phone"
        ),
        missing_characteristic="update its firmware in the Polar Flow app",
        connection=SHORT_INTERVAL,
    ),
    "polar_h10": Profile(
        title="Polar H10",
        name_prefixes=("Polar H10",),
        service_uuids=(),
        subscribe=(polar.CONTROL_POINT, polar.DATA),
        start=(PMD_STOP, pmd_start(50)),
        stop=(PMD_STOP,),
        stream=StampedStream(polar.PolarParser, 50.0, 8.0),
        instruction=(
            "Moisten the electrodes of the strap, wear it on the skin (it switches itself off "
            "otherwise), and close the Polar apps on the phone"
        ),
        missing_characteristic="update its firmware in the Polar Flow app",
        connection=SHORT_INTERVAL,
    ),
    "movesense": Profile(
        title="Movesense",
        name_prefixes=("Movesense",),
        service_uuids=(MOVESENSE_SERVICE,),
        subscribe=(movesense.NOTIFY,),
        start=(
            Command(
                movesense.WRITE,
                bytes([1, movesense.REFERENCE]) + b"/Meas/Acc/%d" % movesense.RATE_HZ,
                Reply(movesense.NOTIFY, bytes([movesense.REPLY, movesense.REFERENCE])),
            ),
        ),
        stop=(Command(movesense.WRITE, bytes([2, movesense.REFERENCE])),),
        stream=StampedStream(movesense.MovesenseParser, float(movesense.RATE_HZ), 8.0),
        instruction=(
            "Install the GATT SensorData app on the sensor with the Movesense Showcase app, "
            "connect the sensor to its strap so that it wakes up, and close the app"
        ),
        missing_characteristic=(
            "install the GATT SensorData app on it with the Movesense Showcase app"
        ),
        connection=SHORT_INTERVAL,
    ),
    "witmotion": Profile(
        title="WitMotion",
        name_prefixes=("WT901BLE", "WTSDCL", "WT9011"),
        service_uuids=(WITMOTION_SERVICE,),
        subscribe=(witmotion.NOTIFY,),
        # Unlock, then 50 Hz. Without the command to save, the sensor forgets it when it is
        # switched off.
        start=(
            Command(witmotion.WRITE, bytes.fromhex("ffaa6988b5"), with_response=False),
            Command(witmotion.WRITE, bytes.fromhex("ffaa030800"), with_response=False),
        ),
        stop=(),
        stream=StampedStream(witmotion.WitMotionParser, 50.0, 16.0),
        instruction=(
            "Switch the sensor on, keep it on its charger for a whole night, and "
            + CLOSE_PHONE_APPS
        ),
        missing_characteristic="use a model with Bluetooth 5 (names that begin with WT901BLE)",
        connection=SHORT_INTERVAL,
    ),
    "banglejs": Profile(
        title="Bangle.js 2",
        name_prefixes=("Bangle.js",),
        service_uuids=(),
        subscribe=(NORDIC_UART_TX,),
        start=(),
        stop=(),
        stream=LimberFrames(),
        instruction=(
            "Install the Limber app on the watch, start it, strap the watch to the ankle, and "
            "close Gadgetbridge and the app loader"
        ),
        missing_characteristic="install the Limber app on the watch and start it",
        connection=SHORT_INTERVAL,
    ),
    "limber": Profile(
        title="Limber frames over Nordic UART",
        name_prefixes=("Limber", "limber"),
        service_uuids=(NORDIC_UART_SERVICE,),
        subscribe=(NORDIC_UART_TX,),
        start=(),
        stop=(),
        stream=LimberFrames(),
        instruction="Write the id of the sensor in limber.yaml into its program, and switch it on",
        missing_characteristic="install a program on it that sends Limber frames over Nordic UART",
        connection=SHORT_INTERVAL,
    ),
}
"""By the value of `device:` in limber.yaml."""


def find_profile(name: str | None, service_uuids: tuple[str, ...]) -> str | None:
    """Return the key of the profile of a device that advertises this; None: it is not known.

    The name decides where it is known: a Bangle.js has the Nordic UART service, too.
    """
    for key, profile in PROFILES.items():
        if name is not None and name.startswith(profile.name_prefixes):
            return key
    for key, profile in PROFILES.items():
        if not set(profile.service_uuids).isdisjoint(service_uuids):
            return key
    return None
