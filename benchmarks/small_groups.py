"""How often a rate ratio of a small category is found where there is none: plain sandwich beside ours.

    python benchmarks/small_groups.py                # 1,000 deliveries a line; a minute or two
    python benchmarks/small_groups.py --write        # and keep the figures in results.md

Nobody's category matters to how often they come; the share of deliveries in which the category, and its variable, is
found to matter at 5 %. Numbers of visits are negative binomial, of 300 people beside a category of few, and of four
categories. « Plain »: H⁻¹ [Σ s s′] H⁻¹ · n / (n − p), normal bounds, χ². « Ours »: `counts.fit_counts`, `effects`.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from keeping import keep
from numpy.typing import NDArray

from etabli.errors import MethodError
from etabli.methods.clusters import Coded
from etabli.methods.counts import CountFit, _back, _Likelihood, _sandwich, _standards, fit_counts
from etabli.methods.effects import ratios, wald
from etabli.methods.logit import Factor

LEVEL = 0.05
SIZES = [(300, 3), (300, 6), (300, 10), (300, 20), (300, 50), (900, 300, 30, 10)]
LAWS = [(2.0, 1.0), (1.5, 0.4), (0.5, 3.0)]
"""Mean and dispersion of the whole law."""


def visits(
    draw: np.random.Generator, people: int, mean: float, alpha: float, *, truncated: bool
) -> NDArray[np.float64]:
    found = np.zeros(people)
    waiting = np.ones(people, dtype=bool)
    while waiting.any():
        number = int(waiting.sum())
        found[waiting] = draw.poisson(draw.gamma(1 / alpha, alpha * mean, number))
        waiting = waiting & truncated & (found == 0)
    return found


def plain(fit: CountFit, y: NDArray[np.float64], design: NDArray[np.float64]) -> CountFit:
    """Return the fit with the covariance that takes slopes as they are, and no degrees of freedom."""
    centre, scale = _standards(design)
    back, width = _back(centre, scale), design.shape[1]
    x = (design - centre) / scale
    theta = np.append(np.linalg.solve(back, fit.coefficients), np.log(fit.dispersion))
    likelihood = _Likelihood(y, x, np.zeros(len(y)), dispersed=True, truncated=fit.truncated)
    found = _sandwich(likelihood, theta, np.zeros(len(y)))
    found *= len(y) ** 2 / ((len(y) - 1) * (len(y) - len(theta)))
    return replace(fit, covariance=back @ found[:width, :width] @ back.T, degrees=np.full(width, 1e9))


def rejections(
    sizes: tuple[int, ...], mean: float, alpha: float, *, truncated: bool, deliveries: int, seed: int
) -> tuple[list[float], int]:
    """Return the shares of false findings (plain and ours: smallest category, variable), and how many had a ratio."""
    of = np.repeat(np.arange(len(sizes)), sizes)
    design = np.column_stack([np.ones(len(of)), *((of == code).astype(float) for code in range(1, len(sizes)))])
    names = tuple(map(str, range(len(sizes))))
    variable = Factor("x", Coded(of, names), np.array(sizes), 0, 1)
    draw, found = np.random.default_rng(seed), []
    for _ in range(deliveries):
        y = visits(draw, len(of), mean, alpha, truncated=truncated)
        if any(np.ptp(y[of == code]) == 0 for code in range(len(sizes))):
            continue
        try:
            fit = fit_counts(y, design, dispersed=True, truncated=truncated)
        except MethodError:
            continue
        both = []
        for each in (plain(fit, y, design), fit):
            last = ratios(variable, each, "ratio").iloc[-1]
            both += [not last["ratio_low"] <= 1 <= last["ratio_high"], wald(variable, each, None).p_value < LEVEL]
        found.append(both)
    return [float(each) for each in np.mean(found, axis=0)], len(found)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--deliveries", type=int, default=1_000)
    asked.add_argument("--write", action="store_true")
    told = asked.parse_args()
    head = (
        "people of the categories",
        "law",
        "plain: category",
        "plain: test",
        "ours: category",
        "ours: test",
        "had a ratio",
    )
    lines: list[tuple[str, ...]] = [head, ("---",) * len(head)]
    for sizes in SIZES:
        for truncated in (True, False):
            each = [
                rejections(sizes, *law, truncated=truncated, deliveries=told.deliveries, seed=20_262) for law in LAWS
            ]
            worst = np.max([shares for shares, _ in each], axis=0)
            lines.append((
                ", ".join(map(str, sizes)), "without zeros" if truncated else "with zeros",
                *(f"{100 * share:.1f} %" for share in worst), f"{min(number for _, number in each):,}",
            ))  # fmt: skip
    text = "\n".join(f"| {' | '.join(each)} |" for each in lines)
    text += (
        f"\n\nThe worst of three laws, {told.deliveries:,} deliveries each. A report gives no ratio under ten people."
    )
    print(text)
    if told.write:
        keep("small-groups", text)


if __name__ == "__main__":
    main()
