"""Programs that a test cannot do without."""

import os

import pytest

from devtools.processes import find


def need(program: str) -> str:
    """Return the path of a program. Without it the test is skipped, and fails where CI=true."""
    found = find(program)
    if found is not None:
        return found
    text = f"{program} is not installed: script/setup says what to install"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)
