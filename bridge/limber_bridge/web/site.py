"""Answers requests for pages: who asks, whether they may, which page, and in which language."""

import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from aiohttp import web

from limber_bridge.config.model import HttpEndpoint
from limber_bridge.daemon.web_access import BridgeAccess
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.web.admission import Doorkeeper, Entrance, Visitor
from limber_bridge.web.attempts import AttemptLimiter
from limber_bridge.web.catalogue import LANGUAGES, choose_language, load_all
from limber_bridge.web.first_use import FirstUse
from limber_bridge.web.forms import has_token, read_form
from limber_bridge.web.http_server import LimitedConnection
from limber_bridge.web.page_errors import PageError, error_key
from limber_bridge.web.pages import ROUTES
from limber_bridge.web.passwords import AccessFileError, AccessStore
from limber_bridge.web.request_checks import comes_from_own_page, is_loopback
from limber_bridge.web.routes import Route, find_route
from limber_bridge.web.security_headers import security_headers
from limber_bridge.web.static_files import files_by_address, static_response
from limber_bridge.web.visit import Services, Visit
from limber_bridge.web.workers import Workers

LOG: Final = logging.getLogger(__name__)

STATIC: Final = "/static/"
SET_UP: Final = "/setup"
"""Where a bridge gets its configuration."""
LANGUAGE_COOKIE: Final = "limber_language"
LANGUAGE_S: Final = 400 * 86_400
"""Time for which a browser keeps the language; browsers allow no more (RFC 6265bis)."""
ACCESS_FILE: Final = "web-access.json"
"""Name of the file with the password, in the folder of the bridge's data."""
FORM_KEY_BYTES: Final = 32


def make_services(
    endpoint: HttpEndpoint, folder: Path, ingress_proxy: str | None, bridge: BridgeAccess | None
) -> Services:
    """Return what the pages of a server share; reads the password and the texts."""
    load_all()
    files_by_address()
    store = AccessStore(folder / ACCESS_FILE)
    return Services(
        folder=folder,
        store=store,
        doorkeeper=Doorkeeper(endpoint.address, endpoint.port, store, ingress_proxy),
        first_use=FirstUse(),
        attempts=AttemptLimiter(time.monotonic),
        workers=Workers(),
        form_key=secrets.token_bytes(FORM_KEY_BYTES),
        bridge=bridge,
    )


