"""The gate once more, on the bytes that are about to leave: what is in the files, whatever made them.

`gate` judges the outputs of a notebook; this module judges the folder of a report as the person who receives it
could. It holds files to a list of what may be there (names, elements, keys, precision): a list of what may not would
always miss one. Reports of the audience `internal` are not held to it: they do not leave.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import unescape
from html.parser import HTMLParser
from io import StringIO
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from etabli.disclosure.prose import TAGS
from etabli.disclosure.sheets import read
from etabli.disclosure.statements import MASKED
from etabli.disclosure.workbook import CONTENTS, NOTES, OWN_WORDS, WORKBOOK, Sheet
from etabli.errors import GateError

PAGE = frozenset(
    {"html", "head", "meta", "title", "style", "body", "aside", "header", "nav", "main", "section", "footer"}
)
PIECES = frozenset(
    {"dl", "dt", "dd", "figure", "figcaption", "caption", "colgroup", "col", "small", "details", "summary"}
)
DRAWN = frozenset({"svg", "g", "path", "use", "defs", "rect", "text", "clippath", "tspan", "circle", "line", "polygon"})
ELEMENTS = TAGS | PAGE | PIECES | DRAWN
"""Elements of a report's page: of prose, of its template, of tables, of drawings. No image, script, form or frame."""

REFERENCES = frozenset({"href", "xlink:href", "src", "srcset", "action", "poster", "data"})
_ADDRESS = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)

_PATH = re.compile(
    r"file://|(?<![\w/])/(?:home|Users|root|tmp|var|mnt|media|private|opt|srv)/[\w.~-]+"
    r"|\b[A-Za-z]:\\[\w.~ -]+|\\\\[\w.-]+\\[\w$.-]+"
)
_BLOB = re.compile(r"[A-Za-z0-9+/]{160,}={0,2}")
_LEFTOVERS = {
    "une trace d’erreur Python": re.compile(
        r"Traceback \(most recent call last\)|<ipython-input|\bFile \"[^\"]+\", line \d"
    ),
    "un affichage brut de pandas": re.compile(r"dtype: \w+|\[\d+ rows x \d+ columns\]|class=\"?dataframe"),
    "un objet Python": re.compile(r"<[\w.]+ object at 0x|\b0x[0-9a-f]{8,}"),
    "l’état d’un widget de Jupyter": re.compile(r"application/vnd\.|jupyter-widgets|IPY_MODEL_"),
}
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])|font-size\s*:\s*0", re.IGNORECASE
)
_FETCHED = re.compile(r"url\(\s*['\"]?(?!#)|@import|expression\(", re.IGNORECASE)

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
"""Kinds of Unicode letters that nobody sees: by which of them stands where, they can spell anything."""

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {chr(0xFE00 + each) for each in range(16)}
"""Letters of other kinds that draw nothing."""

_SPACES = frozenset(" \t\n\r\u00a0\u2009\u202f")
"""Those of French, and of files."""

MOST_DECIMALS = 4
"""No number is printed with more."""
_TOO_PRECISE = re.compile(rf"(?<![\w.,-])\d+[.,]\d{{{MOST_DECIMALS + 1},}}")

RESULT_KEYS = frozenset(
    {"item", "name", "label", "unit", "where", "value", "sign", "interval", "n"}
    | {"p_value", "effect", "degrees", "note"}
)
RESULTS_KEYS = frozenset({"study", "run", "parameters", "edition", "results"})

_FILES = re.compile(
    rf"report\.html|results\.json|manifest\.json|said\.json|{re.escape(WORKBOOK)}"
    r"|tables/[a-z]+-\d+(-\d+)?\.csv|figures/[a-z]+-\d+(-\d+)?\.(svg|png)",
    re.ASCII,
)


def is_file_of_report(name: str) -> bool:
    """Whether a report may have a file of that name, by its path from the report's folder.

    >>> is_file_of_report("tables/tableau-1.csv"), is_file_of_report("../manifest.json")
    (True, False)
    """
    return _FILES.fullmatch(name) is not None


Judge = Callable[[bytes, str, Iterable[str]], str | None]
"""Says what may not be in a file, by its bytes, the page that it was made of, and texts that name this machine."""


