"""Columns as dictionaries of their values: the quick way and Arrow's say the same."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.sources.dictionaries import NARROW, narrow_column, repeated_column


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
