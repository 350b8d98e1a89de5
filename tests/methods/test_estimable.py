"""What a model leaves out because it has no odds ratio."""

import numpy as np
import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods.estimable import estimable
from etabli.methods.odds import odds_ratios


def visits() -> pd.DataFrame:
    random = np.random.default_rng(7)
    person = random.integers(0, 80, 240)
    frame = pd.DataFrame({"recipient": person, "channel": random.choice(["x", "y"], 240)})
    frame["age"] = random.choice(["a", "b", "c"], 80)[person]
    frame["home"] = random.choice(["own", "rent"], 80)[person]
    return frame


def ratios(frame: pd.DataFrame, on: list[str]) -> pd.Series:
    return odds_ratios(frame, outcome="channel", event="x", on=on).cells.set_index(["variable", "category"])[
        "odds_ratio"
    ]


@pytest.mark.parametrize("outcome", ["x", "y"])
def test_category_without_variation_leaves_the_model_with_its_rows(outcome: str) -> None:
    frame = visits()
    frame.loc[frame["age"] == "c", "channel"] = outcome
    found, without = ratios(frame, ["age", "home"]), ratios(frame[frame["age"] != "c"], ["age", "home"])
    assert np.isnan(found["age", "c"])
    pd.testing.assert_series_equal(found.drop(("age", "c")), without)


@pytest.mark.parametrize("leaves", [True, False])
def test_rows_without_an_answer_are_counted_and_those_that_left_the_model_are_not(leaves: bool) -> None:
    """Beside a mask, the number of those who left would tell which category has no event, and which has a few."""
    frame = visits()
    if leaves:
        frame.loc[frame["age"] == "c", "channel"] = "y"
    frame.loc[frame["recipient"].isin(frame["recipient"].unique()[:3]), "home"] = None
    out = frame[frame["home"].isna()]
    table = odds_ratios(frame, outcome="channel", event="x", on=["age", "home"])
    assert table.missing is not None
    assert (table.missing.rows, table.missing.people) == (len(out), out["recipient"].nunique())
    assert {test.people for test in table.tests} == {None}
    whole = odds_ratios(frame.dropna(), outcome="channel", event="x", on=["age", "home"])
    assert whole.missing is None
    assert {test.people for test in whole.tests} == {frame.dropna()["recipient"].nunique()}


def test_category_of_one_outcome_rests_on_nobody() -> None:
    frame = visits()
    frame.loc[frame["age"] == "c", "channel"] = "y"
    table = odds_ratios(frame, outcome="channel", event="x", on=["age", "home"])
    out = frame[frame["age"] == "c"]
    row = table.cells[table.cells["category"] == "c"].iloc[0]
    assert (row["people"], row["category_people"]) == (1, out["recipient"].nunique())  # all with the same outcome
    assert not row["reference"]


def test_category_without_rows_has_no_odds_ratio() -> None:
    frame = visits().assign(age=lambda data: pd.Categorical(data["age"], categories=["a", "never", "b", "c"]))
    found = ratios(frame, ["age", "home"])
    assert np.isnan(found["age", "never"])
    assert [level for name, level in found.index if name == "age"] == ["a", "never", "b", "c"]


def test_variable_of_one_category_is_left_out() -> None:
    frame = visits().query("age == 'a'")
    found = ratios(frame, ["home", "age"])
    assert np.isnan(found["age", "a"])
    assert found.loc["home"].notna().all()


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(MethodError, match="deux modalités à comparer"):
        ratios(visits().query("age == 'a'"), ["age"])


def test_leaving_rows_out_may_leave_another_category_without_variation() -> None:
    frame = pd.DataFrame(
        {
            "age": ["a"] * 4 + ["b"] * 4 + ["c", "c"],
            "home": ["own", "own", "rent", "rent"] * 2 + ["hut", "own"],
        }
    )
    y = np.array([0, 1, 0, 1, 0, 1, 1, 0, 1, 1], dtype=float)
    frame.loc[len(frame)] = ["a", "hut"]
    part = estimable(frame, ["age", "home"], np.append(y, 0.0), np.arange(len(frame)))
    assert "hut" not in set(part.frame["home"])  # it varied only through c, which always has the event
    assert part.on == ("age", "home")


def test_category_of_one_person_has_no_odds_ratio_and_of_two_has() -> None:
    def of(number: int) -> pd.Series:
        frame = visits()
        alone = pd.DataFrame({"recipient": [900, 900, 901, 901], "channel": [*"xyxy"], "age": "d", "home": "own"})
        return ratios(pd.concat([frame, alone.head(2 * number)], ignore_index=True), ["age", "home"])

    assert np.isnan(of(1)["age", "d"])
    assert np.isfinite(of(2)["age", "d"])
