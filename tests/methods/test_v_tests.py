"""Test values: exact small cases, the normal approximation in large ones, both signs, and their ends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from etabli.methods.v_tests import v_test


def test_value_is_the_quantile_of_the_exact_probability() -> None:
    """Five of five drawn have what ten of twenty have: (10·9·8·7·6) / (20·19·18·17·16) of the draws."""
    tail = 30_240 / 1_860_480
    assert v_test([5], [5], [10], 20) == pytest.approx([-stats.norm.ppf(tail)])  # half of 2p on each side
    assert v_test([0], [5], [10], 20) == pytest.approx([stats.norm.ppf(tail)])


@pytest.mark.parametrize("both", [1_100, 1_180, 1_300, 900])
def test_value_is_near_the_normal_one_of_lebart(both: int) -> None:
    n, k, j = 20_000, 4_000, 5_600
    expected = k * j / n
    error = np.sqrt(k * (n - k) / (n - 1) * j / n * (1 - j / n))
    assert v_test([both], [k], [j], n) == pytest.approx([(both - expected) / error], abs=0.15)


def test_over_and_under_representation_are_opposite() -> None:
    """Who has the category, and who has not, say one thing with two signs."""
    assert v_test([30, 20], [50, 50], [40, 60], 100) == pytest.approx(np.array([1, -1]) * v_test([30], [50], [40], 100))


def test_far_tails_are_finite_and_in_order() -> None:
    found = v_test([9_000, 9_500, 10_000], [10_000] * 3, [10_000] * 3, 60_000)
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0).all()
    assert found[0] > 100


def test_as_many_as_expected_is_near_zero() -> None:
    found = v_test([20], [50], [40], 100)
    assert 0 <= found[0] < 0.3


@pytest.mark.parametrize(("k", "j"), [(0, 10), (20, 10), (5, 0), (5, 20)])
def test_class_or_category_of_nobody_or_everybody_has_none(k: int, j: int) -> None:
    assert np.isnan(v_test([max(0, k + j - 20)], [k], [j], 20)).all()
