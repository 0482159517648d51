"""Fixtures: a private D-Bus with a fake Bluetooth service on it."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from devtools.processes import start
from tests.bridge.bluetooth.fake_bluez import FakeBluez
from tests.required_programs import need

BUS_CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@pytest.fixture
def bus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[str]:
    """The address of a private D-Bus, which is the system bus of this test."""
    socket = tmp_path / "bus"
    configuration = tmp_path / "bus.conf"
    configuration.write_text(BUS_CONFIGURATION.format(socket=socket))
    command = [need("dbus-daemon"), f"--config-file={configuration}", "--nofork", "--nopidfile"]
    program = start("dbus-daemon", [*command, "--print-address"], tmp_path / "bus.log")
    while program.runs and "unix:" not in program.tail():
        pass
    for name in ("bleak", "bleak_retry_connector", "dbus_fast"):
        # At their level DEBUG they format every message of the bus.
        caplog.set_level(logging.WARNING, name)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={socket}")
    yield f"unix:path={socket}"
    program.stop()


@pytest.fixture
async def bluez(bus: str) -> AsyncIterator[FakeBluez]:
    """A Bluetooth service without adapters and devices."""
    fake = FakeBluez(bus)
    await fake.start()
    yield fake
    await fake.stop()
