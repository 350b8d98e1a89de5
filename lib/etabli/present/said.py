"""What a report says of regions: its printed values, turned into the statements that the ledger keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from types import MappingProxyType

import numpy as np
import pandas as pd

from etabli.disclosure.parts import Splits
from etabli.disclosure.protect import Protected, Protection
from etabli.disclosure.regions import OTHERS, VARIABLE, lines_of, regions_of
from etabli.disclosure.statements import IMPOSSIBLE, MASKED, Quantity, Statement, Unit, Variable
from etabli.methods.membership import NUMBER
from etabli.methods.results import Measure, Table
from etabli.methods.routes import FREQUENCIES, NUMBERS
from etabli.present.theme import AT_MOST
from etabli.present.words import base_of, digits_of, is_impossible, is_small, printed

Place = tuple[str, Table, int, Measure]
"""One released value: the item that shows it, its table, its row, its measure."""


def statements_of(places: Iterable[Place], protection: Protection) -> list[Statement]:
    """Return what released values say, each once an item. Published aggregates, whose people nobody knows, say nothing.

    A mask is a statement too: a report that is made again keeps it.
    """
    readers: dict[int, _Reader] = {}
    found: dict[Statement, None] = {}
    for item, table, row, measure in places:
        if table.membership is None:
            continue
        if id(table) not in readers:
            readers[id(table)] = _Reader(table, protection.of(table), _rounding(protection))
        found.update(dict.fromkeys(readers[id(table)].says(item, row, measure)))
    return list(found)


def variables_of(
    tables: Collection[Table], splits: Mapping[str, Splits] = MappingProxyType({})
) -> dict[str, dict[str, Variable]]:
    """Return what tables tell of their variables, by source and name.

    Whether a variable is constant within a person is read from who stands where: no reader is told, but many know
    that age does not change from one visit to the next, and an attacker is given what many know. Many also know the
    quarter of each area: where the codebook says that a variable follows from a finer one, the delivery tells how. A
    filter tells of its variable too: whoever is not in a category that is told is in one of the others.

    Parameters
    ----------
    splits
        The rows of each delivery, by digest.
    """
    found: dict[str, dict[str, Variable]] = {}
    for table in tables:
        if table.membership is None:
            continue
        here = found.setdefault(table.source, {})
        for name, variable in {
            **_filters(table, splits.get(table.source)),
            **_variables(table, splits.get(table.source)),
        }.items():
            here[name] = here[name].joined(variable) if name in here else variable
    derived = {(table.source, coarse, fine) for table in tables for coarse, fine in table.derived.items()}
    for source, coarse, fine in sorted(derived):
        here = found.get(source, {})
        parents = splits[source].coarser(fine, coarse) if fine in here and source in splits else None
        if parents is not None:
            known = {code: parents[code] for code in here[fine].categories if code in parents}
            here[fine] = replace(here[fine], parents={**here[fine].parents, coarse: known})
    return found


def lasting_in(tables: Collection[Table], splits: Mapping[str, Splits] = MappingProxyType({})) -> set[tuple[str, str]]:
    """Return the variables that each person keeps, by delivery and name; `splits` as above."""
    return {
        (source, name)
        for source, variables in variables_of(tables, splits).items()
        for name, variable in variables.items()
        if variable.lasts
    }


def _filters(table: Table, splits: Splits | None) -> dict[str, Variable]:
    """Return what filters tell of the variables of the delivery: a category, and that there are others."""
    if splits is None:
        return {}
    held = {name: code for name, code in table.held.items() if name in splits.frame}
    return {
        name: Variable(
            (code, OTHERS),
            splits.is_constant(name),
            size=splits.size(name),
            is_witnessed=table.one_each or splits.has_repeats,
        )
        for name, code in held.items()
    }


def _variables(table: Table, splits: Splits | None) -> dict[str, Variable]:
    constant: dict[str, bool] = {}
    categories: dict[str, dict[str, None]] = {}
    people = table.membership.distinct if table.membership is not None else np.zeros(0)
    for line in lines_of(table):
        adds_up = bool(people[list(line.parts)].sum() == people[line.whole])
        constant[line.variable] = constant.get(line.variable, True) and adds_up
        column = "category" if VARIABLE in table.keys and line.variable not in table.keys else line.variable
        codes = (str(table.at(column, row)) for row in line.parts)
        categories.setdefault(line.variable, {}).update(dict.fromkeys(codes))
    is_witnessed = table.one_each or (table.membership is not None and bool((table.membership.totals > people).any()))
    in_delivery = set(splits.frame) if splits is not None and splits.has_repeats else set()
    return {
        name: Variable(
            tuple(codes),
            constant[name],
            sets=_sets(table, name, tuple(codes)),
            numbers=_numbers(name) if table.derived.get(name) == NUMBER else {},
            is_witnessed=is_witnessed or name in in_delivery,
        )
        for name, codes in categories.items()
    }


def _numbers(name: str) -> dict[str, tuple[int, int]]:
    """Return how many rows a person of each category has, at least and at most (`methods.routes`)."""
    names = {"frequency": FREQUENCIES, "number": NUMBERS}.get(name, ())
    exact = {code: (place, place) for place, code in enumerate(names, start=1)}
    return {**exact, names[-1]: (len(names), 0)} if names else {}


def _sets(table: Table, name: str, codes: tuple[str, ...]) -> tuple[str, dict[str, tuple[str, ...]]] | None:
    """Return which categories of its origin each category of a derived variable stands for (`methods.routes`)."""
    origin = table.derived.get(name)
    if origin is None:
        return None
    alone = {code: code.removesuffix("_only") for code in codes if code.endswith("_only")}
    each = {code: (held,) for code, held in alone.items()}
    if "both" in codes and len(alone) == 2:
        return origin, {**each, "both": tuple(alone.values())}
    if "several" in codes and len(alone) > 2:
        return origin, {**each, "several": ()}
    return None


@dataclass(frozen=True)
class _Rounding:
    """To which multiple counts are rounded, and from how many people on."""

    base: int
    minimum: int

    def bounds(self, shown: float, unit: Unit) -> tuple[float, float]:
        """Return the least and the greatest count that is written so."""
        low = shown - self.base // 2
        return max(low, self.minimum + 1 if unit == "people" else 0), low + self.base - 1


def _rounding(protection: Protection) -> _Rounding | None:
    base = protection.policy.rounding_base
    return None if base is None else _Rounding(base, protection.policy.minimum_people)


class _Reader:
    """Reads the statements of one table: its values as protected, its structure as it was counted."""

    def __init__(self, table: Table, protected: Protected, rounding: _Rounding | None) -> None:
        self.table, self.masked = protected.table, protected.masked
        self.few, self.rounding = protected.at_most, rounding
        self.regions = regions_of(table)
        membership = table.membership
        one_row_each = membership is None or bool((membership.totals == membership.distinct).all())
        self.rows: Unit = "people" if one_row_each and (membership is None or table.one_each) else "rows"
        self.wholes = _wholes(table)

    def says(self, item: str, row: int, measure: Measure) -> Iterator[Statement]:
        if row in self.few:
            most = self.few[row]
            yield Statement(item, self._quantity(row, "people"), 0, most, shown=f"{AT_MOST}{most}")
            return
        if self.masked[row]:
            for unit in dict.fromkeys((self.rows, "people")):
                yield Statement(item, self._quantity(row, unit), 0, inf, shown=MASKED)
            return
        if is_impossible(self.table, row, measure):
            of_nobody = measure.kind == "share" and base_of(self.table, row, measure) == 0
            where = self._quantity(self.wholes.get(row, row) if of_nobody else row, "people")
            yield Statement(item, where, 0, 0, shown=0.0 if of_nobody else IMPOSSIBLE)
            return
        value = self.table.at(measure.name, row)
        if isinstance(value, str) or pd.isna(value):
            return
        yield from self._count_or_ratio(item, row, measure)
        yield from self._people_stated(item, row, measure)

    def _count_or_ratio(self, item: str, row: int, measure: Measure) -> Iterator[Statement]:
        value = float(self.table.at(measure.name, row))
        if measure.kind == "count" and measure.unit in {"rows", "people"}:
            yield self._exactly(item, row, "people" if measure.unit == "people" else self.rows, value)
        elif measure.kind == "share" and measure.of and row in self.wholes:
            whole = self.wholes[row]
            if self.rounding is not None or is_small(self.table, row, measure):  # made of what is rounded
                part, of = (float(self.table.at(column, row)) for column in measure.of)
                yield self._exactly(item, row, self.rows, part)
                yield self._exactly(item, whole, self.rows, of)
            else:
                yield self._ratio(item, row, measure, over=self._quantity(whole, self.rows))
        elif measure.kind == "mean" and measure.unit == "rows" and self.rows == "rows" and self.rounding is not None:
            yield self._exactly(item, row, "rows", float(self.table.cells["rows"].iloc[row]))
            yield self._exactly(item, row, "people", float(self.table.cells["people"].iloc[row]))
        elif measure.kind == "mean" and measure.of and measure.of[0] == "rows":
            yield self._times(item, row, measure)
        elif measure.kind == "mean" and measure.unit == "rows" and self.rows == "rows":
            yield self._ratio(item, row, measure, over=self._quantity(row, "people"))

    def _people_stated(self, item: str, row: int, measure: Measure) -> Iterator[Statement]:
        """The number of people that files give beside a value."""
        if not measure.states_people:
            return
        base = base_of(self.table, row, measure)
        if base == float("inf"):
            people = self.table.at("people", row)
            if not pd.isna(people):
                yield self._exactly(item, row, "people", float(people))
        elif measure.kind == "share" and row in self.wholes:
            yield self._exactly(item, self.wholes[row], "people", base)
        elif measure.base == "people":
            yield self._exactly(item, row, "people", base)

    def _ratio(self, item: str, row: int, measure: Measure, *, over: Quantity) -> Statement:
        """A ratio as printed: true within half a unit of its last digit."""
        base = base_of(self.table, row, measure)
        shown = printed(self.table.at(measure.name, row), measure, base)
        number, scale = float(shown or 0), 100 if measure.kind == "share" else 1
        half = 0.5 * 10.0 ** -digits_of(measure, base)
        low, high = max(0.0, (number - half) / scale), (number + half) / scale
        return Statement(item, self._quantity(row, self.rows), low, high, over=over, shown=number)

    def _times(self, item: str, row: int, measure: Measure) -> Statement:
        """A mean over what everybody can count (days), as printed: all rows that give it."""
        over = float(self.table.at(measure.of[1], row)) if measure.of else 1.0
        number = float(printed(self.table.at(measure.name, row), measure, base_of(self.table, row, measure)) or 0)
        half = 0.5 * 10.0 ** -digits_of(measure, base_of(self.table, row, measure))
        low, high = max(0.0, (number - half) * over), (number + half) * over
        return Statement(item, self._quantity(row, self.rows), low, high, shown=number)

    def _exactly(self, item: str, row: int, unit: Unit, value: float) -> Statement:
        """A count as printed: itself, or all that round to it."""
        low, high = (value, value) if self.rounding is None else self.rounding.bounds(value, unit)
        return Statement(item, self._quantity(row, unit), low, high, shown=value)

    def _quantity(self, row: int, unit: Unit) -> Quantity:
        return Quantity(self.regions[row], unit)


def _wholes(table: Table) -> dict[int, int]:
    """Return, for each row, the row of what its share is a share of.

    That is the total of the line whose parts carry, as their denominator, what it counts.
    """
    shares = [measure.of for measure in table.measures if measure.kind == "share" and measure.of]
    if not shares:
        return {}
    part, whole = shares[0]
    found = {row: row for row in range(len(table.cells)) if _is(table.at(whole, row), table.at(part, row))}
    for line in lines_of(table):
        if all(_is(table.at(whole, row), table.at(part, line.whole)) for row in line.parts):
            found.update(dict.fromkeys(line.parts, line.whole))
    return found


def _is(one: object, other: object) -> bool:
    return bool(not pd.isna(one) and not pd.isna(other) and one == other)  # type: ignore[call-overload]  # one cell
