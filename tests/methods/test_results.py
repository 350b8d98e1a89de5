from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods.results import MISSING, PEOPLE, TOTAL, Dimension, Measure, Table, Test, Value

ROWS = Measure("rows", "count", unit="rows")
SHARE = Measure("share", "share", low="low", high="high", base="people", of=("rows", "people"))


def table() -> Table:
    cells = pd.DataFrame(
        {
            "age": ["old", "old", "old", "young", "young", "young", TOTAL, TOTAL, TOTAL],
            "channel": ["x", "y", TOTAL] * 3,
            "rows": [1, 2, 3, 40, 5, 45, 41, 7, 48],
            "people": [1, 2, 3, 30, 5, 33, 31, 7, 36],
            "share": [0.1, 0.2, 0.3, 0.4, np.nan, 0.6, 0.7, 0.8, 1.0],
        },
        index=range(10, 19),  # a table's rows are found by place, whatever their labels
    )
    return Table(cells, (Dimension("age"), Dimension("channel")), (ROWS, Measure("share", "share")))


def test_measure_names_its_columns_once_each() -> None:
    assert SHARE.columns == ("share", "low", "high", "people", "rows", "people")
    assert ROWS.columns == ("rows",)


@pytest.mark.parametrize("column", ["age", "channel", "rows", PEOPLE, "share"])
def test_table_without_a_column_is_refused(column: str) -> None:
    complete = table()
    with pytest.raises(MethodError, match="n’a pas toutes ses colonnes") as caught:
        complete.with_cells(complete.cells.drop(columns=column))
    assert caught.value.expected == column


def test_table_with_two_rows_for_the_same_categories_is_refused() -> None:
    complete = table()
    with pytest.raises(MethodError, match="deux lignes pour les mêmes modalités"):
        complete.with_cells(pd.concat([complete.cells, complete.cells.head(1)]))


@pytest.mark.parametrize("rows", [0, 2])
def test_table_without_dimension_has_one_row(rows: int) -> None:
    cells = pd.DataFrame({"rows": range(rows), PEOPLE: range(rows)})
    with pytest.raises(MethodError, match="tient en une ligne"):
        Table(cells, (), (ROWS,))
    assert Table(pd.DataFrame({"rows": [1], PEOPLE: [1]}), (), (ROWS,)).value("rows").number == 1


def test_value_is_found_by_its_categories() -> None:
    value = table().value("rows", age="young", channel="x")
    assert (value.number, value.row, value.category("age")) == (40, 3, "young")


def test_dimension_that_is_not_named_stands_at_its_total() -> None:
    assert table().value("rows", age="old").number == 3
    assert table().value("rows").number == 48


def test_value_that_is_not_available_is_none() -> None:
    assert table().value("share", age="young", channel="y").number is None


def test_value_writes_itself_nowhere() -> None:
    value = table().value("rows", age="old")
    assert "3" not in f"{value!r}{value!s}"
    with pytest.raises(MethodError, match="ne s’écrit pas elle-même"):
        f"{value}"
    with pytest.raises(MethodError):
        f"{value:.1f}"


def test_number_is_a_plain_python_number() -> None:
    assert type(table().value("rows").number) is int
    assert type(table().value("share").number) is float


def test_text_is_a_value_too() -> None:
    cells = pd.DataFrame({"verdict": ["faux"], PEOPLE: [1]})
    assert Table(cells, (), (Measure("verdict", "text"),)).value("verdict").number == "faux"


def test_another_measure_of_the_same_row() -> None:
    assert table().value("rows", age="old", channel="y").of("share").number == 0.2


def test_largest_and_smallest_leave_totals_out() -> None:
    assert table().largest("rows").number == 40
    assert table().smallest("rows").number == 1
    assert table().largest("rows", channel="y").category("age") == "young"
    assert table().smallest("share", age="young").number == 0.4  # a missing value is no smallest


def test_largest_at_a_total_is_asked_for_by_its_name() -> None:
    assert table().largest("rows", channel=TOTAL).number == 45


