"""Intervals at 95 % for shares and means whose independent observations are people, not rows.

The quarter is fully counted: an interval says how far the process behind it, met in another
quarter like this one, could have given other figures. It is not a sampling error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from etabli.methods.clusters import Counts, Flags, Floats

LEVEL = 0.95
"""Confidence level of every interval."""

FEWEST_EFFECTIVE = 5.0
"""Effective size of a table row under which its clustered shares have no interval: one person who makes most of its
rows gives a variance of almost nothing, and bounds that hold a thousand visits for a thousand people."""

_NO_VARIANCE = 1e-12
"""Relative size under which a variance is a rounding error of zero."""


@dataclass(frozen=True)
class Shares:
    """Shares of the rows of each table row, with their bounds (fractions, of the table's shape)."""

    share: Floats
    low: Floats
    high: Floats


def wilson(successes: Floats, trials: Floats) -> tuple[Floats, Floats]:
    """Return Wilson's score interval of a proportion.

    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n), without continuity correction.

    Parameters
    ----------
    successes, trials
        Counts, of one shape; not necessarily whole (an effective size). Where `trials` is 0 the bounds are NaN.

    References
    ----------
    Wilson (1927), JASA 22, 209–212; as in Brown, Cai and DasGupta (2001), Statistical Science 16, 101–133, eq. 4.

    Examples
    --------
    >>> low, high = wilson(np.array([81.0]), np.array([263.0]))
    >>> float(low[0].round(4)), float(high[0].round(4))
    (0.2553, 0.3662)
    """
    n = np.where(trials > 0, trials, np.nan)
    p, z = successes / n, float(special.ndtri((1 + LEVEL) / 2))
    centre, spread = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = (centre - spread) / (1 + z**2 / n), (centre + spread) / (1 + z**2 / n)
    # exactly 0 and 1 where the formula gives them, but for rounding
    return np.where(successes == 0, 0 * n, low.clip(0, 1)), np.where(successes == trials, 0 * n + 1, high.clip(0, 1))


def row_shares(counts: Counts) -> Shares:
    """Return the share of each table row that falls in each column, with its interval.

    With one row a person: Wilson's interval. Else the ratio estimator p = Σ yᵢ / Σ mᵢ over the k people of the table
    row (yᵢ of their mᵢ rows fall in the column), with its linearised variance

        v = k/(k − 1) · Σ (yᵢ − p mᵢ)² / (Σ mᵢ)²

    and the interval logit⁻¹(logit p ± t · √v / (p (1 − p))), Student's t with k − 1 degrees of freedom. Where v is 0
    (share of 0 or 1, everyone with the same share), Wilson's interval on the effective size (Σ mᵢ)² / Σ mᵢ², as if the
    rows of one person were all alike. Under an effective size of `FEWEST_EFFECTIVE` there is no interval (NaN).

    A table row without rows has NaN everywhere.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., chapters 3.12 and 6 (clusters of unequal size, ratio estimator); Kish
    (1965), Survey Sampling (effective size). R's `survey::svyciprop(method = "logit")` is the same over a whole table;
    in a table row it counts k over the whole table.
    """
    y = counts.rows
    size = np.broadcast_to(y.sum(axis=1, keepdims=True), y.shape)
    share = y / np.where(size > 0, size, np.nan)
    if counts.one_row_each:
        return Shares(share, *wilson(y, size))
    people = counts.over_columns().people
    squares = np.asarray(counts.by_row.power(2).sum(axis=0), dtype=float)[:, None]
    effective = np.broadcast_to(size**2 / np.where(squares > 0, squares, np.nan), y.shape)
    low, high = wilson(share * effective, np.nan_to_num(effective))
    spread = _sum_of_squared_residuals(counts, share)
    usable = (spread > _NO_VARIANCE * squares) & (people > 1) & (share > 0) & (share < 1)
    lower, upper = _logit_bounds(share, spread, size, np.broadcast_to(people.astype(float), y.shape), usable)
    known = effective >= FEWEST_EFFECTIVE
    return Shares(
        share,
        np.where(known, np.where(usable, lower, low), np.nan),
        np.where(known, np.where(usable, upper, high), np.nan),
    )


def _sum_of_squared_residuals(counts: Counts, share: Floats) -> Floats:
    """Return Σ (yᵢ − p mᵢ)² by cell, over the people of the cell's table row."""
    matrix, width = counts.by_person, counts.shape[1]
    m = counts.by_row
    entries = matrix.tocoo()
    person, cell = entries.coords
    y = entries.data
    of_row = np.asarray(m.tocsr()[person, cell // width], dtype=float).ravel()
    yy = np.bincount(cell, weights=y * y, minlength=matrix.shape[1]).reshape(counts.shape)
    ym = np.bincount(cell, weights=y * of_row, minlength=matrix.shape[1]).reshape(counts.shape)
    mm = np.asarray(m.power(2).sum(axis=0), dtype=float)[:, None]
    return np.asarray(yy - 2 * share * ym + share**2 * mm, dtype=float)


def _logit_bounds(share: Floats, spread: Floats, size: Floats, people: Floats, usable: Flags) -> tuple[Floats, Floats]:
    p, k = np.where(usable, share, 0.5), np.where(usable, people, 2.0)
    variance = np.where(usable, spread, 0.0) * k / (k - 1) / np.where(usable, size, 1.0) ** 2
    reach = special.stdtrit(k - 1, (1 + LEVEL) / 2) * np.sqrt(variance) / (p * (1 - p))
    return special.expit(special.logit(p) - reach), special.expit(special.logit(p) + reach)


def mean_interval(values: Floats, *, least: float = 0.0) -> tuple[float, float]:
    """Return the interval of the mean of independent positive values, on the scale of logarithms.

    m · exp(± t · s / (m √n)), Student's t with n − 1 degrees of freedom: near Student's own interval when the mean is
    well known, and never negative when one value outweighs the others. NaN bounds with fewer than two values, or when
    all are equal: a variance that was never met is not a variance of zero.

    Parameters
    ----------
    least
        The smallest possible value (1 visit by a person who came): the lower bound is not under it.

    Examples
    --------
    >>> low, high = mean_interval(np.array([1.0, 1.0, 1.0, 1.0, 1000.0]), least=1)
    >>> round(low, 1), round(high)
    (12.7, 3181)
    """
    n, mean = len(values), float(values.mean()) if len(values) else 0.0
    spread = float(values.std(ddof=1)) if n > 1 else 0.0
    if spread <= _NO_VARIANCE * abs(mean) or mean <= 0:
        return float("nan"), float("nan")
    reach = float(np.exp(special.stdtrit(n - 1, (1 + LEVEL) / 2) * spread / (mean * np.sqrt(n))))
    return max(least, mean / reach), mean * reach
