"""Which profiles use what: counts, shares and tests, by rows (visits) and by people.

Rows of one person are never taken for independent observations: intervals and tests hold people as
clusters. A missing value is a category of its own, last, in which tests take no part: a table that left
those people out would tell how many they are beside one that does not. Rows without a person are left
out and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from etabli.absence import passed_on
from etabli.errors import MethodError, suggestion
from etabli.memo import pure
from etabli.methods.association import adjust, independence_test
from etabli.methods.cells import MADE, MEASURES, PEOPLE_COUNT, ROWS, cells_of, with_people
from etabli.methods.clusters import (
    Coded,
    Counts,
    Flags,
    complete_rows,
    count,
    encode,
    refuse_reserved,
    with_missing,
)
from etabli.methods.intervals import mean_interval
from etabli.methods.membership import Membership, beside, membership_of
from etabli.methods.odds import odds_ratios
from etabli.methods.results import IMPOSSIBLE, TOTAL, Dimension, Measure, Table, Test
from etabli.methods.routes import people_by_route

__all__ = ["crosstab", "distribution", "odds_ratios", "of_variable", "people_by_route", "profile_sheet", "totals"]


@pure
def totals(visits: pd.DataFrame, *, person: str = "recipient") -> Table:
    """Return how many rows and people there are, and rows per person.

    `rows` and `people` are exhaustive counts; the mean has an interval over people (`intervals.mean_interval`). Rows
    without a person are in none of the three: they are in `Table.missing`, with no people.

    Raises
    ------
    MethodError
        There is no such column, or no row has a person.

    Examples
    --------
    >>> totals(pd.DataFrame({"recipient": ["a", "a", "b"]})).value("rows_per_person").number
    1.5
    """
    complete, missing = complete_rows(visits, (), person)
    codes, labels = pd.factorize(visits.loc[complete, person])
    each = np.bincount(codes).astype(float)
    _refuse_empty(len(each), person)
    low, high = mean_interval(each, least=1)
    cells = pd.DataFrame(
        {
            "rows": [int(each.sum())],
            "people": [len(each)],
            "rows_per_person": [float(each.mean())],
            "rows_per_person_low": [low],
            "rows_per_person_high": [high],
        }
    )
    mean = Measure(
        "rows_per_person", "mean", unit="rows", low="rows_per_person_low", high="rows_per_person_high", base="people"
    )
    table = Table(cells, (), (ROWS, PEOPLE_COUNT, mean), missing=missing)
    return with_people(table, visits, membership_of(np.asarray(labels), each[:, None]))


@pure
def distribution(frame: pd.DataFrame, variable: str, *, person: str = "recipient") -> Table:
    """Return rows, people and share of the rows by category of one variable, then their total.

    Declared categories that no one is in are kept, with 0. Intervals: see `intervals.row_shares`.

    Raises
    ------
    MethodError
        There is no such column, it has a name that the result uses, or no row has both the variable and a person.

    Examples
    --------
    >>> visits = pd.DataFrame({"recipient": ["a", "a", "b"], "channel": ["walk_in", "appointment", "walk_in"]})
    >>> distribution(visits, "channel").cells[["channel", "rows", "people"]].values.tolist()
    [['appointment', 1, 1], ['walk_in', 2, 2], ['__total__', 3, 2]]
    """
    refuse_reserved((variable,), MADE)
    known, missing = complete_rows(frame, (), person)
    _refuse_empty(known.sum(), variable)
    whole = Coded(np.zeros(len(frame), dtype=np.int64), (TOTAL,))
    coded = with_missing(frame, variable, known)
    counts = _count(frame, whole, coded, known, person)
    cells = cells_of(counts, down=None, across=(variable, coded.levels))
    table = Table(cells, (Dimension(variable),), MEASURES, missing=missing)
    return with_people(table, frame, _last_row(counts))


@pure
def crosstab(
    frame: pd.DataFrame, row: str, *, by: str, person: str = "recipient", impossible: Sequence[tuple[str, str]] = ()
) -> Table:
    """Return rows and people by two variables, and the share of each row category in each column.

    Parameters
    ----------
    frame
        One row a visit, or a person.
    row, by
        The variables down and across.
    person
        The variable that says who is behind a row.
    impossible
        Pairs of categories, down and across, in which nobody can be by construction. Their values do not exist, and
        independence is not tested: it cannot be.

    `share` is the share of the row category's rows that fall in the column, `base_people` the distinct people of the
    row category. In the column of totals it is 1 by construction, without an interval; in an empty row category it does
    not exist (NaN). Attached test: see `association.independence_test`; there is none when nothing can be tested.

    Raises
    ------
    MethodError
        A column does not exist, both are the same, one has a name that the result uses, no row is complete, or somebody
        is where nobody can be.

    Examples
    --------
    >>> visits = pd.DataFrame({"recipient": [*"aab"], "age": ["old", "old", "young"], "channel": ["x", "y", "x"]})
    >>> crosstab(visits, "age", by="channel").value("share", age="old", channel="x").number
    0.5
    """
    _refuse_repeats((row, by))
    refuse_reserved((row, by), (*MADE, IMPOSSIBLE))
    known, missing = complete_rows(frame, (), person)
    _refuse_empty(known.sum(), row)
    cells, test, members = _crossed(frame, row, by, known, person)
    if impossible:
        cells, test = _without_impossible(cells, row, by, impossible), None
    dimensions = (Dimension(row), Dimension(by))
    table = Table(cells, dimensions, MEASURES, tests=(test,) if test else (), missing=missing)
    return with_people(table, frame, members)


def _without_impossible(cells: pd.DataFrame, row: str, by: str, impossible: Sequence[tuple[str, str]]) -> pd.DataFrame:
    pairs = list(zip(cells[row].astype(str), cells[by].astype(str), strict=True))
    for pair in impossible:
        if pair not in pairs:
            raise MethodError("Une case impossible n’est pas dans le tableau.", got=" × ".join(pair))
    flags = np.array([pair in set(impossible) for pair in pairs])
    if (cells.loc[flags, "rows"] > 0).any():
        raise MethodError(
            "Une case dite impossible n’est pas vide.",
            where=f"« {row} » × « {by} »",
            expected="personne, par construction",
            hint="corrigez « impossible », ou cherchez l’erreur dans les données",
        )
    found = cells.copy()
    found.loc[flags, ["share", "share_low", "share_high"]] = np.nan
    found[IMPOSSIBLE] = flags
    return found


@pure
def profile_sheet(frame: pd.DataFrame, variables: Sequence[str], *, by: str, person: str = "recipient") -> Table:
    """Return the crosstabs of several variables by one, stacked, then the total of all rows.

    Each variable has its own total, the same for all; the last block, `TOTAL` by `TOTAL`, holds it too. One test a
    variable (`Test.within`), p-values adjusted together (Holm).

    Raises
    ------
    MethodError
        A column does not exist or is asked for twice, one has a name that the result uses, or no row has a person.
    """
    _refuse_repeats((*variables, by))
    refuse_reserved(variables, MADE)
    refuse_reserved((by,), ("variable", "category", *MADE))
    known, missing = complete_rows(frame, (), person)
    _refuse_empty(known.sum(), by)
    blocks, tests, members = [], [], []
    for name in variables:
        cells, test, who = _crossed(frame, name, by, known, person)
        members.append(who)
        blocks.append(cells.rename(columns={name: "category"}).assign(variable=name))
        tests += [replace(test, within={"variable": name})] if test else []
    whole, across = Coded(np.zeros(len(frame), dtype=np.int64), (TOTAL,)), with_missing(frame, by, known)
    counts = _count(frame, whole, across, known, person)
    last = cells_of(counts, down=None, across=(by, across.levels))
    members.append(_last_row(counts))
    blocks.append(last.assign(variable=TOTAL, category=TOTAL))
    dimensions = (Dimension("variable", additive=False), Dimension("category"), Dimension(by))
    cells = _ordered(pd.concat(blocks, ignore_index=True), [dimension.name for dimension in dimensions])
    table = Table(cells, dimensions, MEASURES, tests=adjust(tests), missing=missing)
    return with_people(table, frame, beside(members))


@passed_on
def of_variable(sheet: Table, variable: str) -> Table:
    """Return the crosstab of one variable of a profile sheet, its test as the sheet has it: adjusted for all of them.

    A figure of one variable and the sheet beside it then say the same p-value.

    Raises
    ------
    MethodError
        The sheet has no such variable.

    Examples
    --------
    >>> visits = pd.DataFrame({"recipient": [*"aab"], "age": ["old", "old", "young"], "channel": ["x", "y", "x"]})
    >>> of_variable(profile_sheet(visits, ["age"], by="channel"), "age").keys
    ('age', 'channel')
    """
    if "variable" not in sheet.keys or variable == TOTAL:
        raise MethodError("Ce résultat n’est pas une fiche de profils.", expected="un résultat de profile_sheet")
    own = sheet.cells["variable"] == variable
    if not own.any():
        known = [name for name in sheet.cells["variable"].unique() if name != TOTAL]
        raise MethodError(f"La fiche n’a pas de variable « {variable} ».", hint=suggestion(variable, known))
    cells = sheet.cells[own].drop(columns="variable").rename(columns={"category": variable}).reset_index(drop=True)
    tests = tuple(replace(test, within={}) for test in sheet.tests if test.within == {"variable": variable})
    dimensions = (Dimension(variable), sheet.dimensions[-1])
    members = sheet.membership.of_rows(np.flatnonzero(own)) if sheet.membership else None
    return replace(sheet, cells=cells, dimensions=dimensions, tests=tests, membership=members)


def _crossed(
    frame: pd.DataFrame, row: str, by: str, known: Flags, person: str
) -> tuple[pd.DataFrame, Test | None, Membership]:
    """Return the cells of one crosstab, missing values included, its test, which leaves them out, and its people."""
    down, across = encode(frame, row), encode(frame, by)
    answered = known & (down.codes >= 0) & (across.codes >= 0)
    test = independence_test(_count(frame, down, across, answered, person)) if answered.any() else None
    down, across = with_missing(frame, row, known), with_missing(frame, by, known)
    counts = _count(frame, down, across, known, person)
    return cells_of(counts, down=(row, down.levels), across=(by, across.levels)), test, counts.membership()


def _last_row(counts: Counts) -> Membership:
    """Return who stands in the line of totals of a table."""
    everyone = counts.over_rows()
    width = counts.shape[1]
    across = np.vstack([np.eye(width), np.ones((1, width))])
    return membership_of(everyone.people_labels, everyone.by_person @ across.T)


def _count(frame: pd.DataFrame, down: Coded, across: Coded, complete: Flags, person: str) -> Counts:
    shape = (len(down.levels), len(across.levels))
    return count(frame.loc[complete, person].to_numpy(), down.codes[complete], across.codes[complete], shape)


def _ordered(cells: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return cells[[*keys, *(name for name in cells.columns if name not in keys)]]


def _refuse_empty(rows: int, name: str) -> None:
    if not rows:
        raise MethodError(
            "Aucune ligne à compter.",
            where=f"variable « {name} »",
            expected="une ligne au moins avec une personne et toutes les variables du tableau",
            hint="vérifiez le filtre posé avant ce tableau",
        )


def _refuse_repeats(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise MethodError("Une variable est croisée avec elle-même.", got=", ".join(repeated))
