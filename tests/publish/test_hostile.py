"""One hostile notebook for each way out: the gate refuses it, or what it hides is in no file that leaves."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from openpyxl import load_workbook

from etabli.disclosure.gate import CLEARANCE_TYPE, MARK, check_outputs, digest
from etabli.errors import EtabliError
from etabli.project import Project
from etabli.publish.export import hold_for_leaving, write_report
from etabli.runs.execute import Executed
from etabli.runs.manifest import Manifest
from etabli.runs.outcome import Usage
from etabli.study import Study, read_study

SECRET = "Zyxw-4217"
"""What must not leave: no word, number or file of a report looks like it."""

RESULT = {"item": "tableau-1", "name": "people", "label": "Personnes", "unit": "", "where": {}, "value": 40, "n": 40}
TABLE = '<div class="table" id="tableau-1"><table><caption>Les personnes</caption><tbody></tbody></table></div>'


def sheet(text: str, title: str) -> dict[str, Any]:
    """Return what a workbook says around a file of a report."""
    width = text.partition("\r\n")[0].count(";") + 1
    return {"title": title, "scope": "", "notes": [], "units": [None, *[""] * (width - 1)]}


@dataclass
class Hostile:
    """An executed notebook, to which each case adds its leak."""

    cells: list[Any] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    html: str = TABLE
    results: list[dict[str, Any]] = field(default_factory=lambda: [RESULT])
    files: dict[str, str] = field(default_factory=lambda: {"tableau-1.csv": "Ensemble;40\r\n"})
    titles: str = "Les personnes"
    extra: dict[str, bytes] = field(default_factory=dict)

    def executed(self, study: Study) -> Executed:
        plan = study.plan({"audience": "funder"})
        payload = {
            "parameters": plan.parameters,
            "policy": {"minimum_people": 5, "sources": ["Article 5."]},
            "masked_rows": 0,
            "answered": {},
            "results": self.results,
            "files": self.files,
            "sheets": {name: sheet(text, self.titles) for name, text in self.files.items()},
            "said": {},
        }
        table = new_output("display_data", data={"text/html": self.html}, metadata={MARK: "tableau-1"})
        content = {"cleared": {"tableau-1": digest(self.html)}, "payload": payload}
        end = new_output("display_data", data={CLEARANCE_TYPE: content})
        cells = [
            new_code_cell('edition = "2024"', metadata={"tags": ["parameters"]}),
            new_code_cell("report.table(answers)", outputs=[table]),
            *self.cells,
            new_code_cell("report.finish()", outputs=[end]),
        ]
        notebook = new_notebook(cells=cells, metadata=self.metadata)
        clearance = check_outputs(notebook, audience="funder", shown="notebooks/essai.ipynb")
        manifest = Manifest(
            study=study.slug,
            title=study.title,
            run=plan.name,
            parameters=plan.parameters,
            choices={},
            edition_label="2024",
            status="draft",
            sources=[],
            commit=None,
            dirty=None,
            versions={"python": "3.11"},
            started="2024-10-01T12:00:00+00:00",
            seconds=1,
            fingerprint={},
            outputs={},
        )
        return Executed(study, plan, notebook, clearance, manifest, Usage(1.0, None, 1.0, ""))

    def leaves(self, project: Project, folder: Path) -> bytes:
        """Return all bytes that would leave, as `etabli run` would write them."""
        executed = self.executed(read_study(project, "essai"))
        write_report(executed, folder)
        for name, content in self.extra.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        hold_for_leaving(project, executed.study, executed.plan, folder)
        return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def shows(*outputs: Any, **metadata: Any) -> Hostile:
    return Hostile(cells=[new_code_cell("visits", outputs=list(outputs), metadata=metadata)])


def says(text: str) -> Hostile:
    return Hostile(cells=[new_markdown_cell(text)])


def png(text: str) -> str:
    """One pixel, with a text chunk that no viewer shows."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    pixel = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0\0"))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"Comment\0" + text.encode()) + pixel).decode()


