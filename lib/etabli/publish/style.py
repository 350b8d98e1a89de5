"""The style of every page: the house's colours, light and dark, before the rules that use them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from etabli.present import theme


@cache
def style() -> str:
    """Return the style sheet of a page: dark where the reader's screen asks for it, never on paper."""
    rules = files("etabli.publish").joinpath("template/report/report.css").read_text(encoding="utf-8")
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {_colours(theme.PAGE['dark'])} }}"
    printed = rules.replace("MUTED", theme.PAGE["light"]["muted"])  # the margins of a page know no variable
    return f"{_colours(theme.PAGE['light'])}\n{dark}\n{printed}"


def _colours(colours: Mapping[str, str]) -> str:
    return f":root {{ {' '.join(f'--{name}: {colour};' for name, colour in colours.items())} }}"
