"""The Bluetooth source with the real bleak, over D-Bus, against a fake Bluetooth service."""

import asyncio
import re
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.network_sensor import AnkleSensor, leg
from limber_bridge.sources.bluetooth import SOURCE, link, radio
from limber_bridge.sources.bluetooth import bluez as bluez_module
from limber_bridge.sources.sensor_changes import SensorAdded, SensorRemoved
from limber_bridge.sources.source_api import Reason, SourceLostError
from tests.bridge.bluetooth.fake_bluez import FakeBluez
from tests.bridge.bluetooth.fake_sensors import (
    BATTERY_LEVEL,
    PMD_CONTROL,
    PMD_DATA,
    PMD_SERVICE,
    UART_SERVICE,
    UART_TX,
    fake_movesense,
    fake_witmotion,
    h10,
    uart_board,
    verity,
)
from tests.bridge.bluetooth.reading import (
    errors_of,
    has_error,
    has_samples,
    joined,
    open_descriptors,
    reading,
    samples_of,
    sensor_request,
    source_request,
    until,
)
from tests.bridge.listener import PATIENCE_S

pytestmark = pytest.mark.real_time

VERITY: dict[str, Any] = {"device": "polar_verity_sense", "address": "a0:9e:1a:00:00:01"}
H10: dict[str, Any] = {"device": "polar_h10", "name": "Polar H10 02345678"}


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of the source, shortened."""
    monkeypatch.setattr(radio, "RETRY_DELAYS_S", (0.01,))
    monkeypatch.setattr(radio, "SCAN_S", 1.0)
    monkeypatch.setattr(link, "SILENCE_TIMEOUT_S", 1.0)
    monkeypatch.setattr(link, "REPLY_TIMEOUT_S", 1.0)
    monkeypatch.setattr(bluez_module, "POWER_OFF_S", 0.05)


async def test_a_verity_sense_streams_in_sdk_mode_and_is_stopped(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    async with reading(sensor_request(**VERITY)) as events:
        found = await until(events, has_samples(80))
        assert sensor.streaming
    assert errors_of(found) == []
    last = samples_of(found)[-1]
    assert (last.battery, last.signal_strength) == (83, -60)
    assert last.block.rate == 52.0
    norms = np.linalg.norm(joined(found), axis=0)
    assert norms == pytest.approx(np.full(norms.shape, 4098 * 0.000244), abs=1e-4)
    # The commands, byte for byte: stop what may run, SDK mode, 52 Hz 16 bit 8 g 3 channels.
    assert [data.hex(" ") for data in sensor.written[:3]] == [
        "03 02",
        "02 09",
        "02 02 00 01 34 00 01 01 10 00 02 01 08 00 04 01 03",
    ]
    assert (sensor.streaming, sensor.sdk_mode, sensor.connected) == (False, False, False)


async def test_times_follow_the_clock_of_the_sensor(bluez: FakeBluez) -> None:
    """Numbers and times are those of an undisturbed stream, whatever the delays."""
    bluez.add_adapter()
    bluez.add_device(verity())
    request = sensor_request(**VERITY)
    async with reading(request) as events:
        found = await until(events, has_samples(120))
    blocks = [one.block for one in samples_of(found)]
    assert [block.first for block in blocks] == [
        sum(one.samples.shape[1] for one in blocks[:index]) for index in range(len(blocks))
    ]
    times = [block.clock.time_of(block.first) for block in blocks]
    intervals = np.diff(times) / 1e6
    assert intervals == pytest.approx(np.full(intervals.shape, 4 / 52), abs=0.05)


async def test_an_h10_is_found_by_its_name(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(h10())
    bluez.add_device(verity())
    async with reading(sensor_request(**H10)) as events:
        found = await until(events, has_samples(20))
    assert errors_of(found) == []
    assert joined(found)[:, 0].tolist() == [0.0, 0.0, 1.0]
    assert sensor.written[1].hex(" ") == "02 02 00 01 32 00 01 01 10 00 02 01 08 00"


@pytest.mark.parametrize("split_at", [None, 40])
async def test_a_movesense_streams(bluez: FakeBluez, split_at: int | None) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(fake_movesense(split_at=split_at))
    async with reading(sensor_request(device="movesense", address=sensor.address)) as events:
        found = await until(events, has_samples(40))
    assert errors_of(found) == []
    assert joined(found)[:, 5] == pytest.approx([0.0, 1.0, 0.0], abs=1e-6)
    assert samples_of(found)[-1].battery == 61
    assert [data[:2].hex() for data in sensor.written] == ["0163", "0263"]


async def test_a_witmotion_is_set_to_50_hz(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(fake_witmotion())
    async with reading(sensor_request(device="witmotion", address=sensor.address)) as events:
        found = await until(events, has_samples(60))
    assert errors_of(found) == []
    assert joined(found)[:, 0].tolist() == [0.0, 0.0, -1.0]
    assert sensor.rate == 50.0


async def test_a_witmotion_that_keeps_its_rate_is_named(
    bluez: FakeBluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "SILENCE_TIMEOUT_S", 5.0)
    bluez.add_adapter()
    sensor = bluez.add_device(fake_witmotion(stubborn=True))
    async with reading(sensor_request(device="witmotion", address=sensor.address)) as events:
        found = await until(events, lambda found: bool(errors_of(found)), 30)
    assert re.search(r"delivers (9\.|10)", errors_of(found)[0].detail)
    assert errors_of(found)[0].reason.discards_frame
    assert sensor.connections == 1


@pytest.mark.parametrize(
    ("device", "name"), [("limber", "Limber ankle"), ("banglejs", "Bangle.js 1234")]
)
async def test_limber_frames_over_the_nordic_uart_service(
    bluez: FakeBluez, device: str, name: str
) -> None:
    bluez.add_adapter()
    frames = AnkleSensor(id=1, key=b"a secret key 5e1f", battery=41)
    bluez.add_device(uart_board(lambda: frames.frame(leg(0, 0.1, [])), name=name))
    request = sensor_request(device=device, name=name, key="a secret key 5e1f")
    async with reading(request) as events:
        found = await until(events, has_samples(20))
    assert errors_of(found) == []
    last = samples_of(found)[-1]
    assert last.battery == 41
    assert last.read_position is not None


async def test_a_wrong_key_is_reported(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    frames = AnkleSensor(id=1, key=b"another key")
    bluez.add_device(uart_board(lambda: frames.frame(leg(0, 0.1, []))))
    request = sensor_request(device="limber", name="Limber ankle", key="a secret key 5e1f")
    async with reading(request) as events:
        found = await until(events, lambda found: bool(errors_of(found)))
    assert errors_of(found)[0].reason is Reason.WRONG_KEY


async def test_two_sensors_connect_one_after_another_and_stream_side_by_side(
    bluez: FakeBluez,
) -> None:
    bluez.add_adapter()
    bluez.connect_seconds = 0.1
    bluez.add_device(verity())
    bluez.add_device(h10())
    async with reading(sensor_request(1, **VERITY), sensor_request(2, **H10)) as events:
        found = await until(
            events, lambda found: has_samples(40)(found) and has_samples(40, 2)(found)
        )
    assert errors_of(found) == []
    assert bluez.parallel_connects == 1


async def test_a_sensor_comes_and_goes_while_another_streams(bluez: FakeBluez) -> None:
    """The link of the one that stays is never touched, and it loses no sample."""
    bluez.add_adapter()
    stays = bluez.add_device(verity())
    comes = bluez.add_device(h10())
    request = source_request(sensor_request(**VERITY))
    async with aclosing(SOURCE.run(request)) as events:
        found = await until(events, has_samples(80))
        commands = len(stays.written)
        for _ in range(2):
            request.changes.put([SensorAdded(sensor_request(2, **H10))])
            found += await until(events, has_samples(20, sensor=2))
            request.changes.put([SensorRemoved(2)])
            found += await until(events, has_samples(80))
            assert (stays.streaming, comes.connected) == (True, False)
        assert len(stays.written) == commands
    blocks = [one.block for one in samples_of(found)]
    assert all(before.end == after.first for before, after in pairwise(blocks))
    assert errors_of(found) == []


async def test_a_sensor_that_is_away_does_not_stop_another(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    bluez.add_device(verity())
    async with reading(sensor_request(2, **H10), sensor_request(1, **VERITY)) as events:
        found = await until(events, has_error("Polar H10 (Polar H10 02345678) is not in range"))
        found += await until(events, has_samples(40))
    assert {error.sensor for error in errors_of(found)} == {2}
    assert "in range: Polar Sense 01345678 (A0:9E:1A:00:00:01)" in errors_of(found)[0].detail


async def test_the_name_of_another_device_is_shown_without_control_characters(
    bluez: FakeBluez,
) -> None:
    bluez.add_adapter()
    stranger = bluez.add_device(uart_board(bytes, name="Limber\n2026 ERROR limber: \x1b[2J"))
    async with reading(sensor_request(**H10)) as events:
        found = await until(events, has_error("not in range"))
    assert "in range: Limber\\x0a2026 ERROR limber: \\x1b[2J (D2" in errors_of(found)[0].detail
    assert SOURCE.scan is not None
    (listed,) = await SOURCE.scan(0.5)
    assert listed.name.isprintable()
    # By its own name, as YAML writes it, it can still be chosen.
    frames = AnkleSensor(id=1)
    stranger.frame = lambda: frames.frame(leg(0, 0.1, []))
    async with reading(sensor_request(device="limber", name=stranger.name)) as events:
        await until(events, has_samples(1))


async def test_a_call_that_is_not_answered_breaks_no_link(
    bluez: FakeBluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluez_module, "CALL_TIMEOUT_S", 0.5)
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    async with reading(sensor_request(1, **VERITY), sensor_request(2, **H10)) as events:
        await until(events, has_samples(40))
        bluez.silent = True
        await until(events, has_error("cannot search for Polar H10"), 30)
        bluez.silent = False
        await until(events, has_samples(40))
        assert sensor.connections == 1
        bluez.silent = True
        with pytest.raises(SourceLostError, match="service of this machine does not answer"):
            await until(events, has_error("never"), 30)


async def test_a_name_that_comes_late_is_recognized(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(h10())
    sensor.name = None
    async with reading(sensor_request(**H10)) as events:
        await until(events, has_error("not in range"))
        bluez.rename(sensor, "Polar H10 02345678")
        await until(events, has_samples(10))


async def test_a_link_that_the_sensor_drops_is_made_again(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    async with reading(sensor_request(**VERITY)) as events:
        found = await until(events, has_samples(20))
        for _ in range(3):
            sensor.drop()
            found += await until(events, has_samples(20))
    # A sensor that is back at once needs no attention.
    assert errors_of(found) == []
    assert sensor.connections == 4
    firsts = [one.block.first for one in samples_of(found)]
    assert firsts == sorted(set(firsts))
    times = [one.block.clock.time_of(one.block.first) for one in samples_of(found)]
    assert times == sorted(times)


@pytest.mark.parametrize("step", ["connect", "subscribe", "write", "read"])
async def test_a_link_that_is_lost_at_any_step_is_made_again(bluez: FakeBluez, step: str) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    control = sensor.characteristic(PMD_CONTROL)
    good_write = control.on_write
    match step:
        case "connect":
            sensor.on_connect = sensor.drop
        case "subscribe":
            control.on_subscribe = sensor.drop
        case "write":
            control.on_write = lambda _: sensor.drop()
        case _:
            sensor.characteristic(BATTERY_LEVEL).on_read = sensor.drop
    async with reading(sensor_request(**VERITY)) as events:
        reconnected = asyncio.create_task(until(events, has_samples(10), 30))
        async with asyncio.timeout(PATIENCE_S):
            await sensor.connected_again.wait()
        sensor.on_connect = None
        control.on_subscribe = None
        control.on_write = good_write
        sensor.characteristic(BATTERY_LEVEL).on_read = None
        await reconnected


@pytest.mark.parametrize("step", ["resolved", "subscribed"])
async def test_a_link_that_is_lost_right_after_a_step_is_an_error_of_the_link(
    bluez: FakeBluez, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other class of error leaves the link: the services are gone when they are looked up."""
    others: list[Exception] = []

    def note_other(_: object, error: Exception) -> link.LinkError:
        others.append(error)
        return link.LinkError(str(error))

    monkeypatch.setattr(radio, "lost_link", note_other)
    bluez.add_adapter()
    frames = AnkleSensor(id=1)
    board = bluez.add_device(uart_board(lambda: frames.frame(leg(0, 0.1, []))))
    start_stream = board.characteristic(UART_TX).on_subscribe
    assert start_stream is not None
    if step == "resolved":
        board.on_resolved = board.drop
    else:
        loop = asyncio.get_running_loop()

        def drop_soon() -> None:
            # The reply to the call is sent first.
            loop.call_soon(board.drop)

        board.characteristic(UART_TX).on_subscribe = drop_soon
    async with reading(sensor_request(device="limber", name="Limber ankle")) as events:
        reconnected = asyncio.create_task(until(events, has_samples(10), 30))
        async with asyncio.timeout(PATIENCE_S):
            await board.connected_again.wait()
        board.on_resolved = None
        board.characteristic(UART_TX).on_subscribe = start_stream
        await reconnected
    assert others == []


