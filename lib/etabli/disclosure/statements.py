"""What a report tells, region by region: the numbers that it prints, no more, in the words of the table model.

A statement bounds one count, or the ratio of two. `62,6 %` says that the rows of a region are between 62.55 % and
62.65 % of those of another. A mask says nothing. The ledger keeps statements; the attacker knows nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any, Literal, get_args

from etabli.disclosure.regions import OTHERS, Region
from etabli.errors import DisclosureError

Unit = Literal["people", "rows"]

MASKED = "s"
"""The sign of a value that is not shown, in publications."""

State = Literal["shown", "masked", "withheld"]
"""What protection decided of a region, whether or not anything of it was printed."""

IMPOSSIBLE = "–"
"""The sign of a value that cannot exist: nobody can be there, by construction."""


@dataclass(frozen=True, order=True)
class Quantity:
    """The people, or the rows of the source, of a region."""

    region: Region
    unit: Unit

    def __str__(self) -> str:
        return f"{'personnes' if self.unit == 'people' else 'lignes'} : {self.region}"


@dataclass(frozen=True)
class Statement:
    """What one printed value says.

    Parameters
    ----------
    item
        The table, figure or sentence that says it.
    quantity
        What it is about.
    low, high
        What it says: `low` ≤ quantity ≤ `high`, or the same of quantity ÷ over.
    over
        What the quantity is divided by; None for a count.
    shown
        The value as printed, or the sign that stands in its place.
    """

    item: str
    quantity: Quantity
    low: float
    high: float
    over: Quantity | None = None
    shown: float | str = ""

    @property
    def masked(self) -> bool:
        return self.shown == MASKED


@dataclass(frozen=True)
class Variable:
    """What is known of a variable beside its counts.

    Parameters
    ----------
    categories
        All of them: whoever is counted has one. The last one is `OTHERS` where filters alone name it.
    constant
        Whether a person keeps the same one in all their rows.
    parents
        For each coarser variable that follows from this one: the coarse category of each of its categories.
    sets
        For a variable that says which categories of another one a person has: the variable, and for each category
        the set that it stands for (`both`: walk-in and appointment); an empty one for `several`, two of them or more.
        None where it is not known.
    size
        How many categories there are in all, where filters alone name it; 0: not known.
    numbers
        For a variable that says how many rows a person has: the least and the most of each category, 0 for no most.
    is_witnessed
        Whether somebody of several rows keeps it, or each person has one row by construction: where everybody happens
        to have one, the channel is as constant as the age.
    """

    categories: tuple[str, ...]
    constant: bool = False
    parents: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sets: tuple[str, Mapping[str, tuple[str, ...]]] | None = None
    size: int = 0
    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    is_witnessed: bool = True

    @property
    def lasts(self) -> bool:
        """Whether a person keeps the same one from one edition to the next, as far as anybody can see."""
        return self.constant and self.is_witnessed

    def joined(self, other: Variable) -> Variable:
        """Return what two reports together tell of a variable. What one of them shows to vary, varies."""
        named = dict.fromkeys((*self.categories, *other.categories))
        is_open = OTHERS in self.categories and OTHERS in other.categories
        size = max(self.size, other.size)
        codes = tuple(code for code in named if code != OTHERS)
        coarser = {name: {**self.parents.get(name, {}), **codes} for name, codes in other.parents.items()}
        return Variable(
            (*codes, OTHERS) if is_open and len(codes) != size else codes,
            self.constant and other.constant,
            {**self.parents, **coarser},
            self.sets or other.sets,
            size,
            {**self.numbers, **other.numbers},
            self.is_witnessed or other.is_witnessed,
        )


@dataclass(frozen=True)
class SourceTold:
    """A delivery of which a report tells.

    Parameters
    ----------
    name, provider
        Its name in the study, and who sent it.
    minimum
        The strictest minimum of people that held the report.
    edition
        The edition that it belongs to.
    keeps
        The edition of which everyone is still in this one, where the study knows of one.
    whole_group
        Variables of which no group may be known to be wholly in a category, or wholly out of it.
    """

    name: str
    provider: str
    minimum: int
    edition: str = ""
    keeps: str = ""
    whole_group: tuple[str, ...] = ()


@dataclass(frozen=True)
class Publication:
    """All that one report tells.

    Parameters
    ----------
    report
        `<study>/<run>`.
    sources
        The deliveries that it tells of, by digest.
    variables
        What it tells of their variables, by digest and name.
    statements
        What it prints, and what it masks.
    states
        What was decided of each region of its tables: a report that is made again is masked alike.
    """

    report: str
    sources: Mapping[str, SourceTold]
    variables: Mapping[str, Mapping[str, Variable]]
    statements: tuple[Statement, ...]
    states: Mapping[Region, State] = field(default_factory=dict)

    @property
    def hidden(self) -> frozenset[Region]:
        """The regions that protection masked."""
        return frozenset(region for region, state in self.states.items() if state != "shown")

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; each region once."""
        regions = {r: rank for rank, r in enumerate(dict.fromkeys([*_regions(self.statements), *self.states]))}
        return {
            "report": self.report,
            "sources": {digest: _source_json(told) for digest, told in self.sources.items()},
            "variables": {
                digest: {name: _variable_json(each) for name, each in variables.items()}
                for digest, variables in self.variables.items()
            },
            "regions": [{"source": r.source, "categories": dict(r.categories)} for r in regions],
            "statements": [_statement_json(each, regions) for each in self.statements],
            "states": {
                state: [regions[r] for r, each in self.states.items() if each == state] for state in get_args(State)
            },
        }


