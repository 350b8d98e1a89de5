"""A report's page made shorter: a note of two pages, or slides for a meeting. Every piece is the page's, to the letter.

An excerpt is a function of the page, of the questions that it keeps and of the introduction that it begins with: its
body names them. Whoever holds both makes it again, and compares: so it tells nothing that the page does not, and is
under the very same protection. What it adds is fixed: « (1 sur 3) » beside the title of a table in parts, « Note » or
« Diapositives » in its own title.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from etabli.errors import RunError
from etabli.present.changed import NAME as CHANGED
from etabli.publish.pieces import Piece, element, pieces_of, sections_of
from etabli.publish.slides import slides_of

Form = Literal["note", "slides"]
FORMS: dict[Form, str] = {"note": "Note", "slides": "Diapositives"}
"""The forms of an excerpt, as its title says them."""

_BODY = re.compile(r'<body class="(note|slides)((?: q-[a-z][a-z0-9_]*)*)(?: i-([a-z][a-z0-9-]*))?">')
_ANSWER = re.compile(
    r'<li><span class="letter">([a-z][a-z0-9_]*)</span> <span>.*?(?:<a href="#([^"]+)">.*?</a>)?</span></li>', re.DOTALL
)
_SUMMARY = 'aria-labelledby="sommaire"'
_LINK = re.compile(r'<a\b[^>]*\bhref="#([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_INTRODUCTION = re.compile(r"<summary>[^<]*<b>([^<]*)</b>[^<]*</summary>")


@dataclass(frozen=True)
class _Kept:
    """What an excerpt is made of.

    Parameters
    ----------
    page
        The whole page.
    title, introduction
        For whom it is, and what they are told first; empty: nothing.
    questions
        The list of the questions that it keeps.
    sections
        The sections that it keeps, the essentials first.
    answers
        Anchors of the sections that answer a question.
    """

    page: str
    title: str
    introduction: str
    questions: list[Piece]
    sections: list[list[Piece]]
    answers: frozenset[str]

    def shown(self, tag: str, mark: str) -> str:
        """Return an element of the page as it stands there; nothing where there is none."""
        found = element(self.page, tag, mark)
        return found.html if found is not None else ""

    @property
    def opening(self) -> str:
        """The way to the contents, and what must be known before anything is read."""
        skip, banners = self.shown("a", 'class="skip"'), self.shown("aside", 'class="banners"')
        return f"{skip}\n{banners}"

    @property
    def cover(self) -> str:
        return self.shown("header", 'class="cover"')

    @property
    def ends(self) -> list[Piece]:
        """How people are protected, and how it is cited."""
        found = [element(self.page, "section", f'aria-labelledby="{name}"') for name in ("secret", "telecharger")]
        return [each for each in found if each is not None]

    @property
    def beginning(self) -> list[Piece]:
        """The introduction, as a section."""
        if not self.introduction:
            return []
        return pieces_of(f'<h2 id="introduction">{self.title}</h2>{self.introduction}')


def excerpt(page: str, form: Form, questions: Sequence[str] = (), introduction: str = "") -> str:
    """Return the page of an excerpt.

    Parameters
    ----------
    page
        The page of a report.
    form
        `note`: the essentials, then of each question its finding, its first sentences and its first figure or table.
        `slides`: a heading with its sentences and a figure or a table each, as far as a slide holds them.
    questions
        Identifiers of the questions that it keeps; none: all that the report answers.
    introduction
        The restitution, by its key, whose introduction it begins with; empty: none.

    Raises
    ------
    RunError
        The report does not answer one of them, or has no such introduction.
    """
    kept = _kept(page, questions, introduction)
    made: Callable[[_Kept], str] = _note if form == "note" else _slides
    names = [form, *(f"q-{name}" for name in questions), *([f"i-{introduction}"] if introduction else [])]
    head = page[: page.index("<body>")].replace("</style>", f"{_style(form)}</style>", 1)
    head = head.replace("<title>", f"<title>{FORMS[form]} – ", 1)
    body = f'<body class="{" ".join(names)}">\n{kept.opening}\n{made(kept)}</body>\n</html>\n'
    return head + _without_dead_links(body)


def _kept(page: str, questions: Sequence[str], introduction: str) -> _Kept:
    summary, main = element(page, "nav", _SUMMARY), element(page, "main", 'id="contenu"')
    if summary is None or main is None:
        raise RunError("Cette page n’est pas celle d’un rapport.")
    answers: dict[str, str] = dict(_ANSWER.findall(summary.html))
    unanswered = [name for name in questions if not answers.get(name)]
    if unanswered:
        raise RunError(
            "Le rapport ne répond pas à une question que la restitution garde.",
            where=f"question {unanswered[0]}",
            expected=f"l’une de : {', '.join(name for name, anchor in answers.items() if anchor) or 'aucune'}",
        )
    dropped = {anchor for name, anchor in answers.items() if anchor and questions and name not in questions}
    if questions:  # what changed is told of all of them
        dropped.add(CHANGED)
    pieces = pieces_of(main.inner)
    told = [each for each in pieces if each.tag != "details"]
    sections = [each for each in sections_of(told) if each[0].anchor not in dropped]
    title, words = _introduced(pieces, introduction) if introduction else ("", "")
    return _Kept(page, title, words, _asked(summary, questions), sections, frozenset(answers.values()))


def _introduced(pieces: Sequence[Piece], name: str) -> tuple[str, str]:
    """Return the title and the words of an introduction, which stands folded in the page."""
    for piece in pieces:
        found = _INTRODUCTION.search(piece.html) if f"for-{name}" in piece.kind.split() else None
        if found:
            return found[1], piece.inner[piece.inner.index("</summary>") + len("</summary>") :]
    raise RunError(
        "Le rapport n’a pas l’introduction de cette restitution.",
        where=f"restitution {name}",
        expected="un rapport fait depuis qu’elle est écrite dans study.yml",
    )


def _asked(summary: Piece, questions: Sequence[str]) -> list[Piece]:
    """Return the list of the questions, under its heading, without those that are not kept."""
    kept = _ANSWER.sub(lambda found: found[0] if not questions or found[1] in questions else "", summary.inner)
    return pieces_of(kept)


def _without_dead_links(body: str) -> str:
    """Return a page whose links lead to what it still holds: of the others, their words are left."""
    anchors = set(re.findall(r'\bid="([^"]*)"', body))
    return _LINK.sub(lambda found: found[0] if found[1] in anchors else found[2], body)


@cache
def _style(form: Form) -> str:
    return files("etabli.publish").joinpath(f"template/report/{form}.css").read_text(encoding="utf-8")


def excerpt_complaint(content: bytes, *, page: str) -> str | None:
    """Return what is wrong with a file that is said to be an excerpt of a page; None when it is that, to the byte."""
    text = content.decode("utf-8", errors="replace")
    found = _BODY.search(text)
    if found is not None:
        form: Form = "note" if found[1] == "note" else "slides"
        with suppress(RunError, ValueError):
            questions = [each.removeprefix("q-") for each in found[2].split()]
            if excerpt(page, form, questions, found[3] or "") == text:
                return None
    return "autre chose que des morceaux de la page, tels qu’ils se font aujourd’hui (etabli restitute les refait)"


def _note(kept: _Kept) -> str:
    chosen = [*kept.beginning]
    for section in kept.sections:
        heading, *rest = section
        if heading.anchor in kept.answers:
            first = next((place for place, each in enumerate(rest) if each.is_display), len(rest))
            figure = next((each for each in rest if each.tag == "figure"), None)
            display = figure or next((each for each in rest if each.is_display), None)
            chosen += [heading, *(each for each in rest[:first] if each.tag == "p"), *([display] if display else [])]
        elif section is kept.sections[0]:
            chosen += section  # the essentials
    body = "\n".join(each.html for each in chosen)
    ends = "\n".join(each.html for each in kept.ends)
    return f'{kept.cover}\n<main id="contenu" tabindex="-1">\n{body}\n</main>\n<footer>\n{ends}\n</footer>\n'


def _slides(kept: _Kept) -> str:
    begun = slides_of([kept.beginning] if kept.introduction else [])
    asked = slides_of([kept.questions])
    rest = slides_of([*kept.sections, *(pieces_of(each.inner) for each in kept.ends)])
    shown = [
        *(each.html for each in begun),
        *(each.within(f"<nav {_named(place)}>", "</nav>") for place, each in enumerate(asked, start=1)),
        *(each.html for each in rest),
    ]
    body = "\n".join(shown)
    return f'<div class="slide">\n{kept.cover}\n</div>\n<main id="contenu" tabindex="-1">\n{body}\n</main>\n'


def _named(place: int) -> str:
    return _SUMMARY if place == 1 else f'aria-label="Les questions posées ({place})"'
