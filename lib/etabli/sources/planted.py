"""The structure that a study plants in its demo data: its `demo.py`, the only code of a study that lib runs."""

from __future__ import annotations

import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pandas as pd

from etabli.errors import DeliveryError

Made = tuple[dict[str, pd.DataFrame], dict[str, Any]]
"""Frames in codes by source, and the planted truth."""


def plant(path: Path, shown: str, edition: str, seed: int) -> Made:
    """Run `make(edition, seed)` of a demo.py, loaded by its path.

    Whatever fails in it is the demo's mistake, told with its line.

    Raises
    ------
    DeliveryError
        demo.py fails, has no `make`, or `make` returns something else than frames and a truth.
    """
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
    if isinstance(made, tuple) and len(made) == 2:
        frames, truth = made
        tables = isinstance(frames, dict) and all(isinstance(frame, pd.DataFrame) for frame in frames.values())
        if tables and isinstance(truth, dict):
            return frames, truth
    raise DeliveryError(
        "« make » ne renvoie pas ce qu’il faut.",
        where=shown,
        expected="un couple : les DataFrame par source, et un dictionnaire (la vérité plantée)",
        got=f"un objet de type {type(made).__name__}",
    )
