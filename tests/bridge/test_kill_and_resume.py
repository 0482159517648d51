"""A bridge killed many times in a night stores what an undisturbed one stores."""

from pathlib import Path

import pytest

from devtools.chaos import chaos
from tests.required_programs import need

pytestmark = pytest.mark.real_time


@pytest.mark.takes(42)
async def test_a_bridge_killed_again_and_again_stores_every_movement_outside_its_gaps(
    tmp_path: Path,
) -> None:
    """Compared movement by movement; a later request returns each event once."""
    need("mosquitto")
    (tmp_path / "disk").mkdir()
    found = await chaos(tmp_path, seed=4, seconds=40, wanted=["bridge killed"])
    assert found.well, str(found)
    assert found.faults["bridge killed"] >= 4
    assert found.gaps >= found.faults["bridge killed"]
    log = (tmp_path / "bridge.log").read_text()
    assert "Traceback" not in log
    assert "DAMAGED" not in log