def publication_of(told: Mapping[str, Any], *, shown: str) -> Publication:
    """Return a publication from its plain values.

    Raises
    ------
    DisclosureError
        They are not those of a publication.
    """
    try:
        regions = [Region(r["source"], tuple(sorted(r["categories"].items()))) for r in told["regions"]]
        return Publication(
            told["report"],
            {digest: _source(each) for digest, each in told["sources"].items()},
            {
                digest: {name: _variable(each) for name, each in variables.items()}
                for digest, variables in told["variables"].items()
            },
            tuple(_statement(each, regions) for each in told["statements"]),
            {regions[rank]: state for state in get_args(State) for rank in told.get("states", {}).get(state, ())},
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise DisclosureError(
            "Ce que dit ce rapport n’est pas lisible.", where=shown, hint="refaites le rapport : etabli run"
        ) from None


def known_variables(publications: Iterable[Publication]) -> dict[str, dict[str, Variable]]:
    """Return what several publications together tell of variables, by source and name."""
    found: dict[str, dict[str, Variable]] = {}
    for publication in publications:
        for digest, variables in publication.variables.items():
            here = found.setdefault(digest, {})
            for name, variable in variables.items():
                here[name] = here[name].joined(variable) if name in here else variable
    return found


def _regions(statements: Iterable[Statement]) -> Iterable[Region]:
    for each in statements:
        yield each.quantity.region
        if each.over is not None:
            yield each.over.region


def _source_json(each: SourceTold) -> dict[str, Any]:
    told = {name: value for name, value in vars(each).items() if name != "whole_group"}
    return {**told, "whole_group": list(each.whole_group)} if each.whole_group else told


def _source(told: Mapping[str, Any]) -> SourceTold:
    return SourceTold(**{**told, "whole_group": tuple(told.get("whole_group", ()))})


def _statement_json(each: Statement, regions: Mapping[Region, int]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "item": each.item,
        "region": regions[each.quantity.region],
        "unit": each.quantity.unit,
        "shown": each.shown,
    }
    if not each.masked:
        told["low"], told["high"] = each.low, each.high if isfinite(each.high) else None
    if each.over is not None:
        told["over"] = {"region": regions[each.over.region], "unit": each.over.unit}
    return told


def _statement(told: Mapping[str, Any], regions: list[Region]) -> Statement:
    high, over = told.get("high"), told.get("over")
    return Statement(
        str(told["item"]),
        _quantity(told, regions),
        float(told.get("low", 0)),
        inf if high is None else float(high),
        None if over is None else _quantity(over, regions),
        told["shown"],
    )


def _quantity(told: Mapping[str, Any], regions: list[Region]) -> Quantity:
    unit = told["unit"]
    if unit not in {"people", "rows"}:
        raise ValueError
    return Quantity(regions[int(told["region"])], unit)


def _variable_json(each: Variable) -> dict[str, Any]:
    told: dict[str, Any] = {"categories": list(each.categories), "constant": each.constant}
    if each.parents:
        told["parents"] = {name: dict(codes) for name, codes in each.parents.items()}
    if each.size:
        told["size"] = each.size
    if not each.is_witnessed:
        told["witnessed"] = False
    if each.numbers:
        told["numbers"] = {code: list(bounds) for code, bounds in each.numbers.items()}
    if each.sets is not None:
        told["sets"] = {"of": each.sets[0], "codes": {code: list(held) for code, held in each.sets[1].items()}}
    return told


def _variable(told: Mapping[str, Any]) -> Variable:
    sets = told.get("sets")
    return Variable(
        tuple(told["categories"]),
        bool(told["constant"]),
        {name: dict(codes) for name, codes in told.get("parents", {}).items()},
        None if sets is None else (sets["of"], {code: tuple(held) for code, held in sets["codes"].items()}),
        int(told.get("size", 0)),
        {code: (int(least), int(most)) for code, (least, most) in told.get("numbers", {}).items()},
        bool(told.get("witnessed", True)),
    )
