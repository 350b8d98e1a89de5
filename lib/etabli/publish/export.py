"""From an executed, checked notebook to the folder of a report.

`reports/<slug>/<run>/` holds `report.html`, `results.json`, `tables/*.csv`, `tableaux.xlsx`, `figures/*.svg` and
`manifest.json`. It is built beside its place and swapped in when it is whole: an earlier good report is never
overwritten by a broken one, and a reader never sees half of one.
"""

from __future__ import annotations

import copy
import json
import os
import platform
import re
import shutil
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock
from pydantic import TypeAdapter

from etabli import french
from etabli.disclosure.exported import hold_exported, is_file_of_report
from etabli.disclosure.gate import OPENING
from etabli.disclosure.scan import hold_folder
from etabli.disclosure.workbook import WORKBOOK
from etabli.errors import EtabliError, GateError, InfrastructureError, PersonalDataError, RunError
from etabli.present.changes import RESULTS
from etabli.project import Project
from etabli.publish.context import context
from etabli.publish.style import style
from etabli.publish.terms import anchored, contents_of, glossary_of
from etabli.publish.workbook import workbook_of
from etabli.runs.disk import disk_error
from etabli.runs.execute import Executed, OnCell, execute
from etabli.runs.manifest import FILE, Manifest, hash_outputs, read_manifest
from etabli.runs.outcome import Made
from etabli.study import PlannedRun, Study, read_study

REPORT = "report.html"
SAID = "said.json"
"""What the report tells, region by region: for the ledger and the attacker. It is not copied to recipients."""


