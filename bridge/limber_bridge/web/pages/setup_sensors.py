"""Setup: add sensors, change and remove them."""

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from limber_bridge.config import editor
from limber_bridge.config.model import ConfiguredSensor, HttpEndpoint
from limber_bridge.config.yaml_text import rendered
from limber_bridge.daemon.find_sensors import free_id, search_sensors
from limber_bridge.daemon.service import SETUP_ENDPOINT
from limber_bridge.sources.bluetooth.profiles import PROFILES
from limber_bridge.sources.network import ListenAddress, NetworkOptions
from limber_bridge.sources.network_scan import DEFAULT_LISTEN
from limber_bridge.sources.phone.source import SensorLoggerOptions, new_secret
from limber_bridge.web.own_address import own_host
from limber_bridge.web.page_errors import PageError
from limber_bridge.web.pages.setup import SETUP, people_of, status_of
from limber_bridge.web.qr_code import qr_code
from limber_bridge.web.request_checks import is_loopback
from limber_bridge.web.routes import Route, form, page
from limber_bridge.web.setup_forms import (
    Errors,
    Position,
    checked_id,
    checked_key,
    checked_position,
    positions_for,
)
from limber_bridge.web.setup_save import NotSaved, Setup, read_setup, save
from limber_bridge.web.visit import Visit

WAYS: Final = ("network", "bluetooth", "phone", "esphome")
"""How a sensor can be added."""
SEARCH_S: Final = 5.0
"""Time to look for sensors; chosen: they send or advertise at least every two seconds."""
ALL_NETWORKS: Final = "0.0.0.0"  # noqa: S104 - sensors are elsewhere
KEY_BYTES: Final = 16
"""Of a key that the page makes: 128 bits, as hexadecimal digits."""
BOARDS: Final = (
    "xiao-esp32c3-lsm6ds3",
    "xiao-esp32s3-lsm6ds3",
    "m5stickc-plus2",
    "m5-atoms3",
    "m5-atoms3r",
)
"""Files in firmware/esphome/boards that send over Wi-Fi."""


@dataclass(frozen=True, slots=True)
class NewSensor:
    """What is known of a sensor before a person says where it is."""

    way: str
    quantity: str = ""
    """Empty: the person must say it."""
    id: str = ""
    """Empty: the bridge chooses it."""
    signed: bool = False
    device: str = ""
    address: str = ""


async def choose_way(visit: Visit) -> web.StreamResponse:
    """Show how a sensor can be added."""
    setup = await read_setup(visit)
    if not people_of(setup.state.draft):
        return visit.redirect("/setup/person")
    return visit.page("setup_ways.html", ways=WAYS, person=visit.request.query.get("person", ""))


async def search(visit: Visit) -> web.StreamResponse:
    """Look for sensors of one kind, and list those that can be added."""
    way = visit.arguments["way"]
    if way not in ("network", "bluetooth"):
        raise PageError("errors.404", 404)
    setup = await read_setup(visit)
    found = await search_sensors(way, setup.state.draft, visit.services.bridge, SEARCH_S)
    listen = listen_of(setup)
    return visit.page(
        "setup_found.html",
        way=way,
        search=found,
        person=visit.request.query.get("person", ""),
        host=sensor_host(visit, listen),
        port=listen.port,
        local_only=is_loopback(listen.address),
    )


async def show_form(visit: Visit) -> web.StreamResponse:
    """Show the form of a new sensor, with what is known of it."""
    setup = await read_setup(visit)
    query = visit.request.query
    return sensor_page(visit, setup, new_sensor(query), dict(query))


async def add_sensor(visit: Visit) -> web.StreamResponse:
    """Add a sensor; one that needs a port or the HTTP server of the bridge gets it."""
    setup = await read_setup(visit)
    new = new_sensor(visit.form)
    errors: Errors = {}
    person = visit.form.get("person", "")
    if all(one.id != person for one in people_of(setup.state.draft)):
        errors["person"] = "setup.error_person"
    position = checked_position(visit.form, errors)
    number = checked_id(visit.form, errors) if new.way == "network" else chosen_id(setup)
    key = checked_key(visit.form, errors, required=new.signed) if new.way == "network" else None
    if errors or position is None:
        return sensor_page(visit, setup, new, visit.form, errors=errors)
    values = sensor_values(new, number, position, key)
    outcome = await save(visit, setup, lambda text: with_sensor(text, setup, new, person, values))
    if isinstance(outcome, NotSaved):
        return sensor_page(visit, setup, new, visit.form, refused=outcome)
    return visit.redirect(f"/setup/sensors/{number}", done="setup.done_sensor")


