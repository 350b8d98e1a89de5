"""Reports printed by a real Chromium: pages, tags, outline, title, and no trace of the machine."""

from __future__ import annotations

import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from etabli.project import Project
from etabli.publish import printing
from etabli.publish.printing import BROWSERS, print_report
from etabli.runs.manifest import read_manifest

REPORTS = ("caf-flows/2024-T4_internal", "caf-flows/2024-T4_funder", "sortir/2024_public")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="Chromium manque : make browser"),
]


@pytest.fixture(scope="module", params=REPORTS)
def printed(request: pytest.FixtureRequest, house: Project) -> tuple[Project, Path, bytes]:
    folder = house.reports / request.param
    return house, folder, print_report(house, folder).read_bytes()


def titles(content: bytes) -> list[str]:
    """Return the title of the document, then those of its outline."""
    found = re.findall(rb"/Title (?:<FEFF([0-9A-F]+)>|\(((?:\\.|[^\\)])*)\))", content)
    return [bytes.fromhex(coded.decode()).decode("utf-16-be") if coded else plain.decode() for coded, plain in found]


def test_pdf_has_pages_tags_an_outline_a_language_and_alternatives(printed: tuple[Project, Path, bytes]) -> None:
    _, folder, content = printed
    assert len(re.findall(rb"/Type /Page\b", content)) >= 4
    assert re.search(rb"/MarkInfo <</Type /MarkInfo\s*/Marked true>>", content)
    assert b"/Lang (fr)" in content
    assert b"/DisplayDocTitle true" in content
    for tag in (b"H1", b"H2", b"Table", b"TH", b"TD", b"Caption", b"Figure"):
        assert re.search(rb"/S /" + tag + rb"\b", content)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert len(re.findall(rb"/Alt ", content)) == page.count("<svg")


def test_pdf_and_its_outline_have_their_titles_with_accents(printed: tuple[Project, Path, bytes]) -> None:
    _, folder, content = printed
    document, *outline = titles(content)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert f"<title>{document}</title>" in page
    assert "Fiche de traçabilité" in outline
    headings = len(re.findall(r"<h[1-3]\b", page))
    assert headings - 1 <= len(outline) <= headings


def test_pdf_tells_no_path_and_is_the_same_again(printed: tuple[Project, Path, bytes]) -> None:
    project, folder, content = printed
    streams = re.finditer(rb"/Length (\d+)>>\s*stream\r?\n", content)
    opened = [zlib.decompress(content[each.end() : each.end() + int(each[1])]) for each in streams]
    assert len(opened) > 5
    told = b"\n".join([content, *opened])
    for each in (str(project.root), "/tmp/", "file:", "tableaux.xlsx", "HeadlessChrome"):
        assert each.encode() not in told
        assert each.encode("utf-16-be").hex().upper().encode() not in told
    assert print_report(project, folder).read_bytes() == content
    assert read_manifest(folder, shown="x").derived["report.pdf"]


BOTTOM = 20 / 297
"""The margin of a page, which holds the footer, by its height: `report.css`."""

_OPERATION = re.compile(rb"(?:^|\n)(q|Q|(?:-?[\d.]+ ){6}(?:cm|Tm))(?=\n)")


def texts(content: bytes) -> list[list[float]]:
    """Return how far down each text of each page stands, its footer apart, by the height of a page."""
    found = list[list[float]]()
    for page in re.finditer(rb"/Type /Page\b.{0,800}?/Contents (\d+) 0 R", content, re.DOTALL):
        opening = re.search(rb"\n" + page[1] + rb" 0 obj\s*<<.*?/Length (\d+)>>\s*stream\r?\n", content, re.DOTALL)
        assert opening is not None
        stream = zlib.decompress(content[opening.end() : opening.end() + int(opening[1])])
        found.append([each for each in lines_of(stream) if each < 1 - BOTTOM])
    return found


def lines_of(stream: bytes) -> Iterator[float]:
    """Yield how far down each piece of text stands on a page of A4, from 0 to 1."""
    scale, shift, held = 1.0, 0.0, list[tuple[float, float]]()
    for operation in _OPERATION.finditer(stream):
        told = operation[1].split()
        if told == [b"q"]:
            held.append((scale, shift))
        elif told == [b"Q"]:
            scale, shift = held.pop()
        elif told[-1] == b"cm":
            scale, shift = scale * float(told[3]), scale * float(told[5]) + shift
        else:
            yield 1 - (scale * float(told[5]) + shift) / 841.92


def test_no_page_but_the_last_is_more_than_a_third_empty(printed: tuple[Project, Path, bytes]) -> None:
    """A figure or a table that may not be split is pushed to the next page, and leaves its place white."""
    *pages, _ = texts(printed[2])
    empty = [round(1 - BOTTOM - max(each), 2) for each in pages]
    assert [(place, each) for place, each in enumerate(empty, start=1) if each > 1 / 3] == []


def table_under(project: Project, folder: Path, rows: int, millimetres: int) -> list[list[float]]:
    """Return the texts of a table by page, as the style of a report prints it so far down a page."""
    style = re.search(r"<style>.*?</style>", (folder / "report.html").read_text(encoding="utf-8"), re.DOTALL)
    assert style is not None
    body = "".join(f'<tr><th scope="row">Ligne {row}</th><td>{row}</td></tr>' for row in range(rows))
    page = (
        f'<!doctype html><html lang="fr"><head><title>T</title>{style[0]}</head><body><main>'
        f'<div style="height: {millimetres}mm"></div><div class="table"><div class="scroll"><table><caption>Titre'
        '</caption><thead><tr><th scope="col">Rang</th><th scope="col">Nombre</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div></div></main></body></html>"
    )
    content, _ = printing.printed(project, folder, read_manifest(folder, shown="x"), page)
    return texts(content)


def test_table_that_no_page_holds_goes_on_under_its_headers(printed: tuple[Project, Path, bytes]) -> None:
    project, folder, _ = printed
    first, second = table_under(project, folder, 90, 0)
    assert max(first) > 0.85
    assert len(first) + len(second) == 2 * 90 + 1 + 2 * 2  # cells, the title, « Rang » and « Nombre » twice
    assert len(second) > 6  # and three rows at least


@pytest.mark.parametrize("rows", [12, 44])
def test_table_that_a_page_holds_is_not_split(printed: tuple[Project, Path, bytes], rows: int) -> None:
    project, folder, _ = printed
    (whole,) = table_under(project, folder, rows, 0)
    first, second = table_under(project, folder, rows, 225)
    assert (len(first), len(second)) == (0, len(whole))
