"""Pieces of a page on slides of 1280 by 800 pixels: what fits together, and what is told over several.

Heights are estimated, in rem of `slides.css`, from what a piece says: a page gives the same slides on any machine.
`etabli restitute` holds them to a browser, where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from etabli.publish.pieces import Piece, pieces_of, text_of

ROOM = 32.0
"""Height of a slide within its margins: 800 pixels at 21.6 a rem, less 4 for the margins and 1 for other fonts."""

_LINE = 92
"""Letters on a line of text; of other things in proportion."""
_HEADING_LINE, _CAPTION_LINE, _NOTES_LINE, _TABLE_LINE = 52, 96, 130, 128
_LABEL_LINE, _INTERVAL_LINE = 24, 30

_BESIDE = 26.0
"""Least height of a figure beside its notes."""

_DRAWING = 14.0
"""Least height of a drawing: it takes what is left."""
_FOLDED = 1.8
_ROW, _ROW_LINE, _GROUP = 1.28, 0.97, 1.55
_LISTS = frozenset({"ul", "ol"})


def slides_of(sections: Iterable[Sequence[Piece]]) -> list[Slide]:
    """Return the slides of some sections.

    A heading begins a slide, which holds its words and one figure or table as far as there is room. A longer table
    goes over several, with its headings again; so do lists and paragraphs.
    """
    slides: list[Slide] = []
    for section in sections:
        slide = Slide()
        for piece in _divided(section):
            if not slide.takes(piece):
                slides.append(slide)
                slide = Slide()
            slide.add(piece)
        if slide.pieces:
            slides.append(slide)
            _even_out(slides)
    return slides


def _even_out(slides: list[Slide]) -> None:
    """Give the last slide some words of the one before, where it would hold a line or two alone."""
    if len(slides) < 2 or any(each.is_display or each.is_heading for slide in slides[-2:] for each in slide.pieces[1:]):
        return
    before, last = slides[-2:]
    if last.pieces[0].tag != "p" or before.pieces[-1].tag != "p":
        return
    pieces, count = [*before.pieces, *last.pieces], len(before.pieces)
    while (
        count > 2
        and pieces[count - 1].tag == "p"
        and sum(map(height, pieces[count:])) < sum(map(height, pieces[:count])) / 2
    ):
        count -= 1
    slides[-2:] = [Slide.of(pieces[:count]), Slide.of(pieces[count:])]


class Slide:
    """One slide that fills."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._height = 0.0

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> Slide:
        """Return a slide that holds some pieces."""
        slide = cls()
        for piece in pieces:
            slide.add(piece)
        return slide

    @property
    def html(self) -> str:
        return self.within("", "")

    def within(self, opening: str, closing: str) -> str:
        """Return the slide, its pieces between two tags."""
        kind = "slide beside" if any(map(_is_tall, self.pieces)) else "slide"
        pieces = "\n".join(each.html for each in self.pieces)
        return f'<div class="{kind}">\n{opening}{pieces}{closing}\n</div>'

    def takes(self, piece: Piece) -> bool:
        """Whether a piece goes on this slide."""
        if not self.pieces:
            return True
        shown = any(each.is_display for each in self.pieces)
        return not piece.is_heading and not (shown and piece.is_display) and self._with(piece) <= ROOM

    def add(self, piece: Piece) -> None:
        self._height = self._with(piece)
        self.pieces.append(piece)

    def _with(self, piece: Piece) -> float:
        beside = piece.kind == "key-figure" and sum(each.kind == "key-figure" for each in self.pieces) % 3
        return self._height + (0 if beside else height(piece))


