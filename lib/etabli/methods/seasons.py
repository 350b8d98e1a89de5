"""When in the month, and in the school year, people come: visits by open day.

Counts by part of the month say little: the parts have not as many days. What compares is a mean day. Days are the
units: many people come on the same day, for the same reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from scipy import special

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.arrivals import moments_of
from etabli.methods.cells import PEOPLE_COUNT, ROWS
from etabli.methods.clusters import Floats, Integers, column
from etabli.methods.intervals import mean_interval
from etabli.methods.membership import mark_derived
from etabli.methods.profiles import distribution
from etabli.methods.results import TOTAL, Measure, Table, Test

WELCH = "test de Welch (analyse de la variance)"

MONTH_PARTS = ("before_payment", "payment", "between", "month_end")
"""Open days before the payment of the month, the first five from it on, those between, the last five of the month."""

SCHOOL = ("term", "holidays")

WEEK = 5
"""Open days of the week of payment, and of the end of the month: each weekday once, as a rule."""

FEWEST_DAYS, FEWEST_A_DAY = 5, 20
"""Open days, and visits on a mean one, under which no interval nor test is given: beside the sum it would tell days."""

MADE = ("month_part", "school")
"""Columns that `by_season` makes."""


@dataclass(frozen=True)
class Calendar:
    """The days on which a place receives, and what each of them is.

    Parameters
    ----------
    days
        Open days, rising.
    payment_day
        Day of the month on which benefits are paid.
    school_holidays
        First and last day of each, whatever the year: those of other periods are passed over.
    """

    days: tuple[date, ...]
    payment_day: int = 5
    school_holidays: tuple[tuple[date, date], ...] = ()

    def part_of(self) -> dict[date, str]:
        """Return the part of the month of each open day."""
        found: dict[date, str] = {}
        months = dict.fromkeys((day.year, day.month) for day in self.days)
        for month in months:
            days = [day for day in self.days if (day.year, day.month) == month]
            paid = [day for day in days if day.day >= self.payment_day]
            found |= {day: "before_payment" if day.day < self.payment_day else "between" for day in days}
            found |= dict.fromkeys(paid[-WEEK:], "month_end") | dict.fromkeys(paid[:WEEK], "payment")
        return found

    def school_of(self) -> dict[date, str]:
        """Return whether each open day is one of school holidays."""
        return {day: SCHOOL[any(first <= day <= last for first, last in self.school_holidays)] for day in self.days}


@pure
def open_days(visits: pd.DataFrame, *, at: str = "visited_at") -> tuple[date, ...]:
    """Return the days on which anybody came, rising: give it all visits of the place, not those of a quarter.

    Raises
    ------
    MethodError
        There is no such column, it holds no moments, or all are missing.
    """
    return tuple(sorted(set(moments_of(visits, at).dropna().dt.date)))


@pure
def by_season(visits: pd.DataFrame, calendar: Calendar, *, at: str = "visited_at") -> pd.DataFrame:
    """Return the visits with the part of the month, and whether schools had holidays.

    Parameters
    ----------
    visits
        One row a visit.
    calendar
        What each open day is.
    at
        The moment of arrival (`datetime64`).

    Returns
    -------
    pandas.DataFrame
        The same rows, marked as they were, with `month_part` and `school` (categorical: those that some open day is).
        Both are missing where the moment is.

    Raises
    ------
    MethodError
        There is no such column, it holds no moments, all are missing, or somebody came on a day that is not open.

    Examples
    --------
    >>> visits = pd.DataFrame({"visited_at": pd.to_datetime(["2024-10-02 09:05", "2024-10-07 11:30"])})
    >>> by_season(visits, Calendar(open_days(visits)))["month_part"].to_list()
    ['before_payment', 'payment']
    """
    days = moments_of(visits, at).dt.date
    strange = set(days.dropna()) - set(calendar.days)
    if strange:
        raise MethodError(
            "Des visites sont d’un jour où l’accueil est fermé.",
            expected="un calendrier de tous les jours d’ouverture de la période",
            got=f"{min(strange):%d/%m/%Y}",
            hint="prenez open_days(…) de toutes les visites, non de celles d’un quartier",
        )
    made = {}
    for name, told, names in (
        ("month_part", calendar.part_of(), MONTH_PARTS),
        ("school", calendar.school_of(), SCHOOL),
    ):
        there = [each for each in names if each in set(told.values())]
        made[name] = pd.Categorical(days.map(told), categories=pd.Index(there))
    return mark_derived(visits.assign(**made), visits, dict.fromkeys(MADE, at))


@pure
def per_open_day(
    visits: pd.DataFrame,
    calendar: Calendar,
    *,
    by: str = "month_part",
    at: str = "visited_at",
    person: str = "recipient",
) -> Table:
    """Return visits by part of the month, or in and out of school holidays, and how many a mean open day has.

    Parameters
    ----------
    visits, calendar, at
        As for `by_season`.
    by
        `month_part` or `school`.
    person
        Who came; visits of nobody are in `missing`, and count on no day.

    Returns
    -------
    Table
        By `by`, the total last. Measures: `rows` (visits), `people`, and `per_day`, visits by open day, with bounds:
        what another period of such days could have had (`intervals.mean_interval`, over days); missing under five days,
        or twenty visits a day. Column `open_days`: how many days each is. Test: Welch's, that a mean day is the same in
        all parts; days as units, taken as independent; none where bounds are missing.

    Raises
    ------
    MethodError
        As for `by_season`; `by` is neither.

    References
    ----------
    Welch (1951), Biometrika 38, 330–336.

    Examples
    --------
    >>> visits = pd.DataFrame({"recipient": [*"aabc"], "visited_at": pd.to_datetime(
    ...     ["2024-10-01", "2024-10-02", "2024-10-02", "2024-10-07"])})
    >>> per_open_day(visits, Calendar(open_days(visits))).cells[["month_part", "rows", "per_day"]].values.tolist()
    [['before_payment', 3, 1.5], ['payment', 1, 1.0], ['__total__', 4, 1.3333333333333333]]
    """
    if by not in MADE:
        raise MethodError("Les jours se groupent selon « month_part » ou « school ».", got=by)
    told = by_season(visits, calendar, at=at)
    table = distribution(told, by, person=person)
    known = moments_of(told, at)[column(told, person).notna().to_numpy()].dt.date.value_counts()
    part = calendar.part_of() if by == "month_part" else calendar.school_of()
    number = np.array([known.get(day, 0) for day in calendar.days], dtype=float)
    names = np.array([part[day] for day in calendar.days], dtype=object)
    groups = [number if key == TOTAL else number[names == key] for key in table.cells[by].astype(str)]
    many = [len(each) >= FEWEST_DAYS and each.mean() >= FEWEST_A_DAY for each in groups]
    bounds = np.array([mean_interval(each if here else each[:0]) for each, here in zip(groups, many, strict=True)])
    cells = table.cells[[by, "rows", "people"]].assign(
        per_day=[each.mean() if len(each) else np.nan for each in groups],
        per_day_low=bounds[:, 0],
        per_day_high=bounds[:, 1],
        open_days=[len(each) for each in groups],
    )
    per_day = Measure("per_day", "mean", low="per_day_low", high="per_day_high", of=("rows", "open_days"))
    return replace(
        table, cells=cells, measures=(ROWS, PEOPLE_COUNT, per_day), tests=_welch(groups[:-1]) if all(many) else ()
    )


def _welch(groups: Sequence[Floats]) -> tuple[Test, ...]:
    """Return Welch's test that the means of some groups are the same; none where one of them has no variance."""
    groups = [each for each in groups if len(each)]
    if len(groups) < 2 or any(len(each) < 2 or each.var(ddof=1) == 0 for each in groups):
        return ()
    sizes: Integers = np.array([len(each) for each in groups])
    means = np.array([each.mean() for each in groups])
    weights = sizes / np.array([each.var(ddof=1) for each in groups])
    share, k = weights / weights.sum(), len(groups)
    between = float((weights * (means - share @ means) ** 2).sum()) / (k - 1)
    unsure = float(((1 - share) ** 2 / (sizes - 1)).sum())
    statistic = between / (1 + 2 * (k - 2) / (k**2 - 1) * unsure)
    freedom = (float(k - 1), (k**2 - 1) / (3 * unsure))
    p_value = float(special.fdtrc(*freedom, statistic))
    note = "Les jours d’ouverture sont les unités, tenus pour indépendants."
    return (Test(WELCH, statistic, freedom, p_value, None, note=note),)
