"""Verdicts at their boundaries."""

from __future__ import annotations

import pandas as pd
import pytest

from etabli.methods import audit
from etabli.methods.results import Table


def one(operation: str, stated: float | None, parts: list[float | None], **more: object) -> Table:
    """Audit one claim over figures of one unit; `expected`, `units` and `precision` may be given."""
    units = more.get("units", ["requests"] * (len(parts) + 1))
    values = [stated, *parts]
    names = [f"n{index}" for index in range(len(values))]
    facts = pd.DataFrame({"system": "x", "measure": names, "year": 2024, "value": values, "unit": units})
    claim = {
        "claim": "tried",
        "operation": operation,
        "stated": "x.n0",
        "stated_value": None,
        "stated_unit": None,
        "parts": ";".join(f"x.{name}" for name in names[1:]),
        "parts_expected": more.get("expected"),
        "precision": more.get("precision", 1),
    }
    return audit.audit(pd.DataFrame([claim]), facts)


def verdict_of(table: Table) -> object:
    return table.value("verdict", claim="tried").number


@pytest.mark.parametrize(("stated", "verdict"), [(9, "wrong"), (10, "holds"), (11, "wrong")])
def test_sum_of_all_parts_holds_exactly_or_is_wrong(stated: float, verdict: str) -> None:
    assert verdict_of(one("sum", stated, [4, 6], expected=2)) == verdict


@pytest.mark.parametrize(("stated", "verdict"), [(9, "wrong"), (10, "holds"), (11, "incomplete")])
def test_sum_of_some_parts_can_only_be_too_small(stated: float, verdict: str) -> None:
    assert verdict_of(one("sum", stated, [4, 6], expected=3)) == verdict


@pytest.mark.parametrize(("stated", "verdict"), [(9, "wrong"), (10, "holds"), (11, "incomplete")])
def test_sum_with_a_part_that_is_not_given_counts_it_as_missing(stated: float, verdict: str) -> None:
    assert verdict_of(one("sum", stated, [4, 6, None], expected=3)) == verdict


@pytest.mark.parametrize(("stated", "verdict"), [(9, "cannot_be_checked"), (10, "holds"), (11, "cannot_be_checked")])
def test_sum_of_parts_that_need_not_exhaust_the_whole(stated: float, verdict: str) -> None:
    assert verdict_of(one("sum", stated, [4, 6])) == verdict


@pytest.mark.parametrize(("parts", "stated"), [([None, None], 10), ([4, 6], None)])
def test_sum_without_its_figures_cannot_be_checked(parts: list[float | None], stated: float | None) -> None:
    assert verdict_of(one("sum", stated, parts, expected=2)) == "cannot_be_checked"


def test_sum_of_different_units_cannot_be_checked_even_when_it_agrees() -> None:
    table = one("sum", 10, [4, 6], expected=2, units=["premises", "premises", "rooms"])
    assert verdict_of(table) == "cannot_be_checked"
    assert table.value("recomputed", claim="tried").number is None


@pytest.mark.parametrize(("stated", "verdict"), [(3, "wrong"), (4, "holds"), (5, "wrong")])
def test_difference(stated: float, verdict: str) -> None:
    assert verdict_of(one("difference", stated, [10, 6])) == verdict


@pytest.mark.parametrize("missing", [[None, 6], [10, None]])
def test_difference_without_a_term_cannot_be_checked(missing: list[float | None]) -> None:
    assert verdict_of(one("difference", 4, missing)) == "cannot_be_checked"


@pytest.mark.parametrize(
    ("spent", "verdict", "by_hand"),
    [
        (1005, "holds", False),  # 100.5: half a unit of the last digit
        (1006, "holds", True),  # 100.6: 0.6 % away
        (1010, "holds", True),  # 101.0: 0.99 % away
        (1011, "wrong", False),  # 101.1: 1.09 % away
        (990, "wrong", False),  # 99.0: 1.01 % away
        (991, "holds", True),
    ],
)
def test_mean_is_rounded_by_hand_up_to_one_percent(spent: float, verdict: str, by_hand: bool) -> None:
    table = one("ratio", 100, [spent, 10], units=["EUR", "EUR", "projects"])
    assert verdict_of(table) == verdict
    assert ("arrondi à la main" in str(table.value("reason", claim="tried").number)) is by_hand


@pytest.mark.parametrize(("part", "verdict"), [(845, "wrong"), (850, "holds"), (949, "holds"), (956, "wrong")])
def test_share_holds_within_half_a_digit_only(part: float, verdict: str) -> None:
    table = one("ratio", 0.09, [part, 10000], units=["share", "tickets", "tickets"], precision=0.01)
    assert verdict_of(table) == verdict


def test_share_is_not_excused_as_rounded_by_hand() -> None:
    table = one("ratio", 0.9, [906, 1000], units=["share", "tickets", "tickets"], precision=0.01)
    assert verdict_of(table) == "wrong"


def test_share_of_different_units_cannot_be_checked() -> None:
    table = one("ratio", 0.5, [5, 10], units=["share", "rooms", "premises"], precision=0.01)
    assert verdict_of(table) == "cannot_be_checked"


def test_ratio_with_a_zero_denominator_cannot_be_checked() -> None:
    assert verdict_of(one("ratio", 4, [8, 0])) == "cannot_be_checked"
