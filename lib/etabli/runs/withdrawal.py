"""A person takes their consent back: found in the deliveries, recorded, forgotten, and what holds them listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from etabli.agreements import read_agreements
from etabli.errors import DeliveryError, EtabliError
from etabli.project import Project
from etabli.runs.manifest import FILE, read_manifest
from etabli.sources.codebook import Codebook, SourceCodebook, read_codebook
from etabli.sources.deliveries import Delivery, find_delivery, load
from etabli.sources.keys import DEMO, Keyring, held_state, key_for, read_state
from etabli.sources.pseudonyms import PSEUDONYM, StudyKey
from etabli.sources.reception import DELETIONS, forget_caches
from etabli.sources.withdrawals import WITHDRAWALS, Withdrawal, digest, read_withdrawals, record
from etabli.study import Study


@dataclass(frozen=True)
class Outcome:
    """What became of a withdrawal.

    Parameters
    ----------
    pseudonyms
        The person, under each key that the study's deliveries are read with.
    linked
        How many identifiers of theirs alone (a file number, a visit) other sources refer to, and were withdrawn too.
    held
        The deliveries that hold the person, and how many of their rows.
    unread
        Deliveries that could not be read, and so may hold them.
    reports
        Folders of reports made while the person was in their sources.
    releases
        Lines of the ledger that tell of a release from those sources.
    """

    pseudonyms: tuple[str, ...]
    linked: int
    held: tuple[tuple[str, int], ...]
    unread: tuple[str, ...]
    reports: tuple[str, ...]
    releases: tuple[str, ...]


@dataclass(frozen=True)
class _Identified:
    """The identifiers of one delivery, under a key that leaves nobody out."""

    delivery: Delivery
    book: SourceCodebook
    key_name: str
    key: StudyKey
    identifiers: pd.DataFrame


Found = set[tuple[str, str]]
"""Key's name and pseudonym."""


def withdraw(
    project: Project, study: Study, person: str, keyring: Keyring, *, day: date, absent: bool = False
) -> Outcome:
    """Record that a person withdraws from a study, and list what holds them.

    Parameters
    ----------
    person
        Their pseudonym in this study, or their identifier as the delivery writes it. It is not kept.
    day
        The day of the withdrawal.
    absent
        Whether to record someone whom no delivery holds: their file may still come.

    Raises
    ------
    DeliveryError
        No delivery holds that person, and `absent` is not said.
    KeyringError
        The study's key is not on this machine.
    """
    person, codebook = person.strip(), read_codebook(project, study)
    read, unread = _read(project, study, codebook, keyring)
    found = {(each.key_name, name) for each in read for name in _names(person, each.key) if _rows(each, {name}).any()}
    if not found and not absent:
        raise DeliveryError(
            f"Aucune livraison de l’étude « {study.slug} » ne contient cette personne.",
            got=f"{len(unread)} livraison(s) illisible(s)" if unread else None,
            hint="vérifiez le pseudonyme ou l’identifiant ; --absent l’enregistre tout de même, pour plus tard",
        )
    found = found or _expected(project, study, person, keyring)
    everything = _with_linked(found, read, codebook)
    rows = [(each, int(_rows(each, _under(each.key_name, everything)).sum())) for each in read]
    held = [(each, count) for each, count in rows if count]
    hashes = tuple(sorted({each.delivery.sha256 for each, _ in held}))
    for key_name, pseudonym in sorted(everything):
        record(project, Withdrawal(study.slug, key_name, pseudonym, day, hashes))
    forget_caches(project)
    kept = [each for each in read_withdrawals(project, study.slug) if (each.key, each.pseudonym) in everything]
    return Outcome(
        pseudonyms=tuple(sorted({pseudonym for _, pseudonym in found})),
        linked=len(everything) - len(found),
        held=tuple((each.delivery.shown, count) for each, count in held),
        unread=tuple(unread),
        reports=tuple(_reports(project, study.slug, kept)),
        releases=tuple(_releases(project, kept)),
    )


