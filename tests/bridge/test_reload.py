"""A running bridge follows a changed configuration; other sensors notice nothing of it."""

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from devtools.processes import free_port
from limber_bridge.config import editor
from limber_bridge.config.loader import load_config
from limber_bridge.config.model import Config
from limber_bridge.daemon.bridge import Bridge
from limber_bridge.detection.events import Event, Gap
from limber_bridge.protocol.health_messages import SensorHealth
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import SourceEvent, SourceRequest
from limber_bridge.storage.journal import Journal
from tests.bridge.conftest import Broker, mosquitto
from tests.bridge.examples import local, settings
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import INFO, STATUS, online, played
from tests.bridge.sending_devices import Device, sending

pytestmark = pytest.mark.real_time

PATIENCE_S = 60.0
LEFT = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
RIGHT: dict[str, Any] = {
    "id": 2,
    "source": "network",
    "placement": "ankle",
    "side": "right",
    "quantity": "acceleration",
}
LOAD: dict[str, Any] = {"id": 3, "source": "network", "placement": "bed", "quantity": "load"}
SIMULATED = RIGHT | {"id": 9, "source": "simulated"}


@asynccontextmanager
async def running(config: Config, journal: Journal) -> AsyncIterator[Bridge]:
    played = replace(SOURCES["recording"], run=played_at_once)
    bridge = Bridge(config, journal, HostClock(), sources={**SOURCES, "recording": played})
    task = asyncio.create_task(bridge.run())
    try:
        yield bridge
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the bridge sets no event
            await asyncio.sleep(0.02)


def health(bridge: Bridge, sensor: int, sleeper: str = "anna") -> SensorHealth:
    return bridge.health.report().sleepers[sleeper][str(sensor)]


def advanced(bridge: Bridge, seen: datetime | None) -> bool:
    return health(bridge, 1).last_sample != seen


def write(folder: Path, sensors: str, *, port: int = 1, more: str = "") -> Path:
    path = folder / "limber.yaml"
    path.write_text(settings(sensors, port=port, more=more))
    return path


def edit(path: Path, *edits: editor.Edit) -> Config:
    """Edit the configuration as the pages do, and load it."""
    text = path.read_text()
    for one in edits:
        text = one(text)
    path.write_text(text)
    return load_config(path)


def with_ben(sensor: dict[str, Any]) -> editor.Edit:
    return lambda text: editor.add_sensor(editor.add_sleeper(text, "ben", "Ben"), "ben", sensor)


def add(sensor: dict[str, Any], sleeper: str = "anna") -> editor.Edit:
    return lambda text: editor.add_sensor(text, sleeper, sensor)


def drop(sensor: int) -> editor.Edit:
    return lambda text: editor.remove_sensor(text, sensor)


def without_ben(text: str) -> str:
    return editor.remove_sleeper(text, "ben")


def finished(journal: Journal, sleeper: str) -> set[date]:
    return {night.date for night in journal.nights(sleeper)}


def unsigned(text: str) -> str:
    return editor.change_sensor(text, 2, {"key": None})


def renamed(text: str) -> str:
    return editor.rename_sleeper(text, "anna", "Anne")


def stored_events(journal: Journal, sleeper: str = "anna") -> list[Event]:
    return [
        event
        for night in sorted({*journal.unfinished_nights(sleeper)} | finished(journal, sleeper))
        for event in journal.events(sleeper, night)
    ]


async def test_no_sample_of_a_sensor_is_lost_while_others_come_and_go(tmp_path: Path) -> None:
    port = free_port()
    path = write(tmp_path, LEFT, more=f"network: {{address: 127.0.0.1, port: {port}}}\n")
    config = load_config(path)
    steps: tuple[tuple[editor.Edit, ...], ...] = (
        (add(RIGHT),),
        (add(LOAD),),
        (drop(2),),
        (drop(3), with_ben(SIMULATED)),
        (add(RIGHT | {"key": "a key of 16 bytes"}),),
        (unsigned,),
        (renamed,),
        (without_ben,),
    )
    with sending(port, {1: Device(), 2: Device()}), Journal(config.journal) as journal:
        async with running(config, journal) as bridge:
            await until(lambda: health(bridge, 1).connected)
            for step in steps:
                new = edit(path, *step)
                assert await bridge.reload(new) == ()
                assert set(bridge.monitors) == {one.id for one in new.sleepers}
                seen = health(bridge, 1).last_sample
                await until(partial(advanced, bridge, seen))
            await until(lambda: health(bridge, 2).connected)
            left = health(bridge, 1)
        assert (left.lost, left.refused, left.late, left.problem) == (0, 0, 0, None)
        gaps = [one for one in stored_events(journal) if isinstance(one, Gap) and one.sensor == 1]
    assert gaps == []


