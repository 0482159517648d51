"""Every parser of external data accepts or refuses random input, but does not fail."""

import json
import subprocess
import sys

import pytest

from devtools.fuzz_targets import TARGETS
from devtools.processes import ROOT


@pytest.mark.parametrize("name", TARGETS)
def test_some_hundred_inputs_raise_no_unexpected_error(name: str) -> None:
    """Run in a process of its own: Home Assistant cannot be imported in the tests of the bridge."""
    command = [
        sys.executable,
        "-m",
        "devtools.fuzz",
        "--target",
        name,
        "--engine",
        "hypothesis",
        "--seconds",
        "0.1",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}/script:{ROOT}/bridge:{ROOT}", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1])["inputs"] >= 200
