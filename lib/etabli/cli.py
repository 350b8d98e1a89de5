"""The `etabli` command: one thin function a command, in French; the work is done in the rooms below."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etabli.errors import ParameterError, RunError, suggestion
from etabli.project import Project, find_project
from etabli.study import PlannedRun, Study, read_study

if TYPE_CHECKING:
    from etabli.board import Board

_PARAMETER = ("-p", "--parameter")

app = typer.Typer(
    name="etabli",
    help="L’établi des études sociales : une étude déclarée une fois, rejouée sur chaque livraison.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Slug = Annotated[str, typer.Argument(metavar="ÉTUDE", help="Nom de l’étude (son dossier sous studies/).")]
Slugs = Annotated[list[str] | None, typer.Argument(metavar="[ÉTUDE…]", help="Études (toutes, si rien n’est dit).")]


def _say_version(*, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"etabli {version('etabli')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Dit la version d’etabli.",
            is_eager=True,
            callback=lambda value: _say_version(asked=value),
        ),
    ] = False,
) -> None:
    """L’établi des études sociales : une étude déclarée une fois, rejouée sur chaque livraison."""


@app.command("run")
def run_one(
    slug: Slug,
    parameters: Annotated[
        list[str] | None,
        typer.Option(*_PARAMETER, metavar="NOM VALEUR", help="Un paramètre de l’étude ; à répéter."),
    ] = None,
    edition: Annotated[
        str | None, typer.Option(metavar="ÉDITION", help="Édition (la dernière déclarée, sinon).")
    ] = None,
    audience: Annotated[str | None, typer.Option(metavar="AUDIENCE", help="Audience (internal, sinon).")] = None,
) -> None:
    """Lance une étude et écrit son rapport."""
    from etabli.board import Board

    project = find_project()
    study = read_study(project, slug)
    plan = study.plan(_asked(parameters or [], edition=edition, audience=audience))
    _make_all(project, [plan], Board.for_terminal())


@app.command("batch")
def run_many(
    slugs: Slugs = None,
    default: Annotated[
        bool, typer.Option("--default", help="Seulement les passages par défaut de chaque étude.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Dit ce qui serait fait, sans le faire.")] = False,
) -> None:
    """Lance tous les passages déclarés des études."""
    from etabli.board import Board

    project = find_project()
    plans = [plan for study in _studies(project, slugs) for plan in study.planned_runs(default_only=default)]
    board = Board.for_terminal()
    if dry_run:
        board.announce(project, plans)
        return
    _make_all(project, plans, board)


@app.command("list")
def list_runs(slugs: Slugs = None) -> None:
    """Montre les études, leurs passages, et les rapports qui existent."""
    from etabli.board import Board

    project = find_project()
    Board.for_terminal().list_runs(project, _studies(project, slugs))


@app.command("verify")
def verify_report(
    report: Annotated[str, typer.Argument(metavar="RAPPORT", help="Dossier du rapport, ou étude/passage.")],
) -> None:
    """Contrôle qu’un rapport est celui que son manifeste décrit, et dit ce qui a changé depuis."""
    from etabli.board import Board
    from etabli.runs.manifest import verify

    project = find_project()
    verdict = verify(project, _report_folder(project, report))
    Board.for_terminal().tell_verdict(verdict)
    if not verdict.intact:
        raise typer.Exit(1)


@app.command("demo")
def make_demo_data(
    slugs: Slugs = None,
    seed: Annotated[int, typer.Option(help="Graine du tirage : la même graine redonne les mêmes données.")] = 2024,
) -> None:
    """Fabrique les données de démonstration, avec leur vérité connue."""
    from etabli.board import Board
    from etabli.sources.codebook import read_codebook
    from etabli.sources.dummy import make_demo

    project = find_project()
    board = Board.for_terminal()
    for study in _studies(project, slugs):
        for edition, declared in study.editions.items():
            if declared.deliveries == "demo":
                made = make_demo(project, study, read_codebook(project, study), edition, seed=seed)
                board.say(f"{study.slug}, {declared.label} : {', '.join(project.relative(path) for path in made)}")


@app.command("new")
def new_study(
    slug: Slug,
    title: Annotated[str, typer.Option(metavar="TITRE", help="Titre de l’étude.")] = "Étude à titrer",
) -> None:
    """Crée une étude qui tourne tout de suite : déclaration, codebook, notebook, convention d’exemple."""
    from etabli.board import Board
    from etabli.scaffold import create_study

    project = find_project()
    board = Board.for_terminal()
    for path in create_study(project, slug, title=title):
        board.say(f"écrit : {project.relative(path)}")
    board.say(f"ensuite : etabli demo {slug}, puis etabli run {slug}")


@app.command("schema")
def write_schemas() -> None:
    """Écrit les schémas JSON de study.yml, codebook.yml et des conventions, pour les éditeurs."""
    from etabli.board import Board
    from etabli.scaffold import write_json_schemas

    project = find_project()
    for path in write_json_schemas(project):
        Board.for_terminal().say(f"écrit : {project.relative(path)}")


@app.command("notebooks")
def check_notebooks() -> None:
    """Contrôle la tenue des notebooks : sorties vides, paramètres, clôture, rien qui doive être dans lib/."""
    from etabli.board import Board
    from etabli.notebook import hold_against_study, hygiene_faults, read_notebook

    project = find_project()
    board, count = Board.for_terminal(), 0
    used = {study.notebook: study for study in _studies(project, None)}
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


@app.command("lab", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def lab(
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[OPTION…]", help="Options de jupyter lab.")] = None,
) -> None:
    """Ouvre JupyterLab dans le projet, en français."""
    from etabli.lab import open_lab

    open_lab(find_project(), arguments or [])


def _studies(project: Project, slugs: list[str] | None) -> list[Study]:
    return [read_study(project, slug) for slug in slugs or project.slugs()]


def joined_parameters(arguments: list[str]) -> list[str]:
    """Write each `-p NAME VALUE` as `-p NAME=VALUE`: typer has no repeated option of two values.

    >>> joined_parameters(["run", "sortir", "-p", "year", "2022", "-p", "a=b"])
    ['run', 'sortir', '-p', 'year=2022', '-p', 'a=b']
    """
    rest, joined = list(arguments), []
    while rest:
        word = rest.pop(0)
        joined.append(word)
        if word in _PARAMETER and len(rest) >= 2 and "=" not in rest[0]:
            name, value = rest.pop(0), rest.pop(0)
            joined.append(f"{name}={value}")
    return joined


def _asked(pairs: list[str], **named: str | None) -> dict[str, object]:
    """Return what a run is asked for; the same parameter asked twice is a mistake."""
    asked: dict[str, object] = {name: value for name, value in named.items() if value is not None}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ParameterError(f"Le paramètre « {name} » n’a pas de valeur.", expected=f"-p {name} valeur")
        if name in asked:
            raise ParameterError(f"Le paramètre « {name} » est donné deux fois.", got=f"{asked[name]}, puis {value}")
        asked[name] = value
    return asked


def _make_all(project: Project, plans: list[PlannedRun], board: Board) -> None:
    from etabli.publish.catalogue import write_catalogue
    from etabli.publish.export import make_report
    from etabli.runs.batch import run_batch

    if not plans:
        raise RunError("Aucun passage à faire.", hint="etabli list montre les passages déclarés")
    with board.watching():
        outcomes = run_batch(plans, lambda plan: make_report(project, plan, on_cell=board.on_cell), board)
    board.sum_up(outcomes)
    board.say(f"Catalogue : {write_catalogue(project)}")
    if any(outcome.error is not None for outcome in outcomes):
        raise typer.Exit(1)


def _report_folder(project: Project, report: str) -> Path:
    for place in (Path(report), project.reports / report):
        folder = place.parent if place.is_file() else place
        if folder.is_dir():
            return folder
    known = [path.parent.relative_to(project.reports).as_posix() for path in project.reports.glob("*/*/manifest.json")]
    raise RunError("Ce rapport n’existe pas.", where=report, hint=suggestion(report, known))
