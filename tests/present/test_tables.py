"""A table as a reader sees it: readable by a screen reader and by a spreadsheet, and holding nothing that is masked."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO

import pandas as pd
import pytest

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protected, Protection, with_masks
from etabli.french import NBSP, NNBSP
from etabli.methods.results import TOTAL, Dimension, Measure, Missing, Table, Test
from etabli.present.tables import (
    Cell,
    Column,
    Grid,
    Row,
    describe_missing,
    describe_test,
    lay_out,
    meaning,
    to_csv,
    to_html,
    units_of,
)
from etabli.present.words import Words

OPEN, STRICT = Policy("internal", 1, ()), Policy("funder", 5, ("convention",))


def protect(tables: Sequence[Table], policy: Policy) -> Protection:
    """As for a funder: what has fewer than five people is hidden, and « mid », which would give it back."""
    masks = []
    for table in tables:
        people = table.cells["people"].astype(float)
        few = people.between(1, policy.minimum_people - 1) | people.isna()
        few |= table.missing is not None and table.missing.people < policy.minimum_people
        masks.append((policy.protects & (few | table.cells.get("age", few).eq("mid"))).to_numpy(dtype=bool))
    return with_masks(tables, policy, masks)


def protected(table: Table, policy: Policy = OPEN) -> Protected:
    return protect([table], policy).of(table)


def read_csv(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text), delimiter=";"))


class Elements(HTMLParser):
    """Every th, td and caption of a page, with its attributes and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"th", "td", "caption", "tr"}:
            self.open.append(tag)
            self.found.append((tag, dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"th", "td", "caption", "tr"}:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "tr":
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)


# The grid ----------------------------------------------------------------------------------------


def test_one_dimension_runs_down(words: Words, ages: Table) -> None:
    grid = lay_out(protected(ages), words)
    assert (grid.corner, [column.label for column in grid.columns]) == (
        "Tranche d’âge",
        ["Visites", "Allocataires", "Part"],
    )
    assert [row.label for row in grid.rows] == ["Moins de 30 ans", "30-59 ans", "Ancien", "Ensemble"]
    assert [row.total for row in grid.rows] == [False, False, False, True]
    assert [cell.text for cell in grid.rows[0].cells] == [f"25{NNBSP}011", f"4{NNBSP}000", f"96,2{NBSP}%"]
    assert grid.groups == []


def test_last_of_two_dimensions_runs_across(words: Words, crossed: Table) -> None:
    grid = lay_out(protected(crossed), words, measures=["rows"])
    assert [column.label for column in grid.columns] == ["Tout venant", "Rendez-vous", "Ensemble"]
    assert [[cell.number for cell in row.cells] for row in grid.rows] == [
        [60, 40, 100],
        [30, 20, 50],
        [1, 3, 4],
        [91, 63, 154],
    ]


def test_share_that_is_always_whole_has_no_column_but_the_people_have(words: Words, crossed: Table) -> None:
    grid = lay_out(protected(crossed), words, measures=["share"])
    assert [column.label for column in grid.columns] == ["Tout venant", "Rendez-vous", "Effectif (allocataires)"]
    assert [row.cells[-1].text for row in grid.rows] == ["70", "33", "4", "107"]


def test_several_measures_are_grouped_by_category(words: Words, crossed: Table) -> None:
    grid = lay_out(protected(crossed), words)
    assert grid.groups == [("Tout venant", 2), ("Rendez-vous", 2), ("Ensemble", 2)]
    assert [column.label for column in grid.columns][-2:] == ["Visites", "Effectif (allocataires)"]


def test_stack_of_variables_keeps_one_total(words: Words, crossed: Table) -> None:
    cells = crossed.cells.rename(columns={"age": "category"}).assign(variable="age")
    last = cells[cells["category"] == TOTAL].assign(variable=TOTAL)
    dimensions = (Dimension("variable", additive=False), Dimension("category"), Dimension("channel"))
    test = Test("test du χ²", 3.2, (2.0,), 0.2, 107, effect=0.123, within={"variable": "age"})
    table = Table(pd.concat([cells, last], ignore_index=True), dimensions, crossed.measures, tests=(test,))
    grid = lay_out(protected(table), words, measures=["rows"])
    assert [(row.group, row.label) for row in grid.rows] == [
        ("Tranche d’âge", "Moins de 30 ans"),
        ("Tranche d’âge", "30-59 ans"),
        ("Tranche d’âge", "Ancien"),
        ("Ensemble", "Ensemble"),
    ]
    assert grid.rows[0].group_note == f"V de Cramér 0,12{NNBSP}; p{NBSP}={NBSP}0,200"
    assert grid.notes == (f"χ², un par caractéristique{NNBSP}; n = 107 allocataires.",)
    html = to_html(grid, caption="Les visites", name="x")
    assert html.count('scope="rowgroup"') == 1
    assert html.count("<tbody>") == 2


