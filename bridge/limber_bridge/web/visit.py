"""A request for a page, and everything that a page needs to answer it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from aiohttp import web

from limber_bridge.daemon.config_access import ConfigAccess
from limber_bridge.daemon.web_access import BridgeAccess
from limber_bridge.web.admission import Doorkeeper, Entrance, Visitor
from limber_bridge.web.attempts import AttemptLimiter
from limber_bridge.web.catalogue import LANGUAGES, has_text, translate, translate_count
from limber_bridge.web.first_use import FirstUse
from limber_bridge.web.formats import (
    format_date,
    format_duration,
    format_number,
    format_short_duration,
)
from limber_bridge.web.forms import form_token
from limber_bridge.web.navigation import NAVIGATION, is_current
from limber_bridge.web.passwords import AccessStore
from limber_bridge.web.rendering import render
from limber_bridge.web.security_headers import security_headers
from limber_bridge.web.static_files import static_address
from limber_bridge.web.workers import Workers

NO_STORE: Final = {"Cache-Control": "no-store"}


@dataclass(slots=True)
class Services:
    """What all pages of a server share."""

    folder: Path
    """The folder of the bridge's data."""
    store: AccessStore
    doorkeeper: Doorkeeper
    first_use: FirstUse
    attempts: AttemptLimiter
    workers: Workers
    form_key: bytes
    """From which the tokens of forms are made."""
    bridge: BridgeAccess | None = None
    """The running bridge; None before a configuration was written."""
    files: ConfigAccess | None = None
    """Reads and changes limber.yaml; None where that is not possible."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a visitor."""

    request: web.BaseRequest
    services: Services
    visitor: Visitor
    language: str
    arguments: Mapping[str, str]
    """The arguments in the path."""
    form: Mapping[str, str]
    """The fields of a form; empty for a page."""

    @property
    def bridge(self) -> BridgeAccess:
        """The running bridge; routes with `needs_bridge=False` use `services.bridge`."""
        if self.services.bridge is None:
            raise web.HTTPServiceUnavailable
        return self.services.bridge

    def is_still_admitted(self) -> bool:
        """Return whether the visitor may see the pages now: a session may have ended."""
        return self.services.doorkeeper.visitor(self.request).admitted

    def text(self, key: str, **values: object) -> str:
        """Return a text in the language of the visitor."""
        return translate(self.language, key, **values)

    def url(self, path: str, **query: object) -> str:
        """Return the address of a page of this server, for a link or a redirect."""
        return self.visitor.prefix + quote(path) + (f"?{urlencode(query)}" if query else "")

    def page(self, template: str, *, status: int = 200, **context: Any) -> web.Response:  # noqa: ANN401
        """Return a page made of a template."""
        return web.Response(
            text=render(template, self._context() | context),
            status=status,
            content_type="text/html",
        )

    def redirect(self, path: str, **query: object) -> web.Response:
        """Return a redirect after a form was processed (303).

        With `done="section.key"` the next page shows that text as a message.
        """
        return web.Response(status=303, headers={"Location": self.url(path, **query)})

    def download(self, name: str, content_type: str) -> web.StreamResponse:
        """Return a response whose content is written in parts, with the name of its file."""
        return web.StreamResponse(
            headers={
                "Content-Type": content_type,
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
                **NO_STORE,
                **security_headers(framed=self.visitor.entrance is Entrance.INGRESS),
            }
        )

    def _context(self) -> dict[str, Any]:
        """Return what every template can use."""
        done = self.request.query.get("done", "")
        return {
            "t": partial(translate, self.language),
            "t_count": partial(translate_count, self.language),
            "number": partial(format_number, self.language),
            "date": partial(format_date, self.language),
            "duration": partial(format_duration, self.language),
            "short_duration": partial(format_short_duration, self.language),
            "url": self.url,
            "static": lambda name: self.visitor.prefix + static_address(name),
            "navigation": NAVIGATION,
            "is_current": is_current,
            "has_text": has_text,
            "csrf": form_token(self.services.form_key, self.visitor.identity),
            "language": self.language,
            "languages": LANGUAGES,
            "path": self.request.path,
            "admitted": self.visitor.admitted,
            "can_sign_out": self.visitor.entrance is Entrance.SESSION,
            "message": done if ".done_" in done and has_text(done) else None,
        }
