"""Place and calibrate: the live signal of a sensor, and the guided check of one minute."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from limber_bridge.config.model import ConfiguredSensor
from limber_bridge.daemon.live_message import US_PER_MS
from limber_bridge.daemon.live_view import TooManyReadersError
from limber_bridge.detection.events import PlacementVerdict
from limber_bridge.detection.signal import Quantity
from limber_bridge.domain.placement_figures import shows_position
from limber_bridge.domain.placement_steps import PULL_CUES_US, PULL_HOLD_US
from limber_bridge.web.live_socket import LiveSocket
from limber_bridge.web.page_errors import PageError
from limber_bridge.web.routes import Route, page, socket
from limber_bridge.web.visit import Visit

ID_DIGITS_MAX: Final = 10
"""Digits of the largest id of a sensor."""
LOOSE_EMG: Final = "loose_emg"
"""Text of the verdict `loose` for electrodes."""


SCRIPT_TEXTS: Final = (
    "again", "start", "step_settle", "step_still", "step_pull_now", "step_pull_relax", "step_turn",
    "result_good", "result_bad", "moving", "found_movement", "found_position_change",
    "found_twitch", "found_rhythmic_train", "link_connected", "link_silent", "link_paused",
    "unknown", "reconnecting",
)  # fmt: skip
"""Texts that the script of the page shows."""


@dataclass(frozen=True, slots=True)
class ShownUnit:
    """How levels are shown."""

    unit: str
    scale: float
    """Factor from the unit of the quantity."""
    decimals: int


SHOWN_UNITS: Final = {
    Quantity.ACCELERATION: ShownUnit("mg", 1000.0, 1),
    Quantity.EMG: ShownUnit("µV", 1.0, 1),
    Quantity.LOAD: ShownUnit("kg", 1.0, 2),
}


@dataclass(frozen=True, slots=True)
class PlacedSensor:
    """A sensor and whose it is."""

    sleeper: str
    """Name of the sleeper."""
    configured: ConfiguredSensor

    @property
    def id(self) -> int:
        """Id of the sensor."""
        return self.configured.sensor.id

    @property
    def shows_position(self) -> bool:
        """Whether the sensor shows how the leg lies."""
        return shows_position(self.configured.sensor)


async def list_sensors(visit: Visit) -> web.StreamResponse:
    """List the sensors; a single one is opened at once."""
    sensors = placed_sensors(visit)
    if len(sensors) == 1:
        return visit.redirect(f"/place/{sensors[0].id}")
    return visit.page("place_list.html", sensors=sensors)


async def show_sensor(visit: Visit) -> web.StreamResponse:
    """Show the page of one sensor; its script opens the WebSocket."""
    placed = find_sensor(visit)
    quantity = placed.configured.sensor.quantity
    return visit.page(
        "place.html",
        placed=placed,
        sensors=placed_sensors(visit),
        shown=SHOWN_UNITS[quantity],
        texts=script_texts(visit, quantity),
        cues=" ".join(str(cue // US_PER_MS) for cue in PULL_CUES_US),
        hold=PULL_HOLD_US // US_PER_MS,
    )


async def watch_sensor(visit: Visit) -> web.StreamResponse:
    """Serve the WebSocket of a sensor."""
    placed = find_sensor(visit)
    if not web.WebSocketResponse().can_prepare(visit.request):
        raise PageError("place.only_scripts", 400)
    live = visit.bridge.live
    try:
        reader = live.open(placed.id)
    except KeyError:
        # It was removed a moment ago.
        raise web.HTTPNotFound from None
    except TooManyReadersError:
        raise PageError("place.too_many", 503) from None
    try:
        return await LiveSocket(live, reader, visit.is_still_admitted).run(visit.request)
    finally:
        live.close_reader(reader)


def placed_sensors(visit: Visit) -> list[PlacedSensor]:
    """Return all sensors, in the order of limber.yaml."""
    return [
        PlacedSensor(sleeper.name, configured)
        for sleeper in visit.bridge.config.sleepers
        for configured in sleeper.sensors
    ]


def find_sensor(visit: Visit) -> PlacedSensor:
    """Return the sensor in the path; HTTPNotFound."""
    text = visit.arguments["sensor"]
    is_id = text.isascii() and text.isdecimal() and len(text) <= ID_DIGITS_MAX
    for placed in placed_sensors(visit):
        if is_id and placed.id == int(text):
            return placed
    raise web.HTTPNotFound


def script_texts(visit: Visit, quantity: Quantity) -> dict[str, str | dict[str, str]]:
    """Return the texts that the script of the page shows; it fills in the counts."""
    texts = {name: visit.text(f"place.{name}") for name in SCRIPT_TEXTS}
    counted = visit.text("place.pulls_seen", count="{count}", wanted="{wanted}")
    return {**texts, "pulls_seen": counted, "verdicts": verdict_texts(visit, quantity)}


def verdict_texts(visit: Visit, quantity: Quantity) -> dict[str, str]:
    """Return the text of each verdict; electrodes come loose in another way."""
    names = {verdict.value: verdict.value for verdict in PlacementVerdict}
    if quantity is Quantity.EMG:
        names[PlacementVerdict.LOOSE] = LOOSE_EMG
    return {verdict: visit.text(f"place.verdict_{name}") for verdict, name in names.items()}


ROUTES: Final[tuple[Route, ...]] = (
    page("/place", list_sensors),
    page("/place/{sensor}", show_sensor),
    socket("/live/{sensor}", watch_sensor),
)