def height(piece: Piece) -> float:
    """Return about how high a piece is on a slide, in rem."""
    if piece.is_heading:
        return _lines(piece.text, _HEADING_LINE) * 1.9 + 0.9
    if piece.tag == "figure":
        parts = pieces_of(piece.inner)
        if _is_tall(piece):
            return _BESIDE
        notes = sum(_notes(each) for each in parts if each.kind == "notes")
        folded = _FOLDED if any(each.tag == "details" for each in parts) else 0
        caption = sum(_lines(each.text, _CAPTION_LINE) * 1.4 + 0.5 for each in parts if each.tag == "figcaption")
        return caption + _DRAWING + notes + folded
    if piece.is_display and piece.kind == "table":
        return _Table.of(piece).height
    if piece.kind == "key-figure":
        told = [each.text for each in pieces_of(piece.inner)][1:]  # its label, then what is said of its uncertainty
        label, others = "".join(told[:1]), told[1:]
        return 4.4 + _lines(label, _LABEL_LINE) * 1.4 + sum(_lines(each, _INTERVAL_LINE) * 1.1 for each in others)
    if piece.tag in _LISTS:
        return sum(_item(each) for each in pieces_of(piece.inner)) + 1.2
    if piece.kind == "comment":
        return sum(height(each) for each in pieces_of(piece.inner)) + 1.2
    return _lines(piece.text, _LINE) * 1.5 + 0.8


def _is_tall(piece: Piece) -> bool:
    """Whether a figure is higher than wide: its notes stand beside it."""
    return piece.tag == "figure" and any(each.kind == "drawing tall" for each in pieces_of(piece.inner))


def _lines(text: str, letters: float) -> int:
    return max(1, ceil(len(text) / letters))


def _item(item: Piece) -> float:
    return sum(_lines(text_of(line), _LINE - 6) for line in item.inner.split("<br")) * 1.5 + 0.8


def _notes(notes: Piece) -> float:
    return sum(_lines(each.text, _NOTES_LINE) for each in pieces_of(notes.inner)) * 1.03 + 0.6


def _divided(section: Sequence[Piece]) -> Iterable[Piece]:
    """Yield the pieces of a section; those that no slide holds, by parts."""
    title = next((each for each in section if each.is_heading), None)
    for piece in section:
        if piece.is_heading:
            title = piece
        if piece.is_display and piece.kind == "table":
            yield from _Table.of(piece).parts(below=height(title) if title is not None else 0)
        elif piece.tag in _LISTS:
            yield from _listed(piece, below=height(title) if title is not None else 0)
        else:
            yield piece


def _listed(piece: Piece, *, below: float) -> Iterable[Piece]:
    """Yield a list whole, or by parts as high as a slide under its heading."""
    held: list[Piece] = []
    for item in pieces_of(piece.inner):
        if held and sum(map(_item, held)) + _item(item) + 1.2 + below > ROOM:
            yield _again(piece, held)
            held = []
        held.append(item)
    yield _again(piece, held)


def _again(piece: Piece, items: Sequence[Piece]) -> Piece:
    html = f"{piece.opening}\n{''.join(each.html for each in items)}\n</{piece.tag}>"
    return Piece(piece.tag, piece.anchor, piece.kind, html)


