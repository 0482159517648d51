"""Load a YAML file and remember the line of every key, so that errors can name it."""

import codecs
import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import voluptuous as vol
import yaml

from limber_bridge.domain.validators import ExternalValue

type Keys = tuple[Hashable, ...]
"""A place in a document: the keys and list indexes that lead to it."""

INDENTATION_REMEDY: Final = (
    "check the indentation of this line and of those above it: keys of one section start in the "
    "same column"
)
QUOTED_VALUE_REMEDY: Final = "put the value in quotes if this character belongs to it"
REMEDIES: Final = {
    "mapping values are not allowed here": (
        f"{INDENTATION_REMEDY}, and each key is followed by a colon and a space"
    ),
    "expected <block end>": INDENTATION_REMEDY,
    "could not find expected ':'": (
        "each key is followed by a colon and a space: check this line and the one above"
    ),
    "found character '\\t'": "indent with spaces, not with tabs",
    "found character": QUOTED_VALUE_REMEDY,
    "found unexpected end of stream": "add the closing quote of a text that was opened before",
}
"""What to do about an error of the YAML parser, by how its message starts."""
MESSAGES_WITHOUT_VALUES: Final = {
    "could not determine a constructor for the tag": (
        "a value that starts with `!` is a tag in YAML, and this tag is not known; write "
        f"`!env_var NAME` or `!file PATH`, or {QUOTED_VALUE_REMEDY}"
    ),
    "found undefined tag handle": (
        f"a value that starts with `!` is a tag in YAML; {QUOTED_VALUE_REMEDY}"
    ),
    "found undefined alias": (
        f"a value that starts with `*` is an alias in YAML; {QUOTED_VALUE_REMEDY}"
    ),
    "found duplicate anchor": (
        f"a value that starts with `&` is an anchor in YAML; {QUOTED_VALUE_REMEDY}"
    ),
    "expected alphabetic or numeric character": (
        "a value that starts with `*`, `&` or `!` has a meaning of its own in YAML; "
        f"{QUOTED_VALUE_REMEDY}"
    ),
    "expected ',' or ']'": (
        "a list that starts with `[` needs a comma between its entries and `]` at its end; "
        f"{QUOTED_VALUE_REMEDY}"
    ),
    "expected ',' or '}'": (
        "keys that start with `{` need a comma between them and `}` at their end; "
        f"{QUOTED_VALUE_REMEDY}"
    ),
    "expected the node content": (
        f"a value is missing or starts with a character of YAML's own; {QUOTED_VALUE_REMEDY}"
    ),
    "expected URI": (f"a value that starts with `!` is a tag in YAML; {QUOTED_VALUE_REMEDY}"),
}
"""What replaces a message of the YAML parser, by how it starts: one that quotes a value, or names
the parts of the parser.

The value may be a password: a password that starts with `*` or `!` is a common mistake.
"""
KEY_SHOWN_MAX: Final = 40
"""Characters of an unknown key that an error shows; chosen: longer than every known key."""


class ConfigError(Exception):
    """The configuration cannot be used; the text has one line for each error."""

    def __init__(self, lines: Sequence[str]) -> None:
        """Store the lines."""
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class MissingValue:
    """Placeholder for a value from outside the file that is not available."""

    remedy: str


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A YAML file: its data, and the line of each key."""

    path: Path
    data: Any
    lines: Mapping[Keys, int]
    external_files: tuple[Path, ...] = ()
    """Files that `!file` names."""

    def value_at(self, keys: Sequence[Any]) -> Any:  # noqa: ANN401 - a value of any type
        """Return the value at `keys`; None if there is none."""
        value = self.data
        for key in _plain_keys(keys):
            try:
                value = value[key]
            except LookupError, TypeError:
                return None
        return value

    def error_line(self, keys: Sequence[Any], message: str) -> str:
        """Return an error with the file, the line and the key in front of it.

        The line of a missing key is that of the nearest key around it.
        """
        place = _plain_keys(keys)
        nearest = next(
            place[:length] for length in range(len(place), -1, -1) if place[:length] in self.lines
        )
        return f"{self.path}:{self.lines[nearest]}: {_dotted(place)}{message}"


def _plain_keys(keys: Sequence[Any]) -> Keys:
    """Return keys with voluptuous's markers (`Required`, ...) replaced by their keys."""
    return tuple(key.schema if isinstance(key, vol.Marker) else key for key in keys)


def _dotted(keys: Keys) -> str:
    """Return keys as `sleepers[1].name: `; an empty text for the whole file."""
    text = "".join(
        f"[{key + 1}]" if isinstance(key, int) else f".{shown_key(key)}" for key in keys
    ).removeprefix(".")
    return f"{text}: " if text else ""


def shown_key(key: Hashable) -> str:
    """Return a key as an error may show it: without a value that was written into it.

    `{password:secret}` without a space after the colon is one key.
    """
    name, separator, _ = str(key).partition(":")
    shown = name[:KEY_SHOWN_MAX]
    return f"{shown}…" if separator or shown != name else shown


