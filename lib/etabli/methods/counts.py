"""Count models: Poisson and negative binomial (NB2), whole or without zeros, by maximum likelihood.

Who never came is not in a file of visits: numbers of visits then follow a law without its zero. statsmodels has these
models (`discrete.truncated_model`) with numeric derivatives; those of a file take it seconds, with the exact ones
milliseconds, which 400 simulated deliveries need. Both are held to one another in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from etabli.errors import MethodError

Floats = NDArray[np.float64]

_LEAST, _MOST = -12.0, 6.0
"""Of log α: below, the law is Poisson's to nine digits; beyond, it has no mean that a file would show."""

_FLAT = 1e-5
"""Largest slope of the log-likelihood, for each person and standard unit, at which it is at its top."""

_ALONE = 0.999
"""Largest leverage: who has one of 1 is a category of their own, and nothing tells them from it."""

_FAR = 700.0
"""Largest number whose exponential is still one; far from any estimate, but a search may pass there."""

_STEP = 1e-4
"""Between two slopes of which a curvature is made."""


@dataclass(frozen=True)
class CountFit:
    """A fitted count model.

    Parameters
    ----------
    coefficients
        Of log μ, in the design's order: μ is the mean of the whole law, zeros included.
    dispersion
        α of NB2, variance μ + α μ²; 0 for Poisson.
    dispersion_error
        Standard error of log α; NaN for Poisson, and where α is at its bound.
    log_likelihood
        At the estimate.
    covariance
        Of the coefficients (sandwich, bias-reduced: true even where the variance is not the model's).
    degrees
        Of freedom of each coefficient's variance, 1 at least: about the people of a category but one.
    truncated
        Whether zeros are not in the data.
    """

    coefficients: Floats
    dispersion: float
    dispersion_error: float
    log_likelihood: float
    covariance: Floats
    degrees: Floats
    truncated: bool

    def dispersion_of(self, y: Floats, mean: float) -> tuple[float, float]:
        """Return Pearson's dispersion of counts of one mean, and how far it is from 1, in standard errors.

        Mean of (y − m)² / v over the people, m and v being of the law without its zero where it has none. Under the
        law, its mean fitted to them, its variance is (κ − 1 − γ²) / n, κ the kurtosis and γ the skewness.
        """
        most = int(max(y.max(), mean + 40 * np.sqrt(mean * (1 + self.dispersion * mean)) + 40))
        numbers = np.arange(int(self.truncated), most + 1)
        weights = self.probabilities(np.array([mean]), numbers)[0]
        first = float(weights @ numbers)
        variance = float(weights @ (numbers - first) ** 2)
        standard = (numbers - first) / np.sqrt(variance)
        spread = float(weights @ standard**4 - 1 - (weights @ standard**3) ** 2)
        dispersion = float(((y - first) ** 2).mean()) / variance
        return dispersion, (dispersion - 1) * float(np.sqrt(len(y) / spread))

    def probabilities(self, mean: Floats, numbers: NDArray[np.int64]) -> Floats:
        """Return P(Y = y) by person and number (people × numbers), among those who are in the data."""
        y, mu = numbers.astype(float)[None, :], mean[:, None]
        if self.dispersion > 0:
            log_p = _log_nb2(y, mu, np.log(self.dispersion))
            log_none = _log_no_visit(mean, np.log(self.dispersion))
        else:
            log_p, log_none = y * np.log(mu) - mu - special.gammaln(y + 1), -mean
        return np.asarray(np.exp(log_p) / (-np.expm1(log_none)[:, None] if self.truncated else 1.0), dtype=float)


