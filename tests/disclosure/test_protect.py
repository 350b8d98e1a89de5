"""No person can be had from the protected tables of a report: boundaries, a law over random tables, and mutations.

`faults` states the rules anew, from the microdata, without the code under test. Every rule is switched off in
turn, and `faults` must say so: a check that nothing can fail would hold nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.disclosure import protect as module
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protection, protect
from etabli.methods.results import TOTAL, Dimension, Measure, Missing, Table, Test

K = 5
POLICY = Policy("funder", K, ("convention",))
Visit = tuple[str, str, str]
"""Person, age, channel."""

ROWS = Measure("rows", "count", unit="rows")
SHARE = Measure("share", "share", low="share_low", high="share_high", base="base_people")


@dataclass(frozen=True)
class Counted:
    """A table and, by row, the people behind it: what `faults` holds the protection against."""

    table: Table
    people: list[set[str]]


def crossed(visits: Sequence[Visit], *, missing: int = 0, shares: bool = False) -> Counted:
    """Age by channel, with all totals; `missing` people are said to be left out."""
    ages = [*sorted({age for _, age, _ in visits}), TOTAL]
    channels = [*sorted({channel for _, _, channel in visits}), TOTAL]
    lines, people = [], []
    for age in ages:
        whole = [visit for visit in visits if age in (visit[1], TOTAL)]
        for channel in channels:
            here = [visit for visit in whole if channel in (visit[2], TOTAL)]
            people.append({person for person, _, _ in here})
            share = len(here) / len(whole)
            lines.append((age, channel, len(here), len(people[-1]), share, share / 2, 1.0, len({v[0] for v in whole})))
    names = ["age", "channel", "rows", "people", "share", "share_low", "share_high", "base_people"]
    measures = (ROWS, SHARE) if shares else (ROWS,)
    cells = pd.DataFrame(lines, columns=names)
    table = Table(
        cells if shares else cells[names[:4]],
        (Dimension("age"), Dimension("channel")),
        measures,
        missing=Missing(rows=missing, people=missing) if missing else None,
    )
    return Counted(table, people)


def listed(visits: Sequence[Visit], *, total: bool = True) -> Counted:
    """Visits by age, with their total."""
    ages = [*sorted({age for _, age, _ in visits}), *([TOTAL] if total else [])]
    people = [{v[0] for v in visits if age in (v[1], TOTAL)} for age in ages]
    rows = [sum(age in (v[1], TOTAL) for v in visits) for age in ages]
    cells = pd.DataFrame({"age": ages, "rows": rows, "people": [len(each) for each in people]})
    return Counted(Table(cells, (Dimension("age"),), (ROWS,)), people)


def alone(age: str, channel: str, count: int) -> list[Visit]:
    """`count` people with one visit each."""
    return [(f"{age}{channel}{number}", age, channel) for number in range(count)]


def masked(counted: Counted, protection: Protection) -> dict[tuple[str, ...], bool]:
    keys = counted.table.cells[list(counted.table.keys)].itertuples(index=False)
    return {tuple(key): bool(m) for key, m in zip(keys, protection.of(counted.table).masked, strict=True)}


# The rules, stated anew --------------------------------------------------------------------------


def faults(counted: Sequence[Counted], protection: Protection) -> set[str]:
    """Return the names of the rules that the protected tables break."""
    found: set[str] = set()
    for each in counted:
        found |= _small_faults(each, protection) | _value_faults(each, protection)
        for total, parts in lines_of(each.table):
            found |= _line_faults(each, total, parts, protection.of(each.table).masked)
    if any(len(decisions) > 1 for decisions in _decisions(counted, protection).values()):
        found.add("region")
    return found


def _small_faults(each: Counted, protection: Protection) -> set[str]:
    hidden, cells, missing = protection.of(each.table).masked, each.table.cells, each.table.missing
    found = set()
    for row, people in enumerate(each.people):
        if not hidden[row] and pd.isna(cells["people"].iloc[row]):
            found.add("unknown")
        elif not hidden[row] and 0 < len(people) < K:
            found.add("small")
    if missing is not None and 0 < missing.people < K and not hidden.all():
        found.add("missing")
    return found


def _value_faults(each: Counted, protection: Protection) -> set[str]:
    protected, before = protection.of(each.table), each.table.cells
    after, hidden = protected.table.cells, protected.masked
    values = [name for name in before.columns if name not in each.table.keys]
    left = after.loc[hidden, values].notna().to_numpy().any()
    changed = not after.loc[~hidden, values].astype(object).equals(before.loc[~hidden, values].astype(object))
    return {"values"} if left or changed else set()


def _line_faults(each: Counted, total: int, parts: list[int], hidden: np.ndarray) -> set[str]:
    """Along one line: what a subtraction, or a division by a share, gives back."""
    found = set()
    gone = [part for part in parts if hidden[part]]
    if hidden[total]:
        if 0 < len(each.people[total]) < K and len(gone) < len(parts):
            found.add("whole line")
        if "share" in each.table.cells and each.table.keys[-1:] == ("channel",) and len(gone) < len(parts):
            shares_total = each.table.cells["age"].iloc[total] == each.table.cells["age"].iloc[parts[0]]
            found |= {"share"} if shares_total else set()
    elif len(gone) == 1:
        found.add("one part")
    elif gone and len(set().union(*(each.people[part] for part in gone))) < K:
        found.add("together")
    if not hidden[total] and not gone and "rows" in each.table.cells:
        rows = each.table.cells["rows"]
        assert rows.iloc[parts].sum() == rows.iloc[total]
    return found


def lines_of(table: Table) -> list[tuple[int, list[int]]]:
    keys = [tuple(key) for key in table.cells[list(table.keys)].itertuples(index=False)]
    lines = []
    for row, key in enumerate(keys):
        for place, code in enumerate(key):
            if code == TOTAL:
                same = [
                    i
                    for i, k in enumerate(keys)
                    if i != row and k[:place] + k[place + 1 :] == key[:place] + key[place + 1 :]
                ]
                lines.append((row, same))
    return [(row, parts) for row, parts in lines if parts]


def _decisions(counted: Sequence[Counted], protection: Protection) -> dict[frozenset[str], set[bool]]:
    """By region (the named categories, wherever they stand): masked or not, in each table."""
    found: dict[frozenset[str], set[bool]] = {}
    for each in counted:
        for key, hidden in masked(each, protection).items():
            variable = each.table.cells.get("variable")
            named = [code for code in key if code != TOTAL and (variable is None or code not in set(variable))]
            found.setdefault(frozenset(named), set()).add(hidden)
    return found


UNEVEN = (
    alone("old", "x", 4) + alone("young", "x", 6) + alone("young", "y", 40)
    + alone("mid", "x", 30) + alone("mid", "y", 20)
)  # fmt: skip
"""Its secondary masks fall on different ages in the two channels, and on a row's total with them."""


