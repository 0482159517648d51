"""Runs ESPHome and clang-format, which have an environment of their own."""

import subprocess
from pathlib import Path
from typing import Final

from tests.required_programs import unavailable

ROOT: Final = Path(__file__).parents[2]
PROGRAMS: Final = ROOT / ".venv-firmware" / "bin"
FIRMWARE: Final = ROOT / "firmware" / "esphome"


def firmware_tool(name: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder. Without it the test is skipped, and fails where CI=true."""
    program = PROGRAMS / name
    if not program.exists():
        unavailable(f"{name} is not installed: run script/setup firmware")
    return subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
