"""The pieces of a report's page: which elements stand by themselves, from where to where, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser

_VOID = frozenset({"br", "hr", "img", "meta", "col", "link", "input", "wbr"})
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Piece:
    """An element with its tags, to the letter."""

    tag: str
    anchor: str
    kind: str
    """Its `class`."""
    html: str

    @property
    def is_heading(self) -> bool:
        return self.tag in {"h2", "h3"}

    @property
    def is_display(self) -> bool:
        """Whether it is a figure or a table, with its notes."""
        return self.tag == "figure" or (self.kind != "comment" and "<table" in self.html)

    @property
    def inner(self) -> str:
        """What stands between its tags."""
        return self.html[self.html.index(">") + 1 : self.html.rindex("<")]

    @property
    def opening(self) -> str:
        """Its first tag."""
        return self.html[: self.html.index(">") + 1]

    @property
    def text(self) -> str:
        """What it says."""
        return text_of(self.html)


def text_of(html: str) -> str:
    """Return the words of a piece of HTML.

    >>> text_of("<p>Un <b>mot</b>,<br>deux&nbsp;mots</p>")
    'Un mot, deux mots'
    """
    return " ".join(unescape(_TAG.sub("", html.replace("<br", " <br"))).split())


def pieces_of(html: str) -> list[Piece]:
    """Return the elements that stand at the top of a piece of HTML."""
    reader = _Outline(html)
    reader.feed(html)
    reader.close()
    return reader.pieces


def sections_of(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield the pieces by heading of second level; what stands before the first is left out."""
    section: list[Piece] = []
    for piece in pieces:
        if piece.tag == "h2":
            if section:
                yield section
            section = [piece]
        elif section:
            section.append(piece)
    if section:
        yield section


def element(page: str, tag: str, mark: str) -> Piece | None:
    """Return the first element of a page of that tag and attribute, in whatever order its attributes stand; or None.

    It holds no other of its own tag.

    >>> element('<p id="x" class="y">Un</p>', "p", 'class="y"').inner
    'Un'
    """
    opening = re.search(rf"<{tag}\b[^>]*\b{re.escape(mark)}[^>]*>", page)
    end = page.find(f"</{tag}>", opening.end()) if opening else -1
    if opening is None or end < 0:
        return None
    return pieces_of(page[opening.start() : end + len(f"</{tag}>")])[0]


class _Outline(HTMLParser):
    """Reads which elements stand at the top of a piece of HTML, and from where to where."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.pieces: list[Piece] = []
        self._content = content
        self._lines = [0]
        for line in content.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self._open: list[str] = []
        self._start, self._anchor, self._kind = 0, "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        if not self._open:
            told = dict(attrs)
            self._start, self._anchor, self._kind = self._place(), told.get("id") or "", told.get("class") or ""
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing opens."""

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
            if not self._open:
                end = self._content.index(">", self._place()) + 1
                self.pieces.append(Piece(tag, self._anchor, self._kind, self._content[self._start : end]))

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
