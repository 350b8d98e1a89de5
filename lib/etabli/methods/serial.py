"""A linear model of values that follow one another in time, each resembling the one before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from etabli.methods.clusters import Floats

_MOST = 0.95
"""Largest correlation that is looked for: beyond, a series of some sixty values tells nothing of its mean."""


@dataclass(frozen=True)
class SerialFit:
    """A fitted model.

    Parameters
    ----------
    coefficients, covariance
        In the order of the design.
    correlation
        ρ of a value with the one before, from 0 to 0.95: no alternation is looked for.
    degrees
        Of freedom of the variance: values less coefficients.
    """

    coefficients: Floats
    covariance: Floats
    correlation: float
    degrees: int


def fit_serial(y: Floats, design: Floats) -> SerialFit:
    """Fit y = X β + e, e of AR(1), by restricted maximum likelihood (REML) of ρ and generalised least squares of β.

    The likelihood of the residuals alone: that of the whole takes ρ for too small when there are many coefficients, and
    finds effects that are chance.

    Parameters
    ----------
    y
        Values in the order of time (n,).
    design
        n × coefficients, of full rank, fewer than values.

    References
    ----------
    Cooper and Thompson (1977), Biometrika 64, 625–628; Pinheiro and Bates (2000), Mixed-Effects Models in S and S-PLUS,
    section 5.3 (`gls(…, correlation = corAR1())` of R's nlme, of which this is the restricted fit, ρ ≥ 0).

    Examples
    --------
    >>> days = np.arange(40.0)
    >>> fit = fit_serial(3 + 0 * days, np.column_stack([np.ones(40), days]))
    >>> (abs(fit.coefficients) * 1e6).round().tolist(), fit.degrees
    ([3000000.0, 0.0], 38)
    """
    found = optimize.minimize_scalar(lambda rho: -_restricted(rho, y, design)[0], bounds=(0.0, _MOST), method="bounded")
    correlation = max((0.0, float(found.x)), key=lambda rho: _restricted(rho, y, design)[0])
    _, coefficients, left, spread = _restricted(correlation, y, design)
    degrees = len(y) - design.shape[1]
    return SerialFit(coefficients, spread * (left / degrees), correlation, degrees)


def _restricted(rho: float, y: Floats, design: Floats) -> tuple[float, Floats, float, Floats]:
    """Return the restricted log-likelihood but for a constant, β, the sum of squares left, and (X′Σ⁻¹X)⁻¹."""
    x, z = _whitened(design, rho), _whitened(y[:, None], rho)[:, 0]
    spread: Floats = np.linalg.inv(x.T @ x).astype(np.float64)
    coefficients = spread @ (x.T @ z)
    left = max(float(((z - x @ coefficients) ** 2).sum()), np.finfo(float).tiny)
    log_inside = float(np.linalg.slogdet(x.T @ x)[1])
    degrees = len(y) - x.shape[1]
    value = -degrees / 2 * np.log(left) + np.log1p(-(rho**2)) / 2 - log_inside / 2
    return float(value), coefficients, left, spread


def _whitened(values: Floats, rho: float) -> Floats:
    """Return values of which the errors are independent: those of AR(1) less what the one before tells."""
    made = values.astype(float).copy()
    made[1:] -= rho * values[:-1]
    made[0] *= np.sqrt(1 - rho**2)
    return made
