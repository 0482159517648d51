"""Options that say how to read a recording, for the commands that read recordings."""

import argparse
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from limber_bridge.cli.argument_types import time_zone

if TYPE_CHECKING:
    from limber_bridge.recordings.read_options import ReadOptions

MAX_RATE_HZ: Final = 100_000.0
"""chosen: above the rate of any amplifier; a larger number is a typing error."""


def add_reading_options(command: argparse.ArgumentParser) -> None:
    """Add `--column`, `--channel`, `--unit`, `--rate` and `--time-zone`."""
    command.add_argument(
        "--column",
        type=column_mapping,
        action="append",
        default=[],
        metavar="FIELD=NAME",
        help="column of a table, by its header or its number: for example time=timestamp or "
        "left_acc_x=3; may be repeated",
    )
    command.add_argument(
        "--channel",
        type=channel_mapping,
        action="append",
        default=[],
        metavar="LABEL=QUANTITY",
        help="meaning of a label, for example 'EMG 3=left_emg', or 'EMG 3=ignore' to leave it out; "
        "may be repeated",
    )
    command.add_argument(
        "--unit",
        type=unit_mapping,
        action="append",
        default=[],
        metavar="LABEL=UNIT",
        help="unit of a label, for example left_emg=mV; may be repeated",
    )
    command.add_argument(
        "--rate", type=rate, metavar="HZ", help="sampling rate of a table without times"
    )
    command.add_argument(
        "--time-zone",
        type=time_zone,
        metavar="ZONE",
        help="time zone in which the recordings were made, for example Europe/Berlin",
    )


def reading_options(args: argparse.Namespace) -> ReadOptions:
    """Return what the options say; ValueError if they contradict each other."""
    from limber_bridge.recordings.read_options import ReadOptions

    return ReadOptions(
        zone=args.time_zone,
        channels=without_contradiction("--channel", args.channel),
        columns=without_contradiction("--column", args.column),
        units=without_contradiction("--unit", args.unit),
        rate=args.rate,
    )


def without_contradiction(option: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the values of an option by name; ValueError if a name has two of them."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            raise ValueError(f"{option} {name}: given as {found[name]} and {value}; write one")
    return found


def column_mapping(text: str) -> tuple[str, str]:
    """Parse FIELD=NAME."""
    from limber_bridge.domain.recording import COLUMNS

    name, equals, column = text.partition("=")
    known = ("time", *COLUMNS)
    if not equals or not column.strip() or name.strip().lower() not in known:
        raise argparse.ArgumentTypeError(
            f"`{text}`: write FIELD=NAME, where FIELD is one of {', '.join(known)}"
        )
    return name.strip().lower(), column.strip()


def channel_mapping(text: str) -> tuple[str, str]:
    """Parse LABEL=QUANTITY."""
    from limber_bridge.domain.recording import COLUMNS
    from limber_bridge.recordings.read_options import IGNORED

    label, equals, column = text.rpartition("=")
    known = (*COLUMNS, IGNORED)
    if not equals or not label.strip() or column.strip().lower() not in known:
        raise argparse.ArgumentTypeError(
            f"`{text}`: write LABEL=QUANTITY, with one of {', '.join(known)}"
        )
    return label.strip(), column.strip().lower()


def unit_mapping(text: str) -> tuple[str, str]:
    """Parse LABEL=UNIT."""
    from limber_bridge.recordings.units import KNOWN_UNITS, is_known_unit

    label, equals, unit = text.rpartition("=")
    if not equals or not label.strip() or not is_known_unit(unit):
        raise argparse.ArgumentTypeError(
            f"`{text}`: write LABEL=UNIT, with one of {', '.join(KNOWN_UNITS.values())}; "
            "s, ms, us, ns for times; or counts such as '1/4096 g'"
        )
    return label.strip(), unit.strip()


def rate(text: str) -> float:
    """Parse a sampling rate in Hz."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= MAX_RATE_HZ:
        raise argparse.ArgumentTypeError(f"`{text}`: write a rate in Hz, for example 50")
    return value
