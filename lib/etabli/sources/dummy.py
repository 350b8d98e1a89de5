"""Demo deliveries of a study: its own `demo.py` when it has one, else drawn from its codebook.

A demo delivery takes the way of a real one: written as the partner writes, with a receipt, and read
back before it is kept. `draw` and `write_delivery` are the two halves, for a test or a demo.py.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from etabli.errors import DeliveryError, suggestion
from etabli.project import Project
from etabli.sources.checks import tidy
from etabli.sources.codebook import Codebook
from etabli.sources.deliveries import write_receipt
from etabli.sources.drawing import draw
from etabli.sources.planted import Made, plant
from etabli.sources.readers import read
from etabli.sources.writers import write_delivery
from etabli.study import Study

__all__ = ["DEFAULT_ROWS", "TRUTH", "draw", "make_demo", "write_delivery"]

DEFAULT_ROWS = 1_000
"""Rows of a source that is drawn from its codebook."""

TRUTH = "truth.json"
"""Beside the files: what demo.py planted in them, for the tests of the study."""


def make_demo(project: Project, study: Study, codebook: Codebook, edition: str, *, seed: int) -> list[Path]:
    """Make all demo deliveries of an edition, with their receipt and the truth planted in them.

    They are made in a folder beside the old ones and take their place only when they are whole. A
    `studies/<slug>/demo.py` defines `make(edition: str, seed: int)`, which returns frames in codes by
    source, identifiers as plain text, and the planted truth.

    Parameters
    ----------
    project, study, codebook
        Whose deliveries they are.
    edition
        One whose deliveries are `demo`.
    seed
        The same seed gives the same bytes.

    Returns
    -------
    list of Path
        The files of the sources, then the truth, then the receipt.

    Raises
    ------
    DeliveryError
        The edition is not a demo; demo.py fails, or returns what the codebook does not describe.
    """
    _hold_edition(study, edition)
    made, truth = _made(project, study, codebook, edition, seed)
    folder = project.demo(study.slug, edition)
    staged = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    try:
        names = _write(staged, project, study, codebook, edition, made, truth)
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


def _made(project: Project, study: Study, codebook: Codebook, edition: str, seed: int) -> Made:
    path = project.studies / study.slug / "demo.py"
    if path.is_file():
        made = plant(path, project.relative(path), edition, seed)
        _hold_sources(made[0], study, project.relative(path))
        return made
    places = enumerate(study.sources)
    return {name: draw(codebook.sources[name], DEFAULT_ROWS, seed=seed + place) for place, name in places}, {}


def _hold_sources(frames: dict[str, pd.DataFrame], study: Study, shown: str) -> None:
    expected = f"les sources de l’étude, {', '.join(study.sources)}"
    for name in frames:
        if name not in study.sources:
            hint = suggestion(name, study.sources)
            what = f"« make » renvoie une source inconnue, « {name} »."
            raise DeliveryError(what, where=shown, expected=expected, hint=hint)
    for name in study.sources:
        if name not in frames:
            raise DeliveryError(f"« make » ne renvoie pas la source « {name} ».", where=shown, expected=expected)


def _write(
    folder: Path,
    project: Project,
    study: Study,
    codebook: Codebook,
    edition: str,
    frames: dict[str, pd.DataFrame],
    truth: dict[str, Any],
) -> list[str]:
    """Write every source, read it back, then write truth and receipt; return the names of the files."""
    files = []
    for name, source in study.sources.items():
        shown = project.relative(project.demo(study.slug, edition) / source.file)
        write_delivery(frames[name], codebook.sources[name], folder / source.file)
        reading = read(folder / source.file, codebook.sources[name], shown=shown)
        tidy(reading.frame, reading.book or codebook.sources[name], shown=shown)
        files.append(source.file)
    (folder / TRUTH).write_text(_json(truth, study), encoding="utf-8")
    return [*files, TRUTH, write_receipt(folder, files).name]


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
