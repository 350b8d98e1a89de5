"""The demo data of the visitor-flow study: what was planted comes back."""

import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from etabli.declarations import read_declaration
from etabli.methods import profiles
from etabli.sources.codebook import Codebook

STUDY = Path(__file__).parents[2] / "studies" / "caf-flows"
SEED = 2024


def load_demo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("caf_flows_demo", STUDY / "demo.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


demo = load_demo()


@cache
def delivery() -> tuple[pd.DataFrame, dict]:
    frames, truth = demo.make("2024-T4", SEED)
    return frames["visits"], truth


def inside(table: profiles.Table, measure: str, truth: float, **categories: str) -> bool:
    measured = table.measure(measure)
    row = table.cells.iloc[table.value(measure, **categories).row]
    return bool(row[measured.low] <= truth <= row[measured.high])


def at_least(repetitions: int) -> int:
    """Fewest successes of a 95 % interval that chance allows once in a thousand."""
    return int(stats.binom.ppf(0.001, repetitions, 0.95))


def test_make_volumes():
    visits, _ = delivery()
    assert 23_000 <= len(visits) <= 27_000
    assert visits["recipient"].nunique() == 10_000


def test_make_is_deterministic_and_seeds_differ():
    visits, truth = delivery()
    again, same = demo.make("2024-T4", SEED)
    other, _ = demo.make("2024-T4", SEED + 1)
    pd.testing.assert_frame_equal(again["visits"], visits)
    assert same == truth
    assert not other["visits"].equals(visits)


def test_make_visits_stand_in_opening_hours_of_working_days():
    when = delivery()[0]["visited_at"]
    minutes = when.dt.hour * 60 + when.dt.minute
    assert minutes.between(9 * 60, 16 * 60 + 30).all()
    assert (when.dt.day_of_week < 5).all()
    assert when.min() >= pd.Timestamp("2024-10-01")
    assert when.max() < pd.Timestamp("2025-01-01")
    assert not when.dt.strftime("%m-%d").isin(["11-01", "11-11", "12-25"]).any()
    assert len(demo.working_days("2024-T4")) == 63


def test_make_one_visit_a_day_and_constant_profiles():
    visits, _ = delivery()
    assert not visits.assign(day=visits["visited_at"].dt.date).duplicated(["recipient", "day"]).any()
    people = profiles.people_by_route(visits, keep=[*demo.LEVELS, "quarter"])
    assert len(people) == 10_000


@pytest.mark.parametrize("edition", ["2024", "2024-T5", "T4-2024", "24-T4"])
def test_make_edition_that_is_not_a_quarter_is_refused(edition):
    with pytest.raises(ValueError, match="2024-T4"):
        demo.make(edition, SEED)


def test_make_holds_a_crossing_of_one_to_four_people():
    people = delivery()[0].drop_duplicates("recipient")
    young_owners = people[(people["age_group"] == "under_25") & (people["housing"] == "owner")]
    assert young_owners["quarter"].value_counts().between(1, 4).any()


def test_codebook_describes_every_column_in_the_same_codes_and_order():
    visits, _ = delivery()
    source = read_declaration(STUDY / "codebook.yml", Codebook).sources["visits"]
    assert list(source.variables) == list(visits.columns)
    for name, variable in source.variables.items():
        if variable.type == "code":
            assert list(variable.codes) == list(visits[name].cat.categories), name
        assert variable.required is bool(visits[name].notna().all()), name
    assert visits["recipient"].map(lambda text: bool(re.fullmatch(source.variables["recipient"].pattern, text))).all()


def test_codebook_delivery_values_can_be_written_in_its_encoding():
    source = read_declaration(STUDY / "codebook.yml", Codebook).sources["visits"]
    for variable in source.variables.values():
        for value in (variable.column, *variable.code_of()):
            assert value.encode(source.format.encoding).decode(source.format.encoding) == value


def test_codebook_labels_every_route():
    route = read_declaration(STUDY / "codebook.yml", Codebook).derived["route"]
    assert list(route.codes) == list(profiles.people_by_route(delivery()[0])["route"].cat.categories)


def test_truth_missing_values_are_about_one_percent_of_people():
    people = delivery()[0].drop_duplicates("recipient")
    for name in ("housing", "online_account"):
        assert 0.005 <= people[name].isna().mean() <= 0.015


def test_truth_odds_ratios_come_back():
    visits, truth = delivery()
    table = profiles.odds_ratios(visits, outcome="channel", event="appointment", on=list(demo.LEVELS))
    estimated = table.cells[~table.cells["reference"]]
    found = [
        inside(table, "odds_ratio", truth["odds_ratios"][name][category], variable=name, category=category)
        for name, category in zip(estimated["variable"], estimated["category"], strict=True)
    ]
    assert len(found) == 16
    assert np.mean(found) >= 0.9
    references = table.cells[table.cells["reference"]]
    assert all(
        truth["odds_ratios"][name][category] == 1
        for name, category in zip(references["variable"], references["category"], strict=True)
    )


def test_truth_shares_of_visits_come_back():
    visits, truth = delivery()
    overall = profiles.distribution(visits, "channel")
    by_age = profiles.crosstab(visits, "age_group", by="channel")
    assert inside(overall, "share", truth["share_appointment"], channel="appointment")
    for age, share in truth["share_appointment_by_age_group"].items():
        assert inside(by_age, "share", share, age_group=age, channel="appointment"), age


def test_truth_routes_and_visits_per_recipient_come_back():
    visits, truth = delivery()
    routes = profiles.distribution(profiles.people_by_route(visits), "route")
    for route, share in truth["share_by_route"].items():
        assert inside(routes, "share", share, route=route), route
    assert inside(profiles.totals(visits), "rows_per_person", truth["visits_per_recipient"])
    assert sum(truth["share_by_route"].values()) == pytest.approx(1)


def test_truth_is_covered_over_many_deliveries():
    repetitions, held = 40, {"appointment": 0, "from_35_to_49": 0, "both": 0, "visits": 0}
    for seed in range(repetitions):
        frames, truth = demo.make("2024-T4", seed, people=400)
        visits = frames["visits"]
        routes = profiles.distribution(profiles.people_by_route(visits), "route")
        by_age, age = profiles.crosstab(visits, "age_group", by="channel"), "from_35_to_49"
        share = truth["share_appointment_by_age_group"][age]
        held["appointment"] += inside(by_age, "share", truth["share_appointment"], channel="appointment")
        held[age] += inside(by_age, "share", share, age_group=age, channel="appointment")
        held["both"] += inside(routes, "share", truth["share_by_route"]["both"], route="both")
        held["visits"] += inside(profiles.totals(visits), "rows_per_person", truth["visits_per_recipient"])
    assert all(number >= at_least(repetitions) for number in held.values()), held
