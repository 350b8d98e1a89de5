"""A heat map: a value and a class in each cell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from etabli.errors import ReportError
from etabli.french import NBSP, NNBSP
from etabli.methods.results import Dimension
from etabli.present import theme
from etabli.present.figures import describe, draw
from etabli.present.figures.classes import Class
from etabli.present.figures.heat import fills
from etabli.present.words import Words


def texts(svg: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_value_stands_in_each_cell_and_signs_where_there_is_none(sample_of: Any, words: Words) -> None:
    found = texts(draw(sample_of("heat").composed(words, masked=True), name="f", alternative="x"))
    assert {"Lundi", "9 h", "Heure d’arrivée", "41", "118", "0"} <= set(found)
    assert (found.count("s"), found.count(theme.IMPOSSIBLE)) == (2, 2)  # in the cell, and in the legend
    assert {"secret statistique", "ne peut exister par nature", "1 à 49"} <= set(found)
    assert "3" not in found


def test_alternative_says_the_extremes_and_the_peak_of_each_row(sample_of: Any, words: Words) -> None:
    said = describe(sample_of("heat").composed(words, masked=True)).replace(NBSP, " ")
    assert said.startswith("Carte de chaleur : visites, jour (3) × heure d’arrivée (3).")
    assert "Au plus haut Lundi, 10 h (118), au plus bas Lundi, 14 h (0)." in said
    assert "Le plus haut de chaque ligne : Lundi, 10 h (118)" in said
    assert "1 valeur non montrée. 1 valeur qui ne peut exister par nature." in said


def test_zero_is_white_and_apart_from_few() -> None:
    classes = [Class(0, 0, "0", 2), Class(1, 9, "1 à 9", 3), Class(10, 19, "10 à 19", 1)]
    assert fills(classes)[0] == "white"
    assert set(fills(classes)[1:]) <= set(theme.SEQUENCE)


def test_values_that_do_not_fit_are_left_to_the_table(sample_of: Any, words: Words) -> None:
    keys = [(day, f"h{hour:02d}") for day in ("mon", "tue") for hour in range(24)]
    cells = pd.DataFrame(keys, columns=["day", "hour"]).assign(rows=1234567, people=1234567)
    table = replace(sample_of("heat").table, cells=cells, dimensions=(Dimension("day"), Dimension("hour")))
    found = texts(draw(replace(sample_of("heat"), table=table).composed(words), name="f", alternative="x"))
    assert found.count(f"1{NNBSP}234{NNBSP}567") == 1  # in the legend
    assert "h23" in found


def test_ratio_has_no_scale_from_few_to_many(sample_of: Any, words: Words) -> None:
    table = sample_of("heat").table
    ratio = replace(table, measures=(replace(table.measures[0], kind="ratio"),))
    with pytest.raises(ReportError, match="« heat » ne dessine pas cela"):
        replace(sample_of("heat"), table=ratio).composed(words)
