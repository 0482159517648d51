"""`--real-time`: run the files of tests that mostly wait apart from those that compute.

Tests that wait run beside others in many processes; those that compute, in a process per core.
What takes longest comes first, else all other processes would wait for the last one.
"""

from pathlib import Path
from typing import Final

import pytest

MARK: Final = "pytest.mark.real_time"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--real-time", choices=("only", "without"), help=f"only files with {MARK}, or those without"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let examples of Hypothesis take as long as a busy machine needs for them."""
    if config.pluginmanager.has_plugin("hypothesispytest"):
        # The environment of the end-to-end tests does not have it.
        from hypothesis import settings  # noqa: PLC0415

        settings.register_profile("patient", settings.default, deadline=None)
        settings.load_profile("patient")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file before it is imported: that takes longer than many tests."""
    wanted = config.getoption("--real-time")
    if wanted is None or not collection_path.match("test_*.py"):
        return None
    waits = MARK in collection_path.read_text(encoding="utf-8")
    return None if waits is (wanted == "only") else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by the time that their marks say they take."""
    items.sort(key=seconds_of, reverse=True)


def seconds_of(item: pytest.Item) -> float:
    """Return the time that a test takes, as far as its mark says so."""
    mark = item.get_closest_marker("takes")
    return 0.0 if mark is None else float(mark.args[0])
