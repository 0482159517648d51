"""Takes a changed configuration into the running bridge, between two jobs."""

import logging
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.daemon.arrival_processor import RawSignalTap
from limber_bridge.daemon.change_applier import ChangeApplier
from limber_bridge.daemon.job_queue import JobQueue
from limber_bridge.daemon.publisher import InfoPublisher
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor

LOG: Final = logging.getLogger(__name__)

type MakeMonitors = Callable[[Config], dict[str, SleeperMonitor]]
"""Returns monitors that continue from the journal, for the sleepers of a configuration."""


class Reconfigurer:
    """Replace the sleepers and their sensors; those that stay go on as if nothing had happened."""

    def __init__(
        self,
        monitors: MutableMapping[str, SleeperMonitor],
        applier: ChangeApplier,
        info: InfoPublisher,
        tap: RawSignalTap,
        jobs: JobQueue,
    ) -> None:
        """Start; `monitors` is changed in place, as all parts of the bridge share it."""
        self._monitors = monitors
        self.by_sensor: dict[int, SleeperMonitor] = {}
        """The monitor of each sensor's sleeper, by sensor id; changed in place."""
        self._applier = applier
        self._info = info
        self.tap = tap
        """Records the raw signal."""
        self._jobs = jobs
        self._follow_sensors()

    def _follow_sensors(self) -> None:
        self.by_sensor.clear()
        self.by_sensor.update(
            (sensor, monitor)
            for monitor in self._monitors.values()
            for sensor in monitor.sensor_ids
        )

    async def apply(self, config: Config, make_monitors: MakeMonitors, now: int) -> None:
        """Follow a configuration; JournalError where the journal cannot be used."""
        before = dict(self._monitors)
        for sleeper, leaving in before.items():
            if not self._continues(sleeper, config):
                await self._applier.apply(leaving, leaving.interrupt(now))
                del self._monitors[sleeper]
        for wanted in config.sleepers:
            monitor = self._monitors.get(wanted.id)
            if monitor is not None:
                await self._applier.apply(monitor, monitor.set_sleeper(wanted, now))
        known = {**self._monitors, **make_monitors(config_of(config, set(self._monitors)))}
        self._monitors.clear()
        self._monitors.update({one.id: known[one.id] for one in config.sleepers})
        self._follow_sensors()
        self.tap.set_config(config)
        self._info.set_config(config)
        # Clients see the sleepers and sensors as they are now, and the retained topics of those
        # that are gone are cleared.
        self._jobs.request_republish()

    def _continues(self, sleeper: str, config: Config) -> bool:
        """Return whether a sleeper stays, and lives in the same time as before."""
        live = self._monitors[sleeper].clock.live
        return any(one.id == sleeper and one.live is live for one in config.sleepers)


def config_of(config: Config, without: set[str]) -> Config:
    """Return a configuration without some sleepers."""
    sleepers = tuple(one for one in config.sleepers if one.id not in without)
    return replace(config, sleepers=sleepers)
