"""The time to an event that may not have been seen yet: Kaplan–Meier, with people as clusters.

statsmodels has the estimate (`duration.survfunc.SurvfuncRight`), and not its variance when one person has several
times; both are held to one another in the tests, and to R.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from etabli.errors import MethodError
from etabli.methods.clusters import Flags, Floats, Integers
from etabli.methods.intervals import FEWEST_EFFECTIVE, LEVEL


@dataclass(frozen=True)
class Survival:
    """The share that has not met the event yet, by day.

    Parameters
    ----------
    share
        S(d) for d = 0, 1, … days: no event up to day d, that day included. NaN once nobody is followed any more.
    error
        Standard error of S(d), people as clusters; NaN where there is none.
    low, high
        Bounds of the 95 % interval of S(d); NaN where there is none.
    """

    share: Floats
    error: Floats
    low: Floats
    high: Floats

    def at(self, day: int) -> tuple[float, float, float]:
        """Return S(day) and its bounds; NaN beyond the last day followed."""
        if day >= len(self.share):
            return float("nan"), float("nan"), float("nan")
        return float(self.share[day]), float(self.low[day]), float(self.high[day])

    def quantile(self, share: float) -> tuple[float, float, float]:
        """Return the first day on which S is at most 1 − share, and its bounds: the first on which those of S are.

        NaN where that day is not reached.

        References
        ----------
        Brookmeyer and Crowley (1982), Biometrics 38, 29–41.
        """
        return _first(self.share, 1 - share), _first(self.low, 1 - share), _first(self.high, 1 - share)


def kaplan_meier(days: Integers, observed: Flags, people: Integers) -> Survival:
    """Estimate the time to an event from times of which some end before it.

    S(d) = Π (1 − events / at risk) over the days up to d; who is no longer followed after a day was at risk on it. The
    variance sums the influences of each person's times on S (infinitesimal jackknife, factor k/(k − 1)): with one time
    a person it is Greenwood's. Interval on the scale log(−log S), Student's t with k − 1 degrees of freedom; none
    where S is 0 or 1, nor with an effective number of people under `intervals.FEWEST_EFFECTIVE`.

    Parameters
    ----------
    days
        Whole days until the event, or until nobody looks any more (times,).
    observed
        Whether the event was seen.
    people
        Person of each time, as integers from 0.

    Raises
    ------
    MethodError
        There is no time, or one is negative.

    References
    ----------
    Kaplan and Meier (1958), JASA 53, 457–481; Williams (1995), Lifetime Data Analysis 1, 171–186 (dependent times);
    R's `survival::survfit(cluster=)`.

    Examples
    --------
    >>> found = kaplan_meier(np.array([1, 2, 2, 3]), np.array([True, True, False, False]), np.arange(4))
    >>> found.share.tolist()
    [1.0, 0.75, 0.5, 0.5]
    """
    if not len(days) or days.min() < 0:
        raise MethodError(
            "Aucune durée à suivre." if not len(days) else "Une durée est négative.",
            expected="des nombres de jours, 0 ou plus",
        )
    size = int(days.max()) + 1
    events = np.bincount(days[observed], minlength=size).astype(float)
    at_risk = np.cumsum(np.bincount(days, minlength=size)[::-1])[::-1].astype(float)
    hazard = events / at_risk
    share = np.cumprod(1 - hazard)
    error = share * _error_of_log(days, observed, people, hazard, at_risk)
    low, high = _bounds(share, error, np.bincount(people).astype(float))
    return Survival(share, error, low, high)


def _error_of_log(days: Integers, observed: Flags, people: Integers, hazard: Floats, at_risk: Floats) -> Floats:
    """Return the standard error of log S by day: the root of the sum over people of their squared influences."""
    size, k = len(hazard), len(np.unique(people))
    if k < 2:
        return np.full(size, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(hazard < 1, 1 / (at_risk * (1 - hazard)), np.nan)
    order = np.argsort(days, kind="stable")
    ends = np.searchsorted(days[order], np.arange(size + 1))
    times = np.bincount(people).astype(float)  # of each person, still at risk
    influence = np.zeros(len(times))
    variance = np.empty(size)
    for day in range(size):
        here = order[ends[day] : ends[day + 1]]
        if hazard[day] > 0:
            influence -= weight[day] * hazard[day] * times
            np.add.at(influence, people[here[observed[here]]], weight[day])
        variance[day] = influence @ influence
        np.subtract.at(times, people[here], 1)
    return np.asarray(np.sqrt(variance * k / (k - 1)), dtype=float)


def _bounds(share: Floats, error: Floats, times: Floats) -> tuple[Floats, Floats]:
    """Return the bounds of S, from its standard error and how many times each person has."""
    times = times[times > 0]
    k, effective = len(times), times.sum() ** 2 / (times**2).sum()
    usable = (share > 0) & (share < 1) & (error > 0) & (effective >= FEWEST_EFFECTIVE)
    s = np.where(usable, share, 0.5)
    reach = special.stdtrit(max(k - 1, 1), (1 + LEVEL) / 2) * np.where(usable, error, 0.0) / (s * np.abs(np.log(s)))
    low, high = s ** np.exp(reach), s ** np.exp(-reach)
    return np.where(usable, low, np.nan), np.where(usable, high, np.nan)


def _first(share: Floats, level: float) -> float:
    found = np.flatnonzero(share <= level + 1e-12)
    return float(found[0]) if len(found) else float("nan")
