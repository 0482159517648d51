"""Setup: an overview, the broker, and the people."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from limber_bridge.config import editor
from limber_bridge.config.ids import suggest_id
from limber_bridge.config.model import Broker, Config, Sleeper, Tls
from limber_bridge.daemon.find_broker import find_brokers, try_broker
from limber_bridge.web.page_errors import PageError
from limber_bridge.web.routes import Route, form, page
from limber_bridge.web.setup_forms import (
    Errors,
    checked_broker,
    checked_name,
    checked_time_zone,
)
from limber_bridge.web.setup_save import NotSaved, Setup, read_setup, save
from limber_bridge.web.visit import Visit

SETUP: Final = "/setup"
BROKER: Final = "/setup/broker"
PERSON: Final = "/setup/person"
SEARCH_S: Final = 2.0
"""Time to look for brokers; chosen: they answer within a second."""
TYPED: Final = "typed_password"
"""Field that says that a password was typed before the form was shown again without it."""
LOCALTIME: Final = Path("/etc/localtime")
UNKNOWN_PERSON: Final = "person"
"""Id of a person whose name has no letter that ASCII can write."""


async def show_setup(visit: Visit) -> web.StreamResponse:
    """Show what is set up, and what is still to do."""
    setup = await read_setup(visit)
    bridge = visit.services.bridge
    return visit.page(
        "setup.html",
        setup=setup,
        config=setup.state.draft,
        people=people_of(setup.state.draft),
        running=bridge is not None,
        connected=bridge is not None and bridge.report().bridge.broker.connected,
        missing=setup.state.missing,
    )


async def show_broker(visit: Visit) -> web.StreamResponse:
    """Show the form of the broker, with the brokers that were found."""
    setup = await read_setup(visit)
    known = known_broker(setup)
    values = {} if known is None else broker_fields(known)
    return broker_page(visit, setup, values, found=await find_brokers(SEARCH_S))


async def save_broker(visit: Visit) -> web.StreamResponse:
    """Try a broker, and save it if it can be used or the person insists."""
    setup = await read_setup(visit)
    values, errors = checked_broker(visit.form)
    if errors:
        return broker_page(visit, setup, visit.form, errors=errors)
    known = known_broker(setup)
    keeps = keeps_password(visit, setup, values)
    password = known.password if keeps and known is not None else visit.form.get("password") or None
    if password is None and values["user"] and was_typed(visit):
        # A page never holds a secret, so the field came back empty.
        errors = {"password": "setup.error_password_again"}
        return broker_page(visit, setup, visit.form, errors=errors, insists=True)
    if not visit.form.get("untested"):
        refusal = await try_broker(broker_to_try(setup, values, password), bridge_id(setup))
        if refusal is not None:
            return broker_page(visit, setup, visit.form, refusal=refusal, insists=True)
    values = changed_values(known, values)
    if not keeps:
        values["password"] = password
    outcome = await save(visit, setup, lambda text: editor.set_broker(text, values))
    if isinstance(outcome, NotSaved):
        return broker_page(visit, setup, visit.form, refused=outcome)
    return visit.redirect(SETUP, done="setup.done_broker")


async def show_person(visit: Visit) -> web.StreamResponse:
    """Show the form of a new person."""
    setup = await read_setup(visit)
    return person_page(visit, setup, None, {"time_zone": own_time_zone()})


async def add_person(visit: Visit) -> web.StreamResponse:
    """Add a person; the first one comes with the time zone of the home."""
    setup = await read_setup(visit)
    errors: Errors = {}
    name = checked_name(visit.form, errors)
    zone = checked_time_zone(visit.form, errors) if "bridge" in setup.state.missing else ""
    if errors:
        return person_page(visit, setup, None, visit.form, errors=errors)
    person = free_person_id(setup, name)

    def edit(text: str) -> str:
        if zone:
            text = editor.set_bridge(text, {"id": "home", "name": "Limber", "time_zone": zone})
        return editor.add_sleeper(text, person, name)

    outcome = await save(visit, setup, edit)
    if isinstance(outcome, NotSaved):
        return person_page(visit, setup, None, visit.form, refused=outcome)
    return visit.redirect("/setup/sensor", person=person, done="setup.done_person")


async def show_name(visit: Visit) -> web.StreamResponse:
    """Show the form with the name of a person."""
    setup = await read_setup(visit)
    sleeper = named_person(visit, setup)
    return person_page(visit, setup, sleeper, {"name": sleeper.name})


async def rename_person(visit: Visit) -> web.StreamResponse:
    """Change the name of a person; the id stays, and with it all nights."""
    setup = await read_setup(visit)
    sleeper = named_person(visit, setup)
    errors: Errors = {}
    name = checked_name(visit.form, errors)
    if errors:
        return person_page(visit, setup, sleeper, visit.form, errors=errors)
    outcome = await save(visit, setup, lambda text: editor.rename_sleeper(text, sleeper.id, name))
    if isinstance(outcome, NotSaved):
        return person_page(visit, setup, sleeper, visit.form, refused=outcome)
    return visit.redirect(SETUP, done="setup.done_saved")


async def ask_to_remove_person(visit: Visit) -> web.StreamResponse:
    """Ask whether a person is to be removed, and say what goes."""
    setup = await read_setup(visit)
    return removal_page(visit, setup, named_person(visit, setup))


async def remove_person(visit: Visit) -> web.StreamResponse:
    """Remove a person and their sensors from limber.yaml; the nights stay in the journal."""
    setup = await read_setup(visit)
    sleeper = named_person(visit, setup)
    outcome = await save(visit, setup, lambda text: editor.remove_sleeper(text, sleeper.id))
    if isinstance(outcome, NotSaved):
        return removal_page(visit, setup, sleeper, refused=outcome)
    return visit.redirect(SETUP, done="setup.done_removed")


# --- Pages ---


def broker_page(
    visit: Visit,
    setup: Setup,
    values: Mapping[str, Any],
    **more: Any,  # noqa: ANN401 - a context
) -> web.Response:
    """Return the form of the broker; 422 where something in it is wrong."""
    defaults: dict[str, Any] = {
        "errors": {},
        "refusal": None,
        "refused": None,
        "found": (),
        "insists": bool(visit.form.get("untested")),
    }
    known = known_broker(setup)
    return visit.page(
        "setup_broker.html",
        status=status_of(more),
        seen=setup.snapshot.digest,
        values=values,
        has_password=known is not None and known.password is not None,
        typed_password=was_typed(visit),
        **(defaults | more),
    )


def person_page(
    visit: Visit,
    setup: Setup,
    sleeper: Sleeper | None,
    values: Mapping[str, Any],
    **more: Any,  # noqa: ANN401 - a context
) -> web.Response:
    """Return the form of a person; None: of a new one."""
    defaults: dict[str, Any] = {"errors": {}, "refused": None}
    return visit.page(
        "setup_person.html",
        status=status_of(more),
        seen=setup.snapshot.digest,
        sleeper=sleeper,
        values=values,
        asks_time_zone=sleeper is None and "bridge" in setup.state.missing,
        **(defaults | more),
    )


def removal_page(
    visit: Visit, setup: Setup, sleeper: Sleeper, refused: NotSaved | None = None
) -> web.Response:
    """Return the question whether a person is to be removed."""
    return visit.page(
        "setup_remove.html",
        status=200 if refused is None else 422,
        seen=setup.snapshot.digest,
        title=visit.text("setup.remove_person", name=sleeper.name),
        text=visit.text("setup.remove_person_text"),
        sensors=sleeper.sensors,
        action=f"{PERSON}/{sleeper.id}/remove",
        back=SETUP,
        refused=refused,
    )


def status_of(more: Mapping[str, Any]) -> int:
    """Return the HTTP status of a form."""
    return 422 if any(more.get(name) for name in ("errors", "refusal", "refused")) else 200


# --- What is known ---


def people_of(draft: Config | None) -> tuple[Sleeper, ...]:
    """Return all people, also those without sensors."""
    return () if draft is None else (*draft.sleepers, *draft.without_sensors)


def named_person(visit: Visit, setup: Setup) -> Sleeper:
    """Return the person that the path names; PageError if there is none."""
    wanted = visit.arguments["person"]
    for sleeper in people_of(setup.state.draft):
        if sleeper.id == wanted:
            return sleeper
    raise PageError("setup.error_gone", 404)


def free_person_id(setup: Setup, name: str) -> str:
    """Return an id for a name that no person has.

    A person who was removed and comes back gets the same id again, and with it all nights.
    """
    used = {one.id for one in people_of(setup.state.draft)}
    wanted = suggest_id(name) or UNKNOWN_PERSON
    number = 1
    found = wanted
    while found in used:
        number += 1
        found = f"{wanted[:28]}_{number}"
    return found


def known_broker(setup: Setup) -> Broker | None:
    """Return the broker in limber.yaml; None if there is none yet."""
    draft = setup.state.draft
    return None if draft is None or "broker" in setup.state.missing else draft.broker


def broker_fields(broker: Broker) -> dict[str, Any]:
    """Return a broker as the fields of its form, without the password."""
    return {
        "host": broker.host,
        "port": broker.port,
        "user": broker.user or "",
        "tls": broker.tls is not None,
    }


def was_typed(visit: Visit) -> bool:
    """Return whether a password was typed into this form, or before it was shown again."""
    return bool(visit.form.get("password") or visit.form.get(TYPED))


def keeps_password(visit: Visit, setup: Setup, values: Mapping[str, object]) -> bool:
    """Return whether the known password still applies: it is never sent to another broker."""
    known = known_broker(setup)
    same = known is not None and (known.host, known.user) == (values["host"], values["user"])
    return same and not was_typed(visit)


def changed_values(
    known: Broker | None, values: Mapping[str, str | int | bool | None]
) -> dict[str, str | int | bool | None]:
    """Return the values that differ from those that are known.

    So what comes from outside of the file goes on to come from there, such as the broker that the
    Supervisor of Home Assistant names at each start; and certificates stay as they are written.
    """
    if known is None:
        return dict(values)
    usual_port = 8883 if known.tls else 1883
    before = {
        "host": known.host,
        "port": None if values["port"] is None and known.port == usual_port else known.port,
        "user": known.user,
        "tls": True if known.tls else None,
    }
    return {name: value for name, value in values.items() if value != before[name]}


def broker_to_try(
    setup: Setup, values: Mapping[str, str | int | bool | None], password: str | None
) -> Broker:
    """Return the broker that a form describes."""
    known = known_broker(setup)
    tls = Tls() if values["tls"] else None
    if known is not None and known.tls is not None and tls is not None:
        tls = known.tls
    port = values["port"] or (8883 if tls else 1883)
    user = values["user"]
    topic = "limber" if known is None else known.base_topic
    return Broker(
        str(values["host"]), int(port), None if user is None else str(user), password, tls, topic
    )


def bridge_id(setup: Setup) -> str:
    """Return the id of the bridge; that of a new one where it is not set up yet."""
    draft = setup.state.draft
    return "home" if draft is None or "bridge" in setup.state.missing else draft.bridge


def own_time_zone() -> str:
    """Return the time zone of this machine; empty if it does not say."""
    given = os.environ.get("TZ", "").lstrip(":")
    if given:
        return given
    _, found, zone = str(LOCALTIME.resolve()).partition("/zoneinfo/")
    return zone if found else ""


ROUTES: Final[tuple[Route, ...]] = (
    page(SETUP, show_setup, needs_bridge=False),
    page(BROKER, show_broker, needs_bridge=False),
    form(BROKER, save_broker, needs_bridge=False),
    page(PERSON, show_person, needs_bridge=False),
    form(PERSON, add_person, needs_bridge=False),
    page("/setup/person/{person}", show_name, needs_bridge=False),
    form("/setup/person/{person}", rename_person, needs_bridge=False),
    page("/setup/person/{person}/remove", ask_to_remove_person, needs_bridge=False),
    form("/setup/person/{person}/remove", remove_person, needs_bridge=False),
)