def test_row_that_a_table_does_not_hold_is_not_available(words: Words, crossed: Table) -> None:
    table = crossed.with_cells(crossed.cells.drop(index=4))
    grid = lay_out(protected(table), words, measures=["rows"])
    assert [cell.text for cell in grid.rows[1].cells] == ["30", "n.d.", "50"]
    assert grid.signs == ("n.d.",)


def test_table_of_one_row_is_a_total(words: Words) -> None:
    table = Table(pd.DataFrame({"rows": [12], "people": [9]}), (), (Measure("rows", "count", unit="rows"),))
    grid = lay_out(protected(table), words)
    assert [(row.label, row.total) for row in grid.rows] == [("Ensemble", True)]
    assert '<span class="unseen">Modalité</span>' in to_html(grid, caption="x", name="x")


def test_columns_of_files_have_their_units(words: Words, ages: Table, crossed: Table) -> None:
    shares = ["%", "%", "%"]
    for table, units in ((ages, [None, "", "", *shares]), (crossed, [None, "", *shares, "", *shares, "", ""])):
        grid = lay_out(protected(table), words)
        assert units_of(grid) == units
        assert [len(row) for row in read_csv(to_csv(grid))] == [len(units)] * (1 + len(grid.rows))


def test_headings_may_be_replaced(words: Words, ages: Table) -> None:
    grid = lay_out(protected(ages), words, measures=["rows"], labels={"rows": "Passages"})
    assert [column.label for column in grid.columns] == ["Passages"]


def test_share_of_few_people_is_written_with_its_numbers(words: Words) -> None:
    cells = pd.DataFrame({"age": ["young"], "rows": [7], "people": [13], "share": [7 / 13]})
    share = Measure("share", "share", base="people", of=("rows", "people"))
    grid = lay_out(protected(Table(cells, (Dimension("age"),), (share,))), words)
    assert grid.rows[0].cells[0].text == "7 sur 13"


# Masks -------------------------------------------------------------------------------------------


def test_masked_value_is_its_sign(words: Words, ages: Table) -> None:
    grid = lay_out(protected(ages, STRICT), words)
    assert grid.signs == ("s",)
    assert [cell.text for cell in grid.rows[2].cells] == ["s", "s", "s"]
    assert all(cell.number is None and cell.interval is None for cell in grid.rows[2].cells)
    assert grid.notes == ()  # the test was made of what is masked


@pytest.mark.parametrize("written", [to_csv, lambda grid: to_html(grid, caption="x", name="x")], ids=["csv", "html"])
def test_masked_numbers_are_nowhere(written: object, words: Words, ages: Table) -> None:
    telling = ages.with_cells(ages.cells.assign(rows=[25011, 76543, 4, 26002], share=[0.9, 0.4321, 0.1, 1.0]))
    shown = written(lay_out(protected(telling), words))  # type: ignore[operator]
    hidden = written(lay_out(protected(telling, STRICT), words))  # type: ignore[operator]
    for trace in ("76", "543", "43,2", "345"):
        assert trace in shown
        assert trace not in hidden


# HTML --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [OPEN, STRICT], ids=["open", "strict"])
@pytest.mark.parametrize("name", ["ages", "crossed"])
def test_html_is_a_table_that_can_be_heard(
    name: str, policy: Policy, words: Words, request: pytest.FixtureRequest
) -> None:
    table: Table = request.getfixturevalue(name)
    elements = Elements(
        to_html(lay_out(protected(table, policy), words), caption="<b>Tableau 1.</b> Les visites", name="x")
    ).found
    assert [text for tag, _, text in elements if tag == "caption"] == ["Tableau 1. Les visites"]
    heads = [(attributes, text) for tag, attributes, text in elements if tag == "th"]
    assert all(attributes.get("scope") in {"col", "row", "colgroup", "rowgroup"} for attributes, _ in heads)
    assert all(text.strip() for tag, _, text in elements if tag in {"th", "td"})
    assert sum(attributes["scope"] == "row" for attributes, _ in heads) == 4


