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


def estimable(
    frame: pd.DataFrame, on: Sequence[str], y: Floats, groups: Integers, *, always: bool = False
) -> Estimable:
    """Leave out what has no ratio: categories without rows, of one person, or without variation of the event.

    In a category of one person nothing tells the category from the person; in one where the event never happens the
    ratio is zero. Where it always happens odds are infinite; a number of events is not (`always`).

    The rows of such a category leave the model, which may leave another without variation: it is looked for
    again, until none is left.

    Parameters
    ----------
    frame
        Rows without a missing value.
    y
        Whether the event happens, by row.
    groups
        Person of each row, as integers from 0.
    always
        Keep the categories in which the event always happens: a count has a mean there.

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
            flat = _without_variation(variable, y, kept, always=always)
            pure |= kept & (flat | _of_one_person(variable, groups, kept))
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


def _of_one_person(variable: Coded, groups: Integers, kept: Flags) -> Flags:
    """Return the rows of the categories of which all kept rows are one person's."""
    return np.asarray((people_of(variable, groups, kept) == 1)[variable.codes], dtype=bool)


def _without_variation(variable: Coded, y: Floats, kept: Flags, *, always: bool) -> Flags:
    """Return the rows of the categories in which no kept row has the event, or all have it, unless `always` may be."""
    size = len(variable.levels)
    rows = np.bincount(variable.codes[kept], minlength=size)
    events = np.bincount(variable.codes[kept], weights=y[kept], minlength=size)
    flat = (events == 0) | (not always) & (events == rows)
    return np.asarray(flat[variable.codes], dtype=bool)
