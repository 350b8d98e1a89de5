"""Values that a file stores otherwise than its codebook writes them: what is read, what is told, what is refused."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from etabli.errors import DeliveryError
from etabli.sources.checks import read_tidy, tidy
from etabli.sources.codebook import SourceCodebook
from etabli.sources.readers import read

Received = Callable[..., tuple[list[Any], tuple[str, ...]]]

_SPEC = importlib.util.spec_from_file_location("sheets", Path(__file__).with_name("sheets.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
sheets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(sheets)

SECONDS_1582 = 86_400 * 115_861  # the 1st of January 1900, counted by SPSS from the 14th of October 1582
DAY = 86_400.0


@pytest.fixture
def receive(tmp_path: Path) -> Received:
    """Return a function: content, suffix, what the codebook says of column X → its values, and the notes."""

    def received(
        content: bytes | str, suffix: str, declared: dict[str, Any], **written: str
    ) -> tuple[list[Any], tuple[str, ...]]:
        path = tmp_path / f"v{suffix}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        sensitivity = "identifier" if declared["type"] == "identifier" else "open"
        variable = {"column": "X", "label": "X", "sensitivity": sensitivity, "required": False, **declared}
        row = {"one": "ligne", "many": "lignes", "gender": "f"}
        book = SourceCodebook.model_validate({"row": row, "format": written, "variables": {"x": variable}})
        reading = read(path, book, shown=path.name)
        frame = tidy(reading.frame, reading.book or book, shown=path.name)
        pd.testing.assert_frame_equal(read_tidy(path, book, shown=path.name), frame)
        return [None if pd.isna(each) else each for each in frame["x"].tolist()], reading.metadata.notes

    return received


def stored(suffix: str, values: list[Any], **options: Any) -> bytes:
    write = {".sav": pyreadstat.write_sav, ".dta": pyreadstat.write_dta, ".xpt": pyreadstat.write_xport}
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"v{suffix}"
        write[suffix](pd.DataFrame({"X": values}), path, **options)
        return path.read_bytes()


def labelled(labels: dict[Any, str], values: list[Any], suffix: str = ".sav") -> bytes:
    return stored(suffix, values, variable_value_labels={"X": labels})


def workbook(*values: Any) -> bytes:
    return sheets.xlsx([["X"], *([value] for value in values)])


def parquet(*values: Any) -> bytes:
    stream = BytesIO()
    pd.DataFrame({"X": values}).to_parquet(stream)
    return stream.getvalue()


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


# Labels --------------------------------------------------------------------------------------------

YES_NO = {"type": "code", "codes": {"0": "non", "1": "oui"}}
SEXES = {
    "type": "code",
    "codes": {"h": {"label": "Homme", "value": "1"}, "f": {"label": "Femme", "value": "2"}},
    "missing": {"9": "Refus"},
}
FACTOR = {1: "0", 2: "1"}
BY_LABEL = "Colonne « X », cellules lues d’après l’étiquette, et non d’après la valeur : {}."


@pytest.mark.parametrize("suffix", [".sav", ".dta"])
@pytest.mark.parametrize("values", [[1.0, 2.0, 1.0], [1.0, 1.0, 1.0]])
def test_factor_of_r_is_read_by_its_labels_throughout(receive: Received, suffix: str, values: list[float]) -> None:
    found, notes = receive(labelled(FACTOR, values, suffix), suffix, YES_NO)
    assert found == [{1.0: "0", 2.0: "1"}[value] for value in values]
    assert notes == (BY_LABEL.format(3),)


def test_factor_whose_values_the_codebook_tells_is_read_by_value(receive: Received) -> None:
    declared = {"type": "code", "codes": {"0": {"label": "non", "value": "1"}, "1": {"label": "oui", "value": "2"}}}
    assert receive(labelled(FACTOR, [1.0, 2.0]), ".sav", declared) == (["0", "1"], ())


def test_factor_of_a_boolean_is_read_by_its_labels(receive: Received) -> None:
    found, notes = receive(labelled({1: "Non", 2: "Oui"}, [1.0, 2.0]), ".sav", {"type": "boolean"})
    assert (found, notes) == ([False, True], (BY_LABEL.format(2),))


@pytest.mark.parametrize("labels", [{1: "Femme", 2: "Homme"}, {1: "FEMME", 2: "HOMME"}, {2: "Homme"}, {2: "Refus"}])
def test_labels_of_other_codes_are_refused(receive: Received, labels: dict[int, str]) -> None:
    value, label = next((value, label) for value, label in labels.items() if value == min(labels))
    with pytest.raises(DeliveryError) as refused:
        receive(labelled(labels, [1.0, 2.0]), ".sav", SEXES)
    assert str(refused.value) == str(
        DeliveryError(
            "Les étiquettes de la colonne « X » contredisent le codebook.",
            where="v.sav",
            expected="des valeurs et des étiquettes qui désignent les mêmes codes",
            got=f"la valeur « {value} », « {label} » dans le fichier et « {'Homme' if value == 1 else 'Femme'} » au codebook",
            hint="demandez au partenaire ce que disent ses valeurs, puis corrigez « value » ou « label » dans le codebook",
        )
    )


def test_label_of_a_code_on_a_missing_value_is_refused(receive: Received) -> None:
    with pytest.raises(DeliveryError, match="contredisent le codebook"):
        receive(labelled({9: "Femme"}, [1.0, 9.0]), ".sav", SEXES)


def test_contradiction_of_a_boolean_is_refused(receive: Received) -> None:
    with pytest.raises(DeliveryError, match="contredisent le codebook"):
        receive(labelled({0: "Oui", 1: "Non"}, [0.0, 1.0]), ".sav", {"type": "boolean"})


def test_labels_in_other_words_are_told(receive: Received) -> None:
    content = labelled({1: "Masculin", 2: "FEMME", 9: "Ne veut pas"}, [1.0, 2.0, 9.0])
    found, notes = receive(content, ".sav", SEXES)
    assert found == ["h", "f", None]
    assert notes == (
        "Colonne « X » : étiquettes du fichier qui ne sont pas au codebook,"
        " « 1 » : « Masculin » (« Homme » au codebook).",
    )


def test_label_of_two_codes_is_refused(receive: Received) -> None:
    with pytest.raises(DeliveryError) as refused:
        receive(
            labelled({10: "Autre", 20: "Autre"}, [10.0, 20.0]), ".sav",
            {"type": "code", "codes": {"1": "Autre", "2": "Autre"}},
        )  # fmt: skip
    assert refused.value.what == "Une étiquette de la colonne « X » est celle de plusieurs codes du codebook."
    assert refused.value.got == "« Autre », pour « 1 » et « 2 »"


def test_two_codes_of_one_label_are_told_by_their_values(receive: Received) -> None:
    content = labelled({1: "Autre", 2: "Autre"}, [1.0, 2.0])
    assert receive(content, ".sav", {"type": "code", "codes": {"1": "Autre", "2": "Autre"}}) == (["1", "2"], ())


def test_value_without_label_among_labels_is_refused(receive: Received) -> None:
    content = labelled({10: "non", 11: "oui"}, [10.0, 11.0, 1.0])
    with pytest.raises(DeliveryError) as refused:
        receive(content, ".sav", YES_NO)
    assert refused.value.got == "la valeur « 1 », sans étiquette dans le fichier"


def test_missing_value_is_known_by_its_label(receive: Received) -> None:
    content = labelled({10: "Homme", 20: "Femme", 30: "Refus"}, [10.0, 20.0, 30.0])
    assert receive(content, ".sav", SEXES) == (["h", "f", None], (BY_LABEL.format(3),))


def test_recoded_value_is_not_held_to_its_label(receive: Received) -> None:
    declared = {**SEXES, "recode": {"3": "h"}}
    assert receive(labelled({3: "Femme"}, [1.0, 2.0, 3.0]), ".sav", declared) == (["h", "f", "h"], ())


# Missing dates -------------------------------------------------------------------------------------

FAR, NEAR = datetime(2099, 12, 31), datetime(2020, 5, 1)
FAR_DATES = [
    pytest.param("X\n31/12/2099\n01/05/2020\n", ".csv", id="csv"),
    pytest.param(workbook(FAR, NEAR), ".xlsx", id="xlsx"),
    pytest.param(
        sheets.ods([[sheets.text("X")], [sheets.day("2099-12-31")], [sheets.day("2020-05-01")]]), ".ods", id="ods"
    ),
    pytest.param(parquet(FAR, NEAR), ".parquet", id="parquet"),
    *(
        pytest.param(stored(suffix, [FAR.date(), NEAR.date()]), suffix, id=suffix)
        for suffix in (".sav", ".dta", ".xpt")
    ),
]


@pytest.mark.parametrize(("content", "suffix"), FAR_DATES)
@pytest.mark.parametrize("code", ["31/12/2099"])
def test_missing_date_is_missing_in_every_format(
    receive: Received, content: bytes | str, suffix: str, code: str
) -> None:
    assert receive(content, suffix, {"type": "date", "missing": {code: "inconnu"}}) == ([None, day("2020-05-01")], ())


@pytest.mark.parametrize("code", ["31/12/2099 00:00", "31/12/2099", "2099-12-31"])
def test_missing_moment_is_told_in_its_form_or_as_a_day(receive: Received, code: str) -> None:
    found, _ = receive(workbook(FAR, NEAR), ".xlsx", {"type": "datetime", "missing": [code]})
    assert found == [None, day("2020-05-01")]


def test_missing_date_of_text_is_compared_as_a_date(receive: Received) -> None:
    found, _ = receive("X\n1/1/1900\n01/05/2020\n", ".csv", {"type": "date", "missing": ["01/01/1900"]})
    assert found == [None, day("2020-05-01")]


SET_ASIDE = "Colonne « X », cellules déclarées manquantes par le fichier, et non par le codebook, mises à vide : {}."


@pytest.mark.parametrize("missing", [[SECONDS_1582], [{"lo": SECONDS_1582 - DAY, "hi": SECONDS_1582 + DAY}]])
def test_user_missing_date_is_set_aside_and_told(receive: Received, missing: list[Any]) -> None:
    values = [SECONDS_1582, SECONDS_1582 + 2 * DAY]
    content = stored(".sav", values, variable_format={"X": "DATE11"}, missing_ranges={"X": missing})
    assert receive(content, ".sav", {"type": "date"}) == ([None, day("1900-01-03")], (SET_ASIDE.format(1),))
    named = {"type": "date", "missing": {"01/01/1900": "inconnu"}}
    assert receive(content, ".sav", named) == ([None, day("1900-01-03")], ())


def test_user_missing_date_beyond_the_calendar_leaves_the_others_dates(receive: Received) -> None:
    content = stored(
        ".sav", [9e15, SECONDS_1582], variable_format={"X": "DATE11"}, missing_ranges={"X": [9e15]}
    )  # fmt: skip
    assert receive(content, ".sav", {"type": "date"}) == (
        [None, day("1900-01-01")],
        ("Colonne « X », dates hors du calendrier que le fichier déclare manquantes, mises à vide : 1.",),
    )


# Dates without signs between their parts -----------------------------------------------------------

RESTORED = ("Colonne « X », cellules auxquelles le codebook a rendu leurs zéros de tête : 1.",)


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (workbook(1022024, 11122024), ".xlsx"),
        (stored(".sav", [1022024.0, 11122024.0]), ".sav"),
        (parquet(1022024, 11122024), ".parquet"),
    ],
    ids=["xlsx", "sav", "parquet"],
)
def test_date_that_lost_its_first_zero_as_a_number_is_given_it_back(
    receive: Received, content: bytes, suffix: str
) -> None:
    found, notes = receive(content, suffix, {"type": "date", "format": "%d%m%Y"})
    assert (found, notes) == ([day("2024-02-01"), day("2024-12-11")], RESTORED)


@pytest.mark.parametrize(
    ("content", "suffix", "form"),
    [
        ("X\n1022024\n", ".csv", "%d%m%Y"),
        (workbook("1022024", "01022024"), ".xlsx", "%d%m%Y"),
        (workbook(122024), ".xlsx", "%d%m%Y"),
        ("X\n2024123\n", ".csv", "%Y%m%d"),
        ("X\n1122024\n", ".csv", "%Y%m%d"),
        (workbook(2021104), ".xlsx", "%Y%m%d"),
        ("X\n010224\n", ".csv", "%d%m%Y"),
        ("X\n20241-3\n", ".csv", "%Y%m-%d"),
    ],
)
def test_date_that_lost_a_digit_is_refused(receive: Received, content: bytes | str, suffix: str, form: str) -> None:
    with pytest.raises(DeliveryError, match="n’a pas le type prévu sur 1 ligne"):
        receive(content, suffix, {"type": "date", "format": form})


@pytest.mark.parametrize(("text", "form"), [("01022024", "%d%m%Y"), ("20240201", "%Y%m%d"), ("1/2/2024", "%d/%m/%Y")])
def test_date_of_its_full_width_or_with_signs_is_read(receive: Received, text: str, form: str) -> None:
    assert receive(f"X\n{text}\n", ".csv", {"type": "date", "format": form}) == ([day("2024-02-01")], ())


# Blank rows ----------------------------------------------------------------------------------------


def with_a_gap() -> bytes:
    book = openpyxl.Workbook()
    for place, value in {1: "X", 2: 1, 4: 3, 7: 5}.items():
        book.active.cell(place, 1, value)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "suffix"),
    [(with_a_gap(), ".xlsx"), ("X\n1\n\n3\n\n\n5\n\n\n", ".csv"), ('X\r\n1\r\n\r\n"3"\r\n\r\n\r\n5', ".csv")],
)
def test_blank_rows_between_others_are_told(receive: Received, content: bytes | str, suffix: str) -> None:
    found, notes = receive(content, suffix, {"type": "integer"})
    assert (found, notes) == ([1, 3, 5], ("3 lignes vides entre d’autres, non lues.",))


# Stata's clocks ------------------------------------------------------------------------------------


def thousandths(moment: datetime, leaps: int) -> float:
    return ((moment - datetime(1960, 1, 1)).total_seconds() + leaps) * 1000


@pytest.mark.parametrize(
    ("moment", "leaps"),
    [
        (datetime(1971, 12, 31, 23, 59, 59), 0),
        (datetime(1972, 6, 30, 23, 59, 59), 0),
        (datetime(1972, 7, 1), 1),
        (datetime(1999, 1, 1), 22),
        (datetime(2016, 12, 31, 23, 59, 59), 26),
        (datetime(2017, 1, 1), 27),
        (datetime(2024, 1, 1), 27),
    ],
)
def test_moment_with_leap_seconds_is_read_without_them(receive: Received, moment: datetime, leaps: int) -> None:
    content = stored(".dta", [thousandths(moment, leaps)], variable_format={"X": "%tC"})
    assert receive(content, ".dta", {"type": "datetime"}) == ([moment], ())


def test_leap_second_is_the_one_before(receive: Received) -> None:
    content = stored(".dta", [thousandths(datetime(2017, 1, 1), 26)], variable_format={"X": "%tC"})
    assert receive(content, ".dta", {"type": "datetime"})[0] == [datetime(2016, 12, 31, 23, 59, 59)]


@pytest.mark.parametrize(
    ("display", "words", "number", "first"),
    [
        ("%tm", "mois", 769.0, "2024-02-01"),
        ("%tq", "trimestres", 257.0, "2024-04-01"),
        ("%th", "semestres", 129.0, "2024-07-01"),
        ("%tw", "semaines", 3329.0, "2024-01-08"),
        ("%tm", "mois", -1.0, "1959-12-01"),
    ],
)
def test_period_is_its_first_day_or_a_number_that_is_told(
    receive: Received, display: str, words: str, number: float, first: str
) -> None:
    content = stored(".dta", [number], variable_format={"X": display})
    assert receive(content, ".dta", {"type": "date"}) == ([day(first)], ())
    assert receive(content, ".dta", {"type": "integer"}) == (
        [int(number)],
        (
            f"Colonne « X » : des nombres, que Stata montre en {words} depuis 1960 ;"
            " une variable de type date en lirait le premier jour.",
        ),
    )


def test_date_with_a_tagged_missing_is_a_date(receive: Received) -> None:
    content = stored(".dta", [21915.0, "a"], missing_user_values={"X": ["a"]}, variable_format={"X": "%td"})
    assert receive(content, ".dta", {"type": "date"}) == ([day("2020-01-01"), None], (SET_ASIDE.format(1),))
    assert receive(content, ".dta", {"type": "date", "missing": {".a": "refus"}}) == ([day("2020-01-01"), None], ())


def test_moment_with_a_tagged_missing_keeps_its_seconds(receive: Received) -> None:
    moment = datetime(2024, 1, 1, 10, 30, 59)
    content = stored(
        ".dta", [thousandths(moment, 0), "b"], missing_user_values={"X": ["b"]}, variable_format={"X": "%tc"}
    )
    assert receive(content, ".dta", {"type": "datetime"})[0] == [moment, None]


# Missing numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", [{"type": "text"}, {"type": "code", "codes": {"1": "un"}}, {"type": "number"}])
@pytest.mark.parametrize("code", [None, "9,5", "9.5"])
def test_declared_missing_number_with_decimals_is_missing(
    receive: Received, declared: dict[str, Any], code: str | None
) -> None:
    content = stored(".sav", [1.0, 9.5], missing_ranges={"X": [9.5]})
    said = {**declared, "missing": [code] if code else []}
    found, notes = receive(content, ".sav", said)
    assert found == ["1" if declared["type"] != "number" else 1.0, None]
    assert (SET_ASIDE.format(1) in notes) == (code is None)


@pytest.mark.parametrize("code", ["9", "09", "9,0", "9.0"])
@pytest.mark.parametrize(
    ("content", "suffix"),
    [("X\n9\n09\n9,0\n99\n", ".csv"), (workbook(9, 9, 9.0, 99), ".xlsx"), (stored(".sav", [9.0, 9, 9, 99]), ".sav")],
    ids=["csv", "xlsx", "sav"],
)
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_missing_number_is_compared_as_a_number(
    receive: Received, content: bytes | str, suffix: str, code: str, kind: str
) -> None:
    assert receive(content, suffix, {"type": kind, "missing": [code]})[0] == [None, None, None, 99]


def test_missing_code_that_lost_its_zero_as_a_number_is_missing(receive: Received) -> None:
    declared = {"type": "code", "codes": {"01": "un"}, "missing": ["09"]}
    assert receive(workbook(1, 9), ".xlsx", declared) == (["01", None], RESTORED)


# The decimal sign ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.5", "1234"], [1.5, 1234.0]),
        (["1,5", "1,234"], [1.5, 1.234]),
        (["0.125", "1.234"], [0.125, 1.234]),
        (["1234.567"], [1234.567]),
        (["1 234,567", "1,234"], [1234.567, 1.234]),
        (["1.234e3"], [1234.0]),
        ([".5"], [0.5]),
        (["12", "1234"], [12.0, 1234.0]),
    ],
)
def test_decimal_sign_is_told_by_the_numbers(receive: Received, cells: list[str], values: list[float]) -> None:
    text = "X;\n" + "".join(f"{cell};\n" for cell in cells)
    assert receive(text, ".csv", {"type": "number"})[0] == values


@pytest.mark.parametrize("cells", [["1,234", "2,500", "12,000"], ["1.234", "12"], ["-1,234"]])
def test_sign_of_thousands_or_decimals_is_refused(receive: Received, cells: list[str]) -> None:
    with pytest.raises(DeliveryError) as refused:
        receive("X;\n" + "".join(f"{cell};\n" for cell in cells), ".csv", {"type": "number"})
    assert refused.value.what == (
        "La colonne « X » a des nombres comme « 9,999 » ou « 9.999 » : milliers, ou décimales ?"
    )
    assert refused.value.hint == (
        "déclarez « decimal » sous « format » dans le codebook, et « thousands » si ce sont des milliers"
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [({"decimal": ","}, 1.234), ({"decimal": ".", "thousands": ","}, 1234.0)],
)
def test_declared_decimal_sign_is_believed(receive: Received, written: dict[str, str], value: float) -> None:
    assert receive("X;\n1,234;\n", ".csv", {"type": "number"}, **written)[0] == [value]


def test_thousands_apart_that_only_numbers_tell_are_refused(receive: Received) -> None:
    with pytest.raises(DeliveryError, match="n’a pas le type prévu sur 1 ligne"):
        receive("X;\n1,234,567;\n", ".csv", {"type": "number"})


def test_missing_code_says_nothing_of_the_decimal_sign(receive: Received) -> None:
    assert receive("X;\n9,999;\n1.5;\n", ".csv", {"type": "number", "missing": ["9,999"]})[0] == [None, 1.5]


# Accents of identifiers ----------------------------------------------------------------------------


def test_accents_of_identifiers_are_composed(receive: Received) -> None:
    found, _ = receive("X\nE\u0301lo\nÉlo\n12\n", ".csv", {"type": "identifier"})
    assert found == ["Élo", "Élo", "12"]


def test_identifier_that_differs_by_its_accents_alone_is_repeated(receive: Received) -> None:
    with pytest.raises(DeliveryError, match="est répétée"):
        receive("X\nE\u0301lo\nÉlo\n", ".csv", {"type": "identifier", "unique": True})


def test_whole_numbers_too_large_for_a_number_are_read_digit_by_digit(tmp_path: Path) -> None:
    delivery = tmp_path / "v.parquet"
    pq.write_table(pa.table({"X": pa.array([2**64 - 1, 7], pa.uint64())}), delivery)
    assert read(delivery, None, shown="v").frame["X"].tolist() == [str(2**64 - 1), "7"]