def load_yaml(
    path: Path, *, allow_missing_values: bool = False, text: str | None = None
) -> YamlDocument:
    """Load a YAML file; ConfigError if it cannot be read or is not YAML.

    `text` is what the file is to contain, before it is written; None: what it contains. With
    `allow_missing_values`, an environment variable that is not set or a file that cannot be read
    becomes a `MissingValue` instead of an error.
    """
    if text is None:
        text = _read_text(path)
    try:
        return _parse(path, text, allow_missing_values=allow_missing_values)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([f"{path}:{line}: {_with_remedy(str(error.problem))}"]) from error
    except yaml.reader.ReaderError as error:
        problem = f"character {error.character!r} at position {error.position} is not allowed"
        if error.character in (0, "\0"):
            problem += "; save the file as UTF-8"
        raise ConfigError([f"{path}:1: not a valid YAML file: {problem}"]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # The text of these errors may contain a value, which may be a password.
        problem = "a value does not fit the tag before it, or values are nested too deeply"
        raise ConfigError([f"{path}:1: not a valid YAML file: {problem}"]) from error


def _read_text(path: Path) -> str:
    """Return the text of a file; ConfigError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = _remedy_of_unreadable(error)
        raise ConfigError([f"{path}: cannot be read ({_reason(error)}); {remedy}"]) from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # Every second byte of such a file is 0, also where it is plain ASCII.
        line = 1 if b"\0" in data else data.count(b"\n", 0, error.start) + 1
        problem = f"not UTF-8 text but {_likely_encoding(data)}"
        raise ConfigError([f"{path}:{line}: {problem}; save the file as UTF-8"]) from error


def _likely_encoding(data: bytes) -> str:
    """Return the encoding that a file seems to have, which is not UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data:
        return "UTF-16"
    return "an older encoding such as Latin-1"


def _remedy_of_unreadable(error: OSError) -> str:
    """Return what to do about a file that cannot be read."""
    match error:
        case PermissionError():
            return "give this user read permission for the file and its folder (chown, chmod)"
        case IsADirectoryError():
            return "this is a folder; name the file in it with --config"
        case FileNotFoundError() | NotADirectoryError():
            return "create it, or name another file with --config"
        case _:
            return "look at the kernel log (dmesg), then try again"


def _reason(error: OSError | UnicodeDecodeError) -> str:
    """Return why a file cannot be read, without its path."""
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    return error.strerror or str(error)


def _with_remedy(problem: str) -> str:
    """Return the message of the YAML parser, followed by a remedy if one is known.

    Values of the file are left out.
    """
    for start, message in MESSAGES_WITHOUT_VALUES.items():
        if problem.startswith(start):
            return message
    remedy = next((text for start, text in REMEDIES.items() if problem.startswith(start)), None)
    return problem if remedy is None else f"{problem}; {remedy}"


class _Loader(yaml.SafeLoader):
    """YAML with `!env_var NAME` and `!file PATH`."""

    folder = Path()
    """Paths of `!file` are relative to it."""
    external_files: list[Path]
    allow_missing_values = False

    def missing_value(self, node: yaml.ScalarNode, remedy: str) -> MissingValue:
        """Return a placeholder, or raise the error if missing values are not allowed."""
        if self.allow_missing_values:
            return MissingValue(remedy)
        raise yaml.constructor.ConstructorError(problem=remedy, problem_mark=node.start_mark)


def _load_env_var(loader: _Loader, node: yaml.ScalarNode) -> ExternalValue | MissingValue:
    name, _, default = str(loader.construct_scalar(node)).partition(" ")
    value = os.environ.get(name, default or None)
    if value is None:
        return loader.missing_value(
            node, f"set the environment variable {name}, or write `!env_var {name} DEFAULT`"
        )
    return ExternalValue(value)


def _load_file(loader: _Loader, node: yaml.ScalarNode) -> ExternalValue | MissingValue:
    path = loader.folder / str(loader.construct_scalar(node))
    loader.external_files.append(path)
    try:
        return ExternalValue(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        return loader.missing_value(
            node,
            f"cannot read {path} ({_reason(error)}); "
            "correct the path or allow the bridge to read it",
        )


_Loader.add_constructor("!env_var", _load_env_var)
_Loader.add_constructor("!file", _load_file)


def _parse(path: Path, text: str, *, allow_missing_values: bool) -> YamlDocument:
    """Parse a document; yaml.YAMLError, ValueError or RecursionError if that is impossible."""
    loader = _Loader(text)
    loader.folder = path.parent
    loader.external_files = []
    loader.allow_missing_values = allow_missing_values
    try:
        node = loader.get_single_node()
        lines = {(): 1} | dict(_key_lines(node, ()))
        data = loader.construct_document(node) if node else None
        return YamlDocument(path, data, lines, tuple(loader.external_files))
    finally:
        loader.dispose()


def _key_lines(node: yaml.Node | None, keys: Keys) -> Iterator[tuple[Keys, int]]:
    """Yield the line of every key and list entry in a node; ConstructorError for a repeated key.

    YAML itself silently keeps the last of several equal keys.
    """
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    problem="write a word as a key", problem_mark=key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key `{shown_key(key.value)}` appears twice; remove one",
                    problem_mark=key.start_mark,
                )
            seen.add(key.value)
            yield (*keys, key.value), key.start_mark.line + 1
            yield from _key_lines(value, (*keys, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*keys, index), value.start_mark.line + 1
            yield from _key_lines(value, (*keys, index))
