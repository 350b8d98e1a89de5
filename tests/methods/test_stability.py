"""Agreement of partitions, and classes that come back, or do not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etabli.methods import stability as module
from etabli.methods.answers import answers_of
from etabli.methods.correspondence import correspondence
from etabli.methods.partition import by_size, partition
from etabli.methods.stability import Stability, adjusted_rand, stability

Plant = Callable[..., tuple[pd.DataFrame, Any]]


def of_file(frame: pd.DataFrame, *, axes: int, classes: int, draws: int = 15) -> Stability:
    answers = answers_of(frame, [name for name in frame if name != "recipient"])
    analysis = correspondence(answers)
    found = partition(analysis.people(answers.indicator())[:, :axes], answers.weights, classes=classes)
    labels = by_size(found.labels, answers.weights)
    passive = np.zeros(len(analysis.active), dtype=bool)
    return stability(answers, labels, axes=axes, passive=passive, number=found.number, draws=draws)


def test_adjusted_rand_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 3, 40), rng.integers(0, 4, 40)
    other[:25] = one[:25]
    table = np.zeros((3, 4))
    np.add.at(table, (one, other), 1)
    same = np.array([(one[a] == one[b], other[a] == other[b]) for a, b in combinations(range(40), 2)])
    both, rows, columns = (same[:, 0] & same[:, 1]).sum(), same[:, 0].sum(), same[:, 1].sum()
    expected = rows * columns / len(same)
    assert adjusted_rand(table) == pytest.approx((both - expected) / ((rows + columns) / 2 - expected))


def test_adjusted_rand_of_classes_drawn_apart_is_about_nothing() -> None:
    rng = np.random.default_rng(2)
    table = np.zeros((4, 4))
    np.add.at(table, (rng.integers(0, 4, 20_000), rng.integers(0, 4, 20_000)), 1)
    assert abs(adjusted_rand(table)) < 0.01


@pytest.mark.parametrize(("table", "expected"), [([[7.0]], 1.0), ([[3.0, 3.0]], 0.0), ([[0.0, 4.0], [4.0, 0.0]], 1.0)])
def test_adjusted_rand_at_its_ends(table: list[list[float]], expected: float) -> None:
    assert adjusted_rand(np.array(table)) == pytest.approx(expected)


def test_planted_classes_come_back(plant: Plant) -> None:
    frame, _ = plant(1_000, noise=0.3)
    found = of_file(frame, axes=3, classes=4)
    assert (found.jaccard > 0.9).all()
    assert found.adjusted_rand > 0.9
    assert found.same_number > 0.9


def test_classes_of_chance_do_not(plant: Plant) -> None:
    frame, _ = plant(600, noise=1.0)
    found = of_file(frame, axes=3, classes=4)
    assert found.jaccard.mean() < 0.75  # Hennig (2007)
    assert found.adjusted_rand < 0.6


def test_category_that_a_draw_loses_stops_nothing(plant: Plant) -> None:
    frame, _ = plant(200, noise=0.3)
    frame.loc[0, "v0"] = "alone"
    assert not np.isnan(of_file(frame, axes=3, classes=4).jaccard).any()


def test_draws_of_prototypes_are_as_stable_as_those_of_everybody(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, _ = plant(1_500, noise=0.5)
    monkeypatch.setattr(module, "_LIMIT", 500)
    rough = of_file(frame, axes=3, classes=4, draws=8)
    monkeypatch.setattr(module, "_LIMIT", 10_000)
    fine = of_file(frame, axes=3, classes=4, draws=8)
    assert not (rough.jaccard == fine.jaccard).all()
    assert rough.jaccard == pytest.approx(fine.jaccard, abs=0.03)
