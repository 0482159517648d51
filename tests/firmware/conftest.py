"""Skip what cannot run here; a machine that calls itself CI must be able to run it."""

import os

import pytest

from devtools.firmware import ESPHOME
from tests.required_programs import need


@pytest.fixture
def firmware_tools() -> None:
    for program in ("mosquitto", "g++", "ninja"):
        need(program)
    if ESPHOME.exists():
        return
    text = "ESPHome is not installed: run script/setup firmware"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)
