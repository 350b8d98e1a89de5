"""How far a sum of rows must be uncertain that few people make most of: at its threshold, one less and one more."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.disclosure.dominance import protection_level


@pytest.mark.parametrize(("largest", "level"), [(15, 0), (16, 1), (17, 2)])
def test_one_of_five_contributors_at_four_fifths(largest: int, level: int) -> None:
    """Of 20 rows; 17 would be less than 80 % of 22 only."""
    rest = np.array([largest, 20 - largest])
    assert protection_level(rest, np.array([1, 1]), [(1, 80)]) == level


def test_contributors_alike_count_each() -> None:
    amounts, times = np.array([5, 1]), np.array([3, 5])  # 20 rows, 15 of which are three people's
    assert protection_level(amounts, times, [(2, 50)]) == 1
    assert protection_level(amounts, times, [(3, 75)]) == 1
    assert protection_level(amounts, times, [(3, 76)]) == 0


def test_strictest_of_several_rules_holds() -> None:
    amounts, times = np.array([90, 10]), np.array([1, 1])
    assert protection_level(amounts, times, [(1, 90), (1, 50), (2, 99.5)]) == 81


def test_limit_of_decimals_is_exact() -> None:
    """33.3 is no binary number: in floating point the 1,000th row would be on the wrong side."""
    assert protection_level(np.array([333, 1]), np.array([1, 667]), [(1, 33.3)]) == 1
    assert protection_level(np.array([333, 1]), np.array([1, 668]), [(1, 33.3)]) == 0


def test_sum_of_nothing_has_no_level() -> None:
    assert protection_level(np.array([0, 0]), np.array([3, 4]), [(1, 80)]) == 0