def hold_exported(
    folder: Path,
    *,
    manifest_keys: Iterable[str],
    private: Iterable[str] = (),
    beside: Mapping[str, Judge] = MappingProxyType({}),
) -> None:
    """Refuse the folder of a report that holds what no report may.

    Parameters
    ----------
    folder
        A report as written: `report.html`, `results.json`, `manifest.json`, `said.json`, `tables/`, `tableaux.xlsx`,
        `figures/`.
    manifest_keys
        The keys that a manifest may have.
    private
        Texts that name this machine or its user (the project's folder, the home folder).
    beside
        Files that may have been made of it afterwards, and how each is held to its page.

    Raises
    ------
    GateError
        The message names the file and what it holds.
    """
    words = tuple(each for each in private if len(each) > 4)
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        if name in beside:
            continue  # below, with its page
        if not is_file_of_report(name) or name.endswith(".png"):  # no rule protects a step curve yet
            _refuse(name, "un fichier qui n’est pas d’un rapport qui sort")
        if name == WORKBOOK:
            continue  # below
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
        complaint = _complaint(name, text, words, frozenset(manifest_keys))
        if complaint:
            _refuse(name, complaint)
    page = (folder / "report.html").read_text(encoding="utf-8") if (folder / "report.html").exists() else ""
    if (folder / WORKBOOK).exists():
        complaint = _workbook_complaint((folder / WORKBOOK).read_bytes(), folder / "tables", page)
        if complaint:
            _refuse(WORKBOOK, complaint)
    for name, judge in beside.items():
        complaint = judge((folder / name).read_bytes(), page, words) if (folder / name).exists() else None
        if complaint:
            _refuse(name, complaint)


def sheet_name(table: str) -> str:
    """Return the name of the sheet that holds a table, by the name of its file.

    >>> sheet_name("tableau-1.csv"), sheet_name("tables/figure-2-7.csv")
    ('Tableau 1', 'Figure 2-7')
    """
    stem = table.rpartition("/")[2].removesuffix(".csv")
    return stem.replace("-", " ", 1).capitalize()


def _complaint(name: str, text: str, private: tuple[str, ...], manifest_keys: frozenset[str]) -> str | None:
    if any(each in text or json.dumps(each)[1:-1] in text for each in private):
        return "le nom d’un dossier ou d’un utilisateur de cette machine"
    judge: Callable[[str], str | None] = _page_complaint
    if name.endswith(".csv"):
        judge = _table_complaint
    elif name.endswith(".svg"):
        judge = _drawing_complaint
    elif name == "results.json":
        judge = _results_complaint
    elif name == "manifest.json":
        return _json_complaint(text, manifest_keys, precise=False)
    elif name == "said.json":
        return None  # stays in the house; `publish` does not copy it
    return judge(text)


# The page --------------------------------------------------------------------------------------------


def _page_complaint(text: str) -> str | None:
    return _markup_complaint(text, ELEMENTS)


def _drawing_complaint(text: str) -> str | None:
    """Judge a drawing, which is opened as XML: what HTML takes for text in a title or a style is then elements."""
    bare = all(
        text.count(f"<{name}") == len(re.findall(rf"<{name}(?: [^<>]*)?>[^<]*</{name}>", text)) for name in _IN_DRAWING
    )
    if not text.startswith("<svg ") or "<!" in text or "<?" in text or not bare:
        return "autre chose qu’un dessin"
    if _ELSEWHERE.search(text):
        return "un dessin qui va chercher un fichier"
    return _markup_complaint(text, DRAWN | _IN_DRAWING)


_IN_DRAWING = frozenset({"title", "style"})
_ELSEWHERE = re.compile(r"href\s*=\s*[\"'](?!#)", re.IGNORECASE)


def _markup_complaint(text: str, elements: frozenset[str]) -> str | None:
    reader = _Page(elements)
    reader.feed(text)
    reader.close()
    return reader.complaint or _text_complaint(text)


def _text_complaint(text: str) -> str | None:
    for what, pattern in _LEFTOVERS.items():
        if pattern.search(text):
            return what
    unseen = next((each for each in sorted(set(unescape(text))) if _is_unseen(each)), None)
    if unseen is not None:
        return f"une lettre que personne ne voit (U+{ord(unseen):04X})"
    if _PATH.search(text):
        return "le chemin d’un fichier"
    if _BLOB.search(text):
        return "des données encodées (base64)"
    return None


def _is_unseen(letter: str) -> bool:
    return letter in _BLANK or (unicodedata.category(letter) in _UNSEEN and letter not in _SPACES)


class _Page(HTMLParser):
    """Walks a page and keeps the first thing that may not be there."""

    def __init__(self, elements: frozenset[str]) -> None:
        super().__init__()
        self.elements = elements
        self.complaint: str | None = None
        self.said: list[str] = []
        self._within: list[str] = []

    def _note(self, what: str) -> None:
        self.complaint = self.complaint or what

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.elements:
            self._note(f"un élément <{tag}>")
        if tag == "style":
            self._within.append(tag)
        for name, value in attrs:
            self._attribute(name, value or "")

    def _attribute(self, name: str, value: str) -> None:
        if name.startswith("on"):
            self._note(f"du code dans un attribut ({name})")
        elif name in REFERENCES and not _ADDRESS.match(value) and value != WORKBOOK:
            self._note(
                "un lien vers autre chose qu’une adresse du Web, une adresse électronique, un titre ou le classeur"
            )
        elif name.startswith("data-"):
            self._note(f"des données dans un attribut ({name})")
        elif name == "hidden" or (name == "style" and _HIDDEN.search(value)):
            self._note("un passage caché")
        elif name == "style" and _FETCHED.search(value):
            self._note("un style qui va chercher un fichier")

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.said.append(data)
        if self._within:
            if _FETCHED.search(data):
                self._note("un style qui va chercher un fichier")
        elif _TOO_PRECISE.search(data):
            self._note("un nombre plus précis que ce qui s’imprime")

    def handle_comment(self, data: str) -> None:  # noqa: ARG002  # the parser's own signature
        self._note("un commentaire HTML, que personne ne voit")

    def handle_pi(self, data: str) -> None:  # noqa: ARG002  # the parser's own signature
        self._note("une instruction de traitement")

    def unknown_decl(self, data: str) -> None:  # noqa: ARG002  # the parser's own signature
        self._note("une déclaration HTML")


