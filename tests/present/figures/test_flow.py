"""Flows: as wide as what was counted, and nothing of what is masked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from etabli.french import NBSP, NNBSP
from etabli.methods.results import TOTAL
from etabli.present.figures import describe, draw
from etabli.present.figures.flow import _nodes
from etabli.present.words import Words

SVG = "{http://www.w3.org/2000/svg}"


def ribbons(svg: str) -> int:
    return sum("opacity: 0.32" in path.attrib.get("style", "") for path in ET.fromstring(svg).iter(f"{SVG}path"))


def texts(svg: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(svg).iter(f"{SVG}text")]


def test_masked_flow_has_no_ribbon(sample_of: Any, words: Words) -> None:
    shown, hidden = (
        draw(sample_of("flow").composed(words, masked=masked), name="f", alternative="x") for masked in (False, True)
    )
    assert (ribbons(shown), ribbons(hidden)) == (6, 4)
    told = [text.replace(NBSP, " ") for text in texts(hidden)]
    assert "2 flux masqués, qui ne sont pas dessinés (secret statistique)" in told
    assert not {"96", "3"} & set(told)


def test_names_carry_the_totals_of_the_table(sample_of: Any, words: Words) -> None:
    found = texts(draw(sample_of("flow").composed(words), name="f", alternative="x"))
    assert {f"1{NNBSP}318", "151", "880", "99", "490", "Premier contact", "Deuxième contact"} <= set(found)


def test_bar_is_as_tall_as_its_total_where_flows_are_masked(sample_of: Any, words: Words) -> None:
    drawing = sample_of("flow").composed(words, masked=True)
    walk_in = _nodes(drawing, "label")[0]
    assert walk_in.height(0.01) == pytest.approx(13.18)
    assert walk_in.rest(0.01) == pytest.approx(0.96)
    unmasked = _nodes(sample_of("flow").composed(words), "label")[0]
    assert (unmasked.height(0.01), unmasked.rest(0.01)) == (pytest.approx(13.18), 0)


def test_table_without_totals_has_none_written(sample_of: Any, words: Words) -> None:
    table = sample_of("flow").table
    cells = table.cells[(table.cells[["before", "after"]] != TOTAL).all(axis=1)].reset_index(drop=True)
    sample = replace(sample_of("flow"), table=table.with_cells(cells))
    assert sample.composed(words).totals == ()
    hidden = sample.composed(words, masked=True)
    assert _nodes(hidden, "label")[0].rest(0.01) > 0  # masked all the same, of a height that says nothing


def test_alternative_tells_the_largest_flows(sample_of: Any, words: Words) -> None:
    said = describe(sample_of("flow").composed(words)).replace(NBSP, " ")
    assert "de « Premier contact » (Tout venant et Téléphone)" in said
    assert "Les plus grands flux : Tout venant → Tout venant (820)" in said
    assert "Le plus petit flux : Téléphone → Téléphone (3)" in said
