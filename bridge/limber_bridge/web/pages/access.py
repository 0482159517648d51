"""The password of the pages: set it, give it, change it, sign out."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from limber_bridge.web.admission import Entrance, is_on_this_machine
from limber_bridge.web.page_errors import PageError
from limber_bridge.web.passwords import (
    PASSWORD_MAX_LENGTH,
    PASSWORD_MIN_DISTINCT,
    PASSWORD_MIN_LENGTH,
    SESSION_S,
)
from limber_bridge.web.routes import Route, form, page
from limber_bridge.web.visit import Visit

HOME: Final = "/"
FIRST_USE: Final = "/first-use"
SIGN_IN: Final = "/sign-in"
ACCESS: Final = "/access"


async def show_home(visit: Visit) -> web.StreamResponse:
    """Send a visitor to the first page."""
    waits = visit.services.bridge is None and visit.services.files is not None
    return visit.redirect("/setup" if waits else "/nights")


async def show_sign_in(visit: Visit) -> web.StreamResponse:
    """Show the form for the password."""
    target = safe_target(visit.request.query.get("next", HOME))
    if visit.visitor.admitted:
        return visit.redirect(target)
    if not visit.services.store.has_password():
        return visit.redirect(FIRST_USE)
    # A browser that follows a link from another site does not send the cookie of the session. It
    # does when our own page asks it to load the page again.
    retry = "asked" not in visit.request.query
    again = visit.url(SIGN_IN, next=target, asked=1) if retry else None
    return visit.page("sign_in.html", target=target, again=again, error=None)


async def sign_in(visit: Visit) -> web.StreamResponse:
    """Check a password and open a session."""
    services = visit.services
    target = safe_target(visit.form.get("next", HOME))
    address = visit.request.remote or ""
    if not services.attempts.allow(address):
        raise PageError("access.too_many_attempts", HTTPStatus.TOO_MANY_REQUESTS)
    password = visit.form.get("password", "")[:PASSWORD_MAX_LENGTH]
    if not await services.workers.access(services.store.check_password, password):
        return visit.page(
            "sign_in.html", status=422, target=target, again=None, error="access.wrong_password"
        )
    services.attempts.forget(address)
    return await signed_in(visit, target)


async def show_first_use(visit: Visit) -> web.StreamResponse:
    """Show the form for the first password."""
    if visit.services.store.has_password():
        return visit.redirect(SIGN_IN)
    needs_code = not is_on_this_machine(visit.request)
    if needs_code:
        visit.services.first_use.log_code()
    target = safe_target(visit.request.query.get("next", HOME))
    return visit.page("first_use.html", needs_code=needs_code, target=target, errors={})


async def set_first_password(visit: Visit) -> web.StreamResponse:
    """Set the first password and open a session."""
    services = visit.services
    if services.store.has_password():
        return visit.redirect(SIGN_IN)
    needs_code = not is_on_this_machine(visit.request)
    if needs_code and not services.attempts.allow(visit.request.remote or ""):
        raise PageError("access.too_many_attempts", HTTPStatus.TOO_MANY_REQUESTS)
    target = safe_target(visit.form.get("next", HOME))
    errors = password_errors(visit)
    if needs_code and not services.first_use.is_code(visit.form.get("code", "")):
        errors["code"] = "access.wrong_code"
    if errors:
        return visit.page(
            "first_use.html", status=422, needs_code=needs_code, target=target, errors=errors
        )
    if not await services.workers.access(services.store.set_first_password, visit.form["password"]):
        return visit.redirect(SIGN_IN)
    services.first_use.spend()
    return await signed_in(visit, target)


async def show_access(visit: Visit) -> web.StreamResponse:
    """Show who can see the pages, and the form for another password."""
    return access_page(visit, {})


async def change_password(visit: Visit) -> web.StreamResponse:
    """Set another password; all other browsers are signed out."""
    services = visit.services
    errors = password_errors(visit)
    if visit.visitor.entrance is Entrance.SESSION:
        if not services.attempts.allow(visit.request.remote or ""):
            raise PageError("access.too_many_attempts", HTTPStatus.TOO_MANY_REQUESTS)
        current = visit.form.get("current", "")[:PASSWORD_MAX_LENGTH]
        if not await services.workers.access(services.store.check_password, current):
            errors["current"] = "access.wrong_password"
    if errors:
        return access_page(visit, errors, HTTPStatus.UNPROCESSABLE_ENTITY)
    await services.workers.access(services.store.set_password, visit.form["password"])
    services.first_use.spend()
    services.attempts.forget(visit.request.remote or "")
    if visit.visitor.entrance is Entrance.INGRESS:
        return visit.redirect(ACCESS, done="access.done_password")
    return await signed_in(visit, ACCESS, done="access.done_password")


async def sign_out(visit: Visit) -> web.StreamResponse:
    """End the session of this browser."""
    key = visit.services.doorkeeper.session_key(visit.request)
    await visit.services.workers.access(visit.services.store.close_session, key)
    response = visit.redirect(SIGN_IN, asked=1, done="access.done_signed_out")
    response.del_cookie(visit.services.doorkeeper.cookie, path="/")
    return response


async def signed_in(visit: Visit, target: str, **query: object) -> web.Response:
    """Open a session and send the browser to a page."""
    services = visit.services
    key = await services.workers.access(services.store.open_session)
    response = visit.redirect(target, **query)
    response.set_cookie(
        services.doorkeeper.cookie,
        key,
        max_age=SESSION_S,
        path="/",
        httponly=True,
        samesite="Strict",
        # Behind a proxy with TLS: never send it without.
        secure=visit.request.headers.get("X-Forwarded-Proto") == "https",
    )
    return response


def access_page(visit: Visit, errors: dict[str, str], status: int = 200) -> web.Response:
    """Return the page about the password."""
    return visit.page(
        "access.html",
        status=status,
        entrance=visit.visitor.entrance,
        has_password=visit.services.store.has_password(),
        needs_current=visit.visitor.entrance is Entrance.SESSION,
        errors=errors,
    )


def password_errors(visit: Visit) -> dict[str, str]:
    """Return what is wrong with a new password, by field."""
    password = visit.form.get("password", "")
    if not PASSWORD_MIN_LENGTH <= len(password) <= PASSWORD_MAX_LENGTH:
        return {"password": "access.password_length"}
    if len(set(password)) < PASSWORD_MIN_DISTINCT:
        return {"password": "access.password_simple"}
    if password != visit.form.get("repeated", ""):
        return {"repeated": "access.passwords_differ"}
    return {}


def safe_target(target: str) -> str:
    """Return the path of a page of this server to go on to, whatever a link says."""
    plain = target.isascii() and target.isprintable() and "\\" not in target
    return target if plain and target.startswith("/") and not target.startswith("//") else HOME


ROUTES: Final[tuple[Route, ...]] = (
    page(HOME, show_home, needs_bridge=False),
    page(SIGN_IN, show_sign_in, public=True, needs_bridge=False),
    form(SIGN_IN, sign_in, public=True, needs_bridge=False),
    page(FIRST_USE, show_first_use, public=True, needs_bridge=False),
    form(FIRST_USE, set_first_password, public=True, needs_bridge=False),
    page(ACCESS, show_access, needs_bridge=False),
    form(ACCESS, change_password, needs_bridge=False),
    form("/sign-out", sign_out, needs_bridge=False),
)
