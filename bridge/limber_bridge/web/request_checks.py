"""Checks of a request that do not depend on who sends it.

Both keep web pages from elsewhere, open in a browser that can reach the bridge, from using it.
"""

import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web

LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
"""Names under which a client on this machine asks. A page from elsewhere that is open in a browser
here asks under its own name, even where that resolves to this machine (DNS rebinding)."""
PRIVATE_SUFFIXES: Final = (
    ".local",
    ".localdomain",
    ".lan",
    ".home",
    ".internal",
    ".home.arpa",
    ".fritz.box",
)
"""Ends of names that cannot be registered on the internet (RFC 6761, RFC 6762, RFC 8375, ICANN's
.internal), or that a router gives; chosen: those of common routers."""
FORWARDING_HEADERS: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "Via")
"""Headers by which a proxy says that a request comes from elsewhere."""
INGRESS_PATH: Final = re.compile(r"/[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
INGRESS_PATH_MAX_LENGTH: Final = 200


def host_without_port(host: str) -> str:
    """Return the name in a Host header, without the port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def is_local_name(host: str) -> bool:
    """Return whether a Host header names this machine as a program on it does."""
    return host_without_port(host).lower() in LOCAL_NAMES


def is_private_name(host: str) -> bool:
    """Return whether a Host header is an address, or a name that cannot be registered.

    No web page from elsewhere has such a name, so a browser that sends it shows a page of a device
    in this network.
    """
    name = host_without_port(host).lower().rstrip(".")
    if is_ip_address(name.strip("[]")) or name == socket.gethostname().lower():
        return True
    return bool(name) and ("." not in name or name.endswith(PRIVATE_SUFFIXES))


def is_ip_address(text: str) -> bool:
    """Return whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Return whether an address of a client is on this machine."""
    return is_ip_address(address) and ipaddress.ip_address(address).is_loopback


def is_forwarded(request: web.BaseRequest) -> bool:
    """Return whether a proxy passed a request on, so that its sender may be anywhere.

    nginx as it is installed adds no header, asks under the address of the bridge, and speaks
    HTTP/1.0 (ngx_http_proxy_module, proxy_http_version), which no browser does.
    """
    has_header = any(name in request.headers for name in FORWARDING_HEADERS)
    return has_header or request.version < HttpVersion11


def comes_from_own_page(request: web.BaseRequest) -> bool:
    """Return whether a browser sent a request from a page of this server.

    Browsers set Sec-Fetch-Site where the connection counts as secure (W3C Fetch Metadata), and
    Origin with every form. A request without both does not come from a form in a browser.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    # Home Assistant's proxy passes on the host that the browser asked.
    hosts = (request.headers.get("Host"), request.headers.get("X-Forwarded-Host"))
    try:
        return urlsplit(origin).netloc.lower() in [host.lower() for host in hosts if host]
    except ValueError:
        return False


def ingress_path(request: web.BaseRequest) -> str | None:
    """Return the path under which Home Assistant shows the pages; None if it is not valid."""
    path = request.headers.get("X-Ingress-Path", "")
    valid = len(path) <= INGRESS_PATH_MAX_LENGTH and INGRESS_PATH.fullmatch(path)
    return path if valid else None
