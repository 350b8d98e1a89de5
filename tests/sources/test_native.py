"""The quick reading of delimited text gives what the slow one gives, or gives way to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.errors import DeliveryError
from etabli.sources import dates
from etabli.sources.checks import read_tidy, tidy
from etabli.sources.codebook import SourceCodebook
from etabli.sources.readers import read

NUMBERS = [
    "",
    "1",
    "12",
    "1,5",
    ",5",
    "5,",
    "-,5",
    "-3",
    " 7 ",
    "\t8",
    "007",
    "-0",
    "1e5",
    "1,5E+3",
    '"2"',
    '""',
    "9",
    "09",
    "9,0",
]
REFUSED = ["+3", "nan", "inf", "1e400", "0x1F", "1 234", "1.5", ".", "-", "NULL", "1_0", "9223372036854775808", "12 "]
DATES = [
    "01/02/2024",
    "31/12/1999",
    "",
    "1/2/2024",
    "31/02/2024",
    " 01/02/2024",
    "2024-02-01",
    "NSP",
    "01/01/1900",
    "1/1/1900",
]
TEXTS = ["A", "B", "", " A", "é", "0x", '"a;b"', '"a\nb"', '"il dit ""oui"""', "Total"]


def book(decimal: str | None = ",", **changes: dict[str, Any]) -> SourceCodebook:
    declared: dict[str, dict[str, Any]] = {
        "whole": {"type": "integer"},
        "number": {"type": "number"},
        "coded": {"type": "number", "missing": ["9"]},
        "day": {"type": "date"},
        "asked": {"type": "date", "missing": ["NSP", "01/01/1900"]},
        "text": {"type": "text"},
        "sex": {"type": "code", "codes": {"A": "un", "B": "deux", "9": "trois"}},
    }
    for name, change in changes.items():
        declared[name] |= change
    full = {name: {"label": name, "sensitivity": "open", "required": False, **each} for name, each in declared.items()}
    noun = {"one": "ligne", "many": "lignes", "gender": "f"}
    written = {"separator": ";", "encoding": "utf-8"} | ({"decimal": decimal} if decimal else {})
    return SourceCodebook.model_validate({"row": noun, "format": written, "variables": full})


HEADER = "whole;number;coded;day;asked;text;sex\n"


def ends(call: Any) -> pd.DataFrame | tuple[str | None, ...]:
    try:
        found: pd.DataFrame = call()
    except DeliveryError as error:
        return (error.what, error.where, error.expected, error.got, error.hint)
    return found


def hold_alike(path: Path, held: SourceCodebook) -> pd.DataFrame | tuple[str | None, ...]:
    """Hold that both ways end alike, and return how."""

    def slowly() -> pd.DataFrame:
        reading = read(path, held, shown="f.csv")
        return tidy(reading.frame, reading.book or held, shown="f.csv")

    quick, slow = ends(lambda: read_tidy(path, held, shown="f.csv")), ends(slowly)
    if isinstance(slow, pd.DataFrame):
        assert isinstance(quick, pd.DataFrame), quick
        pd.testing.assert_frame_equal(quick, slow)
    else:
        assert quick == slow
    return quick


def rows(*columns: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(st.tuples(*columns).map(";".join), min_size=1, max_size=8).map("\n".join)


@settings(deadline=None, max_examples=60)
@given(
    text=rows(
        st.sampled_from([*NUMBERS, *NUMBERS, *REFUSED]),
        st.sampled_from([*NUMBERS * 4, *REFUSED]),
        st.sampled_from([*NUMBERS * 4, *REFUSED]),
        st.sampled_from(DATES),
        st.sampled_from(DATES),
        st.sampled_from(TEXTS),
        st.sampled_from(["A", "B", "9", "", "C"]),
    )
)
def test_both_ways_end_alike(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dates, "_ENOUGH", 1)
        path = tmp_path_factory.mktemp("alike") / "f.csv"
        path.write_text(HEADER + text, encoding="utf-8")
        hold_alike(path, book())


@pytest.mark.parametrize("cells", [["1.5", "2"], ["1,5", "2"], ["1,234", "2"], ["1,5", "2.5"], ["1,234", "2,5"], ["1"]])
def test_undeclared_decimal_sign_is_the_same_both_ways(tmp_path: Path, cells: list[str]) -> None:
    text = "".join(f"1;{cell};3;01/02/2024;01/02/2024;A;B\n" for cell in cells)
    (tmp_path / "f.csv").write_text(HEADER + text, encoding="utf-8")
    hold_alike(tmp_path / "f.csv", book(decimal=None))


@pytest.mark.parametrize("name", ["whole", "number", "coded"])
@pytest.mark.parametrize("cell", [*NUMBERS, *REFUSED])
def test_number_is_the_same_both_ways(tmp_path: Path, name: str, cell: str) -> None:
    place = HEADER.strip().split(";").index(name)
    cells = ["3", "3", "3", "01/02/2024", "01/02/2024", "A", "B"]
    damaged = [*cells[:place], cell, *cells[place + 1 :]]
    (tmp_path / "f.csv").write_text(HEADER + ";".join(cells) + "\n" + ";".join(damaged) + "\n", encoding="utf-8")
    hold_alike(tmp_path / "f.csv", book())


def test_plain_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    days = pd.date_range("1990-01-01", periods=600).strftime("%d/%m/%Y")
    path.write_text(HEADER + "".join(f"1;1,5;3;{day};;A;B\n;;9;;NSP;;\n" for day in days), encoding="utf-8")
    reading = read(path, book(), shown="f.csv", typed=True)
    assert {name: str(kind) for name, kind in reading.frame.dtypes.items()} == {
        "whole": "Int64", "number": "float64", "coded": "category", "day": "datetime64[us]", "asked": "category",
        "text": "category", "sex": "category",
    }  # fmt: skip
    found = hold_alike(path, book())
    assert isinstance(found, pd.DataFrame)
    assert found["coded"].isna().sum() == 600


def test_refusal_quotes_the_cell_as_it_was_delivered(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text(HEADER + "1;007,50;3;01/02/2024;;A;B\n", encoding="utf-8")
    said = hold_alike(path, book(number={"maximum": 5}))
    assert isinstance(said, tuple)
    assert said[3] == "« 007,50 »"
