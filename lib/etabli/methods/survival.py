"""How long people stay before something happens: survival (Kaplan–Meier) and cumulative incidence (Aalen–Johansen).

A spell is one row a person: how long they were followed, in whole units of time, and what ended it. Who was still
waiting when the data stops is censored: in the curve up to then, and in no event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from etabli.errors import MethodError, suggestion
from etabli.memo import pure
from etabli.methods.cells import with_people
from etabli.methods.clusters import column, complete_rows, encode, refuse_reserved
from etabli.methods.membership import beside, membership_of
from etabli.methods.results import SMALL_BASE, Dimension, Measure, Table

Floats = NDArray[np.float64]

AT_RISK = Measure("at_risk", "count", unit="à risque|à risque")
EVENTS = Measure("events", "count", unit="événement|événements")
SURVIVAL = Measure("survival", "curve", low="survival_low", high="survival_high", base="people")
INCIDENCE = Measure("incidence", "curve", low="incidence_low", high="incidence_high", base="people")

TOLD = "told"
"""Column of `cells`: whether a time is one of the round ones at which the number at risk is written under a figure."""

MADE = (*SURVIVAL.columns, *INCIDENCE.columns, "at_risk", "events", TOLD)

_Z = float(special.ndtri(0.975))


@pure
def survival(
    spells: pd.DataFrame,
    duration: str,
    *,
    event: str,
    by: str | None = None,
    entry: str | None = None,
    person: str = "recipient",
    at: Sequence[int] | None = None,
) -> Table:
    """Return the part of people to whom an event has not happened yet, by time (Kaplan–Meier).

    Parameters
    ----------
    spells
        One row a person.
    duration
        How long they were followed, in whole units (days), from 0.
    event
        Whether the event ended it (boolean); false: censored.
    by
        A variable whose categories each have their curve.
    entry
        When they came under observation, on the scale of `duration`: at risk from just after (left truncation).
    at
        Times at which the number at risk is told; by default, round ones.

    Returns
    -------
    Table
        One row a time of an event or of `at`, and category of `by`. `survival` with its 95 % interval (Greenwood's
        variance, on the scale of the logarithm, as R's `survfit`), `at_risk` just before that time, `events` at it,
        `people` the distinct people of the curve. After the last time of a curve there is no estimate (NaN).

    Raises
    ------
    MethodError
        A column is missing, a duration is no whole number, a person has two rows, or a curve has too few people.

    References
    ----------
    Kaplan and Meier (1958), JASA 53; Kalbfleisch and Prentice (2002), section 1.4. statsmodels `SurvfuncRight`.

    Examples
    --------
    >>> spells = pd.DataFrame({"recipient": range(40), "days": [*range(1, 41)], "left": [True] * 40})
    >>> survival(spells, "days", event="left").value("survival", days=10).number
    0.75
    """
    follow = _followed(spells, duration, event, by, entry, person)
    ended = column(spells, event)[follow.kept]
    if not pd.api.types.is_bool_dtype(ended):
        raise MethodError(
            f"« {event} » ne dit pas si l’événement est arrivé.",
            expected="une variable booléenne",
            got=str(ended.iloc[0]),
            hint="plusieurs événements se comptent par cumulative_incidence",
        )
    return _table(spells, follow, ended.to_numpy(dtype=bool).astype(int), SURVIVAL, at, _kaplan_meier)


@pure
def cumulative_incidence(
    spells: pd.DataFrame,
    duration: str,
    *,
    event: str,
    cause: str,
    by: str | None = None,
    person: str = "recipient",
    at: Sequence[int] | None = None,
) -> Table:
    """Return the part of people to whom one of several events has happened, by time (Aalen–Johansen).

    Who had another event can no longer have this one: they are not censored, which would say too much.

    Parameters
    ----------
    spells, duration, by, person, at
        As for `survival`.
    event
        Which event ended the spell; missing: censored.
    cause
        The category of `event` that is counted.

    Returns
    -------
    Table
        As `survival`, with `incidence` and its 95 % interval (on the scale of log(−log), inside 0 and 1).

    Raises
    ------
    MethodError
        As for `survival`; or `event` has no such category.

    References
    ----------
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5. statsmodels `CumIncidenceRight`.
    """
    follow = _followed(spells, duration, None, by, None, person)
    coded = encode(spells, event)
    if cause not in coded.levels:
        raise MethodError(
            f"La variable « {event} » n’a pas cette modalité.", got=cause, hint=suggestion(cause, coded.levels)
        )
    own = coded.levels.index(cause)
    codes = coded.codes[follow.kept]
    ended = np.where(codes == own, 1, np.where(codes < 0, 0, 2))
    return _table(spells, follow, ended, INCIDENCE, at, _aalen_johansen)


@dataclass(frozen=True)
class _Followed:
    """Who was followed how long: `kept` says which rows of the frame, the rest is of those."""

    duration: str
    by: str | None
    kept: NDArray[np.bool_]
    missing: Any
    people: NDArray[Any]
    stop: NDArray[np.int64]
    start: NDArray[np.int64]
    group: NDArray[np.int64]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class _Curve:
    """Estimates with their bounds, by time of an event of any kind."""

    times: Floats
    estimate: Floats
    low: Floats
    high: Floats


def _followed(
    spells: pd.DataFrame, duration: str, event: str | None, by: str | None, entry: str | None, person: str
) -> _Followed:
    used = [name for name in (duration, event, by, entry) if name is not None]
    refuse_reserved(used, MADE)
    kept, missing = complete_rows(spells, used, person)
    known = spells.loc[kept]
    if known[person].duplicated().any():
        raise MethodError(
            "Une personne a plusieurs durées : une courbe de survie n’en prend qu’une par personne.",
            got=f"{int(known[person].duplicated().sum())} ligne(s) de trop",
            hint="gardez la première, ou faites des épisodes une étude à part",
        )
    stop = _whole(known, duration)
    start = _whole(known, entry) if entry else np.full(len(known), -1, dtype=np.int64)
    if (start >= stop).any():
        raise MethodError(
            f"Quelqu’un entre en observation (« {entry} ») quand sa durée est déjà écoulée.",
            expected=f"« {entry} » avant « {duration} »",
            got=f"{int((start >= stop).sum())} personne(s)",
        )
    coded = encode(known, by) if by else None
    codes = np.zeros(len(known), dtype=np.int64) if coded is None else coded.codes
    groups = ("",) if coded is None else tuple(str(level) for level in coded.levels)
    few = [groups[code] for code in range(len(groups)) if (codes == code).sum() < SMALL_BASE]
    if few:
        raise MethodError(
            f"Une courbe repose sur moins de {SMALL_BASE} personnes : ses parts ne s’écrivent pas en pourcentage.",
            got=", ".join(few) if by else f"{len(known)} personne(s)",
            hint="regroupez des modalités, ou donnez les effectifs",
        )
    return _Followed(duration, by, kept, missing, known[person].to_numpy(), stop, start, codes, groups)


def _whole(frame: pd.DataFrame, name: str) -> NDArray[np.int64]:
    """Return a column of times as whole numbers, none under 0."""
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    whole = np.isfinite(values) & (values == np.floor(values)) & (values >= 0)
    if not whole.all():
        raise MethodError(
            f"« {name} » n’est pas une durée en unités entières.",
            expected="des nombres entiers, à partir de 0",
            got=str(frame[name].iloc[int(np.flatnonzero(~whole)[0])]),
            hint="comptez en jours, en semaines ou en mois révolus",
        )
    return values.astype(np.int64)


def _kaplan_meier(stop: NDArray[np.int64], start: NDArray[np.int64], ended: NDArray[np.int64]) -> _Curve:
    from statsmodels.duration.survfunc import SurvfuncRight

    found = SurvfuncRight(stop, ended, entry=start)
    estimate, error = found.surv_prob, found.surv_prob_se
    with np.errstate(divide="ignore", invalid="ignore"):  # at 0, log S has no error
        wide = np.exp(_Z * error / estimate)
        low, high = estimate / wide, np.minimum(estimate * wide, 1.0)
    return _Curve(found.surv_times.astype(float), estimate, low, high)


def _aalen_johansen(stop: NDArray[np.int64], start: NDArray[np.int64], ended: NDArray[np.int64]) -> _Curve:  # noqa: ARG001  # as the other
    from statsmodels.duration.survfunc import CumIncidenceRight

    with np.errstate(divide="ignore", invalid="ignore"):  # statsmodels, where nobody is left; and log(−log) of 0 and 1
        found = CumIncidenceRight(stop, ended)
        estimate, error = found.cinc[0], found.cinc_se[0]
        wide = np.exp(_Z * error / (estimate * np.log(estimate)))
        low, high = estimate ** (1 / wide), estimate**wide
    keep = np.isin(found.times, stop[ended > 0])
    known = np.isfinite(low) & np.isfinite(high) & (estimate > 0)
    low, high = np.where(known, low, np.nan), np.where(known, high, np.nan)
    return _Curve(found.times[keep].astype(float), estimate[keep], low[keep], high[keep])


def _table(
    spells: pd.DataFrame,
    follow: _Followed,
    ended: NDArray[np.int64],
    measure: Measure,
    at: Sequence[int] | None,
    estimated: Any,
) -> Table:
    if not (ended == 1).any():
        raise MethodError("L’événement n’arrive à personne : il n’y a pas de courbe.", got=follow.duration)
    last = int(follow.stop.max())
    told = [int(each) for each in (_round_times(last) if at is None else at)]
    if any(not 0 <= each <= last for each in told):
        raise MethodError("Un temps demandé est hors de la période observée.", expected=f"de 0 à {last}", got=str(told))
    times = np.unique(np.concatenate([[0], told, follow.stop[ended == 1]])).astype(np.int64)
    frames, members = [], []
    for code, group in enumerate(follow.groups):
        own = follow.group == code
        stop, start, what = follow.stop[own], follow.start[own], ended[own]
        curve = estimated(stop, start, what) if (what > 0).any() else _Curve(*(np.empty(0) for _ in range(4)))
        cells = _cells(times, curve, measure, (stop, start, what))
        frames.append(cells.assign(**({follow.by: group} if follow.by else {})))
        present = np.ones((int(own.sum()), len(times)), dtype=np.int64)
        members.append(membership_of(follow.people[own], present))
    cells = pd.concat(frames, ignore_index=True).rename(columns={"time": follow.duration})
    cells[TOLD] = cells[follow.duration].isin([str(each) for each in told])
    dimensions = [Dimension(follow.duration, additive=False), *([Dimension(follow.by)] if follow.by else [])]
    table = Table(cells, tuple(dimensions), (measure, AT_RISK, EVENTS), missing=follow.missing)
    return with_people(table, spells, beside(members))


def _cells(
    times: NDArray[np.int64],
    curve: _Curve,
    measure: Measure,
    followed: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
) -> pd.DataFrame:
    """Return the rows of one curve: its last step at or before each time, and who is there just before it."""
    stop, start, ended = followed
    begin = 1.0 if measure is SURVIVAL else 0.0
    step = np.searchsorted(curve.times, times, side="right")
    after = times > stop.max()
    columns = {
        name: np.where(after, np.nan, np.concatenate([[first], values])[step])
        for name, first, values in (
            (measure.name, begin, curve.estimate),
            (measure.low, np.nan, curve.low),
            (measure.high, np.nan, curve.high),
        )
    }
    return pd.DataFrame(
        {
            "time": [str(each) for each in times],
            **columns,
            "at_risk": [int(((start < each) & (stop >= each)).sum()) for each in times],
            "events": [int(((stop == each) & (ended == 1)).sum()) for each in times],
            "people": len(stop),
        }
    )


def _round_times(last: int, *, most: int = 6) -> list[int]:
    """Return round times from 0 to `last`, at most so many beside 0.

    >>> _round_times(90), _round_times(4)
    ([0, 20, 40, 60, 80], [0, 1, 2, 3, 4])
    """
    step, power = 1, 1
    while last // step > most:
        step = next((power * each for each in (1, 2, 5) if power * each > step), power * 10)
        power = power * 10 if step == power * 10 else power
    return list(range(0, last + 1, step))
