"""Counts by person and cell."""

import numpy as np
import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods.clusters import complete_rows, count, encode
from etabli.methods.results import Missing


def visits() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "recipient": ["a", "a", "a", "b", "c", "c", None],
            "age": ["old", "old", "old", "young", "old", None, "young"],
            "channel": ["x", "x", "y", "y", "y", "x", "x"],
        }
    )


def counts_by_hand():
    person, row, column = np.array(["a", "a", "a", "b", "c"]), np.array([0, 0, 0, 1, 0]), np.array([0, 0, 1, 1, 1])
    return count(person, row, column, (2, 2))


def test_encode_text_sorts_levels_and_leaves_missing_out():
    coded = encode(visits(), "age")
    assert coded.levels == ("old", "young")
    assert coded.codes.tolist() == [0, 0, 0, 1, 0, -1, 1]


def test_encode_categorical_keeps_declared_order_and_empty_levels():
    frame = pd.DataFrame({"age": pd.Categorical(["b", None, "a"], categories=["c", "b", "a"])})
    coded = encode(frame, "age")
    assert coded.levels == ("c", "b", "a")
    assert coded.codes.tolist() == [1, -1, 2]


def test_encode_unknown_variable_names_the_nearest():
    with pytest.raises(MethodError, match="« age »"):
        encode(visits(), "agee")


def test_complete_rows_counts_rows_and_people_left_out():
    complete, missing = complete_rows(visits(), ("age", "channel"), "recipient")
    assert complete.tolist() == [True, True, True, True, True, False, False]
    assert missing == Missing(rows=2, people=1)  # c's row without an age; the row without a person has no one


def test_complete_rows_without_missing_says_none():
    assert complete_rows(visits().iloc[:5], ("age",), "recipient")[1] is None


def test_counts_margins_hold_distinct_people_not_sums():
    rows, people = counts_by_hand().with_margins()
    assert rows.tolist() == [[2, 2, 4], [0, 1, 1], [2, 3, 5]]
    assert people.tolist() == [[1, 2, 2], [0, 1, 1], [1, 3, 3]]


def test_counts_one_row_each_only_when_no_person_repeats():
    assert not counts_by_hand().one_row_each
    assert count(np.array([1, 2]), np.array([0, 1]), np.array([0, 0]), (2, 1)).one_row_each


def test_counts_without_empty_drops_rows_and_columns_of_no_one():
    wide = count(np.array([1, 1, 2]), np.array([0, 2, 2]), np.array([0, 2, 2]), (4, 3))
    assert wide.without_empty().shape == (2, 2)
    assert wide.without_empty().rows.tolist() == [[1, 0], [0, 2]]
