"""Find sensors to add: beside a bridge that runs, and without one."""

from collections.abc import Sequence
from dataclasses import dataclass

from limber_bridge.config.model import Config, all_sensors
from limber_bridge.daemon.scan import ScanResult, find_configured, scan_source, scans
from limber_bridge.daemon.web_access import BridgeAccess
from limber_bridge.sources.source_api import FoundSensor


@dataclass(frozen=True, slots=True)
class Search:
    """What a search for sensors of one source found."""

    new: Sequence[FoundSensor]
    """Those that are not configured."""
    known: int
    """How many others are configured already."""
    failure: str
    """Why it could not look, or what to install for it; empty if it could."""


async def search_sensors(
    source: str, draft: Config | None, bridge: BridgeAccess | None, seconds: float
) -> Search:
    """Return which sensors of a source can be added, after looking for a number of seconds."""
    result = await _result(source, draft, bridge, seconds)
    new = [one for one in result.found if find_configured(one, draft) is None]
    failure = result.failure
    if result.missing_library:
        failure = f"{result.missing_library}, then start the bridge again"
    return Search(new, len(result.found) - len(new), failure)


async def _result(
    source: str, draft: Config | None, bridge: BridgeAccess | None, seconds: float
) -> ScanResult:
    if source == "network" and bridge is not None and uses_network(bridge.config):
        # The bridge itself listens on the port, and has heard them.
        return ScanResult(source, bridge.unknown.found(bridge.host_clock.steady()))
    looking = dict(scans(draft))
    return await scan_source(source, looking[source], seconds)


def uses_network(config: Config) -> bool:
    """Return whether a configuration opens the port for network sensors."""
    return any(one.source == "network" for one in all_sensors(config))


def free_id(config: Config | None) -> int:
    """Return the lowest id from 1 that no sensor has."""
    used = {one.sensor.id for one in all_sensors(config)}
    return next(number for number in range(1, len(used) + 2) if number not in used)
