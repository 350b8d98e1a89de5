"""What is true of every kind of figure, however it draws."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from etabli.disclosure.exported import DRAWN
from etabli.errors import ReportError
from etabli.french import NBSP
from etabli.methods.results import TOTAL
from etabli.present import theme
from etabli.present.figures import KINDS, describe, draw
from etabli.present.figures.sheet import width_of
from etabli.present.tables import lay_out
from etabli.present.words import Words

SVG = "{http://www.w3.org/2000/svg}"


def drawn(drawing: Any) -> str:
    return draw(drawing, name="figure-1", alternative=describe(drawing))


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def told(sample: Any, words: Words, *, masked: bool) -> set[str]:
    """All that the table under the figure says of the measure that is drawn."""
    grid = lay_out(sample.protected(masked=masked), words, measures=(sample.measure,))
    cells = [cell for row in grid.rows for cell in row.cells]
    return {cell.text for cell in cells} | {cell.interval for cell in cells if cell.interval}


def test_every_kind_has_a_sample(sample: Any) -> None:
    assert sample.kind in KINDS


@pytest.mark.parametrize("masked", [False, True])
def test_what_is_drawn_is_what_the_table_says(sample: Any, masked: bool, words: Words) -> None:
    drawing = sample.composed(words, masked=masked)
    points = [*drawing.points, *drawing.totals]
    said = {point.text for point in points} | {point.interval for point in points if point.interval}
    assert said <= told(sample, words, masked=masked)
    for point in points:
        if point.x is not None:
            assert float(re.sub(r"[^\d,−-]", "", point.text).replace(",", ".")) == point.x


def test_masked_value_changes_nothing(sample: Any, words: Words) -> None:
    """Neither a length, nor a class, nor the end of a scale."""
    cells = sample.table.cells.copy()
    numbers = [name for name in ("rows", "odds", "low", "high") if name in cells]
    cells.loc[list(sample.hidden), numbers] = 7654 if "odds" not in cells else 0.07
    cells.loc[list(sample.hidden), "people"] = 7654
    other = sample.table.with_cells(cells)
    assert drawn(sample.composed(words, masked=True)) == drawn(sample.composed(words, masked=True, table=other))
    assert drawn(sample.composed(words)) != drawn(sample.composed(words, table=other))


def test_masked_value_is_said_not_to_be_shown(sample: Any, words: Words) -> None:
    hidden = len([point for point in sample.composed(words, masked=True).points if point.is_masked])
    assert hidden == len(sample.hidden)
    noun = "valeur non montrée" if hidden == 1 else "valeurs non montrées"
    assert f"{hidden} {noun}" in describe(sample.composed(words, masked=True)).replace(NBSP, " ")
    assert "non montrée" not in describe(sample.composed(words))


def test_page_that_leaves_may_hold_it(sample: Any, words: Words) -> None:
    for masked in (False, True):
        root = ET.fromstring(drawn(sample.composed(words, masked=masked)))
        tags = {element.tag.removeprefix(SVG).lower() for element in root.iter()} - {"title", "style"}
        assert tags <= DRAWN


def test_svg_is_the_same_every_time(sample: Any, words: Words) -> None:
    drawing = sample.composed(words, masked=True)
    before = drawn(drawing)
    draw.cache_clear()
    assert drawn(drawing) == before


def test_svg_has_its_name_and_no_wish_to_be_animated(sample: Any, words: Words) -> None:
    drawing = sample.composed(words)
    root = ET.fromstring(drawn(drawing))
    assert root.attrib["role"] == "img"
    assert root[0].text == describe(drawing)


def test_all_masked_is_drawn_and_said(sample: Any, words: Words) -> None:
    everything = replace(sample, hidden=range(len(sample.table.cells)))
    drawing = everything.composed(words, masked=True)
    assert all(point.x is None for point in drawing.points)
    assert f"{len(drawing.points)} valeurs non montrées" in describe(drawing).replace(NBSP, " ")
    assert drawn(drawing).startswith("<svg")


@pytest.mark.parametrize("kind", ["heat", "pyramid", "flow", "timeline", "network"])
def test_zero_everywhere_is_drawn(kind: str, sample_of: Any, words: Words) -> None:
    sample = sample_of(kind)
    table = sample.table.with_cells(sample.table.cells.assign(rows=0, people=0))
    assert drawn(sample.composed(words, table=table)).startswith("<svg")


def test_total_is_no_point(sample: Any, words: Words) -> None:
    drawing = sample.composed(words)
    assert theme.TOTAL_LABEL not in {each for point in drawing.points for each in (point.label, point.series)}


def test_measure_without_a_place_on_its_scale_is_refused(sample: Any, words: Words) -> None:
    measures = tuple(replace(each, kind="text", low=None, high=None) for each in sample.table.measures)
    with pytest.raises(ReportError) as caught:
        replace(sample, table=replace(sample.table, measures=measures)).composed(words)
    assert caught.value.got == "text"


@pytest.mark.parametrize("kind", ["heat", "pyramid", "flow", "network"])
def test_two_dimensions_are_needed(kind: str, sample_of: Any, words: Words) -> None:
    sample = sample_of(kind)
    held = sample.table.keys[0]
    with pytest.raises(ReportError) as caught:
        replace(sample, where={held: sample.table.cells[held].iloc[0]}).composed(words)
    assert caught.value.expected == "deux dimensions libres"


def test_stack_of_variables_is_refused_where_they_would_be_mixed(sample_of: Any, words: Words) -> None:
    sample = sample_of("heat")
    cells = sample.table.cells.assign(variable="age")
    dimensions = (replace(sample.table.dimensions[0], name="variable"), *sample.table.dimensions)
    table = replace(sample.table, cells=cells, dimensions=dimensions)
    with pytest.raises(ReportError, match="qu’une caractéristique"):
        replace(sample, table=table).composed(words)
    assert replace(sample, table=table, where={"variable": "age"}).composed(words).points


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_are_seen_and_read() -> None:
    from etabli.present.figures.heat import ink_on

    white = "#ffffff"
    for text in (theme.INK, theme.MUTED, *theme.SERIES):  # a line carries its name in its colour
        assert contrast(text, white) >= 4.5
    for ink in (theme.ACCENT, theme.LINK, theme.BORDER):
        assert contrast(ink, white) >= 3
    for fill in theme.SEQUENCE:
        assert contrast({"white": white}.get(ink_on(fill), ink_on(fill)), fill) >= 4.5
    assert contrast(white, theme.ACCENT) >= 4.5
    assert contrast(theme.BORDER, theme.SEQUENCE[-1]) >= 3


def test_classes_are_told_apart_in_grey() -> None:
    light = [luminance(colour) for colour in theme.SEQUENCE]
    assert light == sorted(light, reverse=True)
    assert all(contrast(one, two) > 1.35 for one, two in zip(theme.SEQUENCE, theme.SEQUENCE[1:], strict=False))


def test_text_that_is_drawn_is_ink_on_white_or_white_on_ink(sample: Any, words: Words) -> None:
    styles = {
        re.search(r"fill: (#\w+)", element.attrib["style"])
        for element in ET.fromstring(drawn(sample.composed(words, masked=True))).iter(f"{SVG}text")
        if "style" in element.attrib
    }
    assert {found[1] for found in styles if found} <= {theme.INK, theme.MUTED, "#ffffff"}


def test_share_of_few_people_is_written_by_its_counts(words: Words, sample_of: Any) -> None:
    """House rule: no percentage of less than 30 people, in a figure either."""
    sample = sample_of("heat")
    share = replace(sample.table.measures[0], name="share", kind="share", base="base", of=("rows", "base"))
    cells = sample.table.cells.assign(rows=7, share=7 / 13, base=13, people=13)
    drawing = replace(sample, table=replace(sample.table, cells=cells, measures=(share,)), measure="share").composed(
        words
    )
    assert {point.text for point in drawing.points if point.x is not None} == {"7 sur 13"}
    svg = drawn(drawing)
    assert not any(colour in svg for colour in theme.SEQUENCE)  # in no class
    assert "part de moins de 30 personnes, non classée" in texts(svg)
    assert "au plus haut" not in describe(drawing).lower()


def test_rows_of_totals_do_not_make_a_series(words: Words, sample_of: Any) -> None:
    sample = sample_of("pyramid")
    cells = pd.concat(
        [sample.table.cells, pd.DataFrame({"age": ["young"], "sex": [TOTAL], "rows": [217], "people": [217]})],
        ignore_index=True,
    )
    assert replace(sample, table=sample.table.with_cells(cells)).composed(words).series == ["Femmes", "Hommes"]


def test_long_labels_stay_on_the_page(sample: Any, words: Words) -> None:
    """As wide as a browser with the house's letters draws them; a point more for how letters are rounded."""
    book = words.codebook.model_copy(deep=True)
    long = "Allocation aux adultes handicapés et complément de ressources"
    variables = book.sources["visits"].variables
    for variable in (each for name, each in variables.items() if name != "year"):
        variable.codes.update(
            {code: each.model_copy(update={"label": f"{long}, {each.label}"}) for code, each in variable.codes.items()}
        )
    drawing = sample.composed(Words(book, book.sources["visits"]), masked=True)
    for text in ET.fromstring(drawn(drawing)).iter(f"{SVG}text"):
        style, written = text.attrib["style"], text.text or ""
        size = re.search(r"font-size: ([\d.]+)px", style)
        assert size, style
        wide = width_of(written, float(size[1]), bold="font-weight: 700" in style) * 72
        anchor = re.search(r"text-anchor: (\w+)", style)
        shift = {"middle": 0.5, "end": 1.0}.get(anchor[1] if anchor else "start", 0.0)
        left = float(text.attrib["x"]) - shift * wide
        assert left >= -1, written
        assert left + wide <= 518.4 + 1, written
