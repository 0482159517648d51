"""`limber scan`: lists sensors in range, with the lines to add to limber.yaml."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from limber_bridge.config.model import Config, ConfiguredSensor, all_sensors
from limber_bridge.daemon.countdown import countdown
from limber_bridge.daemon.failure_log import FailureLog
from limber_bridge.domain.foreign_text import printable
from limber_bridge.sources import SOURCES
from limber_bridge.sources.network_scan import DEFAULT_LISTEN, scan_network
from limber_bridge.sources.source_api import FoundSensor, MissingLibraryError, SourceLostError

SCAN_SLACK_S: Final = 20.0
"""Time that a scan may take longer than asked for. Chosen: an adapter may have to be powered."""
ID_OF_DEVICE: Final = "...  # the id that is set in the program of the sensor"
"""What is written where the sensor sends its id: any number would look right and be refused."""
CHOICES: Final[Mapping[str, str]] = {
    "quantity": "acceleration  # or emg, or load",
    "placement": "ankle  # or bed; for EMG tibialis or calf",
    "side": "left  # or right; leave it out for a bed",
}
"""What a person must choose, with the value that is written."""
PLACEMENT_OF_QUANTITY: Final[Mapping[str, str]] = {
    "acceleration": "ankle  # or bed",
    "emg": "tibialis  # or calf",
    "load": "bed",
}
"""Placements by quantity."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What the scan of one source found."""

    source: str
    found: Sequence[FoundSensor] = ()
    failure: str = ""
    """Why it could not look, with the remedy; empty if it could."""
    missing_library: str = ""
    """What to install to look there too; empty if it is installed."""


async def scan_all(config: Config | None, seconds: float) -> list[ScanResult]:
    """Return what every source finds; all of them look at the same time."""
    async with countdown("looking for sensors", seconds):
        return await asyncio.gather(
            *(scan_source(name, scan, seconds) for name, scan in scans(config))
        )


def scans(
    config: Config | None,
) -> Iterator[tuple[str, Callable[[float], Awaitable[Sequence[FoundSensor]]]]]:
    """Yield the name and the scan of each source that can look for sensors."""
    settings = {} if config is None else config.source_settings
    yield "network", partial(scan_network, settings.get("network", DEFAULT_LISTEN))
    for name, source in SOURCES.items():
        if source.scan is not None:
            yield name, source.scan


async def scan_source(
    name: str, scan: Callable[[float], Awaitable[Sequence[FoundSensor]]], seconds: float
) -> ScanResult:
    """Return what one source finds."""
    try:
        async with asyncio.timeout(seconds + SCAN_SLACK_S):
            return ScanResult(name, await scan(seconds))
    except TimeoutError:
        return ScanResult(name, failure="the search did not end; try again")
    except MissingLibraryError as error:
        return ScanResult(name, missing_library=error.remedy)
    except SourceLostError as error:
        return ScanResult(name, failure=str(error))
    except Exception as error:  # noqa: BLE001 - the errors of a source's libraries are not known
        # One library must not hide what the others find.
        text = FailureLog().log(f"source {name}", error, "the other sources are searched")
        return ScanResult(name, failure=text)


def describe(result: ScanResult, config: Config | None, ids: Iterator[int]) -> Iterator[str]:
    """Yield the lines about the sensors that one source found.

    `ids` gives ids for those that have no id of their own.
    """
    for sensor in result.found:
        configuration = dict(sensor.configuration)
        who = find_configured(sensor, config)
        yield printable(f"{result.source}: {sensor.name}: {sensor.detail}", None)
        if who is not None:
            yield f"  is in limber.yaml as sensor {who}"
        else:
            if "id" not in configuration:
                configuration["id"] = ID_OF_DEVICE if sensor.sends_id else next(ids)
            yield from yaml_lines(configuration)


def yaml_lines(configuration: Mapping[str, str | int]) -> Iterator[str]:
    """Yield the entry of a sensor for limber.yaml, with a comment where a person must choose."""
    values = {"id": str(configuration["id"]), "source": str(configuration["source"])}
    quantity = configuration.get("quantity")
    values |= {key: str(configuration.get(key, choice)) for key, choice in CHOICES.items()}
    if "placement" not in configuration:
        values["placement"] = PLACEMENT_OF_QUANTITY.get(str(quantity), CHOICES["placement"])
    if values["placement"].startswith("bed"):
        del values["side"]
    values |= {key: quoted(value) for key, value in configuration.items() if key not in values}
    for number, (key, value) in enumerate(values.items()):
        yield f"      {'- ' if number == 0 else '  '}{key}: {value}"


def quoted(value: str | int) -> str:
    """Return a value as YAML: a text in quotes, since addresses contain colons.

    A stranger may have chosen it: it is one value on one line whatever is in it.
    """
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(escaped, None)}"'


def find_configured(found: FoundSensor, config: Config | None) -> int | None:
    """Return the id in limber.yaml of a sensor that was found; None if it is not in there."""
    return next((one.sensor.id for one in all_sensors(config) if is_same(one, found)), None)


def is_same(configured: ConfiguredSensor, found: FoundSensor) -> bool:
    """Return whether a sensor that was found is the configured one."""
    if configured.source != found.configuration["source"]:
        return False
    number = found.configuration.get("id")
    if number is not None:
        return number == configured.sensor.id
    return SOURCES[configured.source].recognizes(configured.request.options, found)


def free_ids(config: Config | None, results: Sequence[ScanResult]) -> Iterator[int]:
    """Yield ids from 1 that neither limber.yaml nor a sensor that was found uses."""
    used = {one.sensor.id for one in all_sensors(config)}
    used |= {
        int(sensor.configuration["id"])
        for result in results
        for sensor in result.found
        if "id" in sensor.configuration
    }
    number = 1
    while True:
        if number not in used:
            yield number
        number += 1
