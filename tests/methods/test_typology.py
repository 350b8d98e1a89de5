"""A typology: planted classes come back, and data of which none can be made say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from etabli.errors import MethodError
from etabli.methods import typology as module
from etabli.methods.membership import Population, derived_of, mark_derived, mark_population, origins, population_of
from etabli.methods.results import MISSING, STEP, TOTAL, Table
from etabli.methods.stability import adjusted_rand
from etabli.methods.typology import FEWEST_PEOPLE, Typology, typology
from etabli.methods.typology_tables import PARAGONS

Plant = Callable[..., tuple[pd.DataFrame, Any]]
ON = tuple(f"v{place}" for place in range(8))


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty draws are for `test_stability`."""
    again = module.stability
    monkeypatch.setattr(module, "stability", lambda *told, **named: again(*told, **{**named, "draws": 3}))


def agreement(found: Typology, of: Any) -> float:
    return adjusted_rand(pd.crosstab(found.people["typology"].to_numpy(), of).to_numpy(dtype=float))


def tables(found: Typology) -> dict[str, Table]:
    held = {each.name: getattr(found, each.name) for each in fields(found)}
    return {name: table for name, table in held.items() if isinstance(table, Table)}


@pytest.mark.parametrize("classes", [3, 4])
def test_planted_classes_come_back(classes: int, plant: Plant) -> None:
    frame, of = plant(1_500, classes=classes, noise=0.25)
    found = typology(frame, on=ON)
    assert len(found.sizes.cells) == classes + 1
    assert agreement(found, of) >= 0.9
    assert found.has_classes


@pytest.mark.parametrize("missing", [0.1])
def test_planted_classes_come_back_with_answers_missing(missing: float, plant: Plant) -> None:
    frame, of = plant(1_500, noise=0.2)
    rng = np.random.default_rng(1)
    frame[list(ON)] = frame[list(ON)].mask(rng.random((1_500, 8)) < missing)
    found = typology(frame, on=ON)
    assert agreement(found, of) >= 0.85
    assert MISSING in set(found.description.cells["category"])
    assert MISSING not in set(found.places.cells["category"])


def test_order_of_rows_changes_nothing(plant: Plant) -> None:
    frame, _ = plant(600, noise=0.4)
    shuffled = frame.sample(frac=1, random_state=5).reset_index(drop=True)
    shuffled.attrs = frame.attrs
    one, other = (typology(each, on=ON, beside=()) for each in (frame, shuffled))
    for name, table in tables(one).items():
        assert_frame_equal(table.cells, tables(other)[name].cells, check_exact=True)
    assert_frame_equal(
        one.people, other.people.sort_values("recipient").reset_index(drop=True), check_categorical=False
    )


def test_tables_count_people(plant: Plant) -> None:
    frame, _ = plant(900, noise=0.3)
    frame["sex"] = np.where(np.arange(900) % 3 == 0, "f", "m")
    found = typology(frame, on=ON, beside=["sex"])
    sizes = found.sizes.cells.set_index("typology")["people"]
    assert sizes[TOTAL] == sizes.drop(TOTAL).sum() == 900
    assert (found.people["typology"].value_counts().sort_index().to_numpy() == sizes.drop(TOTAL).to_numpy()).all()
    assert sizes.drop(TOTAL).is_monotonic_decreasing
    one = found.description.value("people", variable="v0", category="0", typology="1")
    told = ((found.people["v0"] == "0") & (found.people["typology"] == "1")).sum()
    assert one.number == told
    assert one.of("share_of_class").number == pytest.approx(told / sizes["1"])
    for table in (found.sizes, found.description, found.stability, found.axes, found.choices, found.summary):
        assert table.membership is not None
        assert table.source == "d" * 64


def test_tests_are_made_of_supplementary_variables_alone(plant: Plant) -> None:
    frame, of = plant(900, noise=0.3)
    frame["linked"] = (of % 2).astype(str)
    frame["apart"] = np.random.default_rng(3).integers(0, 2, 900).astype(str)
    found = typology(frame, on=ON, beside=["linked", "apart"])
    assert found.description.tests == ()
    assert found.beside is not None
    assert found.beside.is_significant(variable="linked")
    assert not found.beside.is_significant(variable="apart")
    own = found.description.cells
    assert own["v_test"].notna().sum() == (own["category"].ne(TOTAL) & own["typology"].ne(TOTAL)).sum()


