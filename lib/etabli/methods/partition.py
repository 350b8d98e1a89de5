"""Classes of people by their places on axes: Ward's hierarchy, cut and consolidated; of prototypes, where many are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.methods.clusters import Floats, Integers
from etabli.methods.ward import Tree, centres_of, k_means, prototypes, ward

FEWEST, MOST = 3, 8
"""Between which the number of classes is looked for: two are an axis, and beyond eight nobody keeps them in mind."""

MIXED_ABOVE = 10_000
"""Different sets of answers above which prototypes come first: the time of a hierarchy grows with their square."""

PROTOTYPES = 1_000
"""Of a *classification mixte*: a hundred times the classes that are looked for, and more."""

SEED = 20_243


@dataclass(frozen=True)
class Partition:
    """Classes of weighted points.

    Parameters
    ----------
    labels
        Class of each point, from 0 (points,).
    centres
        Classes × axes.
    losses
        What each merge of the hierarchy takes from the inertia between classes, rising; of each person.
    number
        The number of classes that the hierarchy speaks for.
    explained
        Share of the inertia on these axes that lies between the classes, consolidated.
    is_mixed
        Whether prototypes came first.
    """

    labels: Integers
    centres: Floats
    losses: Floats
    number: int
    explained: float
    is_mixed: bool

    def gain(self, classes: int) -> float:
        """Return what that many classes explain more than one fewer, as a share of the inertia; 0 beyond the points."""
        total = self.losses.sum()
        return float(self.losses[-(classes - 1)] / total) if 2 <= classes <= len(self.losses) + 1 and total > 0 else 0.0


def partition(
    points: Floats, weights: Integers, *, classes: int | None = None, limit: int = MIXED_ABOVE, into: int = PROTOTYPES
) -> Partition:
    """Return classes of points: Ward's hierarchy, cut, then consolidated by k-means.

    Parameters
    ----------
    points, weights
        Different places, and how many people each stands for.
    classes
        How many; None: as many as `speaks_for` says.
    limit, into
        With more points than `limit`, k-means makes that many prototypes first (*classification mixte*).

    References
    ----------
    Lebart, Morineau and Piron (2006), Statistique exploratoire multidimensionnelle, 4th ed., 2.3 (mixed classification,
    consolidation); Wong (1982), JASA 77, 841–847.
    """
    here = np.flatnonzero(weights > 0)
    mass = weights[here].astype(float)
    is_mixed = len(here) > limit
    if is_mixed:
        first, places = prototypes(points[here], mass, into, np.random.default_rng(SEED))
        used, first = np.unique(first, return_inverse=True)
        places, loads = places[used], np.bincount(first, weights=mass).astype(float)
    else:
        first, places, loads = np.arange(len(here)), points[here], mass
    tree = ward(places, loads)
    number = speaks_for(tree)
    wanted = min(number if classes is None else classes, len(places))
    labels = tree.cut(wanted)[first]
    start = centres_of(points[here], mass, labels, np.zeros((wanted, points.shape[1])))
    labels, centres = k_means(points[here], mass, start)
    everywhere = np.full(len(points), -1, dtype=np.int64)
    everywhere[here] = labels
    sizes = np.bincount(labels, weights=mass, minlength=wanted).astype(float)
    explained = _between(centres, sizes) / _inertia(points[here], mass)
    return Partition(everywhere, centres, tree.losses / mass.sum(), number, explained, is_mixed)


def speaks_for(tree: Tree) -> int:
    """Return how many classes the hierarchy speaks for: the last that takes much from what was within classes.

    With W(k) the inertia within k classes, the k between 3 and 8 of which W(k) / W(k − 1) is least, W(k − 1) not
    being nothing.

    References
    ----------
    Husson, Lê and Pagès (2017), Exploratory Multivariate Analysis by Example Using R, 2nd ed., 4.2 (FactoMineR's HCPC).
    """
    points = len(tree.losses) + 1
    within = np.concatenate([[0.0], np.cumsum(tree.losses)])[::-1]  # W(1), W(2), …
    nothing = 1e-9 * within[0]
    among = [k for k in range(FEWEST, min(MOST, points) + 1) if within[k - 2] > nothing]
    return min(among, key=lambda k: float(within[k - 1] / within[k - 2])) if among else min(points, FEWEST - 1)


def by_size(labels: Integers, weights: Integers) -> Integers:
    """Return the classes named anew, the one of most people first; of equal ones, that of the first point."""
    size = np.bincount(labels, weights=weights)
    first = np.full(len(size), len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    order = np.lexsort((first, -size))
    order = order[size[order] > 0]
    names = np.full(len(size), -1, dtype=np.int64)
    names[order] = np.arange(len(order))
    return names[labels]


def _inertia(points: Floats, weights: Floats) -> float:
    apart = points - np.average(points, axis=0, weights=weights)
    found = float((weights[:, None] * apart**2).sum())
    return found if found > 0 else 1.0


def _between(centres: Floats, weights: Floats) -> float:
    return _inertia(centres, weights) if len(centres) > 1 else 0.0
