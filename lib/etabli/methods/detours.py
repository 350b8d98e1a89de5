"""What a visit was preceded by: who had tried online or by phone before coming to the desk (*déports*)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.clusters import Flags, Floats, Integers, column
from etabli.methods.following import LOOKED_BACK, day_of, held_at
from etabli.methods.stacks import categorical, stacked

BEFORE = "preceded"
"""The variable that says whether a contact came before."""

PRECEDED = ("yes", "no")


@pure
def with_before(
    visits: pd.DataFrame,
    contacts: Sequence[pd.DataFrame],
    *,
    since: date | str,
    within: int,
    same: Sequence[str] = ("request",),
    person: str = "recipient",
    at: str = "visited_at",
) -> pd.DataFrame:
    """Return the visits with whether the person had tried elsewhere before, for the same request: *déports*.

    Parameters
    ----------
    visits
        One row a visit: all of them, or those of one channel (`report.load("visits", channel="walk_in")`).
    contacts
        Where else: contacts online, by phone, each in its file.
    since
        The first day of the period: a date, or « 2024-10-01 ».
    within
        How many days back are looked at: a contact on the same day counts where it came first.
    same
        Variables that both must share.
    person, at
        Who, and when.

    Returns
    -------
    pandas.DataFrame
        Visits with as many days of the period before them, held at `looked_back`. `preceded` (categorical): `yes`,
        `no`; missing where the person, the moment or one of `same` is. Its share by request is `profiles.crosstab`.

    Raises
    ------
    MethodError
        A column does not exist, moments are no dates, one is before the period, or no visit has so many days before it.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-10-20", "2024-10-20", "2024-10-18"])
    >>> visits = pd.DataFrame({"recipient": [*"ab"], "request": [*"xx"], "visited_at": days[:2]})
    >>> online = pd.DataFrame({"recipient": ["a"], "request": ["x"], "visited_at": days[2:]})
    >>> with_before(visits, [online], since="2024-10-01", within=7)["preceded"].to_list()
    ['yes', 'no']
    """
    stack = stacked([visits, *contacts], person, at, same)
    names = [column(stack, name) for name in (person, *same)]
    known = np.logical_and.reduce([stack[at].notna(), *(each.notna() for each in names)])
    first = day_of(since)
    days = ((stack[at].dt.normalize() - pd.Timestamp(first)) / pd.Timedelta(days=1)).to_numpy(dtype=float)
    is_own = np.arange(len(stack)) < len(visits)
    _hold_since(days[is_own], first, within, at)
    who = pd.MultiIndex.from_arrays([each[known].astype("str") for each in names]).factorize()[0]
    gap = np.full(len(stack), np.nan)
    gap[known] = _since_other(who, days[known], stack.loc[known, at].to_numpy(), is_own[known])
    codes = np.where(known, np.where(gap <= within, 0, 1), -1)[is_own]
    marked = visits.assign(**{BEFORE: categorical(codes, PRECEDED)})
    kept = ~(days[is_own] < within)
    return held_at(marked, marked.loc[kept].reset_index(drop=True), (LOOKED_BACK, f"{within}_days"))


def _since_other(who: Integers, day: Floats, moment: np.ndarray, is_own: Flags) -> Floats:
    """Return the days from the last row that is not one's own to each of one's own; NaN where there is none.

    At the same moment the other one came first: files that tell the day alone then count it.
    """
    order = np.lexsort((is_own, moment, who))
    place = np.arange(len(order))
    last = np.maximum.accumulate(np.where(is_own[order], -1, place))
    before = np.maximum(last, 0)
    there = (last >= 0) & (who[order][before] == who[order])
    found = np.full(len(who), np.nan)
    found[order] = np.where(there, day[order] - day[order][before], np.nan)
    return found


def _hold_since(days: Floats, since: date, within: int, at: str) -> None:
    early = int((days < 0).sum())
    if early:
        raise MethodError(
            "Des lignes sont avant le début de la période.",
            where=f"variable « {at} »",
            expected=f"rien avant le {since:%d/%m/%Y}",
            got=f"{early} ligne{'s' if early > 1 else ''}",
            hint="« since » est le premier jour de la livraison",
        )
    if not (days >= within).any():
        raise MethodError(
            "Aucune visite n’a assez de jours avant elle dans la période.",
            expected=f"des visites à {within} jours au moins du {since:%d/%m/%Y}",
            hint="raccourcissez « within », ou chargez une période plus longue",
        )
