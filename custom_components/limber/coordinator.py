"""Receives what a bridge publishes and keeps its current state.

Every message is folded into an immutable `BridgeData`. A message that cannot be read changes
nothing. Events are not part of the data: the coordinator passes them to listeners.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from homeassistant.components import mqtt
from homeassistant.components.mqtt.models import ReceiveMessage
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util

from .bluetooth_link import SensorLink
from .const import (
    CONF_BASE_TOPIC,
    CONF_BATTERY_BELOW,
    CONF_BED_SENSORS,
    CONF_BRIDGE,
    CONF_INSTANCE,
    CONF_RELAYED,
    CONF_RESTLESS_ABOVE,
    DEFAULT_BATTERY_PERCENT,
    DEFAULT_RESTLESS_PLM_INDEX,
    DOMAIN,
)
from .event_dispatch import BridgeEvent, EventDispatcher, FinishedNight, is_late
from .limits import MAX_STATES
from .message_reader import MessageReader, version_key
from .recent_nights import merge_nights
from .requests import NO_RESPONSE, BridgeRequests
from .statistic_rows import is_plausible
from .unworn_sensors import UnwornSensors
from .wire import parse_event, parse_info, parse_response, parse_state
from .wire_events import NightEvent
from .wire_info import Info, Relay, Sleeper
from .wire_nights import Night
from .wire_state import SensorHealth, State

_LOGGER: Final = logging.getLogger(__name__)

type LimberConfigEntry = ConfigEntry[LimberCoordinator]
type StartListener = Callable[[], None]
"""Called when the bridge is online again, for example after a restart."""
type NightListener = Callable[[str, date], None]
"""Called with a sleeper and the date of a night."""

SILENT_AFTER: Final = timedelta(minutes=5)
"""A bridge that has published nothing for this long is away, whatever its retained status says.

Chosen: it publishes the state of each sleeper at least once a minute.
"""
MAX_HELD_EVENTS: Final = 100
SILENCE_CHECK_INTERVAL: Final = timedelta(minutes=1)
RETAINED_TIMEOUT_S: Final = 10
"""How long the set-up waits for retained messages. Chosen: a broker sends them within a second of
the subscription."""


@dataclass(frozen=True, slots=True)
class BridgeData:
    """Everything known about a bridge."""

    online: bool = False
    """The bridge is online, and Home Assistant is connected to the broker."""
    info: Info | None = None
    states: Mapping[str, State] = field(default_factory=dict)
    """By sleeper."""
    recent_nights: Mapping[str, tuple[Night, ...]] = field(default_factory=dict)
    """Finished nights of the last weeks by sleeper, oldest first; requested from the bridge."""
    clock_offset: timedelta | None = None
    """How far the bridge's clock is ahead, according to its last live message."""
    battery_sensors: frozenset[int] = frozenset()
    """Ids of configured sensors that have reported a battery level. They are remembered, because a
    sensor reports no level after a restart of the bridge until its next frame."""

    @property
    def sleepers(self) -> tuple[Sleeper, ...]:
        """Return the configured sleepers."""
        return () if self.info is None else self.info.sleepers

    def sensor_health(self, sensor: int) -> SensorHealth | None:
        """Return the health of a sensor, which is part of the state of its sleeper."""
        for sleeper in self.sleepers:
            if any(one.id == sensor for one in sleeper.sensors):
                state = self.states.get(sleeper.id)
                return None if state is None else state.sensors.get(sensor)
        return None


def without_impossible_night(state: State, today: date) -> State:
    """Return a state without a last night that only a wrong clock can have measured."""
    if state.last_night is None or is_plausible(state.last_night.night, today):
        return state
    return replace(state, last_night=None)


def require_online(coordinator: LimberCoordinator) -> None:
    """Raise HomeAssistantError if the bridge is not online, instead of waiting for an answer."""
    if not coordinator.data.online:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=NO_RESPONSE)