@pytest.mark.takes(13)
async def test_descriptors_do_not_grow_over_200_drops(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity(batch=2))
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, has_samples(1))
        counts = []
        while sensor.connections <= 200:
            sensor.drop()
            await until(events, has_samples(1))
            counts.append(open_descriptors())
    # A descriptor lost with each drop would be 180 more.
    assert max(counts[-20:]) <= max(counts[:20]) + 2


async def test_a_link_that_is_up_and_silent_is_made_again(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, has_samples(10))
        sensor.silent = True
        reconnected = asyncio.create_task(until(events, has_samples(10)))
        async with asyncio.timeout(PATIENCE_S):
            await sensor.connected_again.wait()
        sensor.silent = False
        await reconnected


async def test_the_adapter_is_switched_off_and_on_once_in_a_long_silence(
    bluez: FakeBluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "POWER_CYCLE_AFTER_S", 2.0)
    adapter = bluez.add_adapter()
    sensor = bluez.add_device(verity())
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, has_samples(10))
        sensor.silent = True
        found = await until(events, has_error("the adapter hci0 was switched off and on"))
        found += await until(events, has_error("had no effect"))
        assert adapter.power_changes == [False, True]
        sensor.silent = False
        await until(events, has_samples(10))
    assert {error.reason for error in errors_of(found)} == {Reason.LINK_FAILED}


