"""Intervals of shares and means, people being the independent observations."""

import numpy as np
import pytest
from scipy import stats

from etabli.methods.clusters import Counts, count
from etabli.methods.intervals import mean_interval, row_shares, wilson


def one_row_table(persons, columns, width=2) -> Counts:
    return count(np.asarray(persons), np.zeros(len(persons), dtype=np.int64), np.asarray(columns), (1, width))


# Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_published_values(successes, trials, low, high):
    found = wilson(np.array([float(successes)]), np.array([float(trials)]))
    assert [float(bound[0]) for bound in found] == pytest.approx([low, high], abs=5e-5)


def test_wilson_bounds_reach_zero_and_one_exactly_and_empty_has_none():
    low, high = wilson(np.array([0.0, 7.0, 0.0]), np.array([7.0, 7.0, 0.0]))
    assert low[0] == 0.0
    assert high[1] == 1.0
    assert np.isnan([low[2], high[2]]).all()


def test_row_shares_one_row_a_person_is_wilson():
    found = row_shares(one_row_table(range(29), [1] + [0] * 28))
    assert found.low[0, 1] == pytest.approx(0.0061, abs=5e-5)
    assert found.high[0, 1] == pytest.approx(0.1718, abs=5e-5)


def test_row_shares_clustered_by_hand():
    # Twice three people, (visits in column 0, visits): (2, 2), (1, 2), (0, 1). p = 3/5; residuals 0.8, -0.2, -0.6.
    found = row_shares(one_row_table([1, 1, 2, 2, 3, 4, 4, 5, 5, 6], [0, 0, 0, 1, 1] * 2))
    variance = 6 / 5 * 2 * (0.8**2 + 0.2**2 + 0.6**2) / 10**2
    reach = stats.t.ppf(0.975, 5) * np.sqrt(variance) / (0.6 * 0.4)
    logit = np.log(0.6 / 0.4)
    assert found.share[0, 0] == pytest.approx(0.6)
    assert found.low[0, 0] == pytest.approx(1 / (1 + np.exp(-(logit - reach))))
    assert found.high[0, 0] == pytest.approx(1 / (1 + np.exp(-(logit + reach))))


def test_row_shares_without_variance_is_wilson_on_the_effective_size():
    # (Σm)² / Σm² = 144 / 28 for twice 1, 2 and 3 visits, all in column 0.
    found = row_shares(one_row_table([1, 2, 2, 3, 3, 3, 4, 5, 5, 6, 6, 6], [0] * 12))
    low, _ = wilson(np.array([144 / 28]), np.array([144 / 28]))
    assert found.low[0, 0] == pytest.approx(low[0])
    assert (found.share[0, 0], found.high[0, 0], found.low[0, 1]) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize(("people", "known"), [(4, False), (5, True), (6, True)])
def test_row_shares_of_few_effective_people_have_no_interval(people, known):
    # two visits each: the effective size is the number of people
    found = row_shares(one_row_table(np.repeat(np.arange(people), 2), [0, 1] * people))
    assert found.share[0, 0] == 0.5
    assert (np.isfinite(found.low[0, 0]), np.isfinite(found.high[0, 0])) == (known, known)


def test_row_shares_that_one_person_makes_have_no_interval():
    # a thousand visits of one person, one visit of each of thirty: the sandwich would hold [0.487; 0.501]
    persons = np.concatenate([np.zeros(1000, dtype=int), np.arange(1, 31)])
    found = row_shares(one_row_table(persons, [0, 1] * 500 + [1] * 30))
    assert np.isnan([found.low, found.high]).all()


def test_row_shares_everyone_alike_has_no_interval_of_zero_width():
    found = row_shares(one_row_table(np.repeat(np.arange(5), 2), [0, 1] * 5))
    assert found.high[0, 0] - found.low[0, 0] > 0.5


def test_row_shares_empty_row_is_nan_without_a_warning(recwarn):
    counts = count(np.array([1, 1, 2]), np.array([0, 0, 0]), np.array([0, 1, 1]), (2, 2))
    found = row_shares(counts)
    assert np.isnan([found.share[1], found.low[1], found.high[1]]).all()
    assert not recwarn


@pytest.mark.parametrize("times", [2, 5])
def test_row_shares_rows_repeated_for_everyone_change_nothing(times):
    random = np.random.default_rng(3)
    persons, columns = random.integers(0, 30, 90), random.integers(0, 3, 90)
    once = row_shares(one_row_table(persons, columns, 3))
    repeated = row_shares(one_row_table(np.repeat(persons, times), np.repeat(columns, times), 3))
    np.testing.assert_allclose(repeated.low, once.low)
    np.testing.assert_allclose(repeated.high, once.high)


def test_row_shares_cover_the_process_where_wilson_on_visits_does_not():
    random, repetitions, people = np.random.default_rng(20241), 400, 60
    clustered = naive = 0
    for _ in range(repetitions):
        visits = 1 + random.poisson(2.0, people)
        persons = np.repeat(np.arange(people), visits)
        columns = (random.random(len(persons)) < random.beta(0.6, 0.9, people)[persons]).astype(np.int64)
        counts = one_row_table(persons, columns)
        found = row_shares(counts)
        low, high = wilson(counts.rows[:, 1], counts.rows.sum(axis=1))
        clustered += bool(found.low[0, 1] <= 0.4 <= found.high[0, 1])
        naive += bool(low[0] <= 0.4 <= high[0])
    assert clustered >= stats.binom.ppf(0.001, repetitions, 0.95)
    assert naive < stats.binom.ppf(0.001, repetitions, 0.95)


def test_mean_interval_is_students_on_the_scale_of_logarithms():
    values = np.array([1.0, 2.0, 2.0, 5.0])
    expected = stats.t.interval(0.95, 3, loc=np.log(2.5), scale=stats.sem(values) / 2.5)
    assert mean_interval(values) == pytest.approx(tuple(np.exp(expected)))


def test_mean_interval_of_many_is_near_students():
    values = 1.0 + np.random.default_rng(1).poisson(2, 5000)
    expected = stats.t.interval(0.95, 4999, loc=values.mean(), scale=stats.sem(values))
    assert mean_interval(values) == pytest.approx(expected, rel=1e-3)


def test_mean_interval_that_one_person_makes_is_positive_and_not_under_the_least():
    low, high = mean_interval(np.array([1.0, 1, 1, 1, 1000]), least=1)
    assert 1 <= low < 200.8 < high
    assert mean_interval(np.array([1.0, 1, 2]), least=1)[0] == 1.0


@pytest.mark.parametrize("values", [[], [3.0], [1.0, 1.0, 1.0]])
def test_mean_interval_without_variance_is_unknown(values):
    assert np.isnan(mean_interval(np.array(values))).all()
