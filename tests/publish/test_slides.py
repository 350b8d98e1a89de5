"""Pieces go on slides as far as there is room; what is longer goes over several, whole and in order."""

from __future__ import annotations

import re

import pytest

from etabli.publish.pieces import Piece, pieces_of, text_of
from etabli.publish.slides import ROOM, height, slides_of


def table(*groups: int, notes: int = 0, signs: str = "") -> str:
    """Return a table of groups of rows, as a report writes it."""
    bodies = "".join(
        f'<tbody><tr class="group"><th colspan="2" scope="rowgroup">Groupe {place}</th></tr>'
        + "".join(f'<tr><th scope="row">Ligne {place}.{row}</th><td>{row}</td></tr>' for row in range(size))
        + "</tbody>"
        for place, size in enumerate(groups)
    )
    told = f"<p><b>Signes :</b> {signs}</p>" if signs else ""
    told += "".join(f"<p><b>Note :</b> {'mot ' * 30}{place}</p>" for place in range(notes))
    under = f'<div class="notes">{told}</div>' if told else ""
    return (
        '<div class="table" id="tableau-1"><div aria-label="Tableau 1" class="scroll" role="region" tabindex="0">'
        '<table><caption><b>Tableau 1.</b> Titre</caption><thead><tr><th scope="col">Ligne</th><th scope="col">Nombre'
        f"</th></tr></thead>{bodies}</table></div>{under}</div>"
    )


def shown(*html: str) -> list[str]:
    return [each.html for each in slides_of([pieces_of("".join(html))])]


def rows(slides: list[str]) -> list[str]:
    return re.findall(r"Ligne \d+\.\d+", "".join(slides))


def test_short_table_stands_under_its_heading_and_words_to_the_letter() -> None:
    html = "<h2>Un constat</h2><p>Une phrase.</p>" + table(5, notes=2)
    assert len(shown(html)) == 1
    assert table(5, notes=2) in shown(html)[0]


@pytest.mark.parametrize("groups", [(60,), (8, 8, 8, 8), (3, 40, 3), (1,) * 30])
@pytest.mark.parametrize("notes", [0, 3, 14])
def test_long_table_goes_over_several_slides_each_row_once_and_in_order(groups: tuple[int, ...], notes: int) -> None:
    html = table(*groups, notes=notes, signs="s : secret")
    slides = shown("<h2>Un constat</h2>" + html)
    assert rows(slides) == rows([html])
    parts = [each for each in slides if "<table>" in each]
    assert len(parts) > 1
    told = "".join(slides)
    assert re.findall(r"\((\d+) sur \d+\)</caption>", told) == [str(place + 1) for place in range(len(parts))]
    assert len(set(re.findall(r'aria-label="([^"]*)"', told))) == len(parts)
    assert told.count('id="tableau-1"') == 1
    assert all('<tbody><tr class="group">' in each and "Signes" in told for each in parts)
    assert told.count("<b>Note :</b>") == notes


@pytest.mark.parametrize("groups", [(60,), (8, 8, 8, 8), (3, 40, 3), (1,) * 30])
def test_no_slide_is_higher_than_its_room(groups: tuple[int, ...]) -> None:
    for slide in slides_of([pieces_of("<h2>Un constat</h2><p>Phrase.</p>" + table(*groups, notes=4, signs="s"))]):
        assert sum(map(height, slide.pieces)) <= ROOM


def test_parts_of_a_table_are_about_as_long_as_each_other() -> None:
    numbers = [len(rows([each])) for each in shown(table(26))]
    assert len(numbers) == 2
    assert max(numbers) - min(numbers) <= 2


def test_long_list_and_many_paragraphs_go_over_several_slides() -> None:
    html = "<h2>Un constat</h2><ul>" + "".join(f"<li>{'mot ' * 40}{place}.</li>" for place in range(20)) + "</ul>"
    html += "".join(f"<p>{'mot ' * 90}{place}.</p>" for place in range(12))
    slides = shown(html)
    assert len(slides) > 3
    assert re.findall(r"\d+\.", "".join(slides)) == re.findall(r"\d+\.", html)
    assert all(each.count("<ul>") == each.count("</ul>") for each in slides)


def test_short_end_of_a_section_takes_words_of_the_slide_before() -> None:
    words = [f"<p>{'mot ' * 130}{place}.</p>" for place in range(4)] + ["<p>Une ligne.</p>"]
    slides = shown("<h2>Un constat</h2>", *words)
    assert len(slides) == 2
    assert slides[1].count("<p>") > 1
    assert "".join(re.findall(r"<p>.*</p>", "".join(slides))) == "".join(words)


def test_heading_begins_a_slide_and_two_displays_never_share_one() -> None:
    figure = '<figure id="figure-{0}"><figcaption>F</figcaption><div class="drawing"><svg></svg></div></figure>'
    slides = shown("<h2>A</h2>", figure.format(1), figure.format(2), "<h3>B</h3><p>C</p>")
    assert [text_of(each) for each in slides] == ["A F", "F", "B C"]


@pytest.mark.parametrize(("kind", "beside"), [("drawing", False), ("drawing tall", True)])
def test_notes_stand_beside_a_tall_figure(kind: str, beside: bool) -> None:
    figure = f'<figure><figcaption>F</figcaption><div class="{kind}"><svg viewbox="0 0 518 300"></svg></div></figure>'
    assert ('class="slide beside"' in shown(figure)[0]) is beside


def test_key_figures_share_a_row_by_three() -> None:
    key = '<div class="key-figure"><p class="number">1</p><p class="label">visites</p></div>'
    assert len(shown("<h2>A</h2>", key * 9)) == 1
    assert len(shown("<h2>A</h2>", key * 40)) > 1


def test_piece_of_another_shape_is_not_taken_apart() -> None:
    piece = Piece("table", "", "", "<table><tr><td>Un</td></tr></table>")
    assert shown(piece.html) == [f'<div class="slide">\n{piece.html}\n</div>']