def html(data: str) -> Any:
    return new_output("display_data", data={"text/html": data})


BLOB = base64.b64encode((SECRET * 30).encode()).decode()

REFUSED: dict[str, Callable[[], Hostile]] = {
    "raw frame": lambda: shows(html(f'<table border="1" class="dataframe"><td>{SECRET}</td></table>')),
    "raw frame inside a cleared output": lambda: Hostile(html=f'<table class="dataframe"><td>{SECRET}</td></table>'),
    "traceback": lambda: shows(new_output("error", ename="KeyError", evalue=SECRET, traceback=[SECRET])),
    "traceback in prose": lambda: says(f"Traceback (most recent call last): {SECRET}"),
    "print": lambda: shows(new_output("stream", name="stdout", text=SECRET)),
    "warning": lambda: shows(new_output("stream", name="stderr", text=SECRET)),
    "widget": lambda: shows(
        new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": SECRET}})
    ),
    "widget beside a cleared output": lambda: shows(
        new_output("display_data", data={"text/html": TABLE, "application/json": SECRET}, metadata={MARK: "tableau-1"})
    ),
    "javascript": lambda: shows(new_output("display_data", data={"application/javascript": SECRET})),
    "script inside a cleared output": lambda: Hostile(html=f"<script>{SECRET}</script>"),
    "event in a cleared output": lambda: Hostile(html=f'<p onclick="{SECRET}">a</p>'),
    "data attribute in a cleared output": lambda: Hostile(html=f'<p data-name="{SECRET}">a</p>'),
    "attachment": lambda: Hostile(
        cells=[new_markdown_cell("![x](attachment:x.png)", attachments={"x.png": {"image/png": png(SECRET)}})]
    ),
    "attachment that no text shows": lambda: Hostile(
        cells=[new_markdown_cell("texte", attachments={"x.png": {"image/png": png(SECRET)}})]
    ),
    "image with metadata": lambda: shows(new_output("display_data", data={"image/png": png(SECRET)})),
    "image inside a cleared output": lambda: Hostile(html=f'<img src="data:image/png;base64,{png(SECRET)}">'),
    "image inside a drawing": lambda: Hostile(html=f'<svg><image xlink:href="data:image/png;base64,{png("")}"/></svg>'),
    "metadata of a drawing": lambda: Hostile(html=f"<svg><metadata>{SECRET}</metadata></svg>"),
    "page inside a drawing": lambda: Hostile(html=f"<svg><foreignObject>{SECRET}</foreignObject></svg>"),
    "script in a drawing of its own": lambda: drawn(f"<script>{SECRET}</script>"),
    "script in the title of a drawing": lambda: drawn(f"<title><script>{SECRET}</script></title>"),
    "script in the style of a drawing": lambda: drawn(f"<style><script>{SECRET}</script></style>"),
    "title of a drawing that does not end": lambda: drawn("<title>a<g/>"),
    "page in a drawing of its own": lambda: drawn(f"<foreignObject>{SECRET}</foreignObject>"),
    "metadata in a drawing of its own": lambda: drawn(f"<metadata>{SECRET}</metadata>"),
    "comment in a drawing of its own": lambda: drawn(f"<!-- {SECRET} -->"),
    "characters that nobody reads in a drawing": lambda: drawn(f"<text><![CDATA[{SECRET}]]></text>"),
    "style sheet of a drawing": lambda: drawn('<?xml-stylesheet href="https://exemple.org/zyxw.css"?>'),
    "entity of a drawing": lambda: Hostile(
        files={"figure-1.svg": f'<!DOCTYPE svg [<!ENTITY x "{SECRET}">]><svg ></svg>'}
    ),
    "drawing that fetches another": lambda: drawn('<use xlink:href="https://exemple.org/zyxw.svg#a"/>'),
    "event in a drawing of its own": lambda: drawn(f'<g onload="{SECRET}"/>'),
    "number of the data in a drawing": lambda: drawn("<text>0,123456789</text>"),
    "something else under the name of a drawing": lambda: Hostile(files={"figure-1.svg": SECRET}),
    "path": lambda: says("Le fichier vient de /home/zyxw/visites.csv."),
    "path of Windows": lambda: says("Le fichier vient de C:\\Users\\zyxw\\visites.csv."),
    "path of a network": lambda: says(r"Le fichier vient de `\\serveur\partage\visites.csv`."),
    "path in a label": lambda: Hostile(results=[{**RESULT, "label": "/home/zyxw/visites.csv"}]),
    "path in a file": lambda: Hostile(files={"tableau-1.csv": "/home/zyxw/visites.csv;40\r\n"}),
    "hidden cell": lambda: shows(html(f"<p>{SECRET}</p>"), jupyter={"outputs_hidden": True}, tags=["remove_output"]),
    "hidden passage": lambda: Hostile(html=f'<p style="display:none">{SECRET}</p>'),
    "hidden attribute": lambda: Hostile(html=f"<p hidden>{SECRET}</p>"),
    "comment in prose": lambda: says(f"texte <!-- {SECRET} -->"),
    "comment in a cleared output": lambda: Hostile(html=f"<p>a</p><!-- {SECRET} -->"),
    "base64 in prose": lambda: says(f"`{BLOB}`"),
    "base64 in a link": lambda: says(f"[lien](https://exemple.org/{BLOB})"),
    "base64 in a cleared output": lambda: Hostile(html=f'<p title="{BLOB}">a</p>'),
    "base64 in results": lambda: Hostile(results=[{**RESULT, "label": BLOB}]),
    "base64 in a file": lambda: Hostile(files={"tableau-1.csv": BLOB}),
    "letter of no width in prose": lambda: says("Qui\u200b vient"),
    "tag letters in prose": lambda: says("Qui\U000e0033 vient"),
    "blank letter in prose": lambda: says("Qui\u2800 vient"),
    "control letter in a file": lambda: Hostile(files={"tableau-1.csv": "Ensemble\x01;40\r\n"}),
    "mark of direction in an attribute": lambda: Hostile(html='<p title="a&#8207;b">a</p>'),
    "letter of no width in results": lambda: Hostile(results=[{**RESULT, "label": "a\u2060b"}]),
    "object": lambda: Hostile(html="<p>&lt;zyxw.Person object at 0x7f0123456789&gt; <pandas.Zyxw object at 0x1></p>"),
    "style that fetches": lambda: Hostile(html='<p style="background: url(https://exemple.org/zyxw)">a</p>'),
    "number of the data in a page": lambda: Hostile(html="<p>0,123456789</p>"),
    "number of the data in results": lambda: Hostile(results=[{**RESULT, "value": 0.123456789}]),
    "number of the data in a file": lambda: Hostile(files={"tableau-1.csv": "Ensemble;0,123456789\r\n"}),
    "field of results": lambda: Hostile(results=[{**RESULT, "people": 3}]),
    "value beside its mask": lambda: Hostile(results=[{**RESULT, "sign": "s"}]),
    "count beside its mask": lambda: Hostile(results=[{**RESULT, "value": None, "sign": "s"}]),
    "workbook of another hand": lambda: Hostile(extra={"tableaux.xlsx": SECRET.encode()}),
    "title of a sheet": lambda: Hostile(titles=SECRET),
    "notebook among the files": lambda: Hostile(extra={"essai.ipynb": SECRET.encode()}),
    "image among the files": lambda: Hostile(extra={"figure.png": base64.b64decode(png(SECRET))}),
    "picture among the figures": lambda: Hostile(extra={"figures/figure-1.png": base64.b64decode(png(SECRET))}),
    "frame among the files": lambda: Hostile(extra={"visites.parquet": SECRET.encode()}),
    "person in prose": lambda: says("Écrire à zyxw@exemple.fr"),
    "f-string in the code": lambda: Hostile(cells=[new_code_cell('report.say(f"{len(rare)} personnes")')]),
}