async def show_sensor(visit: Visit) -> web.StreamResponse:
    """Show a sensor: what to enter into it, and the form to change it."""
    setup = await read_setup(visit)
    return known_sensor_page(visit, setup, named_sensor(visit, setup))


async def change_sensor(visit: Visit) -> web.StreamResponse:
    """Change where a sensor is, or its key."""
    setup = await read_setup(visit)
    sensor = named_sensor(visit, setup)
    errors: Errors = {}
    position = checked_position(visit.form, errors)
    key = checked_key(visit.form, errors, required=False)
    if errors or position is None:
        return known_sensor_page(visit, setup, sensor, visit.form, errors=errors)
    values: dict[str, str | int | bool | None] = {**position.values()}
    if key is not None and sensor.source == "network":
        values["key"] = key
    number = sensor.sensor.id
    outcome = await save(visit, setup, lambda text: editor.change_sensor(text, number, values))
    if isinstance(outcome, NotSaved):
        return known_sensor_page(visit, setup, sensor, visit.form, refused=outcome)
    return visit.redirect(SETUP, done="setup.done_saved")


async def ask_to_remove(visit: Visit) -> web.StreamResponse:
    """Ask whether a sensor is to be removed."""
    setup = await read_setup(visit)
    return removal_page(visit, setup, named_sensor(visit, setup))


async def remove_sensor(visit: Visit) -> web.StreamResponse:
    """Remove a sensor from limber.yaml; what it has measured stays in the journal."""
    setup = await read_setup(visit)
    sensor = named_sensor(visit, setup)
    number = sensor.sensor.id
    outcome = await save(visit, setup, lambda text: editor.remove_sensor(text, number))
    if isinstance(outcome, NotSaved):
        return removal_page(visit, setup, sensor, outcome)
    return visit.redirect(SETUP, done="setup.done_removed")


# --- What is written ---


def new_sensor(given: Mapping[str, str]) -> NewSensor:
    """Return what a link or a form says of a new sensor; PageError for an unknown way."""
    way = given.get("way", "")
    if way not in WAYS:
        raise PageError("errors.404", 404)
    quantity = "acceleration" if way in ("phone", "esphome") else given.get("quantity", "")
    return NewSensor(
        way,
        quantity,
        given.get("id", "") if way == "network" else "",
        bool(given.get("signed")),
        given.get("device", ""),
        given.get("address", ""),
    )


def chosen_id(setup: Setup) -> int:
    """Return an id for a sensor that has none of its own."""
    return free_id(setup.state.draft)


def sensor_values(
    new: NewSensor, number: int, position: Position, key: str | None
) -> dict[str, str | int]:
    """Return the entry of a sensor in limber.yaml."""
    source = "network" if new.way == "esphome" else new.way
    values: dict[str, str | int | None] = {"id": number, "source": source, **position.values()}
    match new.way:
        case "phone":
            values["secret"] = new_secret()
        case "esphome":
            values["key"] = secrets.token_hex(KEY_BYTES)
        case "bluetooth":
            values |= {"device": new.device, "address": new.address}
        case _:
            values["key"] = key
    return {name: value for name, value in values.items() if value is not None}


def with_sensor(
    text: str, setup: Setup, new: NewSensor, person: str, values: Mapping[str, str | int]
) -> str:
    """Return the file with a sensor, and with what the bridge needs to hear it."""
    text = editor.add_sensor(text, person, values)
    draft = setup.state.draft
    if values["source"] == "network" and (draft is None or "network" not in draft.source_settings):
        listen: editor.Scalars = {"address": DEFAULT_LISTEN.address, "port": DEFAULT_LISTEN.port}
        text = editor.set_section(text, ("network",), listen)
    if new.way == "esphome" and is_loopback(listen_of(setup).address):
        # A board is never on this machine.
        text = editor.set_section(text, ("network",), {"address": ALL_NETWORKS})
    if new.way == "phone" and is_loopback(endpoint_of(setup).address):
        # A phone is never on this machine.
        text = editor.set_section(text, ("web",), {"address": ALL_NETWORKS})
    return text


def endpoint_of(setup: Setup) -> HttpEndpoint:
    """Return where the pages are served, by limber.yaml."""
    draft = setup.state.draft
    return SETUP_ENDPOINT if draft is None or draft.web is None else draft.web


def listen_of(setup: Setup) -> ListenAddress:
    """Return where network sensors are received, by limber.yaml, or will be without an entry."""
    draft = setup.state.draft
    listen = None if draft is None else draft.source_settings.get("network")
    return listen if isinstance(listen, ListenAddress) else DEFAULT_LISTEN


