"""A report written as a Word document: what pandoc is given, and, where it is installed, what it makes of it."""

from __future__ import annotations

import builtins
import re
import shutil
import sys
from collections.abc import Callable
from html import unescape
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from etabli.cli import app
from etabli.errors import RunError
from etabli.project import Project
from etabli.publish.editable import _Editable, find_pandoc, write_docx
from etabli.runs.manifest import hash_outputs, read_manifest
from etabli.terminal import run

FUNDERS = "essai/2024_funder"
PAGE = (
    "<html><head><title>x</title><style>p{}</style></head><body><a class='skip' href='#a'>Aller</a>"
    "<header><h1>Qui vient&nbsp;?</h1></header><main><figure><figcaption>Figure 1.</figcaption><div class='drawing'>"
    "<svg viewbox='0 0 4 4' width='4pt' height='4pt' xmlns='http://www.w3.org/2000/svg'><title>Trois &amp; un</title>"
    "<use href='#b'/><path d='M 0 0'/></svg></div></figure><p>a<br>b <span class='unseen'>non vu</span></p>"
    "<table><tr><th scope='col'>A</th><th scope='col'>B</th></tr><tr><th scope='rowgroup' colspan='2'>G</th></tr>"
    "<tr><th scope='row'>a</th><td>1</td><td class='text'>t</td></tr></table><details><p>données</p></details>"
    "<img src='data:image/png;base64,AA'><script>var zyxw</script><p><a href='tableaux.xlsx'>classeur</a></p></main>"
    "<footer><p>fin</p></footer></body></html>"
)

needs_pandoc = pytest.mark.skipif(
    (shutil.which("pandoc") is None and find_spec("pypandoc") is None) or find_spec("resvg_py") is None,
    reason="pandoc ou resvg_py manquent : .venv/bin/pip install pypandoc_binary resvg_py",
)


def place(project: Project) -> Path:
    return project.reports / FUNDERS


def rewritten(page: str = PAGE) -> _Editable:
    reader = _Editable()
    reader.feed(page)
    reader.close()
    return reader


def test_pandoc_is_given_words_tables_and_drawings_and_no_way_to_a_file() -> None:
    reader = rewritten()
    assert reader.title == "Qui vient\xa0?"
    assert reader.page == (
        "<!doctype html><html lang='fr'><body><p>Figure 1.</p><div>"
        '<p><img src="figure-1.png" alt="Trois &amp; un" width="100%"></p></div><p>a<br>b </p>'
        '<table><tr><th scope="col">A</th><th scope="col" style="text-align: right">B</th></tr>'
        '<tr><th colspan="2" scope="rowgroup"><b>G</b></th></tr>'
        '<tr><th scope="row">a</th><td style="text-align: right">1</td><td>t</td></tr></table>'
        "<img><p><a>classeur</a></p><p>fin</p></body></html>"
    ).replace('colspan="2" scope="rowgroup"', 'scope="rowgroup" colspan="2"')
    assert list(reader.drawings) == ["figure-1.png"]
    svg = reader.drawings["figure-1.png"]
    assert svg.startswith("<svg viewbox=")
    assert svg.endswith("<use href='#b'/><path d='M 0 0'/></svg>")


def test_page_of_a_real_report_is_rewritten_whole(rendered: Project) -> None:
    page = (place(rendered) / "report.html").read_text(encoding="utf-8")
    reader = rewritten(page)
    assert reader.title == "Une étude d’essai"
    assert len(reader.drawings) == page.count("<svg")
    for word in ("Secret statistique", "Pour citer", "Fiche de traçabilité", "Lecture"):
        assert word in reader.page
    opened, closed = (
        re.findall(r"<(?:p|table|tr|td|th|h2|div)\b", reader.page),
        re.findall(r"</(?:p|table|tr|td|th|h2|div)>", reader.page),
    )
    assert len(opened) == len(closed) > 20


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    real = builtins.__import__

    def refuse(name: str, *arguments: Any, **named: Any) -> Any:
        if name in packages:
            raise ImportError(name)
        return real(name, *arguments, **named)

    for package in packages:
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)