def fit_counts(
    y: Floats, design: Floats, *, dispersed: bool, truncated: bool, offset: Floats | None = None
) -> CountFit:
    """Fit log μ = X β (+ offset) to counts of independent people.

    Parameters
    ----------
    y
        A count a person (people,), 1 at least when `truncated`.
    design
        People × coefficients, the constant in the first column.
    dispersed
        NB2, whose variance is μ + α μ²; else Poisson.
    truncated
        The law without its zero.
    offset
        log of the exposure: days of right in the period.

    Raises
    ------
    MethodError
        The columns of the design repeat one another, there are not more people than coefficients, no count is above
        the least, or the likelihood has no top.

    References
    ----------
    Cameron and Trivedi (2013), Regression Analysis of Count Data, 2nd edition, sections 3.3 and 4.3; Bell and McCaffrey
    (2002), Survey Methodology 28, 169–181; MacKinnon and White (1985), Journal of Econometrics 29, 305–325 (HC3).
    """
    _hold(y, design, truncated=truncated)
    shift = np.zeros(len(y)) if offset is None else offset
    centre, scale = _standards(design)
    x = (design - centre) / scale
    start = np.zeros(x.shape[1])
    start[0] = np.log(y.mean()) - float(np.average(shift))
    poisson = _maximise(_Likelihood(y, x, shift, dispersed=False, truncated=truncated), start)
    if dispersed:
        likelihood = _Likelihood(y, x, shift, dispersed=True, truncated=truncated)
        found = _maximise(likelihood, np.append(poisson, 0.0))
    else:
        likelihood, found = _Likelihood(y, x, shift, dispersed=False, truncated=truncated), poisson
    weights = likelihood.weights(found)
    covariance = _sandwich(likelihood, found, _leverage(x, weights))
    back = _back(centre, scale)
    width = x.shape[1]
    log_alpha = found[width] if dispersed else -np.inf
    inside = dispersed and _LEAST + _STEP < log_alpha < _MOST - _STEP
    return CountFit(
        coefficients=back @ found[:width],
        dispersion=float(np.exp(log_alpha)) if dispersed else 0.0,
        dispersion_error=float(np.sqrt(covariance[width, width])) if inside else float("nan"),
        log_likelihood=likelihood.value(found),
        covariance=back @ covariance[:width, :width] @ back.T,
        degrees=_degrees(design, weights),
        truncated=truncated,
    )


@dataclass(frozen=True)
class _Likelihood:
    y: Floats
    x: Floats
    shift: Floats
    dispersed: bool
    truncated: bool

    def value(self, theta: Floats) -> float:
        mean, tau = self._parts(theta)
        if self.dispersed:
            each, log_none = _log_nb2(self.y, mean, tau), _log_no_visit(mean, tau)
        else:
            each, log_none = self.y * np.log(mean) - mean - special.gammaln(self.y + 1), -mean
        if self.truncated:
            each = each - np.log(-np.expm1(log_none))
        return float(each.sum())

    def slopes(self, theta: Floats) -> Floats:
        """Return the derivative of each person's log-likelihood (people × parameters)."""
        mean, tau = self._parts(theta)
        if not self.dispersed:
            by_mean = self.y - mean
            if self.truncated:
                by_mean -= mean / np.expm1(np.minimum(mean, _FAR))
            return np.asarray(by_mean[:, None] * self.x, dtype=float)
        size = np.exp(-tau)
        share = mean / (size + mean)
        log_one = np.log1p(-share)
        by_mean = (self.y - mean) * (1 - share)
        by_size = special.digamma(self.y + size) - special.digamma(size) + log_one + 1 - (size + self.y) / (size + mean)
        if self.truncated:
            odds = 1 / np.expm1(np.minimum(-size * log_one, _FAR))  # of not coming
            by_mean -= odds * size * share
            by_size += odds * (log_one + share)
        return np.column_stack([by_mean[:, None] * self.x, -size * by_size])

    def weights(self, theta: Floats) -> Floats:
        """Return the information that each person holds on their log μ: the variance of its slope, by the law."""
        mean, tau = self._parts(theta)
        alpha = np.exp(tau) if self.dispersed else 0.0
        variance = mean + alpha * mean**2
        if self.truncated:
            log_none = _log_no_visit(mean, tau) if self.dispersed else -mean
            came = -np.expm1(log_none)
            variance = (variance + mean**2) / came - (mean / came) ** 2
        return np.asarray(variance / (1 + alpha * mean) ** 2, dtype=float)

    def _parts(self, theta: Floats) -> tuple[Floats, float]:
        width = self.x.shape[1]
        linear = np.clip(self.x @ theta[:width] + self.shift, -30, 30)
        return np.exp(linear), float(np.clip(theta[width], _LEAST, _MOST)) if self.dispersed else 0.0


def _log_nb2(y: Floats, mean: Floats, tau: float) -> Floats:
    size = np.exp(-tau)
    ways = special.gammaln(y + size) - special.gammaln(size) - special.gammaln(y + 1)
    return np.asarray(ways + _log_no_visit(mean, tau) + y * np.log(mean / (size + mean)), dtype=float)


def _log_no_visit(mean: Floats, tau: float) -> Floats:
    size = np.exp(-tau)
    return np.asarray(-size * np.log1p(mean / size), dtype=float)


