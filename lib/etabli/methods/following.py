"""From each contact to the person's next one: how many days later, and how long the file looks on.

The period is a window on people who came before it and will come after. Each of its contacts is followed to the next
one of the same person; where none is seen, until the period's last day. How long a contact is followed depends on its
day alone, and not on what the person does: that is what the estimates of `returns` and `repeats` rest on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from etabli.errors import MethodError
from etabli.methods.clusters import Flags, Floats, Integers, column
from etabli.methods.membership import mark_population, population_of

FOLLOWED, LOOKED_BACK = "followed", "looked_back"
"""The variables that a part of the period is held at: `30_days` where each row has 30 days left, or before it."""

LATER, NOT_SEEN = "later", "not_seen"


def day_of(given: date | str) -> date:
    """Return a day, given as one or as its text.

    Raises
    ------
    MethodError
        It is none.
    """
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise MethodError(
            "Une borne de la période n’est pas un jour.", expected="une date comme 2024-12-31", got=given
        ) from None


@dataclass(frozen=True)
class Following:
    """How contacts are followed.

    Parameters
    ----------
    until
        The last day of the period, included: a date, or « 2024-12-31 ».
    within
        Numbers of days, rising: a contact within 7 days, within 14, within 30.
    person, at
        Who came, and when (`datetime64`, on the clock of the place).
    same_day
        Whether a second contact on the same day is a new one (0 days later). Where a queue system gives a second
        ticket to who is sent from one desk to another, it is not: `False`.

    Raises
    ------
    MethodError
        `until` is no day, or the numbers of days do not rise.
    """

    until: date | str
    within: tuple[int, ...] = (7, 14, 30)
    person: str = "recipient"
    at: str = "visited_at"
    same_day: bool = True

    def __post_init__(self) -> None:
        rising = all(one < other for one, other in zip(self.within, self.within[1:], strict=False))
        if not self.within or self.within[0] < 0 or not rising:
            raise MethodError(
                "Les délais de « within » ne vont pas croissant.",
                expected="des nombres de jours croissants : (7, 14, 30)",
                got=str(self.within),
            )
        day_of(self.until)

    @property
    def points(self) -> tuple[str, ...]:
        """The code of each number of days: `within_7`, `within_14`…"""
        return tuple(f"within_{days}" for days in self.within)

    @property
    def bands(self) -> tuple[str, ...]:
        """The codes of what lies between two numbers of days: `within_7`, `from_8_to_14`…"""
        pairs = zip(self.within, self.within[1:], strict=False)
        return (self.points[0], *(f"from_{one + 1}_to_{other}" for one, other in pairs))

    @property
    def held(self) -> tuple[str, str]:
        """What rows that are followed long enough are held at."""
        return FOLLOWED, f"{self.within[-1]}_days"


@dataclass(frozen=True)
class Gaps:
    """Of each row of a frame, in its order.

    Parameters
    ----------
    to_next
        Days to the person's next contact; NaN where none is seen.
    left
        Days from it to the period's end; NaN where its moment is missing.
    known
        Whether its person, its moment and what both contacts must share are there.
    next_row
        Place of the next contact (of the first of them, where a day counts once); −1 where none is seen.
    """

    to_next: Floats
    left: Floats
    known: Flags
    next_row: Integers

    @property
    def days(self) -> Integers:
        """Days to the next contact, or to the end: of the known rows."""
        return np.where(np.isnan(self.to_next), self.left, self.to_next)[self.known].astype(np.int64)

    @property
    def seen(self) -> Flags:
        """Whether the next contact was seen: of the known rows."""
        return ~np.isnan(self.to_next[self.known])


def gaps(frame: pd.DataFrame, following: Following, *, same: Sequence[str] = ()) -> Gaps:
    """Return the days from each row to the person's next one, and to the period's end.

    Days are those of the calendar: from Monday evening to Tuesday morning is one day. Rows of one person at the same
    moment follow one another in the order of the frame.

    Parameters
    ----------
    frame
        One row a contact.
    following
        Who, when, until when.
    same
        Variables that both must share: `["request"]`.

    Raises
    ------
    MethodError
        A column does not exist, moments are no dates, or one is after the period's end.
    """
    moments = moments_of(frame, following.at)
    left = _days_left(moments, following)
    columns = [column(frame, name) for name in (following.person, *same)]
    known = np.logical_and.reduce([moments.notna(), *(each.notna() for each in columns)])
    who = np.zeros(int(known.sum()), dtype=np.int64)
    for each in columns:
        codes, labels = pd.factorize(each[known])
        who = pd.factorize(who * max(len(labels), 1) + codes)[0]
    day = -left[known].astype(np.int64)
    to_next, following_row = _next(who, day, moments[known].to_numpy(), same_day=following.same_day)
    every = np.flatnonzero(known)
    all_days, all_rows = np.full(len(frame), np.nan), np.full(len(frame), -1, dtype=np.int64)
    all_days[known] = to_next
    all_rows[every[following_row >= 0]] = every[following_row[following_row >= 0]]
    return Gaps(all_days, left, known, all_rows)


def band_codes(found: Gaps, following: Following) -> Integers:
    """Return the band of each row, from 0; how many bands there are, beyond the last one or where none is seen; −1."""
    codes = np.searchsorted(np.asarray(following.within), found.to_next)  # NaN sorts last
    return np.where(found.known, codes, -1).astype(np.int64)


def only_followed(frame: pd.DataFrame, found: Gaps, following: Following) -> pd.DataFrame:
    """Return the rows with as many days left as the longest delay, marked as such; those of unknown moment stay.

    All delays then look at the same rows: a share within 7 days and one within 30 differ by what came between, not by
    the weeks that they look at.

    Raises
    ------
    MethodError
        None is followed for so long.
    """
    kept = ~(found.left < following.within[-1])
    if not (found.left[kept] >= 0).any():
        raise MethodError(
            "Aucune ligne n’est suivie assez longtemps avant la fin de la période.",
            expected=f"des lignes à {following.within[-1]} jours au moins du {following.until}",
            hint="raccourcissez les délais de « within », ou chargez une période plus longue",
        )
    return held_at(frame, frame.loc[kept].reset_index(drop=True), following.held)


def held_at(frame: pd.DataFrame, part: pd.DataFrame, held: tuple[str, str]) -> pd.DataFrame:
    """Return some rows of a frame, marked with what they are held at beside its own filters."""
    population = population_of(frame)
    kept = part.copy(deep=False)
    kept.attrs = dict(frame.attrs)
    if not population.is_known:
        return kept
    return mark_population(kept, replace(population, held=(*population.held, held)))


def moments_of(frame: pd.DataFrame, at: str) -> pd.Series:
    """Return when each row was, on the clock of the place.

    Raises
    ------
    MethodError
        There is no such column, or it holds no dates.
    """
    moments = column(frame, at)
    if not pd.api.types.is_datetime64_any_dtype(moments):
        raise MethodError(
            f"La variable « {at} » ne dit pas quand les personnes sont venues.",
            expected="des dates",
            got=str(moments.dtype),
            hint="déclarez-la de type datetime dans le codebook",
        )
    local: pd.Series[Any] = moments.dt.tz_localize(None)
    return local


def _days_left(moments: pd.Series, following: Following) -> Floats:
    """Return the days from each row to the period's end."""
    days = (pd.Timestamp(following.until) - moments.dt.normalize()) / pd.Timedelta(days=1)
    left: Floats = days.to_numpy(dtype=float)
    late = int((left < 0).sum())
    if late:
        raise MethodError(
            "Des lignes sont après la fin de la période.",
            where=f"variable « {following.at} »",
            expected=f"rien après le {following.until}",
            got=f"{late} ligne{'s' if late > 1 else ''}",
            hint="« until » est le dernier jour de la livraison",
        )
    return left


def _next(who: Integers, day: Integers, moment: np.ndarray, *, same_day: bool) -> tuple[Floats, Integers]:
    """Return the days to the next step of the same person, and its first row (−1: none)."""
    order = np.lexsort((np.arange(len(who)), moment, who))
    person, days = who[order], day[order]
    starts = np.ones(len(who), dtype=bool)
    if not same_day:
        starts[1:] = (person[1:] != person[:-1]) | (days[1:] != days[:-1])
    first = np.flatnonzero(starts)
    follows = person[first[1:]] == person[first[:-1]]
    gap, row = np.full(len(first), np.nan), np.full(len(first), -1, dtype=np.int64)
    gap[:-1] = np.where(follows, days[first[1:]] - days[first[:-1]], np.nan)
    row[:-1] = np.where(follows, order[first[1:]], -1)
    step = np.cumsum(starts) - 1
    to_next, next_row = np.empty(len(who)), np.empty(len(who), dtype=np.int64)
    to_next[order], next_row[order] = gap[step], row[step]
    return to_next, next_row
