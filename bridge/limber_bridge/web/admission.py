"""Decides who a visitor is: through Home Assistant, on this machine, signed in, or a stranger."""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final

from aiohttp import web

from limber_bridge.web.passwords import AccessStore
from limber_bridge.web.request_checks import (
    ingress_path,
    is_forwarded,
    is_local_name,
    is_loopback,
    is_private_name,
)

USER_HEADER: Final = "X-Remote-User-Id"
"""In which Home Assistant's Supervisor names the user."""


class Entrance(StrEnum):
    """The way by which a visitor comes."""

    INGRESS = auto()
    """Through Home Assistant, which has checked who it is."""
    LOCAL = auto()
    """From this machine, where no password was set."""
    SESSION = auto()
    """With the password."""
    STRANGER = auto()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sent a request."""

    entrance: Entrance
    prefix: str
    """Path under which the pages are shown; empty unless through Home Assistant."""
    identity: str
    """What the forms of this visitor are bound to."""

    @property
    def admitted(self) -> bool:
        """Whether the pages may be shown."""
        return self.entrance is not Entrance.STRANGER


class Doorkeeper:
    """Tell visitors apart."""

    def __init__(
        self, address: str, port: int, store: AccessStore, ingress_proxy: str | None
    ) -> None:
        """Start for a server at an address.

        `ingress_proxy`: address of Home Assistant's Supervisor, whose headers are believed; None
        where the bridge is not its app.
        """
        self._loopback_only = ipaddress.ip_address(address).is_loopback
        self._store = store
        self._ingress_proxy = ingress_proxy
        self.cookie = f"limber_session_{port}"
        """Name of the cookie: browsers send it to all ports of a machine."""

    def is_known_host(self, request: web.BaseRequest) -> bool:
        """Return whether the Host header is one that no page from elsewhere can have."""
        if self.is_ingress(request):
            return True
        host = request.headers.get("Host", "")
        return is_local_name(host) if self._loopback_only else is_private_name(host)

    def is_ingress(self, request: web.BaseRequest) -> bool:
        """Return whether Home Assistant passed a request on."""
        return (
            self._ingress_proxy is not None
            and request.remote == self._ingress_proxy
            and ingress_path(request) is not None
        )

    def visitor(self, request: web.BaseRequest) -> Visitor:
        """Return who sent a request; AccessFileError."""
        if self.is_ingress(request):
            user = request.headers.get(USER_HEADER, "")
            return Visitor(Entrance.INGRESS, ingress_path(request) or "", user)
        if self._store.has_password():
            key = self.session_key(request)
            if key and self._store.has_session(key):
                return Visitor(Entrance.SESSION, "", key)
        elif self._loopback_only and is_on_this_machine(request):
            return Visitor(Entrance.LOCAL, "", "")
        return Visitor(Entrance.STRANGER, "", "")

    def session_key(self, request: web.BaseRequest) -> str:
        """Return the key of the session that a request names; empty if it names none."""
        return request.cookies.get(self.cookie, "")


def is_on_this_machine(request: web.BaseRequest) -> bool:
    """Return whether a program on this machine sent a request for itself."""
    return (
        is_loopback(request.remote or "")
        and is_local_name(request.headers.get("Host", ""))
        and not is_forwarded(request)
    )
