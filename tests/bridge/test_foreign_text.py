"""Names that strangers choose, in the log, on the terminal and in YAML."""

import itertools
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.daemon.log_throttle import LogThrottle
from limber_bridge.daemon.scan import ScanResult, describe, quoted
from limber_bridge.domain.foreign_text import printable
from limber_bridge.sources.phone.messages import parse_message
from limber_bridge.sources.source_api import FoundSensor

EVIL = 'Polar H10 "\n      - id: 9\r\x1b[2J\u202e\x9b\\'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_value_in_yaml_is_the_same_value_on_one_line(text: str) -> None:
    written = quoted(text)
    assert written.isprintable()
    assert yaml.safe_load(f"name: {written}") == {"name": text}


@given(st.text(), st.integers(0, 20))
def test_a_shown_text_controls_nothing_and_is_short(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= 10 * limit + 3


def test_an_ordinary_name_is_shown_as_it_is() -> None:
    assert printable("Müllers 腕時計 №1") == "Müllers 腕時計 №1"
    assert printable("a\nb\x1b[2J\u202e") == "a\\x0ab\\x1b[2J\\u202e"


def test_a_scan_shows_a_name_with_control_characters_on_one_line() -> None:
    found = FoundSensor(EVIL, f"on {EVIL}", {"source": "lsl", "quantity": "emg", "name": EVIL})
    lines = list(describe(ScanResult("lsl", [found]), None, itertools.count(1)))
    assert all(line.isprintable() for line in lines)
    (sensor,) = yaml.safe_load("\n".join(lines[1:]))
    assert (sensor["id"], sensor["name"]) == (1, EVIL)


def test_a_log_line_stays_one_line(caplog: pytest.LogCaptureFixture) -> None:
    LogThrottle(lambda: 10**15).warn(1, "wrong_quantity", f"it has {EVIL}")
    assert caplog.records[0].getMessage().isprintable()


def test_the_names_in_the_message_of_a_phone_are_shown_without_control_characters() -> None:
    payload = [{"name": EVIL, "time": 1_790_000_000 * 10**9, "values": {}}]
    message = {"messageId": 0, "sessionId": "a", "deviceId": "b", "payload": payload}
    (name,) = parse_message(json.dumps(message).encode()).other_names
    assert name.isprintable()
    assert name.startswith('Polar H10 "\\x0a ')