# Boundaries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("people", "expected"), [(0, False), (1, True), (K - 1, True), (K, False), (K + 1, False)])
def test_row_at_the_threshold(people: int, expected: bool) -> None:
    cells = pd.DataFrame({"age": ["old"], "rows": [50], "people": [people]})
    table = Table(cells, (Dimension("age"),), (ROWS,))
    assert protect([table], POLICY).of(table).any_masked is expected


def test_twelve_visits_of_one_person_are_one_person() -> None:
    counted = listed([("a", "old", "x")] * 12, total=False)
    assert masked(counted, protect([counted.table], POLICY)) == {("old",): True}


def test_people_not_known_are_masked() -> None:
    cells = pd.DataFrame({"age": ["old", "young"], "rows": [50, 60], "people": pd.array([pd.NA, 60], dtype="Int64")})
    table = Table(cells, (Dimension("age", additive=False),), (ROWS,))
    assert protect([table], POLICY).of(table).masked.tolist() == [True, False]


@pytest.mark.parametrize(("people", "expected"), [(0, False), (1, True), (K - 1, True), (K, False), (K + 1, False)])
def test_table_that_leaves_out_few_people_is_masked_whole(people: int, expected: bool) -> None:
    counted = crossed(alone("old", "x", 9) + alone("old", "y", 9))
    table = replace(counted.table, missing=Missing(rows=20, people=people))
    assert protect([table], POLICY).of(table).masked.tolist() == [expected] * len(table.cells)


