"""A person takes their consent back: found in the deliveries, recorded, forgotten, and what holds them listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd

from etabli.agreements import read_agreements
from etabli.errors import DeliveryError, EtabliError
from etabli.project import Project
from etabli.runs.manifest import FILE, read_manifest
from etabli.sources.codebook import SourceCodebook, read_codebook
from etabli.sources.deliveries import Delivery, find_delivery, load
from etabli.sources.keys import DEMO, Keyring, held_state, key_for, read_state
from etabli.sources.pseudonyms import PSEUDONYM, StudyKey
from etabli.sources.reception import forget_caches
from etabli.sources.withdrawals import WITHDRAWALS, Withdrawal, digest, read_withdrawals, record
from etabli.study import Study


@dataclass(frozen=True)
class Outcome:
    """What became of a withdrawal.

    Parameters
    ----------
    pseudonyms
        The person, under each key that the study's deliveries are read with.
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
    held: tuple[tuple[str, int], ...]
    unread: tuple[str, ...]
    reports: tuple[str, ...]
    releases: tuple[str, ...]


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
    person = person.strip()
    seen, unread = [], []
    for delivery, book in _deliveries(project, study):
        key = key_for(project, keyring, study.slug, delivery.origin)
        everyone = StudyKey(key.secret)
        try:
            rows = _rows_of(person, load(delivery, book, key=everyone), book, everyone)
        except EtabliError:
            unread.append(delivery.shown)
            continue
        seen += [(delivery, pseudonym, count) for pseudonym, count in rows.items()]
    found = {(_key_name(project, each), pseudonym) for each, pseudonym, _ in seen}
    if not found:
        if not absent:
            raise DeliveryError(
                f"Aucune livraison de l’étude « {study.slug} » ne contient cette personne.",
                got=f"{len(unread)} livraison(s) illisible(s)" if unread else None,
                hint="vérifiez le pseudonyme ou l’identifiant ; --absent l’enregistre tout de même, pour plus tard",
            )
        found = _expected(project, study, person, keyring)
    hashes = tuple(sorted({each.sha256 for each, _, _ in seen}))
    for name, pseudonym in sorted(found):
        record(project, Withdrawal(study.slug, name, pseudonym, day, hashes))
    forget_caches(project)
    kept = _recorded(project, study.slug, found)
    return Outcome(
        pseudonyms=tuple(sorted({pseudonym for _, pseudonym in found})),
        held=tuple((each.shown, count) for each, _, count in seen),
        unread=tuple(unread),
        reports=tuple(_reports(project, study.slug, kept)),
        releases=tuple(_releases(project, kept)),
    )


def _deliveries(project: Project, study: Study) -> Iterator[tuple[Delivery, SourceCodebook]]:
    """Yield what there is of each edition and source that identifies people."""
    codebook, agreements = read_codebook(project, study), read_agreements(project, study)
    for edition in study.editions:
        for name, source in study.sources.items():
            book = codebook.sources[name]
            if source.public is None and any(each.type == "identifier" for each in book.variables.values()):
                provider = agreements[source.agreement].provider
                try:
                    yield find_delivery(project, study, name, edition, provider=provider), book
                except DeliveryError:
                    continue  # not received yet, or destroyed: what is not there holds nobody


def _rows_of(person: str, frame: pd.DataFrame, book: SourceCodebook, key: StudyKey) -> dict[str, int]:
    """Return how many rows hold the person, by the pseudonym under which they do."""
    columns = frame[[name for name, each in book.variables.items() if each.type == "identifier"]]
    wanted = {key.pseudonym(person)} | ({person} if PSEUDONYM.fullmatch(person) else set())
    counts = {each: int(columns.isin([each]).any(axis=1).sum()) for each in sorted(wanted)}
    return {each: count for each, count in counts.items() if count}


def _key_name(project: Project, delivery: Delivery) -> str:
    return DEMO if delivery.origin == "demo" else held_state(project).current


def _expected(project: Project, study: Study, person: str, keyring: Keyring) -> set[tuple[str, str]]:
    """Return the pseudonym that a person will have in deliveries still to come."""
    origins = {each.deliveries for each in study.editions.values()} - {"reference"}
    found = set()
    for origin in origins:
        if origin == "demo" or read_state(project) is not None:
            name = DEMO if origin == "demo" else held_state(project).current
            key = key_for(project, keyring, study.slug, origin)
            found.add((name, person if PSEUDONYM.fullmatch(person) else key.pseudonym(person)))
    return found


def _recorded(project: Project, study: str, found: set[tuple[str, str]]) -> list[Withdrawal]:
    return [each for each in read_withdrawals(project, study) if (each.key, each.pseudonym) in found]


def _reports(project: Project, study: str, kept: list[Withdrawal]) -> Iterator[str]:
    """Yield the reports from deliveries that held the person, made without knowing of the withdrawal."""
    hashes = {each for withdrawal in kept for each in withdrawal.deliveries}
    known, aware = read_withdrawals(project, study), set()
    for length in range(1, len(known) + 1):
        if all(each in known[:length] for each in kept):
            aware.add(digest(known[:length]))
    for path in sorted(project.reports.rglob(FILE)):
        shown = project.relative(path.parent)
        try:
            manifest = read_manifest(path.parent, shown=shown)
        except EtabliError:
            continue  # not a manifest of ours
        read = {source["sha256"] for source in manifest.sources}
        if manifest.study == study and read & hashes and manifest.fingerprint.get("withdrawals") not in aware:
            yield shown


def _releases(project: Project, kept: list[Withdrawal]) -> Iterator[str]:
    """Yield the lines of the ledger that name one of those deliveries, whatever else they tell."""
    hashes = {each for withdrawal in kept for each in withdrawal.deliveries}
    for path in sorted(project.ledger.glob("*.jsonl")):
        if path.name not in {WITHDRAWALS, "deletions.jsonl"}:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if any(each in line for each in hashes):
                    yield f"{project.relative(path)}, ligne {number}"
