"""Publishes what the bridge is, the state of each sleeper, and what happens."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from limber_bridge import __version__
from limber_bridge.config.model import Config
from limber_bridge.daemon.bridge_health import BridgeHealthMonitor
from limber_bridge.daemon.changes import Change
from limber_bridge.daemon.job_queue import JobQueue
from limber_bridge.daemon.log_throttle import SensorLog
from limber_bridge.daemon.mqtt_client import MqttClient
from limber_bridge.daemon.page_address import page_url
from limber_bridge.daemon.sensor_health import SensorStatus
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.state_throttle import STATE_INTERVAL_US, StateThrottle, StateTrigger
from limber_bridge.protocol.encoding import (
    COMMANDS,
    Topics,
    encode,
    encode_event,
    encode_night_finished,
)
from limber_bridge.protocol.messages import Info, SleeperInfo
from limber_bridge.protocol.trial_encoding import encode_phase
from limber_bridge.storage.journal_writer import JournalWriter

LOG: Final = logging.getLogger(__name__)


class InfoPublisher:
    """Publish what the bridge is, when that changes."""

    def __init__(
        self,
        config: Config,
        topics: Topics,
        monitors: Mapping[str, SleeperMonitor],
        mqtt: MqttClient,
        instance: Callable[[], str | None],
    ) -> None:
        """Start with nothing published; `instance` returns which bridge this is."""
        self._instance = instance
        self._config = config
        self._topics = topics
        self._monitors = monitors
        self._mqtt = mqtt
        self._descriptions: dict[str, SleeperInfo] = {}
        self._due = False
        self._payload = b""

    def set_config(self, config: Config) -> None:
        """Describe a new configuration from now on."""
        self._config = config
        self._due = True

    def note(self, monitor: SleeperMonitor) -> None:
        """Note what a sleeper's sensors are now, as the first samples tell their rate."""
        description = monitor.describe()
        self._due |= description != self._descriptions.get(monitor.id)
        self._descriptions[monitor.id] = description

    def publish_if_changed(self) -> None:
        """Publish it if a sleeper's description has changed since it was last published."""
        if self._due:
            self._publish(force=False)

    def publish(self) -> None:
        """Publish it."""
        self._publish(force=True)

    def _publish(self, *, force: bool) -> None:
        payload = encode(
            Info(
                bridge=self._config.bridge,
                name=self._config.name,
                software=__version__,
                time_zone=self._config.calendar.zone.key,
                rules=self._config.rules.name,
                sleepers=tuple(monitor.describe() for monitor in self._monitors.values()),
                commands=COMMANDS,
                instance=self._instance(),
                url=page_url(self._config.web),
            )
        )
        if force or payload != self._payload:
            self._mqtt.publish(self._topics.info, payload, retain=True)
        self._payload = payload
        self._due = False


