"""Restitutions: what `study.yml` declares for each of its readers, made of the report of their run."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from etabli import french
from etabli.declarations import place_of
from etabli.errors import DeclarationError, EtabliError, ParameterError, RunError
from etabli.project import Project
from etabli.publish.derived import forget, keep, report_page
from etabli.publish.editable import keep_docx
from etabli.publish.excerpts import FORMS, excerpt, excerpt_complaint
from etabli.publish.printing import find_browser, keep_print, pages_in, printed
from etabli.recipients import read_recipients, recipient_of
from etabli.runs.disk import disk_error
from etabli.runs.manifest import Manifest
from etabli.study import PlannedRun, Restitution, Study, read_study


@dataclass(frozen=True)
class Restituted:
    """A restitution that was made.

    Parameters
    ----------
    path
        Its page.
    length
        Its length in words: « 2 pages A4 », « 24 diapositives »; None: of a note, and no Chromium is there to tell.
    outdated
        Paragraphs of its introduction that cite a value which has changed since it was noted.
    """

    path: Path
    length: str | None
    outdated: tuple[str, ...]


def run_of(study: Study, name: str) -> PlannedRun:
    """Return the run of which a restitution is made."""
    return study.plan(study.restitutions[name].parameters)


def hold_recipients(project: Project, study: Study, names: Iterable[str]) -> None:
    """Hold the bodies for which restitutions are made to those that are declared, before any run is made.

    Raises
    ------
    DeclarationError
        A body is not declared, or is not of the run's audience; the message names the line of `study.yml`.
    """
    bodies, path = read_recipients(project), project.studies / study.slug / "study.yml"
    for name in names:
        try:
            recipient_of(bodies, run_of(study, name))
        except ParameterError as error:
            raise DeclarationError(
                f"La restitution « {name} » ne tient pas. {error.what}",
                where=place_of(path, ("restitutions", name, "parameters", "recipient"), shown=project.relative(path)),
                expected=error.expected,
                got=error.got,
                hint=error.hint,
            ) from None


def file_of(name: str) -> str:
    """Return the name of a restitution's file, beside its report."""
    return f"restitution-{name}.html"


def made_of(manifest: Manifest) -> list[str]:
    """Return the restitutions that were made of a report, by their keys."""
    found = (each.removeprefix("restitution-").removesuffix(".html") for each in manifest.derived)
    return sorted(name for name in found if file_of(name) in manifest.derived)


def called(project: Project, slug: str, name: str) -> str:
    """Return how a restitution is called: its title and its form; its key when the study no longer declares it."""
    with suppress(EtabliError):
        declared = read_study(project, slug).restitutions.get(name)
        if declared is not None:
            return french.typography(f"{declared.title} ({FORMS[declared.form].lower()})")
    return name


def write_restitution(project: Project, study: Study, name: str) -> Restituted:
    """Make a restitution of its report, which is there, beside it. What was made of a former one is removed.

    Raises
    ------
    RunError
        The report is not there or changed since, it does not answer a question that is kept, the restitution is longer
        than declared or holds a slide that no screen does, or the disk refuses.
    """
    declared, plan = study.restitutions[name], run_of(study, name)
    folder = project.reports / plan.slug / plan.name
    manifest, page = report_page(project, folder)
    made = excerpt(page, declared.form, declared.questions, name if declared.introduction else "")
    path, content = folder / file_of(name), made.encode("utf-8")
    try:
        length = _length(project, folder, manifest, made, declared, where=f"{_declared_in(project, study)}, {name}")
        if not (path.is_file() and path.read_bytes() == content):
            beside = [path.with_suffix(suffix).name for suffix in (".pdf", ".docx")]
            manifest = forget(folder, manifest, beside)
        keep(project, folder, manifest, path.name, content, excerpt_complaint(content, page=page))
        outdated = (each for each in manifest.outdated if f", introduction de « {name} »" in each)
        return Restituted(path, length, tuple(outdated))
    except OSError as error:
        raise disk_error("La restitution n’a pas pu être écrite.", error, project, path) from None


def print_restitution(project: Project, study: Study, name: str) -> Path:
    """Print a restitution that was made as PDF, beside it, and return the file.

    Raises
    ------
    EtabliError
        As `printing.keep_print`; the restitution is not that of its report any more.
    """
    path, manifest, page = _standing(project, study, name)
    return keep_print(project, path.parent, manifest, path.with_suffix(".pdf").name, page)


def write_restitution_docx(project: Project, study: Study, name: str) -> Path:
    """Write a restitution that was made as a Word document, beside it, and return the file.

    Raises
    ------
    EtabliError
        As `editable.keep_docx`; the restitution is not that of its report any more.
    """
    path, manifest, page = _standing(project, study, name)
    return keep_docx(project, path.parent, manifest, path.with_suffix(".docx").name, page)


def _standing(project: Project, study: Study, name: str) -> tuple[Path, Manifest, str]:
    """Return the file of a restitution, the manifest that tells it, and its page."""
    plan = run_of(study, name)
    path = project.reports / plan.slug / plan.name / file_of(name)
    manifest, _ = report_page(project, path.parent)
    content = path.read_bytes() if path.is_file() else b""
    if sha256(content).hexdigest() != manifest.derived.get(path.name):
        raise RunError(
            "Cette restitution n’est plus celle qui a été faite.",
            where=project.relative(path),
            hint=f"refaites-la : etabli restitute {study.slug} {name}",
        )
    return path, manifest, content.decode("utf-8")


def _declared_in(project: Project, study: Study) -> str:
    return f"{project.relative(project.studies / study.slug / 'study.yml')}, restitutions"


def _length(
    project: Project, folder: Path, manifest: Manifest, made: str, declared: Restitution, *, where: str
) -> str | None:
    """Return the length of a restitution in words; None where only a browser could tell, and there is none."""
    slides = made.count('<div class="slide') if declared.form == "slides" else None
    if slides is not None:
        _hold(slides, declared, where)
    try:
        find_browser()
    except RunError:
        return None if slides is None else _counted(slides, declared)
    content, _ = printed(project, folder, manifest, made)
    pages = pages_in(content)
    if slides is None:
        _hold(pages, declared, where)
    elif pages > slides:
        raise RunError(
            "Une diapositive est plus haute que l’écran.",
            where=where,
            expected=f"{_counted(slides, declared)} de 1280 sur 800 pixels",
            got=french.count(pages, "page imprimée", "pages imprimées"),
            hint="raccourcissez le paragraphe ou les notes les plus longs, ou l’introduction",
        )
    return _counted(pages, declared)


def _counted(number: int, declared: Restitution) -> str:
    one, many = ("diapositive", "diapositives") if declared.form == "slides" else ("page A4", "pages A4")
    return french.count(number, one, many)


def _hold(number: int, declared: Restitution, where: str) -> None:
    most = declared.longest
    if most is not None and number > most:
        raise RunError(
            f"La restitution « {declared.title} » est trop longue.",
            where=where,
            expected=f"{_counted(most, declared)} au plus",
            got=_counted(number, declared),
            hint="gardez moins de questions (« questions »), raccourcissez l’introduction, ou augmentez « length »",
        )
