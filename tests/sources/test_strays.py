"""Rows that are no data: known by more than a word."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from etabli.sources.checks import deliver
from etabli.sources.codebook import SourceCodebook
from etabli.sources.strays import stray

Books = Callable[..., SourceCodebook]


def told(book: SourceCodebook, rows: list[list[str]], *, broken: bool) -> str | None:
    """Return what is said of rows of which the last breaks a rule, or none does."""
    columns = [variable.column or name for name, variable in book.variables.items()]
    frame = pd.DataFrame(rows, columns=list(book.variables), dtype="str")
    assert len(columns) == frame.shape[1]
    mask = np.zeros(len(rows), dtype=bool)
    mask[-1:] = broken
    error = stray(deliver(frame, book), mask, book, "v.csv")
    return None if error is None else error.what


TOTAL = "La dernière ligne est un total, et non une visite."


@pytest.mark.parametrize(
    "word", ["Total", "TOTAL GÉNÉRAL", "Sous-total", "Totaux", "Ensemble", "Somme :", "Total 2024"]
)
def test_words_of_a_total(make_book: Books, word: str) -> None:
    book = make_book(place={"type": "text"}, count={"type": "integer"})
    assert told(book, [["Rennes", "1"], [word, "1"]], broken=True) == TOTAL


@pytest.mark.parametrize("word", ["Totalement", "Rennes", "Totale-Énergie", "1", "", "Total " + "x" * 40])
def test_words_of_no_total(make_book: Books, word: str) -> None:
    book = make_book(place={"type": "text"}, count={"type": "integer"})
    assert told(book, [["Rennes", "1"], [word, "1"]], broken=True) is None


def test_total_is_a_value_where_its_row_holds(make_book: Books) -> None:
    book = make_book(place={"type": "text"}, count={"type": "integer"})
    assert told(book, [["Rennes", "1"], ["Total", "1"]], broken=False) is None


def test_total_is_no_identifier(visits: SourceCodebook) -> None:
    assert told(visits, [["12", "RDV"], ["Total", "RDV"]], broken=False) == TOTAL


def test_total_is_looked_for_in_the_last_row_alone(visits: SourceCodebook) -> None:
    assert told(visits, [["Total", "RDV"], ["12", "RDV"]], broken=False) is None


def test_header_that_comes_back_is_told_by_most_of_its_names(visits: SourceCodebook) -> None:
    assert (
        told(visits, [["12", "RDV"], ["DOSSIER", "CANAL"]], broken=True) == "L’en-tête revient au milieu des données."
    )
    assert told(visits, [["12", "RDV"], ["12", "CANAL"]], broken=True) is None


def test_no_row_is_no_stray(visits: SourceCodebook) -> None:
    assert told(visits, [], broken=False) is None
