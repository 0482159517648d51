"""The page about the health of a bridge."""

import json
import re
import shutil
from pathlib import Path

import pytest

from devtools.processes import ROOT
from limber_bridge.protocol.health_messages import SensorHealth
from limber_bridge.storage.disk_faults import DiskFault
from limber_bridge.web.catalogue import DEFAULT_LANGUAGE, has_text, load_texts
from limber_bridge.web.pages.status import GIGABYTE, REMEDIES, is_awaited
from limber_bridge.web.rendering import as_sentence
from tests.bridge.web_client import serving_pages
from tests.bridge.web_nights import LEGS

CODES = re.compile(r"`([a-z_]+)`")


def codes_of(heading: str) -> set[str]:
    """The codes in the first column of the table below a heading of docs/protocol.md."""
    text = (ROOT / "docs/protocol.md").read_text(encoding="utf-8").split(f"### {heading}\n")[1]
    rows = [line for line in text.split("\n#")[0].splitlines() if line.startswith("| `")]
    return {code for row in rows for code in CODES.findall(row.split("|")[1])} - {"problem", "key"}


async def test_every_sensor_the_broker_and_the_disk_are_shown(tmp_path: Path) -> None:
    async with serving_pages(tmp_path, sensors=LEGS) as browser:
        page = (await browser.get("/status")).text
        report = json.loads((await browser.get("/health")).body)
    assert "Ankle, left" in page
    assert "Ankle, right" in page
    assert "Something needs your attention." in page
    assert "No connection to the MQTT broker" in page
    (problem,) = report["bridge"]["problems"]
    message = problem["message"]
    assert (message[0].upper() + message[1:]).split(" (")[0] in page
    assert "<code>host</code>" in page
    assert "`" not in page
    assert "Everything is recorded" in page
    assert str(tmp_path / "limber.db") in page


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("no adapter: run `a <b>`", "No adapter: run <code>a &lt;b&gt;</code>"),
        ("limber.yaml:3: a key", "limber.yaml:3: a key"),
        ("sensor_1 is silent", "sensor_1 is silent"),
        ("`limber run` ended", "<code>limber run</code> ended"),
        ("one ` alone", "One ` alone"),
        ("", ""),
    ],
)
def test_a_message_is_a_sentence_with_its_code_marked(message: str, shown: str) -> None:
    assert as_sentence(message) == shown


@pytest.mark.parametrize(
    ("connected", "problem", "awaited"),
    [(False, None, True), (True, None, False), (False, "silent", False)],
)
def test_a_sensor_without_data_is_awaited_unless_that_is_a_problem(
    connected: bool, problem: str | None, awaited: bool
) -> None:
    health = SensorHealth(
        connected=connected,
        last_sample=None,
        rate=None,
        battery=None,
        quality=None,
        lost=0,
        refused=0,
        problem=problem,
        error_counts={},
    )
    assert is_awaited(health) is awaited


async def test_the_free_space_is_in_gigabytes(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    async with serving_pages(tmp_path, sensors=LEGS) as browser:
        page = (await browser.get("/status")).text
    (shown,) = re.findall(r"Free on the disk</dt><dd>([0-9,.]+ [MG]B)<", page)
    assert shown.endswith("GB" if free >= GIGABYTE else "MB")


def test_every_problem_of_a_sensor_has_a_name_and_a_remedy() -> None:
    codes = codes_of("Sensor health")
    assert len(codes) > 15
    assert [code for code in codes if not has_text(f"status.problem_{code}")] == []
    assert codes - {"ended"} == REMEDIES.keys()
    assert [text for text in REMEDIES.values() if not has_text(f"status.remedy_{text}")] == []


def test_every_problem_of_the_bridge_has_a_name() -> None:
    codes = codes_of("Bridge health")
    assert len(codes) > 5
    assert [code for code in codes if not has_text(f"status.bridge_{code}")] == []


@pytest.mark.parametrize("fault", DiskFault)
def test_every_fault_of_the_disk_has_a_text(fault: DiskFault) -> None:
    assert has_text(f"status.journal_{fault}")


def test_problems_have_the_names_that_home_assistant_shows() -> None:
    path = ROOT / "custom_components/limber/translations/en.json"
    entity = json.loads(path.read_text(encoding="utf-8"))["entity"]["binary_sensor"]
    names = entity["sensor_problem"]["state_attributes"]["problem"]["state"]
    texts = load_texts(DEFAULT_LANGUAGE)
    assert {code: texts[f"status.problem_{code}"] for code in names} == names
