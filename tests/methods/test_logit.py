"""What the logistic model refuses."""

import numpy as np
import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods.logit import jackknife_covariance
from etabli.methods.odds import odds_ratios


def visits() -> pd.DataFrame:
    random = np.random.default_rng(7)
    person = random.integers(0, 80, 240)
    frame = pd.DataFrame({"recipient": person, "channel": random.choice(["x", "y"], 240)})
    frame["age"] = random.choice(["a", "b", "c"], 80)[person]
    frame["home"] = random.choice(["own", "rent"], 80)[person]
    return frame


def refusal(frame: pd.DataFrame, on: list[str]) -> str:
    with pytest.raises(MethodError) as error:
        odds_ratios(frame, outcome="channel", event="x", on=on)
    return str(error.value)


def test_fit_variable_that_repeats_another_is_named():
    frame = visits().assign(again=lambda data: data["age"].map({"a": "1", "b": "2", "c": "2"}))
    message = refusal(frame, ["age", "again"])
    assert "« again » se déduit" in message


def test_fit_categories_that_together_determine_the_event_are_refused():
    # No category of one variable is pure, but rent takes a to y and own takes b to x: quasi-complete separation.
    cells = {("a", "own"): "xy", ("a", "rent"): "y", ("b", "own"): "x", ("b", "rent"): "xy"}
    rows = [(age, home, channel) for (age, home), seen in cells.items() for channel in seen for _ in range(20)]
    frame = pd.DataFrame(rows, columns=["age", "home", "channel"]).assign(recipient=range(len(rows)))
    message = refusal(frame, ["age", "home"])
    assert "ne converge pas" in message
    assert "« age »" in message or "« home »" in message


@pytest.mark.parametrize(("people", "refused"), [(3, True), (4, False)])
def test_fit_needs_more_people_than_coefficients(people, refused):
    frame = pd.DataFrame({"age": [*"aaaabbbbcccc"], "channel": [*"xyxyxxyxyyyx"]})
    frame["recipient"] = np.arange(12) % people
    if refused:
        assert "plus de 3 personnes" in refusal(frame, ["age"])
    else:
        assert len(odds_ratios(frame, outcome="channel", event="x", on=["age"]).cells) == 3


def test_jackknife_covariance_agrees_with_people_left_out_one_by_one():
    # the same formula, person by person (Bell and McCaffrey 2002, CR3)
    random = np.random.default_rng(4)
    groups = random.integers(0, 30, 90)
    design = np.column_stack([np.ones(90), random.integers(0, 2, 90), random.normal(size=90)])
    beta = np.array([0.2, -0.4, 0.3])
    mean = 1 / (1 + np.exp(-design @ beta))
    y = (random.random(90) < mean).astype(float)
    weights = mean * (1 - mean)
    bread = np.linalg.inv(design.T @ (weights[:, None] * design))
    meat = np.zeros((3, 3))
    for person in np.unique(groups):
        rows = groups == person
        half = np.diag(np.sqrt(weights[rows]))
        hat = half @ design[rows] @ bread @ design[rows].T @ half
        score = design[rows].T @ half @ np.linalg.inv(np.eye(rows.sum()) - hat) @ np.linalg.inv(half) @ (y - mean)[rows]
        meat += np.outer(score, score)
    people = len(np.unique(groups))
    expected = (people - 1) / people * bread @ meat @ bread
    np.testing.assert_allclose(jackknife_covariance(y, design, groups, beta), expected, rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("few", [10, 20])
def test_interval_of_a_category_of_few_people_covers_as_often_as_it_should(few: int):
    covered, truth, drawn = 0, np.exp(0.5), 300
    for seed in range(drawn):
        random = np.random.default_rng(seed)
        person = np.repeat(np.arange(200), random.integers(1, 6, 200))
        rare = person < few
        propensity = random.beta(3, 3, 200)[person]
        odds = propensity / (1 - propensity) * np.where(rare, truth, 1)
        frame = pd.DataFrame({"recipient": person, "age": np.where(rare, "rare", "usual")})
        frame["channel"] = np.where(random.random(len(person)) < odds / (1 + odds), "x", "y")
        # the marginal odds ratio of the mixture, which the model estimates
        cells = odds_ratios(frame, outcome="channel", event="x", on=["age"]).cells.set_index("category")
        covered += cells.loc["rare", "odds_ratio_low"] <= _marginal(truth) <= cells.loc["rare", "odds_ratio_high"]
    assert covered / drawn >= 0.89


def _marginal(ratio: float) -> float:
    """Return the odds ratio of the mean propensity, over the Beta law, with and without the rare category."""
    from scipy import integrate, stats

    law = stats.beta(3, 3)
    mean, _ = integrate.quad(lambda p: law.pdf(p) * ratio * p / (1 - p + ratio * p), 0, 1)
    return mean / (1 - mean)
