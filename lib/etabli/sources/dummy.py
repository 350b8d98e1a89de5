"""Demo deliveries of a study: its own `demo.py` when it has one, else drawn from its codebook.

A demo delivery takes the way of a real one: written as the partner writes, with a receipt, and read
back before it is kept. Rows are drawn and written chunk after chunk, parents before the children
that refer to them. `draw` and `write_delivery` are the two halves, for a test or a demo.py.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from etabli.errors import DeliveryError, suggestion
from etabli.project import Project
from etabli.sources.cells import delivered
from etabli.sources.checks import read_tidy, tidy
from etabli.sources.codebook import Codebook, SourceCodebook
from etabli.sources.deliveries import write_receipt
from etabli.sources.domains import ROWS_A_PERSON, Period
from etabli.sources.drawing import Draw, draw, draw_chunks
from etabli.sources.limits import LIMITS
from etabli.sources.metadata import LINE
from etabli.sources.outgoing import held, hold_variables
from etabli.sources.planted import Frames, plant
from etabli.sources.writers import write_delivery
from etabli.study import Edition, Study

__all__ = ["DEFAULT_ROWS", "TRUTH", "draw", "make_demo", "write_delivery"]

DEFAULT_ROWS = 1_000
"""Rows of a source that is drawn from its codebook."""

READ_BACK = 200_000
"""Rows up to which a delivery is read back whole; beyond, each chunk is held to the codebook as it is written."""

_YEAR: Period = Draw(0).period

TRUTH = "truth.json"
"""Beside the files: what demo.py planted in them, for the tests of the study."""


def make_demo(
    project: Project, study: Study, codebook: Codebook, edition: str, *, seed: int, rows: int | None = None
) -> list[Path]:
    """Make all demo deliveries of an edition, with their receipt and the truth planted in them.

    They are made in a folder beside the old ones and take their place only when they are whole. A
    `studies/<slug>/demo.py` defines `make(edition: str, seed: int)`, which returns frames in codes by
    source, identifiers as plain text, and the planted truth. A source that the study can do without may be left out. It
    may take `people`, and give a source chunk after chunk (`planted.plant`).

    Parameters
    ----------
    project, study, codebook
        Whose deliveries they are.
    edition
        One whose deliveries are `demo`.
    seed
        The same seed gives the same content; the bytes too, but for formats that hold the time of writing.
    rows
        Rows of each source (default: `DEFAULT_ROWS`); a source that others refer to has `ROWS_A_PERSON` times
        fewer. A demo.py makes as many people as such rows have.

    Returns
    -------
    list of Path
        The files of the sources, then the truth, then the receipt.

    Raises
    ------
    DeliveryError
        The edition is not a demo; demo.py fails, or returns what the codebook does not describe; no data keep
        the rules of the codebook; their format cannot hold them.
    """
    _hold_edition(study, edition)
    made, truth = _made(project, study, codebook, edition, seed=seed, rows=rows)
    folder = project.demo(study.slug, edition)
    staged = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    try:
        _write(staged, project, study, codebook, edition, made)
        (staged / TRUTH).write_text(_json(truth, study), encoding="utf-8")
        files = [source.file for source in study.sources.values() if (staged / source.file).is_file()]
        names = [*files, TRUTH, write_receipt(staged, files).name]
        _swap(staged, folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return [folder / name for name in names]


def _hold_edition(study: Study, edition: str) -> None:
    demos = [name for name, each in study.editions.items() if each.deliveries == "demo"]
    if edition not in demos:
        raise DeliveryError(
            f"L’édition « {edition} » de l’étude « {study.slug} » n’a pas de données de démonstration.",
            where=f"studies/{study.slug}/study.yml",
            expected="une édition marquée « deliveries: demo »",
            hint=suggestion(edition, demos),
        )


def _made(
    project: Project, study: Study, codebook: Codebook, edition: str, *, seed: int, rows: int | None
) -> tuple[Iterator[tuple[str, Frames]], dict[str, Any]]:
    """Return the frames by source, parents first, and the planted truth; a chunk is made when it is asked for."""
    path = project.studies / study.slug / "demo.py"
    if path.is_file():
        shown = project.relative(path)
        people = None if rows is None else max(1, round(rows / ROWS_A_PERSON))
        frames, truth = plant(path, shown, edition, seed, people=people)
        _hold_sources(frames, study, shown)
        return _planted(study, codebook, frames, shown), truth
    return _drawn(study, codebook, edition, seed, rows or DEFAULT_ROWS), {}


def _planted(study: Study, codebook: Codebook, frames: dict[str, Frames], shown: str) -> Iterator[tuple[str, Frames]]:
    for name in sorted((each for each in study.sources if each in frames), key=lambda each: _is_endless(study, each)):
        made = frames[name]
        whole = isinstance(made, pd.DataFrame) and len(made) <= READ_BACK
        yield name, made if whole else _checked(made, codebook.sources[name], f"{shown}, source « {name} »")


def _is_endless(study: Study, name: str) -> bool:
    """Whether a source is in a format without a last row: written last, for the others may be refused as too long."""
    limits = LIMITS.get(Path(study.sources[name].file).suffix.lower())
    return limits is not None and limits.rows is None and limits.cells is None


def _drawn(study: Study, codebook: Codebook, edition: str, seed: int, rows: int) -> Iterator[tuple[str, Frames]]:
    books = {name: codebook.sources[name] for name in study.sources}
    order = _parents_first(books, study)
    keys = _Keys({each for book in books.values() for each in _references(book).values()})
    heights = _heights(books, order)
    for name in order:
        parents = {variable: keys.of(parent) for variable, parent in _references(books[name]).items()}
        count = _fitting(max(1, round(rows / ROWS_A_PERSON ** heights[name])), books[name])
        # One child a parent at most, where its key may not come twice.
        once = [len(each) for variable, each in parents.items() if books[name].variables[variable].unique]
        count = min([count, *once])
        by = Draw(seed, _period(study.editions[edition]), parents, edition, name)
        yield name, keys.kept(name, draw_chunks(books[name], count, by))


def _fitting(rows: int, book: SourceCodebook) -> int:
    """Return the number of rows, within what the codebook says of the whole file."""
    for rule in book.rules:
        if rule.rows is not None:
            rows = max(rows, rule.rows.minimum or 1)
            rows = min(rows, rule.rows.maximum or rows)
    return rows


def _references(book: SourceCodebook) -> dict[str, str]:
    """Return, by variable that refers to another source, which « source.variable »."""
    return {name: variable.references for name, variable in book.variables.items() if variable.references}


def _parents_first(books: dict[str, SourceCodebook], study: Study) -> list[str]:
    graph = {name: [each.partition(".")[0] for each in _references(book).values()] for name, book in books.items()}
    for name, parents in graph.items():
        for parent in parents:
            if parent not in books:
                raise DeliveryError(
                    f"La source « {name} » renvoie à « {parent} », que l’étude ne reçoit pas.",
                    where=f"studies/{study.slug}/codebook.yml",
                    expected=f"une source de l’étude, {', '.join(books)}",
                    hint=suggestion(parent, books),
                )
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise DeliveryError(
            "Des sources renvoient les unes aux autres en rond : elles ne se tirent pas l’une après l’autre.",
            where=f"studies/{study.slug}/codebook.yml",
            got=" → ".join(error.args[1]),
            hint="écrivez un demo.py pour l’étude",
        ) from None


def _heights(books: dict[str, SourceCodebook], order: list[str]) -> dict[str, int]:
    """Return how many generations of sources refer to each one: 0 where none does."""
    heights = dict.fromkeys(order, 0)
    for name in reversed(order):
        for reference in _references(books[name]).values():
            parent = reference.partition(".")[0]
            heights[parent] = max(heights[parent], heights[name] + 1)
    return heights


def _period(edition: Edition) -> Period:
    """Return the days of an edition; a year of its own where only one end, or none, is declared."""
    year = pd.Timedelta(days=365)
    if edition.start and edition.end:
        return edition.start, edition.end
    if edition.start:
        return edition.start, edition.start + year
    return (edition.end - year, edition.end) if edition.end else _YEAR


class _Keys:
    """The keys of the sources that others refer to, kept as they are drawn (as Arrow text: some 20 bytes a key)."""

    def __init__(self, wanted: set[str]) -> None:
        self.wanted, self.parts = wanted, dict[str, list[pd.Series]]()

    def kept(self, source: str, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        names = [each.partition(".")[2] for each in self.wanted if each.partition(".")[0] == source]
        for frame in frames:
            for name in names:
                self.parts.setdefault(f"{source}.{name}", []).append(frame[name].dropna().drop_duplicates())
            yield frame

    def of(self, reference: str) -> pd.Series:
        keys: pd.Series = pd.concat(self.parts[reference]).drop_duplicates()
        return keys.reset_index(drop=True)


def _hold_sources(frames: dict[str, Frames], study: Study, shown: str) -> None:
    expected = f"les sources de l’étude, {', '.join(study.sources)}"
    for name in frames:
        if name not in study.sources:
            hint = suggestion(name, study.sources)
            what = f"« make » renvoie une source inconnue, « {name} »."
            raise DeliveryError(what, where=shown, expected=expected, hint=hint)
    for name, source in study.sources.items():
        if name not in frames and source.required:
            raise DeliveryError(f"« make » ne renvoie pas la source « {name} ».", where=shown, expected=expected)


def _write(
    folder: Path,
    project: Project,
    study: Study,
    codebook: Codebook,
    edition: str,
    made: Iterator[tuple[str, Frames]],
) -> None:
    """Write every source, and read it back."""
    for name, frames in made:
        file, book = study.sources[name].file, codebook.sources[name]
        shown = project.relative(project.demo(study.slug, edition) / file)
        rows = write_delivery(frames, book, folder / file)
        if rows <= READ_BACK:
            read_tidy(folder / file, book, shown=shown)


def _checked(frames: Frames, book: SourceCodebook, shown: str) -> Iterator[pd.DataFrame]:
    """Hold the chunks that demo.py makes to their codebook, as they pass; what is drawn holds already."""
    line = 2
    for frame in [frames] if isinstance(frames, pd.DataFrame) else frames:
        hold_variables(frame, book, shown)
        columns = {}
        for name, variable in book.variables.items():
            with held(name, variable, frame[name]):
                columns[name] = delivered(frame[name].reset_index(drop=True), variable, book.format)
        lines = pd.RangeIndex(line, line + len(frame), name=LINE)
        tidy(pd.DataFrame(columns).set_axis(lines), book, shown=shown)
        line += len(frame)
        yield frame


def _json(truth: dict[str, Any], study: Study) -> str:
    def plain(value: object) -> object:
        if isinstance(value, np.generic):
            return value.item()
        raise TypeError(type(value).__name__)

    try:
        return json.dumps(truth, ensure_ascii=False, indent=2, default=plain) + "\n"
    except (TypeError, ValueError) as error:
        raise DeliveryError(
            "La vérité plantée ne s’écrit pas en JSON.",
            where=f"studies/{study.slug}/demo.py",
            expected="des textes, des nombres, des listes et des dictionnaires",
            got=str(error),
        ) from None


def _swap(staged: Path, folder: Path) -> None:
    """Put the new folder in the place of the old one, which comes back if that fails."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if not folder.exists():
        staged.replace(folder)
        return
    folder.replace(old)
    try:
        staged.replace(folder)
    except BaseException:
        old.replace(folder)
        raise
    shutil.rmtree(old)
