"""A report as a Word document, for a partner who must edit it: its page, by pandoc, figures as PNG.

Like the PDF it is made of the page alone, lies beside it, and is no part of the run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from datetime import datetime
from html import escape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from etabli.disclosure.editable import EDITABLE, editable_complaint
from etabli.disclosure.workbook import WORKBOOK
from etabli.errors import RunError
from etabli.present import figures
from etabli.project import Project
from etabli.publish.derived import keep, report_page
from etabli.runs.disk import disk_error
from etabli.runs.manifest import Manifest

SECONDS = 120.0
"""After which pandoc is ended: a report takes less than one."""

FIGURE_PIXELS = 1600
"""Width of a figure: some 250 dots an inch over a page."""

_EXTRA = ".venv/bin/pip install pypandoc_binary resvg_py ; pour la mise en page, le PDF suffit (etabli pdf)"


def write_docx(project: Project, folder: Path) -> Path:
    """Write a report as a Word document, beside it, and return the file.

    Raises
    ------
    RunError
        The folder is not that of a whole report, pandoc or what draws figures is not there, or fails; the disk refuses.
    GateError
        The document holds what no report may.
    """
    manifest, page = report_page(project, folder)
    return keep_docx(project, folder, manifest, EDITABLE, page)


def keep_docx(project: Project, folder: Path, manifest: Manifest, name: str, page: str) -> Path:
    """Write a page of a report's folder as a Word document, beside it, and return the file.

    Raises
    ------
    RunError
        Pandoc or what draws figures is not there, or fails; the disk refuses.
    GateError
        The document holds what no report may.
    """
    shown = project.relative(folder)
    pandoc = find_pandoc()
    reader = _Editable()
    reader.feed(page)
    reader.close()
    made = datetime.fromisoformat(manifest.started)
    try:
        content = _converted(pandoc, reader, made, shown)
        complaint = editable_complaint(content, page=page)
        return keep(project, folder, manifest, name, content, complaint)
    except OSError as error:
        raise disk_error("Le document Word n’a pas pu être écrit.", error, project, folder / name) from None


def find_pandoc() -> str:
    """Return the path of pandoc: that of the machine, else the one that the package `pypandoc_binary` holds.

    Raises
    ------
    RunError
        There is none.
    """
    found = shutil.which("pandoc")
    if found is not None:
        return found
    try:
        from pypandoc import get_pandoc_path

        return str(get_pandoc_path())
    except (ImportError, OSError):
        raise RunError(
            "Pandoc n’est pas installé : le document Word ne peut pas être fait.",
            expected="la commande pandoc, ou le paquet pypandoc_binary (34 Mo à télécharger, 155 Mo sur le disque)",
            hint=_EXTRA,
        ) from None


def _converted(pandoc: str, reader: _Editable, made: datetime, shown: str) -> bytes:
    """Return the document that pandoc makes in a folder of its own: the page that it reads names no other file."""
    with tempfile.TemporaryDirectory(prefix="etabli-") as work:
        source, target = Path(work) / "page.html", Path(work) / EDITABLE
        source.write_text(reader.page, encoding="utf-8")
        for name, drawing in reader.drawings.items():
            (Path(work) / name).write_bytes(_drawn(drawing) if isinstance(drawing, str) else drawing)
        options = ["--from=html", "--to=docx", "--shift-heading-level-by=-1"]
        options += [f"--metadata=title:{reader.title}", "--metadata=lang:fr-FR"]
        try:
            done = subprocess.run(
                [pandoc, *options, f"--output={target}", str(source)],
                cwd=work,
                env={"HOME": work, "LANG": "C.UTF-8", "SOURCE_DATE_EPOCH": f"{made.timestamp():.0f}"},
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
            got = f"le statut {done.returncode}"
        except subprocess.TimeoutExpired:
            got = f"rien au bout de {SECONDS:.0f} secondes"
        if not target.is_file():
            raise RunError("Pandoc n’a pas converti le rapport.", where=shown, got=got)
        return _on_a4(target.read_bytes())


def _on_a4(content: bytes) -> bytes:
    """Return a document on A4: pandoc's own is on the paper of the United States."""
    out = BytesIO()
    with ZipFile(BytesIO(content)) as source, ZipFile(out, "w", ZIP_DEFLATED) as target:
        for entry in source.infolist():
            part = source.read(entry)
            if entry.filename == "word/document.xml":
                part = part.replace(b"</w:sectPr>", _A4 + b"</w:sectPr>")
            told = ZipInfo(entry.filename)  # of 1980, as all of them
            told.compress_type, told.create_system = ZIP_DEFLATED, 0
            target.writestr(told, part)
    return out.getvalue()


_A4 = (
    b'<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" '
    b'w:header="567" w:footer="567" w:gutter="0"/>'
)
"""In twentieths of a point: 21 by 29.7 cm, margins of 2."""


_SKIPPED = frozenset({"head", "script", "style", "details", "h1"})
"""Elements that are left out: data of figures are in the workbook; the title is the document's."""

