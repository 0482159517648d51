"""Failing disks and power cuts: nothing is lost, or set aside without need."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devtools.fault_injector import contiguous
from devtools.power_cuts import Call, Folder, durable_names, files_of_calls

pytestmark = pytest.mark.real_time

ROOT = Path(__file__).parents[2]


@pytest.mark.takes(30)
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.parametrize(
    "part", ["faults", "power-cuts", "raw-signal", "bad-sectors", "whole-runs"]
)
def test_nothing_is_lost_where_the_disk_fails_or_the_power_is_cut(part: str) -> None:
    """Only every 16th place, and one of each kind in whole runs; `script/faults` tries more."""
    command = [sys.executable, "-m", "devtools.fault_injector", "--part", part]
    command += ["--sample", "16", "--places", "1", "--seed", "5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "lost, doubled or set aside without need: 0" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_names_before_a_sync_of_their_folder_are_certain() -> None:
    calls = [
        Call("C", "/a/one", 0, b""),
        Call("S", "/a", 0, b""),
        Call("R", "/a/one", 0, b"/a/two"),
    ]
    assert durable_names(calls) == 1
    assert durable_names([*calls, Call("S", "/a", 0, b"")]) == 3


def test_contents_follow_a_file_that_is_renamed(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"1")
    folder = Folder(tmp_path, Path("/a"))
    calls = [Call("R", "/a/one", 0, b"/a/two"), Call("W", "/a/two", 0, b"2")]
    files = files_of_calls(folder.names, calls)
    assert files == [folder.names["/a/one"]] * 2


def test_what_must_be_there_has_no_gap() -> None:
    assert [contiguous(numbers) for numbers in ([], [0, 1], [0, 2, 3], [1])] == [0, 2, 1, 0]
