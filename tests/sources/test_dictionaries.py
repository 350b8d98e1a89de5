"""Columns as dictionaries of their values: the quick way and Arrow's say the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.sources.dictionaries import NARROW, codes_at, narrow_column, repeated_column, texts_at


@given(st.lists(st.text(max_size=5), max_size=30), st.integers(1, 4))
def test_values_come_back_each_once_in_order_of_appearance(values: list[str], chunk: int) -> None:
    pieces = [pa.array(values[at : at + chunk], pa.string()) for at in range(0, len(values), chunk)]
    found = repeated_column(pa.chunked_array(pieces, pa.string()))
    assert found.tolist() == values
    assert found.cat.categories.tolist() == list(dict.fromkeys(values))


@pytest.mark.parametrize("values", [["", "a", "a\0", ""], ["12345678", "12345678"], ["123456789", "1"], ["éé", "éé\n"]])
def test_values_at_the_edges_of_a_number_are_told_apart(values: list[str]) -> None:
    found = repeated_column(pa.chunked_array([pa.array(["skipped", *values]).slice(1)]))
    assert found.tolist() == values
    assert found.cat.categories.tolist() == list(dict.fromkeys(values))


@given(st.lists(st.sampled_from(["1", "F", "é", "2A", "  ", "\0"]), min_size=1, max_size=30), st.integers(1, 4))
def test_narrow_values_come_back_each_once(values: list[str], chunk: int) -> None:
    for width in range(1, NARROW + 1):
        kept = [each for each in values if len(each.encode()) == width]
        pieces = [pa.array(["skipped", *kept[at : at + chunk]]).slice(1) for at in range(0, len(kept), chunk)]
        if pieces:
            found = narrow_column(pa.chunked_array(pieces), width)
            assert found.tolist() == kept
            assert sorted(found.cat.categories) == sorted(set(kept))


def test_as_many_narrow_values_as_can_be_written_are_told_apart() -> None:
    values = [f"{first}{second}" for first in "0123456789ABCDEF" for second in "0123456789ABCDEF"]
    assert narrow_column(pa.chunked_array([pa.array(values)]), 2).tolist() == values


@given(
    st.lists(st.sampled_from(["", "35238", "2A004", "é", "ab", None]), min_size=1, max_size=6),
    st.lists(st.integers(0, 5), max_size=30),
    st.sampled_from(["int8", "int16", "int64"]),
)
def test_texts_are_written_out_as_pandas_takes_them(values: list[str | None], places: list[int], kind: str) -> None:
    """Of one length, of several, missing; the first value cut off: what Arrow holds does not begin with them."""
    held, at = pd.Series(["skipped", *values], dtype="str").iloc[1:], np.array(places, dtype=kind) % len(values)
    found = texts_at(held, at)
    pd.testing.assert_series_equal(found, pd.Series(held.array.take(at.astype("int64"))))


def test_texts_of_more_rows_than_a_block_are_whole() -> None:
    at = np.arange(40_000) % 3
    assert texts_at(pd.Series(["a1", "b2", "c3"]), at).tolist() == [["a1", "b2", "c3"][place] for place in at]


@pytest.mark.parametrize(("kind", "values"), [("int8", 127), ("int8", 2), ("int64", 2), ("int16", 400)])
def test_codes_are_those_of_their_places(kind: str, values: int) -> None:
    codes, places = (np.arange(values) - 1).astype(kind), (np.arange(1_000) % values).astype(kind)
    assert codes_at(codes, places).tolist() == codes[places].tolist()
