"""Commands that make studies and keep them in order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etabli import french
from etabli.cli.arguments import Slug, Slugs, studies_of
from etabli.project import find_project


def make_demo_data(
    slugs: Slugs = None,
    rows: Annotated[
        int | None,
        typer.Option(
            metavar="LIGNES",
            min=1,
            max=100_000_000,
            help="Lignes de chaque source (environ, avec un demo.py).",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Graine du tirage : la même graine redonne les mêmes données.")
    ] = 2024,
) -> None:
    """Fabrique les données de démonstration, avec leur vérité connue."""
    from etabli.board import Board
    from etabli.sources.codebook import read_codebook
    from etabli.sources.dummy import make_demo

    project = find_project()
    board = Board.for_terminal()
    for study in studies_of(project, slugs):
        for edition, declared in study.editions.items():
            if declared.deliveries == "demo":
                codebook = read_codebook(project, study, edition=edition)
                made = make_demo(project, study, codebook, edition, seed=seed, rows=rows)
                board.say(f"{study.slug}, {declared.label} : {', '.join(project.relative(path) for path in made)}")


def new_study(
    slug: Slug,
    title: Annotated[str, typer.Option(metavar="TITRE", help="Titre de l’étude.")] = "Étude à titrer",
    file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FICHIER", help="Un fichier que l’étude lira : son codebook en est ébauché."),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(metavar="COLONNE", help="Avec --from : la colonne qui dit de qui est chaque ligne."),
    ] = None,
) -> None:
    """Crée une étude qui tourne tout de suite : déclaration, codebook, notebook, convention d’exemple."""
    from etabli.board import Board
    from etabli.scaffold import create_study, start_from
    from etabli.sources.writers import WRITERS

    project = find_project()
    board = Board.for_terminal()
    start = None if file is None else start_from(file, person=person)
    for path in create_study(project, slug, title=title, start=start):
        board.say(f"écrit : {project.relative(path)}")
    if file is not None:
        board.say(f"à relire ligne à ligne : studies/{slug}/codebook.yml, ébauché d’après {file.name}")
    if start is not None and start.suffix not in WRITERS:
        known = french.listing(list(WRITERS), last="ou")
        board.caution(
            f"aucune donnée fictive ne s’écrit en {start.suffix} : pour en avoir, faites enregistrer le fichier en "
            f"{known}, et donnez ce nom à « file » dans studies/{slug}/study.yml"
        )
    board.say(f"ensuite : etabli demo {slug}, puis etabli run {slug}")


def write_schemas() -> None:
    """Écrit les schémas JSON de study.yml, codebook.yml et des conventions, pour les éditeurs."""
    from etabli.board import Board
    from etabli.scaffold import write_json_schemas

    project = find_project()
    for path in write_json_schemas(project):
        Board.for_terminal().say(f"écrit : {project.relative(path)}")


def check_notebooks() -> None:
    """Contrôle la tenue des notebooks : sorties vides, paramètres, clôture, rien qui doive être dans lib/."""
    from etabli.board import Board
    from etabli.notebook import hold_against_study, hygiene_faults, read_notebook

    project = find_project()
    board, count = Board.for_terminal(), 0
    used = {study.notebook: study for study in studies_of(project, None)}
    for path in sorted(project.notebooks.glob("*.ipynb")):
        shown = project.relative(path)
        notebook = read_notebook(path, shown=shown)
        for fault in hygiene_faults(notebook, shown=shown):
            board.warn(f"{fault.where} : {fault.what}")
            count += 1
        if path.name in used:
            hold_against_study(notebook, used[path.name], shown=shown)
    if count:
        raise typer.Exit(1)
    board.say("Les notebooks sont bien tenus.")


def lab(
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[OPTION…]", help="Options de jupyter lab.")] = None,
) -> None:
    """Ouvre JupyterLab dans le projet, en français."""
    from etabli.lab import open_lab

    open_lab(find_project(), arguments or [])
