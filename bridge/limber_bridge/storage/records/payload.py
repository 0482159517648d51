"""Encode and decode versioned JSON payloads.

A payload is a JSON object with the version of its format under `v`. Payloads without `v` are
version 0: they were written before payloads had a version. A payload of an older version is raised
to the current one by the upgrades of its format, one version at a time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

type Fields = dict[str, Any]
"""A JSON object."""
type Upgrade = Callable[[Fields], Fields]
"""Returns the fields of a payload of one version as fields of the next version."""

MAX_TIME_US: Final = 7_258_118_400_000_000
"""us since 1970, UTC; the year 2200. chosen: later times are damage."""
MAX_COUNT: Final = 2**53
"""Whole numbers beyond this are not exact in JSON, nor as floating point numbers."""
MAX_NUMBER: Final = 1e15
"""chosen: far above every level, load, duration and index."""

type Time = Annotated[int, msgspec.Meta(ge=0, le=MAX_TIME_US)]
"""us since 1970, UTC."""
type Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
"""How many there are, or an id."""
type Whole = Annotated[int, msgspec.Meta(ge=-MAX_COUNT, le=MAX_COUNT)]
"""A whole number that may be negative."""
type Number = Annotated[float, msgspec.Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)]

VERSION_KEY: Final = "v"


class UnreadableRecordError(Exception):
    """A payload cannot be decoded; the text says which kind of payload, and why."""


class NewerRecordError(UnreadableRecordError):
    """A payload was written by a newer version of Limber."""


@dataclass(frozen=True, slots=True)
class PayloadFormat[Record: msgspec.Struct]:
    """The persisted form of one kind of record."""

    name: str
    record: type[Record]
    """All of its fields are required, so that a missing one is noticed."""
    upgrades: tuple[Upgrade, ...]
    """From version n to n + 1, in order. Append only."""

    @property
    def version(self) -> int:
        """The version that is written."""
        return len(self.upgrades)

    def to_fields(self, record: Record) -> Fields:
        """Return a record as the fields of a payload, with its version."""
        return {VERSION_KEY: self.version, **msgspec.to_builtins(record)}

    def encode(self, record: Record) -> str:
        """Return a record as JSON."""
        return msgspec.json.encode(self.to_fields(record)).decode()

    def current_fields(self, payload: str | Fields) -> Fields:
        """Return the fields of a payload of any known version, raised to the current version.

        Raises UnreadableRecordError.
        """
        fields = parse_object(self.name, payload) if isinstance(payload, str) else payload
        version = fields.get(VERSION_KEY, 0)
        if not isinstance(version, int) or isinstance(version, bool) or version < 0:
            raise UnreadableRecordError(f"{self.name}: `v` is not a version number: {version!r}")
        if version > self.version:
            raise NewerRecordError(
                f"{self.name}: written by a newer Limber (version {version}, this one reads up to"
                f" {self.version}); update the bridge"
            )
        for upgrade in self.upgrades[version:]:
            try:
                fields = upgrade(fields)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise UnreadableRecordError(f"{self.name}: {describe(error)}") from error
        return fields

    def decode(self, payload: str | Fields) -> Record:
        """Return the record in a payload of any known version; UnreadableRecordError."""
        return convert(self.name, self.current_fields(payload), self.record)


def parse_object(name: str, payload: str) -> Fields:
    """Return a JSON object; UnreadableRecordError."""
    try:
        return msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableRecordError(f"{name}: {error}") from error


def convert[Record](name: str, value: object, record: type[Record]) -> Record:
    """Return a JSON value as a record; UnreadableRecordError where a field is missing or wrong."""
    try:
        return msgspec.convert(value, record, str_keys=True)
    except msgspec.ValidationError as error:
        raise UnreadableRecordError(f"{name}: {error}") from error


def describe(error: Exception) -> str:
    """Return what an error says, with its type, as the text of a KeyError is only the key."""
    return f"{type(error).__name__}: {error}"


def renamed(
    fields: Fields, names: Mapping[str, str], defaults: Mapping[str, object] | None = None
) -> Fields:
    """Return fields under new names.

    `names` maps old names to new ones; other fields are left out. `defaults`, by old name, fill in
    fields that older payloads may lack.
    """
    filled = {**(defaults or {}), **fields}
    return {new: filled[old] for old, new in names.items() if old in filled}


def unchanged(fields: Fields) -> Fields:
    """Return the same fields: only the version was new."""
    return dict(fields)