def test_headings_span_their_columns(words: Words, crossed: Table) -> None:
    grid = lay_out(protected(crossed), words)
    heads = [attributes for tag, attributes, _ in Elements(to_html(grid, caption="x", name="x")).found if tag == "th"]
    spans = [int(each["colspan"] or 0) for each in heads if each.get("scope") == "colgroup"]
    assert sum(spans) == len(grid.columns)
    assert heads[0]["rowspan"] == "2"


def test_percentages_without_a_decimal_have_the_room_of_one_beside_those_that_have_one(
    words: Words, ages: Table
) -> None:
    """« old » rests on 999 people: « 0   % » under « 96,2 % »."""
    few = ages.with_cells(ages.cells.assign(base=[25_011, 25_011, 999, 25_011]))
    html = to_html(lay_out(protected(few), words), caption="x", name="x")
    gap = '<span class="gap"></span>'
    interval = f"[0{NBSP}%{NNBSP}; 0{NBSP}%]{gap}"
    assert f'<td>0{gap}{NBSP}%<br><small class="interval">{interval}</small></td>' in html
    assert html.count(gap) == 2
    assert f"<td>96,2{NBSP}%<br>" in html


def test_percentages_of_a_column_without_decimals_have_no_room(words: Words, ages: Table) -> None:
    few = ages.with_cells(ages.cells.assign(base=999))
    assert "gap" not in to_html(lay_out(protected(few), words), caption="x", name="x")


def test_interval_stands_under_its_value(words: Words, ages: Table) -> None:
    html = to_html(lay_out(protected(ages), words), caption="x", name="Tableau 1")
    assert f'96,2{NBSP}%<br><small class="interval">[95,0{NBSP}%{NNBSP}; 97,0{NBSP}%]</small>' in html


def test_labels_are_escaped(words: Words) -> None:
    cells = pd.DataFrame({"quarter": ["x"], "rows": [3], "people": [9], "note": ["<i>"]})
    table = Table(cells, (Dimension("quarter"),), (Measure("rows", "count", unit="rows"), Measure("note", "text")))
    html = to_html(lay_out(protected(table), words, labels={"rows": "A & <B>"}), caption="x", name='dit "&"')
    assert "&lt;b&gt;X &amp; Y&lt;/b&gt;" in html
    assert 'aria-label="dit &quot;&amp;&quot;"' in html
    assert "A &amp; &lt;B&gt;" in html
    assert '<td class="text">&lt;i&gt;</td>' in html


# CSV ---------------------------------------------------------------------------------------------


def test_csv_is_for_a_french_spreadsheet(words: Words, ages: Table) -> None:
    text = to_csv(lay_out(protected(ages), words))
    assert text.endswith("\r\n")
    assert read_csv(text) == [
        ["Tranche d’âge", "Visites", "Allocataires", "Part", "Part (borne basse à 95 %)", "Part (borne haute à 95 %)"],
        ["Moins de 30 ans", "25011", "4000", "96,2", "95,0", "97,0"],
        ["30-59 ans", "987", "345", "3,8", "3,1", "4,4"],
        ["Ancien", "4", "3", "0,0", "0,0", "0,1"],
        ["Ensemble", "26002", "4348", "100,0", "///", "///"],
    ]


def test_csv_holds_the_printed_digits_only(words: Words, ages: Table) -> None:
    small = ages.with_cells(ages.cells.assign(base=999))
    assert [line[3] for line in read_csv(to_csv(lay_out(protected(small), words)))[1:]] == ["96", "4", "0", "100"]


def test_csv_has_signs_and_no_empty_cell(words: Words, ages: Table) -> None:
    table = ages.with_cells(ages.cells.assign(share=[0.9, float("nan"), 0.1, 1.0]))
    lines = read_csv(to_csv(lay_out(protected(table, STRICT), words)))
    assert lines[3] == ["Ancien", "s", "s", "s", "s", "s"]
    assert read_csv(to_csv(lay_out(protected(table), words)))[2][3] == "n.d."
    assert all(cell for line in lines for cell in line)


