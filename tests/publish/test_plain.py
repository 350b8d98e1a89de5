"""`jupyter nbconvert --template etabli` writes the page of a run, or nothing: it is no second way past the gate."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

from etabli.errors import DisclosureError, EtabliError, GateError, RunError
from etabli.project import FOLDER_VARIABLE, Project
from etabli.publish.plain import page_of

pytestmark = pytest.mark.slow

SECRET = "Zyxw-4217"


@pytest.fixture(scope="module")
def executed(_rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the notebook of the small study, executed by papermill's own command for an audience."""
    folder = tmp_path_factory.mktemp("executed")

    def give(audience: str) -> Path:
        path = folder / f"{audience}.ipynb"
        if not path.exists():
            command = ["papermill", str(_rendered / "notebooks/essai.ipynb"), str(path), "-p", "audience", audience]
            call(_rendered, *command, check=True)
        return path

    return give


def call(root: Path, *command: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, FOLDER_VARIABLE: str(root)}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=root, env=environ, capture_output=True, text=True, check=check
    )


def converted(project: Project, notebook: Path) -> subprocess.CompletedProcess[str]:
    return call(project.root, "jupyter", "nbconvert", "--to", "html", "--template", "etabli", str(notebook))


def with_output(notebook: Path, target: Path, output: Any) -> Path:
    """Write a copy of a notebook with one more cell, before the last."""
    changed = nbformat.read(notebook, as_version=4)
    changed.cells.insert(-1, new_code_cell("records.head()", outputs=[output]))
    nbformat.write(changed, target)
    return target


def told(page: str) -> str:
    """What a page says but for how it was made: its workbook, its sheet and the day."""
    return re.sub(
        r'<li><a href="#telecharger">.*?</li>|<section aria-labelledby="telecharger">.*', "", page, flags=re.DOTALL
    )


@pytest.mark.parametrize("audience", ["funder", "internal"])
def test_page_is_that_of_the_run(audience: str, rendered: Project, executed: Callable[[str], Path]) -> None:
    notebook = executed(audience)
    done = converted(rendered, notebook)
    assert done.returncode == 0, done.stderr
    page = notebook.with_suffix(".html").read_text(encoding="utf-8")
    own = (rendered.reports / f"essai/2024_{audience}/report.html").read_text(encoding="utf-8")
    assert told(page) == told(own)
    assert ("Document interne" in page) == (audience == "internal")
    assert "Page seule" in page
    assert "tableaux.xlsx" not in page


def test_raw_output_is_refused_in_one_message_and_nothing_is_written(
    rendered: Project, executed: Callable[[str], Path], tmp_path: Path
) -> None:
    output = new_output("display_data", data={"text/html": f"<p>{SECRET}</p>"})
    notebook = with_output(executed("funder"), tmp_path / "raw.ipynb", output)
    done = converted(rendered, notebook)
    assert done.returncode == 1
    assert "Une sortie du notebook ne peut pas quitter la maison." in done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert not notebook.with_suffix(".html").exists()


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def test_page_is_the_same_to_the_byte_when_made_again(rendered: Project, executed: Callable[[str], Path]) -> None:
    first, second = (page_of(rendered, read(executed("funder")), shown="essai.ipynb") for _ in range(2))
    assert first == second


def test_notebook_that_was_not_executed_is_refused(rendered: Project) -> None:
    with pytest.raises(GateError, match="clôture"):
        page_of(rendered, read(rendered.notebooks / "essai.ipynb"), shown="essai.ipynb")


def test_notebook_without_its_hour_is_refused(rendered: Project, executed: Callable[[str], Path]) -> None:
    notebook = read(executed("funder"))
    del notebook.metadata["papermill"]
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    with pytest.raises(RunError, match="quand il a été exécuté"):
        page_of(rendered, notebook, shown="essai.ipynb")


def test_personal_data_is_looked_for_in_the_page(rendered: Project, executed: Callable[[str], Path]) -> None:
    notebook = read(executed("internal"))
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("Appelez Mme Durand au 06 12 34 56 78."))
    with pytest.raises(EtabliError, match="donnée personnelle"):
        page_of(rendered, notebook, shown="essai.ipynb")


def test_audience_that_the_agreement_no_longer_allows_is_refused(
    rendered: Project, executed: Callable[[str], Path]
) -> None:
    notebook = read(executed("funder"))
    for path in rendered.agreements.glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(", funder", ""), encoding="utf-8")
    with pytest.raises(DisclosureError):
        page_of(rendered, notebook, shown="essai.ipynb")


def test_clearance_of_another_version_is_told(rendered: Project, executed: Callable[[str], Path]) -> None:
    notebook = read(executed("internal"))
    end = notebook.cells[-1].outputs[0].data
    del end["application/vnd.etabli.clearance+json"]["payload"]["sources"]
    with pytest.raises(RunError, match="version"):
        page_of(rendered, notebook, shown="essai.ipynb")
