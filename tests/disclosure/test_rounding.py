"""Counts rounded once for ever, small ones said to be small, and nothing made of what is not rounded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.disclosure.rounding import rounded
from etabli.methods import profiles
from etabli.methods.results import Table

K = 5
POLICY = Policy("funder", K, ("convention",), rounding_base=5)


def made(sizes: dict[tuple[str, str], int]) -> pd.DataFrame:
    lines = [(f"{age}{channel}{n}", age, channel) for (age, channel), size in sizes.items() for n in range(size)]
    return pd.DataFrame(lines, columns=["recipient", "age", "channel"])


FRAME = made(
    {("old", "x"): 3, ("old", "y"): 42, ("mid", "x"): 33, ("mid", "y"): 61, ("low", "x"): 27, ("low", "y"): 38}
)


@pytest.mark.parametrize(("number", "expected"), [(0, 0), (2, 0), (3, 5), (7, 5), (8, 10), (12, 10), (13, 15)])
def test_number_goes_to_the_nearest_multiple(number: int, expected: int) -> None:
    assert rounded(np.array([number]), 5).tolist() == [expected]


@given(st.integers(0, 10_000), st.integers(1, 50))
def test_rounded_number_is_a_multiple_within_half_a_base(number: int, base: int) -> None:
    near = int(rounded(np.array([number]), base)[0])
    assert near % base == 0
    assert 2 * abs(near - number) <= base


@pytest.mark.parametrize(("people", "expected"), [(0, True), (1, True), (K, True), (K + 1, False)])
def test_count_of_k_or_fewer_is_said_to_be_so_zeros_included(people: int, expected: bool) -> None:
    frame = made({("old", "x"): people, ("mid", "x"): 40, ("low", "x"): 60})
    frame["age"] = pd.Categorical(frame["age"], ["old", "mid", "low"])
    protected = protect([table := profiles.distribution(frame, "age")], POLICY).of(table)
    assert (0 in protected.at_most) is expected
    assert bool(protected.masked[0]) is expected


def test_shown_numbers_are_multiples_and_shares_are_made_of_them() -> None:
    table = profiles.crosstab(FRAME, "age", by="channel")
    protected = protect([table], POLICY).of(table)
    cells = protected.table.cells[~protected.masked]
    assert (cells[["rows", "people", "base_people", "base_rows"]].to_numpy(dtype=int) % 5 == 0).all()
    shares = cells["rows"].to_numpy(dtype=float) / cells["base_rows"].to_numpy(dtype=float)
    assert cells["share"].to_numpy(dtype=float) == pytest.approx(np.minimum(shares, 1))
    assert cells[["share_low", "share_high"]].isna().to_numpy().all()
    assert protected.tests == ()


def test_mean_is_made_of_rounded_counts() -> None:
    frame = pd.concat([FRAME, FRAME.head(3)])
    table = profiles.totals(frame)
    cells = protect([table], POLICY).of(table).table.cells
    assert cells["rows_per_person"].iloc[0] == pytest.approx(205 / 205)  # 207 rows of 204 people


def test_same_region_has_the_same_number_in_all_tables() -> None:
    tables: list[Table] = [
        profiles.crosstab(FRAME, "age", by="channel"),
        profiles.distribution(FRAME, "age"),
        profiles.totals(FRAME),
    ]
    one, other = protect(tables, POLICY), protect(tables[1:], POLICY)
    told = [protection.of(tables[1]).table.cells["people"].tolist() for protection in (one, other)]
    shown = [~protection.of(tables[1]).masked for protection in (one, other)]
    both = shown[0] & shown[1]
    assert both.any()
    assert [value for value, kept in zip(told[0], both, strict=True) if kept] == [
        value for value, kept in zip(told[1], both, strict=True) if kept
    ]


def test_nothing_of_a_model_is_shown_and_no_extreme_is_named() -> None:
    odds = profiles.odds_ratios(FRAME, outcome="channel", event="x", on=["age"])
    table = profiles.distribution(FRAME, "age")
    protection = protect([odds, table], POLICY)
    assert protection.of(odds).masked.all()
    assert protection.is_masked(table.largest("people"))
    assert not protection.is_masked(table.value("people"))
