"""Whether classes of people come back when other people could have come: bootstrap by person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.methods.answers import Answers
from etabli.methods.clusters import Flags, Floats, Integers
from etabli.methods.correspondence import correspondence
from etabli.methods.partition import partition
from etabli.methods.ward import nearest

DRAWS, SEED = 50, 20_244

_LIMIT, _INTO = 1_000, 200
"""Of each draw: hierarchies of prototypes, so that fifty cost no more than the one of everybody."""


@dataclass(frozen=True)
class Stability:
    """How classes come back in draws of the people.

    Parameters
    ----------
    jaccard
        For each class, the mean over draws of how much of it and of its closest class of the draw both hold (classes,):
        from 0.75 it comes back, under 0.60 it is not to be believed (Hennig 2007).
    adjusted_rand
        Mean over draws of the agreement of the two partitions, corrected for chance: 1 where they are one, about 0
        where they have nothing in common.
    same_number
        Share of the draws whose hierarchy speaks for as many classes.
    """

    jaccard: Floats
    adjusted_rand: float
    same_number: float


def stability(
    answers: Answers, labels: Integers, *, axes: int, passive: Flags, number: int, draws: int = DRAWS
) -> Stability:
    """Return how the classes come back: in each draw everything is done again, and all people are put in its classes.

    People are drawn with replacement; axes, hierarchy (of prototypes where many patterns are) and consolidation are
    made of those who were drawn, with as many axes and classes. Then everybody of the file, drawn or not, goes to the
    closest of these classes, and both partitions of the same people are compared. What chose the number of axes is not
    done again; what chose the number of classes is, and told (`Stability.same_number`).

    Parameters
    ----------
    labels
        Class of each pattern, from 0.
    axes
        How many are kept.
    number
        How many classes the hierarchy of everybody speaks for.

    References
    ----------
    Dolnicar and Leisch (2010), Marketing Letters 21, 83–101 (draws extended to all people); Hennig (2007),
    Computational Statistics & Data Analysis 52, 258–271 (Jaccard by class); Hubert and Arabie (1985), Journal of
    Classification 2, 193–218 (adjusted Rand index).
    """
    rng = np.random.default_rng(SEED)
    classes = int(labels.max()) + 1
    indicator = answers.indicator()
    weights = answers.weights
    jaccard, rand, same = np.zeros(classes), 0.0, 0
    for _ in range(draws):
        drawn = rng.multinomial(answers.people, weights / weights.sum()).astype(np.int64)
        analysis = correspondence(answers.with_weights(drawn), passive=passive)
        places = analysis.people(indicator)[:, :axes]
        found = partition(places, drawn, classes=classes, limit=_LIMIT, into=_INTO)
        table = _crossed(labels, nearest(places, found.centres), weights, classes)
        jaccard += _jaccard(table)
        rand += adjusted_rand(table)
        same += found.number == number
    return Stability(jaccard / draws, rand / draws, same / draws)


def adjusted_rand(table: Floats) -> float:
    """Return the adjusted Rand index of two partitions, from how many people they have in common (classes × classes).

    Examples
    --------
    >>> adjusted_rand(np.array([[5.0, 0.0], [0.0, 5.0]]))
    1.0
    """
    both = _pairs(table).sum()
    rows, columns, everybody = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum(), _pairs(table.sum())
    expected = rows * columns / everybody if everybody > 0 else 0.0
    most = (rows + columns) / 2
    return float((both - expected) / (most - expected)) if most > expected else 1.0


def _pairs(number: Floats) -> Floats:
    return np.asarray(number * (number - 1) / 2, dtype=float)


def _jaccard(table: Floats) -> Floats:
    """Return, for each row, the largest share of what it and a column hold that both hold."""
    either = table.sum(axis=1)[:, None] + table.sum(axis=0)[None, :] - table
    return np.asarray((table / np.where(either > 0, either, 1.0)).max(axis=1), dtype=float)


def _crossed(one: Integers, other: Integers, weights: Integers, classes: int) -> Floats:
    width = max(classes, int(other.max()) + 1)
    found = np.bincount(one * width + other, weights=weights, minlength=classes * width)
    return np.asarray(found.reshape(classes, width), dtype=float)
