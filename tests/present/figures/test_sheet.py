"""Texts are measured, hatches are lines, legends stay on the page."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from etabli.present.figures.canvas import WIDTH, styled, svg_of
from etabli.present.figures.sheet import LINE, Sheet, Swatch, _places, height_of_legend, width_of, wrapped


def test_text_grows_with_its_letters() -> None:
    assert width_of("Accueil tout venant") < width_of("Accueil tout venant", bold=True)
    assert width_of("MM", 10) == 2 * width_of("M", 10) == 4 * width_of("M", 5)


@given(st.lists(st.text("abcdeé", min_size=1, max_size=9), min_size=1, max_size=12), st.floats(0.2, 3))
def test_wrapped_text_loses_no_word_and_fits(words: list[str], width: float) -> None:
    lines = wrapped(" ".join(words), width)
    assert " ".join(lines).split() == words
    assert all(width_of(line) <= width or " " not in line for line in lines)
    assert all(width_of(f"{one} {two.split()[0]}") > width for one, two in pairwise(lines))


def test_legend_takes_a_line_more_rather_than_leave_the_page() -> None:
    swatches = [Swatch("une classe au nom assez long") for _ in range(4)]
    places = _places(swatches, 0.1)
    assert {top for _, top in places} == {0.0, LINE}
    assert all(left + width_of(each.label, 7.5) < WIDTH for (left, _), each in zip(places, swatches, strict=True))
    assert height_of_legend(swatches, 0.1) == 2 * LINE
    assert height_of_legend([], 0.1) == 0


def test_hatch_is_made_of_lines_within_its_box() -> None:
    with styled("f"):
        sheet = Sheet(1.0)
        sheet.hatch(1.0, 0.2, 0.5, 0.3)
        corners = sheet.axes.patches[-1].get_path().vertices
        svg = svg_of(sheet.figure, "f", "x")
    assert "pattern" not in svg
    assert len(corners) > 10
    assert corners[:, 0].min() >= 1.0
    assert corners[:, 0].max() <= 1.5
    assert corners[:, 1].min() >= 0.2 - 1e-12
    assert corners[:, 1].max() <= 0.5 + 1e-12
