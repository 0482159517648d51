"""Requests to the bridge over MQTT, and their responses."""

import asyncio
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from homeassistant.components import mqtt
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .limits import DETAIL_LENGTH, MAX_PAGED_ITEMS, MAX_PAGES, shorten
from .wire import (
    DiaryResponse,
    Done,
    EffectsResponse,
    EventsResponse,
    NightsResponse,
    Refusal,
    ReportPage,
    ReportResponse,
    Response,
    TrendResponse,
    TrialsResponse,
    encode_request,
)
from .wire_diary import TrendNight
from .wire_events import Event
from .wire_nights import Night
from .wire_trials import Trial

RESPONSE_TIMEOUT_S: Final = 10
"""Chosen: the bridge answers within a second unless its disk is slow."""
WORK_TIMEOUT_S: Final = 90
"""For what the bridge must work out first: such a request may wait there for 60 s
(docs/protocol.md#5-requests). Chosen: half a minute more to typeset a report, or to compare a
year of nights."""


type ChangeListener = Callable[[str, date], None]
"""Called with a sleeper and the date of a night."""

NO_RESPONSE: Final = "no_response"
"""Text for a bridge that does not answer."""
REFUSALS: Final = frozenset(
    (
        "unsupported_version",
        "unknown_command",
        "malformed",
        "unknown_sleeper",
        "nothing_to_end",
        "unknown_sensor",
        "refused",
        "played_recording",
        "nothing_to_calibrate",
        "unknown_event",
        "trial_running",
        "no_trial",
        "clock_not_set",
        "too_many",
        "too_large",
        "time_in_future",
        "events_deleted",
        "journal_unreadable",
        "no_nights",
        "report_unavailable",
        "unknown_report",
        "too_slow",
        "request_failed",
    )
)
"""Errors of the bridge, which have a text in every language: docs/protocol.md#5-requests."""
OTHER_REFUSAL: Final = "refused"
"""Text for errors that only a newer bridge knows."""


class RefusedError(HomeAssistantError):
    """The bridge refused a request.

    The texts quote the bridge's own words, which are English, only where they say more than the
    code of the error does.
    """

    def __init__(self, refusal: Refusal, *, command: str, sleeper: str) -> None:
        """Keep the refusal for callers that need its code.

        `command` and `sleeper`: of the request.
        """
        known = refusal.error in REFUSALS
        super().__init__(
            translation_domain=DOMAIN,
            translation_key=refusal_key(refusal.error) if known else OTHER_REFUSAL,
            translation_placeholders={
                "command": command,
                "sleeper": sleeper,
                "detail": shorten(refusal.message, DETAIL_LENGTH),
            },
        )
        self.refusal = refusal


def refusal_key(code: str) -> str:
    """Return the key of the text for an error of the bridge."""
    return f"refused_{code}"


@dataclass(slots=True)
class Pages[T: (date, int)]:
    """Checks that the pages of an answer end: each one advances, and there are not too many."""

    position: T
    number: int = 0
    items: int = 0

    def advance(self, following: T | None, items: int) -> T | None:
        """Count a page and return where the next one starts; None: it was the last one.

        Raise HomeAssistantError for pages that would not end.
        """
        self.number += 1
        self.items += items
        if following is None:
            return None
        if following <= self.position:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="repeated_page")
        if self.number >= MAX_PAGES or self.items > MAX_PAGED_ITEMS:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="too_many_pages")
        self.position = following
        return following


@dataclass(frozen=True, slots=True)
class Report:
    """A report as the bridge has made it."""

    file_name: str
    media_type: str
    data: bytes


class ReportParts:
    """Puts the pages of a report together and checks that they are parts of one report."""

    def __init__(self) -> None:
        """Start without a page."""
        self._first: ReportPage | None = None
        self._data = bytearray()

    @property
    def id(self) -> str:
        """Id of the report, once there is a page."""
        return "" if self._first is None else self._first.id

    def add(self, response: Response) -> int | None:
        """Add a page and return where the next one starts; None: it was the last one.

        Raise HomeAssistantError for a page that does not follow the earlier ones.
        """
        if not isinstance(response, ReportResponse):
            raise broken_report()
        page = response.report
        self._first = first = self._first or page
        self._data += page.data
        if (page.id, page.size) != (first.id, first.size) or len(self._data) > first.size:
            raise broken_report()
        if response.next not in (None, len(self._data)):
            raise broken_report()
        return response.next

    def complete(self) -> Report:
        """Return the report; raise HomeAssistantError if a part is missing."""
        if self._first is None or len(self._data) != self._first.size:
            raise broken_report()
        return Report(self._first.file_name, self._first.media_type, bytes(self._data))


