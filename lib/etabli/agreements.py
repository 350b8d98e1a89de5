"""Data agreements: the contract with a provider, one declared file each under `studies/agreements/`.

A threshold is a field of an agreement and names its source; none is a constant of the code.
"""

from __future__ import annotations

from pydantic import Field

from etabli.declarations import Declaration, read_declaration
from etabli.errors import DisclosureError
from etabli.project import Project
from etabli.study import Audience, Slug, Study, Text


class Threshold(Declaration):
    """A number that decides what may be shown, and the text that sets it."""

    value: int = Field(ge=1)
    source: Text


class Agreement(Declaration):
    """A contract with a data provider: who may see what, and from how many people on."""

    title: Text
    provider: Slug
    studies: tuple[Slug, ...] = Field(min_length=1)
    audiences: tuple[Audience, ...] = Field(min_length=1)
    recipients: tuple[Slug, ...] = ()
    """Bodies that may receive a report, by their key in recipients.yml; empty: any body of the audiences."""
    minimum_people: Threshold
    """Fewest distinct people (or households) that a shown value may rest on; 1: nothing to protect."""


def read_agreements(project: Project, study: Study) -> dict[str, Agreement]:
    """Read the agreements of all sources of a study, by their slug.

    Raises
    ------
    DeclarationError
        An agreement is missing or does not hold.
    DisclosureError
        An agreement does not allow this study.
    """
    agreements = {}
    for slug in dict.fromkeys(source.agreement for source in study.sources.values()):
        path = project.agreements / f"{slug}.yml"
        shown = project.relative(path)
        agreement = read_declaration(path, Agreement, shown=shown)
        if study.slug not in agreement.studies:
            raise DisclosureError(
                f"La convention « {agreement.title} » n’autorise pas l’étude « {study.slug} ».",
                where=shown,
                expected=", ".join(agreement.studies),
                got=study.slug,
            )
        agreements[slug] = agreement
    return agreements
