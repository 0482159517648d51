"""The compiled ESPHome firmware against a real bridge: rates, outages, restarts, keys, clocks.

Most of these tests wait for half a minute and more, so they run side by side.
"""

import asyncio
import time
from pathlib import Path

import pytest

from devtools.firmware import KEY
from tests.firmware.frame_tap import CLOCK, WRAP, SeenFrame, missing
from tests.firmware.rig import rig

ALL_INPUTS = "\n".join(
    f"{{id: {number}, source: network, {text}, key: {KEY.decode()}}}"
    for number, text in (
        (1, "placement: ankle, side: left, quantity: acceleration"),
        (2, "placement: bed, quantity: acceleration"),
        (3, "placement: tibialis, side: left, quantity: emg"),
        (4, "placement: bed, quantity: load"),
    )
)
pytestmark = [
    pytest.mark.real_time,
    pytest.mark.takes(50),
    pytest.mark.usefixtures("firmware_tools"),
]
LONGEST_LOOP = 0.5
"""s. A turn of ESPHome's loop takes 16 ms; the rest is for a machine that is busy with other tests.
A turn that waits for a name or a connection takes seconds.
"""


@pytest.mark.takes(66)
async def test_tcp_delivers_every_sample_at_the_true_rate_of_the_chip(tmp_path: Path) -> None:
    """The chip is 2 % too fast; a clock frame comes first and once a minute."""
    async with rig(tmp_path, "ankle", seconds=60, environment={"FAKE_RATE_ERROR": "2"}) as one:
        await one.at(66)
        sensor = await one.bridge.until(lambda found: found["rate"] is not None)
        report = one.report()
        frames = one.tap.frames
        one.bridge.stop()
        one.assert_found(8, 57)
    assert sensor["rate"] == pytest.approx(53.04, abs=0.1)
    assert (sensor["lost"], sensor["refused"], sensor["problem"]) == (0, 0, None)
    assert sensor["quality"] == 100
    assert report["longest_loop"] < LONGEST_LOOP
    assert one.tap.connections == 1
    assert missing(one.tap.first_seen()) == 0
    one.assert_plausible()
    clocks = [frame for frame in frames if frame.quantity == CLOCK]
    assert frames[0] is clocks[0]
    assert len(clocks) == 2
    assert clocks[1].seen - clocks[0].seen == pytest.approx(60, abs=1.5)


@pytest.mark.takes(33)
async def test_udp_delivers_every_input_of_a_board_at_its_rate(tmp_path: Path) -> None:
    async with rig(tmp_path, "board", seconds=30, sensors=ALL_INPUTS, direct=True) as one:
        await one.at(32)
        found = {
            number: await one.bridge.until(lambda sensor: sensor["rate"] is not None, number)
            for number in (1, 2, 3, 4)
        }
        report = one.report()
        one.bridge.stop()
        one.assert_found(8, 27)
    rates = {number: sensor["rate"] for number, sensor in found.items()}
    assert rates[1] == pytest.approx(52, abs=0.1)
    # Polled by the main loop, whose turns take up to 16 ms.
    assert rates[2] == pytest.approx(50, abs=1.5)
    assert rates[3] == pytest.approx(250, abs=5)
    assert rates[4] == pytest.approx(10, abs=0.3)
    assert found[1]["lost"] == 0
    # Without a FIFO, what a busy machine was too late for is lost, and counted.
    for number in (2, 3, 4):
        assert found[number]["lost"] < 0.2 * 30 * rates[number]
    assert [sensor["problem"] for sensor in found.values()] == [None] * 4
    assert report["longest_loop"] < LONGEST_LOOP


@pytest.mark.takes(64)
async def test_a_bridge_killed_for_half_a_minute_loses_nothing(tmp_path: Path) -> None:
    async with rig(tmp_path, "ankle", seconds=58) as one:
        await one.at(14)
        one.bridge.program.kill()
        await one.at(44)
        one.bridge.start()
        await one.at(64)
        sensor = await one.bridge.until(lambda found: found["rate"] is not None)
        one.bridge.stop()
        one.assert_found(8, 55)
        assert one.bridge.gaps() == []
    assert (sensor["lost"], sensor["refused"], sensor["problem"]) == (0, 0, None)


async def test_a_network_that_is_cut_again_and_again_loses_nothing(tmp_path: Path) -> None:
    async with rig(tmp_path, "ankle", seconds=40) as one:
        for moment in (10, 14, 21, 29):
            await one.at(moment)
            one.tap.cut()
        await one.at(45)
        sensor = await one.bridge.until(lambda found: found["rate"] is not None)
        one.bridge.stop()
        one.assert_found(8, 37)
        assert one.bridge.gaps() == []
    assert (sensor["lost"], sensor["problem"]) == (0, None)
    assert one.tap.connections >= 5
    firsts = {frame.connection: frame.quantity for frame in reversed(one.tap.frames)}
    assert set(firsts.values()) == {CLOCK}