# Files -----------------------------------------------------------------------------------------------


def _table_complaint(text: str) -> str | None:
    for row in csv.reader(StringIO(text), delimiter=";"):
        for cell in row:
            if _TOO_PRECISE.search(cell):
                return "un nombre plus précis que ce qui s’imprime"
    return _text_complaint(text)


def _workbook_complaint(content: bytes, folder: Path, page: str) -> str | None:
    """Hold a workbook to the files beside it: the values of the tables, the words of the page, and nothing more."""
    try:
        found = read(content).sheets
    except ValueError as error:
        return str(error)
    contents, sheets, notes = found[0], found[1:-1], found[-1]
    tables = {sheet_name(each.name): each for each in folder.glob("*.csv")}
    if [contents.name, notes.name] != [CONTENTS, NOTES] or sorted(each.name for each in sheets) != sorted(tables):
        return "d’autres feuilles qu’un sommaire, une par tableau, et des notes"
    for sheet in sheets:
        if _cells(sheet) != _rows(tables[sheet.name].read_text(encoding="utf-8-sig")):
            return f"autre chose que les valeurs du fichier CSV (feuille « {sheet.name} »)"
    reader = _Page(ELEMENTS)
    reader.feed(page)
    said = _spaced("".join(reader.said))
    own = {*OWN_WORDS, *tables}
    for sheet in (contents, *sheets, notes):
        around = [sheet.title, *sheet.notes, *(() if sheet in sheets else (*sheet.head, *chain(*sheet.rows)))]
        for text in around:
            if not isinstance(text, str) or (text not in own and _spaced(text) not in said):
                return f"autre chose que ce que dit la page (feuille « {sheet.name} »)"
    return None


def _cells(sheet: Sheet) -> list[list[str]]:
    """Return the cells of a sheet as a CSV file holds them."""
    return [
        [_spaced(each if isinstance(each, str) else each.text) for each in row] for row in (sheet.head, *sheet.rows)
    ]


def _rows(text: str) -> list[list[str]]:
    return [[_spaced(_DEFUSED.sub("", cell)) for cell in row] for row in csv.reader(StringIO(text), delimiter=";")]


_DEFUSED = re.compile(r"^'(?=[=+\-@\t\r])")
"""The apostrophe that keeps a spreadsheet from computing a cell of a CSV file."""


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _results_complaint(text: str) -> str | None:
    complaint = _json_complaint(text, RESULTS_KEYS, precise=True)
    if complaint:
        return complaint
    for result in json.loads(text)["results"]:
        unknown = sorted(set(result) - RESULT_KEYS) if isinstance(result, dict) else ["?"]
        if unknown:
            return f"un champ que rien ne protège ({', '.join(unknown)})"
        beside = [result.get("value"), *result.get("interval", ())]
        if result.get("sign") == MASKED:
            beside.append(result.get("n"))
        if result.get("sign") is not None and any(each is not None for each in beside):
            return "une valeur à côté du signe qui la remplace"
    return None


def _json_complaint(text: str, keys: frozenset[str], *, precise: bool) -> str | None:
    try:
        told = json.loads(text)
    except ValueError:
        return "du JSON qui ne se lit pas"
    if not isinstance(told, Mapping):
        return "autre chose que des clés et des valeurs"
    unknown = sorted(set(told) - keys)
    if unknown:
        return f"un champ que rien ne protège ({', '.join(unknown)})"
    for leaf in _leaves(told):
        if precise and isinstance(leaf, float) and round(leaf, MOST_DECIMALS) != leaf:
            return "un nombre plus précis que ce qui s’imprime"
        complaint = _text_complaint(leaf) if isinstance(leaf, str) else None
        if complaint:
            return complaint
    return None


def _leaves(node: Any) -> Iterator[object]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield name
            yield from _leaves(value)
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value)
    else:
        yield node


def _refuse(name: str, what: str) -> None:
    raise GateError(
        "Un fichier du rapport ne peut pas quitter la maison.",
        where=name,
        expected="ce que produisent report.table, .figure, .map, .key_figure et .say, et de la prose",
        got=what,
        hint="retirez-le du notebook ou du texte qui le porte, ou lancez le passage avec l’audience internal",
    )
