"""Change single values of a YAML text and leave every other byte as it is. Pure.

The parser says where each node begins and ends, and only these characters are replaced. A library
that writes a document from its own model keeps comments, but changes the layout of other
lines, too (docs/adr/017-edit-the-text-of-the-configuration.md).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from limber_bridge.config.yaml_loader import Keys
from limber_bridge.config.yaml_text import (
    INDENT,
    Value,
    flow_text,
    is_scalar,
    item_lines,
    key_lines,
    nested,
    rendered,
)

END_OF_DOCUMENT: Final = re.compile(r"^(\.\.\.|---)(\s|$)")
ANCHOR_REMEDY: Final = (
    "it uses an anchor or an alias of YAML, which stands for several places at once; change this "
    "part by hand"
)

GONE_REMEDY: Final = "the entry is no longer there; load the page again"


class UneditableError(Exception):
    """A place of the text cannot be changed by a program; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping and its value, or an item of a list, with `key` None."""

    key: yaml.Node | None
    value: yaml.Node

    @property
    def begin(self) -> int:
        """Where it begins, without the dash of an item."""
        return int((self.value if self.key is None else self.key).start_mark.index)

    @property
    def end(self) -> int:
        """Where its content ends."""
        return content_end(self.value)


def content_end(node: yaml.Node) -> int:
    """Return where the content of a node ends, without the comments and blank lines behind it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        entries = entries_of(node)
        return entries[-1].end if entries else int(node.start_mark.index)
    return int(node.end_mark.index)


