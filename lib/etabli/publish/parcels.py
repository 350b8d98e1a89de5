"""What a worker without the project's folder needs, as bytes, and the report that it sends back.

A parcel holds the declarations, notebooks and deliveries that some runs read, under their paths from the root.
"""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import TypeAdapter

from etabli import french
from etabli.agreements import read_agreements
from etabli.errors import DeliveryError, EtabliError, InfrastructureError, RunError
from etabli.present.changes import RESULTS
from etabli.present.grounds import files_of_grounds
from etabli.present.previous import previous_of
from etabli.project import Project
from etabli.publish.export import foreign_report, make_report, put_report
from etabli.runs.manifest import COMMIT, git_state, write_git_state
from etabli.runs.outcome import Made, Usage
from etabli.sources.deliveries import RECEIPT, find_delivery
from etabli.study import PlannedRun, read_study

LEDGER = Path("data/ledger")
"""Where a ledger lies that no team shares."""

MOST_BYTES = 2 << 30
"""A parcel is held in memory, here and by each worker: what is larger wants a disk that machines share."""

MOST_COUNTED = 2**63
"""No run takes as many seconds, bytes or results."""


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
    raw = project.data / "raw"
    if not encrypted and any(
        path.is_relative_to(raw) or path.resolve().is_relative_to(raw.resolve()) for path in found
    ):
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
    with tarfile.open(fileobj=out, mode="w", dereference=True) as archive:
        for path in found:
            archive.add(path, _place_of(project, path).as_posix())
        text = write_git_state(*git_state(project)).encode()
        entry = tarfile.TarInfo(COMMIT)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return out.getvalue()


def make_parcel(parcel: bytes, plan: PlannedRun) -> bytes:
    """Make a report from a parcel, in a folder of the worker's own, and return it as `receive` reads it.

    JSON, and no object of Python: the driver believes nothing of it before it has looked. A run that failed comes back
    in the same way.
    """
    project = Project(_unpacked(parcel))
    told: dict[str, Any]
    try:
        made = make_report(project, plan)
    except EtabliError as error:
        lost = isinstance(error, InfrastructureError)
        words = {"what": error.what, **{name: getattr(error, name) for name in _DETAILS}}
        told = {"error": {"lost": lost, **words}}
    else:
        files = {
            path.relative_to(made.folder).as_posix(): b64encode(path.read_bytes()).decode("ascii")
            for path in made.folder.rglob("*")
            if path.is_file()
        }
        told = {"files": files, "usage": None if made.usage is None else asdict(made.usage)}
    return json.dumps(told, ensure_ascii=False).encode("utf-8")


def receive(project: Project, plan: PlannedRun, sent: object) -> Made:
    """Put a report that a worker sent in its place, whole.

    Raises
    ------
    RunError
        The run failed there; what came back is not its report (`put_report`); the disk refuses it.
    """
    try:
        if type(sent) is not bytes:
            raise TypeError  # told below, as any other form
        told = json.loads(sent, parse_constant=_refused)
        usage = _usage(told.get("usage"))
        files = {name: b64decode(text, validate=True) for name, text in _texts(told.get("files", {})).items()}
        error = told.get("error")
        failed = None if error is None else _failed(error)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):  # pydantic's are ValueErrors
        raise foreign_report(plan, expected="un rapport, ou une erreur, en JSON", got="autre chose") from None
    if failed is not None:
        raise failed
    return Made(put_report(project, plan, files), usage)


_DETAILS = ("where", "expected", "got", "hint")


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _texts(told: object) -> dict[str, str]:
    return TypeAdapter(dict[str, str]).validate_python(told, strict=True)


def _usage(told: object) -> Usage | None:
    if told is None:
        return None
    found = TypeAdapter(Usage).validate_json(json.dumps(told), strict=True)
    numbers = [each for each in vars(found).values() if isinstance(each, int | float)]
    if not all(0 <= each < MOST_COUNTED for each in numbers):
        raise ValueError(numbers)
    return found


def _failed(told: dict[str, Any]) -> RunError:
    words = TypeAdapter(dict[str, str | None]).validate_python({n: told[n] for n in ("what", *_DETAILS)}, strict=True)
    kind = InfrastructureError if told["lost"] is True else RunError
    return kind(words["what"] or "", **{name: words[name] for name in _DETAILS})


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
    yield from files_of_grounds(project)
    for plan in plans:
        previous = previous_of(project, read_study(project, plan.slug), plan)
        if previous is not None and previous.content:
            yield project.reports / previous.report / RESULTS
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
        for member in archive:
            _unpack(archive, member, Path(folder))
    return Path(folder)


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one file of a parcel: plain files within the folder alone, which is all that `pack` puts in one.

    `extractall(filter="data")` does so too, but not before Python 3.11.4, and Debian has 3.11.2.
    """
    place = PurePosixPath(member.name)
    is_plain = member.isreg() and not place.is_absolute() and ".." not in place.parts
    content = archive.extractfile(member) if is_plain else None
    if content is None:
        raise InfrastructureError("Un colis du cluster est abîmé.", got=member.name, hint="relancez le lot")
    target = folder / place
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(content, file)


def _own_folder() -> str | None:
    from distributed import get_worker

    try:
        return str(get_worker().local_directory)
    except ValueError:
        return None  # not on a worker
