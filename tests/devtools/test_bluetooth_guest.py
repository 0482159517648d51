"""The virtual machine with BlueZ: which errors mean that this machine cannot have it."""

from pathlib import Path

import pytest

from devtools.bluetooth_guest import GuestUnavailableError, wait_until_ready
from devtools.processes import DevtoolError, start


def test_a_guest_that_does_not_boot_is_a_failure_and_not_a_reason_to_skip(tmp_path: Path) -> None:
    program = start("guest", ["sh", "-c", "echo no init found"], tmp_path / "guest.log")
    with pytest.raises(DevtoolError, match="no init found") as caught:
        wait_until_ready(program)
    assert not isinstance(caught.value, GuestUnavailableError)
