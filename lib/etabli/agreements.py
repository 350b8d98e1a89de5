"""Data agreements: the contract with a provider, one declared file each under `studies/agreements/`.

A threshold is a field of an agreement and names its source; none is a constant of the code. What the
GDPR asks of a processing of personal data is optional in the file, since an agreement is often written
before it is signed, and is demanded when a real delivery is received or read (`hold_for_delivery`).
"""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from etabli.declarations import Declaration, read_declaration
from etabli.errors import DisclosureError
from etabli.project import Project
from etabli.study import Audience, Name, Slug, Study, Text

Level = Literal["iris", "quarter", "commune", "intercommunality", "department", "region", "country"]
"""Geographic levels, from the finest to the coarsest."""


class Threshold(Declaration):
    """A number that decides what may be shown, and the text that sets it."""

    value: int = Field(ge=1)
    source: Text


class Dominance(Declaration):
    """A magnitude is masked when its `contributors` largest contributors make `percent` of it or more."""

    contributors: int = Field(ge=1)
    percent: float = Field(gt=0, le=100, allow_inf_nan=False)
    source: Text


class Listed(Declaration):
    """Variables that a rule is about, and the text that sets it."""

    variables: tuple[Name, ...] = Field(min_length=1)
    source: Text


class Crossing(Listed):
    """Variables that may not stand in one table together."""

    variables: tuple[Name, ...] = Field(min_length=2)


class GeographicFloor(Declaration):
    """The finest geographic level that some audiences may see."""

    audiences: tuple[Audience, ...] = Field(min_length=1)
    finest: Level
    source: Text


class ImpactAssessment(Declaration):
    """The data protection impact assessment (GDPR, article 35), or why none is needed: one of the two."""

    reference: Text | None = None
    not_needed: Text | None = None

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.reference is None) == (self.not_needed is None):
            raise ValueError("« reference » (l’analyse d’impact) ou « not_needed » (pourquoi elle n’est pas due)")
        return self


ASKED = (
    *("legal_basis", "purposes", "people", "categories", "impact_assessment", "security"),
    *("signed", "expires", "delete_by", "contact"),
)
"""Keys of an agreement without which a real delivery of personal data is not read."""


_BESIDE_A_MINIMUM = ("dominance", "minimum_denominator", "whole_group", "forbidden_variables", "forbidden_crossings")
"""Rules of who must be protected: where there is nothing to protect they would be written, and not hold."""


