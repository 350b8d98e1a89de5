"""A timeline: runs of periods in which something was counted."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from etabli.french import NBSP, NNBSP
from etabli.present.figures import describe, draw
from etabli.present.figures.scales import distances
from etabli.present.figures.timeline import spans_of
from etabli.present.words import Words


def spans(drawing: Any, series: str) -> list[list[str]]:
    places = distances([label for _, label in drawing.labels])
    return [[point.label for point in span] for span in spans_of(drawing, series, places)]


def test_missing_year_and_zero_end_a_span(sample_of: Any, words: Words) -> None:
    drawing = sample_of("timeline").composed(words)
    assert spans(drawing, "Centre") == [["2018", "2019", "2020"], ["2022", "2023"]]
    assert spans(drawing, "Le Blosne") == [["2019", "2020"], ["2023"]]


def test_masked_period_is_in_no_span(sample_of: Any, words: Words) -> None:
    drawing = sample_of("timeline").composed(words, masked=True)
    assert spans(drawing, "Le Blosne") == [["2019"], ["2023"]]


def test_alternative_says_the_spans(sample_of: Any, words: Words) -> None:
    said = describe(sample_of("timeline").composed(words, masked=True)).replace(NBSP, " ")
    assert said.startswith("Frise : visites, 5 périodes, de 2018 à 2023.")
    assert f"Centre : de 2018 (1{NNBSP}200) à 2020 (702) et de 2022 (980) à 2023 (1{NNBSP}105)." in said
    assert "Le Blosne : 2019 (310) et 2023 (77)." in said


def test_missing_year_keeps_its_width(sample_of: Any, words: Words) -> None:
    svg = ET.fromstring(draw(sample_of("timeline").composed(words), name="f", alternative="x"))
    place = {e.text: float(e.attrib["x"]) for e in svg.iter("{http://www.w3.org/2000/svg}text") if "x" in e.attrib}
    assert place["2022"] - place["2020"] == pytest.approx(2 * (place["2020"] - place["2019"]), abs=0.01)


def test_one_dimension_has_one_lane(sample_of: Any, words: Words) -> None:
    from dataclasses import replace

    drawing = replace(sample_of("timeline"), where={"outpost": "centre"}).composed(words)
    assert drawing.series == [""]
    assert f"Visites{NBSP}: de 2018" in describe(drawing)
    assert draw(drawing, name="f", alternative="x").startswith("<svg")
