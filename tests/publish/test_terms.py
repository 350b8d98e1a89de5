"""The glossary and the contents of a report are those of its page."""

from __future__ import annotations

import re

import pytest

from etabli.publish.terms import anchored, contents_of, glossary_of


def names(page: str) -> list[str]:
    return [name for name, _ in glossary_of(page)]


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<p>une part de 12 %</p>", []),
        ("<p>des rapports de cotes</p>", ["Rapport de cotes"]),
        ("<th>V&nbsp;de Cramér</th>", ["V de Cramér"]),
        ("<p>n’est pas significative</p>", ["Significatif"]),
        ("<style>.RSA{}</style><svg><title>CAF</title></svg>", []),
        ("<p class='RSA'>RSAX</p>", []),
        ("<p>RSA, AAH et CAF</p>", ["AAH", "CAF", "RSA"]),
    ],
)
def test_glossary_has_the_terms_of_the_page_in_order(page: str, found: list[str]) -> None:
    assert names(page) == found


def test_every_meaning_is_a_phrase_without_capital_nor_stop() -> None:
    every = glossary_of(
        "allocataires AAH CAF concentration ESC Holm intervalle de confiance IRIS binomiale négative Poisson n.d. QPV "
        "rapport de cotes rapport de fréquence RSA secret statistique significatif V de Cramér"
    )
    assert len(every) == 18
    assert all(re.fullmatch(r"[a-zéàœîç].*[^.]", meaning) for _, meaning in every)


def test_contents_are_the_headings_with_an_anchor_once_all_have_one() -> None:
    page = anchored('<h2>L’essentiel</h2><h2 id="texte-2">Qui vient&nbsp;?</h2><h3>Plus bas</h3><h2>Méthode</h2>')
    assert contents_of(page) == [
        ("partie-1", "L’essentiel"),
        ("texte-2", "Qui vient\u00a0?"),
        ("partie-2", "Méthode"),
    ]