@dataclass(frozen=True)
class _Table:
    """A table of the page, taken apart."""

    whole: Piece
    frame: str
    name: str
    caption: str
    head: Piece
    bodies: tuple[tuple[Piece, ...], ...]
    notes: Piece | None

    @classmethod
    def of(cls, piece: Piece) -> _Table:
        frame, *others = pieces_of(piece.inner)
        parts = pieces_of(pieces_of(frame.inner)[0].inner)
        (caption,), (head,) = ([each for each in parts if each.tag == tag] for tag in ("caption", "thead"))
        bodies = tuple(tuple(pieces_of(each.inner)) for each in parts if each.tag == "tbody")
        name = frame.opening.partition('aria-label="')[2].partition('"')[0]
        notes = next((each for each in others if each.kind == "notes"), None)
        return cls(piece, frame.opening, name, caption.inner, head, bodies, notes)

    @property
    def height(self) -> float:
        rows = sum(self._row(row) for body in self.bodies for row in body)
        return self._above + rows + self._below

    @property
    def _above(self) -> float:
        """Height of what stands over the rows, in each part."""
        widths = self._widths
        headings = [cell.text for row in pieces_of(self.head.inner) for cell in pieces_of(row.inner)]
        deepest = max((_lines(each, max(widths)) for each in headings), default=1)
        caption = _lines(text_of(self.caption) + " " * 12, _CAPTION_LINE) * 1.4 + 0.6
        return caption + len(pieces_of(self.head.inner)) * 0.4 + min(deepest + 1, 4) * 0.95 + 0.3

    @property
    def _below(self) -> float:
        return _notes(self.notes) if self.notes is not None else 0

    @property
    def _signs(self) -> str:
        """The legend of the signs, which every part shows; nothing where there is none."""
        first = pieces_of(self.notes.inner)[:1] if self.notes is not None else []
        return "".join(each.html for each in first if each.text.startswith("Signes"))

    @property
    def _widths(self) -> list[float]:
        """About how many letters a line of each column holds."""
        rows = [[len(cell.text) for cell in pieces_of(row.inner)] for body in self.bodies for row in body]
        columns = max((len(row) for row in rows), default=1)
        longest = [max((row[place] for row in rows if len(row) == columns), default=1) + 3 for place in range(columns)]
        room = float(_TABLE_LINE)
        if sum(longest) <= room:
            return [each * room / sum(longest) for each in longest]
        short = sum(each for each in longest if each <= room / columns)
        long = sum(each for each in longest if each > room / columns)
        return [each if each <= room / columns else (room - short) * each / long * 0.85 for each in longest]

    def _row(self, row: Piece) -> float:
        cells = pieces_of(row.inner)
        if len(cells) == 1:
            return _GROUP
        lines = max(_lines(cell.text, width) for cell, width in zip(cells, self._widths, strict=False))
        return _ROW + (lines - 1) * _ROW_LINE

    def parts(self, *, below: float) -> list[Piece]:
        """Return the table whole where a slide holds it under its heading, else by parts that slides of their own hold.

        Parameters
        ----------
        below
            Height of that heading.
        """
        if self.height <= ROOM - below or self.height <= ROOM:
            return [self.whole]
        groups = self._balanced(ROOM - self._above - (1.7 if self._signs else 0))
        last = sum(self._row(row) for body in groups[-1] for row in body)
        apart = self._above + last + self._below > ROOM
        count = len(groups)
        made = [
            self._part(group, place, count, notes=place == count and not apart)
            for place, group in enumerate(groups, start=1)
        ]
        return [*made, *([self._notes_alone()] if apart and self.notes is not None else [])]

    def _balanced(self, room: float) -> list[list[list[Piece]]]:
        """Return the bodies by part, as few as there can be, and about as high as each other."""
        fewest = self._parted(room)
        rows = sum(self._row(row) for body in self.bodies for row in body)
        even = rows / len(fewest)
        while even < room and len(self._parted(even)) > len(fewest):
            even += _ROW
        return self._parted(min(even, room))

    def _parted(self, room: float) -> list[list[list[Piece]]]:
        """Return the bodies by part; one that goes on in the next has its heading again."""
        parts: list[list[list[Piece]]] = [[]]
        left = room
        for body in self.bodies:
            group = [row for row in body[:1] if len(pieces_of(row.inner)) == 1]
            size = sum(self._row(row) for row in body)
            if parts[-1] and size > left and (size <= room or left < room / 2):
                parts, left = [*parts, []], room
            parts[-1].append([])
            for row in body:
                if self._row(row) > left and parts[-1][-1][len(group) :]:
                    parts.append([[*group]])
                    left = room - _GROUP * len(group)
                parts[-1][-1].append(row)
                left -= self._row(row)
        return parts

    def _part(self, bodies: Sequence[Sequence[Piece]], place: int, count: int, *, notes: bool) -> Piece:
        opening = self.whole.opening if place == 1 else '<div class="table">'
        told = f"({place} sur {count})"
        frame = self.frame.replace(f'"{self.name}"', f'"{self.name} {told}"')
        rows = "".join(f"<tbody>{''.join(row.html for row in body)}</tbody>" for body in bodies)
        under = self._signs and f'<div class="notes">{self._signs}</div>'
        if notes and self.notes is not None:
            under = self.notes.html
        html = (
            f"{opening}{frame}<table><caption>{self.caption} {told}</caption>{self.head.html}{rows}</table></div>"
            f"{under}</div>"
        )
        return Piece("div", self.whole.anchor if place == 1 else "", "table", html)

    def _notes_alone(self) -> Piece:
        assert self.notes is not None
        html = f'<div class="notes apart"><p class="of">{self.caption} (notes)</p>{self.notes.inner}</div>'
        return Piece("div", "", "notes apart", html)
