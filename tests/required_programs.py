"""Programs that a test cannot do without."""

import os
from typing import NoReturn

import pytest

from devtools.processes import find


def need(program: str) -> str:
    """Return the path of a program. Without it the test is skipped, and fails where CI=true."""
    found = find(program)
    if found is None:
        unavailable(f"{program} is not installed: script/setup says what to install")
    return found


def unavailable(reason: str) -> NoReturn:
    """Skip the test, as this machine lacks something; fail where CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