def sensor_host(visit: Visit, listen: ListenAddress) -> str:
    """Return the address that a network sensor sends to: ours in the home, or the only one."""
    only_one = not ipaddress.ip_address(listen.address).is_unspecified
    return listen.address if only_one else own_host(visit)


def named_sensor(visit: Visit, setup: Setup) -> ConfiguredSensor:
    """Return the sensor that the path names; PageError if there is none."""
    wanted = visit.arguments["sensor"]
    for sleeper in people_of(setup.state.draft):
        for sensor in sleeper.sensors:
            if str(sensor.sensor.id) == wanted:
                return sensor
    raise PageError("setup.error_gone", 404)


# --- Pages ---


def sensor_page(
    visit: Visit,
    setup: Setup,
    new: NewSensor,
    values: Mapping[str, Any],
    **more: Any,  # noqa: ANN401 - a context
) -> web.Response:
    """Return the form of a new sensor; 422 where something in it is wrong."""
    defaults: dict[str, Any] = {"errors": {}, "refused": None}
    people = people_of(setup.state.draft)
    if not people:
        return visit.redirect("/setup/person")
    return visit.page(
        "setup_sensor.html",
        status=status_of(more),
        seen=setup.snapshot.digest,
        new=new,
        values=values,
        people=people,
        positions=positions_for(new.quantity),
        device=PROFILES[new.device].title if new.device in PROFILES else new.device,
        opens_pages=new.way == "phone" and is_loopback(endpoint_of(setup).address),
        opens_network=new.way == "esphome" and is_loopback(listen_of(setup).address),
        **(defaults | more),
    )


def known_sensor_page(
    visit: Visit,
    setup: Setup,
    sensor: ConfiguredSensor,
    values: Mapping[str, Any] | None = None,
    **more: Any,  # noqa: ANN401 - a context
) -> web.Response:
    """Return the page of a sensor that is set up."""
    defaults: dict[str, Any] = {"errors": {}, "refused": None}
    chosen = Position(sensor.sensor.quantity, sensor.sensor.placement, sensor.sensor.side)
    options = sensor.request.options
    address = push_address(visit, setup, sensor)
    board = visit.request.query.get("board", "")
    listen = listen_of(setup)
    return visit.page(
        "setup_known.html",
        status=status_of(more),
        seen=setup.snapshot.digest,
        sensor=sensor,
        values=values or {"position": chosen.name},
        positions=positions_for(sensor.sensor.quantity),
        address=address,
        code=None if address is None else qr_code(address),
        key=written_key(options),
        boards=BOARDS,
        board=board if board in BOARDS else "",
        host=sensor_host(visit, listen),
        port=listen.port,
        usual_port=DEFAULT_LISTEN.port,
        local_only=is_loopback(listen.address),
        running=visit.services.bridge is not None,
        **(defaults | more),
    )


def removal_page(
    visit: Visit, setup: Setup, sensor: ConfiguredSensor, refused: NotSaved | None = None
) -> web.Response:
    """Return the question whether a sensor is to be removed."""
    number = sensor.sensor.id
    return visit.page(
        "setup_remove.html",
        status=200 if refused is None else 422,
        seen=setup.snapshot.digest,
        title=visit.text("setup.remove_sensor", number=number),
        text=visit.text("setup.remove_sensor_text"),
        sensors=(sensor,),
        action=f"/setup/sensors/{number}/remove",
        back=f"/setup/sensors/{number}",
        refused=refused,
    )


def written_key(options: object) -> str | None:
    """Return the key of a network sensor as YAML; None without one."""
    if not isinstance(options, NetworkOptions) or options.key is None:
        return None
    return rendered(options.key.decode())


def push_address(visit: Visit, setup: Setup, sensor: ConfiguredSensor) -> str | None:
    """Return the address to which a phone posts; None for any other sensor."""
    options = sensor.request.options
    if not isinstance(options, SensorLoggerOptions) or options.mqtt:
        return None
    port = endpoint_of(setup).port
    return f"http://{own_host(visit)}:{port}/ingest/{sensor.sensor.id}/{options.secret}"


ROUTES: Final[tuple[Route, ...]] = (
    page("/setup/sensor", choose_way, needs_bridge=False),
    page("/setup/search/{way}", search, needs_bridge=False),
    page("/setup/sensor/new", show_form, needs_bridge=False),
    form("/setup/sensor/new", add_sensor, needs_bridge=False),
    page("/setup/sensors/{sensor}", show_sensor, needs_bridge=False),
    form("/setup/sensors/{sensor}", change_sensor, needs_bridge=False),
    page("/setup/sensors/{sensor}/remove", ask_to_remove, needs_bridge=False),
    form("/setup/sensors/{sensor}/remove", remove_sensor, needs_bridge=False),
)
