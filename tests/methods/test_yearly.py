"""Yearly figures spread by audience and year."""

from __future__ import annotations

import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods.results import TOTAL
from etabli.methods.yearly import given_years, hold_totals, hold_year, spread


@pytest.fixture
def frame() -> pd.DataFrame:
    rows = [("users", "total", 2022, 5), ("users", "a", 2022, 2), ("users", "b", 2022, 3), ("users", "a", 2024, 1)]
    return pd.DataFrame(rows, columns=["measure", "audience", "year", "value"])


def test_spread_puts_the_total_last_and_leaves_gaps_missing(frame: pd.DataFrame) -> None:
    wide = spread(frame, ["users"])
    assert list(wide.index) == [("a", 2022), ("a", 2024), ("b", 2022), ("b", 2024), (TOTAL, 2022), (TOTAL, 2024)]
    assert wide.loc[("a", 2024), "users"] == 1
    assert list(wide["users"].isna()) == [False, False, False, True, False, True]


def test_given_years_are_not_filled(frame: pd.DataFrame) -> None:
    assert given_years(spread(frame, ["users"])) == [2022, 2024]


@pytest.mark.parametrize(("year", "refused"), [(2022, False), (2023, True), (2024, False)])
def test_hold_year(frame: pd.DataFrame, year: int, refused: bool) -> None:
    wide = spread(frame, ["users"])
    if refused:
        with pytest.raises(MethodError, match="donné pour 2023"):
            hold_year(year, wide)
    else:
        hold_year(year, wide)


@pytest.mark.parametrize(("total", "refused"), [(4, True), (5, False), (6, True)])
def test_hold_totals_at_the_sum(frame: pd.DataFrame, total: int, refused: bool) -> None:
    frame.loc[0, "value"] = total
    wide = spread(frame, ["users"])
    if refused:
        with pytest.raises(MethodError, match="somme de ses publics"):
            hold_totals(wide, ["users"], 2022)
    else:
        hold_totals(wide, ["users"], 2022)


def test_hold_totals_without_a_total_has_nothing_to_refuse(frame: pd.DataFrame) -> None:
    hold_totals(spread(frame, ["users"]), ["users"], 2024)


def test_spread_with_a_missing_measure_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(MethodError, match="attendu : registered"):
        spread(frame, ["users", "registered"])
