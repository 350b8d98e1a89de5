"""Weighted Ward hierarchy: scipy's where weights are equal, that of repeated points where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster import hierarchy

from etabli.methods.ward import centres_of, k_means, nearest, prototypes, ward


@pytest.mark.parametrize(("size", "axes"), [(2, 1), (3, 2), (60, 1), (150, 3)])
def test_tree_of_equal_weights_is_that_of_scipy(size: int, axes: int) -> None:
    points = np.random.default_rng(2).normal(size=(size, axes))
    tree = ward(points, np.ones(size))
    other = hierarchy.linkage(points, method="ward")
    assert tree.losses == pytest.approx(other[:, 2] ** 2 / 2)
    for classes in range(1, min(size, 9) + 1):
        theirs = hierarchy.fcluster(other, classes, criterion="maxclust")
        assert len({*zip(tree.cut(classes), theirs, strict=True)}) == classes


def test_weight_is_as_many_points_in_one_place() -> None:
    rng = np.random.default_rng(3)
    points, weights = rng.normal(size=(40, 2)), rng.integers(1, 6, 40)
    tree = ward(points, weights.astype(float))
    repeated = hierarchy.linkage(np.repeat(points, weights, axis=0), method="ward")[:, 2] ** 2 / 2
    assert tree.losses == pytest.approx(repeated[-39:])
    assert repeated[:-39] == pytest.approx(0, abs=1e-12)


def test_losses_add_up_to_the_inertia() -> None:
    rng = np.random.default_rng(4)
    points, weights = rng.normal(size=(80, 3)), rng.random(80) + 0.1
    apart = points - np.average(points, axis=0, weights=weights)
    assert ward(points, weights).losses.sum() == pytest.approx((weights[:, None] * apart**2).sum())


def test_points_at_equal_distances_end_in_a_whole_tree() -> None:
    grid = np.array([(x, y) for x in range(8) for y in range(8)], dtype=float)
    tree = ward(grid, np.ones(64))
    assert (np.diff(tree.losses) >= 0).all()
    assert sorted(np.concatenate([tree.pairs.ravel()]).tolist()) == list(range(126))
    assert np.bincount(tree.cut(4)).sum() == 64
    same = ward(np.zeros((6, 2)), np.ones(6))
    assert same.losses.tolist() == [0.0] * 5
    assert len(set(same.cut(3).tolist())) == 3


def test_one_point_is_one_class() -> None:
    assert ward(np.zeros((1, 2)), np.ones(1)).cut(1).tolist() == [0]


@pytest.mark.parametrize("centres", [2, 40])
def test_nearest_is_the_least_distance(centres: int) -> None:
    """By all distances for a few centres, by a search tree for many."""
    rng = np.random.default_rng(5)
    points, places = rng.normal(size=(300, 3)), rng.normal(size=(centres, 3))
    every = ((points[:, None, :] - places[None, :, :]) ** 2).sum(axis=2)
    assert (nearest(points, places) == every.argmin(axis=1)).all()


def test_k_means_stops_where_nobody_is_closer_to_another_class() -> None:
    rng = np.random.default_rng(6)
    points, weights = rng.normal(size=(400, 2)), rng.integers(1, 9, 400).astype(float)
    labels, centres = k_means(points, weights, points[:5])
    assert (labels == nearest(points, centres)).all()
    assert centres == pytest.approx(centres_of(points, weights, labels, centres))


def test_class_that_loses_its_points_keeps_its_centre() -> None:
    points = np.array([[0.0], [1.0]])
    labels, centres = k_means(points, np.ones(2), np.array([[0.0], [1.0], [50.0]]))
    assert labels.tolist() == [0, 1]
    assert centres[2, 0] == 50.0


def test_prototypes_are_near_their_points() -> None:
    rng = np.random.default_rng(7)
    points = rng.normal(size=(2_000, 2))
    of, places = prototypes(points, np.ones(2_000), 100, np.random.default_rng(1))
    assert ((points - places[of]) ** 2).sum() < 0.05 * (points**2).sum()
