"""MQTT in, state out; asks the bridge for what was missed.

Law: one fold from messages to an immutable `Bridge`. A message that cannot be read changes nothing.
Events go to those who listen, not into the state; one that is retained, repeated or late triggers
nothing.
"""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from homeassistant.components import mqtt
from homeassistant.components.mqtt.models import ReceiveMessage
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from . import identity
from .const import (
    CONF_BASE,
    CONF_BATTERY,
    CONF_BRIDGE,
    CONF_RESTLESS,
    DEFAULT_BATTERY,
    DEFAULT_RESTLESS,
    DOMAIN,
)
from .wire import (
    Event,
    EventsResponse,
    Info,
    MalformedMessageError,
    Night,
    NightEvent,
    NightsResponse,
    OtherVersionError,
    Refusal,
    Response,
    Sleeper,
    State,
    encode_request,
    parse_event,
    parse_info,
    parse_response,
    parse_state,
)

_LOGGER: Final = logging.getLogger(__name__)

type LimberConfigEntry = ConfigEntry[LimberCoordinator]

PATIENCE: Final = 10
"""s for an answer."""
RETAINED: Final = 10
"""s for what is retained to arrive when the entry is set up."""
LATE: Final = timedelta(minutes=1)
"""An event that is older triggers nothing (contracts, section 3)."""
NOT_WORN: Final = "not_worn"
"""The bridge's word for a sensor that lies somewhere: docs/protocol.md, section 3."""
REMEMBERED: Final = 500
"""Ids of events that are recognised when they come again."""
RECENT: Final = timedelta(days=40)
"""How far back the nights are at hand: what is usual is learnt from them."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """What is known of a bridge."""

    online: bool = False
    """It says that it is there, and we hear the broker."""
    info: Info | None = None
    states: Mapping[str, State] = field(default_factory=dict)
    """By sleeper."""
    recent: Mapping[str, tuple[Night, ...]] = field(default_factory=dict)
    """The finished nights of the last weeks by sleeper, oldest first; asked for."""
    ahead: timedelta | None = None
    """By how much the bridge's clock is ahead of ours, as far as its last word tells."""

    @property
    def sleepers(self) -> tuple[Sleeper, ...]:
        """Who is watched."""
        return () if self.info is None else self.info.sleepers


class RefusedError(HomeAssistantError):
    """The bridge refused something, and says why."""

    def __init__(self, refusal: Refusal) -> None:
        """Tell it in the bridge's words."""
        super().__init__(
            translation_domain=DOMAIN,
            translation_key="refused",
            translation_placeholders={"why": refusal.message},
        )
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class NightDone:
    """A night was finished or revised, with its figures if the bridge could be asked for them."""

    event: NightEvent
    night: Night | None


type Happening = Event | NightDone