def test_paragons_are_people_of_their_class(plant: Plant) -> None:
    frame, _ = plant(900, noise=0.3)
    found = typology(frame, on=ON)
    cells = found.paragons.cells
    assert len(cells) == 4 * PARAGONS
    assert found.paragons.inside
    joined = cells.merge(found.people, on=[*ON], suffixes=("", "_of"))
    assert (joined["typology"] == joined["typology_of"]).all()
    assert set(cells.index) == set(range(len(cells)))
    best = found.people[found.people["typology"] == "1"][list(ON)].mode().iloc[0]
    assert (cells.loc[0, list(ON)] == best).mean() >= 0.75


def test_rare_category_takes_no_part_in_the_axes(plant: Plant) -> None:
    frame, _ = plant(1_000, noise=0.3)
    frame.loc[:18, "v0"] = "rare"
    frame.loc[981:, "v0"] = "hardly"
    cells = typology(frame, on=ON).places.cells
    placed = cells[cells["axis"] == "1"].set_index(["variable", "category"])
    assert np.isnan(placed.loc[("v0", "rare"), "contribution"])
    assert np.isnan(placed.loc[("v0", "hardly"), "contribution"])
    assert not np.isnan(placed.loc[("v0", "rare"), "coordinate"])
    assert placed["contribution"].sum() == pytest.approx(1)


@pytest.mark.parametrize(("people", "is_rare"), [(19, True), (20, False), (21, False)])
def test_category_at_the_threshold_of_rare_ones(people: int, is_rare: bool, plant: Plant) -> None:
    frame, _ = plant(1_000, noise=0.3)
    frame.loc[: people - 1, "v0"] = "few"
    cells = typology(frame, on=ON).places.cells
    assert cells.loc[cells["category"] == "few", "contribution"].isna().all() == is_rare


def one_class(found: Typology) -> bool:
    everyone = set(found.people["typology"].dropna()) == {"1"}
    told = found.stability.cells["jaccard"].isna().all() and found.summary.cells["explained"].isna().all()
    return bool(everyone and told and not found.has_classes and found.paragons.cells.empty)


@pytest.mark.parametrize("people", [FEWEST_PEOPLE - 1, FEWEST_PEOPLE, FEWEST_PEOPLE + 1])
def test_few_people_make_no_typology(people: int, plant: Plant) -> None:
    frame, _ = plant(people, noise=0.1)
    assert one_class(typology(frame, on=ON)) is (people < FEWEST_PEOPLE)


@pytest.mark.parametrize(
    "answers",
    [
        {"a": ["x"] * 150, "b": ["y"] * 150},
        {"a": [None] * 150, "b": [None] * 150},
        {"a": ["x"] * 149 + ["z"], "b": ["y"] * 150},
        {"a": [*"uvw"] * 50, "b": ["x"] * 50 + ["y"] * 50 + ["z"] * 50},
    ],
    ids=["all the same", "all missing", "one who differs", "independent"],
)
def test_answers_that_set_nobody_apart_make_one_class(answers: dict[str, list[str | None]]) -> None:
    frame = pd.DataFrame({"recipient": range(150), **answers}).astype({"a": "str", "b": "str"})
    assert one_class(typology(frame, on=["a", "b"]))


def test_more_categories_than_people_stop_nothing() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.integers(0, 90, (120, 3)).astype(str), columns=[*"abc"]).assign(recipient=range(120))
    assert isinstance(typology(frame, on=[*"abc"], rare=0.0), Typology)


def test_two_answers_of_two_variables_make_two_classes() -> None:
    """Ties everywhere: two places, whatever number is asked for."""
    frame = pd.DataFrame({"recipient": range(200), "a": ["x", "y"] * 100, "b": ["u", "v"] * 100})
    found = typology(frame, on=["a", "b"], classes=5)
    assert found.sizes.cells["people"].tolist() == [100, 100, 200]
    assert found.stability.cells["jaccard"].tolist() == [1.0, 1.0]


