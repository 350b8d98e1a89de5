"""A network: nodes on a circle, links as wide as what was counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from etabli.errors import ReportError
from etabli.french import NBSP
from etabli.present.figures import describe, draw
from etabli.present.figures.network import MOST, is_mutual, links_of, nodes_of
from etabli.present.words import Words

SVG = "{http://www.w3.org/2000/svg}"


def pairs(sample: Any, counts: dict[tuple[str, str], int]) -> Any:
    cells = pd.DataFrame([(*key, n, n) for key, n in counts.items()], columns=["outpost", "other", "rows", "people"])
    return replace(sample, table=sample.table.with_cells(cells), hidden=())


def test_links_are_those_that_are_shown_largest_first(sample_of: Any, words: Words) -> None:
    told = [(p.label, p.series, p.text) for p in links_of(sample_of("network").composed(words, masked=True))]
    assert told == [("Centre", "Le Blosne", "44"), ("Le Blosne", "Centre", "30"), ("Centre", "Nord", "12")]


def test_what_stays_is_written_at_its_node(sample_of: Any, words: Words) -> None:
    svg = draw(sample_of("network").composed(words), name="f", alternative="x")
    assert f"(interne{NBSP}: 17)" in {each.text for each in ET.fromstring(svg).iter(f"{SVG}text")}


def test_same_both_ways_is_one_link(sample_of: Any, words: Words) -> None:
    mutual = pairs(sample_of("network"), {("centre", "nord"): 8, ("nord", "centre"): 8}).composed(words)
    assert (len(links_of(mutual)), is_mutual(mutual)) == (1, True)
    assert "Centre – Nord (8)" in describe(mutual)
    one_way = pairs(sample_of("network"), {("centre", "nord"): 8, ("nord", "centre"): 9}).composed(words)
    assert (len(links_of(one_way)), is_mutual(one_way)) == (2, False)
    assert "Nord → Centre (9)" in describe(one_way)


def test_link_without_its_way_back_has_an_arrow(sample_of: Any, words: Words) -> None:
    drawing = pairs(sample_of("network"), {("centre", "nord"): 8, ("nord", "blosne"): 9}).composed(words)
    assert not is_mutual(drawing)


@pytest.mark.parametrize(("count", "drawn"), [(MOST, True), (MOST + 1, False)])
def test_more_nodes_than_can_be_told_apart_are_refused(count: int, drawn: bool, sample_of: Any, words: Words) -> None:
    sample = pairs(sample_of("network"), {(f"n{i}", f"n{i + 1}"): 10 for i in range(count - 1)})
    if drawn:
        assert len(nodes_of(sample.composed(words))) == count
        assert draw(sample.composed(words), name="f", alternative="x").startswith("<svg")
    else:
        with pytest.raises(ReportError, match="trop de nœuds"):
            sample.composed(words)