def test_csv_names_group_and_category_of_a_column(words: Words, crossed: Table) -> None:
    heading = read_csv(to_csv(lay_out(protected(crossed), words)))[0]
    assert heading[1:3] == ["Tout venant - Visites", "Tout venant - Part de la ligne"]


def test_shares_of_a_crosstab_alone_stand_under_their_direction(words: Words, crossed: Table) -> None:
    grid = lay_out(protected(crossed), words, measures=("share",))
    assert [(each.group, each.label) for each in grid.columns] == [
        ("Part de la ligne", "Tout venant"),
        ("Part de la ligne", "Rendez-vous"),
        (None, "Effectif (allocataires)"),
    ]
    head = to_html(grid, caption="x", name="x").partition("<thead>")[2].partition("</thead>")[0]
    assert head == (
        '<tr><th scope="col" rowspan="2">Tranche d’âge</th><th scope="colgroup" colspan="2">Part de la ligne</th>'
        '<th scope="col" rowspan="2">Effectif (allocataires)</th></tr>'
        '<tr><th scope="col">Tout venant</th><th scope="col">Rendez-vous</th></tr>'
    )
    assert read_csv(to_csv(grid))[0][1] == "Part de la ligne - Tout venant"


def test_shares_that_make_no_whole_of_the_row_claim_none(words: Words, crossed: Table) -> None:
    halves = crossed.with_cells(crossed.cells.assign(share=crossed.cells["share"] / 2))
    grid = lay_out(protected(halves), words, measures=("share",))
    assert {each.group for each in grid.columns} == {None}


def test_shares_that_a_notebook_names_keep_their_name_over_them(words: Words, crossed: Table) -> None:
    grid = lay_out(protected(crossed), words, measures=("share",), labels={"share": "Part des visites de l’âge"})
    assert [each.group for each in grid.columns] == ["Part des visites de l’âge"] * 2 + [None]


def test_csv_of_a_negative_number_is_a_number() -> None:
    grid = Grid("x", (Column("y"),), (Row("a", (Cell("−3,3 %", number=-3.3),)),))
    assert read_csv(to_csv(grid))[1] == ["a", "-3,3"]


