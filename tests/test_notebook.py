from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from etabli import french
from etabli.errors import NotebookError
from etabli.notebook import (
    declared_parameters,
    hold_against_study,
    hygiene_faults,
    name_cell,
    parameters_cell,
    read_notebook,
)
from etabli.project import Project
from etabli.study import Study

SHOWN = "notebooks/essai.ipynb"
PARAMETERS = 'edition = "2024"\naudience = "internal"\nrecipient = ""\ngroup = "all"'


def notebook(source: str = PARAMETERS, *cells: Any) -> nbformat.NotebookNode:
    tagged = new_code_cell(source, metadata={"tags": ["parameters"]})
    end = new_code_cell("report.finish()")
    made: nbformat.NotebookNode = new_notebook(cells=[new_markdown_cell("# Titre"), tagged, *cells, end])
    return made


# Reading -----------------------------------------------------------------------------------------


def in_a_new_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_reading_a_notebook_does_not_build_a_grammar_of_addresses(small_project: Project) -> None:
    said = in_a_new_python(
        "import sys; from pathlib import Path; from etabli.notebook import IRI_GRAMMAR, read_notebook\n"
        f"read_notebook(Path({str(small_project.notebooks / 'essai.ipynb')!r}))\n"
        "from importlib.util import find_spec\n"
        "print('jsonschema' in sys.modules, IRI_GRAMMAR in sys.modules, find_spec(IRI_GRAMMAR) is not None)"
    )
    assert said.split() == ["True", "False", "True"]  # what wants the grammar later may still import it


def test_report_needs_no_reader_of_notebooks() -> None:
    said = in_a_new_python(
        "import sys, etabli.present.report; print({'nbformat', 'nbconvert', 'jsonschema'} & set(sys.modules))"
    )
    assert said.strip() == "set()"


def test_notebook_of_a_new_study_is_read(small_project: Project) -> None:
    found = read_notebook(small_project.notebooks / "essai.ipynb")
    assert declared_parameters(found, shown=SHOWN) == {
        "edition": "2024",
        "audience": "internal",
        "recipient": "",
        "group": "all",
    }


@pytest.mark.parametrize("text", ["", "bonjour", "[]", "{}", '{"nbformat": 4}'])
def test_file_that_is_no_notebook_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotebookError) as caught:
        read_notebook(path, shown=SHOWN)
    assert (caught.value.what, caught.value.where) == ("Ce fichier n’est pas un notebook Jupyter.", SHOWN)


def test_missing_notebook_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotebookError) as caught:
        read_notebook(tmp_path / "x.ipynb")
    assert (caught.value.what, caught.value.where) == ("Le notebook de l’étude manque.", "x.ipynb")


# Naming a cell -----------------------------------------------------------------------------------


def test_cell_is_named_by_its_place_as_written() -> None:
    made = notebook(PARAMETERS, new_code_cell("visits.head()"))
    assert name_cell(made, 2) == "cellule 3 (« visits.head() »)"
    made["cells"].insert(2, new_code_cell("x = 1", metadata={"tags": ["injected-parameters"]}))
    assert name_cell(made, 3) == "cellule 3 (« visits.head() »)"


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("", "vide"),
        ("\n\n  x = 1\ny = 2", "x = 1"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
    ],
)
def test_cell_is_named_by_its_first_line(source: str, named: str) -> None:
    assert name_cell(new_notebook(cells=[new_code_cell(source)]), 0) == f"cellule 1 (« {named} »)"


# The parameters cell -----------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 2])
def test_notebook_has_one_parameters_cell(count: int) -> None:
    tagged = [new_code_cell("x = 1", metadata={"tags": ["parameters"]}) for _ in range(count)]
    with pytest.raises(NotebookError) as caught:
        parameters_cell(new_notebook(cells=tagged), shown=SHOWN)
    assert caught.value.got == french.count(count, "cellule", "cellules")


def test_tagged_prose_is_no_parameters_cell() -> None:
    prose = new_markdown_cell("x", metadata={"tags": ["parameters"]})
    assert parameters_cell(new_notebook(cells=[prose, *notebook()["cells"]]), shown=SHOWN) == 2


def test_parameters_are_plain_values() -> None:
    found = declared_parameters(notebook('a = "x"  # un choix\nb = -2\nc = 0.5\nd = True'), shown=SHOWN)
    assert found == {"a": "x", "b": -2, "c": 0.5, "d": True}


@pytest.mark.parametrize("source", ["import os", "a = f(1)", "a = b", "a, b = 1, 2", "a == 1", "a =", "a = b = 1"])
def test_parameters_cell_with_code_is_refused(source: str) -> None:
    with pytest.raises(NotebookError) as caught:
        declared_parameters(notebook(source), shown=SHOWN)
    assert caught.value.what == "La cellule de paramètres contient autre chose que des valeurs."
    assert str(caught.value.where).startswith(f"{SHOWN}, cellule 2 (")


# Against the study -------------------------------------------------------------------------------


def test_notebook_that_agrees_with_its_study_holds(small_study: Study) -> None:
    hold_against_study(notebook(), small_study, shown=SHOWN)
    hold_against_study(notebook(PARAMETERS.replace("internal", "funder")), small_study, shown=SHOWN)


