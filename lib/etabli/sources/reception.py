"""Deliveries received, kept and destroyed: `data/raw/<provider>/<edition>/`, its receipts, its proofs of deletion."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from filelock import FileLock

from etabli.agreements import Agreement, hold_study, read_agreement
from etabli.errors import DeliveryError, suggestion
from etabli.project import Project
from etabli.sources.cache import forget
from etabli.sources.chain import append, entries
from etabli.sources.readers import locked
from etabli.sources.receipts import RECEIPT, Entry, digest_of, read_receipt, save_receipt
from etabli.sources.rights import begin, make_folder
from etabli.study import Study

DELETIONS = "deletions.jsonl"
"""In the ledger: what was destroyed, when and why. The proof outlives the file."""

BEGUN, DELETED = "begun", "deleted"
"""Keys of a line of the proofs: the day on which a destruction was announced, and that on which it was done."""

_LOCK = f".{RECEIPT}.lock"

Standing = Literal["intact", "changed", "missing", "unregistered"]


@dataclass(frozen=True)
class Received:
    """One delivery as it stands today.

    Parameters
    ----------
    shown
        Its path from the project's root.
    standing
        As its receipt says; changed since; gone without a proof; or laid there without a receipt.
    entry
        What the receipt says; None for an unregistered file.
    overdue
        Last day on which it might be kept, when that day has passed.
    """

    shown: str
    standing: Standing
    entry: Entry | None
    overdue: date | None = None


def add_delivery(
    project: Project,
    study: Study,
    file: Path,
    source_name: str,
    edition: str,
    *,
    day: date,
    agreement: str | None = None,
) -> Received:
    """Copy a file into its place under `data/raw/` and register it.

    Parameters
    ----------
    project, study
        Whose delivery it is.
    file
        The file that was received; it stays where it is.
    source_name, edition
        Names that `study.yml` declares.
    day
        The day of receipt.
    agreement
        The agreement that it comes under, when whoever receives it says so: held to the study's.

    Raises
    ------
    DeliveryError
        A name is unknown, the file has another format than the study reads, or it is there already.
    DisclosureError
        The agreement does not allow the study, is not complete, or has expired.
    """
    _hold_names(study, source_name, edition, agreement)
    source = study.sources[source_name]
    held = read_agreement(project, source.agreement)
    shown = project.relative(project.agreements / f"{source.agreement}.yml")
    hold_study(held, study.slug, shown=shown)
    held.hold_for_delivery(day, shown=shown)
    if not file.is_file():
        raise DeliveryError("Le fichier à recevoir n’existe pas.", where=str(file))
    if file.suffix.lower() != Path(source.file).suffix.lower():
        raise DeliveryError(
            "Le fichier n’a pas le format que l’étude lit.",
            where=str(file),
            expected=f"un fichier {Path(source.file).suffix}, comme « {source.file} »",
            hint="corrigez « file » dans study.yml, ou faites réenregistrer le fichier",
        )
    target = project.raw(held.provider, edition) / source.file
    digest = digest_of(file, file.name)
    entry = Entry(digest, file.stat().st_size, day, held.provider, source.agreement, study.slug, source_name)
    make_folder(target.parent)
    with FileLock(target.with_name(_LOCK)):
        _hold_new(project, target, digest)
        if not target.exists():
            _copy(file, target, digest, project.relative(target))
        receipt = target.with_name(RECEIPT)
        known = read_receipt(receipt, shown=project.relative(receipt))
        save_receipt(receipt, {**known, target.name: entry})
    return Received(project.relative(target), "intact", entry)


def _hold_names(study: Study, source_name: str, edition: str, agreement: str | None) -> None:
    where = f"studies/{study.slug}/study.yml"
    for kind, name, known in (("la source", source_name, study.sources), ("l’édition", edition, study.editions)):
        if name not in known:
            raise DeliveryError(
                f"L’étude « {study.slug} » n’a pas {kind} « {name} ».", where=where, hint=suggestion(name, known)
            )
    if study.editions[edition].deliveries != "raw":
        raise DeliveryError(
            f"L’édition « {edition} » ne lit pas de livraison.",
            where=where,
            expected="deliveries: raw",
            got=f"deliveries: {study.editions[edition].deliveries}",
        )
    declared = study.sources[source_name].agreement
    if agreement is not None and agreement != declared:
        raise DeliveryError(
            f"La source « {source_name} » vient sous une autre convention.",
            where=where,
            expected=declared,
            got=agreement,
        )


def _hold_new(project: Project, target: Path, digest: str) -> None:
    """Refuse what is there already, under this name or another; a whole copy without a receipt may be registered."""
    for path in sorted(project.deliveries.glob(f"*/*/{RECEIPT}")):
        for name, entry in read_receipt(path, shown=project.relative(path)).items():
            if entry.sha256 == digest:
                raise DeliveryError(
                    "Cette livraison est déjà enregistrée.",
                    where=project.relative(path.with_name(name)),
                    got="un fichier au même contenu",
                    hint="s’il est attendu pour une autre édition, le partenaire a renvoyé l’ancien fichier",
                )
            if path.with_name(name) == target:
                raise _taken(project, target)
    if target.exists() and digest_of(target, project.relative(target)) != digest:
        raise _taken(project, target)


def _taken(project: Project, target: Path) -> DeliveryError:
    return DeliveryError(
        "Une autre livraison tient déjà cette place.",
        where=project.relative(target),
        got="un contenu différent",
        hint="rien ne se remplace en silence : déclarez une nouvelle édition, ou « etabli deliveries delete » d’abord",
    )


def _copy(file: Path, target: Path, digest: str, shown: str) -> None:
    """Copy beside the place, hold the copy to the original, then put it there."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(file, begin(draft))
        if digest_of(draft, shown) != digest:
            raise DeliveryError("La copie n’est pas fidèle.", where=shown, hint="le disque est-il plein, ou abîmé ?")
        draft.replace(target)
    except PermissionError:
        raise locked(file.name) from None
    finally:
        draft.unlink(missing_ok=True)


