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
    ".pdf": lambda content, page, private: printed_complaint(content, page=page, private=private),
    ".docx": lambda content, page, _: editable_complaint(content, page=page),
    ".html": lambda content, page, _: excerpt_complaint(content, page=page),
}


def judges_of(folder: Path) -> dict[str, Judge]:
    """Return how each file beside a report, made of it, is held to its page, or to that of its restitution."""
    return {name: _judge(folder / name) for name in derived_in(folder)}


def _judge(path: Path) -> Judge:
    judge, page = _JUDGES[path.suffix], path.with_suffix(".html")
    if path.name in {PRINTED, EDITABLE, page.name}:
        return judge

    def of_restitution(content: bytes, _: str, private: Iterable[str]) -> str | None:
        if not page.is_file():
            return "ce qui est fait d’une restitution qui n’est pas là"
        return judge(content, page.read_text(encoding="utf-8", errors="replace"), private)

    return of_restitution


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


def forget(folder: Path, manifest: Manifest, names: Iterable[str]) -> Manifest:
    """Remove files that were made of what is no more beside a report; return its manifest without them."""
    gone = {name for name in names if name in manifest.derived or (folder / name).is_file()}
    if not gone:
        return manifest
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    left = replace(manifest, derived={name: told for name, told in manifest.derived.items() if name not in gone})
    _put(folder / FILE, left.to_json().encode("utf-8"))
    return left


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
