"""Text to types: what cannot be converted is missing in the result, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import pytest

from etabli.sources.codebook import SourceCodebook
from etabli.sources.conversions import convert, expected

Books = Callable[..., SourceCodebook]
Column = list[str | None]


def converted(make_book: Books, declared: Mapping[str, object], text: Column, **written: str) -> pd.Series:
    book = make_book(written, x=declared)
    return convert(pd.Series(text, dtype="str"), book.variables["x"], book.format)


def as_list(values: pd.Series) -> list[object]:
    return [None if missing else value for value, missing in zip(values, values.isna(), strict=True)]


def test_convert_code_keeps_the_codebook_order(make_book: Books) -> None:
    declared = {"type": "code", "codes": {"z": {"label": "Z", "value": "9"}, "a": "A", "m": "M"}}
    values = converted(make_book, declared, ["a", "9", None, "z", "A"])
    assert as_list(values) == ["a", "z", None, None, None]
    assert list(values.cat.categories) == ["z", "a", "m"]
    assert not values.cat.ordered


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0012", 12),
        ("-3", -3),
        ("1 234", 1234),
        ("1\u00a0234\u202f567", 1_234_567),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**53 + 1), 2**53 + 1),
        (str(2**63), None),
        ("1 2", None),
        ("12,0", None),
        ("12.0", None),
        ("1e3", None),
        ("١٢", None),
        ("", None),
    ],
)
def test_convert_integer_is_exact_or_missing(make_book: Books, text: str, value: int | None) -> None:
    values = converted(make_book, {"type": "integer"}, [text])
    assert (as_list(values), str(values.dtype)) == ([value], "Int64")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12,5", 12.5),
        ("1 234,5", 1234.5),
        ("-0,1", -0.1),
        ("1,5e-07", 1.5e-7),
        ("12.5", None),
        ("1e999", None),
        ("nan", None),
    ],
)
def test_convert_number_takes_the_declared_sign(make_book: Books, text: str, value: float | None) -> None:
    values = converted(make_book, {"type": "number"}, [text], decimal=",")
    assert (as_list(values), str(values.dtype)) == ([value], "float64")


def test_convert_number_with_a_point_refuses_a_comma(make_book: Books) -> None:
    assert as_list(converted(make_book, {"type": "number"}, ["1.5", "1,5"], decimal=".")) == [1.5, None]


def test_convert_date_reads_the_declared_form_alone(make_book: Books) -> None:
    values = converted(make_book, {"type": "date"}, ["29/02/2024", "29/02/2023", "2024-02-29", "today", "now", None])
    assert as_list(values) == [pd.Timestamp(2024, 2, 29), None, None, None, None, None]
    assert str(values.dtype) == "datetime64[us]"


def test_convert_date_of_a_moment_is_its_midnight(make_book: Books) -> None:
    values = converted(make_book, {"type": "date", "format": "%Y-%m-%d %H:%M"}, ["2024-10-01 09:30"])
    assert as_list(values) == [pd.Timestamp(2024, 10, 1)]


def test_convert_datetime_keeps_the_minute_and_old_years(make_book: Books) -> None:
    values = converted(make_book, {"type": "datetime"}, ["01/10/2024 09:30", "06/05/1583 00:00"])
    assert as_list(values) == [pd.Timestamp(2024, 10, 1, 9, 30), pd.Timestamp(1583, 5, 6)]


def test_convert_boolean_reads_three_ways_of_writing(make_book: Books) -> None:
    values = converted(make_book, {"type": "boolean"}, ["oui", "Non", "TRUE", "false", "1", "0", "o", None])
    assert as_list(values) == [True, False, True, False, True, False, None, None]
    assert str(values.dtype) == "boolean"


@pytest.mark.parametrize("kind", ["text", "identifier"])
def test_convert_text_is_kept(make_book: Books, kind: str) -> None:
    values = converted(make_book, {"type": kind}, ["0012", None])
    assert (as_list(values), str(values.dtype)) == (["0012", None], "str")


@pytest.mark.parametrize("kind", ["integer", "number", "date", "datetime", "boolean", "text"])
def test_convert_column_without_values_has_its_type(make_book: Books, kind: str) -> None:
    filled, empty = converted(make_book, {"type": kind}, ["1"]), converted(make_book, {"type": kind}, [None, None])
    assert (filled.dtype, empty.isna().tolist()) == (empty.dtype, [True, True])


def test_expected_long_list_of_codes_is_cut(make_book: Books) -> None:
    book = make_book(x={"type": "code", "codes": {f"c{number}": "C" for number in range(15)}})
    assert expected(book.variables["x"], book.format).endswith("« c11 » et 3 autres")


def test_expected_date_shows_an_example(make_book: Books) -> None:
    book = make_book(x={"type": "date"})
    assert expected(book.variables["x"], book.format) == "une date de la forme « %d/%m/%Y », comme 31/12/2024"
