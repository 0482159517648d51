"""The usage of `script/setup` and what it accepts."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = (ROOT / "script/setup").read_text(encoding="utf-8")


def named_parts() -> set[str]:
    """Return the parts that the usage at the top of the script names."""
    usage = SCRIPT[: SCRIPT.index("# Without a part")]
    lists = re.findall(r"^#   ([a-z][\w-]*(?:, [\w-]+)*)", usage, re.MULTILINE)
    return {part for parts in lists for part in parts.split(", ")}


def accepted_parts() -> set[str]:
    """Return the parts that the script installs."""
    cases = SCRIPT[SCRIPT.index("case $part in") :]
    patterns = re.findall(r"^    ([a-z][\w -]*(?:\| [\w -]+)*)\)", cases, re.MULTILINE)
    return {part.strip() for pattern in patterns for part in pattern.split("|")}


def test_every_part_of_the_usage_is_accepted() -> None:
    assert len(named_parts()) > 15
    assert accepted_parts() == named_parts()


def test_every_extra_of_the_bridge_is_a_part() -> None:
    project = tomllib.loads((ROOT / "bridge/pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    assert {f"bridge-{extra}" for extra in extras} <= accepted_parts()
