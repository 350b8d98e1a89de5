"""What the logistic model refuses."""

import numpy as np
import pandas as pd
import pytest

from etabli.errors import MethodError
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
