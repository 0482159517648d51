"""A YAML file whose every key knows its line, so that an error can name the place."""

import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import voluptuous as vol
import yaml

from limber_bridge.domain.validators import ExternalValue

type Keys = tuple[Hashable, ...]
"""Where something stands: the keys and list indexes that lead to it."""


class ConfigError(Exception):
    """The configuration cannot be used; one line for each error."""

    def __init__(self, lines: Sequence[str]) -> None:
        """Note the lines."""
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class MissingValue:
    """What was to come from outside the file and is not there."""

    mend: str
    """What to do."""


class _Loader(yaml.SafeLoader):
    """YAML with `!env_var NAME` and `!file PATH`, as Home Assistant and container users know them."""

    folder = Path()
    files: list[Path]
    """What `!file` named."""
    spares = False
    """What is not there from outside the file is no error yet."""


def _lacking(loader: _Loader, node: yaml.ScalarNode, mend: str) -> MissingValue:
    """Return what stands for something that is not there, or raise its error at once."""
    if loader.spares:
        return MissingValue(mend)
    raise yaml.constructor.ConstructorError(problem=mend, problem_mark=node.start_mark)


def _env_var(loader: _Loader, node: yaml.ScalarNode) -> ExternalValue | MissingValue:
    name, _, default = str(loader.construct_scalar(node)).partition(" ")
    value = os.environ.get(name, default or None)
    if value is None:
        return _lacking(
            loader, node, f"set the environment variable {name}, or write `!env_var {name} DEFAULT`"
        )
    return ExternalValue(value)


def _file(loader: _Loader, node: yaml.ScalarNode) -> ExternalValue | MissingValue:
    path = loader.folder / str(loader.construct_scalar(node))
    loader.files.append(path)
    try:
        return ExternalValue(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        return _lacking(
            loader,
            node,
            f"cannot read {path} ({error}); correct the path or let the bridge read it",
        )


_Loader.add_constructor("!env_var", _env_var)
_Loader.add_constructor("!file", _file)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A YAML file: its data, and where each key stands."""

    path: Path
    data: Any
    lines: Mapping[Keys, int]
    files: tuple[Path, ...] = ()
    """What `!file` named in it."""

    def at(self, keys: Sequence[Any]) -> Any:  # noqa: ANN401 - whatever stands there
        """Return what stands at some keys; None where nothing does."""
        found = self.data
        for key in keys:
            try:
                found = found[key.schema if isinstance(key, vol.Marker) else key]
            except LookupError, TypeError:
                return None
        return found

    def error(self, keys: Sequence[Any], message: str) -> str:
        """Return one line that names the file, the line and the key."""
        known = tuple(key.schema if isinstance(key, vol.Marker) else key for key in keys)
        nearest = next(
            known[:length] for length in range(len(known), -1, -1) if known[:length] in self.lines
        )
        return f"{self.path}:{self.lines[nearest]}: {dotted(known)}{message}"


def dotted(keys: Keys) -> str:
    """Return keys as a person writes them, with a colon behind; nothing for the whole file."""
    text = "".join(
        f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in keys
    ).removeprefix(".")
    return f"{text}: " if text else ""


def load(path: Path, *, spares: bool = False) -> YamlDocument:
    """Read a YAML file; ConfigError if it cannot be read or is no YAML.

    With `spares` a `MissingValue` stands where a variable is not set or a file cannot be read, and it is
    no error yet.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            [f"{path}: cannot be read ({error}); write one, or name another with --config"]
        ) from error
    try:
        return parse(path, text, spares=spares)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([f"{path}:{line}: {mended(str(error.problem))}"]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(
            [f"{path}:1: no YAML that can be read: {' '.join(str(error).split())}"]
        ) from error


INDENT: Final = "look at the indentation of this line and of those above it: what belongs together begins in one column"
MENDS: Final = {
    "mapping values are not allowed here": f"{INDENT}, and a colon and a space stand behind each key",
    "expected <block end>": INDENT,
    "could not find expected ':'": "a colon and a space stand behind each key: look at this line and the one above",
    "could not determine a constructor for the tag": "known are `!env_var NAME` and `!file PATH`",
    "found character '\\t'": "indent with spaces, not with tabs",
    "found unexpected end of stream": "a quote that was opened before is never closed",
}
"""What to do about what the YAML parser says."""


def mended(problem: str) -> str:
    """Return the words of the parser, and what to do where that is known."""
    mend = next((mend for words, mend in MENDS.items() if problem.startswith(words)), None)
    return problem if mend is None else f"{problem}; {mend}"


def parse(path: Path, text: str, *, spares: bool) -> YamlDocument:
    """Return the document in a text; yaml.YAMLError, ValueError or RecursionError if there is none."""
    loader = _Loader(text)
    loader.folder = path.parent
    loader.files = []
    loader.spares = spares
    try:
        node = loader.get_single_node()
        lines = {(): 1} | dict(lines_of(node, ()))
        data = loader.construct_document(node) if node else None
        return YamlDocument(path, data, lines, tuple(loader.files))
    finally:
        loader.dispose()


def lines_of(node: yaml.Node | None, keys: Keys) -> Iterator[tuple[Keys, int]]:
    """Yield where everything in a node stands; a key that stands there twice is an error."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    problem="a key is a word", problem_mark=key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"`{key.value}` stands there twice; keep one",
                    problem_mark=key.start_mark,
                )
            seen.add(key.value)
            yield (*keys, key.value), key.start_mark.line + 1
            yield from lines_of(value, (*keys, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*keys, index), value.start_mark.line + 1
            yield from lines_of(value, (*keys, index))
