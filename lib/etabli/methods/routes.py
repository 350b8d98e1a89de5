"""People by the routes they use: one row a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.clusters import column, encode
from etabli.methods.membership import NUMBER, mark_derived

FREQUENCIES = ("once", "twice", "three_or_more")
"""How often a person came; who came once cannot have used two channels."""

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven_or_more")
"""How many times a person came."""

MADE = ("route", "visits", "frequency", "number")
"""Columns that `people_by_route` makes."""


@pure
def people_by_route(
    visits: pd.DataFrame, *, by: str = "channel", person: str = "recipient", keep: Sequence[str] = ()
) -> pd.DataFrame:
    """Return one row a person, with the route they used over the period.

    Parameters
    ----------
    visits
        One row a visit. Rows without a person are left out (`totals` counts them).
    by
        The channel of a visit.
    person
        Who came.
    keep
        Attributes of the person, constant over their visits. A missing value beside a known one takes the known one.

    Returns
    -------
    pandas.DataFrame
        Ordered by person. Columns: `person`, `route`, `visits` (a count), `frequency` (categorical: `once`, `twice`,
        `three_or_more`), `number` (categorical: `one` to `six`, `seven_or_more`) and those of `keep`, with their types.
        `route` is categorical: `<category>_only` for each category of `by`, then `both` (`several` with more than two
        categories). It is missing for a person with a visit whose channel is missing: what they use is not known, and a
        table over `route` counts them in `Table.missing`.

    Raises
    ------
    MethodError
        A column does not exist, one of `keep` is named as one that is made here, or an attribute changes from one
        visit of a person to the next.

    Examples
    --------
    >>> visits = pd.DataFrame({"recipient": ["a", "a", "b"], "channel": ["walk_in", "appointment", "walk_in"]})
    >>> people_by_route(visits)["route"].astype(str).to_list()
    ['both', 'walk_in_only']
    """
    taken = [name for name in keep if name in {person, *MADE}]
    if taken:
        raise MethodError(
            "Une variable gardée porte le nom d’une colonne du résultat.",
            expected=f"des variables autres que {', '.join([person, *MADE])}",
            got=", ".join(taken),
        )
    known = visits[column(visits, person).notna()]
    codes, people = pd.factorize(known[person], sort=True)
    channel = encode(known, by)
    used = np.zeros((len(people), len(channel.levels) + 1), dtype=bool)  # last column: not known
    used[codes, channel.codes] = True
    mixed = len(channel.levels)
    route = np.where(used.sum(axis=1) > 1, mixed, used.argmax(axis=1))
    route[used[:, -1]] = -1
    names = [*(f"{level}_only" for level in channel.levels), "both" if mixed <= 2 else "several"]
    number = np.bincount(codes, minlength=len(people))
    columns: dict[str, object] = {
        person: people,
        "route": pd.Categorical.from_codes(route.tolist(), categories=pd.Index(names)),
        "visits": number,
        "frequency": pd.Categorical.from_codes((number.clip(1, len(FREQUENCIES)) - 1).tolist(), pd.Index(FREQUENCIES)),
        "number": pd.Categorical.from_codes((number.clip(1, len(NUMBERS)) - 1).tolist(), pd.Index(NUMBERS)),
    }
    for name in keep:
        columns[name] = _constant(known, name, person, pd.Index(people))
    follows = {"route": by, **dict.fromkeys(("frequency", "number", "visits"), NUMBER)}
    return mark_derived(pd.DataFrame(columns), visits, follows, one_each=True)


def _constant(visits: pd.DataFrame, name: str, person: str, people: pd.Index[Any]) -> Any:
    """Return the one value of an attribute for each person, in the order of `people`."""
    column(visits, name)
    pairs = visits.loc[visits[name].notna(), [person, name]].drop_duplicates()
    repeated = pairs[person].duplicated()
    if repeated.any():
        changing = pairs.loc[repeated, person].nunique()
        raise MethodError(
            f"La variable « {name} » n’est pas la même à toutes les lignes d’une personne.",
            expected="une seule valeur par personne",
            got=f"{changing} personne{'s' if changing > 1 else ''} avec plusieurs valeurs",
            hint="retirez-la de « keep », ou gardez une seule de ses valeurs par personne",
        )
    return pairs.set_index(person)[name].reindex(people).array
