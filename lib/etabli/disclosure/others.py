"""The categories of a variable that no table names: whoever is in none of those that filters tell is in one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from etabli.disclosure.regions import OTHERS
from etabli.disclosure.statements import Variable


def resolved(known: Mapping[str, Variable]) -> dict[str, Variable]:
    """Return the variables of a delivery, the unnamed categories of each set within those of what follows from it.

    Of the areas of two quarters, of which one is named, the others are those of the first quarter, and those of the
    second. A coarse category that nothing names is among the others too.

    >>> areas = Variable(("a1", OTHERS), True, {"quarter": {"a1": "q1"}})
    >>> resolved({"area": areas, "quarter": Variable(("q1", "q2"), True)})["area"].categories
    ('a1', '(les autres) : q1', '(les autres) : q2')
    """
    return {name: _resolved(variable, known) for name, variable in known.items()}


def _resolved(variable: Variable, known: Mapping[str, Variable]) -> Variable:
    parents = {
        coarse: {code: _named(above, known.get(coarse)) for code, above in codes.items()}
        for coarse, codes in variable.parents.items()
    }
    if OTHERS not in variable.categories or not parents:
        return replace(variable, parents=parents)
    named = tuple(code for code in variable.categories if code != OTHERS)
    split = {f"{OTHERS} : {', '.join(each.values())}": each for each in _above(parents, known)}
    parents = {
        coarse: {**codes, **{code: each[coarse] for code, each in split.items()}} for coarse, codes in parents.items()
    }
    return replace(variable, categories=(*named, *split), parents=parents)


def _named(code: str, coarse: Variable | None) -> str:
    """Return a coarse category as tables name it."""
    return OTHERS if coarse is not None and OTHERS in coarse.categories and code not in coarse.categories else code


def _above(parents: Mapping[str, Mapping[str, str]], known: Mapping[str, Variable]) -> Iterator[dict[str, str]]:
    """Yield every choice of one category of each coarse variable."""
    categories = {
        coarse: known[coarse].categories if coarse in known else tuple(dict.fromkeys((*codes.values(), OTHERS)))
        for coarse, codes in parents.items()
    }
    for each in product(*categories.values()):
        yield dict(zip(categories, each, strict=True))
