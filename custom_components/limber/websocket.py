"""Commands of the websocket for the cards: a night, many nights, and what is going on now.

frontend/src/types.ts describes what they return.
"""

from typing import Any, Final

import voluptuous as vol
from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.util.hass_dict import HassKey

from .access import may_access_device
from .const import DOMAIN
from .coordinator import LimberConfigEntry
from .night_summary import async_get_texts
from .requests import NO_RESPONSE
from .shown_night import NoNightError, async_show_night
from .sleeper_feed import SleeperFeed
from .sleepers import sleeper_of_device
from .trend_data import describe_effect, describe_nights, describe_trial
from .trends import DAY

MAX_DAYS: Final = 365
"""Of a trend."""
MIN_DAYS: Final = 7
FEEDS: Final[HassKey[dict[tuple[str, str], SleeperFeed]]] = HassKey(f"{DOMAIN}_feeds")
"""By entry id and sleeper."""
ENDED: Final = {"ended": True}
"""The bridge was unloaded: subscribe again."""
LANGUAGES: Final = frozenset(("en", "de", "es", "fr", "it", "nl"))
"""For which there are texts; others get English ones."""

NIGHT_COMMAND: Final = {
    vol.Required("type"): "limber/night",
    vol.Required("device_id"): str,
    vol.Optional("night"): cv.date,
    vol.Optional("live", default=False): bool,
    vol.Optional("language"): str,
}
NIGHTS_COMMAND: Final = {
    vol.Required("type"): "limber/nights",
    vol.Required("device_id"): str,
    vol.Required("last"): vol.All(int, vol.Range(MIN_DAYS, MAX_DAYS)),
}
SUBSCRIBE_COMMAND: Final = {
    vol.Required("type"): "limber/subscribe",
    vol.Required("device_id"): str,
}


# --- Set-up ---


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the commands, once for all bridges."""
    hass.data[FEEDS] = {}
    for command in (send_night, send_nights, subscribe):
        websocket_api.async_register_command(hass, command)


@callback
def async_start(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Follow the sleepers of a bridge until it is unloaded."""
    coordinator = entry.runtime_data
    feeds = hass.data[FEEDS]

    @callback
    def update() -> None:
        follow({sleeper.id for sleeper in coordinator.data.sleepers})

    @callback
    def follow(sleepers: set[str]) -> None:
        for key in [key for key in feeds if key[0] == entry.entry_id and key[1] not in sleepers]:
            feeds.pop(key).async_stop()
        for sleeper in sleepers:
            if (entry.entry_id, sleeper) not in feeds:
                feeds[entry.entry_id, sleeper] = SleeperFeed(coordinator, sleeper)

    update()
    entry.async_on_unload(coordinator.async_add_listener(update))
    entry.async_on_unload(lambda: follow(set()))


# --- Commands ---


@websocket_api.websocket_command(NIGHT_COMMAND)  # type: ignore[arg-type] # alias
@websocket_api.async_response
async def send_night(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send a night, by default the last one; `live`: the one that is not finished."""
    feed = find_feed(hass, connection, msg)
    if feed is None:
        return
    language = supported(msg.get("language", hass.config.language))
    try:
        night = await async_show_night(feed, msg.get("night"), live=msg["live"])
        texts = await async_get_texts(hass, language)
    except NoNightError:
        connection.send_error(msg["id"], "no_night", "There is no such night")
    except HomeAssistantError as error:
        send_failure(connection, msg, error)
    else:
        connection.send_result(msg["id"], night.describe(texts, language))


@websocket_api.websocket_command(NIGHTS_COMMAND)  # type: ignore[arg-type] # alias
@websocket_api.async_response
async def send_nights(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send the nights of the last days, the trials, and how nights with and without differ."""
    feed = find_feed(hass, connection, msg)
    if feed is None:
        return
    today = feed.today()
    since = today - (msg["last"] - 1) * DAY
    archive = feed.archive
    try:
        await archive.load(since, today)
        await archive.load_comparisons()
    except HomeAssistantError as error:
        send_failure(connection, msg, error)
        return
    trial = None if feed.state is None else feed.state.trial
    zone = feed.coordinator.time_zone
    nights = describe_nights(archive.nights, archive.trend, since, zone, trial)
    trials = [describe_trial(trial) for trial in archive.trials]
    effects = archive.effects
    connection.send_result(
        msg["id"],
        {
            "time_zone": feed.time_zone,
            "nights": nights,
            "trials": trials,
            "effects": None if effects is None else [describe_effect(one) for one in effects],
        },
    )


@websocket_api.websocket_command(SUBSCRIBE_COMMAND)  # type: ignore[arg-type] # alias
@callback
def subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Push what is going on now, at once and whenever it changes."""
    feed = find_feed(hass, connection, msg)
    if feed is None:
        return
    sent: dict[str, Any] | None = None

    @callback
    def push() -> None:
        nonlocal sent
        described = ENDED if feed.has_ended else feed.describe()
        if described is not None and described != sent:
            sent = described
            connection.send_event(msg["id"], described)

    connection.subscriptions[msg["id"]] = feed.async_listen(push)
    connection.send_result(msg["id"])
    push()


# --- Access ---


def find_feed(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> SleeperFeed | None:
    """Return the sleeper of a command; if there is none, send an error and return None.

    Raise Unauthorized if the user may not read the entities of the sleeper.
    """
    if not may_access_device(hass, connection.user, msg["device_id"]):
        raise Unauthorized(user_id=connection.user.id)
    try:
        sleeper = sleeper_of_device(hass, msg["device_id"])
    except ServiceValidationError as error:
        connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, str(error))
        return None
    return hass.data[FEEDS][sleeper.coordinator.config_entry.entry_id, sleeper.id]


def send_failure(
    connection: ActiveConnection, msg: dict[str, Any], error: HomeAssistantError
) -> None:
    """Say why the bridge sent nothing, where nothing is in memory.

    A card has a text of its own for a bridge that does not answer, and shows the translated error
    for everything else.
    """
    is_limbers = error.translation_domain == DOMAIN and error.translation_key != NO_RESPONSE
    connection.send_error(
        msg["id"],
        "refused" if is_limbers else "unavailable",
        str(error),
        translation_domain=error.translation_domain,
        translation_key=error.translation_key,
        translation_placeholders=error.translation_placeholders,
    )


def supported(language: str) -> str:
    """Return a language for which there are texts."""
    base = language.partition("-")[0].lower()
    return base if base in LANGUAGES else "en"
