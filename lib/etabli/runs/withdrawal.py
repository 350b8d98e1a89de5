"""A person takes their consent back: found in the deliveries, recorded, forgotten, and what holds them listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from etabli.agreements import read_agreements
from etabli.errors import DeliveryError, EtabliError
from etabli.project import Project
from etabli.runs.manifest import FILE, read_manifest
from etabli.sources.cache import forget
from etabli.sources.codebook import Codebook, read_codebook
from etabli.sources.deliveries import Delivery, find_delivery, load
from etabli.sources.keys import DEMO, Keyring, held_state, key_for, read_state
from etabli.sources.links import identifiers, with_linked
from etabli.sources.pseudonyms import PSEUDONYM, StudyKey
from etabli.sources.reception import DELETIONS
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
        The deliveries that hold the person, and how many rows go.
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


@dataclass(frozen=True)
class _Edition:
    """What there is of one edition, read with nobody left out."""

    key_name: str
    key: StudyKey
    codebook: Codebook
    deliveries: dict[str, Delivery]
    frames: dict[str, pd.DataFrame]
    """The identifiers of each delivery, by source."""


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
    person = person.strip()
    with TemporaryDirectory() as folder:  # the person's rows are converted here, and never in the cache
        editions, unread = _read(project, study, keyring, Path(folder))
        found = {
            (each.key_name, name)
            for each in editions
            for name in _names(person, each.key)
            if any(frame.isin([name]).any(axis=None) for frame in each.frames.values())
        }
        held = dict(gone for each in editions for gone in _rows_gone(each, found, Path(folder)))
    if not found and not absent:
        raise DeliveryError(
            f"Aucune livraison de l’étude « {study.slug} » ne contient cette personne.",
            got=f"{len(unread)} livraison(s) illisible(s)" if unread else None,
            hint="vérifiez le pseudonyme ou l’identifiant ; --absent l’enregistre tout de même, pour plus tard",
        )
    found = found or _expected(project, study, person, keyring)
    hashes = tuple(sorted({delivery.sha256 for delivery in held}))
    for key_name, pseudonym in sorted(found):
        record(project, Withdrawal(study.slug, key_name, pseudonym, day, hashes))
    forget(project)
    kept = [each for each in read_withdrawals(project, study.slug) if (each.key, each.pseudonym) in found]
    return Outcome(
        pseudonyms=tuple(sorted({pseudonym for _, pseudonym in found})),
        held=tuple((delivery.shown, count) for delivery, count in held.items()),
        unread=tuple(unread),
        reports=tuple(_reports(project, study.slug, kept)),
        releases=tuple(_releases(project, kept)),
    )


def _read(project: Project, study: Study, keyring: Keyring, folder: Path) -> tuple[list[_Edition], list[str]]:
    """Return what there is of each edition that identifies people, and the deliveries that cannot be read."""
    agreements, read, unread = read_agreements(project, study), [], []
    for edition in study.editions:
        codebook = read_codebook(project, study, edition=edition)
        deliveries: dict[str, Delivery] = {}
        frames: dict[str, pd.DataFrame] = {}
        origin, key = study.editions[edition].deliveries, None
        for name, source in study.sources.items():
            names, provider = identifiers(codebook.sources[name]), agreements[source.agreement].provider
            if not names or source.public is not None:
                continue
            try:
                delivery = find_delivery(project, study, name, edition, provider=provider)
            except DeliveryError:
                continue  # not received yet, destroyed, or not what was received: no run reads it either
            key = key or StudyKey(key_for(project, keyring, study.slug, origin).secret)
            try:
                frames[name] = load(delivery, codebook.sources[name], key=key, cache=folder)[names]
                deliveries[name] = delivery
            except DeliveryError:
                unread.append(delivery.shown)
        if key is not None:
            key_name = DEMO if origin == "demo" else held_state(project).current
            read.append(_Edition(key_name, key, codebook, deliveries, frames))
    return read, unread


def _rows_gone(each: _Edition, found: Found, folder: Path) -> Iterator[tuple[Delivery, int]]:
    """Yield the deliveries that a withdrawal takes rows from, and how many."""
    gone = frozenset(name for key_name, name in found if key_name == each.key_name)
    key = with_linked(StudyKey(each.key.secret, gone), each.deliveries, each.codebook, cache=folder)
    for name, delivery in each.deliveries.items():
        count = int(each.frames[name].isin(list(key.withdrawn)).any(axis=1).sum())
        if count:
            yield delivery, count


def _names(person: str, key: StudyKey) -> set[str]:
    """Return the pseudonyms that may be meant: the text itself when it looks like one, and its own."""
    return {key.pseudonym(person)} | ({person} if PSEUDONYM.fullmatch(person) else set())


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
