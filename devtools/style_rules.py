"""Find what the style rules forbid: phrases, packed assignments, `fmt: skip`, citations of nothing.

A line is exempt with a comment `style: allow: REASON` on it; on the last line of a docstring it
exempts the whole docstring. The reason is required.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Final, override

from devtools.style_prose import (
    Prose,
    PythonSource,
    comment_prose,
    docstring_prose,
    json_prose,
    last_line,
    message_prose,
    plain_prose,
    read_python,
    yaml_prose,
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that must not come back."""

    pattern: str
    """A regular expression between word boundaries; a space in it stands for any white space.
    Case is ignored, except inside `(?-i:...)`."""
    instead: str
    """What to write instead."""


PHRASES: Final = (
    # Words that technical English does not use.
    Phrase(r"anew", 'write "again", "new" or "from the start"'),
    Phrase(r"mend(?:s|ed|ing)?", 'write "repair" or "fix"; for an error message "remedy"'),
    Phrase(r"somewhen", 'write "at some time", or the time'),
    Phrase(r"likewise", 'write "also" or "in the same way"'),
    Phrase(r"ailments?", 'write "fault": disk fault, sensor fault'),
    Phrase(r"somebody(?:'s)?", "name the person: the sleeper, the user, another client"),
    Phrase(r"nobody(?:'s)?", 'name the person ("no user"), or write what does not happen'),
    Phrase(r"whom(?:ever)?", 'begin a new sentence, or write "who" or "the sleeper that"'),
    Phrase(r"whoever", 'write "anyone who", "a user who" or "if you"'),
    Phrase(r"told", 'write "reported", "published", "sent" or "notified"'),
    Phrase(r"tells", 'write "reports", "shows", "says" or "distinguishes"'),
    # Sentences that read like a translation.
    Phrase(r"so many", "give the number, or name the parameter that holds it"),
    Phrase(r"(?<!there\s)(?:is|are|was|were) (?-i:none)(?! of)", 'write "is not one"'),
    Phrase(r"of ours", 'write "our ...", or name it: Limber, the bridge'),
    Phrase(r"that which", 'write "what" or "the one that"'),
    Phrase(r"from (?:which|what|when|where) on", 'write "from", "above which" or "after which"'),
    Phrase(r"as it (?:is|was) written", 'write "verbatim" or "unchanged"'),
    Phrase(r"as it was before", 'write "the previous ..."'),
    Phrase(
        r"rest(?:s|ed)? on(?! (?:(?:the|a|an|its|one|your|their|his|her) )?"
        r"(?:bed|mattress|side|ankles?|legs?|foot|feet|floor|table|calf|calves|back|sheet|pillow)\b)",
        'write "is based on" or "depends on"',
    ),
    Phrase(r"not measured (?:was|were)", 'write "... was not recorded"'),
    Phrase(r"usual for you", 'write "your average is ..."'),
    Phrase(r"per hour of it", 'write "per hour of sleep", or "/h" after the number'),
    Phrase(r"last without the broker", 'write "last disconnect"'),
    Phrase(r"lets? (?:few|many) (?:in|out)", "name the limit: connection count, duration"),
    Phrase(r"what ends (?:that|it)", 'write "stops ..." or "unsubscribes ..."'),
    # Metaphors.
    Phrase(r"the house", "name it: repository layout, devtools, the home"),
    Phrase(r"\w+'s words? for", 'write "the value ... of field ..." or "the name of"'),
    Phrase(r"(?:no|with no|without a|not a|worth a) word", 'write "without a message"'),
    Phrase(
        r"(?:earlier|previous|former|last|another|one|this|next|new) li(?:fe|ves)",
        'write "run" or "process": the previous run',
    ),
    Phrase(
        r"(?:the|its|their|this|that|these|those|two|one|every) laws?(?! of large)",
        'write "invariant" or "rule"',
    ),
    Phrase(r"(?:front|back|one|its|second) doors?", 'write "interface" or "server"'),
    Phrase(r"in (?:little|so much|no) room", 'write "memory" or "disk space"'),
    Phrase(r"shel(?:f|ves)", 'write "store"'),
    Phrase(r"desks?", 'write "router"'),
    # Sources that a reader of this repository does not have.
    Phrase(r"science references?", "cite the paper, or docs/science.md#anchor"),
    Phrase(r"reference,? (?:section )?\d+\.\d+", "cite the paper, or docs/science.md#anchor"),
    Phrase(r"contracts?,? sections?", "cite docs/protocol.md with an anchor"),
    Phrase(r"(?-i:\[D\])", 'write "chosen: " and why'),
    # Names that no longer exist.
    Phrase(r"script/house|python -m house|house\.\w+\.py", "the package is devtools"),
    Phrase(r"tests/home", "the folder is tests/e2e"),
    Phrase(r"night_ends_at", "the key is night_boundary"),
    Phrase(r"answer/<client>", "the topic is response/<client>"),
)
"""Every phrase with its plain alternative. A pattern must spare correct English."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One breach of a rule."""

    path: Path
    line: int
    rule: str
    """`phrase`, `fmt-skip`, `packed-assignment`, `citation`, `marker`."""
    found: str
    instead: str

    @override
    def __str__(self) -> str:
        """Return the line that `script/style --check` prints."""
        return f"{self.path}:{self.line}: {self.found}: {self.instead}"


