"""When in the month, and in the school year, people come: visits by open day.

Counts by part of the month say little: the parts have not as many days. What compares is a mean day. Days are the
units: many people come on the same day, for the same reasons.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.arrivals import moments_of
from etabli.methods.cells import PEOPLE_COUNT, ROWS
from etabli.methods.clusters import Floats, column
from etabli.methods.intervals import mean_interval
from etabli.methods.membership import mark_derived
from etabli.methods.profiles import distribution
from etabli.methods.results import TOTAL, Measure, Table, Test
from etabli.methods.serial import fit_serial

DAILY = "test F de l’écart entre jours d’ouverture"

DAILY_NOTE = (
    "À jour de la semaine égal, sur le logarithme des visites du jour\u00a0; les jours sont les unités, et chacun peut "
    "ressembler au précédent."
)

MONTH_PARTS = ("before_payment", "payment", "between", "month_end")
"""Open days before the payment of the month, the first five from it on, those between, the last five of the month."""

SCHOOL = ("term", "holidays")

_SHORTEST_MONTH = 28

WEEK = 5
"""Open days of the week of payment, and of the end of the month: each weekday once, as a rule."""

FEWEST_DAYS, FEWEST_A_DAY = 5, 20
"""Open days, and visits on a mean one, under which no interval nor test is given: beside the sum it would tell days."""

FEWEST_LEFT = 10
"""Open days beyond the coefficients of the model, at least, for its test."""

_HALF = 0.5
"""Visits added to those of a day before their logarithm: a day may have none of a quarter."""

MADE = ("month_part", "school")
"""Columns that `by_season` makes."""


@dataclass(frozen=True)
class Calendar:
    """The days on which a place receives, and what each of them is.

    Parameters
    ----------
    days
        Open days, rising, none twice.
    payment_day
        Day of the month on which benefits are paid, from 1 to 28.
    school_holidays
        First and last day of each, whatever the year: those of other periods are passed over.
    start, end
        First and last day of the period. A month that they cut has no week of payment, or no end: its days are
        « between ». None: months are whole.

    Raises
    ------
    MethodError
        Days are not rising, or the day of payment is none of every month.
    """

    days: tuple[date, ...]
    payment_day: int = 5
    school_holidays: tuple[tuple[date, date], ...] = ()
    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.payment_day <= _SHORTEST_MONTH:
            raise MethodError(
                "Le jour du versement n’est pas un jour de tous les mois.",
                expected=f"de 1 à {_SHORTEST_MONTH}",
                got=str(self.payment_day),
            )
        if any(later <= day for day, later in pairwise(self.days)):
            raise MethodError(
                "Les jours d’ouverture ne se suivent pas.",
                expected="des jours croissants, chacun une fois",
                hint="prenez open_days(…) de toutes les visites",
            )

    def part_of(self) -> dict[date, str]:
        """Return the part of the month of each open day."""
        found: dict[date, str] = {}
        months = dict.fromkeys((day.year, day.month) for day in self.days)
        for year, month in months:
            days = [day for day in self.days if (day.year, day.month) == (year, month)]
            paid = [day for day in days if day.day >= self.payment_day]
            found |= {day: "before_payment" if day.day < self.payment_day else "between" for day in days}
            if self.end is None or self.end >= date(year, month, monthrange(year, month)[1]):
                found |= dict.fromkeys(paid[-WEEK:], "month_end")
            if self.start is None or self.start <= date(year, month, self.payment_day):
                found |= dict.fromkeys(paid[:WEEK], "payment")
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
        or twenty visits a day. Column `open_days`: how many days each is. Test: that a day has as many visits in all
        parts, weekdays being equal: F of a linear model of log (visits + ½), days as units, each resembling the one
        before (`serial.fit_serial`); none where bounds are missing, or fewer than ten days are left to tell chance by.

    Raises
    ------
    MethodError
        As for `by_season`; `by` is neither.

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
        table,
        cells=cells,
        measures=(ROWS, PEOPLE_COUNT, per_day),
        tests=_daily_test(number, calendar.days, names) if all(many) else (),
    )


def _daily_test(number: Floats, days: Sequence[date], names: NDArray[np.object_]) -> tuple[Test, ...]:
    """Return the test that a day has as many visits in all parts, weekdays being equal; none where days are too few."""
    weekday = np.array([day.weekday() for day in days])
    apart = [weekday == each for each in np.unique(weekday)[1:]]
    parts = [names == each for each in np.unique(names.astype(str))[1:]]
    design = np.column_stack([np.ones(len(days)), *apart, *parts]).astype(float)
    degrees = len(days) - design.shape[1]
    if not parts or degrees < FEWEST_LEFT or np.linalg.matrix_rank(design) < design.shape[1]:
        return ()
    logarithm = np.log(number + _HALF)
    if np.ptp(logarithm) == 0:
        return ()
    fit, last = fit_serial(logarithm, design), slice(-len(parts), None)
    effects = fit.coefficients[last]
    statistic = float(effects @ np.linalg.solve(fit.covariance[last, last], effects)) / len(parts)
    freedom = (float(len(parts)), float(fit.degrees))
    return (Test(DAILY, statistic, freedom, float(special.fdtrc(*freedom, statistic)), None, note=DAILY_NOTE),)
