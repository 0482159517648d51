"""A stack that ends with its test, and whose Home Assistant has nothing to complain of."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devtools.home_assistant import complaints
from tests.e2e.stack import Stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with ExitStack() as ends:
        built = Stack(tmp_path, ends)
        yield built
    log = built.log("home-assistant")
    if log.exists():
        found = complaints(log)
        assert [line for line in found if not any(words in line for words in built.forgiven)] == []
    for log in tmp_path.glob("bridge*.log"):
        assert "Traceback" not in log.read_text()
