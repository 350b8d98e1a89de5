"""A figure draws what may be shown, says it in words, and carries nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protected, Protection, with_masks
from etabli.errors import MethodError, ReportError
from etabli.french import NBSP, NNBSP
from etabli.methods.results import TOTAL, Dimension, Measure, Table
from etabli.present.figures import Drawing, FigureKind, Point, compose, describe, draw
from etabli.present.words import Words

OPEN, STRICT = Policy("internal", 1, ()), Policy("funder", 5, ("convention",))
SVG = "{http://www.w3.org/2000/svg}"


def protect(tables: Sequence[Table], policy: Policy) -> Protection:
    """As for a funder: what has fewer than five people is hidden, and « mid », which would give it back."""
    masks = []
    for table in tables:
        people = table.cells["people"].astype(float)
        few = people.between(1, policy.minimum_people - 1) | people.isna()
        masks.append((policy.protects & (few | table.cells.get("age", few).eq("mid"))).to_numpy(dtype=bool))
    return with_masks(tables, policy, masks)


def protected(table: Table, policy: Policy = OPEN) -> Protected:
    return protect([table], policy).of(table)


def composed(table: Table, words: Words, policy: Policy = OPEN, **options: Any) -> Drawing:
    chosen = {"kind": "bars", "measure": "rows", "where": {}, "labels": {}, **options}
    return compose(protected(table, policy), words, **chosen)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.fixture
def years() -> Table:
    """Visits by channel and year; 2022 is missing from both."""
    cells = pd.DataFrame(
        {
            "channel": ["walk_in"] * 3 + ["appointment"] * 3,
            "year": ["2020", "2021", "2023"] * 2,
            "rows": [100, 120, 140, 50, 4, 70],
            "people": [90, 100, 110, 40, 3, 60],
        }
    )
    dimensions = (Dimension("channel", additive=False), Dimension("year", additive=False))
    return Table(cells, dimensions, (Measure("rows", "count", unit="rows"),))


# What is drawn -----------------------------------------------------------------------------------


def test_one_dimension_gives_one_point_a_category(words: Words, ages: Table) -> None:
    drawing = composed(ages, words, measure="share", kind="dots")
    assert next((p.label, p.series, p.x, p.low, p.high) for p in drawing.points) == (
        "Moins de 30 ans", "", 0.962, 0.95, 0.97,
    )  # fmt: skip
    assert [point.label for point in drawing.points] == ["Moins de 30 ans", "30-59 ans", "Ancien"]  # no total
    assert (drawing.percent, drawing.ratio, drawing.measure) == (True, False, "Part")


def test_no_digit_is_drawn_that_is_not_printed(words: Words, ages: Table) -> None:
    """A vector drawing is read to nine digits: « 96,2 % » of 4 000 must not be read as 0,96189."""
    for kind in ("dots", "bars"):
        drawing = composed(ages, words, measure="share", kind=kind)
        for row, point in enumerate(drawing.points):
            shown = words.released(ages, row, ages.measure("share"))
            assert point.x == (None if isinstance(shown, str) else pytest.approx(shown / 100, abs=1e-12))


def test_second_dimension_gives_the_series(words: Words, crossed: Table) -> None:
    drawing = composed(crossed, words)
    assert drawing.series == ["Tout venant", "Rendez-vous"]
    assert len(drawing.points) == 6


def test_lines_run_along_the_last_dimension(words: Words, years: Table) -> None:
    drawing = composed(years, words, kind="lines")
    assert drawing.series == ["Tout venant", "Rendez-vous"]
    assert [label for _, label in drawing.labels] == ["2020", "2021", "2023"]


def test_dimension_is_held_at_a_category(words: Words, crossed: Table) -> None:
    drawing = composed(crossed, words, where={"channel": "walk_in"})
    assert [point.x for point in drawing.points] == [60.0, 30.0, 1.0]
    assert [point.x for point in composed(crossed, words, where={"channel": TOTAL}).points] == [100.0, 50.0, 4.0]


def test_stack_of_variables_is_grouped(words: Words, ages: Table) -> None:
    cells = ages.cells.rename(columns={"age": "category"}).assign(variable="age")
    table = Table(cells, (Dimension("variable", additive=False), Dimension("category")), ages.measures)
    drawing = composed(table, words)
    assert drawing.labels[0] == ("Tranche d’âge", "Moins de 30 ans")
    assert "Tranche d’âge" in texts(draw(drawing, name="f", alternative="x"))


@pytest.mark.parametrize("where", [{"age": "old", "channel": "walk_in"}])
def test_no_free_dimension_is_refused(where: dict[str, str], words: Words, crossed: Table) -> None:
    with pytest.raises(ReportError) as caught:
        composed(crossed, words, where=where)
    assert caught.value.got == "aucune"


def test_more_dimensions_than_can_be_drawn_are_refused(words: Words, crossed: Table) -> None:
    cells = crossed.cells.assign(year="2024", quarter="blosne")
    table = Table(cells, (*crossed.dimensions, Dimension("year"), Dimension("quarter")), crossed.measures)
    with pytest.raises(ReportError) as caught:
        composed(table, words, where={"year": "2024"})
    assert caught.value.got == "age, channel, quarter"
    assert len(composed(table, words, where={"year": "2024", "quarter": "blosne"}).points) == 6


def test_unknown_kind_names_its_neighbour(words: Words, ages: Table) -> None:
    with pytest.raises(ReportError) as caught:
        composed(ages, words, kind="bar")
    assert caught.value.hint == "vouliez-vous dire « bars » ?"


def test_unknown_measure_names_its_neighbour(words: Words, ages: Table) -> None:
    with pytest.raises(MethodError) as caught:
        composed(ages, words, measure="row")
    assert caught.value.hint == "vouliez-vous dire « rows » ?"


def test_unknown_dimension_is_refused(words: Words, crossed: Table) -> None:
    with pytest.raises(ReportError) as caught:
        composed(crossed, words, where={"chanel": "walk_in"})
    assert caught.value.hint == "vouliez-vous dire « channel » ?"


def test_figure_of_nothing_is_refused(words: Words, crossed: Table) -> None:
    with pytest.raises(ReportError, match="serait vide"):
        composed(crossed, words, where={"channel": "phone"})


# Masks -------------------------------------------------------------------------------------------


def test_masked_value_is_neither_drawn_nor_said(words: Words, ages: Table) -> None:
    telling = ages.with_cells(ages.cells.assign(rows=[25011, 76543, 4, 26002], share=[0.9, 0.4321, 0.1, 1.0]))
    for measure, trace in (("rows", f"76{NNBSP}543"), ("share", "43,2")):
        shown = composed(telling, words, measure=measure)
        hidden = composed(telling, words, STRICT, measure=measure)
        assert trace in draw(shown, name="f", alternative=describe(shown))
        assert trace not in draw(hidden, name="f", alternative=describe(hidden))
        assert [point.x for point in hidden.points][1:] == [None, None]
        assert [(point.low, point.high, point.text) for point in hidden.points][1:] == [(None, None, "s")] * 2


def test_drawing_of_a_masked_value_does_not_depend_on_it(words: Words, ages: Table) -> None:
    """Not even the length of a bar or the end of a scale."""
    other = ages.with_cells(ages.cells.assign(rows=[25011, 90000, 1, 26002], low=[0.95, 0.5, 0.2, 1.0]))
    for kind in ("bars", "dots"):
        pictures = [draw(composed(t, words, STRICT, kind=kind), name="f", alternative="x") for t in (ages, other)]
        assert pictures[0] == pictures[1]


@pytest.mark.parametrize("kind", ["bars", "dots", "lines"])
def test_figure_whose_every_value_is_masked_is_drawn(kind: FigureKind, words: Words, ages: Table) -> None:
    few = ages.with_cells(ages.cells.assign(people=2))
    drawing = composed(few, words, STRICT, kind=kind)
    assert describe(drawing).startswith(("Diagramme", "Courbes"))
    assert draw(drawing, name="f", alternative="x").startswith("<svg")


def test_masked_point_leaves_the_line_of_its_series(words: Words, years: Table) -> None:
    drawing = composed(years, words, STRICT, kind="lines")
    assert [point.x for point in drawing.points] == [100.0, 120.0, 140.0, 50.0, None, 70.0]
    assert "1 valeur non montrée" in describe(drawing)


# Words -------------------------------------------------------------------------------------------


def test_alternative_says_extremes_and_what_is_not_shown(words: Words, ages: Table) -> None:
    assert describe(composed(ages, words)) == (
        f"Diagramme en barres{NBSP}: visites, 3 modalités. Au plus bas Ancien (4), "
        f"au plus haut Moins de 30 ans (25{NNBSP}011). Les valeurs sont dans le tableau qui suit la figure."
    )
    assert "2 valeurs non montrées" in describe(composed(ages, words, STRICT))


def test_alternative_of_lines_says_start_and_end(words: Words, years: Table) -> None:
    said = describe(composed(years, words, kind="lines"))
    assert "2 séries (Tout venant et Rendez-vous)" in said
    assert f"Tout venant{NBSP}: 2020 100, 2023 140" in said


# Ink ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("bars", "crossed"), ("dots", "ages"), ("lines", "years")])
def test_svg_is_the_same_every_time(kind: str, name: str, words: Words, request: pytest.FixtureRequest) -> None:
    drawing = composed(request.getfixturevalue(name), words, kind=kind)
    before = draw(drawing, name="figure-1", alternative="x")
    draw.cache_clear()
    assert draw(drawing, name="figure-1", alternative="x") == before


@pytest.mark.parametrize(("kind", "name"), [("bars", "crossed"), ("dots", "ages"), ("lines", "years")])
def test_svg_is_what_savefig_would_write(
    kind: str, name: str, words: Words, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = composed(request.getfixturevalue(name), words, kind=kind)
    draw.cache_clear()
    once = draw(drawing, name="figure-1", alternative="x")
    draw.cache_clear()
    monkeypatch.setattr(
        FigureCanvasSVG, "print_svg", lambda self, out, metadata: _saved(self.figure, out, metadata, monkeypatch)
    )
    assert draw(drawing, name="figure-1", alternative="x") == once
    draw.cache_clear()


def _saved(figure: Figure, out: Any, metadata: Any, patch: pytest.MonkeyPatch) -> None:
    patch.undo()
    figure.savefig(out, format="svg", metadata=metadata)


def test_figure_is_drawn_once(words: Words, ages: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    plain = Figure.draw

    def counted(self: Figure, renderer: Any) -> None:
        drawn.append(self)
        plain(self, renderer)

    monkeypatch.setattr(Figure, "draw", counted)
    draw.cache_clear()
    drawing = composed(ages, words, kind="bars")
    draw(drawing, name="figure-1", alternative="x")
    draw(replace(drawing), name="figure-1", alternative="x")  # as `finish()` asks again for what is shown already
    assert len(drawn) == 1
    draw(drawing, name="figure-2", alternative="x")
    assert len(drawn) == 2


def test_svg_carries_nothing_beside_the_drawing(words: Words, crossed: Table) -> None:
    svg = draw(composed(crossed, words), name="figure-1", alternative="Visites & <âge>")
    for trace in ("metadata", "matplotlib", "date", "creator", "python", "<?xml", "<!doctype", "<!--"):
        assert trace not in svg.lower()
    for path in (Path.cwd(), Path(sys.prefix)):
        assert f"{path}/" not in svg
    assert set(re.findall(r'https?://[^"]*', svg)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_svg_has_a_name_that_can_be_heard(words: Words, ages: Table) -> None:
    root = ET.fromstring(draw(composed(ages, words), name="figure-1", alternative="Visites & <âge>"))
    assert root.attrib["role"] == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == "Visites & <âge>"


def test_identifiers_of_two_figures_differ(words: Words, crossed: Table) -> None:
    drawing = composed(crossed, words)
    one, two = (draw(drawing, name=name, alternative="x") for name in ("figure-1", "figure-2"))
    ids = [set(re.findall(r'id="([^"]*)"', svg)) for svg in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r'(?:url\(|href=")#([^")]*)', one)) <= ids[0]


def test_text_of_labels_is_escaped(words: Words) -> None:
    cells = pd.DataFrame({"quarter": ["blosne", "x"], "rows": [30, 3], "people": [20, 9]})
    table = Table(cells, (Dimension("quarter"),), (Measure("rows", "count", unit="rows"),))
    svg = draw(composed(table, words, labels={"rows": "A & <B>"}), name="f", alternative="x")
    assert "<b>" not in svg
    assert {"<b>X & Y</b>", "A & <B>"} <= set(texts(svg))


@pytest.mark.parametrize("label", ["$x^2$", "5 $ et 6 $", "a_b", "\\frac"])
def test_label_with_signs_of_a_formula_stays_as_it_is(label: str, words: Words) -> None:
    cells = pd.DataFrame({"quarter": [label], "rows": [30], "people": [20]})
    table = Table(cells, (Dimension("quarter"),), (Measure("rows", "count", unit="rows"),))
    assert label in texts(draw(composed(table, words), name="f", alternative="x"))


def test_values_are_written_at_the_bars(words: Words, crossed: Table) -> None:
    assert {"60", "40", "Tout venant", "Visites"} <= set(
        texts(draw(composed(crossed, words), name="f", alternative="x"))
    )


def test_missing_year_leaves_its_gap(words: Words, years: Table) -> None:
    svg = ET.fromstring(draw(composed(years, words, kind="lines"), name="f", alternative="x"))
    place = {text.text: float(text.attrib["x"]) for text in svg.iter(f"{SVG}text") if "x" in text.attrib}
    assert place["2023"] - place["2021"] == pytest.approx(2 * (place["2021"] - place["2020"]), abs=0.01)


def test_ratio_of_one_is_the_reference(words: Words) -> None:
    cells = pd.DataFrame(
        {"age": ["young", "mid", "old"], "odds": [1.0, 2.5, 0.4], "low": [float("nan"), 1.5, 0.2],
         "high": [float("nan"), 4.0, 0.8], "people": [90, 80, 70]}
    )  # fmt: skip
    odds = Measure("odds", "ratio", low="low", high="high")
    drawing = composed(Table(cells, (Dimension("age"),), (odds,)), words, measure="odds", kind="dots")
    assert drawing.ratio
    assert {"référence", "2,50", "0,40"} <= set(texts(draw(drawing, name="f", alternative="x")))


def test_drawing_does_not_change_the_settings_of_matplotlib(words: Words, ages: Table) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    draw(composed(ages, words), name="f", alternative="x")
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("kind", ["bars", "dots", "lines"])
def test_negative_values_stand_inside_the_scale(kind: FigureKind) -> None:
    points = tuple(Point(label, "", x, None, None, str(x)) for label, x in (("a", -0.1), ("b", 0.2)))
    svg = draw(Drawing(kind, "Évolution", True, points), name="f", alternative="x")
    ticks = [text for text in texts(svg) if text.endswith(f"{NBSP}%")]
    assert any(text.startswith("−") for text in ticks)
    assert any(not text.startswith(("−", "0")) for text in ticks)


def test_point_without_value_says_why(words: Words, ages: Table) -> None:
    table = ages.with_cells(ages.cells.assign(share=[0.5, float("nan"), 0.5, 1.0]))
    drawing = composed(table, words, measure="share")
    assert drawing.points[1].text == "n.d."
    assert replace(drawing.points[1], x=None) == drawing.points[1]
