"""Hierarchical clustering by Ward's criterion of points that weigh unequally, and k-means.

scipy and scikit-learn have Ward's method for points of one weight each. Patterns of answers stand for one to hundreds
of people, and prototypes of a *classification mixte* for thousands: without weights a rare pattern counts as much as a
frequent one. With equal weights both give the same tree, to which the tests hold this one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import spatial

from etabli.methods.clusters import Floats, Integers

_ROUNDS, _FEW_ROUNDS = 100, 5
"""After which k-means stops; a hierarchy of prototypes does not need them to be at rest."""

_FEW_CENTRES = 16


@dataclass(frozen=True)
class Tree:
    """A hierarchy: its merges, from the closest to the farthest.

    Parameters
    ----------
    pairs
        Merges × 2: the points or former merges that are merged; merge i makes the node m + i of m points.
    losses
        What each merge takes from the inertia between classes, rising (merges,).
    """

    pairs: Integers
    losses: Floats

    def cut(self, classes: int) -> Integers:
        """Return the class of each point, from 0, when that many are left."""
        points = len(self.pairs) + 1
        node = np.arange(2 * points - 1)
        for place in range(points - classes):
            node[self.pairs[place]] = points + place
        for each in range(len(node) - 1, -1, -1):  # a node is named after what it was merged into last
            node[each] = node[node[each]]
        return np.unique(node[:points], return_inverse=True)[1].astype(np.int64)


def ward(points: Floats, weights: Floats) -> Tree:
    """Return Ward's hierarchy of weighted points.

    Merging a and b takes wₐ w_b / (wₐ + w_b) · |a − b|² from the inertia between classes; the pair that takes least is
    merged, again and again. By chains of nearest neighbours: memory in proportion to the points, time to their square.

    Parameters
    ----------
    points
        Points × axes.
    weights
        Of each point, above 0.

    References
    ----------
    Ward (1963), JASA 58, 236–244; Murtagh (1983), The Computer Journal 26, 354–359 (chains).
    """
    size = len(points)
    centre, weight, node = np.array(points.T, dtype=float, order="C"), weights.astype(float), np.arange(size)
    merged: list[tuple[int, int]] = []
    losses: list[float] = []
    chain: list[int] = []
    while len(merged) < size - 1:
        if len(node) > 1.5 * (size - len(merged)):  # a third are gone
            alive = np.flatnonzero(weight > 0)
            centre, weight, node = np.ascontiguousarray(centre[:, alive]), weight[alive], node[alive]
            chain = np.searchsorted(alive, chain).tolist()
        if not chain:
            chain.append(int(np.argmax(weight > 0)))
        near, loss = _nearest(centre, weight, chain)
        if len(chain) > 1 and near == chain[-2]:
            here, other = chain.pop(), chain.pop()
            pair = (int(node[here]), int(node[other]))
            below = [losses[each - size] for each in pair if each >= size]
            merged.append(pair)
            losses.append(max([loss, *below]))  # but for rounding it is the loss
            together = weight[here] + weight[other]
            centre[:, other] = (weight[here] * centre[:, here] + weight[other] * centre[:, other]) / together
            weight[other], weight[here] = together, 0.0
            node[other] = size + len(merged) - 1
        else:
            chain.append(near)
    return _sorted(merged, losses, size)


def _nearest(centre: Floats, weight: Floats, chain: list[int]) -> tuple[int, float]:
    """Return the nearest class to the last of the chain, and what merging them takes; the one before it, if tied.

    `centre` is axes × classes; classes that are gone weigh 0.
    """
    here = chain[-1]
    loss = np.zeros(len(weight))
    for each in centre:  # a few axes
        apart = each - each[here]
        loss += apart * apart
    loss *= weight * weight[here] / (weight + weight[here])
    loss[weight == 0] = np.inf
    loss[here] = np.inf
    near = int(loss.argmin())
    if len(chain) > 1 and loss[chain[-2]] <= loss[near] * (1 + 1e-12):
        near = chain[-2]  # else equal distances would lead round in a circle
    return near, float(loss[near])


def _sorted(merged: list[tuple[int, int]], losses: list[float], size: int) -> Tree:
    """Return the merges in rising order, their nodes named in that order."""
    order = np.argsort(np.array(losses), kind="stable")
    names = np.arange(2 * size - 1)
    names[size + order] = size + np.arange(len(order))
    pairs = names[np.array(merged, dtype=np.int64).reshape(-1, 2)[order]]
    return Tree(np.sort(pairs, axis=1), np.array(losses)[order])


def nearest(points: Floats, centres: Floats) -> Integers:
    """Return the nearest centre of each point."""
    if len(centres) <= _FEW_CENTRES:  # a search tree costs more than it saves
        squares = np.einsum("ij,ij->i", centres, centres)
        return np.asarray((squares - 2 * points @ centres.T).argmin(axis=1), dtype=np.int64)
    return np.asarray(spatial.KDTree(centres).query(points)[1], dtype=np.int64)


def k_means(points: Floats, weights: Floats, centres: Floats, *, rounds: int = _ROUNDS) -> tuple[Integers, Floats]:
    """Return the class of each point and the centres, by k-means from given centres (Lloyd).

    A class that loses all its points keeps its centre.
    """
    labels = nearest(points, centres)
    for _ in range(rounds):
        centres = centres_of(points, weights, labels, centres)
        moved = nearest(points, centres)
        if (moved == labels).all():
            break
        labels = moved
    return labels, centres


def centres_of(points: Floats, weights: Floats, labels: Integers, former: Floats) -> Floats:
    """Return the mean of each class (classes × axes); the former one of an empty class."""
    size = len(former)
    total = np.bincount(labels, weights=weights, minlength=size)
    sums = np.column_stack([np.bincount(labels, weights=weights * each, minlength=size) for each in points.T])
    return np.where(total[:, None] > 0, sums / np.where(total > 0, total, 1.0)[:, None], former)


def prototypes(points: Floats, weights: Floats, number: int, rng: np.random.Generator) -> tuple[Integers, Floats]:
    """Return the prototype of each point, and the prototypes: a few rounds of k-means from points drawn by weight."""
    start = np.sort(rng.choice(len(points), size=number, replace=False, p=weights / weights.sum()))
    return k_means(points, weights, points[start], rounds=_FEW_ROUNDS)