def make_report(project: Project, plan: PlannedRun, *, on_cell: OnCell | None = None) -> Made:
    """Execute a run and write its report.

    Returns
    -------
    Made
        The report's folder, and what it took to make it.

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
        clock = time.process_time()
        staged = work / "report"
        write_report(executed, staged)
        hold_for_leaving(project, executed.study, plan, staged)
        _swap(project, staged, target)
        kept.unlink(missing_ok=True)
    return Made(target, replace(executed.usage, cpu_seconds=executed.usage.cpu_seconds + time.process_time() - clock))


def hold_for_leaving(project: Project, study: Study, plan: PlannedRun, staged: Path) -> None:
    """Refuse files that no reader outside may have, on their final bytes: of leftovers first, then of personal data.

    Raises
    ------
    RunError
        A file holds one; the message names it.
    """
    if plan.audience != "internal":
        private = (str(project.root.resolve()), str(Path.home()))
        try:
            hold_exported(staged, manifest_keys=[each.name for each in fields(Manifest)], private=private)
        except GateError as error:
            raise _of_run(error, plan) from None
    _hold_personal_data(study, plan, staged)


def _hold_personal_data(study: Study, plan: PlannedRun, staged: Path) -> None:
    """Refuse files that name or reach a person, on their final bytes, whatever the audience.

    The only one they may name is the contact that study.yml declares.
    """
    contact = study.contact
    try:
        hold_folder(staged, exempt=[each for each in (contact.name, contact.email) if each])
    except PersonalDataError as error:
        raise _of_run(error, plan) from None


def _of_run(error: EtabliError, plan: PlannedRun) -> RunError:
    run = f"étude {plan.slug}, passage {plan.name}"
    return RunError(error.what, where=f"{run} ; {error.where}", expected=error.expected, got=error.got, hint=error.hint)


def put_report(project: Project, plan: PlannedRun, files: Mapping[str, bytes]) -> Path:
    """Put a report that was made elsewhere in its place, whole, and return its folder.

    It is held to what a report made here is held to: whoever made it is not believed.

    Parameters
    ----------
    files
        Its files, by path from its folder.

    Raises
    ------
    RunError
        It is not the report of that run, whole, as its manifest tells; its files may not leave; the disk refuses it.
    """
    strange = sorted(name for name in files if not is_file_of_report(name))
    if strange:
        raise foreign_report(plan, expected="des fichiers d’un rapport", got=", ".join(strange[:3]))
    study = read_study(project, plan.slug)
    target = project.reports / plan.slug / plan.name
    with _work_folder(project, target) as work:
        staged = work / "report"
        for name, content in files.items():
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _hold_told(plan, staged)
        hold_for_leaving(project, study, plan, staged)
        _swap(project, staged, target)
        target.with_name(f"{plan.name}.failed.ipynb").unlink(missing_ok=True)
    return target


def foreign_report(plan: PlannedRun, *, expected: str, got: str) -> RunError:
    """Return the error of a report that came from elsewhere and is not what was asked for."""
    return RunError(
        "Ce qu’un worker a rendu n’est pas le rapport demandé.",
        where=f"étude {plan.slug}, passage {plan.name}",
        expected=expected,
        got=got,
        hint="rien n’a été gardé ; quelqu’un d’autre se sert-il de ce cluster ?",
    )


def _hold_told(plan: PlannedRun, staged: Path) -> None:
    """Hold a report to its manifest, and its manifest to the run that was asked for."""
    read_manifest(staged, shown=f"{plan}, rendu par un worker")
    try:
        manifest = TypeAdapter(Manifest).validate_json((staged / FILE).read_bytes(), strict=True)
        datetime.fromisoformat(manifest.started)
    except ValueError:  # pydantic's are
        raise foreign_report(plan, expected=f"un fichier {FILE} d’un rapport", got="autre chose") from None
    told = PlannedRun(manifest.study, tuple(manifest.parameters.items()), manifest.run)
    if (told.slug, told.name, told.parameters) != (plan.slug, plan.name, plan.parameters):
        raise foreign_report(plan, expected=f"{plan} {plan.parameters}", got=f"{told} {told.parameters}")
    outputs = hash_outputs(staged)
    differing = sorted(
        name for name in {*outputs, *manifest.outputs} if outputs.get(name) != manifest.outputs.get(name)
    )
    differing += [name for name in (REPORT, RESULTS) if name not in outputs]
    if differing:
        raise foreign_report(
            plan, expected="les fichiers que dit son manifeste", got=f"autre chose : {', '.join(differing[:3])}"
        )


def write_report(executed: Executed, folder: Path, *, with_workbook: bool = True) -> None:
    """Write the files of a report into a new folder."""
    payload = executed.clearance.payload
    folder.mkdir()
    workbook = workbook_of(executed) if with_workbook else None
    if workbook is not None:
        (folder / WORKBOOK).write_bytes(workbook)
    page = to_html(executed, weight=len(workbook) if workbook else None)
    (folder / REPORT).write_text(page, encoding="utf-8", newline="\n")
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
    if payload["said"]:
        (folder / SAID).write_text(
            json.dumps(payload["said"], ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
        )
    tables, drawings = folder / "tables", folder / "figures"
    tables.mkdir()
    for name, text in payload["files"].items():
        if name.endswith(".png"):
            drawings.mkdir(exist_ok=True)
            (drawings / name).write_bytes(b64decode(text))
        elif name.endswith(".svg"):
            drawings.mkdir(exist_ok=True)
            (drawings / name).write_text(text, encoding="utf-8", newline="\n")
        else:  # the byte-order mark is what makes Excel read UTF-8
            (tables / name).write_text(text, encoding="utf-8-sig", newline="")
    manifest = replace(executed.manifest, outputs=hash_outputs(folder))
    (folder / FILE).write_text(manifest.to_json(), encoding="utf-8", newline="\n")


def to_html(executed: Executed, *, weight: int | None = None) -> str:
    """Return the report's page: one file, nothing fetched from any network.

    Parameters
    ----------
    weight
        Bytes of the workbook beside it; None when there is none.
    """
    notebook = _with_typography(executed.notebook)
    resources = {"etabli": {**context(executed, weight=weight), "css": style(), "left_out": [OPENING, "finish"]}}
    body, _ = _exporter().from_notebook_node(notebook, resources=resources)
    return str(body)


@cache
def _exporter() -> Any:
    """Return the exporter of this process: its template is compiled once for all reports."""
    from nbconvert.exporters import HTMLExporter

    folder = str(files("etabli.publish").joinpath("template"))
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]  # nbconvert
        template_name="report",
        extra_template_basedirs=[folder],
        exclude_anchor_links=True,
        optimistic_validation=True,  # once, not after each of its eleven steps
    )
    exporter.register_filter("anchored", anchored)  # type: ignore[no-untyped-call]
    exporter.register_filter("contents", contents_of)  # type: ignore[no-untyped-call]
    exporter.register_filter("glossary", _glossary)  # type: ignore[no-untyped-call]
    return exporter


def _glossary(page: str) -> list[tuple[str, str]]:
    return [(french.typography(name), french.typography(meaning)) for name, meaning in glossary_of(page)]


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
        remove_abandoned(target.parent)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        (work / _DRAFT).write_text(_signature(), encoding="utf-8")
        (work / _DRAFT).replace(work / _OWNER)  # whole from the first: another process may be looking
    except OSError as error:
        raise disk_error("Le rapport n’a pas pu être écrit.", error, project, target) from None
    try:
        yield work
    except OSError as error:
        raise disk_error("Le rapport n’a pas pu être écrit.", error, project, target) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


_WORK = re.compile(r"\..+\.[a-z0-9_]{8}")
"""The name of a work folder: the run's, hidden, and what `mkdtemp` adds."""

