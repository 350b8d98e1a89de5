"""Rules of a variable that could never hold are refused when they are declared."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from etabli.sources.codebook import SourceCodebook, Variable


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"type": "integer", "minimum": "2024-01-01"}, "en nombres pour un nombre"),
        ({"type": "date", "maximum": 3}, "en dates pour une date"),
        ({"type": "text", "minimum": 3}, "en nombres pour un nombre"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "ne dépasse pas"),
        ({"type": "text", "pattern": "["}, "expression régulière"),
        ({"type": "date", "format": "%d/%Q"}, "format"),
        ({"type": "date", "format": "%d/%m"}, "dise l’année"),
        ({"type": "datetime", "format": "%d/%m %%Y %H:%M"}, "dise l’année"),
        ({"type": "number", "minimum": float("nan")}, "nombre fini"),
        ({"type": "number", "maximum": float("inf")}, "nombre fini"),
        ({"type": "integer", "minimum": True}, "nombre fini"),
        ({"type": "code", "codes": {"__total__": "Ensemble"}}, "« __ »"),
    ],
)
def test_variable_rules_that_cannot_hold_are_refused(
    make_book: Callable[..., SourceCodebook], declared: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        make_book(x=declared)


@pytest.mark.parametrize(("low", "high"), [(2, 2), (2, 3)])
def test_variable_bounds_may_be_equal(make_book: Callable[..., SourceCodebook], low: int, high: int) -> None:
    assert make_book(x={"type": "integer", "minimum": low, "maximum": high}).variables["x"].maximum == high


def test_variable_that_follows_from_a_finer_one_is_known(make_book: Callable[..., SourceCodebook]) -> None:
    assert make_book(iris={"type": "text"}, quarter={"type": "text", "follows": "iris"}).followed == {"quarter": "iris"}


@pytest.mark.parametrize(
    ("follows", "message"),
    [
        ({"quarter": "iri"}, "n’en est pas une.*iris"),
        ({"quarter": "quarter"}, "plus fine"),
        ({"quarter": "iris", "iris": "quarter"}, "plus fine"),
        ({"quarter": "iris", "iris": "town", "town": "iris"}, "plus fine"),
    ],
)
def test_variable_that_follows_from_nothing_finer_is_refused(
    make_book: Callable[..., SourceCodebook], follows: dict[str, str], message: str
) -> None:
    declared = {name: {"type": "text"} for name in ("quarter", "iris", "town")}
    with pytest.raises(ValidationError, match=message):
        make_book(**{name: {**each, "follows": follows.get(name)} for name, each in declared.items()})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", "%d%d%Y", "« format » de date"),
        ("pattern", "a{1,1001}", "« pattern »"),
        ("pattern", "(?=x)?(a+)+b", "« pattern »"),
    ],
)
def test_what_no_reader_takes_is_refused_when_it_is_declared(key: str, value: str, said: str) -> None:
    kind = "date" if key == "format" else "text"
    with pytest.raises(ValidationError, match=said):
        Variable.model_validate({"label": "X", "type": kind, "sensitivity": "open", key: value})