def test_minimum_of_one_masks_nothing() -> None:
    counted = crossed(alone("old", "x", 1) + alone("young", "y", 1), missing=1)
    assert not protect([counted.table], Policy("internal", 1, ())).of(counted.table).any_masked


def test_small_total_masks_its_whole_line_zeros_included() -> None:
    counted = crossed(alone("old", "x", 4) + alone("young", "x", 30) + alone("young", "y", 30) + alone("mid", "y", 30))
    hidden = masked(counted, protect([counted.table], POLICY))
    assert hidden["old", "y"]  # a zero: shown, it would say where the four are
    assert all(hidden["old", channel] for channel in ("x", "y", TOTAL))


def test_one_masked_part_takes_the_smallest_other_with_it() -> None:
    counted = listed(alone("a", "x", 3) + alone("b", "x", 8) + alone("c", "x", 7) + alone("d", "x", 0))
    hidden = masked(counted, protect([counted.table], POLICY))
    assert hidden == {("a",): True, ("b",): False, ("c",): True, (TOTAL,): False}


def test_two_small_parts_of_the_same_people_are_not_enough() -> None:
    """Three people who come through two doors: six by door, three in truth."""
    few = [(person, door, "x") for person in "abc" for door in ("n", "s")]
    counted = listed(few + alone("e", "x", 20) + alone("w", "x", 30))
    protection = protect([counted.table], POLICY)
    assert faults([counted], protection) == set()
    assert masked(counted, protection)["e",]


def test_total_masked_by_its_own_line_is_not_given_back_by_a_share() -> None:
    """A share and its base give the masked total of the row that they are shares of."""
    counted = crossed(UNEVEN, shares=True)
    hidden = masked(counted, protect([counted.table], POLICY))
    assert hidden["young", TOTAL]
    assert hidden["young", "x"]
    assert hidden["young", "y"]


def test_only_part_of_a_total_takes_the_total_with_it() -> None:
    cells = pd.DataFrame({"age": ["old", TOTAL], "rows": [3, 8], "people": [3, 8]})
    table = Table(cells, (Dimension("age"),), (ROWS,))
    assert protect([table], POLICY).of(table).masked.tolist() == [True, True]


def test_dimension_that_does_not_add_up_is_not_closed() -> None:
    cells = pd.DataFrame({"theme": ["a", "b", TOTAL], "rows": [3, 90, 90], "people": [3, 90, 90]})
    table = Table(cells, (Dimension("theme", additive=False),), (ROWS,))
    assert protect([table], POLICY).of(table).masked.tolist() == [True, False, False]


# Several tables, tests, values -------------------------------------------------------------------


def stacked(visits: Sequence[Visit]) -> Counted:
    """The same crosstab as a profile sheet holds it: variable, category, channel."""
    plain = crossed(visits)
    cells = plain.table.cells.rename(columns={"age": "category"})
    cells.insert(0, "variable", "age")
    dimensions = (Dimension("variable", additive=False), Dimension("category"), Dimension("channel"))
    return Counted(Table(cells, dimensions, (ROWS,)), plain.people)


MIXED = (
    alone("old", "x", 3) + alone("old", "y", 20) + alone("young", "x", 9) + alone("young", "y", 25)
    + alone("mid", "x", 30) + alone("mid", "y", 30)
)  # fmt: skip


def test_region_masked_in_one_table_is_masked_in_all() -> None:
    sheet = stacked(MIXED)
    row = sheet.table.cells.index[(sheet.table.cells["category"] == "mid") & (sheet.table.cells["channel"] == "y")][0]
    unknown = sheet.table.cells.assign(people=sheet.table.cells["people"].astype("Int64"))
    unknown.loc[row, "people"] = pd.NA
    table, plain = sheet.table.with_cells(unknown), crossed(MIXED)
    assert not masked(plain, protect([plain.table], POLICY))["mid", "y"]
    assert masked(plain, protect([plain.table, table], POLICY))["mid", "y"]


def test_stacked_sheet_and_crosstab_share_their_regions() -> None:
    sheet, plain, by_age = stacked(MIXED), crossed(MIXED), listed(MIXED)
    protection = protect([sheet.table, plain.table, by_age.table], POLICY)
    assert faults([sheet, plain, by_age], protection) == set()
    assert masked(sheet, protection)["age", "old", "x"]


