"""Which categories are more, or less, frequent in a class than chance would have it (*valeurs-test*)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from etabli.methods.clusters import Floats


def v_test(both: ArrayLike, in_class: ArrayLike, in_category: ArrayLike, everybody: int) -> Floats:
    """Return the test value of categories in classes: the standard normal quantile that is as improbable.

    Drawing the people of the class at random, without replacement, makes a hypergeometric number of them have the
    category; twice the probability of as many or more (of as few or fewer, where they are fewer) is that of a normal
    beyond ± the test value. Positive: over-represented. Beyond ±1.96 it is improbable at 5 %; of a variable that made
    the classes it ranks categories, and tests nothing.

    Parameters
    ----------
    both, in_class, in_category
        People of the class with the category, of the class, with the category (arrays of one shape).
    everybody
        All people.

    Returns
    -------
    numpy.ndarray
        Of that shape; NaN where a class or a category is that of nobody or of everybody.

    References
    ----------
    Lebart, Morineau and Piron (2006), Statistique exploratoire multidimensionnelle, 4th ed., 2.3.3; as FactoMineR's
    `catdes`.

    Examples
    --------
    >>> v_test([40, 10], [50, 50], [60, 60], 200).round(1).tolist()
    [8.6, -1.6]
    """
    x, k, j = np.broadcast_arrays(*(np.asarray(each, dtype=np.int64) for each in (both, in_class, in_category)))
    law = stats.hypergeom(everybody, j, k)
    more: Any = law.logsf(x - 1)
    fewer: Any = law.logcdf(x)
    is_more = x * float(everybody) >= k * j.astype(float)
    tail = np.where(is_more, more, fewer)
    size = -special.ndtri_exp(np.minimum(tail, -np.log(2)))
    varies = (k > 0) & (k < everybody) & (j > 0) & (j < everybody)
    return np.where(varies, np.where(is_more, size, -size), np.nan)
