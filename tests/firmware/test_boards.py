"""The files of the boards: ESPHome accepts them and generates their C++. None is compiled here."""

from pathlib import Path
from typing import Final

import pytest

from tests.firmware.firmware_tools import FIRMWARE, firmware_tool

BOARDS: Final = sorted((FIRMWARE / "boards").glob("*.yaml"))
OWN_FILE: Final = """
substitutions:
  name: limber-left-ankle
  friendly_name: Left ankle
  bridge_host: 192.0.2.1
  sensor_id: "7"
  sensor_key: a secret of the ankle
  limber_components: {components}
packages:
  board: !include {board}
"""


def own_file(board: Path, folder: Path) -> str:
    """Write what a person writes for a board; the component comes from this checkout."""
    text = OWN_FILE.format(components=FIRMWARE / "components", board=board)
    (folder / "own.yaml").write_text(text)
    return "own.yaml"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.stem)
def test_the_cpp_of_a_board_is_generated(board: Path, tmp_path: Path) -> None:
    done = firmware_tool(
        "esphome", "compile", "--only-generate", own_file(board, tmp_path), folder=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    generated = tmp_path / ".esphome" / "build" / "limber-left-ankle" / "src" / "main.cpp"
    main = generated.read_text()
    assert "set_sensor_id(7)" in main
    assert "a secret of the ankle" in main
    over_bluetooth = "BleLink" in main
    assert over_bluetooth or "192.0.2.1" in main


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.stem)
def test_a_board_can_be_adopted_from_the_repository(board: Path) -> None:
    address = f"github://limber-home/limber/{board.relative_to(FIRMWARE.parents[1])}@main"
    text = board.read_text()
    # Adopting needs the API, and so Wi-Fi.
    assert "packages/wifi.yaml" not in text or f"package_import_url: {address}" in text