def _maximise(likelihood: _Likelihood, start: Floats) -> Floats:
    people = len(likelihood.y)
    bounds = [(None, None)] * likelihood.x.shape[1] + ([(_LEAST, _MOST)] if likelihood.dispersed else [])
    found = optimize.minimize(
        lambda theta: -likelihood.value(theta) / people,
        start,
        jac=lambda theta: -likelihood.slopes(theta).sum(axis=0) / people,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "gtol": _FLAT / 10, "ftol": 1e-14},
    )
    theta = np.asarray(found.x, dtype=float)
    slope = likelihood.slopes(theta).mean(axis=0)
    if likelihood.dispersed and not _LEAST < theta[-1] < _MOST:
        slope[-1] = 0.0  # at its bound: Poisson, or no mean to speak of
    if not np.isfinite(found.fun) or np.abs(slope).max() > _FLAT:
        raise MethodError(
            "Le modèle de comptage n’a pas trouvé d’estimation.",
            expected="une vraisemblance qui a un sommet",
            hint="regroupez les modalités rares, ou retirez une variable",
        )
    return theta


def _leverage(x: Floats, weights: Floats) -> Floats:
    """Return how much of each person's fitted log μ is their own number (people,), below 1."""
    spread = np.linalg.pinv((x * weights[:, None]).T @ x, hermitian=True)
    return np.asarray(np.clip(np.einsum("ij,jk,ik->i", x, spread, x) * weights, 0.0, _ALONE), dtype=float)


def _degrees(design: Floats, weights: Floats) -> Floats:
    """Return the degrees of freedom of each coefficient's variance, a sum of squares of which few may be large.

    Satterthwaite's, under the model: (Σ a)² / Σ a² − 1, a the variance that each person brings (Bell and McCaffrey).
    """
    spread = np.linalg.pinv((design * weights[:, None]).T @ design, hermitian=True)
    brought = (design @ spread) ** 2 * weights[:, None]
    return np.asarray(np.maximum(brought.sum(axis=0) ** 2 / (brought**2).sum(axis=0) - 1, 1.0), dtype=float)


def _sandwich(likelihood: _Likelihood, theta: Floats, leverage: Floats) -> Floats:
    """Return the covariance (n − 1)/n · H⁻¹ [Σ u u′] H⁻¹, H from differences of exact slopes, u = s / (1 − leverage).

    As if each person were left out in turn (HC3): the slopes of who weighs on a coefficient are too small, and the
    intervals of categories of few people too short.
    """
    people, width = len(likelihood.y), len(theta)
    curvature = np.empty((width, width))
    for place in range(width):
        step = np.zeros(width)
        step[place] = _STEP
        above, below = likelihood.slopes(theta + step).sum(axis=0), likelihood.slopes(theta - step).sum(axis=0)
        curvature[place] = (above - below) / (2 * _STEP)
    bread = np.linalg.pinv(-(curvature + curvature.T) / 2, hermitian=True)
    slopes = likelihood.slopes(theta) / (1 - leverage)[:, None]
    return np.asarray(bread @ (slopes.T @ slopes) @ bread * (people - 1) / people, dtype=float)


def _standards(design: Floats) -> tuple[Floats, Floats]:
    """Return what each column is centred on and divided by; the constant stays as it is."""
    centre, scale = design.mean(axis=0), design.std(axis=0)
    centre[0], scale[0] = 0.0, 1.0
    return centre, scale


def _back(centre: Floats, scale: Floats) -> Floats:
    """Return the matrix that takes standardised coefficients to those of the design."""
    matrix = np.diag(1 / scale)
    matrix[0, 1:] = -centre[1:] / scale[1:]
    return np.asarray(matrix, dtype=float)


def _hold(y: Floats, design: Floats, *, truncated: bool) -> None:
    least = 1 if truncated else 0
    if len(y) <= design.shape[1] + 1:
        raise MethodError(
            "Il n’y a pas assez de personnes pour ce modèle de comptage.",
            expected=f"plus de {design.shape[1] + 1}",
            got=str(len(y)),
            hint="retirez une variable, ou élargissez le champ",
        )
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise MethodError(
            "Une variable du modèle de comptage se déduit des autres.", hint="retirez-la, ou regroupez ses modalités"
        )
    if y.min() < least or y.max() <= least:
        raise MethodError(
            "Aucune personne n’est venue plus d’une fois : il n’y a pas de fréquence à comparer."
            if truncated
            else "Aucun nombre de visites ne dépasse 0 : il n’y a pas de fréquence à comparer.",
            expected=f"des nombres d’au moins {least}, dont l’un est plus grand",
        )
