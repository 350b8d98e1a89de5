"""The words of statistics and of the house that a report uses, each in a sentence: its glossary."""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from importlib.resources import files
from itertools import count

from ruamel.yaml import YAML

_MARKUP = re.compile(r"<(style|svg|script)\b.*?</\1>|<[^>]+>", re.DOTALL)


def glossary_of(page: str) -> list[tuple[str, str]]:
    """Return the terms of `terms.yml` that a page uses, each with its meaning, in alphabetical order.

    Parameters
    ----------
    page
        HTML; what drawings say is in their tables too.

    Examples
    --------
    >>> [name for name, _ in glossary_of("<p>Le rapport de cotes est de 2.</p>")]
    ['Rapport de cotes']
    """
    text = " ".join(unescape(_MARKUP.sub(" ", page)).split())
    used = [(name, term["meaning"]) for name, term in _terms().items() if re.search(term["use"], text)]
    return sorted(used, key=lambda term: term[0].casefold())


@cache
def _terms() -> dict[str, dict[str, str]]:
    terms: dict[str, dict[str, str]] = YAML(typ="safe").load(
        files("etabli.publish").joinpath("terms.yml").read_text(encoding="utf-8")
    )
    return terms


def anchored(page: str) -> str:
    """Return a page whose headings of second level all have an anchor: those of a notebook's own text have none.

    >>> anchored('<h2>Méthode</h2><h2 id="texte-2">Qui vient ?</h2>')
    '<h2 id="partie-1">Méthode</h2><h2 id="texte-2">Qui vient ?</h2>'
    """
    numbers = count(1)
    return re.sub(r"<h2>", lambda _: f'<h2 id="partie-{next(numbers)}">', page)


def contents_of(page: str) -> list[tuple[str, str]]:
    """Return the headings of second level of a page that has them, each as its anchor and its words.

    >>> contents_of('<h2 id="texte-2">Qui <em>vient</em> ?</h2><h3 id="x">Plus bas</h3>')
    [('texte-2', 'Qui vient ?')]
    """
    found = re.findall(r'<h2 id="([^"]+)"[^>]*>(.*?)</h2>', page, re.DOTALL)
    return [(anchor, " ".join(unescape(re.sub(r"<[^>]+>", "", words)).split(" "))) for anchor, words in found]
