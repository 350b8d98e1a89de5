"""Sums of rows that a few people make most of: when they are, and how far they must then be uncertain.

The (n, p)-rule of an agreement: n contributors make p percent, or more. Who knows such a sum closely, and a part of it,
knows what the largest of them brought to it (Hundepool and others, Statistical Disclosure Control, 2012, chapter 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def protection_level(amounts: Integers, times: Integers, dominance: Sequence[tuple[int, float]]) -> int:
    """Return by how much a sum must perhaps be greater: until no rule says that it is dominated; 0 when none does.

    Parameters
    ----------
    amounts, times
        What each contributor of a kind brings to the sum, and how many there are of each kind.
    dominance
        Pairs (n, p).

    Examples
    --------
    Eight of ten visits are one person's: eleven are the fewest of which they would not be 80 %.

    >>> protection_level(np.array([8, 1]), np.array([1, 2]), [(1, 80)])
    1
    >>> protection_level(np.array([8, 1]), np.array([1, 3]), [(1, 80)])
    0
    """
    total = int(amounts @ times)
    if not total:
        return 0
    order = np.argsort(-amounts, kind="stable")
    before = np.cumsum(times[order])
    found = 0
    for most, percent in dominance:
        counted = np.diff(np.minimum(before, most), prepend=0)
        held = int(counted @ amounts[order])
        found = max(found, floor(100 * held / Fraction(str(percent))) + 1 - total)
    return found
