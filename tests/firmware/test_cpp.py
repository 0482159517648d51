"""Parts of the firmware that need no ESPHome: compiled for this machine, against the contract."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.firmware.firmware_tools import ROOT, firmware_tool
from tests.required_programs import need

SOURCES: Final = Path(__file__).parent / "cpp"
COMPONENTS: Final = ROOT / "firmware" / "esphome" / "components"
GOLDEN: Final = json.loads((ROOT / "contract" / "frames.json").read_text())["frames"]
COUNTS_PER_UNIT: Final = {0: 1000, 1: 10, 2: 1000, 3: 10000, 255: 1}
"""Counts of a frame in one g, uV or kg, by quantity code."""


def compiled(name: str, folder: Path) -> Path:
    program = folder / name
    command = [
        need("g++"),
        "-std=c++20",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fsanitize=undefined",
    ]
    command += [
        "-fno-sanitize-recover",
        "-pthread",
        f"-I{COMPONENTS}",
        str(SOURCES / f"{name}.cpp"),
    ]
    built = subprocess.run(
        [*command, "-o", str(program)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return program


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("encode_frame", tmp_path_factory.mktemp("encoder"))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["name"])
def test_the_firmware_encodes_the_golden_frames(encoder: Path, golden: dict[str, Any]) -> None:
    code = bytes.fromhex(golden["hex"])[3]
    header = [code, golden["sensor"], golden["boot"], golden["sequence"], golden["clock_us"]]
    battery = 255 if golden["battery"] is None else golden["battery"]
    header += [round(golden["rate_hz"] * 10), battery]
    counts = [
        str(round(value * COUNTS_PER_UNIT[code])) for row in golden["samples"] for value in row
    ]
    command = [str(encoder), *map(str, header), golden["key"] or "", *counts]
    encoded = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert encoded == golden["hex"]


@pytest.mark.parametrize("name", sorted(path.stem for path in SOURCES.glob("test_*.cpp")))
def test_a_part_of_the_firmware(name: str, tmp_path: Path) -> None:
    done = subprocess.run([compiled(name, tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_cpp_is_formatted() -> None:
    files = [*COMPONENTS.glob("limber/*.h"), *COMPONENTS.glob("limber/*.cpp")]
    files += [*SOURCES.glob("*.h"), *SOURCES.glob("*.cpp")]
    done = firmware_tool("clang-format", "--dry-run", "--Werror", *map(str, files), folder=ROOT)
    assert done.returncode == 0, done.stderr
