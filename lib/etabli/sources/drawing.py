"""A data set drawn from a codebook: every rule is kept, and nothing in it means anything.

Variables are drawn one by one, without any link between them. A study whose method needs structure
plants it in its own `demo.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.conversions import convert
from etabli.sources.samples import sample_texts
from etabli.sources.writers import delivered

MISSING_SHARE = 0.05
"""Share of missing values in a variable that is not required."""

ROWS_A_PERSON = 2.5
"""Rows drawn for each person of the source, where rows belong to people."""

PARETO = 2.5
"""Exponent of the weights of people: a few come much more often than the others."""

_MOST_VALUES = 10**9
"""Numbered values of a domain at most: beyond, only the first are drawn, or coarser steps are taken."""

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Domain:
    """The values that a variable may take, numbered from 0."""

    size: int
    values: Callable[[Places], list[Any]]
    weights: npt.NDArray[np.float64] | None = None


def draw(book: SourceCodebook, rows: int, *, seed: int) -> pd.DataFrame:
    """Draw a tidy frame from a codebook.

    Codes follow their weights; numbers and dates are uniform between their bounds (default: 0 to
    100, the year 2024); a person has a skewed number of rows (Pareto weights); any other
    identifier is unique; 5 % of the values that may be missing are.

    Parameters
    ----------
    book
        The codebook of the source.
    rows
        Number of rows, at least 1.
    seed
        The same seed gives the same frame.

    Returns
    -------
    DataFrame
        What `tidy` would return for its delivery, identifiers as plain text.

    Raises
    ------
    DeliveryError
        No value, or too few different ones, keep the rules of a variable.
    """
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: _column(rng, name, book, rows) for name in book.variables})


def _column(rng: np.random.Generator, name: str, book: SourceCodebook, rows: int) -> pd.Series:
    variable, is_person = book.variables[name], name == book.person
    unique = variable.unique or (variable.type == "identifier" and not is_person)
    domain = _domain(rng, variable, rows, recurring=is_person and not unique)
    if domain.size == 0 and variable.required:
        raise _impossible(name, f"un texte de la forme « {variable.pattern} »", "aucun texte d’essai n’a cette forme")
    text = _drawn_text(rng, name, book, domain, rows, unique=unique)
    if not variable.required:
        text = text.mask(rng.random(rows) < MISSING_SHARE)
    return convert(text, variable, book.format)


def _drawn_text(
    rng: np.random.Generator, name: str, book: SourceCodebook, domain: Domain, rows: int, *, unique: bool
) -> pd.Series:
    """Return `rows` values as the delivery writes them, none of which would be read as missing."""
    variable = book.variables[name]
    if domain.size == 0:
        return pd.Series([None] * rows, dtype="str")
    count = min(domain.size, rows + len(variable.missing)) if unique else rows + len(variable.missing)
    places = rng.choice(domain.size, count, replace=not unique, p=domain.weights)
    text = delivered(pd.Series(domain.values(places)), variable, book.format)
    kept = text[~text.isin(["", *variable.missing])]
    kept = kept.drop_duplicates() if unique else kept
    if kept.empty or (unique and len(kept) < rows):
        raise _impossible(name, f"{rows} valeurs{' toutes différentes' if unique else ''}", str(len(kept)))
    return pd.Series(np.resize(kept.to_numpy(), rows), dtype="str")


def _domain(rng: np.random.Generator, variable: Variable, rows: int, *, recurring: bool) -> Domain:
    match variable.type:
        case "code":
            return _codes(variable)
        case "integer":
            low, high = _bounds(variable, 0, 100)
            first = math.ceil(low)
            size = min(math.floor(high) - first + 1, _MOST_VALUES)
            return Domain(size, lambda places: [first + int(place) for place in places])
        case "number":
            return _numbers(*_bounds(variable, 0, 100))
        case "date" | "datetime":
            return _moments(variable)
        case "boolean":
            return Domain(2, lambda places: [bool(place) for place in places])
        case _:
            return _texts(rng, variable, rows, recurring=recurring)


def _codes(variable: Variable) -> Domain:
    drawn = {name: code.weight for name, code in variable.codes.items() if code.weight > 0}
    names, weights = list(drawn), np.array(list(drawn.values()))
    return Domain(len(names), lambda places: [names[place] for place in places], weights / weights.sum())


def _numbers(low: float, high: float) -> Domain:
    """Hundredths between the bounds; hundredths of their distance when it is less than 1."""
    step = max(0.01, (high - low) / _MOST_VALUES) if high - low >= 1 else (high - low) / 100
    size = math.floor((high - low) / step) + 1 if step else 1
    return Domain(size, lambda places: np.clip(np.round(low + places * step, 6), low, high).tolist())


def _moments(variable: Variable) -> Domain:
    """Days for a date, minutes for a datetime, up to the end of the last day."""
    first, last = _dates(variable)
    start, days = pd.Timestamp(first), (last - first).days + 1
    if variable.type == "date":
        return Domain(days, lambda places: [start + pd.Timedelta(days=int(place)) for place in places])
    return Domain(days * 24 * 60, lambda places: [start + pd.Timedelta(minutes=int(place)) for place in places])


def _texts(rng: np.random.Generator, variable: Variable, rows: int, *, recurring: bool) -> Domain:
    wanted = max(1, round(rows / ROWS_A_PERSON)) if recurring else rows + len(variable.missing)
    texts = sample_texts(variable, wanted)
    weights = rng.pareto(PARETO, len(texts)) + 1
    return Domain(
        len(texts), lambda places: [texts[place] for place in places], weights / weights.sum() if recurring else None
    )


def _bounds(variable: Variable, least: float, most: float) -> tuple[float, float]:
    """Return the bounds of a number; with one of them, the range is at least as wide as the default."""
    low, high = cast("float | None", variable.minimum), cast("float | None", variable.maximum)
    if low is None:
        return (least, most) if high is None else (min(least, high - (most - least)), high)
    return low, max(most, low + (most - least)) if high is None else high


def _dates(variable: Variable) -> tuple[date, date]:
    low, high = cast("date | None", variable.minimum), cast("date | None", variable.maximum)
    year = timedelta(days=365)
    if low is None:
        return (date(2024, 1, 1), date(2024, 12, 31)) if high is None else (high - year, high)
    return low, low + year if high is None else high


def _impossible(name: str, wanted: str, got: str) -> DeliveryError:
    return DeliveryError(
        f"Aucune donnée factice ne convient à la variable « {name} ».",
        where=f"variable « {name} » du codebook",
        expected=wanted,
        got=got,
        hint="élargissez ses règles, ou écrivez un demo.py pour l’étude",
    )
