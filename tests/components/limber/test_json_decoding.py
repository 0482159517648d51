"""Each kind of value that is not what its field says is refused, with its place in the message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import pytest

from custom_components.limber.json_decoding import MalformedMessageError, Name, Rating, decode

type Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A record in a record."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """A field of each kind."""

    flag: bool = False
    whole: int = 0
    number: float = 0.0
    text: str = ""
    name: Name = ""
    time: datetime | None = None
    day: date | None = None
    rating: Rating | None = None
    choice: Literal["left", "right"] = "left"
    side: Side | None = None
    content: bytes = b""
    items: tuple[int, ...] = ()
    by_number: Mapping[int, bool] | None = None
    part: Part | None = None
    undecoded: dict[str, Any] | None = None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"flag": 1}, "flag: expected true or false"),
        ({"whole": True}, "whole: expected a whole number"),
        ({"whole": 1.5}, "whole: expected a whole number"),
        ({"whole": 2**53 + 1}, "whole: expected a smaller number"),
        ({"number": "1"}, "number: expected a number"),
        ({"number": False}, "number: expected a number"),
        ({"number": float("nan")}, "number: expected a finite number"),
        ({"number": float("-inf")}, "number: expected a finite number"),
        ({"number": 10**400}, "number: expected a finite number"),
        ({"number": 1e300}, "number: expected a smaller number"),
        ({"text": None}, "text: expected a text"),
        ({"text": "x" * 2001}, "text: expected a text of at most 2000 characters"),
        ({"name": 7}, "name: expected a text"),
        ({"time": 7}, "time: expected a text"),
        ({"time": "yesterday"}, "time: expected a time in ISO 8601"),
        ({"time": "2026-11-22T00:00:00"}, "time: expected a time with a time zone"),
        ({"time": "9999-12-31T00:00:00Z"}, "time: expected a year from 1970 to 9000"),
        ({"day": "today"}, "day: expected a date in ISO 8601"),
        ({"day": "0001-01-01"}, "day: expected a year from 1970 to 9000"),
        ({"rating": 11}, "rating: expected a whole number from 0 to 10"),
        ({"rating": -1}, "rating: expected a whole number from 0 to 10"),
        ({"rating": True}, "rating: expected a whole number"),
        ({"side": "middle"}, "side: expected one of left, right"),
        ({"content": [1]}, "content: expected a text"),
        ({"content": "AAE"}, "content: expected bytes in Base64"),
        ({"content": "AA E="}, "content: expected bytes in Base64"),
        ({"content": "ä==="}, "content: expected bytes in Base64"),
        ({"choice": "middle"}, "choice: expected one of left, right"),
        ({"choice": ["left"]}, "choice: expected one of left, right"),
        ({"items": 3}, "items: expected a list"),
        ({"items": [0] * 20_001}, "items: expected at most 20000 items"),
        ({"items": [0, "1"]}, r"items\[1\]: expected a whole number"),
        ({"by_number": []}, "by_number: expected an object"),
        (
            {"by_number": {str(key): True for key in range(20_001)}},
            "by_number: expected at most 20000 items",
        ),
        ({"by_number": {"one": True}}, "by_number: expected a whole number instead of the key"),
        ({"by_number": {"1": 1}}, "by_number.1: expected true or false"),
        ({"part": 3}, "part: expected an object"),
        ({"part": {}}, "part.number: missing"),
        ({"part": {"number": None}}, "part.number: expected a whole number"),
        ({"undecoded": "{}"}, "undecoded: expected an object"),
        ([], "^expected an object"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(value: object, message: str) -> None:
    with pytest.raises(MalformedMessageError, match=message):
        decode(Everything, value)


def test_values_of_each_kind_are_converted() -> None:
    assert decode(
        Everything,
        {
            "flag": True,
            "whole": 2**53,
            "number": 3,
            "text": "a\u202eb",
            "name": "n" * 61,
            "time": "2026-11-22T00:00:00Z",
            "day": "2026-11-22",
            "rating": 10,
            "choice": "right",
            "side": "left",
            "content": "AAECAw==",
            "items": [1, 2],
            "by_number": {"7": True},
            "part": {"number": 1},
            "undecoded": {"any": "thing"},
            "of a newer bridge": 1,
        },
    ) == Everything(
        flag=True,
        whole=2**53,
        number=3,
        text="a b",
        name="n" * 59 + "…",
        time=datetime(2026, 11, 22, tzinfo=UTC),
        day=date(2026, 11, 22),
        rating=10,
        choice="right",
        side="left",
        content=b"\x00\x01\x02\x03",
        items=(1, 2),
        by_number={7: True},
        part=Part(number=1),
        undecoded={"any": "thing"},
    )


def test_missing_and_unknown_values_are_the_defaults() -> None:
    assert decode(Everything, {"time": None, "part": None}) == Everything()
