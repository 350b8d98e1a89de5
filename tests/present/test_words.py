from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from etabli.errors import ReportError
from etabli.french import NBSP, NNBSP
from etabli.methods import results
from etabli.methods.results import TOTAL, Dimension, Kind, Measure, Table
from etabli.present import theme
from etabli.present.words import Words, base_of, printed, unit_of, write


def seven_of(base: float | None, *, of: bool = True) -> tuple[Table, Measure]:
    measure = Measure("share", "share", low="low", high="high", base="base", of=("rows", "people") if of else None)
    cells = pd.DataFrame(
        {
            "rows": [7],
            "people": [base],
            "share": [7 / base if base else 0.25],
            "low": [0.1],
            "high": [0.9],
            "base": [base],
        }
    )
    return Table(cells, (), (measure,)), measure


@pytest.mark.parametrize(
    ("people", "expected"), [(13, "7 sur 13"), (29, "7 sur 29"), (30, f"23{NBSP}%"), (31, f"23{NBSP}%")]
)
def test_share_under_thirty_people_is_written_with_its_numbers(people: int, expected: str, words: Words) -> None:
    table, measure = seven_of(people)
    assert words.value(table, 0, measure) == expected


@pytest.mark.parametrize(("people", "shown"), [(29, False), (30, True)])
def test_share_under_thirty_people_has_no_interval(people: int, shown: bool, words: Words) -> None:
    table, measure = seven_of(people)
    assert (words.interval(table, 0, measure) == f"[10{NBSP}%{NNBSP}; 90{NBSP}%]") is shown
    assert (words.interval(table, 0, measure) is None) is not shown


@pytest.mark.parametrize(("people", "expected"), [(999, f"1{NBSP}%"), (1000, f"0,7{NBSP}%"), (1001, f"0,7{NBSP}%")])
def test_share_carries_the_digits_of_its_base(people: int, expected: str, words: Words) -> None:
    table, measure = seven_of(people)
    assert words.value(table, 0, measure) == expected


def test_share_without_known_base_has_one_decimal(words: Words) -> None:
    table, measure = seven_of(None, of=False)
    assert base_of(table, 0, measure) == float("inf")
    assert words.value(table, 0, measure) == f"25,0{NBSP}%"


def test_missing_value_is_not_available(words: Words, ages: Table) -> None:
    table = ages.with_cells(ages.cells.assign(rows=[float("nan"), 1, 2, 3]))
    assert words.value(table, 0, ages.measure("rows")) == "n.d."
    assert words.interval(ages, 3, ages.measure("share")) is None
    assert words.interval(ages, 0, ages.measure("rows")) is None


KINDS: list[tuple[Kind, float | str, str, float | str]] = [
    ("text", "faux", "faux", "faux"),
    ("count", 25011, f"25{NNBSP}011", 25011),
    ("amount", 1125796.4, f"1{NNBSP}125{NNBSP}796{NBSP}€", 1125796),
    ("share", 0.12345, f"12,3{NBSP}%", 12.3),
    ("curve", 0.12345, f"12,3{NBSP}%", 12.3),
    ("change", 0.0329, f"+3,3{NBSP}%", 3.3),
    ("points", -0.034, f"−3,4{NBSP}points", -3.4),
    ("ratio", 1.4567, "1,46", 1.46),
    ("index", 1.4567, "1,46", 1.46),
    ("mean", 2.36, "2,4", 2.4),
    ("expected", 2563.7, "2\u202f564", 2564),
    ("quantile", 42.0, "42", 42),
    ("hours", 1234.5, "1\u202f235", 1235),
    ("test_value", -12.347, "−12,3", -12.3),
    ("rate", 0.35, f"35{NBSP}%", 35),
    ("coordinate", 0.45678, "0,457", 0.457),
]


@pytest.mark.parametrize(("kind", "x", "text", "number"), KINDS, ids=[row[0] for row in KINDS])
def test_value_is_written_and_filed_with_the_same_digits(
    kind: Kind, x: float | str, text: str, number: float | str
) -> None:
    measure = Measure("x", kind)
    assert write(x, measure, 5000) == text
    assert printed(x, measure, 5000) == number
    assert type(printed(x, measure, 5000)) is type(number)


def test_every_kind_of_measure_is_written() -> None:
    assert {row[0] for row in KINDS} == set(get_args(Kind))


@pytest.mark.parametrize(("base", "number"), [(999, 12), (1000, 12.3)])
def test_files_hold_no_more_digits_than_print(base: float, number: float) -> None:
    assert printed(0.12345, Measure("x", "share"), base) == number


def test_missing_value_is_filed_as_nothing() -> None:
    assert printed(float("nan"), Measure("x", "count"), 10) is None


