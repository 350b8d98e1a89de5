"""The attacker's unknowns: the people and the rows of every region that released tables speak of, and what binds them.

Nothing here comes from data. Rows add up along every variable. People add up along a variable that each keeps the same
category of (age); along another (the channel of a visit) a person stands in one or several categories, so a whole
is at least its largest part and at most their sum. Whoever is counted has at least one row.

Tables are crossed with one another, the smallest crossings first, as far as `MOST_NODES` allows: an attacker knows
that people by age and people by quarter are sums of the same people by age and quarter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, product
from math import inf, prod

import numpy as np
from scipy import sparse

from etabli.disclosure.bounds import Form, matrix_of
from etabli.disclosure.others import resolved
from etabli.disclosure.regions import Region
from etabli.disclosure.statements import IMPOSSIBLE, Quantity, Statement, Unit, Variable

MOST_NODES = 3_000
"""Regions of one source that are written out at most; what is shown is written out in any case."""

Categories = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Stayers:
    """Two deliveries of one population: whoever is in the first is in the second, in the same lasting categories."""

    before: str
    after: str


@dataclass(frozen=True)
class Aim:
    """Something of which the attacker asks how many people it holds.

    Parameters
    ----------
    words
        What it is, in French.
    form
        The number of its people, in unknowns.
    region
        The region that it is, or lies in.
    kind
        `region`, `difference` or `group`.
    group
        For a whole group: the number of its people, of whom nobody may be known to be in `form`.
    """

    words: str
    form: Form
    region: Region
    kind: str
    group: Form | None = None


@dataclass
class Lattice:
    """Unknowns and what binds them, row by row of a linear system: `low` ≤ A x ≤ `high`.

    Parameters
    ----------
    variables
        What is known of variables, by source and name.
    statements
        What was released.
    stayers
        Which deliveries are known to continue which.
    most_nodes
        Regions of one source that are written out at most.
    """

    variables: Mapping[str, Mapping[str, Variable]]
    statements: Sequence[Statement]
    stayers: Sequence[Stayers] = ()
    most_nodes: int = MOST_NODES
    _numbers: dict[Quantity, int] = field(default_factory=dict)
    _entries: list[tuple[Form, float, float]] = field(default_factory=list)
    _rests: list[tuple[Region, tuple[Region, ...]]] = field(default_factory=list)
    bound: list[int] = field(default_factory=list)
    """For each row, the rank of the statement that it is; −1 for what holds of all people."""

    def __post_init__(self) -> None:
        self.variables = {source: resolved(known) for source, known in self.variables.items()}
        shown = list(dict.fromkeys(self._shown_regions()))
        for source in dict.fromkeys(region.source for region in shown):
            self._build(source, [region for region in shown if region.source == source])
        for each in self.stayers:
            self._bind_editions(each)
        for rank, statement in enumerate(self.statements):
            self._state(rank, statement)

    # What is asked ---------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        return len(self._numbers)

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """A: one row a constraint, one column an unknown."""
        return matrix_of([form for form, _, _ in self._entries], self.size)

    @property
    def low(self) -> np.ndarray:
        return np.array([low for _, low, _ in self._entries])

    @property
    def high(self) -> np.ndarray:
        return np.array([high for _, _, high in self._entries])

    def number(self, quantity: Quantity) -> int | None:
        """Return the column of an unknown; None for what nothing speaks of."""
        region = self._plain(quantity.region)
        return None if region is None else self._numbers.get(Quantity(region, quantity.unit))

    def carried(self) -> list[tuple[int, int]]:
        """Return the unknown rows and the unknown people of each region: where there is a row there is somebody."""
        return [(self._of(region, "rows"), self._of(region, "people")) for region in self._regions()]

    def aims(self) -> list[Aim]:
        """Return all that must not be known: every region, and what lies between two nested ones."""
        found = [self._aim_at(region) for region in self._regions()]
        found += self._differences()
        found += [aim for each in self.stayers for aim in self._entries_between(each)]
        seen: dict[tuple[tuple[int, float], ...], Aim] = {}
        for aim in found:
            seen.setdefault(tuple(sorted(aim.form.items())), aim)
        return list(seen.values())

    def whole_groups(self, sensitive: Mapping[str, Iterable[str]]) -> list[Aim]:
        """Return what must not be known to be nobody: of each group spoken of, who is in a category, and who is not.

        Parameters
        ----------
        sensitive
            The variables that are asked of, by source.
        """
        found: dict[tuple[tuple[int, float], ...], Aim] = {}
        for region in dict.fromkeys(self._shown_regions()):
            for name in sorted(set(sensitive.get(region.source, ())) - dict(region.categories).keys()):
                for aim in self._whole_group(region, name):
                    found.setdefault(tuple(sorted(aim.form.items())), aim)
        return list(found.values())

    def _whole_group(self, region: Region, name: str) -> Iterator[Aim]:
        variable = self.variables.get(region.source, {}).get(name)
        parts = None if variable is None else self._parts(region, name, variable.categories)
        number = self._of(region, "people")
        for part in parts or ():
            own = self._of(part, "people")
            if not self._is_barred(part):
                code = dict(part.categories)[name]
                yield Aim(str(part), {own: 1}, part, "group", {number: 1})
                yield Aim(f"{region}, hors {name} = {code}", {number: 1, own: -1}, region, "group", {number: 1})

    def _is_barred(self, region: Region) -> bool:
        """Whether nobody can be there by construction, as a table says: that tells nothing of anybody."""
        return any(region.within(each) for each in self._barred)

    @cached_property
    def _barred(self) -> frozenset[Region]:
        told = {self._plain(each.quantity.region) for each in self.statements if each.shown == IMPOSSIBLE}
        return frozenset(region for region in told if region is not None)

    # Regions ---------------------------------------------------------------------------------------

    def _shown_regions(self) -> Iterator[Region]:
        for each in self.statements:
            for quantity in (each.quantity, each.over):
                if quantity is not None:
                    region = self._plain(quantity.region)
                    if region is not None:
                        yield region

    def _plain(self, region: Region) -> Region | None:
        """Return a region without the coarse categories that its fine ones imply; None when nobody can be there."""
        here, known = dict(region.categories), self.variables.get(region.source, {})
        for name in list(here):
            for coarse, codes in known[name].parents.items() if name in known else ():
                implied = codes.get(here[name])
                if coarse in here and implied is not None and here.pop(coarse) != implied:
                    return None
        return Region(region.source, tuple(sorted(here.items())))

    def _build(self, source: str, shown: Sequence[Region]) -> None:
        known = self.variables.get(source, {})
        for names, held in self._name_sets(known, shown):
            for kept in _subsets(names):
                for codes in product(*(known[name].categories for name in kept)):
                    self._add(Region(source, tuple(sorted((*held, *zip(kept, codes, strict=True))))))
        for region in shown:
            self._add(region)
        for region in list(self._regions(source)):
            self._bind(region, known)

    def _name_sets(
        self, known: Mapping[str, Variable], shown: Sequence[Region]
    ) -> list[tuple[tuple[str, ...], Categories]]:
        """Return which variables are written out together, within which filters: of each table, then crossings."""
        tables: dict[tuple[frozenset[str], Categories], None] = {}
        for region in shown:
            names = frozenset(name for name, _ in region.categories if name in known)
            held = tuple(item for item in region.categories if item[0] not in known)
            for each in _subsets(held):
                tables[names, tuple(each)] = None
                for coarser in _coarser(names, known):
                    tables[coarser, tuple(each)] = None
        chosen = {key: _nodes(key[0], known) for key in tables}
        room = self.most_nodes - sum(chosen.values())
        crossings = {
            (_without_implied(one | other, known), held): None
            for (one, held), (other, same) in combinations(tables, 2)
            if held == same
        }
        crossings |= {(_without_implied(names, known), held): None for names, held in _everything(tables)}
        for key in sorted(crossings, key=lambda key: (_nodes(key[0], known), sorted(key[0]))):
            size = _nodes(key[0], known)
            if key not in chosen and size <= room:
                chosen[key] = size
                room -= size
        return [(tuple(sorted(names)), held) for names, held in chosen]

    def _add(self, region: Region) -> None:
        for unit in ("people", "rows"):
            self._numbers.setdefault(Quantity(region, unit), len(self._numbers))

    def _regions(self, source: str | None = None) -> Iterator[Region]:
        for quantity in self._numbers:
            if quantity.unit == "people" and source in (None, quantity.region.source):
                yield quantity.region

    def _of(self, region: Region, unit: Unit) -> int:
        return self._numbers[Quantity(region, unit)]

    # What binds them -------------------------------------------------------------------------------

    def _row(self, form: Form, low: float, high: float, *, statement: int = -1) -> None:
        self._entries.append((form, low, high))
        self.bound.append(statement)

    def _bind(self, region: Region, known: Mapping[str, Variable]) -> None:
        """Bind a region to its own rows, to what it is part of, and to its parts along every variable."""
        people, rows = self._of(region, "people"), self._of(region, "rows")
        self._row({rows: 1, people: -1}, 0, inf)
        self._bind_numbers(region, known)
        for name, _ in region.categories:
            wider = _without(region, name)
            if Quantity(wider, "people") in self._numbers:
                self._bind_part(region, wider)
        here = {name for name, _ in region.categories}
        for name, variable in known.items():
            if name not in here:
                self._bind_line(region, name, variable)
                self._bind_hierarchy(region, name, variable)
                self._bind_sets(region, name, variable, known)

    def _bind_numbers(self, region: Region, known: Mapping[str, Variable]) -> None:
        """Who came twice has two rows; within a category that changes from row to row, perhaps fewer."""
        people, rows = self._of(region, "people"), self._of(region, "rows")
        for name, code in region.categories:
            least, most = known[name].numbers.get(code, (0, 0)) if name in known else (0, 0)
            others = (each for each, _ in region.categories if each != name)
            if least > 1 and all(each in known and known[each].constant for each in others):
                self._row({rows: 1, people: -least}, 0, inf)
            if most:
                self._row({rows: -1, people: most}, 0, inf)

    def _bind_part(self, part: Region, whole: Region) -> None:
        """People of the whole who are not in the part have a row outside it; nobody is in the part alone."""
        people, rows = self._of(part, "people"), self._of(part, "rows")
        all_people, all_rows = self._of(whole, "people"), self._of(whole, "rows")
        self._row({all_people: 1, people: -1}, 0, inf)
        self._row({all_rows: 1, all_people: -1, rows: -1, people: 1}, 0, inf)

    def _bind_line(self, whole: Region, name: str, variable: Variable) -> None:
        parts = self._parts(whole, name, variable.categories)
        if parts is not None:
            self._add_up(whole, parts, constant=variable.constant)

    def _add_up(self, whole: Region, parts: Sequence[Region], *, constant: bool) -> None:
        self._row({self._of(whole, "rows"): 1, **{self._of(part, "rows"): -1 for part in parts}}, 0, 0)
        people = {self._of(whole, "people"): 1, **{self._of(part, "people"): -1 for part in parts}}
        self._row(people, 0 if constant else -inf, 0)

    def _bind_hierarchy(self, region: Region, name: str, variable: Variable) -> None:
        """The fine categories of one coarse category make it up."""
        for coarse, codes in variable.parents.items():
            if coarse in dict(region.categories):
                continue
            for above in dict.fromkeys(codes.values()):
                whole = _with(region, coarse, above)
                under = [code for code in variable.categories if codes.get(code) == above]
                parts = self._parts(region, name, under)
                if parts and Quantity(whole, "people") in self._numbers:
                    if all(code in codes for code in variable.categories):
                        self._add_up(whole, parts, constant=variable.constant)
                    elif variable.constant:
                        self._rests.append((whole, tuple(parts)))
                        self._add_up_at_most(whole, parts)
                    for part in parts:
                        self._bind_part(part, whole)

    def _add_up_at_most(self, whole: Region, parts: Sequence[Region]) -> None:
        """Some of the whole may be in none of the parts: their fine category is not known."""
        for unit in ("people", "rows"):
            self._row({self._of(whole, unit): 1, **{self._of(part, unit): -1 for part in parts}}, 0, inf)

    def _bind_sets(self, region: Region, name: str, variable: Variable, known: Mapping[str, Variable]) -> None:
        """`both` channels and one of them only: who has a category is whoever has a set that holds it.

        Of `several`, each person has two categories or more, nobody says which. Within a category that changes from row
        to row, who has both channels may have rows of one of them: only who has one alone has it there for certain.
        """
        if variable.sets is None or variable.sets[0] in dict(region.categories):
            return
        origin, codes = variable.sets
        if not all(each in known and known[each].constant for each, _ in region.categories):
            self._bind_sets_at_most(region, name, variable)
            return
        several = self._parts(region, name, [code for code, held in codes.items() if not held]) or []
        some = {self._of(part, "people"): 1.0 for part in several}
        alone: list[Form] = []
        categories = dict.fromkeys(held for each in codes.values() for held in each)
        for category in categories:
            whole = _with(region, origin, category)
            parts = self._parts(region, name, [code for code, held in codes.items() if category in held])
            if parts and Quantity(whole, "people") in self._numbers:
                rest = {self._of(whole, "people"): 1.0, **{self._of(part, "people"): -1.0 for part in parts}}
                self._row(rest, 0, inf if several else 0)
                self._row({**rest, **dict.fromkeys(some, -1.0)}, -inf, 0)
                alone.append(rest)
        if several and len(alone) == len(categories):
            twice: Form = {number: weight for rest in alone for number, weight in rest.items()}
            self._row({**twice, **dict.fromkeys(some, -2.0)}, 0, inf)

    def _bind_sets_at_most(self, region: Region, name: str, variable: Variable) -> None:
        """Of a region in which people have some of their rows: who has a category there has a set that may hold it."""
        assert variable.sets is not None
        origin, codes = variable.sets
        for category in dict.fromkeys(held for each in codes.values() for held in each):
            whole = _with(region, origin, category)
            parts = self._parts(region, name, [code for code, held in codes.items() if category in held or not held])
            alone = self._parts(region, name, [code for code, held in codes.items() if held == (category,)])
            if parts and Quantity(whole, "people") in self._numbers:
                for some, low, high in ((parts, -inf, 0.0), (alone or [], 0.0, inf)):
                    self._row(
                        {self._of(whole, "people"): 1, **{self._of(part, "people"): -1 for part in some}}, low, high
                    )

    def _parts(self, region: Region, name: str, codes: Iterable[str]) -> list[Region] | None:
        """Return the parts of a region along a variable; None when they are not all written out."""
        parts = [_with(region, name, code) for code in codes]
        held = all(Quantity(part, "people") in self._numbers for part in parts)
        return parts if held and parts else None

    def _bind_editions(self, each: Stayers) -> None:
        for region, later in self._lasting(each):
            self._row({self._of(later, "people"): 1, self._of(region, "people"): -1}, 0, inf)

    def _lasting(self, each: Stayers) -> Iterator[tuple[Region, Region]]:
        """Yield the regions of lasting categories that both editions speak of."""
        lasting = {
            name
            for name, variable in self.variables.get(each.before, {}).items()
            if variable.lasts and self.variables.get(each.after, {}).get(name, variable).lasts
        }
        for region in list(self._regions(each.before)):
            later = Region(each.after, region.categories)
            if {name for name, _ in region.categories} <= lasting and Quantity(later, "people") in self._numbers:
                yield region, later

    def _state(self, rank: int, statement: Statement) -> None:
        if statement.masked:
            return
        number = self.number(statement.quantity)
        if number is None:
            return
        if statement.over is None:
            self._row({number: 1}, statement.low, statement.high, statement=rank)
            return
        over = self.number(statement.over)
        if over is not None and over != number:
            self._row({number: 1, over: -statement.low}, 0, inf, statement=rank)
            if statement.high < inf:
                self._row({number: 1, over: -statement.high}, -inf, 0, statement=rank)

    # What is aimed at ------------------------------------------------------------------------------

    def _aim_at(self, region: Region) -> Aim:
        number = self._of(region, "people")
        return Aim(str(region), {number: 1}, region, "region")

    def _differences(self) -> Iterator[Aim]:
        """Yield who is in a region and not in one of its parts, and who is in none of the parts that are shown."""
        shown = {self.number(each.quantity) for each in self.statements if each.over is None and each.low == each.high}
        for region in self._regions():
            here, number = dict(region.categories), self._of(region, "people")
            for name, variable in self.variables.get(region.source, {}).items():
                parts = None if name in here else self._parts(region, name, variable.categories)
                if parts is None:
                    continue
                numbers = [self._of(part, "people") for part in parts]
                for part, each in zip(parts, numbers, strict=True) if len(parts) > 2 or not variable.constant else ():
                    words = f"{region}, sans {name} = {dict(part.categories)[name]}"
                    yield Aim(words, {number: 1, each: -1}, region, "difference")
                hidden = [each for each in numbers if each not in shown]
                if variable.constant and 1 < len(hidden) < len(parts):
                    words = f"{region}, {name} : catégories non montrées"
                    yield Aim(words, {number: 1, **{n: -1 for n in numbers if n in shown}}, region, "difference")
                if not variable.constant and len(parts) == 2:
                    words = f"{region}, {name} : les deux"
                    yield Aim(words, {number: -1, numbers[0]: 1, numbers[1]: 1}, region, "difference")
        for whole, inside in self._rests:
            form = {self._of(whole, "people"): 1.0, **{self._of(part, "people"): -1.0 for part in inside}}
            yield Aim(f"{whole}, hors de ses catégories plus fines", form, whole, "difference")
        yield from self._far_differences()

    def _far_differences(self) -> Iterator[Aim]:
        """Yield what lies between two nested regions that are shown: several categories, or a filter, apart."""
        told = {
            region
            for each in self.statements
            if each.over is None and not each.masked and (region := self._plain(each.quantity.region)) is not None
        }
        for inner in sorted(told):
            for kept in _subsets(inner.categories):
                outer = Region(inner.source, tuple(kept))
                if outer != inner and outer in told:
                    form = {self._of(outer, "people"): 1.0, self._of(inner, "people"): -1.0}
                    yield Aim(f"{outer}, sans {inner}", form, outer, "difference")

    def _entries_between(self, each: Stayers) -> Iterator[Aim]:
        for region, later in self._lasting(each):
            form = {self._of(later, "people"): 1.0, self._of(region, "people"): -1.0}
            yield Aim(f"{region}, arrivées d’une édition à l’autre", form, later, "difference")


def _subsets(items: Sequence[tuple[str, str]] | Sequence[str] | tuple[()]) -> Iterator[tuple]:  # type: ignore[type-arg]
    for size in range(len(items) + 1):
        yield from combinations(items, size)


def _with(region: Region, name: str, code: str) -> Region:
    return Region(region.source, tuple(sorted((*region.categories, (name, code)))))


def _without(region: Region, name: str) -> Region:
    return Region(region.source, tuple(item for item in region.categories if item[0] != name))


def _nodes(names: Iterable[str], known: Mapping[str, Variable]) -> int:
    return prod(len(known[name].categories) + 1 for name in names)


def _without_implied(names: frozenset[str], known: Mapping[str, Variable]) -> frozenset[str]:
    """Leave out of a crossing what a finer variable of it implies, and what a variable of sets is made from."""
    implied = {coarse for name in names for coarse in known[name].parents}
    implied |= {sets[0] for name in names if (sets := known[name].sets) is not None}
    return names - implied


def _coarser(names: frozenset[str], known: Mapping[str, Variable]) -> Iterator[frozenset[str]]:
    """Yield the same variables with a fine one replaced by a coarse one that follows from it."""
    for name in names:
        for coarse in known[name].parents:
            if coarse in known:
                yield (names - {name}) | {coarse}


def _everything(tables: Iterable[tuple[frozenset[str], Categories]]) -> set[tuple[frozenset[str], Categories]]:
    """Return the crossing of all tables of each filter."""
    found: dict[Categories, frozenset[str]] = {}
    for names, held in tables:
        found[held] = found.get(held, frozenset()) | names
    return {(names, held) for held, names in found.items()}
