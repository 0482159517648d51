"""Nights, events and configurations that several tests need."""

from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from devtools.processes import free_port
from limber_bridge.config.loader import load_config
from limber_bridge.config.model import Config
from limber_bridge.detection.events import Method, Movement, UnilateralMovement
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import SECOND, Side
from limber_bridge.domain.nights import Import, Night, to_us

BERLIN = ZoneInfo("Europe/Berlin")
MEASURES = Measures(
    time_in_bed_h=7.9,
    sleep_h=6.7,
    movements=312,
    candidates=280,
    plm=190,
    plm_index=24.0506329,
    plms_index=26.9,
    plmw_index=8.1,
    periodicity_index=0.6785714,
    series_count=11,
    imi_mean=27.3,
    longest_quiet_h=1.42,
)


def local(text: str) -> int:
    """Return a local time in Berlin as us UTC."""
    return to_us(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


def kick(at: int, seconds: float = 2.0, side: Side = Side.LEFT) -> Movement:
    """Return a movement with an onset in us."""
    part = UnilateralMovement(side, at, at + round(seconds * SECOND), 0.142)
    return Movement(part.onset, part.end, (part,), candidate=True)


NETWORK_SENSOR: Final = (
    "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
)
IMPORTED: Final = Import(
    recording="left-ankle.cwa", batch="20261123-101500-3fa2", time=1_795_428_900_000_000
)


def night(day: date, revision: int = 1, sleeper: str = "anna") -> Night:
    """Return a finished night."""
    return Night(
        sleeper=sleeper,
        date=day,
        revision=revision,
        start=local(f"{day}T00:10"),
        end=local(f"{day}T08:04"),
        rules="wasm-2016",
        in_bed_method=Method.ANKLE,
        measures=MEASURES,
    )


def config(folder: Path, sensors: str, *, port: int = 1, more: str = "") -> Config:
    """Load a configuration with these sensors."""
    (folder / "limber.yaml").write_text(settings(sensors, port=port, more=more))
    return load_config(folder / "limber.yaml")


def listens_elsewhere() -> str:
    """Return the section of a configuration that listens for network sensors on a free port.

    Without it a scan listens on the port of docs/protocol.md, as another test may at that time.
    """
    return f"network: {{address: 127.0.0.1, port: {free_port()}}}\n"


def settings(
    sensors: str,
    *,
    port: int,
    more: str = "",
    bridge: str = "bedroom",
    base_topic: str = "limber",
    sleeper: str = "Anna",
    zone: str = "Europe/Berlin",
) -> str:
    """Return the text of a configuration with these sensors, each a line of YAML in braces."""
    # No HTTP server by default: tests run in parallel and would all use the same port.
    more = more if "web:" in more else f"web: false\n{more}"
    listed = "\n".join(f"      - {line}" for line in sensors.splitlines())
    return (
        f"bridge: {{id: {bridge}, time_zone: {zone}}}\n"
        f"broker: {{host: 127.0.0.1, base_topic: {base_topic}, port: {port}}}\n"
        f"sleepers:\n  - id: {sleeper.lower()}\n    name: {sleeper}\n    sensors:\n{listed}\n{more}"
    )
