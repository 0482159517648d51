"""Every parser that reads bytes from outside refuses, in its own way, what is not meant for it."""

import json
import subprocess
import sys

import pytest

from devtools.fuzz import TARGETS
from devtools.processes import ROOT


@pytest.mark.parametrize("name", TARGETS)
def test_a_few_hundred_inputs_are_no_fault(name: str) -> None:
    """In a process of its own, as Home Assistant's imports do not go with the bridge's tests."""
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
