"""Numbers parsed with whole arrays, by polars or by Limber, are those of `float()`, bit for bit."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.recordings.text import fast_tables
from limber_bridge.recordings.text.fast_tables import parse_regular
from limber_bridge.recordings.text.layout import find_layout
from limber_bridge.recordings.text.table import parse_table

PATH = Path("n.csv")
FIXED = st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 9)).map(
    lambda pair: f"{pair[0] / 10 ** pair[1]:.{pair[1]}f}"
)
NUMBERS = (
    FIXED
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.integers(-(10**18), 10**18).map(str)
    | st.sampled_from(["-0", "-0.0", "0", ".5", "-.25", "7.", "1e3", "+2.5", "00012.50", "", "nan"])
)


def parse(rows: list[list[str]]) -> np.ndarray:
    text = "a,b,c\n1,2,3\n" + "".join(",".join(row) + "\n" for row in rows)
    layout = find_layout(text.encode())
    assert layout is not None
    table, notes = parse_table(PATH, text.encode(), layout, (0, 1, 2), ())
    assert notes == ()
    return np.stack([table.numbers[index] for index in range(3)]).T[1:]


def bits(values: np.ndarray) -> list[list[int]]:
    # All NaN are the same here.
    patterns: list[list[int]] = np.where(np.isnan(values), np.nan, values).view(np.int64).tolist()
    return patterns


def expected(rows: list[list[str]]) -> np.ndarray:
    values = [[float(field) if field else np.nan for field in row] for row in rows]
    return np.array(values).reshape(-1, 3)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), max_size=12))
def test_numbers_are_those_of_float(rows: list[list[str]]) -> None:
    # A row of three empty fields is no row.
    rows = [row for row in rows if any(row)]
    assert bits(parse(rows)) == bits(expected(rows))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(FIXED, FIXED, FIXED).map(list), min_size=1, max_size=12), st.integers(0, 6)
)
def test_numbers_with_the_same_decimals_are_those_of_float(
    rows: list[list[str]], decimals: int
) -> None:
    rows = [[f"{float(field):.{decimals}f}" for field in row] for row in rows]
    assert bits(parse(rows)) == bits(expected(rows))


@pytest.mark.skipif(importlib.util.find_spec("polars") is None, reason="needs limber-bridge[fast]")
@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=12))
def test_polars_gives_the_same_numbers_or_leaves_the_table_to_limber(rows: list[list[str]]) -> None:
    body = "".join(",".join(row) + "\n" for row in rows).encode()
    found = parse_regular(body, 3, (0, 1, 2))
    if found is not None:
        values = np.stack([found[0][index] for index in range(3)]).T
        assert bits(values) == bits(expected(rows))


@pytest.mark.skipif(importlib.util.find_spec("polars") is None, reason="needs limber-bridge[fast]")
@pytest.mark.parametrize("damage", ["4,5\n", "4,5,6,7\n", "4,x,6\n", "# 4,5,6\n", "\n", "4,,6\n"])
def test_polars_leaves_a_table_that_is_not_regular_to_limber(
    damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ("a,b,c\n" + "1,2,3\n" * 300 + damage + "7,8,9\n" * 300).encode()
    layout = find_layout(text)
    assert layout is not None
    expected_table, expected_notes = parse_table(PATH, text, layout, (0, 1, 2), ())
    monkeypatch.setattr(fast_tables, "MIN_BYTES", 0)
    table, notes = parse_table(PATH, text, layout, (0, 1, 2), ())
    assert notes == expected_notes
    for index in range(3):
        np.testing.assert_array_equal(table.numbers[index], expected_table.numbers[index])