def test_csv_of_a_ratio_has_the_decimals_that_are_printed(words: Words) -> None:
    cells = pd.DataFrame(
        {"age": ["young", "mid"], "people": 9, "odds": [1.0, 1.4], "low": [None, 1.2], "high": [None, 1.6]}
    )
    odds = Table(cells, (Dimension("age"),), (Measure("odds", "ratio", low="low", high="high"),))
    assert [line[1:] for line in read_csv(to_csv(lay_out(protected(odds), words)))[1:]] == [
        ["1,00", "///", "///"],
        ["1,40", "1,20", "1,60"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_computes_nothing(start: str) -> None:
    formula = f"{start}HYPERLINK(1)"
    cell = Cell(formula, number=formula, is_text=True)
    grid = Grid(formula, (Column(formula), Column("y", group=formula)), (Row(formula, (cell, cell), group=formula),))
    cells = [cell for line in read_csv(to_csv(grid)) for cell in line]
    assert sum(formula in cell for cell in cells) == 7
    assert all(cell.startswith("'") for cell in cells if formula in cell)


def test_csv_keeps_a_separator_inside_a_label() -> None:
    grid = Grid("x", (Column("a;b"),), (Row('dit "oui"', (Cell("1", number=1),)),))
    assert read_csv(to_csv(grid)) == [["x", "a;b"], ['dit "oui"', "1"]]


# Tests -------------------------------------------------------------------------------------------


def test_test_is_described_in_words(words: Words) -> None:
    test = Test("test du χ²", 1234.56, (2.0,), 0.0004, 4348, effect=0.1234, note="Effectifs faibles.")
    described = describe_test(test, words).replace(NBSP, " ").replace(NNBSP, " ")
    assert described == (
        "χ² : statistique 1 234,6 (2 ddl), p < 0,001 ; V de Cramér 0,12 (de 0, aucun lien, à 1) ; "
        "n = 4 348 allocataires. Effectifs faibles."
    )


def test_degrees_that_are_no_whole_number_keep_a_decimal(words: Words) -> None:
    described = describe_test(Test("test", 1.0, (1.5, 120.0), 0.5, 10), replace(words, source=None))
    assert re.search(rf"\(1,5{NBSP}?[{NBSP}{NNBSP}]?; 120 ddl\)", described)
    assert described.endswith("10.")


def stacked(tests: list[Test]) -> Table:
    cells = pd.DataFrame({"variable": ["age", "channel"], "category": ["young", "walk_in"], "rows": 1, "people": 99})
    dimensions = (Dimension("variable", additive=False), Dimension("category", additive=False))
    return Table(cells, dimensions, (Measure("rows", "count", unit="rows"),), tests=tuple(tests))


def test_notes_of_a_stack_are_each_said_once_with_the_variables_they_hold_for(words: Words) -> None:
    of = [{"variable": "age"}, {"variable": "channel"}]
    notes = ["Peu de personnes. Valeur p ajustée.", "Valeur p ajustée."]
    tests = [
        Test("test de Wald", 1.0, (1.0,), 0.5, n, within=w, note=note)
        for n, w, note in zip((98, 99), of, notes, strict=True)
    ]
    grid = lay_out(protected(stacked(tests)), words)
    assert [note.replace(NBSP, " ").replace(NNBSP, " ") for note in grid.notes] == [
        "Wald, un par caractéristique ; n = 98 à 99 allocataires. Valeur p ajustée.",
        "« Tranche d’âge » : peu de personnes.",
    ]


def test_number_of_people_of_a_stack_is_not_said_when_one_is_withheld(words: Words) -> None:
    tests = [Test("t", 1.0, (1.0,), 0.5, n, within={"variable": v}) for n, v in ((None, "age"), (99, "channel"))]
    assert lay_out(protected(stacked(tests)), words).notes == ("t, un par caractéristique.",)


@pytest.mark.parametrize(("base", "said"), [(29, 0), (30, 1)])
def test_share_in_percent_without_an_interval_is_told_of(words: Words, crossed: Table, base: int, said: int) -> None:
    cells = crossed.cells.copy()
    cells.loc[0, ["low", "high", "base", "of"]] = [float("nan"), float("nan"), base, 10]
    share = Measure("share", "share", low="low", high="high", base="base", of=("rows", "rows"))
    table = Table(cells, crossed.dimensions, (share,))
    found = [note for note in lay_out(protected(table), words).notes if "sans intervalle" in note]
    assert len(found) == said


@pytest.mark.parametrize(
    ("rows", "of", "said"),
    [
        (510, 25536, "moins de 5 % des visites."),
        (50, 1000, "de 5 à 10 % des visites."),
        (49, 1000, "moins de 5 % des visites."),
        (1, 399, "une partie des visites."),
        (1, 400, "moins de 5 % des visites."),
    ],
)
def test_rows_left_out_are_told_in_coarse_steps(words: Words, ages: Table, rows: int, of: int, said: str) -> None:
    table = replace(ages, missing=Missing(rows, 9, of))
    assert str(describe_missing(protected(table), words)).replace(NBSP, " ") == said


def test_rows_left_out_of_few_people_are_not_told(words: Words, ages: Table) -> None:
    assert describe_missing(protected(ages), words) is None
    assert describe_missing(protected(replace(ages, missing=Missing(9, 4, 1000)), STRICT), words) is None


def test_share_of_nobody_cannot_exist(words: Words, crossed: Table) -> None:
    cells = crossed.cells.copy()
    cells.loc[0, ["share", "low", "high", "base"]] = [float("nan"), float("nan"), float("nan"), 0]
    grid = lay_out(protected(crossed.with_cells(cells)), words, measures=["share"])
    assert (grid.rows[0].cells[0].text, grid.signs) == ("///", ("///",))


# Counts that are said to be small -----------------------------------------------------------------


def test_small_count_has_its_sign_and_its_legend(words: Words, ages: Table) -> None:
    few = replace(protected(ages, STRICT), at_most={2: 5})  # « old »; « mid » is masked
    grid = lay_out(few, words, measures=["rows"], labels={})
    texts = {row.label: row.cells[0].text for row in grid.rows}
    assert (texts["Ancien"], texts["30-59 ans"]) == (f"≤{NBSP}5", "s")
    assert grid.signs == ("s", f"≤{NBSP}5")
    assert meaning(f"≤{NBSP}5") == "5 personnes ou moins, peut-être aucune"
    assert meaning("12") is None
    assert f"≤{NBSP}5" in to_csv(grid)
