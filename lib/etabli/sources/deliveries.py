"""The file behind a source of a study: found, verified against its receipt, loaded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from etabli.errors import DeliveryError, nearest, suggestion
from etabli.project import MIRROR_VARIABLE, Project
from etabli.sources.cache import converted, entry_of
from etabli.sources.checks import read_tidy
from etabli.sources.codebook import SourceCodebook
from etabli.sources.conversion import Job
from etabli.sources.pseudonyms import StudyKey, pseudonymise
from etabli.sources.public import fetch
from etabli.sources.receipts import RECEIPT, Entry, digest_of, read_receipt, save_receipt
from etabli.study import Study

__all__ = ["RECEIPT", "Delivery", "Origin", "find_deliveries", "find_delivery", "is_lacking", "load", "write_receipt"]

Origin = Literal["demo", "raw", "reference", "public"]


@dataclass(frozen=True)
class Delivery:
    """One file, as it was found.

    Parameters
    ----------
    source
        The source of the study that it delivers.
    path
        Where it is.
    shown
        How messages and manifests name it, from the project's root.
    sha256
        Digest of its bytes, in hexadecimal.
    size
        Its length in bytes.
    origin
        Made by `etabli demo`, sent by a partner, public and in the repository, or public and fetched.
    is_registered
        Whether a receipt tells of it, to which it was held: without one, nobody knows whether it changed.
    """

    source: str
    path: Path
    shown: str
    sha256: str
    size: int
    origin: Origin
    is_registered: bool = False


def find_delivery(project: Project, study: Study, source_name: str, edition: str, *, provider: str) -> Delivery:
    """Find the file of one source for one edition, and verify it against its receipt, if it has one.

    A public source is fetched when it is not there yet, unless the edition is one of fictional data.

    Parameters
    ----------
    project, study
        Whose file it is.
    source_name, edition
        Names that `study.yml` declares.
    provider
        The partner of the source's agreement: the folder of raw deliveries.

    Raises
    ------
    DeliveryError
        The source or edition is unknown; the file is missing, cannot be fetched, or is not what its receipt says.
    """
    _hold_name("source", source_name, study.sources, study)
    _hold_name("édition", edition, study.editions, study)
    source, origin = study.sources[source_name], _origin(study, source_name, edition)
    path = _path(project, study, source_name, edition, provider)
    if source.public is not None and origin == "public":
        path = fetch(source.public, project.public, source.file, mirror=os.environ.get(MIRROR_VARIABLE))
    shown = project.relative(path)
    if not path.is_file():
        raise _missing(path, shown, study, source_name, origin)
    receipt = path.with_name(RECEIPT)
    known = read_receipt(receipt, shown=project.relative(receipt))
    digest, size = digest_of(path, shown), path.stat().st_size
    delivery = Delivery(source_name, path, shown, digest, size, origin, path.name in known)
    _hold_receipt(delivery, known)
    return delivery


def is_lacking(project: Project, study: Study, source_name: str, edition: str, *, provider: str) -> bool:
    """Whether an edition does without a source: it may (`without` in study.yml), and its file never came.

    A file that its receipt tells of, and that is gone, was lost: it is asked for as any other.

    Parameters
    ----------
    project, study, source_name, edition, provider
        As for `find_delivery`.
    """
    if study.sources[source_name].required or edition not in study.editions:
        return False
    path = _path(project, study, source_name, edition, provider)
    receipt = path.with_name(RECEIPT)
    return not path.is_file() and path.name not in read_receipt(receipt, shown=project.relative(receipt))


def find_deliveries(
    project: Project, study: Study, edition: str, *, providers: Mapping[str, str]
) -> dict[str, Delivery]:
    """Find the file of each source of an edition, but for those that it does without.

    Parameters
    ----------
    providers
        The partner of each source's agreement.

    Raises
    ------
    DeliveryError
        As for `find_delivery`.
    """
    return {
        name: find_delivery(project, study, name, edition, provider=provider)
        for name, provider in providers.items()
        if not is_lacking(project, study, name, edition, provider=provider)
    }


def _path(project: Project, study: Study, source_name: str, edition: str, provider: str) -> Path:
    """Return where the file of a source is, or is to be."""
    folders = {
        "demo": project.demo(study.slug, edition),
        "raw": project.raw(provider, edition),
        "reference": project.reference,
        "public": project.public,
    }
    return folders[_origin(study, source_name, edition)] / study.sources[source_name].file


def _origin(study: Study, source_name: str, edition: str) -> Origin:
    origin: Origin = study.editions[edition].deliveries
    return "public" if study.sources[source_name].public is not None and origin != "demo" else origin


IN_PLACE = frozenset({".parquet"})
"""Formats that are read where they lie: their reader is as fast as the cache, and no broken file ends it."""


def load(delivery: Delivery, book: SourceCodebook, *, key: StudyKey, cache: Path | None = None) -> pd.DataFrame:
    """Return the tidy, pseudonymised frame of a delivery: read, checked, identities removed (`pseudonymise`).

    Parameters
    ----------
    delivery
        What `find_delivery` found.
    book
        The codebook of its source.
    key
        The study's key.
    cache
        The folder of the study's converted deliveries. What is not there is converted in a child process; what is
        among `IN_PLACE` is read where it lies. None: read in this process, and kept nowhere.

    Raises
    ------
    DeliveryError
        The file cannot be read or breaks its codebook; the message names the line.
    """
    try:
        if cache is None or delivery.path.suffix.lower() in IN_PLACE:
            return pseudonymise(read_tidy(delivery.path, book, shown=delivery.shown), book, key=key)
        entry = entry_of(cache, delivery.source, delivery.sha256, book, key=key)
        return converted(entry, Job(delivery.path, delivery.shown, book, key))
    except DeliveryError as error:
        if delivery.origin == "demo":
            error.hint = " ; ".join(
                filter(None, [error.hint, "si le codebook a changé depuis, refaites-les : etabli demo"])
            )
        raise


def write_receipt(folder: Path, files: Iterable[str]) -> Path:
    """Write the receipt of the named files of a folder, and return its path.

    Raises
    ------
    DeliveryError
        One of the files is not there.
    """
    entries = {}
    for name in files:
        path = folder / name
        if not path.is_file():
            raise DeliveryError("Un fichier à recevoir manque.", where=name)
        entries[name] = Entry(digest_of(path, name), path.stat().st_size)
    save_receipt(folder / RECEIPT, entries)
    return folder / RECEIPT


def _hold_name(kind: str, name: str, known: Iterable[str], study: Study) -> None:
    if name not in known:
        article = "L’édition" if kind == "édition" else "La source"
        raise DeliveryError(
            f"{article} « {name} » n’existe pas dans l’étude « {study.slug} ».",
            where=f"studies/{study.slug}/study.yml",
            expected=", ".join(known),
            got=name,
            hint=suggestion(name, known),
        )


def _missing(path: Path, shown: str, study: Study, source_name: str, origin: Origin) -> DeliveryError:
    present = [each.name for each in path.parent.iterdir() if each.is_file()] if path.parent.is_dir() else []
    close = nearest(path.name, present)
    hints = {
        "demo": f"fabriquez-le : etabli demo {study.slug}",
        "raw": f"recevez-le par « etabli deliveries add », ou déposez le fichier « {path.name} » dans ce dossier",
        "reference": "ce fichier fait partie du dépôt, rétablissez-le",
        "public": "relancez le passage, qui le télécharge",
    }
    return DeliveryError(
        missing_file(source_name),
        where=shown,
        expected=study.sources[source_name].description,
        got=f"un fichier au nom voisin, « {close} »" if close else None,
        hint=hints[origin],
    )


def missing_file(source_name: str) -> str:
    """Return the first line of the error for a file that is not there."""
    return f"Le fichier de la source « {source_name} » manque."


CUT = 0.9
"""Share of its bytes under which a file that lost some is told to be cut short: a copy that stopped, most often."""


def _hold_receipt(delivery: Delivery, receipt: dict[str, Entry]) -> None:
    if delivery.path.name not in receipt:
        return
    sha256, size = receipt[delivery.path.name].sha256, receipt[delivery.path.name].size
    if delivery.size < size:
        raise DeliveryError(
            "Le fichier est tronqué, ou a été modifié depuis sa réception."
            if delivery.size < CUT * size
            else "Le fichier a été modifié depuis sa réception, ou tronqué à sa fin.",
            where=delivery.shown,
            expected=f"{size} octets, selon {RECEIPT}",
            got=f"{delivery.size} octets",
            hint="rétablissez le fichier reçu, en entier, ou redemandez-le",
        )
    if delivery.sha256 != sha256:
        raise DeliveryError(
            "Le fichier a changé depuis sa réception.",
            where=delivery.shown,
            expected=f"l’empreinte {sha256[:12]}…, selon {RECEIPT}",
            got=f"{delivery.sha256[:12]}…, {delivery.size} octets",
            hint="rétablissez le fichier reçu, ou redemandez-le",
        )
