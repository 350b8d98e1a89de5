"""A report as a Word document says what its page says, and nothing else."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest

from etabli.disclosure import editable
from etabli.disclosure.editable import editable_complaint

PAGE = (
    "<html><head><title>Le titre – 2024</title><style>.zyxw{}</style></head><body><p>Une <b>phrase</b>, une autre.</p>"
    "<table><caption>Un tableau</caption><tr><td>76 %<br>[69 % ; 82 %]</td></tr></table>"
    "<svg><title>Ce que montre la figure</title></svg></body></html>"
)
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PROPERTIES = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
BODY = (
    "<w:p><w:r><w:t>Une </w:t></w:r><w:r><w:t>phrase</w:t></w:r></w:p>"
    '<w:tbl><w:tblPr><w:tblCaption w:val="Un tableau"/>'
    "</w:tblPr><w:tr><w:tc><w:p><w:r><w:t>76 %</w:t><w:br/><w:t>[69 % ; 82 %]</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    '<w:p><w:drawing><wp:docPr xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'descr="Ce que montre la figure"/></w:drawing></w:p>'
)


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"0" * 13) + chunk(b"IDAT", b"1") + chunk(b"IEND")


def parts() -> dict[str, bytes]:
    return {
        "[Content_Types].xml": b"<Types/>",
        "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{BODY}</w:body></w:document>'.encode(),
        "word/comments.xml": f'<w:comments xmlns:w="{W}"/>'.encode(),
        "word/styles.xml": f'<w:styles xmlns:w="{W}"><w:style w:styleId="a"/></w:styles>'.encode(),
        "word/_rels/document.xml.rels": b'<R><r Target="https://exemple.org/" TargetMode="External"/></R>',
        "word/media/rId1.png": PNG,
        "docProps/core.xml": (
            f'<c:p xmlns:c="{PROPERTIES}"><c:title>Le titre</c:title><c:creator/><c:language>fr-FR</c:language>'
            "<c:created>1970-01-01T00:00:00Z</c:created></c:p>"
        ).encode(),
        "docProps/custom.xml": b"<P/>",
        "docProps/app.xml": b"<P><Words>83</Words><Application>Microsoft Word 12.0.0</Application></P>",
    }


def docx(found: dict[str, bytes], *, comment: bytes = b"", method: int = ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name, part in found.items():
            archive.writestr(ZipInfo(name), part, method)
    return out.getvalue()


def test_what_the_page_says_is_no_complaint() -> None:
    assert editable_complaint(docx(parts()), page=PAGE) is None


def spoilt(name: str, old: str, new: str) -> bytes:
    found = parts()
    text = found[name].decode()
    assert old in text
    return docx({**found, name: text.replace(old, new, 1).encode()})


def added(name: str, part: bytes) -> bytes:
    return docx({**parts(), name: part})


TEXT, CORE = "word/document.xml", "docProps/core.xml"
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a paragraph of its own": (lambda: spoilt(TEXT, "phrase", "Zyxw"), "un paragraphe"),
    "a word of the style": (lambda: spoilt(TEXT, "phrase", ".zyxw{}"), "un paragraphe"),
    "a title of its own": (lambda: spoilt(TEXT, "Un tableau", "Zyxw"), "un paragraphe"),
    "a description of its own": (lambda: spoilt(TEXT, "Ce que montre", "Zyxw"), "un paragraphe"),
    "a deleted word": (lambda: spoilt(TEXT, "<w:br/>", "<w:del><w:delText>Zyxw</w:delText></w:del>"), "élément"),
    "a hidden word": (lambda: spoilt(TEXT, "<w:br/>", "<w:rPr><w:vanish/></w:rPr>"), "élément"),
    "a field": (lambda: spoilt(TEXT, "<w:br/>", "<w:instrText>Zyxw</w:instrText>"), "élément"),
    "another document": (lambda: spoilt(TEXT, "<w:br/>", "<w:altChunk/>"), "élément"),
    "an element of another language": (lambda: spoilt(TEXT, "<w:br/>", '<o:x xmlns:o="urn:zyxw"/>'), "élément"),
    "text beside the paragraphs": (lambda: spoilt(TEXT, "<w:br/>", "<w:br>Zyxw</w:br>"), "hors d’un paragraphe"),
    "text behind an element": (lambda: spoilt(TEXT, "<w:br/>", "<w:br/>Zyxw"), "hors d’un paragraphe"),
    "a comment": (lambda: spoilt("word/comments.xml", "/>", "><w:comment/></w:comments>"), "commentaire"),
    "text of a comment": (lambda: spoilt("word/comments.xml", "/>", "><w:t>Zyxw</w:t></w:comments>"), "hors du texte"),
    "text in the styles": (lambda: spoilt("word/styles.xml", "</w:styles>", "Zyxw</w:styles>"), "hors du texte"),
    "a comment of XML": (lambda: spoilt(TEXT, "<w:body>", "<w:body><!-- Zyxw -->"), "XML"),
    "an entity": (lambda: spoilt(TEXT, "<w:document", '<!DOCTYPE a [<!ENTITY b "c">]><w:document'), "XML"),
    "an author": (lambda: spoilt(CORE, "<c:creator/>", "<c:creator>Zyxw</c:creator>"), "propriété"),
    "another title": (lambda: spoilt(CORE, "Le titre", "Zyxw"), "propriété"),
    "a company": (lambda: spoilt("docProps/app.xml", "<Words>", "<Company>Zyxw</Company><Words>"), "propriété"),
    "a property of its own": (lambda: spoilt("docProps/custom.xml", "<P/>", "<P><p name='Zyxw'/></P>"), "propriété"),
    "a link to a file": (
        lambda: spoilt("word/_rels/document.xml.rels", "https://exemple.org/", "file:///srv/a"), "lien"
    ),
    "a text in an image": (
        lambda: added("word/media/rId1.png", PNG.replace(chunk(b"IEND"), chunk(b"tEXt", b"a\0Zyxw") + chunk(b"IEND"))),
        "image",
    ),
    "bytes behind an image": (lambda: added("word/media/rId1.png", PNG + b"Zyxw1234"), "image"),
    "no image": (lambda: added("word/media/rId1.png", b"Zyxw"), "image"),
    "macros": (lambda: added("word/vbaProject.bin", b"Zyxw"), "partie"),
    "a workbook within": (lambda: added("word/embeddings/a.xlsx", b"Zyxw"), "partie"),
    "a comment of the archive": (lambda: docx(parts(), comment=b"Zyxw"), "archive"),
    "bytes between": (lambda: docx(parts()).replace(b"PK\x01\x02", b"ZyxwPK\x01\x02", 1), "archive|Word entier"),
    "a part that is not packed": (lambda: docx(parts(), method=ZIP_STORED), "archive|Word entier"),
    "bytes before": (lambda: b"Zyxw" + docx(parts()), "archive"),
    "half of it": (lambda: docx(parts())[:200], "Word entier"),
    "broken XML": (lambda: spoilt(TEXT, "</w:body>", ""), "Word entier"),
    "nothing": (lambda: b"", "Word entier"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_the_page_does_not_say_is_told(case: str) -> None:
    make, told = HOSTILE[case]
    complaint = editable_complaint(make(), page=PAGE)
    assert complaint is not None
    assert any(each in complaint for each in told.split("|"))


def test_document_that_unfolds_beyond_measure_is_not_unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editable, "MOST_BYTES", 1000)
    assert "sans mesure" in str(editable_complaint(added("word/media/rId2.png", b"0" * 1001), page=PAGE))
