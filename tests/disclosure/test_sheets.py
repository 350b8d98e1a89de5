"""A workbook holds its book and nothing else: what it is opened as, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from time import process_time
from typing import Any
from xml.etree.ElementTree import canonicalize
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty
from openpyxl.workbook.defined_name import DefinedName

from etabli.disclosure.scan import scan_file
from etabli.disclosure.sheets import read, seen_in_workbook
from etabli.disclosure.workbook import DECLARATION, Book, Number, Sheet, number, write

ROWS = (
    ("Moins de 25 ans", Number("69,0", "%"), Number("1234"), "s"),
    ("=1+1", Number("0,6", "%"), "///", Number("-3,2", "points")),
    ("Ensemble", Number("100,0", "%"), Number("0,66"), Number("1,0", "±%")),
)
TABLE = Sheet("Tableau 1", "Tableau 1. L’âge", ("Âge", "Part", "Nombre", "Écart"), ROWS, ("Lecture : 69 %.", "@Champ"))
CONTENTS = Sheet("Sommaire", "Qui vient & pourquoi ?", ("Feuille", "Titre"), (("Tableau 1", "L’âge"), ("Notes", "-")))
NOTES = Sheet("Notes", "Qui vient & pourquoi ?", ("Rubrique", "Texte"), (("Édition", "2024"),))
BOOK = Book((CONTENTS, TABLE, NOTES))
CONTENT = write(BOOK)


def opened(content: bytes = CONTENT) -> Any:
    return openpyxl.load_workbook(BytesIO(content))


def parts(content: bytes = CONTENT) -> dict[str, bytes]:
    with ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(found: dict[str, bytes], *, method: int = ZIP_STORED, comment: bytes = b"") -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", method) as archive:
        archive.comment = comment
        for name, part in found.items():
            entry = ZipInfo(name)
            entry.create_system, entry.compress_type = 0, method
            archive.writestr(entry, part)
    return out.getvalue()


def test_workbook_is_read_as_it_was_written_and_zipped_again_is_itself() -> None:
    assert read(CONTENT) == BOOK
    assert zipped(parts()) == edited(lambda _: None) == CONTENT, "the spoilers below would prove nothing"


def test_same_book_is_the_same_bytes_and_tells_neither_date_nor_user() -> None:
    assert write(BOOK) == CONTENT
    told = opened().properties
    assert (told.title, told.language) == ("Qui vient & pourquoi ?", "fr-FR")
    assert re.findall(rb"<(\w+:\w+)", parts()["docProps/core.xml"]) == [
        b"cp:coreProperties",
        b"dc:title",
        b"dc:language",
    ]
    with ZipFile(BytesIO(CONTENT)) as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_numbers_are_numbers_with_the_digits_that_are_printed() -> None:
    sheet = opened()["Tableau 1"]
    cells = {each: (sheet[each].value, sheet[each].number_format.replace("\xa0", " ")) for each in ("B4", "C4", "B5")}
    assert cells == {"B4": (0.69, '0.0" "%'), "C4": (1234, "#,##0"), "B5": (0.006, '0.0" "%')}
    assert (sheet["D4"].value, sheet["C5"].value) == ("s", "///")
    assert (sheet["D5"].value, sheet["D5"].number_format.split(";")[0]) == (-3.2, '+0.0"\xa0points"')
    assert b"<v>0.690</v>" in parts()["xl/worksheets/sheet2.xml"]


@pytest.mark.parametrize(
    ("text", "unit", "found"),
    [
        ("50,8", "%", Number("50,8", "%")),
        ("-3", "", Number("-3")),
        ("7 sur 13", "%", "7 sur 13"),
        ("≤ 5", "", "≤ 5"),
        ("s", "", "s"),
        ("0,12345", "", "0,12345"),
        ("1\n", "", "1\n"),
    ],
)
def test_what_is_no_number_is_text(text: str, unit: str, found: object) -> None:
    assert number(text, unit) == found


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\tx", "#N/A", "=HYPERLINK(A1)", "2024-10-01", "TRUE", "1E9"]
)
def test_text_is_never_a_formula_an_error_or_a_number(text: str) -> None:
    cell = opened(write(Book((Sheet("A", "a", ("x",), ((text,),)),))))["A"]["A4"]
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.quotePrefix == text.startswith(("=", "+", "-", "@", "\t"))


def test_sheets_can_be_read_and_printed() -> None:
    book = opened()
    assert book.sheetnames == ["Sommaire", "Tableau 1", "Notes"]
    for sheet in book.worksheets:
        assert (sheet.freeze_panes, sheet.print_title_rows) == ("A4", "$3:$3")
        assert not sheet.merged_cells.ranges
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
        assert all(each.width >= 6 for each in sheet.column_dimensions.values())
    contents = book["Sommaire"]
    assert contents["A4"].hyperlink.location == "'Tableau 1'!A1"
    assert book["Tableau 1"]["A2"].hyperlink.location == "'Sommaire'!A1"
    assert contents["A2"].value is None


words = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
values = st.one_of(
    words,
    st.builds(
        Number, st.from_regex(r"-?[1-9][0-9]{0,5}(,[0-9]{1,4})?", fullmatch=True), st.sampled_from(["", "%", "€"])
    ),
)


@settings(max_examples=60, deadline=None)
@example(rows=[("a", "b", "c")], note="\r")
@given(rows=st.lists(st.tuples(words, values, values), min_size=1, max_size=4), note=words)
def test_any_words_are_written_once_and_for_all(rows: list[Any], note: str) -> None:
    kept = tuple(row if row[0] else ("x", *row[1:]) for row in rows)
    content = write(Book((Sheet("A", "titre", ("a", "b", "c"), kept, (note or "-",)),)))
    assert write(read(content)) == content


# Hostile ---------------------------------------------------------------------------------------------


def edited(change: Callable[[Any], object]) -> bytes:
    """Return the workbook as `write` would have made it, had its book held what `change` adds."""
    book, out, own = opened(), BytesIO(), parts()
    change(book)
    book.calculation.fullCalcOnLoad = False
    book.save(out)
    found = {}
    for name, part in parts(out.getvalue()).items():
        digits = iter(re.findall("<v>.*?</v>", own.get(name, b"").decode()))  # openpyxl writes binary forms
        text = re.sub("<v>.*?</v>", lambda _, digits=digits: next(digits), canonicalize(part.decode()))
        found[name] = (DECLARATION + text).encode()
    found |= {name: own[name] for name in ("docProps/core.xml", "docProps/app.xml")}
    return zipped({name: found[name] for name in sorted(found, key=lambda each: (each[0] != "[", each))})


def swapped(name: str, old: str, new: str) -> bytes:
    found = parts()
    text = found[name].decode()
    assert old in text
    return zipped({**found, name: text.replace(old, new, 1).encode()})


SHEET = "xl/worksheets/sheet2.xml"
HOSTILE: dict[str, Callable[[], bytes]] = {
    "an extra hidden sheet": lambda: edited(lambda book: setattr(book.create_sheet("Secret"), "sheet_state", "hidden")),
    "a very hidden sheet": lambda: swapped("xl/workbook.xml", 'state="visible"', 'state="veryHidden"'),
    "a hidden column": lambda: swapped(SHEET, '<col customWidth="1"', '<col customWidth="1" hidden="1"'),
    "a hidden row": lambda: swapped(SHEET, '<row customHeight="1"', '<row customHeight="1" hidden="1"'),
    "a comment": lambda: edited(lambda book: setattr(book["Tableau 1"]["A4"], "comment", Comment("Zyxw", "Zyxw"))),
    "a defined name": lambda: edited(
        lambda book: book.defined_names.update(x=DefinedName("x", attr_text='"Zyxw"'))
    ),
    "a custom property": lambda: edited(
        lambda book: book.custom_doc_props.append(StringProperty(name="x", value="Zyxw"))
    ),
    "an author": lambda: swapped("docProps/core.xml", "</dc:title>", "</dc:title><dc:creator>Zyxw</dc:creator>"),
    "another application": lambda: swapped("docProps/app.xml", "etabli", "C:\\Users\\zyxw"),
    "a formula": lambda: swapped(SHEET, '<v>1234</v>', '<f>1230+4</f><v>1234</v>'),
    "a digit more than is printed": lambda: swapped(SHEET, "<v>0.690</v>", "<v>0.69012</v>"),
    "a longer way to write a number": lambda: swapped(SHEET, "<v>1234</v>", "<v>1234.0</v>"),
    "another format": lambda: swapped("xl/styles.xml", 'formatCode="', 'formatCode="&quot;Zyxw&quot;'),
    "text in two colours": lambda: swapped(SHEET, "<is><t>s</t></is>", "<is><r><t>s</t></r><r><t>Zyxw</t></r></is>"),
    "a reading of a text": lambda: swapped(SHEET, "<t>s</t></is>", "<t>s</t><rPh><t>Zyxw</t></rPh></is>"),
    "a cell far away": lambda: swapped(
        SHEET, "</sheetData>", '<row r="9999999"><c r="XFD9999999" s="1" t="n"><v>1</v></c></row></sheetData>'
    ),
    "a link to the outside": lambda: swapped(SHEET, "location=\"'Sommaire'!A1\"", 'location="https://exemple.org/"'),
    "a tip on a link": lambda: swapped(SHEET, "<hyperlink ", '<hyperlink tooltip="Zyxw" '),
    "a list of choices": lambda: swapped(
        SHEET, "<hyperlinks>", '<dataValidations count="1"><dataValidation sqref="A1" type="list"><formula1>"Zyxw"'
        "</formula1></dataValidation></dataValidations><hyperlinks>"
    ),
    "an extension": lambda: swapped(SHEET, "</worksheet>", "<extLst><ext uri='Zyxw'></ext></extLst></worksheet>"),
    "an XML comment": lambda: swapped(SHEET, "</worksheet>", "<!-- Zyxw --></worksheet>"),
    "an instruction of XML": lambda: swapped(SHEET, "</worksheet>", "<?zyxw?></worksheet>"),
    "an entity": lambda: swapped(SHEET, "<worksheet", '<!DOCTYPE a [<!ENTITY b "Zyxw">]><worksheet'),
    "another encoding": lambda: zipped({**parts(), SHEET: parts()[SHEET].decode().encode("utf-16")}),
    "macros": lambda: zipped({**parts(), "xl/vbaProject.bin": b"Zyxw"}),
    "a part that nothing names": lambda: zipped({**parts(), "Zyxw": b""}),
    "a sheet too few": lambda: zipped({name: part for name, part in parts().items() if name != SHEET}),
    "a comment of the archive": lambda: zipped(parts(), comment=b"Zyxw"),
    "bytes before": lambda: b"Zyxw" + CONTENT,
    "bytes behind": lambda: CONTENT + b"Zyxw",
    "bytes between": lambda: CONTENT.replace(b"PK\x01\x02", b"ZyxwPK\x01\x02", 1),
    "packed": lambda: zipped(parts(), method=ZIP_DEFLATED),
    "cut short": lambda: CONTENT[: len(CONTENT) // 2],
    "no archive": lambda: b"PK",
    "nothing": lambda: b"",
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_workbook_that_holds_more_than_its_book_is_refused(case: str) -> None:
    content = HOSTILE[case]()
    assert content != CONTENT
    with pytest.raises(ValueError, match="classeur"):
        read(content)


def test_archive_that_unfolds_without_end_is_refused_at_once() -> None:
    bomb = zipped({**parts(), SHEET: b"0" * 200_000_000}, method=ZIP_DEFLATED)
    assert len(bomb) < 1_000_000
    before = process_time()
    with pytest.raises(ValueError, match="classeur"):
        read(bomb)
    assert process_time() - before < 1


# Personal data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "book",
    [
        Book((Sheet("A", "Écrire à zyxw@exemple.fr", ("a",), ()),)),
        Book((Sheet("A", "a", ("a",), (("06 12 34 56 78",),)),)),
        Book((Sheet("A", "a", ("a",), (("x",),), ("Lecture : zyxw@exemple.fr",)),)),
        Book((Sheet("zyxw@exemple.fr", "a", ("a",), ()),)),
    ],
)
def test_person_in_a_workbook_is_seen_and_hidden(book: Book, tmp_path: Path) -> None:
    (tmp_path / "tableaux.xlsx").write_bytes(write(book))
    (hit,) = (
        scan_file(tmp_path / "tableaux.xlsx", shown="x.xlsx", reader=lambda p: seen_in_workbook(p.read_bytes())) or []
    )
    assert hit.where.startswith("feuille «")
    assert "zyxw@" not in str(hit)
    assert not re.search("56 78", str(hit))
