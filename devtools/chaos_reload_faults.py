"""Faults of `script/chaos` in limber.yaml: it changes, again and again, while the bridge runs.

Sleepers and sensors come and go beside those that are compared with the undisturbed bridge, whose
events must stay the same.
"""

import signal
from typing import Any, Final

from devtools.chaos_faults import Chaos, Fault
from limber_bridge.config import editor

SILENT: Final[dict[str, Any]] = {
    "id": 31,
    "source": "network",
    "placement": "bed",
    "quantity": "load",
}
"""A sensor that never sends."""
OTHER: Final[dict[str, Any]] = {
    "id": 32,
    "source": "simulated",
    "placement": "ankle",
    "side": "left",
    "quantity": "acceleration",
}
ROUNDS: Final = 3
"""Times that everything comes and goes. chosen."""


def with_silent_sensor(text: str) -> str:
    """Return the configuration with one more sensor of the sleeper who is compared."""
    return editor.add_sensor(text, "anna", SILENT)


def with_other_sleeper(text: str) -> str:
    """Return the configuration with one more sleeper."""
    return editor.add_sensor(editor.add_sleeper(text, "ben", "Ben"), "ben", OTHER)


def without_silent_sensor(text: str) -> str:
    """Return the configuration without the sensor again."""
    return editor.remove_sensor(text, int(SILENT["id"]))


def without_other_sleeper(text: str) -> str:
    """Return the configuration without the sleeper again."""
    return editor.remove_sleeper(text, "ben")


EDITS: Final[tuple[editor.Edit, ...]] = (
    with_silent_sensor,
    with_other_sleeper,
    without_silent_sensor,
    without_other_sleeper,
)


async def change_configuration(chaos: Chaos) -> None:
    """Let sensors and sleepers come and go, and have the bridge follow each time."""
    path = chaos.stack.folder / "bridge.yaml"
    before = path.read_text(encoding="utf-8")
    text = before
    for edit in EDITS * ROUNDS:
        text = edit(text)
        path.write_text(text, encoding="utf-8")
        chaos.stack.running["bridge"].process.send_signal(signal.SIGHUP)
        await chaos.pause(0.2, 1.5)
    if text != before:
        chaos.problems.append("the edits of limber.yaml did not give the same text in the end")


RELOAD_FAULTS: Final = (Fault("the configuration changes", change_configuration),)
