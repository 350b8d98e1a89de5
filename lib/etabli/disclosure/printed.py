"""A report printed as PDF, held to what Chromium writes of a page: words, drawings, fonts, tags, an outline, links."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

PRINTED = "report.pdf"
"""Its name in the folder of a report."""

CREATOR = b"etabli"

MOST_BYTES = 64 << 20
"""What the streams of one file may unfold to, fonts and drawings together."""

_FILE = frozenset(
    (
        b"A Action Annot Annots Border Catalog Contents Count CreationDate Creator DecodeParms Dest Dests "
        b"DisplayDocTitle Filter First FlateDecode ID Info Kids Lang Last Length Limits Link MarkInfo Marked "
        b"MediaBox ModDate Names Next Outlines Page Pages Parent Prev Producer Rect Resources Root Rotate Size "
        b"StructParent StructParents Subtype Tabs Title Type URI ViewerPreferences XYZ"
    ).split()
)
_TAGS = frozenset(
    (
        b"ActualText Alt Art Artifact Aside Attached BBox Background Block BlockQuote Both Caption Circle Code "
        b"ColSpan Column Decimal Disc Div Document E Em FENote Figure Form Formula H H1 H2 H3 H4 H5 H6 Headers "
        b"IDTree Inline K L LBody LI Layout Lbl List ListNumbering LowerAlpha LowerRoman MCID MCR NonStruct None "
        b"Note Nums O OBJR Obj Ordered P Pagination Paragraph ParentTree ParentTreeNextKey Part Pg Placement Quote "
        b"Ref Row RowSpan S Scope Sect Span Square Strong StructElem StructTreeRoot Sub TBody TD TFoot TH THead TOC "
        b"TOCI TR Table Unordered UpperAlpha UpperRoman"
    ).split()
)
_DRAWN = frozenset(
    (
        b"AIS Alpha AntiAlias Ascent AvgWidth BC BM BaseFont BitsPerComponent BitsPerSample Bounds CA CIDFontType0 "
        b"CIDFontType0C CIDFontType2 CIDSystemInfo CIDToGIDMap CapHeight CharProcs ColorBurn ColorDodge ColorSpace "
        b"ColorTransform Compatible Coords DCTDecode DW Darken DescendantFonts Descent DeviceCMYK DeviceGray "
        b"DeviceRGB Difference Domain Encode Encoding Exclusion ExtGState Extend F FirstChar Flags Font FontBBox "
        b"FontDescriptor FontFile FontFile2 FontFile3 FontMatrix FontName FormType Function FunctionType Functions "
        b"G Group HardLight Height I ICCBased Identity Identity-H Image ImageB ImageC ImageI ImageMask Interpolate "
        b"ItalicAngle LC LJ LW LastChar Length1 Length2 Length3 Lighten Luminosity ML Mask Matrix MissingWidth "
        b"Multiply N Normal OpenType Ordering Overlay PDF PaintType Pattern PatternType ProcSet Range Registry SA "
        b"SE SMask Screen Shading ShadingType SoftLight StemV Supplement Text TilingType ToUnicode Transparency "
        b"Type0 Type1 Type1C Type3 W WMode Width Widths X XObject XStep YStep ca"
    ).split()
)
_ALLOWED = _FILE | _TAGS | _DRAWN
_OWN_NAMES = re.compile(rb"[A-Z]{6}\+[\w-]+|[FGPX]\d+|node\d+|g[0-9A-F]{1,4}")
"""Fonts, resources, nodes and glyphs."""

_STREAM = re.compile(rb"/Length (\d{1,9})\s*>>\s*stream\r?\n")
_END = re.compile(rb"\r?\n?endstream\b")
_STRING = re.compile(rb"\(((?:\\.|[^\\()])*)\)|<([0-9A-Fa-f]{2,})>", re.DOTALL)
_NAME = re.compile(rb"/([^\x00-\x20/<>\[\](){}%]*)")
_ADDRESS = re.compile(rb"(https?://|mailto:)", re.IGNORECASE)
_FILE_ADDRESS = re.compile(
    r"file:|[A-Za-z]:\\\\|(?<![\w/.])/(?:home|Users|root|tmp|var|mnt|media|private|opt|srv)/[\w.~-]+"
)
_HEADER = re.compile(rb"^%PDF-\d\.\d\s+%[^\x20-\x7e]+\n")
_WORD = re.compile(rb"[^\s\d.<>\[\]+-]+")
_WORDS = frozenset(b"R %%EOF endobj f false n null obj startxref trailer true xref".split())
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


def printed_complaint(content: bytes, *, page: str, private: Iterable[str] = ()) -> str | None:
    """Return what may not be in a printed report; None when there is nothing.

    Parameters
    ----------
    page
        The page that it was printed from: places in it may be named.
    private
        Texts that name this machine or its user.
    """
    if not content.startswith(b"%PDF-") or not content.rstrip().endswith(b"%%EOF"):
        return "autre chose qu’un PDF entier"
    if content.count(b"startxref") != 1 or content.count(b"%%EOF") != 1:
        return "un PDF modifié après coup"
    bare, packed = _parted(content)
    try:
        streams = b"\n".join(_unfolded(packed))
    except ValueError:
        return "un flux qui ne se déplie pas"
    strings = [_text(*match) for match in _STRING.findall(bare)]
    told = "\n".join([*strings, streams.decode("latin-1")])
    if any(each in told or each.encode().decode("latin-1") in told for each in private if len(each) > 4):
        return "le nom d’un dossier ou d’un utilisateur de cette machine"
    if any(_FILE_ADDRESS.search(each) for each in strings):
        return "le chemin d’un fichier"
    if b"/Creator (" + CREATOR + b")" not in bare:
        return "un autre auteur que l’établi"
    links = re.findall(rb"/URI\s*([(<].{0,8})", bare, re.DOTALL)
    if any(not _ADDRESS.match(each[1:]) for each in links):
        return "un lien vers autre chose qu’une adresse"
    structure = _STRING.sub(b" ", _HEADER.sub(b"", bare, count=1))
    strange = sorted(_names(structure) - _ALLOWED - _anchors(page))
    strange = [each for each in strange if not _OWN_NAMES.fullmatch(each)]
    strange += sorted({*_WORD.findall(_NAME.sub(b" ", structure))} - _WORDS)
    return f"ce qu’un rapport imprimé ne contient pas ({strange[0].decode('latin-1')})" if strange else None


def _parted(content: bytes) -> tuple[bytes, list[bytes]]:
    """Return a PDF without its streams, and these."""
    bare, streams, end = [], [], 0
    while found := _STREAM.search(content, end):
        bare.append(content[end : found.start()])
        close = _END.match(content, found.end() + int(found[1]))
        if close is None:
            break  # what stands there will be found strange
        streams.append(content[found.end() : found.end() + int(found[1])])
        end = close.end()
    return b" ".join([*bare, content[end:]]), streams


def _unfolded(streams: Iterable[bytes]) -> Iterator[bytes]:
    left = MOST_BYTES
    for packed in streams:
        opened = zlib.decompressobj()
        try:
            part = opened.decompress(packed, left)
        except zlib.error:
            yield packed  # not compressed, or a photograph
            continue
        left -= len(part)
        if not opened.eof or opened.unused_data or left <= 0:
            raise ValueError(left)
        yield part


def _text(plain: bytes, coded: bytes) -> str:
    """Return a string of a PDF as it is read."""
    if not coded:
        return re.sub(rb"\\(.)", rb"\1", plain).decode("latin-1")
    found = bytes.fromhex((coded + b"0" * (len(coded) % 2)).decode())
    return found.decode("utf-16", "replace") if found.startswith(b"\xfe\xff") else found.decode("latin-1")


def _names(bare: bytes) -> set[bytes]:
    return {_ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), each) for each in _NAME.findall(bare)}


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[bytes] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # the parser's own
        self.found |= {value.encode() for name, value in attrs if name == "id" and value}


def _anchors(page: str) -> set[bytes]:
    reader = _Anchors()
    reader.feed(page)
    return reader.found