def played_at_once(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
    """Play a recording as if the bridge had always been started at the same moment."""
    return SOURCES["recording"].run(replace(request, started_at=local("2026-11-21T23:00")))


async def played_events(folder: Path, seed: int | None) -> list[str]:
    """Return what a played recording shows while other sleepers and sensors come and go."""
    folder.mkdir()  # noqa: ASYNC240 - a test
    path = write(folder, played(folder, seconds=600, speed=200))
    config = load_config(path)
    rng = random.Random(seed)  # noqa: S311 - for times
    cycle = itertools.cycle(
        (
            with_ben(SIMULATED),
            add(SIMULATED | {"id": 10, "side": "left"}, "ben"),
            drop(10),
            without_ben,
        )
    )
    with Journal(config.journal) as journal:
        async with running(config, journal) as bridge:
            while not bridge.monitors["anna"].sensor_health.all_ended():
                await asyncio.sleep(rng.uniform(0.01, 0.2))
                if seed is not None:
                    assert await bridge.reload(edit(path, next(cycle))) == ()
        return sorted(map(repr, stored_events(journal)))


async def test_the_events_of_a_sleeper_are_the_same_bit_for_bit(tmp_path: Path) -> None:
    undisturbed = await played_events(tmp_path / "undisturbed", None)
    assert len(undisturbed) > 40
    for seed in range(3):
        assert await played_events(tmp_path / f"disturbed-{seed}", seed) == undisturbed


async def test_a_bridge_changes_to_another_broker(tmp_path: Path, broker: Broker) -> None:
    port = free_port()
    other = free_port()
    folder = tmp_path / "other"
    folder.mkdir()
    path = write(
        tmp_path,
        LEFT,
        port=broker.port,
        more=f"network: {{address: 127.0.0.1, port: {port}}}\n",
    )
    config = load_config(path)
    second = mosquitto(folder, other, "allow_anonymous true")
    try:
        with Journal(config.journal) as journal, sending(port, {1: Device()}):
            async with running(config, journal) as bridge:
                with Listener(broker.port) as before:
                    await asyncio.to_thread(before.wait, online)
                    new = edit(path, lambda text: editor.set_broker(text, {"port": other}))
                    assert await bridge.reload(new) == ()
                    await asyncio.to_thread(
                        before.wait, lambda one: one.topic == STATUS and one.payload == b"offline"
                    )
                with Listener(other) as after:
                    await asyncio.to_thread(after.wait, online)
                    info = await asyncio.to_thread(after.on, INFO)
                    assert info.json["sleepers"][0]["id"] == "anna"
                assert health(bridge, 1).lost == 0
    finally:
        second.stop()


async def test_a_sleeper_who_goes_leaves_no_retained_state(tmp_path: Path, broker: Broker) -> None:
    more = f"network: {{address: 127.0.0.1, port: {free_port()}}}\n"
    path = write(tmp_path, LEFT, port=broker.port, more=more)
    config = edit(path, with_ben(SIMULATED))
    with Journal(config.journal) as journal:
        async with running(config, journal) as bridge:
            with Listener(broker.port) as listener:
                await asyncio.to_thread(listener.on, "limber/bedroom/ben/state")
                assert await bridge.reload(edit(path, without_ben)) == ()
                await asyncio.to_thread(
                    listener.wait,
                    lambda one: one.topic == "limber/bedroom/ben/state" and not one.payload,
                )


@pytest.mark.parametrize(
    ("values", "part"),
    [({"id": "other"}, "bridge"), ({"time_zone": "UTC"}, "bridge"), ({"rules": "aasm"}, "bridge")],
)
async def test_what_cannot_be_changed_while_it_runs_is_named(
    tmp_path: Path, values: dict[str, str], part: str
) -> None:
    more = f"network: {{address: 127.0.0.1, port: {free_port()}}}\n"
    path = write(tmp_path, LEFT, more=more)
    config = load_config(path)
    with Journal(config.journal) as journal:
        async with running(config, journal) as bridge:
            new = edit(path, lambda text: editor.set_bridge(text, values))
            assert await bridge.reload(new) == (part,)
