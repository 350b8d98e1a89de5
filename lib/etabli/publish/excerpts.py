"""A report's page made shorter: a note of two pages, or slides for a meeting. Every piece is the page's, to the letter.

An excerpt is a function of the page and of the questions that it keeps, which its body names. Whoever holds both makes
it again, and compares: so it tells nothing that the page does not, and is under the very same protection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from typing import Literal

from etabli.errors import RunError

Form = Literal["note", "slides"]
FORMS: tuple[Form, ...] = ("note", "slides")

_BODY = re.compile(r'<body class="(note|slides)((?: q-[a-z][a-z0-9_]*)*)">')
_ANSWER = re.compile(
    r'<li><span class="letter">([a-z][a-z0-9_]*)</span> <span>.*?(?:<a href="#([^"]+)">.*?</a>)?</span></li>', re.DOTALL
)
_VOID = frozenset({"br", "hr", "img", "meta", "col", "link", "input", "wbr"})


@dataclass(frozen=True)
class _Block:
    """A piece of the page's content that stands by itself."""

    tag: str
    anchor: str
    html: str

    @property
    def is_heading(self) -> bool:
        return self.tag in {"h2", "h3"}

    @property
    def is_display(self) -> bool:
        """Whether it is a figure or a table, with its notes."""
        return self.tag == "figure" or "<table" in self.html


def excerpt(page: str, form: Form, questions: Sequence[str] = ()) -> str:
    """Return the page of an excerpt.

    Parameters
    ----------
    page
        The page of a report.
    form
        `note`: the essentials, then of each question its finding, its first sentences and its first figure or table.
        `slides`: a heading with its sentences, a figure or a table each.
    questions
        Identifiers of the questions that it keeps; none: all that the report answers.

    Raises
    ------
    RunError
        The report does not answer one of them.
    """
    answers: dict[str, str] = dict(_ANSWER.findall(_between(page, '<nav aria-labelledby="sommaire">', "</nav>")))
    unanswered = [name for name in questions if not answers.get(name)]
    if unanswered:
        raise RunError(
            "Le rapport ne répond pas à une question que la restitution garde.",
            where=f"question {unanswered[0]}",
            expected=f"l’une de : {', '.join(name for name, anchor in answers.items() if anchor) or 'aucune'}",
        )
    dropped = {anchor for name, anchor in answers.items() if anchor and questions and name not in questions}
    blocks = list(_blocks(_between(page, '<main id="contenu" tabindex="-1">', "</main>")))
    sections = [each for each in _sections(blocks) if each[0].anchor not in dropped]
    head = page[: page.index("<body>")].replace("</style>", f"{_style(form)}</style>", 1)
    banners = _whole(page, '<aside class="banners"', "</aside>")
    cover = _whole(page, '<header class="cover">', "</header>")
    body = f'<body class="{" ".join([form, *(f"q-{name}" for name in questions)])}">\n'
    made = _note if form == "note" else _slides
    return f"{head}{body}{made(page, banners, cover, sections, set(answers.values()))}</body>\n</html>\n"


@cache
def _style(form: Form) -> str:
    return files("etabli.publish").joinpath(f"template/report/{form}.css").read_text(encoding="utf-8")


def excerpt_complaint(content: bytes, *, page: str) -> str | None:
    """Return what is wrong with a file that is said to be an excerpt of a page; None when it is that, to the byte."""
    text = content.decode("utf-8", errors="replace")
    found = _BODY.search(text)
    if found is not None:
        form: Form = "note" if found[1] == "note" else "slides"
        try:
            if excerpt(page, form, [each.removeprefix("q-") for each in found[2].split()]) == text:
                return None
        except (RunError, ValueError):
            return "autre chose que des morceaux de la page du rapport"
    return "autre chose que des morceaux de la page du rapport"


def _note(page: str, banners: str, cover: str, sections: list[list[_Block]], answers: set[str]) -> str:
    kept: list[_Block] = []
    for section in sections:
        heading, *rest = section
        if heading.anchor in answers:
            first = next((place for place, block in enumerate(rest) if block.is_display), len(rest))
            figure = next((block for block in rest if block.tag == "figure"), None)
            display = figure or next((block for block in rest if block.is_display), None)
            kept += [heading, *(each for each in rest[:first] if each.tag == "p"), *([display] if display else [])]
        elif section is sections[0]:
            kept += section  # the essentials
    body = "\n".join(each.html for each in kept)
    ends = "\n".join(_section(page, name) for name in ("secret", "telecharger"))
    return f'{banners}\n{cover}\n<main id="contenu" tabindex="-1">\n{body}\n</main>\n<footer>\n{ends}\n</footer>\n'


def _slides(page: str, banners: str, cover: str, sections: list[list[_Block]], answers: set[str]) -> str:
    del answers
    questions = _whole(page, '<nav aria-labelledby="sommaire">', "</nav>")
    slides = [questions]
    for section in sections:
        words: list[str] = []
        for block in section:
            if words and (block.is_heading or block.is_display):
                slides.append("\n".join(words))
                words = []
            if block.is_display:
                slides.append(block.html)
            else:
                words.append(block.html)
        slides += ["\n".join(words)] if words else []
    slides += [_inner(page, name) for name in ("secret", "telecharger")]
    shown = "\n".join(f'<div class="slide">\n{each}\n</div>' for each in slides)
    return f'{banners}\n<div class="slide">\n{cover}\n</div>\n<main id="contenu" tabindex="-1">\n{shown}\n</main>\n'


def _sections(blocks: Sequence[_Block]) -> Iterator[list[_Block]]:
    """Yield the blocks by heading of second level; what stands before the first is left out."""
    section: list[_Block] = []
    for block in blocks:
        if block.tag == "h2":
            if section:
                yield section
            section = [block]
        elif section:
            section.append(block)
    if section:
        yield section


def _between(page: str, opening: str, closing: str) -> str:
    start = page.index(opening) + len(opening)
    return page[start : page.index(closing, start)]


def _whole(page: str, opening: str, closing: str) -> str:
    """Return an element of the page with its tags; nothing where it has none."""
    start = page.find(opening)
    return "" if start < 0 else page[start : page.index(closing, start) + len(closing)]


def _section(page: str, name: str) -> str:
    return _whole(page, f'<section aria-labelledby="{name}">', "</section>")


def _inner(page: str, name: str) -> str:
    return _between(page, f'<section aria-labelledby="{name}">', "</section>")


def _blocks(content: str) -> Iterator[_Block]:
    reader = _Outline(content)
    reader.feed(content)
    reader.close()
    yield from reader.blocks


class _Outline(HTMLParser):
    """Reads which elements stand at the top of a piece of HTML, and from where to where."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.blocks: list[_Block] = []
        self._content = content
        self._lines = [0]
        for line in content.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self._open: list[str] = []
        self._start, self._anchor = 0, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        if not self._open:
            self._start, self._anchor = self._place(), dict(attrs).get("id") or ""
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing opens."""

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
            if not self._open:
                end = self._content.index(">", self._place()) + 1
                self.blocks.append(_Block(tag, self._anchor, self._content[self._start : end]))

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
