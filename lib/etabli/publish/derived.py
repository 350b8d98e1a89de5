"""Files made of a report afterwards: from its page, kept beside it, told in its manifest, and no output of its run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from etabli.disclosure.editable import EDITABLE, editable_complaint
from etabli.disclosure.exported import Judge
from etabli.disclosure.printed import PRINTED, printed_complaint
from etabli.errors import GateError, RunError
from etabli.project import Project
from etabli.publish.excerpts import excerpt_complaint
from etabli.publish.export import REPORT
from etabli.runs.manifest import FILE, Manifest, derived_in, read_manifest

_JUDGES: dict[str, Judge] = {
    PRINTED: lambda content, page, private: printed_complaint(content, page=page, private=private),
    EDITABLE: lambda content, page, _: editable_complaint(content, page=page),
}


def judges_of(folder: Path) -> dict[str, Judge]:
    """Return how each file beside a report, made of it, is held to its page."""
    return {name: _JUDGES.get(name, _of_excerpt) for name in derived_in(folder)}


def _of_excerpt(content: bytes, page: str, _: Iterable[str]) -> str | None:
    return excerpt_complaint(content, page=page)


def report_page(project: Project, folder: Path) -> tuple[Manifest, str]:
    """Return the manifest and the page of a report, which must be the one that the manifest tells.

    Raises
    ------
    RunError
        The folder is not that of a report, or its page changed since it was made.
    """
    shown = project.relative(folder)
    manifest = read_manifest(folder, shown=shown)
    try:
        content = (folder / REPORT).read_bytes()
    except FileNotFoundError:
        content = b""
    if sha256(content).hexdigest() != manifest.outputs.get(REPORT):
        raise RunError(
            "Ce rapport a été modifié depuis qu’il a été fait.",
            where=f"{shown}/{REPORT}",
            hint="refaites-le par etabli run, puis recommencez",
        )
    return manifest, content.decode("utf-8")


def keep(project: Project, folder: Path, manifest: Manifest, name: str, content: bytes, complaint: str | None) -> Path:
    """Put a file made of a report beside it, unless there is something to complain of; tell its digest in the manifest.

    Raises
    ------
    GateError
        There is.
    OSError
        The disk refuses.
    """
    if complaint:
        raise GateError(
            "Ce fichier, fait du rapport, ne peut pas quitter la maison.",
            where=f"{project.relative(folder)}/{name}",
            expected="ce que dit la page du rapport, et rien de plus",
            got=complaint,
            hint="rien n’est gardé ; le rapport se lit et s’imprime depuis un navigateur",
        )
    _put(folder / name, content)
    told = replace(manifest, derived={**manifest.derived, name: sha256(content).hexdigest()})
    _put(folder / FILE, told.to_json().encode("utf-8"))
    return folder / name


def derived_of(folder: Path, manifest: Manifest) -> tuple[list[str], list[str]]:
    """Return the files beside a report that were made of this very one, and those that were not."""
    there = derived_in(folder)
    own = [name for name in there if sha256((folder / name).read_bytes()).hexdigest() == manifest.derived.get(name)]
    return own, [name for name in there if name not in own]


def _put(target: Path, content: bytes) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
