"""Drivers of the ESPHome firmware against chips that were written from the data sheets."""

from pathlib import Path

import pytest

from tests.firmware.frame_tap import missing
from tests.firmware.rig import rig

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.takes(48),
    pytest.mark.usefixtures("firmware_tools"),
]
MODELS = {
    "lsm6ds3": ("ankle", 52.0),
    "lsm6ds3tr_c": ("ankle", 52.0),
    "mpu6050": ("short_ring", 50.0),
    "mpu6886": ("short_ring", 50.0),
}
"""Configuration and nominal rate in Hz of each chip."""
OVERRUN = {"lsm6ds3tr_c": 16.0, "mpu6050": 5.0, "mpu6886": 5.0}
"""s in which the FIFO of each chip overflows; that of an LSM6DS3 lasts for 26 s."""


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.takes(28)
async def test_every_sample_of_a_chip_arrives(tmp_path: Path, model: str) -> None:
    """The oscillator of the chip is 1.5 % too slow."""
    name, rate = MODELS[model]
    chip = {"FAKE_CHIP": model, "FAKE_RATE_ERROR": "-1.5"}
    async with rig(tmp_path, name, seconds=24, environment=chip) as one:
        await one.at(27)
        sensor = await one.bridge.until(lambda found: found["rate"] is not None)
        report = one.report()
        one.bridge.stop()
        one.assert_found(8, 21)
    one.assert_plausible()
    assert missing(one.tap.first_seen()) == 0
    assert sensor["rate"] == pytest.approx(rate * 0.985, abs=0.1)
    assert (sensor["lost"], sensor["problem"]) == (0, None)
    (chip_report,) = report["chips"].values()
    assert chip_report["overwritten"] == 0


@pytest.mark.parametrize("model", OVERRUN)
async def test_what_a_full_fifo_lost_is_counted(tmp_path: Path, model: str) -> None:
    """The main loop is held up; afterwards samples are still where they belong."""
    name, rate = MODELS[model]
    held_up = OVERRUN[model]
    async with rig(tmp_path, name, seconds=44, environment={"FAKE_CHIP": model}) as one:
        await one.at(14)
        report = one.device.command(f"block {held_up}", patience=held_up + 10)
        await one.at(47)
        sensor = await one.bridge.until(lambda found: found["rate"] is not None)
        report = one.report()
        one.bridge.stop()
        gaps = one.bridge.gaps()
        one.assert_found(8, 41, but=(12.5, 14 + held_up + 2))
    one.assert_plausible()
    lost = missing(one.tap.first_seen())
    (chip,) = report["chips"].values()
    assert chip["overwritten"] > 0
    # What was overwritten, and at most the rest of the FIFO of an MPU, which has to be emptied.
    longest = held_up + 1.0
    assert 0 < lost / rate <= longest
    assert sensor["lost"] == lost
    assert sensor["problem"] is None
    (gap,) = gaps
    assert (gap.end - gap.onset) / 1e6 == pytest.approx(lost / rate, abs=0.1)


@pytest.mark.parametrize("model", ["lsm6ds3tr_c", "mpu6050", "mpu6886"])
async def test_a_chip_that_was_gone_is_set_up_again(tmp_path: Path, model: str) -> None:
    """Its supply fails for a moment, later its cable is loose for 5 s."""
    name, rate = MODELS[model]
    async with rig(tmp_path, name, seconds=44, environment={"FAKE_CHIP": model}) as one:
        await one.at(12)
        one.report("power_cycle")
        await one.at(24)
        one.report("silence 5")
        await one.at(47)
        sensor = await one.bridge.until(lambda found: found["rate"] is not None)
        one.report()
        one.bridge.stop()
        one.assert_found(8, 22, but=(10.5, 16))
        one.assert_found(33, 41)
        assert len(one.bridge.gaps()) == 2
    one.assert_plausible()
    # 5 s and a moment, and each time up to 1 s until it is noticed and 1 s for the setup.
    assert 5.0 < missing(one.tap.first_seen()) / rate < 10.0
    assert sensor["problem"] is None
    assert sensor["rate"] == pytest.approx(rate, abs=0.2)
    # One boot: a chip that was gone is no restart of the device.
    assert len({frame.boot for frame in one.tap.frames}) == 1
