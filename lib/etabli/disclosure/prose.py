"""What the prose of a notebook may hold: words, lists, tables, and links. Nothing hidden, nothing fetched.

The text is rendered as the report will render it, and what comes out is held to a list of what may be
there: a list of what may not would always miss one.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

TAGS = frozenset(
    # blocks; `div` and `span` come from code that is coloured
    {"p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "hr", "div"}
    | {"table", "thead", "tbody", "tr", "th", "td"}
    | {"a", "strong", "em", "b", "i", "code", "br", "abbr", "del", "sup", "sub", "span"}
)
"""Elements that Markdown makes of plain prose."""

ATTRIBUTES = frozenset({"href", "id", "title", "lang", "scope", "class", "start", "style"})

_ADDRESS = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
_ALIGNED = re.compile(r"text-align: ?(left|right|center);?")
"""The only style that Markdown writes: the alignment of a column."""
_COLOURED = re.compile(r"(highlight|hl-[a-z]+|language-[\w+-]+|anchor-link|err|cpf|hll|[a-z]{1,2}[0-9]?)")
"""The classes that rendering writes: coloured code, and the links of titles. Those of the house's style sheet, some of
which hide what they hold, are not among them."""
_ALONE = frozenset({"br", "hr"})


def prose_complaint(markdown: str) -> str | None:
    """Return what a Markdown text must not hold, in French; None when it holds nothing of the kind."""
    from nbconvert.filters import markdown2html
    from nbconvert.filters.markdown_mistune import InvalidNotebook

    reader = _Reader()
    try:
        reader.feed(markdown2html(markdown))
    except InvalidNotebook:  # the text shows an attachment that the cell does not have
        return "une image insérée dans le texte"
    reader.close()
    if reader.complaint is None and reader.open:
        return f"une balise <{reader.open[-1]}> qui n’est pas refermée"
    return reader.complaint


class _Reader(HTMLParser):
    """Walks the rendered text and keeps the first thing that may not be there."""

    def __init__(self) -> None:
        super().__init__()
        self.complaint: str | None = None
        self.open: list[str] = []

    def _refuse(self, what: str) -> None:
        self.complaint = self.complaint or what

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self._refuse(
                "une image insérée dans le texte" if tag == "img" else f"du HTML inséré dans le texte (<{tag}>)"
            )
        for name, value in attrs:
            if name not in ATTRIBUTES or (name == "style" and not _ALIGNED.fullmatch(value or "")):
                self._refuse(f"un attribut HTML inséré dans le texte ({name})")
            elif name == "class" and not all(_COLOURED.fullmatch(each) for each in (value or "").split()):
                self._refuse("une classe HTML insérée dans le texte : elle peut le cacher")
            elif name == "href" and not _ADDRESS.match(value or ""):
                self._refuse("un lien vers autre chose qu’une adresse du Web, une adresse électronique ou un titre")
        if tag not in _ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in _ALONE:
            self._refuse(f"une balise </{tag}> sans ouverture")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _ALONE and self.open:
            self.open.pop()

    def handle_comment(self, data: str) -> None:  # noqa: ARG002  # the parser's own signature
        self._refuse("un commentaire HTML, que personne ne voit")

    def handle_decl(self, decl: str) -> None:  # noqa: ARG002  # the parser's own signature
        self._refuse("une déclaration HTML")

    def unknown_decl(self, data: str) -> None:  # noqa: ARG002  # the parser's own signature
        self._refuse("une déclaration HTML")

    def handle_pi(self, data: str) -> None:  # noqa: ARG002  # the parser's own signature
        self._refuse("une instruction de traitement")
