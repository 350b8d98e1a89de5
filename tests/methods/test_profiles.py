"""Counts, shares and tests by profile."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from etabli.errors import MethodError
from etabli.methods import profiles
from etabli.methods.association import PEARSON, RAO_SCOTT
from etabli.methods.results import MISSING, TOTAL, Missing

AGES = ["young", "old"]


def visits() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "recipient": ["a", "a", "a", "b", "c", "c", None],
            "age": pd.Categorical(["old", "old", "old", "young", "old", None, "young"], categories=[*AGES, "unused"]),
            "channel": pd.Categorical(["x", "x", "y", "y", "y", "x", "x"], categories=["x", "y"]),
        }
    )


def many(seed=0, rows=600, people=150) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    person = random.integers(0, people, rows)
    age, home = random.choice(["18-34", "35-64", "65+"], people)[person], random.choice(["own", "rent"], people)[person]
    return pd.DataFrame({"recipient": person, "age": age, "home": home, "channel": random.choice(["x", "y"], rows)})


frames = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 5)),
        st.one_of(st.none(), st.sampled_from(AGES)),
        st.one_of(st.none(), st.sampled_from(["x", "y", "z"])),
    ),
    min_size=1,
    max_size=30,
).map(
    lambda rows: pd.DataFrame(rows, columns=["recipient", "age", "channel"]).astype(
        {"recipient": "Int64", "age": pd.CategoricalDtype(AGES), "channel": pd.CategoricalDtype(["x", "y", "z"])}
    )
)


def has_complete_rows(frame: pd.DataFrame) -> bool:
    return bool(frame.notna().all(axis=1).any())


def test_totals_by_hand():
    table = profiles.totals(visits())
    assert [table.value(name).number for name in ("rows", "people")] == [6, 3]
    assert table.value("rows_per_person").number == 2.0
    assert table.missing == Missing(rows=1, people=0)
    _, high = np.exp(stats.t.interval(0.95, 2, loc=np.log(2), scale=stats.sem([3, 1, 2]) / 2))
    assert table.cells.loc[0, ["rows_per_person_low", "rows_per_person_high"]].to_list() == pytest.approx([1, high])


def test_totals_without_anyone_is_refused():
    with pytest.raises(MethodError, match="Aucune ligne"):
        profiles.totals(visits().tail(1))


def test_distribution_by_hand_keeps_empty_categories():
    cells = profiles.distribution(visits(), "age").cells
    assert cells["age"].to_list() == ["young", "old", "unused", MISSING, TOTAL]
    assert cells["rows"].to_list() == [1, 4, 0, 1, 6]
    assert cells["people"].to_list() == [1, 2, 0, 1, 3]
    assert cells["share"].to_list() == pytest.approx([1 / 6, 4 / 6, 0.0, 1 / 6, 1.0])
    assert cells["base_people"].to_list() == [3, 3, 3, 3, 3]


def test_distribution_without_missing_values_has_no_such_category():
    assert MISSING not in profiles.distribution(visits(), "channel").cells["channel"].to_list()


def test_numbers_of_nobody_have_no_line_of_their_own():
    frame = pd.DataFrame({"recipient": ["a", "b", None], "age": ["old", "young", None]})
    assert MISSING not in set(profiles.distribution(frame, "age").cells["age"])
    frame.loc[0, "age"] = None
    assert MISSING in set(profiles.distribution(frame, "age").cells["age"])


def test_distribution_total_has_no_interval_and_others_have():
    many = pd.concat([visits().assign(recipient=lambda v, i=i: v["recipient"] + str(i)) for i in range(2)])
    cells = profiles.distribution(many, "age").cells
    assert cells["share_low"].isna().to_list() == [False, False, False, False, True]


def test_crosstab_by_hand():
    table = profiles.crosstab(visits(), "age", by="channel")
    cells = table.cells.set_index(["age", "channel"])
    assert cells.loc["old", "rows"].to_dict() == {"x": 2, "y": 2, TOTAL: 4}
    assert cells.loc["old", "people"].to_dict() == {"x": 1, "y": 2, TOTAL: 2}
    assert cells.loc["old", "share"].to_dict() == {"x": 0.5, "y": 0.5, TOTAL: 1.0}
    assert cells.loc[MISSING, "rows"].to_dict() == {"x": 1, "y": 0, TOTAL: 1}
    assert cells.loc[TOTAL, "people"].to_dict() == {"x": 2, "y": 3, TOTAL: 3}
    assert cells.loc["young", "base_people"].to_list() == [1, 1, 1]
    assert table.missing == Missing(rows=1, people=0)


def test_crosstab_test_takes_no_account_of_missing_values():
    frame = many()
    holed = pd.concat([frame, frame.assign(age=None)], ignore_index=True)
    assert profiles.crosstab(holed, "age", by="channel").tests == profiles.crosstab(frame, "age", by="channel").tests


def test_crosstab_empty_row_has_no_share():
    table = profiles.crosstab(visits(), "age", by="channel")
    assert table.value("rows", age="unused", channel="x").number == 0
    assert table.value("share", age="unused", channel="x").number is None
    assert table.value("share", age="unused").number is None


def test_crosstab_one_row_a_person_tests_as_scipy():
    people = many().drop_duplicates("recipient")
    table = profiles.crosstab(people, "age", by="channel")
    expected = stats.chi2_contingency(pd.crosstab(people["age"], people["channel"]), correction=False)
    assert table.tests[0].name == PEARSON
    assert table.tests[0].p_value == pytest.approx(expected.pvalue)


def test_crosstab_repeated_people_are_tested_as_clusters():
    assert profiles.crosstab(many(), "age", by="channel").tests[0].name == RAO_SCOTT


def test_crosstab_by_itself_is_refused():
    with pytest.raises(MethodError, match="elle-même"):
        profiles.crosstab(visits(), "age", by="age")


def test_crosstab_without_anyone_is_refused():
    with pytest.raises(MethodError, match="Aucune ligne"):
        profiles.crosstab(visits().tail(1), "age", by="channel")


def test_crosstab_of_an_unknown_variable_has_no_test():
    table = profiles.crosstab(visits().assign(age=pd.Series([None] * 7, dtype="str")), "age", by="channel")
    assert table.tests == ()
    assert table.value("rows", age=MISSING).number == 6


def test_crosstab_leaves_its_argument_alone():
    before, given_frame = visits(), visits()
    profiles.crosstab(given_frame, "age", by="channel")
    pd.testing.assert_frame_equal(given_frame, before)


@settings(max_examples=40, deadline=None)
@given(frames.filter(has_complete_rows), st.randoms(use_true_random=False))
def test_crosstab_order_of_rows_changes_nothing(frame, random):
    order = list(range(len(frame)))
    random.shuffle(order)
    one = profiles.crosstab(frame, "age", by="channel")
    other = profiles.crosstab(frame.iloc[order], "age", by="channel")
    pd.testing.assert_frame_equal(one.cells, other.cells)
    assert [test.p_value for test in one.tests] == pytest.approx([test.p_value for test in other.tests], abs=1e-9)
    assert one.missing == other.missing


@settings(max_examples=40, deadline=None)
@given(frames.filter(has_complete_rows))
def test_crosstab_rows_add_up_and_people_do_not_exceed_rows(frame):
    table = profiles.crosstab(frame, "age", by="channel")
    square = table.cells.pivot(index="age", columns="channel", values="rows")
    inner = square.drop(index=TOTAL, columns=TOTAL)
    assert (inner.sum() == square.loc[TOTAL].drop(TOTAL)).all()
    assert (inner.sum(axis=1) == square[TOTAL].drop(TOTAL)).all()
    assert (table.cells["people"] <= table.cells["rows"]).all()
    left_out = 0 if table.missing is None else table.missing.rows
    assert square.loc[TOTAL, TOTAL] + left_out == len(frame)


@settings(max_examples=40, deadline=None)
@given(frames.filter(has_complete_rows))
def test_crosstab_intervals_hold_their_share(frame):
    cells = profiles.crosstab(frame, "age", by="channel").cells
    shown = cells[(cells["channel"] != TOTAL) & cells["share"].notna()]
    known = shown["share_low"].notna()
    assert (known == shown["share_high"].notna()).all()
    bounded = shown[known]
    assert (bounded["share_low"] <= bounded["share"] + 1e-12).all()
    assert (bounded["share"] <= bounded["share_high"] + 1e-12).all()
    assert bounded["share_low"].ge(0).all()
    assert bounded["share_high"].le(1).all()


def test_profile_sheet_stacks_the_crosstabs():
    frame = many()
    sheet = profiles.profile_sheet(frame, ["age", "home"], by="channel")
    assert sheet.keys == ("variable", "category", "channel")
    for name in ("age", "home"):
        block = sheet.cells[sheet.cells["variable"] == name].drop(columns="variable").reset_index(drop=True)
        alone = profiles.crosstab(frame, name, by="channel").cells.rename(columns={name: "category"})
        pd.testing.assert_frame_equal(block, alone)


def test_profile_sheet_has_the_same_total_for_every_variable():
    frame = many()
    frame.loc[:9, "age"] = None
    sheet = profiles.profile_sheet(frame, ["age", "home"], by="channel")
    assert sheet.value("rows").number == len(frame)
    assert sheet.value("rows", variable="age").number == len(frame)
    assert sheet.value("rows", variable="home").number == len(frame)
    assert sheet.value("rows", variable="age", category=MISSING).number == 10


def test_profile_sheet_adjusts_its_tests_together():
    frame = many()
    sheet = profiles.profile_sheet(frame, ["age", "home"], by="channel")
    alone = [profiles.crosstab(frame, name, by="channel").tests[0].p_value for name in ("age", "home")]
    smaller = int(np.argmin(alone))
    assert [dict(test.within) for test in sheet.tests] == [{"variable": "age"}, {"variable": "home"}]
    assert sheet.tests[smaller].p_value == pytest.approx(min(1, 2 * min(alone)))
    assert all("Holm" in test.note for test in sheet.tests)


def test_profile_sheet_variable_twice_is_refused():
    with pytest.raises(MethodError, match="elle-même"):
        profiles.profile_sheet(many(), ["age", "age"], by="channel")


def test_profiles_do_not_import_statsmodels():
    code = "import sys; from etabli.methods import profiles; print('statsmodels' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_crosstab_impossible_cell_has_no_share_and_no_test():
    frame = pd.DataFrame({"recipient": range(6), "times": [*"112222"], "route": [*"xyxyzz"]})
    table = profiles.crosstab(frame, "times", by="route", impossible=[("1", "z")])
    assert table.tests == ()
    row = table.cells[(table.cells["times"] == "1") & (table.cells["route"] == "z")].iloc[0]
    assert row["impossible"]
    assert np.isnan(row[["share", "share_low", "share_high"]].astype(float)).all()
    assert table.value("share", times="2", route="z").number == 0.5


@pytest.mark.parametrize(("pair", "said"), [(("2", "z"), "n’est pas vide"), (("3", "z"), "n’est pas dans le tableau")])
def test_crosstab_wrong_impossible_cell_is_refused(pair, said):
    frame = pd.DataFrame({"recipient": range(6), "times": [*"112222"], "route": [*"xyxyzz"]})
    with pytest.raises(MethodError, match=said):
        profiles.crosstab(frame, "times", by="route", impossible=[pair])


def few() -> pd.DataFrame:
    return pd.DataFrame({"recipient": [*"aabbccdd"], "age": [*"xyxyxxyy"], "channel": [*"wawawaaw"]})


def test_crosstab_two_columns_of_one_name_are_refused():
    twice = pd.concat([few(), few()[["age"]]], axis="columns")
    with pytest.raises(MethodError, match="Deux colonnes des données s’appellent « age »"):
        profiles.crosstab(twice, "age", by="channel")
    with pytest.raises(MethodError, match="« recipient »"):
        profiles.totals(pd.concat([few(), few()[["recipient"]]], axis="columns"))


@pytest.mark.parametrize("name", ["rows", "people", "share", "share_low", "base_rows"])
def test_variable_named_as_a_column_of_the_result_is_refused(name):
    frame = few().rename(columns={"age": name})
    for made in (
        lambda: profiles.crosstab(frame, name, by="channel"),
        lambda: profiles.crosstab(frame, "channel", by=name),
        lambda: profiles.distribution(frame, name),
        lambda: profiles.profile_sheet(frame, [name], by="channel"),
    ):
        with pytest.raises(MethodError, match=f"« {name} » porte le nom d’une colonne du résultat"):
            made()


@pytest.mark.parametrize("name", ["category", "variable"])
def test_profile_sheet_by_a_name_of_its_own_is_refused(name):
    with pytest.raises(MethodError, match=f"« {name} » porte le nom"):
        profiles.profile_sheet(few().rename(columns={"channel": name}), ["age"], by=name)


def test_of_variable_is_the_crosstab_with_the_adjusted_test():
    frame = many().assign(home=lambda data: data["age"])
    sheet = profiles.profile_sheet(frame, ["age", "home"], by="channel")
    alone, part = profiles.crosstab(frame, "age", by="channel"), profiles.of_variable(sheet, "age")
    pd.testing.assert_frame_equal(part.cells, alone.cells[part.cells.columns], check_dtype=False)
    (test,) = part.tests
    assert (test.p_value, dict(test.within)) == (sheet.tests[0].p_value, {})
    assert test.p_value == pytest.approx(min(1, 2 * alone.tests[0].p_value))  # Holm, of two tests


def test_of_variable_unknown_names_the_nearest():
    sheet = profiles.profile_sheet(visits(), ["age"], by="channel")
    with pytest.raises(MethodError, match="« aeg »"):
        profiles.of_variable(sheet, "aeg")
    with pytest.raises(MethodError, match="fiche de profils"):
        profiles.of_variable(profiles.crosstab(visits(), "age", by="channel"), "age")
