"""Withdrawals followed from one source to another: what refers to a person's rows alone goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from etabli.sources.codebook import Codebook, SourceCodebook
from etabli.sources.deliveries import Delivery, load
from etabli.sources.pseudonyms import StudyKey


def identifiers(book: SourceCodebook) -> list[str]:
    """Return the variables of a source that identify: a person, a household, a file."""
    return [name for name, variable in book.variables.items() if variable.type == "identifier"]


def with_linked(
    key: StudyKey, deliveries: Mapping[str, Delivery], codebook: Codebook, *, cache: Path | None = None
) -> StudyKey:
    """Return a key that leaves out, beside those who withdrew, the identifiers that stand on their rows alone.

    A source that names a visit and not the person loses the rows of that person's visits as well. What the
    person shares with others (a household) stays, since it is the others' as well.

    Parameters
    ----------
    key
        The study's key, with those who withdrew.
    deliveries
        The deliveries of one edition, by source.
    codebook
        Its `references` say which identifiers other sources name.
    cache
        Where what is left without those who withdrew may be kept; what holds them is kept nowhere.

    Raises
    ------
    DeliveryError
        A delivery that others refer to cannot be read.
    """
    referred = _referred(codebook, deliveries)
    if not referred or not key.excludes_anyone:
        return key
    whole: dict[str, pd.DataFrame] = {}
    held = key
    while True:
        found: set[str] = set()
        for name, variables in referred.items():
            left = _frame(
                name, held, deliveries, codebook, cache
            )  # first: a broken file ends a child, not this process
            if name not in whole:
                whole[name] = _frame(name, StudyKey(key.secret), deliveries, codebook, None)
            for variable in variables:
                found |= set(whole[name][variable].dropna()) - set(left[variable])
        if found <= held.withdrawn:
            return held
        held = replace(held, withdrawn=held.withdrawn | found)


def _referred(codebook: Codebook, deliveries: Mapping[str, Delivery]) -> dict[str, list[str]]:
    """Return the identifiers of each delivery that another source's identifiers must be found in."""
    named = {
        each.references
        for book in codebook.sources.values()
        for each in book.variables.values()
        if each.type == "identifier" and each.references is not None
    }
    found = {
        source: [name for name in identifiers(codebook.sources[source]) if f"{source}.{name}" in named]
        for source in deliveries
    }
    return {source: names for source, names in found.items() if names}


def _frame(
    name: str, key: StudyKey, deliveries: Mapping[str, Delivery], codebook: Codebook, cache: Path | None
) -> pd.DataFrame:
    book = codebook.sources[name]
    return load(deliveries[name], book, key=key, cache=cache)[identifiers(book)]
