"""What several commands take: a study, or some of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from etabli.project import Project
from etabli.study import Study, read_study

Slug = Annotated[str, typer.Argument(metavar="ÉTUDE", help="Nom de l’étude (son dossier sous studies/).")]
Slugs = Annotated[list[str] | None, typer.Argument(metavar="[ÉTUDE…]", help="Études (toutes, si rien n’est dit).")]


def studies_of(project: Project, slugs: list[str] | None) -> list[Study]:
    """Return the named studies, or all of them."""
    return [read_study(project, slug) for slug in slugs or project.slugs()]


def today() -> date:
    """Return the day of whoever runs the command: the one place of the command line that reads the calendar."""
    return date.today()  # noqa: DTZ011  # the days of an agreement are local
