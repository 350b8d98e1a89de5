"""Whatever is written is read back the same, in every format, or is refused: nothing is lost in silence."""

from __future__ import annotations

import importlib.util
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from etabli.errors import DeliveryError
from etabli.sources.checks import tidy
from etabli.sources.codebook import SourceCodebook
from etabli.sources.drawing import draw
from etabli.sources.limits import EXACT, LIMITS, told
from etabli.sources.readers import read
from etabli.sources.writers import WRITERS, write_delivery

_SPEC = importlib.util.spec_from_file_location("rereading", Path(__file__).with_name("rereading.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
rereading = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(rereading)

FORMATS = sorted(WRITERS)
BINARY = [".sav", ".zsav", ".dta", ".xpt"]

each_format = pytest.mark.parametrize("suffix", FORMATS)


by_law = settings(max_examples=25, deadline=None, derandomize=True)
by_whole_frames = settings(by_law, max_examples=8)  # ten columns, written twice, read three times


def book_of(**variables: dict[str, Any]) -> SourceCodebook:
    usual = {"label": "Étiquette", "sensitivity": "open", "required": False}
    full = {name: {**usual, **each} for name, each in variables.items()}
    row = {"one": "visite", "many": "visites", "gender": "f"}
    return SourceCodebook.model_validate({"row": row, "variables": full})


def there_and_back(values: list[Any], variable: dict[str, Any], suffix: str) -> list[Any]:
    """Return the values of one column as they are read back; a second column keeps empty lines from vanishing."""
    book = book_of(x=variable, n={"type": "integer"})
    frame = pd.DataFrame({"x": pd.Series(values, dtype="str" if variable["type"] == "text" else None), "n": 1})
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"v{suffix}"
        write_delivery(frame, book, path)
        back = rereading.reread(path, book)["x"].tolist()
        assert [repr(value) for value in by_the_house(path, book)["x"].tolist()] == [repr(value) for value in back]
        return back


def by_the_house(path: Path, book: SourceCodebook) -> pd.DataFrame:
    """Return the tidy frame as the house's own readers read it."""
    reading = read(path, book, shown=path.name)
    return tidy(reading.frame, reading.book or book, shown=path.name)


def is_refused(value: Any, variable: dict[str, Any], suffix: str) -> bool:
    try:
        there_and_back([value], variable, suffix)
    except DeliveryError:
        return True
    return False


def held_or_refused(values: list[Any], variable: dict[str, Any], suffix: str) -> None:
    try:
        back = there_and_back(values, variable, suffix)
    except DeliveryError:
        assert any(is_refused(value, variable, suffix) for value in values)  # none is for its company alone
        return
    assert [repr(value) for value in back] == [repr(value) for value in values]


@each_format
@by_law
@given(values=st.lists(st.floats(allow_nan=False), min_size=1, max_size=8))
def test_any_number_is_held_or_refused(suffix: str, values: list[float]) -> None:
    held_or_refused(values, {"type": "number"}, suffix)


@each_format
@by_law
@given(values=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8))
def test_any_integer_is_held_or_refused(suffix: str, values: list[int]) -> None:
    held_or_refused(values, {"type": "integer"}, suffix)


@each_format
@by_law
@given(values=st.lists(st.dates(date(1400, 1, 1)), min_size=1, max_size=8))
def test_any_date_is_held_or_refused(suffix: str, values: list[date]) -> None:
    moments = [pd.Timestamp(value).as_unit("us") for value in values]
    held_or_refused(moments, {"type": "date", "format": "%Y-%m-%d"}, suffix)


@each_format
@by_law
@given(values=st.lists(st.datetimes(datetime(1400, 1, 1)), min_size=1, max_size=8), whole=st.booleans())
def test_any_datetime_is_held_or_refused(suffix: str, values: list[datetime], whole: bool) -> None:
    moments = [pd.Timestamp(value.replace(microsecond=0) if whole else value).as_unit("us") for value in values]
    held_or_refused(moments, {"type": "datetime", "format": "%Y-%m-%d %H:%M:%S.%f"}, suffix)


ODD = "aéÉœ€ ;,\"'\r\n\t|#0=\0\x07😀\u00a0_x"
TEXTS = st.text(st.one_of(st.sampled_from(ODD), st.characters(codec="utf-8")), min_size=1)


@each_format
@by_law
@given(values=st.lists(TEXTS, min_size=1, max_size=8))
def test_any_text_is_held_or_refused(suffix: str, values: list[str]) -> None:
    held_or_refused(values, {"type": "text"}, suffix)


@pytest.mark.parametrize(
    ("value", "kind"), [(1.2088861497369232e16, "number"), ("=A1+1", "text"), ("#N/A", "text")], ids=str
)
def test_value_that_a_workbook_holds_in_a_cell_of_its_own_may_repeat(value: Any, kind: str) -> None:
    assert there_and_back([value, value, value], {"type": kind}, ".xlsx") == [value] * 3


@each_format
@pytest.mark.parametrize(
    "text", ["0012", "35238", "2A004", "=A1+1", "#N/A", "NA", "nan", "1e5", "Été à L’Haÿ-les-Roses", "x" * 20_000, "-0"]
)
def test_text_that_looks_like_something_else_is_held(suffix: str, text: str) -> None:
    assert there_and_back([text, "b"], {"type": "text"}, suffix) == [text, "b"]


@each_format
def test_codes_keep_leading_zeros(suffix: str) -> None:
    codes = {"type": "code", "codes": {"a": {"label": "A", "value": "01"}, "b": {"label": "B", "value": "1"}}}
    assert there_and_back(["a", "b", "a"], codes, suffix) == ["a", "b", "a"]


@each_format
@by_whole_frames
@given(rows=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_drawn_frame_with_every_type_and_missing_comes_back_the_same(suffix: str, rows: int, seed: int) -> None:
    book = book_of(
        key={"type": "code", "codes": {"a": {"label": "Été", "value": "1"}, "b": "Œ"}, "required": True},
        number={"type": "code", "codes": {"a": {"label": "Été", "value": "1"}}, "missing": ["9"]},
        word={"type": "code", "codes": {"oui": "Oui", "non": "Non"}, "missing": {"NSP": "Ne sait pas", "REF": "Refus"}},
        age={"type": "integer", "missing": {"-1": "Refus", "999": "Ne sait pas"}},
        rent={"type": "number"},
        day={"type": "date"},
        moment={"type": "datetime"},
        sure={"type": "boolean"},
        told={"type": "text", "missing": ["(vide)"]},
        tagged={"type": "integer", "missing": {".a": "Refus", ".b": "NSP"} if suffix == ".dta" else {}},
    )
    frame = draw(book, rows, seed=seed)
    frame.loc[0, frame.columns.tolist()[1:]] = None
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"v{suffix}"
        assert write_delivery([frame, frame], book, path) == 2 * rows
        twice = pd.concat([frame, frame], ignore_index=True)
        pd.testing.assert_frame_equal(rereading.reread(path, book), twice)
        first = rereading.content_hash(rereading.reread(path, book))
        write_delivery([frame, frame], book, path)
        assert rereading.content_hash(rereading.reread(path, book)) == first == rereading.content_hash(twice)


@pytest.mark.parametrize("suffix", [".sav", ".zsav", ".dta", ".xpt"])
def test_labels_value_labels_and_user_missing_are_in_the_file(tmp_path: Path, suffix: str) -> None:
    book = book_of(
        age={"type": "integer", "label": "Âge de l’enquêté·e", "missing": {"99": "Refus"}},
        c={"type": "code", "codes": {"a": {"label": "Été", "value": "1"}}, "missing": {"9": "NSP"}, "column": "C_1"},
        w={"type": "code", "codes": {"oui": "Oui, « certes »"}, "missing": ["NSP"]},
        t={"type": "integer", "missing": {".a": "Refus"}},
    )
    path = tmp_path / f"v{suffix}"
    write_delivery(pd.DataFrame({"age": [1, None], "c": ["a", None], "w": ["oui", None], "t": [1, None]}), book, path)
    read = {".dta": pyreadstat.read_dta, ".xpt": pyreadstat.read_xport}.get(suffix, pyreadstat.read_sav)
    _, found = read(str(path)) if suffix == ".xpt" else read(str(path), user_missing=True)
    others = dict.fromkeys(["C_1", "w", "t"], "Étiquette")
    assert found.column_names_to_labels == {"age": "Âge de l’enquêté·e", **others}
    labels = {
        ".dta": {"age": {99: "Refus"}, "C_1": {1: "Été", 9: "NSP"}, "t": {"a": "Refus"}},
        ".xpt": {},
    }
    spss = {"age": {99: "Refus"}, "C_1": {1: "Été", 9: "NSP"}, "w": {"oui": "Oui, « certes »"}}
    assert found.variable_value_labels == labels.get(suffix, spss)
    if suffix in {".sav", ".zsav"}:
        assert {name: each[0]["lo"] for name, each in found.missing_ranges.items()} == {"age": 99, "C_1": 9, "w": "NSP"}
        assert found.variable_measure["C_1"] == "nominal"


def test_parquet_holds_labels_in_its_schema(tmp_path: Path) -> None:
    book = book_of(c={"type": "code", "codes": {"a": {"label": "Été", "value": "1"}}, "label": "Âge"})
    write_delivery(pd.DataFrame({"c": ["a"]}), book, tmp_path / "v.parquet")
    metadata = parquet.read_schema(tmp_path / "v.parquet").field("c").metadata
    assert {key.decode(): value.decode() for key, value in metadata.items() if key in {b"label", b"value_labels"}} == {
        "label": "Âge",
        "value_labels": '{"1": "Été"}',
    }
    found = read(tmp_path / "v.parquet", shown="v.parquet").metadata.columns[0]
    assert (found.label, found.labels) == ("Âge", {"1": "Été"})


LABEL = "é" * 60
REFUSED: list[tuple[str, dict[str, Any], Any, str]] = [
    *((suffix, {"type": "number"}, float("inf"), "un nombre fini") for suffix in FORMATS),
    *((suffix, {"type": "number"}, -0.0, "un zéro sans signe") for suffix in (".zsav", ".xpt", ".xlsx")),
    *((suffix, {"type": "integer"}, EXACT + 1, "9\u202f007\u202f199\u202f254") for suffix in [*BINARY, ".xlsx"]),
    *((suffix, {"type": "text"}, "a\0b", "sans caractère de commande") for suffix in FORMATS),
    (".xpt", {"type": "number"}, 1e76, "au plus 7e+75"),
    (".xpt", {"type": "number"}, 1e-80, "au moins 1e-77"),
    (".dta", {"type": "number"}, 1e308, "au plus 8.9e+307"),
    (".sav", {"type": "text"}, "x" * 32_768, "au plus 32\u202f767"),
    (".xlsx", {"type": "text"}, "x" * 32_768, "au plus 32\u202f767"),
    (".xlsx", {"type": "text"}, "a_x000D_b", "sans caractère de commande"),
    (".xlsx", {"type": "date"}, pd.Timestamp(1900, 2, 28), "à partir du 01/03/1900"),
    (".sav", {"type": "datetime"}, pd.Timestamp(2024, 1, 1, 0, 0, 0, 5), "à la seconde"),
    (".csv", {"type": "datetime"}, pd.Timestamp(2024, 1, 1, 0, 0, 5), "dont le texte redonne la valeur"),
    (".csv", {"type": "date"}, pd.Timestamp(2024, 1, 1, 5), "une date sans heure"),
    (".csv", {"type": "integer", "missing": ["9"]}, 9, "ne se lise pas comme une donnée manquante"),
    (".sav", {"type": "integer", "column": "a b"}, 1, "un nom de colonne que ce format accepte"),
    (".sav", {"type": "integer", "column": "x" * 65}, 1, "d’au plus 64 octets"),
    (".dta", {"type": "integer", "column": "x" * 33}, 1, "d’au plus 32 octets"),
    (".xpt", {"type": "integer", "column": "É"}, 1, "un nom de colonne que ce format accepte"),
    (".xpt", {"type": "integer", "column": "N"}, 1, "plus que la casse"),
    (".sav", {"type": "integer", "label": "é" * 129}, 1, "un libellé d’au plus 256 octets"),
    (".dta", {"type": "integer", "label": "é" * 81}, 1, "un libellé d’au plus 80 caractères"),
    (".sav", {"type": "code", "codes": {"a": LABEL + "x"}}, "a", "des libellés de codes d’au plus 120 octets"),
    (".sav", {"type": "integer", "missing": ["-1", "-2", "-3", "-4"]}, 1, "au plus 3 codes"),
]


@pytest.mark.parametrize(("suffix", "variable", "value", "expected"), REFUSED)
def test_what_a_format_would_lose_is_refused(suffix: str, variable: dict[str, Any], value: Any, expected: str) -> None:
    with pytest.raises(DeliveryError) as raised:
        there_and_back([value], variable, suffix)
    assert expected in str(raised.value.expected)
    assert raised.value.where is not None


@pytest.mark.parametrize(
    ("suffix", "variable", "value"),
    [
        (".sav", {"type": "code", "codes": {"a": LABEL}}, "a"),
        (".sav", {"type": "integer", "label": "é" * 128}, 7),
        (".dta", {"type": "integer", "label": "é" * 80}, 7),
        (".sav", {"type": "text"}, "x" * 32_767),
        (".xlsx", {"type": "text"}, "x" * 32_767),
        (".xlsx", {"type": "date"}, pd.Timestamp(1900, 3, 1)),
        *((suffix, {"type": "integer"}, EXACT) for suffix in [*BINARY, ".xlsx"]),
        (".dta", {"type": "integer", "column": "x" * 32}, 1),
    ],
)
def test_what_a_format_just_holds_is_written(suffix: str, variable: dict[str, Any], value: Any) -> None:
    assert there_and_back([value], variable, suffix) == [value]


def test_every_format_that_is_written_has_its_limits() -> None:
    assert set(LIMITS) == set(WRITERS)


def test_guide_tells_what_each_format_cannot_hold() -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "guide" / "donnees-fictives.md"
    rows = guide.read_text(encoding="utf-8").splitlines()
    for suffix, limits in LIMITS.items():
        assert f"| {limits.name} | `{suffix}` | {told(limits)} |" in rows


def test_parquet_text_that_is_no_text_is_damage(tmp_path: Path) -> None:
    offsets = pa.py_buffer(np.array([0, 2, 4], dtype="int32"))
    texts = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"\xff\xfeab")])
    path = tmp_path / "textes.parquet"
    parquet.write_table(pa.table({"texte": texts}), path, use_dictionary=False)
    with pytest.raises(DeliveryError, match="abîmé"):
        read(path, None, shown="textes.parquet")