def test_missing_pandoc_is_told(rendered: Project, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("PATH", "")
    without(monkeypatch, "pypandoc")
    assert run(app, ["docx", FUNDERS]) == 1
    told = capsys.readouterr().err
    assert "Pandoc n’est pas installé" in told
    assert "pypandoc_binary" in told


def pandoc(folder: Path, script: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / "pandoc"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


def test_pandoc_of_the_machine_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = pandoc(tmp_path / "bin", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_pandoc() == found


def test_pandoc_that_fails_leaves_nothing(rendered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pandoc(tmp_path / "bin", "exit 7")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(RunError, match="n’a pas converti") as caught:
        write_docx(rendered, place(rendered))
    assert caught.value.got == "le statut 7"
    assert not (place(rendered) / "report.docx").exists()
    assert read_manifest(place(rendered), shown="x").derived == {}


def test_missing_drawer_is_told(rendered: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from etabli.publish.editable import _drawn

    without(monkeypatch, "resvg_py")
    with pytest.raises(RunError, match="dessine les figures") as caught:
        _drawn("<svg/>")
    assert "resvg_py" in str(caught.value.expected)


def text_of(content: bytes) -> str:
    with ZipFile(BytesIO(content)) as archive:
        return archive.read("word/document.xml").decode()


@needs_pandoc
def test_document_lies_beside_its_report_and_says_the_same(rendered: Project, capsys: Any) -> None:
    before = hash_outputs(place(rendered))
    assert run(app, ["docx", FUNDERS]) == 0
    assert f"Word : reports/{FUNDERS}/report.docx" in capsys.readouterr().out
    assert hash_outputs(place(rendered)) == before
    assert list(read_manifest(place(rendered), shown="x").derived) == ["report.docx"]
    content = (place(rendered) / "report.docx").read_bytes()
    text = text_of(content)
    assert "<w:tblHeader" in text
    assert 'w:pStyle w:val="Title"' in text
    assert 'w:pStyle w:val="Heading1"' in text
    assert 'w:w="11906"' in text
    assert write_docx(rendered, place(rendered)).read_bytes() == content
    assert run(app, ["verify", FUNDERS]) == 0


@needs_pandoc
def test_figures_are_images_with_their_alternatives(house: Project) -> None:
    folder = house.reports / "caf-flows" / "2024-T4_funder"
    page = (folder / "report.html").read_text(encoding="utf-8")
    content = write_docx(house, folder).read_bytes()
    with ZipFile(BytesIO(content)) as archive:
        images = [each for each in archive.namelist() if each.startswith("word/media/")]
        assert all(archive.getinfo(each).file_size > 10_000 for each in images)
    assert len(images) == page.count("<svg") >= 2
    told = "".join(unescape(text_of(content)).split())
    alternatives = re.findall(r"<svg[^>]*>\s*<title>([^<]+)</title>", page)
    assert len(alternatives) == len(images)
    assert [each for each in alternatives if f'descr="{"".join(unescape(each).split())}"' not in told] == []


@needs_pandoc
@pytest.mark.parametrize("spoil", [lambda page: page.replace("Secret statistique", "Zyxw")])
def test_document_of_another_page_holds_its_report_back(
    spoil: Callable[[str], str], rendered: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from etabli.disclosure.editable import editable_complaint

    content = write_docx(rendered, place(rendered)).read_bytes()
    page = (place(rendered) / "report.html").read_text(encoding="utf-8")
    assert editable_complaint(content, page=page) is None
    assert editable_complaint(content, page=spoil(page)) is not None


@needs_pandoc
def test_document_is_published_with_its_report(rendered: Project, tmp_path: Path) -> None:
    write_docx(rendered, place(rendered))
    assert run(app, ["release", FUNDERS, "--to", "caf", "--relu-par", "Une collègue"]) == 0
    assert run(app, ["publish", "--to", "caf", str(tmp_path / "caf")]) == 0
    assert (tmp_path / "caf" / FUNDERS / "report.docx").is_file()