def test_largest_of_nothing_is_refused() -> None:
    with pytest.raises(MethodError, match="Aucune valeur"):
        table().largest("share", age="young", channel="y")


@pytest.mark.parametrize(
    ("measure", "categories", "hint"),
    [
        ("row", {}, "vouliez-vous dire « rows » ?"),
        ("rows", {"ages": "old"}, "vouliez-vous dire « age » ?"),
        ("rows", {"age": "yung"}, "vouliez-vous dire « young » ?"),
        ("rows", {"age": "zz"}, "noms connus : old, young"),
    ],
)
def test_value_that_does_not_exist_names_its_neighbour(measure: str, categories: dict[str, str], hint: str) -> None:
    with pytest.raises(MethodError) as caught:
        table().value(measure, **categories)
    assert caught.value.hint == hint


@pytest.mark.parametrize("extreme", [Table.largest, Table.smallest])
def test_extreme_over_an_unknown_dimension_is_refused(extreme: object) -> None:
    with pytest.raises(MethodError) as caught:
        extreme(table(), "rows", ages="old")  # type: ignore[operator]
    assert caught.value.hint == "vouliez-vous dire « age » ?"


def test_category_of_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(MethodError) as caught:
        table().value("rows").category("chanel")
    assert caught.value.hint == "vouliez-vous dire « channel » ?"


def test_two_rows_of_one_label_are_refused() -> None:
    cells = table().cells.set_axis([0] * 9)
    with pytest.raises(MethodError, match="deux lignes de même rang"):
        table().with_cells(cells).value("rows")


def test_results_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        table().measures = ()  # type: ignore[misc]
    assert replace(table(), measures=(ROWS,)).measures == (ROWS,)


def test_value_keeps_its_table() -> None:
    whole = table()
    assert whole.value("rows").table is whole
    assert Value(whole, "rows", 0).number == 1


def ranked(shares: list[float], half: float, people: list[int]) -> Table:
    cells = pd.DataFrame({"age": list("abcd")[: len(shares)], "rows": people, "people": people, "share": shares})
    cells = cells.assign(low=cells["share"] - half, high=cells["share"] + half)
    return Table(cells, (Dimension("age"),), (ROWS, SHARE))


def test_largest_value_keeps_those_that_nothing_tells_apart_from_it() -> None:
    value = ranked([0.2, 0.42, 0.43], 0.02, [500] * 3).largest("share")
    assert (value.row, value.tied) == (2, (2, 1))


def test_largest_value_far_from_all_others_is_alone() -> None:
    assert ranked([0.2, 0.3, 0.5], 0.02, [500] * 3).largest("share").tied == (2,)


@pytest.mark.parametrize(("other", "low", "high", "tied"), [(0.5, 0.43, 0.57, (0,)), (0.01, 0.003, 0.036, (0, 1))])
def test_share_of_nobody_is_told_apart_as_it_stands(
    other: float, low: float, high: float, tied: tuple[int, ...]
) -> None:
    """0 of 200, with its Wilson interval; beside 100, then 2 of 200."""
    cells = pd.DataFrame({"age": list("ab"), "rows": 200, "people": 200, "share": [0.0, other]})
    cells = cells.assign(low=[0.0, low], high=[0.019, high])
    assert Table(cells, (Dimension("age"),), (ROWS, SHARE)).smallest("share").tied == tied


def test_values_that_cannot_be_told_apart_are_all_tied() -> None:
    assert set(ranked([0.40, 0.42, 0.43], 0.05, [500] * 3).smallest("share").tied) == {0, 1, 2}