type Reader = Callable[[str], Iterator[Prose]]

TEXT_FILES: Final[tuple[tuple[str, Reader], ...]] = (
    ("*.md", plain_prose),
    ("*.yaml", yaml_prose),
    ("*.yml", yaml_prose),
    ("*.toml", plain_prose),
    ("*.service", plain_prose),
    ("script/*", plain_prose),
    ("*/translations/en.json", json_prose),
    ("*/strings.json", json_prose),
)
"""Files other than Python that are read, and how. Paths are relative to the root."""
NOT_OURS: Final = ("CHANGELOG.md", "*/CHANGELOG.md", "LICENSE*", "*/LICENSE*", "tests/data/*")
"""History, licences and data of others."""
SKIPPED_FOLDERS: Final = frozenset({"__pycache__", "build", "dist", "node_modules"})
PRODUCT: Final = ("bridge/*", "custom_components/*")
"""Where strings in the code are messages that users read; elsewhere they are mostly test data."""

ALLOWED: Final = re.compile(r"(?:#|<!--)\s*style: allow\b[\s:]*(?P<reason>.*?)\s*(?:-->|$)")
PATTERNS: Final = tuple(
    (
        re.compile(rf"(?<![\w-])(?:{row.pattern.replace(' ', r'\s+')})(?!\w)", re.IGNORECASE),
        row.instead,
    )
    for row in PHRASES
)
FORMATTER_OFF: Final = re.compile(r"#\s*fmt:\s*(?P<what>skip|off)\b")
SECTION: Final = re.compile(
    r"(?:(?P<file>(?:[\w-]+/)*[\w-]+\.md)[`)]*,?\s+)?\bsections?\s+(?P<number>\d+(?:\.\d+)*)"
    r"(?:\s+of\s+(?:(?P<after>(?:[\w-]+/)*[\w-]+\.md)|(?:the\s+)?\S+(?:\s+\S+)?))?",
    re.IGNORECASE,
)
"""A citation by the number of a section, with the document before or after it."""
STANDARD: Final = re.compile(
    r"RFC|ISO|IEC|IEEE|AASM|WASM|MQTT|EDF|Bluetooth"
    r"|specification|standard|manual|paper|et al|\b(?:19|20)\d\d\b"
)
"""Documents outside this repository; a year stands for a paper."""
BEFORE: Final = 80
"""Characters before a section's number in which its document may be named. chosen: one line."""
ANCHOR: Final = re.compile(r"(?P<file>(?:[\w.-]+/)*[\w-]+\.md)?#(?P<anchor>[a-z][\w-]+)")
LINK: Final = re.compile(rf"\]\({ANCHOR.pattern}\)")
TABLE_NODES: Final = (ast.Dict, ast.List, ast.Set, ast.Tuple)


