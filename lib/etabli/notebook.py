"""The thin notebook of a study: its parameters cell, and what makes it fit to be committed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etabli import french
from etabli.errors import NotebookError, ParameterError, nearest
from etabli.study import Scalar, Study

if TYPE_CHECKING:
    from nbformat import NotebookNode

PARAMETERS_TAG = "parameters"
INJECTED_TAG = "injected-parameters"
FINISH = "report.finish()"


IRI_GRAMMAR = "rfc3987_syntax"
"""A grammar of web addresses that jsonschema, under nbformat, builds at import: two seconds of computation."""


@contextmanager
def without_iri_grammar() -> Iterator[None]:
    """Import what stands on jsonschema without the grammar: no notebook is held to it, and jsonschema does without."""
    if IRI_GRAMMAR in sys.modules:
        yield
        return
    sys.modules[IRI_GRAMMAR] = None  # type: ignore[assignment]  # how Python says: not to be imported
    try:
        yield
    finally:
        del sys.modules[IRI_GRAMMAR]


def read_notebook(path: Path, *, shown: str | None = None) -> NotebookNode:
    """Read a notebook in format 4.

    Raises
    ------
    NotebookError
        The file is missing or is not a notebook.
    """
    with without_iri_grammar():  # imported here: a kernel, which holds reports, reads no notebook
        import nbformat
    name = shown or path.name
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise NotebookError("Le notebook de l’étude manque.", where=name) from None
    except (ValueError, KeyError, AttributeError, nbformat.ValidationError, nbformat.reader.NotJSONError):
        raise NotebookError("Ce fichier n’est pas un notebook Jupyter.", where=name) from None
    return notebook


def name_cell(notebook: Any, index: int) -> str:
    """Return how messages name a cell: its place (from 1) in the notebook as written, and its first line.

    The cell in which papermill injects parameters is not in the notebook as written: it is not counted.

    >>> name_cell({"cells": [{"source": "visits.head()", "metadata": {}}]}, 0)
    'cellule 1 (« visits.head() »)'
    """
    injected = sum(INJECTED_TAG in cell["metadata"].get("tags", []) for cell in notebook["cells"][:index])
    lines = str(notebook["cells"][index]["source"]).strip().splitlines() or ["vide"]
    first = lines[0] if len(lines[0]) <= 60 else lines[0][:59] + "…"
    return f"cellule {index + 1 - injected} (« {first} »)"


def parameters_cell(notebook: Any, *, shown: str) -> int:
    """Return the index of the one code cell tagged `parameters`.

    Raises
    ------
    NotebookError
        There is none, or more than one.
    """
    tagged = [
        index
        for index, cell in enumerate(notebook["cells"])
        if cell["cell_type"] == "code" and PARAMETERS_TAG in cell["metadata"].get("tags", [])
    ]
    if len(tagged) != 1:
        raise NotebookError(
            "Le notebook n’a pas sa cellule de paramètres.",
            where=shown,
            expected="une cellule de code, et une seule, marquée « parameters »",
            got=french.count(len(tagged), "cellule", "cellules"),
            hint="dans JupyterLab : inspecteur de propriétés (la roue dentée, à droite), étiquette « parameters »",
        )
    return tagged[0]


def declared_parameters(notebook: Any, *, shown: str) -> dict[str, Scalar]:
    """Return the names and default values that the parameters cell assigns.

    Raises
    ------
    NotebookError
        The cell is missing, or holds anything but assignments of plain values.
    """
    index = parameters_cell(notebook, shown=shown)
    where = f"{shown}, {name_cell(notebook, index)}"
    found: dict[str, Scalar] = {}
    try:
        for statement in ast.parse(notebook["cells"][index]["source"]).body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found[name] = ast.literal_eval(value)
                case _:
                    raise ValueError
    except (SyntaxError, ValueError):
        raise NotebookError(
            "La cellule de paramètres contient autre chose que des valeurs.",
            where=where,
            expected='des lignes comme : edition = "2024-T4"',
        ) from None
    return found


def hold_against_study(notebook: Any, study: Study, *, shown: str) -> None:
    """Check that the parameters cell and `study.yml` declare the same parameters and defaults.

    Raises
    ------
    NotebookError
        They differ; the message names the parameter.
    """
    found = declared_parameters(notebook, shown=shown)
    expected: dict[str, Scalar] = study.settle({})
    where = f"{shown}, {name_cell(notebook, parameters_cell(notebook, shown=shown))}"
    for name in found:
        if name not in expected:
            close = nearest(name, expected)
            raise NotebookError(
                f"Le notebook a un paramètre « {name} » que study.yml ne déclare pas.",
                where=where,
                expected=", ".join(expected),
                got=name,
                hint=f"vouliez-vous dire « {close} » ?" if close else "déclarez-le dans study.yml",
            )
    for name, value in expected.items():
        if name not in found:
            raise NotebookError(
                f"Le paramètre « {name} » de study.yml manque dans le notebook.",
                where=where,
                hint=f"ajoutez : {name} = {value!r}",
            )
        if name in study.parameters and found[name] != value:
            raise NotebookError(
                f"Le notebook et study.yml ne donnent pas la même valeur par défaut à « {name} ».",
                where=where,
                expected=f"{value!r} (study.yml)",
                got=repr(found[name]),
            )
    try:
        study.settle(found)
    except ParameterError as error:
        raise NotebookError(
            f"La cellule de paramètres ne tient pas : {error.what}", where=where, expected=error.expected, got=error.got
        ) from None


@dataclass(frozen=True)
class Fault:
    """Something that a committed notebook must not have."""

    where: str
    what: str


def hygiene_faults(notebook: Any, *, shown: str) -> list[Fault]:
    """Return what keeps a notebook from being committed: outputs, counts, functions, no last `finish()`."""
    faults = []
    code = [(i, cell) for i, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code"]
    parameters: set[str] = set()
    try:
        parameters = set(declared_parameters(notebook, shown=shown))
    except NotebookError as error:
        faults.append(Fault(shown, error.what))
    for index, cell in code:
        where = f"{shown}, {name_cell(notebook, index)}"
        if cell["outputs"]:
            faults.append(Fault(where, "une sortie est enregistrée : videz les sorties avant d’enregistrer"))
        if cell["execution_count"] is not None:
            faults.append(Fault(where, "un numéro d’exécution est enregistré : videz les sorties avant d’enregistrer"))
        faults += [Fault(where, what) for what in _code_faults(cell["source"], parameters)]
    if not code or code[-1][1]["source"].strip() != FINISH:
        faults.append(Fault(shown, f"la dernière cellule de code doit être « {FINISH} »"))
    return faults


def _code_faults(source: str, parameters: set[str]) -> list[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [f"du code qui n’est pas du Python (ligne {error.lineno})"]
    nodes = list(ast.walk(tree))
    found = {_KEPT_IN_LIB[type(node)] for node in nodes if type(node) in _KEPT_IN_LIB}
    if any(_makes_text(node) and not _names_in(node) <= parameters | {"str", "repr", "format"} for node in nodes):
        found.add("un texte fabriqué à partir de données : une phrase prend ses valeurs par report.say(…, nom=valeur)")
    return sorted(found)


_KEPT_IN_LIB: dict[type, str] = {
    ast.FunctionDef: "une fonction (def) : sa place est dans lib/etabli/methods",
    ast.AsyncFunctionDef: "une fonction (def) : sa place est dans lib/etabli/methods",
    ast.ClassDef: "une classe : sa place est dans lib/",
    ast.Lambda: "une fonction (lambda) : sa place est dans lib/etabli/methods",
    ast.For: "une boucle : sa place est dans lib/",
    ast.While: "une boucle : sa place est dans lib/",
    ast.If: "un « if » : sa place est dans lib/",
}


def _makes_text(node: ast.AST) -> bool:
    """Whether a piece of code turns values into text: a number written so would not pass disclosure control."""
    if isinstance(node, ast.Call):
        called = node.func
        return (isinstance(called, ast.Name) and called.id in {"str", "repr", "format"}) or (
            isinstance(called, ast.Attribute) and called.attr in {"format", "join", "to_string", "to_html"}
        )
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Mod)
        and isinstance(node.left, ast.Constant | ast.JoinedStr)
    )


def _names_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
