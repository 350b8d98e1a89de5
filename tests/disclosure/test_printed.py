"""A printed report holds what Chromium writes of a page, and nothing that a hand may add to it."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from etabli.disclosure.printed import MOST_BYTES, printed_complaint

PAGE = '<html><body><h2 id="Préface">a</h2><a href="https://exemple.org/">b</a></body></html>'


def stream(content: bytes) -> bytes:
    packed = zlib.compress(content)
    return b"<</Filter /FlateDecode\n/Length %d>> stream\n%s\nendstream" % (len(packed), packed)


HEADER = b"%PDF-1.4\n%\xd3\xeb\xe9\xe1\n"
INFO = b"<</Title <FEFF00C9>\n/Creator (etabli)      \n/CreationDate (D:20241001120000+00'00')>>"
LINK = b"<</Type /Annot\n/Subtype /Link\n/A <</Type /Action\n/S /URI\n/URI (https://exemple.org/)>>>>"
CATALOG = b"<</Type /Catalog\n/Lang (fr)\n/Dests <</Pr#c3#a9face [1 0 R /XYZ 0 0 0]>>>>"
FONT = b"<</Type /Font\n/BaseFont /AAAAAA+Some-Sans>>"


def pdf(*objects: bytes, end: bytes = b"trailer\n<</Size 9\n/Root 1 0 R>>\nstartxref\n0\n%%EOF\n") -> bytes:
    found = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, each) for number, each in enumerate(objects, start=1))
    return HEADER + found + b"xref\n0 1\n0000000000 65535 f \n" + end


HONEST = (INFO, LINK, CATALOG, FONT, stream(b"BT (a) Tj ET"))


def test_what_chromium_writes_is_no_complaint() -> None:
    assert printed_complaint(pdf(*HONEST), page=PAGE, private=("/home/zyxw",)) is None


def spoilt(old: bytes, new: bytes) -> bytes:
    assert old in pdf(*HONEST)
    return pdf(*HONEST).replace(old, new, 1)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a script": (lambda: pdf(*HONEST, b"<</Type /Action\n/S /JavaScript\n/JS (1)>>"), "/JS|JS"),
    "a script in disguise": (lambda: pdf(*HONEST, b"<</S /J#61vaScript>>"), "JavaScript"),
    "a file within": (lambda: pdf(*HONEST, b"<</Type /EmbeddedFile>>"), "EmbeddedFile"),
    "what opens with it": (lambda: spoilt(b"/Lang (fr)", b"/OpenAction 1 0 R"), "OpenAction"),
    "an author": (lambda: spoilt(b"/Title", b"/Author (Zyxw)\n/Title"), "Author"),
    "metadata": (lambda: pdf(*HONEST, b"<</Type /Metadata>>"), "Metadata"),
    "a form": (lambda: spoilt(b"/Lang (fr)", b"/AcroForm 1 0 R"), "AcroForm"),
    "a key": (lambda: spoilt(b"/Size 9", b"/Size 9\n/Encrypt 1 0 R"), "Encrypt"),
    "a place that the page has not": (lambda: spoilt(b"/Pr#c3#a9face", b"/Zyxw"), "Zyxw"),
    "another program": (lambda: spoilt(b"(etabli)", b"(Mozilla/5.0 \\(X11; Linux x86_64\\))"), "auteur"),
    "a path in a link": (lambda: spoilt(b"https://exemple.org/", b"file:///srv/a.xlsx"), "chemin"),
    "a path in a title": (lambda: spoilt(b"00C9", "/home/zyxw".encode("utf-16-be").hex().encode()), "nom"),
    "a path elsewhere": (lambda: spoilt(b"(fr)", b"(/srv/zyxw/visites)"), "chemin"),
    "a folder in a stream": (lambda: pdf(*HONEST, stream(b"% /home/zyxw")), "nom d’un dossier"),
    "another link": (lambda: spoilt(b"https://exemple.org/", b"javascript:alert"), "lien"),
    "a comment": (lambda: spoilt(b"trailer", b"%Zyxw\ntrailer"), "Zyxw"),
    "words between objects": (lambda: spoilt(b"trailer", b"Zyxw\ntrailer"), "Zyxw"),
    "a stream without its length": (lambda: pdf(*HONEST, b"<</Filter /Length>> stream\nZyxw\nendstream"), "Zyxw"),
    "a stream longer than it says": (
        lambda: pdf(*HONEST, b"<</Length 1>> stream\n12345\nendstream"), "stream"
    ),
    "bytes after a stream's end": (
        lambda: pdf(*HONEST, b"<</Length 13>> stream\n%s\nendstream" % (zlib.compress(b"a") + b"Zyxw")),
        "déplie",
    ),
    "a stream without end": (lambda: pdf(*HONEST, stream(b"0" * (MOST_BYTES + 1))), "déplie"),
    "a later version within": (lambda: pdf(*HONEST) + b"startxref\n0\n%%EOF\n", "après coup"),
    "bytes behind": (lambda: pdf(*HONEST) + b"Zyxw", "PDF entier"),
    "half of it": (lambda: pdf(*HONEST)[:-10], "PDF entier"),
    "a page": (PAGE.encode, "PDF entier"),
    "nothing": (lambda: b"", "PDF entier"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_it_does_not_write_is_told(case: str) -> None:
    make, told = HOSTILE[case]
    complaint = printed_complaint(make(), page=PAGE, private=("/home/zyxw",))
    assert complaint is not None
    assert any(each in complaint for each in told.split("|"))
