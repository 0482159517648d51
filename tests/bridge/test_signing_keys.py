"""Which keys of sensors are refused, and where a new one is made."""

import re
import secrets
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.config.loader import load_config
from limber_bridge.config.yaml_loader import ConfigError
from limber_bridge.daemon.check_keys import check_keys
from limber_bridge.daemon.check_result import Outcome
from limber_bridge.daemon.check_sensors import error_findings
from limber_bridge.daemon.sensor_watch import SensorWatch
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.domain.signing_keys import MIN_CHARACTERS, find_weakness, new_key
from limber_bridge.sources.source_api import FrameError, Reason, Samples
from tests.bridge.examples import config, settings

SENSOR = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration%s}"
EVERYWHERE = "network: {address: 0.0.0.0, port: 1}\n"
NEW_KEY = re.compile(r'key: "([0-9a-f]{32})"')


@pytest.mark.parametrize(
    "key",
    [
        "",
        "short",
        "f3a91c07d2e85b4",
        "aaaaaaaaaaaaaaaa",
        "0000000000000000",
        "abababababababab",
        "abcdefghijklmnop",
        "0123456789abcdef",
        "fedcba9876543210",
        "1234567890123456",
        "qwertyuiopasdfgh",
        "QWERTYUIOPASDFGH",
        "aabbccddeeffgghh",
        "limber12limber12",
        "password" * 3,
        "password12345678",
        "Password-8402751",
        "limber-sensor-93",
        "2026admin48120573",
    ],
)
def test_what_is_certainly_not_random_is_weak(key: str) -> None:
    assert find_weakness(key) is not None


@pytest.mark.parametrize(
    "key",
    [
        "6c1d0a97e2b4f853",
        "8HPRDHR+RkFMTtDFn5oXaKgDAOe3t9GGhyMjhzQNTJw=",
        "a secret of the ankle",
        "Schlüssel für mich 7",
        "password of my left foot",
        "key-4820175563918204",
    ],
)
def test_other_keys_are_accepted(key: str) -> None:
    assert find_weakness(key) is None


@pytest.mark.parametrize(
    ("key", "reason"),
    [("a" * 16, "it has only 1 different character"), ("ab" * 8, "only 2 different characters")],
)
def test_the_reason_is_in_the_singular_and_plural(key: str, reason: str) -> None:
    weakness = find_weakness(key)
    assert weakness is not None
    assert weakness.endswith(reason)


def test_random_keys_are_never_weak() -> None:
    alphabet = string.ascii_letters + string.digits
    for _ in range(2000):
        assert find_weakness(new_key()) is None
        assert find_weakness("".join(secrets.choice(alphabet) for _ in range(16))) is None


@given(st.text(max_size=5), st.integers(2, 30))
def test_a_repeated_text_is_weak(text: str, times: int) -> None:
    assert find_weakness(text * times) is not None


@given(st.text(max_size=MIN_CHARACTERS - 1))
def test_a_short_text_is_weak(text: str) -> None:
    assert find_weakness(text) is not None


@pytest.mark.parametrize("key", ["weak-key", "'1234567890123456'", "1234567890123456"])
def test_a_weak_key_is_refused_with_a_new_one_and_is_not_shown(tmp_path: Path, key: str) -> None:
    path = tmp_path / "limber.yaml"
    path.write_text(settings(SENSOR % f", key: {key}", port=1, more=EVERYWHERE))
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    text = str(raised.value)
    assert "sensors[1].key: the key is too weak, as it" in text
    found = NEW_KEY.search(text)
    assert found is not None
    assert find_weakness(found[1]) is None
    assert key.strip("'") not in text


def test_the_check_makes_a_key_for_a_sensor_that_anyone_can_imitate(tmp_path: Path) -> None:
    (result,) = check_keys(config(tmp_path, SENSOR % "", more=EVERYWHERE))
    assert not result.failed
    assert result.message.startswith("sensor 1 (Anna, left ankle, network): any device in range")
    found = NEW_KEY.search(result.message)
    assert found is not None
    keyed = config(tmp_path, SENSOR % f', key: "{found[1]}"', more=EVERYWHERE)
    assert list(check_keys(keyed)) == []


def test_a_sensor_of_this_machine_needs_no_key(tmp_path: Path) -> None:
    here = config(tmp_path, SENSOR % "", more="network: {address: 127.0.0.1, port: 1}\n")
    assert list(check_keys(here)) == []


def test_a_weak_secret_of_a_phone_is_refused_with_a_new_one(tmp_path: Path) -> None:
    phone = SENSOR.replace("network", "phone") % ", secret: abcdefghijklmnop"
    with pytest.raises(ConfigError, match="the secret is too weak, as its characters follow"):
        config(tmp_path, phone, more=EVERYWHERE)


@pytest.mark.parametrize("works", [True, False])
def test_the_check_does_not_blame_a_sensor_that_works_for_what_others_send(works: bool) -> None:
    watch = SensorWatch()
    if works:
        clock = SampleClock(0, 0, 50.0)
        watch.process(Samples(1, SampleBlock(0, np.ones((3, 50)), clock, 50.0)), SECOND)
    for _ in range(3):
        watch.process(FrameError(1, Reason.WRONG_KEY, "set the same key", unproven=True), SECOND)
    (finding,) = error_findings(watch)
    assert finding.outcome is (Outcome.NOTE if works else Outcome.FAILED)
    assert finding.text.startswith("set the same key (3 times)")
    assert ("another device" in finding.text) is works