def received(project: Project, agreements: Mapping[str, Agreement], *, day: date) -> list[Received]:
    """Return every delivery under `data/raw/`, and how it stands on a day.

    Raises
    ------
    DeliveryError
        A receipt is damaged.
    """
    found = []
    for folder in sorted(each for each in project.deliveries.glob("*/*") if each.is_dir()):
        receipt = folder / RECEIPT
        known = read_receipt(receipt, shown=project.relative(receipt))
        present = {each.name for each in folder.iterdir() if each.is_file() and not each.name.startswith(".")}
        for name in sorted({*known, *present} - {RECEIPT}):
            shown = project.relative(folder / name)
            entry = known.get(name)
            standing = _standing(folder / name, entry, shown)
            found.append(Received(shown, standing, entry, _overdue(entry, agreements, day)))
    return found


def _standing(path: Path, entry: Entry | None, shown: str) -> Standing:
    if entry is None:
        return "unregistered"
    if not path.is_file():
        return "missing"
    return "intact" if digest_of(path, shown) == entry.sha256 else "changed"


def _overdue(entry: Entry | None, agreements: Mapping[str, Agreement], day: date) -> date | None:
    agreement = agreements.get(entry.agreement or "") if entry else None
    last = agreement.delete_by if agreement else None
    return last if last is not None and day > last else None


def expiring(agreements: Mapping[str, Agreement], *, day: date, within: int) -> list[tuple[str, Agreement]]:
    """Return the agreements that expire within so many days of a day, or have expired, soonest first."""
    limit = day + timedelta(days=within)
    found = [(each.expires, slug) for slug, each in agreements.items() if each.expires and each.expires <= limit]
    return [(slug, agreements[slug]) for _, slug in sorted(found)]


@dataclass(frozen=True)
class Destroyed:
    """What was destroyed.

    Parameters
    ----------
    entry
        What the receipt said of the delivery; None for an unregistered file.
    pages
        Folders of the quality reports that were made of it.
    """

    entry: Entry | None
    pages: tuple[str, ...]


def delete_delivery(project: Project, name: str, *, day: date, reason: str) -> Destroyed:
    """Destroy a delivery, all that was made of it in the cache and its quality reports, and keep the proof.

    What will be destroyed is written first: a stop on the way leaves its digest, and the same command ends it.

    Parameters
    ----------
    name
        `<provider>/<edition>/<file>`, or the path from the project's root.
    reason
        Why, as the proof tells it.

    Raises
    ------
    DeliveryError
        There is no such delivery.
    """
    from etabli.sources.quality import pages_made_of  # it needs pandas, which the other commands here do not

    path = project.deliveries / name.removeprefix("data/raw/")
    receipt, shown = path.with_name(RECEIPT), project.relative(path)
    inside = path.resolve().is_relative_to(project.deliveries.resolve())
    known = read_receipt(receipt, shown=project.relative(receipt)) if inside else {}
    proof = project.ledger / DELETIONS
    begun = _begun(project, shown) if inside else None
    if not inside or path.name == RECEIPT or not (path.is_file() or path.name in known or begun):
        present = [each for each in project.deliveries.glob("*/*/[!.]*") if each.name != RECEIPT]
        names = [project.relative(each).removeprefix("data/raw/") for each in present]
        raise DeliveryError("Cette livraison n’existe pas.", where=name, hint=suggestion(name, names))
    with FileLock(path.with_name(_LOCK)):
        entry = known.get(path.name)
        if path.is_file():
            found = Entry(digest_of(path, shown), path.stat().st_size)
            told = found if entry is None else replace(entry, sha256=found.sha256, size=found.size)
            line = {"file": shown, **told.as_json()}
            append(proof, {**line, BEGUN: day.isoformat(), "reason": reason}, shown=project.relative(proof))
            path.unlink()
        else:
            line = begun or {"file": shown, **known[path.name].as_json()}
        forget(project)
        pages = pages_made_of(project, {str(line["sha256"])} | ({entry.sha256} if entry is not None else set()))
        for folder in pages:
            shutil.rmtree(folder)
        append(proof, {**line, DELETED: day.isoformat(), "reason": reason}, shown=project.relative(proof))
        if entry is not None:  # last: until the proof is written, the delivery is listed as missing
            left = read_receipt(receipt, shown=project.relative(receipt))
            save_receipt(receipt, {each: what for each, what in left.items() if each != path.name})
    return Destroyed(entry, tuple(project.relative(folder) for folder in pages))


def deletions(project: Project) -> list[dict[str, object]]:
    """Return the proofs of deletion, oldest first; not what was begun and did not end."""
    path = project.ledger / DELETIONS
    return [each for each in entries(path, shown=project.relative(path)) if DELETED in each]


def _begun(project: Project, shown: str) -> dict[str, object] | None:
    """Return what the ledger says of a file whose destruction was begun and did not end."""
    path = project.ledger / DELETIONS
    told = [each for each in entries(path, shown=project.relative(path)) if each["file"] == shown]
    return {k: v for k, v in told[-1].items() if k != BEGUN} if told and BEGUN in told[-1] else None
