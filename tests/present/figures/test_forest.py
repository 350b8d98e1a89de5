"""A forest plot: estimates, their intervals, the reference, and what is printed beside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from etabli.errors import ReportError
from etabli.french import NBSP, NNBSP
from etabli.methods.results import TOTAL, Dimension, Measure, Table
from etabli.present.figures import describe, draw
from etabli.present.figures.forest import is_apart
from etabli.present.tables import lay_out
from etabli.present.words import Words

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(svg).iter(f"{SVG}text")]


def shares() -> Table:
    """By age and sex; each age has its number of people."""
    keys = [(age, sex) for age in ("young", "mid") for sex in ("f", "m", TOTAL)]
    cells = pd.DataFrame(keys, columns=["age", "sex"]).assign(
        share=[0.31, 0.69, 1.0, 0.45, 0.55, 1.0],
        low=[0.28, 0.66, None, 0.40, 0.5, None],
        high=[0.34, 0.72, None, 0.50, 0.6, None],
        people=[400, 800, 1200, 150, 180, 330],
        base=[1200, 1200, 1200, 330, 330, 330],
    )
    share = Measure("share", "share", low="low", high="high", base="base")
    return Table(cells, (Dimension("age"), Dimension("sex")), (share,))


def test_estimate_is_printed_beside_its_line(sample_of: Any, words: Words) -> None:
    found = texts(draw(sample_of("forest").composed(words), name="f", alternative="x"))
    assert f"1,84 [1,52{NNBSP}; 2,23]" in found
    assert found.count("référence") == 2
    assert {"Âge", "Sexe", "l’intervalle ne contient pas 1", "catégorie de référence"} <= set(found)


def test_model_that_leaves_people_out_does_not_say_how_many(sample_of: Any, words: Words) -> None:
    drawing = sample_of("forest").composed(words)
    assert {point.people for point in drawing.points} == {""}
    assert "Effectif" not in texts(draw(drawing, name="f", alternative="x"))


def test_number_of_people_is_the_one_of_the_table(sample_of: Any, words: Words) -> None:
    sample = replace(sample_of("forest"), table=shares(), measure="share", where={"sex": "f"}, hidden=())
    drawing = sample.composed(words)
    assert [point.people for point in drawing.points] == [f"1{NNBSP}200", "330"]
    grid = lay_out(sample.protected(), words, measures=("share",))
    assert [row.cells[-1].text for row in grid.rows] == [f"1{NNBSP}200", "330"]
    assert "Effectif" in texts(draw(drawing, name="f", alternative="x"))


def test_number_of_people_is_masked_as_in_the_table(sample_of: Any, words: Words) -> None:
    sample = replace(sample_of("forest"), table=shares(), measure="share", where={"sex": "f"}, hidden=(2, 3))
    points = sample.composed(words, masked=True).points
    assert [(point.text, point.people) for point in points] == [(f"31,0{NBSP}%", "s"), ("s", "330")]


def test_interval_that_is_not_printed_is_not_drawn(sample_of: Any, words: Words) -> None:
    """A share of fewer than 30 people is written with its counts, and has none."""
    table = shares()
    (share,) = table.measures
    few = replace(
        table, cells=table.cells.assign(rows=7, people=13, base=13), measures=(replace(share, of=("rows", "base")),)
    )
    drawing = replace(sample_of("forest"), table=few, measure="share", where={"sex": "f"}, hidden=()).composed(words)
    assert [(p.text, p.interval, p.low, p.high) for p in drawing.points] == [("7 sur 13", "", None, None)] * 2


@pytest.mark.parametrize(("low", "high", "apart"), [(1.01, 2.0, True), (1.0, 2.0, False), (0.5, 0.99, True)])
def test_interval_that_reaches_one_does_not_leave_it_out(
    low: float, high: float, apart: bool, sample_of: Any, words: Words
) -> None:
    point = sample_of("forest").composed(words).points[0]
    assert is_apart(replace(point, low=low, high=high)) is apart


def test_alternative_says_which_intervals_leave_one_out(sample_of: Any, words: Words) -> None:
    said = describe(sample_of("forest").composed(words)).replace(NBSP, " ")
    assert "Intervalle sans la valeur 1 : Âge – Moins de 30 ans" in said
    assert "Sexe – Hommes." in said
    masked = describe(sample_of("forest").composed(words, masked=True))
    assert "Hommes" not in masked


def test_bound_far_away_is_an_arrow_on_the_page(sample_of: Any, words: Words) -> None:
    table = sample_of("forest").table
    far = table.with_cells(table.cells.assign(high=[2.23, None, 900.0, None, 0.55], low=[1.52, None, 0.001, None, 0.3]))
    svg = draw(sample_of("forest").composed(words, table=far), name="f", alternative="x")
    assert f"0,88 [0,00{NNBSP}; 900,00]" in texts(svg)
    numbers = [float(x) for path in ET.fromstring(svg).iter(f"{SVG}path") for x in path.attrib["d"].split()[1:2]]
    assert all(0 <= x <= 518.4 for x in numbers)


def test_measure_without_interval_is_refused(sample_of: Any, words: Words) -> None:
    table = sample_of("forest").table
    bare = replace(table, measures=(Measure("odds", "ratio"),))
    with pytest.raises(ReportError) as caught:
        replace(sample_of("forest"), table=bare).composed(words)
    assert caught.value.hint == 'kind="bars" dessine les autres'
