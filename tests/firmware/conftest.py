"""Skip what cannot run here; a machine that calls itself CI must be able to run it."""

import pytest

from devtools.firmware import ESPHOME
from tests.required_programs import need, unavailable


@pytest.fixture
def firmware_tools() -> None:
    for program in ("mosquitto", "g++", "ninja"):
        need(program)
    if not ESPHOME.exists():
        unavailable("ESPHome is not installed: run script/setup firmware")
