"""Dates read by their bytes: the same as one by one, or left to who reads them so."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.sources.dates import days_of, fixed_dates

FORMS = ["%d/%m/%Y", "%Y-%m-%d", "%d/%m/%Y %H:%M", "%Y%m%d", "%Y-%m-%dT%H:%M:%S"]
MANY = 1_000
moments = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)).map(lambda moment: moment.replace(microsecond=0))


def column(values: list[str | None]) -> pd.Series:
    """Return values, repeated until the column is long enough to be read by its bytes."""
    return pd.Series((values * (MANY // len(values) + 1))[: max(MANY, len(values))], dtype="str")


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(told=st.lists(st.one_of(st.none(), moments), min_size=1, max_size=30))
def test_dates_are_those_of_pandas(form: str, told: list[datetime | None]) -> None:
    text = column([None if moment is None else moment.strftime(form) for moment in told])
    found = fixed_dates(text, form)
    assert found is not None
    pd.testing.assert_series_equal(found, pd.to_datetime(text, format=form).astype("datetime64[us]"), check_names=False)


@pytest.mark.parametrize(
    "wrong",
    [
        "31/02/2024", "29/02/2023", "31/04/2024", "00/01/2024", "01/00/2024", "01/13/2024", "32/01/2024", "01/01/0000",
        "01/01/20245", "1/1/2024", "01-01-2024", "01/01/24", "01/01/2024 ", "O1/01/2024", "٠١/01/2024", "01/01/202é",
        "today",
    ],
)  # fmt: skip
def test_one_value_that_is_no_such_date_leaves_the_column(wrong: str) -> None:
    assert fixed_dates(column(["31/12/2024"] * (MANY - 1) + [wrong]), "%d/%m/%Y") is None


@pytest.mark.parametrize("hour", ["24:00", "23:60", "2a:00"])
def test_hour_that_does_not_exist_leaves_the_column(hour: str) -> None:
    assert fixed_dates(column([f"31/12/2024 {hour}"]), "%d/%m/%Y %H:%M") is None


@pytest.mark.parametrize("day", ["29/02/2024", "29/02/2000", "31/12/9999", "01/01/0001", "28/02/1900"])
def test_last_days_are_days(day: str) -> None:
    found = fixed_dates(column([day]), "%d/%m/%Y")
    assert found is not None
    assert f"{found[0].day:02}/{found[0].month:02}/{found[0].year:04}" == day


@pytest.mark.parametrize("form", ["%d/%m/%y", "%d %B %Y", "%d/%m", "%d/%m/%Y %d"])
def test_form_without_fixed_width_is_left(form: str) -> None:
    assert fixed_dates(column(["31/12/2024"]), form) is None


@pytest.mark.parametrize(("rows", "is_read"), [(MANY - 1, False), (MANY, True), (MANY + 1, True)])
def test_short_column_is_left(rows: int, is_read: bool) -> None:
    found = fixed_dates(pd.Series(["31/12/2024"] * rows, dtype="str"), "%d/%m/%Y")
    assert (found is not None) == is_read


def test_missing_values_stay_in_their_place() -> None:
    text = column(["31/12/2024", None, "", "NSP"])
    assert fixed_dates(text, "%d/%m/%Y") is None
    found = fixed_dates(text, "%d/%m/%Y", ["NSP"])
    assert found is not None
    assert found.isna().to_numpy().tolist() == (np.arange(len(text)) % 4 > 0).tolist()


def test_slice_of_a_column_is_read_from_its_own_place() -> None:
    whole = pd.Series([f"{1 + place % 28:02}/01/2024" for place in range(3 * MANY)], dtype="str")
    part = whole.iloc[MANY + 5 : 2 * MANY + 10]
    found = fixed_dates(part, "%d/%m/%Y")
    assert found is not None
    assert found.dt.strftime("%d/%m/%Y").tolist() == part.tolist()
    assert found.index.equals(part.index)


def test_reading_dates_leaves_their_text_as_it_is() -> None:
    """A block of one value lies in memory as it is read: it is copied all the same."""
    text = pd.Series(["31/12/2024"] * ((1 << 16) + 1), dtype="str")
    days = fixed_dates(text, "%d/%m/%Y")
    assert days is not None
    assert set(days) == {pd.Timestamp(2024, 12, 31)}
    assert set(text) == {"31/12/2024"}


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2024-12-31 14:30", "2024-12-31"),
        ("2024-12-31 00:00:00.000001", "2024-12-31"),
        ("1931-01-01", "1931-01-01"),
        ("1931-01-01 23:59:59.999999", "1931-01-01"),
        ("2400-01-01", "2400-01-01"),
        ("2400-01-01 00:00:00.000001", "2400-01-01"),
        (None, None),
    ],
)
def test_day_of_a_moment_is_its_midnight(moment: str | None, day: str | None) -> None:
    told, wanted = (
        pd.Series([pd.Timestamp(2024, 1, 1), pd.Timestamp(each) if each else pd.NaT]).astype("datetime64[us]")
        for each in (moment, day)
    )
    pd.testing.assert_series_equal(days_of(told), wanted)


def test_days_of_no_moment_are_none() -> None:
    assert days_of(pd.Series([], dtype="datetime64[us]")).empty
