"""`script/audit`: what it says of vulnerabilities, and of databases that do not answer.

The programs that look them up are small scripts; no database is asked.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

SOURCE: Final = Path(__file__).parents[2] / "script/audit"
NO_VULNERABILITY: Final = "exit 0"
PIP_FOUND: Final = """
echo 'Found 1 known vulnerability in 1 package'
echo 'Name    Version ID             Fix Versions'
echo 'aiohttp 3.1.0   CVE-2026-10001 3.1.1'
exit 1
"""
PIP_OFFLINE: Final = """
echo 'Traceback (most recent call last):' >&2
echo 'requests.exceptions.ConnectionError: no route to host' >&2
exit 1
"""
NPM_FOUND: Final = """
echo '# npm audit report'
echo 'esbuild  <=0.28.1'
echo 'Severity: moderate'
echo '1 moderate severity vulnerability'
exit 1
"""
NPM_OFFLINE: Final = """
echo 'npm warn audit 503 Service Unavailable - POST https://registry.npmjs.org/' >&2
echo 'npm error audit endpoint returned an error' >&2
exit 1
"""
"""As npm 10 does."""
LOCK: Final = '{"packages": {"": {}, "node_modules/lit": {}, "node_modules/esbuild": {}}}'


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository with nothing but the script and what it reads."""
    for folder in ("script", "frontend", ".tools/venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(SOURCE, tmp_path / "script")
    lock = LOCK.replace(", ", ",\n")
    (tmp_path / "frontend/package-lock.json").write_text(lock, encoding="utf-8")
    return tmp_path


def audit(copy: Path, uvx: str, npm: str) -> subprocess.CompletedProcess[str]:
    """Run the script with programs that do what these lines say."""
    programs = {"uv": "echo 'aiohttp==3.1.0'", "uvx": uvx, "npm": npm}
    for name, lines in programs.items():
        program = copy / ".tools/venv/bin" / name
        program.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
        program.chmod(0o755)
    command = [copy / "script/audit"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_nothing_is_found(copy: Path) -> None:
    done = audit(copy, NO_VULNERABILITY, NO_VULNERABILITY)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "audit: 1 packages of the bridge, no known vulnerability",
        "audit: 2 packages of the cards, no known vulnerability",
    ]


@pytest.mark.parametrize(
    ("uvx", "npm", "said"),
    [
        (PIP_FOUND, NO_VULNERABILITY, ("CVE-2026-10001", "uv lock --upgrade-package")),
        (NO_VULNERABILITY, NPM_FOUND, ("esbuild", "frontend/package.json")),
        (PIP_OFFLINE, NPM_FOUND, ("esbuild", "frontend/package.json")),
        (PIP_FOUND, NPM_FOUND, ("CVE-2026-10001", "esbuild")),
    ],
)
def test_what_is_found_fails_with_what_to_do(
    copy: Path, uvx: str, npm: str, said: tuple[str, ...]
) -> None:
    done = audit(copy, uvx, npm)
    assert done.returncode == 1
    for text in said:
        assert text in done.stderr


def test_databases_that_do_not_answer_fail_nothing(copy: Path) -> None:
    done = audit(copy, PIP_OFFLINE, NPM_OFFLINE)
    assert done.returncode == 0
    bridge, cards = done.stdout.splitlines()
    assert bridge.startswith("audit of the bridge SKIPPED")
    assert bridge.endswith("no route to host")
    assert cards.startswith("audit of the cards SKIPPED")
    assert "503 Service Unavailable" in cards