def entries_of(node: yaml.Node) -> list[Entry]:
    """Return the entries of a mapping or a list; UneditableError where one is an alias."""
    if isinstance(node, yaml.MappingNode):
        entries = [Entry(key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        entries = [Entry(None, value) for value in node.value]
    else:
        entries = []
    position = int(node.start_mark.index)
    for entry in entries:
        begins = [entry.begin, int(entry.value.start_mark.index)]
        # An alias has the place of its anchor, which lies before it.
        if min(begins) < position:
            raise UneditableError(ANCHOR_REMEDY)
        position = int(entry.value.start_mark.index)
    return entries


def set_value(text: str, keys: Keys, value: Value) -> str:
    """Return the text with a value at `keys`; missing levels are added at the end of the last."""
    *parents, last = keys
    node = root_of(text)
    for depth, key in enumerate(parents):
        found = find(node, key)
        if found is None or is_empty(found.value):
            return set_value(text, keys[: depth + 1], nested(keys[depth + 1 :], value))
        node = found.value
    entry = None if node is None else find(node, last)
    if entry is None:
        return add_entry(text, tuple(parents), Insertion(value, str(last)))
    if isinstance(entry.value, yaml.ScalarNode) and is_scalar(value):
        return replace_scalar(text, entry.value, rendered(value))
    return replace_entry(text, keys, Insertion(value, str(last)))


def append_item(text: str, keys: Keys, value: Value) -> str:
    """Return the text with an item added to the list at `keys`, which is made if it is missing."""
    node = find_node(text, keys)
    if node is None or is_empty(node):
        return set_value(text, keys, [value])
    return add_entry(text, keys, Insertion(value, None))


def remove(text: str, keys: Keys) -> str:
    """Return the text without the entry at `keys`, which must exist.

    Comments above the entry stay; those beside and inside of it go.
    """
    *parents, last = keys
    node = find_node(text, tuple(parents))
    entry = None if node is None else find(node, last)
    if node is None or entry is None:
        raise UneditableError(GONE_REMEDY)
    entries = entries_of(node)
    index = next(number for number, one in enumerate(entries) if one.begin == entry.begin)
    if len(entries) == 1:
        return emptied(text, tuple(parents), "[]" if entry.key is None else "{}")
    if is_flow(node):
        return without_flow_entry(text, entries, index)
    if index == 0 and entry.key is not None and not begins_line(text, entry.begin):
        return without_first_key(text, entries)
    begin = line_begin(text, entry.begin)
    return text[:begin] + text[entry_end(text, entry, column_of(node)) :]


@dataclass(frozen=True, slots=True)
class Insertion:
    """A value to write, with its key; None for an item of a list."""

    value: Value
    key: str | None

    def lines(self, column: int) -> list[str]:
        """Return it as lines of block style, indented by `column`."""
        if self.key is None:
            return item_lines(self.value, column)
        return key_lines(self.key, self.value, column)

    def flow(self) -> str:
        """Return it in flow style, on one line."""
        value = flow_text(self.value)
        return value if self.key is None else f"{rendered(self.key)}: {value}"


def add_entry(text: str, keys: Keys, insertion: Insertion) -> str:
    """Return the text with an entry added to the end of the collection at `keys`."""
    node = find_node(text, keys)
    if node is None or is_empty(node):
        if keys:
            raise UneditableError(GONE_REMEDY)
        return with_lines(text, document_end(text), insertion.lines(0))
    entries = entries_of(node)
    if not entries:
        return filled(text, keys, node, insertion)
    if is_flow(node):
        end = entries[-1].end
        return f"{text[:end]}, {insertion.flow()}{text[end:]}"
    column = column_of(node)
    end = entry_end(text, entries[-1], column)
    return with_lines(text, end, insertion.lines(column))


def filled(text: str, keys: Keys, node: yaml.Node, insertion: Insertion) -> str:
    """Return the text with a first entry in an empty collection, on lines of its own if it can."""
    parent = find_node(text, keys[:-1])
    owner = find(parent, keys[-1]) if keys else None
    if owner is None or owner.key is None or is_flow(parent):
        inside = insertion.flow()
        flow = f"[{inside}]" if insertion.key is None else f"{{{inside}}}"
        return text[: int(node.start_mark.index)] + flow + text[content_end(node) :]
    colon = text.index(":", int(owner.key.end_mark.index)) + 1
    text = text[:colon] + text[content_end(node) :]
    column = int(owner.key.start_mark.column) + INDENT
    return with_lines(text, line_end(text, colon), insertion.lines(column))


def replace_entry(text: str, keys: Keys, insertion: Insertion) -> str:
    """Return the text with the value of a key replaced, where one of both is a collection."""
    *parents, last = keys
    node = find_node(text, tuple(parents))
    entry = None if node is None else find(node, last)
    if node is None or entry is None or entry.key is None:
        raise UneditableError(GONE_REMEDY)
    if is_flow(node):
        return text[: entry.begin] + insertion.flow() + text[entry.end :]
    column = column_of(node)
    first, *rest = insertion.lines(column)
    begin = text[: entry.begin] + first[column:] + newline_of(text)
    after = text[entry_end(text, entry, column) :]
    return with_lines(begin, len(begin), rest) + after


def replace_scalar(text: str, node: yaml.Node, value: str) -> str:
    """Return the text with another scalar in the place of one, in the same quotes if possible."""
    begin = int(node.start_mark.index)
    end = int(node.end_mark.index)
    if begin == end:
        # Nothing is written behind the colon.
        return f"{text[:begin]} {value}{text[end:]}"
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return f"{text[:begin]}{value}{newline_of(text)}{text[end:]}"
    return text[:begin] + value + text[end:]


def emptied(text: str, keys: Keys, flow: str) -> str:
    """Return the text with the collection at `keys`, which has one entry, replaced by an empty one.

    Comments between its key and the entry stay.
    """
    node = find_node(text, keys)
    if node is None:
        raise UneditableError(GONE_REMEDY)
    begin = int(node.start_mark.index)
    if is_flow(node):
        return text[:begin] + flow + text[content_end(node) :]
    entry = entries_of(node)[0]
    end = entry_end(text, entry, column_of(node))
    owner = find(find_node(text, keys[:-1]), keys[-1]) if keys else None
    if owner is None or owner.key is None:
        # The document itself, or an item of a list.
        return f"{text[:begin]}{flow}{newline_of(text)}{text[end:]}"
    colon = text.index(":", int(owner.key.end_mark.index)) + 1
    return f"{text[:colon]} {flow}{text[colon : line_begin(text, begin)]}{text[end:]}"


def without_flow_entry(text: str, entries: Sequence[Entry], index: int) -> str:
    """Return the text without one of several entries in flow style."""
    if index + 1 < len(entries):
        return text[: entries[index].begin] + text[entries[index + 1].begin :]
    return text[: entries[index - 1].end] + text[entries[index].end :]


def without_first_key(text: str, entries: Sequence[Entry]) -> str:
    """Return the text without the first key of an item, which stands behind the dash."""
    first, second, *_ = entries
    begin = line_begin(text, second.begin)
    end = line_end(text, second.end)
    moved = text[second.begin : end]
    after_first = line_end(text, first.end)
    return text[: first.begin] + moved + text[after_first:begin] + text[end:]


# --- Places in the text ---


def root_of(text: str) -> yaml.Node | None:
    """Return the node of the document; None if it is empty."""
    loader = yaml.SafeLoader(text)
    try:
        return loader.get_single_node()
    except yaml.YAMLError as error:
        raise UneditableError("the text is not valid YAML; correct it by hand") from error
    finally:
        loader.dispose()


def find_node(text: str, keys: Keys) -> yaml.Node | None:
    """Return the node at `keys`; None where there is none."""
    node = root_of(text)
    for key in keys:
        entry = None if node is None else find(node, key)
        if entry is None:
            return None
        node = entry.value
    return node


def find(node: yaml.Node | None, key: object) -> Entry | None:
    """Return the entry of a mapping or a list; None where there is none."""
    if node is None:
        return None
    for index, entry in enumerate(entries_of(node)):
        if entry.key is None and index == key:
            return entry
        if isinstance(entry.key, yaml.ScalarNode) and entry.key.value == key:
            return entry
    return None


def is_empty(node: yaml.Node) -> bool:
    """Return whether a node is a value that was left out."""
    return isinstance(node, yaml.ScalarNode) and node.start_mark.index == node.end_mark.index


def is_flow(node: yaml.Node | None) -> bool:
    """Return whether a node is a collection in braces or brackets."""
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)


def column_of(node: yaml.Node) -> int:
    """Return the column of the keys or the dashes of a collection in block style."""
    return int(node.start_mark.column)


def begins_line(text: str, index: int) -> bool:
    """Return whether only spaces stand before a place in its line."""
    return not text[line_begin(text, index) : index].strip()


def line_begin(text: str, index: int) -> int:
    """Return where the line of a place begins."""
    return text.rfind("\n", 0, index) + 1


def line_end(text: str, index: int) -> int:
    """Return where the line after that of a place begins."""
    if index > 0 and text[index - 1] == "\n":
        # The text of a block scalar ends with its line.
        return index
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def entry_end(text: str, entry: Entry, column: int) -> int:
    """Return where an entry ends: behind the comments that are indented further than it begins."""
    end = line_end(text, entry.end)
    while True:
        following = line_end(text, end + 1) if end < len(text) else end
        line = text[end:following]
        stripped = line.lstrip(" ")
        if following == end or not stripped.startswith("#") or len(line) - len(stripped) <= column:
            return end
        end = following


def document_end(text: str) -> int:
    """Return where the content of a document without nodes ends."""
    position = 0
    for line in text.splitlines(keepends=True):
        if position and END_OF_DOCUMENT.match(line):
            return position
        position += len(line)
    return position


def newline_of(text: str) -> str:
    """Return how the lines of a text end."""
    return "\r\n" if "\r\n" in text else "\n"


def with_lines(text: str, index: int, lines: Sequence[str]) -> str:
    """Return the text with lines inserted where a line begins, or at the end."""
    newline = newline_of(text)
    before = text[:index]
    if before and not before.endswith("\n"):
        before += newline
    return before + "".join(line + newline for line in lines) + text[index:]
