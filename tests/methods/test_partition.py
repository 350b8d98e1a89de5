"""Classes of weighted points: how many, which, named how."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.methods.clusters import Floats, Integers
from etabli.methods.partition import by_size, partition, speaks_for
from etabli.methods.stability import adjusted_rand
from etabli.methods.ward import ward

CENTRES = np.array([[0, 0], [6, 0], [0, 6], [6, 6], [12, 3], [3, 12]], dtype=float)


def clouds(classes: int, size: int = 60, spread: float = 0.7) -> tuple[Floats, Integers]:
    rng = np.random.default_rng(1)
    of = np.repeat(np.arange(classes), size)
    return CENTRES[of] + spread * rng.normal(size=(len(of), 2)), of


def agreement(one: Integers, other: Integers) -> float:
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    return adjusted_rand(table)


@pytest.mark.parametrize("classes", [3, 4, 5, 6])
def test_clouds_are_found_and_counted(classes: int) -> None:
    points, of = clouds(classes)
    found = partition(points, np.ones(len(of), dtype=np.int64))
    assert found.number == classes
    assert agreement(found.labels, of) > 0.99
    assert found.explained > 0.9


def test_prototypes_first_find_the_same_classes() -> None:
    points, of = clouds(5, size=400)
    weights = np.random.default_rng(2).integers(1, 4, len(of))
    found = partition(points, weights, limit=500, into=100)
    assert found.is_mixed
    assert agreement(found.labels, partition(points, weights).labels) > 0.99


@pytest.mark.parametrize(("points", "is_mixed"), [(499, False), (500, False), (501, True)])
def test_prototypes_come_beyond_the_limit(points: int, is_mixed: bool) -> None:
    places = np.random.default_rng(3).normal(size=(points, 2))
    assert partition(places, np.ones(points, dtype=np.int64), limit=500, into=50).is_mixed is is_mixed


def test_gains_of_all_merges_are_the_inertia() -> None:
    points, of = clouds(3, size=20)
    found = partition(points, np.ones(len(of), dtype=np.int64))
    assert sum(found.gain(classes) for classes in range(2, len(of) + 1)) == pytest.approx(1)
    assert found.gain(2) > found.gain(3) > 10 * found.gain(4)
    assert found.gain(len(of) + 1) == 0


def test_number_asked_for_is_given_as_far_as_there_are_points() -> None:
    points, of = clouds(4)
    ones = np.ones(len(of), dtype=np.int64)
    assert partition(points, ones, classes=2).labels.max() == 1
    few = np.array([[0.0, 0.0], [1.0, 1.0]])
    assert partition(few, np.array([5, 5]), classes=6).labels.tolist() == [0, 1]
    assert partition(few, np.array([5, 5])).number == 2
    assert partition(few[:1], np.array([5])).labels.tolist() == [0]


def test_point_of_nobody_has_no_class() -> None:
    points, _ = clouds(3, size=3)
    found = partition(points, np.array([0, 1, 1, 1, 1, 1, 1, 1, 1]))
    assert found.labels[0] == -1
    assert (found.labels[1:] >= 0).all()


def test_few_places_of_many_people_are_as_many_classes() -> None:
    """W is nothing from four classes on: a ratio of nothing by nothing decides of nothing."""
    assert speaks_for(ward(CENTRES[:4], np.full(4, 100.0))) in {3, 4}


def test_classes_are_named_by_their_people() -> None:
    assert by_size(np.array([0, 1, 1, 2]), np.array([5, 1, 1, 9])).tolist() == [1, 2, 2, 0]
    assert by_size(np.array([1, 0]), np.array([4, 4])).tolist() == [0, 1]
