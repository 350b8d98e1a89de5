"""A frame written as its partner would: reading it back gives the same frame, for every type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.errors import DeliveryError
from etabli.sources.checks import tidy
from etabli.sources.codebook import SourceCodebook
from etabli.sources.delimited_output import write_delimited
from etabli.sources.drawing import draw
from etabli.sources.limits import LIMITS, hold_size
from etabli.sources.readers import read
from etabli.sources.writers import write_delivery

Books = Callable[..., SourceCodebook]

KINDS: dict[str, dict[str, Any]] = {
    "code": {"codes": {"b": {"label": "B", "value": "B;1"}, "a": "A"}},
    "integer": {"minimum": -5, "missing": ["0"]},
    "number": {"minimum": -1, "maximum": 2.5},
    "date": {"format": "%Y-%m-%d"},
    "datetime": {},
    "text": {},
    "boolean": {},
    "identifier": {},
}


def book_of(kinds: list[str], written: dict[str, str], *, required: bool) -> SourceCodebook:
    variables = {
        kind: {
            "label": kind,
            "type": kind,
            "sensitivity": "identifier" if kind == "identifier" else "open",
            "column": f"Colonne {kind}",
            "required": required,
            **KINDS[kind],
        }
        for kind in kinds
    }
    row = {"one": "visite", "many": "visites", "gender": "f"}
    return SourceCodebook.model_validate({"row": row, "format": written, "variables": variables})


def there_and_back(frame: pd.DataFrame, book: SourceCodebook) -> pd.DataFrame:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "v.csv"
        write_delivery(frame, book, path)
        return tidy(read(path, book, shown="v.csv").frame, book, shown="v.csv")


written = st.fixed_dictionaries(
    {
        "separator": st.sampled_from([";", ",", "\t", "|"]),
        "encoding": st.sampled_from(["utf-8", "latin-1", "cp1252", "utf-16"]),
        "decimal": st.sampled_from([",", "."]),
    }
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    kinds=st.lists(st.sampled_from(list(KINDS)), min_size=1, unique=True),
    form=written,
    required=st.booleans(),
    rows=st.integers(1, 30),
    seed=st.integers(0, 2**32),
)
def test_write_delivery_drawn_frame_comes_back_the_same(
    kinds: list[str], form: dict[str, str], required: bool, rows: int, seed: int
) -> None:
    book = book_of(kinds, form, required=required)
    frame = draw(book, rows, seed=seed)
    pd.testing.assert_frame_equal(there_and_back(frame, book), frame)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.text(st.sampled_from("aé’œ€ ;,\"'\r\n\t|#0=")).filter(lambda text: text == text.strip()), min_size=1),
    st.sampled_from([";", ",", "\t"]),
)
def test_write_delivery_any_text_comes_back_the_same(texts: list[str], separator: str) -> None:
    book = book_of(["text"], {"separator": separator}, required=False)
    back = there_and_back(pd.DataFrame({"text": pd.Series(texts, dtype="str")}), book)
    assert back["text"].fillna("").tolist() == texts


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.floats(-1, 2.5), min_size=1), st.sampled_from([",", "."]))
def test_write_delivery_any_number_comes_back_the_same(numbers: list[float], decimal: str) -> None:
    book = book_of(["number"], {"decimal": decimal}, required=True)
    assert there_and_back(pd.DataFrame({"number": numbers}), book)["number"].tolist() == numbers


def test_write_delivery_writes_as_the_partner_does(tmp_path: Path, make_book: Books) -> None:
    book = make_book(
        {"encoding": "latin-1"},
        a={"type": "code", "column": "Été", "codes": {"x": {"label": "X", "value": "é;1"}}, "required": False},
        n={"type": "number"},
        d={"type": "date"},
        b={"type": "boolean"},
    )
    moments = pd.to_datetime(["2024-01-31", "2024-12-01"])
    frame = pd.DataFrame({"b": [True, False], "d": moments, "n": [1.5, 2], "a": ["x", None]})
    write_delivery(frame, book, tmp_path / "v.csv")
    text = 'Été;n;d;b\n"é;1";1,5;31/01/2024;oui\n;2,0;01/12/2024;non\n'
    assert (tmp_path / "v.csv").read_bytes() == text.encode("latin-1")


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"n": [1]}, "La variable « c » manque dans les données à écrire."),
        ({"n": [1], "c": ["x"], "m": [1]}, "La variable « m » n’est pas dans le codebook."),
        ({"n": [1], "c": ["y"]}, "Une valeur n’est pas un code du codebook."),
        ({"n": ["beaucoup"], "c": ["x"]}, "Une valeur n’a pas le type de sa variable."),
        ({"n": [1.5], "c": ["x"]}, "Une valeur n’a pas le type de sa variable."),
        ({"n": [1], "c": ["x"], "t": ["œ"]}, "Un caractère ne s’écrit pas en latin-1."),
    ],
)
def test_write_delivery_refusal_leaves_the_old_file(
    tmp_path: Path, make_book: Books, columns: dict[str, list[object]], what: str
) -> None:
    more = {"t": {"type": "text"}} if "t" in columns else {}
    book = make_book({"encoding": "latin-1"}, n={"type": "integer"}, c={"type": "code", "codes": {"x": "X"}}, **more)
    (tmp_path / "v.csv").write_text("ancien", encoding="utf-8")
    with pytest.raises(DeliveryError) as raised:
        write_delivery(pd.DataFrame(columns), book, tmp_path / "v.csv")
    assert raised.value.what == what
    assert [(path.name, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [("v.csv", "ancien")]


def test_write_delivery_unknown_suffix_is_refused(tmp_path: Path, visits: SourceCodebook) -> None:
    with pytest.raises(DeliveryError, match="ne s’écrit pas"):
        write_delivery(draw(visits, 2, seed=1), visits, tmp_path / "v.ods")


@pytest.mark.parametrize(("suffix", "rows", "columns"), [(".xlsx", 1_048_575, 4), (".sav", 7_500_000, 4)])
def test_delivery_too_long_for_its_format_is_refused_from_the_first_row_beyond(
    suffix: str, rows: int, columns: int
) -> None:
    hold_size(rows, columns, LIMITS[suffix], heading=1)
    with pytest.raises(DeliveryError, match="trop longue pour le format"):
        hold_size(rows + 1, columns, LIMITS[suffix], heading=1)


@pytest.mark.parametrize(("titles", "headers"), [(0, 1), (2, 1), (0, 2), (1, 3)])
def test_titles_and_rows_of_header_of_a_csv_are_written_as_they_are_declared(
    make_book: Callable[..., SourceCodebook], tmp_path: Path, titles: int, headers: int
) -> None:
    book = make_book(x={"type": "text"}, y={"type": "integer"})
    book = book.model_copy(
        update={"format": book.format.model_copy(update={"title_rows": titles, "header_rows": headers})}
    )
    frame = pd.DataFrame({"x": ["a", "b"], "y": pd.array([1, 2], dtype="Int64")})
    path = tmp_path / "v.csv"
    write_delimited(path, [frame], book)
    assert len(path.read_text(encoding="utf-8").splitlines()) == titles + headers + 2
    assert read(path, book, shown="v.csv").frame["x"].tolist() == ["a", "b"]
