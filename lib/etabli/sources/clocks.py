"""How SPSS, Stata and SAS count time: from which day, in which unit, as a column's display format tells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Moments = npt.NDArray[np.datetime64]
Mask = npt.NDArray[np.bool_]

_FIRST, _LAST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59.999999", "us")
_FARTHEST = 2.0**60
"""Microseconds from any origin beyond which there is no calendar, and from which a whole number would overflow."""

_SECOND = 1_000_000
"""Microseconds."""

_LEAP_DAYS = np.array(
    [
        *(f"{year}-07-01" for year in (1972, 1981, 1982, 1983, 1985, 1992, 1993, 1994, 1997, 2012, 2015)),
        *(f"{year}-01-01" for year in (*range(1973, 1981), 1988, 1990, 1991, 1996, 1999, 2006, 2009, 2017)),
    ],
    dtype="datetime64[us]",
)
_LEAP_DAYS.sort()
"""Days before which a second was added (IERS, Bulletin C 70): Stata counts it under %tC, and not under %tc."""


@dataclass(frozen=True)
class Clock:
    """What one unit of a column of dates is, and from when they are counted.

    Parameters
    ----------
    origin
        The moment 0.
    unit
        Microseconds of one unit.
    leaps
        Whether leap seconds are counted (Stata's `%tC`).
    """

    origin: np.datetime64
    unit: int
    leaps: bool = False

    def moments(self, numbers: npt.NDArray[np.float64]) -> tuple[Moments, Mask]:
        """Return the moments of numbers, to the microsecond, and which of them the calendar does not have.

        Where a number misses, or is outside, the moment is the origin.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            ticks = np.rint(numbers * self.unit)
            inside = np.abs(ticks) < _FARTHEST
        found = self.origin + np.where(inside, ticks, 0).astype("int64").astype("timedelta64[us]")
        if self.leaps:
            found = _without_leaps(found)
        outside = ~np.isnan(numbers) & (~inside | (found < _FIRST) | (found > _LAST))
        return np.where(outside, self.origin, found), outside


@dataclass(frozen=True)
class PeriodClock:
    """Stata's weeks, months, quarters and half-years from 1960: a number stands for the first day of its period."""

    period: Literal["w", "m", "q", "h"]

    @property
    def words(self) -> str:
        """What it counts, in French."""
        return {"w": "semaines", "m": "mois", "q": "trimestres", "h": "semestres"}[self.period]

    def moments(self, numbers: npt.NDArray[np.float64]) -> tuple[Moments, Mask]:
        """Return the first days of periods; see `Clock.moments`. A year has 52 weeks, the first on 1 January."""
        with np.errstate(invalid="ignore"):
            outside = ~np.isnan(numbers) & ~((numbers >= -12 * 1959) & (numbers < 52 * 8040))
        count = np.floor(np.where(np.isnan(numbers) | outside, 0, numbers)).astype("int64")
        if self.period == "w":
            years = (count // 52 - 10).astype("datetime64[Y]")
            days = years.astype("datetime64[D]") + (count % 52) * 7
        else:
            months = {"m": 1, "q": 3, "h": 6}[self.period]
            days = (count * months - 120).astype("datetime64[M]").astype("datetime64[D]")
        found = days.astype("datetime64[us]")
        outside |= (found < _FIRST) | (found > _LAST)
        return np.where(outside, np.datetime64("1960-01-01", "us"), found), outside


_SPSS = Clock(np.datetime64("1582-10-14", "us"), _SECOND)
_1960 = np.datetime64("1960-01-01", "us")
_DAYS, _SECONDS, _THOUSANDTHS = Clock(_1960, 86_400 * _SECOND), Clock(_1960, _SECOND), Clock(_1960, 1_000)
_THOUSANDTHS_AND_LEAPS = Clock(_1960, 1_000, leaps=True)

_SPSS_DATES = re.compile(r"(DATE|ADATE|EDATE|JDATE|SDATE|DATETIME|YMDHMS|QYR|MOYR|WKYR)[0-9.]*")
_STATA_DAYS = re.compile(r"%-?t?d.*")
_STATA_MOMENTS = re.compile(r"%-?t([cC]).*")
_STATA_PERIODS = re.compile(r"%-?t([wmqh]).*")
_SAS_MOMENTS = re.compile(
    r"(DATETIME|DATEAMPM|DTDATE|DTMONYY|DTYEAR|DTWKDATX|MDYAMPM|(E8601|B8601|IS8601)D[TXZ])[0-9.]*"
)
_SAS_DAYS = re.compile(
    r"(DATE|DDMMYY[BCDNPS]?|MMDDYY[BCDNPS]?|YYMMDD[BCDNPS]?|YYMM[CDNPS]?|MMYY[CDNPS]?|YYMON|MONYY|YEAR|MONTH|DAY"
    r"|WEEKDATX?|WEEKDATE|WORDDATX?|WORDDATE|JULIAN|JULDAY|YYQR?[CDNPS]?|QTRR?|EURDFDD|EURDFDE|EURDFMY"
    r"|(E8601|B8601|IS8601)DA)[0-9.]*"
)


def clock_of(display: str, suffix: str) -> Clock | None:
    """Return how a column of dates counts, by its display format; None for a column of something else.

    >>> clock_of("%td", ".dta").unit, clock_of("F8.2", ".sav")
    (86400000000, None)
    """
    match suffix:
        case ".sav" | ".zsav" | ".por":
            return _SPSS if _SPSS_DATES.fullmatch(display) else None
        case ".dta":
            moment = _STATA_MOMENTS.fullmatch(display)
            if moment:
                return _THOUSANDTHS_AND_LEAPS if moment[1] == "C" else _THOUSANDTHS
            return _DAYS if _STATA_DAYS.fullmatch(display) else None
        case _:
            return _SECONDS if _SAS_MOMENTS.fullmatch(display) else _DAYS if _SAS_DAYS.fullmatch(display) else None


def period_clock_of(display: str, suffix: str) -> PeriodClock | None:
    """Return how a Stata column of weeks, months, quarters or half-years counts; None for another column."""
    found = _STATA_PERIODS.fullmatch(display) if suffix == ".dta" else None
    match found[1] if found else None:
        case "w" | "m" | "q" | "h" as period:
            return PeriodClock(period)
        case _:
            return None


def _without_leaps(moments: Moments) -> Moments:
    """Return moments on a clock that has no leap seconds; such a second becomes the one before it."""
    added = np.arange(len(_LEAP_DAYS)) * np.timedelta64(_SECOND, "us")
    passed = np.searchsorted(_LEAP_DAYS + added, moments, side="right")
    found: Moments = moments - passed * np.timedelta64(_SECOND, "us")
    return found
