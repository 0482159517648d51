"""Blueprints and the examples of the documentation: Home Assistant takes each of them."""

import re
from pathlib import Path
from typing import Any

import pytest
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from pytest_homeassistant_custom_component.common import MockConfigEntry

ROOT = Path(__file__).parents[3]
BLUEPRINTS = sorted((ROOT / "blueprints/automation/limber").glob("*.yaml"))
DOCUMENT = ROOT / "docs/automations.md"


def read(text: str) -> Any:
    """What a text in YAML holds."""
    return parse_yaml(text)


EXAMPLES: list[dict[str, Any]] = [
    automation
    for text in re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    for automation in read(text)
]


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_home_assistant_accepts_the_blueprint(path: Path) -> None:
    blueprint = Blueprint(
        read(path.read_text()),
        path=str(path),
        expected_domain="automation",
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )
    assert blueprint.validate() is None
    assert blueprint.metadata["source_url"].endswith(f"/blueprints/automation/limber/{path.name}")


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_every_blueprint_has_an_import_link(path: Path) -> None:
    for document in (DOCUMENT, ROOT / "README.md"):
        assert f"limber%2F{path.name})" in document.read_text(), document.name


@pytest.mark.parametrize("automation", EXAMPLES, ids=lambda automation: automation["alias"])
async def test_home_assistant_accepts_the_example(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    automation: dict[str, Any],
) -> None:
    assert await async_setup_component(
        hass, "automation", {"automation": [automation | {"alias": "example"}]}
    )
    await hass.async_block_till_done()
    state = hass.states.get("automation.example")
    assert state is not None
    assert state.state == "on", caplog.text
