"""The structure that a study plants in its demo data: its `demo.py`, the only code of a study that lib runs."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Iterable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pandas as pd

from etabli.errors import DeliveryError

Frames = pd.DataFrame | Iterable[pd.DataFrame]
"""One frame, or several that follow one another, made as they are asked for."""

Made = tuple[dict[str, Frames], dict[str, Any]]
"""Frames in codes by source, and the planted truth."""


def plant(path: Path, shown: str, edition: str, seed: int, *, people: int | None = None) -> Made:
    """Run `make(edition, seed)` of a demo.py, loaded by its path, or `make(edition, seed, people=…)`.

    A source may be given chunk after chunk, by a generator. The truth is written after the last
    chunk: the generator may complete it as it goes. Whatever fails in demo.py is its own mistake, told with its line.
    It may be written in several files of its folder, which it imports by `from .people import …`.

    Parameters
    ----------
    path, shown
        The demo.py, and how messages name it.
    edition, seed
        What it makes; the same seed gives the same frames.
    people
        For how many people, where `make` takes `people`; None leaves it to demo.py.

    Raises
    ------
    DeliveryError
        demo.py fails, has no `make`, or `make` returns something else than frames and a truth.
    """
    name = f"etabli_demo_{path.parent.name.replace('-', '_')}"
    spec = spec_from_file_location(name, path, submodule_search_locations=[str(path.parent)])
    if spec is None or spec.loader is None:
        raise DeliveryError("Le fichier de démonstration ne se charge pas.", where=shown)
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
        make = getattr(module, "make", None)
        size = {} if people is None else {"people": people}
        if callable(make) and size:
            _hold_scales(make, shown)
        made = make(edition, seed, **size) if callable(make) else None
    except DeliveryError:
        raise
    except Exception as error:
        raise _failure(error, path, shown) from error
    finally:
        for loaded in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[loaded]
    if not callable(make):
        raise DeliveryError(
            "Le fichier de démonstration ne définit pas « make ».",
            where=shown,
            expected="make(edition: str, seed: int), qui renvoie les tableaux par source et la vérité plantée",
        )
    return _held(made, path, shown)


def _hold_scales(make: Any, shown: str) -> None:
    kinds = [each.kind for each in inspect.signature(make).parameters.values()]
    if "people" not in inspect.signature(make).parameters and inspect.Parameter.VAR_KEYWORD not in kinds:
        raise DeliveryError(
            "Ces données de démonstration ne changent pas de taille.",
            where=shown,
            expected="make(edition, seed, people=…), où people est le nombre de personnes",
            hint="ajoutez ce paramètre à « make », ou n’employez pas --rows pour cette étude",
        )


def _failure(error: Exception, path: Path, shown: str) -> DeliveryError:
    return DeliveryError(
        "Le fichier de démonstration échoue.",
        where=f"{shown}, ligne {_line_of(error, path)}",
        got=f"{type(error).__name__} : {error}",
    )


def _line_of(error: Exception, path: Path) -> int:
    """Return the last line of `path` that the error went through."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return next((line for line in reversed(lines) if line), 1)


def _held(made: object, path: Path, shown: str) -> Made:
    if isinstance(made, tuple) and len(made) == 2:
        frames, truth = made
        if isinstance(frames, dict) and isinstance(truth, dict) and all(_is_frames(each) for each in frames.values()):
            given = {name: each if _is_frame(each) else _chunks(each, path, shown) for name, each in frames.items()}
            return given, truth
    raise DeliveryError(
        "« make » ne renvoie pas ce qu’il faut.",
        where=shown,
        expected="un couple : les DataFrame par source (ou leurs morceaux), et un dictionnaire (la vérité plantée)",
        got=f"un objet de type {type(made).__name__}",
    )


def _is_frame(made: object) -> bool:
    return isinstance(made, pd.DataFrame)


def _is_frames(made: object) -> bool:
    return _is_frame(made) or (isinstance(made, Iterable) and not isinstance(made, str | bytes | dict))


def _chunks(frames: Iterable[object], path: Path, shown: str) -> Iterator[pd.DataFrame]:
    """Yield the chunks of a source; what fails while they are made is told as what fails in `make`."""
    chunks = iter(frames)
    while True:
        try:
            chunk = next(chunks)
        except StopIteration:
            return
        except Exception as error:
            raise _failure(error, path, shown) from error
        if not isinstance(chunk, pd.DataFrame):
            raise DeliveryError(
                "Un morceau de source n’est pas un tableau.",
                where=shown,
                expected="des DataFrame qui se suivent",
                got=f"un objet de type {type(chunk).__name__}",
            )
        yield chunk