class Agreement(Declaration):
    """A contract with a data provider: who may see what, from how many people on, and until when."""

    title: Text
    provider: Slug
    studies: tuple[Slug, ...] = Field(min_length=1)
    audiences: tuple[Audience, ...] = Field(min_length=1)
    recipients: tuple[Slug, ...] = ()
    """Bodies that may receive a report, by their key in recipients.yml; empty: any body of the audiences."""
    personal_data: bool = True
    """False for figures that were public before they came: nothing of the GDPR's record is then asked."""
    legal_basis: Text | None = None
    purposes: tuple[Text, ...] = ()
    people: tuple[Text, ...] = ()
    """Whom the data describes (GDPR: categories of data subjects)."""
    categories: tuple[Text, ...] = ()
    """Which data (GDPR: categories of personal data)."""
    impact_assessment: ImpactAssessment | None = None
    transfers: Text = "aucun transfert hors de l’Union européenne"
    security: Text | None = None
    """Measures that protect the data, as the record of processing tells them."""
    signed: date | None = None
    expires: date | None = None
    """Last day on which a delivery may be read."""
    delete_by: date | None = None
    """Last day on which a delivery may still be kept."""
    contact: Text | None = None
    """The provider's person or service to write to."""
    minimum_people: Threshold
    """Fewest distinct people (or households) that a shown value may rest on; 1: nothing to protect."""
    minimum_contributors: Threshold | None = None
    """Fewest distinct people that a shown magnitude (a sum, a mean) may rest on."""
    dominance: Dominance | None = None
    minimum_denominator: Threshold | None = None
    """Fewest distinct people under a shown rate."""
    rounding_base: Threshold | None = None
    """Multiple to which counts are rounded, under the method `round`."""
    method: Literal["suppress", "round"] = "suppress"
    """How small counts are protected: masked with what would give them back, or rounded."""
    whole_group: Listed | None = None
    """Variables of which a group may not be shown to have all its people, or none, in one category."""
    forbidden_variables: Listed | None = None
    """Variables that no report may show."""
    forbidden_crossings: tuple[Crossing, ...] = ()
    geographic_floor: tuple[GeographicFloor, ...] = ()

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        days = [day for day in (self.signed, self.expires, self.delete_by) if day is not None]
        if days != sorted(days):
            raise ValueError("des dates dans l’ordre : « signed », « expires », « delete_by »")
        if self.method == "round" and self.rounding_base is None:
            raise ValueError("« rounding_base » avec la méthode « round »")
        least = self.minimum_people.value
        if self.method == "round" and self.rounding_base is not None and self.rounding_base.value > 2 * (least + 1):
            raise ValueError(f"un arrondi d’au plus {2 * (least + 1)} : {least + 1} personnes s’écriraient 0")
        others = [name for name in _BESIDE_A_MINIMUM if getattr(self, name)]
        if least == 1 and (others or self.method == "round"):
            raise ValueError(f"un minimum d’au moins 2 personnes avec « {others[0] if others else 'method'} »")
        told = [audience for floor in self.geographic_floor for audience in floor.audiences]
        if len(set(told)) < len(told):
            raise ValueError("un seul plancher géographique par audience")
        return self

    def gaps(self) -> list[str]:
        """Return the keys that a real delivery of personal data needs, and that are not filled."""
        return [name for name in ASKED if not getattr(self, name)] if self.personal_data else []

    def hold_for_delivery(self, day: date, *, shown: str) -> None:
        """Refuse a real delivery on a day on which it may not be read. Fictional data does not ask.

        Parameters
        ----------
        day
            Today, for whoever reads. The last day of the agreement is included.
        shown
            How messages name the agreement's file.

        Raises
        ------
        DisclosureError
            The agreement is not complete, not in force yet, or has expired.
        """
        gaps = self.gaps()
        if gaps:
            raise DisclosureError(
                f"La convention « {self.title} » n’est pas complète : une vraie livraison ne peut pas être lue.",
                where=shown,
                expected=", ".join(gaps),
                hint="remplissez ces clés d’après le texte signé ; « personal_data: false » si rien n’y est personnel",
            )
        if self.signed is not None and day < self.signed:
            raise DisclosureError(
                f"La convention « {self.title} » n’est pas encore signée.",
                where=shown,
                expected=f"un passage à partir du {self.signed:%d/%m/%Y}",
                got=f"{day:%d/%m/%Y}",
            )
        if self.expires is not None and day > self.expires:
            raise DisclosureError(
                f"La convention « {self.title} » a expiré.",
                where=shown,
                expected=f"un passage jusqu’au {self.expires:%d/%m/%Y}",
                got=f"{day:%d/%m/%Y}",
                hint="renouvelez-la avec le fournisseur, puis corrigez « expires »",
            )


def read_agreement(project: Project, slug: str) -> Agreement:
    """Read one agreement by its slug.

    Raises
    ------
    DeclarationError
        It is missing or does not hold.
    """
    path = project.agreements / f"{slug}.yml"
    return read_declaration(path, Agreement, shown=project.relative(path))


def read_all_agreements(project: Project) -> dict[str, Agreement]:
    """Read every agreement of the project, by slug, in alphabetical order.

    Raises
    ------
    DeclarationError
        One of them does not hold.
    """
    return {path.stem: read_agreement(project, path.stem) for path in sorted(project.agreements.glob("*.yml"))}


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
        agreement = read_agreement(project, slug)
        hold_study(agreement, study.slug, shown=project.relative(project.agreements / f"{slug}.yml"))
        agreements[slug] = agreement
    return agreements


def hold_study(agreement: Agreement, study: str, *, shown: str) -> None:
    """Refuse a study that an agreement does not allow.

    Raises
    ------
    DisclosureError
        It does not.
    """
    if study not in agreement.studies:
        raise DisclosureError(
            f"La convention « {agreement.title} » n’autorise pas l’étude « {study} ».",
            where=shown,
            expected=", ".join(agreement.studies),
            got=study,
        )
