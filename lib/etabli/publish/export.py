"""From an executed, checked notebook to the folder of a report.

`reports/<slug>/<run>/` holds `report.html`, `results.json`, `tables/*.csv` and `manifest.json`. It is
built beside its place and swapped in when it is whole: an earlier good report is never overwritten by a
broken one, and a reader never sees half of one.
"""

from __future__ import annotations

import copy
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import psutil

from etabli import french
from etabli.disclosure.gate import OPENING
from etabli.disclosure.scan import hold_folder
from etabli.errors import EtabliError, PersonalDataError, RunError
from etabli.project import Project
from etabli.publish.context import context
from etabli.runs.execute import Executed, OnCell, execute
from etabli.runs.manifest import FILE, hash_outputs
from etabli.study import PlannedRun

_REFUSALS = {
    errno.ENOSPC: "plus de place sur le disque",
    errno.EDQUOT: "quota de disque atteint",
    errno.EACCES: "écriture interdite",
    errno.EPERM: "écriture interdite",
    errno.EROFS: "disque en lecture seule",
    errno.ENOENT: "un dossier manque",
    errno.ENAMETOOLONG: "un nom de fichier trop long pour ce disque",
    errno.ENOTDIR: "un fichier tient la place d’un dossier",
    errno.EEXIST: "un fichier tient la place d’un dossier",
}
"""What a disk refuses, in French; the system's own words for the rest."""

REPORT = "report.html"
RESULTS = "results.json"


def make_report(project: Project, plan: PlannedRun, *, on_cell: OnCell | None = None) -> Path:
    """Execute a run and write its report.

    Returns
    -------
    Path
        The report's folder.

    Raises
    ------
    EtabliError
        The run fails, its files hold personal data, or they cannot be written. Nothing half-written is left; the
        half-executed notebook of a failed run is kept beside the report's place, and the message names it.
    """
    target = project.reports / plan.slug / plan.name
    kept = target.with_name(f"{plan.name}.failed.ipynb")
    with _work_folder(project, target) as work:
        try:
            executed = execute(project, plan, work=work, on_cell=on_cell)
        except EtabliError as error:
            raise _with_remains(error, project, plan, work, kept) from None
        staged = work / "report"
        write_report(executed, staged)
        _hold_personal_data(executed, staged)
        _swap(staged, target)
        kept.unlink(missing_ok=True)
    return target


def _hold_personal_data(executed: Executed, staged: Path) -> None:
    """Refuse files that name or reach a person, on their final bytes, whatever the audience.

    The only one they may name is the contact that study.yml declares.
    """
    contact = executed.study.contact
    try:
        hold_folder(staged, exempt=[each for each in (contact.name, contact.email) if each])
    except PersonalDataError as error:
        run = f"étude {executed.plan.slug}, passage {executed.plan.name}"
        raise RunError(
            error.what, where=f"{run} ; {error.where}", expected=error.expected, got=error.got, hint=error.hint
        ) from None


def write_report(executed: Executed, folder: Path) -> None:
    """Write the files of a report into a new folder."""
    payload = executed.clearance.payload
    folder.mkdir()
    (folder / REPORT).write_text(to_html(executed), encoding="utf-8", newline="\n")
    results = {
        "study": executed.plan.slug,
        "run": executed.plan.name,
        "parameters": executed.plan.parameters,
        "edition": executed.manifest.edition_label,
        "results": payload["results"],
    }
    (folder / RESULTS).write_text(
        json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n"
    )
    tables = folder / "tables"
    tables.mkdir()
    for name, text in payload["files"].items():
        # the byte-order mark is what makes Excel read UTF-8
        (tables / name).write_text(text, encoding="utf-8-sig", newline="")
    manifest = replace(executed.manifest, outputs=hash_outputs(folder))
    (folder / FILE).write_text(manifest.to_json(), encoding="utf-8", newline="\n")


def to_html(executed: Executed) -> str:
    """Return the report's page: one file, nothing fetched from any network."""
    notebook = _with_typography(executed.notebook)
    css = files("etabli.publish").joinpath("template/etabli/report.css").read_text(encoding="utf-8")
    resources = {"etabli": {**context(executed), "css": css, "left_out": [OPENING, "finish"]}}
    body, _ = _exporter().from_notebook_node(notebook, resources=resources)
    return str(body)


@cache
def _exporter() -> Any:
    """Return the exporter of this process: its template is compiled once for all reports."""
    from nbconvert.exporters import HTMLExporter

    folder = str(files("etabli.publish").joinpath("template"))
    return HTMLExporter(  # type: ignore[no-untyped-call]  # nbconvert
        template_name="etabli",
        extra_template_basedirs=[folder],
        exclude_anchor_links=True,
        optimistic_validation=True,  # once, not after each of its eleven steps
    )


def _with_typography(notebook: Any) -> Any:
    """Return a copy whose prose has French spaces and apostrophes."""
    copied = copy.deepcopy(notebook)
    for cell in copied["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = french.typography(cell["source"])
    return copied


@contextmanager
def _work_folder(project: Project, target: Path) -> Iterator[Path]:
    """Give a private folder on the disk of the reports, and turn what the disk refuses into one message."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target.parent)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        (work / _OWNER).write_text(str(os.getpid()), encoding="ascii")
    except OSError as error:
        raise disk_error("Le rapport n’a pas pu être écrit.", error, project, target) from None
    try:
        yield work
    except OSError as error:
        raise disk_error("Le rapport n’a pas pu être écrit.", error, project, target) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


_OWNER = "owner.pid"


def _remove_abandoned(folder: Path) -> None:
    """Remove the work folders of runs that were killed: they hold a half-executed notebook, which is not for anyone."""
    for owner in folder.glob(f".*/{_OWNER}"):
        pid = owner.read_text(encoding="ascii")
        if not (pid.isdigit() and psutil.pid_exists(int(pid))):
            shutil.rmtree(owner.parent, ignore_errors=True)


def disk_error(what: str, error: OSError, project: Project, target: Path) -> RunError:
    """Turn what the disk refuses into a message."""
    return RunError(
        what,
        where=project.relative(target),
        got=_REFUSALS.get(error.errno or 0, str(error.strerror or type(error).__name__)),
        hint="disque plein, ou dossier en lecture seule ? Ce qui existait est intact",
    )


def _with_remains(error: EtabliError, project: Project, plan: PlannedRun, work: Path, kept: Path) -> RunError:
    """Keep the half-executed notebook, and say where beside the study and the run."""
    place = ""
    for notebook in work.glob("*.ipynb"):
        notebook.chmod(0o600)
        notebook.replace(kept)
        place = project.relative(kept)
    where = f"étude {plan.slug}, passage {plan.name}" + (f" ; {error.where}" if error.where else "")
    remains = f"notebook interrompu gardé dans {place} (à ne pas diffuser)" if place else None
    former = project.reports / plan.slug / plan.name / REPORT
    unchanged = "le rapport précédent est inchangé" if former.is_file() else None
    hint = " ; ".join(each for each in (error.hint, remains, unchanged) if each)
    return RunError(error.what, where=where, expected=error.expected, got=error.got, hint=hint or None)


def _swap(staged: Path, target: Path) -> None:
    """Put a whole report in its place; the former one stays until the new one stands."""
    former = staged.with_name("former")
    if target.exists():
        target.replace(former)
    try:
        staged.replace(target)
    except OSError:
        if former.exists():
            former.replace(target)
        raise
