"""What a worker without the project's folder needs, as bytes, and the report that it sends back.

A parcel holds the declarations, notebooks and deliveries that some runs read, under their paths from the root.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from etabli import french
from etabli.agreements import read_agreements
from etabli.errors import DeliveryError, RunError
from etabli.project import Project
from etabli.publish.export import make_report, put_report
from etabli.runs.manifest import COMMIT, git_state, write_git_state
from etabli.runs.outcome import Made, Usage
from etabli.sources.deliveries import RECEIPT, find_delivery
from etabli.study import PlannedRun, read_study

LEDGER = Path("data/ledger")
"""Where a ledger lies that no team shares."""

MOST_BYTES = 2 << 30
"""A parcel is held in memory, here and by each worker: what is larger wants a disk that machines share."""


@dataclass(frozen=True)
class Sent:
    """A report as bytes, by path from its folder, and what it took."""

    files: dict[str, bytes]
    usage: Usage | None


def pack(project: Project, plans: Iterable[PlannedRun], *, encrypted: bool) -> bytes:
    """Return the parcel of some runs.

    Parameters
    ----------
    encrypted
        Whether the way to the workers is; real deliveries take no other.

    Raises
    ------
    RunError
        Real deliveries would go in clear, or the parcel is too large.
    """
    found = list(_needed(project, plans))
    if not encrypted and any(path.is_relative_to(project.data / "raw") for path in found):
        raise RunError(
            "De vraies livraisons ne partent pas en clair vers des workers.",
            expected="un ordonnanceur en tls://, ou le dossier du projet sur un disque que tous partagent",
            hint="docs/scale.md dit comment",
        )
    size = sum(path.stat().st_size for path in found)
    if size > MOST_BYTES:
        raise RunError(
            "Ces livraisons sont trop grandes pour être envoyées aux workers.",
            expected=f"au plus {french.number(MOST_BYTES / 2**30)} Gio",
            got=f"{french.number(size / 2**30, 1)} Gio",
            hint="mettez le dossier du projet sur un disque que tous partagent",
        )
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in found:
            archive.add(path, _place_of(project, path).as_posix())
        text = write_git_state(*git_state(project)).encode()
        entry = tarfile.TarInfo(COMMIT)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return out.getvalue()


def make_parcel(parcel: bytes, plan: PlannedRun) -> Sent:
    """Make a report from a parcel, in a folder of the worker's own, and return it."""
    project = Project(_unpacked(parcel))
    made = make_report(project, plan)
    files = {
        path.relative_to(made.folder).as_posix(): path.read_bytes() for path in made.folder.rglob("*") if path.is_file()
    }
    return Sent(files, made.usage)


def receive(project: Project, plan: PlannedRun, sent: Sent) -> Made:
    """Put a report that a worker sent in its place, whole.

    Raises
    ------
    RunError
        The disk refuses it.
    """
    return Made(put_report(project, plan, sent.files), sent.usage)


def _place_of(project: Project, path: Path) -> Path:
    """Return where a file lies in a parcel: as in the project; a shared ledger, where it would lie alone."""
    if path.is_relative_to(project.ledger):
        return LEDGER / path.relative_to(project.ledger)
    return path.relative_to(project.root)


def _needed(project: Project, plans: Iterable[PlannedRun]) -> Iterator[Path]:
    """Yield the files that some runs read, each once."""
    seen: set[Path] = set()
    for path in _read_by(project, plans):
        if path not in seen and path.is_file():
            seen.add(path)
            yield path


def _read_by(project: Project, plans: Iterable[PlannedRun]) -> Iterator[Path]:
    yield project.lock
    yield from sorted(project.ledger.rglob("*"))
    yield from sorted(project.studies.glob("*.yml"))
    for slug, edition in dict.fromkeys((plan.slug, plan.edition) for plan in plans):
        study = read_study(project, slug)
        yield from sorted((project.studies / slug).rglob("*"))
        yield project.notebooks / study.notebook
        agreements = read_agreements(project, study)
        for name, source in study.sources.items():
            yield project.agreements / f"{source.agreement}.yml"
            try:
                path = find_delivery(project, study, name, edition, provider=agreements[source.agreement].provider).path
            except DeliveryError:
                continue  # the run will say so
            yield path
            yield path.with_name(RECEIPT)


@cache
def _unpacked(parcel: bytes) -> Path:
    """Unpack a parcel once a worker, in Dask's own folder for it, which goes with the worker."""
    folder = tempfile.mkdtemp(prefix="etabli-", dir=_own_folder())  # 0700
    with tarfile.open(fileobj=io.BytesIO(parcel)) as archive:
        archive.extractall(folder, filter="data")
    return Path(folder)


def _own_folder() -> str | None:
    from distributed import get_worker

    try:
        return str(get_worker().local_directory)
    except ValueError:
        return None  # not on a worker
