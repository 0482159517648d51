"""Lets the running bridge follow a changed limber.yaml, without a sample lost of other sensors."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from limber_bridge.config.model import Config
from limber_bridge.daemon.bridge_health import BridgeHealthMonitor
from limber_bridge.daemon.bridge_topics import bridge_topics
from limber_bridge.daemon.config_changes import find_changes
from limber_bridge.daemon.job_queue import ConfigChanged, JobQueue
from limber_bridge.daemon.live_view import LiveView
from limber_bridge.daemon.message_router import MessageRouter
from limber_bridge.daemon.mqtt_client import MqttClient
from limber_bridge.daemon.reconfigure import Reconfigurer
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.source_runner import SourceRunner
from limber_bridge.offline.trial_results import trial_results
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.restore import SleeperSensors, restore_sleepers


@dataclass(frozen=True, slots=True)
class ReloadedParts:
    """The parts of a bridge that depend on the sleepers, the sensors or the broker."""

    jobs: JobQueue
    sources: SourceRunner
    router: MessageRouter
    mqtt: MqttClient
    health: BridgeHealthMonitor
    reconfigurer: Reconfigurer
    live: LiveView


class Reloader:
    """Compare a new configuration with the one that runs, and change what differs."""

    def __init__(
        self, config: Config, journal: Journal, host: HostClock, parts: ReloadedParts
    ) -> None:
        """Start; `config` is what runs."""
        self.config = config
        """What runs now."""
        self._journal = journal
        self._host = host
        self._parts = parts

    async def reload(self, config: Config) -> tuple[str, ...]:
        """Follow a configuration; return the parts of limber.yaml that need a restart.

        Where there are any, nothing was changed.
        """
        changes = find_changes(self.config, config)
        if changes.restarting:
            return changes.restarting
        parts = self._parts
        # First the sources stop what goes; then the detection follows, after all that is on its
        # way; then the sources read what comes. So no sample meets a sensor that it is not of.
        await parts.sources.started.wait()
        await parts.sources.remove(changes.removed)
        done = asyncio.get_running_loop().create_future()
        await parts.jobs.put(ConfigChanged(lambda: self._follow(config), done))
        await done
        parts.sources.set_config(config)
        await parts.sources.add(changes.added)
        self.config = config
        topics = bridge_topics(config)
        parts.router.set_topics(topics)
        if changes.reconnects:
            await parts.mqtt.reconnect(config.broker, topics)
        else:
            parts.mqtt.set_topics(topics)
        return ()

    async def _follow(self, config: Config) -> None:
        """Follow the sleepers and sensors of a configuration; JournalError."""
        now = self._host.now()
        await self._parts.reconfigurer.apply(
            config, lambda new: restored_monitors(new, self._journal, now), now
        )
        # Open pages connect again, to the sensors as they are now.
        self._parts.live.close()
        self._parts.health.set_unconfigured(config.unconfigured(self._journal.sleepers()))


def restored_monitors(config: Config, journal: Journal, now: int) -> dict[str, SleeperMonitor]:
    """Return a monitor for each sleeper, by id, that continues from what the journal holds."""
    sensors = {
        sleeper.id: SleeperSensors(
            ids=[configured.sensor.id for configured in sleeper.sensors], live=sleeper.live
        )
        for sleeper in config.sleepers
    }
    restored = restore_sleepers(journal, sensors, config.calendar, now)
    monitors = {
        sleeper.id: SleeperMonitor(sleeper, config, restored[sleeper.id], now)
        for sleeper in config.sleepers
    }
    for monitor in monitors.values():
        last = monitor.trials.last
        if last is not None:
            # Now, so that the first state has it. A result that cannot be computed stays due.
            with suppress(JournalError):
                results = trial_results(journal, monitor.id, config.calendar, (last,))
                monitor.trials.add_results(results, monitor.trials.revision)
    return monitors