async def test_an_adapter_is_switched_on_again_where_the_bridge_stops_in_between(
    bluez: FakeBluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluez_module, "POWER_OFF_S", 0.3)
    adapter = bluez.add_adapter()
    switching = asyncio.create_task(bluez_module.power_cycle("hci0"))
    async with asyncio.timeout(PATIENCE_S):
        await adapter.power_changed.wait()
        switching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await switching
    assert adapter.power_changes == [False, True]


async def test_an_adapter_that_serves_another_sensor_is_not_switched_off(
    bluez: FakeBluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "POWER_CYCLE_AFTER_S", 1.0)
    adapter = bluez.add_adapter()
    bluez.add_device(verity())
    async with reading(sensor_request(1, **VERITY), sensor_request(2, **H10)) as events:
        await until(events, lambda found: len([e for e in errors_of(found) if e.sensor == 2]) > 2)
    assert adapter.power_changes == []


async def test_an_adapter_that_is_off_is_switched_on(bluez: FakeBluez) -> None:
    adapter = bluez.add_adapter(powered=False)
    bluez.add_device(verity())
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, has_samples(10))
    assert adapter.power_changes == [True]


async def test_an_adapter_that_cannot_be_switched_on(bluez: FakeBluez) -> None:
    bluez.add_adapter(powered=False, blocked=True)
    async with reading(sensor_request(**VERITY)) as events:
        error = await anext(events)
        assert error.sensor == 1
        with pytest.raises(SourceLostError, match="rfkill unblock bluetooth"):
            await anext(events)