def test_test_of_a_masked_table_is_withheld() -> None:
    test = Test("test du χ²", 3.1, (1.0,), 0.08, 117)
    plain = crossed(MIXED)
    table = replace(plain.table, tests=(test,))
    assert protect([table], POLICY).of(table).tests == ()
    assert protect([table], Policy("internal", 1, ())).of(table).tests == (test,)


def test_test_of_a_variable_without_mask_is_kept() -> None:
    visits = alone("old", "x", 9) + alone("old", "y", 9)
    kept, gone = (Test("test", 1.0, (1.0,), 0.5, 18, within={"variable": name}) for name in ("age", "sex"))
    age = stacked(visits).table
    sex = stacked(alone("f", "x", 9) + alone("f", "y", 3) + alone("m", "x", 9) + alone("m", "y", 9)).table
    cells = pd.concat([age.cells, sex.cells[sex.cells["category"] != TOTAL].assign(variable="sex")], ignore_index=True)
    table = replace(age.with_cells(cells), tests=(kept, gone))
    assert protect([table], POLICY).of(table).tests == (kept,)


def test_masked_rows_hold_no_value_in_any_column() -> None:
    counted = crossed(MIXED, shares=True)
    cells = counted.table.cells.assign(forgotten=range(len(counted.table.cells)))
    table = counted.table.with_cells(cells)
    protected = protect([table], POLICY).of(table)
    values = protected.table.cells.drop(columns=["age", "channel"])
    assert protected.masked.any()
    assert values[protected.masked].isna().to_numpy().all()
    assert values[~protected.masked].notna().to_numpy().all()


def test_value_is_masked_as_its_row_is() -> None:
    counted = crossed(MIXED)
    protection = protect([counted.table], POLICY)
    assert protection.is_masked(counted.table.value("rows", age="old", channel="x"))
    assert not protection.is_masked(counted.table.value("rows", age="mid", channel="y"))


def test_extreme_is_masked_when_one_it_is_compared_with_is() -> None:
    table = listed(
        [*alone("old", "desk", 20), *alone("mid", "desk", 9), *alone("low", "desk", 8), *alone("young", "desk", 3)]
    ).table
    protection = protect([table], POLICY)
    assert not protection.is_masked(table.value("rows", age="old"))
    assert protection.is_masked(table.largest("rows"))  # « old » comes first: so « young » comes after
    assert protection.is_masked(table.largest("rows").of("rows"))
    assert not protect([table], replace(POLICY, minimum_people=3)).is_masked(table.largest("rows"))


def test_what_a_table_is_held_at_is_part_of_its_region() -> None:
    crossing = crossed(MIXED)
    ages = ["mid", "old", "young"]
    cells = pd.DataFrame({"variable": "age", "category": ages, "rows": 9, "people": 9})
    stack = (Dimension("variable", additive=False), Dimension("category", additive=False))
    free, held = (Table(cells, stack, (ROWS,), held=held) for held in ({}, {"channel": "x"}))
    protection = protect([crossing.table, free, held], POLICY)
    hidden = masked(crossing, protection)
    assert protection.of(free).masked.tolist() == [hidden[age, TOTAL] for age in ages] == [False] * 3
    assert protection.of(held).masked.tolist() == [hidden[age, "x"] for age in ages] == [False, True, True]


def test_protection_leaves_the_results_as_they_were() -> None:
    counted = crossed(MIXED, shares=True)
    before = counted.table.cells.copy(deep=True)
    protect([counted.table], POLICY)
    pd.testing.assert_frame_equal(counted.table.cells, before)


def test_same_table_twice_is_protected_once() -> None:
    counted = crossed(MIXED)
    once, twice = protect([counted.table], POLICY), protect([counted.table, counted.table], POLICY)
    assert (once.of(counted.table).masked == twice.of(counted.table).masked).all()


def test_order_of_the_tables_does_not_matter() -> None:
    tables = [stacked(MIXED), crossed(MIXED, shares=True), listed(MIXED)]
    forwards, backwards = protect([t.table for t in tables], POLICY), protect([t.table for t in tables[::-1]], POLICY)
    assert all(masked(each, forwards) == masked(each, backwards) for each in tables)


