"""Converts JSON values to typed records by the types of their fields. Pure.

A field with a default may be missing, unknown keys are ignored, and a value is checked completely
before any of it is used.
"""

import base64
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    Literal,
    TypeAliasType,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from .limits import (
    MAX_ITEMS,
    MAX_NUMBER,
    MAX_RATING,
    MAX_TEXT,
    MAX_YEAR,
    MIN_YEAR,
    NAME_LENGTH,
    clean_text,
    shorten,
)

type Name = str
"""A name, or a word of which there are few. It is shown in full in many places, so it is shortened
when it is read."""


type Rating = int
"""An answer on the numerical rating scale: a whole number from 0 to 10."""


class MalformedMessageError(Exception):
    """A payload does not follow the protocol."""


type Decoder = Callable[[object, str], Any]
"""Takes a JSON value and its path in the payload; returns the converted value, or raises
MalformedMessageError."""


def decode[T](record_type: type[T], value: object) -> T:
    """Return a JSON value as a record; MalformedMessageError."""
    decoder = _decoder_of(cast("Any", record_type))
    return cast("T", decoder(value, ""))


def expected(what: str, path: str) -> MalformedMessageError:
    """Return the error of a value at a path that is not what it should be."""
    return MalformedMessageError(f"{path}: expected {what}" if path else f"expected {what}")


def _decode_bool(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise expected("true or false", path)
    return value


def _decode_int(value: object, path: str) -> int:
    # In Python, True is an int.
    if isinstance(value, bool) or not isinstance(value, int):
        raise expected("a whole number", path)
    if abs(value) > MAX_NUMBER:
        raise expected("a smaller number", path)
    return value


def _decode_rating(value: object, path: str) -> int:
    rating = _decode_int(value, path)
    if not 0 <= rating <= MAX_RATING:
        raise expected(f"a whole number from 0 to {MAX_RATING}", path)
    return rating


def _decode_float(value: object, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise expected("a number", path)
    try:
        # Python reads NaN and Infinity, although JSON has neither.
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise expected("a finite number", path)
    if abs(value) > MAX_NUMBER:
        raise expected("a smaller number", path)
    return value


def _decode_str(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise expected("a text", path)
    if len(value) > MAX_TEXT:
        raise expected(f"a text of at most {MAX_TEXT} characters", path)
    return clean_text(value)


def _decode_name(value: object, path: str) -> str:
    return shorten(_decode_str(value, path), NAME_LENGTH)


def _decode_datetime(value: object, path: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(_decode_str(value, path))
    except ValueError as error:
        raise expected("a time in ISO 8601", path) from error
    if parsed.tzinfo is None:
        raise expected("a time with a time zone", path)
    # Later calculations add days and convert time zones, which fails at the ends of the calendar.
    if not MIN_YEAR <= parsed.year <= MAX_YEAR:
        raise expected(f"a year from {MIN_YEAR} to {MAX_YEAR}", path)
    return parsed


def _decode_date(value: object, path: str) -> date:
    try:
        parsed = date.fromisoformat(_decode_str(value, path))
    except ValueError as error:
        raise expected("a date in ISO 8601", path) from error
    if not MIN_YEAR <= parsed.year <= MAX_YEAR:
        raise expected(f"a year from {MIN_YEAR} to {MAX_YEAR}", path)
    return parsed


def _decode_bytes(value: object, path: str) -> bytes:
    # Not `_decode_str`, whose limit is that of texts to show: that of the payload applies.
    if not isinstance(value, str):
        raise expected("a text", path)
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:
        raise expected("bytes in Base64", path) from error


def _decode_object(value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise expected("an object", path)
    return value


SCALAR_DECODERS: Final[Mapping[Any, Decoder]] = {
    bool: _decode_bool,
    int: _decode_int,
    Rating: _decode_rating,
    float: _decode_float,
    str: _decode_str,
    Name: _decode_name,
    datetime: _decode_datetime,
    date: _decode_date,
    bytes: _decode_bytes,
}


@cache
def _decoder_of(kind: Any) -> Decoder:  # noqa: ANN401 - any type that a field can have
    """Return the decoder for a type; it is built only once."""
    if kind in SCALAR_DECODERS:
        return SCALAR_DECODERS[kind]
    if isinstance(kind, TypeAliasType):
        return _decoder_of(kind.__value__)
    if is_dataclass(kind):
        return _dataclass_decoder(cast("type[Any]", kind))
    arguments = get_args(kind)
    match get_origin(kind):
        case origin if origin is UnionType:
            (inner,) = (argument for argument in arguments if argument is not NoneType)
            decoder = _optional_decoder(_decoder_of(inner))
        case origin if origin is tuple:
            decoder = _tuple_decoder(_decoder_of(arguments[0]))
        case origin if origin is Literal:
            decoder = _literal_decoder(arguments)
        case origin if origin is Mapping:
            decoder = _mapping_decoder(arguments[0], _decoder_of(arguments[1]))
        case _:
            # dict[str, Any] is decoded later, by its content.
            decoder = _decode_object
    return decoder


def _optional_decoder(decode: Decoder) -> Decoder:
    return lambda value, path: None if value is None else decode(value, path)


def _tuple_decoder(decode: Decoder) -> Decoder:
    def decode_tuple(value: object, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise expected("a list", path)
        if len(value) > MAX_ITEMS:
            raise expected(f"at most {MAX_ITEMS} items", path)
        return tuple(decode(item, f"{path}[{index}]") for index, item in enumerate(value))

    return decode_tuple


def _literal_decoder(choices: tuple[object, ...]) -> Decoder:
    def decode_literal(value: object, path: str) -> object:
        if value not in choices:
            raise expected(f"one of {', '.join(map(str, choices))}", path)
        return value

    return decode_literal


def _mapping_decoder(key_type: type[str] | type[int], decode: Decoder) -> Decoder:
    def decode_mapping(value: object, path: str) -> dict[str | int, Any]:
        decoded = {}
        if len(items := _decode_object(value, path)) > MAX_ITEMS:
            raise expected(f"at most {MAX_ITEMS} items", path)
        for key, item in items.items():
            try:
                # Keys of JSON objects are always texts.
                decoded[key_type(key)] = decode(item, f"{path}.{key}")
            except ValueError as error:
                raise expected(f"a whole number instead of the key {key!r}", path) from error
        return decoded

    return decode_mapping


def _dataclass_decoder(message_type: type[Any]) -> Decoder:
    types = get_type_hints(message_type)
    decoders = {one.name: _decoder_of(types[one.name]) for one in fields(message_type)}
    required = {
        one.name
        for one in fields(message_type)
        if one.default is MISSING and one.default_factory is MISSING
    }

    def decode_dataclass(value: object, path: str) -> object:
        values = _decode_object(value, path)
        prefix = f"{path}." if path else ""
        missing = sorted(required - values.keys())
        if missing:
            raise MalformedMessageError(f"{prefix}{missing[0]}: missing")
        decoded = {
            name: decode(values[name], prefix + name)
            for name, decode in decoders.items()
            if name in values
        }
        return message_type(**decoded)

    return decode_dataclass
