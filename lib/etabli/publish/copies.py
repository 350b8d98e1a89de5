"""The copy that leaves: the reports released to one body, with a catalogue of their own, in a folder for it alone."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from etabli.disclosure.ledger import Ledger, Release
from etabli.disclosure.workbook import WORKBOOK
from etabli.errors import ReleaseError
from etabli.present.changes import RESULTS
from etabli.project import Project
from etabli.publish.catalogue import INDEX, page_of
from etabli.publish.derived import derived_of
from etabli.publish.export import REPORT
from etabli.recipients import Recipients
from etabli.runs.disk import disk_error
from etabli.runs.manifest import FILE, Manifest, hash_outputs, read_manifest


@dataclass(frozen=True)
class Copies:
    """What was copied, what an earlier copy still holds although it was withdrawn, and files not made of a report."""

    folders: tuple[Path, ...]
    withdrawn: tuple[Path, ...]
    foreign: tuple[Path, ...] = ()


def publish(project: Project, ledger: Ledger, bodies: Recipients, recipient: str, destination: Path) -> Copies:
    """Copy the reports released to a body, each as it was released last, with their catalogue.

    Parameters
    ----------
    destination
        A folder for this body; what else lies there stays. A report is built beside its place and swapped in.

    Raises
    ------
    ReleaseError
        Nothing was released to it, the folder is that of the house's reports, or a report changed since its release:
        nothing is copied then.
    RunError
        The disk refuses.
    """
    name = bodies.recipient(recipient).name
    target = destination.resolve()
    if target == project.root.resolve() or target.is_relative_to(project.reports.resolve()):
        raise ReleaseError(
            "La copie d’un destinataire ne va pas parmi les rapports de la maison.", where=project.relative(target)
        )
    released = {each.report: each for each in ledger.releases if each.recipient == recipient and not each.withdrawn}
    if not released:
        raise ReleaseError(f"Rien n’a été rendu à {name}.", hint="etabli release RAPPORT --to " + recipient)
    manifests = {report: _as_released(project, each) for report, each in released.items()}
    try:
        copied = [_copy(project.reports / name, target / name, manifest) for name, manifest in manifests.items()]
        page = page_of(
            project,
            [(target / report, manifest) for report, manifest in manifests.items()],
            target,
            banner=f"Rapports rendus à {name}",
        )
        draft = target / f".{INDEX}.{os.getpid()}"
        draft.write_text(page, encoding="utf-8", newline="\n")
        draft.replace(target / INDEX)
    except OSError as error:
        raise disk_error("La copie n’a pas pu être écrite.", error, project, target) from None
    gone = {each.report for each in ledger.releases if each.recipient == recipient and each.withdrawn} - set(released)
    foreign = [
        project.reports / report / name
        for report, manifest in manifests.items()
        for name in derived_of(project.reports / report, manifest)[1]
    ]
    return Copies(
        tuple(copied), tuple(target / each for each in sorted(gone) if (target / each).is_dir()), tuple(foreign)
    )


def _as_released(project: Project, release: Release) -> Manifest:
    """Return the manifest of a report that is still, to the byte, the one that was released."""
    folder = project.reports / release.report
    shown = project.relative(folder)
    manifest = read_manifest(folder, shown=shown)
    now = hash_outputs(folder)
    changed = sorted(name for name in {*now, *release.outputs} if now.get(name) != release.outputs.get(name))
    if changed or manifest.outputs != release.outputs:
        raise ReleaseError(
            "Ce rapport n’est plus celui qui a été rendu.",
            where=shown,
            expected=f"le rapport de la diffusion {release}",
            got=", ".join(changed) or FILE,
            hint="rendez le nouveau par etabli release, ou rétablissez l’ancien",
        )
    return manifest


def _copy(source: Path, target: Path, manifest: Manifest) -> Path:
    """Copy what a reader opens, and nothing else: no notebook, no statement for the ledger."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "tables").mkdir(parents=True)
    for name in (REPORT, RESULTS, FILE):
        shutil.copyfile(source / name, draft / name)
    if (source / WORKBOOK).is_file():  # a report without a table has none, nor have those of before there was one
        shutil.copyfile(source / WORKBOOK, draft / WORKBOOK)
    for name in derived_of(source, manifest)[0]:
        shutil.copyfile(source / name, draft / name)
    for path in [*sorted(source.glob("tables/*.csv")), *sorted(source.glob("figures/*.svg"))]:
        copied = draft / path.relative_to(source)
        copied.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copied)
    former = target.with_name(f".{target.name}.former.{os.getpid()}")
    if target.exists():
        target.replace(former)
    draft.replace(target)
    shutil.rmtree(former, ignore_errors=True)
    return target
