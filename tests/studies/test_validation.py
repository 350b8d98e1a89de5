"""Committed results of `make validate` cover the methods of today, and their first draws come again."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("validate", ROOT / "benchmarks" / "validate.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


validate = load()


def results(slug: str) -> dict[str, Any]:
    return json.loads((ROOT / "docs" / "validation" / f"{slug}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("slug", validate.studies())
def test_results_cover_the_methods_of_today(slug: str) -> None:
    assert results(slug)["fingerprint"] == validate.fingerprint(slug), "make validate, then commit docs/validation"


@pytest.mark.parametrize("slug", validate.studies())
def test_results_are_of_400_deliveries_and_none_fails(slug: str) -> None:
    found = results(slug)
    assert found["draws"] == 400
    assert [each["name"] for each in (*found["figures"], *found["null"]) if each["outcome"] == "fails"] == []
    assert (ROOT / "docs" / "validation" / f"{slug}.md").read_text(encoding="utf-8") == validate.page(found)


@pytest.mark.parametrize("slug", validate.studies())
def test_first_deliveries_come_again(slug: str) -> None:
    for seed, kept in enumerate(results(slug)["first"]):
        again = validate.draw(slug, seed)
        assert [each[0] for each in again] == [each[0] for each in kept]
        for (name, *values), (_, *wanted) in zip(again, kept, strict=True):
            expected = [float("nan") if each is None else each for each in wanted]
            assert values == pytest.approx(expected, rel=1e-5, abs=1e-7, nan_ok=True), (seed, name)


@pytest.mark.parametrize(
    ("held", "outcome"), [(400, "wide"), (396, "wide"), (380, "holds"), (365, "holds"), (364, "fails")]
)
def test_coverage_is_judged_by_its_exact_interval_for_all_figures(held: int, outcome: str) -> None:
    assert validate.judge("x", [1.0] * 400, [0.1] * 400, held, figures=40).outcome == outcome


def test_one_figure_alone_is_held_more_strictly() -> None:
    assert validate.judge("x", [1.0] * 400, [0.1] * 400, 370, figures=1).outcome == "fails"


@pytest.mark.parametrize(("found", "outcome"), [(20, "holds"), (30, "holds"), (45, "fails"), (0, "holds")])
def test_false_findings_are_held_to_one_in_twenty(found: int, outcome: str) -> None:
    assert validate.judge_null("x", found, 400, figures=4).outcome == outcome


def test_interval_without_bounds_is_left_out() -> None:
    nan = float("nan")
    figures = validate.judged([[("a", 1.0, 1.2, 0.9, 1.5), ("b", 1.0, 1.0, nan, nan)], [("a", 1.0, 2.0, 1.5, 2.5)]])
    (only,) = figures
    assert (only.name, only.held, only.drawn, only.bias) == ("a", 1, 2, pytest.approx(0.6))
