"""When people come: the weekday and the hour of each visit, as variables that any table can count."""

from __future__ import annotations

import pandas as pd

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.clusters import column
from etabli.methods.membership import mark_derived

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLOCK = ("weekday", "hour")
"""Columns that `by_clock` makes."""

HOURS = tuple(f"h{hour:02}" for hour in range(24))


@pure
def by_clock(visits: pd.DataFrame, *, at: str = "visited_at") -> pd.DataFrame:
    """Return the visits with the weekday and the hour at which each began.

    Parameters
    ----------
    visits
        One row a visit.
    at
        The moment of arrival, on the clock of the place (`datetime64`).

    Returns
    -------
    pandas.DataFrame
        The same rows, marked as they were, with `weekday` (categorical: `monday` …) and `hour` (categorical: `h09`,
        from 9:00 to 9:59), each with the categories from the first to the last that somebody came at. Both are missing
        where the moment is.

    Raises
    ------
    MethodError
        There is no such column, it holds no moments, or all are missing.

    Examples
    --------
    >>> visits = pd.DataFrame({"visited_at": pd.to_datetime(["2024-10-07 09:05", "2024-10-08 11:30"])})
    >>> by_clock(visits)[["weekday", "hour"]].astype(str).values.tolist()
    [['monday', 'h09'], ['tuesday', 'h11']]
    """
    moments = moments_of(visits, at)
    weekday, hour = _categories(moments.dt.day_of_week, WEEKDAYS), _categories(moments.dt.hour, HOURS)
    return mark_derived(visits.assign(weekday=weekday, hour=hour), visits, dict.fromkeys(CLOCK, at))


def moments_of(visits: pd.DataFrame, at: str) -> pd.Series:
    """Return when people came.

    Raises
    ------
    MethodError
        There is no such column, it holds no moments, or all are missing.
    """
    moments = column(visits, at)
    if not pd.api.types.is_datetime64_any_dtype(moments) or moments.notna().sum() == 0:
        raise MethodError(
            f"La variable « {at} » ne dit pas quand les personnes sont venues.",
            expected="des dates avec leur heure",
            got=str(moments.dtype) if moments.notna().any() else "aucune valeur",
            hint="déclarez-la de type datetime dans le codebook",
        )
    return moments


def _categories(numbers: pd.Series, names: tuple[str, ...]) -> pd.Categorical[str]:
    """Return numbers as categories, those from the least to the greatest that occur."""
    known = numbers.dropna().astype(int)
    first, last = int(known.min()), int(known.max())
    codes = numbers.fillna(first - 1).astype(int) - first
    return pd.Categorical.from_codes(codes.to_list(), categories=pd.Index(names[first : last + 1]))