def test_rows_without_a_person_have_no_class(plant: Plant) -> None:
    frame, _ = plant(400, noise=0.2)
    frame.loc[:2, "recipient"] = None
    found = typology(frame, on=ON)
    assert found.people["typology"].isna().tolist() == [True] * 3 + [False] * 397
    assert found.sizes.value("people").number == 397
    assert population_of(found.people).source == "d" * 64
    assert found.summary.source == "d" * 64


def test_classes_of_a_part_are_no_parts_of_those_of_everybody(plant: Plant) -> None:
    """Under one name, the classes of two quarters would be taken for groups within those of the city."""
    frame, _ = plant(300, noise=0.2)
    found = typology(mark_population(frame, Population("d" * 64, (("quarter", "blosne"),))), on=ON)
    assert found.name == "typology_of_blosne"
    assert found.sizes.keys == ("typology_of_blosne",)
    assert found.of_class("1").number == found.sizes.value("people", typology_of_blosne="1").number


def test_class_that_is_not_there_is_refused(plant: Plant) -> None:
    found = typology(plant(300, noise=0.2)[0], on=ON)
    with pytest.raises(MethodError, match="modalité"):
        found.of_class("9")


def test_class_is_known_to_be_made_of_its_variables(plant: Plant) -> None:
    frame, _ = plant(200, noise=0.2)
    frame = mark_derived(frame, frame, {"v0": "channel"})
    found = typology(frame, on=ON[:3])
    assert origins(derived_of(found.people)["typology"]) == {"v0", "v1", "v2", "channel"}
    assert origins(found.sizes.derived["typology"]) == {"v0", "v1", "v2", "channel"}


def test_values_of_the_whole_are_in_steps(plant: Plant) -> None:
    found = typology(plant(500, noise=0.4)[0], on=ON)
    for table in (found.axes, found.choices, found.stability, found.summary):
        for measure in table.measures:
            assert measure.kind == "rate"
            values = table.cells[measure.name].astype(float).dropna() / STEP
            assert values.to_numpy() == pytest.approx(values.round().to_numpy())


def refused() -> list[tuple[str, dict[str, Any], str]]:
    return [
        ("one variable", {"on": ["v0"]}, "deux variables au moins"),
        ("twice", {"on": ["v0", "v1", "v0"]}, "aucune deux fois"),
        ("on and beside", {"on": ["v0", "v1"], "beside": ["v1"]}, "aucune deux fois"),
        ("a name that is taken", {"on": ["v0", "v1"], "name": "v5"}, "un nom nouveau"),
        ("a name that is made", {"on": ["v0", "v1"], "name": "axis"}, "porte le nom"),
        ("one class", {"on": ["v0", "v1"], "classes": 1}, "deux classes au moins"),
        ("no such variable", {"on": ["v0", "v9"]}, "v9"),
    ]


@pytest.mark.parametrize(("told", "says"), [each[1:] for each in refused()], ids=[each[0] for each in refused()])
def test_what_is_no_typology_is_refused(told: dict[str, Any], says: str, plant: Plant) -> None:
    with pytest.raises(MethodError) as caught:
        typology(plant(150, noise=0.2)[0], **told)
    assert says in str(caught.value)


def test_person_with_several_rows_is_refused(plant: Plant) -> None:
    frame, _ = plant(150, noise=0.2)
    frame.loc[1, "recipient"] = frame.loc[0, "recipient"]
    with pytest.raises(MethodError, match="plusieurs lignes"):
        typology(frame, on=ON)


def test_nobody_is_refused(plant: Plant) -> None:
    frame = plant(150, noise=0.2)[0].assign(recipient=None)
    with pytest.raises(MethodError, match="Personne à classer"):
        typology(frame, on=ON)


def test_arguments_are_not_changed(plant: Plant) -> None:
    frame, _ = plant(300, noise=0.2)
    before = frame.copy(deep=True)
    typology(frame, on=ON)
    assert_frame_equal(frame, before)
    assert population_of(mark_population(frame, replace(population_of(frame)))) == Population("d" * 64, rows=300)