class StatePublisher:
    """Publish the state of each sleeper, neither too often nor too late."""

    def __init__(
        self,
        topics: Topics,
        monitors: Mapping[str, SleeperMonitor],
        health: BridgeHealthMonitor,
        mqtt: MqttClient,
        jobs: JobQueue,
    ) -> None:
        """Start with nothing published."""
        self._topics = topics
        self._health = health
        self._mqtt = mqtt
        self._jobs = jobs
        self._throttles = {
            sleeper: StateThrottle(phase=STATE_INTERVAL_US * index // len(monitors))
            for index, sleeper in enumerate(monitors)
        }

    def publish_if_due(
        self,
        monitor: SleeperMonitor,
        statuses: tuple[SensorStatus, ...],
        now: int,
        *,
        changed: bool,
    ) -> bool:
        """Publish the state of a sleeper if it is due; return whether it was."""
        throttle = self._throttle(monitor)
        trigger = StateTrigger(statuses, self._health.problem_keys(), monitor.calibrating)
        throttle.note(trigger, changed=changed)
        # If everything retained is about to be published, this state comes in its place there.
        if self._jobs.republish_requested or not throttle.is_due(now, busy=self._jobs.is_busy()):
            return False
        self._publish(monitor, now)
        throttle.note_published(now)
        return True

    def publish_with_all(self, monitor: SleeperMonitor, now: int) -> None:
        """Publish the state of a sleeper, together with those of all others."""
        self._publish(monitor, now)
        self._throttle(monitor).note_published(now, with_all=True)

    def _throttle(self, monitor: SleeperMonitor) -> StateThrottle:
        """Return the throttle of a sleeper, who may have been added after the start."""
        return self._throttles.setdefault(monitor.id, StateThrottle(phase=0))

    def _publish(self, monitor: SleeperMonitor, now: int) -> None:
        state = replace(
            monitor.state(now),
            recording=self._health.recording,
            journal=self._health.journal(),
            bridge=self._health.bridge(now),
        )
        self._mqtt.publish(self._topics.state(monitor.id), encode(state), retain=True)


class Publisher:
    """Publish changes after they have been written to the journal."""

    def __init__(
        self,
        topics: Topics,
        monitors: Mapping[str, SleeperMonitor],
        info: InfoPublisher,
        states: StatePublisher,
        mqtt: MqttClient,
        now: Callable[[], int],
    ) -> None:
        """Start with nothing published; `now` returns UTC in us."""
        self._topics = topics
        self._monitors = monitors
        self._info = info
        self._states = states
        self._mqtt = mqtt
        self._now = now
        self._sensor_log = SensorLog()

    def publish_change(self, monitor: SleeperMonitor, change: Change) -> None:
        """Publish the live events and finished nights of a change, then the state if it is due."""
        now = self._now()
        topic = self._topics.event(monitor.id)
        for filed in change.events:
            if not filed.live:
                continue
            message = encode_event(filed.event, filed.night, filed.known_at)
            if message is not None:
                self._mqtt.publish(topic, encode(message), retain=False)
        for night in change.finished:
            LOG.info(
                "%s: night of %s finished (revision %d)", monitor.id, night.date, night.revision
            )
            self._mqtt.publish(topic, encode(encode_night_finished(night, now)), retain=False)
        for phase in change.trial_phases:
            message = encode_phase(phase, monitor.calendar.night_of(phase.at))
            self._mqtt.publish(topic, encode(message), retain=False)
        statuses = monitor.sensor_health.statuses(now)
        self._sensor_log.update(monitor.id, statuses)
        if self._states.publish_if_due(monitor, statuses, now, changed=bool(change)):
            self._info.note(monitor)

    def publish_history(self, monitor: SleeperMonitor) -> None:
        """Publish that past nights have changed, and the state, which shows the last night.

        No event is published, because past nights must not trigger automations.
        """
        self._info.note(monitor)
        self._info.publish_if_changed()
        self._states.publish_with_all(monitor, self._now())

    def publish_info_if_changed(self) -> None:
        """Publish what the bridge is, if that has changed."""
        self._info.publish_if_changed()

    def publish_retained(self, earlier: Iterable[str]) -> list[str]:
        """Publish everything retained, with the status last; return the topics.

        The broker or Home Assistant may have been started without any of it. `earlier` are the
        topics that earlier runs of this bridge retained: those no longer in use are cleared.
        """
        now = self._now()
        self._info.publish()
        for monitor in self._monitors.values():
            self._states.publish_with_all(monitor, now)
        retained = [
            self._topics.status,
            self._topics.info,
            *(self._topics.state(sleeper) for sleeper in self._monitors),
        ]
        self._mqtt.announce_online(retained, earlier)
        return retained


class Republisher:
    """Publish everything retained again, and note in the journal which topics that are."""

    def __init__(self, publisher: Publisher, writer: JournalWriter, topics: Iterable[str]) -> None:
        """Start; `topics` are those that earlier runs of this bridge retained."""
        self._publisher = publisher
        self._writer = writer
        self._topics = list(topics)

    async def publish_all(self) -> None:
        """Publish everything retained, and clear the topics that are no longer used."""
        self._topics = self._publisher.publish_retained(self._topics)
        await self._writer.write_topics(self._topics)
