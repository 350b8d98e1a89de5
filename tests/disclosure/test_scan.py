"""Files are searched as whoever receives them could read them; a hit says what and where, and hides the datum."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from etabli.disclosure.scan import Hit, hold_folder, scan_file
from etabli.errors import PersonalDataError

PHONE = "06 12 34 56 78"
Laid = Callable[[str, object], Path]


@pytest.fixture
def laid(tmp_path: Path) -> Laid:
    """Return a function that writes a file: text as it is, anything else as JSON."""

    def write(name: str, content: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def scanned(path: Path, **asked: Any) -> list[tuple[str, str]]:
    hits = scan_file(path, shown=path.name, **asked)
    assert hits is not None
    return [(hit.kind, hit.where) for hit in hits]


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.txt", f"un\ndeux\n{PHONE}", "ligne 3"),
        ("a.md", f"- {PHONE}", "ligne 1"),
        ("a.html", f"<p>un</p>\n<p>{PHONE}</p>", "ligne 2"),
        ("a.html", "<p>06 12 <b>34</b> 56&nbsp;78</p>", ""),
        ("a.html", f'<img alt="Rappeler le {PHONE}">', "ligne 1"),
        ("a.html", f"<!-- {PHONE} -->", "ligne 1"),
        ("a.html", f"<script>const a = '{PHONE}'</script>", "ligne 1"),
        ("a.svg", f"<svg><text>{PHONE}</text></svg>", "ligne 1"),
        ("a.json", {"results": [{"note": PHONE}]}, "results.0.note"),
        ("a.json", {"results": {PHONE: 1}}, "results.clé"),
        ("a.json", {PHONE: {"note": PHONE}}, "clé"),
        ("a.jsonl", f'{{"a": 1}}\n{{"a": "{PHONE}"}}\n', "ligne 2, a"),
        ("a.csv", f"a;b\n1;{PHONE}\n", "ligne 2"),
        ("a.yml", f"contact: {PHONE}", "ligne 1"),
    ],
)
def test_datum_is_found_where_it_stands(laid: Laid, name: str, content: object, where: str) -> None:
    assert scanned(laid(name, content))[0] == ("phone", where)


def test_notebook_is_searched_by_cell(laid: Laid) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["Un\n", "deux"]},
        {"cell_type": "code", "source": [f"# {PHONE}\n", "x"], "outputs": [{"data": {"text/html": f"<p>{PHONE}</p>"}}]},
        {"cell_type": "markdown", "source": "", "metadata": {"note": PHONE}},
    ]
    path = laid("a.ipynb", {"cells": cells})
    assert [where for _, where in scanned(path)] == ["cellule 2, source", "cellule 2, sortie", "cellule 3, métadonnées"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
def test_delivery_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("é;b\nété;née le 12/03/1980\n".encode(encoding))
    assert scanned(path) == [("birth", "ligne 2")]


def test_large_file_is_read_in_blocks_without_losing_its_lines(laid: Laid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etabli.disclosure.scan.BLOCK", 100)
    path = laid("a.txt", "".join(f"ligne {number}\n" for number in range(500)) + PHONE)
    assert scanned(path) == [("phone", "ligne 501")]


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx"])
def test_frame_is_searched_by_column(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"iris": ["352380101"] * 3, "note": ["", PHONE, PHONE], "portable": [1, 2, 3]})
    path = tmp_path / f"a{suffix}"
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_excel(path, index=False)
    found = scanned(path)
    assert [kind for kind, _ in found] == ["phone", "phone"]
    assert sum("« portable »" in where for _, where in found) == 1
    assert len(scanned(path, headers=False)) == 1


def test_file_of_a_statistical_package_is_searched_in_a_child(tmp_path: Path) -> None:
    frame = pd.DataFrame({"NOTE": ["", PHONE], "PRENOM": ["x", "y"]})
    pyreadstat.write_sav(frame, tmp_path / "a.sav")
    assert sorted(scanned(tmp_path / "a.sav")) == [("name", "colonne « PRENOM »"), ("phone", "colonne « NOTE »")]
    (tmp_path / "b.sav").write_bytes(b"$FL2")
    with pytest.raises(PersonalDataError, match="n’a pas pu être examiné"):
        scan_file(tmp_path / "b.sav", shown="b.sav")


@pytest.mark.parametrize(
    ("header", "kinds"),
    [
        ("NOM_FAMILLE;PRENOM;IRIS", ["name", "name"]),
        ("Date de naissance,Age", ["birth"]),
        ("\ufeffTéléphone;N", ["phone"]),
        ("NIR\tSEXE", ["nir"]),
        ("NOM_COMMUNE;NOMBRE;MOBILITE;NAISSANCES;ADRESSAGE", []),
    ],
)
def test_column_that_identifies_is_found_by_its_name(laid: Laid, header: str, kinds: list[str]) -> None:
    assert [kind for kind, _ in scanned(laid("a.csv", f"{header}\n1;2\n"))] == kinds


def test_title_above_the_headers_of_a_workbook_does_not_hide_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Extraction"], [], ["Prénom", "Âge"], ["x", 3]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert [kind for kind, _ in scanned(tmp_path / "a.xlsx")] == ["name"]


def test_hit_hides_the_datum(laid: Laid) -> None:
    hits = scan_file(laid("a.txt", f"rappeler {PHONE}"), shown="a.txt")
    assert hits == [Hit("a.txt", "ligne 1", "phone", "06 •• •• •• ••")]
    assert "34" not in repr(hits) + str(hits[0])


def test_key_that_is_a_person_is_not_shown_by_the_way(laid: Laid) -> None:
    hits = scan_file(laid("a.json", {"jeanne@exemple.fr": {"tel": PHONE}}), shown="a.json")
    assert hits is not None
    assert [hit.where for hit in hits] == ["….tel", "clé"]


@pytest.mark.parametrize(
    ("contact", "count"), [("Pôle observation, 06 12 34 56 78", 0), ("06 12 34 56 79", 1), ("", 1)]
)
def test_declared_contact_alone_is_exempt(laid: Laid, contact: str, count: int) -> None:
    assert len(scanned(laid("a.txt", PHONE), exempt=[contact])) == count


def test_picture_is_not_read_as_text(laid: Laid) -> None:
    inside = "0612345678" * 20
    assert scanned(laid("a.html", f'<img src="data:image/png;base64,{inside}">')) == []
    assert scanned(laid("a.json", {"image": f"data:image/png;base64,{inside}"})) == []


def test_format_that_is_not_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    assert scan_file(tmp_path / "a.png", shown="a.png") is None
    with pytest.raises(PersonalDataError, match="pas d’un format"):
        hold_folder(tmp_path)


@pytest.mark.parametrize("name", ["a.json", "a.parquet", "a.xlsx"])
def test_damaged_file_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(PersonalDataError, match="n’a pas pu être examiné"):
        scan_file(tmp_path / name, shown=name)


def test_folder_that_leaves_is_refused_by_file_and_kind(laid: Laid, tmp_path: Path) -> None:
    laid("report.html", "<p>57 403 inscrits, SIRET 775 672 272 00018</p>")
    laid("tables/tableau-1.csv", "Téléphone;Courriel\n12;30\n")
    hold_folder(tmp_path)
    laid("tables/tableau-2.csv", f"Note;N\n{PHONE};1\n")
    laid("tables/tableau-3.csv", f"Note;N\n{PHONE};1\n{PHONE};1\n")
    with pytest.raises(PersonalDataError) as raised:
        hold_folder(tmp_path)
    assert raised.value.where == "tables/tableau-2.csv, ligne 2"
    assert raised.value.got == "numéro de téléphone, « 06 •• •• •• •• »"
    (tmp_path / "tables" / "tableau-2.csv").unlink()
    with pytest.raises(PersonalDataError) as raised:
        hold_folder(tmp_path)
    assert str(raised.value.got).endswith("et 1 autre")


def test_report_of_a_megabyte_is_searched_at_once(laid: Laid) -> None:
    row = "<tr><th scope='row'>Le Blosne – QPV</th><td>1 234</td><td>12,5 %</td><td>352380101</td></tr>\n"
    path = laid("report.html", row * (1_000_000 // len(row)))
    before = time.process_time()
    assert scanned(path) == []
    assert time.process_time() - before < 1  # 0.15 s on an idle machine
