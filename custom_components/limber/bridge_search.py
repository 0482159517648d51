"""Finds bridges on the broker, and decides whether a configured one has moved to another topic.

An entry follows a bridge elsewhere only if the bridge is silent where it was, is alive at the new
place, and has the same instance id. The id is evidence and no proof: anyone who may read `info` on
the broker can copy it. Where it is missing, a person decides.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from homeassistant.components import mqtt
from homeassistant.components.mqtt.models import ReceiveMessage
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from . import identity
from .const import CONF_BASE_TOPIC, CONF_BRIDGE, CONF_INSTANCE, DOMAIN
from .coordinator import SILENT_AFTER
from .json_decoding import MalformedMessageError
from .limits import DETAIL_LENGTH, escape_markdown
from .wire import OtherVersionError, parse_info, parse_state
from .wire_info import Info

SEARCH_TIMEOUT_S: Final = 5.0
"""How long to wait for the first retained message. Chosen: a broker sends it within a second."""
ID_TAKEN: Final = "bridge_id_taken"
"""Translation key of the repair about a second bridge with the same id."""
FURTHER_MESSAGES_S: Final = 0.5
"""How long to wait for further retained messages after the first one."""
OFFERED_FOR: Final = timedelta(hours=1)
"""How old the state of a bridge may be that is offered as a new one. Chosen: longer than clocks
differ that were set; what a broker has kept of a bridge that was removed is older."""
MAX_CLEARED: Final = 200
"""Topics that are cleared for a bridge. Chosen: it has one for each sleeper and two more."""
RETAINED_TOPICS: Final = re.compile(r"(info|status|[a-z0-9_]+/state)")
"""Below the topic of a bridge: docs/protocol.md#2-mqtt-version-1."""


async def async_find_bridges(
    hass: HomeAssistant, base_topic: str
) -> dict[str, Info | OtherVersionError]:
    """Return the bridges under a base topic, by their id."""
    found: dict[str, Info | OtherVersionError] = {}

    @callback
    def handle_info(message: ReceiveMessage) -> bool:
        bridge = message.topic.removeprefix(f"{base_topic}/").removesuffix("/info")
        try:
            info = parse_info(str(message.payload))
        except OtherVersionError as error:
            found[bridge] = error
        except MalformedMessageError:
            return False
        else:
            if info.bridge == bridge:
                found[bridge] = info
        return bridge in found

    # `info` is retained, so the broker sends it on subscription.
    await _async_listen(hass, [f"{base_topic}/+/info"], handle_info, FURTHER_MESSAGES_S)
    return found


async def async_is_alive(
    hass: HomeAssistant, base_topic: str, info: Info, longest_silence: timedelta = SILENT_AFTER
) -> bool:
    """Return whether a bridge is online under a base topic and has published a state lately.

    A broker may keep `online` of a bridge that has lost power or was removed. A bridge without
    sleepers publishes no state.
    """
    topic = f"{base_topic}/{info.bridge}"
    # Each by its name: Home Assistant's client may lose a topic with a wildcard that is subscribed
    # to again at once, as it is when the entry follows the bridge.
    states = [f"{topic}/{sleeper.id}/state" for sleeper in info.sleepers]
    missing = {"online", "recent"} if states else {"online"}

    @callback
    def handle(message: ReceiveMessage) -> bool:
        if message.topic == f"{topic}/status":
            if message.payload == "online":
                missing.discard("online")
        elif is_recent_state(str(message.payload), longest_silence):
            missing.discard("recent")
        return not missing

    await _async_listen(hass, [f"{topic}/status", *states], handle)
    return not missing


def is_recent_state(payload: str, longest_silence: timedelta) -> bool:
    """Return whether the payload of a state was published lately."""
    try:
        state = parse_state(payload)
    except MalformedMessageError, OtherVersionError:
        return False
    return abs(dt_util.utcnow() - state.time) < longest_silence


async def async_on_info_cleared(
    hass: HomeAssistant, base_topic: str, bridge: str, listener: Callable[[], None]
) -> CALLBACK_TYPE:
    """Call `listener` when the retained `info` of a bridge is cleared: it was removed for good.

    Call the return value to stop.
    """

    @callback
    def handle_info(message: ReceiveMessage) -> None:
        if not message.payload:
            listener()

    return await mqtt.async_subscribe(hass, f"{base_topic}/{bridge}/info", handle_info, 1)


