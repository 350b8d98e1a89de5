"""Who answered what, several variables at once: each different set of answers once, with how many people gave it.

People with the same answers have one place in a correspondence analysis and one class, so that all computing is over
patterns and their weights. They stand in one order whatever that of the rows: what is computed of them is the same
when the rows of a file are shuffled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from etabli.methods.clusters import Floats, Integers, encode


@dataclass(frozen=True)
class Answers:
    """The different sets of answers to several categorical variables.

    Parameters
    ----------
    variables
        Their names.
    levels
        The categories of each variable.
    codes
        Patterns × variables: the category, from 0; the number of categories where the answer is missing. No two
        patterns are alike, and they rise.
    weights
        People of each pattern.
    of_person
        The pattern of each person, in the order of the frame.
    """

    variables: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    codes: Integers
    weights: Integers
    of_person: Integers

    @property
    def people(self) -> int:
        return int(self.weights.sum())

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many categories each variable has."""
        return tuple(len(each) for each in self.levels)

    @property
    def categories(self) -> list[tuple[str, str]]:
        """Every category of every variable, in order: the columns of the indicator matrix."""
        return [(name, level) for name, levels in zip(self.variables, self.levels, strict=True) for level in levels]

    def with_weights(self, weights: Integers) -> Answers:
        """Return the same patterns of other people: a bootstrap draw."""
        return replace(self, weights=weights)

    def indicator(self) -> Floats:
        """Return patterns × categories: 1 where a pattern has a category; nothing where the answer is missing."""
        blocks = [self.codes[:, [place]] == np.arange(size)[None, :] for place, size in enumerate(self.sizes)]
        return np.hstack(blocks).astype(float)


def answers_of(frame: pd.DataFrame, variables: Sequence[str]) -> Answers:
    """Return the different sets of answers of a frame, one row a person.

    Raises
    ------
    MethodError
        A column does not exist.

    Examples
    --------
    >>> found = answers_of(pd.DataFrame({"age": [*"abab"], "home": [*"xyxz"]}), ["age", "home"])
    >>> found.codes.tolist(), found.weights.tolist()
    ([[0, 0], [1, 1], [1, 2]], [2, 1, 1])
    """
    coded = [encode(frame, name) for name in variables]
    codes = np.column_stack([np.where(each.codes < 0, len(each.levels), each.codes) for each in coded])
    patterns, of_person, weights = np.unique(codes, axis=0, return_inverse=True, return_counts=True)
    levels = tuple(each.levels for each in coded)
    return Answers(tuple(variables), levels, patterns, weights.astype(np.int64), of_person.ravel())


def burt(codes: Integers, weights: Integers | None, sizes: Sequence[int]) -> Floats:
    """Return the Burt table: people by category and category, all variables crossed with all (categories × categories).

    Parameters
    ----------
    codes, sizes
        As in `Answers`; several rows may be alike.
    weights
        People of each row; None: one each.
    """
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    found = np.zeros((starts[-1], starts[-1]))
    for one in range(len(sizes)):
        counted = np.bincount(codes[:, one], weights=weights, minlength=sizes[one] + 1)[:-1]
        inside = slice(starts[one], starts[one + 1])
        found[inside, inside] = np.diag(counted)
    for one, other in combinations(range(len(sizes)), 2):
        width = sizes[other] + 1
        cells = np.bincount(
            codes[:, one] * width + codes[:, other], weights=weights, minlength=(sizes[one] + 1) * width
        )
        table = cells.reshape(-1, width)[:-1, :-1]
        found[starts[one] : starts[one + 1], starts[other] : starts[other + 1]] = table
        found[starts[other] : starts[other + 1], starts[one] : starts[one + 1]] = table.T
    return found
