"""Runs ESPHome, which has an environment of its own."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
ESPHOME: Final = ROOT / ".venv-firmware" / "bin" / "esphome"
FIRMWARE: Final = ROOT / "firmware" / "esphome"


def esphome(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ESPHome in a folder. Without it the test is skipped, and fails where CI=true."""
    if not ESPHOME.exists():
        text = "ESPHome is not installed: run script/setup firmware"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    return subprocess.run(
        [ESPHOME, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
