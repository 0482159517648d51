"""The ways in. A new one is a file with an asynchronous generator of arrivals, and a row here."""

from collections.abc import Mapping
from typing import Final

from limber_bridge.sources import network, recording, simulated
from limber_bridge.sources.source_api import Source

SOURCES: Final[Mapping[str, Source]] = {
    "network": network.SOURCE,
    "recording": recording.SOURCE,
    "simulated": simulated.SOURCE,
}
"""By the name that `source:` has in limber.yaml."""
