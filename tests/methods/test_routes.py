"""People by the routes they use."""

import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods.profiles import crosstab
from etabli.methods.results import MISSING
from etabli.methods.routes import people_by_route


def visits() -> pd.DataFrame:
    channel = ["walk_in", "appointment", "walk_in", "walk_in", "appointment", "walk_in", None, "walk_in"]
    return pd.DataFrame(
        {
            "recipient": ["b", "b", "a", "a", "c", "d", "d", None],
            "channel": pd.Categorical(channel, categories=["walk_in", "appointment"]),
            "age": pd.Categorical(
                ["old", "old", "young", None, "old", "old", "old", "old"], categories=["young", "old"]
            ),
            "request": ["rsa", "rsa", "rsa", "family", "rsa", "rsa", "rsa", "rsa"],
        }
    )


def test_people_by_route_by_hand():
    people = people_by_route(visits(), keep=["age"])
    assert people["recipient"].to_list() == ["a", "b", "c", "d"]
    assert people["route"].astype(object).where(people["route"].notna(), None).to_list() == [
        "walk_in_only",
        "both",
        "appointment_only",
        None,
    ]
    assert people["visits"].to_list() == [2, 2, 1, 2]
    assert people["age"].astype(str).to_list() == ["young", "old", "old", "old"]


def test_people_by_route_keeps_declared_categories_in_order():
    people = people_by_route(visits(), keep=["age"])
    assert list(people["route"].cat.categories) == ["walk_in_only", "appointment_only", "both"]
    assert list(people["age"].cat.categories) == ["young", "old"]


def test_people_by_route_unknown_channel_is_a_category_of_tables():
    table = crosstab(people_by_route(visits(), keep=["age"]), "age", by="route")
    assert table.value("people", route=MISSING).number == 1


def test_people_by_route_three_channels_says_several():
    frame = pd.DataFrame({"recipient": [1, 1, 2], "channel": ["x", "y", "z"]})
    assert people_by_route(frame)["route"].astype(str).to_list() == ["several", "z_only"]


def test_people_by_route_attribute_that_changes_is_refused_with_its_count():
    with pytest.raises(MethodError) as error:
        people_by_route(visits(), keep=["request"])
    assert "« request »" in str(error.value)
    assert "1 personne avec" in str(error.value)


def test_people_by_route_attribute_unknown_for_someone_stays_missing():
    frame = visits().assign(age=lambda data: data["age"].where(data["recipient"] != "c"))
    people = people_by_route(frame, keep=["age"])
    assert people["age"].isna().to_list() == [False, False, True, False]


def test_people_by_route_unknown_attribute_is_refused():
    with pytest.raises(MethodError, match="« agee »"):
        people_by_route(visits(), keep=["agee"])


def test_people_by_route_leaves_its_argument_alone():
    before, given = visits(), visits()
    people_by_route(given, keep=["age"])
    pd.testing.assert_frame_equal(given, before)


def test_frequency_is_how_often_each_came():
    visits = pd.DataFrame({"recipient": [*"abbccccc"], "channel": ["x"] * 8})
    assert people_by_route(visits)["frequency"].astype(str).to_list() == ["once", "twice", "three_or_more"]


@pytest.mark.parametrize("name", ["recipient", "route", "visits", "frequency"])
def test_kept_variable_with_the_name_of_a_column_made_here_is_refused(name):
    visits = pd.DataFrame({"recipient": ["a"], "channel": ["x"], "route": ["r"], "visits": [1], "frequency": ["f"]})
    with pytest.raises(MethodError, match="porte le nom"):
        people_by_route(visits, keep=[name])
