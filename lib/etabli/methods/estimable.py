"""Which rows and variables a regression can say something of, category by category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etabli.errors import MethodError
from etabli.methods.clusters import Coded, Flags, Floats, Integers, encode, people_of


@dataclass(frozen=True)
class Estimable:
    """The part of a frame that a model can use.

    `frame` has its kept rows, each variable of `on` with its kept categories; `on` the variables that still
    have two categories; `levels` all categories of all variables, in display order, kept or not.
    """

    frame: pd.DataFrame
    on: tuple[str, ...]
    levels: tuple[tuple[str, str], ...]


def estimable(frame: pd.DataFrame, on: Sequence[str], y: Floats, groups: Integers, *, fewest: int = 2) -> Estimable:
    """Leave out what has no ratio: categories without rows, of few people, or in which all rows have the same outcome.

    In a category of one person nothing tells the category from the person; in one where an event never happens its
    odds are zero, where it always happens infinite; of equal numbers the sandwich makes an interval of no width.

    The rows of such a category leave the model, which may leave another without variation: it is looked for
    again, until none is left.

    Parameters
    ----------
    frame
        Rows without a missing value.
    y
        Outcome, by row: 0 or 1 of an event, or a number.
    groups
        Person of each row, as integers from 0.
    fewest
        People of a category, at least.

    Raises
    ------
    MethodError
        No variable has two categories left.
    """
    coded = {name: encode(frame, name) for name in on}
    kept = np.ones(len(frame), dtype=bool)
    while True:
        pure = np.zeros(len(frame), dtype=bool)
        for variable in coded.values():
            few = people_of(variable, groups, kept) < fewest
            pure |= kept & (_without_variation(variable, y, kept) | few)[variable.codes]
        if not pure.any():
            break
        kept &= ~pure
    used = frame.loc[kept].copy()
    for name, variable in coded.items():
        present = np.bincount(variable.codes[kept], minlength=len(variable.levels)) > 0
        levels = [level for level, there in zip(variable.levels, present, strict=True) if there]
        used[name] = pd.Categorical(used[name].astype(str), categories=levels)
    compared = tuple(name for name in on if len(used[name].cat.categories) > 1)
    if not compared:
        raise MethodError(
            "Aucune caractéristique n’a deux modalités à comparer.",
            where=f"variables {', '.join(f'« {name} »' for name in on)}",
            expected="deux modalités au moins, où l’évènement arrive et n’arrive pas",
            hint="vérifiez le filtre posé avant, ou regroupez des modalités",
        )
    return Estimable(used, compared, tuple((name, level) for name in on for level in coded[name].levels))


def _without_variation(variable: Coded, y: Floats, kept: Flags) -> Flags:
    """Return the categories of which all kept rows have the same outcome."""
    least, most = np.full(len(variable.levels), np.inf), np.full(len(variable.levels), -np.inf)
    np.minimum.at(least, variable.codes[kept], y[kept])
    np.maximum.at(most, variable.codes[kept], y[kept])
    return np.asarray(least >= most, dtype=bool)
