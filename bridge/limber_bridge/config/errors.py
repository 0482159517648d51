"""Collect the errors of a document, each as one line that names the place and the remedy."""

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import voluptuous as vol

from limber_bridge.config.schema import (
    RENAMED_KEYS,
    SECTIONS,
    SENSOR,
    SENSOR_KEYS,
    TOP_LEVEL,
    renamed_key_message,
)
from limber_bridge.config.yaml_loader import Keys, MissingValue, YamlDocument
from limber_bridge.sources import SOURCES

NESTED_KEYS_MESSAGE: Final = "write keys with values below it, indented further"
EMPTY_FILE_MESSAGE: Final = (
    "the file is empty; begin with `bridge:` and write its keys below it (docs/configuration.md)"
)
EXPECTED_TYPES: Final = {
    "dict": NESTED_KEYS_MESSAGE,
    "dictionary": NESTED_KEYS_MESSAGE,
    "str": "write text",
}
"""Remedies by the name of the type that voluptuous expected."""


class ErrorCollector:
    """Checks values of a document and collects all errors instead of stopping at the first."""

    def __init__(self, document: YamlDocument) -> None:
        """Start without errors."""
        self._document = document
        self.errors: list[str] = []

    def add(self, keys: Sequence[Any], message: str) -> None:
        """Add an error about the value at `keys`."""
        value = self._document.value_at(keys)
        if not keys and value is None:
            message = EMPTY_FILE_MESSAGE
        # If the value should have come from outside the file, that is the error to report.
        remedy = value.remedy if isinstance(value, MissingValue) else message
        self.errors.append(self._document.error_line(keys, remedy))

    def check(self, check: Callable[[Any], Any], value: object, keys: Keys) -> Any:  # noqa: ANN401 - a checked value
        """Return what a check makes of a value; None after adding its errors."""
        try:
            return check(value)
        except vol.MultipleInvalid as error:
            for one in error.errors:
                self.add((*keys, *one.path), error_message(one, check))
        except vol.Invalid as error:
            self.add((*keys, *error.path), error_message(error, check))
        return None

    def check_sensor_spelling(self, value: object, keys: Keys) -> None:
        """Add an error for each key of a sensor that resembles one that the sensor lacks.

        Unknown keys of a sensor may belong to its source, so the sensor schema allows them. When a
        required key is missing, the source's schema is not reached and cannot report them.
        """
        if not isinstance(value, dict):
            return
        missing = [str(key) for key in SENSOR.schema if key not in value]
        for key in value:
            if RENAMED_KEYS.get(str(key)) in missing:
                self.add((*keys, key), renamed_key_message(RENAMED_KEYS[str(key)]))
            elif key not in SENSOR_KEYS and (nearest := nearest_key(key, missing)):
                self.add((*keys, key), f"this key is not known; did you mean `{nearest}`?")


def error_message(error: vol.Invalid, check: object) -> str:
    """Return what to write instead, for an error of voluptuous."""
    if error.error_message == "extra keys not allowed" and isinstance(check, vol.Schema):
        return unknown_key_message(error.path[-1], check)
    expected = re.fullmatch(r"expected (?:a )?(\w+)(?: for dictionary value)?", error.error_message)
    if expected:
        return EXPECTED_TYPES.get(expected[1], f"write {expected[1]}")
    return str(error.error_message)


def unknown_key_message(key: object, schema: vol.Schema) -> str:
    """Return what to write instead of a key that a schema does not know."""
    known = sorted(str(one) for one in schema.schema)
    if any(schema is source.sensor_schema for source in SOURCES.values()):
        known += [str(one) for one in SENSOR.schema]
    if RENAMED_KEYS.get(str(key)) in known:
        return renamed_key_message(RENAMED_KEYS[str(key)])
    if schema is TOP_LEVEL:
        sections = [f"`{name}`" for name, section in SECTIONS.items() if key in section.schema]
        if sections:
            return f"this key belongs below {' or '.join(sections)}; indent it further"
    nearest = nearest_key(key, known)
    hint = f"did you mean `{nearest}`?" if nearest else f"known keys: {', '.join(known)}"
    return f"this key is not known; {hint}"


def nearest_key(key: object, known: Sequence[str]) -> str | None:
    """Return the known key that resembles a key most, if any does."""
    return next(iter(difflib.get_close_matches(str(key), known, 1)), None)
