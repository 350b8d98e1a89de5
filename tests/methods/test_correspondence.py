"""Multiple correspondence analysis: held to FactoMineR, to prince, to a decomposition of the indicator matrix."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods.answers import Answers, answers_of, burt
from etabli.methods.correspondence import axis_tests, correspondence, projected


def poison() -> pd.DataFrame:
    """Return FactoMineR's `poison`, its last eleven columns, of the file that prince ships."""
    (folder,) = find_spec("prince").submodule_search_locations  # type: ignore[union-attr, misc]
    return pd.read_csv(Path(folder) / "datasets" / "poison.csv").iloc[:, -11:]


def drawn(people: int = 200, seed: int = 4, *, missing: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 3, people)
    columns = {f"v{place}": np.where(rng.random(people) < 0.5, first, rng.integers(0, 4, people)) for place in range(5)}
    frame = pd.DataFrame(columns).astype(str)
    return frame.mask(rng.random(frame.shape) < missing)


def by_indicator(answers: Answers, active: Any) -> tuple[Any, Any]:
    """Return eigenvalues and places of people by a singular value decomposition, person by person."""
    z = np.repeat(answers.indicator(), answers.weights, axis=0)
    n, q = len(z), len(answers.variables)
    mass = z.mean(axis=0) / q
    residuals = (z / (n * q) - mass / n)[:, active] * np.sqrt(n) / np.sqrt(mass[active])
    left, singular, _ = np.linalg.svd(residuals, full_matrices=False)
    return singular**2, left * singular * np.sqrt(n)


def test_rates_are_those_of_factominer() -> None:
    rates = 100 * correspondence(answers_of(poison(), list(poison()))).rates
    assert rates[:4].round(6).tolist() == [33.523140, 12.913979, 10.734849, 9.587950]


@pytest.mark.slow
def test_analysis_is_that_of_prince() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from prince import MCA

        frame = drawn()
        other = MCA(n_components=4, engine="scipy").fit(frame)
        answers = answers_of(frame, list(frame))
        found = correspondence(answers)
        places = found.people(answers.indicator())[answers.of_person, :4]
        theirs = other.row_coordinates(frame).to_numpy()
        categories = other.column_coordinates(frame).to_numpy()
    assert found.eigenvalues[:4] == pytest.approx(other.eigenvalues_)
    assert np.abs(places) == pytest.approx(np.abs(theirs))
    assert np.abs(found.categories[:, :4]) == pytest.approx(np.abs(categories))
    assert found.contributions[:, :4] == pytest.approx(other.column_contributions_.to_numpy())


@pytest.mark.parametrize(("missing", "passive"), [(0.0, []), (0.1, []), (0.0, [2, 7]), (0.1, [0, 11])])
def test_analysis_is_that_of_the_indicator_matrix(missing: float, passive: list[int]) -> None:
    frame = drawn(missing=missing)
    answers = answers_of(frame, list(frame))
    flags = np.isin(np.arange(sum(answers.sizes)), passive)
    found = correspondence(answers, passive=flags)
    values, places = by_indicator(answers, ~flags)
    axes = len(found.eigenvalues)
    assert found.eigenvalues == pytest.approx(values[:axes])
    assert values[axes:] == pytest.approx(0, abs=1e-10)
    own = np.repeat(found.people(answers.indicator()), answers.weights, axis=0)
    assert np.abs(own[:, :3]) == pytest.approx(np.abs(places[:, :3]))
    assert (own**2).mean(axis=0) == pytest.approx(found.eigenvalues)
    assert found.inertia == pytest.approx(values.sum())
    assert np.isnan(found.categories[flags]).all()


def test_inertia_is_shared_out() -> None:
    frame = drawn()
    answers = answers_of(frame, list(frame))
    found = correspondence(answers)
    categories, variables = sum(answers.sizes), len(answers.variables)
    assert found.inertia == pytest.approx(categories / variables - 1)
    assert len(found.eigenvalues) == categories - variables
    assert found.contributions.sum(axis=0) == pytest.approx(1)
    assert found.quality(found.categories, found.frequencies).sum(axis=1) == pytest.approx(1)
    assert found.benzecri.sum() == pytest.approx(1)
    whole = variables / (variables - 1) * ((found.eigenvalues**2).sum() - (categories - variables) / variables**2)
    assert found.between_variables == pytest.approx(whole)  # Greenacre (2017), theory appendix
    assert 0 < found.greenacre.sum() < 1


def test_category_stands_at_the_mean_of_its_people_over_the_root() -> None:
    frame = drawn()
    answers = answers_of(frame, list(frame))
    found = correspondence(answers)
    people = answers.indicator() * answers.weights[:, None]
    assert projected(found.people(answers.indicator()), found.eigenvalues, people) == pytest.approx(found.categories)


def test_axis_test_of_people_drawn_at_random_is_standard() -> None:
    """2,000 supplementary categories of forty people each, drawn without regard to the axes."""
    frame = drawn()
    answers = answers_of(frame, list(frame))
    found = correspondence(answers)
    places = found.people(answers.indicator())[answers.of_person, :1]
    rng = np.random.default_rng(7)
    members = np.array([rng.permutation(np.arange(200) < 40) for _ in range(2_000)]).T.astype(float)
    values = axis_tests(projected(places, found.eigenvalues[:1], members), np.full(2_000, 40.0), 200)
    assert abs(values.mean()) < 0.1
    assert values.std() == pytest.approx(1, abs=0.05)


def test_burt_table_counts_pairs() -> None:
    frame = pd.DataFrame({"a": ["x", "x", "y", None], "b": ["u", "v", "v", "v"]})
    answers = answers_of(frame, ["a", "b"])
    expected = [[2, 0, 1, 1], [0, 1, 0, 1], [1, 0, 1, 0], [1, 1, 0, 3]]
    assert burt(answers.codes, answers.weights, answers.sizes).tolist() == expected


def test_order_of_people_changes_nothing() -> None:
    frame = drawn()
    one = correspondence(answers_of(frame, list(frame)))
    other = correspondence(answers_of(frame.sample(frac=1, random_state=3), list(frame)))
    assert (one.categories == other.categories).all()


def test_empty_category_has_no_place() -> None:
    frame = drawn()
    frame["v0"] = pd.Categorical(frame["v0"], categories=["0", "1", "2", "3", "nobody"])
    found = correspondence(answers_of(frame, list(frame)))
    assert np.isnan(found.categories[4]).all()
    assert not np.isnan(found.categories[5:]).any()


@pytest.mark.parametrize("values", [["x"] * 6, [None] * 6])
def test_answers_that_do_not_vary_have_no_axis(values: list[str | None]) -> None:
    frame = pd.DataFrame({"a": values, "b": ["y"] * 6}, dtype="str")
    with pytest.raises(MethodError, match="Aucune réponse ne varie"):
        correspondence(answers_of(frame, ["a", "b"]))


def test_two_variables_that_are_one_make_an_axis_of_one() -> None:
    frame = pd.DataFrame({"a": [*"xxyy"], "b": [*"uuvv"]})
    assert correspondence(answers_of(frame, ["a", "b"])).eigenvalues.tolist() == pytest.approx([1.0])