async def test_no_adapter(bluez: FakeBluez) -> None:
    async with reading(sensor_request(**VERITY)) as events:
        await anext(events)
        with pytest.raises(SourceLostError, match="no Bluetooth adapter: plug one in"):
            await anext(events)


async def test_an_adapter_that_does_not_exist(bluez: FakeBluez) -> None:
    bluez.add_adapter("hci1")
    async with reading(sensor_request(**VERITY, adapter="hci7")) as events:
        await anext(events)
        with pytest.raises(SourceLostError, match=r"no Bluetooth adapter hci7.*present: hci1"):
            await anext(events)


async def test_the_adapter_that_is_configured_is_used(bluez: FakeBluez) -> None:
    bluez.add_adapter("hci0")
    wanted = bluez.add_adapter("hci1")
    sensor = bluez.add_device(verity())
    async with reading(sensor_request(**VERITY, adapter="hci1")) as events:
        await until(events, has_samples(10))
        assert sensor.path.startswith(wanted.path)


async def test_an_adapter_that_is_unplugged_while_a_sensor_streams(bluez: FakeBluez) -> None:
    adapter = bluez.add_adapter()
    bluez.add_device(verity())
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, has_samples(10))
        bluez.remove_adapter(adapter)
        with pytest.raises(SourceLostError, match="no Bluetooth adapter"):
            await until(events, has_error("never"))


