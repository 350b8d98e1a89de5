"""Tests of association, plain and clustered."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from etabli.methods.association import (
    FEWEST_PEOPLE_NOTE,
    PEARSON,
    RAO_SCOTT,
    adjust,
    holm,
    independence_test,
    pearson_statistic,
)
from etabli.methods.clusters import Counts, count
from etabli.methods.results import Test


def from_table(table) -> Counts:
    """One person a row, as many as the table says."""
    table = np.asarray(table)
    row, column = np.indices(table.shape)
    rows, columns = np.repeat(row.ravel(), table.ravel()), np.repeat(column.ravel(), table.ravel())
    return count(np.arange(len(rows)), rows, columns, table.shape)


def clustered(seed=5, people=80, height=3, width=3, more_visits=2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    persons = np.repeat(np.arange(people), 1 + random.poisson(more_visits, people))
    group = random.integers(0, height, people)[persons]
    habits = random.dirichlet(np.ones(width), people)
    columns = (random.random(len(persons))[:, None] > habits[persons].cumsum(axis=1)[:, :-1]).sum(axis=1)
    return persons, group, columns


def rao_scott_as_in_r(persons, rows, columns, shape):
    """R survey 4.4, svychisq.survey.design2(statistic = "F"), one stratum, weights 1, step by step and densely."""
    people, cells, n = np.unique(persons), shape[0] * shape[1], len(persons)
    indicator = np.zeros((n, cells))
    indicator[np.arange(n), rows * shape[1] + columns] = 1
    mean = indicator.mean(axis=0)
    influence = (indicator - mean) / n
    totals = np.array([influence[persons == person].sum(axis=0) for person in people])
    k = len(people)
    variance = k / (k - 1) * sum(np.outer(total - totals.mean(axis=0), total - totals.mean(axis=0)) for total in totals)
    grid_row, grid_column = (each.ravel() for each in np.indices(shape))
    main = np.column_stack(
        [np.ones(cells)] + [grid_row == i for i in range(1, shape[0])] + [grid_column == j for j in range(1, shape[1])]
    ).astype(float)
    both = np.column_stack(
        [(grid_row == i) & (grid_column == j) for i in range(1, shape[0]) for j in range(1, shape[1])]
    ).astype(float)
    contrasts = both - main @ np.linalg.lstsq(main, both, rcond=None)[0]
    inverse = np.diag(1 / mean)
    delta = np.linalg.solve(
        contrasts.T @ (inverse / n) @ contrasts, contrasts.T @ inverse @ variance @ inverse @ contrasts
    )
    table = indicator.sum(axis=0).reshape(shape)
    statistic = stats.chi2_contingency(table, correction=False).statistic / np.trace(delta)
    first = np.trace(delta) ** 2 / np.trace(delta @ delta)
    return statistic, first, first * (k - 1), stats.f.sf(statistic, first, first * (k - 1))


def test_independence_one_row_a_person_is_exactly_pearson():
    table = [[20, 15, 9], [12, 30, 22]]
    expected = stats.chi2_contingency(table, correction=False)
    found = independence_test(from_table(table))
    assert found.name == PEARSON
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-12)
    assert (found.degrees, found.people, found.note) == ((2.0,), 108, None)


def test_independence_cramers_v_is_bergsmas_for_independent_rows():
    # Bergsma (2013), equations 3 and 4, written out with scipy's X²
    table = np.array([[20, 15, 9], [12, 30, 22]])
    n, statistic = table.sum(), stats.chi2_contingency(table, correction=False).statistic
    phi, down, across = max(0, statistic / n - 2 / (n - 1)), 2 - 1 / (n - 1), 3 - 4 / (n - 1)
    expected = np.sqrt(phi / (min(down, across) - 1))
    assert independence_test(from_table(table)).effect == pytest.approx(expected, rel=5e-3)  # n, not n − 1


def test_independence_cramers_v_is_near_zero_where_there_is_no_association():
    effects, plain = [], []
    for seed in range(40):
        persons, rows, columns = clustered(seed, people=300, height=3, width=2, more_visits=5)
        counts = count(persons, rows, columns, (3, 2))
        effects.append(independence_test(counts).effect)
        plain.append(np.sqrt(pearson_statistic(counts.rows) / counts.rows.sum()))
    assert np.mean(effects) < 0.6 * np.mean(plain)


def test_pearson_statistic_published():
    # R survey, example(svychisq): svytable(~sch.wide + stype, dclus1) / 33.847, X-squared = 11.9409.
    # http://r-survey.r-forge.r-project.org/survey/example-chisq.html
    assert pearson_statistic(np.array([[12.0, 3, 8], [132, 11, 17]])) == pytest.approx(11.9409, abs=5e-5)


def test_independence_clustered_agrees_with_rs_formula():
    persons, rows, columns = clustered()
    found = independence_test(count(persons, rows, columns, (3, 3)))
    statistic, first, second, p_value = rao_scott_as_in_r(persons, rows, columns, (3, 3))
    assert found.name == RAO_SCOTT
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert found.degrees == pytest.approx((first, second), rel=1e-9)
    assert found.p_value == pytest.approx(p_value, rel=1e-9)


def test_independence_rows_repeated_for_everyone_change_nothing():
    persons, rows, columns = clustered()
    once = independence_test(count(persons, rows, columns, (3, 3)))
    tripled = independence_test(count(*(np.repeat(each, 3) for each in (persons, rows, columns)), (3, 3)))
    assert (tripled.statistic, tripled.p_value) == pytest.approx((once.statistic, once.p_value))
    assert tripled.effect == pytest.approx(once.effect)


def test_independence_empty_rows_and_columns_change_nothing():
    persons, rows, columns = clustered()
    once = independence_test(count(persons, rows, columns, (3, 3)))
    wider = independence_test(count(persons, rows + (rows > 0), columns + (columns > 1), (4, 4)))
    assert wider.p_value == pytest.approx(once.p_value)


def test_independence_holds_its_size_where_pearson_does_not():
    repetitions, corrected, plain = 400, 0, 0
    for seed in range(repetitions):
        persons, rows, columns = clustered(seed, people=100, height=2, width=2, more_visits=5)
        counts = count(persons, rows, columns, (2, 2))
        corrected += independence_test(counts).p_value < 0.05
        plain += stats.chi2.sf(pearson_statistic(counts.rows), 1) < 0.05
    low, high = stats.binom.ppf([0.001, 0.999], repetitions, 0.05)
    assert low <= corrected <= high
    assert plain > 2 * high


@pytest.mark.parametrize(
    ("rows", "columns", "shape"),
    [([0, 0, 0], [0, 1, 0], (1, 2)), ([0, 1, 1], [0, 0, 0], (2, 1)), ([0, 0, 0], [0, 1, 0], (2, 2))],
)
def test_independence_one_category_used_has_no_test(rows, columns, shape):
    assert independence_test(count(np.arange(3), np.array(rows), np.array(columns), shape)) is None


def test_independence_one_person_has_no_test():
    assert independence_test(count(np.array([1, 1]), np.array([0, 1]), np.array([0, 1]), (2, 2))) is None


def test_independence_no_variation_between_people_has_no_test():
    persons, rows, columns = np.repeat(np.arange(10), 4), np.tile([0, 0, 1, 1], 10), np.tile([0, 1, 0, 1], 10)
    assert independence_test(count(persons, rows, columns, (2, 2))) is None


def test_independence_blocks_of_empty_cells_still_give_a_finite_test(recwarn):
    # Two rows that are in the first column only: the observed proportions alone leave Δ undefined.
    persons = np.repeat(np.arange(40), 2)
    rows = np.repeat(np.arange(40) % 4, 2)
    columns = np.where(rows < 2, 0, np.random.default_rng(0).integers(0, 3, 80))
    found = independence_test(count(persons, rows, columns, (4, 3)))
    assert 0 <= found.p_value <= 1
    assert np.isfinite(found.degrees).all()
    assert not recwarn


@pytest.mark.parametrize(("table", "noted"), [([[5, 5], [5, 5]], False), ([[4, 5], [5, 5]], True)])
def test_independence_expected_count_under_five_is_noted(table, noted):
    note = independence_test(from_table(table)).note
    assert ("Effectifs attendus" in (note or "")) is noted


@pytest.mark.parametrize(("few", "noted"), [(10, True), (19, True), (20, False), (21, False)])
def test_independence_category_of_few_people_is_noted_without_their_number(few, noted):
    persons = np.repeat(np.arange(80), 10)
    rows = (persons < few).astype(np.int64)
    columns = np.random.default_rng(1).integers(0, 2, len(persons))
    note = independence_test(count(persons, rows, columns, (2, 2))).note
    assert ("très peu de personnes" in (note or "")) is noted
    assert str(few) not in (note or "")


@pytest.mark.parametrize(("few", "part"), [(1, False), (9, False), (10, True), (11, True)])
def test_independence_category_of_fewest_people_takes_no_part_and_it_is_said(few, part):
    persons = np.repeat(np.arange(200), 5)
    rows = np.where(persons < few, 2, persons % 2)
    columns = np.random.default_rng(1).integers(0, 2, len(persons))
    found = independence_test(count(persons, rows, columns, (3, 2)))
    assert (FEWEST_PEOPLE_NOTE in (found.note or "")) is not part
    assert found.people == (200 if part else 200 - few)
    without = rows < 2
    alone = independence_test(count(persons[without], rows[without], columns[without], (2, 2)))
    assert (found.p_value == pytest.approx(alone.p_value)) is not part


def test_independence_between_categories_of_fewest_people_has_no_test():
    persons, rows, columns = clustered(3, people=60, height=12, width=2, more_visits=5)
    assert independence_test(count(persons, rows, columns, (12, 2))) is None


def test_independence_one_row_a_person_is_judged_by_expected_counts_only():
    assert independence_test(from_table([[9, 8], [7, 9]])).note is None


def test_holm_agrees_with_statsmodels():
    p_values = [0.03, 0.001, 0.2, 0.04, 0.04, 0.9]
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_adjust_says_so_and_keeps_other_notes():
    tests = [Test("t", 1.0, (1.0,), 0.02, 50, note="Déjà dit."), Test("t", 1.0, (1.0,), 0.03, 50)]
    first, second = adjust(tests)
    assert (first.p_value, second.p_value) == (0.04, 0.04)
    assert first.note == "Déjà dit. Valeur p ajustée à celles des autres caractéristiques (Holm)."
    assert second.note == "Valeur p ajustée à celles des autres caractéristiques (Holm)."


def test_adjust_one_test_is_left_as_it_is():
    only = Test("t", 1.0, (1.0,), 0.02, 50)
    assert adjust([only]) == (only,)


def test_independence_column_left_empty_by_categories_of_few_is_no_column():
    """Twelve people in the second column, all of rows of six, which take no part: one column is left, and no test."""
    persons = np.repeat(np.arange(72), 2)
    rows = np.where(persons < 60, persons % 2, np.where(persons < 66, 2, 3))
    assert independence_test(count(persons, rows, (persons >= 60).astype(np.int64), (4, 2))) is None
