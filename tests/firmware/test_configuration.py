"""The configuration of the component: what is right is accepted, what is wrong is named."""

from pathlib import Path
from typing import Final

import pytest

from tests.firmware.firmware_tools import FIRMWARE, firmware_tool

HOST: Final = """
esphome: {{name: limber}}
host:
external_components:
  - source: {{type: local, path: {components}}}
i2c: {{id: bus, device: /dev/null}}
"""
ESP32: Final = """
esphome: {{name: limber}}
esp32: {{board: esp32-c3-devkitm-1, variant: esp32c3, framework: {{type: esp-idf}}}}
wifi: {{ssid: a, password: bbbbbbbb}}
external_components:
  - source: {{type: local, path: {components}}}
i2c: {{id: bus, sda: 6, scl: 7}}
"""
CHIP: Final = "input: {type: lsm6ds3}"


def check(text: str, folder: Path) -> tuple[bool, str]:
    """Return whether ESPHome accepts a file, and all that it says."""
    (folder / "own.yaml").write_text(text.format(components=FIRMWARE / "components"))
    done = firmware_tool("esphome", "config", "own.yaml", folder=folder)
    return done.returncode == 0, " ".join((done.stdout + done.stderr).split())


def test_several_sensors_on_one_board(tmp_path: Path) -> None:
    accepted, text = check(
        ESP32
        + """
motion: [{{platform: lsm6ds, id: imu, update_interval: 20ms}}]
sensor: [{{platform: adc, id: muscle, pin: 3, attenuation: 12db, update_interval: never}}]
limber:
  - {{id: a, sensor_id: 1, host: bridge.local, input: {{type: motion, motion_id: imu, fine: true}}}}
  - {{id: b, sensor_id: 2, host: 192.0.2.1, protocol: udp, port: 5000, buffer: 2min,
      input: {{type: mpu6xxx, rate: 100Hz, range: 16g, address: 0x69}}}}
  - {{id: c, sensor_id: 3, host: 192.0.2.1, input: {{type: adc, sampler: muscle, offset: 1.5V}}}}
  - {{id: d, sensor_id: 4, host: 192.0.2.1, key: a long enough key,
      input: {{type: hx711, dout_pin: 4, clk_pin: 5, zero: -8000, counts_per_kg: -2.5e4}}}}
""",
        tmp_path,
    )
    assert accepted, text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (f"host: 192.0.2.1\n  key: short\n  {CHIP}", "The key needs 16 random characters or more"),
        (CHIP, "The address of the machine that runs the bridge is missing"),
        (f"protocol: ble_nus\n  {CHIP}", "ble_nus works on nRF52 only"),
        (f"host: 192.0.2.1\n  buffer: 5s\n  {CHIP}", "value must be at least"),
        ("host: 192.0.2.1\n  input: {type: lsm6ds3, rate: 60}", "Unknown value '60"),
        (
            "host: a\n  input: {type: hx711, dout_pin: 4, clk_pin: 5, zero: 0, counts_per_kg: 0}",
            "counts_per_kg",
        ),
    ],
)
def test_what_is_wrong_is_named(options: str, message: str, tmp_path: Path) -> None:
    block = f"limber:\n  sensor_id: 1\n  {options}\n".replace("{", "{{").replace("}", "}}")
    accepted, text = check(HOST + block, tmp_path)
    assert not accepted
    assert message in text


def test_a_motion_component_that_is_polled_too_slowly_is_refused(tmp_path: Path) -> None:
    block = """
motion: [{{platform: lsm6ds, id: imu, update_interval: 250ms}}]
limber: {{sensor_id: 1, host: 192.0.2.1, input: {{type: motion, motion_id: imu}}}}
"""
    accepted, text = check(HOST + block, tmp_path)
    assert not accepted
    assert "set its `update_interval` to 20ms (it is 250 ms)" in text
