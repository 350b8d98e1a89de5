"""What a value rests on, by the kind of its measure: the one list that says what may leave, and when it is masked.

A kind that is not on the list has no rule yet, and what has no rule may not leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etabli.disclosure.policy import LEVELS_IN_WORDS, Policy
from etabli.disclosure.regions import Line, categories_of, lines_of, regions_of
from etabli.errors import DisclosureError
from etabli.methods.results import PEOPLE, TOTAL, Kind, Table

Mask = NDArray[np.bool_]

COUNTED: dict[Kind, str] = {
    "count": "its row: the people, and the rows of the source, that it counts",
    "share": "its row, and the row that it is a share of: either one gives the other back",
    "mean": "its row: rows by person, of which both are counted there",
    "expected": "all rows: a law is fitted to all of them, and none of it is shown beside one that is masked",
}
"""Kinds of a table that counts people, and what they rest on: masked with it, shown with it."""

MODELLED: dict[Kind, str] = {
    "ratio": "those with the event and those without it in its category, and all of its variable's reference",
    "share": "those with the event in its category",
    "index": "its category and its total in both files: all rows of its variable are shown, or none",
}
"""Kinds of a model, whose rows do not count people."""


def hold_rules(table: Table, policy: Policy) -> None:
    """Refuse a table whose people nobody knows, that an agreement forbids, or with a measure that has no rule.

    Raises
    ------
    DisclosureError
        Its people are not known, a variable or a crossing is forbidden, or a kind of measure has no rule.
    """
    if table.membership is None:
        raise DisclosureError(
            "Un résultat ne dit pas quelles personnes il compte : il ne peut pas être protégé.",
            where=", ".join(measure.name for measure in table.measures),
            expected="un résultat d’une méthode d’etabli sur des données chargées par report.load",
            hint="des agrégats déjà publiés ont leur propre étude, dont la convention fixe un minimum de 1",
        )
    for region in regions_of(table):
        shown = {name for name, _ in region.categories}
        names = shown | {table.derived[name] for name in shown if name in table.derived}  # one gives the other back
        crossed = [each for each in policy.forbidden_crossings if each <= names]
        if names & policy.forbidden or crossed:
            refused = sorted(names & policy.forbidden) or sorted(crossed[0])
            raise DisclosureError(
                "Une convention interdit de montrer cette variable, ou de croiser celles-ci.",
                got=" × ".join(refused),
                hint="ôtez ce résultat, ou lancez le passage pour l’audience internal",
            )
    known = COUNTED if table.states_people else MODELLED
    for measure in table.measures:
        if measure.kind not in known:
            raise DisclosureError(
                f"Aucune règle ne protège encore une mesure de ce genre : « {measure.name} ».",
                expected=", ".join(sorted(known)),
                got=measure.kind,
                hint="ôtez cette mesure, ou lancez le passage pour l’audience internal",
            )


def under_floor(table: Table, policy: Policy) -> str | None:
    """Return why a table may not be shown to this audience, in French: places finer than the floor; None when it may.

    A filter counts as a row does: « visits of one block » speaks of that block.
    """
    if policy.floor is None:
        return None
    names = {name for here in categories_of(table) for name, code in here.items() if code != TOTAL}
    fine = sorted(name for name in names if policy.floor.is_under(name))
    if not fine:
        return None
    told = ", ".join(f"« {name} » ({LEVELS_IN_WORDS[policy.floor.levels[name]]})" for name in fine)
    return (
        f"trop fin pour cette audience : {told}, quand la convention ne laisse rien voir sous ce niveau : "
        f"{LEVELS_IN_WORDS[policy.floor.finest]}. {policy.floor.source}"
    )


def bases_of(table: Table) -> Iterator[Line]:
    """Yield the lines whose parts are shares of their total: any part that is shown gives the total back."""
    cells = table.cells.reset_index(drop=True)
    carried = [(measure.base, PEOPLE) for measure in table.measures if measure.base]
    carried += [(measure.of[1], measure.of[0]) for measure in table.measures if measure.of]
    for line in lines_of(table):
        parts = list(line.parts)
        if any((cells[base].iloc[parts].dropna() == cells[whole].iloc[line.whole]).all() for base, whole in carried):
            yield line


def of_model(table: Table, masked_regions: dict[frozenset[tuple[str, str]], bool], policy: Policy) -> Mask:
    """Return which rows of a model may not be shown.

    A row is masked when it rests on too few, when a count that it compares is masked in a table, or was in a former
    report, when it is a share of too few, or with the reference of its variable; all are, when the model leaves out too
    few people. Of a comparison of two files, `of_index` decides.
    """
    minimum = policy.minimum_people
    if table.missing is not None and 0 < table.missing.people < minimum:
        return np.ones(len(table.cells), dtype=bool)
    cells = table.cells.reset_index(drop=True)
    people = cells[PEOPLE].to_numpy(dtype=float, na_value=np.nan)
    mask = np.isnan(people) | ((people > 0) & (people < minimum))
    for base in {measure.base for measure in table.measures if measure.base is not None}:
        under = cells[base].to_numpy(dtype=float, na_value=np.nan)
        mask |= (under > 0) & (under < policy.minimum_denominator)
    for row in range(len(cells)):
        own = _own(cells, row, table.keys)
        filters = set(table.held.items())
        mask[row] |= any(
            hidden and own <= categories <= own | filters | _other_outcomes(categories, table)
            for categories, hidden in masked_regions.items()
        )
    mask |= of_index(table, masked_regions)
    compared = any(measure.kind == "index" for measure in table.measures)
    if "variable" in cells and (compared or "reference" in cells):
        decisive = np.ones(len(cells), dtype=bool) if compared else cells["reference"].to_numpy(dtype=bool)
        for variable in cells["variable"].unique():
            rows = (cells["variable"] == variable).to_numpy()
            if (mask & rows & decisive).any():
                mask |= rows
    return np.asarray(mask, dtype=bool)


def of_index(table: Table, masked_regions: dict[frozenset[tuple[str, str]], bool]) -> Mask:
    """Return which rows of a comparison of two files may not be shown, beyond what a model's may not.

    A share over a share is made of four counts, of which the reader may have three: a row is masked when any of them
    is, in either file. Shares of the other categories give one of them back: the whole variable is then masked.
    """
    cells = table.cells.reset_index(drop=True)
    mask = np.zeros(len(cells), dtype=bool)
    if not any(measure.kind == "index" for measure in table.measures):
        return mask
    hidden = [categories for categories, is_hidden in masked_regions.items() if is_hidden]
    filters = set(table.held.items())
    for row in range(len(cells)):
        own = _own(cells, row, table.keys) | filters
        mask[row] = any(categories <= own for categories in hidden)
    return np.asarray(mask, dtype=bool)


def _own(cells: pd.DataFrame, row: int, keys: Sequence[str]) -> frozenset[tuple[str, str]]:
    here = {name: code for name in keys if (code := str(cells[name].iloc[row])) != TOTAL}
    if {"variable", "category"} <= here.keys():
        here[here.pop("variable")] = here.pop("category")
    return frozenset(here.items())


def _other_outcomes(categories: frozenset[tuple[str, str]], table: Table) -> set[tuple[str, str]]:
    """Return the categories of a region that only say another outcome of the model, or another filter's."""
    return {(name, code) for name, code in categories if name in table.held}
