"""The sources of samples. To add one, write a module with a `SOURCE` and add a row to `SOURCES`.

`source_api` explains what a source must do.
"""

from collections.abc import Mapping
from typing import Final

from limber_bridge.sources import (
    bluetooth,
    brainflow_board,
    lsl,
    network,
    recording,
    serial_line,
    simulated,
)
from limber_bridge.sources.phone import source as phone
from limber_bridge.sources.source_api import Source

SOURCES: Final[Mapping[str, Source]] = {
    "network": network.SOURCE,
    "bluetooth": bluetooth.SOURCE,
    "phone": phone.SOURCE,
    "serial": serial_line.SOURCE,
    "lsl": lsl.SOURCE,
    "brainflow": brainflow_board.SOURCE,
    "recording": recording.SOURCE,
    "simulated": simulated.SOURCE,
}
"""By the value of `source:` in limber.yaml."""
