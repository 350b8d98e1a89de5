"""Reports printed by a real Chromium: pages, tags, outline, title, and no trace of the machine."""

from __future__ import annotations

import re
import shutil
import zlib
from pathlib import Path

import pytest

from etabli.project import Project
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
