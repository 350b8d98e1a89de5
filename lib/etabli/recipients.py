"""The bodies that receive reports: `studies/recipients.yml`, who is of which audience, and who shares with whom.

What a body holds is what was ever released to it, to those with whom it shares, and to the public.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from etabli.agreements import read_all_agreements
from etabli.declarations import Declaration, misplaced, read_declaration
from etabli.errors import ParameterError, suggestion
from etabli.project import Project
from etabli.study import PlannedRun, Slug, Text

PUBLIC = "public"
"""The audience of which everybody holds what its bodies hold."""


class Recipient(Declaration):
    """A body that receives reports."""

    name: Text
    audience: Literal["partner", "funder", "public"]
    """The class of readers that it belongs to: the rules of that audience are its rules."""
    provides: tuple[Slug, ...] = ()
    """Providers (as agreements name them) that it is itself: it knows their files already."""
    coalitions: tuple[Slug, ...] = ()
    """Circles in which it shares what it receives."""


class Recipients(Declaration):
    """`recipients.yml` as written."""

    coalitions: dict[Slug, Text] = Field(default_factory=dict)
    """Circles whose members share what they receive, each in words."""
    recipients: dict[Slug, Recipient] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_declared_coalitions(self) -> Self:
        complaints = [
            (
                ("recipients", slug, "coalitions", rank),
                f"une coalition déclarée ({suggestion(named, self.coalitions)})",
            )
            for slug, recipient in self.recipients.items()
            for rank, named in enumerate(recipient.coalitions)
            if named not in self.coalitions
        ]
        if complaints:
            raise misplaced(complaints)
        return self

    def recipient(self, slug: str) -> Recipient:
        """Return one body.

        Raises
        ------
        ParameterError
            It is not declared.
        """
        if slug not in self.recipients:
            raise ParameterError(
                f"Le destinataire « {slug} » n’est pas déclaré dans studies/{FILE}.",
                got=slug,
                hint=suggestion(slug, self.recipients),
            )
        return self.recipients[slug]

    def sharing(self, slug: str) -> frozenset[str]:
        """Return the bodies that come to hold what `slug` receives, itself among them.

        Sharing goes on: who is of two circles carries from the one to the other.

        Examples
        --------
        >>> bodies = {name: Recipient(name=name, audience="funder", coalitions=c) for name, c in
        ...           {"caf": ("a",), "ville": ("a", "b"), "etat": ("b",), "esc": ()}.items()}
        >>> sorted(Recipients(coalitions={"a": "A", "b": "B"}, recipients=bodies).sharing("caf"))
        ['caf', 'etat', 'ville']
        """
        self.recipient(slug)
        found, fresh = {slug}, {slug}
        while fresh:
            circles = {circle for each in fresh for circle in self.recipients[each].coalitions}
            fresh = {name for name, body in self.recipients.items() if circles & set(body.coalitions)} - found
            found |= fresh
        return frozenset(found)

    def holders(self, audience: str, recipient: str = "") -> frozenset[str]:
        """Return whose holdings a run must be protected against, as one coalition; the public's are everybody's.

        Parameters
        ----------
        audience, recipient
            Of the run. Without a recipient, all bodies of the audience count as one coalition, with those with
            whom any of them shares.
        """
        named = [recipient] if recipient else [s for s, body in self.recipients.items() if body.audience == audience]
        private = frozenset(each for slug in named for each in self.sharing(slug))
        return private | frozenset(s for s, body in self.recipients.items() if body.audience == PUBLIC)

    def coalitions_of_all(self) -> list[frozenset[str]]:
        """Return every coalition once: bodies that hold the same things, each with the public ones."""
        found = (self.holders(body.audience, slug) for slug, body in self.recipients.items())
        return list(dict.fromkeys(found))

    def providers(self, slugs: Iterable[str]) -> frozenset[str]:
        """Return the providers whose files **every one** of these bodies knows already, the public ones apart."""
        known = [set(self.recipients[slug].provides) for slug in slugs if self.recipients[slug].audience != PUBLIC]
        return frozenset(set.intersection(*known)) if known else frozenset()


FILE = "recipients.yml"


def read_recipients(project: Project) -> Recipients:
    """Read `studies/recipients.yml`; a project without one has no named body.

    Raises
    ------
    DeclarationError
        The file does not hold, or names a provider that no agreement has.
    """
    path = project.studies / FILE
    if not path.exists():
        return Recipients()
    shown = project.relative(path)
    found = read_declaration(path, Recipients, shown=shown)
    _hold_providers(project, found)
    return found


def _hold_providers(project: Project, found: Recipients) -> None:
    if not any(body.provides for body in found.recipients.values()):
        return
    known = {each.provider for each in read_all_agreements(project).values()}
    for slug, body in found.recipients.items():
        for provider in body.provides:
            if provider not in known:
                raise ParameterError(
                    f"Le destinataire « {slug} » fournirait un fichier qu’aucune convention ne reçoit.",
                    where=f"studies/{FILE}",
                    expected="le « provider » d’une convention",
                    got=provider,
                    hint=suggestion(provider, sorted(known)),
                )


def recipient_of(recipients: Recipients, plan: PlannedRun) -> Recipient | None:
    """Return the body that a run is made for, or None when it is made for a whole audience.

    Raises
    ------
    ParameterError
        The body is not declared, or is not of the run's audience.
    """
    if not plan.recipient:
        return None
    body = recipients.recipient(plan.recipient)
    if body.audience != plan.audience:
        raise ParameterError(
            f"« {body.name} » n’est pas de cette audience.",
            where=f"studies/{FILE}",
            expected=f"audience {body.audience}",
            got=f"audience {plan.audience}",
        )
    return body