def _read(project: Project, study: Study, codebook: Codebook, keyring: Keyring) -> tuple[list[_Identified], list[str]]:
    """Return the identifiers of every delivery of the study, and the deliveries that cannot be read."""
    read, unread = [], []
    for delivery, book in _deliveries(project, study, codebook):
        key_name = DEMO if delivery.origin == "demo" else held_state(project).current
        everyone = StudyKey(key_for(project, keyring, study.slug, delivery.origin).secret)
        try:
            frame = load(delivery, book, key=everyone)
        except DeliveryError:
            unread.append(delivery.shown)
            continue
        read.append(_Identified(delivery, book, key_name, everyone, frame[_identifiers(book)]))
    return read, unread


def _deliveries(project: Project, study: Study, codebook: Codebook) -> Iterator[tuple[Delivery, SourceCodebook]]:
    """Yield what there is of each edition and source that identifies people."""
    agreements = read_agreements(project, study)
    for edition in study.editions:
        for name, source in study.sources.items():
            if source.public is None and _identifiers(codebook.sources[name]):
                provider = agreements[source.agreement].provider
                try:
                    yield find_delivery(project, study, name, edition, provider=provider), codebook.sources[name]
                except DeliveryError:
                    continue  # not received yet, destroyed, or not what was received: no run reads it either


def _identifiers(book: SourceCodebook) -> list[str]:
    return [name for name, variable in book.variables.items() if variable.type == "identifier"]


def _names(person: str, key: StudyKey) -> set[str]:
    """Return the pseudonyms that may be meant: the text itself when it looks like one, and its own."""
    return {key.pseudonym(person)} | ({person} if PSEUDONYM.fullmatch(person) else set())


def _rows(each: _Identified, pseudonyms: set[str]) -> pd.Series:
    return each.identifiers.isin(list(pseudonyms)).any(axis=1)


def _under(key_name: str, found: Found) -> set[str]:
    return {pseudonym for name, pseudonym in found if name == key_name}


def _with_linked(found: Found, read: Sequence[_Identified], codebook: Codebook) -> Found:
    """Add the identifiers that other sources refer to and that stand on the person's rows alone, until none is left.

    What the person shares with others (a household) stays, since it is the others' as well.
    """
    referred = {each.references for book in codebook.sources.values() for each in book.variables.values()}
    whole = set(found)
    while True:
        added = set()
        for each in read:
            theirs = _rows(each, _under(each.key_name, whole))
            for name in each.identifiers:
                if f"{each.delivery.source}.{name}" in referred and name != each.book.person:
                    alone = set(each.identifiers[name][theirs].dropna()) - set(each.identifiers[name][~theirs])
                    added |= {(each.key_name, pseudonym) for pseudonym in alone}
        if added <= whole:
            return whole
        whole |= added


def _expected(project: Project, study: Study, person: str, keyring: Keyring) -> Found:
    """Return the pseudonym that a person will have in deliveries still to come."""
    found = set()
    for origin in {each.deliveries for each in study.editions.values()} - {"reference"}:
        if origin == "demo" or read_state(project) is not None:
            key_name = DEMO if origin == "demo" else held_state(project).current
            key = key_for(project, keyring, study.slug, origin)
            found.add((key_name, person if PSEUDONYM.fullmatch(person) else key.pseudonym(person)))
    return found


def _reports(project: Project, study: str, kept: Sequence[Withdrawal]) -> Iterator[str]:
    """Yield the reports from deliveries that held the person, made without knowing of the withdrawal."""
    hashes = {each for withdrawal in kept for each in withdrawal.deliveries}
    known = read_withdrawals(project, study)
    lengths = [length for length in range(1, len(known) + 1) if all(each in known[:length] for each in kept)]
    aware = {digest(known[:length]) for length in lengths}
    for path in sorted(project.reports.rglob(FILE)):
        shown = project.relative(path.parent)
        try:
            manifest = read_manifest(path.parent, shown=shown)
        except EtabliError:
            continue  # not a manifest of ours
        read = {source["sha256"] for source in manifest.sources}
        if manifest.study == study and read & hashes and manifest.fingerprint.get("withdrawals") not in aware:
            yield shown


def _releases(project: Project, kept: Sequence[Withdrawal]) -> Iterator[str]:
    """Yield the lines of the ledger that name one of those deliveries, whatever else they tell."""
    hashes = {each for withdrawal in kept for each in withdrawal.deliveries}
    for path in sorted(project.ledger.glob("*.jsonl")):
        if path.name not in {WITHDRAWALS, DELETIONS}:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if any(each in line for each in hashes):
                    yield f"{project.relative(path)}, ligne {number}"
