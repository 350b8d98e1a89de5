"""Bounds from single rows of a system: what follows, and what an empty coefficient must not undo."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from etabli.disclosure.bounds import propagated


def test_sum_of_which_all_but_one_are_known_gives_it() -> None:
    matrix = sparse.csr_array(np.array([[1.0, 1.0], [1.0, 0.0]]))
    least, greatest = propagated(matrix, np.array([10.0, 7.0]), np.array([10.0, 7.0]))
    assert (least.tolist(), greatest.tolist()) == ([7, 3], [7, 3])


@pytest.mark.filterwarnings("error")
def test_coefficient_of_nothing_binds_nothing_and_undoes_nothing() -> None:
    """A share that is at least 0 % of an unknown number: the zero is written in the system."""
    matrix = sparse.csr_array((np.array([1.0, 0.0]), np.array([0, 1]), np.array([0, 2])), shape=(1, 2))
    least, greatest = propagated(matrix, np.array([2.0]), np.array([3.0]))
    assert (least.tolist(), greatest.tolist()) == ([2, 0], [3, np.inf])
