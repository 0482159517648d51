"""Writes values as lines of YAML. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import yaml

from limber_bridge.config.yaml_loader import Keys

type Scalar = str | int | float | bool
type Value = Scalar | Mapping[str, Value] | Sequence[Value]

INDENT: Final = 2
"""Columns by which a new level is indented."""
PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9]+(\.[0-9]+){3}")
"""Texts that need no quotes, unless YAML reads them as something else."""


def nested(keys: Keys, value: Value) -> Value:
    """Return a value inside of mappings with these keys."""
    for key in reversed(keys):
        value = {str(key): value}
    return value


def is_scalar(value: Value) -> bool:
    """Return whether a value is written on one line."""
    return isinstance(value, str | int | float)


def rendered(value: Value) -> str:
    """Return a scalar as YAML; a text in quotes where it needs them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    if PLAIN.fullmatch(value) and yaml.safe_load(value) == value:
        return value
    quoted = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=2**31)
    return str(quoted).strip()


def flow_text(value: Value) -> str:
    """Return a value in flow style."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{rendered(k)}: {flow_text(v)}' for k, v in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(flow_text(one) for one in value)}]"
    return rendered(value)


def key_lines(key: str, value: Value, column: int) -> list[str]:
    """Return a key and its value in block style."""
    start = f"{' ' * column}{rendered(key)}:"
    if is_scalar(value) or not value:
        return [f"{start} {flow_text(value)}"]
    return [start, *value_lines(value, column + INDENT)]


def value_lines(value: Value, column: int) -> list[str]:
    """Return a collection that is not empty in block style."""
    if isinstance(value, Mapping):
        return [line for k, one in value.items() for line in key_lines(k, one, column)]
    assert isinstance(value, Sequence)  # noqa: S101 - scalars are written on the line of their key
    return [line for one in value for line in item_lines(one, column)]


def item_lines(value: Value, column: int) -> list[str]:
    """Return an item of a list in block style."""
    dash = f"{' ' * column}- "
    if is_scalar(value) or not value:
        return [dash + flow_text(value)]
    first, *rest = value_lines(value, column + INDENT)
    return [dash + first[column + INDENT :], *rest]