def drawn(content: str) -> Hostile:
    """A drawing beside the page."""
    return Hostile(files={"figure-1.svg": f'<svg xmlns="http://www.w3.org/2000/svg">{content}</svg>\n'})


@pytest.mark.parametrize("case", REFUSED)
def test_hostile_notebook_is_refused(case: str, small_project: Project, tmp_path: Path) -> None:
    with pytest.raises(EtabliError):
        REFUSED[case]().leaves(small_project, tmp_path / "report")


INERT: dict[str, Callable[[], Hostile]] = {
    "widget state": lambda: Hostile(
        metadata={"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"x": SECRET}}}}
    ),
    "metadata of the notebook": lambda: Hostile(metadata={"authors": [{"name": SECRET}]}),
    "metadata of a cell": lambda: Hostile(
        cells=[new_code_cell("1", metadata={"name": SECRET, "papermill": {"x": SECRET}})]
    ),
    "metadata of a cleared output": lambda: Hostile(
        cells=[
            new_code_cell(
                "report.table(x)",
                outputs=[
                    new_output("display_data", data={"text/html": TABLE}, metadata={MARK: "tableau-1", "x": SECRET})
                ],
            )
        ]
    ),
    "code that holds data": lambda: Hostile(cells=[new_code_cell(f'names = ["{SECRET}"]')]),
    "comment of the code": lambda: Hostile(cells=[new_code_cell(f"report.say('a')  # {SECRET}")]),
}


@pytest.mark.parametrize("case", INERT)
def test_what_a_notebook_hides_is_in_no_file(case: str, small_project: Project, tmp_path: Path) -> None:
    assert SECRET.encode() not in INERT[case]().leaves(small_project, tmp_path / "report")


def test_honest_notebook_leaves(small_project: Project, tmp_path: Path) -> None:
    found = Hostile(cells=[new_markdown_cell("## Une méthode\n\nDes *mots*, une liste :\n\n- un\n- deux")])
    assert b"Les personnes" in found.leaves(small_project, tmp_path / "report")


def test_category_that_a_spreadsheet_would_compute_is_text(small_project: Project, tmp_path: Path) -> None:
    found = Hostile(files={"tableau-1.csv": "Âge;Personnes\r\n'=1+1;3\r\n'n'importe;-4\r\n"})
    found.leaves(small_project, tmp_path / "report")
    sheet = load_workbook(tmp_path / "report" / "tableaux.xlsx")["Tableau 1"]
    cells = {name: (sheet[name].value, sheet[name].data_type) for name in ("A4", "B4", "A5", "B5")}
    assert cells == {"A4": ("=1+1", "s"), "B4": (3, "n"), "A5": ("'n'importe", "s"), "B5": (-4, "n")}


def test_honest_drawing_leaves(small_project: Project, tmp_path: Path) -> None:
    found = drawn('<title>Une &amp; des barres</title><style type="text/css">*{fill: #000}</style><use href="#a"/>')
    assert b"Une &amp; des barres" in found.leaves(small_project, tmp_path / "report")
    assert (tmp_path / "report" / "figures" / "figure-1.svg").is_file()


def test_internal_report_is_not_held_to_it(small_project: Project, tmp_path: Path) -> None:
    found = Hostile(html="<p>0,123456789</p>")
    executed = found.executed(read_study(small_project, "essai"))
    plan = read_study(small_project, "essai").plan({"audience": "internal"})
    inside = replace(executed, plan=plan)
    write_report(inside, tmp_path / "report")
    hold_for_leaving(small_project, inside.study, inside.plan, tmp_path / "report")
    assert json.loads((tmp_path / "report" / "results.json").read_text(encoding="utf-8"))["results"]
