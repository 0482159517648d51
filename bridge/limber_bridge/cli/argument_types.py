"""Parse the arguments of options."""

import argparse
from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MAX_SECONDS: Final = 86_400
"""Longest `--seconds`: a day."""


def disturbance_name(text: str) -> str:
    """Parse the name of a disturbance or of a group of disturbances."""
    from limber_bridge.simulation.disturbances import GROUPS, Disturbance

    known = [*Disturbance, *GROUPS]
    if text not in known:
        raise argparse.ArgumentTypeError(f"`{text}`: write one of {', '.join(known)}")
    return text


def device_name(text: str) -> str:
    """Parse the name of a simulated device."""
    from limber_bridge.simulation.devices import DEVICES

    if text not in DEVICES:
        raise argparse.ArgumentTypeError(f"`{text}`: write one of {', '.join(DEVICES)}")
    return text


def time_zone(text: str) -> ZoneInfo:
    """Parse the name of a time zone."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"`{text}`: unknown time zone; write for example Europe/Berlin"
        ) from error


def night_date(text: str) -> date:
    """Parse the date of a night."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"`{text}`: write the date on which the night ended, for example 2026-11-23"
        ) from error


def export_path(text: str) -> Path:
    """Parse the path of a file to export a night to."""
    from limber_bridge.offline.export import FORMATS

    if Path(text).suffix.lower() not in FORMATS:
        raise argparse.ArgumentTypeError(
            f"`{text}`: write a name that ends in {', '.join(FORMATS)}"
        )
    return Path(text)


def seconds(text: str) -> float:
    """Parse a duration in s."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"`{text}`: write a number above 0, at most {MAX_SECONDS}")
    return value


def whole_number(text: str) -> int:
    """Parse a whole number, 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}`: write a whole number, 0 or more")
    return int(text)


def positive_number(text: str) -> int:
    """Parse a whole number, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}`: write a whole number, 1 or more")
    return int(text)
