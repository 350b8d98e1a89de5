"""Makes a new study that runs at once, and the JSON Schemas that help to write its declarations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template, ascii_lowercase
from typing import Any

from etabli.agreements import Agreement
from etabli.declarations import parse_declaration
from etabli.errors import DeliveryError, ProjectError
from etabli.methods.cells import MADE
from etabli.notebook import without_iri_grammar
from etabli.project import Project
from etabli.recipients import Recipients
from etabli.sources.codebook import Codebook, SourceCodebook
from etabli.sources.drafts import draft
from etabli.study import is_slug, json_schema

_OPENING = 'report = open_report("{slug}", edition=edition, audience=audience, recipient=recipient{more})'
_CLOSING: tuple[tuple[str, str], ...] = (
    (
        "markdown",
        "## Sources et méthode\n\nDites ici d’où viennent les données, qui y est et qui n’y est pas, et comment "
        "elles ont été traitées.",
    ),
    ("markdown", "## Ce que l’étude ne dit pas\n\nDites ici ses limites."),
    ("code", "report.finish()"),
)
_PARAMETERS = 'edition = "{year}"\naudience = "internal"\nrecipient = ""'
_IMPORTS = ("code", "from etabli import open_report, sentence\nfrom etabli.methods import profiles")

_EXAMPLE: tuple[tuple[str, str], ...] = (
    ("parameters", _PARAMETERS + '\ngroup = "all"'),
    _IMPORTS,
    ("code", _OPENING.replace("{more}", ", group=group")),
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
    *_CLOSING,
)
"""The cells of a new study's notebook: kind, and source with `{slug}` and `{year}` to fill."""

_HEAD: tuple[tuple[str, str], ...] = (
    ("parameters", _PARAMETERS),
    _IMPORTS,
    ("code", _OPENING.replace("{more}", "")),
    ("code", 'records = report.load("{source}")'),
    ("code", 'whole = profiles.totals(records, person="{person}")'),
    ("code", 'report.key_figure(whole.value("people"), label="personnes dans le fichier")'),
)
"""The first cells of a study that starts from a file."""

_SECTION: tuple[tuple[str, str], ...] = (
    ("code", 'by_{variable} = profiles.distribution(records, "{variable}", person="{person}")'),
    (
        "code",
        'report.say(\n    "Dans le fichier, « {{top.{variable}}} » est la réponse la plus fréquente ({{top}})",\n'
        '    top=by_{variable}.largest("share"),\n    level=2,\n    question="{question}",\n)',
    ),
    (
        "code",
        'report.table(\n    by_{variable},\n    title={label},\n    scope="Lignes du fichier",\n    reading=sentence(\n'
        '        "« {{top.{variable}}} » vaut pour {{top}} des lignes.", top=by_{variable}.largest("share")\n    ),\n)',
    ),
)
"""The cells of one of its variables."""

_MOST_SECTIONS = 3
"""Variables that the notebook of a new study shows: an example of each step, to be written on."""


_SOURCE = "records"
"""What the one source of a new study is called."""


@dataclass(frozen=True)
class Start:
    """What a new study starts from: a file of which a codebook was drafted.

    Parameters
    ----------
    codebook
        The text of the draft (`drafts.draft`), with a person.
    source
        Its one source.
    suffix
        Of the file.
    """

    codebook: str
    source: str
    suffix: str


