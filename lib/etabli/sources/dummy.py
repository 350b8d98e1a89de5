"""Demo deliveries of a study: its own `demo.py` when it has one, else drawn from its codebook.

A demo delivery takes the way of a real one: written as the partner writes, with a receipt, and read
back before it is kept. `draw` and `write_delivery` are the two halves, for a test or a demo.py.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
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
from etabli.sources.readers import read
from etabli.sources.writers import write_delivery
from etabli.study import Study

__all__ = ["DEFAULT_ROWS", "TRUTH", "draw", "make_demo", "write_delivery"]

DEFAULT_ROWS = 1_000
"""Rows of a source that is drawn from its codebook."""

TRUTH = "truth.json"
"""Beside the files: what demo.py planted in them, for the tests of the study."""

Made = tuple[dict[str, pd.DataFrame], dict[str, Any]]
"""Frames in codes by source, and the planted truth."""


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
        made = _made_by(path, project.relative(path), edition, seed)
        _hold_sources(made[0], study, project.relative(path))
        return made
    places = enumerate(study.sources)
    return {name: draw(codebook.sources[name], DEFAULT_ROWS, seed=seed + place) for place, name in places}, {}


def _made_by(path: Path, shown: str, edition: str, seed: int) -> Made:
    """Run `make` of a demo.py. Whatever fails in it is the demo's mistake, told with its line."""
    name = f"etabli_demo_{path.parent.name.replace('-', '_')}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DeliveryError("Le fichier de démonstration ne se charge pas.", where=shown)
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
        make = getattr(module, "make", None)
        made = make(edition, seed) if callable(make) else None
    except Exception as error:
        raise DeliveryError(
            "Le fichier de démonstration échoue.",
            where=f"{shown}, ligne {_line_of(error, path)}",
            got=f"{type(error).__name__} : {error}",
        ) from error
    finally:
        sys.modules.pop(name, None)
    if not callable(make):
        raise DeliveryError(
            "Le fichier de démonstration ne définit pas « make ».",
            where=shown,
            expected="make(edition: str, seed: int), qui renvoie les tableaux par source et la vérité plantée",
        )
    return _held(made, shown)


def _line_of(error: Exception, path: Path) -> int:
    """Return the last line of `path` that the error went through."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return next((line for line in reversed(lines) if line), 1)


def _held(made: object, shown: str) -> Made:
    frames, truth = made if isinstance(made, tuple) and len(made) == 2 else (None, None)
    if (
        isinstance(frames, dict)
        and isinstance(truth, dict)
        and all(isinstance(frame, pd.DataFrame) for frame in frames.values())
    ):
        return frames, truth
    raise DeliveryError(
        "« make » ne renvoie pas ce qu’il faut.",
        where=shown,
        expected="un couple : les DataFrame par source, et un dictionnaire (la vérité plantée)",
        got=f"un objet de type {type(made).__name__}",
    )


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
        tidy(read(folder / source.file, codebook.sources[name], shown=shown), codebook.sources[name], shown=shown)
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
