"""A report as a Word document, held to its page: each paragraph is one of the page's, and nothing stands beside."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from xml.etree.ElementTree import Element, fromstring
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

EDITABLE = "report.docx"
"""Its name in the folder of a report."""

MOST_BYTES = 128 << 20
"""What its parts may unfold to."""

_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(app|core|custom)\.xml|word/_rels/(document|footnotes)\.xml\.rels"
    r"|word/(comments|document|fontTable|footnotes|numbering|settings|styles|webSettings)\.xml"
    r"|word/theme/theme1\.xml|word/media/\w+\.png",
    re.ASCII,
)
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WRITTEN = re.compile(
    r"abstractNum|b|bCs|body|bookmarkEnd|bookmarkStart|bottom|br|cantSplit|cnfStyle|color|cols"
    r"|continuationSeparator|docGrid|document|drawing|footnote|footnotePr|footnoteReference|gridCol"
    r"|gridSpan|hyperlink|i|iCs|ilvl|ind|jc|keepLines|keepNext|lang|lastRenderedPageBreak|numId|numPr"
    r"|numRestart|p|pPr|pStyle|pgMar|pgSz|r|rPr|rStyle|sectPr|separator|shd|spacing|t|tab|tabs|tbl"
    r"|tblCaption|tblDescription|tblGrid|tblHeader|tblInd|tblLayout|tblLook|tblPr|tblStyle|tblW|tc"
    r"|tcBorders|tcPr|tcW|top|tr|trPr|type|u|vAlign|vMerge|vertAlign"
)
"""Elements of the text: no deleted or hidden words, comments, fields, objects, or other documents."""
_DRAWN = ("drawingml/2006/", "office/drawing/2010/main")
_FIGURE = re.compile(r"figure-\d+\.png", re.ASCII)
_LINK = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"sRGB", b"gAMA", b"pHYs", b"IDAT", b"IEND"})
"""Parts of a PNG: no text, time or place."""
_APPLICATION = re.compile(r"[\s\d.]*|true|false|Microsoft Word [\d.]+|Normal\.dotm")
_DAY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def editable_complaint(content: bytes, *, page: str) -> str | None:
    """Return what may not be in a report written as a document; None when there is nothing.

    Parameters
    ----------
    page
        The page of the report.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
        strange = [each.filename for each in entries if not _PARTS.fullmatch(each.filename)]
        if strange or len({each.filename for each in entries}) != len(entries):
            return "une partie qu’un document de texte n’a pas"
        if sum(each.file_size for each in entries) > MOST_BYTES:
            return "un document qui se déplie sans mesure"
        parts = _unfolded(content, entries)
        if parts is None:
            return "autre chose que ses parties dans l’archive"
        return next(_complaints(parts, page), None)
    except (BadZipFile, LookupError, NotImplementedError, OSError, SyntaxError, ValueError, struct.error, zlib.error):
        return "autre chose qu’un document Word entier"


def _unfolded(content: bytes, entries: list[ZipInfo]) -> dict[str, bytes] | None:
    """Return the parts of an archive that holds nothing besides, or None: they lie one after the other, each whole."""
    place, parts = 0, {}
    for each in entries:
        start = each.header_offset + 30 + len(each.filename.encode())
        opened = zlib.decompressobj(-zlib.MAX_WBITS)
        parts[each.filename] = opened.decompress(content[start : start + each.compress_size], each.file_size + 1)
        whole = opened.eof and not opened.unused_data and len(parts[each.filename]) == each.file_size
        if each.header_offset != place or each.compress_type != ZIP_DEFLATED or not whole:
            return None
        place = start + each.compress_size
    size = place + sum(46 + len(each.filename.encode()) for each in entries) + 22
    return parts if size == len(content) else None


def _complaints(parts: dict[str, bytes], page: str) -> Iterator[str]:
    reader = _Said()
    reader.feed(page)
    said = _bare("".join(reader.said))
    roots = {}
    for name, part in parts.items():
        if name.endswith(".png"):
            yield from _of_png(part)
        elif b"<!" in part:
            yield "une déclaration ou un commentaire dans le XML"
        else:
            roots[name] = fromstring(part)  # noqa: S314  # it declares no entity
    for name, root in roots.items():
        if name.endswith(".rels"):
            yield from _of_links(root)
        elif name.startswith("docProps/"):
            yield from _of_properties(name, root, said)
        elif name == "word/document.xml":
            yield from _of_text(root, said)
        elif any((each.text or "").strip() or (each.tail or "").strip() for each in root.iter()):
            yield f"du texte hors du texte ({name})"
        elif name == "word/comments.xml" and len(root):
            yield "un commentaire"


def _of_text(root: Element, said: str) -> Iterator[str]:
    for each in root.iter():
        space, _, name = each.tag.rpartition("}")
        known = _WRITTEN.fullmatch(name) if f"{space}}}" == _WORD else any(part in space for part in _DRAWN)
        if not known:
            yield f"un élément qu’un rapport n’a pas ({name})"
        if (name != "t" and (each.text or "").strip()) or (each.tail or "").strip():
            yield "du texte hors d’un paragraphe"
    for told in _told(root):
        if _bare(told) not in said and not _FIGURE.fullmatch(told):
            yield "un paragraphe, un titre ou une description que la page ne donne pas"


def _told(root: Element) -> Iterator[str]:
    """Yield what a reader, or a screen reader, is told: paragraphs, titles of tables, descriptions of images."""
    for each in root.iter(f"{_WORD}p"):
        yield "".join(part.text or "" for part in each.iter(f"{_WORD}t"))
    for each in root.iter(f"{_WORD}tblCaption"):
        yield each.get(f"{_WORD}val", "")
    for each in root.iter():
        if each.tag.endswith(("}docPr", "}cNvPr")):
            yield each.get("descr", "")
            yield each.get("title", "")


def _of_links(root: Element) -> Iterator[str]:
    for each in root:
        if each.get("TargetMode") == "External" and not _LINK.match(each.get("Target", "")):
            yield "un lien vers autre chose qu’une adresse"


def _of_properties(name: str, root: Element, said: str) -> Iterator[str]:
    if name == "docProps/custom.xml" and len(root):
        yield "une propriété du document"
    for each in root.iter():
        text, kind = (each.text or "").strip(), each.tag.rpartition("}")[2]
        known = {"title": _bare(text) in said, "language": text == "fr-FR"}
        known |= dict.fromkeys(("created", "modified"), bool(_DAY.fullmatch(text)))
        if text and not known.get(kind, name == "docProps/app.xml" and bool(_APPLICATION.fullmatch(text))):
            yield f"une propriété du document ({kind})"


def _of_png(part: bytes) -> Iterator[str]:
    if part[:8] != b"\x89PNG\r\n\x1a\n":
        yield "une image qui n’en est pas une"
    place = 8
    while place < len(part):
        (size,) = struct.unpack(">I", part[place : place + 4])
        if part[place + 4 : place + 8] not in _CHUNKS:
            yield "autre chose qu’un dessin dans une image"
        place += 12 + size


class _Said(HTMLParser):
    """All that a page says, alternatives of drawings with it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = tag == "style"
        self.said += [dict(attrs).get("alt") or ""] if tag == "img" else []

    def handle_endtag(self, tag: str) -> None:
        self._style = self._style and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.said.append(data)


def _bare(text: str) -> str:
    """Return a text without its spaces: a line's end is one in a document, and none in a page."""
    return "".join(text.split())
