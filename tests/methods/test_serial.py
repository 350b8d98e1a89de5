"""A linear model of values that resemble the one before."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from etabli.methods.serial import fit_serial


def series(rho: float, seed: int, length: int = 80) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    errors = draw.normal(size=length)
    for place in range(1, length):
        errors[place] = rho * errors[place - 1] + np.sqrt(1 - rho**2) * errors[place]
    design = np.column_stack([np.ones(length), np.arange(length) % 5 == 0, np.arange(length) >= 40]).astype(float)
    return design @ [2.0, 1.0, -0.5] + errors, design


@pytest.mark.parametrize(("rho", "seed"), [(0.0, 1), (0.3, 2), (0.6, 3)])
def test_correlation_is_at_the_top_of_the_restricted_likelihood(rho: float, seed: int) -> None:
    """Written with the whole covariance, as Patterson and Thompson do: the density of K′y, K orthogonal to X."""
    y, design = series(rho, seed)
    apart = np.linalg.svd(design)[0][:, design.shape[1] :]
    distance = np.abs(np.subtract.outer(np.arange(len(y)), np.arange(len(y))))

    def less(theta: np.ndarray) -> float:
        sigma = np.exp(theta[1]) * theta[0] ** distance
        return -float(stats.multivariate_normal(cov=apart.T @ sigma @ apart).logpdf(apart.T @ y))

    top = optimize.minimize(less, [0.2, 0.0], bounds=[(1e-9, 0.95), (-5, 5)])
    assert fit_serial(y, design).correlation == pytest.approx(top.x[0], abs=2e-3)


def test_values_that_alternate_have_no_correlation() -> None:
    y = 3.0 + np.tile([1.0, -1.0], 30) + np.random.default_rng(0).normal(scale=0.1, size=60)
    assert fit_serial(y, np.ones((60, 1))).correlation == 0.0


def test_independent_values_are_ordinary_least_squares() -> None:
    y = 3.0 + np.tile([1.0, -1.0], 30)
    fit = fit_serial(y, np.ones((60, 1)))
    assert fit.coefficients[0] == pytest.approx(3.0)
    assert fit.covariance[0, 0] == pytest.approx(y.var(ddof=1) / 60)
