"""Withdrawals followed from one source to another: what refers to a person's rows alone goes with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from etabli.agreements import read_agreements
from etabli.errors import DeliveryError
from etabli.project import Project
from etabli.sources.codebook import Codebook, SourceCodebook, read_codebook
from etabli.sources.deliveries import Delivery, find_delivery, load
from etabli.sources.pseudonyms import StudyKey
from etabli.study import Study


def identifiers(book: SourceCodebook) -> list[str]:
    """Return the variables of a source that identify: a person, a household, a file."""
    return [name for name, variable in book.variables.items() if variable.type == "identifier"]


@dataclass(frozen=True)
class EditionFiles:
    """The deliveries of one edition, by source, and the codebook as they are written."""

    deliveries: Mapping[str, Delivery]
    codebook: Codebook


def editions_beside(project: Project, study: Study, edition: str) -> list[EditionFiles]:
    """Return the other editions that are read under the same key; what is not there, or not sound, is left out.

    A visit of an edition may be told of by the survey of the next: who owned it is known from the first alone.
    """
    agreements, found = read_agreements(project, study), []
    kind = study.editions[edition].deliveries
    for other in (name for name, each in study.editions.items() if name != edition and each.deliveries == kind):
        codebook, deliveries = read_codebook(project, study, edition=other), {}
        for name, source in study.sources.items():
            if source.public is None and identifiers(codebook.sources[name]):
                try:
                    provider = agreements[source.agreement].provider
                    deliveries[name] = find_delivery(project, study, name, other, provider=provider)
                except DeliveryError:
                    continue  # not come yet, destroyed or damaged: `withdraw` recorded what it told
        found.append(EditionFiles(deliveries, codebook))
    return found


def with_linked(key: StudyKey, editions: Sequence[EditionFiles], *, cache: Path | None = None) -> StudyKey:
    """Return a key that leaves out, beside those who withdrew, the identifiers that stand on their rows alone.

    A source that names a visit and not the person loses the rows of that person's visits as well, in whatever
    edition. What the person shares with others (a household) stays, since it is the others' as well.

    Parameters
    ----------
    key
        The study's key, with those who withdrew.
    editions
        The editions to follow: their codebooks' `references` say which identifiers other sources name.
    cache
        Where what is left without those who withdrew may be kept; what holds them is kept nowhere.

    Raises
    ------
    DeliveryError
        A delivery of the first edition that others refer to cannot be read; in the others, it is passed over.
    """
    referred = [(each, _referred(each)) for each in editions]
    if not any(named for _, named in referred) or not key.excludes_anyone:
        return key
    whole: dict[tuple[int, str], pd.DataFrame] = {}
    held = key
    while True:
        found: set[str] = set()
        left: set[str] = set()
        for place, (edition, named) in enumerate(referred):
            for name, variables in named.items():
                try:  # first what is left: a broken file ends a child, not this process
                    rest = _frame(name, held, edition, cache)
                    if (place, name) not in whole:
                        whole[place, name] = _frame(name, StudyKey(key.secret), edition, None)
                except DeliveryError:
                    if place == 0:
                        raise
                    continue
                for variable in variables:
                    found |= set(whole[place, name][variable].dropna())
                    left |= set(rest[variable].dropna())
        if found - left <= held.withdrawn:
            return held
        held = replace(held, withdrawn=held.withdrawn | (found - left))


def _referred(edition: EditionFiles) -> dict[str, list[str]]:
    """Return the identifiers of each delivery that another source's identifiers must be found in."""
    books = edition.codebook.sources
    named = {
        each.references
        for book in books.values()
        for each in book.variables.values()
        if each.type == "identifier" and each.references is not None
    }
    found = {
        source: [name for name in identifiers(books[source]) if f"{source}.{name}" in named]
        for source in edition.deliveries
    }
    return {source: names for source, names in found.items() if names}


def _frame(name: str, key: StudyKey, edition: EditionFiles, cache: Path | None) -> pd.DataFrame:
    book = edition.codebook.sources[name]
    return load(edition.deliveries[name], book, key=key, cache=cache)[identifiers(book)]
