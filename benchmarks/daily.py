"""How often a season is found where there is none, and where there is one: days as they stand beside `seasons`.

    python benchmarks/daily.py                # 500 quarters a line; a minute
    python benchmarks/daily.py --write        # and keep the figures in results.md

Quarters of open days, 400 visits on a mean one, a weekday effect of ± 12 %, a day's chance of 6 % that resembles that
of the day before by a correlation; with a season, the week of payment (or the holidays) has 6 % more. « Welch »:
analysis of variance of the days, as independent (`statsmodels.anova_oneway`).
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
from keeping import keep
from numpy.typing import NDArray
from statsmodels.stats.oneway import anova_oneway

from etabli.methods.seasons import SCHOOL, Calendar, _daily_test

DAYS = tuple(day.date() for day in pd.bdate_range("2024-10-01", "2024-12-31"))
HOLIDAYS = tuple(
    (pd.Timestamp(first).date(), pd.Timestamp(last).date())
    for first, last in (("2024-10-19", "2024-11-03"), ("2024-12-21", "2025-01-05"))
)
WEEKDAYS = np.array([0.0, 1.0, 0.0, -1.0, -0.5])
MEAN, BY_WEEKDAY, CHANCE, SEASON, LEVEL = 400, 0.12, 0.06, 0.06, 0.05


def quarter(draw: np.random.Generator, marked: NDArray[np.bool_], rho: float, season: float) -> NDArray[np.float64]:
    errors = draw.normal(size=len(DAYS))
    for day in range(1, len(DAYS)):
        errors[day] = rho * errors[day - 1] + np.sqrt(1 - rho**2) * errors[day]
    weekday = WEEKDAYS[[day.weekday() for day in DAYS]]
    mean = MEAN * (1 + BY_WEEKDAY * weekday) * (1 + season * marked) * np.exp(CHANCE * errors)
    return draw.poisson(mean).astype(float)


def found(
    names: NDArray[np.object_], marked: NDArray[np.bool_], rho: float, season: float, quarters: int
) -> list[float]:
    """Return the shares of quarters in which a season is found: Welch's, ours."""
    draw, said = np.random.default_rng(20_263), []
    for _ in range(quarters):
        number = quarter(draw, marked, rho, season)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            welch = anova_oneway([number[names == each] for each in np.unique(names.astype(str))], use_var="unequal")
        said.append((welch.pvalue < LEVEL, _daily_test(number, DAYS, names)[0].p_value < LEVEL))
    return [float(each) for each in np.mean(said, axis=0)]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--quarters", type=int, default=500)
    asked.add_argument("--write", action="store_true")
    told = asked.parse_args()
    calendar = Calendar(DAYS, school_holidays=HOLIDAYS)
    lines = [
        (
            "days by",
            "a day resembles the one before",
            "no season: Welch",
            "no season: ours",
            "a season: Welch",
            "a season: ours",
        ),
        ("---",) * 6,
    ]
    for label, part, code in (
        ("part of the month", calendar.part_of(), "payment"),
        ("school holidays", calendar.school_of(), SCHOOL[1]),
    ):
        names = np.array([part[day] for day in DAYS], dtype=object)
        for rho in (0.0, 0.3, 0.5):
            shares = [found(names, names == code, rho, season, told.quarters) for season in (0.0, SEASON)]
            lines.append((label, f"{rho:.1f}", *(f"{100 * share:.1f} %" for both in shares for share in both)))
    text = "\n".join(f"| {' | '.join(each)} |" for each in lines)
    text += f"\n\n{told.quarters:,} quarters a line; at 5 %."
    print(text)
    if told.write:
        keep("daily", text)


if __name__ == "__main__":
    main()