@pytest.mark.parametrize(
    ("source", "what", "hint"),
    [
        (
            PARAMETERS.replace("group", "groupe"),
            "Le notebook a un paramètre « groupe » que study.yml ne déclare pas.",
            "vouliez-vous dire « group » ?",
        ),
        (
            PARAMETERS + "\nzz = 1",
            "Le notebook a un paramètre « zz » que study.yml ne déclare pas.",
            "déclarez-le dans study.yml",
        ),
        (
            'edition = "2024"\naudience = "internal"\nrecipient = ""',
            "Le paramètre « group » de study.yml manque dans le notebook.",
            "ajoutez : group = 'all'",
        ),
        (
            PARAMETERS.replace('"all"', '"first"'),
            "Le notebook et study.yml ne donnent pas la même valeur par défaut à « group ».",
            None,
        ),
        (
            PARAMETERS.replace("2024", "1999"),
            (
                "La cellule de paramètres ne tient pas : "
                "Valeur refusée pour le paramètre « edition » de l’étude « essai »."
            ),
            None,
        ),
    ],
)
def test_notebook_that_differs_from_its_study_is_refused(
    source: str, what: str, hint: str | None, small_study: Study
) -> None:
    with pytest.raises(NotebookError) as caught:
        hold_against_study(notebook(source), small_study, shown=SHOWN)
    assert (caught.value.what, caught.value.hint) == (what, hint)
    assert str(caught.value.where).startswith(f"{SHOWN}, cellule 2 (")


# What may be committed ---------------------------------------------------------------------------


def test_clean_notebook_has_no_fault() -> None:
    assert hygiene_faults(notebook(), shown=SHOWN) == []


def test_notebook_of_a_new_study_has_no_fault(small_project: Project) -> None:
    assert hygiene_faults(read_notebook(small_project.notebooks / "essai.ipynb"), shown=SHOWN) == []


FAULTS: dict[str, tuple[Callable[[], Any], str]] = {
    "output": (
        lambda: new_code_cell("x", outputs=[new_output("stream", name="stdout", text="1")]),
        "une sortie est enregistrée : videz les sorties avant d’enregistrer",
    ),
    "count": (
        lambda: new_code_cell("x", execution_count=0),
        "un numéro d’exécution est enregistré : videz les sorties avant d’enregistrer",
    ),
    "function": (
        lambda: new_code_cell("def f():\n    return 1\n\ndef g():\n    return 2"),
        "une fonction (def) : sa place est dans lib/etabli/methods",
    ),
    "lambda": (
        lambda: new_code_cell("f = lambda x: x"),
        "une fonction (lambda) : sa place est dans lib/etabli/methods",
    ),
    "class": (lambda: new_code_cell("class A:\n    x = 1"), "une classe : sa place est dans lib/"),
    "loop": (lambda: new_code_cell("for x in y:\n    x.z()"), "une boucle : sa place est dans lib/"),
    "while": (lambda: new_code_cell("while x:\n    x.z()"), "une boucle : sa place est dans lib/"),
    "condition": (lambda: new_code_cell("if x:\n    x.z()"), "un « if » : sa place est dans lib/"),
    **{
        source: (
            lambda source=source: new_code_cell(source),  # type: ignore[misc]
            "un texte fabriqué à partir de données : une phrase prend ses valeurs par report.say(…, nom=valeur)",
        )
        for source in (
            'report.say(f"{len(visits)} visites")',
            'report.say("{n} visites", n=str(len(visits)))',
            'report.say("{} visites".format(len(visits)))',
            'report.say("%d visites" % len(visits))',
            'report.say(", ".join(visits["name"]))',
        )
    },
    "not python": (lambda: new_code_cell("x = 1\n%matplotlib inline"), "du code qui n’est pas du Python (ligne 2)"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_cell_that_may_not_be_committed_is_named(case: str) -> None:
    make, what = FAULTS[case]
    (fault,) = hygiene_faults(notebook(PARAMETERS, make()), shown=SHOWN)
    assert fault.what == what
    assert fault.where.startswith(f"{SHOWN}, cellule 3 (")


def test_text_made_of_parameters_is_no_fault() -> None:
    made = notebook(PARAMETERS, new_code_cell('report.say(f"Groupe {group}, {edition}", x=str(group))'))
    assert hygiene_faults(made, shown=SHOWN) == []


def test_notebook_without_its_end_is_a_fault() -> None:
    made = notebook(PARAMETERS)
    made["cells"].append(new_code_cell("x"))
    (fault,) = hygiene_faults(made, shown=SHOWN)
    assert fault.what == "la dernière cellule de code doit être « report.finish() »"


def test_prose_after_the_end_is_no_fault() -> None:
    made = notebook(PARAMETERS)
    made["cells"].append(new_markdown_cell("Limites."))
    assert hygiene_faults(made, shown=SHOWN) == []


def test_empty_notebook_has_every_fault_at_once() -> None:
    assert len(hygiene_faults(new_notebook(), shown=SHOWN)) == 2