# The law, over random people ---------------------------------------------------------------------

VISITS = st.lists(
    st.tuples(st.sampled_from([f"p{n}" for n in range(25)]), st.sampled_from("abcd"), st.sampled_from("xyz")),
    min_size=1,
    max_size=70,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(VISITS, st.booleans())
def test_random_tables_break_no_rule(visits: list[Visit], shares: bool) -> None:
    tables = [crossed(visits, shares=shares), listed(visits), stacked(visits)]
    assert faults(tables, protect([each.table for each in tables], POLICY)) == set()


# Each rule switched off --------------------------------------------------------------------------


def _nothing(*_: Any) -> bool:
    return False


def _primary_without(**changes: Any) -> Callable[[Table, int], np.ndarray]:
    original = module._primary

    def mutated(table: Table, minimum: int) -> np.ndarray:
        cells = table.cells.assign(people=table.cells["people"].fillna(99)) if changes.get("unknown") else table.cells
        return original(replace(table, cells=cells, missing=None if changes.get("missing") else table.missing), minimum)

    return mutated


def _closed(*, two: bool, together: bool) -> Callable[..., bool]:
    def mutated(mask: np.ndarray, people: np.ndarray, line: Any, minimum: int) -> bool:
        hidden = [part for part in line.parts if mask[part]]
        enough = people[hidden].sum() >= minimum or not together
        return bool(mask[line.total] or not hidden or ((len(hidden) >= 2 or not two) and enough))

    return mutated


def _shown_as_it_is(table: Table, mask: np.ndarray) -> module.Protected:
    return module.Protected(table, mask, table.tests)


TINY = alone("a", "x", 2) + alone("b", "x", 2) + alone("c", "x", 40) + alone("d", "x", 9)
SAME = [(person, door, "x") for person in "pqr" for door in ("n", "s")] + alone("e", "x", 40)


def _unknown() -> Counted:
    counted = crossed(alone("a", "x", 9) + alone("a", "y", 9) + alone("b", "x", 9) + alone("b", "y", 9))
    cells = counted.table.cells.assign(people=counted.table.cells["people"].astype("Int64"))
    cells.loc[0, "people"] = pd.NA
    return Counted(counted.table.with_cells(cells), counted.people)


def _zeros(table: Table, minimum: int) -> np.ndarray:
    return np.zeros(len(table.cells), dtype=bool)


def _own_regions(table: Table) -> list[module.Region]:
    """Every row a region of its own: no table knows what another masks."""
    return [frozenset([(str(id(table)), str(row))]) for row in range(len(table.cells))]


MUTATIONS: list[tuple[str, str, Any, list[Counted]]] = [
    ("small", "_primary", _zeros, [listed(TINY)]),
    ("unknown", "_primary", _primary_without(unknown=True), [_unknown()]),
    ("missing", "_primary", _primary_without(missing=True), [crossed(MIXED, missing=2)]),
    ("whole line", "_hides_its_parts", _nothing, [crossed(UNEVEN)]),
    ("share", "_are_shares", _nothing, [crossed(UNEVEN, shares=True)]),
    ("one part", "_is_closed", _closed(two=False, together=False), [listed(TINY[2:])]),
    ("together", "_is_closed", _closed(two=True, together=False), [listed(TINY)]),
    ("together", "_is_closed", _closed(two=True, together=True), [listed(SAME)]),
    ("one part", "_close", _nothing, [listed(TINY[2:])]),
    ("region", "_spread", _nothing, [crossed(MIXED, missing=2), listed(MIXED)]),
    ("region", "_regions", _own_regions, [crossed(MIXED, missing=2), listed(MIXED)]),
    ("values", "_apply", _shown_as_it_is, [listed(TINY)]),
]


@pytest.mark.parametrize(("rule", "piece", "mutant", "tables"), MUTATIONS, ids=[f"{m[0]}, {m[1]}" for m in MUTATIONS])
def test_rule_switched_off_is_noticed(
    rule: str, piece: str, mutant: Any, tables: list[Counted], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = [each.table for each in tables]
    assert faults(tables, protect(results, POLICY)) == set()
    monkeypatch.setattr(module, piece, mutant)
    assert rule in faults(tables, protect(results, POLICY))