def changed_night(response: Response) -> date | None:
    """Return the night of which something was stored; None: of none, or events say of which."""
    match response:
        case DiaryResponse():
            return response.diary.night
        case Done():
            return response.night
        case _:
            return None


def broken_report() -> HomeAssistantError:
    """Return the error of pages that do not make one report."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="broken_report")


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
        self._listeners: list[ChangeListener] = []

    @callback
    def async_listen_to_changes(self, listener: ChangeListener) -> CALLBACK_TYPE:
        """Call `listener` when the diary, or an answer about a trial, of a night was stored.

        The state of the sleeper says so only of the newest nights.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def send(self, command: str, sleeper: str, **arguments: object) -> Response:
        """Send a request with arguments that JSON can hold, and return the response.

        Raise HomeAssistantError if the bridge does not know the command or does not respond in
        time, RefusedError if it refuses.
        """
        return await self._exchange(command, sleeper, arguments, RESPONSE_TIMEOUT_S)

    async def _exchange(
        self, command: str, sleeper: str, arguments: Mapping[str, object], timeout_s: float
    ) -> Response:
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
            async with asyncio.timeout(timeout_s):
                response = await future
        except TimeoutError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key=NO_RESPONSE
            ) from error
        finally:
            del self._pending[request_id]
        if isinstance(response, Refusal):
            raise RefusedError(response, command=command, sleeper=sleeper)
        night = changed_night(response)
        if night is not None:
            for listener in list(self._listeners):
                listener(sleeper, night)
        return response

    async def fetch_nights(self, sleeper: str, after: date) -> list[Night]:
        """Request all nights after a date, page by page; return them oldest first."""
        nights: list[Night] = []
        pages = Pages(after)
        next_page: date | None = after
        while next_page is not None:
            response = await self.send("nights", sleeper, after=next_page.isoformat())
            if not isinstance(response, NightsResponse):
                break
            nights += response.nights
            next_page = pages.advance(response.next, len(response.nights))
        return nights

    async def fetch_events(self, sleeper: str, night: date) -> list[Event]:
        """Request all events of a night, page by page."""
        events: list[Event] = []
        pages = Pages(0)
        next_page: int | None = 0
        while next_page is not None:
            response = await self.send("events", sleeper, night=night.isoformat(), after=next_page)
            if not isinstance(response, EventsResponse):
                break
            events += response.events
            next_page = pages.advance(response.next, len(response.events))
        return events

    async def fetch_trend(
        self, sleeper: str, *, after: date | None = None, last: int | None = None
    ) -> list[TrendNight]:
        """Request nights with what was logged for them, page by page; return them oldest first.

        `after`: only later nights; `last`: only that many of the newest.
        """
        trend: list[TrendNight] = []
        pages = Pages(after or date.min)
        following = after
        first: dict[str, object] = {} if last is None else {"last": last}
        while True:
            start = {} if following is None else {"after": following.isoformat()}
            response = await self._exchange("trend", sleeper, first | start, WORK_TIMEOUT_S)
            if not isinstance(response, TrendResponse):
                return trend
            trend += response.trend
            following = pages.advance(response.next, len(response.trend))
            if following is None:
                return trend

    async def fetch_effects(self, sleeper: str) -> EffectsResponse | None:
        """Request how nights with and without each factor differ; None: no usable response."""
        response = await self._exchange("effects", sleeper, {}, WORK_TIMEOUT_S)
        return response if isinstance(response, EffectsResponse) else None

    async def fetch_trials(self, sleeper: str) -> tuple[Trial, ...]:
        """Request all trials of a sleeper, newest first."""
        response = await self.send("trials", sleeper)
        return response.trials if isinstance(response, TrialsResponse) else ()

    async def fetch_report(self, sleeper: str, **arguments: object) -> Report:
        """Request a report and put its pages together.

        `arguments`: as in docs/protocol.md#5-requests. Raise HomeAssistantError also for pages that
        do not make one report.
        """
        response = await self._exchange("report", sleeper, arguments, WORK_TIMEOUT_S)
        report = ReportParts()
        pages = Pages(0)
        while (following := pages.advance(report.add(response), 1)) is not None:
            page = {"report": report.id, "after": following}
            response = await self.send("report", sleeper, **arguments | page)
        return report.complete()

    @callback
    def handle_response(self, response: Response) -> None:
        """Pass a response to the request that waits for it, if any."""
        future = None if response.id is None else self._pending.get(response.id)
        if future is not None and not future.done():
            future.set_result(response)
