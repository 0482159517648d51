"""Find the English in a file: docstrings, comments, messages and documentation, each with its line.

`devtools.style_figures` counts the words of it, `devtools.style_rules` searches it.
"""

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal, TypeIs

type Kind = Literal["docstring", "comment", "message", "text"]

PRAGMA: Final = re.compile(r"#\s*(?:fmt:|noqa|type:|ruff:|pragma:|style:|pyright:|mypy:|isort:)")
"""A comment that a tool reads: no comment for the figures."""
JINJA: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
"""A Jinja expression or statement."""
JSON_TEXT: Final = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"(?P<colon>\s*:)?')
"""A string in JSON; one with a colon behind it is a key."""


@dataclass(frozen=True, slots=True)
class Prose:
    """A stretch of English as it stands in a file, line breaks included."""

    kind: Kind
    text: str
    line: int
    """Line of the file in which the text begins, counted from 1."""
    end_line: int

    def line_of(self, offset: int) -> int:
        """Return the line of the file on which the character at `offset` of the text stands."""
        return min(self.line + self.text.count("\n", 0, offset), self.end_line)


@dataclass(frozen=True)
class PythonSource:
    """A parsed Python file. Raises `SyntaxError` at the first use if it is no Python."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of the file."""
        return ast.parse(self.text, str(self.path))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def tokens(self) -> list[tokenize.TokenInfo]:
        """All tokens of the file, comments included."""
        return list(tokenize.generate_tokens(io.StringIO(self.text).readline))

    @cached_property
    def comments(self) -> list[tokenize.TokenInfo]:
        """All comments of the file, those for tools included."""
        return [token for token in self.tokens if token.type == tokenize.COMMENT]

    @cached_property
    def docstrings(self) -> list[ast.Constant]:
        """Strings that stand as a statement: docstrings, also of attributes and constants."""
        values = [node.value for node in self.nodes if isinstance(node, ast.Expr)]
        return [node for node in values if is_text(node)]

    @cached_property
    def docstring_lines(self) -> frozenset[int]:
        """Numbers of the lines that docstrings take."""
        taken: set[int] = set()
        for node in self.docstrings:
            taken.update(range(node.lineno, last_line(node) + 1))
        return frozenset(taken)


def read_python(path: Path) -> PythonSource:
    """Return the Python file at `path`."""
    return python_source(path, path.read_text(encoding="utf-8"))


@cache
def python_source(path: Path, text: str) -> PythonSource:
    """Return a Python file, parsed once for the figures and the rules."""
    return PythonSource(path, text)


def is_text(node: ast.AST) -> TypeIs[ast.Constant]:
    """Say whether a node is a string literal without values in it."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def last_line(node: ast.expr | ast.stmt) -> int:
    """Return the number of the last line of a node."""
    return node.lineno if node.end_lineno is None else node.end_lineno


def docstring_prose(source: PythonSource) -> Iterator[Prose]:
    """Return the docstrings of a Python file."""
    for node in source.docstrings:
        yield Prose("docstring", str(node.value), node.lineno, last_line(node))


def comment_prose(source: PythonSource) -> Iterator[Prose]:
    """Return the comments of a Python file: a block of comment lines at one indent is one text."""
    block: list[tokenize.TokenInfo] = []
    for token in source.comments:
        if PRAGMA.match(token.string):
            continue
        if block and token.start != (block[-1].start[0] + 1, block[-1].start[1]):
            yield joined_comment(block)
            block = []
        block.append(token)
    if block:
        yield joined_comment(block)


def joined_comment(block: list[tokenize.TokenInfo]) -> Prose:
    """Return the lines of a comment as one text."""
    text = "\n".join(token.string.lstrip("#! ") for token in block)
    return Prose("comment", text, block[0].start[0], block[-1].start[0])


def message_prose(source: PythonSource) -> Iterator[Prose]:
    """Return the strings with a space in them that are not docstrings: log lines, errors, help."""
    docstrings = {id(node) for node in source.docstrings}
    for node in source.nodes:
        if is_text(node) and id(node) not in docstrings and " " in str(node.value).strip():
            yield Prose("message", str(node.value), node.lineno, last_line(node))


def plain_prose(text: str) -> Iterator[Prose]:
    """Return the whole of a text file: Markdown, YAML, a shell script."""
    yield Prose("text", text, 1, max(1, len(text.splitlines())))


def yaml_prose(text: str) -> Iterator[Prose]:
    """Return a YAML file without its Jinja templates, which are code."""
    return plain_prose(JINJA.sub(lambda found: "\n" * found[0].count("\n"), text))


def json_prose(text: str) -> Iterator[Prose]:
    """Return the values that are text in a JSON file, also several on one line."""
    for number, line in enumerate(text.splitlines(), 1):
        for match in JSON_TEXT.finditer(line):
            if match["colon"]:
                continue
            yield Prose("text", json.loads(f'"{match["text"]}"'), number, number)
