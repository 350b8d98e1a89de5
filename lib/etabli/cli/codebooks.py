"""Commands that describe a delivery, hold it to its description, and open a new edition."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etabli.cli.arguments import Slug, today
from etabli.errors import DeliveryError, suggestion
from etabli.project import Project, find_project
from etabli.study import Study, read_study

if TYPE_CHECKING:
    from etabli.board import Board
    from etabli.sources.drift import Drift

codebook = typer.Typer(help="Décrit une livraison.", no_args_is_help=True)
edition = typer.Typer(help="Ouvre une édition d’une étude.", no_args_is_help=True)


@codebook.callback()
def _of_codebooks() -> None:
    """Décrit une livraison."""


@edition.callback()
def _of_editions() -> None:
    """Ouvre une édition d’une étude."""


@codebook.command("init")
def draft_codebook(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="La livraison à décrire.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FICHIER", help="Où écrire l’ébauche (codebook.yml à côté, sinon)."),
    ] = None,
) -> None:
    """Ébauche le codebook d’une livraison, à relire ligne à ligne ; n’écrase jamais rien."""
    from etabli.board import Board
    from etabli.sources.drafts import draft, write_draft

    target = output or file.with_name("codebook.yml")
    written = write_draft(draft(file, shown=str(file)), target)
    Board.for_terminal().say(f"écrit : {written}, à relire avant de s’en servir")


def check_deliveries(
    slug: Slug,
    asked: Annotated[
        str | None, typer.Option("--edition", metavar="ÉDITION", help="Édition (la dernière déclarée, sinon).")
    ] = None,
) -> None:
    """Contrôle les livraisons d’une étude, et écrit leur rapport de qualité."""
    from etabli.board import Board
    from etabli.publish.quality import verdict, where_broken, write_quality
    from etabli.sources.admission import hold_edition
    from etabli.sources.codebook import read_codebook
    from etabli.sources.keys import keyring_of, missing_key
    from etabli.sources.quality import examine

    project = find_project()
    study = read_study(project, slug)
    chosen = asked or study.latest_edition
    hold_edition(project, study, chosen, day=today())
    book = read_codebook(project, study, edition=chosen)
    quality = examine(project, study, book, chosen, providers=_providers(project, study))
    page, board = write_quality(project, quality), Board.for_terminal()
    for source in quality.sources:
        (board.warn if source.blocks else board.say)(f"{source.source} : {verdict(source)}")
        if source.refusal is not None:
            board.say(source.refusal)
        if source.stray is not None:
            board.say(source.stray)
        for warning in source.warnings:
            board.caution(warning)
        for note in source.notes:
            board.say(note)
        board.table(
            ("effet", "règle", "lignes", "où", "exemple"),
            [("bloque" if each.blocks else "avertit", each.sentence, str(each.rows), where_broken(each),
              "".join(each.examples[:1])) for each in source.broken],
        )  # fmt: skip
        for each in source.broken:
            if each.hint is not None:
                board.say(f"  conseil ({', '.join(each.variables)}) : {each.hint}")
        board.table(
            ("mis en ordre", "variable", "lignes"),
            [(each.what, each.variable, str(each.rows)) for each in source.mendings],
        )
    board.say(f"Rapport de qualité (interne) : {project.relative(page)}")
    advice = missing_key(project, keyring_of(project, os.environ))
    if advice is not None and study.editions[chosen].deliveries == "raw":
        board.caution(advice)
    if quality.blocks:
        raise typer.Exit(1)


@edition.command("new")
def new_edition(
    slug: Slug,
    name: Annotated[str, typer.Argument(metavar="ÉDITION", help="Nom de la nouvelle édition : 2025-T1.")],
    origin: Annotated[
        str | None, typer.Option("--from", metavar="ÉDITION", help="Édition dont on part (celle d’avant, sinon).")
    ] = None,
) -> None:
    """Ouvre une édition : reprend les réglages, compare la livraison à la précédente. Se relance sans rien refaire."""
    from etabli.board import Board
    from etabli.editions import add_edition, drift_of
    from etabli.sources.admission import hold_edition
    from etabli.sources.deliveries import missing_file

    project, board = find_project(), Board.for_terminal()
    study = read_study(project, slug)
    others = [each for each in study.editions if each != name]
    declared = list(study.editions)
    before = declared[: declared.index(name)] if name in declared else others
    if others and not before and origin is None:
        board.say(f"{name} : première édition déclarée, sans édition précédente. Pour la comparer à une autre : --from")
        return
    base = origin or next(reversed(before), name)
    if base not in others:
        raise DeliveryError(f"L’édition « {base} » ne peut pas servir de départ.", hint=suggestion(base, others))
    if name not in study.editions:
        board.say(f"ajoutée à {project.relative(add_edition(project, study, name, origin=base))} : {name}")
        study = read_study(project, slug)
    for each in (base, name):
        hold_edition(project, study, each, day=today())
    try:
        drifts = drift_of(project, study, name, origin=base, providers=_providers(project, study))
    except DeliveryError as error:
        awaited = [source for source in study.sources if error.what == missing_file(source)]
        if not awaited or study.editions[name].deliveries != "raw" or f"/{name}/" not in str(error.where):
            error.hint = (
                f"{error.hint} ; pour comparer à une autre édition que {base} : --from" if awaited else error.hint
            )
            raise
        board.say(
            f"L’édition {name} est déclarée ; la livraison de « {awaited[0]} » n’est pas encore là. À son arrivée :"
        )
        board.say(f"  etabli deliveries add FICHIER --study {slug} --source {awaited[0]} --edition {name}")
        board.say(f"  etabli edition new {slug} {name}, de nouveau, la compare à l’édition {base}")
        return
    for drift in drifts:
        _tell_drift(board, drift, study.editions[name].form or name)
    if any(drift.blocks for drift in drifts):
        raise typer.Exit(1)
    board.say(f"Rien ne bloque. Ensuite : etabli check {slug} --edition {name}")


def _tell_drift(board: Board, drift: Drift, form: str) -> None:
    from etabli.editions import lines_to_paste

    if not drift.changes:
        board.say(f"{drift.source} : rien n’a bougé")
        return
    board.say(f"{drift.source} :")
    board.table(
        ("effet", "quoi", "changement"),
        [("bloque" if each.blocks else "à voir", each.subject, each.told) for each in drift.changes],
    )
    if drift.needs_lines:
        board.say("À relire, puis à mettre dans codebook.yml sous cette source :")
        board.say(lines_to_paste(drift, form))


def _providers(project: Project, study: Study) -> dict[str, str]:
    from etabli.agreements import read_agreements

    agreements = read_agreements(project, study)
    return {name: agreements[source.agreement].provider for name, source in study.sources.items()}