class LimberCoordinator(DataUpdateCoordinator[Bridge]):
    """Follows one bridge."""

    config_entry: LimberConfigEntry

    def __init__(self, hass: HomeAssistant, entry: LimberConfigEntry) -> None:
        """Prepare; nothing is subscribed to before the first refresh."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, always_update=False)
        self.bridge: str = entry.data[CONF_BRIDGE]
        self.root = f"{entry.data[CONF_BASE]}/{self.bridge}"
        self.data = Bridge()
        self._reply = f"{self.root}/response/{uuid.uuid4().hex}"
        self._waiting: dict[str, asyncio.Future[Response]] = {}
        self._listeners_of: dict[str, list[Callable[[Happening], None]]] = {}
        self._seen: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)
        self._complained: set[str] = set()
        self._told = asyncio.Event()
        self._other_version: OtherVersionError | None = None
        self._lost = False
        self._unworn_since: dict[tuple[str, int], datetime] = {}
        self.catch_up: Callable[..., None] = lambda *_: None
        """Called when nights may have been missed, or with a sleeper and the date of a night that
        is new."""
        self.device_id = ""
        """Of the bridge, once it is registered."""

    @property
    def restless_above(self) -> float:
        """The PLM index above which a night counts as restless here."""
        return float(self.config_entry.options.get(CONF_RESTLESS, DEFAULT_RESTLESS))

    @property
    def battery_below(self) -> int:
        """Percent below which a battery counts as low here."""
        return int(self.config_entry.options.get(CONF_BATTERY, DEFAULT_BATTERY))

    def can(self, ask: str) -> bool:
        """Return whether the bridge can be asked something: an older one may not know it."""
        return self.data.info is not None and ask in self.data.info.commands

    def unworn_for(self, sleeper: str, sensor: int) -> timedelta | None:
        """Return for how long a sensor has been on nobody's leg, as far as we have heard; None if
        it is worn.
        """
        since = self._unworn_since.get((sleeper, sensor))
        return None if since is None else dt_util.utcnow() - since

    async def async_start(self) -> None:
        """Subscribe to everything and wait for what is retained.

        Raises ConfigEntryNotReady without a broker, without a bridge on it, and while it speaks
        another protocol.
        """
        if not await mqtt.async_wait_for_mqtt_client(self.hass):
            raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="no_mqtt")
        subscribed = await self._subscribe()
        try:
            async with asyncio.timeout(RETAINED):
                await subscribed.wait()
                await self._told.wait()
        except TimeoutError as error:
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN, translation_key="no_bridge"
            ) from error
        if self._other_version is not None:
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN,
                translation_key=version_key(self._other_version),
                translation_placeholders={"bridge": self.bridge},
            )

    async def _subscribe(self) -> asyncio.Event:
        """Subscribe to everything; what is returned is set once the broker answers on our reply
        topic.
        """
        subscribed = asyncio.Event()
        unsubscribe = self.config_entry.async_on_unload
        unsubscribe(mqtt.async_on_subscribe_done(self.hass, self._reply, 1, subscribed.set))
        for topic, heard in (
            ("status", self._status),
            ("info", self._info),
            ("+/state", self._state),
            ("+/event", self._event),
            (self._reply.removeprefix(f"{self.root}/"), self._answer),
        ):
            unsubscribe(await mqtt.async_subscribe(self.hass, f"{self.root}/{topic}", heard, 1))
        unsubscribe(mqtt.async_subscribe_connection_status(self.hass, self._connection))
        return subscribed

    async def ask(self, ask: str, sleeper: str, **rest: str | float) -> Response:
        """Ask the bridge and return its answer; HomeAssistantError if it cannot, refuses or is
        silent.
        """
        if not self.can(ask):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="bridge_cannot",
                translation_placeholders={"command": ask},
            )
        key = uuid.uuid4().hex
        answer = self._waiting[key] = self.hass.loop.create_future()
        try:
            payload = encode_request(ask, sleeper, key, self._reply, **rest)
            await mqtt.async_publish(self.hass, f"{self.root}/request", payload, 1, False)
            async with asyncio.timeout(PATIENCE):
                answered: Response = await answer
        except TimeoutError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="no_answer"
            ) from error
        finally:
            del self._waiting[key]
        if isinstance(answered, Refusal):
            raise RefusedError(answered)
        return answered

    async def nights(self, sleeper: str, after: date) -> list[Night]:
        """Ask for all nights after a date, page by page."""
        nights: list[Night] = []
        following: date | None = after
        while following is not None:
            answer = await self.ask("nights", sleeper, after=following.isoformat())
            if not isinstance(answer, NightsResponse):
                break
            nights += answer.nights
            following = answer.next
        return nights

    @callback
    def async_listen(self, sleeper: str, heard: Callable[[Happening], None]) -> CALLBACK_TYPE:
        """Have events of a sleeper handed on as they happen; what is returned ends it."""
        listeners = self._listeners_of.setdefault(sleeper, [])
        listeners.append(heard)
        return lambda: listeners.remove(heard)

    async def events(self, sleeper: str, night: date) -> list[Event]:
        """Ask for all that happened in a night, page by page."""
        events: list[Event] = []
        following: int | None = 0
        while following is not None:
            answer = await self.ask("events", sleeper, night=night.isoformat(), after=following)
            if not isinstance(answer, EventsResponse):
                break
            events += answer.events
            following = answer.next
        return events

    @callback
    def note_recent(self, sleeper: str, nights: Iterable[Night]) -> None:
        """Have some nights at hand, in place of what was known of them."""
        lately = dt_util.now().date() - RECENT
        together = {night.night: night for night in (*self.data.recent.get(sleeper, ()), *nights)}
        recent = tuple(together[day] for day in sorted(together) if day > lately)
        self.async_set_updated_data(
            replace(self.data, recent={**self.data.recent, sleeper: recent})
        )

    async def _night_done(self, sleeper: str, event: NightEvent, *, late: bool) -> None:
        """Ask for a night that was finished, then tell of it."""
        found: Night | None = None
        try:
            nights = await self.nights(sleeper, event.night - timedelta(days=1))
            self.note_recent(sleeper, nights)
            found = next((night for night in nights if night.night == event.night), None)
        except HomeAssistantError as error:
            _LOGGER.warning("The night of %s could not be asked for: %s", event.night, error)
        self.catch_up(sleeper, event.night)
        if found is not None:
            self._note_last(sleeper, found)
        if not late:
            self._hand_on(sleeper, NightDone(event, found))

    @callback
    def _note_last(self, sleeper: str, night: Night) -> None:
        """Have a night be the last one, if it is: whoever is told of it may look before the next
        state comes.
        """
        state = self.data.states.get(sleeper)
        if state is not None and (
            state.last_night is None or state.last_night.night <= night.night
        ):
            states = {**self.data.states, sleeper: replace(state, last_night=night)}
            self.async_set_updated_data(replace(self.data, states=states))

    @callback
    def _hand_on(self, sleeper: str, happening: Happening) -> None:
        for heard in list(self._listeners_of.get(sleeper, ())):
            heard(happening)

    @callback
    def _connection(self, connected: bool) -> None:
        """Take note that the broker was lost; when it is back, the bridge's retained status says
        the rest.
        """
        if not connected:
            self._set_online(online=False)

    @callback
    def _status(self, message: ReceiveMessage) -> None:
        if message.payload in ("online", "offline"):
            self._set_online(online=message.payload == "online")

    @callback
    def _set_online(self, *, online: bool) -> None:
        if online == self.data.online:
            return
        if online and self._lost:
            _LOGGER.info("%s is back", self.name)
        elif not online:
            _LOGGER.info("%s is not available", self.name)
        self._lost = not online
        self.async_set_updated_data(replace(self.data, online=online))
        self.catch_up()

    async def _info(self, message: ReceiveMessage) -> None:
        if not message.payload:
            return  # Cleared: the bridge is gone, and its status says so.
        info = self._read(parse_info, message)
        if info is not None and await dt_util.async_get_time_zone(info.time_zone) is None:
            self._complain(f"{message.topic} ", f"no time zone {info.time_zone}")
            return
        if info is not None:
            self._other_version = None
            for key in ISSUES:
                ir.async_delete_issue(self.hass, DOMAIN, identity.issue_id(key, self.bridge))
            self.async_set_updated_data(replace(self.data, info=info))
            self.catch_up()
        if info is not None or self._other_version is not None:
            self._told.set()

    @callback
    def _state(self, message: ReceiveMessage) -> None:
        sleeper = message.topic.removeprefix(f"{self.root}/").removesuffix("/state")
        if not message.payload:
            states = {key: state for key, state in self.data.states.items() if key != sleeper}
            self.async_set_updated_data(replace(self.data, states=states))
            return
        state = self._read(parse_state, message)
        if state is not None:
            self._note_unworn(sleeper, state)
            # What is retained may be hours old.
            ahead = self.data.ahead if message.retain else state.time - dt_util.utcnow()
            states = {**self.data.states, sleeper: follows(self.data.states.get(sleeper), state)}
            self.async_set_updated_data(replace(self.data, states=states, ahead=ahead))

    def _note_unworn(self, sleeper: str, state: State) -> None:
        """Note since when each sensor has been on nobody's leg."""
        for number, health in state.sensors.items():
            if health.problem == NOT_WORN:
                self._unworn_since.setdefault((sleeper, number), dt_util.utcnow())
            elif health.connected:
                self._unworn_since.pop((sleeper, number), None)

    @callback
    def _event(self, message: ReceiveMessage) -> None:
        event = None if message.retain else self._read(parse_event, message)
        sleeper = message.topic.removeprefix(f"{self.root}/").removesuffix("/event")
        # An id is unique for a sleeper.
        if event is None or (sleeper, event.id) in self._seen:
            return
        self._seen.append((sleeper, event.id))
        late = dt_util.utcnow() - happened(event) > LATE
        if isinstance(event, NightEvent):
            name = f"{self.name} night of {event.night}"
            asking = self._night_done(sleeper, event, late=late)
            _ = self.config_entry.async_create_background_task(self.hass, asking, name)
        elif not late:
            self._hand_on(sleeper, event)

    @callback
    def _answer(self, message: ReceiveMessage) -> None:
        answer = self._read(parse_response, message)
        waiting = None if answer is None or answer.id is None else self._waiting.get(answer.id)
        if answer is not None and waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _read[T](self, parse: Callable[[str], T], message: ReceiveMessage) -> T | None:
        """Return what a message says; None, after saying so once for its topic, if it cannot be
        read.
        """
        try:
            parsed = parse(str(message.payload))
        except MalformedMessageError as error:
            self._complain(message.topic, str(error))
            return None
        except OtherVersionError as error:
            self._refuse(error)
            return None
        self._complained.discard(message.topic)
        return parsed

    def _complain(self, topic: str, why: str) -> None:
        """Say once, until it is well again, that something cannot be read."""
        if topic not in self._complained:
            _LOGGER.warning(
                "%s sent something on %s that cannot be read: %s", self.name, topic, why
            )
        self._complained.add(topic)

    @callback
    def _refuse(self, error: OtherVersionError) -> None:
        """Say once which side has to be updated."""
        if self._other_version is None:
            key = version_key(error)
            _LOGGER.error(
                "%s speaks another version of the protocol (%s): see Settings > Repairs",
                self.name,
                error,
            )
            ir.async_create_issue(
                self.hass,
                DOMAIN,
                identity.issue_id(key, self.bridge),
                is_fixable=False,
                severity=ir.IssueSeverity.ERROR,
                translation_key=key,
                translation_placeholders={"bridge": self.bridge},
            )
        self._other_version = error


ISSUES: Final = ("bridge_too_old", "integration_too_old")


def version_key(error: OtherVersionError) -> str:
    """Return the name of the text that says which side has to be updated."""
    return ISSUES[0] if error.bridge_is_older else ISSUES[1]


def follows(before: State | None, state: State) -> State:
    """Return a state that shares with the one before what is the same: who compares them is done at
    once.
    """
    if before is None:
        return state
    same = {
        name: getattr(before, name)
        for name in ("last_night", "averages", "journal", "bridge", "methods")
        if getattr(before, name) == getattr(state, name)
    }
    return replace(state, **same)


def happened(event: Event) -> datetime:
    """Return when something could be known: a series is over only 90 s after its last movement."""
    return event.known_at or getattr(event, "end", None) or event.start