async def _async_listen(
    hass: HomeAssistant,
    topics: list[str],
    handle: Callable[[ReceiveMessage], bool],
    longer_s: float = 0.0,
) -> None:
    """Pass retained messages on to `handle` until it returns True, and for `longer_s` more."""
    first_found = asyncio.Event()

    @callback
    def receive(message: ReceiveMessage) -> None:
        if handle(message):
            first_found.set()

    subscriptions = [await mqtt.async_subscribe(hass, topic, receive, 1) for topic in topics]
    # Home Assistant's client does not expect to unsubscribe before it has subscribed.
    subscribed = asyncio.Event()
    last = topics[-1]
    subscriptions.append(mqtt.async_on_subscribe_done(hass, last, 1, subscribed.set))
    try:
        async with asyncio.timeout(SEARCH_TIMEOUT_S):
            await subscribed.wait()
            await first_found.wait()
        await asyncio.sleep(longer_s)
    except TimeoutError:
        pass
    finally:
        for unsubscribe in subscriptions:
            unsubscribe()


class Move(Enum):
    """What a configured bridge that was found under another base topic means."""

    FOLLOW = auto()
    """It has moved: it is silent where it was, and its instance id is the same."""
    ASK = auto()
    """It may have moved: it is silent where it was, and has no instance id to compare."""
    TAKEN = auto()
    """Another bridge uses its id."""
    LEFTOVER = auto()
    """The broker has kept old messages of a bridge that is not there."""


async def async_judge_move(
    hass: HomeAssistant, entry: ConfigEntry, base_topic: str, info: Info
) -> Move:
    """Return what it means that the bridge of an entry was found under another base topic."""
    found_alive = await async_is_alive(hass, base_topic, info)
    if await async_is_alive_in_place(hass, entry, info):
        return Move.TAKEN if found_alive else Move.LEFTOVER
    if not found_alive:
        return Move.LEFTOVER
    known = entry.data.get(CONF_INSTANCE)
    if known is None or info.instance is None:
        return Move.ASK
    return Move.FOLLOW if known == info.instance else Move.TAKEN


async def async_is_alive_in_place(hass: HomeAssistant, entry: ConfigEntry, info: Info) -> bool:
    """Return whether a bridge is alive where its entry follows it.

    `info`: of the bridge with the same id that was found elsewhere.
    """
    if entry.state is ConfigEntryState.LOADED:
        return bool(entry.runtime_data.data.online)
    return await async_is_alive(hass, entry.data[CONF_BASE_TOPIC], info)


async def async_clear_retained(hass: HomeAssistant, base_topic: str, bridge: str) -> None:
    """Clear what the broker has kept of a bridge that was removed, unless it is alive.

    A bridge that runs publishes everything again; Home Assistant offers it as a new one.
    """
    if not hass.config_entries.async_loaded_entries("mqtt") or not mqtt.is_connected(hass):
        return
    topic = f"{base_topic}/{bridge}"
    kept: dict[str, str] = {}

    @callback
    def handle(message: ReceiveMessage) -> bool:
        name = message.topic.removeprefix(f"{topic}/")
        if message.payload and RETAINED_TOPICS.fullmatch(name) and len(kept) < MAX_CLEARED:
            kept[name] = str(message.payload)
        return True

    await _async_listen(hass, [f"{topic}/#"], handle, FURTHER_MESSAGES_S)
    states = [payload for name, payload in kept.items() if name.endswith("/state")]
    recent = any(is_recent_state(payload, SILENT_AFTER) for payload in states)
    if kept.get("status") == "online" and (recent or not states):
        return
    for name in kept:
        await mqtt.async_publish(hass, f"{topic}/{name}", "", 1, True)


@callback
def report_taken_id(hass: HomeAssistant, entry: ConfigEntry, base_topic: str) -> None:
    """Raise a repair about a second bridge with the id of a configured one."""
    bridge = entry.data[CONF_BRIDGE]
    ir.async_create_issue(
        hass,
        DOMAIN,
        identity.issue_id(ID_TAKEN, bridge),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=ID_TAKEN,
        translation_placeholders={
            "bridge": bridge,
            "before": escape_markdown(entry.data[CONF_BASE_TOPIC], DETAIL_LENGTH),
            "now": escape_markdown(base_topic, DETAIL_LENGTH),
        },
    )


@callback
def async_delete_issue(hass: HomeAssistant, bridge: str) -> None:
    """Delete the repair about a second bridge; it is raised again if there still is one."""
    ir.async_delete_issue(hass, DOMAIN, identity.issue_id(ID_TAKEN, bridge))
