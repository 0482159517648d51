"""Print every event that one checkout's detector finds in a recording, exact to the last bit.

`limber score --json` rounds to milliseconds. This does not: each event becomes its class name and
the numbers in it, floating point numbers in hexadecimal. Field names and texts are left out, so
that renaming them changes nothing here.

`compare_scores` runs this file with the Python of the checkout under test, as
`python -P event_numbers.py RECORDING RULES`. It therefore imports only the standard library, NumPy
and `limber_bridge`, and finds the entry points by name.
"""

import importlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

DETECT: Final = (
    "limber_bridge.detected.detect",
    "limber_bridge.detect.detect",
    "limber_bridge.offline.detect.detect",
    "limber_bridge.offline.detect.detect_recording",
)
"""Names that `detect(recording, rules)` has or had; the first that exists is called."""
READ: Final = (
    "limber_bridge.recordings.read",
    "limber_bridge.recordings.read_recording",
    "limber_bridge.recordings.read.read_recording",
)
"""Names that the reader of any recording has or had, called with a path."""
RULES: Final = {
    "wasm-2016": ("limber_bridge.detection.rules.WASM_2016",),
    "aasm": ("limber_bridge.detection.rules.AASM",),
}
"""Where each rule set stands."""


def main() -> None:
    """Detect the events of a recording and print them as one JSON list."""
    path = Path(sys.argv[1])
    rules = sys.argv[2]
    detect = find(DETECT)
    read = find(READ)
    found = detect(read(path), find(RULES[rules]))
    json.dump([numbers_of(event) for event in found.events], sys.stdout)


def find(names: tuple[str, ...]) -> Any:  # noqa: ANN401 - it is whatever has that name
    """Return the first of the named objects that this checkout has.

    Exits with a message if it has none of them.
    """
    for name in names:
        module, _, attribute = name.rpartition(".")
        try:
            return getattr(importlib.import_module(module), attribute)
        except ImportError, AttributeError:
            continue
    sys.exit(f"{Path(__file__).name}: this checkout has none of {', '.join(names)}; add its name")


def numbers_of(event: object) -> list[Any]:
    """Return an event's class name and the numbers in it, sorted by value."""
    return [type(event).__name__, sorted(numbers_in(event), key=float_of)]


def numbers_in(value: object) -> Iterator[int | str]:
    """Yield the numbers in a value and in all that it holds: integers as such, floats as hex."""
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case bool() | str() | None:
            return
        case int():
            yield int(value)
        case float():
            yield value.hex()
        case _:
            for part in parts_of(value):
                yield from numbers_in(part)


def parts_of(value: object) -> Iterable[object]:
    """Return what a value holds: the items of a collection, or the fields of a dataclass."""
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, (tuple, list)):
        return value
    raise TypeError(f"{type(value)}: add to `parts_of` what this holds")


def float_of(number: int | str) -> float:
    """Return the value of a number by which it is sorted."""
    return float.fromhex(number) if isinstance(number, str) else float(number)


if __name__ == "__main__":
    main()
