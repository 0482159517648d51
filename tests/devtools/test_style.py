"""`script/style`: its figures and its rules, on small made-up repositories."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from devtools.style import main

type Write = Callable[[str, str], Path]
type Findings = Callable[[], list[str]]
type Figures = Callable[..., dict[str, Any]]
type Printed = pytest.CaptureFixture[str]

BRIDGE = "bridge/limber_bridge"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of the made-up repository."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write_file


@pytest.fixture
def findings(tmp_path: Path, capsys: Printed) -> Findings:
    """Check the made-up repository; return path, line and phrase of each finding."""

    def check() -> list[str]:
        status = main(["--check", "--json", "--root", str(tmp_path)])
        rows = json.loads(capsys.readouterr().out)
        assert status == (1 if rows else 0)
        return [f"{row['path']}:{row['line']}: {row['found']}" for row in rows]

    return check


@pytest.fixture
def figures(tmp_path: Path, capsys: Printed) -> Figures:
    """Measure the made-up repository; return the JSON object."""

    def measure(*arguments: str) -> dict[str, Any]:
        assert main(["--json", "--root", str(tmp_path), *arguments]) == 0
        return cast("dict[str, Any]", json.loads(capsys.readouterr().out))

    return measure


# Phrases.


def test_phrase_in_docstring_is_found_on_its_own_line(write: Write, findings: Findings) -> None:
    write("devtools/a.py", '"""Count.\n\nThe caller is\ntold the result.\n"""\n')
    assert findings() == ["devtools/a.py:4: told"]


def test_phrase_in_comment_is_found(write: Write, findings: Findings) -> None:
    write("tests/a.py", "x = 1  # Nobody reads it.\n")
    assert findings() == ["tests/a.py:1: Nobody"]


def test_phrase_across_two_comment_lines_is_found(write: Write, findings: Findings) -> None:
    write("tests/a.py", "# It waits for so\n# many seconds.\nx = 1\n")
    assert findings() == ["tests/a.py:1: so many"]


def test_docstring_of_an_attribute_is_read(write: Write, findings: Findings) -> None:
    write("tests/a.py", 'LIMIT = 3\n"""Seconds from which on it counts."""\n')
    assert findings() == ["tests/a.py:2: from which on"]


def test_identifiers_and_test_data_are_not_read(write: Write, findings: Findings) -> None:
    write("tests/a.py", 'told = somebody(whom=1)\nTEXT = "nobody was told"\n')
    assert findings() == []


def test_messages_of_the_product_are_read(write: Write, findings: Findings) -> None:
    write(f"{BRIDGE}/a.py", 'raise ValueError(f"the bridge {name} was told nothing")\n')
    assert findings() == [f"{BRIDGE}/a.py:1: told"]


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/adr/001-x.md",
        "blueprints/automation/limber/cramp.yaml",
        "script/test",
        "custom_components/limber/services.yaml",
        ".github/workflows/ci.yml",
    ],
)
def test_text_files_are_read(write: Write, findings: Findings, name: str) -> None:
    write(name, "Fine.\nBegin anew.\n")
    assert findings() == [f"{name}:2: anew"]


def test_english_translation_is_read_without_its_keys(write: Write, findings: Findings) -> None:
    text = '{\n  "told": "Fine",\n  "name": "The sleeper who was told"\n}\n'
    write("custom_components/limber/translations/en.json", text)
    assert findings() == ["custom_components/limber/translations/en.json:3: told"]


@pytest.mark.parametrize(
    "name",
    [
        "CHANGELOG.md",
        "LICENSE",
        "tests/data/README.md",
        "custom_components/limber/translations/de.json",
        ".venv/lib/x/a.md",
        "node_modules/x/README.md",
    ],
)
def test_files_of_others_and_history_are_not_read(
    write: Write, findings: Findings, name: str
) -> None:
    write(name, '{\n  "a": "Begin anew"\n}\n')
    assert findings() == []


@pytest.mark.parametrize(
    "text",
    [
        "There is none.",
        "None of them is None.",
        "It is None before the first block.",
        "The leg rests on the mattress.",
        "The battery life is two years.",
        "Signal power law and the law of large numbers.",
        "See docs: the password, a keyword.",
        "Recommended settings; an amended file.",
        "RFC 6455 section 7.1 and section 7.1 of RFC 7692",
        "Ferri 2016, section 2",
    ],
)
def test_correct_english_passes(write: Write, findings: Findings, text: str) -> None:
    write("README.md", f"{text}\n")
    assert findings() == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A question that is none.", "is none"),
        ("The total rests on three nights.", "rests on"),
        ("A movement of an earlier life.", "earlier life"),
        ("The bridge's word for a cramp.", "bridge's word for"),
        ("At least 10 s [D].", "[D]"),
        ("Science reference 4.2 says so.", "Science reference"),
        ("Whoever asks.", "Whoever"),
    ],
)
def test_odd_english_is_found(write: Write, findings: Findings, text: str, found: str) -> None:
    write("README.md", f"{text}\n")
    assert f"README.md:1: {found}" in findings()


def test_finding_says_what_to_write_instead(write: Write, tmp_path: Path, capsys: Printed) -> None:
    write("README.md", "Begin anew.\n")
    assert main(["--check", "--root", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == 'README.md:1: anew: write "again", "new" or "from the start"\n'
    assert printed.err == "Style findings: 1 (phrase 1)\n"


def test_findings_as_json(write: Write, tmp_path: Path, capsys: Printed) -> None:
    write("README.md", "Begin anew.\n")
    assert main(["--check", "--json", "--root", str(tmp_path)]) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["path"], finding["line"], finding["rule"]) == ("README.md", 1, "phrase")


# Exemptions.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tests/a.py", '"""Told."""  # style: allow: quotes a message of the broker\n'),
        ("tests/a.py", '"""Told.\n\nMore.\n"""  # style: allow: quotes a message of the broker\n'),
        ("README.md", "Told. <!-- style: allow: quotes a message of the broker -->\n"),
        ("README.md", "| Told <!-- style: allow: quotes a message --> |\n"),
        ("a.yaml", "a: Told # style: allow: quotes a message of the broker\n"),
        ("tests/a.py", "a, b = 1, 2  # style: allow: the pair is one value\n"),
    ],
)
def test_marker_with_a_reason_exempts(
    write: Write, findings: Findings, name: str, text: str
) -> None:
    write(name, text)
    assert findings() == []


@pytest.mark.parametrize("marker", ["# style: allow", "# style: allow:"])
def test_marker_without_a_reason_is_a_finding_and_exempts_nothing(
    write: Write, findings: Findings, marker: str
) -> None:
    write("tests/a.py", f'"""Told."""  {marker}\n')
    assert findings() == ["tests/a.py:1: style: allow", "tests/a.py:1: Told"]


# Citations.


def test_section_of_an_unnamed_document_is_found(write: Write, findings: Findings) -> None:
    write("tests/a.py", "# As in section 3.\nx = 1\n")
    assert findings() == ["tests/a.py:1: section 3"]


def test_section_must_be_a_heading_of_the_document(write: Write, findings: Findings) -> None:
    write("docs/protocol.md", "# Protocol\n\n## 1. Frames\n\nSee section 1.\n")
    write("tests/a.py", "# docs/protocol.md, section 1, and docs/protocol.md section 2\nx = 1\n")
    assert findings() == ["tests/a.py:1: docs/protocol.md section 2"]


def test_section_of_a_missing_document_is_found(write: Write, findings: Findings) -> None:
    write("tests/a.py", "# docs/none.md section 1\nx = 1\n")
    assert findings() == ["tests/a.py:1: docs/none.md section 1"]


def test_anchor_must_exist(write: Write, findings: Findings) -> None:
    write("docs/science.md", "# Science\n\n## Onset and end\n")
    write("tests/a.py", "# docs/science.md#onset-and-end and docs/science.md#hold\nx = 1\n")
    write("README.md", "[a](docs/science.md#science), [b](docs/science.md#no-such)\n")
    assert findings() == [
        "README.md:1: docs/science.md#no-such",
        "tests/a.py:1: docs/science.md#hold",
    ]


# Code.


def test_packed_assignment_is_found(write: Write, findings: Findings) -> None:
    write("tests/a.py", "def f(self):\n    self.a, b = 0, 1\n")
    assert findings() == ["tests/a.py:2: self.a, b = ..."]


@pytest.mark.parametrize(
    "code",
    [
        "a, b = b, a",
        "a, b = b, a + b",
        "self.a, self.b = self.b, 0",
        "a, b = divmod(7, 2)",
        "a, *b = *c, 1",
        "pair = 1, 2",
    ],
)
def test_swap_and_unpacking_pass(write: Write, findings: Findings, code: str) -> None:
    write("tests/a.py", f"{code}\n")
    assert findings() == []


def test_formatter_is_switched_off_only_for_module_tables(write: Write, findings: Findings) -> None:
    rows = "ROWS = (\n  (1,  2),\n  (10, 20),\n)  # fmt: skip\n"
    table = f"{rows}PAIRS: dict = Map({{1:  2}})  # fmt: skip\n"
    write("tests/a.py", table)
    write("tests/b.py", "def f():\n    return [1,  2]  # fmt: skip\n")
    write("tests/c.py", "x = f(1,  2)  # fmt: skip\n")
    write("tests/d.py", "# fmt: off\nROWS = [1,  2]\n# fmt: on\n# fmt: off\nx =  1\n")
    assert findings() == [
        "tests/b.py:2: # fmt: skip",
        "tests/c.py:1: # fmt: skip",
        "tests/d.py:4: # fmt: off",
    ]


# Figures.

MODULE = '''"""Count things that nobody counts."""

from dataclasses import dataclass

LIMIT = 3


@dataclass
class Counter:
    """Counts."""

    start: int
    step: int

    def feed(self, value):
        """Add a value.

        Nothing else.
        """
        # Why it is so.
        self.total = self.start + value
        self.start = 0
        return self.total

    def __len__(self):
        return 0


def read_all():
    return Counter(1, 2)
'''


def test_figures_of_a_package(write: Write, figures: Figures) -> None:
    write(f"{BRIDGE}/detection/a.py", MODULE)
    whole, detection, alone = figures()["packages"]
    assert (whole["name"], detection["name"], alone["name"]) == (
        "limber_bridge",
        "detection",
        "(top level)",
    )
    assert alone["lines"] == 0
    assert detection["lines"] == len(MODULE.splitlines())
    # feed: def, comment and three statements; __len__ and read_all: two lines.
    assert detection["function_lines"] == {"median": 2, "p90": 4, "maximum": 5}
    # Fourteen lines of code, one comment.
    assert detection["comments_per_100_lines"] == pytest.approx(100 / 14, abs=0.1)
    assert detection["single_word_share"] == 50.0
    # One odd phrase in the fifteen words of docstrings and comments.
    assert detection["odd_phrases_per_1000_words"] == pytest.approx(1000 / 15, abs=0.1)
    (largest,) = detection["largest_classes"]["by_attributes"]
    assert (largest["name"], largest["methods"], largest["attributes"]) == ("Counter", 2, 3)


def test_tokens_do_not_count_docstrings_and_comments(write: Write, figures: Figures) -> None:
    write("devtools/a.py", '"""Four words, no code."""\n\n# Why.\na = 1\nb = a + 1\n')
    (devtools,) = figures()["packages"]
    assert devtools["tokens_per_line"] == 4.0


def test_names_used_for_two_things(write: Write, figures: Figures) -> None:
    common = (
        "class Page:\n    def feed(self): ...\n\nBIN = 1\n\ndef read(): ...\n\ndef main(): ...\n"
    )
    write(f"{BRIDGE}/a.py", f"{common}\nclass Order:\n    def feed(self): ...\n")
    write(f"{BRIDGE}/web/b.py", f"{common}\ndef Order():\n    pass\n")
    write(f"{BRIDGE}/c.py", "class Single:\n    def feed(self): ...\n")
    names = figures()["packages"][0]["shared_names"]
    assert names["classes"] == {"Page": ["a", "web/b"]}
    assert names["functions"] == {"read": ["a", "web/b"]}
    assert names["constants"] == {"BIN": ["a", "web/b"]}
    assert names["mixed"] == {"Order": ["class in a", "function in web/b"]}
    assert names["methods"] == {"feed": ["Order", "Page", "Single"]}


def test_other_folders_are_measured_beside_ours(
    write: Write, figures: Figures, tmp_path: Path
) -> None:
    write("devtools/a.py", MODULE)
    other = write("elsewhere/theirs/b.py", MODULE).parent
    answer = figures("--compare", str(other))
    (compared,) = answer["compared"]
    assert compared["name"] == "theirs"
    assert compared["tokens_per_line"] == answer["packages"][0]["tokens_per_line"]


def test_table_for_a_person(write: Write, tmp_path: Path, capsys: Printed) -> None:
    write(f"{BRIDGE}/a.py", MODULE)
    write(f"{BRIDGE}/b.py", MODULE)
    assert main(["--root", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert f"limber_bridge     {2 * len(MODULE.splitlines())}" in printed
    assert "by attributes: Counter 3, Counter 3" in printed
    assert "    LIMIT (2): a, b" in printed
    assert printed.endswith("Style findings: 2 (phrase 2)\n")


def test_root_without_our_packages_is_refused(tmp_path: Path, capsys: Printed) -> None:
    assert main(["--root", str(tmp_path)]) == 2
    assert "give --root" in capsys.readouterr().err


def test_missing_path_is_refused(tmp_path: Path, capsys: Printed) -> None:
    with pytest.raises(SystemExit):
        main(["--compare", str(tmp_path / "none")])
    assert "no such file or folder" in capsys.readouterr().err