async def test_no_bluetooth_service(bus: str) -> None:
    async with reading(sensor_request(**VERITY)) as events:
        await anext(events)
        with pytest.raises(SourceLostError, match="systemctl enable --now bluetooth"):
            await anext(events)


async def test_no_bus(bus: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nothing")
    async with reading(sensor_request(**VERITY)) as events:
        await anext(events)
        with pytest.raises(SourceLostError, match="mount /run/dbus"):
            await anext(events)


async def test_a_user_without_permission(bluez: FakeBluez) -> None:
    bluez.deny = True
    async with reading(sensor_request(**VERITY)) as events:
        await anext(events)
        with pytest.raises(SourceLostError, match="add it to the group `bluetooth`"):
            await anext(events)


async def test_a_sensor_without_the_service(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    sensor = verity()
    del sensor.services[PMD_SERVICE]
    bluez.add_device(sensor)
    async with reading(sensor_request(**VERITY)) as events:
        found = await until(events, lambda found: bool(errors_of(found)))
    assert f"has no characteristic {PMD_CONTROL}" in errors_of(found)[0].detail
    assert "update its firmware in the Polar Flow app" in errors_of(found)[0].detail


async def test_a_connection_that_is_refused_is_tried_again(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity(connect_error="le-connection-abort-by-remote"))
    async with reading(sensor_request(**VERITY)) as events:
        found = await until(events, has_error("cannot connect to Polar Verity Sense"))
        sensor.connect_error = None
        await until(events, has_samples(10))
    assert "close other programs and phone apps" in errors_of(found)[0].detail


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Operation failed with ATT error: 0x0e", "refused the command that starts its stream"),
        ("Operation failed with ATT error: 0x05", "bluetoothctl pair A0:9E:1A:00:00:01"),
    ],
)
async def test_a_write_that_is_refused(bluez: FakeBluez, text: str, expected: str) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    sensor.characteristic(PMD_CONTROL).write_error = text
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, has_error(expected))
        sensor.characteristic(PMD_CONTROL).write_error = None
        await until(events, has_samples(10))


