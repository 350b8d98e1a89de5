"""Scales, and how their ticks are written."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING

from etabli import french
from etabli.present import theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def ends_of(ends: list[float]) -> tuple[float, float]:
    """Return the ends of a scale that holds all values, and 0: a bar's length is its value."""
    low, top = min([*ends, 0.0]), max([*ends, 0.0])
    return (low, top) if top > low else (0.0, 1.0)


def ratio_scale(axes: Axes, ends: list[float]) -> None:
    """Make the scale logarithmic: half as often stands as far from 1 as twice as often."""
    low, high = min([*ends, 0.8]), max([*ends, 1.25])
    axes.set_xscale("log")
    axes.set_xlim(low / 1.08, high * (high / low) ** 0.12)
    steps = ratio_steps(low / 1.08, high * 1.05)
    axes.set_xticks(steps, [french.number(step, 0 if float(step).is_integer() else 2) for step in steps])
    axes.minorticks_off()
    axes.axvline(1, color=theme.MUTED, linewidth=1.2, zorder=0)


def ratio_steps(low: float, high: float) -> list[float]:
    """Return the ticks of a scale of ratios between two values: half and twice are as far from 1."""
    return [step for step in (0.1, 0.2, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 5, 10) if low <= step <= high]


def tick_text(x: float, percent: bool, span: float) -> str:
    """Return the label of a tick, on a scale of that span."""
    if percent:
        return french.percent(x, 0)
    return french.number(x, 0 if span >= 5 or x == 0 else 1)


def round_ticks(top: float, *, most: int = 4) -> list[float]:
    """Return round steps from 0 to `top`, at most so many beside 0.

    >>> round_ticks(87), round_ticks(0.31)
    ([0.0, 50.0], [0.0, 0.1, 0.2, 0.3])
    """
    power = 10.0 ** floor(log10(top / most))
    step = next(power * each for each in (1, 2, 5, 10) if top / (power * each) <= most)
    return [round(number * step, 9) for number in range(int(top / step + 1e-9) + 1)]


def distances(times: list[str]) -> dict[str, float]:
    """Return the place of each time: years keep their distances, so that a missing one leaves its gap."""
    if all(time.isdigit() for time in times):
        return {time: float(time) for time in times}
    return {time: float(place) for place, time in enumerate(times)}