@pytest.mark.parametrize(
    ("shares", "p_value", "apart"),
    [
        ([0.2, 0.42, 0.43], 0.049, True),
        ([0.2, 0.42, 0.43], 0.05, False),  # the test does not reject: no extreme is named
        ([0.40, 0.425, 0.45], 0.001, False),  # the middle one is told apart from neither
    ],
)
def test_extremes_are_named_when_the_test_rejects_and_nothing_is_in_both(
    shares: list[float], p_value: float, apart: bool
) -> None:
    tested = replace(ranked(shares, 0.025, [500] * 3), tests=(Test("t", 1.0, (1.0,), p_value, 10),))
    assert bool(tested.largest("share").ranks_apart(tested.smallest("share"))) is apart
    assert not ranked(shares, 0.025, [500] * 3).largest("share").ranks_apart(tested.smallest("share"))


def test_non_response_is_no_extreme() -> None:
    whole = ranked([0.2, 0.3, 0.9], 0.02, [500] * 3)
    whole = whole.with_cells(whole.cells.assign(age=["a", "b", MISSING]))
    assert whole.largest("share").category("age") == "b"


def test_tests_of_a_value_are_those_of_its_variable() -> None:
    cells = pd.DataFrame({"variable": ["age", "home"], "category": "x", "rows": 1, "people": 1})
    tests = tuple(Test("t", 1.0, (1.0,), 0.5, 1, within={"variable": name}) for name in ("age", "home"))
    dimensions = (Dimension("variable", additive=False), Dimension("category", additive=False))
    stack = Table(cells, dimensions, (ROWS,), tests=tests)
    assert stack.value("rows", variable="home", category="x").tests == tests[1:]


def test_ties_are_judged_for_all_comparisons_together() -> None:
    # 0.50 against 0.45 with half-widths of 0.035: z = 1.98 is significant alone, and not among three comparisons
    assert ranked([0.45, 0.5], 0.035, [500] * 2).largest("share").tied == (1,)
    assert 0 in ranked([0.45, 0.2, 0.2, 0.5], 0.035, [500] * 4).largest("share").tied


@pytest.mark.parametrize(("people", "row"), [(29, 0), (30, 1), (31, 1)])
def test_largest_share_is_not_one_of_few_people(people: int, row: int) -> None:
    assert ranked([0.4, 0.9], 0.02, [500, people]).largest("share").row == row


def test_largest_share_among_few_people_only_is_found() -> None:
    assert ranked([0.4, 0.9], 0.02, [20, 21]).largest("share").row == 1


@pytest.mark.parametrize(("p_value", "significant"), [(0.049, True), (0.05, False), (0.051, False)])
def test_table_is_significant_under_five_percent(p_value: float, significant: bool) -> None:
    tested = replace(table(), tests=(Test("t", 1.0, (1.0,), p_value, 10),))
    assert bool(tested.is_significant()) is significant
    assert not table().is_significant()


def test_significance_of_one_variable_of_a_stack() -> None:
    cells = table().cells.rename(columns={"age": "category"}).assign(variable="age")
    test = Test("t", 1.0, (1.0,), 0.01, 10, within={"variable": "age"})
    stack = Table(cells, (Dimension("variable"), Dimension("category"), Dimension("channel")), (ROWS,), tests=(test,))
    assert stack.is_significant(variable="age")
    assert not stack.is_significant()
    with pytest.raises(MethodError, match="« aeg »"):
        stack.is_significant(variable="aeg")


def test_reference_of_a_table_without_one_is_refused() -> None:
    with pytest.raises(MethodError, match="modalité de référence"):
        table().reference("age")


@pytest.mark.parametrize(
    ("ratios", "flags", "number"), [([1.0, 0.7], [True, False], 1.0), ([np.nan] * 2, [False] * 2, None)]
)
def test_reference_of_a_variable_that_left_the_model_is_not_available(
    ratios: list[float], flags: list[bool], number: float | None
) -> None:
    cells = pd.DataFrame({"variable": "age", "category": ["a", "b"], "odds": ratios, "reference": flags, PEOPLE: 9})
    odds = Table(cells, (Dimension("variable"), Dimension("category")), (Measure("odds", "ratio"),))
    assert odds.reference("age").number == number
    with pytest.raises(MethodError, match="modalité de référence"):
        odds.reference("home")