_OWNER, _DRAFT = "owner.pid", "owner"

_JUST_MADE = 60.0
"""Seconds: a work folder that nobody signed is not older while its run is there."""

_SLIP = 3.0
"""Seconds by which the start of a process may seem to move, should the clock be set between two looks at it."""


def _signature() -> str:
    """Return what tells this process from any other: its machine, its number, and when it started."""
    return f"{platform.node()} {os.getpid()} {_started(os.getpid()):.0f}"


def _started(pid: int) -> float:
    """Return when a process started, in seconds since the machine did: no clock that is set changes that.

    Raises
    ------
    psutil.Error
        There is no such process.
    """
    return psutil.Process(pid).create_time() - psutil.boot_time()


def _is_at_work(signature: str) -> bool:
    """Whether the process that signed may still be there; that of another machine always may."""
    words = signature.split()
    if len(words) != 3:
        return False
    node, pid, started = words
    if node != platform.node():
        return True
    try:
        return abs(_started(int(pid)) - float(started)) < _SLIP
    except (ValueError, psutil.Error):
        return False


def remove_abandoned(folder: Path) -> None:
    """Remove the work folders that killed runs left among the reports of a study.

    They hold a half-executed notebook, which is not for anyone. The former report of a run that was killed between
    the two halves of its swap is put back.
    """
    for work in (each for each in folder.glob(".*") if _WORK.fullmatch(each.name) and not each.is_symlink()):
        with suppress(FileNotFoundError):  # its run ends, or another one removes it too
            _remove_if_abandoned(work)


def _remove_if_abandoned(work: Path) -> None:
    try:
        signature = (work / _OWNER).read_text(encoding="utf-8")
    except (NotADirectoryError, UnicodeDecodeError):
        return
    except FileNotFoundError:  # just made, or killed as it was, before it held anything else
        age = time.time() - work.stat().st_mtime
        if {each.name for each in work.glob("*")} <= {_DRAFT} and age > _JUST_MADE:
            shutil.rmtree(work, ignore_errors=True)
        return
    if not _is_at_work(signature):
        former, place = work / _FORMER, work.with_name(work.name.removeprefix(".").rpartition(".")[0])
        if former.is_dir() and not place.exists():
            former.replace(place)
        shutil.rmtree(work, ignore_errors=True)


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
    kind = InfrastructureError if isinstance(error, InfrastructureError) else RunError
    return kind(error.what, where=where, expected=error.expected, got=error.got, hint=hint or None)


_FORMER = "former"


def _swap(project: Project, staged: Path, target: Path) -> None:
    """Put a whole report in its place; the former one stays until the new one stands.

    Two processes that made the same report do it one after the other.
    """
    former = staged.with_name(_FORMER)
    project.batches.mkdir(parents=True, exist_ok=True)
    with FileLock(project.batches / f"{target.parent.name}.lock"):
        if target.exists():
            target.replace(former)
        try:
            staged.replace(target)
        except OSError:
            if former.exists():
                former.replace(target)
            raise