def check_tree(root: Path) -> list[Finding]:
    """Return every finding in the files below `root`, in order of path and line."""
    return sorted(finding for path in files_below(root) for finding in check_file(path, root))


def files_below(root: Path) -> Iterator[Path]:
    """Return the files that may be read: not those of hidden folders, `.github` apart."""
    for folder, folders, files in root.walk():
        hidden = {name for name in folders if name.startswith(".")} - {".github"}
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS | hidden]
        yield from (folder / name for name in files)


def check_file(path: Path, root: Path) -> Iterator[Finding]:
    """Return the findings in one file; nothing for a kind of file that is not read."""
    name = path.relative_to(root).as_posix()
    if matches(name, NOT_OURS):
        return
    if path.suffix == ".py":
        source = read_python(path)
        found = [*check_code(source), *check_prose(python_prose(source, name), path, root)]
        yield from without_allowed(found, markers_of_python(source), Path(name))
        return
    for pattern, reader in TEXT_FILES:
        if fnmatch(name, pattern):
            text = path.read_text(encoding="utf-8")
            found = [*check_prose(reader(text), path, root)]
            yield from without_allowed(found, markers_of_text(text), Path(name))
            return


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Say whether a path relative to the root matches one of the patterns."""
    return any(fnmatch(name, pattern) for pattern in patterns)


def python_prose(source: PythonSource, name: str) -> Iterator[Prose]:
    """Return the English of a Python file: in the product the messages too."""
    yield from docstring_prose(source)
    yield from comment_prose(source)
    if matches(name, PRODUCT):
        yield from message_prose(source)


# Exemptions.


def markers_in(lines: Iterable[tuple[int, str]]) -> dict[int, str]:
    """Return the reason of each marker in numbered lines, empty without one."""
    found = ((number, ALLOWED.search(line)) for number, line in lines)
    return {number: match["reason"] for number, match in found if match}


def markers_of_text(text: str) -> dict[int, str]:
    """Return the reasons of the markers in a text, by line; without a reason an empty one."""
    return markers_in(enumerate(text.splitlines(), 1))


def markers_of_python(source: PythonSource) -> dict[int, str]:
    """Return the reasons of the markers in a Python file, by each line that they exempt."""
    markers = markers_in((token.start[0], token.string) for token in source.comments)
    for node in source.docstrings:
        if (reason := markers.get(last_line(node))) is not None:
            markers |= dict.fromkeys(range(node.lineno, last_line(node)), reason)
    return markers


def without_allowed(
    found: Iterable[Finding],
    markers: dict[int, str],
    name: Path,
) -> Iterator[Finding]:
    """Return the findings that no marker exempts, and the markers without a reason."""
    for finding in found:
        if not markers.get(finding.line):
            yield replace(finding, path=name)
    for line, reason in markers.items():
        if not reason:
            yield Finding(name, line, "marker", "style: allow", "add the reason after a colon")


# Phrases and citations.


def check_prose(prose: Iterable[Prose], path: Path, root: Path) -> Iterator[Finding]:
    """Return the forbidden phrases and the citations of nothing."""
    for one in prose:
        for pattern, instead in PATTERNS:
            for match in pattern.finditer(one.text):
                found = " ".join(match[0].split())
                yield Finding(path, one.line_of(match.start()), "phrase", found, instead)
        yield from check_sections(one, path, root)
        yield from check_anchors(one, path, root)


def check_sections(prose: Prose, path: Path, root: Path) -> Iterator[Finding]:
    """Return the citations of a section whose document is not named or has no such section."""
    for match in SECTION.finditer(prose.text):
        document = path if path.suffix == ".md" else None
        if named := match["file"] or match["after"]:
            document = document_at(named, path, root)
        elif STANDARD.search(prose.text[max(0, match.start() - BEFORE) : match.end()]):
            continue
        if document is None:
            instead = "name a document that exists, best by anchor: docs/science.md#anchor"
        elif f"§{match['number']}" in anchors_of(document):
            continue
        else:
            instead = f"{document.name} has no heading with this number"
        cited = " ".join(match[0].split())
        yield Finding(path, prose.line_of(match.start()), "citation", cited, instead)


def check_anchors(prose: Prose, path: Path, root: Path) -> Iterator[Finding]:
    """Return the anchors that their document does not have."""
    # In Markdown only links count: `#name` alone may be a colour, a channel, a comment.
    markdown = path.suffix == ".md"
    for match in (LINK if markdown else ANCHOR).finditer(prose.text):
        if not match["file"] and not markdown:
            continue
        document = document_at(match["file"], path, root) if match["file"] else path
        line = prose.line_of(match.start())
        cited = f"{match['file'] or ''}#{match['anchor']}"
        if document is None:
            yield Finding(path, line, "citation", cited, "name a document that exists")
        elif match["anchor"] not in anchors_of(document):
            yield Finding(path, line, "citation", cited, f"{document.name} has no such anchor")


def document_at(name: str, path: Path, root: Path) -> Path | None:
    """Return the document that a file cites: beside itself, from the root or in docs."""
    candidates = (path.parent / name, root / name, root / "docs" / name)
    return next((one for one in candidates if one.is_file()), None)


def anchors_of(document: Path) -> frozenset[str]:
    """Return the anchors of a Markdown file."""
    return anchors_in(document.read_text(encoding="utf-8"))


@cache
def anchors_in(text: str) -> frozenset[str]:
    """Return the anchors that GitHub gives a Markdown text, and its section numbers after `§`."""
    found = set(re.findall(r"<a (?:id|name)=\"([\w-]+)\"", text))
    for heading in re.findall(r"^#+\s+(.+?)\s*$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        repeated = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", one) is not None for one in found)
        found.add(f"{slug}-{repeated}" if slug in found else slug)
        if number := re.match(r"(\d+(?:\.\d+)*)\b", heading):
            found.add(f"§{number[1]}")
    return frozenset(found)


# Code.


def check_code(source: PythonSource) -> Iterator[Finding]:
    """Return the `fmt: skip` outside of data tables and the packed assignments."""
    yield from check_formatter(source)
    for node in source.nodes:
        if isinstance(node, ast.Assign) and is_packed(node):
            found = f"{ast.unparse(node.targets[0]).strip('()')} = ..."
            instead = "write one assignment a line"
            yield Finding(source.path, node.lineno, "packed-assignment", found, instead)


def check_formatter(source: PythonSource) -> Iterator[Finding]:
    """Return the comments that switch the formatter off outside of a table at module level."""
    tables = [node for node in source.tree.body if is_table(node)]
    for token in source.comments:
        match = FORMATTER_OFF.search(token.string)
        if match is None:
            continue
        line = token.start[0]
        if match["what"] == "off":
            # The comment stands above the table, apart from other comments.
            following = [node for node in source.tree.body if node.lineno > line]
            allowed = bool(following) and is_table(following[0])
        else:
            allowed = any(node.lineno <= line <= last_line(node) for node in tables)
        if not allowed:
            instead = "let the formatter lay it out, or make it a data table at module level"
            yield Finding(source.path, line, "fmt-skip", match[0], instead)


def is_table(node: ast.stmt) -> bool:
    """Say whether a statement gives a name to a data table: a literal, or a call that wraps one."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return False
    values = [node.value]
    while values:
        value = values.pop()
        if isinstance(value, TABLE_NODES):
            return True
        if isinstance(value, ast.Call):
            values.extend(value.args)
        elif isinstance(value, ast.BinOp):
            values.extend((value.left, value.right))
    return False


def is_packed(node: ast.Assign) -> bool:
    """Say whether `a, b = x, y` only saves a line: no value mentions a target, as a swap would."""
    value = node.value
    if not isinstance(value, ast.Tuple | ast.List):
        return False
    if any(isinstance(element, ast.Starred) for element in value.elts):
        return False
    mentioned = {ast.unparse(part) for part in ast.walk(value) if isinstance(part, ast.expr)}
    return any(
        isinstance(target, ast.Tuple | ast.List)
        and len(target.elts) > 1
        and mentioned.isdisjoint(ast.unparse(part) for part in target.elts)
        for target in node.targets
    )
