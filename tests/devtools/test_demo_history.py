"""The past nights of the demo."""

from datetime import date
from pathlib import Path

import pytest

from devtools.demo import SETTINGS
from devtools.demo_history import past_night
from devtools.demo_sensors import SENSORS


@pytest.mark.parametrize("name", ["simulated", "phone"])
def test_the_legs_with_a_sensor_move(tmp_path: Path, name: str) -> None:
    settings = tmp_path / "limber.yaml"
    sensors = SENSORS[name].sensors.format(seed=1)
    settings.write_text(
        SETTINGS.format(zone="Europe/Berlin", port=1, web=2, network=3, sensors=sensors)
    )
    night, _, _ = past_night(settings, date(2026, 11, 21))
    measures = night.measures
    assert measures.plm_left
    assert bool(measures.plm_right) == (name == "simulated")
    assert bool(measures.plm_both) == (name == "simulated")
