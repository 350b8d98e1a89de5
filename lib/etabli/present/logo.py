"""The house's logo as pages draw it: a small drawing of the theme, held to shapes and colours, beside its name."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from xml.etree import ElementTree as ET

from etabli.errors import DeclarationError
from etabli.present import theme

MOST_BYTES = 20_000
"""It stands in every page."""

SHAPES = {
    "svg": {"viewBox", "width", "height"},
    "g": set(),
    "path": {"d"},
    "rect": {"x", "y", "width", "height", "rx", "ry"},
    "circle": {"cx", "cy", "r"},
    "polygon": {"points"},
    "line": {"x1", "y1", "x2", "y2"},
}
"""Elements that a logo may be made of, each with its own attributes: none of them reads, runs or hides anything."""

PAINT = {"fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "fill-rule", "transform"}
"""Attributes that any of them may have."""

_PLAIN = re.compile(r"(?!.*\b(?:url|image)\b)[\w\s.,()#+-]*", re.ASCII | re.IGNORECASE)
"""What an attribute may be: numbers, letters of a path, a colour; no address, and no quotation mark."""

_MOST_LEVELS = 20
"""Elements within one another: a drawing has a few."""

_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
_BOX = re.compile(rf"-?{_NUMBER}[\s,]+-?{_NUMBER}[\s,]+({_NUMBER})[\s,]+({_NUMBER})")
"""Four numbers: the corner, the width and the height."""

_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Controls, and halves of letters: no page can hold them."""

_SPACE = "{http://www.w3.org/2000/svg}"
_WHERE = "lib/etabli/present/theme.py, LOGO"


def signature() -> str:
    """Return what stands above the title of a page: the house's logo, if it has one, and its name.

    Raises
    ------
    DeclarationError
        The logo is not one that pages may draw.
    """
    return f'<p class="organisation">{drawn(theme.LOGO, theme.LOGO_ALTERNATIVE)}{escape(theme.ORGANISATION)}</p>'


@cache
def drawn(logo: str, alternative: str) -> str:
    """Return a logo as pages draw it, under its alternative text; nothing where there is none.

    Parameters
    ----------
    logo
        An SVG drawing made of `SHAPES`, with a `viewBox`.
    alternative
        What it shows, for those who do not see it.

    Raises
    ------
    DeclarationError
        It is no such drawing, is too large, or has no alternative text.
    """
    given: tuple[object, object] = (logo, alternative)  # theme.py is edited by hand, and nothing checks it there
    if not isinstance(given[0], str):
        raise _refused(f"{type(given[0]).__name__}, non un texte")
    if not logo.strip():
        return ""
    if not isinstance(given[1], str) or not alternative.strip() or _UNWRITABLE.search(alternative):
        raise DeclarationError(
            "Le logo de la maison n’a pas de texte de remplacement.",
            where=f"{_WHERE}_ALTERNATIVE",
            expected="ce qu’il montre, en quelques mots : « Logo de … »",
            got=ascii(alternative)[:40],
        )
    size = len(logo.encode("utf-8", "replace"))
    if size > MOST_BYTES:
        raise _refused(f"{size} octets", expected=f"au plus {MOST_BYTES} octets")
    if "<!" in logo or "<?" in logo:  # entities and styles of elsewhere, before anything reads them
        raise _refused("une déclaration ou un commentaire")
    try:
        root = ET.fromstring(logo)  # noqa: S314  # short, and without a declaration: no entity is left to expand
    except (ET.ParseError, UnicodeError):
        raise _refused("autre chose qu’un dessin SVG") from None
    _hold_levels(root)
    for element in root.iter():
        _hold(element)
    expected = '<svg viewBox="0 0 largeur hauteur">…</svg>, où largeur et hauteur sont des nombres positifs (« 120.5 »)'
    if root.tag.removeprefix(_SPACE) != "svg" or "viewBox" not in root.attrib:
        raise _refused("un dessin sans viewBox", expected=expected)
    box = _BOX.fullmatch(root.attrib["viewBox"].strip())
    if box is None or not all(map(float, box.groups())):
        raise _refused(f'viewBox="{root.attrib["viewBox"][:40]}"', expected=expected)
    return _written(root, f' class="logo" role="img" aria-label="{escape(alternative)}"')


def _hold_levels(root: ET.Element) -> None:
    """Refuse a drawing whose elements stand too deep in one another, level by level: no call goes as deep as they."""
    level = [root]
    for _ in range(_MOST_LEVELS):
        level = [child for element in level for child in element]
    if level:
        raise _refused(f"plus de {_MOST_LEVELS} éléments l’un dans l’autre")


def _hold(element: ET.Element) -> None:
    name = element.tag.removeprefix(_SPACE)
    if name not in SHAPES:
        raise _refused(f"un élément <{name}>")
    if (element.text or "").strip() or (element.tail or "").strip():
        raise _refused(f"du texte dans <{name}>", expected="des formes : tracez les lettres (« convertir en chemins »)")
    for attribute, value in element.attrib.items():
        if attribute not in SHAPES[name] | PAINT or not _PLAIN.fullmatch(value):
            raise _refused(f'{attribute}="{value[:40]}" dans <{name}>')


def _written(element: ET.Element, more: str = "") -> str:
    name = element.tag.removeprefix(_SPACE)
    attributes = "".join(f' {key}="{escape(value)}"' for key, value in element.attrib.items())
    return f"<{name}{attributes}{more}>{''.join(map(_written, element))}</{name}>"


def _refused(got: str, *, expected: str | None = None) -> DeclarationError:
    return DeclarationError(
        "Le logo de la maison ne peut pas être dessiné dans les rapports.",
        where=_WHERE,
        expected=expected or f"un dessin SVG fait de {', '.join(sorted(SHAPES.keys() - {'svg', 'g'}))}",
        got=got,
        hint="ni image (PNG, JPEG), ni script, ni style, ni lien : exportez-le en « SVG simple », lettres tracées",
    )
