"""Restitutions: what `study.yml` declares for each of its readers, made of the report of their run."""

from __future__ import annotations

from pathlib import Path

from etabli.project import Project
from etabli.publish.derived import keep, report_page
from etabli.publish.excerpts import excerpt, excerpt_complaint
from etabli.runs.disk import disk_error
from etabli.study import PlannedRun, Study


def run_of(study: Study, name: str) -> PlannedRun:
    """Return the run of which a restitution is made."""
    return study.plan(study.restitutions[name].parameters)


def file_of(name: str) -> str:
    """Return the name of a restitution's file, beside its report."""
    return f"restitution-{name}.html"


def write_restitution(project: Project, study: Study, name: str) -> Path:
    """Make a restitution of its report, which is there, beside it, and return the file.

    Raises
    ------
    RunError
        The report is not there or changed since, it does not answer a question that is kept, or the disk refuses.
    """
    declared, plan = study.restitutions[name], run_of(study, name)
    folder = project.reports / plan.slug / plan.name
    manifest, page = report_page(project, folder)
    content = excerpt(page, declared.form, declared.questions, name if declared.introduction else "").encode("utf-8")
    try:
        complaint = excerpt_complaint(content, page=page)
        return keep(project, folder, manifest, file_of(name), content, complaint)
    except OSError as error:
        told = "La restitution n’a pas pu être écrite."
        raise disk_error(told, error, project, folder / file_of(name)) from None
