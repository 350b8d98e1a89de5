"""A text frame held to its codebook: the first broken rule, its lines, and no value that betrays."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from etabli.errors import DeliveryError
from etabli.sources.checks import tidy
from etabli.sources.codebook import SourceCodebook

Books = Callable[..., SourceCodebook]


def text_frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="str")


def refused(book: SourceCodebook, **columns: list[str]) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        tidy(text_frame(**columns), book, shown="data/v.csv")
    return raised.value


def test_tidy_spaces_and_missing_values_do_not_count(make_book: Books) -> None:
    book = make_book(age={"type": "integer", "missing": ["99", "NSP"], "required": False})
    values = tidy(text_frame(age=[" 12 ", "99", "NSP", "", "  "]), book, shown="v.csv")["age"]
    assert values.isna().tolist() == [False, True, True, True, True]
    assert values[0] == 12


def test_tidy_leaves_the_text_frame_alone(visits: SourceCodebook) -> None:
    text = text_frame(person=[" a "], channel=["RDV"])
    before = text.copy()
    tidy(text, visits, shown="v.csv")
    pd.testing.assert_frame_equal(text, before)


def test_tidy_index_starts_at_zero(visits: SourceCodebook) -> None:
    text = text_frame(person=["a", "b"], channel=["RDV", "walk_in"]).set_axis(pd.Index([2, 5], name="line"))
    assert list(tidy(text, visits, shown="v.csv").index) == [0, 1]


def test_tidy_unknown_code_names_line_value_and_nearest(visits: SourceCodebook) -> None:
    error = refused(visits, person=["a", "b"], channel=["RDV", "rdv1"])
    assert error.what == "La variable « channel » (colonne « CANAL ») n’est pas un code du codebook sur 1 ligne."
    assert (error.where, error.got) == ("data/v.csv, ligne 3", "« rdv1 »")
    assert error.expected == "l’un de : « RDV », « walk_in »"
    assert error.hint == "vouliez-vous dire « RDV » ?"


def test_tidy_line_is_that_of_the_file(visits: SourceCodebook) -> None:
    text = text_frame(person=["a", "b"], channel=["RDV", "x"]).set_axis(pd.Index([2, 31], name="line"))
    with pytest.raises(DeliveryError, match="ligne 31"):
        tidy(text, visits, shown="v.csv")


@pytest.mark.parametrize(
    ("wrong", "where"),
    [(1, "ligne 2"), (2, "lignes 2 et 3"), (3, "lignes 2, 3 et 4"), (4, "lignes 2, 3, 4 et suivantes")],
)
def test_tidy_lines_are_told_up_to_three(make_book: Books, wrong: int, where: str) -> None:
    error = refused(make_book(age={"type": "integer"}), age=["x"] * wrong + ["1"])
    assert error.where == f"data/v.csv, {where}"
    assert f"sur {wrong} ligne" in error.what


def test_tidy_required_value_may_not_be_missing(make_book: Books) -> None:
    error = refused(make_book(age={"type": "integer", "missing": ["99"]}), age=["1", "99"])
    assert "manque sur 1 ligne" in error.what
    assert error.where == "data/v.csv, ligne 3"


@pytest.mark.parametrize(("age", "ends"), [("-1", "trop petite"), ("0", None), ("120", None), ("121", "trop grande")])
def test_tidy_bounds_of_a_number_are_included(make_book: Books, age: str, ends: str | None) -> None:
    book = make_book(age={"type": "integer", "minimum": 0, "maximum": 120})
    if ends is None:
        assert tidy(text_frame(age=[age]), book, shown="v.csv")["age"].tolist() == [int(age)]
    else:
        assert ends in refused(book, age=[age]).what


@pytest.mark.parametrize(("moment", "good"), [("31/12/2024 23:59", True), ("01/01/2025 00:00", False)])
def test_tidy_last_day_of_a_datetime_is_whole(make_book: Books, moment: str, good: bool) -> None:
    book = make_book(at={"type": "datetime", "maximum": "2024-12-31"})
    if good:
        assert len(tidy(text_frame(at=[moment]), book, shown="v.csv")) == 1
    else:
        assert refused(book, at=[moment]).expected == "au plus 31/12/2024"


@pytest.mark.parametrize(("iris", "good"), [("352380101", True), ("35238010", False), ("3523801011", False)])
def test_tidy_pattern_matches_the_whole_text(make_book: Books, iris: str, good: bool) -> None:
    book = make_book(iris={"type": "text", "pattern": "[0-9]{9}"})
    if good:
        assert tidy(text_frame(iris=[iris]), book, shown="v.csv")["iris"].tolist() == [iris]
    else:
        assert "n’a pas la forme prévue" in refused(book, iris=[iris]).what


def test_tidy_missing_value_breaks_no_other_rule(make_book: Books) -> None:
    book = make_book(n={"type": "number", "required": False, "minimum": 1, "pattern": "[0-9]+", "unique": True})
    assert tidy(text_frame(n=["", "", "2"]), book, shown="v.csv")["n"].isna().sum() == 2


def test_tidy_repeated_value_names_every_line(make_book: Books) -> None:
    error = refused(make_book(n={"type": "integer", "unique": True}), n=["1", "2", "01"])
    assert "est répétée sur 2 lignes" in error.what
    assert (error.where, error.got) == ("data/v.csv, lignes 2 et 4", "« 1 »")


@pytest.mark.parametrize(
    "declared",
    [
        {"type": "identifier", "unique": True},
        {"type": "identifier", "pattern": "[0-9]+"},
        {"type": "code", "sensitivity": "sensitive", "codes": {"secre": "S"}},
        {"type": "integer", "sensitivity": "sensitive"},
        {"type": "date", "sensitivity": "sensitive"},
    ],
)
def test_tidy_secret_value_is_never_shown(make_book: Books, declared: dict[str, object]) -> None:
    error = refused(make_book(x=declared), x=["secret", "secret"])
    assert error.got == "(valeur non affichée)"
    assert "secret" not in str(error)
    assert error.hint is None


def test_tidy_long_value_is_cut(make_book: Books) -> None:
    assert refused(make_book(n={"type": "integer"}), n=["x" * 61]).got == f"« {'x' * 60}… »"


@pytest.mark.parametrize(
    ("last", "hint"),
    [
        ("3", "1 autre règle du codebook enfreinte dans ce fichier"),
        ("x", "2 autres règles du codebook enfreintes dans ce fichier"),
    ],
)
def test_tidy_first_rule_is_told_and_the_others_counted(make_book: Books, last: str, hint: str) -> None:
    book = make_book(a={"type": "integer"}, b={"type": "integer", "minimum": 5}, c={"type": "integer"})
    error = refused(book, a=["x"], b=["1"], c=[last])
    assert "« a »" in error.what
    assert error.hint == hint
