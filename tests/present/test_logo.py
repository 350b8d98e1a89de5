"""The logo of the house: shapes and colours, under words; never what reads, runs, or hides."""

from __future__ import annotations

from typing import Any

import pytest

from etabli.errors import DeclarationError
from etabli.present import theme
from etabli.present.logo import MOST_BYTES, drawn, signature


def svg(inner: str, more: str = "") -> str:
    return f'<svg viewBox="0 0 10 10"{more}>{inner}</svg>'


def test_logo_is_drawn_under_its_words_before_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme, "ORGANISATION", "Nous & <vous>")
    monkeypatch.setattr(theme, "LOGO", svg('<path d="M0 0h10v10z" fill="#0b5c7a"/>'))
    monkeypatch.setattr(theme, "LOGO_ALTERNATIVE", 'Une « maison »"')
    assert signature() == (
        '<p class="organisation"><svg viewBox="0 0 10 10" class="logo" role="img" aria-label="Une « maison »&quot;">'
        '<path d="M0 0h10v10z" fill="#0b5c7a"></path></svg>Nous &amp; &lt;vous&gt;</p>'
    )


def test_house_without_a_logo_has_its_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme, "LOGO", "")
    assert "<svg" not in signature()


def test_file_of_a_drawing_program_is_taken_with_its_namespace() -> None:
    logo = svg('<g transform="translate(1,2)"><circle cx="5" cy="5" r="4"/></g>', ' xmlns="http://www.w3.org/2000/svg"')
    assert drawn(logo, "Un rond").count("circle") == 2


@pytest.mark.parametrize(
    "logo",
    [
        svg("<script>alert(1)</script>"),
        svg('<path d="M0 0" onload="alert(1)"/>'),
        svg('<image href="https://example.org/a.png"/>'),
        svg('<use href="#x"/>'),
        svg("<foreignObject><p>x</p></foreignObject>"),
        svg("<style>path { fill: red }</style>"),
        svg("<text>APRAS</text>"),
        svg('<path d="M0 0" fill="url(#a)"/>'),
        svg('<path d="M0 0" style="fill:red"/>'),
        svg('<path d="M0 0" fill="javascript:x"/>'),
        svg("mots"),
        svg("", ' onload="x"'),
        '<svg><path d="M0 0"/></svg>',
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + svg(""),
        '<?xml-stylesheet href="a.css"?>' + svg(""),
        "<p>logo</p>",
        "\x89PNG",
        "data:image/png;base64,iVBORw0KGgo=",
        svg(f'<path d="{"M0 0" * MOST_BYTES}"/>'),
        svg("<g>" * 21 + "</g>" * 21),
        svg("<g>" * 2_400 + "</g>" * 2_400),
        svg('<path d="M0 0" fill="\ud800"/>'),
        '<svg viewBox="0 0 0 10"><path d="M0 0"/></svg>',
        '<svg viewBox="0 0 nan 10"><path d="M0 0"/></svg>',
        '<svg viewBox="0 0 -4 10"><path d="M0 0"/></svg>',
        '<svg viewBox="0 0 1e9 10"><path d="M0 0"/></svg>',
    ],
)
def test_what_is_no_plain_drawing_is_refused(logo: str) -> None:
    with pytest.raises(DeclarationError) as error:
        drawn(logo, "Logo")
    assert "theme.py, LOGO" in str(error.value)
    assert error.value.hint is not None
    assert "SVG simple" in error.value.hint


@pytest.mark.parametrize("alternative", [" ", "Logo \ud800", "Logo \x07", "Logo\nde la maison", None])
def test_logo_without_words_that_a_page_can_hold_is_refused(alternative: Any) -> None:
    with pytest.raises(DeclarationError, match="texte de remplacement"):
        drawn(svg('<path d="M0 0"/>'), alternative)


@pytest.mark.parametrize("logo", [None, b"<svg/>", 5])
def test_logo_that_is_no_text_is_refused(logo: Any) -> None:
    with pytest.raises(DeclarationError, match="ne peut pas être dessiné") as error:
        drawn(logo, "Logo")
    assert error.value.got == f"{type(logo).__name__}, non un texte"


@pytest.mark.parametrize("box", ["0 0 .5 10", "0 0 1e2 10", "0 0 10", "0 0 10px 10px", "0 0 -4 10"])
def test_odd_viewbox_is_named_as_it_was_written(box: str) -> None:
    with pytest.raises(DeclarationError) as error:
        drawn(f'<svg viewBox="{box}"><path d="M0 0"/></svg>', "Logo")
    assert error.value.got == f'viewBox="{box}"'
    assert "nombres positifs" in str(error.value)
