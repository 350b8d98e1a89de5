"""Reports that leave: attacked together with all that their recipient holds, read again by a second person, copied."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from etabli.agreements import read_agreements
from etabli.declarations import is_to_fill
from etabli.disclosure.attacker import Attack, attack
from etabli.disclosure.exported import hold_exported
from etabli.disclosure.lattice import Stayers
from etabli.disclosure.ledger import Ledger, Release, Review, publications_of, read_ledger, write_release
from etabli.disclosure.policy import policy_for
from etabli.disclosure.remedies import Remedy, remedy
from etabli.disclosure.statements import Publication, publication_of
from etabli.errors import DisclosureError, ReleaseError
from etabli.present.previous import NOT_COMPARED, previous_of
from etabli.project import Project
from etabli.publish.derived import judges_of
from etabli.publish.export import SAID
from etabli.recipients import PUBLIC, Recipients, read_recipients
from etabli.runs.manifest import Manifest, hash_outputs, read_manifest
from etabli.study import Study, read_study


@dataclass(frozen=True)
class Candidate:
    """A report that somebody wants to release: checked against its manifest, its agreements and its recipient."""

    report: str
    recipient: str
    manifest: Manifest
    publication: Publication


@dataclass(frozen=True)
class Judgement:
    """What the attacker knows once a report is released.

    Parameters
    ----------
    coalition
        The bodies that would know it; empty when nothing is known.
    attack
        What it knows; only what this release adds.
    remedy
        What the report should mask; None when nothing is known.
    """

    coalition: tuple[str, ...]
    attack: Attack
    remedy: Remedy | None = None

    @property
    def holds(self) -> bool:
        return self.attack.holds


def candidate(project: Project, folder: Path, recipient: str) -> Candidate:
    """Return a report as a candidate for release.

    Raises
    ------
    ReleaseError
        It is internal, of another audience or for another body, changed since it was made, or tells of rows that
        nobody can place.
    GateError
        A file holds what no report may.
    EtabliError
        The body is not declared, an agreement does not allow it, a file of the report cannot be read.
    """
    shown = project.relative(folder)
    manifest, bodies = read_manifest(folder, shown=shown), read_recipients(project)
    body = bodies.recipient(recipient)
    made_for = str(manifest.parameters.get("recipient", ""))
    if manifest.parameters["audience"] != body.audience or made_for not in {"", recipient}:
        raise ReleaseError(
            f"Ce rapport n’a pas été fait pour {body.name}.",
            where=shown,
            expected=f"un rapport d’audience {body.audience}, pour tous ou pour {recipient}",
            got=" ".join(
                filter(None, (f"audience {manifest.parameters['audience']}", made_for and f"pour {made_for}"))
            ),
            hint=f"etabli run {manifest.study} --recipient {recipient}",
        )
    _hold_intact(folder, manifest, shown)
    if is_to_fill(manifest.edition_label):
        raise ReleaseError(
            "Ce rapport est un brouillon : son édition n’a pas encore de nom.",
            where=shown,
            expected="une période, comme « 4e trimestre 2024 »",
            got=f"« {manifest.edition_label} »",
            hint=f"complétez « label » de l’édition dans studies/{manifest.study}/study.yml, puis refaites le rapport",
        )
    hold_exported(
        folder,
        manifest_keys=[each.name for each in fields(Manifest)],
        private=(str(project.root.resolve()),),
        beside=judges_of(folder),
    )
    study = read_study(project, manifest.study)
    policy_for(read_agreements(project, study), body.audience, recipient=recipient)
    _hold_previous(project, study, manifest, bodies, shown)
    return Candidate(f"{manifest.study}/{manifest.run}", recipient, manifest, _said(folder, shown))


def _hold_previous(project: Project, study: Study, manifest: Manifest, bodies: Recipients, shown: str) -> None:
    """Refuse a report compared with one that its readers do not hold today: withdrawn since, or they came since."""
    if not manifest.previous or NOT_COMPARED in manifest.previous:
        return
    previous = previous_of(project, study, study.plan(manifest.parameters), bodies=bodies)
    if previous is None or previous.told != manifest.previous:
        raise ReleaseError(
            "Ce rapport est comparé à un autre, que tous ses destinataires n’ont pas reçu, ou n’ont plus.",
            where=shown,
            expected=manifest.previous,
            got="aucune édition précédente" if previous is None else previous.told,
            hint="refaites le rapport : il dira ce qui a changé depuis ce que ses destinataires ont",
        )


def judge(told: Candidate, ledger: Ledger, bodies: Recipients) -> Judgement:
    """Attack a report together with all that each coalition that comes to hold it holds already.

    What is released to the public comes to everybody. What was known before is told by `audit`: it refuses no release.
    """
    for coalition in _coalitions(told.recipient, bodies):
        held = publications_of(ledger.held_by(coalition))
        exempt = bodies.providers(coalition)
        everything = [*held, told.publication]
        stayers = stayers_of(everything)
        outcome = attack(everything, exempt=exempt, stayers=stayers)
        if outcome.holds:
            continue
        fresh = _fresh(outcome, held, exempt, told.report)
        if fresh.holds:
            continue
        proposed = None if fresh.contradiction else remedy(told.publication, held, exempt=exempt, stayers=stayers)
        return Judgement(tuple(sorted(coalition)), fresh, proposed)
    return Judgement((), Attack(()))


def release(
    project: Project, told: Candidate, *, review: Review, day: date, judged_with: Ledger | None = None
) -> Release:
    """Write a release in the ledger, and return it.

    Parameters
    ----------
    judged_with
        The ledger that it was judged with: where another release came since, nothing is written.

    Raises
    ------
    ReleaseError
        It was released to this body already, as it stands.
    DeliveryError
        Another line was written since it was judged.
    """
    ledger, shown = (
        read_ledger(project.ledger, shown=project.relative(project.ledger)),
        project.relative(project.ledger),
    )
    for former in ledger.of(told.report, told.recipient):
        if former.outputs == told.manifest.outputs and former.withdrawn is None:
            raise ReleaseError("Ce rapport est déjà rendu à cet organisme, tel quel.", got=str(former))
    written = Release(told.report, told.recipient, day, review, told.manifest.outputs, told.publication)
    after = None if judged_with is None else judged_with.last
    number = write_release(project.ledger, written, shown=shown, after=after)
    return Release(**{**vars(written), "number": number})


def audit(ledger: Ledger, bodies: Recipients) -> list[tuple[tuple[str, ...], Attack]]:
    """Attack all that each coalition holds, and return what it knows, coalition by coalition; holdings once each."""
    found, seen = [], set()
    for coalition in bodies.coalitions_of_all():
        held = ledger.held_by(coalition)
        key = tuple(each.number for each in held)
        if held and key not in seen:
            seen.add(key)
            told = publications_of(held)
            outcome = attack(told, exempt=bodies.providers(coalition), stayers=stayers_of(told))
            found.append((tuple(sorted(coalition)), outcome))
    return found


def stayers_of(publications: Sequence[Publication]) -> list[Stayers]:
    """Return which deliveries are known to continue which, as the studies declare (`keeps`)."""
    told = {
        (each.report.partition("/")[0], source.name, digest): source
        for each in publications
        for digest, source in each.sources.items()
    }
    return [
        Stayers(before, after)
        for (study, name, after), later in told.items()
        for (other, same, before), earlier in told.items()
        if later.keeps and (study, name, later.keeps) == (other, same, earlier.edition) and before != after
    ]


def _coalitions(recipient: str, bodies: Recipients) -> list[frozenset[str]]:
    """Return the coalitions that come to hold what a body receives: for the public, all of them."""
    body = bodies.recipient(recipient)
    everyone = bodies.coalitions_of_all() if body.audience == PUBLIC else []
    return list(dict.fromkeys([bodies.holders(body.audience, recipient), *everyone]))


def _fresh(outcome: Attack, held: Sequence[Publication], exempt: frozenset[str], report: str) -> Attack:
    """Leave out what was known before this report."""
    if not held:
        return outcome
    before = attack(held, exempt=exempt, stayers=stayers_of(held), explained=0)
    known = {(each.region, each.words, each.low, each.high) for each in before.findings}
    fresh = tuple(each for each in outcome.findings if (each.region, each.words, each.low, each.high) not in known)
    wrong = outcome.contradiction if any(name == report for name, _ in outcome.contradiction) else ()
    return Attack(fresh, wrong, outcome.aims, outcome.unsettled)


def _hold_intact(folder: Path, manifest: Manifest, shown: str) -> None:
    now = hash_outputs(folder)
    changed = sorted(name for name in {*now, *manifest.outputs} if now.get(name) != manifest.outputs.get(name))
    if changed:
        raise ReleaseError(
            "Ce rapport a été modifié depuis qu’il a été fait.",
            where=shown,
            got=", ".join(changed),
            hint="refaites-le : etabli run",
        )


def _said(folder: Path, shown: str) -> Publication:
    try:
        told = json.loads((folder / SAID).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ReleaseError(
            "Ce rapport ne dit pas ce qu’il montre, région par région.",
            where=shown,
            expected=f"un fichier {SAID}",
            hint="il date d’une version plus ancienne : refaites-le par etabli run",
        ) from None
    publication = publication_of(told, shown=f"{shown}/{SAID}")
    placeless = sorted({s.item for s in publication.statements if s.quantity.region.source not in publication.sources})
    if placeless:
        raise ReleaseError(
            "Un résultat ne dit pas de qui il parle : il ne peut pas être comparé à ce qui est déjà sorti.",
            where=f"{shown}, {', '.join(placeless)}",
            hint="filtrez par report.load(source, variable=valeur), non dans le notebook",
        )
    return publication


def names_of(tables: Sequence[tuple[str, str]]) -> str:
    """Return tables as a person names them: « tableau-2 de caf-flows/2024-T4_funder »."""
    return ", ".join(f"{item} de {report}" for report, item in tables)


def refusal(judged: Judgement, bodies: Recipients, *, shown: str) -> DisclosureError:
    """Return the error of a release that must not be: what would be known, to whom, by which tables, what helps."""
    who = ", ".join(bodies.recipients[slug].name for slug in judged.coalition)
    found = judged.attack
    if found.contradiction:
        return ReleaseError(
            "Ces tableaux se contredisent : aucun fichier ne peut les donner tous.",
            where=shown,
            got=names_of(found.contradiction),
            hint="un filtre du notebook ? Un fichier corrigé, ou une personne retirée, depuis ce qui est sorti ? "
            "Ces nombres, à côté des anciens, diraient ce qui a changé : attendez une autre livraison",
        )
    first = found.findings[0]
    more = len(found.findings) - 1
    return ReleaseError(
        f"Rendre ce rapport ferait connaître trop peu de personnes à : {who}.",
        where=f"{shown} ; avec {names_of(first.tables)}" if first.tables else shown,
        expected="aucun effectif connu entre 1 et le seuil",
        got=str(first) + (f" ; et {more} autre{'s' if more > 1 else ''}" if more else ""),
        hint=_helps(judged.remedy),
    )


def _helps(found: Remedy | None) -> str | None:
    if found is None or not (found.regions or found.tables):
        return None
    parts = []
    if found.regions:
        parts.append("masquez " + " ; ".join(f"« {region} »" for region in found.regions))
    if found.tables:
        parts.append("retirez, ou croisez plus grossièrement, " + ", ".join(found.tables))
    doubt = "" if found.enough else " (cela ne suffira pas)"
    return " ; ".join(parts) + doubt