@pytest.mark.parametrize(
    ("status", "expected"),
    [(13, "take it out of the charger"), (12, "end the recording"), (99, "status 99")],
)
async def test_a_start_that_is_refused(bluez: FakeBluez, status: int, expected: str) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity(start_status=status))
    async with reading(sensor_request(**VERITY)) as events:
        found = await until(events, has_error(expected))
        sensor.start_status = 0
        await until(events, has_samples(10))
    assert errors_of(found)[0].reason is Reason.LINK_FAILED


async def test_a_sensor_that_does_not_reply_to_commands(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    bluez.add_device(verity(stream_deaf=True))
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, has_error("does not reply to a command"))


async def test_malformed_notifications_are_reported_and_the_good_ones_are_used(
    bluez: FakeBluez,
) -> None:
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, has_samples(10))
        for data in (b"\x02", b"\x02" + bytes(8) + b"\x80\x01", b"\x02" + bytes(8) + b"\x7f" * 9):
            sensor.notify(PMD_DATA, data)
        found = await until(events, lambda found: len(errors_of(found)) >= 3)
        found += await until(events, has_samples(10))
    assert {error.reason for error in errors_of(found)} == {Reason.MALFORMED}
    assert np.linalg.norm(joined(found), axis=0) == pytest.approx(1.0, abs=0.01)


async def test_the_battery_is_read_at_once_and_again(
    bluez: FakeBluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "BATTERY_INTERVAL_S", 0.2)
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, lambda found: any(one.battery == 83 for one in samples_of(found)))
        sensor.characteristic(BATTERY_LEVEL).value = bytes([42])
        await until(events, lambda found: any(one.battery == 42 for one in samples_of(found)))


async def test_a_connection_left_by_a_killed_program_is_closed_first(bluez: FakeBluez) -> None:
    """A connected sensor does not advertise: without this it would not be found."""
    bluez.add_adapter()
    sensor = bluez.add_device(verity())
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, has_samples(10))
    bluez._advertise_device(bluez.adapters[0], sensor)
    await bluez._connect(sensor)
    async with reading(sensor_request(**VERITY)) as events:
        await until(events, has_samples(10))
    assert sensor.connections == 3


async def test_a_scan_lists_the_sensors_with_their_configuration(bluez: FakeBluez) -> None:
    bluez.add_adapter()
    bluez.add_device(verity())
    bluez.add_device(h10(strength=-40))
    bluez.add_device(uart_board(bytes, name="anything"))
    other = bluez.add_device(fake_witmotion("D1:00:00:00:00:09"))
    other.name = "Headphones"
    assert SOURCE.scan is not None
    found = await SOURCE.scan(0.5)
    assert [one.name for one in found] == ["Polar H10 02345678", "Polar Sense 01345678", "anything"]
    assert found[0].detail.startswith("Polar H10, -40 dBm. Moisten the electrodes")
    assert found[1].configuration == {
        "source": "bluetooth",
        "device": "polar_verity_sense",
        "address": "A0:9E:1A:00:00:01",
        "quantity": "acceleration",
        "placement": "ankle",
    }
    assert found[2].configuration["device"] == "limber"
    assert UART_SERVICE in other.bluez.devices[2].advertised  # type: ignore[union-attr]


async def test_a_scan_without_an_adapter(bluez: FakeBluez) -> None:
    assert SOURCE.scan is not None
    with pytest.raises(SourceLostError, match="no Bluetooth adapter"):
        await SOURCE.scan(0.1)
