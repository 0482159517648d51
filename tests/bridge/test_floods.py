"""A neighbour floods a running bridge: sensors with a key lose nothing, and movements come."""

from pathlib import Path

import pytest

from devtools.floods import FLOODS
from devtools.hostile_neighbors import measure
from devtools.processes import need

pytestmark = pytest.mark.real_time

SECONDS = 9.0
"""Of each flood: two kicks of two people."""
LATEST_S = 30.0
"""Chosen: the machine may be busy; `python -m devtools.hostile_neighbors` measures the delay."""
LOG_LINES = 10
"""Of one flood, of some 20,000 datagrams."""


@pytest.mark.takes(90)
def test_sensors_with_a_key_lose_nothing_to_a_flood(tmp_path: Path) -> None:
    need("mosquitto")
    results = list(measure(tmp_path, list(FLOODS), SECONDS))
    assert [one.flood for one in results if not one.well] == [], "\n".join(map(str, results))
    assert min(one.kicks for one in results) >= 2
    assert max(one.latest_s for one in results) < LATEST_S
    assert max(one.log_lines for one in results) <= LOG_LINES
