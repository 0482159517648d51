"""Requests to the bridge over MQTT, and their responses."""

import asyncio
import uuid
from collections.abc import Callable, Collection
from datetime import date
from typing import Final

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .wire import (
    Event,
    EventsResponse,
    Night,
    NightsResponse,
    Refusal,
    Response,
    encode_request,
)

RESPONSE_TIMEOUT_S: Final = 10
"""Chosen: the bridge answers within a second unless its disk is slow."""


class RefusedError(HomeAssistantError):
    """The bridge refused a request; the message is the bridge's own explanation."""

    def __init__(self, refusal: Refusal) -> None:
        """Keep the refusal for callers that need its code."""
        super().__init__(
            translation_domain=DOMAIN,
            translation_key="refused",
            translation_placeholders={"reason": refusal.message},
        )
        self.refusal = refusal


def _no_progress() -> HomeAssistantError:
    """Return the error for pages that would never end."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="repeated_page")


class BridgeRequests:
    """Sends requests to one bridge and matches the responses by their id."""

    def __init__(
        self, hass: HomeAssistant, topic: str, commands: Callable[[], Collection[str]]
    ) -> None:
        """Prepare requests.

        `topic`: of the bridge, without a slash at its end; `commands`: returns the commands that
        the bridge accepts at the moment.
        """
        self._hass = hass
        self._request_topic = f"{topic}/request"
        self._commands = commands
        # A random topic, so that responses to requests of an earlier run are not received.
        self.response_topic = f"{topic}/response/{uuid.uuid4().hex}"
        self._pending: dict[str, asyncio.Future[Response]] = {}

    async def send(self, command: str, sleeper: str, **arguments: object) -> Response:
        """Send a request with arguments that JSON can hold, and return the response.

        Raise HomeAssistantError if the bridge does not know the command or does not respond in
        time, RefusedError if it refuses.
        """
        if command not in self._commands():
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="unsupported_command",
                translation_placeholders={"command": command},
            )
        request_id = uuid.uuid4().hex
        future: asyncio.Future[Response] = self._hass.loop.create_future()
        self._pending[request_id] = future
        payload = encode_request(command, sleeper, request_id, self.response_topic, **arguments)
        try:
            await mqtt.async_publish(self._hass, self._request_topic, payload, 1, False)
            async with asyncio.timeout(RESPONSE_TIMEOUT_S):
                response = await future
        except TimeoutError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="no_response"
            ) from error
        finally:
            del self._pending[request_id]
        if isinstance(response, Refusal):
            raise RefusedError(response)
        return response

    async def fetch_nights(self, sleeper: str, after: date) -> list[Night]:
        """Request all nights after a date, page by page; return them oldest first."""
        nights: list[Night] = []
        next_page: date | None = after
        while next_page is not None:
            response = await self.send("nights", sleeper, after=next_page.isoformat())
            if not isinstance(response, NightsResponse):
                break
            nights += response.nights
            if response.next is not None and response.next <= next_page:
                raise _no_progress()
            next_page = response.next
        return nights

    async def fetch_events(self, sleeper: str, night: date) -> list[Event]:
        """Request all events of a night, page by page."""
        events: list[Event] = []
        next_page: int | None = 0
        while next_page is not None:
            response = await self.send("events", sleeper, night=night.isoformat(), after=next_page)
            if not isinstance(response, EventsResponse):
                break
            events += response.events
            if response.next is not None and response.next <= next_page:
                raise _no_progress()
            next_page = response.next
        return events

    @callback
    def handle_response(self, response: Response) -> None:
        """Pass a response to the request that waits for it, if any."""
        future = None if response.id is None else self._pending.get(response.id)
        if future is not None and not future.done():
            future.set_result(response)
