"""Dummy data keep every rule of their codebook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from etabli.errors import DeliveryError
from etabli.sources import drawing
from etabli.sources.codebook import SourceCodebook
from etabli.sources.drawing import MISSING_SHARE, Draw, draw, draw_chunks

Books = Callable[..., SourceCodebook]


def test_draw_same_seed_gives_the_same_frame(visits: SourceCodebook) -> None:
    pd.testing.assert_frame_equal(draw(visits, 50, seed=1), draw(visits, 50, seed=1))
    assert not draw(visits, 50, seed=1).equals(draw(visits, 50, seed=2))


def test_draw_codes_follow_their_weights(make_book: Books) -> None:
    codes = {"often": {"label": "A", "weight": 3}, "seldom": {"label": "B"}, "never": {"label": "C", "weight": 0}}
    shares = draw(make_book(x={"type": "code", "codes": codes}), 4_000, seed=1)["x"].value_counts(normalize=True)
    assert shares["often"] == pytest.approx(0.75, abs=0.03)
    assert shares["never"] == 0


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize(("low", "high"), [(0, 0), (-3, 2), (0.5, 1.5), (1e12, 1e15)])
def test_draw_numbers_stay_between_their_bounds(make_book: Books, kind: str, low: float, high: float) -> None:
    values = draw(make_book(x={"type": kind, "minimum": low, "maximum": high}), 300, seed=1)["x"]
    assert values.between(low, high).all()


@pytest.mark.parametrize(("bound", "low", "high"), [("minimum", 500, 600), ("maximum", 0, 500)])
def test_draw_number_with_one_bound_has_a_range(make_book: Books, bound: str, low: int, high: int) -> None:
    values = draw(make_book(x={"type": "integer", bound: 500}), 300, seed=1)["x"]
    assert values.between(low, high).all()
    assert values.nunique() > 50


@pytest.mark.parametrize("kind", ["date", "datetime"])
def test_draw_dates_stay_between_their_bounds(make_book: Books, kind: str) -> None:
    values = draw(make_book(x={"type": kind, "minimum": "2024-02-28", "maximum": "2024-03-01"}), 200, seed=1)["x"]
    assert set(values.dt.strftime("%d/%m")) == {"28/02", "29/02", "01/03"}


def test_draw_people_come_back_and_some_often(visits: SourceCodebook) -> None:
    rows = draw(visits, 2_000, seed=1)["person"].value_counts()
    assert 600 < len(rows) <= 800
    assert rows.max() > 4 * rows.median()


def test_draw_other_identifiers_are_unique(make_book: Books) -> None:
    assert draw(make_book(x={"type": "identifier"}), 500, seed=1)["x"].is_unique


@pytest.mark.parametrize("kind", ["integer", "date", "text"])
def test_draw_unique_variable_never_repeats(make_book: Books, kind: str) -> None:
    assert draw(make_book(x={"type": kind, "unique": True}), 101, seed=1)["x"].is_unique


def test_draw_optional_values_are_missing_at_times(make_book: Books) -> None:
    share = draw(make_book(x={"type": "integer", "required": False}), 4_000, seed=1)["x"].isna().mean()
    assert share == pytest.approx(MISSING_SHARE, abs=0.015)


@pytest.mark.parametrize("unique", [False, True])
def test_draw_never_writes_a_value_that_means_missing(make_book: Books, unique: bool) -> None:
    declared = {"type": "integer", "minimum": 1, "maximum": 4, "missing": ["2", "9"], "unique": unique}
    values = draw(make_book(x=declared), 3, seed=1)["x"]
    assert values.notna().all()
    assert 2 not in values.tolist()


@pytest.mark.parametrize(
    "declared",
    [
        {"type": "integer", "minimum": 1, "maximum": 9, "unique": True},
        {"type": "boolean", "unique": True},
        {"type": "text", "pattern": "dossier n° [0-9]+"},
        {"type": "identifier", "pattern": "[0-9]"},
        {"type": "integer", "minimum": 7, "maximum": 7, "missing": ["7"]},
        {"type": "integer", "minimum": 0.2, "maximum": 0.8},
        {"type": "code", "codes": {"a": {"label": "A", "weight": 0}}},
    ],
)
def test_draw_rules_that_nothing_keeps_are_refused(make_book: Books, declared: dict[str, object]) -> None:
    with pytest.raises(DeliveryError, match="Aucune donnée factice ne convient à la variable « x »"):
        draw(make_book(x=declared), 20, seed=1)


def test_draw_optional_text_of_an_unusual_pattern_is_missing(make_book: Books) -> None:
    book = make_book(x={"type": "text", "pattern": "dossier n° [0-9]+", "required": False})
    assert draw(book, 20, seed=1)["x"].isna().all()


def rows_of(book: SourceCodebook, **more: object) -> SourceCodebook:
    return SourceCodebook.model_validate({**book.model_dump(exclude_unset=True), **more})


def test_draw_chunks_follow_one_another(make_book: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "CHUNK", 40)
    book = make_book(x={"type": "identifier"}, n={"type": "integer", "unique": True, "maximum": 99})
    chunks = list(draw_chunks(book, 100, Draw(1)))
    assert [len(chunk) for chunk in chunks] == [40, 40, 20]
    whole = pd.concat(chunks, ignore_index=True)
    assert whole["x"].is_unique
    assert sorted(whole["n"]) == sorted(set(whole["n"]))
    pd.testing.assert_frame_equal(draw(book, 100, seed=1), whole)


def test_draw_children_take_the_keys_of_their_parents(make_book: Books) -> None:
    parents = pd.Series([f"M{number:03d}" for number in range(200)], dtype="str")
    book = make_book(household={"type": "identifier", "references": "households.number"})
    drawn = pd.concat(draw_chunks(book, 1_000, Draw(1, parents={"household": parents})))["household"]
    assert set(drawn) <= set(parents)
    assert drawn.value_counts().max() > 4 * drawn.value_counts().median()


def test_draw_dates_fall_in_the_period(make_book: Books) -> None:
    book = make_book(
        free={"type": "date"},
        bounded={"type": "date", "minimum": "2020-01-01", "maximum": "2030-12-31"},
        birth={"type": "date", "minimum": "1940-01-01", "maximum": "2005-12-31"},
    )
    period = (date(2025, 4, 1), date(2025, 6, 30))
    drawn = next(draw_chunks(book, 400, Draw(1, period)))
    for name in ("free", "bounded"):
        assert drawn[name].between("2025-04-01", "2025-06-30").all()
    assert drawn["birth"].between("1940-01-01", "2005-12-31").all()


def test_draw_keeps_rules_between_variables(make_book: Books) -> None:
    book = rows_of(
        make_book(
            start={"type": "date"}, end={"type": "date"}, a={"type": "integer", "maximum": 30}, b={"type": "boolean"}
        ),
        rules=[{"check": "end >= start"}, {"unique": ["a", "b"]}],
    )
    drawn = draw(book, 30, seed=1)
    assert (drawn["end"] >= drawn["start"]).all()
    assert not drawn.duplicated(["a", "b"]).any()


def test_draw_rule_that_no_row_keeps_is_refused(make_book: Books) -> None:
    book = make_book(start={"type": "date", "minimum": "2024-06-01"}, end={"type": "date", "maximum": "2024-05-01"})
    with pytest.raises(DeliveryError, match="ne parvient pas à respecter une règle") as raised:
        draw(rows_of(book, rules=[{"check": "end >= start"}]), 20, seed=1)
    assert raised.value.got == "20 lignes qui l’enfreignent encore"


@pytest.mark.parametrize("rules", [[{"check": "b >= a and c >= b"}], [{"unique": ["a", "b"]}]])
def test_draw_again_leaves_what_is_missing(make_book: Books, rules: list[dict[str, object]]) -> None:
    days = {"minimum": "2024-01-01", "maximum": "2024-03-20"}
    dates = {name: {"type": "date", "required": False, **days} for name in "abc"}
    drawn = draw(rows_of(make_book(**dates), rules=rules), 4_000, seed=1)
    assert not ((drawn["b"] < drawn["a"]) | (drawn["c"] < drawn["b"])).any() or "check" not in rules[0]
    for name in "abc":
        assert drawn[name].isna().mean() == pytest.approx(MISSING_SHARE, abs=0.011)  # 3 standard errors


def test_draw_again_keeps_a_largest_share_of_missing(make_book: Books) -> None:
    dates = {name: {"type": "date", "required": False} for name in "abc"}
    book = rows_of(make_book(**dates), rules=[{"check": "b >= a and c >= b"}, {"missing": {"b": 0.05}}])
    assert draw(book, 4_000, seed=1)["b"].isna().mean() <= 0.05


def test_draw_rule_on_what_is_missing_is_kept(make_book: Books) -> None:
    book = make_book(
        a={"type": "integer", "required": False}, b={"type": "integer", "required": False},
        c={"type": "integer", "required": False},
    )  # fmt: skip
    drawn = draw(rows_of(book, rules=[{"check": "if a is not missing then b is not missing"}]), 4_000, seed=1)
    assert drawn.loc[drawn["a"].notna(), "b"].notna().all()
    assert drawn["c"].isna().mean() == pytest.approx(MISSING_SHARE, abs=0.011)


@pytest.mark.parametrize(
    "other", [Draw(6, edition="2024", source="a"), Draw(5, edition="2024", source="b"), Draw(5, edition="2025")]
)
def test_draw_of_another_seed_source_or_edition_is_another(make_book: Books, other: Draw) -> None:
    book = make_book(x={"type": "number"})
    one, two = (next(draw_chunks(book, 500, by))["x"] for by in (Draw(5, edition="2024", source="a"), other))
    assert (one == two).mean() < 0.02
    assert abs(one.corr(two)) < 0.15


def test_draw_first_chunk_is_not_what_the_columns_rest_on() -> None:
    by = Draw(5, edition="2024", source="a")
    assert by.part(0).random() != by.part(1).random()


@pytest.mark.parametrize("pattern", [None, "[0-9]{7}", "[12][0-9]{8}"])
def test_draw_people_of_two_editions_are_not_the_same(make_book: Books, pattern: str | None) -> None:
    book = make_book(x={"type": "identifier", "pattern": pattern})
    of = {key: set(next(draw_chunks(book, 400, Draw(1, edition=key[0], source=key[1])))["x"])
          for key in (("2024", "a"), ("2024", "b"), ("2025", "a"))}  # fmt: skip
    assert of["2024", "a"] == of["2024", "b"]  # what a study links stays linked
    assert len(of["2024", "a"] & of["2025", "a"]) < 40
