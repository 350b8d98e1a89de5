"""What a value rests on, by the kind of its measure: the one list that says what may leave, and when it is masked.

A kind that is not on the list has no rule yet, and what has no rule may not leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etabli.disclosure.dominance import protection_level
from etabli.disclosure.policy import LEVELS_IN_WORDS, Policy
from etabli.disclosure.regions import Line, categories_of, lines_of, regions_of
from etabli.errors import DisclosureError
from etabli.methods.following import FOLLOWED, LOOKED_BACK
from etabli.methods.membership import origins
from etabli.methods.results import PEOPLE, STEP, TOTAL, Kind, Table

Mask = NDArray[np.bool_]

COUNTED: dict[Kind, str] = {
    "count": "its row: the people, and the rows of the source, that it counts",
    "share": "its row, and the row that it is a share of: either one gives the other back",
    "mean": "its row: rows by person, both of which are counted there, or rows by day, which everybody can count",
    "expected": "all rows: a law is fitted to all of them, and none of it is shown beside one that is masked",
    "test_value": "its row, its class and its category, of which any one is had from it and the others",
}
"""Kinds of a table that counts people, and what they rest on: masked with it, shown with it."""

MODELLED: dict[Kind, str] = {
    "ratio": "those with the event and those without it in its category, and all of its variable's reference",
    "share": "those with the event in its category; between two points of a curve, all whom they differ by",
    "quantile": "those before it, at it and after it, and all bands of days between the points of its curve",
    "hours": "those whose hours it adds up, of whom few must not make most, and all bands between its points",
    "rate": "everybody, in steps of 5 %: so wide that no few people can be told by them",
    "index": "its category and its total in both files: all rows of its variable are shown, or none",
}
"""Kinds of a model, whose rows do not count people."""

UNRULED: dict[Kind, str] = {"curve": "who was still at risk, and who left when: no rule yet, under any agreement"}
"""Kinds that stay in the house: each step of a curve, and each number at risk under it, is a count of people."""


def hold_kinds(table: Table, *, audience: str, where: str | None = None) -> None:
    """Refuse, for any audience but `internal`, a table with a measure that may not leave whatever the agreement.

    Parameters
    ----------
    where
        What shows it, for the message.

    Raises
    ------
    DisclosureError
        The message names the measure.
    """
    kept = [measure.name for measure in table.measures if measure.kind in UNRULED]
    if kept and audience != "internal":
        raise DisclosureError(
            "Une courbe de survie ou d’incidence ne peut pas encore quitter la maison : aucune règle ne la protège.",
            where=where,
            expected="l’audience internal",
            got=", ".join(kept),
            hint="chaque marche compte des personnes ; donnez plutôt des effectifs par tranche de durée",
        )


_FEW_IN_A_STEP = 20
"""How many times the minimum of people one step of a rate must hold. Tried in tests/disclosure/test_typology.py: with
so many, who knows everybody but the people of one masked cell never has their number."""


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
        made = [origins(table.derived[name]) for name in shown if name in table.derived]
        names = shown.union(*made)  # one gives the other back
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


def hold_windows(tables: Iterable[Table]) -> None:
    """Refuse tables that follow the same people for different times: who is in one part of the period alone would show.

    Who can be followed for 30 days can be for 14: one part lies within the other, which their names do not say.

    Raises
    ------
    DisclosureError
        Two tables do.
    """
    found: dict[tuple[str, str], str] = {}
    for table in tables:
        for name in (FOLLOWED, LOOKED_BACK):
            code = table.held.get(name)
            if code is not None and found.setdefault((table.source, name), code) != code:
                raise DisclosureError(
                    "Deux résultats suivent les mêmes personnes sur des durées différentes : leur différence trahirait "
                    "qui n’est suivi que sur la plus courte.",
                    expected="le même délai le plus long dans tout le rapport",
                    got=f"{found[table.source, name]} et {code}",
                    hint="donnez à toutes les méthodes les mêmes délais « within »",
                )


def kept_inside(table: Table, policy: Policy) -> str | None:
    """Return why nothing of a table may leave the house, in French; None when it may, or does not leave it."""
    return table.inside if table.inside and policy.audience != "internal" else None


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
    """Yield the lines whose parts are shares of their total: any part that is shown gives the total back.

    A test value is made of its row and of the totals of both its lines: every line is one.
    """
    cells = table.cells.reset_index(drop=True)
    carried = [(measure.base, PEOPLE) for measure in table.measures if measure.base]
    carried += [(measure.of[1], measure.of[0]) for measure in table.measures if measure.of]
    is_tested = any(measure.kind == "test_value" for measure in table.measures)
    for line in lines_of(table):
        parts = list(line.parts)
        if is_tested or any(
            (cells[base].iloc[parts].dropna() == cells[whole].iloc[line.whole]).all() for base, whole in carried
        ):
            yield line


def of_model(table: Table, masked_regions: dict[frozenset[tuple[str, str]], bool], policy: Policy) -> Mask:
    """Return which rows of a model may not be shown.

    A row is masked when it rests on too few, when a count that it compares is masked in a table, or was in a former
    report, when a masked count lies between its points, when it is a share of too few, or with the reference of its
    variable; all are, when the model leaves out too few people. A rate needs `_FEW_IN_A_STEP` times the minimum in one
    of its steps; of a comparison of two files, `of_index` decides.
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
    for base in {measure.base for measure in table.measures if measure.kind == "rate" and measure.base is not None}:
        mask |= cells[base].to_numpy(dtype=float, na_value=np.nan) * STEP < _FEW_IN_A_STEP * minimum
    for row in range(len(cells)):
        own = _own(cells, row, table.keys)
        filters = set(table.held.items())
        mask[row] |= any(
            hidden and own <= categories <= own | filters | _other_outcomes(categories, table)
            for categories, hidden in masked_regions.items()
        )
    mask |= between_points(table, masked_regions)
    mask |= of_index(table, masked_regions)
    compared = any(measure.kind == "index" for measure in table.measures)
    if "variable" in cells and (compared or "reference" in cells):
        decisive = np.ones(len(cells), dtype=bool) if compared else cells["reference"].to_numpy(dtype=bool)
        for variable in cells["variable"].unique():
            rows = (cells["variable"] == variable).to_numpy()
            if (mask & rows & decisive).any():
                mask |= rows
    if any(measure.kind == "hours" for measure in table.measures):
        mask = with_sums(table, np.asarray(mask, dtype=bool), policy)
    return np.asarray(mask, dtype=bool)