_OPENED = frozenset({"html", "body", "main", "header", "nav", "aside", "footer", "section", "figure"})
"""Elements of which the content alone is kept: pandoc would keep that of `main` only, and set a figure as a table."""

_RENAMED = {"figcaption": "p"}
_VOID = frozenset({"br", "img", "col", "hr", "meta", "link", "input"})
_KEPT = frozenset({"id", "href", "colspan", "rowspan", "scope", "lang"})


class _Editable(HTMLParser):
    """Rewrites the page for pandoc: words, tables and links as they are, each drawing apart, no other image."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.drawings: dict[str, str | bytes] = {}
        self._kept: list[str] = []
        self._skipped: list[str] = []
        self._drawing: list[str] | None = None
        self._alternative = ""
        self._within: list[str] = []
        self._closing: list[str] = []
        self._cells = 0

    @property
    def page(self) -> str:
        return f"<!doctype html><html lang='fr'><body>{''.join(self._kept)}</body></html>"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within += [] if tag in _VOID else [tag]
        if self._drawing is not None:
            self._drawing.append(self.get_starttag_text() or "")
        elif tag == "img" and (pixels := figures.pixels_in(self.get_starttag_text() or "")):
            self._show(pixels, dict(attrs).get("alt") or "")
        elif tag == "svg":
            self._drawing, self._alternative = [self.get_starttag_text() or ""], ""
        elif self._skipped or tag in _SKIPPED or dict(attrs).get("class") in {"skip", "unseen"}:
            self._skipped += [] if tag in _VOID else [tag]
        else:
            opening, closing = self._rewritten(tag, dict(attrs))
            self._kept.append(opening)
            self._closing += [] if tag in _VOID else [closing]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._within.pop()  # of a drawing: no other element is closed so

    def _rewritten(self, tag: str, attrs: dict[str, str | None]) -> tuple[str, str]:
        """Return how an element begins and ends for pandoc; cells by their kind, which the page's style tells."""
        if tag in _OPENED:
            return "", ""
        written = "ul" if attrs.get("class") == "questions" else _RENAMED.get(tag, tag)  # each has its own letter
        told = {name: value or "" for name, value in attrs.items() if name in _KEPT and value != WORKBOOK}
        kept = [f' {name}="{escape(value)}"' for name, value in told.items()]
        strong = tag == "th" and attrs.get("scope") == "rowgroup"
        if tag == "tr":
            self._cells = 0
        elif tag in {"td", "th"}:
            self._cells += 1
            if (tag == "td" and attrs.get("class") != "text") or (attrs.get("scope") == "col" and self._cells > 1):
                kept.append(' style="text-align: right"')
        return f"<{written}{''.join(kept)}>{'<b>' if strong else ''}", f"{'</b>' if strong else ''}</{written}>"

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()
        if self._drawing is not None:
            self._drawing.append(f"</{tag}>")
            if tag == "svg":
                self._show("".join(self._drawing), self._alternative)
                self._drawing = None
        elif self._skipped:
            if self._skipped[-1] == tag:
                self._skipped.pop()
        elif tag not in _VOID and self._closing:
            self._kept.append(self._closing.pop())

    def _show(self, drawing: str | bytes, alternative: str) -> None:
        name = f"figure-{len(self.drawings) + 1}.png"
        self.drawings[name] = drawing
        self._kept.append(f'<p><img src="{name}" alt="{escape(alternative)}" width="100%"></p>')

    def handle_data(self, data: str) -> None:
        if self._drawing is not None:
            self._drawing.append(escape(data, quote=False))
            self._alternative += data if self._within[-1] == "title" else ""
        elif self._skipped:
            self.title += data if self._within[-1] == "h1" else ""
        else:
            self._kept.append(escape(data, quote=False))


def _drawn(svg: str) -> bytes:
    """Return a drawing as a PNG, which any Word shows, in letters that matplotlib brings: none is the machine's."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise RunError(
            "Ce qui dessine les figures en PNG n’est pas installé : le document Word ne peut pas être fait.",
            expected="le paquet resvg_py",
            hint=_EXTRA,
        ) from None
    from matplotlib import get_data_path

    for name, told in _CASED.items():  # HTML writes them in small letters, XML does not know them so
        svg = svg.replace(name, told)
    sized = re.sub(r'\b(width|height)="([\d.]+)pt"', r'\1="\2"', svg, count=2)  # resvg 0.5 takes points for nothing
    fonts = str(Path(get_data_path()) / "fonts" / "ttf")
    return bytes(
        svg_to_bytes(
            svg_string=sized,
            width=FIGURE_PIXELS,
            background="white",
            skip_system_fonts=True,
            font_dirs=[fonts],
            sans_serif_family="DejaVu Sans",
        )
    )


_CASED = {" viewbox=": " viewBox=", "clippath": "clipPath", "preserveaspectratio": "preserveAspectRatio"}