def test_category_is_written_by_its_label(words: Words, ages: Table) -> None:
    assert [words.category(ages, row, "age") for row in range(4)] == [
        "Moins de 30 ans",
        "30-59 ans",
        "Ancien",
        "Ensemble",
    ]


def test_category_is_small_inside_a_sentence_unless_it_is_a_name(words: Words, ages: Table) -> None:
    assert words.category(ages, 0, "age", in_sentence=True) == "moins de 30 ans"
    named = Table(pd.DataFrame({"quarter": ["blosne"], "people": [9]}), (Dimension("quarter"),), ())
    assert words.category(named, 0, "quarter", in_sentence=True) == "Le Blosne"


def test_category_that_the_codebook_does_not_hold_stands_as_it_is(words: Words) -> None:
    table = Table(
        pd.DataFrame({"age": ["ancient"], "year": ["2024"], "people": [9]}), (Dimension("age"), Dimension("year")), ()
    )
    assert words.category(table, 0, "age") == "ancient"
    assert words.category(table, 0, "year") == "2024"


def test_stacked_category_is_read_under_its_variable(words: Words) -> None:
    cells = pd.DataFrame({"variable": ["channel", "age"], "category": ["walk_in", TOTAL], "people": [9, 9]})
    table = Table(cells, (Dimension("variable", additive=False), Dimension("category")), ())
    assert words.category(table, 0, "category") == "Tout venant"
    assert words.category(table, 0, "variable") == "Canal"
    assert words.category(table, 1, "category") == "Ensemble"


@pytest.mark.parametrize(
    ("name", "label"), [("age", "Tranche d’âge"), ("variable", ""), ("category", ""), ("year", "Year")]
)
def test_dimension_is_headed_by_its_label(name: str, label: str, words: Words) -> None:
    assert words.dimension(name) == label


@pytest.mark.parametrize(
    ("measure", "heading"),
    [
        (Measure("rows", "count", unit="rows"), "Visites"),
        (Measure("people", "count", unit="people"), "Allocataires"),
        (Measure("rooms", "count", unit="salle|salles"), "Salles"),
        (Measure("share", "share"), "Part"),
        (Measure("odds_ratio", "ratio"), "Rapport de cotes"),
        (Measure("channel", "text"), "Canal"),
        (Measure("anything", "mean"), "Anything"),
    ],
)
def test_measure_is_headed_by_what_it_counts(measure: Measure, heading: str, words: Words) -> None:
    assert words.measure(measure, {}) == heading
    assert words.measure(measure, {measure.name: "Autre"}) == "Autre"


@pytest.mark.parametrize(
    ("measure", "unit"),
    [
        (Measure("rows", "count", unit="rows"), "visites"),
        (Measure("share", "share"), "%"),
        (Measure("x", "points"), "points"),
        (Measure("x", "amount"), "€"),
        (Measure("x", "ratio"), ""),
        (Measure("x", "count", unit="salles"), "salles"),
    ],
)
def test_unit_of_a_file_is_that_of_print(measure: Measure, unit: str, words: Words) -> None:
    assert unit_of(measure, words) == unit


def test_count_without_its_source_is_refused(words: Words) -> None:
    bare = replace(words, source=None)
    assert bare.people is None
    with pytest.raises(ReportError, match="De quelle source"):
        bare.noun(Measure("rows", "count", unit="rows"))
    assert bare.noun(Measure("share", "share")) is None


def test_share_of_few_peoples_rows_says_what_it_counts(words: Words) -> None:
    cells = pd.DataFrame({"rows": [25], "base_rows": [56], "people": [27], "base_people": [27], "share": [25 / 56]})
    measure = Measure("share", "share", base="base_people", of=("rows", "base_rows"))
    assert words.value(Table(cells, (), (measure,)), 0, measure) == "25 visites sur 56 (27 allocataires)"


def test_value_that_cannot_exist_has_its_sign(words: Words) -> None:
    cells = pd.DataFrame({"rows": [0, 3], "people": [0, 3], "age": ["young", "old"], "impossible": [True, False]})
    table = Table(cells, (Dimension("age"),), (Measure("rows", "count", unit="rows"),))
    assert [words.value(table, row, table.measures[0]) for row in (0, 1)] == ["///", "3"]
    assert words.released(table, 0, table.measures[0]) is None


def test_every_measure_that_a_method_names_has_a_label() -> None:
    """Counts are called after what they count."""
    folder = Path(results.__file__).parent
    named = {
        found[1]
        for path in folder.glob("*.py")
        for found in re.finditer(r'Measure\(\s*"(\w+)",\s*"(?!count)\w+"', path.read_text(encoding="utf-8"))
    }
    assert len(named) > 20
    assert sorted(named - theme.MEASURES.keys()) == []