class Site:
    """Answer every request for a page."""

    def __init__(self, services: Services, routes: Sequence[Route] = ROUTES) -> None:
        """Start; `services.bridge` may be set later."""
        self._services = services
        self._routes = routes

    def announce(self, endpoint: HttpEndpoint) -> None:
        """Log the code for the first use where others than this machine can reach the pages."""
        try:
            if not is_loopback(endpoint.address) and not self._services.store.has_password():
                self._services.first_use.log_code()
        except AccessFileError as error:
            LOG.warning("%s", error)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the response to a request; it may already have been sent in parts."""
        try:
            visitor = self._services.doorkeeper.visitor(request)
        except AccessFileError as error:
            LOG.warning("%s", error)
            visitor = Visitor(Entrance.STRANGER, "", "")
            return self._finish(
                request, visitor, self._error(request, visitor, "errors.access_file", 503)
            )
        response = await self._respond(request, visitor)
        return response if response.prepared else self._finish(request, visitor, response)

    def crash_page(self, request: web.BaseRequest) -> web.Response:
        """Return the page that says that something failed."""
        visitor = Visitor(Entrance.STRANGER, "", "")
        return self._finish(request, visitor, self._error(request, visitor, "errors.500", 500))

    async def _respond(self, request: web.BaseRequest, visitor: Visitor) -> web.StreamResponse:
        try:
            return await self._answer(request, visitor)
        except (web.HTTPException, PageError, JournalError, AccessFileError) as error:
            if request.writer.output_size > 0:
                # A part of a download was sent: no page may follow, the connection breaks off.
                raise
            return self._explain(request, visitor, error)

    def _explain(
        self,
        request: web.BaseRequest,
        visitor: Visitor,
        error: web.HTTPException | PageError | JournalError | AccessFileError,
    ) -> web.Response:
        """Return the page about an error; a redirect is raised again."""
        match error:
            case PageError():
                return self._error(request, visitor, error.key, error.status, **error.values)
            case JournalError():
                return self._error(request, visitor, "errors.journal", 503, reason=str(error))
            case AccessFileError():
                key = "errors.access_file_written"
                return self._error(request, visitor, key, 503, reason=error)
            case web.HTTPException() if error.status < 400:
                raise error
        response = self._error(request, visitor, error_key(error), error.status)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response

    async def _answer(self, request: web.BaseRequest, visitor: Visitor) -> web.StreamResponse:
        if not self._services.doorkeeper.is_known_host(request):
            raise PageError("errors.host", 403)
        if request.path.startswith(STATIC) and request.method in ("GET", "HEAD"):
            return static_response(request.path.removeprefix(STATIC))
        route, arguments = find_route(self._routes, request.method, request.path)
        if visitor.admitted:
            lift_limits(request)
        elif not route.public:
            return self._send_to_door(request, visitor)
        form = await self._checked_form(request, visitor, route)
        if route.needs_bridge and self._services.bridge is None:
            if route.method != "GET":
                raise PageError("errors.no_bridge", 503)
            return self._visit(request, visitor, {}, {}).redirect(SET_UP)
        return await route.handler(self._visit(request, visitor, arguments, form))

    async def _checked_form(
        self, request: web.BaseRequest, visitor: Visitor, route: Route
    ) -> Mapping[str, str]:
        """Return the fields of a form that one of our pages sent; PageError, HTTPException."""
        is_form = route.method == "POST"
        if (is_form or route.same_origin) and not comes_from_own_page(request):
            raise PageError("errors.origin", 403)
        if not is_form:
            return {}
        form = await read_form(request)
        if not has_token(form, self._services.form_key, visitor.identity):
            raise PageError("errors.expired", 403)
        return form

    def _send_to_door(self, request: web.BaseRequest, visitor: Visitor) -> web.Response:
        """Send a stranger to the page where the password is set or given."""
        if request.method not in ("GET", "HEAD"):
            raise PageError("errors.signed_out", 403)
        visit = self._visit(request, visitor, {}, {})
        if not self._services.store.has_password():
            return visit.redirect("/first-use", next=request.path)
        return visit.redirect("/sign-in", next=request.path)

    def _visit(
        self,
        request: web.BaseRequest,
        visitor: Visitor,
        arguments: Mapping[str, str],
        form: Mapping[str, str],
    ) -> Visit:
        return Visit(request, self._services, visitor, language_of(request), arguments, form)

    def _error(
        self, request: web.BaseRequest, visitor: Visitor, key: str, status: int, **values: object
    ) -> web.Response:
        visit = self._visit(request, visitor, {}, {})
        return visit.page("error.html", status=status, text=visit.text(key, **values))

    def _finish[R: web.StreamResponse](
        self, request: web.BaseRequest, visitor: Visitor, response: R
    ) -> R:
        """Add the headers of every response, and keep the language that was chosen."""
        framed = visitor.entrance is Entrance.INGRESS
        response.headers.update(security_headers(framed=framed))
        response.headers.setdefault("Cache-Control", "no-store")
        chosen = request.query.get("language", "")
        if chosen in LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE,
                chosen,
                max_age=LANGUAGE_S,
                path=f"{visitor.prefix}/",
                httponly=True,
                samesite="Strict",
            )
        return response


def lift_limits(request: web.BaseRequest) -> None:
    """Give a request of an admitted visitor any time: a download or a live page needs it."""
    if isinstance(request.protocol, LimitedConnection):
        request.protocol.lift_limits()


def language_of(request: web.BaseRequest) -> str:
    """Return the language that a visitor chose, or that their browser prefers."""
    for chosen in (request.query.get("language"), request.cookies.get(LANGUAGE_COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return choose_language(request.headers.get("Accept-Language", ""))
