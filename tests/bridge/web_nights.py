"""A bridge with nights in its journal, for tests of the web pages."""

import shutil
from contextlib import closing
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from devtools.demo_history import past_night
from devtools.processes import free_port
from limber_bridge.config.loader import load_config
from limber_bridge.detection.events import (
    Certainty,
    Cramp,
    Event,
    Factor,
    FactorKind,
    Gap,
    PlacementCheck,
    PlacementVerdict,
    PositionChange,
    event_id,
)
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.signal import HOUR, SECOND
from limber_bridge.domain.nights import Night
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.signals import signal_blocks
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.raw_format import RawFile, RawFileInfo
from limber_bridge.storage.raw_recorder import raw_store_for
from tests.bridge.examples import local, settings

LEGS: Final = """\
{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}
{id: 2, source: network, placement: ankle, side: right, quantity: acceleration}"""
NIGHT: Final = date(2026, 11, 23)
"""The night with everything that a timeline can show."""
CRAMP: Final = Cramp(
    local("2026-11-23T03:10"),
    local("2026-11-23T03:14"),
    Certainty.POSSIBLE,
    "long and strong movement of the left leg",
    1.4,
)
CHECK: Final = PlacementCheck(
    local("2026-11-22T22:00"),
    local("2026-11-22T22:01"),
    1,
    PlacementVerdict.LOOSE,
    0.01,
    (0.2, 0.3),
    position_changed=True,
    lost_share=0.0,
)
CRAMP_ID: Final = event_id(CRAMP)
NOTE: Final = "<b>Tea & 'cake'</b>"
"""Shown unchanged, as text."""


@cache
def simulated_night(folder: Path) -> tuple[Night, tuple[Event, ...], PipelineState]:
    """Return a simulated night; it takes some seconds, once in a process."""
    night, events, state = past_night(folder / "limber.yaml", NIGHT)
    added = (
        CRAMP,
        Gap(1, local("2026-11-23T01:00"), local("2026-11-23T01:20")),
        Gap(2, local("2026-11-23T01:05"), local("2026-11-23T01:25")),
        Factor(local("2026-11-22T21:00"), FactorKind.CAFFEINE, NOTE),
        CHECK,
        PositionChange(local("2026-11-23T02:00"), local("2026-11-23T02:00") + 4 * SECOND),
    )
    return night, (*events, *added), state


def fill_journal(folder: Path, template: Path, nights: int = 1) -> None:
    """Write a night into the journal of a folder, and copies of it as earlier nights.

    `template`: a folder that all tests of a process share.
    """
    path = template / "limber.yaml"
    if not path.exists():
        more = f"network: {{address: 127.0.0.1, port: {free_port()}}}\n"
        path.write_text(settings(LEGS, port=1883, more=more))
    journal_path = load_config(path).journal
    if not journal_path.exists():
        night, events, state = simulated_night(template)
        with Journal(journal_path) as journal:
            journal.append("anna", [(NIGHT, event) for event in events], state)
            journal.save_night(night)
    shutil.copyfile(journal_path, folder / journal_path.name)
    if nights > 1:
        add_earlier_nights(folder / journal_path.name, nights - 1)


def write_raw_signal(folder: Path) -> Path:
    """Write the raw signal of a part of the night, and return its file."""
    config = load_config(folder / "limber.yaml")
    path = raw_store_for(config.journal, config.retention).path("anna", NIGHT)
    path.parent.mkdir()
    sensor = config.sleepers[0].sensors[0].sensor
    begin = local("2026-11-23T00:30")
    blocks = list(signal_blocks(plan_night(1, NightSpec(hours=0.5)), sensor, 25.0, begin))
    with closing(RawFile(path, RawFileInfo("anna", str(NIGHT), "1"), begin)) as file:
        file.write([(sensor, blocks)])
    return path


def add_earlier_nights(path: Path, nights: int) -> None:
    """Write copies of the night under earlier dates, without events."""
    with Journal(path) as journal:
        night = journal.last_night("anna")
        assert night is not None
        for number in range(1, nights + 1):
            journal.save_night(
                replace(
                    night,
                    date=date.fromordinal(NIGHT.toordinal() - number),
                    start=None if night.start is None else night.start - 24 * number * HOUR,
                    end=None if night.end is None else night.end - 24 * number * HOUR,
                )
            )
