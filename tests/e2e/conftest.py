"""Fixtures: Home Assistants that end with their tests and have no complaints in their logs."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.async_api import expect

from devtools.home_assistant import complaints
from tests.e2e.shared_home import SharedHome, shared_home
from tests.e2e.stack import Stack

expect.set_options(timeout=30_000)
"""A busy machine may take longer than the five seconds that are usual."""

FORGIVEN = ("media_player.bed", "tts.voice", "could not request the nights")
"""Entities that the automations of the tests name and that do not exist. And a bridge ends with its
test, before it has answered everything."""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Yield a stack with a Home Assistant and a broker of its own."""
    with ExitStack() as ends:
        built = Stack(tmp_path, ends)
        yield built
    log = built.log("home-assistant")
    if log.exists():
        found = complaints(log)
        assert [line for line in found if not any(words in line for words in built.forgiven)] == []
    check_bridge_logs(tmp_path)


@pytest.fixture(scope="session")
def home_of_several_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedHome]:
    """Yield the Home Assistant that the tests of all pytest workers share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-home"
    folder.mkdir(exist_ok=True)
    with shared_home(folder) as shared:
        yield shared


@pytest.fixture
def shared_stack(
    tmp_path: Path, home_of_several_tests: SharedHome
) -> Iterator[Callable[[str, str], Stack]]:
    """Return a function that makes a stack of a bridge id and a sleeper's name.

    No two tests may use the same. The id is also the base topic. Whatever Home Assistant complains
    of during the test fails it.
    """
    before = complaints(home_of_several_tests.log)
    with ExitStack() as ends:

        def build(bridge: str, sleeper: str) -> Stack:
            return Stack(
                tmp_path,
                ends,
                bridge=bridge,
                base_topic=bridge,
                sleeper=sleeper,
                broker_port=home_of_several_tests.broker_port,
                home_port=home_of_several_tests.home_port,
            )

        yield build
    found = complaints(home_of_several_tests.log)[len(before) :]
    assert [line for line in found if not any(words in line for words in FORGIVEN)] == []
    check_bridge_logs(tmp_path)


def check_bridge_logs(folder: Path) -> None:
    """Fail if a bridge crashed."""
    for log in folder.glob("bridge*.log"):
        assert "Traceback" not in log.read_text()
