"""Which function answers which address."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from limber_bridge.web.visit import Visit

ARGUMENT: Final = re.compile(r"\{(\w+)\}")

type PageHandler = Callable[[Visit], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One address and what answers it."""

    method: str
    """`GET`, which answers HEAD as well, or `POST`."""
    pattern: re.Pattern[str]
    handler: PageHandler
    public: bool = False
    """Whether strangers may use it."""
    needs_bridge: bool = True
    """Whether it needs a running bridge; False: it works before a configuration was written."""
    same_origin: bool = False
    """Whether only our own pages may use it, as a WebSocket."""


def page(
    path: str, handler: PageHandler, *, public: bool = False, needs_bridge: bool = True
) -> Route:
    """Return the route of a page; `{name}` in its path becomes an argument."""
    return Route("GET", path_pattern(path), handler, public, needs_bridge)


def form(
    path: str, handler: PageHandler, *, public: bool = False, needs_bridge: bool = True
) -> Route:
    """Return the route to which a form is posted. Its origin and its token are checked."""
    return Route("POST", path_pattern(path), handler, public, needs_bridge)


def socket(path: str, handler: PageHandler, *, needs_bridge: bool = True) -> Route:
    """Return the route of a WebSocket. Its origin is checked."""
    return Route("GET", path_pattern(path), handler, needs_bridge=needs_bridge, same_origin=True)


def path_pattern(path: str) -> re.Pattern[str]:
    """Return the pattern of a path with arguments."""
    return re.compile(ARGUMENT.sub(r"(?P<\1>[^/]+)", path))


def find_route(routes: Iterable[Route], method: str, path: str) -> tuple[Route, Mapping[str, str]]:
    """Return the route of a request and its arguments; HTTPNotFound, HTTPMethodNotAllowed."""
    wanted = "GET" if method == "HEAD" else method
    allowed: set[str] = set()
    for route in routes:
        match = route.pattern.fullmatch(path)
        if match is None:
            continue
        if route.method == wanted:
            return route, match.groupdict()
        allowed.add(route.method)
    if allowed:
        raise web.HTTPMethodNotAllowed(method, allowed)
    raise web.HTTPNotFound