class LimberCoordinator(DataUpdateCoordinator[BridgeData]):
    """Follows one bridge."""

    config_entry: LimberConfigEntry

    def __init__(self, hass: HomeAssistant, entry: LimberConfigEntry) -> None:
        """Prepare to follow the bridge of a config entry; `async_start` subscribes."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, always_update=False)
        self.bridge: str = entry.data[CONF_BRIDGE]
        self.data = BridgeData()
        self._topic = f"{entry.data[CONF_BASE_TOPIC]}/{self.bridge}"
        self.requests = BridgeRequests(hass, self._topic, self._commands)
        self.events = EventDispatcher()
        self.unworn_sensors = UnwornSensors()
        self._reader = MessageReader(hass, self.bridge, self.name)
        self.links: dict[int, SensorLink] = {}
        """The connections to Bluetooth sensors that are relayed, by sensor id."""
        self._night_listeners: list[NightListener] = []
        self._start_listeners: list[StartListener] = []
        self._info_received = asyncio.Event()
        self._was_offline = False
        self._held_events: deque[tuple[str, BridgeEvent]] = deque(maxlen=MAX_HELD_EVENTS)
        self._reports_online = False
        self.version = ""
        """Of this integration."""
        self._infos_being_read = 0
        """The state of a new sleeper may arrive while its description waits for a time zone."""
        self._heard_at: datetime | None = None
        """Time of the last message that the bridge is known to have sent."""
        self._started_at = dt_util.utcnow()

    @property
    def silent_for(self) -> timedelta | None:
        """For how long a bridge has been silent whose status is `online`; None: it is not."""
        if not self._reports_online or not self.data.sleepers:
            # A bridge without sleepers publishes no state.
            return None
        silent = dt_util.utcnow() - (self._heard_at or self._started_at)
        return silent if silent > SILENT_AFTER else None

    @property
    def restless_above(self) -> float:
        """The PLM index (per hour) above which a night counts as restless."""
        return float(self.config_entry.options.get(CONF_RESTLESS_ABOVE, DEFAULT_RESTLESS_PLM_INDEX))

    @property
    def battery_below(self) -> int:
        """The battery level (percent) below which a battery counts as low."""
        return int(self.config_entry.options.get(CONF_BATTERY_BELOW, DEFAULT_BATTERY_PERCENT))

    @property
    def bed_sensors(self) -> Mapping[str, str]:
        """The entity ids of the in-bed sensors, by sleeper; only those of configured sleepers."""
        sleepers = {sleeper.id for sleeper in self.data.sleepers}
        chosen: Mapping[str, str] = self.config_entry.options.get(CONF_BED_SENSORS, {})
        return {sleeper: entity for sleeper, entity in chosen.items() if sleeper in sleepers}

    @property
    def relayed_sensors(self) -> Mapping[int, str]:
        """The Bluetooth addresses of the sensors that Home Assistant connects to, by sensor id.

        An address in the bridge's configuration comes before the one that was chosen here.
        """
        chosen: Mapping[str, str] = self.config_entry.options.get(CONF_RELAYED, {})
        addresses: dict[int, str] = {}
        for _, sensor, relay in self.relays():
            address = relay.address or chosen.get(str(sensor))
            if address is not None:
                addresses[sensor] = address.upper()
        return addresses

    def relays(self) -> list[tuple[Sleeper, int, Relay]]:
        """Return the sensors that Home Assistant is to connect to: sleeper, id, what to do."""
        return [
            (sleeper, sensor.id, sensor.relay)
            for sleeper in self.data.sleepers
            for sensor in sleeper.sensors
            if sensor.relay is not None
        ]

    @property
    def time_zone(self) -> tzinfo:
        """The bridge's time zone, to which the dates of nights refer."""
        info = self.data.info
        # `_handle_info` has loaded it, so this does not read from disk.
        zone = None if info is None else dt_util.get_time_zone(info.time_zone)
        return zone or dt_util.get_default_time_zone()

    def supports(self, command: str) -> bool:
        """Return whether the bridge accepts a command; an older bridge may not know it."""
        return command in self._commands()

    def _commands(self) -> tuple[str, ...]:
        return () if self.data.info is None else self.data.info.commands

    # --- Start ---

    async def async_start(self) -> None:
        """Subscribe to the bridge's topics and wait for the retained messages.

        Raise ConfigEntryNotReady if there is no broker, no bridge, or a bridge with another
        protocol version.
        """
        if not await mqtt.async_wait_for_mqtt_client(self.hass):
            raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="no_mqtt")
        integration = await async_get_integration(self.hass, DOMAIN)
        self.version = str(integration.version or "")
        self._started_at = dt_util.utcnow()
        subscribed = await self._subscribe()
        try:
            async with asyncio.timeout(RETAINED_TIMEOUT_S):
                await subscribed.wait()
                await self._info_received.wait()
        except TimeoutError as error:
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN, translation_key="no_bridge"
            ) from error
        if self._reader.other_version is not None:
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN,
                translation_key=version_key(self._reader.other_version),
                translation_placeholders={"bridge": self.bridge},
            )

    async def _subscribe(self) -> asyncio.Event:
        """Subscribe until the entry is unloaded.

        The returned event is set once the broker has confirmed the topic for responses.
        """
        subscribed = asyncio.Event()
        response_topic = self.requests.response_topic
        on_unload = self.config_entry.async_on_unload
        on_unload(mqtt.async_on_subscribe_done(self.hass, response_topic, 1, subscribed.set))
        for topic, handler in (
            (f"{self._topic}/status", self._handle_status),
            (f"{self._topic}/info", self._handle_info),
            (f"{self._topic}/+/state", self._handle_state),
            (f"{self._topic}/+/event", self._handle_event),
            (response_topic, self._handle_response),
        ):
            on_unload(await mqtt.async_subscribe(self.hass, topic, handler, 1))
        on_unload(mqtt.async_subscribe_connection_status(self.hass, self._handle_connection))
        on_unload(async_track_time_interval(self.hass, self._check_silence, SILENCE_CHECK_INTERVAL))
        return subscribed

    @callback
    def async_listen_to_start(self, listener: StartListener) -> CALLBACK_TYPE:
        """Call `listener` each time that the bridge comes online."""
        self._start_listeners.append(listener)
        return lambda: self._start_listeners.remove(listener)

    # --- Nights ---

    @callback
    def async_listen_to_nights(self, listener: NightListener) -> CALLBACK_TYPE:
        """Call `listener` for every night that is finished or revised, also for late ones."""
        self._night_listeners.append(listener)
        return lambda: self._night_listeners.remove(listener)

    @callback
    def add_recent_nights(self, sleeper: str, nights: Iterable[Night]) -> None:
        """Add nights to the recent nights of a sleeper, or replace them."""
        known = self.data.recent_nights.get(sleeper, ())
        merged = merge_nights(known, nights, dt_util.now().date())
        recent = {**self.data.recent_nights, sleeper: merged}
        self.async_set_updated_data(replace(self.data, recent_nights=recent))

    @callback
    def set_recent_nights(self, sleeper: str, nights: Iterable[Night]) -> None:
        """Replace the recent nights of a sleeper: some may be gone."""
        recent = {
            **self.data.recent_nights,
            sleeper: merge_nights((), nights, dt_util.now().date()),
        }
        self.async_set_updated_data(replace(self.data, recent_nights=recent))

    async def _process_night(self, sleeper: str, event: NightEvent, *, late: bool) -> None:
        """Request a night that was finished or revised, then dispatch the event."""
        night: Night | None = None
        try:
            nights = await self.requests.fetch_nights(sleeper, event.night - timedelta(days=1))
        except HomeAssistantError as error:
            _LOGGER.warning("%s: could not request the night %s: %s", self.name, event.night, error)
        else:
            self.add_recent_nights(sleeper, nights)
            night = next((one for one in nights if one.night == event.night), None)
        for listener in list(self._night_listeners):
            listener(sleeper, event.night)
        if night is not None:
            self._set_last_night(sleeper, night)
        if not late:
            self._dispatch_or_hold(sleeper, FinishedNight(event, night))

    @callback
    def _dispatch_or_hold(self, sleeper: str, event: BridgeEvent) -> None:
        """Dispatch an event, once the bridge is online.

        An entity that becomes available shows its last event without triggering anything.
        """
        if self.data.online:
            self.events.dispatch(sleeper, event)
        else:
            self._held_events.append((sleeper, event))

    @callback
    def _set_last_night(self, sleeper: str, night: Night) -> None:
        """Show a finished night before the next state arrives.

        Automations that the event starts read the entities of the last night at once.
        """
        state = self.data.states.get(sleeper)
        if state is None:
            return
        if state.last_night is None or state.last_night.night <= night.night:
            states = {**self.data.states, sleeper: replace(state, last_night=night)}
            self.async_set_updated_data(replace(self.data, states=states))

    # --- Messages ---

    @callback
    def _handle_connection(self, connected: bool) -> None:
        """Go offline with the broker; the retained status says when the bridge is online again."""
        if not connected:
            self._reports_online = False
            self._update_online()

    @callback
    def _handle_status(self, message: ReceiveMessage) -> None:
        if message.payload not in ("online", "offline"):
            return
        self._reports_online = message.payload == "online"
        if not message.retain:
            self._heard_at = dt_util.utcnow()
        self._update_online()

    @callback
    def _check_silence(self, _now: datetime) -> None:
        self._update_online()

    @callback
    def _update_online(self) -> None:
        """Derive from its status and its last message whether the bridge is online."""
        self._set_online(online=self._reports_online and self.silent_for is None)

    @callback
    def _set_online(self, *, online: bool) -> None:
        if online == self.data.online:
            return
        if online and self._was_offline:
            _LOGGER.info("%s is available again", self.name)
        elif not online:
            _LOGGER.info("%s is unavailable", self.name)
        self._was_offline = not online
        self.async_set_updated_data(replace(self.data, online=online))
        if online:
            for listener in list(self._start_listeners):
                listener()
            self._dispatch_held_events()

    @callback
    def _dispatch_held_events(self) -> None:
        """Dispatch what the bridge published just before it came online."""
        now = dt_util.utcnow()
        while self._held_events:
            sleeper, event = self._held_events.popleft()
            if isinstance(event, NightEvent):
                self._start_processing(sleeper, event, late=is_late(event, now))
            elif not is_late(event, now):
                self.events.dispatch(sleeper, event)

    async def _handle_info(self, message: ReceiveMessage) -> None:
        self._infos_being_read += 1
        try:
            await self._read_info(message)
        finally:
            self._infos_being_read -= 1

    async def _read_info(self, message: ReceiveMessage) -> None:
        if not message.payload:
            # The topic was cleared: the bridge is gone, and its status says so.
            return
        info = self._reader.read(parse_info, message)
        if info is not None and await dt_util.async_get_time_zone(info.time_zone) is None:
            self._reader.report_unreadable(
                f"{message.topic} (time_zone)", f"unknown time zone {info.time_zone}"
            )
            return
        if info is not None:
            self._reader.accept_version()
            self._store_instance(info)
            configured = {sensor.id for sleeper in info.sleepers for sensor in sleeper.sensors}
            battery_sensors = self.data.battery_sensors & configured
            self.async_set_updated_data(
                replace(self.data, info=info, battery_sensors=battery_sensors)
            )
        if info is not None or self._reader.other_version is not None:
            self._info_received.set()

    @callback
    def _store_instance(self, info: Info) -> None:
        """Store which bridge this is, so that it is recognized under another base topic."""
        known = self.config_entry.data.get(CONF_INSTANCE)
        if info.instance is not None and info.instance != known:
            data = {**self.config_entry.data, CONF_INSTANCE: info.instance}
            self.hass.config_entries.async_update_entry(self.config_entry, data=data)

    @callback
    def _handle_state(self, message: ReceiveMessage) -> None:
        sleeper = self._sleeper_of(message, "state")
        if not message.payload:
            states = {key: state for key, state in self.data.states.items() if key != sleeper}
            self.async_set_updated_data(replace(self.data, states=states))
            return
        state = self._reader.read(parse_state, message)
        if state is None:
            return
        if not self._expects_state(sleeper):
            return
        now = dt_util.utcnow()
        state = without_impossible_night(state, dt_util.now().date())
        # A retained message is as old as its content.
        heard_at = min(state.time, now) if message.retain else now
        self._heard_at = heard_at if self._heard_at is None else max(self._heard_at, heard_at)
        self.unworn_sensors.update(sleeper, state, now)
        # A retained message may be hours old.
        clock_offset = self.data.clock_offset if message.retain else state.time - now
        with_battery = {
            sensor for sensor, health in state.sensors.items() if health.battery is not None
        }
        self.async_set_updated_data(
            replace(
                self.data,
                states={**self.data.states, sleeper: state},
                clock_offset=clock_offset,
                battery_sensors=self.data.battery_sensors | with_battery,
            )
        )
        self._update_online()

    def _expects_state(self, sleeper: str) -> bool:
        """Return whether a sleeper may be one of the bridge, which alone describes its sleepers.

        Anyone may publish below its topic.
        """
        if any(one.id == sleeper for one in self.data.sleepers):
            return True
        described = self.data.info is not None and self._infos_being_read == 0
        return not described and len(self.data.states) < MAX_STATES

    @callback
    def _handle_event(self, message: ReceiveMessage) -> None:
        sleeper = self._sleeper_of(message, "event")
        event = None if message.retain else self._reader.read(parse_event, message)
        if event is None or self.events.is_repeated(sleeper, event):
            return
        late = is_late(event, dt_util.utcnow())
        if not late and not self.data.online:
            # The bridge publishes `online` last, and answers no request before.
            self._held_events.append((sleeper, event))
        elif isinstance(event, NightEvent):
            self._start_processing(sleeper, event, late=late)
        elif not late:
            self.events.dispatch(sleeper, event)

    @callback
    def _start_processing(self, sleeper: str, event: NightEvent, *, late: bool) -> None:
        _ = self.config_entry.async_create_background_task(
            self.hass,
            self._process_night(sleeper, event, late=late),
            f"{self.name} night {event.night}",
        )

    @callback
    def _handle_response(self, message: ReceiveMessage) -> None:
        response = self._reader.read(parse_response, message)
        if response is not None:
            self.requests.handle_response(response)

    def _sleeper_of(self, message: ReceiveMessage, kind: str) -> str:
        return message.topic.removeprefix(f"{self._topic}/").removesuffix(f"/{kind}")
