"""The weekday and the hour of a visit are those of its moment."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.errors import MethodError
from etabli.methods import arrivals, profiles
from etabli.methods.membership import Population, mark_population, population_of


def visits(*moments: str | None) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"recipient": [f"p{n}" for n in range(len(moments))], "visited_at": pd.to_datetime(list(moments))}
    )
    return mark_population(frame, Population("d" * 64, (("quarter", "nord"),)))


@given(st.lists(st.datetimes(min_value=pd.Timestamp(2020, 1, 1), max_value=pd.Timestamp(2030, 1, 1)), min_size=1))
def test_clock_is_that_of_the_moment(moments: list[pd.Timestamp]) -> None:
    frame = pd.DataFrame({"visited_at": pd.Series(moments, dtype="datetime64[us]")})
    made = arrivals.by_clock(frame)
    assert made["weekday"].astype(str).tolist() == [arrivals.WEEKDAYS[each.weekday()] for each in moments]
    assert made["hour"].astype(str).tolist() == [f"h{each.hour:02}" for each in moments]


def test_categories_go_from_the_first_to_the_last_that_occur() -> None:
    made = arrivals.by_clock(visits("2024-10-07 09:59", "2024-10-10 12:00"))
    assert list(made["weekday"].cat.categories) == ["monday", "tuesday", "wednesday", "thursday"]
    assert list(made["hour"].cat.categories) == ["h09", "h10", "h11", "h12"]


def test_frame_keeps_whose_rows_it_holds_and_what_misses() -> None:
    made = arrivals.by_clock(visits("2024-10-07 09:00", None))
    assert population_of(made) == Population("d" * 64, (("quarter", "nord"),), rows=2)
    assert made["hour"].isna().tolist() == [False, True]
    assert profiles.crosstab(made, "weekday", by="hour").value("rows", weekday="monday", hour="h09").number == 1


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"visited": [1]}), "n’est pas dans les données"),
        (pd.DataFrame({"visited_at": ["9 h"]}), "ne dit pas quand"),
        (pd.DataFrame({"visited_at": pd.to_datetime([None, None])}), "ne dit pas quand"),
    ],
)
def test_what_is_no_moment_is_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(MethodError, match=message):
        arrivals.by_clock(frame)