async def test_a_half_open_link_loses_nothing(tmp_path: Path) -> None:
    """For 15 s both ends believe that they are connected, then the link is gone."""
    async with rig(tmp_path, "ankle", seconds=50) as one:
        await one.at(12)
        one.tap.freeze()
        await one.at(27)
        one.tap.cut()
        one.tap.thaw()
        await one.at(55)
        sensor = await one.bridge.until(lambda found: found["rate"] is not None)
        assert one.report()["longest_loop"] < LONGEST_LOOP
        one.bridge.stop()
        one.assert_found(8, 47)
        assert one.bridge.gaps() == []
    assert (sensor["lost"], sensor["problem"]) == (0, None)


async def test_an_outage_longer_than_the_ring_leaves_a_gap_of_what_was_lost(
    tmp_path: Path,
) -> None:
    async with rig(tmp_path, "short_ring", seconds=50) as one:
        await one.at(12)
        # Stopped, not killed: what arrived before is stored.
        await asyncio.to_thread(one.bridge.stop)
        await one.at(37)
        one.bridge.start()
        await one.at(55)
        await one.bridge.until(lambda found: found["rate"] is not None)
        one.report()
        one.bridge.stop()
        lost = missing(one.tap.first_seen()) / 50
        held = resent_after_outage(one.tap.frames)
        (gap,) = one.bridge.gaps()
        length = (gap.end - gap.onset) / 1e6
        onset = gap.onset / 1e6 - one.signal.began
        one.assert_found(8, 47, but=(onset - 1, onset + length + 1))
    # At least what `buffer` says; a frame is half a second, and connecting takes a moment.
    assert 10 <= held < 12.5
    # 25 s of outage, and however long the device waits before it tries again.
    assert lost > 13
    # A bridge that stops no longer reads what is on its way, and does not process what waits. On a
    # busy machine these are many seconds.
    assert lost - 0.1 < length < lost + 20.0


def resent_after_outage(frames: list[SeenFrame]) -> float:
    """Return the age in s of the oldest frame that the last connection begins with."""
    last = [frame for frame in frames if frame.connection == frames[-1].connection]
    return (last[0].clock - last[1].clock) % WRAP / 1e6


@pytest.mark.takes(4)
async def test_a_wrong_key_is_named(tmp_path: Path) -> None:
    other = {"LIMBER_KEY": "not the secret of the ankle"}
    async with rig(tmp_path, "ankle", environment=other) as one:
        sensor = await one.bridge.until(lambda found: found["problem"] is not None)
    assert sensor["problem"] == "wrong_key"
    assert sensor["rate"] is None


async def test_a_clock_and_a_sample_number_that_wrap_change_nothing(tmp_path: Path) -> None:
    """The clock of a device wraps 71.6 min after its start; this one does within 25 s."""
    near = {
        "LIMBER_CLOCK_OFFSET_US": str((WRAP - 25_000_000 - time.monotonic_ns() // 1000) % WRAP),
        "LIMBER_FIRST_SEQUENCE": str(WRAP - 52 * 20),
    }
    async with rig(tmp_path, "ankle", seconds=40, environment=near) as one:
        await one.at(45)
        sensor = await one.bridge.until(lambda found: found["rate"] is not None)
        one.bridge.stop()
        one.assert_found(8, 37)
        assert one.bridge.gaps() == []
    assert (sensor["lost"], sensor["problem"], sensor["error_counts"]) == (0, None, {})
    frames = one.tap.samples()
    # A device that a busy machine holds up has no frame of each second, and loses nothing.
    assert min(frame.clock for frame in frames) < 5_000_000
    assert max(frame.clock for frame in frames) > WRAP - 5_000_000
    assert frames[-1].sequence < frames[0].sequence


async def test_a_device_that_restarts_leaves_a_gap_as_long_as_it_was_away(tmp_path: Path) -> None:
    async with rig(tmp_path, "ankle", seconds=45) as one:
        await one.at(20)
        one.device.stop()
        await one.at(26)
        one.device.start()
        await one.at(50)
        sensor = await one.bridge.until(lambda found: found["rate"] is not None)
        one.bridge.stop()
        (gap,) = one.bridge.gaps()
        began = one.signal.began
        assert gap.onset / 1e6 - began == pytest.approx(20, abs=1)
        assert gap.end / 1e6 - began == pytest.approx(26, abs=1)
        one.assert_found(8, 42, but=(18.5, 27.5))
    assert sensor["error_counts"] == {"restarted": 1}
    assert len({frame.boot for frame in one.tap.frames}) == 2


@pytest.mark.parametrize(
    ("host", "port"),
    [("limber.invalid", "47800"), ("127.0.0.1", "9"), ("198.51.100.1", "47800")],
    ids=["no such name", "no bridge", "no answer"],
)
@pytest.mark.takes(17)
async def test_a_bridge_that_is_away_does_not_hold_up_the_device(
    tmp_path: Path, host: str, port: str
) -> None:
    """The other things that a device of Home Assistant does go on."""
    away = {"LIMBER_HOST": host, "LIMBER_PORT": port}
    async with rig(tmp_path, "ankle", environment=away) as one:
        # Starting takes longer than a turn of the loop.
        await one.at(3)
        one.report()
        for _ in range(4):
            await asyncio.sleep(3)
            assert one.report()["longest_loop"] < LONGEST_LOOP
