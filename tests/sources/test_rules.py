"""The rules of a codebook: several columns, the whole file, references; and pandera finds what the engine finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.errors import DeliveryError
from etabli.sources.checks import deliver, find_faults, tidy
from etabli.sources.codebook import Codebook, SourceCodebook
from etabli.sources.rules import checks_of, without_form
from etabli.sources.schemas import validate

ROW = {"one": "visite", "many": "visites", "gender": "f"}


def book_of(rules: list[dict[str, Any]], **variables: dict[str, Any]) -> SourceCodebook:
    full = {name: {"label": name.title(), "sensitivity": "open", **each} for name, each in variables.items()}
    return SourceCodebook.model_validate({"row": ROW, "variables": full, "rules": rules})


def text_frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="str")


def broken(book: SourceCodebook, text: pd.DataFrame) -> dict[str, list[int]]:
    return {
        fault.check.key: fault.rows.nonzero()[0].tolist() for fault in find_faults(deliver(text, book), checks_of(book))
    }


def test_rule_together_unique_compares_converted_values_and_no_missing_one() -> None:
    book = book_of([{"unique": ["a", "b"]}], a={"type": "integer"}, b={"type": "text", "required": False})
    text = text_frame(a=["1", "01", "1", "2", "2"], b=["x", "x", "y", "", ""])
    assert broken(book, text) == {"rules[0].unique": [0, 1]}


@pytest.mark.parametrize(("rows", "fits"), [(1, False), (2, True), (3, True), (4, False)])
def test_rule_of_rows_holds_its_bounds(rows: int, fits: bool) -> None:
    book = book_of([{"rows": {"minimum": 2, "maximum": 3}}], a={"type": "integer"})
    assert (broken(book, text_frame(a=["1"] * rows)) == {}) is fits


@pytest.mark.parametrize(("missing", "fits"), [(1, True), (2, True), (3, False)])
def test_rule_of_missing_share_holds_its_bound(missing: int, fits: bool) -> None:
    book = book_of([{"missing": {"a": 0.5}}], a={"type": "integer", "required": False, "missing": {"9": "NSP"}})
    assert (broken(book, text_frame(a=["9"] * missing + ["1"] * (4 - missing))) == {}) is fits


def test_rule_of_the_file_names_no_line() -> None:
    book = book_of([{"rows": {"minimum": 1000}}], a={"type": "integer"})
    with pytest.raises(DeliveryError) as raised:
        tidy(text_frame(a=["1"]), book, shown="v.csv")
    assert (raised.value.where, raised.value.got) == ("v.csv", "1 ligne")
    assert raised.value.expected == "au moins 1\u202f000 lignes"


def test_rule_of_a_row_refuses_with_its_line_and_no_value() -> None:
    book = book_of([{"check": "b >= a"}], a={"type": "integer"}, b={"type": "integer"})
    with pytest.raises(DeliveryError) as raised:
        tidy(text_frame(a=["1", "57"], b=["1", "3"]), book, shown="v.csv")
    assert raised.value.what == "La règle « « B » ≥ « A » » n’est pas suivie sur 1 ligne."
    assert raised.value.where == "v.csv, ligne 3"
    assert "57" not in str(raised.value)


def test_rule_that_warns_keeps_nothing_out() -> None:
    book = book_of(
        [{"check": "a > 5", "severity": "warns"}],
        a={"type": "integer", "maximum": 3, "severity": {"maximum": "warns"}},
        b={"type": "integer", "severity": {"type": "warns"}},
    )
    frame = tidy(text_frame(a=["4"], b=["x"]), book, shown="v.csv")
    assert frame["a"].tolist() == [4]
    assert frame["b"].isna().all()
    assert set(broken(book, text_frame(a=["4"], b=["x"]))) == {
        "variables.a.maximum",
        "variables.b.type",
        "rules[0].check",
    }


def test_recode_reads_a_value_as_another_before_it_is_checked() -> None:
    codes = {"yes": {"label": "Oui", "value": "O"}, "no": {"label": "Non", "value": "N"}}
    recode = {"Oui": "yes", "NON": "N", "?": ""}
    book = book_of([], a={"type": "code", "codes": codes, "recode": recode, "required": False})
    frame = tidy(text_frame(a=["O", " Oui ", "NON", "?"]), book, shown="v.csv")
    assert frame["a"].astype(object).where(frame["a"].notna(), None).tolist() == ["yes", "yes", "no", None]


def test_recode_to_no_code_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="vouliez-vous dire « yes »"):
        book_of([], a={"type": "code", "codes": {"yes": "Oui"}, "recode": {"x": "yess"}})


def test_reference_finds_what_leads_nowhere() -> None:
    variables = {
        "id": {"label": "Id", "type": "text", "sensitivity": "open", "references": "homes.id", "required": False}
    }
    book = SourceCodebook.model_validate({"row": ROW, "variables": variables})
    delivered = deliver(text_frame(id=["1", "3", ""]), book, referenced={"homes.id": pd.Index(["1", "2"])})
    faults = find_faults(delivered, checks_of(book))
    assert [(fault.check.kind, fault.rows.tolist()) for fault in faults] == [("references", [False, True, False])]


@pytest.mark.parametrize(
    ("target", "message"),
    [("hom.id", "vouliez-vous dire « homes »"), ("homes.idd", "vouliez-vous dire « id »"), ("homes.n", "de même type")],
)
def test_reference_that_leads_nowhere_is_refused(target: str, message: str) -> None:
    text = {"label": "Id", "type": "text", "sensitivity": "open"}
    homes = {"row": ROW, "variables": {"id": text, "n": {**text, "type": "integer"}}}
    visits = {"row": ROW, "variables": {"home": {**text, "references": target}}}
    with pytest.raises(ValueError, match=message):
        Codebook.model_validate({"sources": {"homes": homes, "visits": visits}})


@settings(deadline=None)  # a schema is made for each example: slow where the machine is busy
@given(
    st.lists(
        st.tuples(st.sampled_from(["1", "2", "03", "x", "", "99"]), st.sampled_from(["O", "N", "z", ""])), min_size=1
    )
)
def test_pandera_finds_what_loading_finds(rows: list[tuple[str, str]]) -> None:
    book = book_of(
        [
            {"check": 'if b == "O" then a > 1'},
            {"unique": ["a", "b"]},
            {"rows": {"minimum": 3}},
            {"missing": {"a": 0.2}},
        ],
        a={"type": "integer", "required": False, "missing": ["99"], "minimum": 2, "unique": True},
        b={"type": "code", "codes": {"O": "Oui", "N": "Non"}},
    )
    delivered = deliver(text_frame(a=[a for a, _ in rows], b=[b for _, b in rows]), book)
    checks = checks_of(book)
    told = [[(fault.check.key, fault.rows.tolist()) for fault in way] for way in
            (find_faults(delivered, checks), validate(delivered, book, checks))]  # fmt: skip
    assert told[0] == told[1]


def test_pandera_is_not_imported_by_loading() -> None:
    import subprocess
    import sys

    code = "import sys, etabli.sources.deliveries; sys.exit('pandera' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_stored_numbers_and_dates_are_read_like_their_text(make_book: Callable[..., SourceCodebook]) -> None:
    book = make_book(
        n={"type": "number"}, i={"type": "integer", "missing": ["9"], "required": False}, d={"type": "date"}
    )
    stored = pd.DataFrame({"n": [1.5, 2.0], "i": [3.0, 9.0], "d": pd.to_datetime(["2024-01-02", "2024-12-31"])})
    text = text_frame(n=["1,5", "2"], i=["3", "9"], d=["02/01/2024", "31/12/2024"])
    pd.testing.assert_frame_equal(tidy(stored, book, shown="v.sav"), tidy(text, book, shown="v.csv"))


@pytest.mark.parametrize("pattern", ["[0-9]{3}", "[0-9]{0}", "[0-9]{3}|x", "[0-9]{1,3}", "[0-9AB]{3}"])
def test_form_of_digits_is_told_as_its_expression_tells_it(pattern: str) -> None:
    texts = ["123", "12", "1234", "", "12a", "\u0661\u0662\u0663", "123\n", " 123", "²³¹", "x", "1é3", None]
    text = pd.Series(texts, dtype="str")
    told = [each is not None and re.fullmatch(pattern, each) is not None for each in texts]
    lacking = np.broadcast_to(without_form(text, pattern), len(text))
    assert lacking.tolist() == [each is not None and not fits for each, fits in zip(texts, told, strict=True)]