def between_points(table: Table, masked_regions: dict[frozenset[tuple[str, str]], bool]) -> Mask:
    """Return which rows of a model rest on a masked count that none of its own categories names.

    Two points of a curve (within 7 days, within 14) differ by a band of days: where the band is masked in the tables
    that the curve rests on, no point of that curve is shown, nor its median.
    """
    rested = {frozenset(each.categories) for rest in table.rests_on for each in regions_of(rest)}
    hidden = [each for each in rested if masked_regions.get(each, False)]
    named = {name for each in rested for name, _ in each}
    cells = table.cells.reset_index(drop=True)
    owns = [{item for item in _own(cells, row, table.keys) if item[0] in named} for row in range(len(cells))]
    lines = {name for own in owns for name, _ in own}
    found = np.zeros(len(cells), dtype=bool)
    for row, own in enumerate(owns):
        here = {item for item in own if item[1] != TOTAL}
        found[row] = any(here <= each and lines.isdisjoint(name for name, _ in each - here) for each in hidden)
    return found


def with_sums(table: Table, mask: Mask, policy: Policy) -> Mask:
    """Return the mask of a table of sums, which add up along its first dimension, and from point to point.

    A line of which few people make most of a sum, or of what two of its points differ by, is masked whole. With one
    line, all lines but the total: who has the total and all others but one has that one. With the total, all of them.
    """
    cells = table.cells.reset_index(drop=True)
    first = cells[table.keys[0]].astype(str).to_numpy()
    found = mask.copy()
    for code in dict.fromkeys(first):
        rows = np.flatnonzero(first == code)
        found[rows] |= found[rows].any() or _is_dominated(table, rows, policy)
    if found.any():
        found |= first != TOTAL
    return np.asarray(found, dtype=bool)


def _is_dominated(table: Table, rows: NDArray[np.int64], policy: Policy) -> bool:
    """Whether few people make most of the sum of a row, or of what it has more than a row before it."""
    if table.membership is None or not policy.dominance:
        return False
    amounts = table.membership.rows[:, rows].toarray().astype(np.int64)
    ones = np.ones(len(amounts), dtype=np.int64)
    pairs = [(before, row) for row in range(len(rows)) for before in range(row)]
    parts = [*amounts.T, *(amounts[:, row] - amounts[:, before] for before, row in pairs)]
    return any(protection_level(each, ones, policy.dominance) > 0 for each in parts)


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
