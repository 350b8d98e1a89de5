"""Places drawn by their outlines: hatches stay within them, borders are shared, texts stand where there is room."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from etabli.present.figures.canvas import WIDTH, styled, svg_of
from etabli.present.figures.ground import Ground, Tile
from etabli.present.figures.shapes import Outlines, _area, _centre, _hatches, _without_repeats
from etabli.present.figures.sheet import Sheet

SQUARE = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5), (0.0, 0.0))
BESIDE = ((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5), (0.5, 0.0))
WITHIN = ((0.1, 0.1), (0.2, 0.1), (0.2, 0.2), (0.1, 0.2), (0.1, 0.1))
DUST = ((0.7, 0.7), (0.7001, 0.7), (0.7001, 0.7001), (0.7, 0.7001), (0.7, 0.7))


def ground(**rings: tuple[tuple[float, float], ...]) -> Ground:
    tiles = tuple(Tile(code, code.capitalize(), outlines=(ring,)) for code, ring in rings.items())
    return Ground("ville", "La ville", "lieu", "lieux", "Ville", tiles, 10.0)


def test_neighbours_share_the_corners_of_their_border() -> None:
    outlines = Outlines(ground(a=SQUARE, b=BESIDE))
    one, two = (set(outlines.rings[code][0]) for code in "ab")
    assert len(one & two) == 2
    assert min(x for x, _ in one) == pytest.approx(0.1, abs=0.01)
    assert max(x for x, _ in two) == pytest.approx(WIDTH - 0.1, abs=0.01)


def test_high_ground_is_made_narrower() -> None:
    high = ((0.0, 0.0), (1.0, 0.0), (1.0, 4.0), (0.0, 4.0), (0.0, 0.0))
    assert Outlines(ground(a=high)).height == pytest.approx(6)


def test_place_within_another_is_drawn_upon_it() -> None:
    outlines = Outlines(ground(within=WITHIN, around=SQUARE))
    assert [tile.code for tile in outlines.in_order(ground(within=WITHIN, around=SQUARE).tiles)] == ["around", "within"]


def test_part_too_small_to_be_seen_is_left_out() -> None:
    outlines = Outlines(ground(a=SQUARE, dust=DUST))
    assert outlines.rings["dust"] == ()
    assert outlines.middle("dust") == (0.0, 0.0, 0.0)


def test_hatches_stay_within_the_place_and_out_of_its_bay() -> None:
    bay = ((0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (2.0, 3.0), (2.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 3.0), (0.0, 0.0))
    ends = list(_hatches([bay]))
    assert len(ends) > 40
    assert len(ends) % 2 == 0
    for (x, y), (a, b) in zip(ends[::2], ends[1::2], strict=True):
        assert x + y == pytest.approx(a + b)
        middle = ((x + a) / 2, (y + b) / 2)
        assert not (1.001 < middle[0] < 1.999 and middle[1] > 1.001)


def test_corners_on_a_line_are_left_out() -> None:
    assert _without_repeats([(0, 0), (0, 0), (1, 0), (2, 0), (2, 1), (0, 0)]) == ((0, 0), (2, 0), (2, 1), (0, 0))


def test_centre_and_area_of_a_square() -> None:
    assert abs(_area(SQUARE)) == pytest.approx(0.25)
    assert _centre(SQUARE) == pytest.approx((0.25, 0.25))


def test_scale_bar_is_as_long_as_its_kilometres() -> None:
    with styled("f"):
        outlines, sheet = Outlines(ground(a=SQUARE, b=BESIDE)), Sheet(1.0)
        outlines.scale_bar(sheet, 0.5)
        corners = sheet.axes.patches[-1].get_path().vertices
        svg = svg_of(sheet.figure, "f", "x")
    assert corners[:, 0].max() - corners[:, 0].min() == pytest.approx(outlines.kilometre)
    assert "1\u00a0km" in {each.text for each in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}


@pytest.mark.parametrize(("text", "written"), [("12", True), ("1" * 90, False)])
def test_text_is_written_where_it_fits(text: str, written: bool) -> None:
    with styled("f"):
        sheet = Sheet(4.0)
        Outlines(ground(a=SQUARE, b=BESIDE)).write(sheet, "a", "A", text, colour="black")
        assert bool(sheet.axes.texts) is written