def create_study(
    project: Project, slug: str, *, title: str, year: str = "2024", start: Start | None = None
) -> list[Path]:
    """Write the files of a new study, and return them.

    Parameters
    ----------
    project
        Where it is made.
    slug, title
        Its names.
    year
        Of its edition of fictional data.
    start
        The file that it describes; without one, an example is made.

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
    if start is None:
        described, written = _filled("codebook.yml.txt", words), _filled("study.yml.txt", words)
        cells = _EXAMPLE
    else:
        described = _SCHEMA + start.codebook
        book = parse_declaration(described, Codebook, shown="codebook.yml").sources[start.source]
        shown = _shown(book)
        words |= {"source": start.source, "file": f"{start.source}{start.suffix}", "questions": _questions(shown, book)}
        written = _filled("study_of_file.yml.txt", words)
        cells = _cells_of(shown, book)
    texts = {
        folder / "study.yml": written,
        folder / "codebook.yml": described,
        folder / "README.md": _filled("README.md.txt", words),
        project.agreements / f"{slug}-data.yml": _filled("agreement.yml.txt", words),
        project.notebooks / notebook: _notebook(cells, words),
    }
    taken = [path for path in texts if path.exists()]
    if taken:
        raise ProjectError("Cette étude existe déjà.", where=", ".join(project.relative(path) for path in taken))
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(texts)


def start_from(file: Path, *, person: str | None = None) -> Start:
    """Return what a study of a file starts from.

    Parameters
    ----------
    file
        A delivery, read where it lies; nothing of it but its description is kept.
    person
        The column that says whose a row is (default: the one whose name says so).

    Raises
    ------
    DeliveryError
        The file cannot be read, or no column says whose its rows are.
    """
    text = draft(file, shown=str(file), source=_SOURCE, person=person)
    if parse_declaration(text, Codebook, shown="codebook.yml").sources[_SOURCE].person is None:
        raise DeliveryError(
            "Aucune colonne ne dit, par son nom, de qui est chaque ligne.",
            where=str(file),
            expected="un numéro de personne ou de dossier : tout ce qui sort est compté en personnes",
            hint="nommez-la par --person COLONNE ; si chaque ligne est une personne, faites ajouter un numéro de ligne",
        )
    return Start(text, _SOURCE, file.suffix.lower())


def write_json_schemas(project: Project) -> list[Path]:
    """Write the JSON Schemas of the declared files under `studies/`, and return them."""
    schemas: dict[str, dict[str, Any]] = {
        "study": json_schema(),
        "codebook": Codebook.model_json_schema(),
        "agreement": Agreement.model_json_schema(),
        "recipients": Recipients.model_json_schema(),
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


_SCHEMA = "# yaml-language-server: $schema=../codebook.schema.json\n"


def _shown(book: SourceCodebook) -> list[str]:
    """Return the variables of which a new notebook shows the answers: the first that have codes."""
    coded = [name for name, each in book.variables.items() if each.type == "code" and name not in MADE]
    return coded[:_MOST_SECTIONS]


def _questions(shown: list[str], book: SourceCodebook) -> str:
    """Return the questions of a new study, as YAML: one a section, in words that a person is to replace."""
    asked = [
        {"id": letter, "text": f"À compléter : la question à laquelle répond « {book.variables[name].label} »"}
        for letter, name in zip(ascii_lowercase, shown, strict=False)
    ] or [{"id": "a", "text": "À compléter : la question du commanditaire", "planned": "pas encore traitée."}]
    return "".join(
        "".join(
            f"  {'-' if rank == 0 else ' '} {key}: {json.dumps(text, ensure_ascii=False)}\n"
            for rank, (key, text) in enumerate(each.items())
        )
        for each in asked
    ).rstrip("\n")


def _cells_of(shown: list[str], book: SourceCodebook) -> tuple[tuple[str, str], ...]:
    """Return the cells of a notebook that shows some variables of a file; `{slug}` and `{year}` are still to fill."""
    sections = [
        (kind, source.replace("{variable}", name).replace("{question}", letter).replace("{label}", _literal(label)))
        for letter, name in zip(ascii_lowercase, shown, strict=False)
        for label in [book.variables[name].label]
        for kind, source in _SECTION
    ]
    cells = (*_HEAD, *sections, *_CLOSING)
    return tuple((kind, source.replace("{person}", str(book.person))) for kind, source in cells)


def _literal(text: str) -> str:
    """Return a text as Python writes it in double quotes, its braces doubled: they are not to be filled."""
    return json.dumps(text, ensure_ascii=False).replace("{", "{{").replace("}", "}}")


def _notebook(sources: Sequence[tuple[str, str]], words: Mapping[str, str]) -> str:
    with without_iri_grammar():
        import nbformat
    cells = [nbformat.v4.new_markdown_cell("Dites ici, en deux phrases, ce que l’étude veut savoir, et pour qui.")]
    for kind, source in sources:
        text = source.format_map(words) if kind != "markdown" else source
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
