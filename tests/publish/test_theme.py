"""Another association makes the house its own by one file: pages, figures, catalogue and workbook follow it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import etabli
from etabli.present import theme
from etabli.project import FOLDER_VARIABLE, Project

NAME, WORDS, LOGO = "Ville & Territoires", "Logo de Ville & Territoires", '<circle cx="5" cy="5" r="4"/>'


def other_colours(text: str) -> str:
    """Return the theme with each of its colours turned: green for red, and so on; as far apart as before."""
    return re.sub(r'"#(..)(..)(..)"', r'"#\3\1\2"', text)


def colours(text: str) -> set[str]:
    return set(re.findall(r"#[0-9a-f]{6}\b", text.lower()))


@pytest.fixture
def other_house(tmp_path: Path) -> Path:
    """A copy of the library of which the theme file, and no other, is changed."""
    lib = Path(shutil.copytree(Path(etabli.__file__).parent, tmp_path / "lib/etabli", ignore=_COMPILED))
    path = lib / "present/theme.py"
    text = other_colours(path.read_text(encoding="utf-8"))
    text = re.sub(r'^ORGANISATION = ".*"$', f'ORGANISATION = "{NAME}"', text, flags=re.MULTILINE)
    drawing = f"LOGO = '<svg viewBox=\"0 0 10 10\">{LOGO}</svg>'"
    text = re.sub(r'^LOGO = ""$', lambda _: drawing, text, flags=re.MULTILINE)
    text = re.sub(r'^LOGO_ALTERNATIVE = ".*"$', f'LOGO_ALTERNATIVE = "{WORDS}"', text, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    return lib.parent


FIGURE = (
    'report.figure(answers, kind="dots", measure="share", title="Les réponses", scope="Dossiers.", '
    'reading=sentence("{part} des dossiers.", part=answers.value("share", answer="yes")))'
)


def with_figure(project: Project) -> None:
    """Let the notebook draw what its table counts, before it ends."""
    path = project.notebooks / "essai.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "drawn",
        "metadata": {},
        "outputs": [],
        "source": FIGURE,
    }
    notebook["cells"].insert(len(notebook["cells"]) - 1, cell)
    path.write_text(json.dumps(notebook), encoding="utf-8")


_COMPILED = shutil.ignore_patterns("__pycache__")


@pytest.mark.slow
def test_pages_figures_and_catalogue_follow_the_theme(small_project: Project, other_house: Path) -> None:
    with_figure(small_project)
    environment = {**os.environ, "PYTHONPATH": str(other_house), FOLDER_VARIABLE: str(small_project.root)}
    done = subprocess.run(
        [sys.executable, "-m", "etabli", "run", "essai", "--audience", "funder"],
        env=environment, cwd=small_project.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = small_project.reports / "essai/2024_funder"
    ours = Path(theme.__file__).read_text(encoding="utf-8")
    former, new = colours(ours), colours(other_colours(ours))
    pages = [folder / "report.html", small_project.reports / "index.html"]
    drawings = sorted(folder.glob("figures/*.svg"))
    assert drawings
    for path in (*pages, *drawings):
        text = path.read_text(encoding="utf-8")
        assert colours(text) & new, path.name
        assert not colours(text) & (former - new), path.name
        assert theme.ORGANISATION not in text, path.name
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert "Ville &amp; Territoires" in text
        assert re.search(r'<svg[^>]* aria-label="Logo de Ville &amp; Territoires"[^>]*><circle', text)
    assert "calculs Ville &amp; Territoires" in pages[0].read_text(encoding="utf-8")
    with zipfile.ZipFile(folder / "tableaux.xlsx") as book:
        told = "".join(book.read(name).decode("utf-8") for name in book.namelist() if name.endswith(".xml"))
    assert "Ville &amp; Territoires" in told
    assert theme.ORGANISATION not in told
