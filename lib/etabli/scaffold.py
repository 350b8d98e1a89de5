"""Makes a new study that runs at once, and the JSON Schemas that help to write its declarations."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from etabli.agreements import Agreement
from etabli.errors import ProjectError
from etabli.notebook import without_iri_grammar
from etabli.project import Project
from etabli.sources.codebook import Codebook
from etabli.study import is_slug, json_schema

_CELLS: tuple[tuple[str, str], ...] = (
    ("parameters", 'edition = "{year}"\naudience = "internal"\ngroup = "all"'),
    ("code", "from etabli import open_report, sentence\nfrom etabli.methods import profiles"),
    ("code", 'report = open_report("{slug}", edition=edition, audience=audience, group=group)'),
    ("code", 'records = report.load("records", group=group)'),
    ("code", 'answers = profiles.distribution(records, "answer", person="person")'),
    (
        "code",
        'report.say(\n    "{{part}} des dossiers répondent oui",\n'
        '    part=answers.value("share", answer="yes"),\n    level=2,\n    question="a",\n)',
    ),
    ("code", 'report.key_figure(answers.value("people"), label="personnes dans le fichier")'),
    (
        "code",
        'report.table(\n    answers,\n    title="Les réponses",\n    scope="Dossiers du fichier d’exemple",\n'
        '    reading=sentence("{{part}} des dossiers répondent oui.", part=answers.value("share", answer="yes")),\n)',
    ),
    (
        "markdown",
        "## Sources et méthode\n\nDites ici d’où viennent les données, qui y est et qui n’y est pas, et comment "
        "elles ont été traitées.",
    ),
    ("markdown", "## Ce que l’étude ne dit pas\n\nDites ici ses limites."),
    ("code", "report.finish()"),
)
"""The cells of a new study's notebook: kind, and source with `{slug}` and `{year}` to fill."""


def create_study(project: Project, slug: str, *, title: str, year: str = "2024") -> list[Path]:
    """Write the files of a new study, and return them.

    Raises
    ------
    ProjectError
        The name does not do, or a file of that name exists: nothing is written then.
    """
    if not is_slug(slug) or project.studies / slug == project.agreements:
        raise ProjectError(
            "Ce nom ne convient pas à une étude.",
            expected="des minuscules sans accent, des chiffres et des traits d’union : « lien-social »",
            got=slug,
        )
    notebook = f"{slug.replace('-', '_')}.ipynb"
    quoted = json.dumps(title, ensure_ascii=False)  # what JSON quotes, YAML reads
    words = {"slug": slug, "title": title, "quoted": quoted, "notebook": notebook, "year": year}
    folder = project.studies / slug
    texts = {
        folder / "study.yml": _filled("study.yml.txt", words),
        folder / "codebook.yml": _filled("codebook.yml.txt", words),
        folder / "README.md": _filled("README.md.txt", words),
        project.agreements / f"{slug}-data.yml": _filled("agreement.yml.txt", words),
        project.notebooks / notebook: _notebook(slug, year),
    }
    taken = [path for path in texts if path.exists()]
    if taken:
        raise ProjectError("Cette étude existe déjà.", where=", ".join(project.relative(path) for path in taken))
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(texts)


def write_json_schemas(project: Project) -> list[Path]:
    """Write the JSON Schemas of the declared files under `studies/`, and return them."""
    schemas: dict[str, dict[str, Any]] = {
        "study": json_schema(),
        "codebook": Codebook.model_json_schema(),
        "agreement": Agreement.model_json_schema(),
    }
    written = []
    for name, schema in schemas.items():
        path = project.studies / f"{name}.schema.json"
        draft = path.with_name(f".{path.name}")
        draft.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")
        draft.replace(path)
        written.append(path)
    return written


def _filled(name: str, words: dict[str, str]) -> str:
    text = files("etabli").joinpath("new_study").joinpath(name).read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _notebook(slug: str, year: str) -> str:
    with without_iri_grammar():
        import nbformat
    cells = [nbformat.v4.new_markdown_cell("Dites ici, en deux phrases, ce que l’étude veut savoir, et pour qui.")]
    for kind, source in _CELLS:
        text = source.format(slug=slug, year=year) if kind != "markdown" else source
        cell = nbformat.v4.new_markdown_cell(text) if kind == "markdown" else nbformat.v4.new_code_cell(text)
        if kind == "parameters":
            cell["metadata"]["tags"] = ["parameters"]
        cells.append(cell)
    for rank, cell in enumerate(cells):
        cell["id"] = f"cell-{rank:02d}"
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return str(nbformat.writes(notebook)) + "\n"
