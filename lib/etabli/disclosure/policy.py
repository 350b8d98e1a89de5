"""The rules of a run: what its data agreements say, for the audience that will read the report.

A threshold is a field of an agreement and names its source; none is a constant of the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
    minimum_people: Threshold
    """Fewest distinct people (or households) that a shown value may rest on; 1: nothing to protect."""


@dataclass(frozen=True)
class Policy:
    """The rules of one run.

    Parameters
    ----------
    audience
        Who reads.
    minimum_people
        The strictest of the agreements' minima; 1 for `internal`, to whom no rule applies.
    sources
        The texts that set that minimum.
    """

    audience: str
    minimum_people: int
    sources: tuple[str, ...]

    @property
    def protects(self) -> bool:
        return self.minimum_people > 1


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


def policy_for(agreements: Mapping[str, Agreement] | Iterable[Agreement], audience: str) -> Policy:
    """Return the rules that several agreements set together: the strictest of each.

    Raises
    ------
    DisclosureError
        An agreement does not allow the audience.
    """
    held = list(agreements.values() if isinstance(agreements, Mapping) else agreements)
    for agreement in held:
        if audience not in agreement.audiences:
            raise DisclosureError(
                f"La convention « {agreement.title} » n’autorise pas cette audience.",
                expected=", ".join(agreement.audiences),
                got=audience,
            )
    if audience == "internal":
        return Policy(audience, 1, ())
    strictest = max((agreement.minimum_people.value for agreement in held), default=1)
    texts = [a.minimum_people.source for a in held if a.minimum_people.value == strictest]
    return Policy(audience, strictest, tuple(dict.fromkeys(texts)))
