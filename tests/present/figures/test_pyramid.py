"""A population pyramid: two series, ages up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from etabli.errors import ReportError
from etabli.french import NBSP, NNBSP
from etabli.present.figures import describe, draw
from etabli.present.words import Words


def place(svg: str, text: str) -> tuple[float, float]:
    found = next(e for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text") if e.text == text)
    return float(found.attrib["x"]), float(found.attrib["y"])


def test_ages_go_up_and_the_two_series_to_both_sides(sample_of: Any, words: Words) -> None:
    svg = draw(sample_of("pyramid").composed(words), name="f", alternative="x")
    assert place(svg, "Moins de 30 ans")[1] > place(svg, "30-59 ans")[1] > place(svg, "60 ans ou plus")[1]
    assert place(svg, "210")[0] < place(svg, "120")[0] < place(svg, "30-59 ans")[0] < place(svg, "97")[0]
    assert place(svg, "97")[0] < place(svg, "185")[0]


@pytest.mark.parametrize("sexes", [["f"], ["f", "m", "x"]])
def test_other_than_two_series_are_refused(sexes: list[str], sample_of: Any, words: Words) -> None:
    cells = pd.DataFrame([("young", sex, 9, 9) for sex in sexes], columns=["age", "sex", "rows", "people"])
    with pytest.raises(ReportError, match="oppose deux séries") as caught:
        replace(sample_of("pyramid"), table=sample_of("pyramid").table.with_cells(cells)).composed(words)
    assert caught.value.got == ", ".join({"f": "Femmes", "m": "Hommes", "x": "Autre"}[sex] for sex in sexes)


def test_alternative_says_the_peak_and_the_ends_of_each_side(sample_of: Any, words: Words) -> None:
    said = describe(sample_of("pyramid").composed(words, masked=True)).replace(NBSP, " ").replace(NNBSP, " ")
    assert "Femmes à gauche, Hommes à droite" in said
    assert "Femmes : au plus haut 30-59 ans (210) ; de Moins de 30 ans (120) à 60 ans ou plus (64)." in said


def test_scale_of_which_nothing_is_known_has_no_number(sample_of: Any, words: Words) -> None:
    sample = replace(sample_of("pyramid"), hidden=range(6))
    svg = draw(sample.composed(words, masked=True), name="f", alternative="x")
    numbers = {e.text for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text") if e.text[:1].isdigit()}
    assert numbers == {"0", "30-59 ans", "60 ans ou plus"}
