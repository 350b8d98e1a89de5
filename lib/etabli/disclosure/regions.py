"""The table model: which people a row of a table speaks of, and what it adds up to.

The unit of protection is the **region**, not the table: « the visitors under 25 who came to the
desk » is one unknown, wherever it stands. Protector and attacker share this module, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from etabli.methods.results import TOTAL, Table

OTHERS = "(les autres)"
"""Of a variable that tables name in their filters alone: all its categories that none of them names, together."""

VARIABLE, CATEGORY = "variable", "category"
"""The dimensions of a stacked table: a category counts under the variable named beside it."""


@dataclass(frozen=True, order=True)
class Region:
    """Who is counted: the people of one delivery who have all these categories.

    Parameters
    ----------
    source
        The delivery (its digest); people of different deliveries are different unknowns.
    categories
        The categories that they have, by variable, in order; totals apart. Filters count like any category.

    >>> young = region("2024", {"age": "young", "channel": "__total__"})
    >>> young.within(region("2024", {})), str(young)
    (True, 'age = young')
    """

    source: str
    categories: tuple[tuple[str, str], ...]

    def within(self, other: Region) -> bool:
        """Whether everyone in this region is in the other one, by its name."""
        return self.source == other.source and set(other.categories) <= set(self.categories)

    def __str__(self) -> str:
        return " ; ".join(f"{name} = {code}" for name, code in self.categories) or "ensemble"


def region(source: str, categories: dict[str, str]) -> Region:
    """Return the region of these categories; a category of `TOTAL` names nobody and is left out."""
    return Region(source, tuple(sorted((name, code) for name, code in categories.items() if code != TOTAL)))


@dataclass(frozen=True)
class Line:
    """Rows of a table that make up another one, along one dimension.

    Rows of the source add up: those of the parts make those of the whole. People do not: the whole is the **union**
    of its parts, and someone with two of its categories stands in both.
    """

    variable: str
    whole: int
    parts: tuple[int, ...]


def categories_of(table: Table) -> list[dict[str, str]]:
    """Return the categories of each row of a table, by variable, totals included; a stack's under its variables.

    The variables that the whole table is held at, filters among them, count too.
    """
    keys = {name: table.cells[name].astype(str).to_list() for name in table.keys}
    found = []
    for row in range(len(table.cells)):
        here = {name: values[row] for name, values in keys.items()}
        if VARIABLE in here and CATEGORY in here:
            name, code = here.pop(VARIABLE), here.pop(CATEGORY)
            if name != TOTAL:
                here[name] = code
        found.append({**here, **table.held})
    return found


def regions_of(table: Table) -> list[Region]:
    """Return the region of each row of a table."""
    return [region(table.source, here) for here in categories_of(table)]


def lines_of(table: Table) -> Iterator[Line]:
    """Yield the lines of a table: along each additive dimension, the parts of each total that it shows."""
    codes = {name: table.cells[name].astype(str).to_list() for name in table.keys}
    for dimension in table.dimensions:
        if not dimension.additive:
            continue
        others = [codes[name] for name in table.keys if name != dimension.name]
        groups: dict[tuple[str, ...], list[int]] = {}
        for row in range(len(table.cells)):
            groups.setdefault(tuple(each[row] for each in others), []).append(row)
        here = codes[dimension.name]
        for rows in groups.values():
            totals = [row for row in rows if here[row] == TOTAL]
            if len(totals) == 1 and len(rows) > 1:
                stacked = dimension.name == CATEGORY and VARIABLE in table.cells
                variable = str(table.at(VARIABLE, rows[0])) if stacked else dimension.name
                yield Line(variable, totals[0], tuple(row for row in rows if row != totals[0]))


def nested(
    regions: Iterable[Region], held_at: Callable[[Region], frozenset[tuple[str, str]]] | None = None
) -> Iterator[tuple[Region, Region]]:
    """Yield every pair (outer, inner) of regions of which the second lies within the first, by their names.

    The people of the outer who are not in the inner are a region too, even if no table shows it. `held_at` gives the
    categories of whoever is in a region, where more are known than it names: an area lies within its quarter.
    """
    held = sorted(set(regions))
    by_set = [
        (each, frozenset(each.categories), held_at(each) if held_at else frozenset(each.categories)) for each in held
    ]
    for outer, wide, _ in by_set:
        for inner, named, narrow in by_set:
            if wide <= narrow and wide != named and outer.source == inner.source:
                yield outer, inner
