"""Texts for dummy data."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.samples import Form, sample_texts

Books = Callable[..., SourceCodebook]


def text_variable(make_book: Books, pattern: str | None) -> Variable:
    return make_book(x={"type": "text", "pattern": pattern}).variables["x"]


@pytest.mark.parametrize("pattern", ["[0-9]{5}", "35[0-9]{3}", "[12][0-9]{12}", "[A-Z]{3}", "P[0-9]+", "35238[0-9]{4}"])
def test_sample_texts_usual_pattern_is_matched(make_book: Books, pattern: str) -> None:
    texts = sample_texts(text_variable(make_book, pattern), 100)
    assert len(set(texts)) == 100
    assert all(re.fullmatch(pattern, text) for text in texts)


def test_sample_texts_narrow_pattern_gives_all_it_has(make_book: Books) -> None:
    assert sample_texts(text_variable(make_book, "[1-4]"), 100) == ["1", "2", "3", "4"]


def test_sample_texts_unusual_pattern_gives_none(make_book: Books) -> None:
    assert sample_texts(text_variable(make_book, "dossier n° [0-9]+"), 10) == []


@pytest.mark.parametrize("count", [9, 10, 11])
def test_form_spread_never_repeats(count: int) -> None:
    texts = list(Form("A", "0123456789", 1).spread(count))
    assert len(texts) == len(set(texts)) == min(count, 10)
