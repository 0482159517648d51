"""The files of the boards: ESPHome accepts them and generates their C++. None is compiled here."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.firmware.firmware_tools import FIRMWARE, ROOT, firmware_tool

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

WIFI: Final = "wifi: {ssid: a network, password: its password}\n"
FROM_THE_DEVICE_BUILDER: Final = """
api:
  encryption:
    key: "8HPRDHR+RkFMTtDFn5oXaKgDAOe3t9GGhyMjhzQNTJw="
ota:
  - platform: esphome
    password: "0123456789abcdef"
"""


def own_file(board: Path, folder: Path) -> str:
    """Write what a person writes for a board; the component comes from this checkout."""
    text = OWN_FILE.format(components=FIRMWARE / "components", board=board)
    if "packages/wifi.yaml" in board.read_text():
        text += WIFI
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
    assert "set_ap(" not in main, "a network of its own without a password"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.stem)
def test_a_board_can_be_adopted_from_the_repository(board: Path) -> None:
    address = f"github://limber-home/limber/{board.relative_to(FIRMWARE.parents[1])}@main"
    text = board.read_text()
    # Adopting needs the API, and so Wi-Fi.
    assert "packages/wifi.yaml" not in text or f"package_import_url: {address}" in text


def test_the_file_in_the_documentation_is_accepted(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "hardware" / "esphome.md").read_text()
    block = re.search(r"```yaml\n(   substitutions:.*?)```", page, re.DOTALL)
    assert block is not None
    text = re.sub(
        r"github://limber-home/limber/firmware/esphome/(\S+)@main",
        lambda match: f"!include {FIRMWARE / match[1]}",
        re.sub(r"^   ", "", block[1], flags=re.MULTILINE),
    )
    components = f"substitutions:\n  limber_components: {FIRMWARE / 'components'}\n"
    text = text.replace("substitutions:\n", components, 1) + FROM_THE_DEVICE_BUILDER
    (tmp_path / "own.yaml").write_text(text)
    (tmp_path / "secrets.yaml").write_text(
        "wifi_ssid: a network\nwifi_password: its password\n"
        "fallback_password: another password\nlimber_key: a long enough key\n"
    )
    done = firmware_tool("esphome", "config", "own.yaml", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
