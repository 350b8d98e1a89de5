"""What all figures are drawn on, and how they become inline SVG."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from etabli.present import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 7.2
"""Inches: the width of the text column."""

TALL = 0.75
"""Height by width from which a drawing is too small to read where a wide one has its room."""

_SIZES = re.compile(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"|width="([\d.]+)" height="([\d.]+)"')


@contextmanager
def styled(name: str) -> Iterator[None]:
    """Set the house's style, and nothing else, while a figure is made and written."""
    import matplotlib as mpl
    import seaborn as sns

    style = sns.axes_style(
        "whitegrid",
        {"grid.color": theme.GRID, "axes.edgecolor": theme.GRID, "text.color": theme.INK, "axes.labelcolor": theme.INK,
         "xtick.color": theme.INK, "ytick.color": theme.INK, "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"]},
    )  # fmt: skip
    with mpl.rc_context():
        mpl.rcdefaults()  # what a notebook, or a matplotlibrc, sets is in no address, and no part of the house's style
        mpl.rcParams.update(
            {
                **style,
                "svg.fonttype": "none",
                "svg.hashsalt": name,
                "font.size": 9,
                "axes.unicode_minus": True,
                "text.parse_math": False,
            }
        )
        yield


def svg_of(figure: Figure, name: str, alternative: str) -> str:
    """Return the drawing as inline SVG: no prologue, no metadata, its own identifiers, a name."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    # not `savefig`, which draws once for the layout and again for the file: drawing does the layout
    FigureCanvasSVG(figure).print_svg(out, metadata=nothing)  # type: ignore[no-untyped-call]  # matplotlib
    svg = out.getvalue()[out.getvalue().index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace('id="matplotlib.', 'id="')
    svg = re.sub(r'(id="|url\(#|xlink:href="#|href="#)', rf"\g<1>{name}-", svg)
    title = f"<title>{escape(alternative)}</title>"
    return re.sub(r"<svg ([^>]*)>", rf'<svg role="img" \1>{title}', svg, count=1)


def img_of(figure: Figure, alternative: str) -> str:
    """Return the drawing as an image within the page: pixels, no metadata, and its alternative text."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(_DOTS)
    out = BytesIO()
    FigureCanvasAgg(figure).print_png(out, metadata={"Software": None})  # type: ignore[no-untyped-call]  # matplotlib
    wide, high = (round(inches * 100) for inches in figure.get_size_inches())
    told = b64encode(out.getvalue()).decode("ascii")
    return f'<img alt="{escape(alternative)}" width="{wide}" height="{high}" src="{_PIXELS}{told}">'


def is_tall(element: str) -> bool:
    """Whether a drawing, as `svg_of` or `img_of` writes it, is higher than a page has room for beside its text.

    >>> is_tall('<svg viewBox="0 0 518.4 500" />'), is_tall('<img alt="x" width="720" height="360" src="">')
    (True, False)
    """
    found = _SIZES.search(element)
    if found is None:
        return False
    wide, high = (float(each) for each in found.groups() if each is not None)
    return high > TALL * wide


def pixels_in(element: str) -> bytes | None:
    """Return the PNG file that an element of `img_of` holds; None for another element."""
    _, found, told = element.partition(f'src="{_PIXELS}')
    return b64decode(told.partition('"')[0]) if found else None


_PIXELS = "data:image/png;base64,"
_DOTS = 180
"""Dots an inch: sharp on paper in the width of a column."""
