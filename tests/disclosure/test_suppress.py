"""No small count can be known: held against every file that fits what is shown, on cases small enough to list them all.

The list is made here, from patterns of visits, without the code under test. Switching off a rule, or the secondary
masks, makes it find a count that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from etabli.disclosure import patterns, suppress, targets
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protection, protect
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import TOTAL, Table

AGES, CHANNELS = ("old", "young"), ("x", "y")
MOST_VISITS = 3
"""One more than anyone has in the cases below: somebody may have had one more."""

Pattern = tuple[str, int, int]
"""An age, visits by x, visits by y."""

PATTERNS: list[Pattern] = [
    (age, x, y) for age in AGES for x, y in product(range(MOST_VISITS + 1), repeat=2) if 1 <= x + y <= MOST_VISITS
]
CELLS = [(age, channel) for age in (*AGES, TOTAL) for channel in (*CHANNELS, TOTAL)]
Integers = NDArray[np.int64]


def told(pattern: Pattern) -> list[int]:
    """Visits of one person in each cell."""
    age, x, y = pattern
    return [
        (own in (age, TOTAL)) * (x * (channel in ("x", TOTAL)) + y * (channel in ("y", TOTAL)))
        for own, channel in CELLS
    ]


ROWS = np.array([told(pattern) for pattern in PATTERNS], dtype=np.int64)
PEOPLE = (ROWS > 0).astype(np.int64)


def files(size: int) -> Integers:
    """Every file of so many people: how many have each pattern, one line a file."""
    bars = np.array(list(combinations(range(size + len(PATTERNS) - 1), len(PATTERNS) - 1)), dtype=np.int64)
    edges = np.column_stack([np.full(len(bars), -1), bars, np.full(len(bars), size + len(PATTERNS) - 1)])
    return np.diff(edges, axis=1) - 1


def visits_of(people: Sequence[Pattern]) -> pd.DataFrame:
    lines = [
        (f"p{number}", age, channel)
        for number, (age, x, y) in enumerate(people)
        for channel, times in (("x", x), ("y", y))
        for _ in range(times)
    ]
    frame = pd.DataFrame(lines, columns=["recipient", "age", "channel"])
    return frame.astype({"age": pd.CategoricalDtype(AGES), "channel": pd.CategoricalDtype(CHANNELS)})


def tables_of(people: Sequence[Pattern]) -> list[Table]:
    visits = visits_of(people)
    return [
        profiles.crosstab(visits, "age", by="channel"),
        profiles.distribution(visits, "channel"),
        profiles.totals(visits),
    ]


def apart_of(people: Sequence[Pattern]) -> list[Table]:
    """Everybody by channel, and the old by channel in a table of their own: a filter, no table has the ages."""
    visits = visits_of(people)
    old = visits[visits["age"] == "old"].reset_index(drop=True)
    filtered = mark_population(old, Population("d" * 64, (("age", "old"),)))
    everybody = mark_population(visits, Population("d" * 64))
    return [profiles.distribution(each, "channel") for each in (everybody, filtered)]


def shown_cells(tables: Sequence[Table], protection: Protection) -> dict[tuple[str, str], bool]:
    """Whether each cell is shown, in any table."""
    found = dict.fromkeys(CELLS, False)
    for table in tables:
        for row, hidden in enumerate(protection.of(table).masked):
            here = {name: str(table.cells[name].iloc[row]) for name in table.keys} | dict(table.held)
            found[here.get("age", TOTAL), here.get("channel", TOTAL)] |= not hidden
    return found


def fitting(people: Sequence[Pattern], shown: dict[tuple[str, str], bool]) -> Integers:
    """How many have each pattern in every file in which all that is shown is as it is shown."""
    counts = np.zeros(len(PATTERNS), dtype=np.int64)
    for pattern in people:
        counts[PATTERNS.index(pattern)] += 1
    open_cells = [i for i, cell in enumerate(CELLS) if shown[cell]]
    sizes = [len(people)] if shown[TOTAL, TOTAL] else range(max(1, len(people) - 2), len(people) + 3)
    kept = []
    for size in sizes:
        every = files(size)
        fits = (every @ PEOPLE[:, open_cells] == counts @ PEOPLE[:, open_cells]).all(axis=1)
        fits &= (every @ ROWS[:, open_cells] == counts @ ROWS[:, open_cells]).all(axis=1)
        kept.append(every[fits])
    return np.vstack(kept)


def within(outer: tuple[str, str], inner: tuple[str, str]) -> bool:
    return outer != inner and all(wide in (narrow, TOTAL) for wide, narrow in zip(outer, inner, strict=True))


def known(people: Sequence[Pattern], shown: dict[tuple[str, str], bool], minimum: int) -> list[str]:
    """The counts of 1 to k − 1, shown or had by difference, that cannot be both none and enough."""
    possible = fitting(people, shown) @ PEOPLE
    true = PEOPLE[[PATTERNS.index(pattern) for pattern in people]].sum(axis=0)
    found = []
    for i, cell in enumerate(CELLS):
        if 0 < true[i] < minimum and not _is_open(possible[:, i], minimum):
            found.append(f"cell {cell}")
        for j, inner in enumerate(CELLS):
            small = within(cell, inner) and 0 < true[i] - true[j] < minimum
            if small and not _is_open(possible[:, i] - possible[:, j], minimum):
                found.append(f"{cell} less {inner}")
    return found


def _is_open(values: Integers, minimum: int) -> bool:
    return bool(values.min() <= 0 and values.max() >= minimum)


def cases(number: int, seed: int, size: int) -> Iterator[list[Pattern]]:
    """People of one or two visits, most of them young and by x."""
    random = np.random.default_rng(seed)
    for _ in range(number):
        ages = random.choice(AGES, size=size, p=[0.3, 0.7])
        one = [tuple(each) for each in random.multinomial(1, [0.7, 0.3], size=size)]
        two = [tuple(each) for each in random.multinomial(1, [0.5, 0.5], size=size)]
        more = random.random(size) < 0.5
        yield [
            (str(age), int(a[0] + extra * b[0]), int(a[1] + extra * b[1]))
            for age, a, b, extra in zip(ages, one, two, more, strict=True)
        ]


def found(
    minimum: int, size: int, seed: int, number: int, made: Callable[[Sequence[Pattern]], list[Table]] = tables_of
) -> Iterator[list[str]]:
    """What is known in each of some random cases."""
    policy = Policy("funder", minimum, ("convention",))
    for people in cases(number, seed, size):
        if not any(age == "old" for age, _, _ in people):
            continue  # a filter that nobody is in makes no report
        tables = made(people)
        yield known(people, shown_cells(tables, protect(tables, policy)), minimum)


@pytest.mark.slow
@pytest.mark.parametrize(("minimum", "size", "seed", "number"), [(2, 5, 1, 20), (2, 6, 2, 8), (3, 5, 3, 8)])
def test_no_small_count_is_known_to_who_lists_all_files(minimum: int, size: int, seed: int, number: int) -> None:
    assert all(each == [] for each in found(minimum, size, seed, number))


@pytest.mark.slow
@pytest.mark.parametrize(("minimum", "size", "seed", "number"), [(2, 6, 2, 12), (3, 6, 3, 8)])
def test_no_small_count_is_known_from_a_filter_to_who_lists_all_files(
    minimum: int, size: int, seed: int, number: int
) -> None:
    assert all(each == [] for each in found(minimum, size, seed, number, apart_of))


def test_something_is_shown_beside_small_counts() -> None:
    """A protection that withheld everything would pass the law above."""
    policy = Policy("funder", 2, ("convention",))
    shown = [
        sum(shown_cells(tables, protect(tables, policy)).values())
        for tables in (tables_of(people) for people in cases(6, 2, 12))
    ]
    assert min(shown) > 0
    assert np.mean(shown) >= 4


# Sums that one person makes most of ----------------------------------------------------------------


def close(people: Sequence[Pattern], shown: dict[tuple[str, str], bool], percent: int) -> tuple[list[str], int]:
    """The sums of visits, had by difference too, of which one person makes so much, and that are known too closely.

    And how many such sums there are. A sum must perhaps be as much less, and as much more, as leaves nobody with so
    much of it.
    """
    possible = fitting(people, shown) @ ROWS
    own = ROWS[[PATTERNS.index(pattern) for pattern in people]]
    known, asked = [], 0
    for i, cell in enumerate(CELLS):
        for j, inner in [(None, None), *((j, inner) for j, inner in enumerate(CELLS) if within(cell, inner))]:
            amounts = own[:, i] - (0 if j is None else own[:, j])
            total, largest = int(amounts.sum()), int(amounts.max())
            if not total or 100 * largest < percent * total:
                continue
            level = next(more for more in range(1, 10) if 100 * largest < percent * (total + more))
            sums = possible[:, i] - (0 if j is None else possible[:, j])
            asked += 1
            if sums.min() > max(0, total - level) or sums.max() < total + level:
                known.append(f"{cell} less {inner}")
    return known, asked


def close_ones(number: int) -> Iterator[tuple[list[str], int]]:
    policy = Policy("funder", 2, ("convention",), dominance=((1, 50.0),))
    for people in cases(number, 7, 6):
        tables = tables_of(people)
        yield close(people, shown_cells(tables, protect(tables, policy)), 50)


@pytest.mark.slow
def test_no_dominated_sum_is_known_closely_to_who_lists_all_files() -> None:
    found = list(close_ones(12))
    assert [known for known, _ in found] == [[]] * 12
    assert sum(asked for _, asked in found) > 20


@pytest.mark.slow
def test_dominated_sums_that_are_not_looked_for_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "magnitudes", _none)
    assert any(known for known, _ in close_ones(12))


# The method « round » -----------------------------------------------------------------------------


def labels(people: Integers, rows: Integers, minimum: int, base: int) -> Integers:
    """What is told of cells: −1 for « k or fewer » (and nothing of its rows), else both counts rounded."""
    near = [np.floor(counts / base + 0.5).astype(int) * base for counts in (people, rows)]
    return np.stack([np.where(people <= minimum, -1, each) for each in near])


def fitting_rounded(people: Sequence[Pattern], shown: list[int], minimum: int, base: int) -> Integers:
    """People by cell of every file of which the same would be told; the number of people may be any near theirs."""
    counts = np.zeros(len(PATTERNS), dtype=np.int64)
    for pattern in people:
        counts[PATTERNS.index(pattern)] += 1
    told = labels((counts @ PEOPLE)[shown], (counts @ ROWS)[shown], minimum, base)
    kept = []
    for size in range(len(people) - 1, len(people) + 2):
        every = files(size)
        other = labels(every @ PEOPLE[:, shown], every @ ROWS[:, shown], minimum, base)
        fits = (other == told[:, None, :]).all(axis=(0, 2))
        kept.append(every[fits] @ PEOPLE)
    return np.vstack(kept)


@pytest.mark.slow
def test_no_small_count_is_known_from_rounded_ones() -> None:
    minimum, base = 2, 2
    policy = Policy("funder", minimum, ("convention",), rounding_base=base)
    told = 0
    for people in cases(12, 5, 5):
        tables = tables_of(people)
        protection = protect(tables, policy)
        few = protection.of(tables[0]).at_most
        shown = [i for i, hidden in enumerate(protection.of(tables[0]).masked) if not hidden or i in few]
        told += len(shown)
        possible = fitting_rounded(people, shown, minimum, base)
        true = PEOPLE[[PATTERNS.index(pattern) for pattern in people]].sum(axis=0)
        assert all(
            _is_open(possible[:, i], minimum) for i in range(len(CELLS)) if 0 < true[i] < minimum
        ), people  # fmt: skip
        assert [PEOPLE[[PATTERNS.index(p) for p in people]].sum(axis=0)[i] <= minimum for i in few] == [True] * len(few)
    assert told > 30


# Each rule switched off --------------------------------------------------------------------------


def _none(*_: Any, **__: Any) -> Iterator[Any]:
    return iter(())


def _primary_only(self: Any) -> None:
    """Mask nothing more than what is small."""


MUTATIONS: list[tuple[str, list[tuple[Any, str, Any]]]] = [
    ("differences are not looked for", [(targets, "differences", _none)]),
    ("secondary masks", [(suppress._Chooser, name, _primary_only) for name in ("prove", "withhold")]),
    ("what is not proved is shown", [(suppress._Chooser, "_found", lambda *_, **__: None),
                                     (suppress._Chooser, "withhold", _primary_only)]),
    ("published visits are forgotten", [(patterns, "tells_rows", lambda _: False)]),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("pieces", [pieces for _, pieces in MUTATIONS], ids=[name for name, _ in MUTATIONS])
def test_rule_switched_off_lets_a_count_be_known(
    pieces: list[tuple[Any, str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner, name, mutant in pieces:
        monkeypatch.setattr(owner, name, mutant)
    assert any(found(2, 6, 2, 30))


def test_small_counts_that_are_not_looked_for_are_had_by_subtraction(monkeypatch: pytest.MonkeyPatch) -> None:
    """One « old » among many others: masked alone under a shown total, it would be known."""
    people = [("old", 1, 0), *[("young", 1, 0)] * 10, *[("mid", 1, 0)] * 10]
    lines = [(f"p{number}", age, "x") for number, (age, _, _) in enumerate(people)]
    frame = pd.DataFrame(lines, columns=["recipient", "age", "channel"])
    policy = Policy("funder", 2, ("convention",))

    def hidden() -> int:
        table = profiles.distribution(frame, "age")
        return int(protect([table], policy).of(table).masked.sum())

    assert hidden() >= 2
    monkeypatch.setattr(targets, "small", _none)
    assert hidden() == 1
